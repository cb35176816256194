"""Scenarios: a base plan's inputs with changes, run one by one or in a sweep, and compared.

::

    name = "A tenth more demand, 500 more visas"
    note = "what the ministry asks"
    base = "../plans/2026"                 # a plan's folder, relative to this file
    objective = "fairness"                 # chosen: another bundled objective
    relax = ["nz-rse/hours"]               # chosen: hard rules made advisory; never a right
    without = ["ca-sawp"]                  # chosen: agreements left out
    [[rules]]                              # chosen: one field of one rule
    rule = "nz-rse/cap"
    field = "max"
    value = 21250
    [[demand]]                             # assumed: vacancies that `where` means
    where = { destination = "NZ" }
    positions = 1.1                        # times; 0 closes them
    wage = 1.05                            # times
    spread = 0.1                           # seeded noise on positions, standard deviation as a share
    [[pool]]                               # assumed: workers that `where` means
    where = { origin = "WS" }
    share = 0.8                            # seeded share that stays in the pool
    [sweep]                                # every combination is run
    "rules.0.value" = [21250, 22250]
    seeds = [1, 2, 3]

What a scenario changes is *chosen* or *assumed*, and what comes out is *computed*: the comparison keeps them apart.
"""

import itertools
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import polars as pl
import tomli_w

from skillbridge import execute, plan_folder, tables
from skillbridge.errors import BadInput, BadInputs
from skillbridge.indicators import INDICATORS, compute, plan_facts
from skillbridge.model import Plan
from skillbridge.partnerships.partnership import Partnership, dump, parse, relax
from skillbridge.partnerships.rows import Rows
from skillbridge.pipeline import Outcome, PlaceRequest, Prices, place
from skillbridge.plan_folder import PlanFolder, row_keys
from skillbridge.solver.problem import Problem
from skillbridge.taxonomies import pack

Times = Annotated[float, msgspec.Meta(ge=0, le=100)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
HEADLINE = (
    "fill_rate",
    "placement_rate",
    "match_quality",
    "women_share",
    "returning_share",
    "top_two_origins",
    "gini_origins",
)
"""The indicators of a comparison."""


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
    seed: int = 0

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


class Line(msgspec.Struct, frozen=True):
    """One plan of a comparison: what was chosen and assumed, and what was computed from it.

    `placed` and `positions` in heads, `objective` and `bound` in points, `indicators` by id in their own units.
    """

    name: str
    folder: str
    chosen: tuple[str, ...]
    assumed: tuple[str, ...]
    seed: int
    status: str
    placed: int
    positions: int
    objective: int
    bound: float
    gap: float
    indicators: dict[str, float | None]


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
    found = []
    for values in itertools.product(*(sweep[key] for key in keys)):
        tree = msgspec.json.decode(msgspec.json.encode(raw))
        labels = []
        for key, value in zip(keys, values, strict=True):
            _put(tree, "seed" if key == "seeds" else key, value, f"{path.name}: sweep {key}")
            labels.append(f"{'seed' if key == 'seeds' else key} {value}")
        try:
            one = msgspec.convert(tree, Scenario)
        except msgspec.ValidationError as error:
            raise BadInput(path.name, str(error), "a scenario") from error
        _agree(one, path.name)
        found.append(msgspec.structs.replace(one, name=", ".join([one.name, *labels])))
    return found


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
    seen: set[tuple[str, str]] = set()
    for number, change in enumerate(one.rules):
        place_ = f"{where}: rules[{number}]"
        if (change.rule, change.field) in seen:
            problems.append(BadInput(place_, f"{change.rule} {change.field} is set twice", "each field once"))
        seen.add((change.rule, change.field))
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


def request_of(base: PlanFolder, scenario: Scenario) -> PlaceRequest:
    """What the scenario asks to be planned; raises `BadInputs` for unknown rules and for rights it would touch."""
    agreements = [one for one in base.partnerships if one.id not in scenario.without]
    ids = {one.id for one in base.partnerships}
    problems = [
        BadInput(f"{scenario.name}: without", f"no agreement {name!r}", ", ".join(sorted(ids)))
        for name in scenario.without
        if name not in ids
    ]
    changed = []
    for agreement in agreements:
        try:
            changed.append(_changed(agreement, scenario))
        except BadInputs as error:
            problems += error.problems
        except BadInput as error:
            problems.append(error)
    for name in (*scenario.relax, *(one.rule for one in scenario.rules)):
        if name.partition("/")[0] not in ids:
            problems.append(
                BadInput(f"{scenario.name}: {name}", "no such agreement in the base", ", ".join(sorted(ids)))
            )
    if problems:
        raise BadInputs(problems)
    manifest = base.plan.manifest
    return PlaceRequest(
        workers=_pool(base.workers, scenario),
        vacancies=_demand(base.vacancies, scenario),
        partnerships=changed,
        taxonomy=_taxonomy(base),
        objective=scenario.objective or manifest.objective,
        seed=scenario.seed or manifest.seed,
        limit=manifest.limit,
        as_of=manifest.as_of,
        synthetic=manifest.synthetic,
    )


def _changed(agreement: Partnership, scenario: Scenario) -> Partnership:
    named = {rule.id: rule for rule in agreement.binding}
    relaxed = [name.partition("/")[2] for name in scenario.relax if name.startswith(agreement.id + "/")]
    touched = [one for one in scenario.rules if one.rule.startswith(agreement.id + "/")]
    for name in (*relaxed, *(one.rule.partition("/")[2] for one in touched)):
        if name not in named:
            raise BadInput(f"{scenario.name}: {agreement.id}/{name}", "no such rule", ", ".join(sorted(named)))
        if named[name].right:
            raise BadInput(f"{scenario.name}: {agreement.id}/{name}", "it protects people", "a rule that is no right")
    for one in touched:
        rule_id = one.rule.partition("/")[2]
        tree = tomllib.loads(dump(agreement))
        rule = next((rule for rule in tree.get("rules", []) if rule["id"] == rule_id), None)
        if rule is None:
            raise BadInput(
                f"{scenario.name}: {one.rule}", "holds by default, not by the agreement's file", "a rule of the file"
            )
        rule[one.field] = one.value
        agreement = _parsed(tree, f"{scenario.name}: {agreement.id}")
    return relax(agreement, relaxed) if relaxed else agreement


def _parsed(tree: dict[str, Any], name: str) -> Partnership:
    return parse(tomli_w.dumps(tree), name, scenario=True)


def _meant(frame: pl.DataFrame, where: Mapping[str, str]) -> pl.Series:
    meant = pl.Series([True], dtype=pl.Boolean).new_from_index(0, frame.height)
    for name, start in where.items():
        meant &= frame[name].fill_null("").str.starts_with(start)
    return meant


def _demand(vacancies: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    """Positions are rounded to the nearest head; vacancies left with none are dropped."""
    rng = np.random.default_rng(scenario.seed)
    positions = vacancies["positions"].to_numpy().astype(np.float64)
    wage = vacancies["wage"].cast(pl.Float64)
    for change in scenario.demand:
        meant = _meant(vacancies, change.where)
        noise = np.exp(rng.normal(-(change.spread**2) / 2, change.spread, len(positions))) if change.spread else 1.0
        positions = np.where(meant.to_numpy(), positions * change.positions * noise, positions)
        wage = (wage * pl.Series(np.where(meant.to_numpy(), change.wage, 1.0))).round()
    changed = vacancies.with_columns(
        positions=pl.Series(np.floor(positions + 0.5), dtype=pl.Int32), wage=wage.cast(pl.Int64)
    )
    return changed.filter(pl.col("positions") > 0)


def _pool(workers: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    rng = np.random.default_rng(scenario.seed + 1)
    keep = np.ones(workers.height, dtype=np.bool_)
    for change in scenario.pool:
        draw = rng.random(workers.height)
        keep &= ~_meant(workers, change.where).to_numpy() | (draw < change.share)
    return workers.filter(pl.Series(keep))


def _taxonomy(base: PlanFolder) -> pack.Taxonomy:
    versions = base.plan.manifest.versions
    return replace(base.taxonomy, id=versions.get("taxonomy", "taxonomy"), version=versions.get("taxonomy_version", ""))


def run(base: PlanFolder, scenario: Scenario) -> Outcome:
    """The plan of one scenario; its solve starts from the base's prices where vacancy and row are still there."""
    request = request_of(base, scenario)
    known = {(kind, key): price for kind, key, price in base.certificate.rows()}

    def start(problem: Problem, edges: pl.DataFrame, rows: Rows) -> tuple[Problem, Prices | None]:
        keys = row_keys([(ref.partnership, ref.rule, ref.label) for ref in rows.refs])
        vacancy_price = [known.get(("vacancy", name), 0.0) for name in request.vacancies["vacancy_id"]]
        return problem, (np.array(vacancy_price), np.array([known.get(("row", key), 0.0) for key in keys]))

    return place(request, adjust=start)


def run_all(path: Path, out: Path, *, processes: int = 1) -> Iterator[Line]:
    """Run every scenario of a file into folders under `out`, giving each line as it is done.

    Each plan's folder is whole before its line is given, so what is stopped keeps what is finished.
    """
    scenarios = load(path)
    base = (path.parent / scenarios[0].base).resolve()
    if not scenarios[0].base:
        raise BadInput(f"{path.name}: base", "missing", "the folder of the plan to change, relative to this file")
    opened = plan_folder.read(base)
    plan_folder.one_season(opened.plan, "the base of scenarios")
    for scenario in scenarios:
        request_of(opened, scenario)
    parts = [
        (msgspec.json.encode(scenario), str(base), str(out / f"{number:03d}"))
        for number, scenario in enumerate(scenarios)
    ]
    for _, line in execute.each(_run_part, parts, processes=processes):
        yield line


def _run_part(part: tuple[bytes, str, str]) -> Line:
    scenario = msgspec.json.decode(part[0], type=Scenario)
    outcome = run(plan_folder.read(Path(part[1])), scenario)
    folder = replace(outcome.folder, extra={"scenario.json": msgspec.json.format(part[0].decode(), indent=2)})
    written = plan_folder.write(folder, Path(part[2]))
    return line_of(written, scenario.name, part[2], scenario)


def line_of(folder: PlanFolder, name: str, path: str, scenario: Scenario | None = None) -> Line:
    """A plan as a line of a comparison."""
    plan: Plan = folder.plan
    found = plan_facts(
        folder.workers, folder.vacancies, folder.edges, folder.placements, folder.unfilled, folder.unplaced, plan.rules
    )
    figures = compute(found, only=HEADLINE)
    return Line(
        name=name,
        folder=path,
        chosen=scenario.chosen if scenario else (),
        assumed=scenario.assumed if scenario else (),
        seed=plan.manifest.seed,
        status=plan.status,
        placed=plan.counts.placed,
        positions=plan.counts.positions,
        objective=plan.objective,
        bound=plan.bound,
        gap=plan.gap,
        indicators=dict(figures.select("indicator", "value").rows()),
    )


def compare(folders: Sequence[Path]) -> list[Line]:
    """The plans of these folders as lines, in the order given; a scenario's own name and changes where it left them."""
    lines = []
    for root in folders:
        left = root / "scenario.json"
        scenario = msgspec.json.decode(left.read_bytes(), type=Scenario) if left.is_file() else None
        lines.append(line_of(plan_folder.read(root), scenario.name if scenario else root.name, str(root), scenario))
    return lines


def table(lines: Sequence[Line]) -> pl.DataFrame:
    """The comparison as a table: what was chosen, assumed and computed; changes are against the first line."""
    rows = [
        {
            "scenario": line.name,
            "chosen": "; ".join(line.chosen),
            "assumed": "; ".join(line.assumed),
            "seed": line.seed,
            "status": line.status,
            "placed": line.placed,
            "placed_change": line.placed - lines[0].placed,
            "positions": line.positions,
            "objective": line.objective,
            "bound": line.bound,
            "gap": line.gap,
            **{name: line.indicators.get(name) for name in HEADLINE},
        }
        for line in lines
    ]
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(HEADLINE, pl.Float64))


def over_seeds(lines: Sequence[Line]) -> pl.DataFrame:
    """Scenarios that differ in their seed only as one row each: runs, and mean, least and most of what was computed."""
    frame = table(lines).with_columns(scenario=pl.col("scenario").str.replace(r", seed \d+$", ""))
    figures = ("placed", "objective", "bound", *HEADLINE)
    return frame.group_by("scenario", "chosen", "assumed", maintain_order=True).agg(
        pl.len().alias("runs"),
        *(pl.col(name).mean().alias(f"{name}_mean") for name in figures),
        *(pl.col(name).min().alias(f"{name}_min") for name in figures),
        *(pl.col(name).max().alias(f"{name}_max") for name in figures),
    )


def frontier(lines: Sequence[Line], first: str = "fill_rate", second: str = "match_quality") -> list[Line]:
    """The lines that no other beats in both figures, by falling `first`; more is better in each."""
    for name in (first, second):
        if name not in INDICATORS:
            raise BadInput("frontier", f"no indicator {name!r}", ", ".join(HEADLINE))
    worth = [
        tuple(-math.inf if (v := line.indicators.get(n)) is None else v for n in (first, second)) for line in lines
    ]
    kept = [
        number
        for number, (x, y) in enumerate(worth)
        if not any(a >= x and b >= y and (a > x or b > y) for a, b in worth)
    ]
    return [lines[number] for number in sorted(kept, key=lambda n: (-worth[n][0], -worth[n][1], n))]
