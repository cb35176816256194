"""`skillbridge import`: files in, a folder out, and an exit status one can build on."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from skillbridge.cli.imports import FORMATS, import_command
from skillbridge.errors import BadInput

WORKERS = "id,country,job\nw1,MX,picker\nw2,Atlantis,picker\n"


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(import_command, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_import_writes_the_table_and_both_reports(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(WORKERS)
    output = run("workers", tmp_path / "a.csv", "--out", tmp_path / "out")
    assert "1 workers in" in output
    assert pl.read_parquet(tmp_path / "out" / "workers.parquet")["worker_id"].to_list() == ["w1"]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["counts"] == {"rows": 2, "workers": 1}
    assert report["columns"] == {"id": "worker_id", "country": "origin", "job": "occupation"}
    rows = (tmp_path / "out" / "report.csv").read_text().splitlines()
    assert rows[0] == "row,column,value,expected,action"
    assert rows[1].startswith("3,country,Atlantis,")


def test_csv_is_written_on_request_and_can_be_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(WORKERS)
    run("workers", tmp_path / "a.csv", "--out", tmp_path / "one", "--format", "csv")
    run("workers", tmp_path / "one" / "workers.csv", "--out", tmp_path / "two", "--format", "csv")
    assert (tmp_path / "one" / "workers.csv").read_bytes() == (tmp_path / "two" / "workers.csv").read_bytes()


def test_several_files_are_one_table_and_a_repeated_id_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(WORKERS)
    (tmp_path / "b.csv").write_text("id;pays;métier\nw1;Maroc;x\nw9;Maroc;y\n", encoding="cp1252")
    run("workers", tmp_path / "a.csv", tmp_path / "b.csv", "--out", tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out" / "workers.parquet")["worker_id"].to_list() == ["w1", "w9"]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["counts"]["rows"] == 4
    assert any(entry["value"] == "w1" and entry["action"] == "refused" for entry in report["entries"])


def test_nothing_usable_is_bad_input_and_the_report_still_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,country,job\nw1,Atlantis,picker\n")
    with pytest.raises(BadInput, match=r"no usable workers; .*report.csv says why"):
        run("workers", tmp_path / "a.csv", "--out", tmp_path / "out")
    assert "Atlantis" in (tmp_path / "out" / "report.csv").read_text()


def test_one_unusable_file_among_several_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(WORKERS)
    (tmp_path / "b.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    output = run("workers", tmp_path / "a.csv", tmp_path / "b.csv", "--out", tmp_path / "out", "--json")
    entries = json.loads(output)["entries"]
    assert {(entry["file"], entry["row"], entry["value"]) for entry in entries} == {
        ("a.csv", 3, "Atlantis"),
        ("a.csv", 3, "w2"),
        ("b.csv", None, "this is a PNG image"),
    }
    assert (tmp_path / "out" / "report.csv").read_text().startswith("row,column,value,expected,action,file\n")
    with pytest.raises(BadInput, match=r"a PNG image.*\n.*a PNG image"):
        run("workers", tmp_path / "b.csv", tmp_path / "b.csv", "--out", tmp_path / "none")


def test_a_table_between_classifications_becomes_a_pack(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("NOC2016,NOC2016_Title,NOC2021,NOC2021_Title\n11,Legislators,10,Legislators\n")
    output = run("crosswalk", tmp_path / "a.csv", "--out", tmp_path / "out")
    assert "1 codes had lost leading zeros" in output
    assert (tmp_path / "out" / "noc2016--noc2021.csv").read_text().splitlines()[1].startswith("0011,Legislators,00010")


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_has_its_reader_and_refuses_a_picture(tmp_path: Path, name: str) -> None:
    picture = tmp_path / "a.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    with pytest.raises(BadInput):
        run(name, picture, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_columns_can_be_named_and_what_a_file_lacks_can_be_stated(tmp_path: Path) -> None:
    (tmp_path / "rse.csv").write_text("Grower;Heads=2025\nKiwi Ltd;120\n")
    said = ["destination=NZ", "start=2025-10-01", "duration=7 months", "occupation=fruit picker"]
    options = [part for pair in said for part in ("--assume", pair)]
    output = run(
        "vacancies", tmp_path / "rse.csv", "--out", tmp_path / "out", "--map", "Heads=2025=positions", *options
    )
    assert "assumed: destination: NZ where the file says nothing" in output
    frame = pl.read_parquet(tmp_path / "out" / "vacancies.parquet")
    assert frame.select("employer", "positions", "destination").row(0) == ("Kiwi Ltd", 120, "NZ")


@pytest.mark.parametrize("option", [("--map", "Grower"), ("--assume", "=NZ"), ("--assume", "destination=")])
def test_an_option_without_both_parts_is_bad_input(tmp_path: Path, option: tuple[str, str]) -> None:
    (tmp_path / "rse.csv").write_text("Grower;Heads\nKiwi Ltd;120\n")
    with pytest.raises(BadInput, match="expected COLUMN=FIELD or FIELD=VALUE"):
        run("vacancies", tmp_path / "rse.csv", "--out", tmp_path / "out", *option)


def test_documents_have_no_columns_to_name(tmp_path: Path) -> None:
    (tmp_path / "cv.json").write_text("{}")
    result = CliRunner().invoke(import_command, ["jsonresume", str(tmp_path / "cv.json"), "--out", "x", "--map", "a=b"])
    assert result.exit_code == 2
    assert "No such option" in result.output


def test_the_reasons_of_refused_rows_add_up(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(WORKERS + "w3,Mordor,picker\nw1,MX,picker\nw4,MX,\n")
    run("workers", tmp_path / "a.csv", "--out", tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["refused_rows"] == {"a country of origin": 2, "an occupation": 1, "each worker once": 1}
    assert sum(report["refused_rows"].values()) + report["counts"]["workers"] == report["counts"]["rows"]
