"""What pairs are measured by: skills and neighbours from a taxonomy, closeness, the table of it."""

import polars as pl
import pytest

from skillbridge.matching.policy import load_policy
from skillbridge.matching.profile import profile, vacancy
from skillbridge.matching.yardstick import LEARNED, Yardstick, yardstick
from skillbridge.model import ISCO
from skillbridge.taxonomies.pack import from_tables, load


@pytest.fixture(scope="module")
def core() -> Yardstick:
    return yardstick(load("core"))


def test_the_core_pack_gives_farm_labourers_skills_and_neighbours(core: Yardstick) -> None:
    essential, optional = core.skills[ISCO + "9211"]
    assert len(essential) >= 3
    assert not set(essential) & set(optional)
    assert core.related((None, "9211"), (None, "9213"))[0] > core.related((None, "9211"), (None, "6112"))[0] > 0
    assert core.related((None, "9211"), (None, "2512"))[0] == 0


def test_closeness_falls_from_the_same_concept_to_no_relation(core: Yardstick) -> None:
    closeness = load_policy().closeness
    assert core.related(("x", "9211"), ("x", "9211"))[0] == 1000
    assert core.related(("x", "9211"), ("y", "9211"))[0] == closeness.same_group
    assert core.related((None, "9211"), (None, "92"))[0] == closeness.wider_group
    closeness_, said = core.related((None, None), (None, "9211"))
    assert (closeness_, said.words()) == (0, "occupation not understood")


def test_the_table_of_closeness_is_the_closeness_of_every_two(core: Yardstick) -> None:
    codes = ["9211", "9213", "6111", "92", "921", "2512", "5120", None]
    some = [(concept, code) for code in codes for concept in (None, "a", "b")]
    table = core.closeness_table(some, some)
    assert all(table[i, j] == core.related(a, b)[0] for i, a in enumerate(some) for j, b in enumerate(some))


def test_a_group_without_skills_of_its_own_asks_what_its_occupations_ask() -> None:
    occupations = [f"o{number}" for number in range(4)]
    taxonomy = from_tables(
        "t",
        "1",
        concepts=pl.DataFrame(
            [{"concept_uri": ISCO + "9211", "kind": "isco_group", "notation": "9211", "isco": "9211"}]
            + [{"concept_uri": uri, "kind": "occupation", "notation": "", "isco": "9211"} for uri in occupations]
            + [{"concept_uri": uri, "kind": "skill", "notation": "", "isco": None} for uri in ("pick", "prune", "rare")]
        ),
        labels=pl.DataFrame(schema={"concept_uri": pl.String}),
        relations=pl.DataFrame(
            [{"subject": uri, "relation": "essential", "object": "pick"} for uri in occupations]
            + [{"subject": "o0", "relation": "essential", "object": "prune"}]
            + [{"subject": "o1", "relation": "optional", "object": "rare"}]
        ),
    )
    assert yardstick(taxonomy).skills[ISCO + "9211"] == (("pick",), ("prune",))


def test_stated_skills_are_asked_first_and_the_occupation_s_are_then_optional(core: Yardstick) -> None:
    essential, optional = core.asked((None, "9211"), ["shear sheep"])
    assert essential == ("shear sheep",)
    assert set(optional) == set(core.skills[ISCO + "9211"][0]) | set(core.skills[ISCO + "9211"][1])


def test_experience_teaches_the_skills_of_an_occupation() -> None:
    essential, optional = LEARNED
    assert essential[0] == optional[0] == 0
    assert (essential[1:] >= optional[1:]).all()
    assert 400 < essential[3] < essential[24] <= 1000


def test_a_perfect_match_scores_the_full_thousand(core: Yardstick) -> None:
    from datetime import date

    skills = ";".join((*core.skills[ISCO + "9211"][0], *core.skills[ISCO + "9211"][1]))
    worker = profile(
        {
            "worker_id": "w",
            "concept": ISCO + "9211",
            "isco": "9211",
            "experience_months": 60,
            "skills": skills,
            "languages": "en:C2",
            "wage_floor": 1000,
            "currency": "NZD",
            "preferences": "NZ:5",
        }
    )
    job = vacancy(
        {
            "vacancy_id": "v",
            "employer_id": "e",
            "destination": "NZ",
            "positions": 1,
            "start": date(2026, 5, 1),
            "end": date(2026, 9, 30),
            "concept": ISCO + "9211",
            "isco": "9211",
            "languages": "en:A1",
            "wage": 1500,
            "currency": "NZD",
            "named_workers": "w",
        }
    )
    assert core.score(worker, job) == 1000
    assert core.why_not(worker, job) == []
