"""Why there is no plan at all: the agreements' clauses that cannot hold together, in their own words."""

from collections.abc import Sequence
from dataclasses import replace

from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.wording import says
from skillbridge.solver.conflicts import conflict
from skillbridge.solver.plan import Solution
from skillbridge.solver.problem import Problem

SEARCHED_EDGES = 500_000
"""Beyond this many candidate edges the clash is not searched for: each of its proofs is an exact solve."""


def with_clash(
    solution: Solution, problem: Problem, partnerships: Sequence[Partnership], *, time_limit: float = 30.0
) -> Solution:
    """The solution, with the clauses that clash among its notes where no plan meets every minimum.

    `time_limit` in seconds for each of the exact solves, about one a clause.
    """
    if solution.status != "infeasible" or len(problem.vacancy) > SEARCHED_EDGES:
        return solution
    found = conflict(problem, time_limit=time_limit)
    if found is None:
        return replace(solution, notes=(*solution.notes, "a plan exists, but the search did not find one in its time"))
    rules = {(one.id, rule.id): rule for one in partnerships for rule in one.binding}
    sure = "each confirmed by solving again" if found.confirmed else "not confirmed for each in the time given"
    notes = [f"these clauses cannot hold together ({sure}); leaving out any one of them would do"]
    for clause in found.clauses:
        rule = rules.get((clause.partnership, clause.rule))
        notes.append(f"{clause}" + (f" [{' '.join(says(rule))}]" if rule is not None else ""))
    return replace(solution, notes=(*solution.notes, *notes))
