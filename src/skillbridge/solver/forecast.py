"""Who may still come: futures drawn from a past year that follow how this year differs from it.

A class of people may come more or less often than in the past year (its volume), earlier or later in the season (its
shift, with those who would have come before the opening at the opening), and with a rising or a falling rate (its
tilt). Every combination of shift and tilt is weighed by how well it explains the weeks seen so far; the volume given
them is a gamma distribution (arrivals are Poisson), and a future draws all three, then people of the past year by it.
Futures differ as much as is not known yet: widely in the first weeks, little in the last.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from skillbridge.errors import BadInput
from skillbridge.solver.problem import Problem

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

REACH = 0.25
"""Shifts considered, as a share of the season either way."""
SPREAD = 0.125
"""How fast belief in a shift falls before anything is seen: to 1/e at this share of the season (assumed)."""
TILTS = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Growth of a rate over the season, as a logarithm, about its middle (assumed; belief falls by exp(-1.5 |tilt|))."""
CERTAINTY = 4.0
"""Gamma shape of the volume before anything is seen: mean 1, standard deviation .5 (assumed)."""


@dataclass(frozen=True)
class Forecast:
    """The past year's people, who stand for this year's.

    `problem` holds their edges over the same vacancies, rows and cells as this year's; `week` int32 [people] is when
    each came, from 0 to `weeks` - 1; `kind` int32 [people] is a class whose arrivals may drift, below `kinds`. Raises
    `BadInput` where these do not fit together.
    """

    problem: Problem
    week: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int32]
    kinds: int
    weeks: int

    def __post_init__(self) -> None:
        n = self.problem.n_workers
        for name, values, end in (("week", self.week, self.weeks), ("kind", self.kind, self.kinds)):
            if len(values) != n:
                raise BadInput(f"forecast: {name}", f"{len(values)} values for {n} people", "one per person")
            if n and not (values.min() >= 0 and values.max() < end):
                raise BadInput(f"forecast: {name}", f"{values.min()} to {values.max()}", f"0 to {end - 1}")


@dataclass(frozen=True)
class Outlook:
    """What is known of each class after `week`: `belief` [hypotheses, kinds] sums to 1 over hypotheses, whose `shift`
    is in weeks and `tilt` in logarithms; the volume under each is gamma with `shape` [kinds], `rate` [hypotheses,
    kinds]."""

    forecast: Forecast
    week: int
    shift: Ints
    tilt: Floats
    belief: Floats
    shape: Floats
    rate: Floats

    def draw(self, rng: np.random.Generator) -> Ints:
        """One future: numbers of past people (again where several like them are expected) who come after `week`."""
        past = self.forecast
        hypothesis = np.array([rng.choice(len(self.shift), p=self.belief[:, kind]) for kind in range(past.kinds)])
        kinds = np.arange(past.kinds)
        volume = rng.gamma(self.shape) / self.rate[hypothesis, kinds]
        when = np.clip(past.week + self.shift[hypothesis][past.kind], 0, past.weeks - 1)
        growth = np.exp(self.tilt[hypothesis][past.kind] * _course(when, past.weeks))
        expected = np.where(when > self.week, volume[past.kind] * growth, 0.0)
        return np.repeat(np.arange(len(when)), rng.poisson(expected))


def outlook(forecast: Forecast, week: npt.NDArray[np.int32], kind: npt.NDArray[np.int32], now: int) -> Outlook:
    """What is known after week `now`, when people of `kind` int32 [people] have come in `week` int32 [people]."""
    weeks, kinds = forecast.weeks, forecast.kinds
    reach = int(np.ceil(weeks * REACH))
    pairs = list(product(range(-reach, reach + 1), TILTS))
    shift, tilt = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    past = _counts(forecast.kind, forecast.week, kinds, weeks)
    steady = 0.98 * past + 0.02 * past.mean(axis=1, keepdims=True) + 0.05  # a week without arrivals is no proof
    seen = _counts(kind, week, kinds, weeks)[:, : now + 1]
    total = seen.sum(axis=1)
    belief, rate = np.empty((len(pairs), kinds)), np.empty((len(pairs), kinds))
    for number, (move, slope) in enumerate(pairs):
        moved = np.zeros((weeks, kinds))
        np.add.at(moved, np.clip(np.arange(weeks) + move, 0, weeks - 1), steady.T)
        like = np.maximum(moved.T * np.exp(slope * _course(np.arange(weeks), weeks)), 0.3)[:, : now + 1]
        rate[number] = like.sum(axis=1) + CERTAINTY
        belief[number] = (
            (seen * np.log(like)).sum(axis=1)
            + gammaln(total + CERTAINTY)
            - (total + CERTAINTY) * np.log(rate[number])
            - abs(move) / (SPREAD * weeks)
            - 1.5 * abs(slope)
        )
    belief = np.exp(belief - belief.max(axis=0))
    return Outlook(forecast, now, shift, tilt, belief / belief.sum(axis=0), total + CERTAINTY, rate)


def _course(week: npt.NDArray[np.signedinteger], weeks: int) -> Floats:
    """Where in the season a week is, from -.5 to .5."""
    return week / max(1, weeks - 1) - 0.5


def _counts(kind: npt.NDArray[np.int32], week: npt.NDArray[np.int32], kinds: int, weeks: int) -> Floats:
    """People by kind and week, float64 [kinds, weeks]."""
    counts = np.zeros((kinds, weeks))
    np.add.at(counts, (kind, week), 1.0)
    return counts
