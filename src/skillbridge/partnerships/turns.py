"""Whose turn it is where places are short, as the agreements' order rules have it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.partnerships.admission import pairs_hold
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.employers import OrderRule
from skillbridge.partnerships.view import View

I64 = npt.NDArray[np.int64]


def turns(
    edges: pl.DataFrame,
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
    seed: int = 0,
) -> tuple[I64, I64]:
    """(turn of each edge's worker, turn of each edge's vacancy), int64 [edges], the lowest first; -1 where no order is.

    `edges` follows tables.EDGES. Of several orders of one agreement that bind an edge the first in its file speaks.
    `seed` is the run's, for lotteries.
    """
    of_worker, of_vacancy = (np.full(edges.height, -1, dtype=np.int64) for _ in range(2))
    pathway = edges["pathway"].to_numpy()
    view: View | None = None
    for number, partnership in enumerate(partnerships):
        for rule in partnership.binding:
            if not isinstance(rule, OrderRule) or rule.method == "optimised":
                continue
            frame, result = (workers, of_worker) if rule.of == "workers" else (vacancies, of_vacancy)
            at = np.flatnonzero((pathway == number) & (result < 0))
            view = view or View(workers, vacancies)
            worker, vacancy = (edges[name].to_numpy()[at].astype(np.int64) for name in ("worker", "vacancy"))
            who = rule.population(view, partnership)
            means = pairs_hold(who.include, worker, vacancy) & ~pairs_hold(who.exclude, worker, vacancy)
            rank = rule.rank(frame, seed)
            result[at[means]] = rank[(worker if rule.of == "workers" else vacancy)[means]]
    return of_worker, of_vacancy
