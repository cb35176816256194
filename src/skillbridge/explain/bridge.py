"""The skills bridge: which training, for how many and where, would place the most of those who wait."""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.explain.explainer import Explainer, local_problem, new_edges
from skillbridge.matching.filters import Reason
from skillbridge.model import CEFR
from skillbridge.solver.solve import solve
from skillbridge.tables import parse_languages, parse_list

I64 = npt.NDArray[np.int64]
WAITING, OPEN, TRAINED = 4_000, 250, 200
"""Workers who wait and vacancies with open positions that are looked at, and workers trained in one confirmation."""


class Training(msgspec.Struct, frozen=True):
    """A training and what it would bring, confirmed under every rule of the agreements with everyone placed kept.

    `kind` language or licence with its `values`; `able`: workers who would have a candidate among the open vacancies;
    `seats`: how many more of them would be placed, which is how many are worth training; `points` gained by the plan;
    `origins` and `destinations` of those placed with it, in heads.
    """

    kind: str
    values: dict[str, str]
    able: int
    seats: int
    points: int
    origins: dict[str, int]
    destinations: dict[str, int]


def trainings(explainer: Explainer, *, top: int = 10) -> list[Training]:
    """The trainings that place most, most first; alternatives, not to be added up: they compete for the same positions.

    Looks at up to WAITING workers without a place, spread over the pool, and the OPEN vacancies with most left.
    """
    state, problem = explainer.state, explainer.problem
    left = problem.positions - state.heads
    vacancies = np.flatnonzero(left > 0)
    vacancies = np.sort(vacancies[np.argsort(-left[vacancies], kind="stable")][:OPEN])
    waiting = np.flatnonzero((explainer.chosen < 0) & (problem.group < 0))
    if len(waiting) > WAITING:
        waiting = waiting[np.linspace(0, len(waiting) - 1, WAITING).astype(np.int64)]
    if not len(waiting) or not len(vacancies):
        return []
    closed = explainer.closed(np.repeat(waiting, len(vacancies)), np.tile(vacancies, len(waiting)))
    table = closed.reshape(len(waiting), len(vacancies))
    found = []
    for kind, values, learn, mask in _options(explainer, waiting, vacancies, table):
        who = waiting[mask.any(axis=1)][:TRAINED]
        result = _tried(explainer, kind, values, explainer.folder.workers[who], learn, who, vacancies[mask.any(axis=0)])
        if result is not None:
            found.append(result)
    return sorted(found, key=lambda one: (-one.seats, -one.points, one.kind, sorted(one.values.items())))[:top]


Option = tuple[str, dict[str, str], Callable[[pl.DataFrame], pl.DataFrame], npt.NDArray[np.bool_]]


def _options(explainer: Explainer, waiting: I64, vacancies: I64, closed: npt.NDArray[np.int64]) -> Iterator[Option]:
    """(kind, values, the lesson, which pairs it could open) for every language level and licence that is asked for."""
    jobs = explainer.folder.vacancies[vacancies]
    asked = [parse_languages(text) for text in jobs["languages"]]
    barred = closed == int(Reason.LANGUAGE)
    for tongue, level in sorted({pair for one in asked for pair in one.items()}):
        mask = barred & np.array([one.get(tongue) == level for one in asked])
        if mask.any():
            yield "language", {"language": tongue, "level": level}, _speaks(tongue, level), mask
    needed = [set(parse_list(text)) for text in jobs["licences"]]
    barred = closed == int(Reason.LICENCE)
    for licence in sorted(set().union(*needed)):
        mask = barred & np.array([licence in one for one in needed])
        if mask.any():
            yield "licence", {"licence": licence}, _holds(licence), mask


def _speaks(tongue: str, level: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def learn(people: pl.DataFrame) -> pl.DataFrame:
        texts = []
        for text in people["languages"]:
            held = parse_languages(text)
            best = max(level, held.get(tongue, level), key=CEFR.index)
            texts.append(";".join(f"{name}:{one}" for name, one in {**held, tongue: best}.items()))
        return people.with_columns(languages=pl.Series(texts, dtype=pl.String))

    return learn


def _holds(licence: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def learn(people: pl.DataFrame) -> pl.DataFrame:
        texts = [";".join(dict.fromkeys([*parse_list(text), licence])) for text in people["licences"]]
        return people.with_columns(licences=pl.Series(texts, dtype=pl.String))

    return learn


def _tried(
    explainer: Explainer,
    kind: str,
    values: dict[str, str],
    people: pl.DataFrame,
    learn: Callable[[pl.DataFrame], pl.DataFrame],
    who: I64,
    vacancies: I64,
) -> Training | None:
    jobs = explainer.folder.vacancies[vacancies]
    before = _solved(explainer, people, who, vacancies, jobs)
    after = _solved(explainer, learn(people), who, vacancies, jobs)
    if after is None or before is None or len(after[1]) <= len(before[1]):
        return None
    edges, taken, points, able = after[0], after[1], after[2], after[3]
    chosen = edges[taken]
    return Training(
        kind=kind,
        values=values,
        able=able,
        seats=len(taken) - len(before[1]),
        points=points - before[2],
        origins=_heads(people["origin"].gather(chosen["worker"])),
        destinations=_heads(jobs["destination"].gather(chosen["vacancy"])),
    )


def _solved(
    explainer: Explainer, people: pl.DataFrame, who: I64, vacancies: I64, jobs: pl.DataFrame
) -> tuple[pl.DataFrame, list[int], int, int] | None:
    """(edges, those taken, points, workers with an edge) of the best placing of these people; None if not proven."""
    edges = new_edges(explainer, people, jobs)
    if edges.is_empty():
        return edges, [], 0, 0
    solution = solve(local_problem(explainer, people, vacancies, jobs, edges, who))
    taken = solution.chosen[solution.chosen >= 0].tolist()
    return None if solution.status != "optimal" else (edges, taken, solution.objective, edges["worker"].n_unique())


def _heads(values: pl.Series) -> dict[str, int]:
    counts = pl.DataFrame({"value": values}).group_by("value").len().sort("len", "value", descending=[True, False])
    return dict(counts.rows())
