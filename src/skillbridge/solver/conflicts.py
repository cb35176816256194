"""Why nothing is possible: the smallest set of clauses that cannot hold together, and what would have to give.

The linear relaxation with every limit made elastic points at the rows that clash; a deletion filter then leaves out
one clause after another and keeps only those without which there is a plan, each verdict by solving again.
"""

from dataclasses import dataclass, replace

import numpy as np

from skillbridge.solver.exact import Answer, program, solve_program
from skillbridge.solver.plan import usage
from skillbridge.solver.pricing import Ints, Pricer
from skillbridge.solver.problem import Problem, checked


@dataclass(frozen=True)
class Conflict:
    """Clauses that clash: `rows` are their numbers, `clauses` their words, `gives` what would have to give.

    Leaving out any one of the rows makes a plan possible; `confirmed` says that this was proven for each by solving
    again. `gives` is one way to make all of them possible with the least excess in total, not the only one.
    """

    rows: tuple[int, ...]
    clauses: tuple[str, ...]
    gives: tuple[str, ...]
    confirmed: bool


def conflict(problem: Problem, *, time_limit: float = 60.0, seed: int = 0) -> Conflict | None:
    """The clash of hard rows in `problem`, or None if there is a legal plan.

    `time_limit` in seconds for each solve. One place a worker and the positions of vacancies are facts, not clauses.
    """
    pricer = Pricer(checked(problem))
    hard = np.flatnonzero(~np.isfinite(pricer.ceiling[problem.n_vacancies :]))
    answer, excess = _elastic(pricer, hard, time_limit, seed)
    over = np.flatnonzero(excess)
    if not len(over):
        return None
    suspects = _suspects(pricer, hard, time_limit)
    certain = True
    kept = suspects if _clash(pricer, suspects, time_limit, seed) else hard
    for row in kept.tolist():
        rest = kept[kept != row]
        clash = _clash(pricer, rest, time_limit, seed)
        if clash is None:
            certain = False
        elif clash:
            kept = rest
    _, excess = _elastic(pricer, kept, time_limit, seed)
    refs = problem.rows.refs
    return Conflict(
        tuple(kept.tolist()),
        tuple(f"{refs[r].partnership}: {refs[r].label}" for r in kept.tolist()),
        tuple(
            f"{refs[r].partnership}: {refs[r].label}: by {excess[r]} {refs[r].unit}"
            for r in np.flatnonzero(excess).tolist()
        ),
        certain and answer.status == "optimal",
    )


def _relaxed(pricer: Pricer, rows: Ints) -> Pricer:
    """The problem with excess of `rows` at one point a unit, and no other rows."""
    p = pricer.problem
    only = replace(
        p.rows,
        limit=p.rows.limit[rows],
        cell_rows=p.rows.cell_rows[:, rows],
        vacancy_rows=p.rows.vacancy_rows[:, rows],
        refs=tuple(replace(p.rows.refs[r], penalty=1) for r in rows.tolist()),
    )
    return Pricer(replace(p, rows=only))


def _answer(pricer: Pricer, rows: Ints, whole: bool, time_limit: float, seed: int) -> tuple[Answer, Ints, Ints]:
    """(answer with the least total excess of `rows`, the rows in its program, the rows no edge can help)."""
    elastic = _relaxed(pricer, rows)
    p = elastic.problem
    edges = np.flatnonzero(np.repeat(p.group < 0, np.diff(p.indptr)))
    found = program(elastic, edges, elastic.all_groups, elastic.limits)
    n_edges = int(found.whole.sum())
    found = replace(found, gain=np.concatenate([np.zeros(n_edges), found.gain[n_edges:]]))
    helpless = np.setdiff1d(np.flatnonzero(p.rows.limit < 0), found.rows)
    return solve_program(found, whole=whole, time_limit=time_limit, seed=seed), found.rows, helpless


def _elastic(pricer: Pricer, rows: Ints, time_limit: float, seed: int) -> tuple[Answer, Ints]:
    """(the answer, excess of every row of the problem in a plan with the least total excess of `rows`)."""
    answer, _, _ = _answer(pricer, rows, True, time_limit, seed)
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
    answer, rows, helpless = _answer(pricer, hard, False, time_limit, 0)
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
    answer, excess = _elastic(pricer, rows, time_limit, seed)
    if answer.edges is None and answer.status != "optimal":
        return None
    if not excess.any():
        return False
    return True if answer.status == "optimal" else None
