"""What would have filled more of a vacancy's positions: each change is confirmed by solving again around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.explain.changes import Change
from skillbridge.explain.explainer import Explainer, known_edges, local_problem, new_edges
from skillbridge.explain.resolve import NEARBY, Worth, changed, nearby, twins, worth
from skillbridge.matching.filters import Reason
from skillbridge.model import CEFR
from skillbridge.tables import parse_languages, parse_list

I64 = npt.NDArray[np.int64]
STEPS = (1, 3, 10, 30, 100)
"""Places more in a row that are tried, until one is confirmed."""
TARGETS = 40
"""Workers that a change is tried on, the nearest first."""


@dataclass(frozen=True)
class Variant:
    """A vacancy as it would be (one row of its table), and what was changed, to be tried on the workers `among`."""

    kind: str
    values: dict[str, str]
    row: pl.DataFrame
    among: I64


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
    before = worth(part.problem)
    if before is None:
        return
    heads = _heads_in(before, part.problem.vacancy, at)
    for number in dict.fromkeys(state.row[waiting].tolist()):
        ref = problem.rows.refs[number]
        if state.share[number]:
            continue
        alike = twins(problem.rows, number)
        for step in STEPS:
            after = worth(changed(part, rows=dict.fromkeys(alike, step), positions={}).problem)
            if after is not None and _gains(before, after) and _heads_in(after, part.problem.vacancy, at) > heads:
                values = {"n": str(step), "row": ref.label, "partnership": ref.partnership}
                yield Change("places_asked", values, len(part.workers))
                break


def _gains(before: Worth, after: Worth) -> bool:
    """Whether the change is worth something, both values proven."""
    return after.at_least > before.at_most + 1e-6


def _heads_in(plan: Worth, vacancy: npt.NDArray[np.int32], at: int) -> int:
    return int((vacancy[plan.chosen[plan.chosen >= 0]] == at).sum())


def _reached(explainer: Explainer, workers: I64) -> I64:
    problem = explainer.problem
    return np.unique(problem.vacancy[np.isin(explainer.state.worker, workers)]).astype(np.int64)


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
    before, after = worth(base), worth(local)
    if before is None or after is None or not _gains(before, after):
        return None
    more = _heads_in(after, local.vacancy, at) - _heads_in(before, base.vacancy, at)
    total = int((after.chosen >= 0).sum()) - int((before.chosen >= 0).sum())
    if more <= 0 or total <= 0:
        return None
    return Change(variant.kind, {**variant.values, "more": str(more)}, len(people))
