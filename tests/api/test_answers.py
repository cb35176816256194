"""Answers that are remembered: never one that the rows, or who asks, would not give now."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar.testing import TestClient
from msgspec.structs import replace

from skillbridge.access import DAILY_ROWS, ROLES, SYSTEM
from skillbridge.api import answers
from skillbridge.api.app import create_app
from skillbridge.api.operations import Operation
from skillbridge.api.routes import OPERATIONS
from skillbridge.workspace import Workspace, accounts, agreements, demand, people, plans
from skillbridge.workspace.views import (
    AccountChange,
    Draft,
    NewWorker,
    Override,
    SharedParty,
    Sharing,
    VacancyChange,
    WorkerChange,
)
from tests.workspace.world import AGREEMENT, World, vacancy, worker

REMEMBERED = [operation for operation in OPERATIONS if operation.stands is not None]
PATHS = [
    *(f"/v1/workers/{name}" for name in ("w-1", "w-2", "w-3", "w-to", "w-new")),
    *(f"/v1/vacancies/{name}" for name in ("v-1", "v-2", "v-new")),
    "/v1/employers/employer-1", "/v1/employers", "/v1/workers", "/v1/workers?status=paused&fields=status",
    "/v1/vacancies?limit=1", "/v1/vacancies?destination=NZ", "/v1/partnerships", "/v1/partnerships/nz-test",
    "/v1/concepts?q=frui&limit=2",
]  # fmt: skip


@pytest.fixture
def client(world: World) -> Iterator[TestClient[Any]]:
    with TestClient(create_app(world.ws, warm=False)) as found:
        yield found


def get(client: TestClient[Any], key: str, path: str, **headers: str) -> Any:
    return client.get(path, headers={"authorization": f"Bearer {key}"} | headers)


def calls(monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    """Notes each time that the operation of this name is carried out."""
    operation = next(one for one in OPERATIONS if one.name == name)
    made: list[str] = []
    act: Callable[..., Any] = operation.call

    def noted(*arguments: Any, **more: Any) -> Any:
        made.append(name)
        return act(*arguments, **more)

    monkeypatch.setitem(operation.__dict__, "call", noted)
    return made


def changes(world: World) -> dict[str, Callable[[], object]]:
    """What may change an answer, each as another process does it."""
    ws = Workspace(world.ws.folder, world.ws.settings, world.clock)
    admin, officer = world.actors["ministry_admin"], world.actors["ministry_officer"]
    shared = [SharedParty("unit-to", ["aggregate"]), SharedParty("agency-1", ["profile"])]
    return {
        "nothing": lambda: None,
        "a worker is paused": lambda: people.update_worker(
            ws, SYSTEM, "w-2", WorkerChange(worker("w-2"), "paused"), version=1
        ),
        "and again": lambda: people.update_worker(ws, SYSTEM, "w-2", WorkerChange(worker("w-2")), version=2),
        "one is entered": lambda: people.create_worker(ws, SYSTEM, NewWorker(worker("w-new"), party="unit-ws")),
        "one is placed": lambda: plans.override(ws, officer, "plan-1", Override("plan-1.1", "approved", "fits well")),
        "one is rejected": lambda: plans.override(ws, officer, "plan-1", Override("plan-1.2", "rejected", "fits less")),
        "sharing changes": lambda: agreements.put_sharing(ws, SYSTEM, "nz-test", Sharing("nz-test", shared)),
        "a vacancy changes": lambda: demand.update_vacancy(
            ws, SYSTEM, "v-2", VacancyChange(replace(vacancy("v-2"), employer_id="employer-2", positions=9)), version=1
        ),
        "one is posted": lambda: demand.create_vacancy(ws, SYSTEM, vacancy("v-new")),
        "a draft is kept": lambda: agreements.put_draft(ws, admin, "nz-test", Draft(AGREEMENT.replace('"1"', '"2"'))),
        "it is published": lambda: agreements.publish(ws, officer, "nz-test", version=None),
        "someone is erased": lambda: people.erase_worker(ws, SYSTEM, "w-3"),
    }


def test_every_remembered_read_is_tried_here() -> None:
    for operation in REMEMBERED:
        stem = operation.path.partition("{")[0]
        same = [path for path in PATHS if path.partition("?")[0].count("/") == operation.path.count("/")]
        assert any(path.startswith(stem) for path in same), operation.name


def test_whatever_changes_each_role_is_told_what_it_would_be_told_without_memory(
    world: World, client: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(there: TestClient[Any], role: str) -> dict[str, tuple[int, bytes]]:
        found = {path: get(there, world.keys[role], path) for path in PATHS}
        return {path: (one.status_code, one.content) for path, one in found.items()}

    before: dict[str, Any] = {}
    with TestClient(create_app(world.ws, warm=False)) as without:
        memory = without.app.state.service.answers
        known = memory.known
        monkeypatch.setattr(memory, "known", lambda *asked: known(*asked) and None)
        seen = 0
        for what, change in changes(world).items():
            change()
            for role in ROLES:
                now = told(client, role)
                assert now == told(without, role), (what, role)
                seen += now != before.get(role, now)
                before[role] = now
    assert seen > 20, "the changes are changes"


def test_a_row_is_read_once_until_it_changes(
    world: World, client: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, made = world.keys["ministry_officer"], calls(monkeypatch, "get_worker")
    for _ in range(3):
        assert get(client, key, "/v1/workers/w-1").json()["version"] == 1
        assert get(client, key, "/v1/workers/w-2").json()["version"] == 1
    assert len(made) == 2
    elsewhere = Workspace(world.ws.folder, world.ws.settings, world.clock)
    people.update_worker(elsewhere, SYSTEM, "w-1", WorkerChange(worker("w-1"), "paused"), version=1)
    found = get(client, key, "/v1/workers/w-1")
    assert (found.json()["status"], found.headers["etag"]) == ("paused", '"2"')
    assert get(client, key, "/v1/workers/w-1", **{"if-none-match": '"2"'}).status_code == 304
    assert get(client, key, "/v1/workers/w-2").json()["version"] == 1
    assert len(made) == 3, "the other row stays remembered"


def test_who_may_not_ask_any_more_is_not_told_from_memory(world: World, client: TestClient[Any]) -> None:
    keys = {role: world.keys[role] for role in ("ministry_officer", "origin_unit")}
    for key in keys.values():
        assert get(client, key, "/v1/workers/w-1").status_code == 200
    elsewhere = Workspace(world.ws.folder, world.ws.settings, world.clock)
    for role in keys:
        accounts.update_account(
            elsewhere, SYSTEM, world.actors[role].account_id, AccountChange(active=False), version=1
        )
        assert get(client, keys[role], "/v1/workers/w-1").status_code == 401


@pytest.mark.parametrize("role", ["employer", "recruiter", "auditor"])
def test_rows_that_count_are_counted_each_time(
    world: World, client: TestClient[Any], monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setitem(DAILY_ROWS, role, 2)
    plans.override(world.ws, world.actors["ministry_officer"], "plan-1", Override("plan-1.1", "approved", "fits well"))
    answered = [get(client, world.keys[role], "/v1/workers/w-1").status_code for _ in range(3)]
    assert answered == [200, 200, 429]


def test_memory_has_a_limit(world: World, client: TestClient[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST", 3 * answers.APIECE)
    key, memory = world.keys["ministry_officer"], client.app.state.service.answers
    sizes = set()
    for number in range(40):
        assert get(client, key, f"/v1/workers/w-{number % 3 + 1}?").status_code == 200
        assert get(client, key, f"/v1/concepts?q=f&limit={number + 1}").status_code == 200
        sizes.add(memory._size)
    assert max(sizes) < 40_000
    rows = [kept for row in memory._rows.get("worker", {}).values() for kept in row.values()]
    kept = [*rows, *memory._others.values()]
    assert sum(len(one.body) + answers.APIECE for one in kept) == memory._size


@pytest.mark.parametrize("operation", REMEMBERED, ids=lambda one: one.name)
def test_only_plain_reads_are_remembered(operation: Operation) -> None:
    assert operation.method == "GET"
    assert operation.act is not None
    assert not any((operation.records, operation.slow, operation.live, operation.stream, operation.beside))
    assert operation.status == 200
    assert operation.stands is not None
    assert not operation.stands.row or operation.params[0] == f"{operation.stands.row}_id"
