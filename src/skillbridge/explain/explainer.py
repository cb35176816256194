"""A plan opened for questions: its problem, its prices and the search over its inputs, made once for many answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import plan_folder
from skillbridge.errors import BadInput
from skillbridge.explain.blocks import Blocks, blocks
from skillbridge.explain.lines import Lines, lines
from skillbridge.matching.candidates import match, reason_words
from skillbridge.matching.objective import Objective, load_objective, weights
from skillbridge.matching.policy import load_policy
from skillbridge.matching.search import Search, prepare
from skillbridge.matching.yardstick import Yardstick, yardstick
from skillbridge.partnerships.admission import admission
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rows import Rows, compile_rows
from skillbridge.plan_folder import PlanFolder
from skillbridge.rates import load_rates
from skillbridge.solver.plan import usage
from skillbridge.solver.problem import Problem, compile_problem

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Explainer:
    """`problem`, `chosen` (edge of each worker or -1) and `state` number workers and vacancies as the frames do."""

    folder: PlanFolder
    problem: Problem
    chosen: I64
    state: Blocks
    vacancy_price: npt.NDArray[np.float64]
    row_price: npt.NDArray[np.float64]
    measure: Yardstick
    objective: Objective
    search: Search
    codes: tuple[str, ...]
    words: dict[str, str]

    @cached_property
    def lines(self) -> Lines:
        """Who waits for what."""
        return lines(self.problem, self.chosen, self.state)

    @cached_property
    def row_number(self) -> dict[tuple[str, str, str], int]:
        """The number of each row in the problem by partnership, rule and label."""
        return {_key(self.problem.rows, number): number for number in range(len(self.problem.rows.limit))}

    @cached_property
    def row_days(self) -> dict[tuple[str, str], list[tuple[str, int]]]:
        """(day, number) of the rows about one day, by rule and label but for the day, the earliest first."""
        found: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for number, ref in enumerate(self.problem.rows.refs):
            place = place_of(ref.label)
            if place != ref.label:
                day = ref.label.removeprefix(place).removeprefix(" on ")
                found.setdefault((ref.rule, place), []).append((day, number))
        return {key: sorted(days) for key, days in found.items()}

    def name(self, concept: str, lang: str) -> str:
        """What a skill is called in a language, else in English; what is no concept is called as it is written."""
        known = self._names
        return known.get((concept, lang)) or known.get((concept, "en"), concept)

    @cached_property
    def _names(self) -> dict[tuple[str, str], str]:
        return {(concept, lang): label for concept, lang, label in self.folder.names.iter_rows()}

    def worker(self, worker_id: str) -> int:
        """The row of a worker; raises `BadInput`."""
        return row_of(self.folder.workers["worker_id"], worker_id, "worker")

    def vacancy(self, vacancy_id: str) -> int:
        """The row of a vacancy; raises `BadInput`."""
        return row_of(self.folder.vacancies["vacancy_id"], vacancy_id, "vacancy")

    def closed(self, worker: I64, vacancy: I64) -> I64:
        """What rules out each pair: the number of its reason in `codes`, -1 for a legal pair."""
        of, to = worker.astype(np.int32), vacancy.astype(np.int32)
        _, found = self.search.judge(of, to)
        legal = np.flatnonzero(found < 0)
        start, end = self.search.windows(of[legal], to[legal])
        history = self.search.admitted.pairs(
            of[legal], to[legal], start.astype("datetime64[D]"), end.astype("datetime64[D]")
        )
        first = len(self.codes) - len(self.search.admitted.reasons)
        found[legal] = np.where(history > 0, first + history.astype(np.int64) - 1, -1)
        return found.astype(np.int64)


def open_plan(root: Path) -> Explainer:
    """The explainer of a plan's folder; seconds for 200,000 workers, then milliseconds a question."""
    folder = plan_folder.read(root)
    plan_folder.one_season(folder.plan, "explained placement by placement")
    measure = yardstick(
        folder.taxonomy, load_policy(root / "inputs" / "matching.toml"), load_rates(root / "inputs" / "rates.csv")
    )
    objective = load_objective(root / "inputs" / "objective.toml")
    rows = compile_rows(folder.edges, folder.workers, folder.vacancies, folder.partnerships)
    points = weights(folder.edges, folder.workers, folder.vacancies, objective)
    problem = compile_problem(folder.edges, rows, folder.workers, folder.vacancies, points)
    chosen = chosen_edges(folder)
    price = folder.certificate.filter(pl.col("kind").is_in(["vacancy", "row"]))["price"].to_numpy()
    n = folder.vacancies.height
    if len(price) != n + len(rows.limit):
        raise BadInput("certificate.parquet", f"{len(price)} prices", f"{n + len(rows.limit)}, one a vacancy and row")
    admitted = admission(folder.workers, folder.vacancies, folder.partnerships)
    codes, words = reason_words(admitted)
    return Explainer(
        folder=folder,
        problem=problem,
        chosen=chosen,
        state=blocks(problem, chosen, price[:n], price[n:]),
        vacancy_price=price[:n],
        row_price=price[n:],
        measure=measure,
        objective=objective,
        search=prepare(folder.workers, folder.vacancies, admitted, measure),
        codes=tuple(codes),
        words=words,
    )


def chosen_edges(folder: PlanFolder) -> I64:
    """int64 [workers]: the edge of each worker's placement, -1 for none."""
    edges = folder.edges.with_row_index("edge").select(
        pl.col("edge").cast(pl.Int64),
        "worker",
        worker_id=folder.workers["worker_id"].gather(folder.edges["worker"]),
        vacancy_id=folder.vacancies["vacancy_id"].gather(folder.edges["vacancy"]),
    )
    taken = edges.join(folder.placements, on=["worker_id", "vacancy_id"], how="semi")
    chosen = np.full(folder.workers.height, -1, dtype=np.int64)
    chosen[taken["worker"].to_numpy()] = taken["edge"].to_numpy()
    return chosen


def local_problem(
    explainer: Explainer, workers: pl.DataFrame, vacancies: I64, changed: pl.DataFrame, edges: pl.DataFrame, freed: I64
) -> Problem:
    """A problem over some edges with everyone but the `freed` workers held where they are.

    `edges` (tables.EDGES with a column `weight`) number `workers` and the rows of `changed`, which are the whole plan's
    `vacancies` (row numbers) with what a question changes in them.
    """
    held = explainer.chosen.copy()
    held[freed] = -1
    heads, used = usage(explainer.problem, held)
    rows = compile_rows(edges, workers, changed, explainer.folder.partnerships)
    at = [explainer.row_number.get(_key(rows, number), -1) for number in range(len(rows.limit))]
    limit = np.array(
        [
            explainer.problem.rows.limit[number] - used[number] if number >= 0 else own
            for number, own in zip(at, rows.limit, strict=True)
        ],
        dtype=np.int64,
    )
    left = Rows(rows.cell, limit, rows.cell_rows, rows.vacancy_rows, rows.refs)
    room = changed.with_columns(
        positions=pl.Series(np.maximum(changed["positions"].to_numpy() - heads[vacancies], 0), dtype=pl.Int32)
    )
    return compile_problem(edges, left, workers, room, edges["weight"].to_numpy())


def new_edges(
    explainer: Explainer,
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership] | None = None,
) -> pl.DataFrame:
    """The candidates between some workers and some vacancies, all of them, with their `weight` in objective points.

    `partnerships` are the plan's unless given, in the same order.
    """
    given = partnerships or explainer.folder.partnerships
    numbers = speaking(given, workers, vacancies)
    admitted = admission(workers, vacancies, [given[number] for number in numbers])
    found = match(workers, vacancies, admitted, explainer.measure, limit=max(vacancies.height, 1), spare=0, threads=1)
    points = weights(found.edges, workers, vacancies, explainer.objective)
    pathway = np.array(numbers, dtype=np.uint8)[found.edges["pathway"].to_numpy()]
    return found.edges.with_columns(
        pathway=pl.Series(pathway, dtype=found.edges.schema["pathway"]), weight=pl.Series(points, dtype=pl.Int64)
    )


def speaking(partnerships: Sequence[Partnership], workers: pl.DataFrame, vacancies: pl.DataFrame) -> list[int]:
    """The numbers of the agreements that have to do with these countries; all others take none of the pairs."""
    origins, destinations = set(workers["origin"]), set(vacancies["destination"])
    return [
        number
        for number, one in enumerate(partnerships)
        if (not one.origins or origins.intersection(one.origins))
        and (not one.destination or destinations.intersection(one.destination))
    ]


def known_edges(explainer: Explainer, workers: I64, vacancies: I64) -> pl.DataFrame:
    """The plan's own edges between these, numbered by place in `workers` and `vacancies` (sorted), with `weight`."""
    problem = explainer.problem
    degree = np.diff(problem.indptr)[workers]
    edges = np.repeat(problem.indptr[workers] - np.cumsum(degree) + degree, degree) + np.arange(degree.sum())
    edges = edges[np.isin(problem.vacancy[edges], vacancies)]
    return explainer.folder.edges[edges].with_columns(
        worker=pl.Series(np.searchsorted(workers, explainer.state.worker[edges]), dtype=pl.UInt32),
        vacancy=pl.Series(np.searchsorted(vacancies, problem.vacancy[edges]), dtype=pl.UInt32),
        weight=pl.Series(problem.weight[edges], dtype=pl.Int64),
    )


def place_of(label: str) -> str:
    """What a row is about, whatever the day: its label without " on " and the day."""
    place, on, day = label.rpartition(" on ")
    return place if on and day[:2].isdigit() else label


def _key(rows: Rows, number: int) -> tuple[str, str, str]:
    ref = rows.refs[number]
    return ref.partnership, ref.rule, ref.label


def row_of(ids: pl.Series, asked: str, kind: str) -> int:
    found = ids.index_of(asked)
    if found is None:
        raise BadInput(f"{kind} {asked}", "not in the plan's inputs", f"one of its {len(ids):,} {kind} ids")
    return found
