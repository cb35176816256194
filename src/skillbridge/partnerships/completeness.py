"""What a sound bilateral labour migration agreement covers, and what one says of it.

The topics follow the Guidance on Bilateral Labour Migration Agreements of the United Nations Network on Migration
(February 2022).
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from skillbridge.partnerships.partnership import TOPICS, Partnership
from skillbridge.partnerships.rules.base import Rule
from skillbridge.partnerships.rules.costs import CostRule, HousingRule
from skillbridge.partnerships.rules.employers import ComplianceRule, EmployerGateRule
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.rules.origins import BrainDrainRule, TrainingRule
from skillbridge.partnerships.rules.pay import GuaranteeRule, WageRule
from skillbridge.partnerships.rules.people import GroupRule, MobilityRule
from skillbridge.partnerships.rules.who import EligibilityRule, ScopeRule

_SPEAKS: dict[str, Callable[[Rule], bool]] = {
    "recruitment": lambda rule: (
        (isinstance(rule, CostRule) and rule.item == "recruitment")
        or (isinstance(rule, ScopeRule) and rule.channels is not None)
        or isinstance(rule, BrainDrainRule)
    ),
    "information": lambda rule: False,
    "status": lambda rule: isinstance(rule, StayRule | MobilityRule | GroupRule),
    "safety": lambda rule: (
        (isinstance(rule, HousingRule) and (rule.inspected or bool(rule.standard)))
        or _asks(rule, "safety", "health_and_safety", "housing_inspection")
    ),
    "social_protection": lambda rule: _asks(
        rule, "insurance", "medical_insurance", "health_insurance", "social_security"
    ),
    "contract_and_wages": lambda rule: isinstance(rule, WageRule | GuaranteeRule),
    "qualifications": lambda rule: (
        isinstance(rule, TrainingRule) or (isinstance(rule, EligibilityRule) and bool(rule.licences))
    ),
    "remittances": lambda rule: False,
    "return_and_reintegration": lambda rule: (
        (isinstance(rule, StayRule) and rule.return_before_next)
        or (isinstance(rule, ComplianceRule) and rule.repatriation_liability is not None)
    ),
    "monitoring": lambda rule: isinstance(rule, ComplianceRule),
}


def _asks(rule: Rule, *names: str) -> bool:
    facts = set(getattr(rule, "facts", ())) | set(getattr(rule, "needs", ()))
    return isinstance(rule, EligibilityRule | EmployerGateRule) and bool(facts & set(names))


class Topic(msgspec.Struct, frozen=True):
    """A topic of the checklist: covered by the file's `rules` or in words (`text`), by a default only, or missing."""

    topic: str
    status: Literal["covered", "default", "missing"]
    rules: tuple[str, ...] = ()
    text: str = ""


def completeness(partnership: Partnership) -> list[Topic]:
    """The checklist, one entry a topic in the order of TOPICS."""
    own = {rule.id for rule in partnership.rules}
    found = []
    for topic in TOPICS:
        rules = tuple(rule.id for rule in partnership.binding if _SPEAKS[topic](rule))
        text = partnership.covers_topics.get(topic, "")
        covered = bool(text) or any(name in own for name in rules)
        found.append(Topic(topic, "covered" if covered else "default" if rules else "missing", rules, text))
    return found
