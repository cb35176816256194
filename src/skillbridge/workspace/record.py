"""Acts on the record: the audit chain, datasets with their purpose, retention that runs by itself."""

from datetime import timedelta
from typing import Annotated

import msgspec

from skillbridge import audit
from skillbridge.access import SYSTEM, Actor, check
from skillbridge.errors import BadInput, Refused
from skillbridge.journey import ABROAD
from skillbridge.store import Compare, Link
from skillbridge.workspace import PageQuery, Workspace, after, read
from skillbridge.workspace.people import erase, remember_erased
from skillbridge.workspace.views import AuditLine, AuditLines, Dataset, Datasets, Verified, WorkerBody


class AuditQuery(PageQuery, frozen=True):
    """Which lines."""

    subject: (
        Annotated[str, msgspec.Meta(description="record they are about", examples=["plan-1"], max_length=100)] | None
    ) = None


def list_audit(ws: Workspace, actor: Actor, query: AuditQuery) -> AuditLines:
    """Lines of the record, newest first."""
    check(actor, "audit.read")
    links = ws.store.ledger.links(after=after(query), limit=query.limit + 1, subject=query.subject, newest=True)
    more = len(links) > query.limit
    del links[query.limit :]
    return AuditLines([view_line(link) for link in links], next=f"c{links[-1].seq}" if more else None)


def view_line(link: Link) -> AuditLine:
    """One line as it is shown."""
    return AuditLine(
        link.seq,
        link.at,
        link.account_id,
        link.role,
        link.act,
        link.subject,
        link.why,
        link.before,
        link.after,
        link.hash,
    )


class HeadQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A head noted earlier."""

    seq: Annotated[int, msgspec.Meta(description="line noted earlier", examples=[12], ge=1, le=2**53)] | None = None
    hash: Annotated[str, msgspec.Meta(description="its hash", examples=["0" * 64], pattern="^[0-9a-f]{64}$")] | None = (
        None
    )


def verify_audit(ws: Workspace, actor: Actor, query: HeadQuery) -> Verified:
    """Recompute the whole chain; with a head noted earlier, also prove that the chain still holds it."""
    check(actor, "audit.read")
    if (query.seq is None) != (query.hash is None):
        raise BadInput("query.seq", "given without the other", "seq and hash together, or neither")
    head = audit.verify(ws.store)
    if query.seq is not None:
        line = ws.store.ledger.links(after=query.seq - 1, limit=1) if query.seq <= head.seq else []
        if not line or line[0].hash != query.hash:
            raise Refused(
                "conflict", f"the chain does not hold the line {query.seq} that was noted: it was cut or rewritten"
            )
    return Verified(head.seq, head.hash)


def list_datasets(ws: Workspace, actor: Actor) -> Datasets:
    """Why personal records are held."""
    check(actor, "datasets.read")
    return Datasets([read(record, Dataset) for record in ws.store.records.page("dataset")])


def put_dataset(ws: Workspace, actor: Actor, dataset_id: str, body: Dataset) -> Dataset:
    """Declare or change a dataset's purpose, legal basis, controller and retention."""
    check(actor, "datasets.write")
    if body.dataset_id != dataset_id:
        raise BadInput("$.dataset_id", f"{body.dataset_id!r}", f"{dataset_id!r}, as in the path")
    records, encoded = ws.store.records, msgspec.json.encode(body)
    with ws.acting():
        before = records.get("dataset", dataset_id)
        if before is None:
            record = records.create("dataset", dataset_id, encoded, None, ws.now())
        else:
            record = records.replace("dataset", dataset_id, encoded, ws.now())
        ws.note(actor, "datasets.write", dataset_id, before=before, after=record)
    return body


def retain(ws: Workspace, *, limit: int = 1_000) -> int:
    """How many workers were erased because their dataset's retention ran out; nobody abroad is among them.

    Runs by itself; retention counts from the last change of the record.
    """
    erased = 0
    for record in ws.store.records.page("dataset"):
        dataset = read(record, Dataset)
        oldest = (ws.now() - timedelta(days=dataset.retention_days)).isoformat()
        where = {"dataset": dataset.dataset_id, "updated": Compare("<", oldest), "status": Compare("<>", "erased")}
        for worker in ws.store.records.page("worker", where, limit=limit - erased):
            with ws.acting():
                current = ws.store.records.need("worker", worker.id)
                abroad = ws.store.records.count("placement", {"worker_id": worker.id, "state": ABROAD})
                if current.version == worker.version and read(current, WorkerBody).profile and not abroad:
                    erase(ws, SYSTEM, current)
                    erased += 1
    if erased:
        remember_erased(ws)
    return erased
