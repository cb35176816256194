"""Policies, the optimum and other people's answers on one instance, each scored by the judge."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import polars as pl

from skillbridge.benchmark.instance import Instance, read, write_card
from skillbridge.benchmark.judge import judge, read_answer
from skillbridge.errors import BadInput
from skillbridge.solver import policies
from skillbridge.solver.greedy import greedy
from skillbridge.solver.plan import Solution
from skillbridge.solver.pricing import Ints, Pricer
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve

ANSWERS = "answers"
"""The folder of an instance for answers of others, each `<name>.csv`."""


class Score(msgspec.Struct, frozen=True):
    """A line of the board. `points` in objective points, `share` of the bound (0 to 1), `behind` the share of the
    optimum's points that it loses, `placed` heads, `first_quarter` the share placed of the first quarter to arrive;
    `cpu_seconds` of an answer of others is what its maker says, else None, and so is `what`; `broken` says why an
    answer does not count."""

    instance: str
    family: str
    workers: int
    entry: str
    points: int
    share: float
    behind: float
    placed: int
    first_quarter: float
    cpu_seconds: float | None
    broken: tuple[str, ...] = ()
    what: str = ""


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`<name>.json` beside an answer of others, as its maker says: `what` it is, and the `cpu_seconds` it took."""

    what: str = ""
    cpu_seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None


def _greedy(made: Instance) -> Ints:
    board = greedy(Pricer(made.problem))
    return board.chosen if board.legal else np.full(made.problem.n_workers, -1, np.int64)


def _batches(made: Instance) -> Ints:
    def plan(part: Problem) -> Solution:
        return solve(part, seed=made.card.seed, time_limit=9.0, clock=lambda: 0.0)  # the fast effort, to its end

    return policies.batches(made.problem, made.arrival, plan)


POLICIES: dict[str, tuple[str, Callable[[Instance], Ints]]] = {
    "greedy": ("the best offer first, wherever it fits", _greedy),
    "lottery": (
        "workers drawn by lot (US H-2B)",
        lambda made: policies.lottery(made.problem, made.card.seed),
    ),
    "first-come": (
        "workers in the order they came",
        lambda made: policies.first_come(made.problem, made.arrival),
    ),
    "points": ("workers by a points test (Korea EPS)", lambda made: policies.points(made.problem, made.points)),
    "click-day": (
        "vacancies in the order they came (Italy)",
        lambda made: policies.click_day(made.problem, made.opened),
    ),
    "forty-percent": (
        "40 % of every vacancy, then in the order they came (New Zealand RSE)",
        lambda made: policies.proportional(made.problem, made.opened, 0.4),
    ),
    "deferred-acceptance": (
        "workers propose, vacancies keep the best (crews do not propose)",
        lambda made: policies.deferred_acceptance(made.problem),
    ),
    "batches": ("twelve batches as they came, each planned best, nobody moved after", _batches),
}
"""Name -> (what it is, the edge of each worker or -1)."""

OPTIMUM = "optimum"


def run(root: Path, *, time_limit: float, clock: Callable[[], float], only: tuple[str, ...] = ()) -> Iterator[Score]:
    """The optimum's score first, then each policy's (or those of `only`), then each answer's in `root`/answers.

    The bound that prices prove is kept in instance.json where it is better than the one there. `time_limit` is
    seconds of `clock` for the optimum, CPU-seconds as a rule. Raises `BadInput` for an unknown policy or instance.
    """
    unknown = sorted(set(only) - set(POLICIES))
    if unknown:
        raise BadInput("policy", ", ".join(unknown), ", ".join(POLICIES))
    made = read(root)
    start = clock()
    best = solve(made.problem, seed=made.card.seed, time_limit=time_limit, clock=clock)
    spent = clock() - start
    bound = min(best.bound, made.card.bound or np.inf)
    write_card(msgspec.structs.replace(made.card, bound=round(bound, 3)), root)
    line = partial(_score, made, root, bound, best.objective)
    yield line(OPTIMUM, _answer(best.chosen), spent)
    for name in only or POLICIES:
        start = clock()
        chosen = POLICIES[name][1](made)
        yield line(name, _answer(chosen), clock() - start)
    for path in sorted((root / ANSWERS).glob("*.csv")):
        yield _entered(line, path)


def _entered(line: Callable[..., Score], path: Path) -> Score:
    """The score of an answer of others; one that cannot be read is on the board as broken, and stops no other."""
    claim, wrong = Claim(), ""
    try:
        claim = read_claim(path.with_suffix(".json"))
        answer = read_answer(path)
    except BadInput as error:
        answer, wrong = _answer(np.zeros(0, np.int64)), str(error)
    score = line(path.stem, answer, claim.cpu_seconds)
    return msgspec.structs.replace(score, what=claim.what, broken=(wrong,) if wrong else score.broken)


def read_claim(path: Path) -> Claim:
    """What the maker of an answer says of it, nothing where there is no such file; raises `BadInput`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Claim)
    except FileNotFoundError:
        return Claim()
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput(str(path), str(error), '{"what": "...", "cpu_seconds": 1.5}, either may be left out') from error


def _answer(chosen: Ints) -> pl.DataFrame:
    workers = np.flatnonzero(chosen >= 0)
    return pl.DataFrame({"worker": workers, "edge": chosen[workers]}, schema={"worker": pl.Int64, "edge": pl.Int64})


def _score(
    made: Instance, root: Path, bound: float, best: int, entry: str, answer: pl.DataFrame, spent: float | None
) -> Score:
    found = judge(root, answer)
    return Score(
        instance=made.card.name,
        family=made.card.family,
        workers=made.card.workers,
        entry=entry,
        points=found.points,
        share=round(found.points / bound, 5) if bound > 0 else 1.0,
        behind=round(1 - found.points / best, 5) if best > 0 else 0.0,
        placed=found.placed,
        first_quarter=round(found.first_quarter, 4),
        cpu_seconds=None if spent is None else round(spent, 2),
        broken=found.broken[:20],
    )
