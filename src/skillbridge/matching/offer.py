"""One vacancy asked about many workers: the same answers as `pairs.judge_pairs`, at a fraction of the time.

What the vacancy asks is looked up once for each distinct occupation and text of the pool, so that little is left to do
for each worker.
"""

# mypy: disable-error-code="assignment,return-value,no-any-return"

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillbridge.matching.encode import Jobs, Profiles
from skillbridge.matching.formulas import (
    EDUCATION,
    LANGUAGE,
    LICENCE,
    OCCUPATION,
    Settings,
    Ties,
    bonds,
    compiled,
    floor_in,
    job_points,
    lacks,
    language_value,
    pair_closed,
    pair_points,
)
from skillbridge.matching.pairs import CONSENT, REFUSAL, REFUSED, RULE, Carried


class Held(NamedTuple):
    """What the pool holds of one list of `size` skills.

    `kind` u8 [occupations x size]: 0 not implied, else 1 + the kind of what the occupation implies; `kinds` int32
    [occupations x 2]: how many of each kind. A text of stated skills holds the places
    `place[place_at[text]:place_at[text + 1]]` of the list.
    """

    size: int
    kind: npt.NDArray[np.uint8]
    kinds: npt.NDArray[np.int32]
    place_at: npt.NDArray[np.int64]
    place: npt.NDArray[np.int32]


@compiled
def held_of(p: Profiles, jobs: Jobs, skills: int, number: int) -> Held:
    """What the pool holds of list `number`; `skills` is how many the market asks in all."""
    first, last = jobs.list_at[number], jobs.list_at[number + 1]
    at_skill = np.full(skills, -1, dtype=np.int32)
    for at in range(first, last):
        at_skill[jobs.list_skill[at]] = at - first
    kind = np.zeros((len(p.implied_at) - 1, last - first), dtype=np.uint8)
    kinds = np.zeros((len(p.implied_at) - 1, 2), dtype=np.int32)
    for o in range(len(kind)):
        for at in range(p.implied_at[o], p.implied_at[o + 1]):
            place = at_skill[p.implied[at]]
            if place >= 0:
                kind[o, place] = 1 + p.implied_kind[at]
        for place in range(last - first):
            if kind[o, place]:
                kinds[o, kind[o, place] - 1] += 1
    place_at = np.zeros(len(p.stated_at), dtype=np.int64)
    places = np.empty(len(p.stated), dtype=np.int32)
    n = 0
    for text in range(len(p.stated_at) - 1):
        for at in range(p.stated_at[text], p.stated_at[text + 1]):
            place = at_skill[p.stated[at]]
            seen = place < 0
            for before in range(place_at[text], n):
                seen |= places[before] == place
            if not seen:
                places[n] = place
                n += 1
        place_at[text + 1] = n
    return Held(last - first, kind, kinds, place_at, places)


@compiled
def covered(
    size: int,
    kind: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.int32],
    place_at: npt.NDArray[np.int64],
    place: npt.NDArray[np.int32],
    occupation: int,
    text: int,
    essential: int,
    optional: int,
) -> int:
    """The mean strength over a list, -1 if it is empty; an occupation implies skills as strongly as given."""
    if size == 0:
        return -1
    total = kinds[occupation, 0] * essential + kinds[occupation, 1] * optional
    for at in range(place_at[text], place_at[text + 1]):
        one = kind[occupation, place[at]]
        total += 1000 - (0 if one == 0 else essential if one == 1 else optional)
    return total // size


@compiled
def judge_vacancy(
    p: Profiles,
    jobs: Jobs,
    s: Settings,
    carried: Carried,
    skills: int,
    worker: npt.NDArray[np.int32],
    v: int,
    score: npt.NDArray[np.int32],
    closed: npt.NDArray[np.int32],
) -> None:
    """Fill `closed` and `score` for worker[i] and vacancy `v`, as `pairs.judge_pairs` does."""
    cell, j = jobs.cell[v], jobs.job[v]
    must, may = held_of(p, jobs, skills, jobs.job_essential[j]), held_of(p, jobs, skills, jobs.job_optional[j])
    n_must, must_kind, must_kinds, must_at, must_place = must
    n_may, may_kind, may_kinds, may_at, may_place = may
    first, last = jobs.language_at[j], jobs.language_at[j + 1]
    spoken, dumb = np.zeros(len(p.levels), dtype=np.int64), np.zeros(len(p.levels), dtype=np.bool_)
    for text in range(len(p.levels)):
        spoken[text], dumb[text] = language_value(p.levels, text, jobs.language, jobs.level, first, last, s)
    lacking = np.zeros(len(p.held), dtype=np.bool_)
    for text in range(len(p.held)):
        lacking[text] = lacks(p.held, text, jobs.licence, jobs.licence_at[j], jobs.licence_at[j + 1])
    employer, destination, currency = jobs.employer[v], jobs.cell_destination[cell], jobs.cell_currency[cell]
    nobody = np.zeros(0, dtype=np.int32)
    wished, refuses = np.zeros(len(p.wish_at) - 1, dtype=np.int64), np.zeros(len(p.wish_at) - 1, dtype=np.bool_)
    for text in range(len(wished)):
        first, last = p.wish_at[text], p.wish_at[text + 1]
        wishes = (p.wish_destination[first:last], p.wish_employer[first:last], p.wish_weight[first:last])
        wished[text], refuses[text] = bonds(Ties(nobody, nobody, *wishes), v, employer, destination, s)
    returning = np.zeros(len(p.past_at) - 1, dtype=np.int64)
    for text in range(len(returning)):
        employers = p.past_employer[p.past_at[text] : p.past_at[text + 1]]
        returning[text], _ = bonds(Ties(employers, nobody, nobody, nobody, nobody), v, employer, destination, s)
    start, end, wage = jobs.start[v], jobs.end[v], jobs.wage[v]
    asked_months, schooling = jobs.job_months[j], jobs.job_education[j]
    there, trade, is_open = jobs.cell_admission[cell], jobs.job_occupation[j], jobs.job_open[j]
    at_class, pathway, reason = carried.worker, carried.pathway[:, there], carried.reason[:, there]
    consent, occupation, had, stated = p.consent, p.occupation, p.months, p.skills
    closeness_to, learned, languages, licences = p.closeness[:, trade], p.learned, p.languages, p.licences
    education, since, until, floors, money = p.education, p.start, p.end, p.floor, p.currency
    factor, preferences, past, named_at, named = p.factor[:, currency], p.preferences, p.past, p.named_at, p.named
    for i in range(len(worker)):
        w = worker[i]
        score[i] = 0
        if not consent[w]:
            closed[i] = CONSENT
            continue
        o, months, text = occupation[w], had[w], stated[w]
        closeness, taught, touched = closeness_to[o], learned[0, months], learned[1, months]
        if closeness == 0 and not is_open:
            essential = covered(n_must, must_kind, must_kinds, must_at, must_place, o, text, taught, touched)
            if essential < s.min_cover:
                closed[i] = OCCUPATION
                continue
        if refuses[preferences[w]]:
            closed[i] = REFUSAL
            continue
        if pathway[at_class[w]] == REFUSED:
            closed[i] = RULE + reason[at_class[w]]
            continue
        bond = returning[past[w]] + wished[preferences[w]]
        for at in range(named_at[w], named_at[w + 1]):
            if named[at] == v:
                bond = s.returning * s.named + wished[preferences[w]]
        essential = covered(n_must, must_kind, must_kinds, must_at, must_place, o, text, taught, touched)
        optional = covered(n_may, may_kind, may_kinds, may_at, may_place, o, text, taught, touched)
        points = job_points(closeness, essential, optional, months, asked_months, spoken[languages[w]], s)
        terms = (start, end, since[w], until[w], wage, floor_in(floors[w], factor[money[w]]), s)
        score[i] = (points + pair_points(*terms) + bond + 500) // 1000
        if dumb[languages[w]]:
            closed[i] = LANGUAGE
        elif education[w] < schooling:
            closed[i] = EDUCATION
        elif lacking[licences[w]]:
            closed[i] = LICENCE
        else:
            closed[i] = pair_closed(*terms)
