"""The bundled packs: complete, consistent, and honest about what was reviewed."""

import unicodedata

import polars as pl
import pytest

from skillbridge.model import ISCO
from skillbridge.taxonomies import graph, pack

OF_ORIGINS = {"en", "fr", "es", "ar", "pt", "ru", "uk", "tr", "hi", "ur", "bn", "vi", "id", "ms", "fil"}
OF_DESTINATIONS = {"de", "it", "nl", "pl", "ro", "sv", "da", "no", "ko"}
LANGUAGES = OF_ORIGINS | OF_DESTINATIONS
SCRIPTS = {
    "ru": "CYRILLIC", "uk": "CYRILLIC", "ar": "ARABIC", "ur": "ARABIC", "hi": "DEVANAGARI", "bn": "BENGALI",
    "ko": "HANGUL",
}  # fmt: skip


@pytest.fixture(scope="module")
def core() -> pack.Taxonomy:
    return pack.load("core")


@pytest.mark.parametrize("name", pack.library())
def test_every_bundled_pack_loads_and_names_its_source_and_licence(name: str) -> None:
    taxonomy = pack.load(name)
    assert taxonomy.meta["licence"]
    assert (pack.locate(name) / taxonomy.meta["source"]).is_file()


@pytest.mark.parametrize("name", pack.library())
def test_every_label_relation_and_collection_of_a_bundled_pack_names_its_concepts(name: str) -> None:
    taxonomy = pack.load(name)
    known = set(taxonomy.concepts["concept_uri"])
    assert set(taxonomy.labels["concept_uri"]) <= known
    assert set(taxonomy.relations["subject"]) | set(taxonomy.relations["object"]) <= known
    assert set(taxonomy.collections["concept_uri"]) <= known
    assert taxonomy.relations.filter(pl.col("subject") == pl.col("object")).is_empty()


def test_the_core_holds_the_whole_of_isco_08(core: pack.Taxonomy) -> None:
    groups = core.concepts.filter(pl.col("kind") == "isco_group")
    by_digits = dict(groups.group_by(pl.col("notation").str.len_chars()).len().rows())
    assert by_digits == {1: 10, 2: 43, 3: 130, 4: 436}
    assert (groups["concept_uri"] == ISCO + groups["notation"]).all()
    parents = dict(core.relations.filter(pl.col("relation") == "broader").select("subject", "object").rows())
    codes = groups["notation"].to_list()
    assert all(parents[ISCO + code] == ISCO + code[:-1] for code in codes if len(code) > 1)
    assert all(ISCO + code not in parents for code in codes if len(code) == 1)


def test_every_group_and_skill_has_one_english_name(core: pack.Taxonomy) -> None:
    english = core.labels.filter(pl.col("lang") == "en", pl.col("label_kind") == "preferred")
    assert sorted(english["concept_uri"]) == sorted(core.concepts["concept_uri"])
    twice = core.labels.filter(pl.col("label_kind") == "preferred").select("concept_uri", "lang").is_duplicated()
    assert not twice.any()


def test_at_least_150_unit_groups_have_titles_in_every_language(core: pack.Taxonomy) -> None:
    titles = core.labels.filter(pl.col("concept_uri").str.starts_with(ISCO))
    spoken = titles.group_by("concept_uri").agg(pl.col("lang").n_unique())
    assert set(core.languages) == LANGUAGES
    assert (spoken["lang"] == len(LANGUAGES)).sum() >= 150


def test_only_the_official_titles_are_called_reviewed(core: pack.Taxonomy) -> None:
    reviewed = core.labels.filter(pl.col("review") == "reviewed")
    assert set(reviewed["lang"]) == {"en"}
    assert (reviewed["label_kind"] == "preferred").all()
    assert reviewed["concept_uri"].str.starts_with(ISCO).all()
    assert len(reviewed) == 619


def test_labels_are_tidy_and_in_the_script_of_their_language(core: pack.Taxonomy) -> None:
    for label, lang in core.labels.select("label", "lang").rows():
        assert label == unicodedata.normalize("NFC", " ".join(label.split())), label
        assert ";" not in label
        assert "/" not in label
        scripts = {unicodedata.name(letter).split()[0] for letter in label if letter.isalpha()}
        assert SCRIPTS.get(lang, "LATIN") in scripts, (lang, label)


def test_at_least_240_core_skills_are_each_linked_to_unit_groups(core: pack.Taxonomy) -> None:
    skills = core.concepts.filter(pl.col("kind") == "skill")["concept_uri"]
    links = graph.skills_of(core)
    assert len(skills) >= 240
    assert set(skills) == set(links["skill"])
    assert (links["isco"].str.len_chars() == 4).all()
    assert not links.select("concept", "skill").is_duplicated().any()


def test_every_unit_group_with_titles_has_an_essential_skill(core: pack.Taxonomy) -> None:
    titled = core.labels.filter(pl.col("lang") == "fr", pl.col("concept_uri").str.starts_with(ISCO))["concept_uri"]
    essential = graph.skills_of(core).filter(pl.col("strength") == "essential")
    assert set(titled) <= set(essential["concept"])


def test_every_skill_has_a_parent_group_and_the_four_collections_are_filled(core: pack.Taxonomy) -> None:
    skills = set(core.concepts.filter(pl.col("kind") == "skill")["concept_uri"])
    broader = core.relations.filter(pl.col("relation") == "broader")
    assert skills <= set(broader["subject"])
    sizes = dict(core.collections["collection"].value_counts().rows())
    assert set(sizes) == {"transversal", "language", "digital", "green"}
    assert min(sizes.values()) >= 12


def test_core_skills_are_named_in_french_spanish_and_arabic_too(core: pack.Taxonomy) -> None:
    skills = core.concepts.filter(pl.col("kind") == "skill")["concept_uri"]
    for lang in ("en", "fr", "es", "ar"):
        assert set(skills) <= set(core.labels.filter(pl.col("lang") == lang)["concept_uri"])


def test_core_tables_are_sorted_so_that_a_change_is_a_small_diff() -> None:
    folder = pack.locate("core")
    for name in ("concepts", "labels", "relations", "collections"):
        rows = pl.read_csv(folder / f"{name}.csv", infer_schema=False)
        assert rows.equals(rows.unique().sort(rows.columns)), name
