"""What rules a pair out beside the partnerships' rules, in the order in which it is counted."""

from enum import IntEnum

import msgspec

from skillbridge.matching.criteria import EssentialSkills, Facts
from skillbridge.matching.policy import Filters
from skillbridge.model import CEFR


class Reason(IntEnum):
    """Why a pair is no candidate. A pair is counted once, under the first that applies.

    `RULE` stands for a partnership's own rules, each counted under its own name.
    """

    CONSENT = 0
    OCCUPATION = 1
    REFUSED = 2
    RULE = 3
    LANGUAGE = 4
    EDUCATION = 5
    LICENCE = 6
    CURRENCY = 7
    WINDOW = 8
    WAGE = 9


WORDS = {
    Reason.CONSENT: "the worker has not agreed to be matched",
    Reason.OCCUPATION: "another occupation, without the skills the work needs",
    Reason.REFUSED: "the worker refuses this destination or employer",
    Reason.RULE: "a rule of the partnership",
    Reason.LANGUAGE: "a language below the level asked",
    Reason.EDUCATION: "education below the level asked",
    Reason.LICENCE: "a licence lacking",
    Reason.CURRENCY: "no exchange rate to compare the wage with the worker's floor",
    Reason.WINDOW: "not available for enough of the contract",
    Reason.WAGE: "the wage is below the worker's floor",
}
"""Each reason for people; codes in files are the lower-case names."""


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reason why a pair is no candidate: its code (a :class:`Reason` or `partnership/rule`) and the evidence."""

    code: str
    evidence: str


def refusals(facts: Facts, filters: Filters) -> list[Refusal]:
    """Every filter that rules the pair out, in the order of :class:`Reason`; empty for a candidate."""
    found: list[Refusal] = []

    def refuse(reason: Reason, evidence: str) -> None:
        found.append(Refusal(reason.name.lower(), f"{WORDS[reason]}: {evidence}" if evidence else WORDS[reason]))

    if facts.consent is False:
        refuse(Reason.CONSENT, "")
    cover = EssentialSkills(0).value(facts)[0] if facts.essential else 0
    if not (facts.closeness or facts.open or cover >= filters.min_cover):
        refuse(Reason.OCCUPATION, f"{facts.related.words()}, skill cover {cover} of 1000")
    if facts.refused:
        refuse(Reason.REFUSED, ", ".join(facts.refused))
    lacking = [
        f"{language} {asked} asked, {held or 'none'} held"
        for language, asked, held in facts.languages
        if CEFR.index(asked) - (CEFR.index(held) if held else -1) > filters.language_steps_below
    ]
    if lacking:
        refuse(Reason.LANGUAGE, "; ".join(lacking))
    if facts.education_asked is not None and (facts.education is None or facts.education < facts.education_asked):
        held = "not stated" if facts.education is None else str(facts.education)
        refuse(Reason.EDUCATION, f"ISCED {facts.education_asked} asked, {held}")
    if facts.licences_lacking:
        refuse(Reason.LICENCE, ", ".join(facts.licences_lacking))
    if facts.wage is not None and facts.floor < 0:
        refuse(Reason.CURRENCY, f"to {facts.currency}")
    if facts.overlap_days <= 0 or facts.overlap_days * 1000 < filters.min_overlap * facts.contract_days:
        refuse(Reason.WINDOW, f"{facts.overlap_days} of {facts.contract_days} days")
    if facts.wage is not None and facts.wage < facts.floor:
        refuse(Reason.WAGE, f"{facts.wage} an hour against {facts.floor} ({facts.currency})")
    return found
