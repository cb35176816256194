"""Acts that compare: indicators of a plan, what-if scenarios, scenarios side by side."""

from datetime import date, timedelta
from typing import Annotated

import msgspec
import polars as pl
from msgspec.structs import replace

from skillbridge.access import SEES_ROWS, Actor, check
from skillbridge.errors import BadInput, Refused
from skillbridge.indicators.stays import Stays, turns
from skillbridge.store import Job, Record
from skillbridge.workspace import PageQuery, Workspace, after, following, new_id, read, returns, write
from skillbridge.workspace.planning import (
    Control,
    changes_of,
    folder_of,
    guard_difference,
    indicators_of,
    shown,
    what_if,
)
from skillbridge.workspace.plans import queue
from skillbridge.workspace.tasks import LostError, finish
from skillbridge.workspace.views import (
    Comparison,
    Indicators,
    ScenarioBody,
    ScenarioRequest,
    Scenarios,
    ScenarioView,
)


class IndicatorsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which plan, by what."""

    plan_id: Annotated[
        str, msgspec.Meta(description="the plan", examples=["plan-1"], pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    ]
    by: Annotated[
        str,
        msgspec.Meta(
            description="one dimension: origin, destination, sex, age_band, entry, sector, isco, month, partnership; "
            "or a pair: origin with sex, age_band, entry, partnership or destination; destination with sector, isco or "
            "month. Others are not published, as together they could single people out",
            examples=["origin,sex"],
            pattern="^([a-z_]+(,[a-z_]+)?)?$",
        ),
    ] = ""


def read_indicators(ws: Workspace, actor: Actor, query: IndicatorsQuery) -> Indicators:
    """The indicators of a plan; small counts and what would give them away are hidden from everyone."""
    from skillbridge import plan_folder
    from skillbridge.indicators import check_slice

    check(actor, "indicators.read")
    by = [name for name in query.by.split(",") if name]
    try:
        check_slice(by)
    except BadInput as error:
        raise BadInput("query.by", error.what, error.expected) from None
    if actor.role not in SEES_ROWS:
        guard_difference(ws, query.plan_id)
    folder = plan_folder.read(folder_of(ws, query.plan_id))
    threshold = ws.settings.small_cell
    note = "computed from the plan's placements, which are proposals until approved"
    if folder.plan.manifest.synthetic:
        note += f"; synthetic: {', '.join(folder.plan.manifest.synthetic)}"
    return Indicators(indicators_of(folder, by, threshold), threshold, note)


class JourneysQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to when, by what."""

    by: Annotated[
        str,
        msgspec.Meta(
            description="one dimension: origin, destination, sex, age_band, entry, sector, isco, month, partnership; "
            "or a pair as of a plan's indicators; figures that do not know it are left out",
            examples=["origin"],
            pattern="^([a-z_]+(,[a-z_]+)?)?$",
        ),
    ] = ""
    as_of: Annotated[
        str,
        msgspec.Meta(
            description="what was known on the last day of a quarter that is over; empty: the latest",
            examples=["2026-03-31"],
            pattern="^([0-9]{4}-(03-31|06-30|09-30|12-31))?$",
        ),
    ] = ""


def read_journeys(ws: Workspace, actor: Actor, query: JourneysQuery) -> Indicators:
    """What became of placements: arrivals, times, returns; small counts hidden from everyone.

    Told at the ends of quarters only, as two days that are close differ in few people. Who sees statistics only is
    refused (`Refused`, conflict) a quarter that differs from an earlier one in too few people.
    """
    from skillbridge.indicators import check_slice, compute
    from skillbridge.indicators.stays import STAYS

    check(actor, "indicators.read")
    by = [name for name in query.by.split(",") if name]
    try:
        check_slice(by)
    except BadInput as error:
        raise BadInput("query.by", error.what, error.expected) from None
    latest = quarter_before(ws.now().date() + timedelta(days=1))
    as_of = date.fromisoformat(query.as_of) if query.as_of else latest
    if as_of > latest:
        raise BadInput("query.as_of", query.as_of, f"the end of a quarter that is over, up to {latest}")
    found = returns.stays(ws, as_of)
    if actor.role not in SEES_ROWS:
        _guard_quarter(ws, found)
    threshold = ws.settings.small_cell
    table = compute(found, [tuple(by)], among=STAYS, threshold=threshold)
    note = f"computed from the steps of journeys up to {as_of}; the 30 days for going home are a policy choice"
    return Indicators(shown(table), threshold, note)


def quarter_before(day: date) -> date:
    """The last day of the quarter before that of `day`."""
    return date(day.year, day.month - (day.month - 1) % 3, 1) - timedelta(days=1)


def _guard_quarter(ws: Workspace, found: Stays) -> None:
    """Refuse figures that differ in a few people from those of an earlier quarter: the difference would be theirs.

    Who changes nothing between two quarters' ends counts in neither; a quarter that is refused goes with the next.
    """
    days = turns(found)
    told = date.min
    quarter = quarter_before(days["on"].min() or found.as_of)  # type: ignore[arg-type]
    while quarter < found.as_of:
        quarter = quarter_before(quarter + timedelta(days=93))
        people = days.filter(pl.col("on").is_between(told, quarter, closed="right"))["worker_id"].n_unique()
        few = 0 < people < ws.settings.small_cell
        told = told if few else quarter
    if told < found.as_of:
        raise Refused("conflict", f"so few people took a step by {found.as_of} that figures would be about them")


def start_scenario(ws: Workspace, actor: Actor, body: ScenarioRequest) -> ScenarioView:
    """Queue a what-if of a stored plan. Who sees statistics only may not ask about one worker."""
    from skillbridge.changes import Withdraw

    check(actor, "scenarios.write")
    if body.time_limit > ws.settings.job_seconds:
        raise BadInput("$.time_limit", str(body.time_limit), f"at most {ws.settings.job_seconds} seconds")
    if body.changes.strip():
        asked = changes_of(body.changes)
        if actor.role not in SEES_ROWS and (asked.pins or any(isinstance(one, Withdraw) for one in asked.change)):
            raise Refused("forbidden", f"{actor.role} may not ask what one worker changes: it would be about them")
    scenario_id, job_id = new_id("scenario"), new_id("job")
    with ws.acting():
        if ws.store.records.get("plan", body.plan_id) is None:
            raise BadInput("$.plan_id", f"there is no plan {body.plan_id!r}", "a plan that was made")
        folder_of(ws, body.plan_id)
        stored = ScenarioBody(body, "queued", job_id, actor.account_id)
        record = ws.store.records.create("scenario", scenario_id, write(stored), actor.party, ws.now())
        queue(ws, actor, job_id, "scenario", {"scenario_id": scenario_id})
        ws.note(actor, "scenarios.write", scenario_id, why=body.name, after=record)
    return view_scenario(record)


def run_scenario(ws: Workspace, job: Job, control: Control) -> None:
    """Make a scenario; the worker processes call this."""
    scenario_id = msgspec.json.decode(job.payload)["scenario_id"]
    record = ws.store.records.need("scenario", scenario_id)
    body = read(record, ScenarioBody)
    with ws.acting():
        ws.store.records.replace("scenario", scenario_id, write(replace(body, status="running")), ws.now())
    summary = what_if(ws, body.request, control)
    with ws.acting():
        if not ws.store.queue.holds(job):
            raise LostError("another worker process has the job")
        ws.store.records.replace(
            "scenario", scenario_id, write(replace(body, status="done", summary=summary)), ws.now()
        )
        finish(ws, job, {"scenario_id": scenario_id})


def list_scenarios(ws: Workspace, actor: Actor, query: PageQuery) -> Scenarios:
    """Scenarios, newest first."""
    check(actor, "scenarios.read")
    records = ws.store.records.page("scenario", after=after(query), limit=query.limit + 1, newest=True)
    cursor = following(records, query.limit)
    return Scenarios([view_scenario(record) for record in records], next=cursor)


def read_scenario(ws: Workspace, actor: Actor, scenario_id: str) -> ScenarioView:
    """One scenario."""
    check(actor, "scenarios.read")
    return view_scenario(ws.store.records.need("scenario", scenario_id))


def view_scenario(record: Record) -> ScenarioView:
    """A scenario as it stands."""
    body = read(record, ScenarioBody)
    return ScenarioView(record.id, record.version, body.status, body.request, body.job_id, body.summary)


class CompareQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which scenarios."""

    ids: Annotated[
        str,
        msgspec.Meta(
            description="scenarios, separated by commas, at most ten",
            examples=["scenario-1,scenario-2"],
            pattern="^[A-Za-z0-9._-]{1,64}(,[A-Za-z0-9._-]{1,64}){0,9}$",
        ),
    ]


def compare(ws: Workspace, actor: Actor, query: CompareQuery) -> Comparison:
    """Scenarios side by side: counts, objective and every indicator."""
    check(actor, "scenarios.read")
    ids = query.ids.split(",")
    columns = []
    for scenario_id in ids:
        body = read(ws.store.records.need("scenario", scenario_id), ScenarioBody)
        if body.summary is None:
            raise Refused("conflict", f"scenario {scenario_id} has no result yet")
        summary = body.summary
        columns.append(
            {"objective": summary["objective"], "gap": summary["gap"]} | summary["counts"] | summary["indicators"]
        )
    names = dict.fromkeys(name for column in columns for name in column)
    return Comparison(ids, {name: [column.get(name) for column in columns] for name in names})
