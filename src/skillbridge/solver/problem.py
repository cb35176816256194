"""The problem as arrays: who could go where, what it is worth, and every row that binds.

maximise    sum(weight[e] * x[e]) - sum(penalty[r] * excess[r])
subject to  at most one chosen edge per worker
            chosen edges of a vacancy <= positions[vacancy]
            rows.cell_rows.T @ (chosen per cell) + rows.vacancy_rows.T @ (chosen per vacancy) <= limit + excess
            excess[r] = 0 for hard rows
            a group goes together or not at all
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.errors import BadInput, BadInputs
from skillbridge.matching.implied import with_implied
from skillbridge.partnerships.rows import Rows

HIGHEST_WEIGHT = 2**24 - 1
"""Weights stay exact in single precision up to here, which lets an edge be priced twice as fast."""

TIGHTENED_EDGES = 1_000_000
"""Up to here rows implied in whole heads are looked for."""


@dataclass(frozen=True)
class Problem:
    """Sparse and integer throughout.

    `indptr` int64 [workers + 1]: edges of worker i are indptr[i]:indptr[i+1]; `vacancy` int32 [edges];
    `weight` int32 [edges] in objective points (> 0); `positions` int32 [vacancies] in heads.
    `group` int32 [workers]: -1 alone, else the group's number; all members of a group are placed in vacancies with
    the same `place` or none is. `place` int32 [vacancies]: what counts as together (vacancy, employer or site).
    A resource that edges use in different amounts (hours, beds of a family) is a row over cells with coefficients.
    """

    indptr: npt.NDArray[np.int64]
    vacancy: npt.NDArray[np.int32]
    weight: npt.NDArray[np.int32]
    positions: npt.NDArray[np.int32]
    rows: Rows
    group: npt.NDArray[np.int32]
    place: npt.NDArray[np.int32]

    @property
    def n_workers(self) -> int:
        """Workers, with or without edges."""
        return len(self.indptr) - 1

    @property
    def n_vacancies(self) -> int:
        """Vacancies, with or without edges."""
        return len(self.positions)

    @property
    def n_rows(self) -> int:
        """Cross-cutting rows: neither the workers' nor the vacancies' own."""
        return len(self.rows.limit)


Together = Literal["vacancy", "employer", "site"]


def compile_problem(
    edges: pl.DataFrame,
    rows: Rows,
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    weights: npt.NDArray[np.int32],
    *,
    together: Together = "site",
) -> Problem:
    """The problem over an edge frame (tables.EDGES, sorted by worker and vacancy), with one weight and cell per edge.

    Members of a group go to the same `together`: the same vacancy, the same employer, or the same site, where a
    vacancy without `site_id` is at its employer's site. Raises `BadInputs` with everything that cannot be used.
    """
    worker = edges["worker"].to_numpy().astype(np.int64)
    if len(worker) and (np.diff(worker) < 0).any():
        raise BadInput("edges", "not sorted by worker", "edges sorted by (worker, vacancy)")
    several = workers.filter(pl.col("group_id").fill_null("").str.contains(";", literal=True))
    if several.height:
        raise BadInputs(
            [
                BadInput(f"workers: worker {who}", f"in several groups ({groups})", "one group_id at most")
                for who, groups in several.select("worker_id", "group_id").iter_rows()
            ]
        )
    indptr = np.searchsorted(worker, np.arange(workers.height + 1)).astype(np.int64)
    keys = {"vacancy": ["vacancy_id"], "employer": ["employer_id"], "site": ["site_id", "employer_id"]}[together]
    place = _numbers(vacancies.select(pl.coalesce(keys).alias("key"))["key"])
    group = _numbers(workers["group_id"].replace("", None))
    alone = np.bincount(group[group >= 0], minlength=1)
    group[(group >= 0) & (alone[np.maximum(group, 0)] == 1)] = -1
    positions = vacancies["positions"].fill_null(0).to_numpy().astype(np.int32)
    vacancy = edges["vacancy"].to_numpy().astype(np.int32)
    return checked(Problem(indptr, vacancy, np.asarray(weights), positions, rows, group, place))


def _numbers(column: pl.Series) -> npt.NDArray[np.int32]:
    """Each value's number in order of first appearance; null is -1."""
    values = column.drop_nulls().unique(maintain_order=True)
    codes = pl.DataFrame({"v": values, "n": np.arange(len(values), dtype=np.int32)})
    joined = pl.DataFrame({"v": column}).join(codes, on="v", how="left", maintain_order="left")
    return joined["n"].fill_null(-1).to_numpy().copy()


def checked(problem: Problem) -> Problem:
    """`problem` itself with its arrays in their declared types; raises `BadInputs` naming everything that is wrong."""
    p, rows = problem, problem.rows
    found: list[BadInput] = []

    def need(holds: object, where: str, what: str, expected: str) -> None:
        if not holds:
            found.append(BadInput(where, what, expected))

    n_edges = len(p.vacancy)
    finite = bool(np.isfinite(p.weight).all())
    need(finite, "weight", f"{_count(~np.isfinite(p.weight))} edges have no number", "whole objective points")
    if finite:
        whole = np.floor(p.weight) == p.weight
        need(whole.all(), "weight", f"{_count(~whole)} edges have fractions", "whole objective points")
        outside = (p.weight < 1) | (p.weight > HIGHEST_WEIGHT)
        need(not outside.any(), "weight", f"{_count(outside)} edges are out of range", f"1 to {HIGHEST_WEIGHT} points")
    need(len(p.weight) == n_edges, "weight", f"{len(p.weight)} weights for {n_edges} edges", "one per edge")
    need(len(rows.cell) == n_edges, "rows.cell", f"{len(rows.cell)} cells for {n_edges} edges", "one per edge")
    ascending = len(p.indptr) >= 1 and p.indptr[0] == 0 and p.indptr[-1] == n_edges and (np.diff(p.indptr) >= 0).all()
    need(ascending, "indptr", "does not partition the edges", "ascending from 0 to the number of edges")
    need(_within(p.vacancy, p.n_vacancies), "vacancy", "edges to unknown vacancies", f"0 to {p.n_vacancies - 1}")
    need(_within(rows.cell, rows.n_cells), "rows.cell", "edges in unknown cells", f"0 to {rows.n_cells - 1}")
    need((p.positions >= 0).all(), "positions", f"{_count(p.positions < 0)} are negative", "heads >= 0")
    shapes = (len(rows.refs), rows.cell_rows.shape[1], rows.vacancy_rows.shape[1])
    need(set(shapes) == {p.n_rows}, "rows", f"{p.n_rows} limits, {shapes} references and columns", "one of each")
    need(rows.vacancy_rows.shape[0] == p.n_vacancies, "rows.vacancy_rows", "wrong height", "one line per vacancy")
    need(len(p.group) == p.n_workers, "group", f"{len(p.group)} for {p.n_workers} workers", "one per worker")
    need(len(p.place) == p.n_vacancies, "place", f"{len(p.place)} for {p.n_vacancies} vacancies", "one per vacancy")
    for ref in rows.refs:
        negative = ref.penalty is not None and ref.penalty < 0
        need(not negative, f"{ref.partnership}: {ref.rule}", f"penalty {ref.penalty}", "penalty >= 0")
    for name, matrix in (("rows.cell_rows", rows.cell_rows), ("rows.vacancy_rows", rows.vacancy_rows)):
        big = matrix.nnz and np.abs(matrix.data).max() > 2**31
        need(not big, name, "coefficients beyond 2,147,483,648", "smaller coefficients")
    if found:
        raise BadInputs(found)
    if p.weight.dtype == np.int32 and p.vacancy.dtype == np.int32 and rows.cell.dtype == np.int32:
        return p
    cells = Rows(rows.cell.astype(np.int32), rows.limit, rows.cell_rows, rows.vacancy_rows, rows.refs)
    return Problem(
        p.indptr.astype(np.int64),
        p.vacancy.astype(np.int32),
        p.weight.astype(np.int32),
        p.positions.astype(np.int32),
        cells,
        p.group.astype(np.int32),
        p.place.astype(np.int32),
    )


def edges_of(problem: Problem, people: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The edges of `people` (rows of workers), one worker's after the other's."""
    size = np.diff(problem.indptr)[people]
    ends = np.cumsum(size)
    return np.asarray(np.repeat(problem.indptr[people] - ends + size, size) + np.arange(size.sum()), dtype=np.int64)


def of_workers(problem: Problem, people: npt.NDArray[np.int64]) -> Problem:
    """The problem of `people` (rows of workers, each as often as it is named), over the same vacancies, rows and cells.

    Groups keep their numbers: one of which only a part is named is no longer whole.
    """
    edge = edges_of(problem, people)
    return replace(
        problem,
        indptr=np.concatenate([[0], np.cumsum(np.diff(problem.indptr)[people])]).astype(np.int64),
        vacancy=problem.vacancy[edge],
        weight=problem.weight[edge],
        rows=replace(problem.rows, cell=problem.rows.cell[edge]),
        group=problem.group[people],
    )


def tightened(problem: Problem) -> Problem:
    """The problem with the rows that its own imply in whole heads added last: the same plans, a lower bound.

    The problem itself where there are none, and beyond `TIGHTENED_EDGES`, where they would not matter.
    """
    if len(problem.vacancy) > TIGHTENED_EDGES:
        return problem
    rows = with_implied(problem.rows, problem.vacancy, problem.positions)
    return problem if rows is problem.rows else replace(problem, rows=rows)


def _within(values: npt.NDArray[np.int32], end: int) -> bool:
    return bool(len(values) == 0 or (values.min() >= 0 and values.max() < end))


def _count(mask: npt.NDArray[np.bool_]) -> str:
    return f"{int(mask.sum()):,}"
