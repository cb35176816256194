"""Better plans by chains of moves of workers alone (swaps.py) and of whole groups (crews.py), in sweeps."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from skillbridge.solver.board import Board
from skillbridge.solver.crews import Options, option_surplus, sweep_crews
from skillbridge.solver.pricing import Floats
from skillbridge.solver.swaps import Seated, link_all, nearby, sweep

ASKED = 200
"""Times that a sweep asks whether it should stop, at most."""


def improve(
    board: Board,
    price: Floats,
    *,
    within: float = 100.0,
    reach: float = 300.0,
    starts: tuple[float, ...] = (0.0, 15.0, 40.0),
    sweeps: int = 3,
    look: int = 64,
    who: Literal["everyone", "alone", "groups"] = "everyone",
    seed: int = 0,
    stopped: Callable[[], bool] | None = None,
) -> int:
    """Points gained by chains from a legal plan.

    Chains start on edges `reach` points or less from their worker's best that promise to lower what the plan lacks, or
    raise it by at most starts[0] points (then starts[1], and so on), in up to `sweeps` sweeps each; whoever moves on
    does so over edges `within` points of the best. A start that failed is tried again only once something near it has
    changed. An exceeded limit is asked for at most `look` of its occupants. Groups start chains
    that promise to raise the sum not at all. `who` starts chains: workers alone, groups, or both.
    """
    pricer, b = board.pricer, board.tables
    near = nearby(pricer, price, within, reach)
    owners, n = len(b.owner_ptr) - 1, board.problem.n_workers
    owner = np.repeat(np.arange(owners), np.diff(b.owner_ptr))
    order = np.lexsort((owner, b.row))
    seated = Seated(
        np.full(owners, -1, np.int64),
        np.full(2 * n, -1, np.int64),
        np.full(2 * n, -1, np.int64),
        np.searchsorted(b.row[order], np.arange(len(b.left) + 1)),
        owner[order],
        np.zeros(owners, np.int64),
        np.full(len(near.edge), -1, np.int64),
        np.ones(1, np.int64),
    )
    link_all(pricer.singles[board.chosen[pricer.singles] >= 0], board.chosen, seated, b)
    rng = np.random.default_rng(seed)
    total, at = 0.0, pricer.surcharge(price)
    options = Options(
        option_surplus(pricer.groups, pricer.edges, at), np.full(len(pricer.groups.seat_ptr), -1, np.int64)
    )
    crews = np.flatnonzero(np.diff(pricer.groups.option_ptr))
    for start in starts:
        for _ in range(sweeps):
            gained = 0.0
            singles = rng.permutation(pricer.singles) if who != "groups" else pricer.singles[:0]
            for part in np.array_split(singles, min(ASKED, 1 + len(singles) // 500)):
                if stopped is not None and stopped():
                    return int(total + gained)
                gained += float(sweep(part, board.chosen, price, start * pricer.scale, look, near, seated, b))
            movable = crews if start <= 0 and who != "alone" else crews[:0]
            for part in np.array_split(rng.permutation(movable), min(ASKED, 1 + len(movable) // 100)):
                if stopped is not None and stopped():
                    return int(total + gained)
                gained += float(
                    sweep_crews(part, board.chosen, price, at, start, look, near, seated, b, pricer.groups, options)
                )
            total += gained
            if not gained:
                break
    return int(total)
