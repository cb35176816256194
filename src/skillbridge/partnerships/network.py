"""Which rules keep a plan a pure network flow, and which do not: seen from the rows they make.

Placements with head counts alone are a bipartite flow. A row over whole vacancies keeps it one if all such rows are
nested (each two apart, or one within the other), and so does a nested family over workers; a row that asks of both
sides, a share, or rows that cross do not.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rows import side_rows

Why = Literal["prune", "nested", "crossing", "both_sides", "ratio"]


class NetworkRule(msgspec.Struct, frozen=True):
    """How a rule enters the problem. prune: no row of its own; nested: rows of a laminar family; others break it."""

    partnership: str
    rule: str
    kind: str
    why: Why

    @property
    def keeps(self) -> bool:
        """Whether the problem stays a network with this rule."""
        return self.why in ("prune", "nested")


def network_rules(
    edges: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame, partnerships: Sequence[Partnership]
) -> list[NetworkRule]:
    """One entry a rule of the partnerships, in their order, for the rows over these edges (tables.EDGES)."""
    rows = side_rows(edges, workers, vacancies, partnerships)
    found: dict[tuple[str, str], Why] = {
        name: ("ratio" if side == "ratio" else "both_sides")
        for name, side, _ in rows
        if side in ("both_sides", "ratio")
    }
    for side in ("workers", "vacancies"):
        mine = [(name, members) for name, one, members in rows if one == side and name not in found]
        crossing = _crossing(
            [members for _, members in mine], workers.height if side == "workers" else vacancies.height
        )
        for (name, _), breaks in zip(mine, crossing, strict=True):
            found[name] = "crossing" if breaks or found.get(name) == "crossing" else "nested"
    return [
        NetworkRule(partnership.id, rule.id, rule.kind, found.get((partnership.id, rule.id), "prune"))
        for partnership in partnerships
        for rule in partnership.binding
    ]


def _crossing(sets: Sequence[npt.NDArray[np.int64]], n: int) -> list[bool]:
    """For each set, whether it crosses one at least as large: from large to small, each must lie within one set."""
    owner = np.full(n, -1, dtype=np.int64)
    result = [False] * len(sets)
    for number in sorted(range(len(sets)), key=lambda one: (-len(sets[one]), one)):
        members = sets[number]
        if len(members) and (owner[members] != owner[members[0]]).any():
            result[number] = True
        else:
            owner[members] = number
    return result
