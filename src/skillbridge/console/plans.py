"""Pages on plans and placements: start, follow, look at a sample, decide, explain, and move along the journey."""

from itertools import groupby
from typing import Any

from skillbridge.console.forms import ROWS, query, struct, version
from skillbridge.console.site import HOME, REPORT_HEADERS, Answer, Gone, Sent, Shown, Visit
from skillbridge.errors import Refused
from skillbridge.workspace import agreements, plans
from skillbridge.workspace import placements as journeys
from skillbridge.workspace import views as v

BOARD = 60
"""Rows of the quota board: the tightest first."""


def plan_list(visit: Visit) -> Answer:
    """Plans, newest first."""
    page = plans.list_plans(visit.ws, visit.who, query(visit, plans.PlansQuery, limit=ROWS))
    return Shown("plans.html", {"page": page})


def plan_form(visit: Visit) -> Answer:
    """The form to start a plan."""
    from skillbridge.matching.objective import library

    asked = agreements.PartnershipsQuery(limit=200, status="published")
    published = agreements.list_partnerships(visit.ws, visit.who, asked)
    names = [one.partnership_id for one in published.items]
    return Shown("plan_form.html", {"partnerships": sorted(names), "objectives": sorted(library())})


def start_plan(visit: Visit) -> Answer:
    """Queue a plan."""
    names = ("purpose", "start_from", "start_to", "objective", "seed", "time_limit")
    chosen = list(visit.form.get("partnerships", ()))
    plan = plans.start_plan(visit.ws, visit.who, struct(visit, v.PlanRequest, names, partnerships=chosen))
    return Gone(f"{HOME}/plans/{plan.plan_id}")


def plan(visit: Visit) -> Answer:
    """A plan: how far it is, what it says, its placements, and the forms to decide it."""
    found = plans.read_plan(visit.ws, visit.who, visit.ids[0])
    page = None
    if visit.may("placements.read"):
        asked = query(visit, journeys.PlacementsQuery, plan_id=found.plan_id, limit=ROWS)
        page = journeys.list_placements(visit.ws, visit.who, asked)
    moving = found.status in {"queued", "running"}
    rules = sorted(
        (row for row in (found.summary or {}).get("rules", ()) if row["limit"] > 0),
        key=tightest,
    )
    return Shown("plan.html", {"plan": found, "page": page, "rules": rules[:BOARD]}, refresh=3 if moving else 0)


def stop_plan(visit: Visit) -> Answer:
    """Stop the solver and keep the best so far."""
    plans.stop_plan(visit.ws, visit.who, visit.ids[0])
    return Gone(f"{HOME}/plans/{visit.ids[0]}")


def decide_plan(visit: Visit) -> Answer:
    """Approve or reject what is still proposed, at the version that the page showed."""
    approves = visit.path.endswith("/approval")
    if approves:
        approval = struct(visit, v.Approval, ["reason"])
        plans.approve_plan(visit.ws, visit.who, visit.ids[0], approval, version=version(visit))
    else:
        rejection = struct(visit, v.Rejection, ["reason"])
        plans.reject_plan(visit.ws, visit.who, visit.ids[0], rejection, version=version(visit))
    return Gone(f"{HOME}/plans/{visit.ids[0]}")


def report(visit: Visit) -> Answer:
    """The report of a plan for the reader that was chosen, in the visitor's language."""
    asked = query(visit, plans.ReportQuery, lang=visit.language.code)
    return Sent(b"".join(plans.report(visit.ws, visit.who, visit.ids[0], asked)), REPORT_HEADERS)


def placement(visit: Visit) -> Answer:
    """One placement of a plan: why it was made, its journey, and the form to decide it otherwise."""
    plan_id, placement_id = visit.ids
    found = journeys.read_placement(visit.ws, visit.who, placement_id)
    if found.plan_id != plan_id:
        raise Refused("not_found", f"the plan has no placement {placement_id}")
    why = None
    if visit.may("plans.explain"):
        asked = plans.ExplainQuery(worker_id=found.worker_id, lang=visit.language.code)
        try:
            why = explained(plans.explain(visit.ws, visit.who, plan_id, asked))
        except Refused as error:
            if error.code not in {"conflict", "not_found"}:  # a plan without a folder explains nothing
                raise
    sample = plans.read_plan(visit.ws, visit.who, plan_id).sample if visit.may("plans.decide") else []
    events = journeys.list_events(visit.ws, visit.who, placement_id).items
    values = {"one": found, "why": why, "sample": sample, "events": events}
    return Shown("placement.html", values)


def review(visit: Visit) -> Answer:
    """Keep that the officer looked at a placement, and go on to the next of the sample."""
    plan_id, placement_id = visit.ids
    plans.review_placement(visit.ws, visit.who, plan_id, placement_id)
    sample = plans.read_plan(visit.ws, visit.who, plan_id).sample
    later = [one for one in sample if one > placement_id] if placement_id in sample else []
    return Gone(f"{HOME}/plans/{plan_id}" + (f"/placements/{later[0]}" if later else ""))


def override(visit: Visit) -> Answer:
    """Decide one placement otherwise than the plan, with a reason."""
    plan_id, placement_id = visit.ids
    body = struct(visit, v.Override, ["to", "reason"], placement_id=placement_id)
    plans.override(visit.ws, visit.who, plan_id, body)
    return Gone(f"{HOME}/plans/{plan_id}/placements/{placement_id}")


def move(visit: Visit) -> Answer:
    """Move a placement one step along its journey."""
    body = struct(visit, v.JourneyEvent, ["to", "on", "reason"])
    journeys.move_placement(visit.ws, visit.who, visit.ids[1], body, version=None)
    return Gone(f"{HOME}/plans/{visit.ids[0]}/placements/{visit.ids[1]}")


def placement_list(visit: Visit) -> Answer:
    """The placements that the visitor may see."""
    page = journeys.list_placements(visit.ws, visit.who, query(visit, journeys.PlacementsQuery, limit=ROWS))
    return Shown("placements.html", {"page": page})


def tightest(row: dict[str, Any]) -> tuple[bool, float, str, str, str]:
    """Where a limit stands on the board: beds of single sites after the agreement's own limits; one whose use is hidden
    comes last."""
    used = -1 if row["used"] is None else row["used"]
    return (row["unit"] == "beds", -used / row["limit"], row["partnership"], row["rule"], row["label"])


def board(every: list[v.PlanView]) -> list[tuple[v.PlanView, list[dict[str, Any]]]]:
    """The limits of each partnership as its newest approved plan, else proposal, uses them; tightest first."""
    found: dict[str, tuple[v.PlanView, list[dict[str, Any]]]] = {}
    for status in ("approved", "proposal"):
        for plan in every:
            rules = (plan.summary or {}).get("rules", ()) if plan.status == status else ()
            for name, rows in groupby(
                sorted(rules, key=lambda row: row["partnership"]), lambda row: row["partnership"]
            ):
                limits = [row for row in rows if row["limit"] > 0]
                limits.sort(key=tightest)
                if limits:
                    found.setdefault(name, (plan, limits[:BOARD]))
    return [found[name] for name in sorted(found)]


def why(visit: Visit) -> Answer:
    """Why a worker was placed or not, or a vacancy filled or not, in words."""
    asked = query(visit, plans.ExplainQuery, lang=visit.language.code)
    found = plans.explain(visit.ws, visit.who, visit.ids[0], asked) if asked.worker_id or asked.vacancy_id else None
    return Shown("why.html", {"found": found, "blocks": explained(found) if found else []})


def explained(found: v.Explanation) -> list[tuple[str, list[tuple[float | None, str]]]]:
    """An explanation's sentences, each with the items below it; those of the score with their share of the most."""
    blocks: list[tuple[str, list[str]]] = []
    for line in found.text.splitlines():
        if line.startswith("  "):
            blocks[-1][1].append(line.strip())
        else:
            blocks.append((line, []))
    shares = [one["value"] / 1000 for one in found.details.get("breakdown", ())]
    scored = next((number for number, (_, items) in enumerate(blocks) if items), None)
    if scored is None or len(blocks[scored][1]) != len(shares):  # no score, or a line broken by what people wrote
        scored = None
    return [
        (head, list(zip(shares if number == scored else [None] * len(items), items, strict=True)))
        for number, (head, items) in enumerate(blocks)
    ]
