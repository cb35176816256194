"""Repair a plan: changes in, a new plan out that keeps people where they are unless a rule or real gain moves them.

A placement that still stands gets a bonus, so that a move must be worth more than the stay; within the notice period,
or pinned, it is worth more than anything else. The new search starts from what stands, at the old plan's prices. In a
plan of several seasons each placement of a worker is kept or moved by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import plan_folder
from skillbridge.changes import ChangeFile, Inputs, apply
from skillbridge.errors import BadInput
from skillbridge.matching.stays import MAX_CHAIN
from skillbridge.partnerships.rows import Rows
from skillbridge.pipeline import Outcome, PlaceRequest, Prices, Start, Step, place
from skillbridge.plan_folder import PlanFolder
from skillbridge.seasons import plan_seasons
from skillbridge.solver.problem import Problem
from skillbridge.taxonomies.pack import Taxonomy

MOVES: dict[str, pl.DataType] = {
    "worker_id": pl.String(),
    "what": pl.String(),
    "vacancy_before": pl.String(),
    "vacancy_after": pl.String(),
    "why": pl.String(),
}
"""What becomes of every placement: `what` is kept, redated, moved, placed, displaced or gone."""

WHY = {
    "withdrew": "the worker withdrew",
    "no_vacancy": "the vacancy is gone",
    "not_legal": "the place is no longer legal, or another use of it is worth more than a stay",
    "redated": "the vacancy's dates moved",
    "free": "a place came free or is new",
    "kept": "",
}
"""Why, in English, by a code of its own."""


@dataclass(frozen=True)
class Repair:
    """The new plan with its `moves` (MOVES, sorted by worker_id, a worker's in order of time) and their counts."""

    outcome: Outcome
    moves: pl.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """How many placements each kind of move touches."""
        return dict(sorted(self.moves["what"].value_counts().iter_rows()))


def replan(
    old: PlanFolder,
    changes: ChangeFile,
    taxonomy: Taxonomy,
    *,
    where: str = "changes",
    read: Callable[[str, str], pl.DataFrame] | None = None,
    time_limit: float | None = None,
    progress: Callable[[Step], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Repair:
    """The repaired plan. `taxonomy` is the plan's, with labels, to understand what is new.

    Raises `BadInput` for changes made for another plan, and where a change or a pin names nothing in the plan.
    """
    standing = Standing.of(old, changes)
    before = Inputs(old.workers, old.vacancies, tuple(old.partnerships))
    after = apply(before, changes.change, where=where, read=read)
    known = set(old.placements["worker_id"].to_list())
    for number, worker in enumerate(changes.pins):
        if worker not in known:
            raise BadInput(f"{where}: pins[{number}]", f"{worker!r} has no placement", "a placed worker of the plan")
    manifest = old.plan.manifest
    request = PlaceRequest(
        workers=after.workers,
        vacancies=after.vacancies,
        partnerships=after.partnerships,
        taxonomy=taxonomy,
        objective=manifest.objective,
        objective_text=old.settings["objective.toml"],
        seed=manifest.seed,
        time_limit=time_limit,
        limit=manifest.limit,
        as_of=None if manifest.as_of is None else changes.as_of,
        synthetic=manifest.synthetic,
        keep=old.placements.select("worker_id", "vacancy_id"),
    )

    def adjust(problem: Problem, edges: pl.DataFrame, rows: Rows) -> tuple[Problem, Start]:
        return standing.favour(problem, edges, rows, after, changes)

    if manifest.seasons:
        outcome = plan_seasons(request, progress=progress, stop=stop, adjust=adjust).outcome
    else:
        outcome = place(request, progress=progress, stop=stop, adjust=adjust)
    return Repair(outcome, moves(old.placements, outcome.folder.placements, after))


@dataclass(frozen=True)
class Standing:
    """The old plan as the new one needs it: who is where, what everything was worth, whether of several seasons."""

    placements: pl.DataFrame
    certificate: pl.DataFrame
    seasons: bool

    @classmethod
    def of(cls, old: PlanFolder, changes: ChangeFile) -> "Standing":
        """From a plan's folder; refuses changes written for another plan."""
        mine = old.plan.manifest.hashes.get("placements.csv", "")
        if changes.plan is not None and changes.plan != mine:
            raise BadInput("changes: plan", f"made for {changes.plan[:12]}", f"{mine[:12]}, the hash of placements.csv")
        return cls(old.placements, old.certificate, old.plan.manifest.seasons)

    def favour(
        self, problem: Problem, edges: pl.DataFrame, rows: Rows, after: Inputs, changes: ChangeFile
    ) -> tuple[Problem, Start]:
        """The problem with stays favoured or fixed, the old prices in the new order, and the stays themselves (of a
        plan of several seasons, one a worker)."""
        held = self.stays(edges, after)
        start = edges["start"].to_numpy()
        fast = held & (start <= np.datetime64(changes.notice_until, "D"))
        if changes.pins:
            pinned = after.workers["worker_id"].is_in(list(changes.pins)).to_numpy()
            fast |= held & pinned[edges["worker"].to_numpy()]
        others = MAX_CHAIN if self.seasons else 1
        dear = (others + 1) * int(problem.weight.max(initial=1)) + changes.stay_bonus
        worth = np.where(fast, dear, problem.weight + np.where(held, changes.stay_bonus, 0))
        plan = np.full(problem.n_workers, -1, dtype=np.int64)
        plan[edges["worker"].to_numpy()[held]] = np.flatnonzero(held)
        favoured = replace(problem, weight=worth.astype(np.int32))
        return favoured, Start(self._prices(rows, after), plan, stands=True)

    def stays(self, edges: pl.DataFrame, after: Inputs) -> npt.NDArray[np.bool_]:
        """bool [edges]: whether the edge is the worker's place in the old plan."""
        named = pl.DataFrame(
            {
                "worker_id": after.workers["worker_id"].gather(edges["worker"]),
                "vacancy_id": after.vacancies["vacancy_id"].gather(edges["vacancy"]),
            }
        )
        old = self.placements.select("worker_id", "vacancy_id", held=pl.lit(value=True))
        joined = named.join(old, on=["worker_id", "vacancy_id"], how="left", maintain_order="left")
        return joined["held"].fill_null(value=False).to_numpy()

    def _prices(self, rows: Rows, after: Inputs) -> Prices:
        by_kind = {
            kind: self.certificate.filter(pl.col("kind") == kind).select("key", "price") for kind in ("vacancy", "row")
        }
        keys = plan_folder.row_keys([(ref.partnership, ref.rule, ref.label) for ref in rows.refs])
        asked = {"vacancy": after.vacancies["vacancy_id"], "row": pl.Series(keys, dtype=pl.String)}
        vacancy, row = (
            pl.DataFrame({"key": asked[kind]})
            .join(by_kind[kind], on="key", how="left", maintain_order="left")["price"]
            .fill_null(0.0)
            .to_numpy()
            for kind in ("vacancy", "row")
        )
        return vacancy, row


def moves(before: pl.DataFrame, now: pl.DataFrame, after: Inputs) -> pl.DataFrame:
    """MOVES between two plans' placements.

    Of a worker's placements those in a vacancy of before are the same; the others are paired in order of time.
    """
    both = _paired(before, now)
    here = pl.col("worker_id").is_in(after.workers["worker_id"].implode())
    there = pl.col("vacancy_before").is_in(after.vacancies["vacancy_id"].implode())
    same = pl.col("vacancy_before") == pl.col("vacancy_after")
    redated = (pl.col("start_before") != pl.col("start_after")) | (pl.col("end_before") != pl.col("end_after"))
    what = (
        pl.when(~here)
        .then(pl.lit("gone"))
        .when(pl.col("vacancy_before").is_null())
        .then(pl.lit("placed"))
        .when(pl.col("vacancy_after").is_null())
        .then(pl.lit("displaced"))
        .when(same & redated)
        .then(pl.lit("redated"))
        .when(same)
        .then(pl.lit("kept"))
        .otherwise(pl.lit("moved"))
    )
    why = (
        pl.when(what == "gone")
        .then(pl.lit(WHY["withdrew"]))
        .when((what == "moved") | (what == "displaced"))
        .then(pl.when(~there).then(pl.lit(WHY["no_vacancy"])).otherwise(pl.lit(WHY["not_legal"])))
        .when(what == "redated")
        .then(pl.lit(WHY["redated"]))
        .when(what == "placed")
        .then(pl.lit(WHY["free"]))
        .otherwise(pl.lit(WHY["kept"]))
    )
    first = pl.coalesce("start_before", "start_after")
    return (
        both.with_columns(what=what, why=why)
        .sort("worker_id", first, "vacancy_before", "vacancy_after")
        .select(list(MOVES))
    )


def _paired(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """The placements of both plans side by side, each of `now` beside the one of `before` that it goes on from."""
    old = before.select("worker_id", "vacancy_id", start_before="start", end_before="end")
    new = now.select("worker_id", "vacancy_id", start_after="start", end_after="end")
    pair = ["worker_id", "vacancy_id"]
    number = pl.int_range(pl.len()).over("worker_id").alias("number")
    same = old.join(new, on=pair).with_columns(vacancy_before="vacancy_id", vacancy_after="vacancy_id")
    left = old.join(new, on=pair, how="anti").sort("worker_id", "start_before").rename({"vacancy_id": "vacancy_before"})
    right = new.join(old, on=pair, how="anti").sort("worker_id", "start_after").rename({"vacancy_id": "vacancy_after"})
    rest = left.with_columns(number).join(
        right.with_columns(number), on=["worker_id", "number"], how="full", coalesce=True
    )
    columns = rest.drop("number").columns
    return pl.concat([same.select(columns), rest.select(columns)])
