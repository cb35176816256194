"""Acts on background work: follow and cancel jobs, bulk import and export."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec.structs import replace

from skillbridge import tables
from skillbridge.access import Actor, check, parties
from skillbridge.errors import BadInput, Refused
from skillbridge.store import Job
from skillbridge.workspace import PageQuery, Workspace, after, new_id
from skillbridge.workspace.people import spend, view_worker
from skillbridge.workspace.plans import queue
from skillbridge.workspace.problems import told
from skillbridge.workspace.views import Jobs, JobView

Kind = Literal["workers", "vacancies"]
BATCH = 500
"""Records of one page of an export, and of one transaction of an import."""


class JobsQuery(PageQuery, frozen=True):
    """Which jobs."""

    state: Annotated[
        Literal["queued", "running", "done", "failed", "cancelled"] | None,
        msgspec.Meta(description="state of the job", examples=["running"]),
    ] = None


def list_jobs(ws: Workspace, actor: Actor, query: JobsQuery) -> Jobs:
    """The party's jobs (of every party for an account without one), newest first."""
    party = None if check(actor, "jobs.read") == "all" else actor.party
    jobs = ws.store.queue.page(party=party, state=query.state, after=after(query), limit=query.limit + 1)
    more = len(jobs) > query.limit
    del jobs[query.limit :]
    return Jobs([view_job(job) for job in jobs], next=f"c{jobs[-1].seq}" if more else None)


class JobQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to tell of a job."""

    lang: Annotated[
        Literal["en", "fr", "es", "ar"],
        msgspec.Meta(description="language of what is wrong with rows of an import", examples=["fr"]),
    ] = "en"


def read_job(ws: Workspace, actor: Actor, job_id: str, query: JobQuery | None = None) -> JobView:
    """One job; what is wrong with rows of an import in the language asked for."""
    found = view_job(_reach(ws, actor, "jobs.read", job_id))
    if query is None:
        return found
    progress, result = (_in_language(part, query.lang) for part in (found.progress, found.result))
    return replace(found, progress=progress, result=result)


def _in_language(state: Any, code: str) -> Any:
    if not state or "problems" not in state:
        return state
    rows = [row | {name: told(row[name], code) for name in ("what", "expected")} for row in state["problems"]]
    return state | {"problems": rows}


def cancel_job(ws: Workspace, actor: Actor, job_id: str) -> JobView:
    """Ask a job to stop: at once if queued, as soon as it listens if running."""
    with ws.acting():
        _reach(ws, actor, "jobs.cancel", job_id)
        job = ws.store.queue.cancel(job_id, ws.now().isoformat())
        ws.note(actor, "jobs.cancel", job_id)
    return view_job(job)


def view_job(job: Job) -> JobView:
    """A job as it stands."""
    return msgspec.convert(
        {
            "job_id": job.id,
            "kind": job.kind,
            "state": job.state,
            "priority": job.priority,
            "progress": msgspec.json.decode(job.progress),
            "result": msgspec.json.decode(job.result) if job.result else None,
            "error": job.error,
            "attempt": job.attempt,
            "created": job.created,
            "started": job.started,
            "finished": job.finished,
        },
        JobView,
    )


def _reach(ws: Workspace, actor: Actor, act: str, job_id: str) -> Job:
    scope = check(actor, act)
    job = ws.store.queue.need(job_id)
    if scope != "all" and job.party != actor.party:
        raise Refused("not_found", f"there is no job {job_id}")
    return job


class ImportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to read an upload."""

    format: Annotated[
        Literal["ndjson", "csv"], msgspec.Meta(description="ndjson (the API's structs) or csv", examples=["ndjson"])
    ] = "ndjson"
    party: (
        Annotated[str, msgspec.Meta(description="sending unit of the workers", examples=["unit-ws"], max_length=64)]
        | None
    ) = None
    dataset: Annotated[
        str, msgspec.Meta(description="dataset that covers the workers", examples=["default"], max_length=64)
    ] = "default"


def start_import(ws: Workspace, actor: Actor, kind: Kind, upload: Path, query: ImportQuery) -> JobView:
    """Take over a file in the workspace's `imports` and queue its import.

    Every row is taken, or named in the report with what was expected. Rows whose id is stored already are left alone
    and counted, so that an import can be repeated.
    """
    covered = parties(ws.store, actor, check(actor, f"imports.{kind}"))
    party = query.party or actor.party
    if kind == "workers":
        if party is None or (covered is not None and party not in covered):
            raise BadInput("query.party", "missing" if party is None else f"{party!r}", "a sending unit you act for")
        if ws.store.records.get("dataset", query.dataset) is None:
            raise BadInput("query.dataset", f"there is no dataset {query.dataset!r}", "a declared dataset")
    if _blank(upload):
        raise BadInput("$", "an empty upload", "one record a line")
    job_id = new_id("job")
    path = ws.folder / "imports" / f"{job_id}.{query.format}"
    upload.rename(path)
    payload: dict[str, object] = {
        "kind": kind,
        "format": query.format,
        "path": path.relative_to(ws.folder).as_posix(),
        "party": party,
        "dataset": query.dataset,
        "employer": actor.party if actor.role == "employer" else None,
    }
    with ws.acting():
        ws.store.ledger.keep_file(ws.folder, path)
        queue(ws, actor, job_id, "import", payload)
        ws.note(actor, f"imports.{kind}", job_id)
    return view_job(ws.store.queue.need(job_id))


def _blank(path: Path) -> bool:
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            if part.strip():
                return False
    return True


class ExportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which form."""

    format: Annotated[Literal["ndjson", "csv"], msgspec.Meta(description="ndjson or csv", examples=["ndjson"])] = (
        "ndjson"
    )


def export(ws: Workspace, actor: Actor, kind: Kind, query: ExportQuery) -> Iterator[bytes]:
    """Every record of a kind that the actor may see, a batch at a time: NDJSON views, or CSV of the core's table."""
    from skillbridge.workspace import frames
    from skillbridge.workspace.demand import held_places, view_vacancy
    from skillbridge.workspace.views import WorkerBody

    covered = parties(ws.store, actor, check(actor, f"exports.{kind}"))
    if covered is not None and kind == "vacancies" and actor.role != "employer":
        covered = None
    where: dict[str, Any] = {} if covered is None else {"party": covered}
    with ws.acting():
        ws.note(actor, f"exports.{kind}", kind)
    table = "worker" if kind == "workers" else "vacancy"
    schema = tables.WORKERS if kind == "workers" else tables.VACANCIES

    def batches() -> Iterator[bytes]:
        start, first = 0, True
        while records := ws.store.records.page(table, where, after=start, limit=BATCH):
            start = records[-1].seq
            if kind == "workers":
                spend(ws, actor, len(records))
            if query.format == "ndjson":
                placed = held_places(ws, [record.id for record in records]) if kind == "vacancies" else {}
                views: list[msgspec.Struct] = [
                    view_worker(actor, record)
                    if kind == "workers"
                    else view_vacancy(actor, record, placed.get(record.id, 0))
                    for record in records
                ]
                yield b"".join(msgspec.json.encode(view) + b"\n" for view in views)
            else:
                from skillbridge.workspace import read

                nouns = [
                    read(record, WorkerBody).profile if kind == "workers" else view_vacancy(actor, record, 0).vacancy
                    for record in records
                ]
                text = io.StringIO()
                writer = csv.DictWriter(text, list(schema), lineterminator="\n")
                if first:
                    writer.writeheader()
                writer.writerows(
                    {name: _guarded(value) for name, value in frames.row_of(noun).items()} for noun in nouns if noun
                )
                yield text.getvalue().encode()
            first = False

    return batches()


def _guarded(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
