"""Who chooses among which stays in a plan of several seasons, and the upper bound that prices prove for it.

A unit is a person alone or a group; it may take what breaks none of its members' own terms (:mod:`skillbridge.wishes`).
For any prices >= 0, no plan of chains is worth more than this: each unit is credited with the best legal chain of stays
after paying for every seat (or with nothing); each vacancy and row is credited with its price for all it has to give.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.matching.bound import left_over
from skillbridge.matching.stay_tables import stay_tables
from skillbridge.matching.stays import MAX_CHAIN, Options, People, StayRules, Stays, best_chains
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rows import Rows
from skillbridge.rates import load_rates
from skillbridge.wishes import away_when_home, earnings, target
from skillbridge.wishes import read as read_wishes

Floats = npt.NDArray[np.float64]
_OPTION = ["unit", "start", "vacancy", "pathway", "end"]


@dataclass(frozen=True)
class Choices:
    """The `options` of all units, their `people`, the `rules` that bind them; `edge` int64 [seats] is each seat's edge.

    `barred` counts edges that somebody's own terms, or a group whose members cannot all come, leave out.
    """

    options: Options
    people: People
    rules: StayRules
    edge: npt.NDArray[np.int64]
    barred: int


def chain_choices(
    edges: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame, partnerships: Sequence[Partnership]
) -> Choices:
    """What every person alone and every group can choose among tables.EDGES. Raises `BadInput` for unreadable wishes.

    A group chooses vacancies that all its members can take by the same pathway on the same days.
    """
    rules, kind, history = stay_tables(edges, workers, vacancies, partnerships)
    unit, size = units(workers)
    worker = edges["worker"].to_numpy().astype(np.int64)
    seats = (
        edges.select("worker", *_OPTION[1:])
        .with_columns(unit=pl.Series(unit[worker]), size=pl.Series(size[unit[worker]]))
        .with_columns(edge=pl.int_range(pl.len(), dtype=pl.Int64))
        .filter(~pl.Series(away_when_home(edges, workers)))
        .filter(pl.len().over(_OPTION) == pl.col("size"))
        .sort(*_OPTION, "worker")
    )
    edge = seats["edge"].to_numpy()
    wide = seats["size"].to_numpy()
    first = np.zeros(len(wide), dtype=np.bool_)  # the first seat of each option
    at = 0
    while at < len(wide):
        first[at] = True
        at += int(wide[at])
    begins = np.flatnonzero(first)
    options = Options(
        np.searchsorted(seats["unit"].to_numpy()[begins], np.arange(len(size) + 1)).astype(np.int64),
        seats["start"].cast(pl.Int32).to_numpy()[begins],
        seats["end"].cast(pl.Int32).to_numpy()[begins],
        np.append(begins, len(wide)).astype(np.int64),
        kind[edge],
        _earned(edges, edge, workers, vacancies),
    )
    person = np.lexsort((np.arange(workers.height), unit))
    return Choices(options, _people(person, size, workers, history), rules, edge, edges.height - len(edge))


def units(workers: pl.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(the unit of each worker, how many members each unit has): units are numbered by their first member's row."""
    group = pl.col("group_id").replace("", None)
    numbered = workers.select(group, row=pl.int_range(pl.len(), dtype=pl.Int64))
    first = pl.when(pl.col("group_id").is_null()).then("row").otherwise(pl.col("row").min().over("group_id"))
    lead = numbered.select(first).to_series()
    _, unit, size = np.unique(lead.to_numpy(), return_inverse=True, return_counts=True)
    return unit.astype(np.int64), size.astype(np.int64)


def _earned(
    edges: pl.DataFrame, seats: npt.NDArray[np.int64], workers: pl.DataFrame, vacancies: pl.DataFrame
) -> npt.NDArray[np.int64]:
    """int64 [seats]: what a seat earns in the currency of its worker's wish; 0 for those without one."""
    wishes, code = read_wishes(workers)
    earn = np.zeros(len(seats), dtype=np.int64)
    asks = np.array([one.earn is not None for one in wishes], dtype=np.bool_)
    if asks.any():
        rates, jobs = load_rates(), vacancies.to_dicts()
        asked = np.flatnonzero(asks[code[edges["worker"].to_numpy()[seats]]])
        some = edges[seats[asked]].select("worker", "vacancy", "start", "end")
        for seat, (worker, vacancy, start, end) in zip(asked.tolist(), some.iter_rows(), strict=True):
            wanted = wishes[int(code[worker])].earn
            earn[seat] = earnings(jobs[vacancy], start, end, wanted[1], rates) if wanted else 0
    return earn


def _people(
    person: npt.NDArray[np.int64], size: npt.NDArray[np.int64], workers: pl.DataFrame, history: Stays
) -> People:
    """The units' members, `person` [workers] their rows in the order of units, with their past stays."""
    wishes, code = read_wishes(workers)
    rates = load_rates()
    aims = np.array([target(one, rates) for one in wishes], dtype=np.int64)
    count = np.diff(history.indptr)[person]
    past = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    at = np.repeat(history.indptr[person] - past[:-1], count) + np.arange(int(past[-1]))
    return People(
        np.concatenate([[0], np.cumsum(size)]).astype(np.int64), aims[code[person]] if len(person) else aims[:0], past,
        history.start[at], history.end[at], history.kind[at],
    )  # fmt: skip


def chain_upper_bound(
    choices: Choices,
    vacancy: npt.NDArray[np.int32],
    weight: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int32],
    rows: Rows,
    vacancy_price: Floats,
    row_price: Floats,
) -> float:
    """Objective points that no plan exceeds; `vacancy`, `weight` and `rows.cell` have a value per edge.

    Raises `ValueError` for a price that proves nothing: negative, not finite, or above a soft row's penalty.
    """
    of_edges = left_over(weight, vacancy, rows, vacancy_price, row_price)
    options = choices.options
    seats = options.seats[:-1]
    value = np.add.reduceat(of_edges[choices.edge], seats) if len(seats) else of_edges[:0]
    n = len(options.indptr) - 1
    chosen, best = np.empty((n, MAX_CHAIN), dtype=np.int64), np.zeros(n)
    best_chains(options, choices.people, choices.rules.law, value, np.arange(n), chosen, best)
    return float(best.sum() + vacancy_price @ positions + row_price @ rows.limit)
