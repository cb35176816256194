"""Resolving texts against a small world and against the bundled pack."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge.errors import BadInput
from skillbridge.model import ISCO
from skillbridge.taxonomies.index import Index, compile_index
from skillbridge.taxonomies.normalizer import RESOLVED, resolve, shares
from skillbridge.taxonomies.pack import Taxonomy, from_tables

COOK, BAKER, NURSE, FRUIT = "esco:cook", "esco:baker", "esco:nurse", "esco:fruit-picker"
LABELS = [
    (COOK, "en", "cook", "preferred"),
    (COOK, "en", "kitchen cook", "alternative"),
    (COOK, "de", "Koch/Köchin", "preferred"),
    (COOK, "el", "μάγειρας", "preferred"),
    (BAKER, "en", "baker", "preferred"),
    (BAKER, "de", "Bäcker/Bäckerin", "preferred"),
    (NURSE, "en", "nurse", "preferred"),
    (NURSE, "de", "Krankenpfleger/Krankenpflegerin", "preferred"),
    (FRUIT, "en", "fruit picker", "preferred"),
    (FRUIT, "de", "Obstpflücker/Obstpflückerin", "preferred"),
    (ISCO + "5120", "en", "Cooks", "preferred"),
    (ISCO + "7512", "en", "Bakers, pastry-cooks and confectionery makers", "preferred"),
    (ISCO + "9211", "en", "Crop farm labourers", "preferred"),
]


@pytest.fixture(scope="module")
def world() -> Taxonomy:
    isco = {COOK: "5120", BAKER: "7512", NURSE: "2221", FRUIT: "9211"}
    concepts = [(uri, "occupation", f"{code}.1", code) for uri, code in isco.items()]
    concepts += [(ISCO + code, "isco_group", code, code) for code in ("5120", "7512", "9211")]
    return from_tables(
        "world",
        "1",
        concepts=pl.DataFrame(concepts, schema=["concept_uri", "kind", "notation", "isco"], orient="row"),
        labels=pl.DataFrame(LABELS, schema=["concept_uri", "lang", "label", "label_kind"], orient="row"),
        relations=pl.DataFrame(schema={"subject": pl.String, "relation": pl.String, "object": pl.String}),
    )


@pytest.fixture(scope="module")
def index(world: Taxonomy) -> Index:
    return compile_index(world)


def first(index: Index, text: str, lang: str | None = None) -> dict[str, object]:
    return resolve([text], index, lang=lang, limit=1).row(0, named=True)


def test_an_exact_label_wins_and_says_so(index: Index) -> None:
    found = first(index, "Baker", "en")
    assert (found["concept_uri"], found["method"], found["label"]) == (BAKER, "exact", "baker")


@pytest.mark.parametrize("text", ["fruit pickers", "Picker of fruit", "FRUIT-PICKER", "fruitpicker", "friut picker"])
def test_a_spelling_near_a_label_finds_its_concept(index: Index, text: str) -> None:
    assert first(index, text, "en")["concept_uri"] == FRUIT


def test_gender_forms_and_diacritics_do_not_matter(index: Index) -> None:
    for text in ("Köchin", "Koechin/Koch", "Koch (m/w/d)", "Koch/in"):
        assert first(index, text, "de")["concept_uri"] == COOK


def test_another_language_is_found_when_none_is_named(index: Index) -> None:
    assert first(index, "Krankenpfleger")["concept_uri"] == NURSE
    assert first(index, "μαγειρας")["concept_uri"] == COOK


def test_a_regional_tag_uses_the_language_and_an_unknown_one_searches_all(index: Index) -> None:
    assert first(index, "Obstpflücker", "de-AT")["concept_uri"] == FRUIT
    assert first(index, "Obstpflücker", "qqq")["concept_uri"] == FRUIT
    assert first(index, "Obstpflücker", "not a tag!")["concept_uri"] == FRUIT


def test_what_is_not_understood_comes_back_as_such(index: Index) -> None:
    for text in ("", "   ", "🙂", "\x00\x07", "—"):
        found = first(index, text)
        assert (found["concept_uri"], found["method"], found["decision"]) == (None, "none", "reject")


def test_nothing_in_common_with_any_label_is_not_understood(index: Index) -> None:
    for text in ("xxxxxxxx", "qqqq zzzz", "x" * 10_000):
        found = first(index, text, "en")
        assert (found["concept_uri"], found["method"], found["decision"]) == (None, "none", "reject")


def test_the_only_concept_of_a_language_is_not_accepted_for_anything_written_in_it(index: Index) -> None:
    found = first(index, "σιδηρουργός", "el")
    assert found["decision"] != "accept"
    assert first(index, "μάγειρας", "el")["decision"] == "accept"


def test_a_wrong_tag_is_overruled_by_the_script(index: Index) -> None:
    assert first(index, "μάγειρας", "de")["concept_uri"] == COOK


def test_what_a_text_excludes_is_not_its_answer(index: Index) -> None:
    assert first(index, "Baker, except nurse and cook", "en")["concept_uri"] == BAKER
    assert first(index, "Bäcker (außer Koch)", "de")["concept_uri"] == BAKER


def test_every_row_comes_back_in_order_with_repeats_answered_alike(index: Index) -> None:
    found = resolve(["nurse", "baker", "nurse", None], index, lang="en", limit=2)
    assert found["item"].unique().to_list() == [0, 1, 2, 3]
    assert found.filter(pl.col("item") == 0).drop("item").equals(found.filter(pl.col("item") == 2).drop("item"))
    assert dict(found.schema) == RESOLVED


def test_no_text_gives_an_empty_table(index: Index) -> None:
    assert resolve([], index).is_empty()


def test_a_share_is_the_mean_of_what_every_habit_with_every_lean_gives() -> None:
    rng = np.random.default_rng(5)
    total = rng.normal(size=(4, 6, 3)).astype(np.float32)
    total[2, 4:] = -np.inf
    is_group = rng.random((4, 6)) < 0.5
    lean = np.array([-5.0, 0.0, 3.0], np.float32)
    leant = np.stack([total + is_group[:, :, None] * more for more in lean])
    alone = np.exp(leant) / np.exp(leant).sum(axis=2, keepdims=True)
    found = shares(total, is_group, lean)
    assert found == pytest.approx(alone.mean(axis=(0, 3)), abs=1e-6)
    assert found.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    assert (found[2, 4:] == 0).all()


def test_a_taxonomy_is_compiled_on_the_way(world: Taxonomy) -> None:
    assert resolve(["nurse"], world, lang="en", limit=1)["concept_uri"].to_list() == [NURSE]


@pytest.mark.parametrize(("kind", "limit", "lang"), [("job", 1, None), ("occupation", 0, None), ("occupation", 1, [])])
def test_wrong_arguments_are_refused(index: Index, kind: str, limit: int, lang: list[str] | None) -> None:
    with pytest.raises(BadInput):
        resolve(["nurse"], index, kind=kind, limit=limit, lang=lang)  # type: ignore[arg-type]


def test_a_kind_the_taxonomy_lacks_is_refused(index: Index) -> None:
    with pytest.raises(BadInput, match="no skill concepts"):
        resolve(["welding"], index, kind="skill")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=6), st.sampled_from([None, "en", "de", "el", "xx", "12"]))
def test_any_text_gets_scores_between_0_and_1_ranked_from_1(index: Index, texts: list[str], lang: str | None) -> None:
    found = resolve(texts, index, lang=lang, limit=3)
    assert found["item"].n_unique() == len(texts)
    assert found["score"].is_between(0, 1).all()
    for _, rows in found.group_by("item"):
        assert rows["rank"].to_list() == list(range(1, len(rows) + 1))
        assert rows["score"].is_sorted(descending=True)
        assert rows["concept_uri"].n_unique() == len(rows)


def test_a_text_of_ten_thousand_characters_is_read(index: Index) -> None:
    assert first(index, "nurse " * 1700, "en")["concept_uri"] == NURSE
    assert first(index, "x" * 10_000, "en")["decision"] != "accept"
