"""What the worker processes carry out: plans, scenarios, imports. Each is safe to run again after a crash."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from msgspec.structs import replace

from skillbridge import tables
from skillbridge.access import Account, Actor
from skillbridge.errors import BadInput, SkillBridgeError
from skillbridge.model import Employer, Vacancy, Worker
from skillbridge.store import Job, Record
from skillbridge.workspace import Workspace, check_id, frames, planning, plans, read, write
from skillbridge.workspace.demand import check_dates
from skillbridge.workspace.hooks import announce
from skillbridge.workspace.problems import field_problem
from skillbridge.workspace.views import PlacementBody, PlanBody, Problem, ScenarioBody, VacancyBody, WorkerBody
from skillbridge.workspace.work import BATCH

TOLD = 1_000
"""Refused rows of an import that are named; all are counted."""


class LostError(SkillBridgeError):
    """Another worker process has taken the job over: nothing of this attempt is kept."""


class InterruptedJobError(SkillBridgeError):
    """The worker process is stopping: the job goes back to the queue and is taken up where it was."""


def close_subject(ws: Workspace, job: Job, state: str) -> None:
    """Let the plan or scenario of a job that did not finish say so, within the caller's transaction."""
    payload = msgspec.json.decode(job.payload)
    if job.kind == "plan" and (record := ws.store.records.get("plan", payload["plan_id"])):
        body = read(record, PlanBody)
        if body.status in {"queued", "running"}:
            ended = replace(body, status="stopped" if state == "cancelled" else "failed")
            ws.store.records.replace("plan", record.id, write(ended), ws.now())
    if job.kind == "scenario" and (record := ws.store.records.get("scenario", payload["scenario_id"])):
        scenario = read(record, ScenarioBody)
        over = replace(scenario, status="stopped" if state == "cancelled" else "failed")
        ws.store.records.replace("scenario", record.id, write(over), ws.now())
    announce(ws, job.party, "job.finished", {"job_id": job.id, "kind": job.kind, "state": state})


def actor_of(ws: Workspace, job: Job) -> Actor:
    """Whoever asked for the job."""
    record = ws.store.records.get("account", job.account_id)
    if record is None:
        return Actor(job.account_id, job.account_id, "ministry_admin", job.party)
    account = read(record, Account)
    return Actor(record.id, account.name, account.role, account.party, account.worker_id)


def finish(ws: Workspace, job: Job, result: dict[str, Any]) -> None:
    """Close the job as done, within the transaction that stores what it made; raises `LostError` if it is another's."""
    if not ws.store.queue.finish(job, "done", ws.now().isoformat(), result=msgspec.json.encode(result)):
        raise LostError("another worker process has the job")
    announce(ws, job.party, "job.finished", {"job_id": job.id, "kind": job.kind, "state": "done"})


def run_import(ws: Workspace, job: Job, control: planning.Control) -> None:
    """Take an upload in batches; the place reached is stored with each batch, so a crash repeats no row."""
    payload = msgspec.json.decode(job.payload)
    actor = actor_of(ws, job)
    reached = msgspec.json.decode(job.progress) | {}
    done, new, known = reached.get("rows", 0), reached.get("new", 0), reached.get("known", 0)
    problems: list[dict[str, str]] = list(reached.get("problems", ()))
    refused = reached.get("refused", 0)
    path = ws.folder / payload["path"]
    total = max(1, _lines(path))
    rows = _rows(path, payload["kind"], payload["format"])
    batch: list[tuple[str, bytes, str | None]] = []
    employers = {record.id: record for record in ws.store.records.page("employer")}
    table = "worker" if payload["kind"] == "workers" else "vacancy"

    def store(number: int, *, last: bool) -> None:
        nonlocal new, known
        with ws.acting():
            if not ws.store.queue.holds(job):
                raise LostError("another worker process has the job")
            fresh = ws.store.records.create_many(table, batch, ws.now())
            new, known = new + fresh, known + len(batch) - fresh
            state = {"rows": number, "new": new, "known": known, "problems": problems, "refused": refused}
            progress = state | {"stage": "import", "share": min(1.0, number / total)}
            ws.store.queue.beat(job, ws.seconds(), progress)
            if batch:
                ws.note(actor, f"imports.{payload['kind']}", job.id, why=f"{fresh} new rows up to {number}")
            if last:
                finish(ws, job, state)
        batch.clear()

    number = 0
    for number, (label, item) in enumerate(rows, 1):
        if number <= done:
            continue
        try:
            batch.append(_entry(item, payload, employers))
        except (BadInput, msgspec.ValidationError, msgspec.DecodeError) as error:
            refused += 1
            if len(problems) < TOLD:
                problems.append({"row": label, **_problem(error)})
        if len(batch) >= BATCH:
            store(number, last=False)
            if control.stop():
                _give_up(ws, job)
    store(number, last=True)


def _give_up(ws: Workspace, job: Job) -> None:
    """End a job that was cancelled (what is stored stays), or hand it back if only the worker stops."""
    if ws.store.queue.need(job.id).cancel:
        with ws.acting():
            ws.store.queue.finish(job, "cancelled", ws.now().isoformat(), error="cancelled; rows taken so far stay")
            close_subject(ws, job, "cancelled")
        raise LostError("cancelled")
    raise InterruptedJobError("the worker process is stopping")


def _entry(item: Any, payload: dict[str, Any], employers: dict[str, Any]) -> tuple[str, bytes, str | None]:
    if isinstance(item, BadInput):
        raise item
    if payload["kind"] == "workers":
        worker = frames.worker_of(item) if isinstance(item, dict) else msgspec.json.decode(item, type=Worker)
        check_id("worker_id", worker.worker_id)
        frames.check_row(worker)
        return worker.worker_id, write(WorkerBody(worker, dataset=payload["dataset"])), payload["party"]
    vacancy = frames.vacancy_of(item) if isinstance(item, dict) else msgspec.json.decode(item, type=Vacancy)
    check_id("vacancy_id", vacancy.vacancy_id)
    check_dates(vacancy)
    frames.check_row(vacancy)
    if payload["employer"] and vacancy.employer_id != payload["employer"]:
        raise BadInput("employer_id", f"{vacancy.employer_id!r}", f"{payload['employer']!r}, your own")
    employer = employers.get(vacancy.employer_id)
    if employer is None:
        raise BadInput("employer_id", f"there is no employer {vacancy.employer_id!r}", "an employer entered before")
    if read(employer, Employer).suspended:
        raise BadInput("employer_id", f"{vacancy.employer_id!r} is suspended", "an employer in good standing")
    return vacancy.vacancy_id, write(VacancyBody(vacancy)), employer.party


def _problem(error: Exception) -> dict[str, str]:
    if isinstance(error, BadInput):
        wrong = Problem(error.where, error.what, error.expected)
    elif isinstance(error, msgspec.ValidationError):
        wrong = field_problem(error)
    else:
        wrong = Problem("$", "not JSON in UTF-8", "one record a line")
    return msgspec.to_builtins(wrong)  # type: ignore[no-any-return]


def _rows(path: Path, kind: str, form: str) -> Iterator[tuple[str, Any]]:
    """(line, record): an NDJSON line as bytes, a CSV row as a typed mapping, or the `BadInput` that row is."""
    if form == "ndjson":
        with path.open("rb") as file:
            yield from ((str(number), line) for number, line in enumerate(file, 1) if line.strip())
        return
    schema = tables.WORKERS if kind == "workers" else tables.VACANCIES
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        reader = csv.DictReader(text)
        for unknown in sorted(set(reader.fieldnames or ()) - set(schema)):
            yield "1", BadInput(f"column {unknown!r}", "not a column of this table", ", ".join(schema))
        while True:
            label = str(reader.line_num + 1)
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield label, BadInput("$", str(error), "a row of CSV")
                continue
            if row is None:
                return
            label = str(reader.line_num)
            try:
                yield (
                    label,
                    {name: _cell(name, row[name], schema[name]) for name in schema if (row.get(name) or "").strip()},
                )
            except BadInput as error:
                yield label, error


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))


def _cell(name: str, text: str, kind: pl.DataType) -> Any:
    try:
        if kind.is_integer():
            return int(text)
        if kind.is_float():
            return float(text)
        if isinstance(kind, pl.Boolean):
            return {"true": True, "false": False, "1": True, "0": False}[text.strip().lower()]
    except (ValueError, KeyError):
        raise BadInput(
            name,
            f"{text!r}",
            "true or false" if isinstance(kind, pl.Boolean) else "a whole number" if kind.is_integer() else "a number",
        ) from None
    return text.strip()


def run_plan(ws: Workspace, job: Job, control: planning.Control) -> None:
    """Make a plan and store it as a proposal: folder, placements and record together or not at all."""
    plan_id = msgspec.json.decode(job.payload)["plan_id"]
    with ws.acting():
        record = ws.store.records.need("plan", plan_id)
        body = read(record, PlanBody)
        if body.status in {"queued", "running"}:
            ws.store.records.replace("plan", plan_id, write(replace(body, status="running")), ws.now())
    scratch = ws.folder / "plans" / f".{plan_id}.{job.attempt}"
    shutil.rmtree(scratch, ignore_errors=True)
    made = planning.make(ws, body.request, scratch, control)
    if control.stop() and not ws.store.queue.need(job.id).cancel:
        shutil.rmtree(scratch, ignore_errors=True)
        raise InterruptedJobError("the worker process is stopping")
    target = ws.folder / "plans" / plan_id
    with ws.acting():
        if not ws.store.queue.holds(job):
            shutil.rmtree(scratch, ignore_errors=True)
            raise LostError("another worker process has the job")
        shutil.rmtree(target, ignore_errors=True)
        if scratch.is_dir():
            scratch.rename(target)
            for file in sorted(path for path in target.rglob("*") if path.is_file()):
                ws.store.ledger.keep_file(ws.folder, file)
        party_of = dict(made.parties.select("worker_id", "party").iter_rows())
        held = {_place(record): record.id for record in plans.held_before(ws, body.request.base_plan)}
        places = [tuple(row) for row in made.placements.select(_PLACE).iter_rows()]
        rows = [
            (
                f"{plan_id}.{number}",
                write(PlacementBody(plan_id, **row, worker_party=party_of.get(row["worker_id"]))),
                party_of.get(row["worker_id"]),
            )
            for number, (place, row) in enumerate(zip(places, made.placements.iter_rows(named=True), strict=True), 1)
            if place not in held
        ]
        replaced = sorted(placement_id for place, placement_id in held.items() if place not in set(places))
        ws.store.records.create_many("placement", rows, ws.now())
        proposal = replace(body, status="proposal", summary=made.summary, folder=f"plans/{plan_id}", replaces=replaced)
        after = ws.store.records.replace("plan", plan_id, write(proposal), ws.now())
        ws.note(actor_of(ws, job), "plans.ready", plan_id, before=record, after=after)
        announce(ws, record.party, "plan.ready", {"plan_id": plan_id})
        finish(ws, job, {"plan_id": plan_id, "placed": len(rows)})


_PLACE = ("worker_id", "vacancy_id", "start", "end")


def _place(record: Record) -> tuple[Any, ...]:
    """Who is where and when by a placement: what must be equal for it to stay as it is."""
    body = read(record, PlacementBody)
    return tuple(getattr(body, name) for name in _PLACE)
