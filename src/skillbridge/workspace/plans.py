"""Acts on plans: start, follow, stop, review a sample, approve, reject, override; a proposal until approved."""

import random
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec.structs import replace

from skillbridge.access import SEES_ROWS, Actor, check, parties, reach
from skillbridge.errors import BadInput, Refused
from skillbridge.journey import ABROAD, move
from skillbridge.store import Record, not_at
from skillbridge.workspace import PageQuery, Workspace, after, following, new_id, read, write
from skillbridge.workspace.demand import HOLDING_A_PLACE, held_places
from skillbridge.workspace.hooks import announce
from skillbridge.workspace.placements import step, view_placement
from skillbridge.workspace.planning import folder_of
from skillbridge.workspace.views import (
    Approval,
    Explanation,
    Override,
    PlacementBody,
    PlacementView,
    PlanBody,
    PlanRequest,
    Plans,
    PlanView,
    Rejection,
    VacancyBody,
)

if TYPE_CHECKING:
    from skillbridge.explain.explainer import Explainer
    from skillbridge.insertion import Openings


class PlansQuery(PageQuery, frozen=True):
    """Which plans."""

    status: (
        Annotated[str, msgspec.Meta(description="state of the plan", examples=["proposal"], pattern="^[a-z]{1,12}$")]
        | None
    ) = None


def start_plan(ws: Workspace, actor: Actor, body: PlanRequest) -> PlanView:
    """Queue a plan. Its job freezes the inputs when it starts; partnerships must be published by then and now."""
    covered = parties(ws.store, actor, check(actor, "plans.start"))
    if body.time_limit > ws.settings.job_seconds:
        raise BadInput("$.time_limit", str(body.time_limit), f"at most {ws.settings.job_seconds} seconds")
    for number, party in enumerate(body.parties or ()):
        if covered is not None and party not in covered:
            raise BadInput(f"$.parties[{number}]", f"{party!r}", "a party whose workers you may see")
    plan_id, job_id = new_id("plan"), new_id("job")
    with ws.acting():
        for number, name in enumerate(body.partnerships):
            if not ws.store.records.count("partnership", {"partnership_id": name, "status": "published"}):
                raise BadInput(f"$.partnerships[{number}]", f"{name!r} is not published", "a published partnership")
        if body.base_plan is not None:
            base = ws.store.records.get("plan", body.base_plan)
            if base is None or read(base, PlanBody).folder is None:
                raise BadInput("$.base_plan", f"{body.base_plan!r} has no result", "a plan that was made")
        elif body.changes:
            raise BadInput("$.changes", "without base_plan", "the plan that the changes repair")
        if body.parties is None and covered is not None:
            body = replace(body, parties=sorted(covered))
        stored = PlanBody(body, "queued", job_id, actor.account_id)
        record = ws.store.records.create("plan", plan_id, write(stored), actor.party, ws.now())
        queue(ws, actor, job_id, "plan", {"plan_id": plan_id}, body.priority)
        ws.note(actor, "plans.start", plan_id, why=body.purpose, after=record)
    return view_plan(ws, record)


def queue(ws: Workspace, actor: Actor, job_id: str, kind: str, payload: dict[str, object], priority: int = 0) -> None:
    """Add a job for the worker processes, within the caller's transaction."""
    ws.store.queue.add(
        job_id,
        kind,
        msgspec.json.encode(payload),
        party=actor.party,
        account_id=actor.account_id,
        priority=priority,
        created=ws.now().isoformat(),
    )


def list_plans(ws: Workspace, actor: Actor, query: PlansQuery) -> Plans:
    """Plans, newest first."""
    check(actor, "plans.read")
    where = {"status": query.status} if query.status else {}
    records = ws.store.records.page("plan", where, after=after(query), limit=query.limit + 1, newest=True)
    cursor = following(records, query.limit)
    return Plans([seen_by(ws, actor, view_plan(ws, record)) for record in records], next=cursor)


def read_plan(ws: Workspace, actor: Actor, plan_id: str) -> PlanView:
    """One plan with its progress and, once there, its record."""
    check(actor, "plans.read")
    return seen_by(ws, actor, view_plan(ws, ws.store.records.need("plan", plan_id)))


def seen_by(ws: Workspace, actor: Actor, plan: PlanView) -> PlanView:
    """The plan as the role may see it: whoever reads statistics only is not shown small counts, nor whose they are.

    Rows of a rule are hidden together, so that no row is what the others leave of a total.
    """
    if actor.role in SEES_ROWS:
        return plan
    summary = plan.summary
    if summary is not None and "rules" in summary:
        rules = summary["rules"]
        small = {
            (row["partnership"], row["rule"]) for row in rules if 0 < abs(row["used"] or 0) < ws.settings.small_cell
        }
        hidden = [row | {"used": None} if (row["partnership"], row["rule"]) in small else row for row in rules]
        summary = summary | {"rules": hidden}
    return replace(plan, summary=summary, sample=[], replaces=[])


def view_plan(ws: Workspace, record: Record) -> PlanView:
    """A plan as it stands."""
    body = read(record, PlanBody)
    progress = msgspec.json.decode(ws.store.queue.need(body.job_id).progress) if body.status == "running" else {}
    return PlanView(
        plan_id=record.id,
        version=record.version,
        status=body.status,
        request=body.request,
        job_id=body.job_id,
        started_by=body.started_by,
        decided_by=body.decided_by,
        reason=body.reason,
        progress=progress,
        summary=body.summary,
        sample=sample_of(ws, record.id) if body.status == "proposal" else [],
        replaces=body.replaces,
        created=record.created,
    )


def sample_of(ws: Workspace, plan_id: str) -> list[str]:
    """The placements to look at before a bulk approval: drawn by the plan's id, so nobody picks the easy ones."""
    kept = ws.kept("placement")
    if kept is not None and ("sample", plan_id) in kept:
        return list(kept["sample", plan_id])
    ids = ws.store.records.ids("placement", {"plan_id": plan_id})
    drawn = sorted(random.Random(plan_id).sample(ids, min(len(ids), ws.settings.sample_review)))
    if kept is not None:
        kept["sample", plan_id] = tuple(drawn)
    return drawn


def stop_plan(ws: Workspace, actor: Actor, plan_id: str) -> PlanView:
    """Stop the solver: what it has found so far becomes the proposal; a plan still queued is dropped."""
    check(actor, "plans.start")
    with ws.acting():
        record = ws.store.records.need("plan", plan_id)
        body = read(record, PlanBody)
        if body.status not in {"queued", "running"}:
            raise Refused("conflict", f"the plan is {body.status} already")
        job = ws.store.queue.cancel(body.job_id, ws.now().isoformat())
        if job.state == "cancelled":
            record = ws.store.records.replace("plan", plan_id, write(replace(body, status="stopped")), ws.now())
        ws.note(actor, "plans.stop", plan_id, after=record)
    return view_plan(ws, record)


def review_placement(ws: Workspace, actor: Actor, plan_id: str, placement_id: str) -> PlacementView:
    """Look at one placement of a proposal; that this officer did is kept and counts for the bulk approval."""
    check(actor, "plans.decide")
    with ws.acting():
        _, body = _proposal(ws, plan_id)
        placement = _placement_of(ws, plan_id, placement_id)
        seen = set(body.reviewed.get(actor.account_id, ())) | {placement_id}
        reviewed = body.reviewed | {actor.account_id: sorted(seen)}
        ws.store.records.replace("plan", plan_id, write(replace(body, reviewed=reviewed)), ws.now())
        ws.note(actor, "plans.review", placement_id)
    return view_placement(actor, placement)


def approve_plan(ws: Workspace, actor: Actor, plan_id: str, body: Approval, *, version: int | None) -> PlanView:
    """Approve every placement still proposed. The officer must have looked at the sample first."""
    check(actor, "plans.decide")
    with ws.acting():
        record, stored = _proposal(ws, plan_id, version)
        missing = set(sample_of(ws, plan_id)) - set(stored.reviewed.get(actor.account_id, ()))
        if missing:
            raise Refused("sample_unseen", f"look at the sample first: {', '.join(sorted(missing))}")
        for held in stored.replaces:
            _end_before(ws, actor, plan_id, held)
        _guard_places(ws, plan_id)
        record = _decide(ws, actor, record, stored, "approved", body.reason)
    return view_plan(ws, record)


def reject_plan(ws: Workspace, actor: Actor, plan_id: str, body: Rejection, *, version: int | None) -> PlanView:
    """Reject every placement still proposed."""
    check(actor, "plans.decide")
    with ws.acting():
        record, stored = _proposal(ws, plan_id, version)
        record = _decide(ws, actor, record, stored, "rejected", body.reason)
    return view_plan(ws, record)


def override(ws: Workspace, actor: Actor, plan_id: str, body: Override) -> PlacementView:
    """Decide one placement of a proposal otherwise than the plan as a whole, with a reason that stays on record."""
    check(actor, "plans.decide")
    with ws.acting():
        _, stored = _proposal(ws, plan_id)
        placement = _placement_of(ws, plan_id, body.placement_id)
        move(read(placement, PlacementBody).state, body.to, actor.role, body.reason)
        if body.to == "approved":
            worker_id = read(placement, PlacementBody).worker_id
            for held in stored.replaces:
                if read(ws.store.records.need("placement", held), PlacementBody).worker_id == worker_id:
                    _end_before(ws, actor, plan_id, held)
            _guard_places(ws, plan_id, placement)
        placement = step(ws, actor, placement, body.to, ws.now().date(), body.reason)
        ws.note(actor, "plans.override", placement.id, why=body.reason, after=placement)
    return view_placement(actor, placement)


def _proposal(ws: Workspace, plan_id: str, version: int | None = None) -> tuple[Record, PlanBody]:
    record = ws.store.records.need("plan", plan_id)
    body = read(record, PlanBody)
    if body.status != "proposal":
        raise Refused("conflict", f"the plan is {body.status}, not a proposal")
    if version is not None and version != record.version:
        raise not_at(version, record, "plan")
    return record, body


def _placement_of(ws: Workspace, plan_id: str, placement_id: str) -> Record:
    placement = ws.store.records.get("placement", placement_id)
    if placement is None or read(placement, PlacementBody).plan_id != plan_id:
        raise Refused("not_found", f"the plan has no placement {placement_id}")
    return placement


def _end_before(ws: Workspace, actor: Actor, plan_id: str, placement_id: str) -> None:
    """Cancel a placement of a plan before that an approved repair moves or no longer has.

    One that ended meanwhile stays as it is; raises `Refused` conflict for a worker who has left.
    """
    placement = ws.store.records.need("placement", placement_id)
    body = read(placement, PlacementBody)
    if body.state in ABROAD:
        raise Refused("conflict", f"{body.worker_id} has left for placement {placement_id}: the plan cannot move it")
    if body.state in HOLDING_A_PLACE:
        step(ws, actor, placement, "cancelled", ws.now().date(), f"replaced by plan {plan_id}")


def held_before(ws: Workspace, plan_id: str | None) -> list[Record]:
    """The placements that still hold a place, of a plan and of those that it repaired in turn."""
    found: list[Record] = []
    while plan_id is not None:
        found += ws.store.records.page("placement", {"plan_id": plan_id, "state": HOLDING_A_PLACE})
        plan_id = read(ws.store.records.need("plan", plan_id), PlanBody).request.base_plan
    return found


def _guard_places(ws: Workspace, plan_id: str, only: Record | None = None) -> None:
    """Refuse an approval that would place a worker twice at once, or more heads than a vacancy has positions.

    Two plans may be proposed over the same people; the first approval wins and the second says so.
    """
    records = ws.store.records
    chosen = [only] if only else records.page("placement", {"plan_id": plan_id, "state": "proposed"})
    wanted: dict[str, int] = {}
    for placement in chosen:
        body = read(placement, PlacementBody)
        wanted[body.vacancy_id] = wanted.get(body.vacancy_id, 0) + 1
        for other in records.page("placement", {"worker_id": body.worker_id, "state": HOLDING_A_PLACE}):
            held = read(other, PlacementBody)
            if held.start <= body.end and body.start <= held.end:
                raise Refused("conflict", f"{body.worker_id} holds a place at that time already: placement {other.id}")
    held_now = held_places(ws, list(wanted))
    for vacancy_id, heads in wanted.items():
        vacancy = records.get("vacancy", vacancy_id)
        positions = read(vacancy, VacancyBody).vacancy.positions if vacancy else 0
        if held_now.get(vacancy_id, 0) + heads > positions:
            raise Refused(
                "conflict", f"{vacancy_id} has {positions} positions, {held_now.get(vacancy_id, 0)} of them taken"
            )


def _decide(ws: Workspace, actor: Actor, record: Record, body: PlanBody, to: str, reason: str) -> Record:
    today = ws.now().date()
    for placement in ws.store.records.page("placement", {"plan_id": record.id, "state": "proposed"}):
        step(ws, actor, placement, to, today, reason)
    changed = msgspec.convert(
        msgspec.to_builtins(body) | {"status": to, "decided_by": actor.account_id, "reason": reason}, PlanBody
    )
    after_ = ws.store.records.replace("plan", record.id, write(changed), ws.now())
    ws.note(actor, "plans.decide", record.id, why=reason, before=record, after=after_)
    announce(ws, record.party, "plan.decided", {"plan_id": record.id, "status": to})
    return after_


class ExplainQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """About whom, in which language."""

    worker_id: Annotated[str, msgspec.Meta(description="the worker", examples=["w-1042"], max_length=64)] | None = None
    vacancy_id: Annotated[str, msgspec.Meta(description="the vacancy", examples=["v-9"], max_length=64)] | None = None
    lang: Annotated[
        str, msgspec.Meta(description="language of the words", examples=["en"], pattern="^[a-z]{2,3}(-[A-Za-z]{2,4})?$")
    ] = "en"
    changes: Annotated[
        bool, msgspec.Meta(description="also look for what would change it, by solving again", examples=[False])
    ] = False


def explain(ws: Workspace, actor: Actor, plan_id: str, query: ExplainQuery) -> Explanation:
    """Why a worker was placed or not, or a vacancy filled or not; workers read it about themselves."""
    from skillbridge import explain as words

    scope = check(actor, "plans.explain")
    if (query.worker_id is None) == (query.vacancy_id is None):
        raise BadInput("query.worker_id", "both or neither with vacancy_id", "one worker or one vacancy")
    if query.worker_id is not None:
        reach(ws.store, actor, "plans.explain", "worker", query.worker_id)
    elif scope == "own" or actor.role == "origin_unit":
        raise Refused("forbidden", f"{actor.role} is told about workers, not about vacancies")
    explainer = explainer_of(folder_of(ws, plan_id))
    if query.worker_id is not None:
        found = words.explain_worker(explainer, query.worker_id, changes=query.changes)
    else:
        found = words.explain_vacancy(explainer, query.vacancy_id or "", changes=query.changes)
    audience = "worker" if actor.role == "worker" else "ministry"
    details = msgspec.to_builtins(found) if audience == "ministry" else {}
    text = words.text(explainer, found, query.lang, audience=audience)
    return Explanation(plan_id, query.worker_id or query.vacancy_id or "", found.reason, text, details)


@lru_cache(maxsize=2)
def explainer_of(folder: Path) -> "Explainer":
    """A plan opened to be asked; the last two are kept."""
    from skillbridge.explain import open_plan

    return open_plan(folder)


@lru_cache(maxsize=2)
def openings_of(folder: Path) -> "Openings":
    """A plan indexed for insertions; the last two are kept."""
    from skillbridge.insertion import openings

    return openings(explainer_of(folder))


class ReportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom, opening in which language; every report holds all of them."""

    reader: Annotated[
        Literal["officer", "minister", "public"],
        msgspec.Meta(
            description="who reads it: every table, one page for who decides, nothing that tells of a few",
            examples=["minister"],
        ),
    ] = "officer"
    lang: Annotated[
        Literal["en", "fr", "es", "ar"], msgspec.Meta(description="language it opens in", examples=["fr"])
    ] = "en"


def report(ws: Workspace, actor: Actor, plan_id: str, query: ReportQuery) -> Iterator[bytes]:
    """The self-contained report of a plan for a reader; the officer's in English is kept with the plan."""
    check(actor, "plans.report")
    folder = folder_of(ws, plan_id)
    if query == ReportQuery():
        return iter([(folder / "report.html").read_bytes()])
    return iter([_report_of(folder, query)])


@lru_cache(maxsize=16)
def _report_of(folder: Path, query: ReportQuery) -> bytes:
    """A report as it is asked for; a plan's folder never changes."""
    from skillbridge import plan_folder
    from skillbridge import report as reports

    return reports.render(plan_folder.read(folder), reader=query.reader, lang=query.lang).encode()
