"""One worker against all vacancies, or one vacancy against all workers: ranked, with the breakdown of every score."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
import numpy as np
import polars as pl

from skillbridge.errors import BadInput
from skillbridge.matching.candidates import match, reason_words
from skillbridge.matching.criteria import Contribution
from skillbridge.matching.encode import ties
from skillbridge.matching.filters import Refusal
from skillbridge.matching.kernel import REFUSED, RULE
from skillbridge.matching.profile import profile, vacancy
from skillbridge.matching.yardstick import Yardstick
from skillbridge.model import Thousandths
from skillbridge.partnerships.admission import admission
from skillbridge.partnerships.partnership import Partnership
from skillbridge.tables import VACANCIES, WORKERS, conform


class Ranked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A legal pair and its score (thousandths) line by line; `partnership` is the pathway, dates are inclusive."""

    worker_id: str
    vacancy_id: str
    partnership: str
    start: date
    end: date
    score: Thousandths
    contributions: tuple[Contribution, ...]


class Ranking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The best pairs, best first, of `legal` in all; `refused` counts the other pairs by their first reason."""

    items: tuple[Ranked, ...]
    legal: int
    refused: dict[str, int]


def rank_vacancies(
    worker: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
    measure: Yardstick,
    *,
    limit: int = 10,
) -> Ranking:
    """The `limit` best legal vacancies of one worker (a frame of one row); filter `vacancies` before to ask for less.

    Equal scores come in an order of the worker's own. Raises `BadInput`.
    """
    _one(worker, "worker")
    return _rank(worker, vacancies, partnerships, measure, limit, each=max(1, vacancies.height))


def rank_workers(
    vacancy: pl.DataFrame,
    workers: pl.DataFrame,
    partnerships: Sequence[Partnership],
    measure: Yardstick,
    *,
    limit: int = 10,
) -> Ranking:
    """The `limit` best legal workers of one vacancy (a frame of one row); filter `workers` before to ask for fewer.

    Equal scores come in an order of the vacancy's own, so that no worker is always the first of equals. Raises
    `BadInput`.
    """
    _one(vacancy, "vacancy")
    return _rank(workers, vacancy, partnerships, measure, limit, each=1)


def breakdown(worker: Mapping[str, Any], job: Mapping[str, Any], measure: Yardstick) -> list[Contribution]:
    """The score of a worker's row and a vacancy's row, line by line."""
    return measure.breakdown(profile(worker), vacancy(job))


def why_not(
    worker: Mapping[str, Any],
    job: Mapping[str, Any],
    partnerships: Sequence[Partnership],
    measure: Yardstick,
) -> list[Refusal]:
    """Every filter, and the first rule of a partnership, that rules the pair out; empty for a legal pair."""
    found = measure.why_not(profile(worker), vacancy(job))
    people, jobs = _row(worker, WORKERS), _row(job, VACANCIES)
    admitted = admission(people, jobs, partnerships)
    reason = int(admitted.reason[admitted.worker_class[0], admitted.vacancy_class[0]]) + 1
    if admitted.pathway[admitted.worker_class[0], admitted.vacancy_class[0]] != REFUSED:
        start, end = (
            np.array([pick(day for day in days if day is not None)], dtype="datetime64[D]")
            for pick, days in (
                (max, (worker.get("available_from"), job["start"])),
                (min, (worker.get("available_to"), job["end"])),
            )
        )
        zero = np.zeros(1, dtype=np.int32)
        reason = int(admitted.pairs(zero, zero, start, end)[0]) if start[0] <= end[0] else 0
    if reason:
        codes, _ = reason_words(admitted)
        code = codes[RULE + reason - 1]
        found.append(Refusal(code, admitted.reasons[reason - 1].text))
    return found


def _rank(
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
    measure: Yardstick,
    limit: int,
    each: int,
) -> Ranking:
    if limit < 1:
        raise BadInput("limit", str(limit), "at least 1")
    admitted = admission(workers, vacancies, partnerships)
    found = match(workers, vacancies, admitted, measure, limit=each, spare=0, threads=1)
    worker, job = found.edges["worker"].to_numpy(), found.edges["vacancy"].to_numpy()
    with np.errstate(over="ignore"):
        mixed = (ties(workers["worker_id"])[worker] ^ ties(vacancies["vacancy_id"])[job]) * np.uint64(
            0x9E3779B97F4A7C15
        )
    order = np.lexsort((mixed, -found.edges["score"].to_numpy().astype(np.int64)))[:limit]
    items = []
    for w, v, start, end, pathway, score in found.edges[order].iter_rows():
        person, offer = workers.row(w, named=True), vacancies.row(v, named=True)
        items.append(
            Ranked(
                person["worker_id"],
                offer["vacancy_id"],
                partnerships[pathway].id,
                start,
                end,
                score,
                tuple(breakdown(person, offer, measure)),
            )
        )
    return Ranking(tuple(items), found.edges.height, found.refused)


def _one(frame: pl.DataFrame, what: str) -> None:
    if frame.height != 1:
        raise BadInput(what, f"{frame.height} rows", "exactly one")


def _row(row: Mapping[str, Any], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    given = {name: [value] for name, value in row.items() if name in schema}
    return conform(pl.DataFrame(given, schema_overrides={name: schema[name] for name in given}), schema)
