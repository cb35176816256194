"""One vacancy asked about many workers, against the kernel of given pairs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from skillbridge.matching.search import prepare


@pytest.mark.parametrize("seed", range(20, 32))
def test_many_workers_are_judged_for_a_vacancy_as_one_by_one(random_world: Callable[..., Any], seed: int) -> None:
    world = random_world(60, 25, seed)
    search = prepare(world.workers, world.vacancies, world.admission, world.yardstick)
    everyone = np.arange(60, dtype=np.int32)
    some = np.random.default_rng(seed).permutation(everyone)[:17].astype(np.int32)
    outcomes = set()
    for rows in (everyone, some):
        for v in range(25):
            score, closed = search.judge(rows, np.full(len(rows), v, dtype=np.int32))
            one_score, one_closed = search.judge_vacancy(rows, v)
            assert one_closed.tolist() == closed.tolist()
            assert one_score[closed < 0].tolist() == score[closed < 0].tolist()
            outcomes |= set(closed.tolist())
    assert len(outcomes) >= 8, "the world is too tame to test the filters"


def test_a_skill_stated_twice_counts_once(random_world: Callable[..., Any]) -> None:
    world = random_world(30, 12, 7)
    twice = world.workers.with_columns(skills=world.workers["skills"] + ";" + world.workers["skills"])
    once, doubled = (
        prepare(people, world.vacancies, world.admission, world.yardstick) for people in (world.workers, twice)
    )
    everyone = np.arange(30, dtype=np.int32)
    for v in range(12):
        for mine, theirs in zip(once.judge_vacancy(everyone, v), doubled.judge_vacancy(everyone, v), strict=True):
            assert mine.tolist() == theirs.tolist()
