"""Why nothing is possible: the smallest set of clauses that cannot hold together, and what would have to give.

The linear relaxation with every limit made elastic points at the rows that clash; a deletion filter then leaves out
one clause (a rule with all its rows) after another, then one row after another, and keeps only those without which
there is a plan, each verdict by solving again. What each clause alone would have to give is solved for too.
"""

from dataclasses import dataclass, replace

import numpy as np

from skillbridge.solver.exact import Answer, program, solve_program
from skillbridge.solver.plan import usage
from skillbridge.solver.pricing import Ints, Pricer
from skillbridge.solver.problem import Problem, checked


@dataclass(frozen=True)
class Clause:
    """A rule that takes part in a clash: its `rows` that clash (their numbers and `labels`), and what it had to give.

    `gives` are (label, units): with every other clause of the clash kept, a plan exists once these rows of this clause
    give by so much, and none exists if they give less in total. Empty where that was not found in time.
    """

    partnership: str
    rule: str
    rows: tuple[int, ...]
    labels: tuple[str, ...]
    gives: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        way = ", ".join(f"{label} by {units}" for label, units in self.gives)
        return f"{self.partnership}/{self.rule}: {'; '.join(self.labels)}" + (f" (would give: {way})" if way else "")


@dataclass(frozen=True)
class Conflict:
    """The clauses that clash: leaving out any one of them, and any one of their rows, makes a plan possible.

    `confirmed`: that they clash, and that none can be left in, was proven for each by solving again.
    """

    clauses: tuple[Clause, ...]
    confirmed: bool

    @property
    def rows(self) -> tuple[int, ...]:
        """The numbers of all rows that clash, in order."""
        return tuple(sorted(row for clause in self.clauses for row in clause.rows))


def conflict(problem: Problem, *, time_limit: float = 60.0, seed: int = 0) -> Conflict | None:
    """The clash of hard rules in `problem`, or None if there is a legal plan.

    `time_limit` in seconds for each solve. One place a worker and the positions of vacancies are facts, not clauses.
    """
    pricer = Pricer(checked(problem))
    hard = np.flatnonzero(~np.isfinite(pricer.ceiling[problem.n_vacancies :]))
    whole, excess = _elastic(pricer, hard, hard, time_limit, seed)
    if not excess.any():
        return None
    refs = problem.rows.refs
    clause_of = {row: (refs[row].partnership, refs[row].rule) for row in hard.tolist()}
    suspects = _suspects(pricer, hard, time_limit)
    kept = suspects if _clash(pricer, suspects, time_limit, seed) else hard
    certain = whole.status == "optimal"
    for clause in dict.fromkeys(clause_of[row] for row in kept.tolist()):
        rest = kept[[clause_of[row] != clause for row in kept.tolist()]]
        clash = _clash(pricer, rest, time_limit, seed)
        certain &= clash is not None
        kept = rest if clash else kept
    for row in kept.tolist():
        clash = _clash(pricer, kept[kept != row], time_limit, seed)
        certain &= clash is not None
        kept = kept[kept != row] if clash else kept
    named: dict[tuple[str, str], list[int]] = {}
    for row in kept.tolist():
        named.setdefault(clause_of[row], []).append(row)
    clauses = []
    for (partnership, rule), rows in named.items():
        answer, excess = _elastic(pricer, kept, np.array(rows), time_limit, seed)
        found = answer.status == "optimal"
        gives = tuple((refs[row].label, int(excess[row])) for row in rows if found and excess[row])
        clauses.append(Clause(partnership, rule, tuple(rows), tuple(refs[row].label for row in rows), gives))
    return Conflict(tuple(clauses), certain)


def _relaxed(pricer: Pricer, rows: Ints, giving: Ints) -> Pricer:
    """The problem with no other rows than `rows`, of which those `giving` may be exceeded at one point a unit."""
    p = pricer.problem
    only = replace(
        p.rows,
        limit=p.rows.limit[rows],
        cell_rows=p.rows.cell_rows[:, rows],
        vacancy_rows=p.rows.vacancy_rows[:, rows],
        refs=tuple(
            replace(p.rows.refs[r], penalty=1 if gives else None)
            for r, gives in zip(rows.tolist(), np.isin(rows, giving).tolist(), strict=True)
        ),
    )
    return Pricer(replace(p, rows=only))


def _answer(
    pricer: Pricer, rows: Ints, giving: Ints, whole: bool, time_limit: float, seed: int
) -> tuple[Answer, Ints, Ints]:
    """(answer with the least total excess of the rows `giving`, the rows in its program, those no edge can help)."""
    elastic = _relaxed(pricer, rows, giving)
    p = elastic.problem
    edges = np.flatnonzero(np.repeat(p.group < 0, np.diff(p.indptr)))
    found = program(elastic, edges, elastic.all_groups, elastic.limits)
    n_edges = int(found.whole.sum())
    found = replace(found, gain=np.concatenate([np.zeros(n_edges), found.gain[n_edges:]]))
    helpless = np.setdiff1d(np.flatnonzero(p.rows.limit < 0), found.rows)
    return solve_program(found, whole=whole, time_limit=time_limit, seed=seed), found.rows, helpless


def _elastic(pricer: Pricer, rows: Ints, giving: Ints, time_limit: float, seed: int) -> tuple[Answer, Ints]:
    """(the answer, excess of every row of the problem in a plan with the least total excess of the rows `giving`)."""
    answer, _, _ = _answer(pricer, rows, giving, True, time_limit, seed)
    p = pricer.problem
    chosen = np.full(p.n_workers, -1, np.int64)
    if answer.edges is not None:
        chosen[np.searchsorted(p.indptr, answer.edges, side="right") - 1] = answer.edges
    _, used = usage(p, chosen)
    excess = np.zeros(p.n_rows, np.int64)
    excess[rows] = np.maximum(0, used - p.rows.limit)[rows]
    return answer, excess


def _suspects(pricer: Pricer, hard: Ints, time_limit: float) -> Ints:
    """Rows with a dual price in the elastic relaxation, and those that nothing can help."""
    answer, rows, helpless = _answer(pricer, hard, hard, False, time_limit, 0)
    if len(helpless):
        return hard[helpless[:1]]
    if answer.duals is None:
        return hard
    priced = np.abs(answer.duals[-len(rows) :]) > 1e-7 if len(rows) else np.zeros(0, bool)
    return hard[rows[priced]]


def _clash(pricer: Pricer, rows: Ints, time_limit: float, seed: int) -> bool | None:
    """Whether `rows` alone rule out every plan; None if the time ran out."""
    if not len(rows):
        return False
    answer, excess = _elastic(pricer, rows, rows, time_limit, seed)
    if answer.edges is None and answer.status != "optimal":
        return None
    if not excess.any():
        return False
    return True if answer.status == "optimal" else None
