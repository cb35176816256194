"""The console's pages, per role, without a browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from litestar.testing import TestClient

from skillbridge import access, words
from skillbridge.api.app import create_app
from skillbridge.api.handler import COOKIE
from skillbridge.console.language import sentences
from skillbridge.console.pages import MENU, PAGES, console
from skillbridge.journey import STATES
from skillbridge.settings import Settings
from skillbridge.workspace import accounts, demand, plans, write
from skillbridge.workspace.views import NewAccount, PlanBody, PlanRequest, PlanState, VacancyStatus, WorkerStatus
from tests.workspace.world import World, build

PASSWORD = "correct horse battery"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return build(tmp_path / "ws")


@pytest.fixture
def client(world: World) -> Iterator[TestClient[Any]]:
    app = create_app(world.ws, console=console(world.ws), warm=False)
    with TestClient(app) as client:
        client.follow_redirects = False
        yield client


def enter(client: TestClient[Any], world: World, role: str) -> None:
    """A session of the role, as sign-in makes it."""
    account = world.actors[role].account_id
    _, secret = access.issue(world.ws.store, account, "session", world.ws.seconds(), seconds=3_600)
    client.cookies.set(COOKIE, secret)


def token(text: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', text)
    assert found
    return found[1]


def post(client: TestClient[Any], page: str, to: str, /, **fields: str) -> Any:
    """Fill in the form of a page and send it."""
    text = client.get(page).text
    shown = dict(re.findall(r'name="(version)" value="(\d+)"', text))
    return client.post(to, data=shown | fields | {"token": token(text)})


def test_signing_in_needs_the_password_and_opens_a_strict_session(client: TestClient[Any], world: World) -> None:
    accounts.create_account(world.ws, access.SYSTEM, NewAccount("sina", "ministry_officer", None, PASSWORD))
    assert client.get("/").headers["location"].startswith("/console/sign-in")
    refused = post(client, "/console/sign-in", "/console/sign-in", name="sina", password="wrong")
    assert refused.status_code == 401
    assert "do not belong together" in refused.text
    found = post(client, "/console/sign-in", "/console/sign-in", name="sina", password=PASSWORD, next="/console/plans")
    assert (found.status_code, found.headers["location"]) == (303, "/console/plans")
    cookie = next(one for one in found.headers.get_list("set-cookie") if one.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert post(client, "/console", "/console/sign-out").headers["location"] == "/console/sign-in"
    assert client.get("/console").status_code == 303


def test_sign_in_leads_only_to_pages_of_the_console(client: TestClient[Any], world: World) -> None:
    accounts.create_account(world.ws, access.SYSTEM, NewAccount("sina", "ministry_officer", None, PASSWORD))
    fields = {"name": "sina", "password": PASSWORD, "next": "//evil.example/console"}
    assert post(client, "/console/sign-in", "/console/sign-in", **fields).headers["location"] == "/console"


PATHS = {
    "plans": "plan-1", "placements": "plan-1.1", "partnerships": "nz-test", "vacancies": "v-1", "workers": "w-1",
    "jobs": "none-1", "scenarios": "none-1", "accounts": "account-w-1", "appeals": "a-1", "consents": "none-1",
    "keys": "none-1",
    "webhooks": "none-1",
}  # fmt: skip
QUERIES = {"/console/partnerships/*/difference": {"a": "1", "b": "1"}, "/console/comparison": {"ids": "none-1"}}
READS = {
    "webhooks/*": "webhooks.write",
    "placements/*": "placements.read",
    "jobs/*": "jobs.read",
    "workers/*": "workers.read",
}
UNPLACED = {
    "employer": {"/console/workers/w-1", "/console/workers/w-1/identity"},
    "worker": {"/console/vacancies/v-1"},
}


@pytest.mark.parametrize("role", access.ROLES)
def test_a_role_sees_exactly_the_pages_its_acts_allow(client: TestClient[Any], world: World, role: str) -> None:
    enter(client, world, role)
    for page in PAGES:
        if page.show is None or page.path.endswith("/report") or page.act is None:
            continue
        path = page.path
        for kind, one in PATHS.items():
            path = path.replace(f"{kind}/*", f"{kind}/{one}")
        answer = client.get(path, params=QUERIES.get(page.path, {}))
        acts = {page.act, *(act for part, act in READS.items() if part in page.path)}
        allowed = all(role in access.POLICY[act] for act in acts)
        # Not shown to it before approval; or not there at all; or a plan that has no result yet.
        missing = role in {"employer", "recruiter"} and "placements/plan-1" in path
        missing |= path in UNPLACED.get(role, ()) or "none-1" in path or path == "/console/comparison"
        expected = 404 if missing else 409 if path.endswith("/indicators") else 200
        assert answer.status_code == (expected if allowed else 403), path
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "<script" not in answer.text
        assert " style=" not in answer.text
    shown = client.get("/console").text
    for to, _, act in MENU:
        assert (f'<a href="{to}"' in shown) == (act is None or role in access.POLICY[act])


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_every_page_speaks_the_language_chosen(client: TestClient[Any], world: World, lang: str) -> None:
    enter(client, world, "ministry_officer")
    for path in (
        "/console",
        "/console/plans/plan-1",
        "/console/vacancies/new",
        "/console/plans/new",
        "/console/workers",
    ):
        text = client.get(path, params={"lang": lang}).text
        assert f'<html lang="{lang}" dir="{"rtl" if lang == "ar" else "ltr"}">' in text
        assert sentences()["menu.skip"][lang] in text
    assert f'<html lang="{lang}"' in client.get("/console").text  # kept by its cookie


def test_every_input_has_a_label_and_every_table_a_caption(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_officer")
    for path in ("/console/vacancies/new", "/console/plans/new", "/console/plans/plan-1/placements/plan-1.1"):
        text = client.get(path).text
        fields = re.findall(r'<(?:input|select) [^>]*?id="([^"]+)"', text)
        assert fields
        assert set(fields) <= set(re.findall(r'<label for="([^"]+)"', text))
        assert text.count("<table") == text.count("<caption>")


def test_a_form_without_its_token_changes_nothing(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_officer")
    for given in ("", "wrong"):
        fields = {"token": given, "reason": "seen", "to": "rejected"}
        refused = client.post("/console/plans/plan-1/placements/plan-1.1/override", data=fields)
        assert refused.status_code == 403
        assert "too old" in refused.text
    assert plans.read_plan(world.ws, world.actors["ministry_officer"], "plan-1").status == "proposal"
    assert world.ws.store.records.count("placement", {"state": "rejected"}) == 0


def test_every_form_is_refused_without_the_sessions_token(client: TestClient[Any], world: World) -> None:
    forms = [page.path for page in PAGES if page.do]
    assert len(forms) > 8
    for role in ("ministry_admin", "worker"):
        enter(client, world, role)
        for path in forms:
            if path == "/console/sign-in":
                continue
            for fields in ({}, {"token": "forged"}, {"token": ""}):
                answer = client.post(path.replace("*", "plan-1"), data=fields)
                assert answer.status_code == 403, path
    assert client.get("/console").status_code == 200, "nobody was signed out"


def test_cookies_travel_only_over_https_unless_told_otherwise(tmp_path: Path) -> None:
    world = build(tmp_path / "strict", Settings(debug=True))
    with TestClient(create_app(world.ws, console=console(world.ws), warm=False)) as client:
        cookies = client.get("/console/sign-in").headers.get_list("set-cookie")
        assert len(cookies) >= 2
        for cookie in cookies:
            assert "Secure" in cookie
            assert "HttpOnly" in cookie
            assert "samesite=strict" in cookie.lower()


def test_an_employer_posts_a_vacancy_and_is_told_what_is_wrong_beside_the_field(
    client: TestClient[Any], world: World
) -> None:
    enter(client, world, "employer")
    page = "/console/vacancies/new"
    fields = {
        "vacancy_id": "v-new", "employer_id": "employer-1", "destination": "NZ", "occupation": "fruit picker",
        "positions": "0", "start": "2026-11-01", "end": "2027-03-31", "wage": "23.15", "currency": "NZD",
    }  # fmt: skip
    refused = post(client, page, page, **fields)
    assert refused.status_code == 400
    assert 'id="e-positions"' in refused.text
    assert 'value="23.15"' in refused.text
    assert 'id="e-end"' in post(client, page, page, **(fields | {"positions": "3", "end": "2026-10-01"})).text
    assert 'id="e-wage"' in post(client, page, page, **(fields | {"positions": "3", "wage": "a lot"})).text
    assert post(client, page, page, **(fields | {"positions": "3"})).status_code == 303
    stored = demand.read_vacancy(world.ws, world.actors["employer"], "v-new").vacancy
    assert (stored.wage, stored.positions) == (2315, 3)


def test_an_officer_starts_a_plan_and_its_page_refreshes_until_it_is_there(
    client: TestClient[Any], world: World
) -> None:
    enter(client, world, "ministry_officer")
    page = "/console/plans/new"
    assert post(client, page, page, purpose="season").status_code == 400
    fields = {"purpose": "season", "partnerships": "nz-test", "time_limit": "5", "seed": "0", "objective": "default"}
    to = post(client, page, page, **fields).headers["location"]
    shown = client.get(to).text
    assert '<meta http-equiv="refresh"' in shown
    assert post(client, to, f"{to}/stop").status_code == 303
    assert '<meta http-equiv="refresh"' not in client.get(to).text


def test_a_plan_is_approved_only_after_its_sample_was_looked_at(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_officer")
    at = "/console/plans/plan-1"
    refused = post(client, at, f"{at}/approval", reason="no objections")
    assert refused.status_code == 409
    assert "Look at the sample first" in refused.text
    overridden = post(client, at, f"{at}/placements/plan-1.3/override", to="rejected", reason="named elsewhere")
    assert overridden.status_code == 303
    for number in (1, 2, 3):
        assert post(client, at, f"{at}/placements/plan-1.{number}/review").status_code == 303
    assert post(client, at, f"{at}/approval", reason="no objections").status_code == 303
    assert plans.read_plan(world.ws, world.actors["ministry_officer"], "plan-1").status == "approved"
    assert world.ws.store.records.count("placement", {"state": "approved"}) == 2


def test_the_quota_board_shows_the_newest_approved_plan_tightest_limit_first(
    client: TestClient[Any], world: World
) -> None:
    def limit(label: str, most: int, used: int) -> dict[str, Any]:
        return {
            "partnership": "nz-test", "rule": "cap", "label": label, "unit": "heads", "limit": most, "used": used,
            "price": 0.0,
        }  # fmt: skip

    records = world.ws.store.records
    for plan_id, status, used in (("plan-old", "approved", 1_500), ("plan-new", "proposal", 7)):
        rules = [limit("from WS", 2_000, 200), limit("from TO", 2_000, used), limit("of nobody", 0, 0)]
        counts = {"workers": 9_000, "placed": 1_700, "positions": 2_000}
        summary = {"status": "optimal", "gap": 0.0125, "counts": counts, "rules": rules}
        request = PlanRequest(["nz-test"], plan_id)
        body = PlanBody(request, status, "job-1", "account-1", summary=summary)  # type: ignore[arg-type]
        with world.ws.acting():
            records.create("plan", plan_id, write(body), None, world.ws.now())
    enter(client, world, "ministry_officer")
    text = client.get("/console").text
    board = text[text.index("Quota board") :]
    assert "Counted from plan plan-old (approved) of Mar 1, 2026" in board
    assert board.index("from TO") < board.index("from WS")
    assert "75.0%" in board
    assert "of nobody" not in board
    shown = client.get("/console/plans/plan-old").text
    assert "At most 1.3% from the best possible" in shown or "At most 1.2% from the best possible" in shown
    assert "1,700 of 2,000 positions filled" in shown


def test_a_recruiter_sees_pseudonyms_and_nobody_s_name(client: TestClient[Any], world: World) -> None:
    enter(client, world, "recruiter")
    text = client.get("/console/workers").text
    assert "w-1" in text
    assert "Mere" not in text
    assert "1994" not in text


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_a_ranking_says_what_each_score_is_made_of(client: TestClient[Any], world: World, lang: str) -> None:
    enter(client, world, "recruiter")
    text = client.get("/console/vacancies/v-1/matches", params={"lang": lang, "origin": "WS"}).text
    assert "w-1" in text
    assert "Mere" not in text
    shown = 1 + 6  # the score, and those of its nine criteria that a recruiter is shown
    assert text.count("<svg") == text.count("<details>") * shown > 0
    assert words.say(lang, "criterion.essential_skills") in text
    assert words.say(lang, "evidence.first_time") not in text
    refused = client.get("/console/vacancies/v-1/matches", params={"lang": lang, "origin": "samoa"})
    assert refused.status_code == 409


def test_a_ranking_is_asked_of_the_process_beside_and_filters_compose(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_officer")
    whole = client.get("/console/workers/w-1/matches").text
    assert "v-1" in whole
    none = client.get("/console/workers/w-1/matches", params={"isco": "2221"}).text
    assert "v-1" not in none
    assert sentences()["say.empty"]["en"] in none


def test_an_auditor_reads_and_verifies_the_record(client: TestClient[Any], world: World) -> None:
    enter(client, world, "auditor")
    assert "is whole" in client.get("/console/audit", params={"verify": "1"}).text


def test_a_worker_objects_and_an_officer_answers_in_words(client: TestClient[Any], world: World) -> None:
    enter(client, world, "worker")
    page = "/console/appeals"
    assert post(client, page, page, words="my licence was renewed").status_code == 303
    enter(client, world, "ministry_officer")
    assert "Answer the appeal of w-1" in client.get("/console").text
    found = re.search(r'action="(/console/appeals/[^"]+)"', client.get(page).text)
    assert found
    assert post(client, page, found[1], reason="", uphold="no").status_code == 400
    assert post(client, page, found[1], reason="renewal seen", uphold="yes").status_code == 303
    enter(client, world, "worker")
    text = client.get(page).text
    assert "upheld" in text
    assert "renewal seen" in text


def test_every_state_has_its_word() -> None:
    for kind in (VacancyStatus, WorkerStatus):
        assert {f"state.{one}" for one in get_args(kind)} <= sentences().keys()
    assert {f"state.{one}" for one in STATES} <= sentences().keys()
    assert {f"plan.{one}" for one in get_args(PlanState)} <= sentences().keys()


def test_what_is_typed_is_shown_as_text(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_officer")
    text = client.get("/console/workers", params={"origin": '"><b>x'}).text
    assert "<b>x" not in text


def test_pages_stay_out_of_the_contract(client: TestClient[Any]) -> None:
    assert "console" not in str(list(client.get("/openapi.json").json()["paths"]))
    assert client.get("/console/nothing").status_code == 404
