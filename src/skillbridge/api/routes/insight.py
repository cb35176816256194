"""Indicators, scenarios, comparisons."""

from skillbridge.api.operations import op
from skillbridge.workspace import PageQuery
from skillbridge.workspace import insight as acts
from skillbridge.workspace import views as v

OPERATIONS = (
    op(
        "insight",
        "get_indicators",
        "GET /v1/indicators",
        "indicators.read",
        acts.read_indicators,
        "Read a plan's indicators, small counts hidden",
        query=acts.IndicatorsQuery,
        answer=v.Indicators,
        slow=True,
        errors=("not_found", "conflict"),
    ),
    op(
        "insight",
        "get_journey_indicators",
        "GET /v1/indicators/journeys",
        "indicators.read",
        acts.read_journeys,
        "Read what became of placements up to the end of a quarter, small counts hidden",
        query=acts.JourneysQuery,
        answer=v.Indicators,
        slow=True,
        errors=("conflict",),
    ),
    op(
        "insight",
        "list_scenarios",
        "GET /v1/scenarios",
        "scenarios.read",
        acts.list_scenarios,
        "List scenarios",
        query=PageQuery,
        answer=v.Scenarios,
    ),
    op(
        "insight",
        "start_scenario",
        "POST /v1/scenarios",
        "scenarios.write",
        acts.start_scenario,
        "Queue a what-if of a plan",
        body=v.ScenarioRequest,
        answer=v.ScenarioView,
        status=202,
    ),
    op(
        "insight",
        "get_scenario",
        "GET /v1/scenarios/{scenario_id}",
        "scenarios.read",
        acts.read_scenario,
        "Read a scenario",
        answer=v.ScenarioView,
    ),
    op(
        "insight",
        "compare_scenarios",
        "GET /v1/comparisons",
        "scenarios.read",
        acts.compare,
        "Compare scenarios side by side",
        query=acts.CompareQuery,
        answer=v.Comparison,
        errors=("not_found", "conflict"),
    ),
)
