"""Acts on placements: read them, move them along their journey."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from skillbridge.access import Actor, check, parties
from skillbridge.errors import Refused
from skillbridge.journey import SHOWN_TO_EMPLOYER, move, next_states
from skillbridge.store import Record
from skillbridge.workspace import PageQuery, Workspace, after, following, new_id, read, write
from skillbridge.workspace.hooks import announce
from skillbridge.workspace.people import WITHHELD, seen_score
from skillbridge.workspace.returns import bring_home, check_day, check_skills
from skillbridge.workspace.views import (
    EventBody,
    Events,
    EventView,
    JourneyEvent,
    PlacementBody,
    Placements,
    PlacementView,
    WorkerBody,
)


def _text(description: str, example: str) -> msgspec.Meta:
    return msgspec.Meta(description=description, examples=[example], max_length=100)


class PlacementsQuery(PageQuery, frozen=True):
    """Which placements."""

    plan_id: Annotated[str, _text("plan they come from", "plan-1")] | None = None
    worker_id: Annotated[str, _text("worker placed", "w-1042")] | None = None
    vacancy_id: Annotated[str, _text("vacancy filled", "v-9")] | None = None
    partnership: Annotated[str, _text("pathway", "nz-rse")] | None = None
    state: Annotated[str, _text("state of the journey", "departed")] | None = None


def list_placements(ws: Workspace, actor: Actor, query: PlacementsQuery) -> Placements:
    """The placements the actor may see, in order of creation."""
    where = {
        name: value
        for name in ("plan_id", "worker_id", "vacancy_id", "partnership", "state")
        if (value := getattr(query, name))
    }
    conditions = _in_scope(ws, actor, check(actor, "placements.read"))
    if "worker_id" in conditions and where.get("worker_id", conditions["worker_id"]) != conditions["worker_id"]:
        return Placements([], next=None)
    if "state" in conditions and "state" in where:
        conditions["state"] = conditions["state"] & {where["state"]}
    records = ws.store.records.page("placement", where | conditions, after=after(query), limit=query.limit + 1)
    cursor = following(records, query.limit)
    return Placements([view_placement(actor, record) for record in records], next=cursor)


def _in_scope(ws: Workspace, actor: Actor, scope: str) -> dict[str, Any]:
    """The conditions on placement rows that the scope means for this role."""
    if scope == "own":
        return {"worker_id": actor.worker_id}
    if actor.role == "employer":
        return {"employer_id": actor.party, "state": SHOWN_TO_EMPLOYER}
    covered = parties(ws.store, actor, scope)
    shown = {"state": SHOWN_TO_EMPLOYER} if actor.role == "recruiter" else {}
    return shown if covered is None else {"party": covered, **shown}


def reach_placement(ws: Workspace, actor: Actor, act: str, placement_id: str) -> Record:
    """The placement, if the act reaches it; else `not_found`."""
    record = ws.store.records.get("placement", placement_id)
    if record is not None:
        body = read(record, PlacementBody)
        held = {
            "worker_id": body.worker_id,
            "employer_id": body.employer_id,
            "state": body.state,
            "party": record.party,
        }
        conditions = _in_scope(ws, actor, check(actor, act))
        if all(_fits(held[name], value) for name, value in conditions.items()):
            return record
    check(actor, act)
    raise Refused("not_found", f"there is no placement {placement_id}")


def _fits(held: str | None, wanted: Any) -> bool:
    return held in wanted if isinstance(wanted, frozenset) else held == wanted


def read_placement(ws: Workspace, actor: Actor, placement_id: str) -> PlacementView:
    """One placement."""
    return view_placement(actor, reach_placement(ws, actor, "placements.read", placement_id))


def view_placement(actor: Actor, record: Record) -> PlacementView:
    """The placement and where this actor may move it."""
    body = read(record, PlacementBody)
    return PlacementView(
        placement_id=record.id,
        version=record.version,
        plan_id=body.plan_id,
        worker_id=body.worker_id,
        vacancy_id=body.vacancy_id,
        employer_id=body.employer_id,
        partnership=body.partnership,
        start=body.start,
        end=body.end,
        score=seen_score(actor, body.score),
        state=body.state,
        next_states=list(next_states(body.state, actor.role)),
    )


def list_events(ws: Workspace, actor: Actor, placement_id: str) -> Events:
    """The journey so far."""
    reach_placement(ws, actor, "placements.read", placement_id)
    records = ws.store.records.page("event", {"placement_id": placement_id})
    return Events([view_event(actor, record) for record in records])


def view_event(actor: Actor, record: Record) -> EventView:
    """One step. Employers and recruiters read their own reasons only: others' may tell of health or family."""
    body = read(record, EventBody)
    reason = "" if actor.role in WITHHELD and body.role != actor.role else body.reason
    return EventView(record.id, body.placement_id, body.source, body.to, body.on, body.role, reason, body.skills)


def move_placement(
    ws: Workspace, actor: Actor, placement_id: str, body: JourneyEvent, *, version: int | None
) -> PlacementView:
    """Move a placement one step along its journey. Approving a single proposal is an override on its plan."""
    with ws.acting():
        before = reach_placement(ws, actor, "placements.move", placement_id)
        state = read(before, PlacementBody).state
        if state == "proposed" and body.to in {"approved", "rejected"}:
            raise Refused("conflict", "a proposal is approved with its plan, or by an override on the plan")
        move(state, body.to, actor.role, body.reason)
        on = body.on or ws.now().date()
        check_skills(body.to, body.skills)
        check_day(ws, before, on)
        _not_erased(ws, before, body.to)
        if state == "rejected":
            raise Refused("conflict", "a rejected case is re-opened by an appeal that is upheld")
        record = step(ws, actor, before, body.to, on, body.reason, skills=body.skills, version=version)
    return view_placement(actor, record)


def _not_erased(ws: Workspace, placement: Record, to: str) -> None:
    """A journey of someone erased can still be ended, and not go on."""
    worker = ws.store.records.get("worker", read(placement, PlacementBody).worker_id)
    if to not in {"cancelled", "withdrawn", "declined"} and worker and read(worker, WorkerBody).profile is None:
        raise Refused("erased", f"this person's data was erased: the placement can be cancelled, not become {to}")


def step(
    ws: Workspace,
    actor: Actor,
    before: Record,
    to: str,
    on: date,
    reason: str,
    *,
    skills: Sequence[str] = (),
    version: int | None = None,
) -> Record:
    """Store a step that :func:`skillbridge.journey.move` allows, its event, its audit line and its announcement.

    When a person is back, what the season gave enters the profile.
    """
    body = read(before, PlacementBody)
    changed = msgspec.convert(msgspec.to_builtins(replace(body)) | {"state": to}, PlacementBody)
    record = ws.store.records.replace("placement", before.id, write(changed), ws.now(), version)
    event = EventBody(before.id, body.worker_id, body.state, to, on, actor.account_id, actor.role, reason, [*skills])
    ws.store.records.create("event", new_id("event"), write(event), before.party, ws.now())
    if to in {"returned", "reintegrated"}:
        bring_home(ws, record)
    ws.note(actor, "placements.move", before.id, why=reason, before=before, after=record)
    news = {"placement_id": before.id, "from": body.state, "to": to, "on": on.isoformat()}
    # An employer that never saw the placement does not hear that it was rejected either.
    told = {before.party} | ({body.employer_id} if {body.state, to} & SHOWN_TO_EMPLOYER else set())
    for party in sorted(told, key=str):
        announce(ws, party, "placement.moved", news)
    return record
