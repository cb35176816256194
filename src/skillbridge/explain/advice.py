"""What one more place is worth, row by row: predicted from the prices, confirmed by solving again with it."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import numpy.typing as npt

from skillbridge.explain.explainer import Explainer
from skillbridge.explain.resolve import loosened, nearby
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import EXACT_WORKERS, solve

I64 = npt.NDArray[np.int64]
STEPS = (1, 10, 100)


class Effect(msgspec.Struct, frozen=True):
    """What `more` in a row would do: `predicted` and `gained` in objective points, `placed` in heads.

    `predicted` is price x more, which no plan can exceed; `gained` and `placed` are confirmed by a re-solve.
    """

    more: int
    predicted: float
    gained: int
    placed: int


class RowAdvice(msgspec.Struct, frozen=True):
    """A row of a rule and what more of it is worth. `share`: a minimum or share, where one more is one unit of slack.

    `whole`: confirmed by solving the whole plan again to proven optimality; else those who wait were placed anew by an
    exact re-solve and everyone else kept, which may miss gains but never overstates them.
    """

    partnership: str
    rule: str
    row: str
    unit: str
    limit: int
    used: int
    price: float
    share: bool
    whole: bool
    effects: tuple[Effect, ...]


def advise(
    explainer: Explainer, *, partnership: str | None = None, top: int = 12, steps: Sequence[int] = STEPS
) -> list[RowAdvice]:
    """The dearest hard rows of a plan (of one partnership, if named), dearest first, each step confirmed.

    Rows without a price are left out: one more of them is worth nothing. Cost: one exact re-solve a row and step.
    """
    problem, state = explainer.problem, explainer.state
    refs = problem.rows.refs
    priced = [
        number
        for number in np.lexsort((np.arange(len(refs)), -explainer.row_price)).tolist()
        if explainer.row_price[number] > 1e-6
        and refs[number].penalty is None
        and (partnership is None or refs[number].partnership == partnership)
    ][:top]
    whole = problem.n_workers <= EXACT_WORKERS
    before = _worth(problem) if whole and priced else (0, 0)
    found = []
    for number in priced:
        ref = refs[number]
        effects = [
            _whole_effect(explainer, number, more, before) if whole else _waiting_effect(explainer, number, more)
            for more in steps
        ]
        found.append(
            RowAdvice(
                partnership=ref.partnership,
                rule=ref.rule,
                row=ref.label,
                unit=ref.unit,
                limit=int(problem.rows.limit[number]),
                used=int(state.used[number]),
                price=round(float(explainer.row_price[number]), 3),
                share=bool(state.share[number]),
                whole=whole,
                effects=tuple(effects),
            )
        )
    return found


def _worth(problem: Problem) -> tuple[int, int]:
    """(objective points, heads placed) of the best plan found."""
    found = solve(problem)
    return found.objective, int((found.chosen >= 0).sum())


def _whole_effect(explainer: Explainer, row: int, more: int, before: tuple[int, int]) -> Effect:
    limit = explainer.problem.rows.limit.copy()
    limit[row] += more
    rows = replace(explainer.problem.rows, limit=limit)
    points, placed = _worth(replace(explainer.problem, rows=rows))
    predicted = float(explainer.row_price[row]) * more
    return Effect(more, round(predicted, 1), max(0, points - before[0]), placed - before[1])


def _waiting_effect(explainer: Explainer, row: int, more: int) -> Effect:
    """With everyone placed kept, those who wait behind the row placed anew: the best of them, three to a place."""
    problem, state = explainer.problem, explainer.state
    queue = (state.row == row) & (explainer.chosen < 0)[state.worker] & ~state.full
    best = np.full(problem.n_workers, -1.0)
    np.maximum.at(best, state.worker[queue], problem.weight[queue])
    waiting = np.flatnonzero((best >= 0) & (problem.group < 0))
    waiting = waiting[np.lexsort((waiting, -best[waiting]))][: 3 * more + 50]
    predicted = round(float(explainer.row_price[row]) * more, 1)
    if not len(waiting):
        return Effect(more, predicted, 0, 0)
    part = nearby(problem, explainer.chosen, np.sort(waiting))
    ref = problem.rows.refs[row]
    wider = loosened(part, (ref.partnership, ref.rule, ref.label), more)
    points, placed = _worth(part.problem)
    more_points, more_placed = _worth(wider.problem)
    return Effect(more, predicted, max(0, more_points - points), more_placed - placed)
