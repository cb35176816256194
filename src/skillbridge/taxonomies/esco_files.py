"""The files of an ESCO download as tables of text: found in zips and folders, told by name, checked when read."""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl

from skillbridge.errors import BadInput

LARGEST = 2 << 30
"""Bytes one unpacked file may have: ten times the largest ever published."""

_ROLES = re.compile(
    r"(occupations|skills|skillGroups|ISCOGroups|conceptSchemes|skillsHierarchy|broaderRelations(Occ|Skill)Pillar"
    r"|occupationSkillRelations|skillSkillRelations|greenShareOcc|dictionary|\w+Collection)$",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"^(?P<stem>.+?)(?:_(?P<lang>[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?))?\.csv$", re.IGNORECASE)
_DOWNLOAD = "an ESCO download in CSV (occupations_en.csv, skills_en.csv, ...), as a zip or unpacked"


@dataclass(frozen=True, eq=False)
class Table:
    """One file: its name, its role (the name without language, lower case), its language and its rows, all text."""

    name: str
    role: str
    lang: str
    frame: pl.DataFrame

    def require(self, *columns: str) -> None:
        """Raise `BadInput` if a column is absent or empty in some row."""
        for column in columns:
            if column not in self.frame.columns:
                have = ", ".join(self.frame.columns)
                raise BadInput(self.name, f"no column {column} (there are {have})", ", ".join(columns))


def read_tables(sources: Sequence[Path], progress: Callable[[str], object]) -> list[Table]:
    """Every CSV with a known role in these zips and folders, each content once, in the order of their names.

    Raises `BadInput` for a source that is missing, damaged or holds no such file.
    """
    tables: dict[tuple[str, int], Table] = {}
    unknown: list[Table] = []
    for source in sources:
        recognised = 0
        seen: list[str] = []
        for name, content in _members(source):
            seen.append(name)
            match = _SUFFIX.match(name)
            if match is None:
                continue
            lang = (match["lang"] or "").replace("_", "-").lower()
            progress(name)
            table = Table(
                f"{source.name}/{name}", match["stem"].lower(), lang, _parse(f"{source.name}/{name}", content)
            )
            if _ROLES.match(match["stem"]):
                recognised += 1
                tables.setdefault((name.lower(), hash(content)), table)
            else:
                unknown.append(table)
        if not recognised:
            what = f"no ESCO file among {', '.join(seen[:5])}" if seen else "nothing in it"
            raise BadInput(str(source), what, _DOWNLOAD)
    return [*sorted(tables.values(), key=lambda t: (t.role, t.lang, t.name)), *unknown]


def _members(source: Path) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() == ".csv":
                yield path.name, path.read_bytes()
            elif path.suffix.lower() == ".zip":
                yield from _zip_members(path)
    elif not source.exists():
        raise BadInput(str(source), "no such file", _DOWNLOAD)
    elif source.suffix.lower() == ".csv":
        yield source.name, source.read_bytes()
    else:
        yield from _zip_members(source)


def _zip_members(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.stat().st_size == 0:
        raise BadInput(str(path), "empty file", _DOWNLOAD)
    try:
        with zipfile.ZipFile(path) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                name = PurePosixPath(info.filename.replace("\\", "/")).name
                if info.is_dir() or name.startswith(".") or "__MACOSX" in info.filename:
                    continue
                if info.file_size > LARGEST:
                    raise BadInput(f"{path}/{name}", f"unpacks to {info.file_size} bytes", f"at most {LARGEST}")
                yield name, archive.read(info) if name.lower().endswith(".csv") else b""
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise BadInput(str(path), f"not a readable zip file ({error})", _DOWNLOAD) from None


def read_csv_file(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """A CSV or CSV.gz file with these columns, as text. Raises `BadInput`."""
    if not path.is_file():
        raise BadInput(str(path), "no such file", "a CSV table")
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise BadInput(str(path), f"damaged gzip file ({error})", "a complete file") from None
    frame = _parse(str(path), content)
    Table(str(path), "", "", frame).require(*columns)
    return frame


def _parse(where: str, content: bytes) -> pl.DataFrame:
    """The rows of a CSV as text: UTF-8 (with or without a mark) or UTF-16 with one; comma, semicolon or tab."""
    if not content.strip():
        raise BadInput(where, "empty file", "a CSV table with a header")
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadInput(where, f"line {line} is not {error.encoding}: byte {content[error.start]:#x}", "UTF-8") from None
    header = text.split("\n", 1)[0]
    separator = max(",;\t", key=header.count)
    if text.count('"') % 2:
        raise BadInput(where, "a quoted field is not closed: the file is cut off", "a complete file")
    try:
        frame = pl.read_csv(
            io.BytesIO(text.encode()), separator=separator, infer_schema=False, truncate_ragged_lines=False
        )
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise BadInput(where, str(error).splitlines()[0], "a CSV table with a header") from None
    frame = frame.rename({name: name.strip() for name in frame.columns})
    key = next((c for c in ("conceptUri", "conceptSchemeUri", "occupationUri", "originalSkillUri") if c in frame), None)
    if key is not None:
        empty = frame.with_row_index("row", offset=2).filter(pl.col(key).is_null())
        if not empty.is_empty():
            raise BadInput(f"{where} row {empty['row'][0]}", f"no {key}", "a URI in every row")
        frame = frame.with_columns(pl.col(key).str.strip_chars())
    return frame
