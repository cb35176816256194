"""What one more place is worth, row by row: predicted from the prices, confirmed by solving again with it."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import numpy.typing as npt

from skillbridge.explain.explainer import Explainer
from skillbridge.explain.resolve import changed, nearby, twins
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve

I64 = npt.NDArray[np.int64]
STEPS = (1, 10, 100)
WHOLE = 600
"""Workers up to which the whole season is solved again, in about a second a step."""


class Effect(msgspec.Struct, frozen=True):
    """What `more` in a row would do: `predicted` and `gained` in objective points, `placed` in heads.

    `predicted` is price x more, which no plan can exceed; `gained` and `placed` are confirmed by a re-solve.
    """

    more: int
    predicted: float
    gained: int
    placed: int


class RowAdvice(msgspec.Struct, frozen=True):
    """A row of a rule (of several agreements, where they state the same) and what more of it is worth.

    `share`: a minimum or share, where one more is one unit of slack. `whole`: confirmed by solving the whole plan again
    to proven optimality; else those who wait were placed anew by an exact re-solve and everyone else kept, which may
    miss gains but never overstates them.
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
    """The hard rows of a plan (of one partnership, if named) worth most in all, quotas first, each step confirmed.

    Rows without a price are left out: one more of them is worth nothing. Cost: one exact re-solve a row and step.
    """
    problem, state = explainer.problem, explainer.state
    refs = problem.rows.refs
    whole = problem.n_workers <= WHOLE
    before: tuple[int, int] | None = None
    found: list[RowAdvice] = []
    told: set[int] = set()
    for number in _by_price(explainer, partnership):
        if len(found) == top:
            break
        if number in told:
            continue
        alike = twins(problem.rows, number)
        told.update(alike)
        if whole and before is None:
            before = _worth(problem)
        price = float(explainer.row_price[alike].sum())
        effects = [
            _whole_effect(explainer, alike, more, price, before)
            if before is not None
            else _waiting_effect(explainer, alike, more, price)
            for more in steps
        ]
        found.append(
            RowAdvice(
                partnership=", ".join(refs[n].partnership for n in alike),
                rule=refs[number].rule,
                row=refs[number].label,
                unit=refs[number].unit,
                limit=int(problem.rows.limit[number]),
                used=int(state.used[number]),
                price=round(price, 3),
                share=bool(state.share[number]),
                whole=whole,
                effects=tuple(effects),
            )
        )
    return found


def _by_price(explainer: Explainer, partnership: str | None) -> list[int]:
    """Hard rows with a price: quotas before what follows from vacancies (beds, hours), then the dearest first."""
    refs, rows = explainer.problem.rows.refs, explainer.problem.rows
    named = {(one.id, rule.id): rule.kind for one in explainer.folder.partnerships for rule in one.binding}
    priced = [
        number
        for number, ref in enumerate(refs)
        if explainer.row_price[number] > 1e-6
        and ref.penalty is None
        and (partnership is None or ref.partnership == partnership)
    ]
    last = {"housing", "guarantee", "employer_gate"}
    worth = explainer.row_price * np.maximum(rows.limit, 1)
    return sorted(priced, key=lambda n: (named.get((refs[n].partnership, refs[n].rule)) in last, -worth[n], n))


def _worth(problem: Problem) -> tuple[int, int]:
    """(objective points, heads placed) of the best plan found."""
    found = solve(problem)
    return found.objective, int((found.chosen >= 0).sum())


def _whole_effect(explainer: Explainer, alike: list[int], more: int, price: float, before: tuple[int, int]) -> Effect:
    limit = explainer.problem.rows.limit.copy()
    limit[alike] += more
    rows = replace(explainer.problem.rows, limit=limit)
    points, placed = _worth(replace(explainer.problem, rows=rows))
    return Effect(more, round(price * more, 1), max(0, points - before[0]), placed - before[1])


def _waiting_effect(explainer: Explainer, alike: list[int], more: int, price: float) -> Effect:
    """With everyone placed kept, those who wait behind the rows placed anew: the best of them, three to a place."""
    problem, state = explainer.problem, explainer.state
    queue = np.isin(state.row, alike) & (explainer.chosen < 0)[state.worker] & ~state.full
    best = np.full(problem.n_workers, -1.0)
    np.maximum.at(best, state.worker[queue], problem.weight[queue])
    waiting = np.flatnonzero((best >= 0) & (problem.group < 0))
    waiting = waiting[np.lexsort((waiting, -best[waiting]))][: 3 * more + 50]
    predicted = round(price * more, 1)
    if not len(waiting):
        return Effect(more, predicted, 0, 0)
    part = nearby(problem, explainer.chosen, np.sort(waiting))
    points, placed = _worth(part.problem)
    more_points, more_placed = _worth(changed(part, rows=dict.fromkeys(alike, more), positions={}).problem)
    return Effect(more, predicted, max(0, more_points - points), more_placed - placed)
