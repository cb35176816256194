"""Every worker's best vacancies, enough workers for every vacancy, and a reason for whoever has none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from skillbridge.errors import BadInput
from skillbridge.matching.candidates import Candidates, match
from skillbridge.matching.pairs import REFUSED
from skillbridge.matching.search import prepare
from skillbridge.tables import EDGES

Worlds = Callable[..., Any]


def found(world: Any, **options: Any) -> Candidates:
    return match(world.workers, world.vacancies, world.admission, world.yardstick, **options)


def legal_scores(world: Any) -> np.ndarray[Any, Any]:
    """int [workers x vacancies]: the score of every legal pair, -1 of the others, pair by pair."""
    n, m = world.workers.height, world.vacancies.height
    search = prepare(world.workers, world.vacancies, world.admission, world.yardstick)
    worker, vacancy = (grid.ravel().astype(np.int32) for grid in np.meshgrid(range(n), range(m), indexing="ij"))
    score, closed = search.judge(worker, vacancy)
    start, end = search.windows(worker, vacancy)
    late = world.admission.pairs(worker, vacancy, start, end)
    return np.where((closed < 0) & (late == 0), score, -1).reshape(n, m)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("limit", [1, 4, 100])
def test_the_best_of_every_worker_are_found(random_world: Worlds, seed: int, limit: int) -> None:
    world = random_world(60, 50, seed)
    scores = legal_scores(world)
    candidates = found(world, limit=limit, spare=0)
    assert candidates.edges.schema == pl.Schema(EDGES)
    for worker in range(60):
        mine = candidates.edges.filter(pl.col("worker") == worker)
        assert (scores[worker, mine["vacancy"].to_numpy()] == mine["score"].to_numpy()).all()
        best = np.sort(scores[worker][scores[worker] >= 0])[::-1][:limit]
        assert sorted(mine["score"].to_list(), reverse=True) == best.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_edges_are_sorted_dated_and_go_by_their_pathway(random_world: Worlds, seed: int) -> None:
    world = random_world(60, 50, seed)
    edges = found(world, limit=5).edges
    assert edges.select("worker", "vacancy").equals(
        edges.select("worker", "vacancy").unique().sort("worker", "vacancy")
    )
    worker, vacancy = edges["worker"].to_numpy(), edges["vacancy"].to_numpy()
    dated = edges.with_columns(
        world.workers["available_from"].gather(worker).alias("from"),
        world.workers["available_to"].gather(worker).alias("to"),
        world.vacancies["start"].gather(vacancy).alias("first"),
        world.vacancies["end"].gather(vacancy).alias("last"),
    )
    assert (dated["start"] == dated.select(pl.max_horizontal("from", "first")).to_series()).all()
    assert (dated["end"] == dated.select(pl.min_horizontal("to", "last")).to_series()).all()
    admission = world.admission
    pathway = admission.pathway[admission.worker_class[worker], admission.vacancy_class[vacancy]]
    assert (edges["pathway"].to_numpy() == pathway).all()
    assert (pathway != REFUSED).all()


@pytest.mark.parametrize("seed", range(4))
def test_every_vacancy_has_spare_candidates_where_they_exist(random_world: Worlds, seed: int) -> None:
    world = random_world(200, 40, seed)
    candidates = found(world, limit=1, spare=3)
    exist = (legal_scores(world) >= 0).sum(axis=0)
    have = np.bincount(candidates.edges["vacancy"].to_numpy(), minlength=40)
    sought = 3 * world.vacancies["positions"].to_numpy()
    assert (have >= np.minimum(exist, sought)).all()
    assert (
        have <= np.maximum(sought, np.bincount(found(world, limit=1, spare=0).edges["vacancy"], minlength=40))
    ).all()
    short = dict(candidates.short.select("vacancy", "found").iter_rows())
    assert short == {v: have[v] for v in range(40) if have[v] < sought[v]}


@pytest.mark.parametrize("seed", range(4))
def test_reasons_account_for_every_pair_of_a_worker_without_an_edge(random_world: Worlds, seed: int) -> None:
    world = random_world(80, 30, seed)
    candidates = found(world, limit=4)
    reached = set(candidates.edges["worker"].to_list())
    counts = candidates.without.group_by("worker").agg(pl.col("pairs").sum())
    assert dict(counts.iter_rows()) == {worker: 30 for worker in range(80) if worker not in reached}
    assert set(candidates.refused) <= set(candidates.words)
    assert set(candidates.without["reason"]) <= set(candidates.words)
    assert candidates.eligible.tolist() == [worker in reached for worker in range(80)]


def test_sex_age_and_origin_change_no_score_and_no_edge(random_world: Worlds) -> None:
    world = random_world(120, 60, 3)
    rng = np.random.default_rng(0)
    hidden = ["sex", "birth_year", "origin", "region", "group_id", "waiting_since", "facts"]
    shuffled = world.workers.with_columns(
        world.workers[name].gather(rng.permutation(120)) for name in hidden if name in world.workers.columns
    )
    assert not shuffled.equals(world.workers)
    before, after = found(world), found(replace(world, workers=shuffled))
    assert before.edges.equals(after.edges)
    assert before.without.equals(after.without)


def test_neither_the_order_of_rows_nor_the_threads_change_the_outcome(random_world: Worlds) -> None:
    world = random_world(150, 70, 5)

    def by_id(world: Any, candidates: Candidates) -> pl.DataFrame:
        return candidates.edges.select(
            world.workers["worker_id"].gather(candidates.edges["worker"]),
            world.vacancies["vacancy_id"].gather(candidates.edges["vacancy"]),
            "start",
            "end",
            "score",
        ).sort("worker_id", "vacancy_id")

    first = by_id(world, found(world, limit=6, spare=0))
    assert by_id(world, found(world, limit=6, spare=0, threads=1)).equals(first)
    rng = np.random.default_rng(1)
    w, v = rng.permutation(150), rng.permutation(70)
    turned = replace(
        world,
        workers=world.workers[w],
        vacancies=world.vacancies[v],
        admission=replace(
            world.admission,
            worker_class=world.admission.worker_class[w],
            vacancy_class=world.admission.vacancy_class[v],
        ),
    )
    again = by_id(turned, found(turned, limit=6, spare=0))
    assert (
        again.group_by("worker_id")
        .agg(pl.col("score").sort())
        .sort("worker_id")
        .equals(first.group_by("worker_id").agg(pl.col("score").sort()).sort("worker_id"))
    )


def test_equal_vacancies_share_the_candidates_evenly(random_world: Worlds) -> None:
    world = random_world(1, 1, 0, late=False)
    worker = world.workers.with_columns(
        pl.lit("9211").alias("isco"),
        *(pl.lit(None).alias(name) for name in ("available_from", "available_to", "wage_floor", "preferences", "past")),
        consent=True,
    )
    vacancy = world.vacancies.with_columns(
        pl.lit("9211").alias("isco"),
        pl.lit(0).alias("experience_months"),
        *(pl.lit(None).alias(name) for name in ("languages", "education", "licences", "named_workers")),
    )
    n, m, limit = 2000, 500, 10
    crowd = replace(
        world,
        workers=pl.concat([worker] * n).with_columns(worker_id=pl.format("w{}", pl.int_range(n))),
        vacancies=pl.concat([vacancy] * m).with_columns(vacancy_id=pl.format("v{}", pl.int_range(m))),
        admission=replace(
            world.admission,
            worker_class=np.zeros(n, dtype=np.int32),
            vacancy_class=np.zeros(m, dtype=np.int32),
            pathway=np.zeros((1, 1), dtype=np.uint8),
            reason=np.zeros((1, 1), dtype=np.uint16),
        ),
    )
    edges = found(crowd, limit=limit, spare=0).edges
    assert edges.height == n * limit
    share = np.bincount(edges["vacancy"].to_numpy(), minlength=m)
    assert share.mean() == n * limit / m
    assert share.std() < 2 * np.sqrt(share.mean()), "as even as chance, give or take"
    together = edges.group_by("worker").agg(pl.col("vacancy").sort())["vacancy"].n_unique()
    assert together > 0.95 * n, "workers have lists of their own"


def test_no_workers_or_no_vacancies_give_no_edges(random_world: Worlds) -> None:
    world = random_world(5, 4, 0)
    nobody = found(
        replace(
            world, workers=world.workers.clear(), admission=replace(world.admission, worker_class=np.zeros(0, np.int32))
        )
    )
    assert nobody.edges.is_empty()
    assert nobody.short["found"].sum() == 0
    nothing = found(
        replace(
            world,
            vacancies=world.vacancies.clear(),
            admission=replace(world.admission, vacancy_class=np.zeros(0, np.int32)),
        )
    )
    assert nothing.edges.is_empty()
    assert nothing.edges.schema == pl.Schema(EDGES)
    assert not nothing.eligible.any()


def test_a_limit_of_zero_is_refused(random_world: Worlds) -> None:
    with pytest.raises(BadInput, match="limit 0"):
        found(random_world(2, 2, 0), limit=0)


def test_a_malformed_language_is_refused_with_its_place(random_world: Worlds) -> None:
    world = random_world(5, 4, 0)
    with pytest.raises(BadInput, match="languages: 'en:Z9'"):
        found(replace(world, workers=world.workers.with_columns(languages=pl.lit("en:Z9"))))


def test_progress_runs_from_nothing_to_everything(random_world: Worlds) -> None:
    shares: list[float] = []
    found(random_world(5, 4, 0), progress=shares.append)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
