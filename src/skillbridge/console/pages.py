"""The pages: each calls acts of the workspace and shows what they give. `PAGES` is the whole site."""

from itertools import groupby
from typing import Any

from litestar.handlers import HTTPRouteHandler

from skillbridge.console.forms import money, query, struct
from skillbridge.console.site import HOME, REPORT_HEADERS, SIGN_IN, Answer, Gone, Page, Sent, Shown, Visit, handlers
from skillbridge.errors import Refused
from skillbridge.model import Vacancy
from skillbridge.workspace import Workspace, accounts, agreements, demand, new_id, people, plans, record, rights
from skillbridge.workspace import placements as journeys
from skillbridge.workspace import views as v

ROWS = 50
"""Rows of a list on one page."""

BOARD = 60
"""Rows of the quota board: the tightest first."""

MENU = (
    (HOME, "menu.home", None),
    (f"{HOME}/partnerships", "menu.partnerships", "partnerships.read"),
    (f"{HOME}/vacancies", "menu.vacancies", "vacancies.read"),
    (f"{HOME}/workers", "menu.workers", "workers.list"),
    (f"{HOME}/plans", "menu.plans", "plans.read"),
    (f"{HOME}/placements", "menu.placements", "placements.read"),
    (f"{HOME}/appeals", "appeal.title", "appeals.read"),
    (f"{HOME}/audit", "menu.audit", "audit.read"),
)


def console(workspace: Workspace) -> list[HTTPRouteHandler]:
    """The handlers of the console, for :func:`skillbridge.api.app.create_app`."""
    del workspace  # a page reads it from the application that it is part of
    return handlers(PAGES, menu)


def menu(visit: Visit) -> list[tuple[str, str]]:
    """(address, key of words) of the pages that the visitor's role may open."""
    return [(to, key) for to, key, act in MENU if visit.actor is not None and (act is None or visit.may(act))]


def sign_in(visit: Visit) -> Answer:
    """The form for name and password, and for a worker's one-time link."""
    return Shown("sign_in.html", {"next": visit.given("next") or visit.query.get("next", "")})


def enter(visit: Visit) -> Answer:
    """Open a session and go where the visitor wanted to."""
    if visit.given("link"):
        session = accounts.redeem_link(visit.ws, struct(visit, v.Redeem, ["link"]))
    else:
        password = next(iter(visit.form.get("password", ())), "")
        session = accounts.log_in(visit.ws, struct(visit, v.Login, ["name"], password=password))
    return Gone(_inside(visit.given("next")), session=session.token)


def _inside(path: str) -> str:
    """The path if it is one of the console's pages, else its home."""
    known = any(page.ids(path) is not None and page.show and page.path != SIGN_IN for page in PAGES)
    return path if known else HOME


def leave(visit: Visit) -> Answer:
    """End the session."""
    accounts.log_out(visit.ws, visit.who)
    return Gone(SIGN_IN, session="")


def home(visit: Visit) -> Answer:
    """What waits for this role, and the quota board for those who may see plans."""
    actor, ws = visit.who, visit.ws
    values: dict[str, Any] = {"board": None, "waiting": [], "placements": None, "running": []}
    if visit.may("plans.read"):
        every = plans.list_plans(ws, actor, plans.PlansQuery(limit=200)).items
        values["board"] = _board(every)
        values["running"] = [plan for plan in every if plan.status in {"queued", "running"}]
        if visit.may("plans.decide"):
            values["waiting"] += [
                (f"{HOME}/plans/{one.plan_id}", "wait.plan", one.request.purpose)
                for one in every
                if one.status == "proposal"
            ]
    if visit.may("partnerships.publish"):
        drafts = agreements.list_partnerships(ws, actor, agreements.PartnershipsQuery(limit=200, status="draft"))
        values["waiting"] += [
            (f"{HOME}/partnerships/{one.partnership_id}", "wait.draft", one.partnership_id) for one in drafts.items
        ]
    if visit.may("appeals.decide"):
        objections = rights.list_appeals(ws, actor, rights.AppealsQuery(limit=200, status="open"))
        values["waiting"] += [(f"{HOME}/appeals", "appeal.wait", one.worker_id) for one in objections.items]
    if visit.may("placements.read") and values["board"] is None:
        values["placements"] = journeys.list_placements(ws, actor, journeys.PlacementsQuery(limit=ROWS)).items
    return Shown("home.html", values)


def _board(every: list[v.PlanView]) -> list[tuple[v.PlanView, list[dict[str, Any]]]]:
    """The limits of each partnership as its newest approved plan, else proposal, uses them; tightest first."""
    found: dict[str, tuple[v.PlanView, list[dict[str, Any]]]] = {}
    for status in ("approved", "proposal"):
        for plan in every:
            rules = (plan.summary or {}).get("rules", ()) if plan.status == status else ()
            for name, rows in groupby(
                sorted(rules, key=lambda row: row["partnership"]), lambda row: row["partnership"]
            ):
                limits = [row for row in rows if row["limit"] > 0]
                limits.sort(key=_tightest)
                if limits:
                    found.setdefault(name, (plan, limits[:BOARD]))
    return [found[name] for name in sorted(found)]


def _tightest(row: dict[str, Any]) -> tuple[float, str, str, str]:
    """Where a limit stands on the board; one whose use is hidden comes last."""
    used = -1 if row["used"] is None else row["used"]
    return (-used / row["limit"], row["partnership"], row["rule"], row["label"])


def partnerships(visit: Visit) -> Answer:
    """The agreements, one line a version."""
    asked = query(visit, agreements.PartnershipsQuery, limit=ROWS)
    page = agreements.list_partnerships(visit.ws, visit.who, asked)
    return Shown("partnerships.html", {"page": page})


def partnership(visit: Visit) -> Answer:
    """One agreement: every rule in plain words of the visitor's language, with its source."""
    from skillbridge.partnerships.wording import says

    view = agreements.read_partnership(visit.ws, visit.who, visit.ids[0])
    one = agreements.parsed(view.toml or "")
    rules = [(rule, says(rule, visit.language.code)) for rule in one.binding]
    return Shown("partnership.html", {"view": view, "one": one, "rules": rules})


def publish(visit: Visit) -> Answer:
    """Put the draft in force, as a second person."""
    agreements.publish(visit.ws, visit.who, visit.ids[0], version=None)
    return Gone(f"{HOME}/partnerships/{visit.ids[0]}")


def vacancies(visit: Visit) -> Answer:
    """Vacancies, with filters."""
    page = demand.list_vacancies(visit.ws, visit.who, query(visit, demand.VacanciesQuery, limit=ROWS))
    return Shown("vacancies.html", {"page": page})


def vacancy_form(visit: Visit) -> Answer:
    """The form for a new vacancy."""
    found = demand.list_employers(visit.ws, visit.who, demand.EmployersQuery(limit=200))
    return Shown("vacancy_form.html", {"employers": found.items, "fresh": new_id("vacancy")})


def post_vacancy(visit: Visit) -> Answer:
    """Post a vacancy."""
    names = (
        "vacancy_id", "employer_id", "destination", "region", "occupation", "isco", "positions", "start", "end",
        "hours_week", "currency", "experience_months",
    )  # fmt: skip
    wage = money(visit, "wage", visit.given("currency"))
    demand.create_vacancy(visit.ws, visit.who, struct(visit, Vacancy, names, wage=wage))
    return Gone(f"{HOME}/vacancies")


def workers(visit: Visit) -> Answer:
    """The pool, by pseudonym, with filters."""
    page = people.list_workers(visit.ws, visit.who, query(visit, people.WorkersQuery, limit=ROWS))
    return Shown("workers.html", {"page": page})


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
        key=_tightest,
    )
    return Shown("plan.html", {"plan": found, "page": page, "rules": rules[:BOARD]}, refresh=3 if moving else 0)


def stop_plan(visit: Visit) -> Answer:
    """Stop the solver and keep the best so far."""
    plans.stop_plan(visit.ws, visit.who, visit.ids[0])
    return Gone(f"{HOME}/plans/{visit.ids[0]}")


def decide_plan(visit: Visit) -> Answer:
    """Approve or reject what is still proposed, at the version that the page showed."""
    approves = visit.path.endswith("/approval")
    version = int(visit.given("version")) if visit.given("version").isdigit() else None
    if approves:
        approval = struct(visit, v.Approval, ["reason"])
        plans.approve_plan(visit.ws, visit.who, visit.ids[0], approval, version=version)
    else:
        rejection = struct(visit, v.Rejection, ["reason"])
        plans.reject_plan(visit.ws, visit.who, visit.ids[0], rejection, version=version)
    return Gone(f"{HOME}/plans/{visit.ids[0]}")


def report(visit: Visit) -> Answer:
    """The report of a plan."""
    return Sent(b"".join(plans.report(visit.ws, visit.who, visit.ids[0])), REPORT_HEADERS)


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
            why = plans.explain(visit.ws, visit.who, plan_id, asked).text
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


def appeals(visit: Visit) -> Answer:
    """Appeals, with the form to answer an open one; a worker's own, with the form to object."""
    page = rights.list_appeals(visit.ws, visit.who, query(visit, rights.AppealsQuery, limit=ROWS))
    return Shown("appeals.html", {"page": page})


def object_to(visit: Visit) -> Answer:
    """Object to a decision, as the worker concerned."""
    rights.appeal(visit.ws, visit.who, visit.who.worker_id or "", struct(visit, v.NewAppeal, ["words"]))
    return Gone(f"{HOME}/appeals")


def answer_appeal(visit: Visit) -> Answer:
    """Uphold or dismiss an appeal."""
    body = struct(visit, v.Decision, ["reason"], uphold=visit.given("uphold") == "yes")
    rights.decide_appeal(visit.ws, visit.who, visit.ids[0], body)
    return Gone(f"{HOME}/appeals")


def audit(visit: Visit) -> Answer:
    """The record, newest first; with `verify`, the whole chain is recomputed."""
    page = record.list_audit(visit.ws, visit.who, query(visit, record.AuditQuery, limit=ROWS))
    verified = record.verify_audit(visit.ws, visit.who, record.HeadQuery()) if "verify" in visit.query else None
    return Shown("audit.html", {"page": page, "verified": verified})


_PLAN, _PLACEMENT = f"{HOME}/plans/*", f"{HOME}/plans/*/placements/*"

PAGES = (
    Page(HOME, "me.read", home),
    Page(SIGN_IN, None, sign_in, enter),
    Page(f"{HOME}/sign-out", "me.read", None, leave),
    Page(f"{HOME}/partnerships", "partnerships.read", partnerships),
    Page(f"{HOME}/partnerships/*", "partnerships.read", partnership, publish),
    Page(f"{HOME}/vacancies", "vacancies.read", vacancies),
    Page(f"{HOME}/vacancies/new", "vacancies.write", vacancy_form, post_vacancy),
    Page(f"{HOME}/workers", "workers.list", workers),
    Page(f"{HOME}/plans", "plans.read", plan_list),
    Page(f"{HOME}/plans/new", "plans.start", plan_form, start_plan),
    Page(_PLAN, "plans.read", plan),
    Page(f"{_PLAN}/stop", "plans.start", plan, stop_plan),
    Page(f"{_PLAN}/approval", "plans.decide", plan, decide_plan),
    Page(f"{_PLAN}/rejection", "plans.decide", plan, decide_plan),
    Page(f"{_PLAN}/report", "plans.report", report),
    Page(_PLACEMENT, "placements.read", placement),
    Page(f"{_PLACEMENT}/review", "plans.decide", placement, review),
    Page(f"{_PLACEMENT}/override", "plans.decide", placement, override),
    Page(f"{_PLACEMENT}/move", "placements.move", placement, move),
    Page(f"{HOME}/placements", "placements.read", placement_list),
    Page(f"{HOME}/appeals", "appeals.read", appeals, object_to),
    Page(f"{HOME}/appeals/*", "appeals.decide", appeals, answer_appeal),
    Page(f"{HOME}/audit", "audit.read", audit),
)
"""Every page: path, the act it needs, what shows it, what its form does."""
