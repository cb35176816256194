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

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
import tomli_w

from skillbridge import execute, plan_folder
from skillbridge.errors import BadInput, BadInputs
from skillbridge.indicators import INDICATORS, compute, folder_facts
from skillbridge.matching.objective import load_objective
from skillbridge.model import Plan
from skillbridge.partnerships.partnership import Partnership, dump, parse, relax
from skillbridge.partnerships.rows import Rows
from skillbridge.pipeline import Outcome, PlaceRequest, Start, place
from skillbridge.plan_folder import PlanFolder, row_keys
from skillbridge.scenario_file import DemandChange, PoolChange, RuleChange, Scenario, load
from skillbridge.solver.carried import carried
from skillbridge.solver.problem import Problem, tightened
from skillbridge.solver.solve import EXACT_WORKERS, Effort
from skillbridge.taxonomies import pack

__all__ = [
    "DemandChange",
    "Line",
    "PoolChange",
    "RuleChange",
    "Scenario",
    "compare",
    "frontier",
    "line_of",
    "load",
    "over_seeds",
    "request_of",
    "run",
    "run_all",
    "table",
]

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
WARM = Effort(3_000, 2, (), 0)
"""The work of a scenario that starts from its base's plan and prices."""


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


def request_of(base: PlanFolder, scenario: Scenario) -> PlaceRequest:
    """What the scenario asks to be planned; raises `BadInputs` for unknown rules and for rights it would touch."""
    agreements = [one for one in base.partnerships if one.id not in scenario.without]
    ids = {one.id for one in base.partnerships}
    problems = [
        BadInput(f"{scenario.name}: without", f"no agreement {name!r}", ", ".join(sorted(ids)))
        for name in scenario.without
        if name not in ids
    ]
    problems += [
        BadInput(f"{scenario.name}: without", f"{one.id} protects people under other agreements", "leave it in")
        for one in base.partnerships
        if one.id in scenario.without and one.is_overlay and any(rule.right for rule in one.binding)
    ]
    if not any(not one.is_overlay for one in agreements):
        problems.append(BadInput(f"{scenario.name}: without", "no agreement is left to place by", "at least one"))
    try:
        load_objective(scenario.objective or base.plan.manifest.objective)
    except BadInput as error:
        problems.append(BadInput(f"{scenario.name}: objective", error.what, error.expected))
    workers, vacancies = _pool(base.workers, scenario), _demand(base.vacancies, scenario)
    meant = [("demand", n, base.vacancies, part.where) for n, part in enumerate(scenario.demand)]
    meant += [("pool", n, base.workers, part.where) for n, part in enumerate(scenario.pool)]
    problems += [
        BadInput(f"{scenario.name}: {kind}[{number}].where", f"{where} means none in the base", "what some there have")
        for kind, number, frame, where in meant
        if not _meant(frame, where).any()
    ]
    problems += [
        BadInput(f"{scenario.name}: {kind}", "nothing is left to plan", "at least one")
        for kind, left in (("demand", vacancies), ("pool", workers))
        if left.is_empty()
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
        elif not name.partition("/")[2]:
            problems.append(BadInput(f"{scenario.name}: {name}", "an agreement, and no rule of it", f"{name}/RULE"))
    if problems:
        raise BadInputs(problems)
    manifest = base.plan.manifest
    return PlaceRequest(
        workers=workers,
        vacancies=vacancies,
        partnerships=changed,
        taxonomy=_taxonomy(base),
        objective=scenario.objective or manifest.objective,
        objective_text=None if scenario.objective else base.settings["objective.toml"],
        seed=scenario.seed or manifest.seed,
        limit=manifest.limit,
        as_of=manifest.as_of,
        synthetic=manifest.synthetic,
        keep=base.placements.select("worker_id", "vacancy_id"),
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


def run(base: PlanFolder, scenario: Scenario, *, cold: bool = False) -> Outcome:
    """The plan of one scenario; its solve starts from the base's plan and prices where they are still there, and does
    what brings it to where the base is. `cold`: as if there were no base, at several times the cost."""
    outcome = _placed(base, request_of(base, scenario), cold=cold)
    return replace(outcome, folder=replace(outcome.folder, names=base.names))


def _placed(base: PlanFolder, request: PlaceRequest, *, cold: bool) -> Outcome:
    if cold:
        return place(request)
    own, whole = (_prices(base.certificate, kinds) for kinds in (("vacancy", "row"), ("whole vacancy", "whole row")))

    def start(problem: Problem, edges: pl.DataFrame, rows: Rows) -> tuple[Problem, Start]:
        refs, known = (tightened(problem).rows.refs, whole) if any(whole) else (rows.refs, own)
        vacancy_price = np.array([known[0].get(name, 0.0) for name in request.vacancies["vacancy_id"]])
        row_price = _carried_prices(known[1], row_keys([(ref.partnership, ref.rule, ref.label) for ref in refs]))
        at = np.concatenate([vacancy_price, row_price[: problem.n_rows]])
        plan = carried(problem, _standing(base, request, edges), at)
        work = None if plan is None or problem.n_workers <= EXACT_WORKERS else WARM
        return problem, Start((vacancy_price, row_price), plan, work)

    return place(request, adjust=start)


def _prices(certificate: pl.DataFrame, kinds: tuple[str, str]) -> tuple[dict[str, float], dict[str, float]]:
    """The prices of two kinds by key: of vacancies, and of rows."""
    by_kind = [certificate.filter(pl.col("kind") == kind).select("key", "price").rows() for kind in kinds]
    return dict(by_kind[0]), dict(by_kind[1])


def _carried_prices(known: Mapping[str, float], keys: Sequence[str]) -> npt.NDArray[np.float64]:
    """float64 [keys]: the price of each row by its key. A day's row that is now another day's (the beds of a vacancy,
    say) has what the rows of the same on days no longer there had together."""
    names, left = set(keys), dict[str, float]()
    for key, price in known.items():
        if key not in names:
            left[_but_the_day(key)] = left.get(_but_the_day(key), 0.0) + price
    return np.array([known[key] if key in known else left.pop(_but_the_day(key), 0.0) for key in keys], np.float64)


def _but_the_day(key: str) -> str:
    return key.partition("/")[2].rpartition(" on ")[0] or key


def _standing(base: PlanFolder, request: PlaceRequest, edges: pl.DataFrame) -> npt.NDArray[np.int64]:
    """int64 [workers of the request]: the edge of each one's placement in the base where it is still there, else -1."""
    named = edges.select("worker", "vacancy").with_columns(
        edge=pl.int_range(pl.len(), dtype=pl.Int64),
        worker_id=request.workers["worker_id"].gather(edges["worker"]),
        vacancy_id=request.vacancies["vacancy_id"].gather(edges["vacancy"]),
    )
    kept = named.join(base.placements, on=["worker_id", "vacancy_id"], how="semi")
    chosen = np.full(request.workers.height, -1, dtype=np.int64)
    chosen[kept["worker"].to_numpy()] = kept["edge"].to_numpy()
    return chosen


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
    found = folder_facts(folder)
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
