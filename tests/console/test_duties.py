"""The pages on who sees what, datasets, fact sheets and webhooks, and the report of a plan for each reader."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from skillbridge.api.app import create_app
from skillbridge.console.pages import console
from skillbridge.errors import Refused
from skillbridge.jobs import Runner
from skillbridge.settings import Settings
from skillbridge.workspace import agreements, hooks, plans, record
from skillbridge.workspace.views import PlanRequest, SharedParty, Sharing
from tests.console.test_pages import enter, post
from tests.workspace.world import World, build

SHARING = "/console/partnerships/nz-test/sharing"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return build(tmp_path / "ws")


@pytest.fixture
def client(world: World) -> Iterator[TestClient[Any]]:
    with TestClient(create_app(world.ws, console=console(world.ws), warm=False)) as client:
        client.follow_redirects = False
        yield client


def shown_version(client: TestClient[Any]) -> str:
    found = re.search(r'name="version" value="(\d+)"', client.get(SHARING).text)
    assert found
    return found[1]


def seen(world: World) -> list[SharedParty]:
    return agreements.read_sharing(world.ws, world.actors["ministry_admin"], "nz-test").sharing.parties


def test_an_administrator_says_who_sees_what(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_admin")
    fields = {"version": shown_version(client), "party-0": "unit-ws", "sees-0": "aggregate", "party-1": "agency-9"}
    answer = post(client, SHARING, SHARING, **fields, **{"party-2": "", "sees-2": "identity"})
    assert (answer.status_code, answer.headers["location"]) == (303, SHARING)
    assert seen(world) == [SharedParty("unit-ws", ["aggregate"]), SharedParty("agency-9", [])]
    assert 'value="aggregate" checked' in client.get(SHARING).text


def test_who_sees_what_is_not_saved_over_what_another_saved_meanwhile(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_admin")
    version = shown_version(client)
    theirs = Sharing("nz-test", [SharedParty("unit-ws", ["profile"])])
    agreements.put_sharing(world.ws, world.actors["ministry_admin"], "nz-test", theirs)
    for given in (version, "", "0", "²", "9" * 5_000):
        answer = post(client, SHARING, SHARING, version=given, **{"party-0": "agency-9", "sees-0": "identity"})
        assert answer.status_code in {409, 412}, given[:9]
        assert 'value="agency-9"' in answer.text, "what was typed is still there"
    assert seen(world) == theirs.parties


def test_a_party_twice_is_told_where_it_is(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_admin")
    fields = {"version": shown_version(client), "party-0": "unit-ws", "party-1": "unit-ws"}
    answer = post(client, SHARING, SHARING, **fields)
    assert answer.status_code == 409
    assert 'href="#f-parties"' in answer.text
    assert 'id="f-parties"' in answer.text


@pytest.mark.parametrize("role", ["ministry_officer", "origin_unit", "auditor"])
def test_others_read_who_sees_what_and_change_nothing(client: TestClient[Any], world: World, role: str) -> None:
    before = seen(world)
    enter(client, world, role)
    page = client.get(SHARING).text
    assert f'action="{SHARING}"' not in page
    answer = post(client, "/console/keys", SHARING, version="1", **{"party-0": "agency-9", "sees-0": "identity"})
    assert answer.status_code == 403
    assert seen(world) == before
    assert client.get("/console/partnerships/none-1/sharing").status_code == 404


def test_a_dataset_states_its_legal_basis_and_retention(client: TestClient[Any], world: World) -> None:
    enter(client, world, "ministry_admin")
    fields = {
        "dataset_id": "default", "purpose": "seasonal work", "legal_basis": "GDPR 6(1)(e)",
        "controller": "Ministry of Labour", "retention_days": "730", "synthetic": "no",
    }  # fmt: skip
    assert post(client, "/console/datasets", "/console/datasets", **fields).status_code == 303
    (kept,) = record.list_datasets(world.ws, world.actors["auditor"]).items
    assert (kept.legal_basis, kept.retention_days, kept.synthetic) == ("GDPR 6(1)(e)", 730, False)
    assert 'value="GDPR 6(1)(e)"' in client.get("/console/datasets?dataset_id=default").text
    wrong = post(client, "/console/datasets", "/console/datasets", **fields | {"retention_days": "0"})
    assert wrong.status_code == 400
    assert re.search(r'id="f-retention_days"[^>]*aria-describedby="e-retention_days"', wrong.text)
    assert "GDPR 6(1)(e)" in client.get("/console/facts").text


def test_a_webhook_shows_its_secret_once_and_belongs_to_its_party(client: TestClient[Any], world: World) -> None:
    enter(client, world, "employer")
    at, fields = "/console/webhooks", {"url": "https://example.org/h", "events": "placement.moved"}
    made = post(client, at, at, **fields)
    assert made.text.count("whsec_") == 1
    assert "whsec_" not in client.get(at).text
    (hook,) = hooks.list_webhooks(world.ws, world.actors["employer"]).items
    with world.ws.acting():
        hooks.announce(world.ws, "employer-1", "placement.moved", {})
    page = f"{at}/{hook.webhook_id}"
    again = re.search(rf'action="({page}/deliveries/[^"]+)"', client.get(page).text)
    assert again
    assert post(client, page, again[1]).headers["location"] == page

    enter(client, world, "recruiter")
    assert hook.webhook_id not in client.get(at).text
    assert client.get(page).status_code == 404
    assert [post(client, at, to).status_code for to in (page, again[1])] == [404, 404]

    enter(client, world, "employer")
    assert post(client, page, page).headers["location"] == at
    assert hooks.list_webhooks(world.ws, world.actors["employer"]).items == []


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/h", "https://[::1]/h", "http://example.org/h", "https://a.internal/"]
)
def test_a_webhook_to_a_private_address_is_refused_beside_its_field(tmp_path: Path, url: str) -> None:
    world = build(tmp_path / "strict", Settings())
    with TestClient(create_app(world.ws, console=console(world.ws), warm=False)) as client:
        enter(client, world, "ministry_admin")
        answer = post(client, "/console/webhooks", "/console/webhooks", url=url, events="plan.ready")
    assert answer.status_code == 409
    assert 'aria-describedby="e-url"' in answer.text
    assert hooks.list_webhooks(world.ws, world.actors["ministry_admin"]).items == []


def test_a_report_is_made_for_its_reader_in_the_language_chosen(client: TestClient[Any], world: World) -> None:
    officer = world.actors["ministry_officer"]
    plan = plans.start_plan(world.ws, officer, PlanRequest(["nz-test"], "report", time_limit=5))
    runner = Runner(world.ws, "test")
    while runner.step():
        pass
    enter(client, world, "ministry_officer")
    at = f"/console/plans/{plan.plan_id}"
    titles = {}
    for reader in ("officer", "minister", "public"):
        assert f'href="{at}/report?reader={reader}"' in client.get(at, params={"lang": "en"}).text
        answer = client.get(f"{at}/report", params={"reader": reader, "lang": "fr"})
        assert answer.status_code == 200
        assert "sandbox" in answer.headers["content-security-policy"]
        titles[reader] = answer.text
    assert len(set(titles.values())) == 3
    assert titles["public"].index('lang="fr"') < titles["public"].index('lang="en"')
    assert len(titles["minister"]) < len(titles["officer"])
    assert not re.search(r"\bw-\d", titles["public"]), "the public page names no worker"
    odd = client.get(f"{at}/report", params={"reader": "spy"})
    assert odd.status_code == 409
    for role in ("analyst", "employer", "recruiter", "worker"):
        with pytest.raises(Refused, match="may not"):
            plans.report(world.ws, world.actors[role], plan.plan_id, plans.ReportQuery("public"))
