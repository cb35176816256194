"""The kinds of rules, each one struct with its data, its clause and its judge."""

from skillbridge.partnerships.rules.costs import CostRule, HousingRule, TransportRule
from skillbridge.partnerships.rules.employers import ComplianceRule, EmployerGateRule, OrderRule, TimingRule
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.rules.origins import BrainDrainRule, TrainingRule
from skillbridge.partnerships.rules.pay import GuaranteeRule, WageRule
from skillbridge.partnerships.rules.people import (
    GroupRule,
    MobilityRule,
    ReturningRule,
)
from skillbridge.partnerships.rules.quota import QuotaRule
from skillbridge.partnerships.rules.shares import ShareRule
from skillbridge.partnerships.rules.who import EligibilityRule, ScopeRule

AnyOf = (
    ScopeRule
    | EligibilityRule
    | QuotaRule
    | ShareRule
    | StayRule
    | WageRule
    | GuaranteeRule
    | CostRule
    | HousingRule
    | TransportRule
    | EmployerGateRule
    | ReturningRule
    | MobilityRule
    | GroupRule
    | BrainDrainRule
    | TrainingRule
    | TimingRule
    | OrderRule
    | ComplianceRule
)
"""The union that a file's `type` chooses from."""
