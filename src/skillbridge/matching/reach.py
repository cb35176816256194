"""Candidates from the vacancies' side: whoever the workers' own lists left out is looked for in the whole pool."""

# mypy: disable-error-code="assignment,arg-type"

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillbridge.matching.encode import FOREVER, Jobs, Profiles
from skillbridge.matching.formulas import Settings, compiled, floor_in, pair_closed
from skillbridge.matching.kernel import mixed, offer, place_of, stride
from skillbridge.matching.pairs import REFUSED, Carried, judge_pairs

BATCH = 256
"""Pairs judged at a time, at most."""


class Herds(NamedTuple):
    """Workers of an occupation and admission class together: `at` offsets, `worker` herd by herd, within a herd by a
    hash of the id. `card` int64 [workers, CARD]: what a vacancy first looks at, in the order of `worker`; of the skills
    a worker states, MARKS has the bits of their numbers modulo 63."""

    at: npt.NDArray[np.int64]
    worker: npt.NDArray[np.int32]
    card: npt.NDArray[np.int64]


CARD = 9
SINCE, UNTIL, FLOOR, MONEY, SPOKEN, SCHOOLED, PERMITS, WISHES, MARKS = range(CARD)
"""Columns of a card: about one line of the processor's cache a worker."""


def herds(p: Profiles, carried: Carried) -> Herds:
    """The herds of a pool."""
    order = np.lexsort((p.tie, carried.worker, p.occupation)).astype(np.int32)
    occupation, admission = p.occupation[order], carried.worker[order]
    new = np.flatnonzero((np.diff(occupation) != 0) | (np.diff(admission) != 0)) + 1
    at = np.concatenate(([0], new, [len(order)])) if len(order) else np.zeros(1)
    card = np.empty((len(order), CARD), dtype=np.int64)
    until = np.where(p.consent, p.end, -FOREVER)  # without consent nobody is ever available
    for column, values in enumerate(
        (p.start, until, p.floor, p.currency, p.languages, p.education, p.licences, p.preferences)
    ):
        card[:, column] = values[order]
    text = np.repeat(np.arange(len(p.stated_at) - 1), np.diff(p.stated_at))
    marks = np.zeros(len(p.stated_at) - 1, dtype=np.int64)
    np.bitwise_or.at(marks, text, np.int64(1) << (p.stated.astype(np.int64) % 63))
    card[:, MARKS] = marks[p.skills[order]]
    return Herds(at.astype(np.int64), order, card)


@compiled
def brought(p: Profiles, jobs: Jobs, must: int, strength: npt.NDArray[np.int32], sums: npt.NDArray[np.int64]) -> None:
    """Fill `sums` [occupations] with the most that anybody's occupation implies of the skills of a list, added up.

    `strength` [skills] is scratch, all 0.
    """
    for occupation in range(len(sums)):
        first, last = p.implied_at[occupation], p.implied_at[occupation + 1]
        for at in range(first, last):
            strength[p.implied[at]] = max(strength[p.implied[at]], p.learned[p.implied_kind[at], -1])
        sums[occupation] = 0
        for at in range(jobs.list_at[must], jobs.list_at[must + 1]):
            sums[occupation] += strength[jobs.list_skill[at]]
        for at in range(first, last):
            strength[p.implied[at]] = 0


@compiled
def fitting(
    p: Profiles,
    jobs: Jobs,
    s: Settings,
    h: Herds,
    v: int,
    places: npt.NDArray[np.int64],
    missing: npt.NDArray[np.int64],
    asked: npt.NDArray[np.int32],
) -> int:
    """Write into `asked` the workers at some places of the herds to whom vacancy `v` may be open; how many there are.

    `missing` [places]: what a worker's occupation leaves missing of the cover asked, in thousandths of a skill.
    """
    j, cell = jobs.job[v], jobs.cell[v]
    must = jobs.job_essential[j]
    start, end, wage, employer = jobs.start[v], jobs.end[v], jobs.wage[v], jobs.employer[v]
    currency, destination, schooling = jobs.cell_currency[cell], jobs.cell_destination[cell], jobs.job_education[j]
    first_language, last_language = jobs.language_at[j], jobs.language_at[j + 1]
    first_licence, last_licence = jobs.licence_at[j], jobs.licence_at[j + 1]
    language, level, licence, levels, held = jobs.language, jobs.level, jobs.licence, p.levels, p.held
    wish_at, wish_weight, factor, card = p.wish_at, p.wish_weight, p.factor, h.card
    wish_destination, wish_employer = p.wish_destination, p.wish_employer
    skill, first_skill, last_skill = jobs.list_skill, jobs.list_at[must], jobs.list_at[must + 1]
    n = 0
    for k in range(len(places)):
        place = places[k]
        floor = np.int64(0)
        if card[place, FLOOR] > 0:
            floor = floor_in(card[place, FLOOR], factor[card[place, MONEY], currency])
        if pair_closed(start, end, card[place, SINCE], card[place, UNTIL], wage, floor, s) >= 0:
            continue
        closed = card[place, SCHOOLED] < schooling
        if missing[k] > 0:
            stated = np.int64(0)
            for at in range(first_skill, last_skill):
                stated += (card[place, MARKS] >> np.int64(skill[at] % 63)) & 1
            closed |= 1000 * stated < missing[k]
        for at in range(first_language, last_language):
            closed |= level[at] - levels[card[place, SPOKEN], language[at]] > s.steps_below
        for at in range(first_licence, last_licence):
            closed |= not held[card[place, PERMITS], licence[at]]
        for at in range(wish_at[card[place, WISHES]], wish_at[card[place, WISHES] + 1]):
            closed |= wish_weight[at] < 0 and (wish_destination[at] == destination or wish_employer[at] == employer)
        if not closed:
            asked[n] = h.worker[place]
            n += 1
    return n


@compiled
def grouped(
    group: npt.NDArray[np.int32], member: npt.NDArray[np.int32], n: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """(offsets [n + 1], members group by group, in order) of pairs (group, member)."""
    at = np.zeros(n + 1, dtype=np.int64)
    for g in group:
        at[g + 1] += 1
    at = np.cumsum(at)
    place = at.copy()
    members = np.empty(len(member), dtype=np.int32)
    for i in range(len(group)):
        members[place[group[i]]] = member[i]
        place[group[i]] += 1
    return at, members


@compiled
def reach(
    p: Profiles,
    jobs: Jobs,
    s: Settings,
    carried: Carried,
    skills: int,
    h: Herds,
    wanted: npt.NDArray[np.int32],
    need: npt.NDArray[np.int64],
    patience: npt.NDArray[np.int64],
    tie: npt.NDArray[np.uint64],
    known_at: npt.NDArray[np.int64],
    known: npt.NDArray[np.int32],
    at: npt.NDArray[np.int64],
    worker: npt.NDArray[np.int32],
    score: npt.NDArray[np.int32],
    found: npt.NDArray[np.int64],
) -> None:
    """Fill for each vacancy wanted[i] up to need[i] workers with their scores, from at[i] on; found[i] says how many.

    Related occupations are searched first, then, if still short, all that the work is open to. Herds are walked in an
    order of the vacancy's own until twice the need is found (the best of them are kept), or patience[i] pairs were
    judged. The workers of vacancy v in known[known_at[v]:known_at[v + 1]] are passed over.
    """
    passed = np.zeros(len(p.months), dtype=np.bool_)
    herd_at, herd_worker = h.at, h.worker
    n_herds = len(herd_at) - 1
    opened, ends = np.zeros((2, n_herds), dtype=np.int32), np.zeros((2, n_herds), dtype=np.int64)
    lacks, size_of = np.zeros((2, n_herds), dtype=np.int64), np.zeros(2, dtype=np.int64)
    places, missing = np.zeros(BATCH, dtype=np.int64), np.zeros(BATCH, dtype=np.int64)
    asked, offered = np.zeros(BATCH, dtype=np.int32), np.zeros(BATCH, dtype=np.int32)
    points, closed = np.zeros(BATCH, dtype=np.int32), np.zeros(BATCH, dtype=np.int32)
    strength, sums = np.zeros(skills, dtype=np.int32), np.zeros(len(p.implied_at) - 1, dtype=np.int64)
    for i in range(len(wanted)):
        v = wanted[i]
        j, there = jobs.job[v], jobs.cell_admission[jobs.cell[v]]
        must = jobs.job_essential[j]
        asks = jobs.list_at[must + 1] - jobs.list_at[must]
        u = wanted[i - 1]
        if i == 0 or j != jobs.job[u] or there != jobs.cell_admission[jobs.cell[u]]:
            open_herds(p, carried, h, jobs.job_occupation[j], there, opened, ends, size_of)
            brought(p, jobs, must, strength, sums)
            least = 0 if jobs.job_open[j] else s.min_cover * asks
            for k in range(size_of[UNRELATED]):
                first = herd_worker[herd_at[opened[UNRELATED, k]]]
                lacks[UNRELATED, k] = least - sums[p.occupation[first]]
        for k in range(known_at[v], known_at[v + 1]):
            passed[known[k]] = True
        offered[:] = v
        batch = min(BATCH, 8 + 4 * need[i])
        keys = np.zeros(need[i], dtype=np.int64)
        rows = np.zeros(need[i], dtype=np.int32)
        size = 0
        seen = 0
        judged = 0
        others = jobs.job_open[j] or asks > 0
        for side in range(2):
            if side == UNRELATED and (seen >= need[i] or not others):
                break
            n_opened = size_of[side]
            total = ends[side, n_opened - 1] if n_opened else 0
            if total == 0:
                continue
            position, step = stride(total, mixed(tie[i]))
            left = total
            while left and judged < patience[i] and seen < 2 * need[i]:
                n = 0
                while left and n < batch:
                    k = place_of(ends[side], n_opened, position)
                    place = herd_at[opened[side, k] + 1] - ends[side, k] + position
                    position += step
                    if position >= total:
                        position -= total
                    left -= 1
                    if not passed[herd_worker[place]]:
                        places[n] = place
                        missing[n] = lacks[side, k]
                        n += 1
                judged += n
                n = fitting(p, jobs, s, h, v, places[:n], missing[:n], asked)
                judge_pairs(p, jobs, s, carried, skills, asked[:n], offered[:n], points[:n], closed[:n])
                for k in range(n):
                    if closed[k] < 0:
                        seen += 1
                        size = offer(keys, rows, size, (np.int64(points[k]) << 32) - seen, asked[k])
        for k in range(known_at[v], known_at[v + 1]):
            passed[known[k]] = False
        for k in range(size):
            worker[at[i] + k] = rows[k]
            score[at[i] + k] = (keys[k] + (1 << 31)) >> 32
        found[i] = size


RELATED, UNRELATED = 0, 1


@compiled
def open_herds(
    p: Profiles,
    carried: Carried,
    h: Herds,
    occupation: int,
    there: int,
    opened: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int64],
    size_of: npt.NDArray[np.int64],
) -> None:
    """List the herds that may go there: those of RELATED occupations in `opened` [0], the others in [1].

    `ends` has the running count of their workers, `size_of` the number of herds of either side.
    """
    size_of[:] = 0
    for herd in range(len(h.at) - 1):
        first = h.worker[h.at[herd]]
        if carried.pathway[carried.worker[first], there] == REFUSED:
            continue
        side = RELATED if p.closeness[p.occupation[first], occupation] > 0 else UNRELATED
        n = size_of[side]
        opened[side, n] = herd
        ends[side, n] = h.at[herd + 1] - h.at[herd] + (ends[side, n - 1] if n else 0)
        size_of[side] = n + 1
