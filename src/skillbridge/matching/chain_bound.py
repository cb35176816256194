"""The upper bound that prices prove for plans of several seasons: for any prices >= 0, no plan of chains is worth more.

Each worker is credited with the best legal chain of stays after paying for every stay (or with nothing); each vacancy
and row is credited with its price for each unit it has to give.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.matching.bound import left_over
from skillbridge.matching.stay_tables import stay_tables
from skillbridge.matching.stays import MAX_CHAIN, StayRules, Stays, best_chains
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rows import Rows

Floats = npt.NDArray[np.float64]


def chain_order(edges: pl.DataFrame) -> npt.NDArray[np.int64]:
    """The numbers of the edges by worker, then start, then vacancy: the order that chains are searched in."""
    numbered = edges.select("worker", "start", "vacancy").with_row_index("n").sort("worker", "start", "vacancy")
    return numbered["n"].cast(pl.Int64).to_numpy()


def chain_tables(
    ordered: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame, partnerships: Sequence[Partnership]
) -> tuple[Stays, Stays, StayRules]:
    """(the stays that edges in chain order stand for, every worker's exact past stays, the rules that bind both)."""
    rules, kind, history = stay_tables(ordered, workers, vacancies, partnerships)
    options = Stays(
        np.searchsorted(ordered["worker"].to_numpy(), np.arange(workers.height + 1)).astype(np.int64),
        ordered["start"].cast(pl.Int32).to_numpy(),
        ordered["end"].cast(pl.Int32).to_numpy(),
        kind,
    )
    return options, history, rules


def chain_upper_bound(
    stays: tuple[Stays, Stays, StayRules],
    vacancy: npt.NDArray[np.int32],
    weight: npt.NDArray[np.int64],
    positions: npt.NDArray[np.int32],
    rows: Rows,
    vacancy_price: Floats,
    row_price: Floats,
) -> float:
    """Objective points that no plan exceeds; `vacancy`, `weight` and `rows.cell` have a value per edge in chain order.

    Raises `ValueError` for a price that proves nothing: negative, not finite, or above a soft row's penalty.
    """
    options, history, rules = stays
    value = left_over(weight, vacancy, rows, vacancy_price, row_price)
    n = len(options.indptr) - 1
    chosen, best = np.empty((n, MAX_CHAIN), dtype=np.int64), np.zeros(n)
    best_chains(
        options.indptr, options.start, options.end, options.kind, value,
        history.indptr, history.start, history.end, history.kind,
        rules.between, *rules.tables, np.arange(n), chosen, best,
    )  # fmt: skip
    return float(best.sum() + vacancy_price @ positions + row_price @ rows.limit)
