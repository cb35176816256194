"""What takes away a refusal of one worker by one vacancy: a step, and the rows of both as they would be.

Nobody's sex, age or origin is ever changed, and no right: a wage is raised to an agreement's floor, the floor is kept.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil
from typing import Any

import msgspec

from skillbridge.explain.explainer import Explainer
from skillbridge.matching.criteria import Facts
from skillbridge.matching.profile import profile
from skillbridge.matching.profile import vacancy as vacancy_of
from skillbridge.model import CEFR
from skillbridge.partnerships.admission import REFUSED
from skillbridge.partnerships.admission import Reason as Refused
from skillbridge.partnerships.dates import day_of_year, in_window, plus
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.rules.pay import WageRule
from skillbridge.rates import told
from skillbridge.tables import parse_languages, parse_list


class Step(msgspec.Struct, frozen=True):
    """One thing changed: `kind` is a code of the words' `change` section and `values` its blanks."""

    kind: str
    values: dict[str, str]


@dataclass(frozen=True)
class Pair:
    """A worker and a vacancy (rows of their tables) as they would be, with the `steps` that lead there.

    `agreement`: the one that would take the worker's origin too; `opens`: a step that lets others in as well.
    """

    worker: Mapping[str, Any]
    job: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    agreement: Partnership | None = None
    opens: bool = False

    def able(self, step: Step, **columns: Any) -> "Pair":
        """With a step that changes the worker."""
        return replace(self, worker={**self.worker, **columns}, steps=(*self.steps, step))

    def offered(self, step: Step, **columns: Any) -> "Pair":
        """With a step that changes the vacancy, for everybody."""
        return replace(self, job={**self.job, **columns}, steps=(*self.steps, step), opens=True)


def mended(explainer: Explainer, worker: int, vacancy: int) -> Pair | None:
    """The pair with everything changed that rules it out; None where something does that nobody can change.

    Filters and the rule that speaks for the refusal are looked at; that no other rule refuses is not known yet.
    """
    folder = explainer.folder
    pair = Pair(folder.workers.row(worker, named=True), folder.vacancies.row(vacancy, named=True))
    admitted = explainer.search.admitted
    at = admitted.worker_class[worker], admitted.vacancy_class[vacancy]
    rule, refused = None, None
    if admitted.pathway[at] == REFUSED:
        refused = admitted.reasons[admitted.reason[at]]
        rule = RULES.get(refused.code)
        if rule is None:
            return None
        if refused.code in OF_JOBS:
            better = rule(explainer, pair, refused)
            if better is None:
                return None
            pair, rule = better, None
    me, job = profile(pair.worker), vacancy_of(pair.job)
    facts = explainer.measure.facts(me, job)
    for one in explainer.measure.why_not(me, job):
        mend = FILTERS.get(one.code)
        found = mend(explainer, pair, facts) if mend else None
        if found is None:
            return None
        pair = found
    return rule(explainer, pair, refused) if rule and refused else pair


def _consent(explainer: Explainer, pair: Pair, facts: Facts) -> Pair | None:
    return pair.able(Step("consent", {}), consent=True)


def _occupation(explainer: Explainer, pair: Pair, facts: Facts) -> Pair | None:
    job = pair.job
    values = {"occupation": str(job["occupation"] or job["isco"] or ""), "isco": str(job["isco"] or "")}
    return pair.able(Step("occupation", values), concept=job["concept"], isco=job["isco"])


def _refused(explainer: Explainer, pair: Pair, facts: Facts) -> Pair | None:
    kept = [one for one in parse_list(pair.worker["preferences"]) if one.removeprefix("!") not in facts.refused]
    return pair.able(Step("preference", {"what": ", ".join(facts.refused)}), preferences=";".join(kept))


def _language(explainer: Explainer, pair: Pair, facts: Facts) -> Pair | None:
    steps = explainer.measure.policy.filters.language_steps_below
    lacking = {
        tongue: CEFR[CEFR.index(asked) - steps]
        for tongue, asked, held in facts.languages
        if CEFR.index(asked) - (CEFR.index(held) if held else -1) > steps
    }
    if len(lacking) != 1:
        return None
    ((tongue, level),) = lacking.items()
    return _speaking(pair, tongue, level)


def _speaking(pair: Pair, tongue: str, level: str) -> Pair:
    known = parse_languages(pair.worker["languages"])
    languages = ";".join(f"{name}:{one}" for name, one in {**known, tongue: level}.items())
    values = {"language": tongue, "level": level, "held": known.get(tongue, "")}
    return pair.able(Step("language", values), languages=languages)


def _education(explainer: Explainer, pair: Pair, facts: Facts) -> Pair | None:
    return _schooled(pair, facts.education_asked or 0)


def _schooled(pair: Pair, level: int) -> Pair:
    held = pair.worker["education"]
    if held is not None and held >= level:
        return pair
    values = {"level": str(level), "held": "" if held is None else str(held)}
    return pair.able(Step("education", values), education=level)


def _licence(explainer: Explainer, pair: Pair, facts: Facts) -> Pair | None:
    return _licensed(pair, facts.licences_lacking)


def _licensed(pair: Pair, lacking: tuple[str, ...] | list[str]) -> Pair:
    held = parse_list(pair.worker["licences"])
    more = [one for one in lacking if one not in held]
    if not more:
        return pair
    return pair.able(Step("licence", {"licence": ", ".join(more)}), licences=";".join([*held, *more]))


def _window(explainer: Explainer, pair: Pair, facts: Facts) -> Pair | None:
    first, last, job = pair.worker["available_from"], pair.worker["available_to"], pair.job
    begin, until = min(first or job["start"], job["start"]), max(last or job["end"], job["end"])
    step = Step("dates", {"start": str(begin), "end": str(until)})
    return pair.able(step, available_from=begin, available_to=until)


def _wage(explainer: Explainer, pair: Pair, facts: Facts) -> Pair | None:
    job = pair.job
    step = Step("floor", {"wage": told(job["wage"], job["currency"])})
    return pair.able(step, wage_floor=job["wage"], currency=job["currency"])


FILTERS: dict[str, Callable[[Explainer, Pair, Facts], Pair | None]] = {
    "consent": _consent,
    "occupation": _occupation,
    "refused": _refused,
    "language": _language,
    "education": _education,
    "licence": _licence,
    "window": _window,
    "wage": _wage,
}
"""A filter's reason -> the pair without it."""


def _asked_language(explainer: Explainer, pair: Pair, refused: Refused) -> Pair | None:
    values = dict(refused.values)
    return _speaking(pair, values["language"], values["level"])


def _asked_any_language(explainer: Explainer, pair: Pair, refused: Refused) -> Pair | None:
    tongue, _, level = dict(refused.values)["languages"].partition(" / ")[0].partition(" ")
    return _speaking(pair, tongue, level)


def _asked_experience(explainer: Explainer, pair: Pair, refused: Refused) -> Pair | None:
    values = dict(refused.values)
    groups = tuple(one for one in values["occ"].split(", ") if one)
    isco = pair.worker["isco"]
    if groups and (isco is None or not isco.startswith(groups)):
        return None
    held = pair.worker["experience_months"] or 0
    if held >= int(values["months"]):
        return pair
    step = Step("experience", {"months": values["months"], "held": str(held)})
    return pair.able(step, experience_months=int(values["months"]))


def _asked_education(explainer: Explainer, pair: Pair, refused: Refused) -> Pair | None:
    return _schooled(pair, int(dict(refused.values)["level"]))


def _asked_licence(explainer: Explainer, pair: Pair, refused: Refused) -> Pair | None:
    return _licensed(pair, [dict(refused.values)["licence"]])


def _asked_posts(explainer: Explainer, pair: Pair, refused: Refused) -> Pair | None:
    """More positions of an employer that posts fewer in all than an application must be for."""
    vacancies, job = explainer.folder.vacancies, pair.job
    posted = vacancies.filter(vacancies["employer_id"] == job["employer_id"])
    least = int(dict(refused.values)["min"])
    if posted.height > 1 or job["positions"] >= least:
        return None
    step = Step("positions", {"n": str(least - job["positions"]), "vacancy": job["vacancy_id"]})
    return pair.offered(step, positions=least)


def _asked_wage(explainer: Explainer, pair: Pair, refused: Refused) -> Pair | None:
    """The offered wage raised to the agreement's floor."""
    agreement = next(one for one in explainer.folder.partnerships if one.id == refused.partnership)
    rule = next(one for one in agreement.binding if one.id == refused.rule and isinstance(one, WageRule))
    job = pair.job
    floor = rule.hourly(agreement, job["start"], job["region"], job["hours_week"])
    if floor is None or floor[1] != job["currency"]:
        return None
    wage = ceil(floor[0] * (1 + rule.uplift_percent / 100))
    step = Step("wage_offered", {"wage": told(wage, floor[1]), "partnership": agreement.id})
    return pair.offered(step, wage=wage)


def _asked_stay(explainer: Explainer, pair: Pair, refused: Refused) -> Pair | None:
    """A contract that ends as early as the agreement's season and longest stay ask; nobody may hold it as it is."""
    agreement = next(one for one in explainer.folder.partnerships if one.id == refused.partnership)
    rule = next(one for one in agreement.binding if one.id == refused.rule and isinstance(one, StayRule))
    job = pair.job
    last = _last_day(rule, job["start"])
    held = (explainer.folder.placements["vacancy_id"] == job["vacancy_id"]).any()
    if held or last is None or not job["start"] <= last < job["end"]:
        return None
    return pair.offered(Step("job_end", {"end": str(last), "partnership": agreement.id}), end=last)


def _last_day(rule: StayRule, start: date) -> date | None:
    """The last day of a stay from `start` by a rule's season and longest stay; None where it may not start."""
    days = [plus(start, rule.max) - timedelta(days=1)] if rule.max else []
    if rule.fixed_season:
        if not in_window(start, rule.fixed_season):
            return None
        last = rule.fixed_season[1]
        if len(last) == 10:
            days.append(date.fromisoformat(last))
        else:
            ends = day_of_year(last, start.year)
            days.append(ends if ends >= start else day_of_year(last, start.year + 1))
    return min(days, default=None)


def _asked_origin(explainer: Explainer, pair: Pair, refused: Refused) -> Pair | None:
    """An agreement that goes to the vacancy's country, if it took workers from this origin too."""
    agreement = next(_to(explainer, pair), None)
    if agreement is None:
        return None
    wider = msgspec.structs.replace(agreement, origins=(*agreement.origins, pair.worker["origin"]))
    step = Step("corridor", {"partnership": agreement.id, "origin": pair.worker["origin"]})
    return replace(pair, agreement=wider, opens=True, steps=(*pair.steps, step))


def _to(explainer: Explainer, pair: Pair) -> Iterator[Partnership]:
    job, origin = pair.job, pair.worker["origin"]
    for one in explainer.folder.partnerships:
        if one.is_overlay or origin in one.origins or job["partnership"] not in (None, one.id):
            continue
        if job["destination"] in one.destination and one.covers(
            "".join(one.origins[:1]), job["destination"], job["start"]
        ):
            yield one


RULES: dict[str, Callable[[Explainer, Pair, Refused], Pair | None]] = {
    "eligibility.language": _asked_language,
    "eligibility.languages_any": _asked_any_language,
    "eligibility.experience": _asked_experience,
    "eligibility.education": _asked_education,
    "eligibility.licence": _asked_licence,
    "group.min": _asked_posts,
    "wage.floor": _asked_wage,
    "stay.max": _asked_stay,
    "stay.season": _asked_stay,
    "corridor.none": _asked_origin,
}
"""The code of a rule's refusal (wording.py) -> the pair without it. What is not here nobody can, or may, change."""
OF_JOBS = frozenset({"group.min", "wage.floor", "stay.max", "stay.season"})
"""Those of RULES that change the vacancy: before anything of the worker is, which may then fit as it is."""
