"""The pages: each calls acts of the workspace and shows what they give. `PAGES` is the whole site."""

from typing import Any

from litestar.handlers import HTTPRouteHandler

from skillbridge.console import agreements, demand, duties, people, plans, rankings, statistics
from skillbridge.console.forms import ROWS, query, struct
from skillbridge.console.site import HOME, SIGN_IN, Answer, Gone, Page, Shown, Visit, handlers
from skillbridge.workspace import Workspace, accounts, rights
from skillbridge.workspace import agreements as pacts
from skillbridge.workspace import outcomes as results
from skillbridge.workspace import placements as journeys
from skillbridge.workspace import plans as planning
from skillbridge.workspace import views as v

MENU = (
    (HOME, "menu.home", None),
    (f"{HOME}/partnerships", "menu.partnerships", "partnerships.read"),
    (f"{HOME}/vacancies", "menu.vacancies", "vacancies.read"),
    (f"{HOME}/workers", "menu.workers", "workers.list"),
    (f"{HOME}/plans", "menu.plans", "plans.read"),
    (f"{HOME}/placements", "menu.placements", "placements.read"),
    (f"{HOME}/scenarios", "menu.scenarios", "scenarios.read"),
    (f"{HOME}/appeals", "appeal.title", "appeals.read"),
    (f"{HOME}/jobs", "menu.jobs", "jobs.read"),
    (f"{HOME}/accounts", "menu.accounts", "accounts.read"),
    (f"{HOME}/datasets", "menu.datasets", "datasets.read"),
    (f"{HOME}/webhooks", "menu.webhooks", "webhooks.write"),
    (f"{HOME}/keys", "menu.keys", "keys.own"),
    (f"{HOME}/audit", "menu.audit", "audit.read"),
)


def console(workspace: Workspace) -> list[HTTPRouteHandler]:
    """The handlers of the console, for :func:`skillbridge.api.app.create_app`."""
    return handlers(PAGES, menu, workspace.settings)


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
        every = planning.list_plans(ws, actor, planning.PlansQuery(limit=200)).items
        values["board"] = plans.board(every)
        values["running"] = [plan for plan in every if plan.status in {"queued", "running"}]
        if visit.may("plans.decide"):
            values["waiting"] += [
                (f"{HOME}/plans/{one.plan_id}", "wait.plan", one.request.purpose)
                for one in every
                if one.status == "proposal"
            ]
    if visit.may("partnerships.publish"):
        drafts = pacts.list_partnerships(ws, actor, pacts.PartnershipsQuery(limit=200, status="draft"))
        values["waiting"] += [
            (f"{HOME}/partnerships/{one.partnership_id}?version={one.number}", "wait.draft", one.partnership_id)
            for one in drafts.items
        ]
    if visit.may("appeals.decide"):
        objections = rights.list_appeals(ws, actor, rights.AppealsQuery(limit=200, status="open"))
        values["waiting"] += [(f"{HOME}/appeals", "appeal.wait", one.worker_id) for one in objections.items]
    if visit.may("placements.read") and values["board"] is None:
        values["placements"] = journeys.list_placements(ws, actor, journeys.PlacementsQuery(limit=ROWS)).items
    if actor.worker_id is not None:
        asked = query(visit, results.OutcomesQuery, lang=visit.language.code)
        values["outcomes"] = results.outcomes(ws, actor, actor.worker_id, asked).items
    return Shown("home.html", values)


_AGREEMENT = f"{HOME}/partnerships/*"
_PLAN, _PLACEMENT = f"{HOME}/plans/*", f"{HOME}/plans/*/placements/*"
_WORKER = f"{HOME}/workers/*"

PAGES = (
    Page(HOME, "me.read", home),
    Page(SIGN_IN, None, sign_in, enter),
    Page(f"{HOME}/sign-out", "me.read", None, leave),
    Page(f"{HOME}/partnerships", "partnerships.read", agreements.partnerships),
    Page(f"{HOME}/partnerships/new", "partnerships.draft", agreements.draft_form, agreements.keep_draft),
    Page(_AGREEMENT, "partnerships.read", agreements.partnership, agreements.publish),
    Page(f"{_AGREEMENT}/draft", "partnerships.draft", agreements.draft_form, agreements.keep_draft),
    Page(f"{_AGREEMENT}/difference", "partnerships.read", agreements.difference),
    Page(f"{_AGREEMENT}/sharing", "sharing.read", duties.sharing, duties.share),
    Page(f"{HOME}/vacancies", "vacancies.read", demand.vacancies),
    Page(f"{HOME}/vacancies/new", "vacancies.write", demand.vacancy_form, demand.post_vacancy),
    Page(f"{HOME}/vacancies/*", "vacancies.read", demand.vacancy, demand.change_vacancy),
    Page(f"{HOME}/vacancies/*/matches", "matches.workers", rankings.workers),
    Page(f"{HOME}/jobs", "jobs.read", demand.jobs, demand.start_import, takes_file=True),
    Page(f"{HOME}/jobs/*", "jobs.read", demand.job),
    Page(f"{HOME}/jobs/*/cancel", "jobs.cancel", demand.job, demand.cancel_job),
    Page(f"{HOME}/exports/workers", "exports.workers", demand.export),
    Page(f"{HOME}/exports/vacancies", "exports.vacancies", demand.export),
    Page(f"{HOME}/workers", "workers.list", people.workers),
    Page(_WORKER, "workers.read", people.worker),
    Page(f"{_WORKER}/matches", "matches.vacancies", rankings.vacancies),
    Page(f"{_WORKER}/identity", "workers.identity", people.worker, people.identity),
    Page(f"{_WORKER}/seal", "workers.write", people.worker, people.seal),
    Page(f"{_WORKER}/export", "workers.export", people.everything),
    Page(f"{_WORKER}/erase", "workers.erase", people.worker, people.erase),
    Page(f"{_WORKER}/link", "workers.link", people.worker, people.make_link),
    Page(f"{_WORKER}/consents", "consents.write", people.worker, people.consent),
    Page(f"{_WORKER}/consents/*", "consents.write", None, people.withdraw),
    Page(f"{HOME}/plans", "plans.read", plans.plan_list),
    Page(f"{HOME}/plans/new", "plans.start", plans.plan_form, plans.start_plan),
    Page(_PLAN, "plans.read", plans.plan),
    Page(f"{_PLAN}/stop", "plans.start", plans.plan, plans.stop_plan),
    Page(f"{_PLAN}/approval", "plans.decide", plans.plan, plans.decide_plan),
    Page(f"{_PLAN}/rejection", "plans.decide", plans.plan, plans.decide_plan),
    Page(f"{_PLAN}/report", "plans.report", plans.report),
    Page(f"{_PLAN}/indicators", "indicators.read", statistics.indicators),
    Page(f"{_PLAN}/why", "plans.explain", plans.why),
    Page(_PLACEMENT, "placements.read", plans.placement),
    Page(f"{_PLACEMENT}/review", "plans.decide", plans.placement, plans.review),
    Page(f"{_PLACEMENT}/override", "plans.decide", plans.placement, plans.override),
    Page(f"{_PLACEMENT}/move", "placements.move", plans.placement, plans.move),
    Page(f"{HOME}/placements", "placements.read", plans.placement_list),
    Page(f"{HOME}/scenarios", "scenarios.read", statistics.scenarios, statistics.start_scenario),
    Page(f"{HOME}/scenarios/*", "scenarios.read", statistics.scenario),
    Page(f"{HOME}/comparison", "scenarios.read", statistics.comparison),
    Page(f"{HOME}/appeals", "appeals.read", people.appeals, people.object_to),
    Page(f"{HOME}/appeals/*", "appeals.decide", people.appeals, people.answer_appeal),
    Page(f"{HOME}/accounts", "accounts.read", people.account_list, people.open_account),
    Page(f"{HOME}/accounts/*", "accounts.read", people.account, people.change_account),
    Page(f"{HOME}/keys", "keys.own", people.keys, people.make_key),
    Page(f"{HOME}/keys/*", "keys.own", None, people.end_key),
    Page(f"{HOME}/datasets", "datasets.read", duties.datasets, duties.declare),
    Page(f"{HOME}/facts", "facts.read", duties.fact_sheets),
    Page(f"{HOME}/webhooks", "webhooks.write", duties.webhooks, duties.register),
    Page(f"{HOME}/webhooks/*", "webhooks.write", duties.deliveries, duties.end_webhook),
    Page(f"{HOME}/webhooks/*/deliveries/*", "webhooks.write", None, duties.send_again),
    Page(f"{HOME}/audit", "audit.read", people.audit),
)
"""Every page: path, the act it needs, what shows it, what its form does."""
