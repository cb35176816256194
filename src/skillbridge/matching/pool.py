"""Workers who wait, in blocks that say what the best of each could be worth: the most promising ones for a vacancy.

A question opens blocks from the highest bound down and ends when no block left can hold anybody better; within a block
each worker is bounded by a card, nearly exactly. Nobody need be judged to be passed over.
"""

# mypy: disable-error-code="assignment,arg-type,no-any-return"

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillbridge.matching.encode import FOREVER, Jobs, Profiles
from skillbridge.matching.formulas import (
    Settings,
    compiled,
    floor_in,
    job_points,
    lacks,
    language_value,
    pair_closed,
    pair_points,
)
from skillbridge.matching.kernel import offer
from skillbridge.matching.objective import Promise

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BLOCK = 256
"""Workers in a block, at most."""
LONG_WORK, LONG_WAIT = 60, 730
"""Months of experience, and days of waiting, beyond which more make little difference to how good a block may be."""
BEHIND = 1 << 29
"""Points by which the workers of a block come after those of others, whatever they are worth: more than any pair is."""
CARD = 12
SINCE, UNTIL, FLOOR, MONEY, SPOKEN, SCHOOLED, PERMITS, WISHES, SKILLS, MONTHS, WAITING, FRESH = range(CARD)
"""Columns of a card: about a line of the processor's cache and a half a worker."""


class Pool(NamedTuple):
    """`worker` int32 in blocks `at`: block b is of one `occupation` and one `origin` (int32 codes), and holds only
    workers who come `later` (bool) or only others; those of long experience and waiting come first. `card` int64
    [workers, CARD] in the order of `worker`: what a bound looks at; WAITING is the day since when, FRESH 1 without a
    past season. Per block: `months` int64, the most; `longest` int64, the earliest such day; `fresh`, `wishing` bool,
    whether anybody is, or has wishes; `stated` int64, the most skills anybody states. `place` int64 [past texts + 1],
    `back` int32: the workers by the text of their past."""

    at: I64
    occupation: I32
    origin: I32
    later: Bools
    months: I64
    longest: I64
    fresh: Bools
    wishing: Bools
    stated: I64
    worker: I32
    card: I64
    place: I64
    back: I32


def pool(p: Profiles, origin: I32, waiting: I64, fresh: Bools, later: Bools, among: I32) -> Pool:
    """The workers `among` (rows in order). [all workers]: codes of their origin, the day since when they wait (FOREVER:
    not said), who has no past season, and who comes after all others."""
    apart, trade, home = later[among], p.occupation[among], origin[among]
    since = waiting[among]
    said = since < FOREVER
    long = np.where(said, (since[said].max(initial=0) - since) / LONG_WAIT, 0.0)
    promise = np.minimum(p.months[among] / LONG_WORK, 1.0) + np.minimum(long, 1.0)
    order = np.lexsort((among, -promise, apart, home, trade))
    worker, apart, trade, home = among[order], apart[order], trade[order], home[order]
    new = np.flatnonzero((np.diff(trade) != 0) | (np.diff(home) != 0) | (apart[1:] != apart[:-1])) + 1
    ends = np.append(new, len(worker))
    starts = np.concatenate([[0], new]).astype(np.int64) if len(worker) else ends[:0]
    at = np.concatenate([*(np.arange(a, b, BLOCK) for a, b in zip(starts, ends, strict=False)), [len(worker)]])
    at = at.astype(np.int64)
    card = np.empty((len(worker), CARD), dtype=np.int64)
    until = np.where(p.consent, p.end, -FOREVER)  # without consent nobody is ever available
    columns = (p.start, until, p.floor, p.currency, p.languages, p.education, p.licences, p.preferences, p.skills)
    for column, values in enumerate((*columns, p.months, waiting, fresh)):
        card[:, column] = values[worker]
    first = at[:-1]
    wishes = np.diff(p.wish_at)[card[:, WISHES]] > 0
    stated = np.diff(p.stated_at)[card[:, SKILLS]]
    past = p.past[among]
    return Pool(
        at,
        trade[first],
        home[first],
        apart[first],
        np.maximum.reduceat(card[:, MONTHS], first) if len(first) else first,
        np.minimum.reduceat(card[:, WAITING], first) if len(first) else first,
        np.logical_or.reduceat(card[:, FRESH] > 0, first) if len(first) else first > 0,
        np.logical_or.reduceat(wishes, first) if len(first) else first > 0,
        np.maximum.reduceat(stated, first) if len(first) else first,
        worker,
        card,
        np.searchsorted(np.sort(past), np.arange(len(p.past_at))).astype(np.int64),
        among[np.argsort(past, kind="stable")],
    )


class Wanted(NamedTuple):
    """What one vacancy asks of every worker, of whom those `known` (bool [workers]) are passed over and `opened` (bool
    [origins]) may come; others come `behind` by so many points.

    Its lists are two, of essential and of optional skills: `number` int32 [lists, skills] numbers theirs from 1, 0 for
    others; `times` int64 [lists, numbers]: how often one is listed; `kind` int8 [occupations, lists, numbers]: in
    which way an occupation implies it, -1 for none; `implied` int64 [occupations, lists, kinds] counts them.
    """

    opened: Bools
    known: Bools
    behind: int
    number: I32
    times: I64
    kind: npt.NDArray[np.int8]
    implied: I64


def wanted(p: Profiles, jobs: Jobs, skills: int, opened: Bools, known: Bools, behind: int) -> Wanted:
    """What vacancy 0 of `jobs` asks, over `skills` skills in all."""
    lists = [jobs.job_essential[jobs.job[0]], jobs.job_optional[jobs.job[0]]]
    asked = [np.unique(jobs.list_skill[jobs.list_at[n] : jobs.list_at[n + 1]], return_counts=True) for n in lists]
    width = 1 + max(len(one) for one, _ in asked)
    number, times = np.zeros((2, skills), dtype=np.int32), np.zeros((2, width), dtype=np.int64)
    occupations = len(p.implied_at) - 1
    occupation = np.repeat(np.arange(occupations), np.diff(p.implied_at))
    kind = np.full((occupations, 2, width), -1, dtype=np.int8)
    for which, (listed, count) in enumerate(asked):
        number[which, listed] = np.arange(1, len(listed) + 1)
        times[which, 1 : len(listed) + 1] = count
        hit = np.flatnonzero(number[which, p.implied])
        kind[occupation[hit], which, number[which, p.implied[hit]]] = p.implied_kind[hit]
    implied = np.stack([(times * (kind == k)).sum(axis=2) for k in range(len(p.learned))], axis=2)
    return Wanted(opened, known, behind, number, times, kind, implied)


@compiled
def promised(score: int, days: int, waited: float, fresh: bool, worth: Promise) -> int:
    """Objective points of a pair that is no return: as :func:`skillbridge.matching.objective.points`."""
    value = worth.sure + worth.quality * score
    if worth.gain > 0:
        value += worth.gain * min(1000, int(worth.weekly * days / 7 * 1000 / worth.full))
    if worth.fairness > 0:
        months = int(min(1000.0, max(0.0, waited * 1000 * 12 / (365.25 * worth.full_months))))
        value += worth.fairness * (months * (1000 - worth.never) // 1000 + (worth.never if fresh else 0))
    return max(1, value // 1000)


@compiled
def cover_of(wanted: Wanted, p: Profiles, occupation: int, which: int, months: int, stated: int, size: int) -> int:
    """The cover of a list of `size` skills, of which an occupation leaves `stated` thousandths to what a worker states;
    -1 for an empty list."""
    if size == 0:
        return -1
    total = stated
    for kind in range(2):
        total += wanted.implied[occupation, which, kind] * p.learned[kind, months]
    return min(1000, total // size)


@compiled
def promising(
    p: Profiles, jobs: Jobs, s: Settings, pool: Pool, wanted: Wanted, worth: Promise, keys: I64, rows: I32
) -> int:
    """Write the workers that vacancy 0 may promise most, and how much, into the heap of `rows` and `keys`; its size.

    A key is (points at most << 32) - row. A heap that is not full holds everybody to whom the vacancy may be open.
    """
    j, cell = jobs.job[0], jobs.cell[0]
    start, end, wage, employer = jobs.start[0], jobs.end[0], jobs.wage[0], jobs.employer[0]
    trade, asked_months, schooling, is_open = (
        jobs.job_occupation[j],
        jobs.job_months[j],
        jobs.job_education[j],
        jobs.job_open[j],
    )
    currency, destination = jobs.cell_currency[cell], jobs.cell_destination[cell]
    first_language, last_language = jobs.language_at[j], jobs.language_at[j + 1]
    first_licence, last_licence = jobs.licence_at[j], jobs.licence_at[j + 1]
    must, may = jobs.job_essential[j], jobs.job_optional[j]
    asks, wishes = jobs.list_at[must + 1] - jobs.list_at[must], jobs.list_at[may + 1] - jobs.list_at[may]
    at, card = pool.at, pool.card
    n_blocks, days = len(at) - 1, end - start + 1
    bounds = np.empty(n_blocks, dtype=np.int64)
    spoken_most = s.met
    if last_language > first_language:
        spoken_most = max(0, min(1000, s.met + 5 * s.step_above))
    for b in range(n_blocks):
        bounds[b] = -1 << 40
        occupation = pool.occupation[b]
        closeness = p.closeness[occupation, trade]
        if not wanted.opened[pool.origin[b]] or (closeness == 0 and not is_open and asks == 0):
            continue
        months = pool.months[b]
        essential = cover_of(wanted, p, occupation, 0, months, 1000 * pool.stated[b], asks)
        optional = cover_of(wanted, p, occupation, 1, months, 1000 * pool.stated[b], wishes)
        if closeness == 0 and not is_open and essential < s.min_cover:
            continue
        points = job_points(closeness, essential, optional, months, asked_months, spoken_most, s)
        points += s.wage * max(1000, s.unknown_wage) + s.availability * 1000
        if pool.wishing[b]:
            points += s.wish * 1000
        waited = np.float64(max(0, end - pool.longest[b]))
        bounds[b] = promised((points + 500) // 1000, days, waited, pool.fresh[b], worth)
        if pool.later[b]:
            bounds[b] -= wanted.behind
    size, held = 0, np.zeros(2, dtype=np.int64)
    for b in np.argsort(-bounds):
        if bounds[b] <= -1 << 40 or (size == len(keys) and (bounds[b] << 32) <= keys[0]):
            break
        occupation = pool.occupation[b]
        closeness = p.closeness[occupation, trade]
        unrelated = closeness == 0 and not is_open
        for place in range(at[b], at[b + 1]):
            floor = np.int64(0)
            if card[place, FLOOR] > 0:
                floor = floor_in(card[place, FLOOR], p.factor[card[place, MONEY], currency])
            since, until = card[place, SINCE], card[place, UNTIL]
            if pair_closed(start, end, since, until, wage, floor, s) >= 0 or card[place, SCHOOLED] < schooling:
                continue
            months, text = card[place, MONTHS], card[place, SKILLS]
            held[:] = 0
            for k in range(p.stated_at[text], p.stated_at[text + 1]):
                for which in range(2):
                    n = wanted.number[which, p.stated[k]]
                    if n > 0:
                        kind = wanted.kind[occupation, which, n]
                        lacking = 1000 - p.learned[kind, months] if kind >= 0 else 1000
                        held[which] += wanted.times[which, n] * lacking
            essential = cover_of(wanted, p, occupation, 0, months, held[0], asks)
            if unrelated and essential < s.min_cover:
                continue
            spoken, speechless = language_value(
                p.levels, card[place, SPOKEN], jobs.language, jobs.level, first_language, last_language, s
            )
            if speechless or lacks(p.held, card[place, PERMITS], jobs.licence, first_licence, last_licence):
                continue
            wish, refused = 0, False
            text = card[place, WISHES]
            for k in range(p.wish_at[text], p.wish_at[text + 1]):
                if p.wish_destination[k] == destination or p.wish_employer[k] == employer:
                    refused |= p.wish_weight[k] < 0
                    wish = max(wish, p.wish_weight[k])
            worker = pool.worker[place]
            if refused or wanted.known[worker]:
                continue
            optional = cover_of(wanted, p, occupation, 1, months, held[1], wishes)
            points = job_points(closeness, essential, optional, months, asked_months, spoken, s)
            points += pair_points(start, end, since, until, wage, floor, s) + s.wish * 200 * wish
            begin, waiting = max(start, since), card[place, WAITING]
            stay, waited = min(end, until) - begin + 1, np.float64(begin - waiting)
            most = promised((points + 500) // 1000, stay, waited, card[place, FRESH] > 0, worth)
            if pool.later[b]:
                most -= wanted.behind
            size = offer(keys, rows, size, (most << 32) - worker, worker)
    return size
