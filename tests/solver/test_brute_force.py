"""Thousands of small worlds with every kind of rule: what the solver calls optimal is what enumeration finds best."""

import numpy as np
import pytest
from scipy import sparse

from skillbridge.partnerships.rows import RowRef, Rows
from skillbridge.solver.plan import certified_bound, value
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve

WORLDS = 2_000
PARTS = 20
KINDS = ("cap", "share", "presence", "size", "minimum", "exempt share", "exempt cap", "reserve")


def tiny_world(seed: int) -> Problem:
    """Three to five workers, up to four vacancies in two places; crews, soft and hard rows of every kind in KINDS.

    An exempt share or cap leaves out one cell of its set; a reserve keeps positions of vacancies for some cells.
    """
    rng = np.random.default_rng(np.random.SeedSequence([77, seed]))
    workers, vacancies, cells = int(rng.integers(3, 6)), int(rng.integers(1, 5)), int(rng.integers(1, 5))
    degree = rng.integers(0, min(3, vacancies) + 1, workers)
    vacancy = np.concatenate([np.sort(rng.permutation(vacancies)[:d]) for d in degree]).astype(np.int32)
    n_rows = int(rng.integers(1, 6))
    on_cells, on_vacancies = np.zeros((cells, n_rows), np.int64), np.zeros((vacancies, n_rows), np.int64)
    limit, refs = np.zeros(n_rows, np.int64), []
    for r in range(n_rows):
        kind = str(rng.choice(KINDS))
        some, part = rng.integers(0, 2, cells), rng.integers(0, 2, cells)
        limit[r] = rng.integers(0, 4)
        p, q = (int(x) for x in rng.integers(1, 5, 2))
        if kind.startswith("exempt"):
            some[rng.integers(cells)] = 0
        if kind.endswith("cap"):
            on_cells[:, r] = some
        elif kind.endswith("share"):
            on_cells[:, r] = some * (p - (p + q) * part)
            limit[r] = rng.choice([0, 0, p])
        elif kind == "presence":
            on_vacancies[:, r] = rng.integers(0, 2, vacancies)
        elif kind == "size":
            on_cells[:, r], on_vacancies[:, r] = rng.integers(0, 4, cells), rng.integers(0, 2, vacancies)
            limit[r] = rng.integers(0, 9)
        elif kind == "minimum":
            on_cells[:, r], limit[r] = -some, -rng.integers(0, 2)
        else:
            on_cells[:, r], on_vacancies[:, r] = -part, rng.integers(0, 2, vacancies)
            limit[r] = rng.integers(0, 2)
        penalty = int(rng.integers(0, 40)) if rng.random() < 0.3 else None
        refs.append(RowRef("world", f"{kind} {r}", f"{kind} {r}", "placements", penalty))
    cell = rng.integers(0, cells, len(vacancy)).astype(np.int32)
    rows = Rows(cell, limit, sparse.csr_array(on_cells), sparse.csr_array(on_vacancies), tuple(refs))
    crew = np.where(rng.random(workers) < 0.4, rng.integers(0, 2, workers), -1).astype(np.int32)
    return Problem(
        np.concatenate([[0], np.cumsum(degree)]).astype(np.int64),
        vacancy,
        rng.integers(1, 50, len(vacancy)).astype(np.int32),
        rng.integers(0, 3, vacancies).astype(np.int32),
        rows,
        crew,
        rng.integers(0, 2, vacancies).astype(np.int32),
    )


def legal_plans(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """(every legal plan, its worth): int64 [plans, workers] and [plans], by plain arithmetic over all combinations."""
    p, rows = problem, problem.rows
    plans = np.zeros((1, 0), np.int64)
    for i in range(p.n_workers):
        own = np.concatenate([[-1], np.arange(p.indptr[i], p.indptr[i + 1])])
        plans = np.concatenate([np.repeat(plans, len(own), axis=0), np.tile(own, len(plans))[:, None]], axis=1)
    taken = plans >= 0
    place = np.where(taken, np.append(p.place[p.vacancy], -1)[plans], -1)
    legal = np.ones(len(plans), bool)
    for g in np.unique(p.group[p.group >= 0]):
        crew = place[:, p.group == g]
        legal &= (crew == crew[:, :1]).all(axis=1)
    heads = np.stack([(np.append(p.vacancy, -1)[plans] == v).sum(axis=1) for v in range(p.n_vacancies)], axis=1)
    cells = np.stack([(np.append(rows.cell, -1)[plans] == c).sum(axis=1) for c in range(rows.n_cells)], axis=1)
    legal &= (heads <= p.positions).all(axis=1)
    excess = np.maximum(0, cells @ rows.cell_rows.toarray() + heads @ rows.vacancy_rows.toarray() - rows.limit)
    hard = np.array([ref.penalty is None for ref in rows.refs])
    legal &= (excess[:, hard] == 0).all(axis=1)
    worth = np.append(p.weight, 0)[plans].sum(axis=1) - excess @ np.array([ref.penalty or 0 for ref in rows.refs])
    return plans[legal], worth[legal]


@pytest.mark.parametrize("part", range(PARTS))
def test_exact_equals_enumeration(part: int) -> None:
    for seed in range(part, WORLDS, PARTS):
        problem = tiny_world(seed)
        plans, worth = legal_plans(problem)
        found = solve(problem)
        if not len(plans):
            assert found.status == "infeasible", seed
            assert (found.chosen == -1).all()
            continue
        assert found.status == "optimal", seed
        assert found.objective == value(problem, found.chosen) == worth.max(), seed
        assert (plans == found.chosen).all(axis=1).any(), seed
        assert certified_bound(problem, found) >= worth.max() - 1e-6
        assert worth.max() <= found.bound + 1e-6


def test_the_worlds_have_every_kind_of_rule_and_every_kind_of_answer() -> None:
    worlds = [tiny_world(seed) for seed in range(300)]
    kinds = {(ref.rule.rsplit(" ", 1)[0], ref.penalty is None) for world in worlds for ref in world.rows.refs}
    assert kinds == {(kind, hard) for kind in KINDS for hard in (True, False)}
    assert any((world.group >= 0).any() for world in worlds)
    counts = [len(legal_plans(world)[0]) for world in worlds]
    assert min(counts) == 0
    assert max(counts) > 50
