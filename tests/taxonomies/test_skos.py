"""SKOS: a pack comes back as it left; a country's words are laid over; foreign files are read as far as they tell."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from skillbridge.errors import BadInput
from skillbridge.model import ISCO
from skillbridge.tables import CONCEPTS, LABELS, RELATIONS
from skillbridge.taxonomies import pack, skos

PREFIXES = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix skosxl: <http://www.w3.org/2008/05/skos-xl#> .
@prefix esco: <http://data.europa.eu/esco/model#> .
@prefix ex: <http://example.org/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
"""


def _turtle(path: Path, text: str) -> Path:
    path.write_text(PREFIXES + text, encoding="utf-8")
    return path


def _same(a: pack.Taxonomy, b: pack.Taxonomy) -> None:
    assert (a.id, a.version, a.languages) == (b.id, b.version, b.languages)
    for name in pack.TABLES:
        assert_frame_equal(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize("ending", [".ttl", ".rdf", ".nt"])
def test_the_core_pack_comes_back_as_it_left(tmp_path: Path, ending: str) -> None:
    core = pack.load()
    found = skos.read(skos.write(core, tmp_path / f"core{ending}"))
    _same(found.taxonomy, core)
    assert found.oddities.is_empty()


_words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["urn:c:1", "urn:c:2", f"{ISCO}9211"]),
            st.sampled_from(["en", "ar", "zh-hans", "und"]),
            _words,
            st.sampled_from(["alternative", "hidden"]),
            st.sampled_from(pack.REVIEW),
        ),
        max_size=12,
        unique_by=lambda row: row[:3],
    )
)
def test_any_labels_in_any_script_come_back_with_kind_and_review_state(
    tmp_path: Path, rows: list[tuple[str, str, str, str, str]]
) -> None:
    concepts = [("urn:c:1", "skill", None, None, None), ("urn:c:2", "occupation", "7", "9211", "released")]
    concepts.append((f"{ISCO}9211", "isco_group", "9211", "9211", None))
    taxonomy = pack.from_tables(
        "words",
        "2.0",
        concepts=pl.DataFrame(concepts, schema=CONCEPTS, orient="row"),
        labels=pl.DataFrame(rows, schema=LABELS, orient="row"),
        relations=pl.DataFrame([("urn:c:2", "essential", "urn:c:1")], schema=RELATIONS, orient="row"),
        attributes=pl.DataFrame(
            [("urn:c:1", "description", "en", 'Say <hello> & "go"\nnow'), ("urn:c:1", "skill_type", None, "knowledge")],
            schema=pack.ATTRIBUTES,
            orient="row",
        ),
    )
    for ending in (".ttl", ".rdf"):
        _same(skos.read(skos.write(taxonomy, tmp_path / f"words{ending}")).taxonomy, taxonomy)


def test_a_country_adds_alternative_labels_to_known_concepts(tmp_path: Path) -> None:
    core = pack.load()
    file = _turtle(
        tmp_path / "peru.ttl",
        f'<{ISCO}9211> a skos:Concept ; skos:altLabel "palanero"@es-PE, "segador"@es ; skos:hiddenLabel "segadr"@es .',
    )
    found = skos.read(file, id="pe-words", base=core)
    assert found.taxonomy.concepts.is_empty()
    assert len(found.taxonomy.labels) == 3
    assert set(found.taxonomy.labels["review"]) == {"unreviewed"}
    together = core.overlay(found.taxonomy)
    assert_frame_equal(together.concepts, core.concepts)
    assert together.id == "core+pe-words"
    assert "palanero" in together.labels["label"]


def test_escos_own_terms_inverse_properties_and_xl_labels_are_understood(tmp_path: Path) -> None:
    file = _turtle(
        tmp_path / "esco.ttl",
        """
        <http://data.europa.eu/esco/occupation/a> a skos:Concept, esco:Occupation ; skosxl:prefLabel ex:l1 ;
            esco:relatedEssentialSkill <http://data.europa.eu/esco/skill/s> ; skos:narrower ex:b .
        ex:l1 a skosxl:Label ; skosxl:literalForm "cook"@en .
        <http://data.europa.eu/esco/skill/s> a skos:Concept ; skos:prefLabel "fry"@en .
        <http://data.europa.eu/esco/skill/t> a skos:Concept ; skos:prefLabel "salt"@en ;
            esco:isOptionalSkillFor <http://data.europa.eu/esco/occupation/a> .
        ex:b a skos:Concept, esco:Occupation ; skos:closeMatch ex:elsewhere .
        ex:green a skos:Collection ; skos:notation "green" ; skos:member <http://data.europa.eu/esco/skill/t> .
        """,
    )
    found = skos.read(file)
    occupation = "http://data.europa.eu/esco/occupation/a"
    assert set(found.taxonomy.relations.rows()) == {
        (occupation, "essential", "http://data.europa.eu/esco/skill/s"),
        (occupation, "optional", "http://data.europa.eu/esco/skill/t"),
        ("http://example.org/b", "broader", occupation),
        ("http://example.org/b", "close", "http://example.org/elsewhere"),
    }
    kinds = dict(found.taxonomy.concepts.select("concept_uri", "kind").rows())
    assert kinds["http://data.europa.eu/esco/skill/t"] == "skill"
    assert found.taxonomy.find(occupation).label == "cook"
    assert found.taxonomy.collections.rows() == [("http://data.europa.eu/esco/skill/t", "green")]


def test_an_assumed_kind_and_unread_statements_are_told(tmp_path: Path) -> None:
    file = _turtle(
        tmp_path / "x.ttl", 'ex:a a skos:Concept ; skos:prefLabel "a"@en ; ex:colour "blue" ; dcterms:creator ex:me .'
    )
    found = skos.read(file, kind="skill")
    assert found.taxonomy.concepts["kind"].to_list() == ["skill"]
    assert found.counts() == {"statements not understood": 2, "kind assumed": 1}


def test_a_label_without_language_is_kept_as_undetermined(tmp_path: Path) -> None:
    file = _turtle(tmp_path / "x.ttl", 'ex:a a skos:Concept ; skos:prefLabel "a" ; skos:altLabel " b  c ", "a" .')
    labels = skos.read(file).taxonomy.labels
    assert labels.select("lang", "label", "label_kind").rows() == [
        ("und", "a", "preferred"),
        ("und", "b c", "alternative"),
    ]


def test_a_doubtful_uri_is_told_and_a_relative_one_does_not_hang_on_the_folder(tmp_path: Path) -> None:
    file = _turtle(tmp_path / "x.ttl", '<a b> a skos:Concept . <c> a skos:Concept ; skos:altLabel "c"@en .')
    found = skos.read(file)
    assert found.counts()["doubtful URI or literal"] >= 1
    assert "http://relative.invalid/c" in found.taxonomy.concepts["concept_uri"]


_SEEDS = {
    ".ttl": (
        PREFIXES + f'<{ISCO}9211> a skos:Concept ; skos:altLabel "peón"@es-PE ; skos:broader <urn:x:y> .'
    ).encode(),
    ".rdf": b'<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    b'xmlns:skos="http://www.w3.org/2004/02/skos/core#"><skos:Concept rdf:about="urn:x"><skos:altLabel xml:lang="es">'
    b"peon</skos:altLabel></skos:Concept></rdf:RDF>",
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(_SEEDS)), st.data())
def test_a_damaged_file_is_refused_or_read_never_a_crash(tmp_path: Path, ending: str, data: st.DataObject) -> None:
    content = bytearray(_SEEDS[ending])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        pieces = st.sampled_from(
            [b"", b'"', b"<", b">", b";", b"@", b"\\", b"\x00", b"&x;", b"[", b"(", b"\\u12", b"\xff"]
        )
        content[at : at + data.draw(st.integers(0, 6))] = data.draw(pieces)
    file = tmp_path / f"damaged{ending}"
    file.write_bytes(bytes(content))
    told = "damaged"
    try:
        skos.read(file)
    except BadInput as error:
        told = str(error)
    assert "damaged" in told


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.ttl", b"<a> <b> .", "a.ttl line 1"),
        ("a.ttl", b"\xff\xfe\x00", "a.ttl"),
        ("a.rdf", b"<rdf", "a.rdf line 1"),
        ("a.rdf", b"", "a.rdf"),
        ("a.ttl", b"", "no skos:Concept in 0 statements"),
        ("a.csv", b"x", "ending '.csv'; expected one of .ttl"),
    ],
)
def test_a_file_that_is_no_skos_is_refused_with_its_place(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as caught:
        skos.read(tmp_path / name)
    assert what in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        skos.read(tmp_path / "absent.ttl")
