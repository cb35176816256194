"""`skillbridge taxonomy`: what is printed, what is written, how bad input ends."""

import csv
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skillbridge.cli import cli
from skillbridge.errors import BadInput
from skillbridge.model import ISCO
from skillbridge.taxonomies import pack

OCC = "http://data.europa.eu/esco/occupation/"


def _run(*args: object) -> Result:
    return CliRunner().invoke(cli, ["taxonomy", *map(str, args)], catch_exceptions=True)


def _told(*args: object) -> str:
    result = _run(*args)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def _download(path: Path, concepts: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("occupations_en.csv", "conceptType,conceptUri,iscoGroup,preferredLabel,altLabels\n" + concepts)
    return path


@pytest.fixture
def packs(tmp_path: Path) -> tuple[Path, Path]:
    """Two versions of a tiny ESCO: a picker is renamed, a cook goes, a welder comes."""
    rows = {
        "1.0": f"Occupation,{OCC}a,9211,picker,hand\nOccupation,{OCC}b,5120,cook,\n",
        "1.1": f"Occupation,{OCC}a,9211,fruit picker,hand\nOccupation,{OCC}c,7212,welder,\n",
    }
    for version, text in rows.items():
        source = _download(tmp_path / f"ESCO v{version}.zip", text)
        _told("import", "esco", source, "--out", tmp_path / version)
    return tmp_path / "1.0", tmp_path / "1.1"


def test_list_names_the_bundled_packs_and_those_given(packs: tuple[Path, Path]) -> None:
    told = json.loads(_told("list", packs[0], "--json"))
    assert [row["id"] for row in told] == [*pack.library(), "esco"]
    assert told[0]["kinds"]["isco_group"] == 619
    assert "core 1.1" in _told("list")


def test_show_tells_labels_parents_and_skills() -> None:
    told = json.loads(_told("show", "9211", "--lang", "fr", "--json"))
    assert told["concept_uri"] == f"{ISCO}9211"
    assert [row["notation"] for row in told["broader"]] == ["921"]
    assert "ouvrier agricole" in told["labels"]["fr"]
    assert set(told["labels"]) == {"fr"}
    assert any(row["label"] == "pick fruit by hand" for row in told["essential"])
    assert "Crop farm labourers" in _told("show", "9211")


def test_show_of_an_unknown_concept_is_bad_input() -> None:
    result = _run("show", "nothing-like-it")
    assert isinstance(result.exception, BadInput)


def test_import_esco_tells_what_was_odd_and_writes_it_down(tmp_path: Path) -> None:
    source = _download(tmp_path / "ESCO v9.zip", f"Occupation,{OCC}a,9211,picker ,\n")
    told = json.loads(_told("import", "esco", source, "--out", tmp_path / "out", "--json"))
    assert told["kinds"] == {"occupation": 1}
    assert told["oddities"]["preferred label with outer blanks"] == 1
    with (tmp_path / "out" / "oddities.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(told["oddities"].values()) == len(rows)
    assert pack.load(tmp_path / "out").find(f"{OCC}a").label == "picker"


def test_a_refused_import_leaves_no_folder(tmp_path: Path) -> None:
    for name, content in (("a.zip", b"no zip"), ("b.zip", b"")):
        (tmp_path / name).write_bytes(content)
        result = _run("import", "esco", tmp_path / name, "--out", tmp_path / "out")
        assert isinstance(result.exception, BadInput)
    assert not (tmp_path / "out").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip"]


def test_a_countrys_words_become_a_pack_that_extends_the_core(tmp_path: Path) -> None:
    words = tmp_path / "pe.ttl"
    words.write_text(
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
        f'<{ISCO}9211> a skos:Concept ; skos:altLabel "palanero"@es .\n',
        encoding="utf-8",
    )
    told = _told("import", "skos", words, "--base", "core", "--id", "pe-words", "--out", tmp_path / "pe")
    assert "1 label in 1 language" in told
    both = pack.load(tmp_path / "pe")
    assert both.id == "core+pe-words"
    assert "palanero" in _told("show", "9211", "--taxonomy", tmp_path / "pe", "--lang", "es")


def test_export_writes_skos_that_imports_to_the_same_pack(tmp_path: Path, packs: tuple[Path, Path]) -> None:
    _told("export", tmp_path / "out.ttl", "--taxonomy", packs[0])
    _told("import", "skos", tmp_path / "out.ttl", "--out", tmp_path / "back")
    assert pack.load(tmp_path / "back").labels.equals(pack.load(packs[0]).labels)


def test_diff_counts_and_lists_changes(tmp_path: Path, packs: tuple[Path, Path]) -> None:
    told = _told("diff", *packs, "--out", tmp_path / "changes.csv")
    assert "added 1, gone 1, renamed 1, reworded 0, moved 0" in told
    assert f"renamed  {OCC}a  [en] picker -> fruit picker" in told
    assert len((tmp_path / "changes.csv").read_text(encoding="utf-8").splitlines()) == 4
    assert json.loads(_told("diff", *packs, "--json"))["concepts"]["added"] == 1


def test_migrate_rewrites_the_column_and_reports(tmp_path: Path, packs: tuple[Path, Path]) -> None:
    stored = tmp_path / "workers.csv"
    stored.write_text(f"worker_id,concept\n1,{OCC}a\n2,{OCC}b\n3,\n", encoding="utf-8")
    told = _told(
        *("migrate", stored, "--from", packs[0], "--to", packs[1]),
        *("--out", tmp_path / "new.csv", "--report", tmp_path / "report.csv"),
    )
    assert "kept 1, replaced 0, widened 0, gone 1" in told
    assert (tmp_path / "new.csv").read_text(encoding="utf-8").splitlines()[1:] == [f"1,{OCC}a", "2,", "3,"]
    assert "gone" in (tmp_path / "report.csv").read_text(encoding="utf-8")
    wrong = _run(
        "migrate", stored, "--from", packs[0], "--to", packs[1], "--column", "job", "--out", tmp_path / "x.csv"
    )
    assert isinstance(wrong.exception, BadInput)
    assert "no column job" in str(wrong.exception)
