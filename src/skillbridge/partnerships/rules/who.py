"""Who may come: scope and eligibility."""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from skillbridge.model import CEFR, Cefr, Isced
from skillbridge.partnerships.cases import Case, FactName, number, parse_facts, plain
from skillbridge.partnerships.places import COUNTRIES, is_language, is_region, is_sector, isco_groups
from skillbridge.partnerships.rules.base import Check, Phrase, Refusal, Rule, Unknown, refusal
from skillbridge.partnerships.selector import Problem, Texts, holds, values
from skillbridge.partnerships.view import Mask, View, Where, both
from skillbridge.tables import parse_languages, parse_list, same_language

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

_NEVER = (
    "marital marital_status married single civil_status children dependants pregnancy pregnant ethnicity race colour "
    "religion politics political_opinion union union_member trade_union disability disabled hiv hiv_status "
    "sexual_orientation height weight photo caste"
)
NEVER_ASKED = frozenset(_NEVER.split())
"""Attributes that no rule may ask for, whatever an agreement says."""


def never_asked(name: str) -> bool:
    """Whether a key or the name of a fact asks for such an attribute: `marital`, `not_married`, `Is Pregnant`."""
    words = re.sub(r"[^a-z]+", "_", name.lower()).strip("_")
    return re.sub(r"^(is|no|not|has|without)_", "", words) in NEVER_ASKED


def _outside(name: str, value: str | None) -> tuple[str, dict[str, str]]:
    """(code, its values) of a value outside a scope's list, or of one that is not stated."""
    return (f"scope.{name}", {"found": value}) if value else (f"scope.{name}_unstated", {})


class ScopeRule(Rule, frozen=True, kw_only=True, tag="scope"):
    """Who and what the agreement is about; a pair outside goes by another pathway or none.

    Lists of origins (ISO 3166-1), origin_regions, regions (ISO 3166-2 prefixes), sectors (ISIC prefixes), occupations
    (ISCO-08 prefixes) and channels; an absent list is no limit. What a row does not state is outside.
    """

    origins: Texts | None = None
    origin_regions: Texts | None = None
    regions: Texts | None = None
    sectors: Texts | None = None
    occupations: Texts | None = None
    channels: Texts | None = None

    _asks = (
        ("origins", "worker", "origin", "origin"),
        ("origin_regions", "worker", "region", "origin_region"),
        ("regions", "vacancy", "region", "region"),
        ("sectors", "vacancy", "sector", "sector"),
        ("occupations", "vacancy", "isco", "occ"),
        ("channels", "vacancy", "channel", "channel"),
    )

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        for name, side, column, field in self._asks:
            wanted = values(getattr(self, name))
            if not wanted:
                continue
            known, _ = view.codes(side, column)
            outside = view.mask(
                side,
                column,
                ("outside", field, wanted),
                lambda value, field=field, wanted=wanted: not holds(field, wanted, value, False),  # type: ignore[misc]
            )
            if len(known) <= 64:
                for value in known:
                    if not holds(field, wanted, value, False):
                        this = view.mask(side, column, ("is", value), lambda one, value=value: one == value)  # type: ignore[misc]
                        fails: Where = (Mask(worker=this) if side == "worker" else Mask(vacancy=this),)
                        code, details = _outside(name, value)
                        yield self.refuse(view, partnership, fails, code, **details)
            else:
                fails = (Mask(worker=outside) if side == "worker" else Mask(vacancy=outside),)
                yield self.refuse(view, partnership, fails, f"scope.{name}", found="…")

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        for name, side, column, field in self._asks:
            wanted = values(getattr(self, name))
            value = getattr(case.worker if side == "worker" else case.vacancy, column)
            if wanted and not holds(field, wanted, value, False):
                code, details = _outside(name, value)
                yield refusal(code, **details)

    def problems(self) -> Iterable[Problem]:
        given = [name for name, *_ in self._asks if getattr(self, name) is not None]
        if not given:
            yield "", "a scope without any list", "at least one of " + ", ".join(name for name, *_ in self._asks)
        for name in given:
            if not values(getattr(self, name)) or "" in values(getattr(self, name)):
                yield name, "an empty list", "at least one value, or leave it out"
        for code in values(self.origins):
            if code and code not in COUNTRIES:
                yield "origins", f"unknown country {code!r}", "ISO 3166-1 alpha-2"
        for name in ("origin_regions", "regions"):
            for code in values(getattr(self, name)):
                if code and not is_region(code):
                    yield name, f"unknown region {code!r}", "ISO 3166-2, or its beginning"
        for code in values(self.sectors):
            if code and not is_sector(code):
                yield "sectors", f"{code!r}", "an ISIC section (a letter) or 1 to 4 digits"
        for code in values(self.occupations):
            if code and code not in isco_groups():
                yield "occupations", f"{code!r}", "a group of ISCO-08, 1 to 4 digits"

    def says(self) -> Iterable[Phrase]:
        for name, *_ in self._asks:
            if values(getattr(self, name)):
                yield f"say.scope.{name}", {"list": values(getattr(self, name))}


class FactTerm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a worker's fact must be: a number from `min` to `max`, or one of `one_of` (default: yes).

    `unknown`: accept takes a missing fact as met (it is established later, at the visa), refuse does not.
    """

    min: float | None = None
    max: float | None = None
    one_of: tuple[str, ...] = ()
    unknown: Unknown = "accept"

    def met(self, text: str | None) -> bool:
        """Whether a fact as written satisfies the term."""
        if text is None:
            return self.unknown == "accept"
        if self.min is None and self.max is None:
            return plain(text) in {plain(one) for one in self.one_of or ("yes",)}
        value = number(text)
        if value is None:
            return False
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)

    def wants(self) -> str:
        """The condition in signs."""
        if self.min is not None or self.max is not None:
            low = f">= {self.min:g}" if self.min is not None else ""
            high = f"<= {self.max:g}" if self.max is not None else ""
            return ", ".join(part for part in (low, high) if part)
        return " / ".join(self.one_of or ("yes",))


class EligibilityRule(Rule, frozen=True, kw_only=True, tag="eligibility"):
    """What a worker must be or have; every term that fails is a reason of its own.

    age_min, age_max: years at the start, passed only when the year of birth makes it certain; languages: BCP 47 tag ->
    lowest CEFR level, all of them; languages_any: at least one of them; experience_months in `experience_occ` (ISCO-08
    prefixes, absent: any); education: lowest ISCED level; licences: all of them; facts: name -> term (health,
    no_prior_overstay, unemployed_months); sex: only with `legal_basis`. A person's own columns left empty do not pass.
    """

    age_min: Annotated[int, msgspec.Meta(ge=14, le=99)] | None = None
    age_max: Annotated[int, msgspec.Meta(ge=14, le=99)] | None = None
    languages: dict[str, Cefr] = msgspec.field(default_factory=dict)
    languages_any: dict[str, Cefr] = msgspec.field(default_factory=dict)
    experience_months: Annotated[int, msgspec.Meta(ge=0)] | None = None
    experience_occ: tuple[str, ...] = ()
    education: Isced | None = None
    licences: tuple[str, ...] = ()
    facts: dict[FactName, FactTerm] = msgspec.field(default_factory=dict)
    sex: tuple[Literal["f", "m", "x"], ...] = ()
    legal_basis: str = ""

    same_by = ()

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        if self.strictness == "soft":
            return
        for fails, code, details in self._failing(view):
            yield self.refuse(view, partnership, fails, code, **details)

    def _failing(self, view: View) -> Iterable[tuple[Where, str, dict[str, Any]]]:
        for year in view.years:
            then: Where = (Mask(vacancy=view.start_year == year),)
            if self.age_min is not None:
                young = view.workers_where(
                    "birth_year", ("younger", self.age_min, year), partial(_younger, self.age_min, year)
                )
                yield both(young, then), "eligibility.age_min", {"age": self.age_min}
            if self.age_max is not None:
                old = view.workers_where(
                    "birth_year",
                    ("older", self.age_max, year),
                    lambda born, year=year: born is None or year - born > self.age_max,  # type: ignore[misc]
                )
                yield both(old, then), "eligibility.age_max", {"age": self.age_max}
        for language, level in self.languages.items():
            lacks = view.workers_where(
                "languages",
                (language, level),
                partial(_speaks_less, language, level),
            )
            yield lacks, "eligibility.language", {"language": language, "level": level}
        if self.languages_any:
            mute = view.workers_where("languages", ("none of", *sorted(self.languages_any.items())), self._mute)
            yield mute, "eligibility.languages_any", {"languages": self._any()}
        if self.experience_months is not None:
            short = view.mask(
                "worker",
                "experience_months",
                ("under", self.experience_months),
                lambda months, least=self.experience_months: (months or 0) < least,  # type: ignore[misc]
            )
            other = view.mask(
                "worker",
                "isco",
                ("not in", self.experience_occ),
                lambda isco: not _in_occupation(isco, self.experience_occ),
            )
            details = {"months": self.experience_months, "occ": ", ".join(self.experience_occ)}
            yield (Mask(worker=short | other),), "eligibility.experience", details
        if self.education is not None:
            low = view.workers_where("education", ("under", self.education), partial(_below, self.education))
            yield low, "eligibility.education", {"level": self.education}
        for licence in self.licences:
            lacks = view.workers_where("licences", ("lacks", licence), partial(_lacks, licence))
            yield lacks, "eligibility.licence", {"licence": licence}
        for name, term in self.facts.items():
            unmet = view.workers_where(
                "facts",
                (name, term),
                partial(_unmet, name, term),
            )
            yield unmet, "eligibility.fact", {"fact": name, "wants": term.wants()}
        if self.sex:
            yield (
                view.workers_where("sex", ("not", self.sex), lambda sex: sex not in self.sex),
                "eligibility.sex",
                {"basis": self.legal_basis},
            )

    def _mute(self, text: str | None) -> bool:
        levels = parse_languages(text)
        return all(below_level(levels, *one) for one in self.languages_any.items())

    def _any(self) -> str:
        return " / ".join(f"{language} {level}" for language, level in sorted(self.languages_any.items()))

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        worker, year = case.worker, case.start.year
        born = worker.birth_year
        if self.age_min is not None and (born is None or year - born - 1 < self.age_min):
            yield refusal("eligibility.age_min", age=self.age_min)
        if self.age_max is not None and (born is None or year - born > self.age_max):
            yield refusal("eligibility.age_max", age=self.age_max)
        for language, level in self.languages.items():
            if below_level(worker.languages, language, level):
                yield refusal("eligibility.language", language=language, level=level)
        if self.languages_any and all(below_level(worker.languages, *one) for one in self.languages_any.items()):
            yield refusal("eligibility.languages_any", languages=self._any())
        if self.experience_months is not None and (
            worker.experience_months < self.experience_months or not _in_occupation(worker.isco, self.experience_occ)
        ):
            yield refusal("eligibility.experience", months=self.experience_months, occ=", ".join(self.experience_occ))
        if self.education is not None and (worker.education is None or worker.education < self.education):
            yield refusal("eligibility.education", level=self.education)
        for licence in self.licences:
            if licence not in worker.licences:
                yield refusal("eligibility.licence", licence=licence)
        for name, term in self.facts.items():
            if not term.met(worker.facts.get(name)):
                yield refusal("eligibility.fact", fact=name, wants=term.wants())
        if self.sex and worker.sex not in self.sex:
            yield refusal("eligibility.sex", basis=self.legal_basis)

    def problems(self) -> Iterable[Problem]:
        asked = (self.age_min, self.age_max, self.experience_months, self.education)
        lists = (self.languages, self.languages_any, self.licences, self.facts, self.sex)
        if all(one is None for one in asked) and not any(lists):
            yield "", "an eligibility rule that asks for nothing", "at least one term"
        if self.age_min is not None and self.age_max is not None and self.age_min > self.age_max:
            yield "age_max", f"{self.age_max} is below age_min {self.age_min}", f">= {self.age_min}"
        if (self.age_max is not None or (self.age_min or 0) > 18) and not (self.source or self.legal_basis):
            yield (
                "age_max" if self.age_max is not None else "age_min",
                "an age limit without the law that sets it",
                "source or legal_basis",
            )
        if self.sex and not self.legal_basis:
            yield "sex", "asked without a legal basis", "legal_basis with the statute or occupational requirement"
        elif self.sex and (any(one is not None for one in asked) or any(lists[:-1])):
            yield "sex", "beside other terms", "an eligibility rule of its own, whose legal_basis speaks of sex"
        for field in ("languages", "languages_any"):
            for tag in getattr(self, field):
                if not is_language(tag):
                    yield f"{field}.{tag}", "not a language code", "ISO 639, such as en, es or ti"
        for name, term in self.facts.items():
            if never_asked(name):
                yield f"facts.{name}", "an attribute that no rule may ask for", "another fact"
            if term.min is not None and term.max is not None and term.min > term.max:
                yield f"facts.{name}.max", f"{term.max:g} is below min {term.min:g}", f">= {term.min:g}"
        if self.experience_occ and self.experience_months is None:
            yield "experience_occ", "given without experience_months", "experience_months"
        for code in self.experience_occ:
            if code not in isco_groups():
                yield "experience_occ", f"{code!r}", "a group of ISCO-08, 1 to 4 digits"

    def says(self) -> Iterable[Phrase]:
        if self.age_min is not None:
            yield "say.eligibility.age_min", {"age": self.age_min}
        if self.age_max is not None:
            yield "say.eligibility.age_max", {"age": self.age_max}
        for language, level in self.languages.items():
            yield "say.eligibility.language", {"language": language, "level": level}
        if self.languages_any:
            yield "say.eligibility.languages_any", {"languages": self._any()}
        if self.experience_months is not None:
            code = "say.eligibility.experience_in" if self.experience_occ else "say.eligibility.experience"
            yield code, {"months": self.experience_months, "list": self.experience_occ}
        if self.education is not None:
            yield "say.eligibility.education", {"level": self.education}
        for licence in self.licences:
            yield "say.eligibility.licence", {"licence": licence}
        for name, term in self.facts.items():
            yield "say.eligibility.fact", {"fact": name, "wants": term.wants()}
            if term.unknown == "refuse":
                yield "say.eligibility.fact_stated", {"fact": name}
        if self.sex:
            yield "say.eligibility.sex", {"list": self.sex, "basis": self.legal_basis}


def _speaks_less(language: str, level: Cefr, text: str | None) -> bool:
    return below_level(parse_languages(text), language, level)


def below_level(levels: Mapping[str, Cefr], language: str, level: Cefr) -> bool:
    """Whether someone's `levels` (as `tables.parse_languages` gives them) lack a language at a level."""
    known = levels.get(same_language(language))
    return known is None or CEFR.index(known) < CEFR.index(level)


def _younger(least: int, year: int, born: int | None) -> bool:
    return born is None or year - born - 1 < least


def _below(least: int, level: int | None) -> bool:
    return level is None or level < least


def _lacks(licence: str, text: str | None) -> bool:
    return licence not in parse_list(text)


def _unmet(name: str, term: FactTerm, text: str | None) -> bool:
    return not term.met(parse_facts(text).get(name))


def _in_occupation(isco: str | None, prefixes: tuple[str, ...]) -> bool:
    return not prefixes or (isco is not None and isco.startswith(prefixes))
