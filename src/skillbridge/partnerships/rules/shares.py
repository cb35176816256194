"""What part of the placements must, or may at most, be of a kind: the share rule."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from skillbridge.partnerships.cases import Case
from skillbridge.partnerships.rules.base import (
    Limit,
    LimitsOf,
    Phrase,
    Rule,
    Strictness,
    Tally,
    VacancyRow,
    Violation,
)
from skillbridge.partnerships.rules.quota import Dimension, QuotaRule, Share
from skillbridge.partnerships.selector import Problem, Selector, values
from skillbridge.partnerships.view import View

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership


class ShareRule(Rule, frozen=True, kw_only=True, tag="share"):
    """At least `min` or at most `max` of the placements that `of` means must also be what `who` means.

    per: the share holds within each value of these dimensions. Soft unless `strictness` is hard, which needs a
    `legal_basis`: the law that allows or demands it. A share by sex needs one even as a wish.
    """

    who: Selector
    of: Selector | None = None
    min: Share | None = None
    max: Share | None = None
    per: tuple[Dimension, ...] = ()
    legal_basis: str = ""
    strictness: Strictness = "soft"

    same_by = ("who", "of", "per")

    def _quota(self) -> QuotaRule:
        return QuotaRule(id=self.id, max=0, per=self.per)

    def clause(self, view: View, partnership: "Partnership") -> Iterable[Tally | VacancyRow]:
        of = (self.of.where(view, partnership, unknown=True),) if self.of else ()
        everyone = self.population(view, partnership, *of)
        these = self.population(view, partnership, *of, self.who.where(view, partnership, unknown=False))
        worker_codes, vacancy_codes, mine, theirs = self._quota()._keys(view)
        for share, sign, word in ((self.min, 1, "at least"), (self.max, -1, "at most")):
            if share is None:
                continue
            a = Fraction(str(share))
            table: dict[tuple[int, int], Sequence[Limit | None]] = {}
            for (i, left), (j, (right, _)) in product(enumerate(mine), enumerate(theirs)):
                label = " ".join((*self._quota()._key(left, right), f"{word} {float(share) * 100:g} %"))
                table[i, j] = (self.limit(0, label, "placements", a.denominator),)
            both_parts = np.array(
                [[0], [a.numerator * sign], [0], [(a.numerator - a.denominator) * sign]], dtype=np.int64
            )
            limited = (
                self.pathways()
                if self.of is None or self.of.partnership is None
                else frozenset(values(self.of.partnership))
            )
            yield Tally(
                self.id, (everyone, these), both_parts, LimitsOf(table=table), worker_codes, vacancy_codes, limited
            )

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        groups: dict[tuple[str, ...], list[Case]] = {}
        for case in cases:
            if self.applies(case, partnership) and (
                self.of is None or self.of.matches(case, partnership, unknown=True)
            ):
                groups.setdefault(self._quota().key_of(case), []).append(case)
        for key, group in sorted(groups.items()):
            some = sum(self.who.matches(case, partnership, unknown=False) for case in group)
            for share, low in ((self.min, True), (self.max, False)):
                if share is None:
                    continue
                exact = Fraction(str(share)) * len(group)
                excess = exact - some if low else some - exact
                if excess > 0:
                    label = " ".join(key)
                    code = "share.min" if low else "share.max"
                    yield self.broken(
                        partnership, code, group, ceil(excess), "placements",
                        some=some, all=len(group), percent=f"{share * 100:g}", label=label,
                    )  # fmt: skip

    def problems(self) -> Iterable[Problem]:
        if self.min is None and self.max is None:
            yield "min", "missing", "min or max"
        if self.min is not None and self.max is not None and self.min > self.max:
            yield "min", f"{self.min:g} is above max {self.max:g}", f"<= {self.max:g}"
        for name in ("who", "of"):
            selector = getattr(self, name)
            if selector is not None:
                for field, what, expected in selector.problems():
                    yield f"{name}.{field}".rstrip("."), what, expected
        if self.strictness == "hard" and not self.legal_basis:
            yield "strictness", "a hard share without a legal basis", "legal_basis, or strictness soft"
        if self.who.sex is not None and not self.legal_basis:
            yield "who.sex", "a share by sex without a legal basis", "legal_basis with the positive-action law"
        if "month" in self.per:
            yield "per", "month", "another dimension"

    def says(self) -> Iterable[Phrase]:
        details = {"who": self.who, "of": self.of, "per": self.per, "basis": self.legal_basis}
        if self.min is not None:
            yield "say.share.min", details | {"share": self.min}
        if self.max is not None:
            yield "say.share.max", details | {"share": self.max}
        if self.per:
            yield "say.share.per", details
        if self.legal_basis:
            yield "say.share.basis", details
