"""Stored workers and vacancies as the tables of the core, and rows of those tables as records."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from skillbridge import tables
from skillbridge.model import PastSeason, Preference, Vacancy, Worker
from skillbridge.store import Record
from skillbridge.tables import parse_languages, parse_list, parse_past, parse_preferences, replace_file
from skillbridge.workspace import Workspace, read
from skillbridge.workspace.views import VacancyBody, WorkerBody

_PARTY = {"party": pl.String(), "status": pl.String()}
WORKERS = tables.WORKERS | _PARTY
VACANCIES = tables.VACANCIES | _PARTY


def workers(ws: Workspace) -> pl.DataFrame:
    """tables.WORKERS of everyone not erased, with `party` and `status`, in order of entry; kept as Parquet."""
    return _kept(ws, "worker", WORKERS)


def vacancies(ws: Workspace) -> pl.DataFrame:
    """tables.VACANCIES of every vacancy, with `party` and `status`, in order of entry; kept as Parquet."""
    return _kept(ws, "vacancy", VACANCIES)


def _kept(ws: Workspace, kind: str, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    with ws.store.snapshot():
        path = Path("frames") / f"{kind}-{ws.store.records.revision(kind)}.parquet"
        known = {name: digest for name, digest, _ in ws.store.ledger.files("frames/")}
        file = ws.folder / path
        if known.get(path.as_posix()) and file.is_file() and tables.sha256(file) == known[path.as_posix()]:
            return pl.read_parquet(file)
        rows = (_flat(kind, record) for record in ws.store.records.page(kind))
        frame = frame_of((row for row in rows if row is not None), schema)
    replace_file(file, frame.write_parquet)
    with ws.store.write():
        ws.store.ledger.keep_file(ws.folder, file)
        for name in known:
            if name.startswith(f"frames/{kind}-"):
                ws.store.ledger.forget_file(name)
    for name in known:
        if name.startswith(f"frames/{kind}-"):
            (ws.folder / name).unlink(missing_ok=True)
    return frame


def frame_of(rows: Iterable[Mapping[str, Any]], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Rows as a frame of `schema`; absent values are null."""
    columns: dict[str, list[Any]] = {name: [] for name in schema}
    for row in rows:
        for name, values in columns.items():
            values.append(row.get(name))
    return pl.DataFrame({name: pl.Series(name, values, dtype=schema[name]) for name, values in columns.items()})


def _flat(kind: str, record: Record) -> dict[str, Any] | None:
    stored = read(record, WorkerBody) if kind == "worker" else read(record, VacancyBody)
    noun = stored.profile if isinstance(stored, WorkerBody) else stored.vacancy
    return None if noun is None else row_of(noun) | {"party": record.party, "status": stored.status}


def row_of(noun: Worker | Vacancy) -> dict[str, Any]:
    """A struct as a row of its table: lists and mappings become the text columns that `tables` parses back."""
    return {name: _text(getattr(noun, name)) for name in noun.__struct_fields__}


def _text(value: Any) -> Any:
    if isinstance(value, dict):
        return ";".join(f"{key}:{item}" for key, item in value.items()) or None
    if isinstance(value, tuple):
        return ";".join(map(_piece, value)) or None
    return value


def _piece(item: str | Preference | PastSeason) -> str:
    if isinstance(item, Preference):
        return f"!{item.target}" if item.refuses else f"{item.target}:{item.weight}"
    if isinstance(item, PastSeason):
        if item.start is None or item.end is None:
            return f"{item.employer_id}:{item.year}"
        where = (item.destination, item.partnership)
        tail = "".join(f":{part or ''}" for part in where) if any(where) else ""
        return f"{item.employer_id}:{item.start.isoformat()}/{item.end.isoformat()}{tail}"
    return item


def _facts(text: str | None) -> dict[str, str]:
    return {key: value for key, _, value in (part.partition(":") for part in parse_list(text))}


_PARSERS: dict[str, Callable[[str | None], Any]] = {
    "skills": parse_list,
    "licences": parse_list,
    "named_workers": parse_list,
    "languages": parse_languages,
    "preferences": parse_preferences,
    "past": parse_past,
    "facts": _facts,
}


def worker_of(row: Mapping[str, Any]) -> Worker:
    """A row of tables.WORKERS as a struct. Raises `BadInput` or `msgspec.ValidationError` with the field's path."""
    return msgspec.convert(_struct(row, Worker), Worker)


def vacancy_of(row: Mapping[str, Any]) -> Vacancy:
    """A row of tables.VACANCIES as a struct. Raises as :func:`worker_of`."""
    return msgspec.convert(_struct(row, Vacancy), Vacancy)


def _struct(row: Mapping[str, Any], kind: type[Worker] | type[Vacancy]) -> dict[str, Any]:
    return {
        name: msgspec.to_builtins(_PARSERS[name](row[name])) if name in _PARSERS else row[name]
        for name in kind.__struct_fields__
        if row.get(name) is not None
    }
