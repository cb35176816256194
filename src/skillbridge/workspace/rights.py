"""Acts by which a worker is heard: one-time links, consents, appeals, and everything held on them."""

from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from skillbridge.access import Account, Actor, check, issue, parties, reach
from skillbridge.errors import Corrupt, Refused
from skillbridge.journey import move
from skillbridge.store import Record
from skillbridge.workspace import PageQuery, Workspace, after, following, new_id, read, write
from skillbridge.workspace.hooks import announce
from skillbridge.workspace.people import open_identity, view_worker
from skillbridge.workspace.placements import step, view_event, view_placement
from skillbridge.workspace.record import view_line
from skillbridge.workspace.views import (
    AppealBody,
    Appeals,
    AppealView,
    ConsentBody,
    Consents,
    ConsentView,
    Decision,
    Holding,
    IssuedLink,
    NewAppeal,
    NewConsent,
    PlacementBody,
    WorkerBody,
)


def create_link(ws: Workspace, actor: Actor, worker_id: str) -> IssuedLink:
    """A one-time link by which the worker sees their own data; earlier unused links stop working."""
    account_id, seconds = f"account-{worker_id}", ws.settings.link_hours * 3600
    with ws.acting():
        record = reach(ws.store, actor, "workers.link", "worker", worker_id)
        if ws.store.records.get("account", account_id) is None:
            account = Account(account_id, "worker", record.party, worker_id=worker_id)
            ws.store.records.create("account", account_id, write(account), record.party, ws.now())
        ws.store.ledger.revoke(account_id=account_id, kind="link")
        credential, secret = issue(ws.store, account_id, "link", ws.seconds(), seconds=seconds)
        ws.note(actor, "workers.link", worker_id)
    return IssuedLink(secret, credential.expires or 0.0)


def list_consents(ws: Workspace, actor: Actor, worker_id: str) -> Consents:
    """A worker's consents, given and taken back."""
    reach(ws.store, actor, "consents.read", "worker", worker_id)
    return Consents([view_consent(ws, record) for record in ws.store.records.page("consent", {"worker_id": worker_id})])


def view_consent(ws: Workspace, record: Record) -> ConsentView:
    """A consent and whether it holds now."""
    body = read(record, ConsentBody)
    return ConsentView(record.id, body, not body.withdrawn and body.expires > ws.seconds())


def give_consent(ws: Workspace, actor: Actor, worker_id: str, body: NewConsent) -> ConsentView:
    """Let one party know who the worker is, until the consent lapses; a unit must say how it was given."""
    with ws.acting():
        record = reach(ws.store, actor, "consents.write", "worker", worker_id)
        if actor.role != "worker" and not body.evidence.strip():
            raise Refused("reason_required", "who records a consent for a worker says how it was given")
        moment = ws.now().isoformat()
        expires = ws.seconds() + body.days * 86_400
        stored = ConsentBody(worker_id, body.receiver, "identity", moment, expires, body.evidence)
        consent = ws.store.records.create("consent", new_id("consent"), write(stored), record.party, ws.now())
        ws.note(actor, "consents.write", worker_id, after=consent)
    return view_consent(ws, consent)


def withdraw_consent(ws: Workspace, actor: Actor, worker_id: str, consent_id: str) -> ConsentView:
    """Take a consent back; it ends at once."""
    with ws.acting():
        reach(ws.store, actor, "consents.write", "worker", worker_id)
        before = ws.store.records.need("consent", consent_id)
        body = read(before, ConsentBody)
        if body.worker_id != worker_id:
            raise Refused("not_found", f"there is no consent {consent_id}")
        consent = ws.store.records.replace("consent", consent_id, write(replace(body, withdrawn=1)), ws.now())
        ws.note(actor, "consents.write", worker_id, before=before, after=consent)
    return view_consent(ws, consent)


class AppealsQuery(PageQuery, frozen=True):
    """Which appeals."""

    status: (
        Annotated[
            str, msgspec.Meta(description="open, upheld or dismissed", examples=["open"], pattern="^[a-z]{1,12}$")
        ]
        | None
    ) = None


def list_appeals(ws: Workspace, actor: Actor, query: AppealsQuery) -> Appeals:
    """Appeals, oldest first."""
    scope = check(actor, "appeals.read")
    where: dict[str, Any] = {"status": query.status} if query.status else {}
    if scope == "own":
        where["worker_id"] = actor.worker_id
    elif (covered := parties(ws.store, actor, scope)) is not None:
        where["party"] = covered
    records = ws.store.records.page("appeal", where, after=after(query), limit=query.limit + 1)
    cursor = following(records, query.limit)
    return Appeals([view_appeal(ws, actor, record) for record in records], next=cursor)


def view_appeal(ws: Workspace, actor: Actor, record: Record) -> AppealView:
    """An appeal; its words are opened for those who deal with it."""
    body = read(record, AppealBody)
    words = None
    person = ws.store.ledger.person(body.worker_id) if actor.role != "auditor" else None
    if person is not None:
        try:
            words = ws.vault.open(person.key, body.worker_id, bytes.fromhex(body.words)).decode()
        except Corrupt:
            words = None  # sealed under a key that was shredded since
    return AppealView(
        record.id, body.worker_id, body.status, words, body.placement_id, body.plan_id, body.answer, record.version
    )


def appeal(ws: Workspace, actor: Actor, worker_id: str, body: NewAppeal) -> AppealView:
    """Object to a decision; the words are sealed under the worker's key."""
    with ws.acting():
        record = reach(ws.store, actor, "appeals.write", "worker", worker_id)
        if read(record, WorkerBody).profile is None:
            raise Refused("erased", "this person's data was erased")
        if body.placement_id is not None:
            placement = ws.store.records.need("placement", body.placement_id)
            if read(placement, PlacementBody).worker_id != worker_id:
                raise Refused("not_found", f"there is no placement {body.placement_id}")
        if body.plan_id is not None:
            ws.store.records.need("plan", body.plan_id)
        person = ws.store.ledger.person(worker_id)
        key = person.key if person else ws.vault.new_key(worker_id)
        if person is None:
            nobody = msgspec.json.encode({"identity": {"name": "not given"}, "kind": None, "country": None})
            ws.store.ledger.keep_person(worker_id, key, ws.vault.seal(key, worker_id, nobody), None)
        words = ws.vault.seal(key, worker_id, body.words.encode()).hex()
        stored = AppealBody(worker_id, words, placement_id=body.placement_id, plan_id=body.plan_id)
        found = ws.store.records.create("appeal", new_id("appeal"), write(stored), record.party, ws.now())
        ws.note(actor, "appeals.write", found.id, after=found)
    return view_appeal(ws, actor, found)


def decide_appeal(ws: Workspace, actor: Actor, appeal_id: str, body: Decision) -> AppealView:
    """Answer an appeal; upholding it re-opens a rejected placement as a proposal. Not by whoever decided the case."""
    with ws.acting():
        before = reach(ws.store, actor, "appeals.decide", "appeal", appeal_id)
        stored = read(before, AppealBody)
        if stored.status != "open":
            raise Refused("conflict", f"this appeal was {stored.status} already")
        if stored.placement_id is not None:
            placement = ws.store.records.need("placement", stored.placement_id)
            state = read(placement, PlacementBody).state
            decided = ws.store.records.page("event", {"placement_id": placement.id})
            if decided and msgspec.json.decode(decided[-1].body)["by"] == actor.account_id:
                raise Refused("four_eyes", "an appeal is decided by someone other than who decided the case")
            if body.uphold and state == "rejected":
                move(state, "proposed", actor.role, body.reason)
                step(ws, actor, placement, "proposed", ws.now().date(), body.reason)
        status = "upheld" if body.uphold else "dismissed"
        changed = replace(stored, status=status, decided_by=actor.account_id, answer=body.reason)
        record = ws.store.records.replace("appeal", appeal_id, write(changed), ws.now())
        ws.note(actor, "appeals.decide", appeal_id, why=body.reason, before=before, after=record)
        announce(ws, record.party, "appeal.decided", {"appeal_id": appeal_id, "status": status})
    return view_appeal(ws, actor, record)


def export_worker(ws: Workspace, actor: Actor, worker_id: str) -> Holding:
    """Everything held on one person, as the law of data protection owes it to them."""
    with ws.acting():
        record = reach(ws.store, actor, "workers.export", "worker", worker_id)
        about, records = {"worker_id": worker_id}, ws.store.records
        dataset = records.get("dataset", read(record, WorkerBody).dataset)
        placements = records.page("placement", about)
        appeals = records.page("appeal", about)
        subjects = [worker_id, *(found.id for found in (*placements, *appeals))]
        lines = [link for subject in subjects for link in ws.store.ledger.links(subject=subject)]
        holding = Holding(
            worker=view_worker(actor, record),
            identity=open_identity(ws, worker_id),
            dataset=msgspec.json.decode(dataset.body) if dataset else None,
            consents=[view_consent(ws, found) for found in records.page("consent", about)],
            placements=[view_placement(actor, found) for found in placements],
            events=[view_event(actor, found) for found in records.page("event", about)],
            appeals=[view_appeal(ws, actor, found) for found in appeals],
            record=[view_line(link) for link in sorted(lines)],
        )
        ws.note(actor, "workers.export", worker_id)
    return holding
