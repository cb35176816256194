"""Chains of stays against a judge that walks every day."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge.matching.stays import MAX_CHAIN, StayRules, Stays, all_chains_within, alone, best_chains, may_follow

Stay = tuple[int, int, int]


def rules(*lines: tuple[list[int], int, int, int, int, int], classes: int = 3) -> StayRules:
    """Rules from (kinds bound and counted, most days, window, gap, career, reset), the same on every day."""
    binds = np.zeros((len(lines), classes), dtype=np.bool_)
    for row, line in enumerate(lines):
        binds[row, line[0]] = True
    terms = np.array([line[1:] for line in lines], dtype=np.int32).reshape(-1, 5)
    most, window, gap, career, reset = (np.repeat(terms[:, [k]], 700, axis=1) for k in range(5))
    return StayRules(binds, binds, -100, most, np.where(most > 0, window, 0), gap, career, reset)


def breaks_a_rule(chain: list[Stay], rule: StayRules) -> bool:
    """Walks the days: the slow, independent judge."""
    chain = sorted(chain)
    if any(later[0] <= earlier[1] for earlier, later in pairwise(chain)):
        return True
    for r in range(len(rule.most)):
        mine = [stay for stay in chain if rule.binds[r, stay[2]]]
        days = {day for start, end, _ in mine for day in range(start, end + 1)}
        if rule.window[r, 0]:
            for last in days:
                window = range(last - int(rule.window[r, 0]) + 1, last + 1)
                if sum(day in days for day in window) > rule.most[r, 0]:
                    return True
        if rule.gap[r, 0]:
            for earlier, later in pairwise(mine):
                if later[0] - earlier[1] - 1 < rule.gap[r, 0]:
                    return True
        if rule.career[r, 0]:
            total = 0
            previous = None
            for start, end, _ in mine:
                if previous is not None and rule.reset[r, 0] and start - previous > rule.reset[r, 0]:
                    total = 0
                total += end - start + 1
                previous = end
                if total > rule.career[r, 0]:
                    return True
    return False


def run(options: list[Stay], values: list[float], history: list[Stay], rule: StayRules) -> tuple[float, list[int]]:
    order = sorted(range(len(options)), key=lambda i: options[i])
    stays = [options[i] for i in order]
    chosen = np.empty((1, MAX_CHAIN), dtype=np.int64)
    bound = np.empty(1)
    units = alone(
        Stays(np.array([0, len(stays)]), *arrays(stays)), Stays(np.array([0, len(history)]), *arrays(sorted(history)))
    )
    best_chains(*units, rule.law, np.array([values[i] for i in order]), np.array([0]), chosen, bound)
    return float(bound[0]), [order[i] for i in chosen[0] if i >= 0]


def arrays(stays: list[Stay]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.array([s[0] for s in stays], dtype=np.int32),
        np.array([s[1] for s in stays], dtype=np.int32),
        np.array([s[2] for s in stays], dtype=np.int16),
    )


stay = st.tuples(st.integers(0, 40), st.integers(0, 12), st.integers(0, 2)).map(lambda s: (s[0], s[0] + s[1], s[2]))
rule = st.tuples(
    st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True),
    st.sampled_from([0, 6, 12]),
    st.sampled_from([15, 25]),
    st.sampled_from([0, 0, 3, 9]),
    st.sampled_from([0, 0, 20]),
    st.sampled_from([0, 8]),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(stay, st.integers(-3, 30)), min_size=1, max_size=7),
    st.lists(stay.map(lambda s: (s[0] - 60, s[1] - 60, s[2])), max_size=2),
    st.lists(rule, max_size=3),
)
def test_the_best_chain_is_the_best_that_a_day_by_day_judge_lets_pass(
    offers: list[tuple[Stay, int]], past: list[Stay], lines: list[tuple[list[int], int, int, int, int, int]]
) -> None:
    law = rules(*lines)
    if breaks_a_rule(past, law):
        past = []
    options, values = [offer[0] for offer in offers], [float(offer[1]) for offer in offers]
    best = 0.0
    for size in range(1, len(options) + 1):
        for some in combinations(range(len(options)), size):
            if not breaks_a_rule([*past, *(options[i] for i in some)], law):
                best = max(best, sum(values[i] for i in some))
    bound, chosen = run(options, values, past, law)
    assert bound == pytest.approx(best)
    assert sum(values[i] for i in chosen) == pytest.approx(best)
    assert not breaks_a_rule([*past, *(options[i] for i in chosen)], law)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(stay, st.integers(1, 30)), min_size=1, max_size=6), st.lists(rule, max_size=2))
def test_every_chain_near_the_best_is_listed(
    offers: list[tuple[Stay, int]], lines: list[tuple[list[int], int, int, int, int, int]]
) -> None:
    law = rules(*lines)
    offers = sorted(offers)
    options, values = [offer[0] for offer in offers], np.array([float(offer[1]) for offer in offers])
    legal = {
        some: sum(values[list(some)])
        for size in range(1, len(options) + 1)
        for some in combinations(range(len(options)), size)
        if not breaks_a_rule([options[i] for i in some], law)
    }
    top = max(legal.values(), default=0.0)
    units = alone(Stays(np.array([0, len(options)]), *arrays(options)), Stays(np.array([0, 0]), *arrays([])))
    found, complete = all_chains_within(np.array([0]), *units, law.law, values, 10.0, 1000)
    assert complete
    listed = {tuple(int(i) for i in row if i >= 0) for row in found}
    assert listed == {some for some, value in legal.items() if value >= top - 10.0}


@pytest.mark.parametrize(
    ("past", "start", "allowed"),
    [
        ([(0, 179, 0)], 365, True),  # the first stay has left the window of a year on day 544
        ([(0, 179, 0)], 200, False),  # 180 + 165 days within the year that ends on day 379
        ([], 0, True),
    ],
)
def test_nine_months_in_twelve_is_counted_to_the_day(past: list[Stay], start: int, allowed: bool) -> None:
    law = rules(([0], 270, 365, 0, 0, 0))
    before = arrays(past)
    got = may_follow(start, start + 179, 0, *before, len(past), law.law)
    assert got is allowed
