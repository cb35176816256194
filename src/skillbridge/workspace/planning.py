"""From stored workers, vacancies and agreements to a plan folder and its placements."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from skillbridge import tables
from skillbridge.workspace import Workspace, frames, read
from skillbridge.workspace.demand import HOLDING_A_PLACE, held_places
from skillbridge.workspace.views import PlacementBody, PlanRequest


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
    """Plan what is stored now, write the plan folder, and give its placements and its record."""
    raise NotImplementedError
