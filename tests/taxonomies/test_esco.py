"""The ESCO importer: versions that differ, every oddity told, nothing lost, damaged files refused."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbridge.errors import BadInput
from skillbridge.model import ISCO
from skillbridge.taxonomies import esco, pack

OCC = "http://data.europa.eu/esco/occupation/"
SKILL = "http://data.europa.eu/esco/skill/"
NEW_STYLE = {
    "occupations_en.csv": "conceptType,conceptUri,iscoGroup,preferredLabel,altLabels,hiddenLabels,status,modifiedDate,"
    "regulatedProfessionNote,scopeNote,definition,inScheme,description,code\r\n"
    f'Occupation,{OCC}cook,5120,cook ,"kitchen hand\ngrill cook\n\ncook",kok,released,2020-01-01,'
    "http://data.europa.eu/esco/regulated-professions/regulated,,,http://x/s1,Cooks cook.,5120.1\r\n"
    f"Occupation,{OCC}soldier,0110,officer,,,released,,,,,,,0110.1\r\n",
    "ISCOGroups_en.csv": "conceptType,conceptUri,code,preferredLabel,status,altLabels,inScheme,description\n"
    f"ISCOGroup,{ISCO}5120,5120,Cooks,released,,,\nISCOGroup,{ISCO}512,512,Cooks,released,,,\n",
    "skills_en.csv": "conceptType,conceptUri,skillType,reuseLevel,preferredLabel,altLabels,hiddenLabels,status\n"
    f"KnowledgeSkillCompetence,{SKILL}fry,skill/competence,cross-sector,fry food,grill cook,,released\n"
    f"KnowledgeSkillCompetence,{SKILL}salt,,,season food,,,released\n",
    "skillGroups_en.csv": "conceptType,conceptUri,preferredLabel,altLabels,status,code\n"
    f"SkillGroup,{SKILL}food,preparing food,,released,S1\n",
    "broaderRelationsOccPillar.csv": "conceptType,conceptUri,broaderType,broaderUri\n"
    f"Occupation,{OCC}cook,ISCOGroup,{ISCO}5120\nISCOGroup,{ISCO}5120,ISCOGroup,{ISCO}512\n",
    "broaderRelationsSkillPillar.csv": "conceptType,conceptUri,broaderType,broaderUri\n"
    f"KnowledgeSkillCompetence,{SKILL}fry,SkillGroup,{SKILL}food\n",
    "occupationSkillRelations.csv": "occupationUri,relationType,skillType,skillUri\n"
    f"{OCC}cook,essential,skill/competence,{SKILL}fry\n{OCC}cook,optional,,{SKILL}salt\n"
    f"{OCC}lost,essential,skill/competence,{SKILL}fry\n",
    "skillSkillRelations.csv": "originalSkillUri,originalSkillType,relationType,relatedSkillType,relatedSkillUri\n"
    f"{SKILL}fry,skill/competence,optional,skill/competence,{SKILL}salt\n"
    f"{SKILL}salt,,optional,,{SKILL}salt\n",
    "greenSkillsCollection_en.csv": "conceptType,conceptUri,preferredLabel,status,altLabels,broaderConceptUri\n"
    f"KnowledgeSkillCompetence,{SKILL}salt,season food,released,add salt | season,{SKILL}food\n",
}


def _zip(path: Path, files: Mapping[str, str | bytes], folder: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(folder + name, text)
    return path


def _labels(found: pack.Import, uri: str, lang: str = "en") -> dict[str, str]:
    rows = found.taxonomy.labels.filter(pl.col("concept_uri") == uri, pl.col("lang") == lang)
    return dict(rows.select("label", "label_kind").rows())


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return _zip(tmp_path / "ESCO dataset - v1.1.1 - classification - en - csv.zip", NEW_STYLE)


def test_labels_come_with_their_kind_without_outer_blanks_and_once(small: Path) -> None:
    found = esco.read([small])
    assert _labels(found, f"{OCC}cook") == {
        "cook": "preferred",
        "kitchen hand": "alternative",
        "grill cook": "alternative",
        "kok": "hidden",
    }
    assert found.counts()["preferred label with outer blanks"] == 1


def test_concepts_keep_kind_code_unit_group_and_leading_zero(small: Path) -> None:
    rows = {row["concept_uri"]: row for row in esco.read([small]).taxonomy.concepts.to_dicts()}
    assert rows[f"{OCC}cook"] | {"status": ""} == {
        "concept_uri": f"{OCC}cook",
        "kind": "occupation",
        "notation": "5120.1",
        "isco": "5120",
        "status": "",
    }
    assert rows[f"{OCC}soldier"]["isco"] == "0110"
    assert rows[f"{ISCO}5120"]["isco"] == "5120"
    assert rows[f"{ISCO}512"]["isco"] is None
    assert rows[f"{SKILL}food"]["kind"] == "skill_group"


def test_relations_are_kept_even_to_what_is_missing_and_told(small: Path) -> None:
    found = esco.read([small])
    relations = set(found.taxonomy.relations.rows())
    assert (f"{OCC}lost", "essential", f"{SKILL}fry") in relations
    assert (f"{SKILL}salt", "optional", f"{SKILL}salt") in relations
    assert (f"{SKILL}salt", "broader", f"{SKILL}food") in relations
    counts = found.counts()
    assert counts["relation of a missing concept"] == 1
    assert counts["concept related to itself"] == 1
    assert counts["skill without type"] == 1


def test_collections_regulated_professions_and_texts_arrive(small: Path) -> None:
    taxonomy = esco.read([small]).taxonomy
    assert set(taxonomy.collections.rows()) == {(f"{SKILL}salt", "green"), (f"{OCC}cook", "regulated")}
    attributes = {(a, lang): value for uri, a, lang, value in taxonomy.attributes.rows() if uri == f"{OCC}cook"}
    assert attributes[("description", "en")] == "Cooks cook."
    assert attributes[("modified_date", None)] == "2020-01-01"
    assert _labels(esco.read([small]), f"{SKILL}salt")["add salt"] == "alternative"


def test_later_file_names_a_semicolon_and_utf16_are_read_alike(tmp_path: Path, small: Path) -> None:
    later: dict[str, str | bytes] = {}
    for name, text in NEW_STYLE.items():
        renamed = name if "_en" in name else name.replace(".csv", "_en.csv")
        later[renamed] = text.replace(",", ";").replace("conceptUri", "conceptUri").encode("utf-16")
    a, b = esco.read([small]), esco.read([_zip(tmp_path / "ESCO v1.1.1.zip", later, folder="ESCO/csv/")])
    for name in ("concepts", "labels", "relations", "collections"):
        assert getattr(a.taxonomy, name).equals(getattr(b.taxonomy, name)), name


def test_an_unzipped_folder_reads_like_its_zip(tmp_path: Path, small: Path) -> None:
    folder = tmp_path / "ESCO dataset - v1.1.1"
    (folder / "deep").mkdir(parents=True)
    for name, text in NEW_STYLE.items():
        (folder / "deep" / name).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert esco.read([folder]).taxonomy.labels.equals(esco.read([small]).taxonomy.labels)
    assert esco.read([folder]).taxonomy.version == "1.1.1"


def test_an_old_version_without_code_status_and_collections_is_read(tmp_path: Path) -> None:
    old = {
        "occupations_fr.csv": "conceptType,conceptUri,iscoGroup,preferredLabel,altLabels,description\n"
        f"Occupation,{OCC}cook,C5120,cuisinier/cuisinière,cuistot,\nOccupation,{OCC}soldier,110,officier,,\n",
        "ictSkillsCollection_fr.csv": "conceptType,conceptUri,preferredLabel,skillType,reuseLevel,altLabels\n"
        f"KnowledgeSkillCompetence,{SKILL}php,PHP,knowledge,cross-sector,\n",
    }
    found = esco.read([_zip(tmp_path / "v1.0.8.zip", old)])
    taxonomy = found.taxonomy
    assert (taxonomy.version, taxonomy.languages) == ("1.0.8", ("fr",))
    assert dict(taxonomy.concepts.select("concept_uri", "isco").rows())[f"{OCC}soldier"] == "0110"
    assert (f"{SKILL}php", "digital") in taxonomy.collections.rows()
    missing = found.oddities.filter(pl.col("oddity") == "file missing")["subject"].to_list()
    assert "skills" in missing
    assert "occupationskillrelations" in missing


def test_two_languages_are_two_labels_of_one_concept(tmp_path: Path, small: Path) -> None:
    french = {
        "occupations_fr.csv": "conceptType,conceptUri,iscoGroup,preferredLabel,altLabels\n"
        f"Occupation,{OCC}cook,5120,cuisinier,cuistot\n"
    }
    found = esco.read([small, _zip(tmp_path / "fr.zip", french)])
    assert found.taxonomy.languages == ("en", "fr")
    assert _labels(found, f"{OCC}cook", "fr") == {"cuisinier": "preferred", "cuistot": "alternative"}
    assert len(found.taxonomy.concepts) == len(esco.read([small]).taxonomy.concepts)


def test_the_hierarchy_by_levels_tells_groups_that_no_other_file_tells(tmp_path: Path) -> None:
    files = {
        **NEW_STYLE,
        "skillsHierarchy_en.csv": "Level 0 URI,Level 0 preferred term,Level 1 URI,Level 1 preferred term,Level 0 code,"
        f"Level 1 code\n{SKILL}all,all skills,{SKILL}food,preparing food,S,S1\n",
    }
    found = esco.read([_zip(tmp_path / "v1.zip", files)])
    assert found.taxonomy.find("S").label == "all skills"
    assert (f"{SKILL}food", "broader", f"{SKILL}all") in found.taxonomy.relations.rows()
    assert found.counts()["skill group only in the hierarchy"] == 1


def test_an_unknown_column_is_kept_and_an_unknown_file_is_told(tmp_path: Path) -> None:
    files = {
        **NEW_STYLE,
        "skillGroups_en.csv": "conceptType,conceptUri,preferredLabel,naceCode\n"
        f"SkillGroup,{SKILL}food,preparing food,I56\n",
        "weather_en.csv": "day,rain\n1,2\n",
    }
    found = esco.read([_zip(tmp_path / "v1.zip", files)])
    assert (f"{SKILL}food", "nace_code", None, "I56") in found.taxonomy.attributes.rows()
    assert found.counts()["file not understood"] == 1


def _more_labels(path: Path) -> Path:
    path.write_text(
        "lang,esco_version,concept_uri,pos,label,preferred,concept_kind\n"
        f"fr,1.0.8,{OCC}cook,0,vieux cuisinier,1,occupation\n"
        f"fr,1.1.0,{OCC}cook,0,cuisinier,1,occupation\n"
        f"fr,1.1.0,{OCC}cook,1,cuistot ,0,occupation\n"
        f"fr,1.2.0,{OCC}cook,0,chef,1,occupation\n"
        f"fr,1.1.0,{OCC}gone,0,disparu,1,occupation\n",
        encoding="utf-8",
    )
    return path


def test_labels_of_the_nearest_version_are_added_and_told(tmp_path: Path, small: Path) -> None:
    found = esco.read([small], labels=_more_labels(tmp_path / "labels.csv"))
    assert _labels(found, f"{OCC}cook", "fr") == {"cuisinier": "preferred", "cuistot": "alternative"}
    assert found.counts()["labels of another version"] == 1
    assert found.counts()["label of an unknown concept"] == 1


def test_labels_of_one_version_or_of_all_can_be_asked_for(tmp_path: Path, small: Path) -> None:
    table = _more_labels(tmp_path / "labels.csv")
    old = esco.read([small], labels=table, labels_version="1.0.8")
    assert _labels(old, f"{OCC}cook", "fr") == {"vieux cuisinier": "preferred"}
    every = _labels(esco.read([small], labels=table, labels_version="all"), f"{OCC}cook", "fr")
    assert set(every) == {"chef", "cuisinier", "vieux cuisinier", "cuistot"}
    assert [label for label, kind in every.items() if kind == "preferred"] == ["chef"]
    with pytest.raises(BadInput, match=r"no labels of ESCO 9.*1\.0\.8, 1\.1\.0, 1\.2\.0 or all"):
        esco.read([small], labels=table, labels_version="9")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("occupations_en.csv", b"", "empty file"),
        ("occupations_en.csv", b"conceptType,iscoGroup\nOccupation,1\n", "no column conceptUri"),
        ("occupations_en.csv", "conceptUri,preferredLabel\nu,Köchin\n".encode("cp1252"), "line 2 is not utf-8"),
        ("occupations_en.csv", b'conceptUri,preferredLabel\nu,"cut off', "a quoted field is not closed"),
        ("occupations_en.csv", b"conceptUri,preferredLabel\nu,a\n,b\n", "row 3: no conceptUri"),
        ("occupations_en.csv", b"conceptUri,preferredLabel\nu,a,b,c\n", "occupations_en.csv"),
        ("occupationSkillRelations.csv", b"occupationUri,relationType\nu,essential\n", "no column skillUri"),
        ("holiday.csv", b"a,b\n1,2\n", "no ESCO file among"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_with_its_place(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    with pytest.raises(BadInput) as caught:
        esco.read([_zip(tmp_path / "v1.zip", {name: content})])
    assert what in str(caught.value)
    assert "v1.zip" in str(caught.value)


def test_what_is_no_zip_and_a_truncated_zip_are_refused(tmp_path: Path, small: Path) -> None:
    whole = small.read_bytes()
    for name, content in (("a.zip", b""), ("b.zip", b"hello"), ("c.zip", whole[: len(whole) // 2])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match=f"{name}: .*; expected an ESCO download"):
            esco.read([tmp_path / name])
    with pytest.raises(BadInput, match="no such file"):
        esco.read([tmp_path / "absent.zip"])
    with pytest.raises(BadInput, match="nothing in it"):
        esco.read([_zip(tmp_path / "d.zip", {})])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_anywhere_in_a_zip_is_refused_or_harmless_never_a_crash(
    small: Path, tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(small.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "ESCO v1.zip"
    damaged.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    told = str(damaged)
    try:
        esco.read([damaged])
    except BadInput as error:
        told = str(error)
    assert damaged.name in told


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_any_text_as_a_table_is_refused_or_read_never_a_crash(tmp_path: Path, text: str) -> None:
    buffer = io.StringIO(text, newline="")
    path = _zip(
        tmp_path / "ESCO v1.zip", {"occupations_en.csv": ("conceptUri,preferredLabel\n" + buffer.read()).encode()}
    )
    try:
        found = esco.read([path])
    except (BadInput, UnicodeEncodeError):
        return
    assert found.taxonomy.labels["label"].str.strip_chars().str.len_chars().min() != 0


@pytest.mark.data
def test_the_official_download_arrives_whole_and_its_oddities_are_told(shared_data: Path, tmp_path: Path) -> None:
    zips = sorted((shared_data / "esco").glob("*.zip"))
    found = esco.read(zips, labels=shared_data / "esco" / "occupation_labels_21langs.csv.gz")
    taxonomy = found.taxonomy
    kinds = dict(taxonomy.concepts["kind"].value_counts().rows())
    assert kinds == {"occupation": 3_007, "skill": 13_896, "isco_group": 619, "skill_group": 647}
    of_occupations = taxonomy.relations.filter(
        pl.col("subject").str.starts_with(OCC), pl.col("relation").is_in(["essential", "optional"])
    )
    assert len(of_occupations) == 123_855
    skills = taxonomy.relations.filter(pl.col("subject").str.starts_with(SKILL), pl.col("relation") != "broader")
    assert len(skills) == 5_899
    counts = found.counts()
    of_missing = found.oddities.filter(
        pl.col("oddity") == "relation of a missing concept", ~pl.col("detail").str.starts_with("broader")
    )
    assert len(of_missing) == 67
    assert counts["skill without type"] == 6
    assert counts["concept related to itself"] == 1
    assert counts["ambiguous occupation label (en)"] == 995
    assert counts["preferred label with outer blanks"] == 87
    parents = taxonomy.relations.filter(
        pl.col("relation") == "broader",
        pl.col("subject").is_in(taxonomy.concepts.filter(pl.col("kind") == "skill")["concept_uri"].implode()),
    )
    assert (parents.group_by("subject").len()["len"] > 1).sum() == 4_646
    assert dict(taxonomy.collections["collection"].value_counts().rows())["regulated"] == 15
    assert len(taxonomy.languages) == 21
    assert taxonomy.version == "1.1.1"
    folder = pack.save(taxonomy, tmp_path / "esco", extra={"oddities": found.oddities})
    again = pack.load(folder)
    assert again.labels.equals(taxonomy.labels)
    assert again.relations.equals(taxonomy.relations)
