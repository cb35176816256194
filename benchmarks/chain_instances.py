"""Random worlds for multi-season planning: two years of demand in six countries, seeded."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.matching.stays import StayRules, Stays, alone
from skillbridge.partnerships.rows import RowRef, Rows
from skillbridge.solver.chains import ChainProblem

FIRST_DAY = 18_628
"""1 January 2021, in days since 1970."""
_MONTH = 30.44
_HISTORY = 800


def chain_instance(
    n: int, *, seed: int, months: int = 24, degree: int = 20, home_days: int = 30, workers_per_vacancy: float = 20
) -> ChainProblem:
    """`n` workers, each with about `degree` stays to choose from, 1.3 positions a worker over `months`.

    Rows: caps by origin, destination and year; at least 35 % women by destination and year; beds by municipality and
    month. Stay rules: 9 months in 12 in every country, 7 in 11 in the first, 90 days away before returning to the
    second, `home_days` at home between any two stays. A third of the workers have a stay in the year before.
    """
    rng = np.random.default_rng(seed)
    countries, origins, sectors = 6, 12, 4
    m = max(12, int(n / workers_per_vacancy))
    country, sector = rng.integers(0, countries, m), rng.integers(0, sectors, m)
    start = FIRST_DAY + rng.integers(0, months - 3, m) * _MONTH + rng.integers(0, 28, m)
    end = np.minimum(start + rng.integers(3, 10, m) * _MONTH - rng.integers(0, 10, m), FIRST_DAY + months * _MONTH)
    first: npt.NDArray[np.int32] = start.astype(np.int32)
    last: npt.NDArray[np.int32] = end.astype(np.int32)
    size = rng.lognormal(0, 0.8, m)
    positions = np.maximum(1, np.round(size * 1.3 * n / size.sum())).astype(np.int32)

    origin, female, trade = rng.integers(0, origins, n), rng.random(n) < 0.3, rng.integers(0, sectors, n)
    of_sector = [np.flatnonzero(sector == s) for s in range(sectors)]
    chosen = [
        rng.choice(of_sector[s], min(len(of_sector[s]), int(rng.integers(degree // 2, degree * 3 // 2))), replace=False)
        for s in trade
    ]
    chosen = [each[np.argsort(first[each], kind="stable")] for each in chosen]
    vacancy = np.concatenate(chosen).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum([len(each) for each in chosen])])
    worker = np.repeat(np.arange(n), np.diff(indptr))
    weight = (1000 + rng.integers(200, 1001, len(vacancy))).astype(np.int32)

    year = ((first[vacancy] - FIRST_DAY) // 365).clip(0, 1)
    key = ((origin[worker] * countries + country[vacancy]) * 2 + year) * 2 + female[worker]
    cells, cell = np.unique(key, return_inverse=True)
    limits: list[int] = []
    in_cells: list[npt.NDArray[np.int64]] = []
    share = np.bincount(cell, minlength=len(cells)) / len(cell)
    for corridor in np.unique(cells // 2):
        mine = cells // 2 == corridor
        limits.append(int(share[mine].sum() * 1.1 * n * rng.uniform(0.6, 1.4)))
        in_cells.append(mine.astype(np.int64))
    for place in np.unique(cells // 2 % (2 * countries)):
        limits.append(0)
        in_cells.append(np.where(cells // 2 % (2 * countries) == place, np.where(cells % 2 == 1, -65, 35), 0))
    town = rng.integers(0, max(3, m // 12), m)
    in_vacancies: list[npt.NDArray[np.int64]] = []
    for each in np.unique(town):
        for month in range(months):
            day = FIRST_DAY + int(month * _MONTH) + 15
            there = (town == each) & (first <= day) & (last >= day)
            if there.sum() > 1:
                limits.append(int(positions[there].sum() * 0.85))
                in_vacancies.append(there.astype(np.int64))
    n_cell_rows, n_rows = len(in_cells), len(limits)
    wide = sparse.csr_array(np.stack(in_cells, axis=1))
    beds = (
        sparse.csr_array(np.stack(in_vacancies, axis=1)) if in_vacancies else sparse.csr_array((m, 0), dtype=np.int64)
    )
    rows = Rows(
        cell=cell.astype(np.int32),
        limit=np.array(limits, dtype=np.int64),
        cell_rows=sparse.csr_array(
            sparse.hstack([wide, sparse.csr_array((len(cells), n_rows - n_cell_rows), dtype=np.int64)])
        ),
        vacancy_rows=sparse.csr_array(sparse.hstack([sparse.csr_array((m, n_cell_rows), dtype=np.int64), beds])),
        refs=tuple(RowRef("chains", "row", f"row {number}") for number in range(n_rows)),
    )
    before = rng.random(n) < 0.3
    h_start: npt.NDArray[np.int32] = (FIRST_DAY - rng.integers(150, 350, before.sum())).astype(np.int32)
    h_end: npt.NDArray[np.int32] = np.minimum(FIRST_DAY - 1, h_start + rng.integers(60, 140, before.sum())).astype(
        np.int32
    )
    history = Stays(
        np.concatenate([[0], np.cumsum(before)]),
        h_start,
        h_end,
        rng.integers(0, countries, before.sum()).astype(np.int16),
    )
    options = Stays(indptr, first[vacancy], last[vacancy], country[vacancy].astype(np.int16))
    rules = _stay_rules(countries, int(months * _MONTH) + 31, home_days)
    return ChainProblem(*alone(options, history), vacancy, weight, positions, rows, rules)


def _stay_rules(countries: int, days: int, home_days: int) -> StayRules:
    n = countries + 2
    binds = np.zeros((n, countries), dtype=np.bool_)
    binds[:countries] = np.eye(countries, dtype=np.bool_)
    binds[countries, 1] = binds[countries + 1, :] = True
    terms = np.zeros((5, n), dtype=np.int32)
    terms[0, :countries], terms[1, :countries] = 274, 365
    terms[0, 0], terms[1, 0] = 213, 335
    terms[2, countries], terms[2, countries + 1] = 90, home_days
    most, window, gap, career, reset = (np.repeat(term[:, None], days + _HISTORY, axis=1) for term in terms)
    return StayRules(binds, binds, FIRST_DAY - _HISTORY, most, window, gap, career, reset)
