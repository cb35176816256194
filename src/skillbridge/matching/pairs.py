"""Given pairs of a worker and a vacancy, judged one by one: compiled, with every skill list asked counted once.

What a job asks of a worker (:func:`weigh`) is shared with the search for a worker's best vacancies
(:mod:`skillbridge.matching.kernel`); the oracle of both is :mod:`skillbridge.matching.criteria`.
"""

# mypy: disable-error-code="assignment"

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillbridge.matching.encode import Jobs, Profiles
from skillbridge.matching.filters import Reason
from skillbridge.matching.formulas import (
    EDUCATION,
    LANGUAGE,
    LICENCE,
    OCCUPATION,
    Settings,
    bonds,
    compiled,
    cover,
    floor_in,
    hold,
    job_points,
    lacks,
    language_value,
    pair_closed,
    pair_points,
    release,
    ties_of,
)

CONSENT, REFUSAL = int(Reason.CONSENT), int(Reason.REFUSED)

REFUSED = 255
"""The pathway of a pair that no partnership carries."""

RULE = len(Reason)
"""Reasons are counted in one array: first those of :class:`Reason`, from here on the admission's own."""


class Carried(NamedTuple):
    """Who may go where: `worker` int32 [workers] class, `pathway` u8 and `reason` u16 [worker x vacancy classes]."""

    worker: npt.NDArray[np.int32]
    pathway: npt.NDArray[np.uint8]
    reason: npt.NDArray[np.uint16]


@compiled
def weigh(
    p: Profiles,
    w: int,
    jobs: Jobs,
    s: Settings,
    covers: npt.NDArray[np.int32],
    wanted: npt.NDArray[np.bool_],
    points: npt.NDArray[np.int64],
    closed: npt.NDArray[np.int32],
    first: int,
    last: int,
    complete: bool,
) -> None:
    """Fill `points` (millionths) and `closed` (reason or -1) for the jobs from `first` to before `last`.

    `covers` as :func:`cover` gives them. Jobs not `wanted` are only asked whether the occupation closes them; those it
    closes have no points unless `complete`.
    """
    occupation, months, education = p.occupation[w], p.months[w], p.education[w]
    spoken, permits = p.languages[w], p.licences[w]
    closeness_to, levels, held = p.closeness, p.levels, p.held
    trade, asked_months, asked_education, is_open = (
        jobs.job_occupation,
        jobs.job_months,
        jobs.job_education,
        jobs.job_open,
    )
    must, may = jobs.job_essential, jobs.job_optional
    language_at, language, level = jobs.language_at, jobs.language, jobs.level
    licence_at, licence = jobs.licence_at, jobs.licence
    for j in range(first, last):
        closeness = closeness_to[occupation, trade[j]]
        essential = covers[must[j]]
        closed[j] = OCCUPATION if closeness == 0 and not is_open[j] and essential < s.min_cover else -1
        if not wanted[j] or (closed[j] >= 0 and not complete):
            continue
        spoken_value, lacking = language_value(levels, spoken, language, level, language_at[j], language_at[j + 1], s)
        points[j] = job_points(closeness, essential, covers[may[j]], months, asked_months[j], spoken_value, s)
        if closed[j] >= 0:
            continue
        if lacking:
            closed[j] = LANGUAGE
        elif education < asked_education[j]:
            closed[j] = EDUCATION
        elif lacks(held, permits, licence, licence_at[j], licence_at[j + 1]):
            closed[j] = LICENCE


@compiled
def shared(
    at: npt.NDArray[np.int64],
    skills: npt.NDArray[np.int32],
    row: int,
    marked: npt.NDArray[np.int32],
    list_at: npt.NDArray[np.int64],
    list_skill: npt.NDArray[np.int32],
    number: int,
) -> int:
    """How many places of list `number` are skills of this row of `skills`; `marked` is scratch, clear again after."""
    for place in range(at[row], at[row + 1]):
        marked[skills[place]] = 1
    count = 0
    for place in range(list_at[number], list_at[number + 1]):
        count += marked[list_skill[place]]
    for place in range(at[row], at[row + 1]):
        marked[skills[place]] = 0
    return count


@compiled
def handed(p: Profiles, last: int, w: int, strength: npt.NDArray[np.int32]) -> int:
    """`w`, whose skills `strength` now holds in place of those of worker `last` (-1: of nobody)."""
    if last >= 0:
        release(p, last, strength)
    hold(p, w, strength)
    return w


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
    """Fill `closed` (the first reason against, or -1) and `score` (thousandths) for each pair worker[i], vacancy[i].

    A pair that consent, the occupation, a refusal or an agreement closes has no score: most pairs of a pool are such,
    and little of them need be read.
    """
    strength, marked = np.zeros(skills, dtype=np.int32), np.zeros(skills, dtype=np.int32)
    covers = np.zeros(len(jobs.list_at) - 1, dtype=np.int32)
    job_closed = np.zeros(len(jobs.job_months), dtype=np.int32)
    points = np.zeros(len(jobs.job_months), dtype=np.int64)
    wanted = np.ones(len(jobs.job_months), dtype=np.bool_)
    list_at, list_skill = jobs.list_at, jobs.list_skill
    # How many skills of the list asked last an occupation, or a stated list, holds: most pairs need no more.
    of_trade, in_trade = np.full(len(p.implied_at), -1, dtype=np.int32), np.zeros(len(p.implied_at), dtype=np.int32)
    of_list, in_list = np.full(len(p.stated_at), -1, dtype=np.int32), np.zeros(len(p.stated_at), dtype=np.int32)
    holder = -1
    for i in range(len(worker)):
        w, v = worker[i], vacancy[i]
        cell, j = jobs.cell[v], jobs.job[v]
        here, there = carried.worker[w], jobs.cell_admission[cell]
        if not p.consent[w]:
            closed[i], score[i] = CONSENT, 0
            continue
        suits = jobs.job_open[j] or p.closeness[p.occupation[w], jobs.job_occupation[j]] > 0
        if not suits:
            essential = jobs.job_essential[j]
            size = list_at[essential + 1] - list_at[essential]
            if size and holder != w:
                o, held = p.occupation[w], p.skills[w]
                if of_trade[o] != essential:
                    of_trade[o] = essential
                    in_trade[o] = shared(p.implied_at, p.implied, o, marked, list_at, list_skill, essential)
                if of_list[held] != essential:
                    of_list[held] = essential
                    in_list[held] = shared(p.stated_at, p.stated, held, marked, list_at, list_skill, essential)
                if 1000 * (in_trade[o] + in_list[held]) // size < s.min_cover:
                    closed[i], score[i] = OCCUPATION, 0
                    continue
            if holder != w:
                holder = handed(p, holder, w, strength)
            cover(strength, list_at, list_skill, covers, essential, essential + 1)
            if covers[essential] < s.min_cover:
                closed[i], score[i] = OCCUPATION, 0
                continue
        text, barred = p.preferences[w], carried.pathway[here, there] == REFUSED
        if barred and p.wish_at[text] == p.wish_at[text + 1]:
            closed[i], score[i] = RULE + carried.reason[here, there], 0
            continue
        bond, refused = bonds(ties_of(p, w), v, jobs.employer[v], jobs.cell_destination[cell], s)
        if refused or barred:
            closed[i], score[i] = REFUSAL if refused else RULE + carried.reason[here, there], 0
            continue
        if holder != w:
            holder = handed(p, holder, w, strength)
        for number in (jobs.job_essential[j], jobs.job_optional[j]):
            cover(strength, list_at, list_skill, covers, number, number + 1)
        weigh(p, w, jobs, s, covers, wanted, points, job_closed, j, j + 1, True)
        floor = floor_in(p.floor[w], p.factor[p.currency[w], jobs.cell_currency[cell]])
        terms = (jobs.start[v], jobs.end[v], p.start[w], p.end[w], jobs.wage[v], floor, s)
        reason = pair_closed(*terms)
        score[i] = (points[j] + pair_points(*terms) + bond + 500) // 1000
        closed[i] = job_closed[j] if job_closed[j] >= 0 else reason
