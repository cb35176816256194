"""What happened since a plan was made, or what a scenario supposes: changes as data, applied to the inputs of a plan.

A change file is TOML: a header, then `[[change]]` tables, each with a `kind` (see CHANGES). Changes are applied in
order; each must name something that exists.
"""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec
import polars as pl

from skillbridge import tables
from skillbridge.errors import BadInput, BadInputs
from skillbridge.model import Country
from skillbridge.partnerships.partnership import Partnership, dump, parse


@dataclass(frozen=True)
class Inputs:
    """What a plan is made from."""

    workers: pl.DataFrame
    vacancies: pl.DataFrame
    partnerships: tuple[Partnership, ...]


class _Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all kinds of change share: the `reason`, in words for people."""


class Withdraw(_Change, frozen=True, tag="withdraw", kw_only=True):
    """A worker no longer takes part."""

    worker_id: str
    reason: str = ""


class Cancel(_Change, frozen=True, tag="cancel", kw_only=True):
    """A vacancy is gone."""

    vacancy_id: str
    reason: str = ""


class Move(_Change, frozen=True, tag="move", kw_only=True):
    """A vacancy's dates change."""

    vacancy_id: str
    start: date | None = None
    end: date | None = None
    reason: str = ""


class Resize(_Change, frozen=True, tag="resize", kw_only=True):
    """A vacancy has another number of positions."""

    vacancy_id: str
    positions: Annotated[int, msgspec.Meta(ge=0)]
    reason: str = ""


class Shrink(_Change, frozen=True, tag="shrink", kw_only=True):
    """A shock: demand that fits keeps `share` of its positions (a drought, a plant closure), rounded down."""

    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    destination: Country | None = None
    region: str | None = None
    occupation: str | None = None
    sector: str | None = None
    employer_id: str | None = None
    reason: str = ""


class Suspend(_Change, frozen=True, tag="suspend", kw_only=True):
    """A shock: no new placements from an `origin`, to a `destination`, or on the corridor that both name."""

    origin: Country | None = None
    destination: Country | None = None
    reason: str = ""


class AddWorkers(_Change, frozen=True, tag="add_workers", kw_only=True):
    """More workers, from a table beside the change file."""

    file: str
    reason: str = ""


class AddVacancies(_Change, frozen=True, tag="add_vacancies", kw_only=True):
    """More demand, from a table beside the change file."""

    file: str
    reason: str = ""


class ChangeRule(_Change, frozen=True, tag="rule", kw_only=True):
    """Fields of one rule of a partnership take other values."""

    partnership: str
    rule: str
    set: dict[str, Any]
    reason: str = ""


Change = Withdraw | Cancel | Move | Resize | Shrink | Suspend | AddWorkers | AddVacancies | ChangeRule
CHANGES = {str(kind.__struct_config__.tag): kind for kind in get_args(Change)}


class ChangeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change file: of which plan (the SHA-256 of its placements.csv), as of when, and what is held fast.

    Placements that start within `notice_days` after `as_of` stay as they are, as do those of `pins` (worker ids).
    A move must be worth `stay_bonus` objective points more than staying.
    """

    as_of: date
    plan: str | None = None
    notice_days: Annotated[int, msgspec.Meta(ge=0)] = 14
    stay_bonus: Annotated[int, msgspec.Meta(ge=0)] = 100
    pins: tuple[str, ...] = ()
    change: tuple[Change, ...] = ()

    @property
    def notice_until(self) -> date:
        """The last start day that the notice period still protects."""
        return self.as_of + timedelta(days=self.notice_days)


def read_changes(path: Path) -> ChangeFile:
    """The change file at `path`; raises `BadInput` with the place of what is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(str(path), f"not a change file ({error})", "TOML with as_of and [[change]] tables") from error
    for number, one in enumerate(raw.get("change", ())):
        if isinstance(one, dict) and one.get("kind") not in CHANGES:
            raise BadInput(
                f"{path.name}: change[{number}].kind", f"{one.get('kind')!r}", "one of " + ", ".join(sorted(CHANGES))
            )
    try:
        return msgspec.convert(raw, ChangeFile)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise BadInput(f"{path.name}: {where.strip('`$.') or 'header'}", what, "a change file") from error


def to_toml(file: ChangeFile) -> str:
    """The change file as TOML: `read_changes` reads it back the same."""
    import tomli_w

    raw: dict[str, Any] = msgspec.to_builtins(file, builtin_types=(date,))
    kept = {key: value for key, value in raw.items() if value is not None}
    kept["change"] = [{key: value for key, value in one.items() if value not in (None, "")} for one in raw["change"]]
    return tomli_w.dumps(kept)


def apply(
    inputs: Inputs,
    changes: Sequence[Change],
    *,
    where: str = "changes",
    read: Callable[[str, str], pl.DataFrame] | None = None,
) -> Inputs:
    """The inputs with every change applied in order.

    `read(file, "workers" | "vacancies")` gives the tables that changes name. Raises `BadInputs` for every change that
    names nothing, names something twice, or leaves nonsense; nothing is applied then.
    """
    problems: list[BadInput] = []
    for number, change in enumerate(changes):
        try:
            inputs = _apply(inputs, change, read)
        except BadInput as problem:
            problems += [
                BadInput(f"{where}: change[{number}].{one.where}", one.what, one.expected)
                for one in getattr(problem, "problems", (problem,))
            ]
    if problems:
        raise BadInputs(problems)
    return inputs


def _apply(inputs: Inputs, change: Change, read: Callable[[str, str], pl.DataFrame] | None) -> Inputs:
    workers, vacancies, partnerships = inputs.workers, inputs.vacancies, inputs.partnerships
    match change:
        case Withdraw(worker_id=worker):
            _known(workers, "worker_id", worker)
            workers = workers.filter(pl.col("worker_id") != worker)
        case Cancel(vacancy_id=vacancy):
            _known(vacancies, "vacancy_id", vacancy)
            vacancies = vacancies.filter(pl.col("vacancy_id") != vacancy)
        case Move(vacancy_id=vacancy, start=start, end=end):
            _known(vacancies, "vacancy_id", vacancy)
            if start is None and end is None:
                raise BadInput("start", "neither start nor end is given", "a new start, a new end or both")
            mine = pl.col("vacancy_id") == vacancy
            for name, day in (("start", start), ("end", end)):
                if day is not None:
                    vacancies = vacancies.with_columns(pl.when(mine).then(pl.lit(day)).otherwise(name).alias(name))
            row = vacancies.filter(mine).row(0, named=True)
            if row["end"] < row["start"]:
                raise BadInput("end", f"{row['end']} is before the start {row['start']}", "an end on or after it")
        case Resize(vacancy_id=vacancy, positions=positions):
            _known(vacancies, "vacancy_id", vacancy)
            vacancies = _resized(vacancies, pl.col("vacancy_id") == vacancy, pl.lit(positions))
        case Shrink():
            fits = _fits(change)
            if vacancies.filter(fits).is_empty():
                raise BadInput("share", "no vacancy fits", "a destination, region or employer in the demand")
            vacancies = _resized(vacancies, fits, (pl.col("positions") * change.share).floor())
        case Suspend(origin=origin, destination=destination):
            partnerships = _suspended(partnerships, origin, destination)
        case AddWorkers(file=file):
            workers = _joined(workers, _table(read, file, "workers"), "worker_id", tables.WORKERS)
        case AddVacancies(file=file):
            vacancies = _joined(vacancies, _table(read, file, "vacancies"), "vacancy_id", tables.VACANCIES)
        case ChangeRule(partnership=name, rule=rule, set=values):
            partnerships = _ruled(partnerships, name, rule, values)
    return Inputs(workers, vacancies, partnerships)


def _known(frame: pl.DataFrame, column: str, value: str) -> None:
    if frame.filter(pl.col(column) == value).is_empty():
        raise BadInput(column, f"no {value!r} in the plan", f"a {column} of the plan that no change removed")


def _resized(vacancies: pl.DataFrame, fits: pl.Expr, positions: pl.Expr) -> pl.DataFrame:
    """With other positions where `fits`; a vacancy left with none is gone."""
    changed = pl.when(fits).then(positions).otherwise("positions").cast(pl.Int32).alias("positions")
    return vacancies.with_columns(changed).filter(pl.col("positions") > 0)


def _fits(change: Shrink) -> pl.Expr:
    fits = pl.lit(value=True)
    for column, value in (
        ("destination", change.destination),
        ("region", change.region),
        ("employer_id", change.employer_id),
    ):
        if value is not None:
            fits &= pl.col(column) == value
    if change.occupation is not None:
        fits &= pl.col("isco").str.starts_with(change.occupation)
    if change.sector is not None:
        fits &= pl.col("sector").str.starts_with(change.sector)
    return fits.fill_null(value=False)


def _suspended(
    partnerships: tuple[Partnership, ...], origin: str | None, destination: str | None
) -> tuple[Partnership, ...]:
    if origin is None and destination is None:
        raise BadInput("origin", "neither origin nor destination is given", "an origin, a destination or both")
    where: dict[str, Any] = {}
    if origin:
        where["origin"] = [origin]
    if destination:
        where["destination"] = [destination]
    name = "suspended-" + "-".join(place.lower() for place in (origin, destination) if place)
    rule = {"id": name, "type": "quota", "max": 0, "where": where, "period": {"kind": "year"}}
    touched = [
        one
        for one in partnerships
        if not one.is_overlay
        and (not origin or not one.origins or origin in one.origins)
        and (not destination or not one.destination or destination in one.destination)
    ]
    if not touched:
        raise BadInput("origin", f"no partnership serves {origin or '*'} to {destination or '*'}", "a served corridor")
    return tuple(_with_rules(one, [*_rules(one), rule]) if one in touched else one for one in partnerships)


def _ruled(
    partnerships: tuple[Partnership, ...], name: str, rule: str, values: dict[str, Any]
) -> tuple[Partnership, ...]:
    if name not in [one.id for one in partnerships]:
        raise BadInput("partnership", f"no {name!r} in the plan", ", ".join(one.id for one in partnerships))
    if not values:
        raise BadInput("set", "nothing to change", "fields of the rule with their new values")
    if "strictness" in values:
        raise BadInput("set.strictness", "a change cannot make a rule advisory", "a scenario that relaxes it")
    result = []
    for one in partnerships:
        if one.id == name:
            rules = _rules(one)
            if rule not in [each["id"] for each in rules]:
                raise BadInput("rule", f"no {rule!r} in {name}", ", ".join(each["id"] for each in rules))
            one = _with_rules(one, [{**each, **values} if each["id"] == rule else each for each in rules])
        result.append(one)
    return tuple(result)


def _rules(partnership: Partnership) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = tomllib.loads(dump(partnership)).get("rules", [])
    return rules


def _with_rules(partnership: Partnership, rules: list[dict[str, Any]]) -> Partnership:
    """The partnership with other rules, checked whole like one read from a file."""
    import tomli_w

    raw = tomllib.loads(dump(partnership))
    raw["rules"] = rules
    return parse(tomli_w.dumps(raw), f"partnership {partnership.id}", scenario=bool(partnership.relaxed))


def _table(read: Callable[[str, str], pl.DataFrame] | None, file: str, kind: str) -> pl.DataFrame:
    if read is None:
        raise BadInput("file", f"{file} cannot be read here", "a change file on disk")
    return read(file, kind)


def _joined(frame: pl.DataFrame, more: pl.DataFrame, key: str, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    twice = more.filter(pl.col(key).is_in(frame[key].implode()))[key].to_list()
    if twice:
        raise BadInput("file", f"{key} already in the plan: {', '.join(twice[:5])}", "new ids only")
    return pl.concat([frame, tables.conform(more, schema).select(frame.columns)])
