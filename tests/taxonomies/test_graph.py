"""The skill graph: what occupations ask for, closeness of groups and skills, what a person can be expected to do."""

import polars as pl
import pytest

from skillbridge.model import ISCO
from skillbridge.tables import CONCEPTS, LABELS, RELATIONS
from skillbridge.taxonomies import graph, pack


def _small() -> pack.Taxonomy:
    """Two cooks' groups, a driver; knife work is shared by the kitchens, driving is the driver's own."""
    concepts: list[tuple[str, str, str, str | None]] = [("occ:pizzaiolo", "occupation", "5120.1", "5120")]
    concepts += [(ISCO + code, "isco_group", code, code) for code in ("5120", "9412", "8332")]
    concepts += [(f"skill:{name}", "skill", name, None) for name in ("knife", "oven", "drive", "greet")]
    relations = [
        (ISCO + "5120", "essential", "skill:knife"),
        (ISCO + "5120", "optional", "skill:oven"),
        (ISCO + "9412", "essential", "skill:knife"),
        (ISCO + "9412", "optional", "skill:greet"),
        (ISCO + "8332", "essential", "skill:drive"),
        (ISCO + "8332", "optional", "skill:drive"),
        (ISCO + "8332", "optional", "skill:unknown"),
        ("occ:gone", "essential", "skill:oven"),
        ("skill:oven", "optional", "skill:oven"),
    ]
    return pack.from_tables(
        "small",
        "1",
        concepts=pl.DataFrame(concepts, schema=list(CONCEPTS)[:4], orient="row"),
        labels=pl.DataFrame(schema=LABELS),
        relations=pl.DataFrame(relations, schema=list(RELATIONS), orient="row"),
    )


def test_what_an_occupation_asks_for_leaves_out_missing_ends_and_prefers_essential() -> None:
    links = graph.skills_of(_small())
    assert set(links["skill"]) == {"skill:knife", "skill:oven", "skill:drive", "skill:greet"}
    assert links.filter(pl.col("isco") == "8332")["strength"].to_list() == ["essential"]
    assert "occ:gone" not in links["concept"]


def test_groups_that_share_a_rare_skill_are_neighbours_both_ways() -> None:
    near = graph.neighbours(_small())
    pairs = {(a, b): value for a, b, value in near.rows()}
    assert pairs[("5120", "9412")] == pairs[("9412", "5120")] > 0.1
    assert ("5120", "8332") not in pairs
    assert all(a != b for a, b in pairs)


def test_isco_siblings_are_neighbours_even_without_shared_skills() -> None:
    near = {(a, b): value for a, b, value in graph.neighbours(pack.load()).rows()}
    assert near[("2151", "2152")] == pytest.approx(graph.SIBLINGS[3])
    assert near[("1111", "1120")] == pytest.approx(graph.SIBLINGS[2])
    assert ("1111", "1211") not in near


def test_crop_labourers_are_closer_to_orchard_workers_than_to_truck_drivers() -> None:
    near = graph.neighbours(pack.load())
    of_crops = near.filter(pl.col("isco_a") == "9211")
    assert of_crops["isco_b"].head(3).to_list() == ["9213", "9214", "6112"]
    assert "8332" not in of_crops["isco_b"]
    assert of_crops["similarity"].is_sorted(descending=True)


def test_every_similarity_is_at_most_one_and_at_least_the_threshold() -> None:
    taxonomy = pack.load()
    for frame, least in ((graph.neighbours(taxonomy, least=0.3), 0.3), (graph.skill_similarity(taxonomy), 0.2)):
        assert frame["similarity"].is_between(least - 1e-6, 1.0).all()
        assert not frame.select(frame.columns[:2]).is_duplicated().any()


def test_adjacent_skills_of_pruning_are_orchard_skills() -> None:
    near = graph.skill_similarity(pack.load(), limit=5)
    of_pruning = near.filter(pl.col("skill_a") == "urn:skillbridge:skill:prune-fruit-trees")["skill_b"].to_list()
    assert len(of_pruning) == 5
    assert "urn:skillbridge:skill:drive-bus" not in of_pruning
    assert any("vines" in skill or "fruit" in skill for skill in of_pruning)


def test_what_everybody_needs_brings_no_two_skills_close() -> None:
    near = graph.skill_similarity(pack.load(), limit=50)
    calm, punctual = (f"urn:skillbridge:skill:{name}" for name in ("keep-calm-under-pressure", "show-up-on-time"))
    pair = near.filter((pl.col("skill_a") == calm) & (pl.col("skill_b") == punctual))
    assert (pair["similarity"] < 0.3).all()


def _history(*rows: tuple[str, str, int]) -> pl.DataFrame:
    return pl.DataFrame(
        list(rows), schema={"person": pl.String, "concept": pl.String, "months": pl.Int32}, orient="row"
    )


def test_expected_skills_grow_with_months_and_stay_below_their_ceiling() -> None:
    history = _history(("a", ISCO + "5120", 3), ("b", ISCO + "5120", 12), ("c", ISCO + "5120", 900))
    knife = graph.expected_skills(_small(), history).filter(pl.col("skill") == "skill:knife")
    low, middle, high = knife.sort("person")["strength"]
    assert low == pytest.approx(0.95 * 0.5)
    assert low < middle < high == pytest.approx(0.95)


def test_an_essential_skill_is_expected_before_an_optional_one() -> None:
    found = graph.expected_skills(_small(), _history(("a", ISCO + "5120", 6)))
    assert found["skill"].to_list() == ["skill:knife", "skill:oven"]
    assert found["source"].to_list() == ["essential", "optional"]


def test_two_occupations_make_a_shared_skill_more_likely_than_either() -> None:
    one = graph.expected_skills(_small(), _history(("a", ISCO + "5120", 2)))
    two = graph.expected_skills(_small(), _history(("a", ISCO + "5120", 2), ("a", ISCO + "9412", 2)))
    knife = pl.col("skill") == "skill:knife"
    assert two.filter(knife)["strength"][0] > one.filter(knife)["strength"][0]


def test_a_stated_skill_is_certain_and_keeps_its_source() -> None:
    stated = pl.DataFrame({"person": ["a", "a"], "skill": ["skill:drive", "skill:knife"]})
    found = graph.expected_skills(_small(), _history(("a", ISCO + "5120", 6)), stated)
    rows = {row["skill"]: row for row in found.to_dicts()}
    assert rows["skill:drive"]["source"] == rows["skill:knife"]["source"] == "stated"
    assert rows["skill:drive"]["strength"] == 1.0
    assert rows["skill:oven"]["source"] == "optional"


def test_an_occupation_without_links_is_read_as_its_unit_group() -> None:
    found = graph.expected_skills(_small(), _history(("a", "occ:pizzaiolo", 6)))
    assert found["skill"].to_list() == ["skill:knife", "skill:oven"]


def test_an_unknown_occupation_and_no_months_give_nothing() -> None:
    found = graph.expected_skills(_small(), _history(("a", "occ:unheard-of", 6), ("b", ISCO + "5120", 0)))
    assert found.is_empty()
    assert found.columns == ["person", "skill", "strength", "source", "concept"]
