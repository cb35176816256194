"""Good prices at low cost: a descent on the dual function that looks at nothing but counts.

At any prices >= 0 the dual function bounds every plan (see FORMULATION.md). Its slope in a price is what is left of
that vacancy or row when every worker takes its best edge. Each price follows its own slope's sign and steadiness
(momentum over a running mean square), with steps that fall geometrically; the best prices seen are kept. A pass costs
a few nanoseconds an edge, so hundreds of passes are affordable, and they end within some hundredths of a per mille
of the linear relaxation.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from skillbridge.solver.pricing import Floats, Ints, Pricer

MOMENTUM, STEADINESS = 0.9, 0.99


def descend(
    pricer: Pricer,
    price: Floats,
    passes: int,
    steps: tuple[float, float],
    *,
    singles: Ints | None = None,
    groups: Ints | None = None,
    limits: Ints | Floats | None = None,
    tally: npt.NDArray[np.uint8] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> tuple[Floats, float]:
    """(the best prices met in `passes` passes, their bound), with steps falling from steps[0] to steps[1] points.

    Steps are those of a problem of the usual scale (`Pricer.scale`). The arguments after `steps` are those of
    `Pricer.demand`; `stopped` is asked before every pass.
    """
    room = pricer.limits if limits is None else limits
    best, best_value = price, np.inf
    walk = _Walk(price, passes, steps, pricer.scale)
    for k in range(passes):
        if stopped is not None and stopped():
            break
        found = pricer.demand(price, singles, groups, room, tally)
        if found.value < best_value:
            best, best_value = price, found.value
        price = np.clip(price - walk.step(k, room - found.use), 0.0, pricer.ceiling)
    return best, best_value


def shared(
    now: Pricer, later: list[Pricer], prices: list[Floats], passes: int, steps: tuple[float, float]
) -> list[Floats]:
    """The prices of several futures whose mean guides the people of `now`, from `prices` on; as :func:`descend`.

    The people of `now` are decided before it is known which future comes, so they choose at the mean of all prices and
    take the same from every future, whose own people (`later`, over the same limits) choose at its prices: the dual of
    a plan in two stages. The sum of what `now` is worth and the mean of what futures are bounds every such plan.
    """
    room, price = now.limits, np.array(prices)
    nothing = np.zeros_like(room)
    best, best_value = price, np.inf
    walk = _Walk(price, passes, steps, now.scale)
    for k in range(passes):
        present = now.demand(price.mean(axis=0), limits=nothing)
        futures = [one.demand(at, limits=room) for one, at in zip(later, price, strict=True)]
        value = present.value + float(np.mean([one.value for one in futures]))
        if value < best_value:
            best, best_value = price, value
        slope = room - present.use - np.array([one.use for one in futures])
        price = np.clip(price - walk.step(k, slope), 0.0, now.ceiling)
    return list(best)


class _Walk:
    """How far prices of one shape move in each pass, by the slopes seen so far."""

    def __init__(self, price: Floats, passes: int, steps: tuple[float, float], scale: float) -> None:
        self._drift, self._square = np.zeros_like(price), np.zeros_like(price)
        self._passes, self._steps = passes, (scale * steps[0], scale * steps[1])

    def step(self, k: int, slope: Floats | Ints) -> Floats:
        """What to take off the prices in pass `k`, where `slope` is what is left of each limit."""
        first, last = self._steps
        self._drift = MOMENTUM * self._drift + (1 - MOMENTUM) * slope
        self._square = STEADINESS * self._square + (1 - STEADINESS) * slope * slope
        size = first * (last / first) ** (k / self._passes)
        step = size / (1 - MOMENTUM ** (k + 1)) * self._drift
        return np.asarray(step / (np.sqrt(self._square / (1 - STEADINESS ** (k + 1))) + 1e-3))


def sample(pricer: Pricer, share: float, seed: int) -> tuple[Ints, Ints, Floats]:
    """(workers alone, groups, limits) of a random `share` of the pool, the limits scaled to what was drawn."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, round(share * 1e6)]))
    singles = pricer.singles[rng.random(len(pricer.singles)) < share]
    groups = pricer.all_groups[rng.random(pricer.groups.n_groups) < share]
    drawn = len(singles) + len(groups)
    return (
        singles,
        groups,
        pricer.limits.astype(np.float64) * (drawn / max(1, len(pricer.singles) + pricer.groups.n_groups)),
    )
