"""Candidates at scale: claims on time, memory and recall, with a plain join-and-sort in the same run as the peer.

SKILLBRIDGE_BENCH_WORKERS sets the pool (default 100,000; the published figures use 1,000,000).
"""

import os
import resource
import time

import numpy as np
import polars as pl
import pytest

from skillbridge import synth
from skillbridge.matching.candidates import match
from skillbridge.matching.search import prepare
from skillbridge.matching.yardstick import Yardstick, yardstick
from skillbridge.partnerships import partnership
from skillbridge.partnerships.admission import Admission, admission
from skillbridge.taxonomies import pack
from skillbridge.understanding import understand

WORKERS = int(os.environ.get("SKILLBRIDGE_BENCH_WORKERS", "100000"))
VACANCIES = 20_000
LIMIT = 32
SAMPLE = 300
PEER = 1_000

Instance = tuple[pl.DataFrame, pl.DataFrame, Admission, Yardstick]


@pytest.fixture(scope="module")
def instance() -> Instance:
    taxonomy = pack.load("core")
    workers = understand(pl.concat(synth.workers(WORKERS, 1)), taxonomy)
    vacancies = understand(synth.vacancies(VACANCIES, 1), taxonomy)
    agreements = [partnership.load(name) for name in partnership.library()]
    measure = yardstick(taxonomy)
    small = workers.head(50)
    match(small, vacancies, admission(small, vacancies, agreements), measure)  # compiles
    return workers, vacancies, admission(workers, vacancies, agreements), measure


def peer(workers: pl.DataFrame, vacancies: pl.DataFrame) -> pl.DataFrame:
    """Everyone with everything, filtered by window and wage and ranked by the overlap of occupation and dates alone."""
    people = workers.select("isco", "available_from", "available_to", "wage_floor").with_row_index("worker")
    jobs = vacancies.select("start", "end", "wage", pl.col("isco").alias("wanted")).with_row_index("vacancy")
    start, end = pl.max_horizontal("start", "available_from"), pl.min_horizontal("end", "available_to")
    overlap = (end - start).dt.total_days() + 1
    days = (pl.col("end") - pl.col("start")).dt.total_days() + 1
    return (
        people.join(jobs, how="cross")
        .filter(overlap >= 0.8 * days, (pl.col("wage") >= pl.col("wage_floor")).fill_null(True))
        .with_columns(score=(pl.col("isco") == pl.col("wanted")).fill_null(False) * 900 + overlap * 100 // days)
        .sort("worker", "score", descending=[False, True])
        .group_by("worker", maintain_order=True)
        .head(LIMIT)
    )


def test_a_pool_is_searched_within_its_budget(instance: Instance) -> None:
    workers, vacancies, admitted, measure = instance
    begun = time.process_time()
    found = match(workers, vacancies, admitted, measure, limit=LIMIT)
    ours = (time.process_time() - begun) / WORKERS
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    begun = time.process_time()
    peer(workers.head(PEER), vacancies)
    theirs = (time.process_time() - begun) / PEER
    search = prepare(workers, vacancies, admitted, measure)
    listed = found.edges.group_by("worker").agg(pl.col("score"))
    scores = dict(zip(listed["worker"].to_list(), listed["score"].to_list(), strict=True))
    everything = np.arange(vacancies.height, dtype=np.int32)
    wanted = hits = 0
    for worker in np.random.default_rng(0).choice(WORKERS, SAMPLE, replace=False):
        legal = search.legal(np.full(vacancies.height, worker, dtype=np.int32), everything)
        best = np.sort(legal.score)[::-1][:LIMIT]
        if not len(best):
            continue
        mine = np.array(scores.get(int(worker), []), dtype=np.int64)
        least = best[-1]
        above, level = int((best > least).sum()), int((best == least).sum())
        wanted += len(best)
        hits += min(above, int((mine > least).sum())) + min(level, int((mine == least).sum()))
    print(
        f"\n{WORKERS:,} workers x {VACANCIES:,} vacancies: {ours * WORKERS:.1f} CPU-s ({ours * 1e6:.0f} us a worker, "
        f"plain join and sort {theirs * 1e6:.0f} us), {found.edges.height / WORKERS:.1f} edges a worker, "
        f"{memory:.2f} GB, recall {hits / wanted:.4f}"
    )
    assert ours <= 150e-6
    assert theirs / ours >= 10
    assert hits / wanted >= 0.98
    assert memory < 6
