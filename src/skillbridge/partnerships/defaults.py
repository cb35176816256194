"""Protections that hold in every agreement, whether or not its file speaks of them.

A file may be stricter or, where a source says so, write its own rule for the same thing; a scenario may relax one,
which is recorded. Sources: ILO general principles and definition of recruitment fees (2019), IRIS standard.
"""

from datetime import date
from typing import TYPE_CHECKING

from skillbridge.partnerships.rules.base import Rule, Source
from skillbridge.partnerships.rules.pay import CostRule, Money

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

ILO_FEES = Source(
    title="ILO general principles for fair recruitment, with the 2019 definition of recruitment fees and related costs",
    url="https://www.ilo.org/publications/general-principles-and-operational-guidelines-fair-recruitment-and",
    clause="workers pay no recruitment fees or related costs",
    date=date(2019, 3, 1),
    basis="memory",
)


def default_rules(partnership: "Partnership") -> tuple[Rule, ...]:
    """The protections that the partnership's own rules leave unsaid."""
    found: list[Rule] = []
    if not any(isinstance(rule, CostRule) and rule.item == "recruitment" for rule in partnership.rules):
        money = Money(0, partnership.currency or "USD")
        found.append(CostRule(id="default-no-fees", item="recruitment", worker_max=money, source=ILO_FEES))
    return tuple(found)
