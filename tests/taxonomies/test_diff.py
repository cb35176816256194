"""Versions side by side, and what stored concepts become."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbridge.model import ISCO
from skillbridge.tables import CONCEPTS, LABELS, RELATIONS
from skillbridge.taxonomies import diff, esco, pack


def _taxonomy(
    version: str,
    concepts: Iterable[tuple[str, str | None, str | None]],
    labels: Iterable[tuple[str, str, str]] = (),
    relations: Iterable[tuple[str, str, str]] = (),
) -> pack.Taxonomy:
    """Concepts (uri, notation, isco): occupations, unless the URI is ISCO's; English labels (uri, label, kind)."""
    return pack.from_tables(
        "test",
        version,
        concepts=pl.DataFrame(
            [(u, "isco_group" if u.startswith(ISCO) else "occupation", n, i, None) for u, n, i in concepts],
            schema=CONCEPTS,
            orient="row",
        ),
        labels=pl.DataFrame([(u, "en", w, k, "reviewed") for u, w, k in labels], schema=LABELS, orient="row"),
        relations=pl.DataFrame(list(relations), schema=RELATIONS, orient="row"),
    )


OLD = _taxonomy(
    "1",
    [
        ("o:a", "1", "9211"),
        ("o:b", "2", "9211"),
        ("o:c", "3", "5120"),
        ("o:d", "4", "5120"),
        (f"{ISCO}5120", "5120", "5120"),
    ],
    [("o:a", "picker", "preferred"), ("o:b", "sower", "preferred"), ("o:c", "cook", "preferred")],
    [("o:a", "broader", "o:b")],
)
NEW = _taxonomy(
    "2",
    [("o:a", "1", "9211"), ("o:b", "2.1", "6111"), ("o:e", "5", "5120"), (f"{ISCO}5120", "5120", "5120")],
    [("o:a", "fruit picker", "preferred"), ("o:b", "sower", "preferred"), ("o:e", "Cook", "preferred")],
    [("o:a", "broader", "o:e")],
)


def test_every_kind_of_change_is_told_once() -> None:
    changes = diff.diff(OLD, NEW)
    assert changes.rows() == [
        ("added", "o:e", None, None, "Cook"),
        ("gone", "o:c", None, "cook", None),
        ("gone", "o:d", None, None, None),
        ("moved", "o:a", None, "o:b", "o:e"),
        ("moved", "o:b", None, "9211", "6111"),
        ("recoded", "o:b", None, "2", "2.1"),
        ("renamed", "o:a", "en", "picker", "fruit picker"),
    ]


def test_a_version_differs_from_itself_in_nothing() -> None:
    core = pack.load()
    assert diff.diff(core, core).is_empty()
    plan = diff.migrate(core.concepts["concept_uri"], core, core)
    assert set(plan["outcome"]) == {"kept"}
    assert set(plan["how"]) == {"unchanged"}


def test_words_added_and_dropped_are_told_by_language() -> None:
    words = [("o:a", "picker", "preferred"), ("o:a", "hand", "alternative"), ("o:a", "reaper", "hidden")]
    more = [("o:a", "picker", "preferred"), ("o:a", "harvester", "alternative"), ("o:a", "reaper", "alternative")]
    changes = diff.diff(_taxonomy("1", [("o:a", None, None)], words), _taxonomy("2", [("o:a", None, None)], more))
    assert changes.rows() == [("reworded", "o:a", "en", "hand", "harvester")]


def test_a_new_language_is_no_renaming() -> None:
    french = pl.DataFrame([("o:a", "fr", "cueilleur", "preferred", "reviewed")], schema=LABELS, orient="row")
    more = pack.from_tables(
        "test",
        "1.1",
        concepts=OLD.concepts,
        labels=pl.concat([OLD.labels, french]),
        relations=OLD.relations,
    )
    assert diff.diff(OLD, more).is_empty()


def test_stored_concepts_are_kept_replaced_by_label_widened_or_gone() -> None:
    stored = pl.Series(["o:a", "o:a", "o:b", "o:c", "o:d", "o:never", None])
    plan = diff.migrate(stored, OLD, NEW)
    assert plan.select("concept_uri", "count", "outcome", "target", "how").rows() == [
        ("o:a", 2, "kept", "o:a", "renamed"),
        ("o:b", 1, "kept", "o:b", "moved"),
        ("o:c", 1, "replaced", "o:e", "preferred label"),
        ("o:d", 1, "widened", f"{ISCO}5120", "unit group"),
        ("o:never", 1, "gone", None, ""),
    ]
    assert diff.apply(stored, plan).to_list() == ["o:a", "o:a", "o:b", "o:e", f"{ISCO}5120", None, None]


def test_a_stated_successor_goes_before_a_label_and_is_followed_to_its_end() -> None:
    new = _taxonomy(
        "2",
        [("o:e", None, None), ("o:f", None, None)],
        [("o:e", "cook", "preferred")],
        [("o:c", "replaced_by", "o:x"), ("o:x", "replaced_by", "o:f")],
    )
    plan = diff.migrate(pl.Series(["o:c"]), OLD, new)
    assert plan.select("target", "how").rows() == [("o:f", "replaced_by")]


def test_successors_in_a_circle_end_in_nothing() -> None:
    new = _taxonomy("2", [("o:z", None, None)], (), [("o:d", "replaced_by", "o:x"), ("o:x", "replaced_by", "o:d")])
    assert diff.migrate(pl.Series(["o:d"]), OLD, new)["outcome"].to_list() == ["gone"]


def test_most_labels_in_common_replace_and_a_tie_does_not() -> None:
    words = [("o:q", word, "alternative") for word in ("p1", "p2", "p3")]
    old = _taxonomy("1", [("o:q", None, None)], words)
    two_of_three = [("o:r", "p1", "alternative"), ("o:r", "p2", "alternative"), ("o:s", "p3", "alternative")]
    plan = diff.migrate(
        pl.Series(["o:q"]), old, _taxonomy("2", [("o:r", None, None), ("o:s", None, None)], two_of_three)
    )
    assert plan.select("target", "how").rows() == [("o:r", "2 of 3 labels")]
    tie = [("o:r", "p1", "alternative"), ("o:s", "p1", "alternative")]
    plan = diff.migrate(pl.Series(["o:q"]), old, _taxonomy("2", [("o:r", None, None), ("o:s", None, None)], tie))
    assert plan["outcome"].to_list() == ["gone"]


@given(st.lists(st.sampled_from(["o:a", "o:b", "o:c", "o:d", "o:zz"]), max_size=20))
def test_migration_counts_everything_stored_and_targets_only_what_exists(stored: list[str]) -> None:
    series = pl.Series(stored, dtype=pl.String)
    plan = diff.migrate(series, OLD, NEW)
    assert plan["count"].sum() == len(stored)
    assert set(plan["target"].drop_nulls()) <= set(NEW.concepts["concept_uri"])
    assert set(plan["outcome"]) <= set(diff.OUTCOMES)
    assert len(diff.apply(series, plan)) == len(stored)


@pytest.mark.data
def test_occupations_of_esco_1_0_3_find_their_place_in_1_1_1(shared_data: Path) -> None:
    new = esco.read(sorted((shared_data / "esco").glob("*.zip"))).taxonomy
    table = pl.read_csv(shared_data / "esco" / "occupation_labels_21langs.csv.gz", infer_schema=False).filter(
        pl.col("esco_version") == "1.0.3", pl.col("lang") == "en"
    )
    uris = table.filter(pl.col("concept_kind") == "occupation")["concept_uri"].unique().sort()
    old = pack.from_tables(
        "esco",
        "1.0.3",
        concepts=pl.DataFrame({"concept_uri": uris}).with_columns(kind=pl.lit("occupation")),
        labels=table.select(
            "concept_uri",
            "lang",
            "label",
            label_kind=pl.when(pl.col("preferred") == "1").then(pl.lit("preferred")).otherwise(pl.lit("alternative")),
            review=pl.lit("reviewed"),
        ),
        relations=pl.DataFrame(schema=RELATIONS),
    )
    plan = diff.migrate(uris, old, new)
    counts = dict(plan["outcome"].value_counts().rows())
    assert counts["kept"] == 2_939
    assert sum(counts.values()) == 2_942
    assert set(plan.filter(pl.col("how") == "renamed")["concept_uri"])
