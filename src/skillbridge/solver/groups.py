"""Crews and families as units: the places that can take a whole group, and each member's edges there."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillbridge.matching.bound import crowded, heads_of
from skillbridge.solver.problem import Problem


class Groups(NamedTuple):
    """Group g has the options option_ptr[g]:option_ptr[g + 1]; an option is a place that every member reaches, and
    whose vacancies that any member reaches have positions for all, and that no hard cap closes to so many.

    Option o has the seats seat_ptr[o]:seat_ptr[o + 1], one per member, in the order of workers; seat s is for worker
    `seat_worker[s]` and has the edges `edge[edge_ptr[s]:edge_ptr[s + 1]]`. All int64. A group without options cannot
    be placed.
    """

    option_ptr: npt.NDArray[np.int64]
    seat_ptr: npt.NDArray[np.int64]
    seat_worker: npt.NDArray[np.int64]
    edge_ptr: npt.NDArray[np.int64]
    edge: npt.NDArray[np.int64]

    @property
    def n_groups(self) -> int:
        """Groups, with or without options."""
        return len(self.option_ptr) - 1


def compile_groups(problem: Problem) -> Groups:
    """Every group's options, from the problem's edges; the cost is that of sorting the edges of grouped workers."""
    p = problem
    members = np.flatnonzero(p.group >= 0)
    n_groups = int(p.group.max(initial=-1)) + 1
    size = np.bincount(p.group[members], minlength=n_groups)
    degree = np.diff(p.indptr)[members]
    worker = np.repeat(members, degree)
    edge = np.arange(len(worker)) + np.repeat(p.indptr[members] - np.cumsum(degree) + degree, degree)
    place = p.place[p.vacancy[edge]].astype(np.int64)
    group = p.group[worker].astype(np.int64)
    order = np.lexsort((edge, worker, place, group))
    group, place, worker, edge = group[order], place[order], worker[order], edge[order]
    new_option = _changes(group, place)
    new_seat = _changes(group, place, worker)
    option_of_seat = np.cumsum(new_option)[new_seat] - 1
    option_group = group[new_option]
    complete = np.bincount(option_of_seat, minlength=len(option_group)) == size[option_group]
    option_of_edge = np.cumsum(new_option) - 1
    complete &= heads_of(option_of_edge, p.vacancy[edge], p.positions, len(option_group)) >= size[option_group]
    seat_of_edge = np.cumsum(new_seat) - 1
    if len(edge):
        cell = p.rows.cell[edge]
        complete &= ~crowded(option_of_edge, seat_of_edge, p.vacancy[edge], cell, p.rows, len(option_group))
    seat_kept = complete[option_of_seat]
    edge_kept = seat_kept[seat_of_edge] if len(edge) else np.zeros(0, bool)
    seat_size = np.bincount(seat_of_edge, minlength=len(seat_kept))[seat_kept]
    return Groups(
        option_ptr=_pointers(np.bincount(option_group[complete], minlength=n_groups)),
        seat_ptr=_pointers(size[option_group[complete]]),
        seat_worker=worker[new_seat][seat_kept].astype(np.int64),
        edge_ptr=_pointers(seat_size),
        edge=edge[edge_kept].astype(np.int64),
    )


def _changes(*columns: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Where a run of equal lines begins."""
    first = np.zeros(len(columns[0]), bool)
    first[:1] = True
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    return first


def _pointers(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
