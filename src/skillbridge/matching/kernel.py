"""The fast path: the same integers as the criteria, compiled, over chunks of workers, and never a dense matrix.

Work that many pairs share is done once: what a job asks is weighed once per worker and job, who may go and what a cell
pays at most once per worker and cell. Cells are then opened in the order of the best score they could still hold, and
the search ends when no unopened cell can improve the worker's list. Within cells that promise the same, vacancies are
visited in an order of the worker's own, so that equal vacancies share the candidates evenly.
"""

# Compiled code mixes Python's and numpy's integers freely, which the type checker holds apart:
# mypy: disable-error-code="assignment,return-value,no-any-return"

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from skillbridge.matching.criteria import (
    Availability,
    EssentialSkills,
    Experience,
    Language,
    Occupation,
    OptionalSkills,
    Returning,
    Wage,
    Wish,
)
from skillbridge.matching.encode import Jobs, Profiles
from skillbridge.matching.filters import Reason
from skillbridge.matching.policy import Policy

F = TypeVar("F", bound=Callable[..., object])

REFUSED = 255
"""The pathway of a pair that no partnership carries."""

RULE = len(Reason)
"""Reasons are counted in one array: first those of :class:`Reason`, from here on the admission's own."""

_CONSENT, _OCCUPATION, _REFUSAL = int(Reason.CONSENT), int(Reason.OCCUPATION), int(Reason.REFUSED)
_LANGUAGE, _EDUCATION, _LICENCE = int(Reason.LANGUAGE), int(Reason.EDUCATION), int(Reason.LICENCE)
_CURRENCY, _WINDOW, _WAGE = int(Reason.CURRENCY), int(Reason.WINDOW), int(Reason.WAGE)


def compiled(function: F) -> F:
    """`function` compiled on first call, kept on disk, and free of the interpreter's lock."""
    return cast(F, numba.njit(function, cache=True, nogil=True))


class Settings(NamedTuple):
    """A policy as integers (see :class:`skillbridge.matching.policy.Policy`); weights of absent criteria are 0."""

    occupation: int
    essential: int
    optional: int
    experience: int
    language: int
    wage: int
    availability: int
    returning: int
    wish: int
    full_months: int
    met: int
    step_above: int
    step_below: int
    at_floor: int
    full_wage: int
    unknown_wage: int
    named: int
    returned: int
    min_overlap: int
    steps_below: int
    min_cover: int


class Carried(NamedTuple):
    """Who may go where: `worker` int32 [workers] class, `pathway` u8 and `reason` u16 [worker x vacancy classes]."""

    worker: npt.NDArray[np.int32]
    pathway: npt.NDArray[np.uint8]
    reason: npt.NDArray[np.uint16]


def settings(policy: Policy) -> Settings:
    """The policy's numbers for the kernels."""
    given = {type(criterion): criterion for criterion in policy.criteria}
    weight = {kind: criterion.weight for kind, criterion in given.items()}
    experience = cast(Experience, given.get(Experience, Experience(0, 1)))
    language = cast(Language, given.get(Language, Language(0, 0, 0, 0)))
    wage = cast(Wage, given.get(Wage, Wage(0, 0, 1001, 0)))
    returning = cast(Returning, given.get(Returning, Returning(0, 0, 0)))
    return Settings(
        occupation=weight.get(Occupation, 0),
        essential=weight.get(EssentialSkills, 0),
        optional=weight.get(OptionalSkills, 0),
        experience=experience.weight,
        language=language.weight,
        wage=wage.weight,
        availability=weight.get(Availability, 0),
        returning=returning.weight,
        wish=weight.get(Wish, 0),
        full_months=experience.full_months,
        met=language.met,
        step_above=language.step_above,
        step_below=language.step_below,
        at_floor=wage.at_floor,
        full_wage=wage.full,
        unknown_wage=wage.unknown,
        named=returning.named,
        returned=returning.returning,
        min_overlap=policy.filters.min_overlap,
        steps_below=policy.filters.language_steps_below,
        min_cover=policy.filters.min_cover,
    )


@compiled
def hold(p: Profiles, w: int, strength: npt.NDArray[np.int32]) -> None:
    """Write the strength of every skill worker `w` holds into `strength` [skills]."""
    for at in range(p.implied_at[p.occupation[w]], p.implied_at[p.occupation[w] + 1]):
        strength[p.implied[at]] = p.learned[p.implied_kind[at], p.months[w]]
    for at in range(p.stated_at[p.skills[w]], p.stated_at[p.skills[w] + 1]):
        strength[p.stated[at]] = 1000


@compiled
def release(p: Profiles, w: int, strength: npt.NDArray[np.int32]) -> None:
    """Clear what :func:`hold` wrote."""
    for at in range(p.implied_at[p.occupation[w]], p.implied_at[p.occupation[w] + 1]):
        strength[p.implied[at]] = 0
    for at in range(p.stated_at[p.skills[w]], p.stated_at[p.skills[w] + 1]):
        strength[p.stated[at]] = 0


@compiled
def fit(p: Profiles, w: int, jobs: Jobs, j: int, s: Settings, strength: npt.NDArray[np.int32]) -> tuple[int, int]:
    """(points of the criteria that depend on the job alone, in millionths; the reason it is closed, -1 if open)."""
    closeness = p.closeness[p.occupation[w], jobs.job_occupation[j]]
    essential = closeness
    cover = 0
    first, last = jobs.essential_at[j], jobs.essential_at[j + 1]
    if last > first:
        for at in range(first, last):
            cover += strength[jobs.essential[at]]
        cover //= last - first
        essential = cover
    closed = -1
    if closeness == 0 and not jobs.job_open[j] and cover < s.min_cover:
        closed = _OCCUPATION
    optional = closeness
    first, last = jobs.optional_at[j], jobs.optional_at[j + 1]
    if last > first:
        optional = 0
        for at in range(first, last):
            optional += strength[jobs.optional[at]]
        optional //= last - first
    experience = min(1000, p.months[w] * closeness // max(s.full_months, jobs.job_months[j]))
    language = s.met
    first, last = jobs.language_at[j], jobs.language_at[j + 1]
    if last > first:
        language = 0
        for at in range(first, last):
            steps = p.levels[p.languages[w], jobs.language[at]] - jobs.level[at]
            if closed < 0 and -steps > s.steps_below:
                closed = _LANGUAGE
            language += max(0, min(1000, s.met + steps * (s.step_above if steps > 0 else s.step_below)))
        language //= last - first
    if closed < 0 and p.education[w] < jobs.job_education[j]:
        closed = _EDUCATION
    if closed < 0:
        for at in range(jobs.licence_at[j], jobs.licence_at[j + 1]):
            if not p.held[p.licences[w], jobs.licence[at]]:
                closed = _LICENCE
    points = (
        s.occupation * closeness
        + s.essential * essential
        + s.optional * optional
        + s.experience * experience
        + s.language * language
    )
    return points, closed


@compiled
def floor_in(p: Profiles, w: int, currency: int) -> int:
    """The worker's wage floor in minor units of a currency of the market: 0 none, -1 not convertible."""
    if p.floor[w] <= 0:
        return 0
    factor = p.factor[p.currency[w], currency]
    return -1 if factor < 0 else np.int64(p.floor[w] * factor + 0.5)


@compiled
def wage_value(wage: int, floor: int, s: Settings) -> int:
    """The value of a wage (-1 unknown) against a floor."""
    if wage < 0 or floor <= 0:
        return s.unknown_wage
    points = s.at_floor + (1000 - s.at_floor) * (wage - floor) * 1000 // (floor * (s.full_wage - 1000))
    return max(0, min(1000, points))


@compiled
def overlap_days(p: Profiles, w: int, jobs: Jobs, v: int) -> int:
    """Days of the contract on which the worker is available."""
    return max(0, min(jobs.end[v], p.end[w]) - max(jobs.start[v], p.start[w]) + 1)


@compiled
def pair(p: Profiles, w: int, jobs: Jobs, v: int, s: Settings, floor: int) -> tuple[int, int]:
    """(points of wage and availability, in millionths; the reason the pair is closed, -1 if open)."""
    wage = jobs.wage[v]
    days = jobs.end[v] - jobs.start[v] + 1
    overlap = overlap_days(p, w, jobs, v)
    points = s.wage * wage_value(wage, floor, s) + s.availability * (overlap * 1000 // days)
    if wage >= 0 and floor < 0:
        return points, _CURRENCY
    if overlap <= 0 or overlap * 1000 < s.min_overlap * days:
        return points, _WINDOW
    if wage >= 0 and wage < floor:
        return points, _WAGE
    return points, -1


@compiled
def is_named(p: Profiles, w: int, v: int) -> bool:
    """Whether vacancy `v` asks for worker `w` by name."""
    found = False
    for at in range(p.named_at[w], p.named_at[w + 1]):
        found |= p.named[at] == v
    return found


@compiled
def bonds(p: Profiles, w: int, jobs: Jobs, v: int, destination: int, s: Settings) -> tuple[int, bool]:
    """(points of returning and wish, in millionths; whether the worker refuses the destination or employer)."""
    employer = jobs.employer[v]
    back = 0
    for at in range(p.past_at[p.past[w]], p.past_at[p.past[w] + 1]):
        if p.past_employer[at] == employer:
            back = s.returned
    if is_named(p, w, v):
        back = s.named
    wish = 0
    refused = False
    text = p.preferences[w]
    for at in range(p.wish_at[text], p.wish_at[text + 1]):
        if p.wish_destination[at] == destination or p.wish_employer[at] == employer:
            if p.wish_weight[at] < 0:
                refused = True
            else:
                wish = max(wish, p.wish_weight[at])
    return s.returning * back + s.wish * 200 * wish, refused


@compiled
def judge(
    p: Profiles, w: int, jobs: Jobs, v: int, s: Settings, carried: Carried, strength: npt.NDArray[np.int32]
) -> tuple[int, int]:
    """(score in thousandths, the reason the pair is closed or -1) of one pair; `strength` as :func:`hold` left it."""
    cell = jobs.cell[v]
    floor = floor_in(p, w, jobs.cell_currency[cell])
    at_job, closed_job = fit(p, w, jobs, jobs.job[v], s, strength)
    at_pair, closed_pair = pair(p, w, jobs, v, s, floor)
    bond, refused = bonds(p, w, jobs, v, jobs.cell_destination[cell], s)
    here, there = carried.worker[w], jobs.cell_admission[cell]
    closed = closed_job if closed_job >= 0 else closed_pair
    if not p.consent[w]:
        closed = _CONSENT
    elif closed_job == _OCCUPATION:
        closed = _OCCUPATION
    elif refused:
        closed = _REFUSAL
    elif carried.pathway[here, there] == REFUSED:
        closed = RULE + carried.reason[here, there]
    return (at_job + at_pair + bond + 500) // 1000, closed


@compiled
def judge_pairs(
    p: Profiles,
    jobs: Jobs,
    s: Settings,
    carried: Carried,
    skills: int,
    worker: npt.NDArray[np.int32],
    vacancy: npt.NDArray[np.int32],
    score: npt.NDArray[np.int32],
    closed: npt.NDArray[np.int32],
) -> None:
    """Fill `score` and `closed` for each pair (worker[i], vacancy[i])."""
    strength = np.zeros(skills, dtype=np.int32)
    for i in range(len(worker)):
        hold(p, worker[i], strength)
        score[i], closed[i] = judge(p, worker[i], jobs, vacancy[i], s, carried, strength)
        release(p, worker[i], strength)


@compiled
def mixed(value: np.uint64) -> np.uint64:
    """A bijective mix of 64 bits."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled
def stride(n: int, seed: np.uint64) -> tuple[int, int]:
    """(start, step) of a walk start, start + step, ... modulo `n` that visits every number once."""
    start = np.int64(seed % np.uint64(n))
    step = 1 + np.int64((seed >> np.uint64(32)) % np.uint64(n))
    while True:
        a, b = n, step
        while b:
            a, b = b, a % b
        if a == 1:
            return start, step % n
        step += 1


@compiled
def offer(keys: npt.NDArray[np.int64], rows: npt.NDArray[np.int32], size: int, key: int, row: int) -> int:
    """Put (key, row) into the heap of the largest keys, smallest on top; gives the new size."""
    limit = len(keys)
    if size == limit:
        if key <= keys[0]:
            return size
        at = 0
        while True:
            child = 2 * at + 1
            if child >= limit:
                break
            if child + 1 < limit and keys[child + 1] < keys[child]:
                child += 1
            if keys[child] >= key:
                break
            keys[at], rows[at] = keys[child], rows[child]
            at = child
        keys[at], rows[at] = key, row
        return size
    at = size
    while at and keys[(at - 1) // 2] > key:
        keys[at], rows[at] = keys[(at - 1) // 2], rows[(at - 1) // 2]
        at = (at - 1) // 2
    keys[at], rows[at] = key, row
    return size + 1


@compiled
def best(
    p: Profiles,
    jobs: Jobs,
    s: Settings,
    carried: Carried,
    skills: int,
    asked: npt.NDArray[np.int32],
    vacancy: npt.NDArray[np.int32],
    score: npt.NDArray[np.int32],
    closed: npt.NDArray[np.int32],
) -> None:
    """Fill, for each worker asked, the best vacancies by score.

    `vacancy`, `score` int32 [asked x limit], sorted by vacancy, -1 where there is none; `closed` int32 [asked x
    reasons] counts the pairs refused, completely where the list is not full.
    Reasons that follow from a worker and a cell are counted over all pairs, the others over the pairs visited.
    """
    n_cells, n_jobs, limit = len(jobs.cell_job), len(jobs.job_months), vacancy.shape[1]
    strength = np.zeros(skills, dtype=np.int32)
    job_points = np.zeros(n_jobs, dtype=np.int64)
    job_closed = np.zeros(n_jobs, dtype=np.int32)
    cell_points = np.zeros(n_cells, dtype=np.int64)
    heads = np.full(1001, -1, dtype=np.int32)
    following = np.zeros(n_cells, dtype=np.int32)
    opened = np.zeros(n_cells, dtype=np.int32)
    ends = np.zeros(n_cells, dtype=np.int64)
    currencies = p.factor.shape[1]
    floors = np.zeros(currencies, dtype=np.int64)
    wishes = np.zeros(jobs.cell_destination.max() + 1, dtype=np.int32)
    special = np.zeros(len(jobs.job), dtype=np.bool_)
    specials = np.zeros(len(jobs.job), dtype=np.int32)
    keys = np.zeros(limit, dtype=np.int64)
    rows = np.zeros(limit, dtype=np.int32)
    for i in range(len(asked)):
        w = asked[i]
        local = closed[i]
        if not p.consent[w]:
            local[_CONSENT] = len(jobs.job)
            continue
        hold(p, w, strength)
        for j in range(n_jobs):
            job_points[j], job_closed[j] = fit(p, w, jobs, j, s, strength)
        release(p, w, strength)
        for currency in range(currencies):
            floors[currency] = floor_in(p, w, currency)
        text = p.preferences[w]
        n_special = 0
        for at in range(p.wish_at[text], p.wish_at[text + 1]):
            place, employer = p.wish_destination[at], p.wish_employer[at]
            if place >= 0 and wishes[place] >= 0:
                wishes[place] = -1 if p.wish_weight[at] < 0 else max(wishes[place], p.wish_weight[at])
            if employer >= 0:
                for k in range(jobs.employer_at[employer], jobs.employer_at[employer + 1]):
                    n_special = _mark(jobs.employer_vacancy[k], special, specials, n_special)
        for at in range(p.past_at[p.past[w]], p.past_at[p.past[w] + 1]):
            employer = p.past_employer[at]
            for k in range(jobs.employer_at[employer], jobs.employer_at[employer + 1]):
                n_special = _mark(jobs.employer_vacancy[k], special, specials, n_special)
        for at in range(p.named_at[w], p.named_at[w + 1]):
            n_special = _mark(p.named[at], special, specials, n_special)

        # what each cell could hold at best, and the cells that are closed altogether
        here = carried.worker[w]
        available = int(p.end[w]) - int(p.start[w]) + 1
        highest = -1
        for c in range(n_cells):
            j = jobs.cell_job[c]
            heads_here = jobs.cell_at[c + 1] - jobs.cell_at[c]
            there = jobs.cell_admission[c]
            place = jobs.cell_destination[c]
            reason = -1
            if job_closed[j] == _OCCUPATION:
                reason = _OCCUPATION
            elif wishes[place] < 0:
                reason = _REFUSAL
            elif carried.pathway[here, there] == REFUSED:
                reason = RULE + carried.reason[here, there]
            elif job_closed[j] >= 0:
                reason = job_closed[j]
            else:
                floor = floors[jobs.cell_currency[c]]
                wage = jobs.cell_wage[c]
                if wage >= 0 and floor < 0:
                    reason = _CURRENCY
                elif jobs.cell_start[c] > p.end[w] or jobs.cell_end[c] < p.start[w]:
                    reason = _WINDOW
            if reason >= 0:
                local[reason] += heads_here
                cell_points[c] = -1
                continue
            points = job_points[j] + s.wish * 200 * wishes[place]
            cell_points[c] = points
            share = min(1000, available * 1000 // jobs.cell_days[c])
            bound = (points + s.wage * wage_value(wage, floor, s) + s.availability * share + 500) // 1000
            following[c] = heads[bound]
            heads[bound] = c
            highest = max(highest, bound)

        size = 0
        seen = 0
        for k in range(n_special):
            v = specials[k]
            c = jobs.cell[v]
            if cell_points[c] < 0:
                continue
            at_pair, reason = pair(p, w, jobs, v, s, floors[jobs.cell_currency[c]])
            bond, refused = bonds(p, w, jobs, v, jobs.cell_destination[c], s)
            if refused:
                reason = _REFUSAL
            if reason >= 0:
                local[reason] += 1
                continue
            points = (job_points[jobs.cell_job[c]] + at_pair + bond + 500) // 1000
            seen += 1
            size = offer(keys, rows, size, (points << 32) - seen, v)

        for bound in range(highest, -1, -1):
            if size == limit and (bound << 32) - seen - 1 <= keys[0]:
                break
            if heads[bound] < 0:
                continue
            n_opened = 0
            total = 0
            c = heads[bound]
            while c >= 0:
                total += jobs.cell_at[c + 1] - jobs.cell_at[c]
                opened[n_opened] = c
                ends[n_opened] = total
                n_opened += 1
                c = following[c]
            position, step = stride(total, mixed(p.tie[w] + np.uint64(bound) * np.uint64(0x9E3779B97F4A7C15)))
            for _ in range(total):
                at = np.searchsorted(ends[:n_opened], position, side="right")
                c = opened[at]
                v = jobs.cell_vacancy[jobs.cell_at[c + 1] - ends[at] + position]
                position += step
                if position >= total:
                    position -= total
                if special[v]:
                    continue
                at_pair, reason = pair(p, w, jobs, v, s, floors[jobs.cell_currency[c]])
                if reason >= 0:
                    local[reason] += 1
                    continue
                points = (cell_points[c] + at_pair + 500) // 1000
                seen += 1
                size = offer(keys, rows, size, (points << 32) - seen, v)
                if size == limit and (bound << 32) - seen - 1 <= keys[0]:
                    break
        heads[: highest + 1] = -1
        for k in range(n_special):
            special[specials[k]] = False
        for at in range(p.wish_at[text], p.wish_at[text + 1]):
            if p.wish_destination[at] >= 0:
                wishes[p.wish_destination[at]] = 0
        order = np.argsort(rows[:size])
        for k in range(size):
            vacancy[i, k] = rows[order[k]]
            score[i, k] = (keys[order[k]] + (1 << 31)) >> 32


@compiled
def _mark(v: int, special: npt.NDArray[np.bool_], specials: npt.NDArray[np.int32], n: int) -> int:
    """Add vacancy `v` to the worker's specials once; their new number."""
    if special[v]:
        return n
    special[v] = True
    specials[n] = v
    return n + 1
