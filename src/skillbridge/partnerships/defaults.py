"""Protections that hold in every agreement, whether or not its file speaks of them.

A file may be stricter or, where a source says so, write its own rule for the same thing; a scenario may relax one,
which is recorded. Sources: ILO general principles and definition of recruitment fees (2019), IRIS standard.
"""

from datetime import date
from typing import TYPE_CHECKING

from skillbridge.partnerships.rules.base import Rule, Source
from skillbridge.partnerships.rules.costs import CostRule
from skillbridge.partnerships.rules.employers import ComplianceRule
from skillbridge.partnerships.rules.origins import BrainDrainRule
from skillbridge.partnerships.rules.pay import Money
from skillbridge.partnerships.safeguards import safeguards

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

ILO_FEES = Source(
    title="ILO general principles for fair recruitment, with the 2019 definition of recruitment fees and related costs",
    url="https://www.ilo.org/publications/general-principles-and-operational-guidelines-fair-recruitment-and",
    clause="workers pay no recruitment fees or related costs",
    date=date(2019, 3, 1),
    basis="memory",
)

IRIS = Source(
    title="IRIS standard: freedom of movement, workers keep their identity documents",
    url="https://crest.iom.int/international-recruitment-integrity-system",
    basis="memory",
)


def default_rules(partnership: "Partnership") -> tuple[Rule, ...]:
    """The protections that a pathway's own rules leave unsaid."""
    if partnership.is_overlay:
        return ()
    found: list[Rule] = []
    if not any(isinstance(rule, CostRule) and rule.item in ("recruitment", "any") for rule in partnership.rules):
        money = Money(0, partnership.currency or "USD")
        found.append(CostRule(id="default-no-fees", item="recruitment", worker_max=money, source=ILO_FEES))
    if not any(isinstance(rule, ComplianceRule) and rule.documents_kept_by_worker for rule in partnership.rules):
        found.append(ComplianceRule(id="default-documents", documents_kept_by_worker=True, source=IRIS))
    guards = [rule.list for rule in partnership.rules if isinstance(rule, BrainDrainRule)]
    found += [
        BrainDrainRule(
            id=f"default-{edition.id}",
            mode="require_g2g",
            by="job",
            list=edition.id,
            valid_from=edition.valid_from,
            source=edition.sources[-1],
        )
        for edition in safeguards().values()
        if not any(name.lower().replace("_", "-") == edition.id for name in guards)
    ]
    return tuple(found)
