"""Packs: what loads, what is refused and where, layers, saving whole or not at all, compiled tables."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from skillbridge.errors import BadInput, BadInputs
from skillbridge.model import ISCO
from skillbridge.tables import CONCEPTS, LABELS
from skillbridge.taxonomies import pack

CSVS = {
    "concepts": "concept_uri,kind,notation,isco,status\nc:picker,isco_group,9211,9211,current\n",
    "labels": "concept_uri,lang,label,label_kind,review\n"
    "c:picker,en,Picker,preferred,reviewed\nc:picker,en,picking hand,alternative,unreviewed\n",
    "relations": "subject,relation,object\n",
}


def _pack(folder: Path, toml: str = 'id = "test"\nversion = "1"\n', **csvs: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack.toml").write_text(toml, encoding="utf-8")
    for name, text in {**CSVS, **csvs}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def _same(a: pack.Taxonomy, b: pack.Taxonomy) -> None:
    assert a.languages == b.languages
    for name in pack.TABLES:
        assert_frame_equal(getattr(a, name), getattr(b, name))


def test_a_folder_with_four_files_is_a_pack(tmp_path: Path) -> None:
    taxonomy = pack.load(_pack(tmp_path / "mine"))
    assert (taxonomy.id, taxonomy.version, taxonomy.languages) == ("test", "1", ("en",))
    assert taxonomy.collections.is_empty()
    assert taxonomy.attributes.columns == list(pack.ATTRIBUTES)


def test_a_bundled_name_wins_over_a_folder_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pack(tmp_path / "core")
    monkeypatch.chdir(tmp_path)
    assert pack.load("core").id == "core"
    assert pack.load("./core").id == "test"


def test_an_unknown_pack_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(BadInput, match=r"no taxonomy pack; expected .*'core'"):
        pack.load("no-such-pack")


@pytest.mark.parametrize(
    ("csvs", "where", "what"),
    [
        ({"concepts": CSVS["concepts"].replace("isco_group", "job")}, "concepts.csv row 2", "kind is 'job'"),
        ({"concepts": CSVS["concepts"] + "c:picker,skill,,,\n"}, "concepts.csv row 3", "c:picker"),
        ({"concepts": CSVS["concepts"] + ",skill,,,\n"}, "concepts.csv row 3", "concept_uri is None"),
        ({"labels": CSVS["labels"].replace("unreviewed", "yes")}, "labels.csv row 3", "review is 'yes'"),
        ({"labels": CSVS["labels"].replace("picking hand", " ")}, "labels.csv row 3", "label is ' '"),
        ({"labels": "concept_uri,lang,label\n"}, "labels.csv", "columns missing or unknown: label_kind, review"),
        ({"relations": "subject,relation,object,why\n"}, "relations.csv", "unknown: why"),
        ({"relations": ""}, "relations.csv", "empty"),
    ],
)
def test_a_wrong_value_is_refused_with_file_row_and_column(
    tmp_path: Path, csvs: dict[str, str], where: str, what: str
) -> None:
    with pytest.raises(BadInput) as caught:
        pack.load(_pack(tmp_path / "bad", **csvs))
    assert where in str(caught.value)
    assert what in str(caught.value)


def test_every_wrong_value_is_told_at_once(tmp_path: Path) -> None:
    labels = CSVS["labels"].replace("unreviewed", "yes").replace("preferred", "main")
    with pytest.raises(BadInputs) as caught:
        pack.load(_pack(tmp_path / "bad", labels=labels))
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        ('id = "x"', "version is None"),
        ('id = ""\nversion = "1"', "id is ''"),
        ("id = [", "Invalid"),
        ('id = "x"\nversion = "1"\nextends = "core"', "extends is 'core'"),
    ],
)
def test_a_wrong_pack_toml_is_refused(tmp_path: Path, toml: str, what: str) -> None:
    with pytest.raises(BadInput, match=r"pack\.toml") as caught:
        pack.load(_pack(tmp_path / "bad", toml))
    assert what in str(caught.value)


def test_a_file_in_another_encoding_is_refused_not_garbled(tmp_path: Path) -> None:
    folder = _pack(tmp_path / "bad")
    (folder / "labels.csv").write_bytes(CSVS["labels"].replace("Picker", "Räumer").encode("cp1252"))
    with pytest.raises(BadInput, match=r"labels\.csv.*expected a CSV table in UTF-8"):
        pack.load(folder)


def test_a_country_adds_its_own_words_over_the_core(tmp_path: Path) -> None:
    labels = CSVS["labels"].replace("c:picker", f"{ISCO}9211").replace("picking hand", "orange hand")
    folder = _pack(
        tmp_path / "mine",
        'id = "mine"\nversion = "1"\nextends = ["core"]\n',
        concepts="concept_uri,kind,notation,isco,status\n",
        labels=labels,
    )
    taxonomy, core = pack.load(folder), pack.load()
    assert taxonomy.id == "core+mine"
    assert_frame_equal(taxonomy.concepts, core.concepts)
    of_9211 = taxonomy.labels.filter(pl.col("concept_uri") == f"{ISCO}9211", pl.col("lang") == "en")
    kinds = dict(of_9211.select("label", "label_kind").rows())
    assert kinds["Picker"] == "preferred"
    assert kinds["Crop farm labourers"] == kinds["orange hand"] == "alternative"
    assert len(taxonomy.labels) == len(core.labels) + 2


def test_the_pack_laid_over_wins_where_both_tell_a_concept() -> None:
    core = pack.load()
    new = pl.DataFrame(
        [(f"{ISCO}9211", "isco_group", "9211", "9211", "under review")], schema=list(CONCEPTS), orient="row"
    )
    empty = pl.DataFrame(schema=LABELS)
    over = core.overlay(pack.from_tables("x", "1", concepts=new, labels=empty, relations=core.relations.head(0)))
    assert len(over.concepts) == len(core.concepts)
    assert over.concepts.filter(pl.col("notation") == "9211")["status"].to_list() == ["under review"]


def test_packs_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    _pack(tmp_path / "a", 'id = "a"\nversion = "1"\nextends = ["../b"]\n')
    _pack(tmp_path / "b", 'id = "b"\nversion = "1"\nextends = ["../a"]\n')
    with pytest.raises(BadInput, match="in a circle"):
        pack.load(tmp_path / "a")


def test_a_saved_pack_loads_the_same_compiled_or_not(tmp_path: Path) -> None:
    core = pack.load()
    folder = pack.save(core, tmp_path / "copy")
    _same(pack.load(folder), core)
    assert pack.load(folder).digest
    for file in (folder / "compiled").iterdir():
        file.unlink()
    _same(pack.load(folder), core)


def test_an_edited_csv_is_read_again_although_compiled_tables_are_there(tmp_path: Path) -> None:
    folder = pack.save(pack.load(_pack(tmp_path / "mine")), tmp_path / "copy")
    before = pack.load(folder).digest
    with (folder / "labels.csv").open("a", encoding="utf-8") as file:
        file.write("c:picker,fr,cueilleur,alternative,unreviewed\n")
    after = pack.load(folder)
    assert after.languages == ("en", "fr")
    assert after.digest != before


def test_a_damaged_compiled_table_is_not_believed(tmp_path: Path) -> None:
    folder = pack.save(pack.load(_pack(tmp_path / "mine")), tmp_path / "copy")
    (folder / "compiled" / "labels.parquet").write_bytes(b"PAR1")
    assert len(pack.load(folder).labels) == 2


def test_saving_replaces_an_older_version_and_nothing_else(tmp_path: Path) -> None:
    taxonomy = pack.load(_pack(tmp_path / "mine"))
    pack.save(taxonomy, tmp_path / "out")
    pack.save(taxonomy, tmp_path / "out")
    _pack(tmp_path / "other", 'id = "other"\nversion = "1"\n')
    with pytest.raises(BadInput, match="holds the pack 'other'"):
        pack.save(taxonomy, tmp_path / "other")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(BadInput, match="not empty"):
        pack.save(taxonomy, tmp_path / "full")
    assert (tmp_path / "full" / "letter.txt").read_text(encoding="utf-8") == "dear"


def test_a_failed_save_leaves_the_old_pack_and_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = pack.save(pack.load(_pack(tmp_path / "mine")), tmp_path / "out")

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full_disk)
    with pytest.raises(OSError, match="no space"):
        pack.save(pack.load(tmp_path / "mine"), folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]
    assert len(pack.load(folder).labels) == 2


def test_a_concept_is_found_by_uri_and_by_notation() -> None:
    core = pack.load()
    by_code = core.find("9211")
    assert by_code == core.find(f"{ISCO}9211")
    assert by_code.label == "Crop farm labourers"
    assert by_code.broader == (f"{ISCO}921",)
    with pytest.raises(BadInput, match="no concept '9999'"):
        core.find("9999")
