"""Labels are found as they are typed: from the beginning of any of their words, and by code."""

import pytest

from skillbridge.access import SYSTEM
from skillbridge.workspace.catalog import SearchQuery, search
from tests.workspace.world import World


@pytest.mark.parametrize(
    ("typed", "label"),
    [("fruit pi", "fruit picker"), ("Picker", "berry picker"), ("CUEIL", "cueilleur"), ("قاطف", "قاطف فواكه")],
)
def test_a_label_is_found_from_the_beginning_of_any_of_its_words(world: World, typed: str, label: str) -> None:
    assert label in [one.label for one in search(world.ws, SYSTEM, SearchQuery(typed, limit=20)).items]


def test_what_begins_with_the_words_comes_first_and_each_concept_once(world: World) -> None:
    found = search(world.ws, SYSTEM, SearchQuery("weld", lang="en", limit=100)).items
    begins = [one.label.lower().startswith("weld") for one in found]
    assert begins == sorted(begins, reverse=True)
    assert not all(begins)
    assert len({one.concept_uri for one in found}) == len(found)


def test_a_code_is_found_and_nothing_legible_finds_nothing(world: World) -> None:
    assert {one.notation for one in search(world.ws, SYSTEM, SearchQuery("9211", kind="isco_group")).items} == {"9211"}
    assert search(world.ws, SYSTEM, SearchQuery("???")).items == []
