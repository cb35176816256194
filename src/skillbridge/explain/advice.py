"""What one more place is worth, row by row: foreseen from prices, confirmed by planning again with it."""

from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
import numpy.typing as npt

from skillbridge.explain.explainer import Explainer
from skillbridge.explain.margins import Season
from skillbridge.explain.resolve import twins

I64 = npt.NDArray[np.int64]
STEPS = (1, 10, 100)
LOOKED_AT = 4
"""Rows priced anew for each row told."""
FOLLOWS = frozenset({"housing", "guarantee", "employer_gate"})
"""Kinds of rule whose rows follow from vacancies: told after those that agreements set."""


class Effect(msgspec.Struct, frozen=True):
    """What `more` in a row would do, in objective points: `gained`, with `placed` heads more, was found by planning
    again with `anew` workers placed anew.

    `foreseen` is the growth of the bound with prices found anew, which price x more overstates. A plan that is far from
    its bound may gain more than that, by what it lacked before.
    """

    more: int
    foreseen: float
    gained: int
    placed: int
    anew: int


class RowAdvice(msgspec.Struct, frozen=True):
    """A row of a rule (of several agreements, where they state the same) and what more of it is worth.

    `price` is what the plan's certificate charges for one; the value of the next lies from 0 to it, that of the one
    before is `last` or less, all in objective points. `kind` is the rule's; `share`: a minimum or share, where one more
    is one unit of slack. `positions`: with as many positions more in the one vacancy that the row is about, as neither
    is worth anything alone. `whole`: confirmed by planning the whole season again; else around the row, which may miss
    gains.
    """

    partnership: str
    rule: str
    kind: str
    row: str
    unit: str
    limit: int
    used: int
    price: float
    last: float
    share: bool
    positions: bool
    whole: bool
    effects: tuple[Effect, ...]


def advise(
    explainer: Explainer, *, partnership: str | None = None, top: int = 12, steps: Sequence[int] = STEPS
) -> list[RowAdvice]:
    """The hard rows of a plan (of one partnership, if named) of which one more is worth most, quotas first, each step
    confirmed.

    Rows of which more is worth nothing are left out, also where they have a price: two limits that stop the same share
    one. Cost: prices found anew and two solves a row and step.
    """
    problem, refs = explainer.problem, explainer.problem.rows.refs
    season = Season(problem, explainer.chosen, np.concatenate([explainer.vacancy_price, explainer.row_price]))
    kinds = {(one.id, rule.id): rule.kind for one in explainer.folder.partnerships for rule in one.binding}
    base = season.base[1] if len(refs) else 0.0
    found: list[RowAdvice] = []
    told: set[int] = set()
    for number in _by_price(explainer, partnership, kinds)[: LOOKED_AT * top]:
        if len(found) == top:
            break
        if number in told:
            continue
        alike, positions = _place(explainer, number)
        told.update(alike)
        grown = partial(season.bound_with, alike, positions=positions)
        if grown(1) - base < 0.5:
            continue
        effects = [
            Effect(more, round(max(0.0, grown(more) - base), 1), gain.points, gain.placed, gain.anew)
            for more, gain in zip(steps, season.gains(alike, steps, positions), strict=True)
        ]
        found.append(
            RowAdvice(
                partnership=", ".join(dict.fromkeys(refs[n].partnership for n in alike)),
                rule=refs[number].rule,
                kind=kinds.get((refs[number].partnership, refs[number].rule), ""),
                row=refs[number].label,
                unit=refs[number].unit,
                limit=int(problem.rows.limit[number]),
                used=int(explainer.state.used[number]),
                price=round(float(explainer.row_price[alike].sum() + explainer.vacancy_price[positions].sum()), 3),
                last=round(max(0.0, base - grown(-1)), 1),
                share=bool(explainer.state.share[number]),
                positions=bool(positions),
                whole=season.whole,
                effects=tuple(effects),
            )
        )
    return found


def _place(explainer: Explainer, number: int) -> tuple[list[int], list[int]]:
    """(rows, vacancies) to be raised together: the rows that say the same; for a row about one vacancy alone its
    other used-up rows and, if they are all taken, its positions too."""
    problem, state = explainer.problem, explainer.state
    column = problem.rows.vacancy_rows[:, [number]].tocoo()
    over, in_cells = np.unique(column.coords[0]), problem.rows.cell_rows[:, [number]].nnz
    if in_cells or len(over) != 1:
        return twins(problem.rows, number), []
    vacancy = int(over[0])
    matrix = problem.rows.vacancy_rows
    mine = matrix.indices[matrix.indptr[vacancy] : matrix.indptr[vacancy + 1]]
    alone = [
        int(row)
        for row in mine
        if state.used[row] >= problem.rows.limit[row]
        and matrix[:, [int(row)]].nnz == 1
        and not problem.rows.cell_rows[:, [int(row)]].nnz
    ]
    full = state.heads[vacancy] >= problem.positions[vacancy]
    return sorted({number, *alone}), [vacancy] if full else []


def _by_price(explainer: Explainer, partnership: str | None, kinds: dict[tuple[str, str], str]) -> list[int]:
    """Hard rows with a price: quotas before what follows from vacancies (beds, hours), then the dearest first."""
    refs, rows = explainer.problem.rows.refs, explainer.problem.rows
    priced = [
        number
        for number, ref in enumerate(refs)
        if explainer.row_price[number] > 1e-6
        and ref.penalty is None
        and (partnership is None or ref.partnership == partnership)
    ]
    worth = explainer.row_price * np.maximum(rows.limit, 1)
    return sorted(priced, key=lambda n: (kinds.get((refs[n].partnership, refs[n].rule)) in FOLLOWS, -worth[n], n))


class Accuracy(msgspec.Struct, frozen=True):
    """How far what was foreseen for `rows` held: `share` of the foreseen points that plans gained, with the bounds of a
    95 % interval over rows (null for fewer than two)."""

    rows: int
    share: float
    low: float | None = None
    high: float | None = None


DRAWS = 2_000
"""Bootstrap samples of the interval."""


def accuracy(effects: Sequence[Effect], *, seed: int = 0) -> Accuracy | None:
    """What plans gained with some more of each row over what was foreseen, summed over rows; None where nothing was.

    The interval holds the middle 95 % of the shares of `DRAWS` samples of the rows, drawn with `seed`.
    """
    told = [effect for effect in effects if effect.foreseen > 0]
    if not told:
        return None
    gained, foreseen = (np.array([getattr(one, name) for one in told]) for name in ("gained", "foreseen"))
    share = float(gained.sum() / foreseen.sum())
    if len(told) < 2:
        return Accuracy(len(told), share)
    drawn = np.random.default_rng(seed).integers(len(told), size=(DRAWS, len(told)))
    low, high = np.quantile(gained[drawn].sum(axis=1) / foreseen[drawn].sum(axis=1), (0.025, 0.975))
    return Accuracy(len(told), share, float(low), float(high))
