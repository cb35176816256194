"""The compiled path against its readable oracle."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from skillbridge.matching.candidates import reason_words
from skillbridge.matching.filters import Reason
from skillbridge.matching.kernel import stride
from skillbridge.matching.pairs import REFUSED, RULE
from skillbridge.matching.profile import profile, vacancy
from skillbridge.matching.search import prepare


@pytest.mark.parametrize("seed", range(12))
def test_the_fast_path_gives_the_reference_s_score_and_first_reason(
    random_world: Callable[..., Any], seed: int
) -> None:
    world = random_world(40, 30, seed)
    measure, admission = world.yardstick, world.admission
    search = prepare(world.workers, world.vacancies, admission, measure)
    worker, job = (grid.ravel().astype(np.int32) for grid in np.meshgrid(range(40), range(30), indexing="ij"))
    score, closed = search.judge(worker, job)
    codes, _ = reason_words(admission)
    people = [profile(row) for row in world.workers.iter_rows(named=True)]
    jobs = [vacancy(row) for row in world.vacancies.iter_rows(named=True)]
    outcomes = set()
    for w, v, points, reason in zip(worker, job, score, closed, strict=True):
        assert reason >= 0 or points == measure.score(people[w], jobs[v])
        expected = {refusal.code for refusal in measure.why_not(people[w], jobs[v])}
        here, there = admission.worker_class[w], admission.vacancy_class[v]
        if admission.pathway[here, there] == REFUSED:
            expected.add(codes[RULE + admission.reason[here, there]])
        order = [codes[reason] for reason in (Reason.CONSENT, Reason.OCCUPATION, Reason.REFUSED)]
        order += codes[RULE:] + [reason.name.lower() for reason in Reason]
        first = next((code for code in order if code in expected), None)
        assert (codes[reason] if reason >= 0 else None) == first
        outcomes.add(first)
    assert len(outcomes) >= 8, "the world is too tame to test the filters"


@pytest.mark.parametrize("n", [1, 2, 3, 8, 30, 97, 1000])
def test_a_walk_visits_every_place_once(n: int) -> None:
    for seed in range(20):
        start, step = stride(n, np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64))
        assert sorted((start + step * k) % n for k in range(n)) == list(range(n))
