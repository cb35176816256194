"""The orders of real schemes beside a plan: all of them, within every hard limit, none worth more than the bound."""

import pytest

from skillbridge.errors import BadInput
from skillbridge.explain.beside import BESIDE, ORDERS, allocate, beside
from skillbridge.solver.plan import broken, value
from tests.worlds import planned


def test_every_order_is_legal_and_worth_no_more_than_the_bound() -> None:
    outcome = planned()
    frames = outcome.folder.workers, outcome.folder.vacancies, outcome.folder.edges
    table = beside(outcome.problem, outcome.solution.chosen, *frames, list(ORDERS), 3)
    assert table.schema == BESIDE
    assert table["policy"].to_list() == ["plan", *ORDERS]
    assert max(table["objective"].to_list()) <= outcome.plan.bound
    for name, worth, placed in table[1:].select("policy", "objective", "placed").iter_rows():
        given = allocate(outcome.problem, *frames, name, 3)
        assert not broken(outcome.problem, given)
        assert (worth, placed) == (value(outcome.problem, given), (given >= 0).sum())


def test_an_unknown_order_is_refused_in_words() -> None:
    outcome = planned()
    frames = outcome.folder.workers, outcome.folder.vacancies, outcome.folder.edges
    with pytest.raises(BadInput, match="first-come"):
        beside(outcome.problem, outcome.solution.chosen, *frames, ["fastest finger"])
