"""Stored workers and vacancies as the tables of the core, and rows of those tables as records."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import polars as pl

from skillbridge import tables
from skillbridge.errors import BadInput
from skillbridge.model import PastSeason, Preference, Vacancy, Worker
from skillbridge.store import Record
from skillbridge.tables import parse_languages, parse_list, parse_past, parse_preferences, replace_file
from skillbridge.workspace import Workspace, read
from skillbridge.workspace.views import VacancyBody, WorkerBody

_PARTY = {"party": pl.String(), "status": pl.String()}
WORKERS = tables.WORKERS | _PARTY
VACANCIES = tables.VACANCIES | _PARTY
SCHEMAS = {"worker": WORKERS, "vacancy": VACANCIES}


def workers(ws: Workspace) -> pl.DataFrame:
    """tables.WORKERS of everyone not erased, with `party` and `status`, sorted by id; kept as Parquet."""
    return _kept(ws, "worker")


def vacancies(ws: Workspace) -> pl.DataFrame:
    """tables.VACANCIES of every vacancy, with `party` and `status`, sorted by id; kept as Parquet."""
    return _kept(ws, "vacancy")


def _kept(ws: Workspace, kind: str) -> pl.DataFrame:
    """The last frame that was kept, and what changed since then; kept again if anything did."""
    with ws.store.snapshot():
        revision = ws.store.records.revision(kind)
        known = {name: digest for name, digest, _ in ws.store.ledger.files(f"frames/{kind}-")}
        last, since = _last(ws, kind, known)
        if since == revision:
            return last
        frame = changes(ws, kind, since, last)
    file = ws.folder / "frames" / f"{kind}-{revision}.parquet"
    replace_file(file, frame.write_parquet)
    old = known.keys() - {file.relative_to(ws.folder).as_posix()}
    with ws.store.write():
        ws.store.ledger.keep_file(ws.folder, file)
        for name in old:
            ws.store.ledger.forget_file(name)
    for name in old:
        (ws.folder / name).unlink(missing_ok=True)
    return frame


def _last(ws: Workspace, kind: str, known: Mapping[str, str]) -> tuple[pl.DataFrame, int]:
    """(the newest frame that is what it was when it was kept, its revision); an empty one at -1 if there is none."""
    for since, name in sorted(((int(name.rpartition("-")[2].partition(".")[0]), name) for name in known), reverse=True):
        file = ws.folder / name
        if file.is_file() and tables.sha256(file) == known[name]:
            frame = pl.read_parquet(file)
            if frame.schema == pl.Schema(SCHEMAS[kind]):
                return frame, since
    return pl.DataFrame(schema=SCHEMAS[kind]), -1


def changes(
    ws: Workspace,
    kind: str,
    since: int,
    frame: pl.DataFrame,
    fill: Callable[[pl.DataFrame], pl.DataFrame] = lambda fresh: fresh,
) -> pl.DataFrame:
    """`frame`, which stands at revision `since`, as it is now; `fill` completes the rows that are new in it."""
    records = ws.store.records.changed(kind, since)
    if not records:
        return frame
    fresh = fill(of_records(kind, records))
    key = f"{kind}_id"
    gone = pl.Series(key, [record.id for record in records], dtype=pl.String)
    return pl.concat([frame.filter(~pl.col(key).is_in(gone.implode())), fresh]).sort(key)


def of_records(kind: str, records: Iterable[Record]) -> pl.DataFrame:
    """The frame of some records; erased people are left out."""
    return frame_of((row for record in records if (row := _flat(kind, record)) is not None), SCHEMAS[kind])


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


MOST = {"positions": 1_000_000, "beds": 1_000_000, "wage": 10_000_000_000, "wage_floor": 10_000_000_000}
"""The largest numbers that rankings and plans reckon with: heads, and minor units of money."""


def check_row(noun: Worker | Vacancy, where: str = "$") -> None:
    """Refuse what could not stand in a row of the tables, where one such row would stop every ranking and plan."""
    for name, most in MOST.items():
        if (getattr(noun, name, None) or 0) > most:
            raise BadInput(f"{where}.{name}", "too large", f"at most {most}")
    for path, text, signs in _pieces(noun):
        if not text.strip() or any(sign in text for sign in signs):
            raise BadInput(
                f"{where}.{path}", "blank, or with a sign that lists are written with", f"text without {signs}"
            )
    for season in getattr(noun, "past", ()):
        if not 1900 <= season.year <= 2100 or (season.start and season.end and season.end < season.start):
            raise BadInput(f"{where}.past", "a season that ends before it starts, or of another age", "1900 to 2100")


def _pieces(noun: Worker | Vacancy) -> Iterable[tuple[str, str, str]]:
    """(path, text, signs it must not hold) of what becomes part of a list in a row."""
    for name in ("skills", "licences", "named_workers"):
        yield from ((name, text, ";") for text in getattr(noun, name, ()))
    yield from (("languages", text, ";:") for text in noun.languages)
    for name, text in noun.facts.items():
        yield "facts", name, ";:"
        yield "facts", text or "-", ";"
    for wish in getattr(noun, "preferences", ()):
        yield "preferences", wish.target, ";:!"
    for season in getattr(noun, "past", ()):
        for text in (season.employer_id, season.destination or "-", season.partnership or "-"):
            yield "past", text, ";:/"
