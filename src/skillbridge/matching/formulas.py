"""The criteria and filters as compiled integer formulas: the same numbers as :mod:`skillbridge.matching.criteria`.

They take numbers and few arrays: a call that is given a whole table counts references to each of its arrays, which
costs more than the formula itself.
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
from skillbridge.matching.encode import Profiles
from skillbridge.matching.filters import Reason
from skillbridge.matching.policy import Policy

F = TypeVar("F", bound=Callable[..., object])

OCCUPATION, LANGUAGE, EDUCATION, LICENCE, CURRENCY, WINDOW, WAGE = (
    int(reason)
    for reason in (
        Reason.OCCUPATION,
        Reason.LANGUAGE,
        Reason.EDUCATION,
        Reason.LICENCE,
        Reason.CURRENCY,
        Reason.WINDOW,
        Reason.WAGE,
    )
)


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
def cover(
    strength: npt.NDArray[np.int32],
    at: npt.NDArray[np.int64],
    skills: npt.NDArray[np.int32],
    covers: npt.NDArray[np.int32],
    first: int,
    last: int,
) -> None:
    """Write into `covers` the mean strength over each list of skills from `first` to before `last`, -1 if empty."""
    for number in range(first, last):
        total = 0
        for place in range(at[number], at[number + 1]):
            total += strength[skills[place]]
        size = at[number + 1] - at[number]
        covers[number] = total // size if size else -1


@compiled
def language_value(
    levels: npt.NDArray[np.int32],
    row: int,
    language: npt.NDArray[np.int32],
    level: npt.NDArray[np.int32],
    first: int,
    last: int,
    s: Settings,
) -> tuple[int, bool]:
    """(value of the languages asked, whether one is further below its level than allowed)."""
    if last == first:
        return s.met, False
    total = 0
    lacking = False
    for at in range(first, last):
        steps = levels[row, language[at]] - level[at]
        lacking |= -steps > s.steps_below
        total += max(0, min(1000, s.met + steps * (s.step_above if steps > 0 else s.step_below)))
    return total // (last - first), lacking


@compiled
def lacks(held: npt.NDArray[np.bool_], row: int, licence: npt.NDArray[np.int32], first: int, last: int) -> bool:
    """Whether a licence asked is not held."""
    lacking = False
    for at in range(first, last):
        lacking |= not held[row, licence[at]]
    return lacking


@compiled
def job_points(
    closeness: int, essential: int, optional: int, months: int, months_asked: int, language: int, s: Settings
) -> int:
    """Points, in millionths, of the criteria that depend on the job alone; a cover of -1 stands for closeness."""
    return (
        s.occupation * closeness
        + s.essential * (essential if essential >= 0 else closeness)
        + s.optional * (optional if optional >= 0 else closeness)
        + s.experience * min(1000, months * closeness // max(s.full_months, months_asked))
        + s.language * language
    )


@compiled
def floor_in(floor: int, factor: float) -> int:
    """A wage floor in minor units of another currency: 0 none, -1 if there is no rate (`factor` below 0)."""
    if floor <= 0:
        return 0
    return -1 if factor < 0 else np.int64(floor * factor + 0.5)


@compiled
def wage_value(wage: int, floor: int, s: Settings) -> int:
    """The value of a wage (-1 unknown) against a floor."""
    if wage < 0 or floor <= 0:
        return s.unknown_wage
    points = s.at_floor + (1000 - s.at_floor) * (wage - floor) * 1000 // (floor * (s.full_wage - 1000))
    return max(0, min(1000, points))


@compiled
def pair_closed(start: int, end: int, since: int, until: int, wage: int, floor: int, s: Settings) -> int:
    """Why the pair is closed by currency, window or wage, -1 if it is open.

    The contract runs from `start` to `end`, the worker is available from `since` to `until` (days, inclusive).
    """
    if wage >= 0 and floor < 0:
        return CURRENCY
    overlap = min(end, until) - max(start, since) + 1
    if overlap <= 0 or overlap * 1000 < s.min_overlap * (end - start + 1):
        return WINDOW
    return WAGE if 0 <= wage < floor else -1


@compiled
def pair_points(start: int, end: int, since: int, until: int, wage: int, floor: int, s: Settings) -> int:
    """Points of wage and availability, in millionths (arguments as for :func:`pair_closed`)."""
    overlap = max(0, min(end, until) - max(start, since) + 1)
    share = 1000 if overlap == end - start + 1 else overlap * 1000 // (end - start + 1)
    return s.wage * wage_value(wage, floor, s) + s.availability * share


class Ties(NamedTuple):
    """What binds one worker to employers: employers known, vacancies that name the worker, wishes (as in Profiles)."""

    past: npt.NDArray[np.int32]
    named: npt.NDArray[np.int32]
    destination: npt.NDArray[np.int32]
    employer: npt.NDArray[np.int32]
    weight: npt.NDArray[np.int32]


@compiled
def ties_of(p: Profiles, w: int) -> Ties:
    """The ties of one worker."""
    past, text = p.past[w], p.preferences[w]
    first, last = p.wish_at[text], p.wish_at[text + 1]
    return Ties(
        p.past_employer[p.past_at[past] : p.past_at[past + 1]],
        p.named[p.named_at[w] : p.named_at[w + 1]],
        p.wish_destination[first:last],
        p.wish_employer[first:last],
        p.wish_weight[first:last],
    )


@compiled
def bonds(mine: Ties, vacancy: int, employer: int, destination: int, s: Settings) -> tuple[int, bool]:
    """(points of returning and wish, in millionths; whether the worker refuses the destination or employer)."""
    back = 0
    for at in range(len(mine.past)):
        if mine.past[at] == employer:
            back = s.returned
    for at in range(len(mine.named)):
        if mine.named[at] == vacancy:
            back = s.named
    wish = 0
    refused = False
    for at in range(len(mine.weight)):
        if mine.destination[at] == destination or mine.employer[at] == employer:
            if mine.weight[at] < 0:
                refused = True
            else:
                wish = max(wish, mine.weight[at])
    return s.returning * back + s.wish * 200 * wish, refused
