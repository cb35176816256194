"""The smallest changes that would have led to a place, each confirmed by solving again around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.explain.explainer import Explainer, known_edges, local_problem, new_edges
from skillbridge.explain.resolve import NEARBY, Nearby, loosened, nearby, needed, placed_again, rivals, twins, widened
from skillbridge.matching.filters import Reason
from skillbridge.model import CEFR, Cefr
from skillbridge.solver.solve import solve
from skillbridge.tables import parse_languages, parse_list

I64 = npt.NDArray[np.int64]
STEPS = (1, 3, 10, 30, 100)
"""Places more in a row that are tried for a vacancy, until one is confirmed."""
TARGETS = 40
"""Vacancies or workers that a change is tried on, the nearest first."""


class Change(msgspec.Struct, frozen=True):
    """A change that was confirmed: in every best plan with it the worker has a place, or the vacancy more workers.

    `kind` is a code of the words' `change` section and `values` its blanks; `anew` is how many workers nearby were
    placed anew in the confirmation, everyone else kept.
    """

    kind: str
    values: dict[str, str]
    anew: int


@dataclass(frozen=True)
class Variant:
    """A worker or a vacancy as it would be (one row of its table), and what was changed, to be tried on `among`."""

    kind: str
    values: dict[str, str]
    row: pl.DataFrame
    among: I64


def for_worker(explainer: Explainer, worker: int) -> list[Change]:
    """Every single change found and confirmed for a worker without a place, cheapest kind first."""
    problem = explainer.problem
    if problem.group[worker] >= 0 or explainer.chosen[worker] >= 0:
        return []
    found = list(_places(explainer, worker))
    for variant in _worker_variants(explainer, worker):
        change = _try_worker(explainer, worker, variant)
        if change is not None:
            found.append(change)
    return found


def _places(explainer: Explainer, worker: int) -> Iterator[Change]:
    """As many places more as it takes: positions in the full vacancy, and places in the rows, nearest to the worker."""
    problem, state = explainer.problem, explainer.state
    edges = np.arange(problem.indptr[worker], problem.indptr[worker + 1])
    gain = problem.weight[edges] - state.price[edges]
    waiting = (explainer.chosen < 0)[state.worker]
    beaten = edges[np.argsort(-gain, kind="stable")]
    beaten = beaten[state.full[beaten] & (state.row[beaten] < 0)][:1]
    for vacancy in problem.vacancy[beaten].tolist():
        into = problem.vacancy == vacancy
        part, n = _queue(explainer, worker, into & waiting & (state.row < 0))
        if n and placed_again(widened(part, problem.vacancy[part.edges] == vacancy, n), worker):
            name = str(explainer.folder.vacancies["vacancy_id"][vacancy])
            yield Change("positions", {"n": str(n), "vacancy": name}, len(part.workers))
    for row in np.unique(state.row[edges[state.row[edges] >= 0]]).tolist():
        if state.share[row]:
            continue
        part, n = _queue(explainer, worker, (state.row == row) & waiting & ~state.full)
        ref = problem.rows.refs[row]
        if n and placed_again(loosened(part, problem.rows, twins(problem.rows, row), n), worker):
            yield Change("places", {"n": str(n), "row": ref.label, "partnership": ref.partnership}, len(part.workers))


def _queue(explainer: Explainer, worker: int, edges: npt.NDArray[np.bool_]) -> tuple[Nearby, int]:
    """(who waits by these edges and is worth at least as much as the worker, with their crews; how many they are).

    The number is 0 where they are more than a confirmation takes, or the worker would have a place without a change.
    """
    problem, state = explainer.problem, explainer.state
    best = np.full(problem.n_workers, -1.0)
    np.maximum.at(best, state.worker[edges], problem.weight[edges])
    best[worker] = max(best[worker], 0.0)
    ahead = np.flatnonzero(best >= best[worker])
    part = nearby(problem, explainer.chosen, ahead[:NEARBY])
    usable = len(ahead) <= NEARBY and not placed_again(part, worker)
    return part, len(part.workers) if usable else 0


def _worker_variants(explainer: Explainer, worker: int) -> Iterator[Variant]:
    """The worker with one thing changed that vacancies ask for: a language, a licence, dates, experience."""
    vacancies = explainer.folder.vacancies
    row = explainer.folder.workers[worker]
    everyone = np.arange(vacancies.height)
    closed = explainer.closed(np.full(len(everyone), worker), everyone)
    held = parse_languages(row["languages"][0])
    nearest = np.argsort(explainer.vacancy_price, kind="stable")
    open_first = nearest[
        np.argsort(explainer.state.heads[nearest] >= explainer.problem.positions[nearest], kind="stable")
    ]

    def ruled_out_by(reason: Reason) -> I64:
        found: I64 = open_first[closed[open_first] == int(reason)]
        return found

    asked: dict[tuple[str, Cefr], list[int]] = {}
    for vacancy in ruled_out_by(Reason.LANGUAGE).tolist():
        for tongue, level in parse_languages(vacancies["languages"][vacancy]).items():
            if CEFR.index(level) > (CEFR.index(held[tongue]) if tongue in held else -1):
                asked.setdefault((tongue, level), []).append(vacancy)
    for (tongue, level), among in sorted(asked.items(), key=lambda item: CEFR.index(item[0][1]))[:4]:
        languages = ";".join(f"{name}:{one}" for name, one in {**held, tongue: level}.items())
        values = {"language": tongue, "level": level, "held": held.get(tongue, "")}
        yield Variant("language", values, row.with_columns(languages=pl.lit(languages)), np.array(among[:TARGETS]))
    lacking: dict[str, list[int]] = {}
    licences = parse_list(row["licences"][0])
    for vacancy in ruled_out_by(Reason.LICENCE).tolist():
        needed = [one for one in parse_list(vacancies["licences"][vacancy]) if one not in licences]
        if len(needed) == 1:
            lacking.setdefault(needed[0], []).append(vacancy)
    for licence, among in sorted(lacking.items())[:4]:
        changed = row.with_columns(licences=pl.lit(";".join([*licences, licence])))
        yield Variant("licence", {"licence": licence}, changed, np.array(among[:TARGETS]))
    late = ruled_out_by(Reason.WINDOW)[:TARGETS]
    if len(late):
        jobs = vacancies[late]
        first, last = row["available_from"][0], row["available_to"][0]
        days = pl.DataFrame({"at": late, "start": jobs["start"], "end": jobs["end"]}).with_columns(
            miss=pl.max_horizontal((pl.lit(first) - pl.col("start")).dt.total_days().fill_null(0), 0)
            + pl.max_horizontal((pl.col("end") - pl.lit(last)).dt.total_days().fill_null(0), 0)
        )
        for at, start, end in days.sort("miss", "at").head(3).select("at", "start", "end").rows():
            begin = min(start, first) if first else None
            until = max(end, last) if last else None
            values = {"start": str(begin or start), "end": str(until or end)}
            yield Variant(
                "dates",
                values,
                row.with_columns(available_from=pl.lit(begin), available_to=pl.lit(until)),
                np.array([at]),
            )


def _try_worker(explainer: Explainer, worker: int, variant: Variant) -> Change | None:
    """The change if a re-solve with it gives the worker a place."""
    edges = new_edges(explainer, variant.row, explainer.folder.vacancies[variant.among])
    if edges.is_empty():
        return None
    targets = np.unique(variant.among[edges["vacancy"].to_numpy()])
    problem, state = explainer.problem, explainer.state
    near = rivals(problem, explainer.chosen, state, worker, np.flatnonzero(np.isin(problem.vacancy, targets)))
    near = np.sort(near[near != worker])
    mine = np.arange(problem.indptr[worker], problem.indptr[worker + 1])
    vacancies = np.unique(np.concatenate([targets, problem.vacancy[mine], _reached(explainer, near)])).astype(np.int64)
    old = known_edges(explainer, np.array([worker]), vacancies)
    at = pl.Series(np.searchsorted(vacancies, variant.among[edges["vacancy"].to_numpy()]), dtype=pl.UInt32)
    fresh = edges.with_columns(vacancy=at)
    own = pl.concat([fresh, old.join(fresh, on="vacancy", how="anti").select(fresh.columns)])
    others = known_edges(explainer, near, vacancies).with_columns(worker=pl.col("worker") + 1)
    both = pl.concat([own, others.select(own.columns)]).sort("worker", "vacancy")
    people = pl.concat([variant.row, explainer.folder.workers[near]])
    freed = np.append(near, worker)
    local = local_problem(explainer, people, vacancies, explainer.folder.vacancies[vacancies], both, freed)
    edge = needed(local, 0)
    if edge is None:
        return None
    into = int(vacancies[int(both["vacancy"][edge])])
    return Change(
        variant.kind, {**variant.values, "vacancy": str(explainer.folder.vacancies["vacancy_id"][into])}, len(freed)
    )


def _reached(explainer: Explainer, workers: I64) -> I64:
    problem = explainer.problem
    return np.unique(problem.vacancy[np.isin(explainer.state.worker, workers)]).astype(np.int64)


def for_vacancy(explainer: Explainer, vacancy: int) -> list[Change]:
    """Every single change found and confirmed that would have brought one more worker to an open position."""
    problem, state = explainer.problem, explainer.state
    if state.heads[vacancy] >= problem.positions[vacancy]:
        return []
    found = list(_places_for_vacancy(explainer, vacancy))
    for variant in _vacancy_variants(explainer, vacancy):
        change = _try_vacancy(explainer, vacancy, variant)
        if change is not None:
            found.append(change)
    return found


def _places_for_vacancy(explainer: Explainer, vacancy: int) -> Iterator[Change]:
    problem, state = explainer.problem, explainer.state
    into = np.flatnonzero(problem.vacancy == vacancy)
    waiting = into[(explainer.chosen < 0)[state.worker[into]] & (state.row[into] >= 0)]
    if not len(waiting):
        return
    near = np.unique(state.worker[into])[:NEARBY]
    part = nearby(problem, explainer.chosen, near)
    at = int(np.searchsorted(np.unique(problem.vacancy[part.edges]), vacancy))
    before = _heads_in(solve(part.problem).chosen, part.problem.vacancy, at)
    for number in dict.fromkeys(state.row[waiting].tolist()):
        ref = problem.rows.refs[number]
        if state.share[number]:
            continue
        alike = twins(problem.rows, number)
        for step in STEPS:
            solution = solve(loosened(part, problem.rows, alike, step).problem)
            if solution.status == "optimal" and _heads_in(solution.chosen, part.problem.vacancy, at) > before:
                yield Change(
                    "places", {"n": str(step), "row": ref.label, "partnership": ref.partnership}, len(part.workers)
                )
                break


def _heads_in(chosen: I64, vacancy: npt.NDArray[np.int32], at: int) -> int:
    return int((vacancy[chosen[chosen >= 0]] == at).sum())


def _vacancy_variants(explainer: Explainer, vacancy: int) -> Iterator[Variant]:
    """The vacancy with one thing changed: a language step less, a licence less, a higher wage, other dates."""
    folder = explainer.folder
    row = folder.vacancies[vacancy]
    waiting = np.flatnonzero(explainer.chosen < 0)
    closed = explainer.closed(waiting, np.full(len(waiting), vacancy))

    def ruled_out_by(reason: Reason) -> I64:
        found: I64 = waiting[closed == int(reason)]
        return found

    languages = parse_languages(row["languages"][0])
    among = ruled_out_by(Reason.LANGUAGE)
    for tongue, level in languages.items():
        step = CEFR.index(level)
        less = (
            {**languages, tongue: CEFR[step - 1]}
            if step
            else {name: one for name, one in languages.items() if name != tongue}
        )
        text = ";".join(f"{name}:{one}" for name, one in less.items())
        values = {"language": tongue, "level": CEFR[step - 1] if step else "", "held": level}
        if len(among):
            yield Variant(
                "language_asked",
                values,
                row.with_columns(languages=pl.lit(text or None, dtype=pl.String)),
                among[:TARGETS],
            )
    licences = parse_list(row["licences"][0])
    among = ruled_out_by(Reason.LICENCE)
    for licence in licences if len(among) else ():
        text = ";".join(one for one in licences if one != licence)
        changed = row.with_columns(licences=pl.lit(text or None, dtype=pl.String))
        yield Variant("licence_asked", {"licence": licence}, changed, among[:TARGETS])
    among = ruled_out_by(Reason.WAGE)
    wage = row["wage"][0]
    if len(among) and wage:
        for percent in (5, 10, 20):
            changed = row.with_columns(wage=pl.lit(-(-wage * (100 + percent) // 100), dtype=pl.Int64))
            yield Variant("wage", {"percent": str(percent)}, changed, among[:TARGETS])
    among = ruled_out_by(Reason.WINDOW)
    for days in (14, 28, -14, -28) if len(among) else ():
        shift = timedelta(days=days)
        changed = row.with_columns(pl.col("start", "end") + shift)
        yield Variant("start", {"start": str(row["start"][0] + shift)}, changed, among[:TARGETS])


def _try_vacancy(explainer: Explainer, vacancy: int, variant: Variant) -> Change | None:
    """The change if a re-solve with it brings more workers to the vacancy than one without."""
    problem, state, folder = explainer.problem, explainer.state, explainer.folder
    into = np.unique(state.worker[problem.vacancy == vacancy])
    people = np.unique(np.concatenate([variant.among, into[:NEARBY]])).astype(np.int64)
    if (problem.group[people] >= 0).any():
        people = people[problem.group[people] < 0]
    vacancies = np.unique(np.append(_reached(explainer, people), vacancy)).astype(np.int64)
    at = int(np.searchsorted(vacancies, vacancy))
    changed = pl.concat([folder.vacancies[vacancies[:at]], variant.row, folder.vacancies[vacancies[at + 1 :]]])
    workers = folder.workers[people]
    fresh = new_edges(explainer, workers, variant.row).with_columns(vacancy=pl.lit(at, dtype=pl.UInt32))
    if fresh.is_empty():
        return None
    known = known_edges(explainer, people, vacancies)
    base = local_problem(explainer, workers, vacancies, folder.vacancies[vacancies], known, people)
    edges = pl.concat([fresh, known.filter(pl.col("vacancy") != at).select(fresh.columns)]).sort("worker", "vacancy")
    local = local_problem(explainer, workers, vacancies, changed, edges, people)
    before, after = solve(base), solve(local)
    more = _heads_in(after.chosen, local.vacancy, at) - _heads_in(before.chosen, base.vacancy, at)
    total = int((after.chosen >= 0).sum()) - int((before.chosen >= 0).sum())
    if after.status != "optimal" or more <= 0 or total <= 0:
        return None
    return Change(variant.kind, {**variant.values, "more": str(more)}, len(people))
