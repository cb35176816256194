"""People who go together need places in common: what the lists of a group's members agree on most."""

import numpy as np
import numpy.typing as npt
import polars as pl

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]


def crew_pairs(group_id: pl.Series, vacancy: I32, score: I32, limit: int) -> tuple[I32, I32]:
    """Pairs (worker, vacancy) of every member of a group with the `limit` vacancies that its members' lists value most.

    `vacancy` and `score` int32 [workers x any] are the members' own lists (-1: none). A vacancy counts with the sum of
    its scores over the members who list it, equal ones by their number.
    """
    named = group_id.replace("", None)
    crew = pl.DataFrame({"g": named}).with_row_index("w").filter(pl.col("g").is_not_null())
    crew = crew.filter(pl.len().over("g") > 1).with_columns(crew=pl.col("g").rank("dense") - 1)
    if crew.is_empty():
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)
    members = crew["w"].to_numpy().astype(np.int64)
    number = crew["crew"].to_numpy().astype(np.int64)
    listed = vacancy[members]
    held = listed >= 0
    size = int(vacancy.max(initial=0)) + 1
    key = np.repeat(number, held.sum(axis=1)) * size + listed[held]
    wanted, at = np.unique(key, return_inverse=True)
    worth = np.bincount(at, weights=score[members][held])
    order = np.lexsort((wanted, -worth, wanted // size))
    whose = (wanted // size)[order]
    place = np.arange(len(order)) - np.searchsorted(whose, whose)
    best = wanted[order[place < limit]]
    start = np.searchsorted(best // size, np.arange(int(number.max()) + 2))
    count = np.diff(start)[number]
    ends = np.cumsum(count)
    row = np.arange(int(ends[-1]) if len(ends) else 0)
    owner = np.repeat(np.arange(len(members)), count)
    picked = best[start[number[owner]] + row - (ends - count)[owner]] % size
    return members[owner].astype(np.int32), picked.astype(np.int32)
