"""The declared tables of the core, and the only file I/O below the store.

In memory as in files, lists are one text column: languages `en:B1;fr:A2`, skills and licences `a;b`,
preferences `NZ:3;employer-17:5;!ES`, past seasons `employer:year` or `employer:2024-05-01/2024-10-31:NZ:nz-rse`,
facts (whatever else a rule of an agreement asks for) `lmt:yes;unemployed_months:8`.
They are parsed once per distinct value (:func:`distinct`), which keeps a million rows cheap.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.errors import BadInput
from skillbridge.model import CEFR, Cefr, PastSeason, Preference

T = TypeVar("T")
_MACROLANGUAGE = {
    "nb": "no", "nn": "no", "cmn": "zh", "arb": "ar", "pes": "fa", "prs": "fa", "swh": "sw", "zsm": "ms", "fil": "tl",
    "npi": "ne", "ory": "or", "ekk": "et", "lvs": "lv", "als": "sq", "khk": "mn", "uzn": "uz", "iw": "he", "in": "id",
}  # fmt: skip
"""Languages of ISO 639-3 (and withdrawn codes) that people name by either tag."""

WORKERS: dict[str, pl.DataType] = {
    "worker_id": pl.String(),
    "origin": pl.String(),
    "region": pl.String(),
    "birth_year": pl.Int16(),
    "sex": pl.String(),
    "occupation": pl.String(),
    "concept": pl.String(),
    "isco": pl.String(),
    "experience_months": pl.Int32(),
    "skills": pl.String(),
    "languages": pl.String(),
    "education": pl.Int8(),
    "licences": pl.String(),
    "available_from": pl.Date(),
    "available_to": pl.Date(),
    "wage_floor": pl.Int64(),
    "currency": pl.String(),
    "preferences": pl.String(),
    "group_id": pl.String(),
    "past": pl.String(),
    "waiting_since": pl.Date(),
    "consent": pl.Boolean(),
    "facts": pl.String(),
}
VACANCIES: dict[str, pl.DataType] = {
    "vacancy_id": pl.String(),
    "employer_id": pl.String(),
    "employer": pl.String(),
    "destination": pl.String(),
    "region": pl.String(),
    "occupation": pl.String(),
    "concept": pl.String(),
    "isco": pl.String(),
    "sector": pl.String(),
    "skills": pl.String(),
    "positions": pl.Int32(),
    "start": pl.Date(),
    "end": pl.Date(),
    "hours_week": pl.Float64(),
    "wage": pl.Int64(),
    "currency": pl.String(),
    "languages": pl.String(),
    "experience_months": pl.Int32(),
    "education": pl.Int8(),
    "licences": pl.String(),
    "beds": pl.Int32(),
    "site_id": pl.String(),
    "channel": pl.String(),
    "operator": pl.String(),
    "named_workers": pl.String(),
    "partnership": pl.String(),
    "applied_on": pl.Date(),
    "facts": pl.String(),
}
EDGES: dict[str, pl.DataType] = {
    "worker": pl.UInt32(),
    "vacancy": pl.UInt32(),
    "start": pl.Date(),
    "end": pl.Date(),
    "pathway": pl.UInt8(),
    "score": pl.UInt16(),
}
"""Row numbers into the workers and vacancies frames, sorted by (worker, vacancy); `pathway` numbers the partnerships
given, `score` is in thousandths."""

PLACEMENTS: dict[str, pl.DataType] = {
    "worker_id": pl.String(),
    "vacancy_id": pl.String(),
    "employer_id": pl.String(),
    "partnership": pl.String(),
    "start": pl.Date(),
    "end": pl.Date(),
    "score": pl.UInt16(),
}
CONCEPTS: dict[str, pl.DataType] = {
    "concept_uri": pl.String(),
    "kind": pl.String(),
    "notation": pl.String(),
    "isco": pl.String(),
    "status": pl.String(),
}
"""`notation` is the code (ISCO groups: `9211`), `isco` the unit group of an occupation."""

LABELS: dict[str, pl.DataType] = {
    "concept_uri": pl.String(),
    "lang": pl.String(),
    "label": pl.String(),
    "label_kind": pl.String(),
    "review": pl.String(),
}
RELATIONS: dict[str, pl.DataType] = {"subject": pl.String(), "relation": pl.String(), "object": pl.String()}
"""`subject` occupation or ISCO group -> `essential`/`optional` skill; `broader` points to the parent."""


def conform(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """`frame` with exactly the columns of `schema` in its order and types; absent ones are null."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    )


def applied_by(vacancies: pl.DataFrame, day: date | None) -> pl.DataFrame:
    """`vacancies` (tables.VACANCIES) with `applied_on` set to `day` where a vacancy says none; None changes nothing."""
    return vacancies.with_columns(pl.col("applied_on").fill_null(pl.lit(day, dtype=pl.Date)))


FEW = 1_000
"""Up to here values are numbered one by one, which then costs less than a join."""


def distinct(column: pl.Series, parse: Callable[[str | None], T]) -> tuple[list[T], npt.NDArray[np.int32]]:
    """(parsed distinct values in order of first appearance, the number of each row's value)."""
    if len(column) <= FEW and not (column.dtype.is_float() or column.dtype.is_nested() or column.dtype == pl.Object):
        seen: dict[str | None, int] = {}
        few = np.fromiter((seen.setdefault(value, len(seen)) for value in column.to_list()), np.int32, len(column))
        return [parse(value) for value in seen], few
    values = column.unique(maintain_order=True)
    number = pl.DataFrame({"v": values, "n": np.arange(len(values), dtype=np.int32)})
    codes = pl.DataFrame({"v": column}).join(number, on="v", how="left", nulls_equal=True, maintain_order="left")["n"]
    return [parse(value) for value in values.to_list()], codes.to_numpy()


def parse_list(text: str | None) -> tuple[str, ...]:
    """The parts of `a;b`, blanks trimmed, empty ones left out, in the order written."""
    return tuple(part for part in (piece.strip() for piece in (text or "").split(";")) if part)


def parse_languages(text: str | None) -> dict[str, Cefr]:
    """`en:B1;fr:A2` as language -> CEFR level. Raises `BadInput`."""
    levels: dict[str, Cefr] = {}
    for part in parse_list(text):
        language, colon, level = (piece.strip() for piece in part.partition(":"))
        level = level.upper()
        if not colon or not language or level not in CEFR:
            raise BadInput("languages", f"{part!r}", f"language:level with a level of {', '.join(CEFR)}")
        levels[same_language(language)] = cast(Cefr, level)
    return levels


def same_language(tag: str) -> str:
    """A BCP 47 tag as its macrolanguage (`nb` and `nn` are `no`, `cmn` is `zh`) without region: `pt-BR` is `pt`."""
    language = tag.split("-")[0].lower()
    return _MACROLANGUAGE.get(language, language)


def parse_preferences(text: str | None) -> tuple[Preference, ...]:
    """`NZ:3;employer-17:5;!ES` as wishes (weight 1 where none is written) and refusals. Raises `BadInput`."""
    wishes = []
    for part in parse_list(text):
        target, colon, weight = (
            part.removeprefix("!").rpartition(":") if ":" in part else (part.removeprefix("!"), "", "")
        )
        if not target or (colon and weight not in {"1", "2", "3", "4", "5"}):
            raise BadInput("preferences", f"{part!r}", "target, target:weight with a weight of 1 to 5, or !target")
        wishes.append(Preference(target, int(weight) if colon else 1, part.startswith("!")))
    return tuple(wishes)


def parse_past(text: str | None) -> tuple[PastSeason, ...]:
    """`employer:year` or `employer:start/end:destination:partnership` (the last two optional). Raises `BadInput`."""
    seasons = []
    for part in parse_list(text):
        employer, _, rest = part.partition(":")
        when, *where = rest.split(":")
        start, slash, end = when.partition("/")
        try:
            if slash:
                first, last = date.fromisoformat(start), date.fromisoformat(end)
                if last < first:
                    raise ValueError(when)
                season = PastSeason(employer, first.year, first, last, *(value or None for value in where))
            else:
                season = PastSeason(employer, int(when), None, None, *(value or None for value in where))
        except (ValueError, TypeError):
            employer = ""
        if not employer or len(where) > 2:
            raise BadInput("past", f"{part!r}", "employer:year or employer:start/end:destination:partnership")
        seasons.append(season)
    return tuple(seasons)


def write_chunks(path: Path, chunks: Iterable[pl.DataFrame], schema: dict[str, pl.DataType]) -> int:
    """The number of rows written to a .csv or .parquet file (by extension), chunk by chunk in constant memory.

    The file is replaced only once complete. Raises `BadInput` for another extension.
    """
    kind = path.suffix.lower()
    if kind not in {".csv", ".parquet"}:
        raise BadInput(str(path), f"the extension {kind!r}", ".csv or .parquet")
    rows = 0

    def write(temporary: Path) -> None:
        nonlocal rows
        empty = pl.DataFrame(schema=schema)
        if kind == ".csv":
            with temporary.open("wb") as file:
                empty.write_csv(file)
                for chunk in chunks:
                    chunk.write_csv(file, include_header=False)
                    rows += len(chunk)
        else:
            from pyarrow import parquet

            with parquet.ParquetWriter(temporary, empty.to_arrow().schema, compression="zstd") as writer:
                for chunk in chunks:
                    writer.write_table(chunk.to_arrow())
                    rows += len(chunk)

    replace_file(path, write)
    return rows


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write by `write(temporary path)`, flush to disk, then rename over `path`: a reader sees old or new, never half.

    On any error the temporary is removed and `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_folder(folder: Path, write: Callable[[Path], T]) -> T:
    """Fill a new folder by `write(its path)`, flush it to disk and put it in the place of `folder`: all or nothing.

    On any error `folder` stays as it was. What a killed process left beside it is brought back or swept first.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    recover(folder)
    new, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{word}") for word in ("new", "old"))
    try:
        new.mkdir()
        made = write(new)
        for path in sorted(new.rglob("*")):
            if path.is_file():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        if folder.exists():
            folder.replace(old)
        new.replace(folder)
    except BaseException:
        if old.exists() and not folder.exists():
            old.replace(folder)
        raise
    finally:
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
    return made


def recover(folder: Path) -> None:
    """Undo what a process that was killed within `replace_folder` left: the last good folder comes back to its place
    if it had just been moved aside, and folders of processes that are gone are removed."""
    left = [path for word in ("old", "new") for path in sorted(folder.parent.glob(f".{folder.name}.*.{word}"))]
    for path in left:
        maker = path.name.split(".")[-2]
        if not maker.isdigit() or _runs(int(maker)):
            continue
        if path.suffix == ".old" and not folder.exists():
            path.replace(folder)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    """Whether a process of this number is there (its owner may be another user)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
