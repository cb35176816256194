"""Any table file as rows of text: its kind is told by content, never by its name.

CSV with commas, semicolons, tabs or bars, in UTF-8 (with or without BOM), UTF-16, Windows and Mac code pages; XLSX, XLS
and ODS; Parquet; JSON and JSON lines; the tables of a web page; each also gzipped. Title lines above the header are
skipped by looking for a row of known headers, and a header repeated further down is no row.
"""

import csv
import gzip
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.intake.records import html_rows, json_records

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
_LEGACY = (
    *("cp1252", "cp1251", "cp1256", "cp1250", "cp1253", "cp1254", "cp1257", "cp1258", "cp874", "mac_roman", "koi8_u"),
    *("cp949", "cp932", "gb18030", "big5", "euc_jp"),
)
"""Code pages before Unicode: the one in which most headers are known is taken, of several the one that spells best."""
_ALPHABETS = (
    "áéíóöőúüű ąćęłńóśźż áčďéěíňóřšťúůýžäľĺŕô ăâîșşțţ čćđšž àâæçéèêëîïôœùûüÿ áéíñóúüç ãáâàçéêíóôõú äöüßé àèéìòù"
    " åäöæøéü çğıöşüâî āčēģīķļņšūž ąčęėįšųūž äöõüšž"
)
"""The letters beyond a to z of the languages that share those code pages."""


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


Known = Callable[[Sequence[str]], int]
"""How many cells of a row are headers of the table that is looked for."""
Remedy = Callable[[Sequence[str]], str]
"""What was expected of a file with these columns, and what its reader can do."""


@dataclass(frozen=True)
class _Wanted:
    where: str
    what: str
    known: Known
    remedy: Remedy | None

    @property
    def kinds(self) -> str:
        return f"a table of {self.what}: CSV, XLSX, ODS, JSON or Parquet"

    def unknown(self, columns: Sequence[str], place: str) -> BadInput:
        """The error of a file without a known header, whose most likely header is `columns`."""
        shown = [column for column in columns if column.strip()]
        seen = f"; its columns seem to be {', '.join(shown[:40])}" if shown else ""
        expected = self.remedy(shown) if self.remedy and shown else f"a header row for {self.what}"
        return BadInput(self.where, f"no known header in {place}{seen}", expected)


def read_table(path: Path, known: Known, *, what: str, remedy: Remedy | None = None) -> Raw:
    """The table in `path`; `known(cells)` counts how many cells of a row are headers of it.

    `what` names the expected content in errors, and `remedy(columns)` says what to do about a header that is not known.
    Raises `BadInput` for a missing, empty, binary or headerless file.
    """
    content = read_bytes(path)
    wanted = _Wanted(str(path), what, known, remedy)
    if content[:4] == b"PAR1":
        read = _polars(wanted.where, "a Parquet file", partial(pl.read_parquet, io.BytesIO(content)))
        return _frame(read, "parquet", 2, wanted)
    if content[:4] == b"PK\x03\x04" or content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _workbook(content, wanted)
    for magic, name in _MAGIC:
        if content.startswith(magic):
            raise BadInput(wanted.where, f"this is {name}", wanted.kinds)
    head = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doc", b"<html", b"<table", b"<meta")) or (head.startswith(b"<?xml") and b"<html" in head):
        return _page(content, wanted)
    if head[:5] == b"<?xml":
        raise BadInput(wanted.where, "this is XML", wanted.kinds)
    text = decode(content) if head[:1] in (b"{", b"[") or content[:2] in (b"\xff\xfe", b"\xfe\xff") else None
    if text is not None and text.lstrip()[:1] in ("{", "["):
        return _frame(json_records(text, wanted.where, known), "json", 1, wanted)
    decoded = _decode(content, wanted)
    del content
    start, encoded = decoded[:1_000_000], decoded.encode()
    del decoded
    return _text(start, encoded, wanted)


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


def _decode(content: bytes, wanted: _Wanted) -> str:
    text = decode(content)
    if text is None:
        if b"\x00" in content[:4000]:
            raise BadInput(wanted.where, "this is not text", wanted.kinds)
        start = {page: content[:20000].decode(page, errors="replace") for page in _LEGACY}
        told = {page: (_recognised(text, wanted.known), _spelled(text)) for page, text in start.items()}
        text = content.decode(max(told, key=lambda page: told[page]), errors="replace")
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    if any(ord(c) < 9 for c in text[:4000]):
        raise BadInput(wanted.where, "this is not text", wanted.kinds)
    return text


def _spelled(text: str) -> float:
    """The share of the signs beyond ASCII that one language has as letters, the best of _ALPHABETS; 1 without any."""
    signs = Counter(c for c in text.lower() if ord(c) > 127 and c not in "€«»“”„‘’–—…°ºª№§\u00a0")
    best = max(sum(count for c, count in signs.items() if c in letters) for letters in _ALPHABETS.split())
    return best / signs.total() if signs else 1.0


def _recognised(text: str, known: Known) -> int:
    lines = text[:20000].splitlines()[:PREAMBLE]
    return max((known(next(csv.reader([line], delimiter=mark), [])) for line in lines for mark in ",;\t|"), default=0)


def _text(start: str, content: bytes, wanted: _Wanted) -> Raw:
    """The table of a text that starts with `start` and is `content` in UTF-8."""
    lines = [line + "\n" for line in start.split("\n")]
    best, mark, first, header = 0, ",", 0, 0
    widest: list[str] = []
    for candidate in (",", ";", "\t", "|"):
        reader = csv.reader(lines, delimiter=candidate)
        before = 0
        try:
            for number, cells in enumerate(reader):
                if number >= PREAMBLE:
                    break
                count = wanted.known(cells)
                if count > best:
                    best, mark, first, header = count, candidate, before, number
                widest = _likelier(cells, widest)
                before = reader.line_num
        except csv.Error:
            continue
    if not best:
        raise wanted.unknown(widest, f"the first {PREAMBLE} rows")
    title = "".join(lines[:first])
    body = content[len(title.encode()) :]
    del content
    try:
        frame = pl.read_csv(body, separator=mark, infer_schema_length=0, truncate_ragged_lines=False)
        if any(name.rpartition("_duplicated_")[1] for name in frame.columns):
            return _ragged(body, mark, header, title)
        frame.columns = _unique(frame.columns)
        rows = pl.Series(range(header + 2, header + 2 + len(frame)), dtype=pl.Int64)
        return _without_blank(Raw(_clean(frame), rows, "csv", title=title))
    except pl.exceptions.PolarsError:
        return _ragged(body, mark, header, title)


def _ragged(body: bytes, mark: str, header: int, title: str) -> Raw:
    """The slow, forgiving reading: rows with more cells than the header keep their first ones and are noted."""
    notes: list[tuple[int | None, str, str]] = []
    rows: list[list[str | None]] = []
    reader = csv.reader(io.StringIO(body.decode()), delimiter=mark)
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


def _workbook(content: bytes, wanted: _Wanted) -> Raw:
    if content[:2] == b"PK":
        try:
            names = zipfile.ZipFile(io.BytesIO(content)).namelist()
        except zipfile.BadZipFile as error:
            raise BadInput(wanted.where, "the workbook or zip is damaged or cut off", "a whole file") from error
        if not any(name.startswith("xl/") or name == "content.xml" for name in names):
            raise BadInput(wanted.where, "this is a zip archive, not a workbook", wanted.kinds)
    import fastexcel

    try:
        book = fastexcel.read_excel(content)
        sheets = [
            (name, book.load_sheet(name, header_row=None, dtypes="string").to_polars()) for name in book.sheet_names
        ]
    except fastexcel.FastExcelError as error:
        reason = f"the workbook cannot be read ({error})"
        raise BadInput(wanted.where, reason, "an XLSX, XLS or ODS workbook") from error
    return _sheets(sheets, wanted)


def _sheets(sheets: list[tuple[str, pl.DataFrame]], wanted: _Wanted) -> Raw:
    """The sheet with the best header, and after it those with the very same header; the others are noted."""
    headers: list[tuple[int, int, list[str]]] = []
    """(known headers, row below them, the header) of each sheet."""
    widest: list[str] = []
    for _, frame in sheets:
        best, below, titles, above = 0, 0, [""], [""]
        for number, row in enumerate(frame.head(PREAMBLE).iter_rows(), 1):
            cells = [" ".join((cell or "").split()) for cell in row]
            if (count := wanted.known(cells)) > best:
                best, below, titles = count, number, _unique(cells)
            both = _of_two_rows(above, cells, wanted.known) if number > 1 else cells
            if (count := wanted.known(both)) > best:
                best, below, titles = count, number, _unique(both)
            widest, above = _likelier(cells, widest), cells
        headers.append((best, below, titles))
    most = max((best for best, _, _ in headers), default=0)
    if not most:
        raise wanted.unknown(widest, f"the first {PREAMBLE} rows of any sheet")
    main = next(number for number, (best, _, _) in enumerate(headers) if best == most)
    notes: list[tuple[int | None, str, str]] = []
    tables: list[pl.DataFrame] = []
    rows: list[pl.Series] = []
    last = 0
    for number, (name, frame) in enumerate(sheets):
        best, below, titles = headers[number]
        if best != most or titles != headers[main][2]:
            if len(frame):
                notes.append((None, name, f"one sheet of {wanted.what}; this one was not read"))
            continue
        table = frame.slice(below)
        table.columns = titles
        if tables:
            notes.append(
                (None, name, f"one sheet of {wanted.what}; this one goes on, its row {below + 1} is {last + 1}")
            )
        first = last + 1 if tables else below + 1
        tables.append(table)
        rows.append(pl.Series(range(first, first + len(table)), dtype=pl.Int64))
        last = first + len(table) - 1
    title = "\n".join(cell for row in sheets[main][1].head(headers[main][1] - 1).iter_rows() for cell in row if cell)
    name = f"workbook sheet {sheets[main][0]!r}"
    return _without_blank(Raw(_clean(pl.concat(tables)), pl.concat(rows), name, tuple(notes), title))


def _of_two_rows(upper: list[str], lower: list[str], known: Known) -> list[str]:
    """A header of two rows, as `Period` over `From` and `To`: each column by both words, or by one that is known."""
    if any(cell and not any(c.isalpha() for c in cell) for cell in lower):
        return lower
    spread: list[str] = []
    for over, under in zip(upper, lower, strict=True):
        spread.append(over or (spread[-1] if spread and under else ""))
    pairs = zip(spread, lower, strict=True)
    return [next((name for name in (f"{a} {b}".strip(), b, a) if known([name])), f"{a} {b}".strip()) for a, b in pairs]


def _page(content: bytes, wanted: _Wanted) -> Raw:
    """The tables of a web page (what some offices call .xls), as sheets."""
    sheets = []
    for number, rows in enumerate(html_rows(decode(content) or content.decode("cp1252", errors="replace")), 1):
        width = max(map(len, rows))
        cells = [[*row, *[None] * (width - len(row))] for row in rows]
        sheets.append(
            (f"table {number}", pl.DataFrame(cells, schema=[(f"c{n}", pl.String) for n in range(width)], orient="row"))
        )
    if not sheets:
        raise BadInput(wanted.where, "this is HTML without a table", wanted.kinds)
    return _sheets(sheets, wanted)


def _likelier(cells: Sequence[str], header: list[str]) -> list[str]:
    """The row that looks more like a header: the first with the most cells in words."""
    words = [cell.strip() for cell in cells if any(c.isalpha() for c in cell)]
    return words if len(words) > max(1, len(header)) else header


def _frame(frame: pl.DataFrame, kind: str, first: int, wanted: _Wanted) -> Raw:
    if not wanted.known(frame.columns):
        raise wanted.unknown(frame.columns, f"its {kind} columns")
    text = frame.select(
        pl.col(name).list.eval(pl.element().cast(pl.String)).list.join(";")
        if isinstance(dtype, pl.List)
        else pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
    )
    return _without_blank(Raw(_clean(text), pl.Series(range(first, len(frame) + first), dtype=pl.Int64), kind))


def _polars(where: str, kind: str, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    try:
        return read()
    except pl.exceptions.PolarsError as error:
        raise BadInput(where, f"{kind} that cannot be read", "a whole, undamaged file") from error


def _clean(frame: pl.DataFrame) -> pl.DataFrame:
    """Blanks at the ends go (also no-break ones); empty text is null."""
    return frame.select(pl.all().str.strip_chars(" \t\r\n\u00a0\u200b\ufeff").replace("", None))


def _without_blank(raw: Raw) -> Raw:
    """The table without blank rows, and without rows that repeat its header; those are noted."""
    if not raw.table.width:
        return raw
    table = raw.table
    filled = table.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    named = [name for name in table.columns if not name.startswith("column ")]
    again = table.select(pl.all_horizontal(pl.col(name).eq_missing(name) for name in named)).to_series()
    notes = tuple((row, named[0], "a row below the header; this one repeats it") for row in raw.rows.filter(again))
    kept = filled & ~again
    return Raw(table.filter(kept), raw.rows.filter(kept), raw.kind, raw.notes + notes, raw.title)


def _unique(names: Sequence[str]) -> list[str]:
    """Header cells as column names: blanks numbered, repeats told apart."""
    found: list[str] = []
    for number, name in enumerate(names, 1):
        plain = " ".join(name.split()) or f"column {number}"
        found.append(plain if plain not in found else f"{plain} ({number})")
    return found
