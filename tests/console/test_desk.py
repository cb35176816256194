"""What is done at the desk, in the console alone: demand, imports, agreements, what-ifs, figures, accounts, keys."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from skillbridge import access
from skillbridge.api.app import create_app
from skillbridge.console.pages import console
from skillbridge.console.plans import explained
from skillbridge.errors import Refused
from skillbridge.jobs import Runner
from skillbridge.workspace import demand, people, plans, rights
from skillbridge.workspace.views import Explanation, NewConsent, NewWorker, PlanRequest
from tests.console.test_pages import enter, post, token
from tests.workspace.world import AGREEMENT, World, build, vacancy, worker


@pytest.fixture
def world(tmp_path: Path) -> World:
    return build(tmp_path / "ws")


@pytest.fixture
def client(world: World) -> Iterator[TestClient[Any]]:
    with TestClient(create_app(world.ws, console=console(world.ws), warm=False)) as client:
        client.follow_redirects = False
        yield client


def work_off(world: World) -> None:
    runner = Runner(world.ws, "test")
    while runner.step():
        pass


def filled_in(text: str) -> dict[str, str]:
    """What the fields of the page's form hold already."""
    fields = dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', text))
    for name, options in re.findall(r'<select id="f-(\w+)".*?>(.*?)</select>', text, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


def test_a_vacancy_is_changed_and_what_the_form_does_not_show_stays(client: TestClient[Any], world: World) -> None:
    enter(client, world, "employer")
    page = client.get("/console/vacancies/v-1").text
    fields = filled_in(page)
    assert (fields["positions"], fields["wage"], fields["start"], fields["status"]) == (
        "2",
        "25.00",
        "2026-11-01",
        "open",
    )
    answer = client.post(
        "/console/vacancies/v-1", data=fields | {"positions": "7", "wage": "26,50", "status": "paused"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/vacancies/v-1")
    found = demand.read_vacancy(world.ws, world.actors["employer"], "v-1")
    assert (found.vacancy.positions, found.vacancy.wage, found.status) == (7, 2650, "paused")
    assert found.vacancy.employer_id == "employer-1"
    stale = client.post("/console/vacancies/v-1", data=fields | {"positions": "9"})
    assert stale.status_code == 412
    wrong = client.post(
        "/console/vacancies/v-1", data=filled_in(client.get("/console/vacancies/v-1").text) | {"end": "2026-01-01"}
    )
    assert wrong.status_code == 409
    assert re.search(r'id="f-end"[^>]*aria-describedby="e-end"', wrong.text)
    assert 'href="#f-end"' in wrong.text


def test_a_file_is_imported_and_the_report_names_each_refused_row(client: TestClient[Any], world: World) -> None:
    enter(client, world, "origin_unit")
    form = client.get("/console/jobs").text
    assert 'enctype="multipart/form-data"' in form
    rows = b'{"worker_id": "n-1", "origin": "WS"}\n{"worker_id": "n-2", "origin": "nowhere"}\n'
    fields = {"token": token(form), "kind": "workers", "format": "ndjson", "dataset": "default"}
    answer = client.post("/console/jobs", data=fields, files={"file": ("pool.ndjson", rows)})
    assert answer.status_code == 303, answer.text
    job = answer.headers["location"]
    assert 'http-equiv="refresh"' in client.get(job).text
    work_off(world)
    report = client.get(job).text
    assert 'http-equiv="refresh"' not in report
    assert "$.origin" in report
    assert people.read_worker(world.ws, world.actors["origin_unit"], "n-1").status == "ready"
    empty = client.post("/console/jobs", data=fields, files={"file": ("none.csv", b"")})
    assert empty.status_code == 409
    assert 'aria-describedby="e-file"' in empty.text
    assert client.post("/console/jobs", data=fields).status_code == 409, "no file at all"
    forged = client.post("/console/jobs", data=fields | {"token": "x"}, files={"file": ("pool.ndjson", rows)})
    assert forged.status_code == 403
    odd = client.post(
        "/console/jobs", content=b"--x\r\nbroken", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert odd.status_code in {403, 409}
    assert [path.name for path in (world.ws.folder / "imports").iterdir() if path.name.startswith(".")] == []


def test_a_form_larger_than_allowed_or_of_unknown_length_is_refused(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_officer")
    form = token(client.get("/console/plans/new").text)
    large = client.post("/console/plans/new", data={"token": form, "purpose": "x" * 1_000_001})
    assert large.status_code == 413

    def pieces() -> Iterator[bytes]:
        yield b"token=x"

    unknown = client.post(
        "/console/plans/new", content=pieces(), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert unknown.status_code == 413


def test_an_agreement_is_drafted_compared_and_put_in_force_by_another_person(
    client: TestClient[Any], world: World
) -> None:
    enter(client, world, "ministry_admin")
    text = AGREEMENT.replace('version = "1"', 'version = "2"').replace("A small scheme", "A scheme that grew")
    assert "A small scheme" in client.get("/console/partnerships/nz-test/draft").text
    wrong = post(
        client, "/console/partnerships/nz-test/draft", "/console/partnerships/nz-test/draft", toml=text + "\nfoo = 1"
    )
    assert wrong.status_code == 409
    assert "foo" in wrong.text
    assert "A scheme that grew" in wrong.text, "what was typed comes back"
    kept = post(client, "/console/partnerships/nz-test/draft", "/console/partnerships/nz-test/draft", toml=text)
    assert kept.headers["location"] == "/console/partnerships/nz-test?version=2"
    assert "version=2" in client.get("/console").text, "it waits for a decision"
    lines = client.get("/console/partnerships/nz-test/difference?a=1&b=2").text
    assert "A scheme that grew" in lines
    assert "A small scheme" in lines
    refused = client.post("/console/partnerships/nz-test", data=filled_in(client.get(kept.headers["location"]).text))
    assert refused.status_code == 403
    enter(client, world, "ministry_officer")
    page = filled_in(client.get(kept.headers["location"]).text)
    enter(client, world, "ministry_admin")
    post(client, "/console/partnerships/nz-test/draft", "/console/partnerships/nz-test/draft", toml=text + "# later\n")
    enter(client, world, "ministry_officer")
    unseen = client.post(
        "/console/partnerships/nz-test", data=page | {"token": filled_in(client.get("/console").text)["token"]}
    )
    assert unseen.status_code == 412, "the draft changed after the page was read"
    assert (
        client.post(
            "/console/partnerships/nz-test", data=filled_in(client.get(kept.headers["location"]).text)
        ).status_code
        == 303
    )
    assert "A scheme that grew" in client.get("/console/partnerships/nz-test").text
    enter(client, world, "employer")
    assert client.get("/console/partnerships/nz-test/draft").status_code == 403


@pytest.fixture
def plan_id(world: World) -> str:
    demand.create_vacancy(world.ws, world.actors["employer"], vacancy("v-many", positions=24))
    for number in range(24):
        sex = "f" if number % 2 else "m"
        people.create_worker(world.ws, world.actors["origin_unit"], NewWorker(worker(f"w-m{number}", sex=sex)))
    plan = plans.start_plan(world.ws, world.actors["ministry_admin"], PlanRequest(["nz-test"], "season", time_limit=20))
    work_off(world)
    return plan.plan_id


def test_figures_of_a_plan_are_shown_as_table_and_picture_without_small_groups(
    client: TestClient[Any], world: World, plan_id: str
) -> None:
    enter(client, world, "ministry_officer")
    every = client.get(f"/console/plans/{plan_id}/indicators").text
    assert "Placement rate" in every
    by = client.get(f"/console/plans/{plan_id}/indicators?by=sex&lang=fr")
    assert by.status_code == 200
    assert "<svg" in by.text
    assert "non indiqu" in by.text or "femmes" in by.text
    assert client.get(f"/console/plans/{plan_id}/indicators?by=sex,month").status_code == 409
    why = client.get(f"/console/plans/{plan_id}/why?worker_id=w-1").text
    assert '<ul class="told">' in why or '<ul class="score">' in why


def test_a_what_if_is_tried_and_compared(client: TestClient[Any], world: World, plan_id: str) -> None:
    enter(client, world, "analyst")
    assert "season" in client.get("/console/scenarios").text
    fields = {"plan_id": plan_id, "time_limit": "20", "seed": "0"}
    tried = post(client, "/console/scenarios", "/console/scenarios", name="as it is", shock="none", **fields)
    assert tried.status_code == 303, tried.text
    post(
        client,
        "/console/scenarios",
        "/console/scenarios",
        name="a drought",
        shock="shrink",
        share="50",
        destination="nz",
        **fields,
    )
    wrong = post(client, "/console/scenarios", "/console/scenarios", name="x", shock="shrink", share="many", **fields)
    assert wrong.status_code == 409
    assert 'aria-describedby="e-share"' in wrong.text
    work_off(world)
    page = client.get("/console/scenarios").text
    ids = re.findall(r'name="ids" value="([^"]+)"', page)
    assert len(ids) == 2
    drought = client.get(f"/console/scenarios/{ids[0]}").text
    assert "share = 0.5" in drought
    assert "destination = &#34;NZ&#34;" in drought
    together = client.get("/console/comparison", params=[("ids", one) for one in ids]).text
    assert "a drought" in together
    assert "as it is" in together
    assert "<svg" in together


def test_accounts_are_opened_changed_and_closed(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_admin")
    weak = post(
        client, "/console/accounts", "/console/accounts", name="tavita", role="analyst", password="tavita tavita tavita"
    )
    assert weak.status_code == 409
    assert "tavita tavita" not in weak.text
    made = post(
        client,
        "/console/accounts",
        "/console/accounts",
        name="tavita",
        role="analyst",
        password="correct horse battery",
    )
    place = made.headers["location"]
    fields = filled_in(client.get(place).text)
    assert (fields["active"], fields["role"]) == ("yes", "analyst")
    assert client.post(place, data=fields | {"active": "no"}).status_code == 303
    record = world.ws.store.records.need("account", place.rpartition("/")[2])
    assert '"active":0' in record.body
    enter(client, world, "auditor")
    assert "tavita" in client.get("/console/accounts").text
    assert '<form method="post" action="/console/accounts' not in client.get(place).text
    assert post(client, "/console", place, active="yes").status_code == 403


def test_a_key_is_shown_once_works_and_is_ended(client: TestClient[Any], world: World) -> None:
    enter(client, world, "origin_unit")
    made = post(client, "/console/keys", "/console/keys", label="nightly import", days="30")
    secret = re.search(r"sbk_[\w-]{43}", made.text)
    assert secret
    assert access.authenticate(world.ws.store, secret[0], world.ws.seconds()).role == "origin_unit"
    again = client.get("/console/keys").text
    assert secret[0] not in again
    key = re.search(r'/console/keys/(key-\w+)"[^>]*>(?:(?!</form>).)*</form>.*?', again)
    assert key
    ids = re.findall(r'action="/console/keys/(key-\w+)"', again)
    for one in ids:
        post(client, "/console/keys", f"/console/keys/{one}")
    with pytest.raises(Refused):
        access.authenticate(world.ws.store, secret[0], world.ws.seconds())


def test_a_worker_sees_what_is_held_and_decides_who_knows_the_name(client: TestClient[Any], world: World) -> None:
    enter(client, world, "worker")
    assert "/console/workers/w-1" in client.get("/console").text
    page = client.get("/console/workers/w-1").text
    assert "Mere Tuilagi" not in page, "the name is opened on purpose, and that is recorded"
    assert "Mere Tuilagi" in post(client, "/console/workers/w-1", "/console/workers/w-1/identity").text
    post(client, "/console/workers/w-1", "/console/workers/w-1/consents", receiver="employer-1", days="30")
    assert people.consented(world.ws, "w-1", "employer-1")
    (consent,) = re.findall(r'action="/console/workers/w-1/consents/([\w-]+)"', client.get("/console/workers/w-1").text)
    post(client, "/console/workers/w-1", f"/console/workers/w-1/consents/{consent}")
    assert not people.consented(world.ws, "w-1", "employer-1")
    assert client.get("/console/workers/w-to").status_code == 404


def test_a_recruiter_opens_a_name_only_by_consent_and_a_unit_makes_links(client: TestClient[Any], world: World) -> None:
    enter(client, world, "recruiter")
    refused = post(client, "/console/workers/w-1", "/console/workers/w-1/identity")
    assert refused.status_code == 403
    assert "Mere" not in refused.text
    rights.give_consent(world.ws, world.actors["worker"], "w-1", NewConsent("agency-1"))
    assert "Mere Tuilagi" in post(client, "/console/workers/w-1", "/console/workers/w-1/identity").text
    enter(client, world, "origin_unit")
    link = re.search(r"sbl_[\w-]{43}", post(client, "/console/workers/w-1", "/console/workers/w-1/link").text)
    assert link
    client.cookies.clear()
    signed = post(client, "/console/sign-in", "/console/sign-in", link=link[0])
    assert signed.status_code == 303


def test_a_unit_seals_who_a_worker_is_and_is_told_what_is_wrong_beside_the_field(
    client: TestClient[Any], world: World
) -> None:
    enter(client, world, "origin_unit")
    page, form = "/console/workers/w-2", "/console/workers/w-2/seal"
    wrong = post(client, page, form, name="Sina Leota", birth_date="17 May", kind="passport", country="WS", number="X1")
    assert wrong.status_code == 400
    assert 'id="e-birth_date"' in wrong.text
    assert 'value="Sina Leota"' in wrong.text, "what was typed stays"
    sealed = post(
        client, page, form, name="Sina Leota", birth_date="1994-05-17", kind="passport", country="WS", number="AB 1234"
    )
    assert sealed.status_code == 303
    assert "Sina" not in client.get(sealed.headers["location"]).text, "opening a name is an act of its own"
    opened = people.read_identity(world.ws, world.actors["origin_unit"], "w-2")
    assert (opened.identity.name, opened.document_kind) == ("Sina Leota", "passport")
    enter(client, world, "recruiter")
    assert "/seal" not in client.get(page).text
    assert post(client, page, form, name="Somebody Else").status_code == 403


def test_what_a_role_may_see_is_taken_out_as_a_file(client: TestClient[Any], world: World) -> None:
    enter(client, world, "origin_unit")
    assert "/console/exports/workers?format=csv" in client.get("/console/jobs").text
    file = client.get("/console/exports/workers", params={"format": "csv"})
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"] == 'attachment; filename="workers.csv"'
    assert [line.partition(",")[0] for line in file.text.splitlines()] == ["worker_id", "w-1", "w-2", "w-3"]
    held = client.get("/console/workers/w-1/export")
    assert held.json()["worker"]["worker_id"] == "w-1"
    assert held.headers["content-disposition"].startswith("attachment")
    enter(client, world, "recruiter")
    assert client.get("/console/exports/workers").status_code == 403
    assert client.get("/console/workers/w-1/export").status_code == 403


def test_a_person_is_erased_only_by_who_is_sure(client: TestClient[Any], world: World) -> None:
    enter(client, world, "origin_unit")
    page, form = "/console/workers/w-3", "/console/workers/w-3/erase"
    asked = post(client, page, form)
    assert asked.status_code == 409
    assert 'id="e-sure"' in asked.text
    assert people.read_worker(world.ws, world.actors["origin_unit"], "w-3").profile is not None
    assert post(client, page, form, sure="yes").headers["location"] == "/console/workers"
    assert people.read_worker(world.ws, world.actors["origin_unit"], "w-3").profile is None


def test_a_line_noted_earlier_is_looked_for_in_the_record(client: TestClient[Any], world: World) -> None:
    enter(client, world, "auditor")
    found = client.get("/console/audit", params={"verify": "1"}).text
    seq, noted = re.search(r"([\d,]+) lines recomputed", found), re.search(r"<code>([0-9a-f]{64})</code>", found)
    assert seq
    assert noted
    line = seq[1].replace(",", "")
    again = {"verify": "1", "seq": line, "hash": noted[1]}
    assert "is whole" in client.get("/console/audit", params=again).text
    assert "is whole" not in client.get("/console/audit", params=again | {"hash": "0" * 64}).text
    assert client.get("/console/audit", params={"verify": "1", "seq": line}).status_code == 409


@pytest.mark.parametrize(
    ("text", "shares"),
    [("Placed.\nScore:\n  Skills: 1\nOthers:\n  v-1", [0.5, None]), ("Score:\n  a\nb\n  c", [None, None])],
)
def test_a_line_break_in_what_people_wrote_costs_the_picture_not_the_page(
    text: str, shares: list[float | None]
) -> None:
    lines = [{"value": 500}] * (1 if shares[0] else 2)
    blocks = explained(Explanation("plan-1", "w-1", "placed", text, {"breakdown": lines}))
    assert [share for _, items in blocks for share, _ in items] == shares
    assert [part for head, items in blocks for part in (head, *(one for _, one in items))] == [
        line.strip() for line in text.splitlines()
    ]
