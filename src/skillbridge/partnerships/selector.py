"""The one language in which rules say whom and what they mean: `where`, `exempt` and `of`.

All fields given must hold; within a field any of the values. Codes match by prefix (ISCO `92` covers 9211, region
`ES` covers ES-H). A value that a row does not state counts as a match or not as the asking rule decides (`unknown`):
a cap counts it, an exemption does not.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
import polars as pl

from skillbridge.partnerships.cases import Case
from skillbridge.partnerships.dates import in_window, in_window_days, is_month_day
from skillbridge.partnerships.places import COUNTRIES, in_region, is_region, is_sector, isco_groups, sector_has_prefix
from skillbridge.partnerships.view import ALWAYS, Bools, Mask, View, Where, both

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

Texts = str | tuple[str, ...]
Status = Literal["new", "returning", "extension", "transferred"]
Problem = tuple[str, str, str]
"""(field, what was found, what was expected)."""

_REGIONS = {"origin_region", "region"}
"""What is no ISO 3166-2 code in these says as little as nothing."""
_STARTS_WITH = {"occ", "worker_occ"}
COLUMNS = (
    ("origin", "worker", "origin"),
    ("origin_region", "worker", "region"),
    ("worker_occ", "worker", "isco"),
    ("sex", "worker", "sex"),
    ("destination", "vacancy", "destination"),
    ("region", "vacancy", "region"),
    ("sector", "vacancy", "sector"),
    ("occ", "vacancy", "isco"),
    ("employer", "vacancy", "employer_id"),
    ("operator", "vacancy", "operator"),
    ("channel", "vacancy", "channel"),
)
"""(field, side, column) of the fields that ask one column only."""


def values(field: Texts | None) -> tuple[str, ...]:
    """The field as a tuple."""
    return () if field is None else (field,) if isinstance(field, str) else field


def age_bounds(text: str) -> tuple[int, int]:
    """(lowest, highest) age of `>=45`, `<=39`, `18-39` or `45`. Raises `ValueError`."""
    if found := re.fullmatch(r"(>=|<=)?(\d{1,2})(?:-(\d{1,2}))?", text.replace(" ", "")):
        sign, first, second = found.groups()
        low = int(first)
        if second is None or not sign:
            high = low if second is None else int(second)
            bounds = {">=": (low, 120), "<=": (0, low)}.get(sign or "", (low, high))
            if bounds[0] <= bounds[1]:
                return bounds
    raise ValueError(text)


def holds(field: str, wanted: tuple[str, ...], value: str | None, unknown: bool) -> bool:
    """Whether a row's `value` satisfies a field's `wanted` values."""
    if value is None or value == "" or (field in _REGIONS and not is_region(value)):
        return unknown
    if field == "sector":
        return any(sector_has_prefix(value, one) for one in wanted)
    if field in _REGIONS:
        return any(in_region(value, one) for one in wanted)
    if field in _STARTS_WITH:
        return any(value.startswith(one) for one in wanted)
    return value in wanted


class Selector(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A condition on a worker, a vacancy and a start date; at least one field is given.

    origin, destination: ISO 3166-1; origin_region, region: ISO 3166-2, with their parts; sector: ISIC prefixes; occ,
    worker_occ: ISCO-08 prefixes of the job and of the worker; worker: new, returning, extension or transferred; start:
    two days, MM-DD or ISO; age: `>=45`, `18-39`; sex only in a share rule with a legal basis.
    """

    origin: Texts | None = None
    origin_region: Texts | None = None
    destination: Texts | None = None
    region: Texts | None = None
    sector: Texts | None = None
    occ: Texts | None = None
    worker_occ: Texts | None = None
    employer: Texts | None = None
    operator: Texts | None = None
    channel: Texts | None = None
    worker: Status | tuple[Status, ...] | None = None
    start: tuple[str, str] | None = None
    age: str | None = None
    sex: Texts | None = None
    track: Texts | None = None
    partnership: Texts | None = None

    def matches(self, case: Case, partnership: "Partnership", *, unknown: bool) -> bool:
        """Whether a placement is meant; `unknown` is the answer where a value is not stated."""
        worker, vacancy = case.worker, case.vacancy
        rows = {"worker": worker, "vacancy": vacancy}
        for field, side, column in COLUMNS:
            wanted = values(getattr(self, field))
            if wanted and not holds(field, wanted, getattr(rows[side], column), unknown):
                return False
        if self.start and not in_window(case.start, self.start):
            return False
        if self.partnership and case.pathway not in values(self.partnership):
            return False
        if self.track:
            track = vacancy.facts.get("track") or worker.facts.get("track")
            if not holds("track", values(self.track), track, unknown):
                return False
        if self.age:
            low, high = age_bounds(self.age)
            if worker.birth_year is None:
                if not unknown:
                    return False
            elif not low <= case.start.year - worker.birth_year <= high:
                return False
        return not self.worker or status(case, partnership) in values(self.worker)

    def where(self, view: View, partnership: "Partnership", *, unknown: bool) -> Where:
        """The condition over a view: the same meaning as :meth:`matches`, the field `partnership` apart."""
        result: Where = ALWAYS
        for field, side, column in COLUMNS:
            wanted = values(getattr(self, field))
            if wanted:
                mask = view.mask(
                    side,
                    column,
                    (field, wanted, unknown),
                    lambda value, field=field, wanted=wanted: holds(field, wanted, value, unknown),  # type: ignore[misc]
                )
                result = both(result, (Mask(worker=mask) if side == "worker" else Mask(vacancy=mask),))
        if self.start:
            result = both(result, (Mask(vacancy=in_window_days(view.start, self.start)),))
        if self.track:
            wanted = values(self.track)
            on_vacancy = view.mask("vacancy", "facts", ("track", wanted), lambda text: _track(text) in wanted)
            silent = view.mask("vacancy", "facts", ("no track",), lambda text: _track(text) is None)
            on_worker = view.mask(
                "worker",
                "facts",
                ("track", wanted, unknown),
                lambda text: holds("track", wanted, _track(text), unknown),
            )
            result = both(result, (Mask(vacancy=on_vacancy), Mask(worker=on_worker, vacancy=silent)))
        if self.age:
            low, high = age_bounds(self.age)
            result = both(result, _age_where(view, low, high, unknown))
        if self.worker:
            wanted = values(self.worker)
            result = both(result, tuple(mask for one in wanted for mask in _status_where(view, partnership, one)))
        return result

    def problems(self) -> Iterable[Problem]:
        """What is wrong in itself."""
        given = {name: getattr(self, name) for name in self.__struct_fields__ if getattr(self, name) is not None}
        if not given:
            yield "", "an empty selector", "at least one of " + ", ".join(self.__struct_fields__)
        for name, value in given.items():
            if value in ((), "") or (isinstance(value, tuple) and "" in value):
                yield name, "an empty value", "at least one value, or leave the field out"
        for name in ("origin", "destination"):
            for code in values(getattr(self, name)):
                if code and code not in COUNTRIES:
                    yield name, f"unknown country {code!r}", "ISO 3166-1 alpha-2"
        for name in ("origin_region", "region"):
            for code in values(getattr(self, name)):
                if code and not is_region(code):
                    yield name, f"unknown region {code!r}", "ISO 3166-2, or its beginning"
        for code in values(self.sector):
            if code and not is_sector(code):
                yield "sector", f"{code!r}", "an ISIC section (a letter) or 1 to 4 digits"
        for name in ("occ", "worker_occ"):
            for code in values(getattr(self, name)):
                if code and code not in isco_groups():
                    yield name, f"{code!r}", "a group of ISCO-08, 1 to 4 digits"
        for code in values(self.sex):
            if code not in ("f", "m", "x"):
                yield "sex", f"{code!r}", "f, m or x"
        if self.age is not None:
            try:
                age_bounds(self.age)
            except ValueError:
                yield "age", f"{self.age!r}", "an age band such as >=45 or 18-39"
        if self.start is not None:
            yield from window_problems("start", self.start)


def window_problems(field: str, window: tuple[str, str]) -> Iterable[Problem]:
    """What is wrong with a pair of days, both MM-DD or both ISO dates."""
    lengths = {len(text) for text in window}
    if lengths == {5}:
        for text in window:
            if not re.fullmatch(r"\d\d-\d\d", text) or not is_month_day(text):
                yield field, f"impossible day {text!r}", "MM-DD"
        return
    try:
        first, last = (date.fromisoformat(text) for text in window)
    except ValueError:
        yield field, f"impossible dates {list(window)}", "two of MM-DD, or two of YYYY-MM-DD"
        return
    if last < first:
        yield field, f"{window[1]} is before {window[0]}", "the first day, then the last"


def status(case: Case, partnership: "Partnership") -> str:
    """new, returning, extension or transferred: what the worker is to the partnership at the start of the placement."""
    said = case.worker.facts.get("status")
    if said in ("extension", "transferred"):
        return said
    within, key = partnership.returning_within
    this_year = key(case.start)
    for season in case.seasons(partnership.names, partnership.destination):
        year = key(season.start) if season.start else season.year
        if year <= this_year and (within is None or year >= this_year - within):
            return "returning"
    return "new"


def _track(text: str | None) -> str | None:
    found = re.search(r"(?:^|;)\s*track:([^;]*)", text or "")
    return (found[1].strip() or None) if found else None


def _age_where(view: View, low: int, high: int, unknown: bool) -> Where:
    return tuple(
        Mask(
            worker=view.mask(
                "worker",
                "birth_year",
                ("age", low, high, unknown, year),
                lambda born, year=year: unknown if born is None else low <= year - born <= high,  # type: ignore[misc]
            ),
            vacancy=view.start_year == year,
        )
        for year in view.years
    )


def _status_where(view: View, partnership: "Partnership", wanted: str) -> Where:
    explicit = view.mask(
        "worker",
        "facts",
        ("status", wanted),
        lambda text: bool(re.search(rf"(?:^|;)\s*status:\s*{wanted}\s*(?:;|$)", text or "")),
    )
    if wanted in ("extension", "transferred"):
        return (Mask(worker=explicit),)
    free = ~view.mask(
        "worker",
        "facts",
        ("status set",),
        lambda text: bool(re.search(r"(?:^|;)\s*status:\s*(extension|transferred)\s*(?:;|$)", text or "")),
    )
    within, key = partnership.returning_within
    days, of_day = np.unique(view.start, return_inverse=True)
    keys = np.array([key(day) for day in days.tolist()], dtype=np.int32)[of_day]
    parts = []
    for this_year in np.unique(keys).tolist():
        back = returned_since(view, partnership, this_year if within is None else this_year - within, this_year, within)
        is_it = back if wanted == "returning" else ~back
        parts.append(Mask(worker=is_it & free, vacancy=keys == this_year))
    return tuple(parts)


def returned_since(view: View, partnership: "Partnership", first: int, last: int, within: int | None) -> Bools:
    """bool [workers]: whether a season under the partnership lies in first..last (any before, if not within)."""
    _, key = partnership.returning_within
    if view.seasons.is_empty():
        return np.zeros(len(view.workers), dtype=np.bool_)
    seasons = view.seasons_under(partnership.names, partnership.destination)
    starts = seasons["start"].unique().drop_nulls()
    table = {day: key(day) for day in starts.to_list()}
    years = seasons.select(
        "past",
        year=pl.coalesce(pl.col("start").replace_strict(table, default=None, return_dtype=pl.Int32), pl.col("year")),
    )
    low = pl.lit(True) if within is None else pl.col("year") >= first
    hits = years.filter(low & (pl.col("year") <= last))["past"].unique().to_numpy()
    texts, codes = view.codes("worker", "past")
    back = np.zeros(len(texts), dtype=np.bool_)
    back[hits] = True
    return back[codes]
