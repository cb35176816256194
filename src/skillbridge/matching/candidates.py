"""Scored candidates: who could take which vacancy, sparse, the best for every worker and enough for every vacancy."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.errors import BadInput
from skillbridge.matching.crews import crew_pairs
from skillbridge.matching.filters import WORDS, Reason
from skillbridge.matching.pairs import RULE
from skillbridge.matching.policy import Policy
from skillbridge.matching.search import I32, Admitted, Links, Search, flat, prepare
from skillbridge.matching.yardstick import Yardstick, yardstick
from skillbridge.partnerships.admission import admission
from skillbridge.partnerships.partnership import Partnership
from skillbridge.rates import Rates
from skillbridge.taxonomies.pack import Taxonomy
from skillbridge.wishes import away_when_home

Progress = Callable[[float], None]
"""Called with the share done, from 0 to 1."""

CHUNK = 16_384
"""Workers searched at a time by a thread."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """The legal, scored pairs, and what became of the others.

    `edges`: tables.EDGES sorted by (worker, vacancy). `refused`: pairs by the first reason that ruled each out; the
    reasons that follow from a worker and a job alone (consent, occupation, rules, languages, education, licences) are
    counted over all pairs, the others over the pairs looked at. `without`: workers left with no edge, as (worker u32,
    reason, pairs u32), complete counts, per worker the most frequent first and another occupation last. `short`:
    vacancies with fewer candidates than sought, as (vacancy u32, sought u32, found u32). `words`: reasons for people.
    """

    edges: pl.DataFrame
    refused: dict[str, int]
    without: pl.DataFrame
    short: pl.DataFrame
    words: dict[str, str]
    n_workers: int

    @property
    def eligible(self) -> npt.NDArray[np.bool_]:
        """Whether each worker has at least one legal edge, bool [workers]."""
        mask = np.zeros(self.n_workers, dtype=np.bool_)
        mask[self.edges["worker"].to_numpy()] = True
        return mask


def candidates(
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
    taxonomy: Taxonomy,
    *,
    limit: int = 32,
    spare: int = 3,
    policy: Policy | None = None,
    rates: Rates | None = None,
    keep: tuple[I32, I32] | None = None,
    threads: int = 2,
    progress: Progress | None = None,
) -> Candidates:
    """The `limit` best legal vacancies of every worker, and `spare` candidates per position where they are found.

    Members of a group are also candidates for what their lists together value most. `keep` names pairs (rows of
    workers, rows of vacancies) that are candidates whenever they are legal.

    `workers` and `vacancies` follow tables.WORKERS and tables.VACANCIES with `concept` and `isco` filled; `policy` and
    `rates` are the bundled ones unless given. Equal scores are broken by a hash of the ids, so that equal vacancies
    share the candidates. Deterministic, whatever the number of threads and the order of rows. Raises `BadInput`.
    """
    return match(
        workers,
        vacancies,
        admission(workers, vacancies, partnerships),
        yardstick(taxonomy, policy, rates),
        limit=limit,
        spare=spare,
        keep=keep,
        threads=threads,
        progress=progress,
    )


def match(
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    admitted: Admitted,
    measure: Yardstick,
    *,
    limit: int = 32,
    spare: int = 3,
    keep: tuple[I32, I32] | None = None,
    threads: int = 2,
    progress: Progress | None = None,
) -> Candidates:
    """:func:`candidates` under an admission and a yardstick already at hand."""
    if limit < 1 or spare < 0:
        raise BadInput("candidates", f"limit {limit}, spare {spare}", "a limit of at least 1 and a spare of at least 0")
    tell = progress or (lambda share: None)
    tell(0.0)
    search = prepare(workers, vacancies, admitted, measure)
    limit = min(limit, max(1, search.n_vacancies))
    vacancy = np.full((search.n_workers, limit), -1, dtype=np.int32)
    score = np.zeros((search.n_workers, limit), dtype=np.int32)
    refused = np.zeros(search.n_reasons, dtype=np.int64)
    without = [pl.DataFrame(schema=_WITHOUT)]
    codes, words = reason_words(admitted)
    sought = vacancies["positions"].to_numpy().astype(np.int64) * spare
    found, links = np.zeros(len(sought), dtype=np.int64), Links(*(np.zeros(0, dtype=np.int32) for _ in range(3)))
    if search.n_workers and search.n_vacancies:
        chunks = [
            np.arange(start, min(start + CHUNK, search.n_workers), dtype=np.int32)
            for start in range(0, search.n_workers, CHUNK)
        ]
        with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
            answers = pool.map(lambda rows: search.best(rows, limit), chunks)
            for number, (rows, answer) in enumerate(zip(chunks, answers, strict=True), start=1):
                vacancy[rows], score[rows] = answer.vacancy, answer.score
                refused += answer.refused
                without.append(_without(rows, answer.vacancy, answer.closed, codes))
                tell(0.85 * number / len(chunks))
            links, found, further = search.reach(vacancy, sought, pool, max(1, threads))
            refused += further
            for pairs in (crew_pairs(workers["group_id"], vacancy, score, limit), keep):
                if pairs is not None:
                    links = _with(links, search.legal(*pairs), vacancy)
    tell(0.95)
    edges, cut = _when_not_home(_edges(search, vacancy, score, links), workers)
    refused[Reason.WINDOW] += len(cut)
    without.append(_cut_without(cut, edges))
    lacking = np.flatnonzero(found < sought)
    short = pl.DataFrame(
        {"vacancy": lacking, "sought": sought[lacking], "found": found[lacking]},
        schema=dict.fromkeys(("vacancy", "sought", "found"), pl.UInt32),
    )
    reached = edges["worker"].unique()
    counts: dict[str, int] = {}
    for code, count in zip(codes, refused.tolist(), strict=True):
        if count:
            counts[code] = counts.get(code, 0) + count
    tell(1.0)
    return Candidates(
        edges,
        counts,
        pl.concat(without).filter(~pl.col("worker").is_in(reached.implode())),
        short,
        words,
        search.n_workers,
    )


def _when_not_home(edges: pl.DataFrame, workers: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """(the edges that leave everyone home when they ask to be, the workers of the others)."""
    away = pl.Series(away_when_home(edges, workers))
    return edges.filter(~away), edges["worker"].filter(away)


def _cut_without(cut: pl.Series, edges: pl.DataFrame) -> pl.DataFrame:
    """Those of `cut` who have no edge left, as rows of `without`."""
    lost = cut.filter(~cut.is_in(edges["worker"].unique().implode())).value_counts(name="pairs").sort("worker")
    return lost.select("worker", reason=pl.lit(Reason.WINDOW.name.lower()), pairs=pl.col("pairs").cast(pl.UInt32))


_WITHOUT = {"worker": pl.UInt32(), "reason": pl.String(), "pairs": pl.UInt32()}


def reason_words(admitted: Admitted) -> tuple[list[str], dict[str, str]]:
    """(the code of every counted reason, code -> words).

    Filters by their name, rules as `partnership/rule`; of a rule that refuses for several reasons each has its own,
    `partnership/rule/term`.
    """
    codes = [reason.name.lower() for reason in Reason]
    words = {reason.name.lower(): text for reason, text in WORDS.items() if reason != Reason.RULE}
    rules = Counter((rule.partnership, rule.rule) for rule in admitted.reasons)
    for rule in admitted.reasons:
        code = f"{rule.partnership}/{rule.rule}" if rule.rule else rule.code
        if rule.rule and rules[rule.partnership, rule.rule] > 1:
            code = "/".join((code, "-".join((rule.code.rpartition(".")[2], *(value for _, value in rule.values)))))
        codes.append(code)
        words.setdefault(code, rule.text)
    assert len(codes) == RULE + len(admitted.reasons)
    return codes, words


def _without(rows: I32, vacancy: I32, closed: I32, codes: list[str]) -> pl.DataFrame:
    """The reasons of the workers whose list is empty."""
    empty = np.flatnonzero(vacancy[:, 0] < 0)
    row, reason = np.nonzero(closed[empty])
    counted = pl.DataFrame(
        {
            "worker": rows[empty[row]],
            "reason": pl.Series(codes, dtype=pl.String).gather(reason),
            "pairs": closed[empty[row], reason],
        },
        schema=_WITHOUT,
    )
    merged = counted.group_by("worker", "reason").agg(pl.col("pairs").sum())
    last = pl.col("reason") == Reason.OCCUPATION.name.lower()
    return merged.sort("worker", last, "pairs", "reason", descending=[False, False, True, False])


def _with(links: Links, kept: Links, vacancy: I32) -> Links:
    """The links and those of `kept` that neither they nor the workers' lists (each in order of vacancy) hold."""
    size = np.int64(1 + max(int(part.max(initial=0)) for part in (kept.vacancy, vacancy, links.vacancy)))
    worker, target = flat(vacancy)
    wanted = kept.worker.astype(np.int64) * size + kept.vacancy
    fresh = np.ones(len(wanted), dtype=np.bool_)
    for known in (
        worker.astype(np.int64) * size + target,
        np.sort(links.worker.astype(np.int64) * size + links.vacancy),
    ):
        fresh &= np.searchsorted(known, wanted, "left") == np.searchsorted(known, wanted, "right")
    return Links(*(np.concatenate([getattr(links, name), part[fresh]]) for name, part in vars(kept).items()))


def _edges(search: Search, vacancy: I32, score: I32, links: Links) -> pl.DataFrame:
    """tables.EDGES of the workers' lists and the further links together."""
    worker, target = flat(vacancy)
    points = score[vacancy >= 0].astype(np.uint16)
    if len(links.worker):
        order = np.lexsort((links.vacancy, links.worker))
        further_worker, further = links.worker[order], links.vacancy[order]
        key = worker.astype(np.int64) * search.n_vacancies + target
        at = np.searchsorted(key, further_worker.astype(np.int64) * search.n_vacancies + further)
        worker, target = np.insert(worker, at, further_worker), np.insert(target, at, further)
        points = np.insert(points, at, links.score[order].astype(np.uint16))
    start, end = search.windows(worker, target)
    here, there = search.carried.worker[worker], search.jobs.cell_admission[search.jobs.cell[target]]
    return pl.DataFrame(
        {
            "worker": worker.astype(np.uint32),
            "vacancy": target.astype(np.uint32),
            "start": start,
            "end": end,
            "pathway": search.carried.pathway[here, there],
            "score": points,
        }
    ).with_columns(pl.col("start", "end").cast(pl.Date))
