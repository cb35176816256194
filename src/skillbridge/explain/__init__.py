"""Why placed, why not, and what would have changed it: from the plan's inputs, prices and rules, in four languages.

`reasons` gives every worker and vacancy its one reason; `explain_worker` and `explain_vacancy` answer for one in full.
A change is shown only after solving again around it confirmed it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from skillbridge import words
from skillbridge.explain.advice import RowAdvice, accuracy
from skillbridge.explain.bridge import Training
from skillbridge.explain.changes import Change, for_worker
from skillbridge.explain.explainer import Explainer, open_plan
from skillbridge.explain.mends import Step
from skillbridge.explain.reasons import rule_code
from skillbridge.explain.told import bearing, filling
from skillbridge.explain.vacancy_changes import for_vacancy
from skillbridge.matching.criteria import Contribution
from skillbridge.matching.profile import profile
from skillbridge.matching.profile import vacancy as vacancy_of

__all__ = [
    "Explanation",
    "Other",
    "Step",
    "accuracy_text",
    "advice_text",
    "explain_vacancy",
    "explain_worker",
    "open_plan",
    "text",
    "training_text",
]

SHOWN = 5
"""Alternatives and candidates listed."""


class Other(msgspec.Struct, frozen=True):
    """A vacancy a worker could have taken, or a worker a vacancy could have had.

    `state` is a code of the words' `explain` section (free, full, held; taken, elsewhere, waiting), `score` in
    thousandths, `behind` the objective points by which it lost at the plan's prices.
    """

    id: str
    score: int
    state: str
    behind: float


class Explanation(msgspec.Struct, frozen=True):
    """What there is to say about one worker or one vacancy.

    `reason` is a code of the words' `reason` section (`placed`, `filled` or why not); `partnership`, `rule` and `row`
    say whose row or rule it is and `price` what one more there is worth, in objective points. `ruled_out` counts the
    pairs by the first reason that ruled each out. `changes` is None where they were not looked for.
    """

    kind: str
    id: str
    place: str
    reason: str
    partnership: str | None = None
    rule: str | None = None
    row: str | None = None
    price: float | None = None
    vacancy: str | None = None
    start: str | None = None
    end: str | None = None
    score: int | None = None
    positions: int | None = None
    filled: int | None = None
    breakdown: tuple[Contribution, ...] = ()
    others: tuple[Other, ...] = ()
    ruled_out: dict[str, int] = {}
    changes: tuple[Change, ...] | None = None


def explain_worker(explainer: Explainer, worker_id: str, *, changes: bool = True) -> Explanation:
    """The explanation of one worker's place or lack of one; raises `BadInput` for an unknown id.

    Without `changes` it takes milliseconds; with them each is confirmed by solving again, in tenths of a second.
    """
    folder, problem, state = explainer.folder, explainer.problem, explainer.state
    worker = explainer.worker(worker_id)
    row = folder.workers.row(worker, named=True)
    edges = np.arange(problem.indptr[worker], problem.indptr[worker + 1])
    mine = explainer.chosen[worker]
    gain = problem.weight[edges] - state.price[edges]
    order = edges[np.lexsort((edges, -gain))]
    others = tuple(
        Other(
            folder.vacancies["vacancy_id"][int(problem.vacancy[edge])],
            int(folder.edges["score"][int(edge)]),
            "held" if state.row[edge] >= 0 else "full" if state.full[edge] else "free",
            round(float(max(0.0, state.price[edge] - problem.weight[edge])), 1),
        )
        for edge in order[order != mine][:SHOWN].tolist()
    )
    everything = np.arange(problem.n_vacancies)
    ruled_out = _counted(explainer, np.full(len(everything), worker), everything)
    if mine >= 0:
        vacancy = int(problem.vacancy[mine])
        edge = folder.edges.row(int(mine), named=True)
        lines = explainer.measure.breakdown(profile(row), vacancy_of(folder.vacancies.row(vacancy, named=True)))
        return Explanation(
            kind="worker",
            id=worker_id,
            place=row["origin"],
            reason="placed",
            partnership=folder.partnerships[edge["pathway"]].id,
            vacancy=folder.vacancies["vacancy_id"][vacancy],
            start=edge["start"].isoformat(),
            end=edge["end"].isoformat(),
            score=edge["score"],
            breakdown=tuple(lines),
            others=others,
            ruled_out=ruled_out,
            changes=(),
        )
    told = folder.unplaced.row(by_predicate=pl.col("worker_id") == worker_id, named=True)
    return Explanation(
        kind="worker",
        id=worker_id,
        place=row["origin"],
        reason=told["reason"],
        partnership=told["partnership"],
        rule=told["rule"],
        row=_after_colon(told["detail"]) if told["rule"] else None,
        price=told["price"],
        vacancy=told["vacancy_id"],
        others=others,
        ruled_out=ruled_out,
        changes=tuple(for_worker(explainer, worker)) if changes else None,
    )


def explain_vacancy(explainer: Explainer, vacancy_id: str, *, changes: bool = True) -> Explanation:
    """The explanation of one vacancy's filled and open positions; raises `BadInput` for an unknown id."""
    folder, problem, state = explainer.folder, explainer.problem, explainer.state
    vacancy = explainer.vacancy(vacancy_id)
    row = folder.vacancies.row(vacancy, named=True)
    into = np.flatnonzero(problem.vacancy == vacancy)
    who = state.worker[into]
    here = explainer.chosen[who] == into
    gain = problem.weight[into] - state.price[into]
    order = np.lexsort((into, -gain, ~here))
    others = tuple(
        Other(
            folder.workers["worker_id"][int(who[at])],
            int(folder.edges["score"][int(into[at])]),
            "taken" if here[at] else "elsewhere" if explainer.chosen[who[at]] >= 0 else "waiting",
            round(float(max(0.0, -gain[at])), 1),
        )
        for at in order[:SHOWN].tolist()
    )
    everyone = np.arange(problem.n_workers)
    heads = int(state.heads[vacancy])
    told = folder.unfilled.filter(pl.col("vacancy_id") == vacancy_id).to_dicts()
    reason: dict[str, Any] = told[0] if told else {"reason": "filled"}
    return Explanation(
        kind="vacancy",
        id=vacancy_id,
        place=row["destination"],
        reason=reason["reason"],
        partnership=reason.get("partnership"),
        rule=reason.get("rule"),
        row=_after_colon(reason["detail"]) if reason.get("rule") else None,
        price=reason.get("price"),
        positions=row["positions"],
        filled=heads,
        others=others,
        ruled_out=_counted(explainer, everyone, np.full(len(everyone), vacancy)),
        changes=tuple(for_vacancy(explainer, vacancy)) if changes and told else (() if changes else None),
    )


def text(explainer: Explainer, explanation: Explanation, lang: str = "en", *, audience: str = "ministry") -> str:
    """The explanation in plain words of a language, for `worker`, `employer` or `ministry`.

    Workers and employers are not shown who else was considered, nor prices; workers are told of their appeal.
    """

    def say(key: str, **values: object) -> str:
        return words.say(lang, key, **values)

    e = explanation
    reason = say(f"reason.{e.reason}")
    lines = []
    if e.kind == "worker":
        lines.append(say("explain.worker", id=e.id, origin=words.country(lang, e.place)))
        if e.reason == "placed":
            at = explainer.folder.vacancies["destination"][explainer.vacancy(e.vacancy or "")]
            to = words.country(lang, at)
            lines.append(
                say(
                    "explain.worker_placed",
                    vacancy=e.vacancy,
                    destination=to,
                    start=e.start,
                    end=e.end,
                    partnership=e.partnership,
                    score=e.score,
                )
            )
        else:
            lines.append(say("explain.worker_unplaced", reason=reason))
    else:
        lines += filling(e, reason, lang)
    lines += bearing(e, lang, audience)
    if e.breakdown:
        lines.append(say("explain.score"))
        lines += [
            f"  {say(f'criterion.{one.criterion}')}: {one.value} x {one.weight}"
            f" ({one.words(lang, lambda concept: explainer.name(concept, lang))})"
            for one in e.breakdown
        ]
    if e.others and (audience == "ministry" or e.kind == "worker"):
        lines.append(say("explain.alternatives" if e.kind == "worker" else "explain.candidates"))
        lines += [f"  {one.id}: {one.score}, {say(f'explain.{one.state}')}" for one in e.others]
    if e.ruled_out:
        lines.append(say("explain.ruled_out"))
        lines += [
            f"  {_ruled_out(explainer, code, lang)}: {say('explain.pairs', n=n)}" for code, n in e.ruled_out.items()
        ]
    if e.changes is None:
        lines.append(say("explain.not_asked"))
    elif e.changes:
        lines.append(say("explain.changes"))
        lines += [f"  {_change(one, lang)} {say('explain.confirmed', anew=one.anew)}" for one in e.changes]
    elif e.reason not in ("placed", "filled"):
        lines.append(say("explain.no_change" if e.kind == "worker" else "explain.no_change_vacancy"))
    if audience == "worker":
        lines.append(say("explain.appeal"))
    return "\n".join(lines)


def advice_text(row: RowAdvice, lang: str = "en") -> str:
    """What more of a row is worth, in the words of a language: foreseen by prices, confirmed by planning again."""
    values: dict[str, object] = {name: getattr(row, name) for name in ("row", "partnership", "rule", "limit", "used")}
    head = words.say(lang, "advice.row", **values)
    if row.positions:
        head += " " + words.say(lang, "advice.positions")
    basis = words.say(lang, "advice.whole" if row.whole else "advice.around")
    worth = words.say(
        lang, "advice.worth", price=words.number(lang, row.price, 1), last=words.number(lang, row.last, 1)
    )
    lines = [f"{head} {worth} {basis}"]
    for one in row.effects:
        values = {
            "more": one.more,
            "foreseen": words.number(lang, one.foreseen),
            "gained": words.number(lang, one.gained),
            "placed": one.placed,
        }
        lines.append("  " + words.say(lang, "advice.effect", **values))
    return "\n".join(lines)


def accuracy_text(rows: Sequence[RowAdvice], lang: str = "en") -> list[str]:
    """How far what was foreseen for ten more held over these rows, and the interval where there are several; nothing
    where nothing was foreseen."""
    held = accuracy([effect for row in rows for effect in row.effects if effect.more == 10])
    if held is None:
        return []
    said = [words.say(lang, "advice.accuracy", share=words.percent(lang, held.share), rows=held.rows)]
    if held.low is not None and held.high is not None:
        bounds = {"low": words.percent(lang, held.low), "high": words.percent(lang, held.high)}
        said.append(words.say(lang, "advice.interval", **bounds))
    return said


def training_text(training: Training, lang: str = "en") -> str:
    """What a training would bring, in the words of a language; confirmed by placing anew those who wait."""
    values = dict(training.values)
    if "language" in values:
        values["language"] = words.language(lang, values["language"])

    def listed(heads: dict[str, int]) -> str:
        return ", ".join(f"{words.country(lang, code)} {words.number(lang, n)}" for code, n in heads.items())

    lesson = words.say(lang, f"training.{training.kind}", **values)
    found = {"able": training.able, "seats": training.seats, "points": training.points}
    said = words.say(lang, "training.effect", lesson=lesson, **found)
    return f"{said} {listed(training.origins)} → {listed(training.destinations)}"


def _change(change: Change, lang: str) -> str:
    """A vacancy's change is a sentence of its own; a worker's is a place with what it takes."""
    steps = [_step(Step(change.kind, change.values), lang), *(_step(step, lang) for step in change.also)]
    if not change.vacancy:
        return steps[0]
    return words.say(lang, "change.place", vacancy=change.vacancy, steps="; ".join(steps))


def _step(step: Step, lang: str) -> str:
    values = dict(step.values)
    if "language" in values:
        values["language"] = words.language(lang, values["language"])
    if "origin" in values:
        values["origin"] = words.country(lang, values["origin"])
    for name in ("held", "level"):
        if name in values:
            values[name] = values[name] or words.say(lang, "explain.none")
    return words.say(lang, f"change.{step.kind}", **values)


def _ruled_out(explainer: Explainer, code: str, lang: str) -> str:
    reason, partnership, rule = rule_code(code, explainer.folder.partnerships)
    said = words.say(lang, f"reason.{reason}")
    if not rule:
        return said
    rules = explainer.search.admitted.reasons
    one = rules[explainer.codes.index(code) - len(explainer.codes) + len(rules)]
    return f"{said}: {one.in_language(lang)} ({partnership}, {rule})"


def _counted(explainer: Explainer, worker: np.ndarray, vacancy: np.ndarray) -> dict[str, int]:
    closed = explainer.closed(worker, vacancy)
    numbers, times = np.unique(closed[closed >= 0], return_counts=True)
    counts: dict[str, int] = {}
    for number, n in sorted(zip(numbers.tolist(), times.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0])):
        code = explainer.codes[number]
        counts[code] = counts.get(code, 0) + n
    return counts


def _after_colon(detail: str) -> str:
    return detail.partition(": ")[2]
