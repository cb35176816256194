"""Rows that belong to a party: each operation on them, by their own party and by another; and versions of rows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from skillbridge.access import POLICY, Actor
from skillbridge.api.app import create_app
from skillbridge.api.operations import Operation
from skillbridge.api.routes import OPERATIONS
from skillbridge.workspace import PageQuery, accounts, hooks, plans
from skillbridge.workspace.views import NewKey, NewWebhook, Override
from tests.api.calls import call
from tests.api.test_roles import GUARDED, NOT_OURS
from tests.workspace.world import World, build

DEMAND = {"vacancy_id", "employer_id"}
PARTYS = {"job_id", "webhook_id", "delivery_id", "key_id"}
NOBODYS = {"account_id", "partnership_id", "plan_id", "scenario_id", "dataset_id"}
"""Rows of no party, which whoever may do the act reaches; their operations are tried for each role in test_roles."""

OPERATIONS_ON_DEMAND = [one for one in GUARDED if DEMAND & set(one.params)]
OPERATIONS_ON_PARTYS = [one for one in GUARDED if PARTYS & set(one.params)]


@pytest.fixture
def place(tmp_path: Any) -> Iterator[tuple[World, TestClient[Any]]]:
    world = build(tmp_path / "ws")
    plans.override(world.ws, world.actors["ministry_officer"], "plan-1", Override("plan-1.1", "approved", "fits well"))
    with TestClient(create_app(world.ws, warm=False)) as client:
        yield world, client


def owned(world: World, actor: Actor) -> dict[str, str]:
    """A job, webhook, delivery and key of this actor."""
    ws = world.ws
    job_id = f"job-{actor.account_id}"
    with ws.acting():
        plans.queue(ws, actor, job_id, "import", {})
    key = accounts.create_key(ws, actor, NewKey("spare", 10)) if actor.role in POLICY["keys.own"] else None
    hook = delivery = None
    if actor.role in POLICY["webhooks.write"]:
        hook = hooks.create_webhook(ws, actor, NewWebhook("https://example.org/hook", ["placement.moved"]))
        with ws.acting():
            hooks.announce(ws, actor.party, "placement.moved", {"placement_id": "plan-1.1"})
        delivery = hooks.list_deliveries(ws, actor, hook.webhook_id, PageQuery()).items[0]
    return {
        "job_id": job_id,
        "key_id": key.key.key_id if key else "key-none",
        "webhook_id": hook.webhook_id if hook else "webhook-none",
        "delivery_id": delivery.delivery_id if delivery else "delivery-none",
    }


def test_every_operation_with_a_row_has_its_place_in_the_matrix() -> None:
    named = {name for operation in OPERATIONS for name in operation.params}
    assert named == DEMAND | PARTYS | NOBODYS | {"worker_id", "placement_id", "consent_id", "appeal_id"}
    for operation in GUARDED:
        tried = operation in [*NOT_OURS, *OPERATIONS_ON_DEMAND, *OPERATIONS_ON_PARTYS]
        assert tried or set(operation.params) <= NOBODYS | {"appeal_id"}, operation.name
    assert {role for role in POLICY["appeals.decide"] if not role.startswith("ministry")} == set()


@pytest.mark.parametrize("role", ["origin_unit", "employer", "recruiter", "worker"])
@pytest.mark.parametrize("operation", OPERATIONS_ON_PARTYS, ids=lambda one: one.name)
def test_what_another_party_holds_does_not_exist(
    place: tuple[World, TestClient[Any]], operation: Operation, role: str
) -> None:
    world, client = place
    assert operation.act is not None
    scope = POLICY[operation.act].get(role)
    other = call(client, operation, world.keys[role], owned(world, world.rivals[role]))
    assert other.json()["code"] == ("forbidden" if scope is None else "not_found"), other.text
    if scope is not None and not operation.live:
        own = call(client, operation, world.keys[role], owned(world, world.actors[role]))
        assert own.status_code < 300, own.text


@pytest.mark.parametrize("role", ["employer", "worker"])
@pytest.mark.parametrize("operation", OPERATIONS_ON_DEMAND, ids=lambda one: one.name)
def test_demand_of_others_does_not_exist(place: tuple[World, TestClient[Any]], operation: Operation, role: str) -> None:
    world, client = place
    assert operation.act is not None
    ids = {"vacancy_id": "v-2", "employer_id": "employer-2"}
    told = call(client, operation, world.keys[role], ids)
    assert told.json()["code"] == ("not_found" if role in POLICY[operation.act] else "forbidden"), told.text


def test_a_key_of_another_account_is_not_ended(place: tuple[World, TestClient[Any]]) -> None:
    world, client = place
    operation = next(one for one in OPERATIONS if one.name == "revoke_key")
    for role in POLICY["keys.own"]:
        ids = owned(world, world.rivals[role])
        assert call(client, operation, world.keys[role], ids).json()["code"] == "not_found", role
        assert call(client, operation, world.rival_keys[role], ids).status_code < 300, role


def test_of_changes_that_name_the_same_version_one_is_made(place: tuple[World, TestClient[Any]]) -> None:
    world, client = place
    body = client.get("/v1/workers/w-3", headers={"authorization": f"Bearer {world.keys['origin_unit']}"})

    def change(number: int) -> Any:
        headers = {"authorization": f"Bearer {world.keys['origin_unit']}", "if-match": body.headers["etag"]}
        profile = body.json()["profile"] | {"experience_months": number}
        return client.put("/v1/workers/w-3", headers=headers, json={"profile": profile})

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(change, range(1, 17)))
    statuses = sorted(one.status_code for one in told)
    assert statuses == [200] + [412] * 15
    (made,) = [one.json() for one in told if one.status_code == 200]
    stored = msgspec.json.decode(world.ws.store.records.need("worker", "w-3").body)
    assert stored["profile"]["experience_months"] == made["profile"]["experience_months"]
    assert (made["version"], world.ws.store.records.need("worker", "w-3").version) == (2, 2)


VERSIONED = [operation for operation in OPERATIONS if operation.versioned]


@pytest.mark.parametrize("operation", VERSIONED, ids=lambda one: one.name)
def test_a_change_of_a_record_names_its_version(place: tuple[World, TestClient[Any]], operation: Operation) -> None:
    world, client = place
    ids = {
        "account_id": world.actors["analyst"].account_id, "worker_id": "w-1", "employer_id": "employer-1",
        "vacancy_id": "v-1", "partnership_id": "nz-test", "plan_id": "plan-1", "placement_id": "plan-1.1",
    }  # fmt: skip
    head = world.ws.store.ledger.last_link()
    for tag in ("", "*", '"x"', "1"):
        told = call(client, operation, world.keys["ministry_admin"], ids, {"if-match": tag})
        assert (told.status_code, told.json()["code"]) == (400, "invalid"), told.text
    for tag in ('"0"', '"999999999999999"'):
        told = call(client, operation, world.keys["ministry_admin"], ids, {"if-match": tag})
        assert told.status_code == 409, told.text
    assert world.ws.store.ledger.last_link() == head, "nothing was changed"
