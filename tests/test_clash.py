"""Where no plan exists, the notes name the clauses that clash, in their own words."""

from skillbridge.explain.clash import with_clash
from skillbridge.partnerships.partnership import parse
from skillbridge.solver.solve import solve
from tests.solver.test_conflicts import two_rules_of_two_rows

AGREEMENT = """
id = "fr-ma"
title = "Invented"
kind = "bilateral_agreement"
owner = "joint"
destination = ["FR"]
version = "1"

[[rules]]
id = "nobody"
type = "quota"
max = 0
"""


def test_a_clash_is_noted_in_the_words_of_its_rules() -> None:
    problem = two_rules_of_two_rows()
    solution = with_clash(solve(problem), problem, [parse(AGREEMENT, "test.toml")])
    assert solution.status == "infeasible"
    assert "each confirmed" in solution.notes[1]
    minimum, nobody = solution.notes[2:]
    assert minimum.startswith("fr-ma/minimum: minimum ")
    assert nobody.startswith("fr-ma/nobody: nobody ")
    assert "[" in nobody, "the rule's own sentence"


def test_a_plan_that_exists_gets_no_such_note() -> None:
    problem = two_rules_of_two_rows()
    found = solve(problem)
    feasible = type(found)(found.chosen, 0, 0.0, "feasible", "", found.vacancy_price, found.row_price)
    assert with_clash(feasible, problem, []) is feasible
