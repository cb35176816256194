"""How long: the stay rule."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from skillbridge.partnerships.cases import Case
from skillbridge.partnerships.dates import Duration, plus_days, rough_days
from skillbridge.partnerships.rules.base import Check, Phrase, Refusal, Rule, refusal
from skillbridge.partnerships.selector import Problem, window_problems
from skillbridge.partnerships.stay import asks_history, broken_term, broken_terms, history
from skillbridge.partnerships.view import Mask, View

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership


class StayRule(Rule, frozen=True, kw_only=True, tag="stay"):
    """How long and how often a person may stay; every term given must hold (see `partnerships.stay` for the counting).

    max: longest stay, or most days present in any `window`; min: shortest stay; fixed_season: two days of the year
    within which the whole stay lies; cooling_off: time away after a stay under this partnership; absence_before: time
    out of the country before the start, whatever the stay was; career_max: most time in all, counted anew after
    `reset_after_absence` away; return_before_next: home at least a day between two stays; multi_year_permit: how long
    one permit serves (told to people, binds nobody). A stay under the agreement that this one supersedes counts as its
    own; days under others do not.
    """

    max: Duration | None = None
    min: Duration | None = None
    window: Duration | None = None
    fixed_season: tuple[str, str] | None = None
    cooling_off: Duration | None = None
    absence_before: Duration | None = None
    career_max: Duration | None = None
    reset_after_absence: Duration | None = None
    return_before_next: bool = False
    multi_year_permit: Duration | None = None

    same_by = ()

    @property
    def asks_history(self) -> bool:
        """Whether a person's past stays matter."""
        return asks_history(self)

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        if self.strictness == "soft":
            return
        none = np.zeros((len(view.start), 0), dtype="datetime64[D]")
        if self.max:
            longer = view.end >= plus_days(view.start, self.max)
            yield self.refuse(view, partnership, (Mask(vacancy=longer),), "stay.max", max=self.max)
        for term in ("min", "fixed_season", "career_max"):
            if getattr(self, term):
                only = StayRule(id=self.id, **{term: getattr(self, term)})
                fails = broken_terms(only, none, none, none, none, view.start, view.end) != 0
                code = {"min": "stay.min", "fixed_season": "stay.season", "career_max": "stay.career"}[term]
                yield self.refuse(view, partnership, (Mask(vacancy=fails),), code, **self.details(code))

    def details(self, code: str) -> dict[str, str]:
        """The values of a term's sentence."""
        season = " - ".join(self.fixed_season or ())
        found: dict[str, dict[str, str | None]] = {
            "stay.max": {"max": self.max},
            "stay.min": {"min": self.min},
            "stay.season": {"season": season},
            "stay.cooling_off": {"away": self.cooling_off},
            "stay.absence": {"away": self.absence_before},
            "stay.window": {"max": self.max, "window": self.window},
            "stay.career": {"max": self.career_max},
        }
        return {name: value or "" for name, value in found.get(code, {}).items()}

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        counted = case.seasons(partnership.names, partnership.destination, planned=True)
        others = [
            season
            for season in (*case.worker.past, *case.earlier)
            if season.partnership not in (None, *partnership.names)
            and (
                not partnership.destination
                or (season.destination or case.world.countries.get(season.employer_id)) in partnership.destination
            )
        ]
        past = history(counted, case.start, case.end)
        term = broken_term(self, past, history(others, case.start, case.end), case.start, case.end)
        if term:
            yield refusal(term, **self.details(term))

    def problems(self) -> Iterable[Problem]:
        terms = (
            self.max, self.min, self.fixed_season, self.cooling_off, self.absence_before, self.career_max,
            self.multi_year_permit,
        )  # fmt: skip
        if not any(terms) and not self.return_before_next:
            yield (
                "",
                "a stay rule that asks for nothing",
                "max, min, fixed_season, cooling_off, absence_before, career_max or more",
            )
        if self.window and not self.max:
            yield "window", "given without max", "max, the most time present in any window"
        if self.max and self.window and rough_days(self.max) > rough_days(self.window):
            yield "max", f"{self.max} is longer than the window {self.window}", f"at most {self.window}"
        if self.max and self.min and rough_days(self.min) > rough_days(self.max):
            yield "min", f"{self.min} is longer than max {self.max}", f"at most {self.max}"
        if self.reset_after_absence and not self.career_max:
            yield "reset_after_absence", "given without career_max", "career_max"
        if self.fixed_season:
            if any(len(text) != 5 for text in self.fixed_season):
                yield "fixed_season", f"{list(self.fixed_season)}", "two days of the year, MM-DD"
            else:
                yield from window_problems("fixed_season", self.fixed_season)

    def says(self) -> Iterable[Phrase]:
        if self.max and self.window:
            yield "say.stay.window", {"max": self.max, "window": self.window}
        elif self.max:
            yield "say.stay.max", {"max": self.max}
        if self.min:
            yield "say.stay.min", {"min": self.min}
        if self.fixed_season:
            yield "say.stay.season", {"from": self.fixed_season[0], "to": self.fixed_season[1]}
        if self.cooling_off:
            yield "say.stay.cooling_off", {"away": self.cooling_off}
        if self.absence_before:
            yield "say.stay.absence", {"away": self.absence_before}
        if self.career_max:
            code = "say.stay.career_reset" if self.reset_after_absence else "say.stay.career"
            yield code, {"max": self.career_max, "away": self.reset_after_absence}
        if self.return_before_next:
            yield "say.stay.return", {}
        if self.multi_year_permit:
            yield "say.stay.permit", {"max": self.multi_year_permit}
