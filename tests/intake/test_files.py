"""Files as they come: encodings, separators, workbooks, wrong names, damage."""

import contextlib
import gzip
import io
import zipfile
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge.errors import BadInput
from skillbridge.intake.files import read_table
from skillbridge.intake.headers import known

TEXT = "worker_id,nationality,occupation\nw1,México,peón agrícola\nw2,Perú,«ordeñador»\n"
ROWS = [("w1", "México", "peón agrícola"), ("w2", "Perú", "«ordeñador»")]


def read(content: bytes, tmp_path: Path, name: str = "list.csv") -> list[tuple[str | None, ...]]:
    path = tmp_path / name
    path.write_bytes(content)
    return read_table(path, partial(known, "workers"), what="workers").table.rows()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_separator_and_line_end_gives_the_same_rows(
    tmp_path: Path, encoding: str, mark: str, end: str
) -> None:
    text = TEXT.replace(",", mark).replace("\n", end)
    assert read(text.encode(encoding), tmp_path) == ROWS


def test_other_code_pages_are_told_by_their_headers(tmp_path: Path) -> None:
    russian = "номер;гражданство;профессия\n1;Узбекистан;сборщик ягод\n"
    assert read(russian.encode("cp1251"), tmp_path) == [("1", "Узбекистан", "сборщик ягод")]
    arabic = "رقم العامل;الجنسية;المهنة\n1;المغرب;عامل فلاحي\n"
    assert read(arabic.encode("cp1256"), tmp_path) == [("1", "المغرب", "عامل فلاحي")]


def test_a_gzipped_file_a_workbook_and_a_parquet_file_are_told_by_content(tmp_path: Path) -> None:
    frame = pl.DataFrame(ROWS, schema=["worker_id", "nationality", "occupation"], orient="row")
    book, parquet = io.BytesIO(), io.BytesIO()
    frame.write_excel(book)
    frame.write_parquet(parquet)
    for content in (gzip.compress(TEXT.encode()), book.getvalue(), parquet.getvalue()):
        assert read(content, tmp_path, "renamed.csv") == ROWS


def test_title_lines_above_the_header_are_skipped_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('"Pool of the district,\nspring",,\n,,\n' + TEXT)
    raw = read_table(path, partial(known, "workers"), what="workers")
    assert raw.table.rows() == ROWS
    assert raw.rows.to_list() == [4, 5]


def test_blank_lines_do_not_shift_row_numbers(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("worker_id,nationality,occupation\nw1,MX,x\n,,\nw2,PE,y\n")
    raw = read_table(path, partial(known, "workers"), what="workers")
    assert raw.rows.to_list() == [2, 4]


def test_rows_with_too_many_or_too_few_cells_are_kept_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("worker_id,nationality,occupation\nw1,MX,x,surplus\nw2,PE\n")
    raw = read_table(path, partial(known, "workers"), what="workers")
    assert raw.table.rows() == [("w1", "MX", "x"), ("w2", "PE", None)]
    assert [note[0] for note in raw.notes] == [2]


def test_repeated_and_empty_headers_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("worker_id,nationality,,nationality\nw1,MX,a,PE\n")
    raw = read_table(path, partial(known, "workers"), what="workers")
    assert raw.table.columns == ["worker_id", "nationality", "column 3", "nationality (4)"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \r\n", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "this is a PNG image"),
        (b"%PDF-1.7 ...", "this is a PDF document"),
        (b'{"workers": []}', "this is JSON"),
        (b"<?xml version='1.0'?><a/>", "this is XML"),
        (b"a,b\n1,2\n", "no known header"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-12], "damaged or cut off"),
        (b"\x00\x01\x02\x03" * 50, "this is not text"),
        (b"PAR1 and then nothing", "a Parquet file that cannot be read"),
        (b"PK\x03\x04 and then nothing", "damaged or cut off"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_with_a_reason(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(content, tmp_path)


def test_a_zip_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("list.csv", TEXT)
    with pytest.raises(BadInput, match="zip archive, not a workbook"):
        read(archive.getvalue(), tmp_path)
    with pytest.raises(BadInput, match="No such file"):
        read_table(tmp_path / "none.csv", partial(known, "workers"), what="workers")


@settings(max_examples=150, deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=400), st.text(max_size=200).map(lambda text: ("worker_id,age\n" + text).encode())
    )
)
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(content)
    with contextlib.suppress(BadInput):
        raw = read_table(path, partial(known, "workers"), what="workers")
        assert len(raw.rows) == len(raw.table)
