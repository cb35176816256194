"""Acts on workers: enter, read, change, identify, export, erase."""

from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from skillbridge.access import DAILY_ROWS, SEES_IDENTITY, SYSTEM, Actor, check, parties, reach
from skillbridge.errors import BadInput, Refused
from skillbridge.journey import ABROAD
from skillbridge.model import Worker
from skillbridge.store import Compare, Record
from skillbridge.workspace import PageQuery, Workspace, after, check_id, following, read, write
from skillbridge.workspace.frames import check_row
from skillbridge.workspace.views import (
    AppealBody,
    Erased,
    EventBody,
    Identity,
    IdentityChange,
    IdentityView,
    NewWorker,
    WorkerBody,
    WorkerChange,
    Workers,
    WorkerView,
)

HIDDEN = (
    "region", "birth_year", "sex", "wage_floor", "currency", "preferences", "group_id", "past", "waiting_since",
    "consent", "facts",
)  # fmt: skip
"""Fields of a profile that employers and recruiters do not see: they say more than what a person can do."""

WITHHELD = {"employer": frozenset({"wage", "wish"}), "recruiter": frozenset({"wage", "wish", "returning"})}
"""Lines of a score that a role is not shown: they would tell of the fields of a profile that it does not see."""

STEP = 50
"""To a multiple of this, scores are rounded down for these roles, so that no sum tells the lines they do not see."""

_NOBODY = Worker("nobody", "XX")
_BLANK = {name: getattr(_NOBODY, name) for name in HIDDEN}


class WorkersQuery(PageQuery, frozen=True):
    """Which workers."""

    origin: (
        Annotated[str, msgspec.Meta(description="country of residence", examples=["WS"], pattern="^[A-Z]{2}$")] | None
    ) = None
    isco: (
        Annotated[
            str,
            msgspec.Meta(description="ISCO-08 code or the start of one", examples=["92"], pattern="^[0-9]{1,4}$"),
        ]
        | None
    ) = None
    status: (
        Annotated[
            str,
            msgspec.Meta(description="ready, paused, withdrawn or erased", examples=["ready"], pattern="^[a-z]{1,12}$"),
        ]
        | None
    ) = None


def list_workers(ws: Workspace, actor: Actor, query: WorkersQuery) -> Workers:
    """The workers the actor may see, in order of entry; counts against the role's daily rows."""
    covered = parties(ws.store, actor, check(actor, "workers.list"))
    where: dict[str, Any] = {"party": covered} if covered is not None else {}
    if query.origin:
        where["origin"] = query.origin
    if query.isco:
        where["isco"] = Compare("GLOB", f"{query.isco}*")
    if query.status:
        where["status"] = query.status
    records = ws.store.records.page("worker", where, after=after(query), limit=query.limit + 1)
    cursor = following(records, query.limit)
    spend(ws, actor, len(records))
    return Workers([view_worker(actor, record) for record in records], next=cursor)


def spend(ws: Workspace, actor: Actor, rows: int) -> None:
    """Take rows about workers from the actor's day, so that nobody reads a whole pool page by page."""
    budget = DAILY_ROWS.get(actor.role)
    if budget is not None and rows:
        with ws.store.write():
            ws.store.ledger.spend(actor.account_id, ws.now().date().isoformat(), rows, budget)


def view_worker(actor: Actor, record: Record) -> WorkerView:
    """The worker as this role sees them."""
    body = read(record, WorkerBody)
    hidden: tuple[str, ...] = ()
    profile = body.profile
    if profile is not None and actor.role in {"recruiter", "employer"}:
        profile, hidden = replace(profile, **_BLANK), HIDDEN
    return WorkerView(record.id, record.version, record.party, body.status, profile, list(hidden), record.updated)


def seen_score(actor: Actor, score: int) -> int:
    """A score, in thousandths, as the role may see it."""
    return score // STEP * STEP if actor.role in WITHHELD else score


def read_worker(ws: Workspace, actor: Actor, worker_id: str) -> WorkerView:
    """One worker; counts against the role's daily rows, as a list would."""
    record = reach(ws.store, actor, "workers.read", "worker", worker_id)
    spend(ws, actor, 1)
    return view_worker(actor, record)


def create_worker(ws: Workspace, actor: Actor, body: NewWorker) -> WorkerView:
    """Enter a person under a pseudonym into the pool of a sending unit."""
    covered = parties(ws.store, actor, check(actor, "workers.write"))
    party = body.party or actor.party
    if party is None or (covered is not None and party not in covered):
        raise BadInput("$.party", "missing" if party is None else f"{party!r}", "a sending unit you act for")
    if ws.store.records.get("dataset", body.dataset) is None:
        raise BadInput("$.dataset", f"there is no dataset {body.dataset!r}", "a dataset with purpose and legal basis")
    check_id("$.profile.worker_id", body.profile.worker_id)
    check_row(body.profile, "$.profile")
    stored = WorkerBody(body.profile, dataset=body.dataset)
    with ws.acting():
        record = ws.store.records.create("worker", body.profile.worker_id, write(stored), party, ws.now())
        ws.note(actor, "workers.write", record.id, after=record)
    return view_worker(actor, record)


def update_worker(
    ws: Workspace, actor: Actor, worker_id: str, body: WorkerChange, *, version: int | None
) -> WorkerView:
    """Replace a worker's profile and status."""
    with ws.acting():
        before = reach(ws.store, actor, "workers.write", "worker", worker_id)
        if body.profile.worker_id != worker_id:
            raise BadInput("$.profile.worker_id", f"{body.profile.worker_id!r}", f"{worker_id!r}, as in the path")
        check_row(body.profile, "$.profile")
        stored = _alive(before)
        changed = replace(stored, profile=body.profile, status=body.status)
        record = ws.store.records.replace("worker", worker_id, write(changed), ws.now(), version)
        ws.note(actor, "workers.write", worker_id, before=before, after=record)
    return view_worker(actor, record)


def put_identity(ws: Workspace, actor: Actor, worker_id: str, body: IdentityChange) -> IdentityView:
    """Seal who the person is under a key of their own; the document is kept as type, country and keyed hash."""
    check(actor, "workers.write")
    ledger, document = ws.store.ledger, body.document
    with ws.acting():
        _alive(reach(ws.store, actor, "workers.write", "worker", worker_id))
        known = ledger.person(worker_id)
        key = known.key if known else ws.vault.new_key(worker_id)
        fingerprint = known.document if known else None
        kind, country = _document(ws, worker_id) if known else (None, None)
        if document is not None:
            kind, country = document.kind, document.country
            fingerprint = ws.vault.fingerprint(kind, country, document.number)
        plain = msgspec.json.encode({"identity": body.identity, "kind": kind, "country": country})
        ledger.keep_person(worker_id, key, ws.vault.seal(key, worker_id, plain), fingerprint)
        ws.note(actor, "workers.identity.write", worker_id)
    return IdentityView(worker_id, body.identity, kind, country)


def read_identity(ws: Workspace, actor: Actor, worker_id: str) -> IdentityView:
    """Who the person is. Employers and recruiters need the worker's consent; every reading is on the record."""
    with ws.acting():
        reach(ws.store, actor, "workers.identity", "worker", worker_id)
        if actor.role not in SEES_IDENTITY and not consented(ws, worker_id, actor.party):
            raise Refused("consent_required", "the worker has not consented to be known to you")
        found = open_identity(ws, worker_id)
        if found is None:
            raise Refused("not_found", f"no identity is held on {worker_id}")
        ws.note(actor, "workers.identity", worker_id)
    return found


def open_identity(ws: Workspace, worker_id: str) -> IdentityView | None:
    """The opened fields, or None (never given, or erased). Not an act: callers have checked access."""
    person = ws.store.ledger.person(worker_id)
    if person is None:
        return None
    opened = msgspec.json.decode(ws.vault.open(person.key, worker_id, person.sealed))
    identity = msgspec.convert(opened["identity"], Identity)
    return IdentityView(worker_id, identity, opened["kind"], opened["country"])


def _document(ws: Workspace, worker_id: str) -> tuple[str | None, str | None]:
    found = open_identity(ws, worker_id)
    return (found.document_kind, found.document_country) if found else (None, None)


def consented(ws: Workspace, worker_id: str, party: str | None) -> bool:
    """Whether the worker's consent to be known to `party` holds now."""
    where = {"worker_id": worker_id, "receiver": party, "withdrawn": 0}
    return any(
        msgspec.json.decode(record.body)["expires"] > ws.seconds() for record in ws.store.records.page("consent", where)
    )


def erase_worker(ws: Workspace, actor: Actor, worker_id: str) -> Erased:
    """Shred the person's key and reduce the profile to statistics; the chain and the counts stay whole.

    Refused while the person is abroad under a placement: the duty of care needs to reach them.
    """
    with ws.acting():
        before = reach(ws.store, actor, "workers.erase", "worker", worker_id)
        if ws.store.records.count("placement", {"worker_id": worker_id, "state": ABROAD}):
            raise Refused("conflict", "the person is abroad under a placement: erasure is open once they are back")
        result = erase(ws, actor, before)
    remember_erased(ws)
    return result


def erase(ws: Workspace, actor: Actor, before: Record) -> Erased:
    """The erasure itself, within the caller's transaction (an act or retention)."""
    store, now, worker_id = ws.store, ws.now(), before.id
    body = read(before, WorkerBody)
    shredded = store.ledger.shred(worker_id)
    kept = statistics(body.profile) if body.profile else body.statistics or {}
    erased = WorkerBody(None, "erased", body.dataset, kept)
    after_ = store.records.replace("worker", worker_id, write(erased), now)
    for consent in store.records.page("consent", {"worker_id": worker_id}):
        store.records.remove("consent", consent.id)
    for event in store.records.page("event", {"worker_id": worker_id}):
        store.records.replace("event", event.id, write(replace(read(event, EventBody), reason="", skills=[])), now)
    for appeal in store.records.page("appeal", {"worker_id": worker_id}):
        store.records.replace("appeal", appeal.id, write(replace(read(appeal, AppealBody), answer="")), now)
        store.ledger.blank_reasons(appeal.id)
    for placement in store.records.page("placement", {"worker_id": worker_id}):
        store.ledger.blank_reasons(placement.id)
    store.ledger.blank_reasons(worker_id)
    store.ledger.forget_answers(msgspec.json.encode(worker_id).decode())
    account = f"account-{worker_id}"
    store.ledger.revoke(account_id=account)
    store.records.remove("account", account)
    ws.note(actor, "workers.erase", worker_id, before=before, after=after_)
    return Erased(worker_id, shredded, kept)


def remember_erased(ws: Workspace) -> None:
    """Keep the list of erased pseudonyms beside the workspace, so that a restored backup can be erased again."""
    from skillbridge.store.backup import ERASED
    from skillbridge.tables import replace_file

    path = ws.folder / ERASED
    known = set(path.read_text(encoding="utf-8").split()) if path.is_file() else set()
    now = {record.id for record in ws.store.records.page("worker", {"status": "erased"})}
    if not now <= known:
        replace_file(path, lambda file: file.write_text("\n".join(sorted(known | now)) + "\n", encoding="utf-8"))
    for frame in (ws.folder / "frames").glob("worker-*"):
        frame.unlink(missing_ok=True)


def erase_again(ws: Workspace, worker_ids: list[str]) -> int:
    """How many persons were erased anew because a restored backup had brought them back."""
    count = 0
    for worker_id in worker_ids:
        with ws.acting():
            record = ws.store.records.get("worker", worker_id)
            if record is not None and read(record, WorkerBody).profile is not None:
                erase(ws, SYSTEM, record)
                count += 1
    remember_erased(ws)
    return count


def statistics(profile: Worker) -> dict[str, Any]:
    """What stays of an erased person: too little to find them again."""
    return {
        "origin": profile.origin,
        "sex": profile.sex,
        "birth_decade": profile.birth_year // 10 * 10 if profile.birth_year else None,
        "isco": profile.isco[:1] if profile.isco else None,
    }


def _alive(record: Record) -> WorkerBody:
    body = read(record, WorkerBody)
    if body.profile is None:
        raise Refused("erased", "this person's data was erased")
    return body
