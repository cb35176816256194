"""Any table file as rows of text: its kind is told by content, never by its name.

CSV with commas, semicolons, tabs or bars, in UTF-8 (with or without BOM), UTF-16, Windows and Mac code pages; XLSX, XLS
and ODS; Parquet; each also gzipped. Title lines above the header are skipped by looking for a row of known headers.
"""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from skillbridge.errors import BadInput

PREAMBLE = 40
"""Rows searched for the header."""
_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an XZ archive"),
    (b"{\\rtf", "a rich-text document"),
)
_LEGACY = ("cp1252", "cp1251", "cp1256", "cp1250", "mac_roman")


@dataclass(frozen=True)
class Raw:
    """A file's table: every column text (blanks are null); `rows` are the numbers a spreadsheet shows."""

    table: pl.DataFrame
    rows: pl.Series
    kind: str
    notes: tuple[tuple[int | None, str, str], ...] = ()
    """(row, value, what was expected) of lines that do not fit the table."""
    title: str = ""
    """The text above the header."""


def read_table(path: Path, known: Callable[[Sequence[str]], int], *, what: str) -> Raw:
    """The table in `path`; `known(cells)` counts how many cells of a row are headers of it.

    `what` names the expected content in errors. Raises `BadInput` for a missing, empty, binary or headerless file.
    """
    content = read_bytes(path)
    where = str(path)
    if content[:4] == b"PAR1":
        return _frame(
            _polars(where, "a Parquet file", lambda: pl.read_parquet(io.BytesIO(content))), known, where, what
        )
    if content[:4] == b"PK\x03\x04" or content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _workbook(content, known, where, what)
    for magic, name in _MAGIC:
        if content.startswith(magic):
            raise BadInput(where, f"this is {name}", f"a table of {what}: CSV, XLSX or Parquet")
    head = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:5].lower() in (b"<?xml", b"<!doc", b"<html"):
        raise BadInput(where, "this is XML or HTML", f"a table of {what}: CSV, XLSX or Parquet")
    if head[:1] in (b"{", b"["):
        raise BadInput(where, "this is JSON", f"a table of {what}: CSV, XLSX or Parquet")
    return _text(_decode(content, known, where, what), known, where, what)


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, unpacked if gzipped. Raises `BadInput` if it is missing, empty or truncated."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(str(path), error.strerror or "cannot be read", "a readable file") from error
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise BadInput(str(path), "the gzip file is damaged or cut off", "a whole .gz file") from error
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise BadInput(str(path), "the file is empty", "a header and at least one row")
    return content


def decode(content: bytes) -> str | None:
    """Unicode text, by its BOM, by the zero bytes of UTF-16, or as UTF-8; None if it is in an older code page."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    even, odd = content[0:4000:2].count(0), content[1:4000:2].count(0)
    half = len(content[:4000]) // 2
    if half and max(even, odd) > 0.4 * half and min(even, odd) < 0.1 * half:
        return content.decode("utf-16-be" if even > odd else "utf-16-le", errors="replace").lstrip("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _decode(content: bytes, known: Callable[[Sequence[str]], int], where: str, what: str) -> str:
    text = decode(content)
    if text is None:
        if b"\x00" in content[:4000]:
            raise BadInput(where, "this is not text", f"a table of {what}: CSV, XLSX or Parquet")
        readings = [content.decode(page, errors="replace") for page in _LEGACY]
        text = max(readings, key=lambda reading: _recognised(reading, known))
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    if any(ord(c) < 9 for c in text[:4000]):
        raise BadInput(where, "this is not text", f"a table of {what}: CSV, XLSX or Parquet")
    return text


def _recognised(text: str, known: Callable[[Sequence[str]], int]) -> int:
    lines = text[:20000].splitlines()[:PREAMBLE]
    return max((known(next(csv.reader([line], delimiter=mark), [])) for line in lines for mark in ",;\t|"), default=0)


def _text(text: str, known: Callable[[Sequence[str]], int], where: str, what: str) -> Raw:
    lines = [line + "\n" for line in text[:1_000_000].split("\n")]
    best, mark, first, header = 0, ",", 0, 0
    for candidate in (",", ";", "\t", "|"):
        reader = csv.reader(lines, delimiter=candidate)
        before = 0
        try:
            for number, cells in enumerate(reader):
                if number >= PREAMBLE:
                    break
                count = known(cells)
                if count > best:
                    best, mark, first, header = count, candidate, before, number
                before = reader.line_num
        except csv.Error:
            continue
    if not best:
        raise BadInput(where, f"no known header in the first {PREAMBLE} rows", f"a header row for {what}")
    title, body = "".join(lines[:first]), text[sum(len(line) for line in lines[:first]) :]
    try:
        frame = pl.read_csv(
            io.BytesIO(body.encode()), separator=mark, infer_schema_length=0, truncate_ragged_lines=False
        )
        if any(name.rpartition("_duplicated_")[1] for name in frame.columns):
            return _ragged(body, mark, header, title)
        frame.columns = _unique(frame.columns)
        rows = pl.Series(range(header + 2, header + 2 + len(frame)), dtype=pl.Int64)
        return _without_blank(Raw(_clean(frame), rows, "csv", title=title))
    except pl.exceptions.PolarsError:
        return _ragged(body, mark, header, title)


def _ragged(body: str, mark: str, header: int, title: str) -> Raw:
    """The slow, forgiving reading: rows with more cells than the header keep their first ones and are noted."""
    notes: list[tuple[int | None, str, str]] = []
    rows: list[list[str | None]] = []
    reader = csv.reader(io.StringIO(body), delimiter=mark)
    names = _unique(next(reader))
    numbers = []
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            notes.append((header + 2 + len(rows), str(error), "well-formed CSV"))
            continue
        number = header + 2 + len(rows)
        surplus = [cell for cell in cells[len(names) :] if cell.strip()]
        if surplus:
            notes.append((number, mark.join(surplus), f"{len(names)} cells as in the header, not {len(cells)}"))
        rows.append([*cells[: len(names)], *[None] * (len(names) - len(cells))])
        numbers.append(number)
    table = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return _without_blank(Raw(_clean(table), pl.Series(numbers, dtype=pl.Int64), "csv", tuple(notes), title))


def _workbook(content: bytes, known: Callable[[Sequence[str]], int], where: str, what: str) -> Raw:
    if content[:2] == b"PK":
        try:
            names = zipfile.ZipFile(io.BytesIO(content)).namelist()
        except zipfile.BadZipFile as error:
            raise BadInput(where, "the workbook or zip is damaged or cut off", "a whole file") from error
        if not any(name.startswith("xl/") or name == "content.xml" for name in names):
            raise BadInput(where, "this is a zip archive, not a workbook", f"a table of {what}: CSV, XLSX or Parquet")
    import fastexcel

    try:
        book = fastexcel.read_excel(content)
        sheets = [
            (name, book.load_sheet(name, header_row=None, dtypes="string").to_polars()) for name in book.sheet_names
        ]
    except fastexcel.FastExcelError as error:
        raise BadInput(where, f"the workbook cannot be read ({error})", "an XLSX, XLS or ODS workbook") from error
    best, place = 0, (0, 0)
    for sheet, (_, frame) in enumerate(sheets):
        for number, cells in enumerate(frame.head(PREAMBLE).iter_rows()):
            count = known([cell or "" for cell in cells])
            if count > best:
                best, place = count, (sheet, number)
    if not best:
        raise BadInput(where, f"no known header in the first {PREAMBLE} rows of any sheet", f"a header row for {what}")
    name, frame = sheets[place[0]]
    titles = _unique([cell or "" for cell in frame.row(place[1])])
    table = frame.slice(place[1] + 1)
    title = "\n".join(cell for cells in frame.head(place[1]).iter_rows() for cell in cells if cell)
    table.columns = titles
    rows = pl.Series(range(place[1] + 2, place[1] + 2 + len(table)), dtype=pl.Int64)
    others = tuple(
        (None, other, f"one sheet of {what}; this one was not read")
        for number, (other, sheet_frame) in enumerate(sheets)
        if number != place[0] and len(sheet_frame)
    )
    return _without_blank(Raw(_clean(table), rows, f"workbook sheet {name!r}", others, title))


def _frame(frame: pl.DataFrame, known: Callable[[Sequence[str]], int], where: str, what: str) -> Raw:
    if not known(frame.columns):
        raise BadInput(where, "no known column: " + ", ".join(frame.columns[:8]), f"the columns of {what}")
    text = frame.select(
        pl.col(name).list.eval(pl.element().cast(pl.String)).list.join(";")
        if isinstance(kind, pl.List)
        else pl.col(name).cast(pl.String)
        for name, kind in frame.schema.items()
    )
    return _without_blank(Raw(_clean(text), pl.Series(range(2, len(frame) + 2), dtype=pl.Int64), "parquet"))


def _polars(where: str, kind: str, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    try:
        return read()
    except pl.exceptions.PolarsError as error:
        raise BadInput(where, f"{kind} that cannot be read", "a whole, undamaged file") from error


def _clean(frame: pl.DataFrame) -> pl.DataFrame:
    """Blanks at the ends go (also no-break ones); empty text is null."""
    return frame.select(pl.all().str.strip_chars(" \t\r\n\u00a0\u200b\ufeff").replace("", None))


def _without_blank(raw: Raw) -> Raw:
    if not raw.table.width:
        return raw
    filled = raw.table.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    return Raw(raw.table.filter(filled), raw.rows.filter(filled), raw.kind, raw.notes, raw.title)


def _unique(names: Sequence[str]) -> list[str]:
    """Header cells as column names: blanks numbered, repeats told apart."""
    found: list[str] = []
    for number, name in enumerate(names, 1):
        plain = " ".join(name.split()) or f"column {number}"
        found.append(plain if plain not in found else f"{plain} ({number})")
    return found
