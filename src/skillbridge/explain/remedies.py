"""What might give a worker a place: the smallest changes of many kinds, foreseen from the plan's prices and its lines.

Nothing here is confirmed; :mod:`skillbridge.explain.changes` solves again before anything is shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skillbridge.explain.explainer import Explainer
from skillbridge.explain.mends import FILTERS, RULES, Step, mended
from skillbridge.matching.objective import Continuity
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rows import RowRef
from skillbridge.tables import parse_list

I64 = npt.NDArray[np.int64]
LOOKED_AT, MOST_LOOKED_AT = 5, 20
"""Vacancies looked at for each reason that rules some out, at least, and for all of them about as many."""
EDGES = 4
"""Of a worker's own candidates, how many are looked at."""
EXPERIENCE = 12
"""Months of experience more that are tried."""
SMALLEST_FIRST = (
    "consent",
    "dates",
    "preference",
    "alone",
    "language",
    "licence",
    "named",
    "experience",
    "floor",
    "education",
    "positions",
    "places",
    "wage_offered",
    "job_end",
    "occupation",
    "corridor",
)
"""Kinds of step in the order in which they are told where as many steps are needed."""


@dataclass(frozen=True)
class Remedy:
    """The worker and a vacancy (row number) as they would be.

    `steps` says what is changed in `worker` and `job`, rows of their tables (None: as they are), and in the
    `agreement`; `opens`: others are let in by it too; `alone`: apart from the crew; `room`: places more are needed
    besides; `edge`: the plan's own edge, or -1; `promise`: points by which the plan's prices let the change win, as far
    as they know.
    """

    vacancy: int
    steps: tuple[Step, ...] = ()
    worker: Mapping[str, Any] | None = None
    job: Mapping[str, Any] | None = None
    agreement: Partnership | None = None
    opens: bool = False
    alone: bool = False
    room: bool = False
    edge: int = -1
    promise: float = 0.0

    @property
    def size(self) -> tuple[int, int, float]:
        """For sorting: fewer steps first, then the lesser kind, then the greater promise."""
        kinds = [SMALLEST_FIRST.index(step.kind) for step in self.steps]
        return len(kinds), max(kinds, default=0), -self.promise


def remedies(explainer: Explainer, worker: int) -> list[Remedy]:
    """Changes that might give a worker without a place one, the smallest first; milliseconds for 10,000 vacancies."""
    row = explainer.folder.workers.row(worker, named=True)
    crew = explainer.problem.group[worker] >= 0
    found = [*_in_line(explainer, worker, row, alone=False)]
    if crew:
        found += [*_in_line(explainer, worker, row, alone=True)]
    found += [*_ruled_out(explainer, worker, alone=bool(crew))]
    return sorted(found, key=lambda one: (one.size, one.vacancy))


def _in_line(explainer: Explainer, worker: int, row: Mapping[str, Any], *, alone: bool) -> Iterator[Remedy]:
    """For the worker's own candidates: places more, as many as wait before; being asked for by name; experience."""
    problem, state = explainer.problem, explainer.state
    edges = np.arange(problem.indptr[worker], problem.indptr[worker + 1])
    if not len(edges):
        return
    gain = problem.weight[edges] - state.price[edges]
    stops = {
        int(edge): explainer.lines.stops(int(problem.rows.cell[edge]), int(problem.vacancy[edge])) for edge in edges
    }
    crew = problem.group[worker] >= 0
    apart = (Step("alone", {}),) if alone else ()
    many = np.array([len(stops[int(edge)]) for edge in edges]) + state.full[edges]
    shared = explainer.lines.shared[np.searchsorted(explainer.lines.edge, edges)]
    for at in np.lexsort((edges, -gain, many, shared))[:EDGES].tolist():
        edge, vacancy = int(edges[at]), int(problem.vacancy[edges[at]])
        if shared[at] or (not many[at] and not crew):
            continue
        if alone and not many[at]:
            yield Remedy(vacancy, apart, alone=True, edge=edge, promise=float(gain[at]))
            continue
        yield Remedy(
            vacancy,
            (*apart, *room_steps(explainer, worker, edge, stops[edge])),
            alone=alone,
            room=True,
            edge=edge,
            promise=float(gain[at]),
        )
    if crew and not alone:
        return
    by_name = sum(
        term.points * term.named // 1000 for term in explainer.objective.terms if isinstance(term, Continuity)
    )
    for at in np.lexsort((edges, -gain))[:EDGES].tolist():
        vacancy = int(problem.vacancy[edges[at]])
        job = explainer.folder.vacancies.row(vacancy, named=True)
        names = parse_list(job["named_workers"])
        if row["worker_id"] not in names and gain[at] + by_name > 0:
            asked = {**job, "named_workers": ";".join([*names, row["worker_id"]])}
            step = Step("named", {"vacancy": job["vacancy_id"]})
            yield Remedy(vacancy, (*apart, step), job=asked, alone=alone, promise=float(gain[at] + by_name))
        if gain[at] > -100:
            months = (row["experience_months"] or 0) + EXPERIENCE
            step = Step("experience", {"months": str(months), "held": str(row["experience_months"] or 0)})
            able = {**row, "experience_months": months}
            yield Remedy(vacancy, (*apart, step), worker=able, alone=alone, promise=float(gain[at]))


def room_steps(explainer: Explainer, worker: int, edge: int, stops: Iterable[int]) -> tuple[Step, ...]:
    """As many places more as wait before the worker and the worker's own, in all that stops the edge (an estimate)."""
    problem, lines = explainer.problem, explainer.lines
    vacancy = int(problem.vacancy[edge])
    full = bool(explainer.state.full[edge])
    ahead = lines.opened([vacancy] if full else [], stops, least=int(problem.weight[edge]))
    ahead = ahead[lines.worker[ahead] != worker]
    before = _people(problem.n_workers, lines.worker[ahead])
    here = _people(problem.n_workers, lines.worker[ahead[lines.vacancy[ahead] == vacancy]])
    return steps_of_room(explainer, {vacancy: 1 + here} if full else {}, dict.fromkeys(stops, 1 + before))


def _people(n: int, workers: I64) -> int:
    """How many of `n` workers are named, once or more."""
    named = np.zeros(n, dtype=np.bool_)
    named[workers] = True
    return int(np.count_nonzero(named))


def steps_of_room(
    explainer: Explainer, positions: Mapping[int, int], rows: Mapping[int, int], more: Sequence[RowRef] = ()
) -> tuple[Step, ...]:
    """So many more in positions and rows, in words; rows that say the same in several agreements are told once.

    `more`: rows that the plan does not have, numbered on from its own.
    """
    refs = (*explainer.problem.rows.refs, *more)
    found = [
        Step("positions", {"n": str(n), "vacancy": str(explainer.folder.vacancies["vacancy_id"][vacancy])})
        for vacancy, n in sorted(positions.items())
    ]
    told: set[tuple[str, int]] = set()
    for row, n in sorted(rows.items()):
        if (refs[row].label, n) not in told:
            told.add((refs[row].label, n))
            found.append(Step("places", {"n": str(n), "row": refs[row].label, "partnership": refs[row].partnership}))
    return tuple(found)


def _ruled_out(explainer: Explainer, worker: int, *, alone: bool) -> Iterator[Remedy]:
    """For vacancies that are no candidates: the pair with everything changed that rules it out, if that can be."""
    n = explainer.problem.n_vacancies
    closed = explainer.closed(np.full(n, worker), np.arange(n))
    full = explainer.state.heads >= explainer.problem.positions
    cheapest = np.lexsort((np.arange(n), explainer.vacancy_price, full))
    apart = (Step("alone", {}),) if alone else ()
    codes = [code for code in np.unique(closed[closed >= 0]).tolist() if _can_mend(explainer, code)]
    each = max(LOOKED_AT, MOST_LOOKED_AT // max(1, len(codes)))
    for code in codes:
        for vacancy in cheapest[closed[cheapest] == code][:each].tolist():
            pair = mended(explainer, worker, vacancy)
            if pair is not None and pair.steps:
                yield Remedy(
                    vacancy,
                    (*apart, *pair.steps),
                    worker=pair.worker,
                    job=pair.job,
                    agreement=pair.agreement,
                    opens=pair.opens,
                    room=pair.opens,
                    alone=alone,
                    promise=-float(explainer.vacancy_price[vacancy]),
                )


def _can_mend(explainer: Explainer, code: int) -> bool:
    """Whether the reason of this number (:meth:`Explainer.closed`) is one that something can be done about."""
    first = len(explainer.codes) - len(explainer.search.admitted.reasons)
    if code >= first:
        return explainer.search.admitted.reasons[code - first].code in RULES
    return explainer.codes[code] in FILTERS
