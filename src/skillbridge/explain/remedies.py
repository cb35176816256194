"""What might give a worker a place: the smallest changes of many kinds, foreseen from the plan's prices and its lines.

Nothing here is confirmed; :mod:`skillbridge.explain.changes` solves again before anything is shown.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from skillbridge.explain.explainer import Explainer
from skillbridge.matching.criteria import Facts
from skillbridge.matching.filters import Reason
from skillbridge.matching.objective import Continuity
from skillbridge.matching.profile import profile
from skillbridge.matching.profile import vacancy as vacancy_of
from skillbridge.model import CEFR
from skillbridge.tables import parse_languages, parse_list

I64 = npt.NDArray[np.int64]
LOOKED_AT = 5
"""Vacancies looked at for each reason that rules some out."""
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
    "occupation",
)
"""Kinds of step in the order in which they are told where as many steps are needed."""


class Step(msgspec.Struct, frozen=True):
    """One thing changed: `kind` is a code of the words' `change` section and `values` its blanks."""

    kind: str
    values: dict[str, str]


@dataclass(frozen=True)
class Remedy:
    """The worker and a vacancy (row number) as they would be.

    `steps` says what is changed in `worker` and `job`, rows of their tables (None: as they are); `alone`: apart from
    the crew; `room`: places more are needed besides; `edge`: the plan's own edge, or -1; `promise`: points by which
    the plan's prices let the change win, as far as they know.
    """

    vacancy: int
    steps: tuple[Step, ...] = ()
    worker: Mapping[str, Any] | None = None
    job: Mapping[str, Any] | None = None
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
    found += [*_ruled_out(explainer, worker, row, alone=bool(crew))]
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
    before = np.unique(lines.worker[ahead])
    here = np.unique(lines.worker[ahead[lines.vacancy[ahead] == vacancy]])
    return steps_of_room(explainer, {vacancy: 1 + len(here)} if full else {}, dict.fromkeys(stops, 1 + len(before)))


def steps_of_room(explainer: Explainer, positions: Mapping[int, int], rows: Mapping[int, int]) -> tuple[Step, ...]:
    """So many more in positions and rows, in words; rows that say the same in several agreements are told once."""
    refs = explainer.problem.rows.refs
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


def _ruled_out(explainer: Explainer, worker: int, row: Mapping[str, Any], *, alone: bool) -> Iterator[Remedy]:
    """For vacancies that are no candidates: the worker with everything changed that rules one out, if that can be."""
    n = explainer.problem.n_vacancies
    closed = explainer.closed(np.full(n, worker), np.arange(n))
    full = explainer.state.heads >= explainer.problem.positions
    cheapest = np.lexsort((np.arange(n), explainer.vacancy_price, full))
    me = profile(row)
    apart = (Step("alone", {}),) if alone else ()
    for reason in Reason:
        if reason in (Reason.RULE, Reason.CURRENCY):
            continue
        for vacancy in cheapest[closed[cheapest] == int(reason)][:LOOKED_AT].tolist():
            job = explainer.folder.vacancies.row(vacancy, named=True)
            facts = explainer.measure.facts(me, vacancy_of(job))
            lacking = [one.code for one in explainer.measure.why_not(me, vacancy_of(job))]
            made = [_mended(explainer, code, row, job, facts) for code in lacking]
            steps = tuple(step for one in made if one for step, _ in [one])
            if not made or len(steps) < len(made):
                continue
            able = dict(row)
            for one in made:
                able |= one[1] if one else {}
            price = -float(explainer.vacancy_price[vacancy])
            yield Remedy(vacancy, (*apart, *steps), worker=able, alone=alone, promise=price)


def _mended(
    explainer: Explainer, code: str, row: Mapping[str, Any], job: Mapping[str, Any], facts: Facts
) -> tuple[Step, dict[str, Any]] | None:
    """(the step, the worker's columns with it) that takes a filter's reason away; None for what nobody can change."""
    if code == "consent":
        return Step("consent", {}), {"consent": True}
    if code == "occupation":
        values = {"occupation": str(job["occupation"] or job["isco"] or ""), "isco": str(job["isco"] or "")}
        return Step("occupation", values), {"concept": job["concept"], "isco": job["isco"]}
    if code == "refused":
        kept = [one for one in parse_list(row["preferences"]) if one.removeprefix("!") not in facts.refused]
        return Step("preference", {"what": ", ".join(facts.refused)}), {"preferences": ";".join(kept)}
    if code == "language":
        steps = explainer.measure.policy.filters.language_steps_below
        lacking = {
            tongue: CEFR[CEFR.index(asked) - steps]
            for tongue, asked, held in facts.languages
            if CEFR.index(asked) - (CEFR.index(held) if held else -1) > steps
        }
        if len(lacking) != 1:
            return None
        ((tongue, level),) = lacking.items()
        known = parse_languages(row["languages"])
        languages = ";".join(f"{name}:{one}" for name, one in {**known, tongue: level}.items())
        return Step("language", {"language": tongue, "level": level, "held": known.get(tongue, "")}), {
            "languages": languages
        }
    if code == "education":
        held = "" if facts.education is None else str(facts.education)
        return Step("education", {"level": str(facts.education_asked), "held": held}), {
            "education": facts.education_asked
        }
    if code == "licence":
        held_too = ";".join([*parse_list(row["licences"]), *facts.licences_lacking])
        return Step("licence", {"licence": ", ".join(facts.licences_lacking)}), {"licences": held_too}
    if code == "window":
        first, last = row["available_from"], row["available_to"]
        begin, until = min(first or job["start"], job["start"]), max(last or job["end"], job["end"])
        return Step("dates", {"start": str(begin), "end": str(until)}), {
            "available_from": begin,
            "available_to": until,
        }
    if code == "wage":
        return Step("floor", {"wage": f"{job['wage'] / 100:.2f} {job['currency']}"}), {
            "wage_floor": job["wage"],
            "currency": job["currency"],
        }
    return None
