"""Pages on figures: the indicators of a plan, what-if scenarios, scenarios side by side."""

import json
from collections.abc import Iterable
from typing import Any

from skillbridge.console.forms import ROWS, query, struct
from skillbridge.console.site import HOME, Answer, Gone, Shown, Visit
from skillbridge.errors import BadInput
from skillbridge.workspace import PageQuery, insight, plans
from skillbridge.workspace import views as v

SHOCKS = ("none", "shrink", "suspend", "file")
"""What the form of a scenario offers to suppose: nothing, less demand, no new placements, a change file."""


def indicators(visit: Visit) -> Answer:
    """The indicators of a plan by one slice: a table, and a bar beside each figure of a group."""
    from skillbridge.indicators import CROSSED, INDICATORS
    from skillbridge.indicators.facts import DIMENSIONS

    asked = query(visit, insight.IndicatorsQuery, plan_id=visit.ids[0])
    found = insight.read_indicators(visit.ws, visit.who, asked)
    tables: dict[str, list[tuple[v.Indicator, float]]] = {}
    for one in found.items:
        tables.setdefault(one.indicator, []).append((one, 0.0))
    for name, rows in tables.items():
        most = max((abs(one.value) for one, _ in rows if one.value is not None), default=0.0)
        tables[name] = [(one, abs(one.value or 0.0) / most if most else 0.0) for one, _ in rows]
    slices = ["", *DIMENSIONS, *sorted(",".join(sorted(pair, key=DIMENSIONS.index)) for pair in CROSSED)]
    values: dict[str, Any] = {
        "found": found,
        "tables": tables,
        "slices": slices,
        "by": asked.by,
        "plan_id": visit.ids[0],
    }
    values["titles"] = _titles(visit, tables)
    values["formulas"] = {
        name: visit.language.known(f"formula.{name}", INDICATORS[name].formula) for name in tables if name in INDICATORS
    }
    values["kinds"] = {name: INDICATORS[name].kind for name in tables if name in INDICATORS}
    return Shown("indicators.html", values)


def _titles(visit: Visit, names: Iterable[str]) -> dict[str, str]:
    """What figures are called in the visitor's language; the English titles are the indicators' own."""
    from skillbridge.indicators import INDICATORS

    found = {}
    for name in names:
        otherwise = INDICATORS[name].title if name in INDICATORS else name
        found[name] = visit.language.known(f"figure.{name}", visit.language.known(f"indicator.{name}", otherwise))
    return found


def scenarios(visit: Visit) -> Answer:
    """What-ifs, newest first, to be compared, with the form for another."""
    page = insight.list_scenarios(visit.ws, visit.who, query(visit, PageQuery, limit=ROWS))
    made = [
        one
        for one in plans.list_plans(visit.ws, visit.who, plans.PlansQuery(limit=200)).items
        if one.summary is not None and "counts" in one.summary
    ]
    moving = any(one.status in {"queued", "running"} for one in page.items) and visit.problem is None
    return Shown("scenarios.html", {"page": page, "plans": made, "shocks": SHOCKS}, refresh=5 if moving else 0)


def start_scenario(visit: Visit) -> Answer:
    """Queue a what-if; what is supposed is written as a change file."""
    body = struct(visit, v.ScenarioRequest, ["name", "plan_id", "seed", "time_limit"], changes=_changes(visit))
    insight.start_scenario(visit.ws, visit.who, body)
    return Gone(f"{HOME}/scenarios")


def _changes(visit: Visit) -> str:
    shock = visit.given("shock")
    if shock == "file":
        return visit.given("changes")
    lines = [f"as_of = {visit.ws.now().date().isoformat()}", "[[change]]", f"kind = {json.dumps(shock)}"]
    if shock == "shrink":
        share = visit.given("share").rstrip("%")
        if not (len(share) <= 3 and share.isascii() and share.isdigit() and int(share) <= 100):
            raise BadInput("$.share", repr(visit.given("share")), "0 to 100, in percent")
        lines.append(f"share = {int(share) / 100}")
    elif shock != "suspend":
        return ""
    names = ("origin", "destination") if shock == "suspend" else ("destination",)
    lines += [f"{name} = {json.dumps(visit.given(name).upper())}" for name in names if visit.given(name)]
    return "\n".join(lines) + "\n"


def scenario(visit: Visit) -> Answer:
    """One what-if: what was supposed, and its figures."""
    found = insight.read_scenario(visit.ws, visit.who, visit.ids[0])
    figures = dict((found.summary or {}).get("counts", {})) | dict((found.summary or {}).get("indicators", {}))
    values = {"one": found, "figures": figures, "titles": _titles(visit, figures)}
    return Shown("scenario.html", values, refresh=3 if found.status in {"queued", "running"} else 0)


def comparison(visit: Visit) -> Answer:
    """Scenarios side by side, one line a figure, with bars."""
    found = insight.compare(visit.ws, visit.who, query(visit, insight.CompareQuery))
    rows: list[tuple[str, list[tuple[float | None, float]]]] = []
    for name, values in found.figures.items():
        numbers = [value for value in values if isinstance(value, int | float)]
        most = max((abs(value) for value in numbers), default=0)
        rows.append((name, [(value, abs(value or 0) / most if most else 0.0) for value in values]))
    names: dict[str, Any] = {
        one: insight.read_scenario(visit.ws, visit.who, one).request.name for one in found.scenarios
    }
    return Shown(
        "comparison.html", {"found": found, "rows": rows, "names": names, "titles": _titles(visit, found.figures)}
    )
