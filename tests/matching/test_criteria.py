"""Each criterion on facts of its own."""

from typing import Any

import pytest

from skillbridge.matching.criteria import (
    CRITERIA,
    Availability,
    EssentialSkills,
    Experience,
    Facts,
    Language,
    Occupation,
    OptionalSkills,
    Returning,
    Said,
    Wage,
    Wish,
    breakdown,
    score,
)
from skillbridge.matching.filters import WORDS, Reason, refusals
from skillbridge.matching.policy import load_policy

SAME = Said("same_group", {"own": "9211", "asked": "9211"})
NOTHING: dict[str, Any] = {
    "closeness": 900,
    "related": SAME,
    "months": 0,
    "months_asked": 0,
    "essential": (),
    "optional": (),
    "languages": (),
    "education": None,
    "education_asked": None,
    "licences_lacking": (),
    "wage": None,
    "floor": 0,
    "currency": "USD",
    "overlap_days": 100,
    "contract_days": 100,
    "named": False,
    "returning": False,
    "wish": 0,
    "refused": (),
    "open": False,
    "consent": None,
}


def facts(**given: Any) -> Facts:
    return Facts(**{**NOTHING, **given})


def test_occupation_is_worth_its_closeness() -> None:
    assert Occupation(0).value(facts(closeness=640)) == (640, (SAME,))


def test_skill_cover_is_the_mean_strength_and_names_what_is_lacking() -> None:
    asked = (("pick", 1000), ("prune", 500), ("pack", 0))
    value, evidence = EssentialSkills(0).value(facts(essential=asked))
    assert value == 500
    assert [said.words() for said in evidence] == ["2 of 3 held", "lacking pack"]
    assert [said.words("fr", str.upper) for said in evidence] == ["2 sur 3 acquises", "manquent : PACK"]
    assert OptionalSkills(0).value(facts(optional=asked))[0] == 500


def test_where_no_skills_are_known_closeness_stands_in() -> None:
    assert EssentialSkills(0).value(facts(closeness=320))[0] == 320


@pytest.mark.parametrize(
    ("months", "asked", "closeness", "value"),
    [(0, 0, 1000, 0), (6, 0, 1000, 500), (6, 0, 500, 250), (90, 0, 1000, 1000), (12, 24, 1000, 500), (60, 0, 0, 0)],
)
def test_experience_counts_by_closeness_up_to_what_is_asked(
    months: int, asked: int, closeness: int, value: int
) -> None:
    given = facts(months=months, months_asked=asked, closeness=closeness)
    assert Experience(0, full_months=12).value(given)[0] == value


@pytest.mark.parametrize(
    ("asked", "held", "value"),
    [("A2", "A2", 900), ("A2", "B1", 950), ("A2", "C2", 1000), ("B1", "A2", 600), ("C2", None, 0), ("A1", None, 600)],
)
def test_language_counts_steps_above_and_below(asked: Any, held: Any, value: int) -> None:
    criterion = Language(0, met=900, step_above=50, step_below=300)
    assert criterion.value(facts(languages=(("en", asked, held),)))[0] == value


def test_languages_are_averaged_and_none_asked_counts_as_met() -> None:
    criterion = Language(0, met=900, step_above=50, step_below=300)
    assert criterion.value(facts(languages=(("en", "A1", "A1"), ("fr", "A2", "A1"))))[0] == 750
    assert criterion.value(facts())[0] == 900


@pytest.mark.parametrize(
    ("wage", "floor", "value"), [(1000, 1000, 500), (1250, 1000, 750), (1500, 1000, 1000), (9000, 1000, 1000)]
)
def test_wage_rises_from_the_floor_to_half_as_much_again(wage: int, floor: int, value: int) -> None:
    assert Wage(0, at_floor=500, full=1500, unknown=400).value(facts(wage=wage, floor=floor))[0] == value


def test_an_unknown_wage_or_floor_is_neutral() -> None:
    criterion = Wage(0, at_floor=500, full=1500, unknown=400)
    assert criterion.value(facts(wage=None, floor=1000))[0] == 400
    assert criterion.value(facts(wage=1000, floor=0))[0] == 400


def test_availability_is_the_share_of_the_contract() -> None:
    assert Availability(0).value(facts(overlap_days=85))[0] == 850


def test_returning_is_capped_by_its_weight() -> None:
    criterion = Returning(50, named=1000, returning=800)
    assert criterion.value(facts())[0] == 0
    assert criterion.value(facts(returning=True))[0] == 800
    assert criterion.value(facts(returning=True, named=True))[0] == 1000
    policy = load_policy()
    (mine,) = (one for one in policy.criteria if isinstance(one, Returning))
    with_return = score(breakdown(facts(named=True), policy.ordered()))
    assert with_return - score(breakdown(facts(), policy.ordered())) <= mine.weight


def test_a_wish_is_worth_its_strength() -> None:
    assert Wish(0).value(facts(wish=3))[0] == 600


def test_a_score_is_the_weighted_mean_of_the_breakdown() -> None:
    lines = breakdown(facts(wish=5), load_policy().ordered())
    assert [line.criterion for line in lines] == [str(kind.__struct_config__.tag) for kind in CRITERIA]
    assert sum(line.weight for line in lines) == 1000
    assert score(lines) == round(sum(line.value * line.weight for line in lines) / 1000)
    assert all(line.evidence and line.evidence == line.words() for line in lines)


@pytest.mark.parametrize("lang", ["fr", "es", "ar"])
def test_the_evidence_is_told_in_every_language(lang: str) -> None:
    asked = (("pick", 1000), ("pack", 0))
    told: dict[str, Any] = {"languages": (("en", "A1", None),), "essential": asked, "wage": 1200, "floor": 1000}
    for given in ({}, told, {"wish": 2, "returning": True}, {"named": True, "wage": None}):
        for line in breakdown(facts(**given), load_policy().ordered()):
            assert line.words(lang)
            assert line.words(lang) != line.evidence


REFUSED: list[tuple[Reason, dict[str, Any]]] = [
    (Reason.CONSENT, {"consent": False}),
    (Reason.OCCUPATION, {"closeness": 0}),
    (Reason.REFUSED, {"refused": ("ES",)}),
    (Reason.LANGUAGE, {"languages": (("en", "B1", "A2"),)}),
    (Reason.EDUCATION, {"education": 2, "education_asked": 3}),
    (Reason.EDUCATION, {"education_asked": 3}),
    (Reason.LICENCE, {"licences_lacking": ("forklift",)}),
    (Reason.CURRENCY, {"wage": 1000, "floor": -1}),
    (Reason.WINDOW, {"overlap_days": 79}),
    (Reason.WINDOW, {"overlap_days": 0}),
    (Reason.WAGE, {"wage": 999, "floor": 1000}),
]


@pytest.mark.parametrize(("reason", "given"), REFUSED)
def test_a_filter_refuses_with_its_own_reason(reason: Reason, given: dict[str, Any]) -> None:
    (refusal,) = refusals(facts(**given), load_policy().filters)
    assert refusal.code == reason.name.lower()
    assert refusal.evidence.startswith(WORDS[reason])


ACCEPTED: list[dict[str, Any]] = [
    {},
    {"consent": True},
    {"closeness": 0, "open": True},
    {"closeness": 0, "essential": (("pick", 1000), ("pack", 0))},
    {"languages": (("en", "B1", "B1"),)},
    {"education": 3, "education_asked": 3},
    {"wage": None, "floor": -1},
    {"overlap_days": 80},
    {"wage": 1000, "floor": 1000},
]


@pytest.mark.parametrize("given", ACCEPTED)
def test_a_pair_at_the_limit_of_every_filter_is_a_candidate(given: dict[str, Any]) -> None:
    assert refusals(facts(**given), load_policy().filters) == []
