"""How one server process takes changes, questions and uploads: together where it is cheaper, each with its own end."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from skillbridge.api.app import create_app
from skillbridge.api.beside import Beside, FellError
from skillbridge.api.desk import Desk
from skillbridge.api.operations import Gather, Operation, op
from skillbridge.api.writer import Writer
from skillbridge.errors import Refused
from skillbridge.settings import Settings
from skillbridge.store import Store
from skillbridge.workspace import Workspace
from tests.workspace.world import World, build


async def together(store: Store, changes: list[Callable[[], Any]], slow: bool = False) -> list[Any]:
    writer = Writer(store)
    writer.open()
    try:
        return await asyncio.gather(*(writer.run(change, slow=slow) for change in changes), return_exceptions=True)
    finally:
        await writer.close()


@pytest.mark.parametrize("slow", [False, True])
def test_changes_share_a_commit_and_a_failing_one_undoes_itself_alone(world: World, slow: bool) -> None:
    ws, commits = world.ws, []

    def add(name: str) -> Callable[[], str]:
        def change() -> str:
            ws.store.records.create("sharing", name, b"{}", None, ws.now())
            commits.append(ws.store.database.connection)
            if name == "bad":
                raise RuntimeError(name)
            return name

        return change

    found = asyncio.run(together(ws.store, [add("a"), add("bad"), add("b")], slow))
    assert [one if isinstance(one, str) else type(one) for one in found] == ["a", RuntimeError, "b"]
    assert len(set(map(id, commits))) == 1
    assert [ws.store.records.get("sharing", name) is not None for name in ("a", "bad", "b")] == [True, False, True]


def test_a_commit_that_fails_is_nobody_s_success(world: World) -> None:
    ws = world.ws

    def add(name: str) -> Callable[[], str]:
        return lambda: ws.store.records.create("sharing", name, b"{}", None, ws.now()).id

    def full() -> None:
        raise Refused("storage_full", "the storage is full: nothing was changed")

    found = asyncio.run(together(ws.store, [add("a"), full, add("b")]))
    assert [one.code for one in found] == ["storage_full"] * 3
    assert ws.store.records.get("sharing", "a") is None
    assert asyncio.run(together(ws.store, [add("a")])) == ["a"]


def test_a_writer_that_has_closed_refuses_and_one_that_waits_for_another_process_does_not_block(world: World) -> None:
    ws = world.ws

    async def scenario() -> list[float]:
        writer = Writer(ws.store)
        with pytest.raises(Refused, match="starting or stopping"):
            await writer.run(lambda: None)
        writer.open()
        other = ws.store.database.connect(shared=True)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(writer.run(lambda: 7))
        ticks = []
        for _ in range(5):
            await asyncio.sleep(0.01)
            ticks.append(asyncio.get_running_loop().time())
        assert not waiting.done()
        other.execute("COMMIT")
        other.close()
        assert await waiting == 7
        await writer.close()
        return ticks

    assert len(asyncio.run(scenario())) == 5


def test_questions_that_wait_together_are_found_out_together_and_answered_apart() -> None:
    gathered: list[list[int]] = []
    kept: dict[int, int] = {0: 0}

    def answer(ws: object, number: int) -> int:
        if number == 13:
            raise Refused("conflict", "thirteen")
        return kept[number]

    gather = Gather(
        ready=lambda ws, number: number == 0,
        lacking=lambda calls: [number for (number,) in calls],
        find=lambda ws, numbers: {number: number * 2 for number in numbers},
        keep=kept.update,
    )
    asked = op("concepts", "double", "POST /v1/double", None, answer, "Double", gather=gather, status=200)

    async def scenario() -> list[Any]:
        begin = asyncio.Event()

        async def find(operation: Operation, numbers: list[int]) -> dict[int, int]:
            gathered.append(numbers)
            await begin.wait()
            return gather.find(None, numbers)  # type: ignore[no-any-return]

        desk = Desk(find)
        tasks = [asyncio.create_task(desk.ask(asked, None, [n])) for n in (1, 2, 13, 3)]  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        tasks.append(asyncio.create_task(desk.ask(asked, None, [4])))  # type: ignore[arg-type]
        begin.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert await desk.ask(asked, None, [0]) == 0, "ready: answered at once"  # type: ignore[arg-type]
        return found

    found = asyncio.run(scenario())
    assert found[:2] == [2, 4]
    assert isinstance(found[2], Refused)
    assert found[3:] == [6, 8]
    assert sorted(number for numbers in gathered for number in numbers) == [1, 2, 3, 4, 13]
    assert len(gathered) < 5, "those that came while one was answered were gathered"


def _double(ws: Workspace, number: int) -> int:
    if number == 13:
        raise Refused("conflict", "thirteen")
    return number * 2 if ws.store.records.count("worker") else -1


def _fall(ws: Workspace) -> None:
    os._exit(9)


def test_a_process_beside_answers_and_falls_and_another_takes_its_place(world: World) -> None:
    async def scenario() -> None:
        beside = Beside(world.ws.folder, world.ws.settings)
        assert await asyncio.gather(*(beside.ask(_double, n) for n in range(5))) == [0, 2, 4, 6, 8]
        with pytest.raises(Refused, match="thirteen"):
            await beside.ask(_double, 13)
        fallen = await asyncio.gather(beside.ask(_fall), beside.ask(_double, 1), return_exceptions=True)
        assert [type(one) for one in fallen] == [FellError, FellError]
        assert await beside.ask(_double, 6) == 12
        await beside.close()

    asyncio.run(scenario())


def test_what_a_fallen_process_was_asked_is_answered_by_the_server(world: World) -> None:
    key = {"authorization": f"Bearer {world.keys['ministry_admin']}"}
    with TestClient(create_app(world.ws, warm=False, beside=True)) as client:
        first = client.get("/v1/vacancies/v-1/matches", headers=key).json()
        assert first["considered"] == 4
        assert client.get("/v1/vacancies/v-1/matches?fields=worker_id", headers=key).json()["items"] == [
            {"worker_id": item["worker_id"]} for item in first["items"]
        ]
        assert client.get("/v1/vacancies/v-0/matches", headers=key).json()["code"] == "not_found"
        (pid,) = (one._process.pid for one in client.app.state.service.beside.values() if one._process)
        os.kill(pid, signal.SIGKILL)
        assert client.get("/v1/vacancies/v-1/matches", headers=key).json()["items"] == first["items"]


@pytest.fixture
def small(tmp_path: Path) -> World:
    return build(tmp_path / "ws", Settings(upload_limit=10_000, webhook_private=True))


def upload(world: World, body: Any, **headers: str) -> Any:
    sent = {"authorization": f"Bearer {world.keys['origin_unit']}", "content-type": "application/x-ndjson"} | headers
    with TestClient(create_app(world.ws, warm=False)) as client:
        return client.post("/v1/imports/workers", content=body, headers=sent)


def rows(count: int) -> bytes:
    return b"".join(b'{"worker_id": "n-%d", "origin": "WS"}\n' % n for n in range(count))


def test_an_upload_is_kept_on_disk_as_it_came(small: World) -> None:
    answer = upload(small, iter([rows(10)[:77], rows(10)[77:]]))
    assert answer.status_code == 202, answer.text
    (kept,) = (small.ws.folder / "imports").iterdir()
    assert kept.name == f"{answer.json()['job_id']}.ndjson"
    assert kept.read_bytes() == rows(10)


@pytest.mark.parametrize("declared", [True, False])
def test_an_upload_beyond_the_limit_leaves_nothing(small: World, declared: bool) -> None:
    body = rows(1_000)
    answer = upload(small, body if declared else iter([body[n : n + 4_096] for n in range(0, len(body), 4_096)]))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    with contextlib.suppress(FileNotFoundError):
        assert list((small.ws.folder / "imports").iterdir()) == []
    assert small.ws.store.queue.tally() == {}


def test_a_repeated_upload_starts_one_job_and_another_upload_under_its_key_is_refused(small: World) -> None:
    first, again = (upload(small, rows(3), **{"idempotency-key": "k"}) for _ in range(2))
    assert first.json()["job_id"] == again.json()["job_id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert len(list((small.ws.folder / "imports").iterdir())) == 1
    assert upload(small, rows(4), **{"idempotency-key": "k"}).json()["code"] == "key_reused"
    assert small.ws.store.queue.tally() == {"queued": 1}


def test_a_disk_that_does_not_take_an_upload_is_said_so(small: World) -> None:
    (small.ws.folder / "imports").write_text("a file where the folder should be")
    answer = upload(small, rows(3))
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")


def test_a_key_ends_at_once_also_where_it_is_remembered(world: World) -> None:
    key = {"authorization": f"Bearer {world.keys['analyst']}"}
    with TestClient(create_app(world.ws, warm=False)) as client:
        assert client.get("/v1/me", headers=key).status_code == 200
        world.ws.store.ledger.revoke(account_id=world.actors["analyst"].account_id)
        assert client.get("/v1/me", headers=key).status_code == 401
        admin = {"authorization": f"Bearer {world.keys['ministry_admin']}"}
        assert client.get("/v1/me", headers=admin).status_code == 200
        world.clock.move(days=366)
        assert client.get("/v1/me", headers=admin).status_code == 401, "its time is over"
