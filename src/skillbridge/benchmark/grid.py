"""Random instances of the placement problem, seeded, straight as arrays: the same call gives the same instance.

A pool of `workers` from 24 origins in six sectors meets `vacancies` in twelve destinations; a vacancy has 20 heads on
average (as certified H-2A cases do) up to 20,000 vacancies, then more heads each; heads are 85 % of the workers.
Every kind of row that real agreements have is there, tight enough that a plan without them is worth a fifth more:

- a cap for each origin x destination, and for each origin x destination x sector;
- a minimum share of women in each destination x sector, and of returning workers in each origin x destination;
- a brain-drain cap on the scarce occupation of each origin, and of each origin x destination;
- a presence cap for each municipality and month of the year.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.partnerships.rows import RowRef, Rows
from skillbridge.solver.problem import Problem

ORIGINS, DESTINATIONS, SECTORS = 24, 12, 6
FILLED = 1000
"""Objective points of a filled position; the match score adds 0 to 1000."""


def random_problem(workers: int, seed: int, degree: int = 20, groups: float = 0.0) -> Problem:
    """A problem of `workers` with about `degree` edges each; the share `groups` of them travel in twos to fives."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, workers, degree]))
    heads = round(0.85 * workers)
    n_vacancies = max(8, min(20_000, heads // 20))
    positions = _heads(rng, n_vacancies, heads)
    destination = _draw(rng, _zipf(rng, DESTINATIONS, 0.7), n_vacancies)
    sector = _draw(rng, _zipf(rng, SECTORS, 0.6), n_vacancies)
    towns = max(1, min(25, n_vacancies // (4 * DESTINATIONS)))
    municipality = destination * towns + rng.integers(0, towns, n_vacancies)
    first = rng.integers(0, 9, n_vacancies)
    months = rng.integers(2, 10, n_vacancies)

    origin = _draw(rng, _zipf(rng, ORIGINS, 0.8), workers)
    trade = _draw(rng, _zipf(rng, SECTORS, 0.6), workers)
    woman = rng.random(workers) < (0.1 + 0.3 * rng.random(ORIGINS))[origin]
    returning = rng.random(workers) < 0.3
    scarce = rng.random(workers) < 0.08

    group = _groups(rng, origin * SECTORS + trade, groups)
    indptr, vacancy = _together(*_edges(rng, workers, degree, trade, sector), group)
    worker = np.repeat(np.arange(workers), np.diff(indptr))
    fit = np.where(sector[vacancy] == trade[worker], 350, 120)
    pull = rng.integers(0, 250, n_vacancies)
    wish = rng.integers(0, 150, (ORIGINS, DESTINATIONS))
    score = fit + pull[vacancy] + wish[origin[worker], destination[vacancy]] + rng.integers(0, 251, len(vacancy))
    weight = (FILLED + np.minimum(score, 1000)).astype(np.int32)

    kinds = np.stack([origin, scarce, woman, returning], axis=1)
    kind_values, kind = np.unique(kinds, axis=0, return_inverse=True)
    site_values, site = np.unique(np.stack([destination, sector], axis=1), axis=0, return_inverse=True)
    pair = kind.astype(np.int64)[worker] * len(site_values) + site[vacancy]
    pairs, cell = np.unique(pair, return_inverse=True)
    cells = np.concatenate([kind_values[pairs // len(site_values)], site_values[pairs % len(site_values)]], axis=1)
    rows = _rows(rng, cells, cell.astype(np.int32), positions, destination, sector, municipality, first, months, origin)
    return Problem(indptr, vacancy, weight, positions, rows, group, municipality.astype(np.int32))


def _zipf(rng: np.random.Generator, n: int, power: float) -> npt.NDArray[np.float64]:
    share = 1.0 / np.arange(1, n + 1) ** power
    return np.asarray(rng.permutation(share / share.sum()))


def _draw(rng: np.random.Generator, share: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.int64]:
    return rng.choice(len(share), size=n, p=share)


def _heads(rng: np.random.Generator, n: int, total: int) -> npt.NDArray[np.int32]:
    """Heads of `n` vacancies, log-normal (a few large farms, many small ones), at least 1, summing to `total`."""
    size = np.exp(rng.normal(0.0, 1.0, n))
    exact = 1 + size / size.sum() * (total - n)
    heads = np.floor(exact).astype(np.int64)
    heads[np.argsort(heads - exact, kind="stable")[: total - heads.sum()]] += 1
    return np.asarray(heads, np.int32)


def _edges(
    rng: np.random.Generator,
    workers: int,
    degree: int,
    trade: npt.NDArray[np.int64],
    sector: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Distinct vacancies per worker, four in five of the worker's own sector, sorted by (worker, vacancy)."""
    count = np.clip(rng.poisson(degree, workers), 1, None)
    worker = np.repeat(np.arange(workers), count)
    by_sector = np.argsort(sector, kind="stable")
    start = np.searchsorted(sector[by_sector], np.arange(SECTORS))
    size = np.bincount(sector, minlength=SECTORS)
    own = (rng.random(len(worker)) < 0.8) & (size[trade[worker]] > 0)
    within = start[trade[worker]] + (rng.random(len(worker)) * size[trade[worker]]).astype(np.int64)
    vacancy = np.where(own, by_sector[np.minimum(within, len(sector) - 1)], rng.integers(0, len(sector), len(worker)))
    key = np.unique(worker * len(sector) + vacancy)
    indptr = np.searchsorted(key, np.arange(workers + 1) * len(sector))
    return indptr.astype(np.int64), (key % len(sector)).astype(np.int32)


def _rows(
    rng: np.random.Generator,
    cells: npt.NDArray[np.int64],
    cell: npt.NDArray[np.int32],
    positions: npt.NDArray[np.int32],
    destination: npt.NDArray[np.int64],
    sector: npt.NDArray[np.int64],
    municipality: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
    months: npt.NDArray[np.int64],
    origin: npt.NDArray[np.int64],
) -> Rows:
    """The rows of all kinds over `cells` (origin, scarce, woman, returning, destination, sector)."""
    o, scarce, woman, returning, d, s = cells.T
    heads = np.zeros((DESTINATIONS, SECTORS))
    np.add.at(heads, (destination, sector), positions)
    share = np.bincount(origin, minlength=ORIGINS) / len(origin)
    refs: list[RowRef] = []
    limits: list[int] = []
    entries: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []

    def add(rule: str, keys: npt.NDArray[np.int64], coefficient: npt.NDArray[np.int64], limit: object) -> None:
        """One row for each distinct value of `keys` >= 0; `limit(value)` in heads."""
        values = np.unique(keys[keys >= 0])
        at = np.flatnonzero((keys >= 0) & (coefficient != 0))
        entries.append((at, len(limits) + np.searchsorted(values, keys[at]), coefficient[at]))
        for value in values.tolist():
            limits.append(int(limit(value)))  # type: ignore[operator]
            refs.append(RowRef("benchmark", rule, f"{rule} {value}"))

    one = np.ones(len(cells), np.int64)
    od = heads.sum(axis=1)[None, :] * share[:, None]
    od_cap = np.ceil(od * rng.uniform(0.5, 1.4, od.shape)).ravel()
    add("origin x destination", o * DESTINATIONS + d, one, lambda k: od_cap[k])
    ods = heads[None, :, :] * share[:, None, None]
    ods_cap = np.ceil(ods * rng.uniform(0.4, 1.4, ods.shape)).ravel()
    add("origin x destination x sector", (o * DESTINATIONS + d) * SECTORS + s, one, lambda k: ods_cap[k])
    add("women at least 30 %", d * SECTORS + s, 3 * one - 10 * woman, lambda _: 0)
    add("returning at least 25 %", o * DESTINATIONS + d, one - 4 * returning, lambda _: 0)
    drain = np.ceil(np.bincount(origin, minlength=ORIGINS) * 0.08 * rng.uniform(0.3, 0.8, ORIGINS))
    add("brain drain", np.where(scarce == 1, o, -1), one, lambda k: drain[k])
    drain_od = np.ceil(od * 0.08 * rng.uniform(0.4, 1.2, od.shape)).ravel()
    add("brain drain by destination", np.where(scarce == 1, o * DESTINATIONS + d, -1), one, lambda k: drain_od[k])

    n_cell_rows = len(limits)
    month = np.arange(12)
    present = (month >= first[:, None]) & (month < (first + months)[:, None])
    at, when = np.nonzero(present)
    key = municipality[at] * 12 + when
    values, row = np.unique(key, return_inverse=True)
    peak = np.bincount(row, weights=positions[at])
    town_cap = np.ceil(peak * rng.uniform(0.75, 1.1, len(values)))
    for value, cap in zip(values.tolist(), town_cap.tolist(), strict=True):
        limits.append(int(cap))
        refs.append(RowRef("benchmark", "presence", f"municipality {value // 12} in month {value % 12 + 1}"))
    at_cell, at_row, amount = (np.concatenate([e[k] for e in entries]).astype(np.int64) for k in range(3))
    cell_rows = _matrix(amount, at_cell, at_row, len(cells), len(limits))
    vacancy_rows = _matrix(np.ones(len(at), np.int64), at, n_cell_rows + row, len(positions), len(limits))
    return Rows(cell, np.array(limits, np.int64), cell_rows, vacancy_rows, tuple(refs))


def _matrix(
    data: npt.NDArray[np.int64],
    row: npt.NDArray[np.integer],
    column: npt.NDArray[np.integer],
    height: int,
    width: int,
) -> sparse.csr_array:
    found = sparse.csr_array((data, (row, column)), shape=(height, width))
    found.sum_duplicates()
    return found


def _groups(rng: np.random.Generator, kin: npt.NDArray[np.int64], share: float) -> npt.NDArray[np.int32]:
    """Group numbers of workers: -1 for most; about `share` of them in groups of two to five with the same `kin`."""
    group = np.full(len(kin), -1, np.int32)
    if share <= 0:
        return group
    order = np.lexsort((rng.random(len(kin)), kin))
    start = np.cumsum(rng.integers(2, 6, len(kin)))
    number = np.searchsorted(start, np.arange(len(kin)), side="right")
    lead = kin[order][np.unique(number, return_index=True)[1]]
    same = np.bincount(number, weights=kin[order] != lead[number]) == 0
    taken = same & (rng.random(len(same)) < share)
    group[order] = np.where(taken, np.cumsum(taken) - 1, -1)[number]
    return group


def _together(
    indptr: npt.NDArray[np.int64], vacancy: npt.NDArray[np.int32], group: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """The edges with every member of a group given those of its first member."""
    leader = np.arange(len(group))
    members = np.flatnonzero(group >= 0)
    _, first = np.unique(group[members], return_index=True)
    leader[members] = members[first[group[members]]]
    degree = np.diff(indptr)[leader]
    ends = np.cumsum(degree)
    edge = np.arange(ends[-1]) + np.repeat(indptr[leader] - ends + degree, degree)
    return np.concatenate([[0], ends]), vacancy[edge]
