"""Rules as sparse rows: what a partnership says to a solver, without knowing any solver.

Every row reads ``sum(coefficient * count) <= limit`` in integers. A count is either the placements in a *cell* (a class
of edges that no row tells apart: origin x destination x sector x ...) or the placements in a vacancy. A minimum is
written with negative coefficients; a share `at least a of` as ``a * all - some <= 0`` after clearing fractions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.base import Limit, Tally, VacancyRow
from skillbridge.partnerships.view import Bools, Mask, Population, View, Where, both, employer_countries, number_rows


@dataclass(frozen=True)
class RowRef:
    """Whose row it is: partnership and rule id, its words for people, its unit, and what one unit of excess costs.

    `penalty` is None for a hard row, else objective points per unit above the limit (a soft row may be exceeded).
    """

    partnership: str
    rule: str
    label: str
    unit: str = "placements"
    penalty: int | None = None


@dataclass(frozen=True)
class Rows:
    """All cross-cutting rows of the partnerships over one edge frame.

    `cell` int32 [edges], values in [0, n_cells); `limit` int64 [rows]; `cell_rows` int64 CSR [n_cells x rows];
    `vacancy_rows` int64 CSR [n_vacancies x rows]; `refs` one per row.
    """

    cell: npt.NDArray[np.int32]
    limit: npt.NDArray[np.int64]
    cell_rows: sparse.csr_array
    vacancy_rows: sparse.csr_array
    refs: tuple[RowRef, ...]

    @property
    def n_cells(self) -> int:
        """How many classes of edges the rows tell apart."""
        return int(self.cell_rows.shape[0])


def compile_rows(
    edges: pl.DataFrame,
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
    *,
    employers: dict[str, str] | None = None,
) -> Rows:
    """All rows of the partnerships over these edges (tables.EDGES; `pathway` numbers the partnerships given).

    Edges that no row tells apart share a cell. A row that asks nothing of the worker goes on whole vacancies, where all
    edges of a vacancy start on one day and go by one pathway; else on cells. Rows that nothing adds to are left out,
    those of a partnership without any edge too. Cost: a few look-ups an edge; the rest is by class. `employers` (see
    `view.employer_countries`) are those of all vacancies where only some are given.
    """
    edge_worker, edge_vacancy = (edges[name].to_numpy().astype(np.int64) for name in ("worker", "vacancy"))
    edge_pathway = edges["pathway"].to_numpy()
    variants = _Variants.of(edges["start"].to_numpy(), edges["end"].to_numpy(), edge_vacancy, edge_pathway, vacancies)
    view = View(workers, variants.frame, employer_countries(vacancies) if employers is None else employers)
    builder = _Builder(view, variants, partnerships)
    present = {int(number) for number in np.unique(edge_pathway)}
    for number, partnership in enumerate(partnerships):
        if number in present or (partnership.is_overlay and present):
            builder.add(number, partnership)
    return builder.rows(edge_worker, variants.of_edge, edge_pathway, len(vacancies))


def side_rows(
    edges: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame, partnerships: Sequence[Partnership]
) -> list[tuple[tuple[str, str], str, npt.NDArray[np.int64]]]:
    """((partnership, rule), side, members) of every row over these edges: the `workers` or `vacancies` it counts, or,
    without members, side "both_sides" (it asks of both) or "ratio" (a share)."""
    edge_vacancy = edges["vacancy"].to_numpy().astype(np.int64)
    edge_pathway = edges["pathway"].to_numpy()
    variants = _Variants.of(edges["start"].to_numpy(), edges["end"].to_numpy(), edge_vacancy, edge_pathway, vacancies)
    builder = _Builder(View(workers, variants.frame, employer_countries(vacancies)), variants, partnerships)
    for number, partnership in enumerate(partnerships):
        builder.add(number, partnership)
    return builder.sides(np.unique(edge_pathway))


@dataclass(frozen=True)
class _Variants:
    """Vacancies as the edges take them: one for every start and end that edges of a vacancy have.

    `frame` has their rows with those dates; `vacancy` int64 [variants]; `of_edge` int64 [edges]; `plain` bool
    [variants]: the only one of its vacancy, and all its edges go by one pathway (`all_plain`: all are);
    `pathway` uint8 [variants], of plain ones.
    """

    frame: pl.DataFrame
    vacancy: npt.NDArray[np.int64]
    of_edge: npt.NDArray[np.int64]
    plain: Bools
    all_plain: bool
    pathway: npt.NDArray[np.uint8]

    @classmethod
    def of(
        cls,
        start: npt.NDArray[np.datetime64],
        end: npt.NDArray[np.datetime64],
        edge_vacancy: npt.NDArray[np.int64],
        edge_pathway: npt.NDArray[np.uint8],
        vacancies: pl.DataFrame,
    ) -> "_Variants":
        n = len(vacancies)
        first, last = (vacancies[name].to_numpy().astype("datetime64[D]") for name in ("start", "end"))
        own = (start == first[edge_vacancy]) & (end == last[edge_vacancy])
        vacancy, of_edge = np.arange(n), edge_vacancy
        if not own.all():
            others = np.flatnonzero(~own)
            keys = np.stack(
                [
                    edge_vacancy[others],
                    start[others].astype("datetime64[D]").astype(np.int64),
                    end[others].astype("datetime64[D]").astype(np.int64),
                ]
            )
            unique, inverse = np.unique(keys, axis=1, return_inverse=True)
            of_edge = edge_vacancy.copy()
            of_edge[others] = n + inverse.reshape(-1)
            vacancy = np.concatenate([vacancy, unique[0]])
            first = np.concatenate([first, unique[1].astype("datetime64[D]")])
            last = np.concatenate([last, unique[2].astype("datetime64[D]")])
        low, high = np.full(n, 255, dtype=np.uint8), np.zeros(n, dtype=np.uint8)
        np.minimum.at(low, edge_vacancy, edge_pathway)
        np.maximum.at(high, edge_vacancy, edge_pathway)
        used = np.bincount(of_edge, minlength=len(vacancy)) > 0
        single = np.bincount(vacancy, weights=used, minlength=n) <= 1
        plain = single[vacancy] & (low == high)[vacancy] & used
        frame = vacancies[vacancy].with_columns(start=pl.Series(first), end=pl.Series(last))
        return cls(frame, vacancy, of_edge, plain, bool((plain == used).all()), low[vacancy])


@dataclass(frozen=True)
class _Bound:
    """A tally with the pathways it counts and what else its partnership demands of a pair."""

    partnership: str
    tally: Tally
    pathways: npt.NDArray[np.bool_]


class _Builder:
    """Collects tallies, then lays them out over cells and vacancies."""

    def __init__(self, view: View, variants: _Variants, partnerships: Sequence[Partnership]) -> None:
        self._view, self._variants = view, variants
        self._names = [partnership.id for partnership in partnerships]
        self._tallies: list[_Bound] = []
        self._limits: list[int] = []
        self._refs: list[RowRef] = []
        self._vacancy_entries: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []

    def add(self, number: int, partnership: Partnership) -> None:
        """Take in every clause of a partnership."""
        covers = self._overlay(partnership) if partnership.is_overlay else None
        for rule in partnership.binding:
            for part in rule.clause(self._view, partnership):
                if isinstance(part, VacancyRow):
                    row = self._row(partnership.id, part.rule, part.limit)
                    rows = np.unique(self._variants.vacancy[part.vacancies])
                    self._vacancy_entries.append((rows, np.full(len(rows), row), np.ones(len(rows), dtype=np.int64)))
                    continue
                if covers is not None:
                    part = _narrowed(part, covers)
                counted = np.zeros(256, dtype=np.bool_)
                for n, name in enumerate(self._names):
                    counted[n] = (partnership.is_overlay or n == number) and (
                        part.pathways is None or name in part.pathways
                    )
                self._tallies.append(_Bound(partnership.id, part, counted))

    def _overlay(self, partnership: Partnership) -> Where:
        from skillbridge.partnerships.admission import coverage

        return coverage(partnership, self._view)

    def _row(self, partnership: str, rule: str, limit: Limit) -> int:
        self._limits.append(limit.limit)
        self._refs.append(RowRef(partnership, rule, limit.label, limit.unit, limit.penalty))
        return len(self._limits) - 1

    def rows(
        self,
        edge_worker: npt.NDArray[np.int64],
        edge_variant: npt.NDArray[np.int64],
        edge_pathway: npt.NDArray[np.uint8],
        n_vacancies: int,
    ) -> Rows:
        """The finished rows."""
        variants = self._variants
        on_cells = [bound for bound in self._tallies if not self._on_vacancies(bound)]
        worker_class, w_at = number_rows(_sides(on_cells, "worker"), len(self._view.workers))
        variant_class, v_at = number_rows(_sides(on_cells, "vacancy"), len(variants.vacancy))
        n_ways = int(edge_pathway.max(initial=0)) + 1
        code = (
            worker_class[edge_worker].astype(np.int64) * len(v_at) + variant_class[edge_variant]
        ) * n_ways + edge_pathway
        combos, cell = _distinct(code, len(w_at) * len(v_at) * n_ways)
        wc, rest = np.divmod(combos, len(v_at) * n_ways)
        vc, way = np.divmod(rest, n_ways)
        entries = [self._entries(bound, w_at[wc], v_at[vc], way.astype(np.uint8)) for bound in on_cells]
        matrix = _matrix(entries, len(combos), len(self._limits))
        matrix, merged = _merge_equal(matrix)
        for bound in self._tallies:
            if self._on_vacancies(bound):
                rows, cols, coefficients = self._entries(
                    bound, None, np.flatnonzero(variants.plain), variants.pathway[variants.plain]
                )
                self._vacancy_entries.append(
                    (variants.vacancy[np.flatnonzero(variants.plain)[rows]], cols, coefficients)
                )
        n_rows = len(self._limits)
        cells = sparse.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], n_rows))
        on_vacancies = _matrix(self._vacancy_entries, n_vacancies, n_rows)
        keep = np.unique(np.concatenate([cells.indices, on_vacancies.indices])).astype(np.int64)
        return Rows(
            merged[cell].astype(np.int32),
            np.array(self._limits, dtype=np.int64)[keep],
            sparse.csr_array(cells[:, keep]),
            sparse.csr_array(on_vacancies[:, keep]),
            tuple(self._refs[row] for row in keep.tolist()),
        )

    def sides(self, pathways: npt.NDArray[np.uint8]) -> list[tuple[tuple[str, str], str, npt.NDArray[np.int64]]]:
        """See :func:`side_rows`."""
        nobody = np.zeros(0, dtype=np.int64)
        found = [
            ((self._refs[int(rows[0])].partnership, self._refs[int(rows[0])].rule), "vacancies", members)
            for members, rows, _ in self._vacancy_entries
            if len(rows)
        ]
        for bound in self._tallies:
            name = (bound.partnership, bound.tally.rule)
            binds = _sides([bound], "worker"), _sides([bound], "vacancy")
            partial = not bound.pathways[pathways].all()
            signs = bound.tally.coefficient
            if ((signs > 0).any(axis=0) & (signs < 0).any(axis=0)).any():
                found.append((name, "ratio", nobody))
            elif self._on_vacancies(bound):
                plain = np.flatnonzero(self._variants.plain)
                items, rows, _ = self._entries(bound, None, plain, self._variants.pathway[plain])
                jobs = self._variants.vacancy[plain[items]]
                found += [(name, "vacancies", np.unique(jobs[rows == row])) for row in np.unique(rows)]
            elif not binds[1] and not partial:
                n = len(self._view.workers)
                any_way = np.full(n, pathways[0], dtype=np.uint8)
                items, rows, _ = self._entries(bound, np.arange(n), np.zeros(n, dtype=np.int64), any_way)
                found += [(name, "workers", items[rows == row]) for row in np.unique(rows)]
            else:
                found.append((name, "both_sides", nobody))
        return found

    def _on_vacancies(self, bound: _Bound) -> bool:
        """Whether a tally asks nothing of workers and every edge's vacancy is plain."""
        free = bound.tally.worker_key is None and all(
            mask.worker is None or bool(mask.worker.all())
            for population in bound.tally.populations
            for mask in population.masks()
        )
        return free and self._variants.all_plain

    def _entries(
        self,
        bound: _Bound,
        worker: npt.NDArray[np.int64] | None,
        variant: npt.NDArray[np.int64],
        way: npt.NDArray[np.uint8],
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(item, row, coefficient) of a tally over items given by a worker (None: any), a variant and a pathway."""
        tally = bound.tally
        at = np.flatnonzero(bound.pathways[way])
        who = None if worker is None else worker[at]
        what = variant[at]
        pattern = np.zeros(len(at), dtype=np.int64)
        for bit, population in enumerate(tally.populations):
            pattern |= _member(population, who, what).astype(np.int64) << bit
        counted = np.flatnonzero((tally.coefficient[pattern] != 0).any(axis=1))
        at, pattern = at[counted], pattern[counted]
        zero = np.zeros(len(at), dtype=np.int64)
        left = zero if tally.worker_key is None or who is None else tally.worker_key[who[counted]].astype(np.int64)
        right = zero if tally.vacancy_key is None else tally.vacancy_key[what[counted]].astype(np.int64)
        good = (left >= 0) & (right >= 0)
        at, pattern, left, right = at[good], pattern[good], left[good], right[good]
        width = int(right.max(initial=0)) + 1
        keys, inverse = np.unique(left * width + right, return_inverse=True)
        items, rows, coefficients = [], [], []
        numbers = np.full((len(keys), tally.coefficient.shape[1]), -1, dtype=np.int64)
        for n, key in enumerate(keys.tolist()):
            for r, limit in enumerate(tally.limits(key // width, key % width)):
                if limit is not None:
                    numbers[n, r] = self._row(bound.partnership, tally.rule, limit)
        for r in range(tally.coefficient.shape[1]):
            row = numbers[inverse, r] if len(keys) else np.zeros(0, dtype=np.int64)
            coefficient = tally.coefficient[pattern, r]
            some = np.flatnonzero((row >= 0) & (coefficient != 0))
            items.append(at[some])
            rows.append(row[some])
            coefficients.append(coefficient[some])
        return np.concatenate(items), np.concatenate(rows), np.concatenate(coefficients)


def _sides(tallies: Sequence[_Bound], side: str) -> list[npt.NDArray[np.generic]]:
    """Every condition and key that the tallies ask of one side."""
    found: dict[int, npt.NDArray[np.generic]] = {}
    for bound in tallies:
        key = getattr(bound.tally, f"{side}_key")
        for column in (
            key,
            *(getattr(mask, side) for population in bound.tally.populations for mask in population.masks()),
        ):
            if column is not None:
                found[id(column)] = column
    return list(found.values())


def _narrowed(tally: Tally, covers: Where) -> Tally:
    """The tally over pairs that a policy covers."""
    populations = tuple(
        Population(both(population.include, covers), population.exclude) for population in tally.populations
    )
    return Tally(
        tally.rule, populations, tally.coefficient, tally.limits, tally.worker_key, tally.vacancy_key, tally.pathways
    )


def _member(population: Population, worker: npt.NDArray[np.int64] | None, variant: npt.NDArray[np.int64]) -> Bools:
    def any_of(where: Where) -> Bools:
        result = np.zeros(len(variant), dtype=np.bool_)
        for mask in where:
            result |= _one(mask, worker, variant)
        return result

    return any_of(population.include) & ~any_of(population.exclude)


def _one(mask: Mask, worker: npt.NDArray[np.int64] | None, variant: npt.NDArray[np.int64]) -> Bools:
    part = np.ones(len(variant), dtype=np.bool_) if mask.vacancy is None else mask.vacancy[variant]
    if mask.worker is not None and worker is not None:
        part = part & mask.worker[worker]
    return part


def _distinct(code: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(distinct codes in order, the number of each): by a table where it fits, by sorting else."""
    if size <= 100_000_000:
        seen = np.zeros(size, dtype=np.bool_)
        seen[code] = True
        unique = np.flatnonzero(seen)
        table = np.zeros(size, dtype=np.int32)
        table[unique] = np.arange(len(unique), dtype=np.int32)
        return unique, table[code].astype(np.int64)
    unique, inverse = np.unique(code, return_inverse=True)
    return unique, inverse.astype(np.int64)


def _matrix(entries: Sequence[tuple[npt.NDArray[np.int64], ...]], items: int, rows: int) -> sparse.csr_array:
    """CSR [items x rows] of (item, row, coefficient), equal places summed, sorted."""
    if entries:
        item, row, coefficient = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    else:
        item = row = coefficient = np.zeros(0, dtype=np.int64)
    matrix = sparse.csr_array(
        sparse.coo_array((coefficient.astype(np.int64), (item, row)), shape=(items, max(rows, 0)))
    )
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def _merge_equal(matrix: sparse.csr_array) -> tuple[sparse.csr_array, npt.NDArray[np.int64]]:
    """(the distinct rows of a matrix, the number of each row's equal)."""
    numbers: dict[bytes, int] = {}
    kept: list[int] = []
    merged = np.zeros(matrix.shape[0], dtype=np.int64)
    indptr, indices, data = matrix.indptr, matrix.indices, matrix.data
    for item in range(matrix.shape[0]):
        low, high = indptr[item], indptr[item + 1]
        key = indices[low:high].tobytes() + data[low:high].tobytes()
        number = numbers.setdefault(key, len(kept))
        if number == len(kept):
            kept.append(item)
        merged[item] = number
    return sparse.csr_array(matrix[kept]) if kept else matrix, merged
