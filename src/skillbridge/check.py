"""The independent judge of a plan: recomputes what the folder claims from its inputs, without a solver.

Every placement is judged by the rules' own judges and scored again; the bound is recomputed from the certificate's
prices, the candidate edges and rows derived anew; edges are derived again from workers, vacancies and agreements, for
a seeded sample of workers or for all.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import plan_folder, tables
from skillbridge.errors import Corrupt
from skillbridge.matching.bound import upper_bound
from skillbridge.matching.candidates import match
from skillbridge.matching.chain_bound import chain_choices, chain_upper_bound
from skillbridge.matching.held import Held, with_held
from skillbridge.matching.implied import with_implied
from skillbridge.matching.objective import Objective, load_objective, ordered, terms, weights
from skillbridge.matching.policy import load_policy
from skillbridge.matching.search import Search, prepare
from skillbridge.matching.yardstick import yardstick
from skillbridge.model import Counts
from skillbridge.partnerships.admission import REFUSED, admission
from skillbridge.partnerships.judge import judge
from skillbridge.partnerships.rows import Rows, compile_rows
from skillbridge.plan_folder import PlanFolder
from skillbridge.rates import load_rates
from skillbridge.wishes import away_when_home, not_at_home, violations

I64 = npt.NDArray[np.int64]
SAMPLE = 500
"""Workers whose edges are derived again unless all are asked for."""
ROUNDING = 1e-9
"""Relative slack between a bound recomputed in float64 and the one written."""


class Finding(msgspec.Struct, frozen=True):
    """Something that does not hold: `kind` (file, placement, rule, list, figure, bound, edge), `where` and in words."""

    kind: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what}"


class CheckReport(msgspec.Struct, frozen=True):
    """What the check recomputed; the plan holds where `findings` is empty.

    `soft` are soft rules exceeded, which a plan may do at their price. `objective` and `bound` are recomputed, in
    objective points; `gap` = (bound - objective) / bound. `edges_checked` is workers whose edges were derived again.
    """

    accepted: bool
    findings: tuple[Finding, ...]
    soft: tuple[str, ...]
    counts: Counts
    objective: int
    bound: float
    gap: float
    edges_checked: int


def check_folder(root: Path, *, full: bool = False, sample: int = SAMPLE, seed: int = 0) -> CheckReport:
    """The judgement of the plan in a folder: everything it claims, recomputed from its inputs.

    Derives the edges of `sample` workers again, or of all with `full` (then the whole candidate search is repeated).
    Raises `BadInput` or `Corrupt` where the folder cannot be read as a plan at all.
    """
    plan = plan_folder.read_plan(root)
    findings = [Finding("file", *words.split(": ", 1)) for words in plan_folder.altered_files(root, plan)]
    folder = plan_folder.read(root)
    edges, workers, vacancies = folder.edges, folder.workers, folder.vacancies
    findings += _inputs(folder)
    if findings and any(finding.kind == "input" for finding in findings):
        raise Corrupt("; ".join(str(finding) for finding in findings[:5]))
    chosen, found = _chosen_edges(folder)
    findings += found
    findings += _positions(folder)
    hard, soft = _rules(folder)
    findings += hard
    aim = load_objective(root / "inputs" / "objective.toml")
    points = weights(edges, workers, vacancies, aim).astype(np.int64)
    wanted = ordered(aim) + [step.term for step in plan.order]
    values = {n: v.astype(np.int64) + 1 for n, v in (terms(edges, workers, vacancies, aim) if wanted else {}).items()}
    rows = compile_rows(edges, workers, vacancies, folder.partnerships)
    group, place = _groups(workers, vacancies)
    asked = violations(folder.placements, workers, vacancies) if plan.manifest.seasons else []
    asked = asked or not_at_home(folder.placements, workers)
    findings += [Finding("placement", who, text) for who, text in asked]
    if not plan.manifest.seasons:
        findings += _together(chosen, group, place[edges["vacancy"].to_numpy()], edges)
    used, found = _row_use(folder, rows, chosen)
    findings += found
    penalty = np.array([ref.penalty or 0 for ref in rows.refs], dtype=np.int64)
    paid = int((np.maximum(0, used - rows.limit) * penalty).sum())
    objective = int(points[chosen].sum()) - paid
    proven, found = _bounds(folder, _priced(folder, rows, points, values), group, place)
    findings += found
    bound = min(proven[kind] for kind in ("", "whole ") if kind in proven)
    if "whole " in proven and not abs((plan.rules_bound or 0) - proven[""]) <= ROUNDING * max(proven[""], 1.0):
        findings.append(Finding("bound", "plan.json rules_bound", f"says {plan.rules_bound}, prices say {proven['']}"))
    findings += _order(folder, aim, values, chosen, paid, proven)
    gap = max(0.0, (bound - objective) / bound) if bound > 0 and np.isfinite(bound) else 0.0
    counts = Counts(
        workers.height, vacancies.height, int(vacancies["positions"].sum()), edges.height, folder.placements.height
    )
    findings += _figures(folder, counts, objective, bound, gap)
    findings += _lists(folder)
    checked, found = _edges_again(root, folder, chosen, full=full, sample=sample, seed=seed)
    findings += found
    return CheckReport(
        accepted=not findings,
        findings=tuple(findings),
        soft=tuple(soft),
        counts=counts,
        objective=objective,
        bound=bound,
        gap=gap,
        edges_checked=checked,
    )


def _inputs(folder: PlanFolder) -> list[Finding]:
    """What in the inputs would make every further step meaningless."""
    found = []
    for name, frame, key in (("workers", folder.workers, "worker_id"), ("vacancies", folder.vacancies, "vacancy_id")):
        if frame[key].null_count() or frame[key].is_duplicated().any():
            found.append(Finding("input", f"inputs/{name}.parquet", f"a {key} is missing or there twice"))
    edges = folder.edges
    limits = {"worker": folder.workers.height, "vacancy": folder.vacancies.height, "pathway": len(folder.partnerships)}
    if edges.null_count().sum_horizontal().item() or any(
        edges.height and int(edges[name].to_numpy().max()) >= limit for name, limit in limits.items()
    ):
        found.append(Finding("input", "inputs/edges.parquet", "an edge points outside the inputs"))
    key = edges["worker"].cast(pl.Int64).to_numpy() * max(folder.vacancies.height, 1) + edges["vacancy"].to_numpy()
    if (np.diff(key) <= 0).any():
        found.append(Finding("input", "inputs/edges.parquet", "edges are not sorted by worker and vacancy, each once"))
    return found


def _chosen_edges(folder: PlanFolder) -> tuple[I64, list[Finding]]:
    """(the number of the edge of every placement that has one, what is wrong with the others)."""
    placements = folder.placements.with_row_index("_n")
    found = _stays_apart(folder.placements, seasons=folder.plan.manifest.seasons)
    ids = pl.Series([partnership.id for partnership in folder.partnerships], dtype=pl.String)
    edges = folder.edges.with_row_index("edge").select(
        "edge",
        worker_id=folder.workers["worker_id"].gather(folder.edges["worker"]),
        vacancy_id=folder.vacancies["vacancy_id"].gather(folder.edges["vacancy"]),
        employer=folder.vacancies["employer_id"].gather(folder.edges["vacancy"]),
        pathway=ids.gather(folder.edges["pathway"].cast(pl.UInt32)),
        first="start",
        last="end",
        worth="score",
    )
    joined = placements.join(edges, on=["worker_id", "vacancy_id"], how="left").sort("_n")
    found += [
        Finding("placement", row["worker_id"], f"no candidate edge to vacancy {row['vacancy_id']}")
        for row in joined.filter(pl.col("edge").is_null()).iter_rows(named=True)
    ]
    for ours, theirs in (
        ("employer_id", "employer"),
        ("partnership", "pathway"),
        ("start", "first"),
        ("end", "last"),
        ("score", "worth"),
    ):
        wrong = joined.filter(pl.col("edge").is_not_null() & pl.col(ours).ne_missing(pl.col(theirs)))
        found += [
            Finding("placement", row["worker_id"], f"{ours} {row[ours]}, by its edge {row[theirs]}")
            for row in wrong.iter_rows(named=True)
        ]
    return joined["edge"].drop_nulls().cast(pl.Int64).to_numpy(), found


def _stays_apart(placements: pl.DataFrame, *, seasons: bool) -> list[Finding]:
    """Workers placed more than once, or, in a plan of several seasons, again before the stay before has ended."""
    if not seasons:
        twice = placements.filter(pl.col("worker_id").is_duplicated())["worker_id"].unique().sort()
        return [Finding("placement", worker, "placed more than once") for worker in twice]
    before = pl.col("end").shift(1).over("worker_id")
    ordered = placements.sort("worker_id", "start", "end").with_columns(before=before)
    return [
        Finding("placement", worker, f"starts on {start}, before the stay until {end} has ended")
        for worker, start, end in ordered.filter(pl.col("start") <= pl.col("before"))
        .select("worker_id", "start", "before")
        .rows()
    ]


def _positions(folder: PlanFolder) -> list[Finding]:
    heads = folder.placements.group_by("vacancy_id").len("heads")
    over = heads.join(folder.vacancies.select("vacancy_id", "positions"), on="vacancy_id").filter(
        pl.col("heads") > pl.col("positions")
    )
    return [
        Finding("placement", vacancy, f"{heads} placed in {positions} positions")
        for vacancy, heads, positions in over.sort("vacancy_id").rows()
    ]


def _rules(folder: PlanFolder) -> tuple[list[Finding], list[str]]:
    """(hard rules broken, soft rules exceeded), by the rules' own judges."""
    known = folder.placements.join(folder.workers, on="worker_id", how="semi").join(
        folder.vacancies, on="vacancy_id", how="semi"
    )
    violations = judge(known, folder.workers, folder.vacancies, folder.partnerships)
    hard = [
        Finding("rule", f"{violation.partnership}/{violation.rule}", violation.text)
        for violation in violations
        if violation.strictness == "hard"
    ]
    soft = [f"{v.partnership}/{v.rule}: {v.text}" for v in violations if v.strictness == "soft"]
    return hard, soft


def _groups(workers: pl.DataFrame, vacancies: pl.DataFrame) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """(group of each worker or -1 where alone, place of each vacancy: its site, else its employer)."""
    _, code = tables.distinct(workers["group_id"].replace("", None), lambda name: name)
    alone = workers["group_id"].replace("", None).is_null().to_numpy() | (np.bincount(code)[code] == 1)
    group = np.full(len(code), -1, dtype=np.int32)
    group[~alone] = np.unique(code[~alone], return_inverse=True)[1]
    _, place = tables.distinct(vacancies.select(pl.coalesce("site_id", "employer_id"))["site_id"], lambda name: name)
    return group, place


def _together(
    chosen: I64, group: npt.NDArray[np.int32], edge_place: npt.NDArray[np.int32], edges: pl.DataFrame
) -> list[Finding]:
    """Groups of which some are placed and others not, or members of which are in different places."""
    size = np.bincount(group[group >= 0], minlength=1)
    worker = edges["worker"].to_numpy()[chosen]
    mine = group[worker] >= 0
    members, places = group[worker][mine], edge_place[chosen][mine]
    placed = np.bincount(members, minlength=len(size))
    low, high = np.full(len(size), np.iinfo(np.int32).max), np.full(len(size), -1)
    np.minimum.at(low, members, places)
    np.maximum.at(high, members, places)
    apart = np.flatnonzero((placed > 0) & ((placed < size) | (low != high)))
    return [Finding("placement", f"group {number}", "does not go together to one place") for number in apart]


def _row_use(folder: PlanFolder, rows: Rows, chosen: I64) -> tuple[I64, list[Finding]]:
    """(use of every row, hard rows exceeded and rows that plan.json states otherwise)."""
    cells = np.bincount(rows.cell[chosen], minlength=rows.n_cells)
    heads = np.bincount(folder.edges["vacancy"].to_numpy()[chosen], minlength=folder.vacancies.height)
    used = np.asarray(rows.cell_rows.T @ cells + rows.vacancy_rows.T @ heads, dtype=np.int64)
    found = []
    stated = folder.plan.rules
    if len(stated) != len(rows.refs):
        found.append(
            Finding("figure", "plan.json rules", f"{len(stated)} rows, {len(rows.refs)} derived from the inputs")
        )
    for number, ref in enumerate(rows.refs):
        where = f"{ref.partnership}/{ref.rule}: {ref.label}"
        if ref.penalty is None and used[number] > rows.limit[number]:
            found.append(Finding("rule", where, f"limit {rows.limit[number]}, used {used[number]}"))
        if number < len(stated):
            mine = (ref.partnership, ref.rule, ref.label, ref.unit, int(rows.limit[number]), int(used[number]))
            theirs = stated[number]
            told = (theirs.partnership, theirs.rule, theirs.label, theirs.unit, theirs.limit, theirs.used)
            if mine != told:
                found.append(Finding("figure", f"plan.json rules[{number}]", f"says {told}, derived {mine}"))
    return used, found


class _Priced(NamedTuple):
    """A set of prices in the certificate: its `kind` ("", "whole ", ...), its rows, and the points they price."""

    kind: str
    rows: Rows
    points: I64


def _priced(folder: PlanFolder, rows: Rows, points: I64, values: dict[str, I64]) -> list[_Priced]:
    """Every set of prices that the certificate must hold, in its order, over rows derived here anew.

    The rules' rows; with those implied in whole heads, where the certificate has them; for each term of a lexicographic
    objective, with the rows that hold the terms before it, and (but for the first) alone.
    """
    sets = [_Priced("", rows, points)]
    if folder.certificate["kind"].is_in(["whole vacancy", "whole row"]).any():
        vacancy, positions = folder.edges["vacancy"].to_numpy(), folder.vacancies["positions"].to_numpy()
        sets.append(_Priced("whole ", with_implied(rows, vacancy.astype(np.int32), positions), points))
    held: list[Held] = []
    for step in folder.plan.order:
        if step.term not in values:
            break
        sets.append(_Priced(f"{step.term} ", with_held(rows, held), values[step.term]))
        if held:
            sets.append(_Priced(f"{step.term} alone ", rows, values[step.term]))
        held.append(Held(step.term, values[step.term], step.held))
    return sets


def _bounds(
    folder: PlanFolder, sets: Sequence[_Priced], group: npt.NDArray[np.int32], place: npt.NDArray[np.int32]
) -> tuple[dict[str, float], list[Finding]]:
    """(the bound that each set of prices proves, infinite where it proves nothing; what is wrong with them)."""
    proven = dict.fromkeys((one.kind for one in sets), float("inf"))
    expected = [
        entry
        for one in sets
        for entry in [
            *((f"{one.kind}vacancy", name) for name in folder.vacancies["vacancy_id"]),
            *(
                (f"{one.kind}row", key)
                for key in plan_folder.row_keys([(r.partnership, r.rule, r.label) for r in one.rows.refs])
            ),
        ]
    ]
    if folder.certificate.select("kind", "key").rows() != expected:
        return proven, [
            Finding("bound", "certificate.parquet", "its keys are not the vacancies and rows of the inputs")
        ]
    vacancy = folder.edges["vacancy"].to_numpy().astype(np.int32)
    positions, n = folder.vacancies["positions"].to_numpy(), folder.vacancies.height
    indptr = np.searchsorted(folder.edges["worker"].to_numpy(), np.arange(folder.workers.height + 1)).astype(np.int64)
    found = []
    choices = (
        chain_choices(folder.edges, folder.workers, folder.vacancies, folder.partnerships)
        if folder.plan.manifest.seasons
        else None
    )
    for kind, rows, points in sets:
        price = folder.certificate.filter(pl.col("kind").is_in([f"{kind}vacancy", f"{kind}row"]))["price"].to_numpy()
        worth = points.astype(np.int32)
        try:
            if choices is None:
                proven[kind] = upper_bound(indptr, vacancy, worth, positions, rows, group, place, price[:n], price[n:])
            else:
                proven[kind] = chain_upper_bound(choices, vacancy, points, positions, rows, price[:n], price[n:])
        except ValueError as error:
            found.append(Finding("bound", "certificate.parquet", str(error)))
    price = folder.certificate["price"].to_numpy()[n : n + len(sets[0].rows.limit)]
    found += [
        Finding("figure", f"plan.json rules[{number}]", f"price {rule.price}, by the certificate {mine:.3f}")
        for number, (rule, mine) in enumerate(zip(folder.plan.rules, price, strict=False))
        if abs(rule.price - mine) > 6e-4
    ]
    return proven, found


def _order(
    folder: PlanFolder,
    objective: Objective,
    values: dict[str, I64],
    chosen: I64,
    penalty: int,
    proven: dict[str, float],
) -> list[Finding]:
    """What does not hold of the steps of a lexicographic objective: terms, what they reached and held, their bounds."""
    steps, expected = folder.plan.order, ordered(objective)
    if [step.term for step in steps] != expected and (steps or folder.plan.status != "infeasible"):
        return [Finding("figure", "plan.json order", f"terms {[s.term for s in steps]}, by the objective {expected}")]
    found = []
    for number, step in enumerate(steps):
        where, points = f"plan.json order[{number}]", int(values[step.term][chosen].sum())
        bound = proven[f"{step.term} "]
        alone = proven[f"{step.term} alone "] if number else bound
        told = {"reached": step.reached, "bound": step.bound, "alone": step.alone, "price": step.price}
        mine = {"reached": points - penalty, "bound": bound, "alone": alone}
        mine["price"] = max(0.0, alone - mine["reached"])
        found += [
            Finding("figure", f"{where}.{name}", f"says {told[name]}, recomputed {mine[name]}")
            for name in told
            if not abs(told[name] - mine[name]) <= ROUNDING * max(abs(mine[name]), 1.0)
        ]
        if points < step.held:
            found.append(Finding("figure", where, f"{step.term} has {points} points, held at {step.held}"))
    return found


def _figures(folder: PlanFolder, counts: Counts, objective: int, bound: float, gap: float) -> list[Finding]:
    plan = folder.plan
    found = [
        Finding(
            "figure", f"plan.json counts.{name}", f"says {getattr(plan.counts, name)}, counted {getattr(counts, name)}"
        )
        for name in Counts.__struct_fields__
        if getattr(plan.counts, name) != getattr(counts, name)
    ]
    if plan.objective != objective:
        found.append(Finding("figure", "plan.json objective", f"says {plan.objective}, recomputed {objective}"))
    slack = ROUNDING * max(abs(bound), 1.0)
    if not abs(plan.bound - bound) <= slack:
        found.append(Finding("bound", "plan.json bound", f"says {plan.bound}, the certificate's prices prove {bound}"))
    if bound < objective - slack:
        found.append(Finding("bound", "certificate.parquet", f"bound {bound} is below the plan's own {objective}"))
    if not abs(plan.gap - gap) <= 1e-6:
        found.append(Finding("figure", "plan.json gap", f"says {plan.gap}, recomputed {gap}"))
    return found


def _lists(folder: PlanFolder) -> list[Finding]:
    """unfilled.csv and unplaced.csv name exactly who and what is left, each with a reason."""
    found = []
    left = folder.workers.join(folder.placements, on="worker_id", how="anti")["worker_id"]
    if folder.unplaced["worker_id"].sort().to_list() != left.sort().to_list():
        found.append(
            Finding("list", "unplaced.csv", f"{folder.unplaced.height} workers, {len(left)} are without a place")
        )
    heads = folder.placements.group_by("vacancy_id").agg(filled=pl.len().cast(pl.Int32))
    open_ = (
        folder.vacancies.select("vacancy_id", "positions")
        .join(heads, on="vacancy_id", how="left")
        .with_columns(pl.col("filled").fill_null(0))
        .filter(pl.col("filled") < pl.col("positions"))
        .sort("vacancy_id")
    )
    if folder.unfilled.select("vacancy_id", "positions", "filled").sort("vacancy_id").rows() != open_.rows():
        found.append(Finding("list", "unfilled.csv", "does not name the vacancies with open positions as they are"))
    for name, frame in (("unplaced.csv", folder.unplaced), ("unfilled.csv", folder.unfilled)):
        if frame["reason"].null_count():
            found.append(Finding("list", name, f"{frame['reason'].null_count()} rows without a reason"))
    return found


def _edges_again(
    root: Path, folder: PlanFolder, chosen: I64, *, full: bool, sample: int, seed: int
) -> tuple[int, list[Finding]]:
    """(workers whose edges were derived again, what differs).

    Every placement's edge is judged and scored; beside them all edges of a sample of workers, who must also have the
    best vacancies found for them anew. With `full` the whole search is repeated and must give the same edges.
    """
    measure = yardstick(
        folder.taxonomy, load_policy(root / "inputs" / "matching.toml"), load_rates(root / "inputs" / "rates.csv")
    )
    admitted = admission(folder.workers, folder.vacancies, folder.partnerships)
    limit = folder.plan.manifest.limit
    if full:
        again = match(folder.workers, folder.vacancies, admitted, measure, limit=limit)
        found = []
        if not again.edges.equals(folder.edges):
            lacking = again.edges.join(folder.edges, on=["worker", "vacancy"], how="anti").height
            if lacking:
                found.append(Finding("edge", "inputs/edges.parquet", f"{lacking} of the edges derived are not there"))
            search = prepare(folder.workers, folder.vacancies, admitted, measure)
            found += _judged(folder, search, np.arange(folder.edges.height))
        if again.refused != folder.plan.refused:
            found.append(Finding("figure", "plan.json refused", "other counts than derived from the inputs"))
        return folder.workers.height, found
    search = prepare(folder.workers, folder.vacancies, admitted, measure)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(folder.workers.height)[:sample]).astype(np.int32)
    worker = folder.edges["worker"].to_numpy().astype(np.int32)
    asked = np.unique(np.concatenate([chosen, np.flatnonzero(np.isin(worker, rows))])).astype(np.int64)
    found = _judged(folder, search, asked)
    if len(rows) and folder.vacancies.height:
        found += _missing(folder, search, rows, worker, min(limit, folder.vacancies.height))
    return len(rows), found


def _judged(folder: PlanFolder, search: Search, asked: I64) -> list[Finding]:
    """Edges that are not legal, or have another score, pathway or dates than derived."""
    edges = folder.edges[asked]
    worker, vacancy = (edges[name].to_numpy().astype(np.int32) for name in ("worker", "vacancy"))
    score, closed = search.judge(worker, vacancy)
    start, end = search.windows(worker, vacancy)
    admitted = search.admitted
    pathway = admitted.pathway[admitted.worker_class[worker], admitted.vacancy_class[vacancy]]
    history = admitted.pairs(worker, vacancy, start.astype("datetime64[D]"), end.astype("datetime64[D]"))
    illegal = (closed >= 0) | (pathway == REFUSED) | (history > 0) | away_when_home(edges, folder.workers)
    days = [edges[name].to_numpy().astype("datetime64[D]").astype(np.int32) for name in ("start", "end")]
    other = (
        (score != edges["score"].to_numpy())
        | (pathway != edges["pathway"].to_numpy())
        | (days[0] != start)
        | (days[1] != end)
    )
    found = []
    for number in np.flatnonzero(illegal | other):
        who, where = (
            folder.workers["worker_id"][int(worker[number])],
            folder.vacancies["vacancy_id"][int(vacancy[number])],
        )
        what = "not allowed by the inputs" if illegal[number] else "score, pathway or dates differ from those derived"
        found.append(Finding("edge", f"{who} to {where}", what))
    return found


def _missing(
    folder: PlanFolder, search: Search, rows: npt.NDArray[np.int32], worker: npt.NDArray[np.int32], limit: int
) -> list[Finding]:
    """Workers whose best vacancies are not all among their edges: leaving some out would shrink the bound.

    Which of several equal vacancies are on a full list is no claim of the plan.
    """
    answer = search.best(rows, limit)
    n = folder.vacancies.height
    known = worker.astype(np.int64) * n + folder.edges["vacancy"].to_numpy()
    derived = rows[:, None].astype(np.int64) * n + answer.vacancy
    held = np.bincount(worker, minlength=folder.workers.height)[rows]
    worst = np.full(folder.workers.height, np.iinfo(np.int32).max)
    np.minimum.at(worst, worker, folder.edges["score"].to_numpy().astype(np.int64))
    better = (answer.score > worst[rows][:, None]) | (held < limit)[:, None]
    absent = (answer.vacancy >= 0) & better & ~np.isin(derived, known)
    row, place = np.nonzero(absent)
    start, end = search.windows(rows[row], answer.vacancy[row, place])
    lacking = pl.DataFrame({"worker": rows[row], "start": start, "end": end}).cast({"start": pl.Date, "end": pl.Date})
    absent[row, place] = ~away_when_home(lacking, folder.workers)
    return [
        Finding(
            "edge",
            str(folder.workers["worker_id"][int(rows[row])]),
            f"{absent[row].sum()} of its best vacancies are left out",
        )
        for row in np.flatnonzero(absent.any(axis=1))
    ]
