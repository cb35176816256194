"""What people say of themselves, on the bundled pack."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge.taxonomies import pack
from skillbridge.taxonomies.pack import Taxonomy
from skillbridge.taxonomies.sentences import MENTIONS, mentions


@pytest.fixture(scope="module")
def core() -> Taxonomy:
    return pack.load()


def named(core: Taxonomy, text: str, kind: str) -> dict[str, str]:
    """Span text -> last part of the concept's URI."""
    found = mentions([text], core).filter(pl.col("kind") == kind)
    return {
        text[start:end]: uri.replace("/", ":").split(":")[-1]
        for start, end, uri in found.select("span_start", "span_end", "concept_uri").rows()
    }


def test_a_market_stall_run_for_an_aunt_is_a_skill(core: Taxonomy) -> None:
    found = named(core, "I ran my aunt's market stall and looked after my little brothers.", "skill")
    assert "sell-at-market-stall" in found.values()
    assert "look-after-children" in found.values()
    assert all("market stall and looked" not in span for span in found)


def test_several_occupations_in_one_sentence_keep_their_spans(core: Taxonomy) -> None:
    assert named(core, "Nous cherchons un cuisinier et un serveur pour la saison", "occupation") == {
        "cuisinier": "C5120",
        "serveur": "C5131",
    }


def test_a_list_is_split_at_its_commas(core: Taxonomy) -> None:
    found = named(core, "kept chickens, fixed motorbikes, helped in a garage", "skill")
    assert list(found) == ["kept chickens", "fixed motorbikes", "helped in a garage"]


def test_a_sentence_about_nothing_of_the_kind_names_nothing(core: Taxonomy) -> None:
    assert mentions(["The weather is nice today", "", None, "??? 😀"], core).is_empty()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=3))
def test_spans_lie_inside_the_text_and_do_not_overlap(core: Taxonomy, texts: list[str]) -> None:
    found = mentions(texts, core)
    assert dict(found.schema) == MENTIONS
    for (item, _), rows in found.group_by("item", "kind"):
        ends = [0]
        for start, end in rows.sort("span_start").select("span_start", "span_end").rows():
            assert ends[-1] <= start < end <= len(texts[int(str(item))])
            ends.append(end)
