"""The kinds of rules, each one struct with its data, its clause and its judge."""

from skillbridge.partnerships.rules.employers import EmployerGateRule
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.rules.pay import CostRule, GuaranteeRule, HousingRule, TransportRule, WageRule
from skillbridge.partnerships.rules.quota import QuotaRule, ShareRule
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
)
"""The union that a file's `type` chooses from."""
