"""Families of quotas as pools of places: what may be taken from where, as rows and as a flow.

By Hall's theorem there are enough places exactly when, for every set of pools S, the placements that may use no pool
outside S are at most the places of S.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from skillbridge.partnerships.cases import Case
from skillbridge.partnerships.dates import Period
from skillbridge.partnerships.rules.base import Limit, LimitsOf, Tally, Violation
from skillbridge.partnerships.view import Codes, Population, View

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership
    from skillbridge.partnerships.rules.quota import QuotaRule


def _uses(family: Sequence["QuotaRule"]) -> list[int]:
    """For each pool's population, the pools it may use, as bits: its own, and those that roll over into it."""
    number = {rule.id: n for n, rule in enumerate(family)}
    uses = [1 << n for n in range(len(family))]
    for _ in family:
        for n, rule in enumerate(family):
            if rule.rollover_to in number:
                uses[number[rule.rollover_to]] |= uses[n]
    return uses


def _hall_sets(opened: Iterable[int]) -> list[int]:
    """The sets of pools (bits) whose rows are needed, given what the placements that can occur may use: the unions,
    without those that fall into two parts no placement connects."""
    wanted = {pools for pools in opened if pools}
    sets = set(wanted)
    for pools in wanted:
        sets |= {pools | other for other in sets}

    def splits(whole: int) -> bool:
        inside = [pools for pools in wanted if pools & ~whole == 0]
        return any(
            part != whole and part & ~whole == 0 and all(p & ~part == 0 or p & part == 0 for p in inside)
            for part in sets
        )

    return sorted(pools for pools in sets if not splits(pools))


def _possible(populations: Sequence[Population], n_vacancies: int) -> set[int]:
    """The patterns of populations that some vacancy allows, whoever the worker."""
    bits = np.zeros(n_vacancies, dtype=np.int64)
    for n, population in enumerate(populations):
        somebody = np.zeros(n_vacancies, dtype=np.bool_)
        for mask in population.include:
            somebody |= True if mask.vacancy is None else mask.vacancy
        bits |= somebody.astype(np.int64) << n
    patterns: set[int] = set()
    for whole in np.unique(bits).tolist():
        part = whole
        while part:
            patterns.add(part)
            part = (part - 1) & whole
    return patterns


def _usable(pattern: int, uses: Sequence[int], roots: int) -> int:
    """The pools (bits) open to a placement in the populations of `pattern`; 0 if no root counts it."""
    if not pattern & roots:
        return 0
    open_pools = 0
    for n, mask in enumerate(uses):
        if pattern >> n & 1:
            open_pools |= mask
    return open_pools


def _roots(family: Sequence["QuotaRule"]) -> int:
    return sum(1 << n for n, rule in enumerate(family) if rule.adds_to is None)


def _family_period(family: Sequence["QuotaRule"]) -> Period | None:
    return next((rule.period for rule in family if rule.adds_to is None and rule.period), None)


def family_rows(family: Sequence["QuotaRule"], view: View, partnership: "Partnership") -> Iterator[Tally]:
    head, uses, roots = family[0], _uses(family), _roots(family)
    period = _family_period(family)
    spans: Sequence[tuple[date, date] | None] = [None]
    numbers: Codes | None = None
    if period:
        spans, numbers = period.codes(view.start)
    populations = tuple(rule.population(view, partnership) for rule in family)
    possible = _possible(populations, len(view.start))
    opened = np.array(
        [_usable(pattern, uses, roots) if pattern in possible else 0 for pattern in range(1 << len(family))],
        dtype=np.int64,
    )
    sets = _hall_sets(opened.tolist())
    if not sets:
        return
    columns = [((opened != 0) & (opened & ~pools == 0)) for pools in sets]
    table: dict[tuple[int, int], Sequence[Limit | None]] = {}
    for j, span in enumerate(spans):
        capacity = [rule.places(span, ()) or 0 for rule in family]
        table[0, j] = [
            head.limit(
                sum(places for n, places in enumerate(capacity) if pools >> n & 1),
                label_of(("+".join(rule.id for n, rule in enumerate(family) if pools >> n & 1),), span, period),
                head.count,
            )
            for pools in sets
        ]
    yield Tally(
        head.id,
        populations,
        np.stack(columns, axis=1).astype(np.int64),
        LimitsOf(table=table),
        None,
        numbers,
        head.pathways(),
    )


def judge_family(
    family: Sequence["QuotaRule"], cases: Sequence[Case], partnership: "Partnership"
) -> Iterator[Violation]:
    """By matching placements to pools one by one (augmenting paths), not by the rows."""
    uses, roots, period = _uses(family), _roots(family), _family_period(family)
    groups: dict[tuple[date, date] | None, list[tuple[Case, int]]] = {}
    for case in cases:
        pattern = sum(1 << n for n, rule in enumerate(family) if rule.applies(case, partnership))
        if pools := _usable(pattern, uses, roots):
            span = period.bounds(case.start) if period else None
            groups.setdefault(span, []).append((case, pools))
    for span, group in sorted(groups.items(), key=lambda item: str(item[0])):
        seated = _seated([pools for _, pools in group], [rule.places(span, ()) or 0 for rule in family])
        if seated < len(group):
            yield family[0].broken(
                partnership, "quota.max", [case for case, _ in group], len(group) - seated, family[0].count,
                limit=seated, used=len(group), label=label_of(("+".join(rule.id for rule in family),), span, period),
            )  # fmt: skip


def _seated(wanted: Sequence[int], places: Sequence[int]) -> int:
    """How many placements find a place, each in one of the pools of its bits: a maximum flow."""
    kinds = Counter(wanted)
    n, m = len(kinds), len(places)
    graph = np.zeros((n + m + 2, n + m + 2), dtype=np.int32)
    for i, (pools, count) in enumerate(sorted(kinds.items())):
        graph[0, 1 + i] = count
        for j in range(m):
            if pools >> j & 1:
                graph[1 + i, 1 + n + j] = count
    graph[1 + n : 1 + n + m, -1] = np.minimum(places, np.iinfo(np.int32).max)
    return int(maximum_flow(sparse.csr_array(graph), 0, n + m + 1).flow_value)


def label_of(key: tuple[str, ...], span: tuple[date, date] | None, period: Period | None) -> str:
    words = [part or "?" for part in key]
    if span is not None:
        first, last = span
        kind = period.kind if period else ""
        if kind == "month":
            words.append(f"{first:%Y-%m}")
        elif kind in ("year", "fiscal_year") and (first.month, first.day) == (1, 1):
            words.append(str(first.year))
        else:
            words.append(f"{'' if first == date.min else first}..{'' if last == date.max else last}")
    return " ".join(words)
