"""Why a worker has these seasons, or none, in a plan of several, and what would have added one.

Which seasons do not go together is asked of the independent judge, and of the search for chains itself; a change is
shown only after the worker's best chain, found anew with it while everyone else keeps theirs, is worth more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import plan_folder, tables, words
from skillbridge.errors import BadInput
from skillbridge.explain.blocks import Blocks, blocks
from skillbridge.explain.explainer import row_of
from skillbridge.explain.told import bearing, filling
from skillbridge.matching.chain_bound import chain_choices
from skillbridge.matching.objective import load_objective, weights
from skillbridge.matching.stays import MAX_CHAIN, best_chains
from skillbridge.partnerships.judge import judge
from skillbridge.partnerships.rows import compile_rows
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.wording import sentence
from skillbridge.plan_folder import PlanFolder
from skillbridge.solver.plan import usage
from skillbridge.solver.problem import Problem, compile_problem
from skillbridge.wishes import parse, violations

I64 = npt.NDArray[np.int64]
SHOWN = 5
"""Other seasons, or candidates, told."""
TOLD = 4
"""Changes told at most."""
OWN_TERMS = ("home", "away", "earn")
"""A worker's facts whose leaving out is tried as a change."""


class Season(msgspec.Struct, frozen=True):
    """A placement of the plan, or a candidate for one: days as ISO text, `score` in thousandths."""

    vacancy: str
    partnership: str
    start: str
    end: str
    score: int


class OtherSeason(msgspec.Struct, frozen=True):
    """A season that the worker could take as far as it alone goes, and what stands in the way.

    `state` is a code of the words' `chain` section: `season` (on days of the planned season `beside`), `gap` (rule
    `rule` of `partnership` keeps it from going with `beside`, or with past seasons), `apart` (no chain holds both),
    `home`, `away` (the worker's own terms), `full`, `held` (by `row`) or `free`. `why`: the rule's code and values.
    """

    season: Season
    state: str
    beside: str | None = None
    partnership: str | None = None
    rule: str | None = None
    row: str | None = None
    why: tuple[str, dict[str, str]] | None = None


class SeasonChange(msgspec.Struct, frozen=True):
    """A change that was confirmed: the worker would have `seasons` seasons, worth `points` objective points more.

    `kind` and `values` are of the words' `chain` section: `positions`, `places`, `home`, `away`, `earn`.
    """

    kind: str
    values: dict[str, str]
    seasons: int
    points: int


class SeasonsExplanation(msgspec.Struct, frozen=True):
    """What there is to say about one worker or vacancy of a plan of several seasons; fields as in `Explanation`."""

    kind: str
    id: str
    place: str
    reason: str
    partnership: str | None = None
    rule: str | None = None
    row: str | None = None
    price: float | None = None
    seasons: tuple[Season, ...] = ()
    others: tuple[OtherSeason, ...] = ()
    positions: int | None = None
    filled: int | None = None
    candidates: tuple[tuple[str, int, str], ...] = ()
    changes: tuple[SeasonChange, ...] | None = None


@dataclass(frozen=True, eq=False)
class SeasonsExplainer:
    """A plan of several seasons opened for questions; `chosen` int64: the edges of its placements, rising."""

    folder: PlanFolder
    problem: Problem
    chosen: I64
    state: Blocks

    def own(self, worker: int) -> I64:
        """The edges of a worker's placements, in order of start."""
        mine = self.chosen[self.state.worker[self.chosen] == worker]
        return np.asarray(mine[np.argsort(self.folder.edges["start"].gather(mine).to_numpy(), kind="stable")])


def open_seasons(root: Path) -> SeasonsExplainer:
    """The explainer of a plan's folder. Raises `BadInput` for a plan of one season."""
    folder = plan_folder.read(root)
    if not folder.plan.manifest.seasons:
        raise BadInput("plan", "of one season a worker", "a plan made with --seasons")
    rows = compile_rows(folder.edges, folder.workers, folder.vacancies, folder.partnerships)
    objective = load_objective(root / "inputs" / "objective.toml")
    points = weights(folder.edges, folder.workers, folder.vacancies, objective)
    problem = compile_problem(folder.edges, rows, folder.workers, folder.vacancies, points)
    price = folder.certificate.filter(pl.col("kind").is_in(["vacancy", "row"]))["price"].to_numpy()
    named = folder.edges.with_row_index("edge").select(
        pl.col("edge").cast(pl.Int64),
        worker_id=folder.workers["worker_id"].gather(folder.edges["worker"]),
        vacancy_id=folder.vacancies["vacancy_id"].gather(folder.edges["vacancy"]),
    )
    chosen = named.join(folder.placements, on=["worker_id", "vacancy_id"], how="semi")["edge"].sort().to_numpy()
    n = folder.vacancies.height
    return SeasonsExplainer(folder, problem, chosen, blocks(problem, chosen, price[:n], price[n:]))


def explain_worker(opened: SeasonsExplainer, worker_id: str, *, changes: bool = True) -> SeasonsExplanation:
    """Why these seasons or none; raises `BadInput` for an unknown id."""
    folder, problem = opened.folder, opened.problem
    worker = row_of(folder.workers["worker_id"], worker_id, "worker")
    mine = opened.own(worker)
    edges = np.arange(problem.indptr[worker], problem.indptr[worker + 1])
    gain = problem.weight[edges] - opened.state.price[edges]
    order = edges[np.lexsort((edges, -gain))]
    others = list(_others(opened, worker, mine, order[~np.isin(order, mine)][:SHOWN]))
    told = folder.unplaced.filter(pl.col("worker_id") == worker_id).to_dicts()
    first: dict[str, Any] = told[0] if told and not len(mine) else {"reason": "placed"}
    return SeasonsExplanation(
        kind="worker",
        id=worker_id,
        place=folder.workers["origin"][worker],
        reason=first["reason"],
        partnership=first.get("partnership"),
        rule=first.get("rule"),
        row=first["detail"].partition(": ")[2] if first.get("rule") else None,
        price=first.get("price"),
        seasons=tuple(_season(opened, edge) for edge in mine.tolist()),
        others=tuple(others),
        changes=tuple(_changes(opened, worker, others)) if changes else None,
    )


def explain_vacancy(opened: SeasonsExplainer, vacancy_id: str) -> SeasonsExplanation:
    """Why positions are filled or open, and the nearest candidates; no change is looked for."""
    folder, problem, state = opened.folder, opened.problem, opened.state
    vacancy = row_of(folder.vacancies["vacancy_id"], vacancy_id, "vacancy")
    into = np.flatnonzero(problem.vacancy == vacancy)
    here, away = np.isin(into, opened.chosen), np.isin(state.worker[into], state.worker[opened.chosen])
    gain = problem.weight[into] - state.price[into]
    order = np.lexsort((into, -gain, ~here))[:SHOWN]
    told = folder.unfilled.filter(pl.col("vacancy_id") == vacancy_id).to_dicts()
    first: dict[str, Any] = told[0] if told else {"reason": "filled"}
    return SeasonsExplanation(
        kind="vacancy",
        id=vacancy_id,
        place=folder.vacancies["destination"][vacancy],
        reason=first["reason"],
        partnership=first.get("partnership"),
        rule=first.get("rule"),
        row=first["detail"].partition(": ")[2] if first.get("rule") else None,
        price=first.get("price"),
        positions=folder.vacancies["positions"][vacancy],
        filled=int(state.heads[vacancy]),
        candidates=tuple(
            (
                folder.workers["worker_id"][int(state.worker[into[at]])],
                int(folder.edges["score"][int(into[at])]),
                "taken" if here[at] else "elsewhere" if away[at] else "waiting",
            )
            for at in order.tolist()
        ),
    )


def _season(opened: SeasonsExplainer, edge: int) -> Season:
    folder, row = opened.folder, opened.folder.edges.row(edge, named=True)
    vacancy = folder.vacancies["vacancy_id"][row["vacancy"]]
    by = folder.partnerships[row["pathway"]].id
    return Season(vacancy, by, row["start"].isoformat(), row["end"].isoformat(), row["score"])


def _others(opened: SeasonsExplainer, worker: int, mine: I64, edges: I64) -> Iterator[OtherSeason]:
    """What stands in the way of each of a worker's other seasons, beside those planned (`mine`)."""
    folder, problem, state = opened.folder, opened.problem, opened.state
    person = folder.workers[worker]
    wishes = parse(person["facts"][0])
    rules = {(one.id, rule.id): rule for one in folder.partnerships for rule in one.binding}
    for edge in edges.tolist():
        season, row = _season(opened, edge), folder.edges.row(edge, named=True)
        both = _placements(opened, person, np.append(mine, edge))
        if wishes.at_home(row["start"], row["end"]):
            yield OtherSeason(season, "home")
            continue
        same = [old.vacancy for old in (_season(opened, old) for old in mine.tolist()) if _meet(old, season)]
        if same:
            yield OtherSeason(season, "season", beside=same[0])
            continue
        asked = folder.vacancies.filter(pl.col("vacancy_id").is_in(both["vacancy_id"].implode()))
        broken = [
            one
            for one in judge(both, person, asked, folder.partnerships)
            if one.strictness == "hard" and one.code.startswith("stay.")
        ]
        if broken:
            rule, numbers = rules.get((broken[0].partnership, broken[0].rule)), broken[0].placements
            with_ = [both["vacancy_id"][n] for n in numbers if both["vacancy_id"][n] != season.vacancy]
            why = rule.details(broken[0].code) if isinstance(rule, StayRule) else {}
            yield OtherSeason(
                season,
                "gap",
                beside=with_[0] if with_ else _nearest(opened, mine, season),
                partnership=broken[0].partnership,
                rule=broken[0].rule,
                why=(broken[0].code, why),
            )
        elif [who for who, text in violations(both, person, asked) if "is away" in text]:
            yield OtherSeason(season, "away")
        elif not _one_chain(opened, worker, np.append(mine, edge)):
            yield OtherSeason(season, "apart", beside=_nearest(opened, mine, season))
        elif state.full[edge]:
            yield OtherSeason(season, "full")
        elif state.row[edge] >= 0:
            ref = problem.rows.refs[int(state.row[edge])]
            yield OtherSeason(season, "held", partnership=ref.partnership, rule=ref.rule, row=ref.label)
        else:
            yield OtherSeason(season, "free")


def _meet(one: Season, other: Season) -> bool:
    return one.start <= other.end and other.start <= one.end


def _nearest(opened: SeasonsExplainer, mine: I64, season: Season) -> str | None:
    """The planned season before this one, else the one after it; None without any."""
    planned = [_season(opened, edge) for edge in mine.tolist()]
    before = [one.vacancy for one in planned if one.end < season.start]
    return before[-1] if before else planned[0].vacancy if planned else None


def _placements(opened: SeasonsExplainer, person: pl.DataFrame, edges: I64) -> pl.DataFrame:
    """tables.PLACEMENTS of one worker (one row of tables.WORKERS) on some edges."""
    folder, some = opened.folder, opened.folder.edges[edges]
    jobs = folder.vacancies[some["vacancy"]]
    ids = pl.Series([one.id for one in folder.partnerships], dtype=pl.String)
    found = some.with_columns(
        worker_id=pl.lit(person["worker_id"][0]),
        vacancy_id=jobs["vacancy_id"],
        employer_id=jobs["employer_id"],
        partnership=ids.gather(some["pathway"].cast(pl.UInt32)),
    )
    return tables.conform(found.sort("start"), tables.PLACEMENTS)


@dataclass(frozen=True)
class _Room:
    """What a change adds: positions by vacancy row, and units by row of the problem."""

    positions: tuple[tuple[int, int], ...] = ()
    units: tuple[tuple[int, int], ...] = ()


def _members(opened: SeasonsExplainer, worker: int) -> I64:
    """The rows of those who go together with a worker, itself among them."""
    group = opened.folder.workers["group_id"][worker]
    if not group:
        return np.array([worker])
    return np.flatnonzero((opened.folder.workers["group_id"] == group).fill_null(value=False).to_numpy())


def _best(
    opened: SeasonsExplainer, members: I64, people: pl.DataFrame, room: _Room, only: I64 | None = None
) -> tuple[int, I64]:
    """(points, edges) of the best legal chain of those who go together, everyone else kept where they are.

    `people` are the `members`' rows of tables.WORKERS, perhaps changed. With `only` (edges): how many one chain holds.
    """
    folder, problem = opened.folder, opened.problem
    edges = np.concatenate([np.arange(*problem.indptr[one : one + 2]) for one in members.tolist()])
    if not len(edges):
        return 0, edges
    some = folder.edges[edges]
    at = some["vacancy"].unique().sort()
    local = some.with_columns(
        worker=pl.Series(np.searchsorted(members, some["worker"].to_numpy()), dtype=pl.UInt32),
        vacancy=pl.Series(np.searchsorted(at.to_numpy(), some["vacancy"].to_numpy()), dtype=pl.UInt32),
    )
    choices = chain_choices(local, people, folder.vacancies[at], folder.partnerships)
    options, seats = choices.options, choices.options.seats[:-1]
    if not len(seats):
        return 0, edges[:0]
    of_seats = edges[choices.edge]
    kept = opened.chosen[~np.isin(opened.state.worker[opened.chosen], members)]
    heads, used = usage(problem, kept)
    positions, limit = problem.positions.astype(np.int64), problem.rows.limit.copy()
    for vacancy, more in room.positions:
        positions[vacancy] += more
    for row, more in room.units:
        limit[row] += more
    hard = np.array([ref.penalty is None for ref in problem.rows.refs], dtype=np.bool_)
    if only is None:
        value = np.add.reduceat(problem.weight[of_seats].astype(np.float64), seats)
        first = of_seats[seats]
        full = heads[problem.vacancy[first]] + len(members) > positions[problem.vacancy[first]]
        change = (
            problem.rows.cell_rows[problem.rows.cell[of_seats]] + problem.rows.vacancy_rows[problem.vacancy[of_seats]]
        )
        summed = np.add.reduceat(change.toarray(), seats, axis=0)
        full |= ((summed > 0) & (summed > (limit - used)[None, :]) & hard[None, :]).any(axis=1)
        value[full] = -1.0
    else:
        value = np.where(np.isin(of_seats[seats], only), 1.0, -1.0)
    chosen, best = np.empty((1, MAX_CHAIN), dtype=np.int64), np.zeros(1)
    best_chains(options, choices.people, choices.rules.law, value, np.arange(1), chosen, best)
    taken = chosen[0][chosen[0] >= 0]
    chain = np.concatenate([of_seats[options.seats[o] : options.seats[o + 1]] for o in taken] or [of_seats[:0]])
    after = usage(problem, np.concatenate([kept, chain]))[1]
    if only is None and ((after > limit) & (after > used) & hard).any():
        return 0, chain[:0]  # fits season by season, but not all of it together
    return int(problem.weight[chain].sum()) if only is None else len(taken), chain


def _one_chain(opened: SeasonsExplainer, worker: int, edges: I64) -> bool:
    """Whether one chain may hold all these edges of a worker, as the search for chains sees it."""
    alone = opened.folder.workers[worker].with_columns(group_id=pl.lit(None, pl.String))
    count, _ = _best(opened, np.array([worker]), alone, _Room(), only=edges)
    return count == len(edges)


def _changes(opened: SeasonsExplainer, worker: int, others: Sequence[OtherSeason]) -> list[SeasonChange]:
    """The single changes, each confirmed, with which the best chain is worth more than without, TOLD at most."""
    folder, problem = opened.folder, opened.problem
    members = _members(opened, worker)
    people = folder.workers[members]
    now, _ = _best(opened, members, people, _Room())
    size, tried = len(members), set[tuple[str, str]]()
    found: list[SeasonChange] = []

    def confirm(kind: str, values: dict[str, str], who: pl.DataFrame, room: _Room) -> None:
        if (kind, str(values)) in tried or len(found) == TOLD:
            return
        tried.add((kind, str(values)))
        worth, chain = _best(opened, members, who, room)
        if worth > now:
            seasons = int((opened.state.worker[chain] == worker).sum())
            found.append(SeasonChange(kind, values, seasons, worth - now))

    rows = {(ref.partnership, ref.rule, ref.label): n for n, ref in enumerate(problem.rows.refs)}
    for other in others:
        if other.state == "full":
            vacancy = row_of(folder.vacancies["vacancy_id"], other.season.vacancy, "vacancy")
            values = {"n": str(size), "vacancy": other.season.vacancy}
            confirm("positions", values, people, _Room(positions=((vacancy, size),)))
        elif other.state == "held" and other.row:
            row = rows[other.partnership or "", other.rule or "", other.row]
            values = {"n": str(size), "row": other.row, "partnership": other.partnership or ""}
            confirm("places", values, people, _Room(units=((row, size),)))
    for term in OWN_TERMS:
        facts = [_without(text, term) for text in people["facts"]]
        if facts != people["facts"].to_list():
            confirm(term, {}, people.with_columns(facts=pl.Series(facts, dtype=pl.String)), _Room())
    return found


def _without(facts: str | None, term: str) -> str | None:
    parts = tables.parse_list(facts)
    kept = [part for part in parts if part.partition(":")[0].strip() != term]
    return facts if len(kept) == len(parts) else ";".join(kept)


def text(
    opened: SeasonsExplainer, explanation: SeasonsExplanation, lang: str = "en", *, audience: str = "ministry"
) -> str:
    """The explanation in plain words of a language, for `worker`, `employer` or `ministry`."""
    e = explanation

    def say(key: str, **values: object) -> str:
        return words.say(lang, key, **values)

    reason, lines = say(f"reason.{e.reason}"), []
    if e.kind == "worker":
        lines.append(say("explain.worker", id=e.id, origin=words.country(lang, e.place)))
        none = say("explain.worker_unplaced", reason=reason)
        lines.append(say("chain.planned", n=len(e.seasons)) if e.seasons else none)
        lines += [f"  {_line(opened, one, lang)}" for one in e.seasons]
    else:
        lines += filling(e, reason, lang)
    lines += bearing(e, lang, audience)
    if e.others:
        lines.append(say("chain.others"))
        lines += [f"  {_line(opened, one.season, lang)}: {_stands(one, lang)}" for one in e.others]
    if e.candidates and audience == "ministry":
        lines.append(say("explain.candidates"))
        lines += [f"  {who}: {score}, {say(f'explain.{state}')}" for who, score, state in e.candidates]
    if e.changes:
        lines.append(say("chain.changes"))
        for one in e.changes:
            change = say(f"chain.{one.kind}_changed", **one.values)
            lines.append("  " + say("chain.change", change=change, n=one.seasons))
    elif e.changes is not None:
        lines.append(say("chain.no_change"))
    elif e.kind == "worker":
        lines.append(say("explain.not_asked"))
    if audience == "worker":
        lines.append(say("explain.appeal"))
    return "\n".join(lines)


def _line(opened: SeasonsExplainer, season: Season, lang: str) -> str:
    at = row_of(opened.folder.vacancies["vacancy_id"], season.vacancy, "vacancy")
    there = words.country(lang, opened.folder.vacancies["destination"][at])
    days = {"start": season.start, "end": season.end}
    return words.say(
        lang, "chain.season_line", vacancy=season.vacancy, destination=there, by=season.partnership, **days
    )


def _stands(one: OtherSeason, lang: str) -> str:
    """What stands in the way of a season."""
    if one.state != "gap":
        names = {"beside": one.beside, "row": one.row, "partnership": one.partnership, "rule": one.rule}
        return words.say(lang, f"chain.{one.state}", **names)
    code, values = one.why or ("stay.window", {})
    why = sentence(code, values, lang)
    key = "chain.gap" if one.beside else "chain.gap_past"
    return words.say(lang, key, beside=one.beside, why=why, partnership=one.partnership, rule=one.rule)
