"""From stored workers, vacancies and agreements to a plan folder and its placements."""

import dataclasses
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import polars as pl

from skillbridge import tables
from skillbridge.errors import BadInput, Refused
from skillbridge.workspace import Workspace, frames, read
from skillbridge.workspace.agreements import parsed, published_text
from skillbridge.workspace.catalog import taxonomy
from skillbridge.workspace.demand import HOLDING_A_PLACE, held_places
from skillbridge.workspace.views import Dataset, Indicator, PlacementBody, PlanBody, PlanRequest, ScenarioRequest

if TYPE_CHECKING:
    from skillbridge.changes import ChangeFile
    from skillbridge.model import Plan
    from skillbridge.pipeline import Outcome, Step
    from skillbridge.plan_folder import PlanFolder


_DESCRIBED = ("origin", "sex", "birth_year", "past", "isco", "languages")


class Control(Protocol):
    """How a task talks to the process that runs it."""

    def progress(self, stage: str, share: float, **more: Any) -> None:
        """Report the stage and the share done of it, from 0 to 1."""

    def stop(self) -> bool:
        """Whether to end soon with the best so far."""


@dataclass(frozen=True)
class Made:
    """A plan just made: its placements (tables.PLACEMENTS), whose workers they are (worker_id, party), its record."""

    placements: pl.DataFrame
    parties: pl.DataFrame
    summary: dict[str, Any]


def inputs(ws: Workspace, request: PlanRequest) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The workers and vacancies a plan may use: ready and free people, open positions of employers not suspended."""
    workers = frames.workers(ws).filter(pl.col("status") == "ready")
    if request.parties is not None:
        workers = workers.filter(pl.col("party").is_in(request.parties))
    jobs = frames.vacancies(ws).filter(pl.col("status") == "open")
    if request.start_from:
        jobs = jobs.filter(pl.col("start") >= request.start_from)
    if request.start_to:
        jobs = jobs.filter(pl.col("start") <= request.start_to)
    suspended = [record.id for record in ws.store.records.page("employer", {"suspended": 1})]
    jobs = jobs.filter(~pl.col("employer_id").is_in(suspended))
    held = held_places(ws, jobs["vacancy_id"].to_list()) if jobs.height else {}
    taken = pl.DataFrame(
        {"vacancy_id": list(held), "_held": list(held.values())}, schema={"vacancy_id": pl.String, "_held": pl.Int32}
    )
    jobs = (
        jobs.join(taken, on="vacancy_id", how="left", maintain_order="left")
        .with_columns(positions=pl.col("positions") - pl.col("_held").fill_null(0))
        .filter(pl.col("positions") > 0)
    )
    first = jobs["start"].min()
    busy = [
        body.worker_id
        for record in ws.store.records.page("placement", {"state": HOLDING_A_PLACE})
        if first is None or (body := read(record, PlacementBody)).end >= first  # type: ignore[operator]
    ]
    workers = workers.filter(~pl.col("worker_id").is_in(busy))
    return (
        workers.select(tables.WORKERS.keys()).sort("worker_id"),
        jobs.select(tables.VACANCIES.keys()).sort("vacancy_id"),
    )


def make(ws: Workspace, request: PlanRequest, folder: Path, control: Control) -> Made:
    """Plan what is stored now (or repair `base_plan`), write the plan folder, give its placements and its record."""
    from skillbridge import plan_folder
    from skillbridge.replan import replan

    if request.base_plan is None:
        outcome = _measured(lambda: _place(ws, request, control))
    else:
        root = folder_of(ws, request.base_plan)
        old = plan_folder.read(root)
        plan_folder.unaltered(root, old.plan, "replanned")
        changes = changes_of(request.changes or f"as_of = {ws.now().date().isoformat()}\n")
        changes = msgspec.structs.replace(changes, pins=decided(ws, request.base_plan, old, changes.pins))
        outcome = _measured(
            lambda: (
                replan(
                    old,
                    changes,
                    taxonomy(),
                    time_limit=request.time_limit,
                    progress=_teller(control),
                    stop=control.stop,
                ).outcome
            )
        )
    written = _written(outcome, folder)
    owners = frames.workers(ws).select("worker_id", "party")
    return Made(written.placements.sort("worker_id"), owners, summary_of(written.plan))


def decided(ws: Workspace, plan_id: str, old: "PlanFolder", pins: tuple[str, ...]) -> tuple[str, ...]:
    """The pins of a change file and the workers whose placement by the plan was approved: what is decided stays."""
    placed = set(old.placements["worker_id"])
    approved = {
        read(record, PlacementBody).worker_id
        for record in ws.store.records.page("placement", {"plan_id": plan_id, "state": HOLDING_A_PLACE})
    }
    return (*pins, *sorted((approved & placed) - set(pins)))


def what_if(ws: Workspace, request: ScenarioRequest, control: Control) -> dict[str, Any]:
    """The record and indicators of a stored plan made again under changes; nothing is placed."""
    from skillbridge import plan_folder
    from skillbridge.changes import Inputs, apply
    from skillbridge.pipeline import PlaceRequest, place

    old = plan_folder.read(folder_of(ws, request.plan_id))
    after = Inputs(old.workers, old.vacancies, tuple(old.partnerships))
    if request.changes.strip():
        after = apply(after, changes_of(request.changes).change)
    asked = PlaceRequest(
        workers=after.workers,
        vacancies=after.vacancies,
        partnerships=after.partnerships,
        taxonomy=taxonomy(),
        objective=request.objective,
        seed=request.seed,
        time_limit=request.time_limit,
        as_of=old.plan.manifest.as_of,
        synthetic=old.plan.manifest.synthetic,
    )
    outcome = _measured(lambda: place(asked, progress=_teller(control), stop=control.stop))
    figures = {one.indicator: one.value for one in indicators_of(outcome.folder, (), ws.settings.small_cell)}
    return summary_of(outcome.plan) | {"indicators": figures}


def changes_of(text: str) -> "ChangeFile":
    """The change file in a request; raises `BadInput` at `$.changes`."""
    from skillbridge.changes import read_changes

    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "changes.toml"
        path.write_text(text, encoding="utf-8")
        try:
            return read_changes(path)
        except BadInput as error:
            raise BadInput("$.changes", str(error).replace(str(path), "changes"), "a change file") from None


def indicators_of(folder: "PlanFolder", by: Sequence[str], threshold: int) -> list[Indicator]:
    """The indicators of a plan by one slice, small counts and their complements suppressed."""
    from skillbridge.indicators import compute
    from skillbridge.indicators.facts import folder_facts

    return shown(compute(folder_facts(folder), [tuple(by)], threshold=threshold))


def shown(table: pl.DataFrame) -> list[Indicator]:
    """The figures of a table of indicators, each with the values of its dimensions."""
    from skillbridge.indicators.facts import DIMENSIONS

    return [
        Indicator(
            row["indicator"],
            row["unit"],
            {name: row[name] for name in (*DIMENSIONS, "currency") if row.get(name) is not None},
            row["value"],
            bool(row["suppressed"]),
        )
        for row in table.iter_rows(named=True)
    ]


def guard_difference(ws: Workspace, plan_id: str) -> None:
    """Refuse statistics of a plan that differs from an earlier one in a few people: the difference would be theirs.

    Two plans differ in a person who is in one pool only, is described otherwise, or has another placement. No
    difference is fine, and so is one in as many people as a published count needs.
    """
    this, people = ws.store.records.need("plan", plan_id), _people(folder_of(ws, plan_id))
    for other in ws.store.records.page("plan"):
        if other.seq >= this.seq or read(other, PlanBody).folder is None:
            continue
        before = _people(folder_of(ws, other.id))
        sides = [
            one.join(two, on=one.columns, how="anti", nulls_equal=True)["worker_id"]
            for one, two in ((people, before), (before, people))
        ]
        if 0 < pl.concat(sides).n_unique() < ws.settings.small_cell:
            raise Refused(
                "conflict", f"the plan differs from {other.id} in so few people that its figures would be about them"
            )


def _people(folder: Path) -> pl.DataFrame:
    """One row a worker of a plan: what statistics count by, and the placement."""
    from skillbridge import plan_folder

    workers = pl.read_parquet(folder / "inputs" / "workers.parquet", columns=["worker_id", *_DESCRIBED])
    placements = plan_folder.read_csv(folder / "placements.csv", tables.PLACEMENTS)
    placed = placements.select("worker_id", "vacancy_id", "partnership", "start", "score")
    return workers.join(placed, on="worker_id", how="left", maintain_order="left")


def folder_of(ws: Workspace, plan_id: str) -> Path:
    """The folder of a plan that was made; raises `Refused` conflict for one that was not, or not yet."""
    body = read(ws.store.records.need("plan", plan_id), PlanBody)
    if body.folder is None:
        raise Refused("conflict", f"plan {plan_id} has no result yet")
    return ws.folder / body.folder


def summary_of(plan: "Plan") -> dict[str, Any]:
    """The record of a plan as the API shows it."""
    found: dict[str, Any] = msgspec.to_builtins(plan)
    return found


def _place(ws: Workspace, request: PlanRequest, control: Control) -> "Outcome":
    from skillbridge.pipeline import PlaceRequest, place

    workers, vacancies = inputs(ws, request)
    texts = {name: published_text(ws, name) for name in request.partnerships}
    asked = PlaceRequest(
        workers=workers,
        vacancies=vacancies,
        partnerships=[parsed(text) for text in texts.values()],
        taxonomy=taxonomy(),
        objective=request.objective,
        seed=request.seed,
        time_limit=request.time_limit,
        as_of=request.as_of,
        synthetic=_invented(ws),
        hashes={f"published {name}": hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
    )
    return place(asked, progress=_teller(control), stop=control.stop)


def _invented(ws: Workspace) -> tuple[str, ...]:
    """Datasets declared as synthetic, whose people a plan may hold."""
    return tuple(
        f"dataset {record.id}" for record in ws.store.records.page("dataset") if read(record, Dataset).synthetic
    )


def _teller(control: Control) -> "Callable[[Step], None]":
    return lambda step: control.progress(
        step.stage, step.share if step.share is not None else 0.5, objective=step.objective, bound=step.bound
    )


def _measured(run: "Callable[[], Outcome]") -> "Outcome":
    from skillbridge.execute import peak_rss_mb
    from skillbridge.pipeline import measured

    wall, cpu = time.perf_counter(), time.process_time()
    outcome = run()
    return measured(outcome, time.perf_counter() - wall, time.process_time() - cpu, peak_rss_mb())


def _written(outcome: "Outcome", folder: Path) -> "PlanFolder":
    from skillbridge import plan_folder, report

    page = report.render(outcome.folder)
    return plan_folder.write(dataclasses.replace(outcome.folder, extra={"report.html": page}), folder)
