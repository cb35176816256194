"""The matrix of rights: every operation x every role x own and other rows, generated from the table of operations."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from skillbridge.access import POLICY, ROLES
from skillbridge.api.app import create_app
from skillbridge.api.operations import Operation
from skillbridge.api.routes import OPERATIONS
from skillbridge.workspace import plans, rights
from skillbridge.workspace.views import NewAppeal, NewConsent, Override
from tests.api.calls import call
from tests.workspace.world import World, build

GUARDED = [operation for operation in OPERATIONS if operation.act is not None]

EVERYONES = {"w-1", "w-2", "w-to"}
SEEN_WORKERS = {
    # role -> workers that its own account reaches by `workers.read`; w-1 is placed with employer-1, w-2 rejected there
    "ministry_admin": EVERYONES,
    "ministry_officer": EVERYONES,
    "auditor": EVERYONES,
    "origin_unit": {"w-1", "w-2"},
    "recruiter": {"w-1", "w-2"},
    "employer": {"w-1"},
    "worker": {"w-1"},
    "analyst": set(),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, TestClient[Any]]]:
    world = build(tmp_path_factory.mktemp("roles") / "ws")
    officer = world.actors["ministry_officer"]
    plans.override(world.ws, officer, "plan-1", Override("plan-1.1", "approved", "fits well"))
    plans.override(world.ws, officer, "plan-1", Override("plan-1.2", "rejected", "fits less"))
    with TestClient(create_app(world.ws, warm=False)) as client:
        yield world, client


def ids_of(world: World, worker_id: str) -> dict[str, str]:
    """Path values that all belong to one worker, made fresh so that each call finds them."""
    ws, own = world.ws, worker_id != "w-to"
    unit = world.actors["origin_unit"] if own else world.rivals["origin_unit"]
    consent = rights.give_consent(ws, unit, worker_id, NewConsent("employer-1", evidence="signed"))
    appeal = rights.appeal(ws, unit, worker_id, NewAppeal("please look again"))
    return {
        "worker_id": worker_id,
        "consent_id": consent.consent_id,
        "appeal_id": appeal.appeal_id,
        "placement_id": "plan-1.1" if own else "plan-1.3",
        "vacancy_id": "v-1" if own else "v-2",
        "employer_id": "employer-1" if own else "employer-2",
        "partnership_id": "nz-test",
        "plan_id": "plan-1",
        "account_id": world.actors["analyst"].account_id,
        "key_id": "key-none",
        "job_id": "job-none",
        "webhook_id": "webhook-none",
        "delivery_id": "delivery-none",
        "dataset_id": "default",
        "scenario_id": "scenario-none",
    }


def harmless(operation: Operation) -> bool:
    """Operations that would change the world under the other cases are only tried where they must be refused."""
    return operation.name not in {"erase_worker", "log_out", "update_account"}


@pytest.mark.parametrize("operation", GUARDED, ids=lambda one: one.name)
def test_without_a_key_nothing_is_answered(place: tuple[World, TestClient[Any]], operation: Operation) -> None:
    world, client = place
    for key in (None, "sbk_wrong"):
        response = call(client, operation, key, ids_of(world, "w-1"))
        assert response.status_code == 401
        assert response.json()["code"] == "unauthenticated"
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", GUARDED, ids=lambda one: one.name)
def test_a_role_may_exactly_what_the_policy_says(
    place: tuple[World, TestClient[Any]], operation: Operation, role: str
) -> None:
    world, client = place
    assert operation.act is not None
    allowed = role in POLICY[operation.act]
    if allowed and not harmless(operation):
        return
    response = call(client, operation, world.keys[role], ids_of(world, "w-1"))
    code = response.json().get("code") if response.headers["content-type"] == "application/problem+json" else None
    assert (code == "forbidden") == (not allowed), response.text
    assert response.status_code < 500, response.text


NOT_OURS = [operation for operation in GUARDED if {"worker_id", "placement_id"} & set(operation.params)]


@pytest.mark.parametrize("role", ["origin_unit", "recruiter", "employer", "worker"])
@pytest.mark.parametrize("operation", NOT_OURS, ids=lambda one: one.name)
def test_another_partys_rows_do_not_exist(
    place: tuple[World, TestClient[Any]], operation: Operation, role: str
) -> None:
    world, client = place
    response = call(client, operation, world.keys[role], ids_of(world, "w-to"))
    assert operation.act is not None
    expected = "not_found" if role in POLICY[operation.act] else "forbidden"
    assert response.json()["code"] == expected, response.text


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reads_exactly_its_workers(place: tuple[World, TestClient[Any]], role: str) -> None:
    world, client = place
    headers = {"authorization": f"Bearer {world.keys[role]}"}
    seen = {w for w in EVERYONES if client.get(f"/v1/workers/{w}", headers=headers).status_code == 200}
    assert seen == SEEN_WORKERS[role]
    if "workers.list" in POLICY and role in POLICY["workers.list"]:
        listed = {item["worker_id"] for item in client.get("/v1/workers", headers=headers).json()["items"]}
        assert listed - {"w-3", "w-1042"} == SEEN_WORKERS[role]


def test_every_path_says_exactly_the_methods_of_its_operations(place: tuple[World, TestClient[Any]]) -> None:
    _, client = place
    methods: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        methods.setdefault(operation.path, {"OPTIONS"}).add(operation.method)
    for path, known in methods.items():
        url = path.replace("{", "").replace("}", "")
        answer = client.request("OPTIONS", url)
        assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (204, known), path
        refused = client.request("TRACE", url)
        assert (refused.status_code, refused.json()["code"]) == (405, "method")
        assert set(refused.headers["allow"].split(", ")) == known, path
    for path in ("/v1", "/v1/", "/v1/nothing", "/v1/workers/w-1/nothing", "/v1/workers/", "/v12/workers"):
        expected = 401 if path == "/v1/workers/" else 404
        assert client.get(path).status_code == expected, path


def test_every_act_of_the_policy_is_asked_for_somewhere() -> None:
    used = {operation.act for operation in OPERATIONS}
    assert set(POLICY) - used <= {"plans.explain", "scenarios.read", "scenarios.write", "indicators.read", "facts.read"}


def test_employers_never_see_the_rejected(place: tuple[World, TestClient[Any]]) -> None:
    world, client = place
    headers = {"authorization": f"Bearer {world.keys['employer']}"}
    placements = client.get("/v1/placements", headers=headers).json()["items"]
    assert {item["placement_id"] for item in placements} == {"plan-1.1"}
    assert client.get("/v1/placements?state=rejected", headers=headers).json()["items"] == []
    assert client.get("/v1/placements/plan-1.2", headers=headers).status_code == 404
    assert client.get("/v1/workers/w-2", headers=headers).status_code == 404


def test_employers_and_recruiters_see_pseudonyms_and_skills_only(place: tuple[World, TestClient[Any]]) -> None:
    world, client = place
    for role in ("employer", "recruiter"):
        body = client.get("/v1/workers/w-1", headers={"authorization": f"Bearer {world.keys[role]}"}).json()
        assert body["profile"]["birth_year"] is None
        assert body["profile"]["sex"] is None
        assert "birth_year" in body["hidden"]
        assert body["profile"]["isco"] == "9211"
