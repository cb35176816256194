"""What workers are owed for their work: wage and guaranteed hours. Rights: only a scenario relaxes them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np

from skillbridge.model import Currency
from skillbridge.partnerships.cases import Case
from skillbridge.partnerships.dates import Duration, parts
from skillbridge.partnerships.places import in_region, is_region, minor_units
from skillbridge.partnerships.rules.base import (
    Check,
    Phrase,
    Refusal,
    Rule,
    Unknown,
    refusal,
)
from skillbridge.partnerships.selector import Problem
from skillbridge.partnerships.view import Mask, View

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

Per = Literal["hour", "day", "week", "month", "year"]
Amount = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
STANDARD_WEEK = 40.0
"""Hours a week assumed to turn a wage per week, month or year into one per hour where a vacancy does not say."""


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An amount in whole units of a currency (12.21 GBP), once or per a unit of time."""

    amount: Amount
    currency: Currency
    per: Per | None = None


class Floor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A lowest wage: an amount, one by region (ISO 3166-2), or the partnership's reference amount `ref`."""

    currency: Currency | None = None
    amount: Amount | None = None
    per: Per = "hour"
    by_region: dict[str, Amount] = {}
    ref: str | None = None


class WageRule(Rule, frozen=True, kw_only=True, tag="wage"):
    """The lowest wage that may be offered: the greatest of `floors`, raised by `uplift_percent` for workers with at
    least `uplift_seasons` seasons under the partnership (0: for all). parity: what it must equal, in words, checked by
    people. An offer without a wage, or in another currency, does not pass; one whose region is not known passes the
    floors by region, unless `unknown = "refuse"`.
    """

    floors: tuple[Floor, ...] = ()
    uplift_percent: Annotated[float, msgspec.Meta(ge=0)] = 0
    uplift_seasons: Annotated[int, msgspec.Meta(ge=0)] = 0
    parity: str = ""
    unknown: Unknown = "accept"

    right = True
    same_by = ()

    @property
    def _asks_region(self) -> bool:
        return self.unknown == "refuse" and any(floor.by_region for floor in self.floors)

    def hourly(
        self, partnership: "Partnership", day: Any, region: str | None, hours_week: float | None
    ) -> tuple[float, str, float] | None:
        """(the greatest floor in minor units per hour, its currency, by how much an offer may lie below as wages of
        other units are rounded to minor units an hour) on a day, or None where no floor is set."""
        best: tuple[float, str, float] | None = None
        for floor in self.floors:
            amount, currency, per = floor.amount, floor.currency, floor.per
            if floor.by_region:
                keys = [key for key in floor.by_region if region and in_region(region, key)]
                amount = floor.by_region[max(keys, key=len)] if keys else None
            if floor.ref:
                reference = partnership.reference(floor.ref, day)
                if reference is None:
                    continue
                amount, currency, per = reference.amount, reference.currency, reference.per
            if amount is None or currency is None:
                continue
            week = hours_week or STANDARD_WEEK
            hours = {"hour": 1.0, "day": week / 5, "week": week, "month": week * 52 / 12, "year": week * 52}[per]
            least = minor_units(amount, currency) / hours
            if best is None or least > best[0]:
                best = (least, currency, 0.0 if per == "hour" else 0.5)
        return best

    def _short(
        self, floor: tuple[float, str, float] | None, wage: int | None, currency: str | None, factor: float
    ) -> bool:
        if floor is None:
            return False
        return wage is None or currency != floor[1] or wage + floor[2] < floor[0] * factor - 1e-6

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        if not self.floors:
            return
        factor = 1 + self.uplift_percent / 100
        names = ("start", "region", "hours_week", "wage", "currency")
        columns = [
            view.vacancies[name].to_list() if name in view.vacancies.columns else [None] * len(view.start)
            for name in names
        ]
        if self._asks_region:
            nowhere = view.mask("vacancy", "region", ("no region",), lambda region: not region or not is_region(region))
            yield self.refuse(view, partnership, (Mask(vacancy=nowhere),), "fact.missing", fact="region")
        dated = any(floor.ref for floor in self.floors)
        regional = any(floor.by_region for floor in self.floors)
        floors: dict[Any, tuple[float, str, float] | None] = {}
        short: dict[Any, tuple[bool, bool]] = {}
        found = []
        for offer in zip(*columns, strict=True):
            if offer not in short:
                day, region, hours, wage, currency = offer
                key = (day if dated else None, region if regional else None, hours)
                if key not in floors:
                    floors[key] = self.hourly(partnership, *key)
                raised = self._short(floors[key], wage, currency, factor)
                plain = self._short(floors[key], wage, currency, 1) if self.uplift_seasons else raised
                short[offer] = plain, raised
            found.append(short[offer])
        below, below_raised = np.array(found, dtype=np.bool_).reshape(-1, 2).T
        yield self.refuse(view, partnership, (Mask(vacancy=below),), "wage.floor", floor=self._shown(partnership, view))
        if self.uplift_percent and self.uplift_seasons:
            counts = view.seasons_under(partnership.names, partnership.destination)["past"].value_counts()
            per_past = np.zeros(len(view.codes("worker", "past")[0]), dtype=np.int32)
            per_past[counts["past"].to_numpy()] = counts["count"].to_numpy()
            many = view.per_worker(per_past) >= self.uplift_seasons
            fails = (Mask(worker=many, vacancy=below_raised),)
            yield self.refuse(
                view, partnership, fails, "wage.uplift", percent=f"{self.uplift_percent:g}", seasons=self.uplift_seasons
            )

    def _shown(self, partnership: "Partnership", view: View) -> str:
        shown = []
        for floor in self.floors:
            if floor.amount is not None:
                shown.append(f"{floor.amount:g} {floor.currency}/{floor.per}")
            else:
                shown.append(floor.ref or "by region")
        return ", ".join(shown)

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        vacancy = case.vacancy
        if self._asks_region and not is_region(vacancy.region or ""):
            yield refusal("fact.missing", fact="region")
        floor = self.hourly(partnership, case.start, vacancy.region, vacancy.hours_week)
        raised = 1 + self.uplift_percent / 100
        if self._short(floor, vacancy.wage, vacancy.currency, 1 if self.uplift_seasons else raised):
            least, currency, _ = floor or (0, "", 0)
            yield refusal("wage.floor", floor=f"{int(least + 0.5)} minor units {currency}/hour")
        elif (
            self.uplift_percent
            and self.uplift_seasons
            and len(case.seasons(partnership.names, partnership.destination)) >= self.uplift_seasons
            and self._short(floor, vacancy.wage, vacancy.currency, raised)
        ):
            yield refusal("wage.uplift", percent=f"{self.uplift_percent:g}", seasons=self.uplift_seasons)

    def problems(self) -> Iterable[Problem]:
        if not self.floors and not self.parity:
            yield "floors", "missing", "floors or parity"
        for n, floor in enumerate(self.floors):
            ways = (floor.amount is not None) + bool(floor.by_region) + bool(floor.ref)
            if ways != 1:
                yield f"floors[{n}]", f"{ways} of amount, by_region and ref", "exactly one"
            if not floor.ref and floor.currency is None:
                yield f"floors[{n}].currency", "missing", "an ISO 4217 code"
            for region in floor.by_region:
                if not is_region(region):
                    yield f"floors[{n}].by_region", f"unknown region {region!r}", "ISO 3166-2"
        if self.uplift_seasons and not self.uplift_percent:
            yield "uplift_seasons", "given without uplift_percent", "uplift_percent"

    def says(self) -> Iterable[Phrase]:
        code = "say.wage.floor" if len(self.floors) == 1 else "say.wage.greatest"
        for floor in self.floors:
            if floor.amount is not None:
                money = Money(floor.amount, floor.currency or "", floor.per)
                yield code, {"money": money}
            elif floor.ref:
                yield "say.wage.ref", {"ref": floor.ref}
            for region, least in floor.by_region.items():
                yield "say.wage.region", {"region": region, "money": Money(least, floor.currency or "", floor.per)}
        if self.uplift_percent:
            code = "say.wage.uplift" if self.uplift_seasons else "say.wage.uplift_all"
            yield code, {"percent": self.uplift_percent, "seasons": self.uplift_seasons}
        if self.parity:
            yield "say.wage.parity", {"text": self.parity}


class GuaranteeRule(Rule, frozen=True, kw_only=True, tag="guarantee"):
    """Paid hours promised to each worker: `hours` in every `window` (or on average over it), or a `share` of the hours
    of the contract; what is not worked is paid all the same. An offer whose weekly hours are known must reach it; one
    that does not say is taken to promise it, unless `unknown = "refuse"`.
    """

    hours: Annotated[float, msgspec.Meta(gt=0)] | None = None
    window: Duration = "P1W"
    share: Share | None = None
    basis: Literal["each", "average"] = "each"
    full_time: bool = False
    unknown: Unknown = "accept"

    right = True
    same_by = ("window", "basis")

    @property
    def weekly(self) -> float | None:
        """The promise in hours a week, or None where it depends on the contract alone."""
        if self.full_time:
            return 35.0 if self.hours is None else self.hours
        if self.hours is None:
            return None
        months, days = parts(self.window)
        return self.hours * 7 / (months * 365.25 / 12 + days)

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        least = self.weekly
        if least is not None:
            few = view.mask(
                "vacancy", "hours_week", ("under", least), lambda hours: hours is not None and hours < least - 1e-9
            )
            yield self.refuse(view, partnership, (Mask(vacancy=few),), "guarantee.hours", hours=f"{least:g}")
            if self.unknown == "refuse":
                silent = view.mask("vacancy", "hours_week", ("none",), lambda hours: hours is None)
                yield self.refuse(view, partnership, (Mask(vacancy=silent),), "fact.missing", fact="hours_week")

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        least, offered = self.weekly, case.vacancy.hours_week
        if least is None:
            return
        if offered is None:
            if self.unknown == "refuse":
                yield refusal("fact.missing", fact="hours_week")
        elif offered < least - 1e-9:
            yield refusal("guarantee.hours", hours=f"{least:g}")

    def problems(self) -> Iterable[Problem]:
        if self.hours is None and self.share is None and not self.full_time:
            yield "hours", "missing", "hours, share or full_time"
        if self.hours is not None:
            months, days = parts(self.window)
            if self.hours > 24 * (months * 31 + days):
                yield "hours", f"{self.hours:g} hours in {self.window}", "no more hours than the window has"

    def says(self) -> Iterable[Phrase]:
        if self.hours is not None:
            code = "say.guarantee.average" if self.basis == "average" else "say.guarantee.hours"
            yield code, {"hours": self.hours, "window": self.window}
        if self.share is not None:
            yield "say.guarantee.share", {"share": self.share}
        if self.full_time:
            yield "say.guarantee.full_time", {}
