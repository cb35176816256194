"""The file of a scenario: what may be changed in a base plan's inputs, read and checked for sense."""

import itertools
import math
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
import polars as pl

from skillbridge import tables
from skillbridge.errors import BadInput, BadInputs

MOST = 10_000
"""Scenarios of a sweep at most."""
Times = Annotated[float, msgspec.Meta(ge=0, le=100)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class RuleChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`field` of the rule `partnership/rule` set to `value`."""

    rule: str
    field: str
    value: Any


class DemandChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Vacancies whose columns start with the values of `where`: positions and wage times a factor, noise `spread`."""

    where: dict[str, str] = {}
    positions: Times = 1.0
    wage: Times = 1.0
    spread: Share = 0.0


class PoolChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Workers whose columns start with the values of `where`: a seeded `share` of them stays in the pool."""

    where: dict[str, str] = {}
    share: Share = 1.0


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes to a base; `seed` drives what is random in the changes and the plan."""

    name: str
    base: str = ""
    note: str = ""
    objective: str = ""
    relax: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    rules: tuple[RuleChange, ...] = ()
    demand: tuple[DemandChange, ...] = ()
    pool: tuple[PoolChange, ...] = ()
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0

    @property
    def chosen(self) -> tuple[str, ...]:
        """What someone chose, in words."""
        return (
            *([f"objective {self.objective}"] if self.objective else []),
            *(f"{one.rule}: {one.field} = {one.value}" for one in self.rules),
            *(f"{name} advisory" for name in self.relax),
            *(f"without {name}" for name in self.without),
        )

    @property
    def assumed(self) -> tuple[str, ...]:
        """What someone assumed, in words."""
        return (
            *(
                f"demand {one.where or 'all'}: positions x{one.positions:g}, wage x{one.wage:g}, noise {one.spread:g}"
                for one in self.demand
            ),
            *(f"pool {one.where or 'all'}: {one.share:.0%} stay" for one in self.pool),
        )


def load(path: Path) -> list[Scenario]:
    """The scenarios of a TOML file, one for every combination of its sweep; raises `BadInputs` with every place."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(str(path), f"cannot be read ({error})", "a scenario in TOML") from error
    sweep = raw.pop("sweep", {})
    if not isinstance(sweep, dict) or not all(isinstance(values, list) and values for values in sweep.values()):
        raise BadInput(
            f"{path.name}: sweep", "not lists of values", 'a list for each field, as "rules.0.value" = [1, 2]'
        )
    keys = list(sweep)
    _swept(sweep, path.name)
    found = []
    for values in itertools.product(*(sweep[key] for key in keys)):
        tree = msgspec.json.decode(msgspec.json.encode(raw))
        labels = []
        for key, value in zip(keys, values, strict=True):
            _put(tree, "seed" if key == "seeds" else key, value, f"{path.name}: sweep {key}")
            labels.append(_label(tree, key, value))
        try:
            one = msgspec.convert(tree, Scenario)
        except msgspec.ValidationError as error:
            raise BadInput(path.name, str(error), "a scenario") from error
        _agree(one, path.name)
        found.append(msgspec.structs.replace(one, name=", ".join([one.name, *labels])))
    return found


def _swept(sweep: dict[str, list[Any]], where: str) -> None:
    """Refuse a sweep that runs the same twice, has two bases, or has no end."""
    problems = [
        BadInput(f"{where}: sweep {key}", "is the same for all of a sweep", "at the head of the file")
        for key in sweep
        if key in ("base", "name", "note")
    ]
    problems += [
        BadInput(f"{where}: sweep {key}", f"{value} is there twice", "each value once")
        for key, values in sweep.items()
        for value in [next((one for n, one in enumerate(values) if one in values[:n]), None)]
        if value is not None
    ]
    if (runs := math.prod(map(len, sweep.values()))) > MOST:
        problems.append(BadInput(f"{where}: sweep", f"{runs:,} scenarios", f"{MOST:,} at most"))
    if problems:
        raise BadInputs(problems)


def _label(tree: dict[str, Any], key: str, value: Any) -> str:
    """What a value of a sweep is called: by what it is of, not by where it stands in the file."""
    kind, _, rest = key.partition(".")
    number, _, field = rest.partition(".")
    if key == "seeds":
        return f"seed {value}"
    if kind not in ("rules", "demand", "pool") or field not in ("value", "positions", "wage", "spread", "share"):
        return f"{key} {value}"
    part = tree[kind][int(number)]
    if kind == "rules":
        return f"{part.get('rule')} {part.get('field')} {value}"
    where = " ".join(f"{name} {start}" for name, start in part.get("where", {}).items())
    said = f"pool ×{value}" if kind == "pool" else f"{field} ×{value}" if field != "spread" else f"{field} {value}"
    return f"{said} ({where})" if where else said


def _put(tree: Any, key: str, value: Any, where: str) -> None:
    *parents, last = key.split(".")
    at = tree
    for part in parents:
        try:
            at = at[int(part)] if isinstance(at, list) else at[part]
        except (KeyError, IndexError, ValueError) as error:
            raise BadInput(where, f"no {part!r} in the scenario", "a field that it has") from error
    if parents and not isinstance(at, dict):
        raise BadInput(where, f"{key!r} names no field", "as rules.0.value")
    at[last] = value


def _agree(one: Scenario, where: str) -> None:
    """Refuse what contradicts itself or names unknown columns."""
    problems = []
    for kind, names in (("relax", one.relax), ("without", one.without)):
        twice = sorted({name for name in names if names.count(name) > 1})
        problems += [BadInput(f"{where}: {kind}", f"{name} is named twice", "each once") for name in twice]
    gone = [name for name in one.relax if name.partition("/")[0] in one.without]
    problems += [
        BadInput(f"{where}: relax", f"{name}: its agreement is left out by `without`", "one or the other")
        for name in gone
    ]
    seen: set[tuple[str, str]] = set()
    for number, change in enumerate(one.rules):
        place_ = f"{where}: rules[{number}]"
        if (change.rule, change.field) in seen:
            problems.append(BadInput(place_, f"{change.rule} {change.field} is set twice", "each field once"))
        seen.add((change.rule, change.field))
        if change.field in ("id", "kind"):
            problems.append(BadInput(place_, f"{change.field} says which rule it is", "another field of the rule"))
        if change.field == "strictness":
            problems.append(BadInput(place_, "a rule is made advisory by `relax`", f'relax = ["{change.rule}"]'))
        if change.rule in one.relax:
            problems.append(BadInput(place_, f"{change.rule} is also relaxed", "one or the other"))
        if change.rule.partition("/")[0] in one.without:
            problems.append(BadInput(place_, "its agreement is left out by `without`", "one or the other"))
    wheres = [("demand", n, part.where, tables.VACANCIES) for n, part in enumerate(one.demand)]
    wheres += [("pool", n, part.where, tables.WORKERS) for n, part in enumerate(one.pool)]
    problems += [
        BadInput(f"{where}: {kind}[{number}].where", f"no text column {column!r}", f"a text column of the {kind}")
        for kind, number, columns, schema in wheres
        for column in columns
        if schema.get(column) != pl.String()
    ]
    if problems:
        raise BadInputs(problems)
