"""Secrets and persons: guessing, enumeration, what the store, the log, errors, addresses and metrics hold."""

import io
import logging
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
import structlog
from litestar.testing import TestClient

from skillbridge import access
from skillbridge.access import SYSTEM
from skillbridge.api.app import create_app
from skillbridge.errors import BadInput, Refused
from skillbridge.settings import Settings
from skillbridge.workspace import accounts, hooks, people, rights
from skillbridge.workspace.views import (
    AccountChange,
    Document,
    Identity,
    IdentityChange,
    Login,
    NewAccount,
    NewAppeal,
    NewKey,
    NewWebhook,
)
from tests.workspace.world import AGREEMENT, World, build

PASSWORD = "correct horse battery"
PERSONAL = ("Mere Tuilagi", "+685 700", "AB 123456", "AB123456", "my knee hurts since", "Faleula 9", PASSWORD)


def open_sina(world: World) -> str:
    return accounts.create_account(
        world.ws, access.SYSTEM, NewAccount("sina", "ministry_officer", None, PASSWORD)
    ).account_id


def tried(world: World, name: str, password: str) -> str:
    try:
        accounts.log_in(world.ws, Login(name, password))
    except Refused as refusal:
        return refusal.code
    return "in"


def test_an_unknown_a_closed_and_a_keys_only_account_answer_as_a_wrong_password(tmp_path: Path) -> None:
    world = build(tmp_path / "ws", Settings(debug=True))
    account_id = open_sina(world)
    with TestClient(create_app(world.ws, warm=False)) as client:
        answers = [
            client.post("/v1/sessions", json={"name": name, "password": "wrong wrong wrong"})
            for name in ("sina", "nobody", "ministry_officer")
        ]
        record = world.ws.store.records.need("account", account_id)
        accounts.update_account(
            world.ws, world.actors["ministry_admin"], account_id, AccountChange(active=False), version=record.version
        )
        answers.append(client.post("/v1/sessions", json={"name": "sina", "password": PASSWORD}))
    assert {(one.status_code, one.text) for one in answers} == {(401, answers[0].text)}


def test_an_unknown_name_costs_the_same_work_as_a_known_one(tmp_path: Path) -> None:
    world = build(tmp_path / "ws", Settings(debug=True, logins_per_minute=10**6))
    open_sina(world)

    def seconds(name: str) -> float:
        begun = time.process_time()
        assert tried(world, name, "wrong wrong wrong") == "unauthenticated"
        return time.process_time() - begun

    pairs = [(seconds("sina"), seconds(f"nobody-{number}")) for number in range(12)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert 0.6 < unknown / known < 1.6, (known, unknown)


def test_the_first_name_after_a_start_costs_the_same_known_or_not(tmp_path: Path) -> None:
    world = build(tmp_path / "ws", Settings(debug=True, logins_per_minute=10**6))
    open_sina(world)

    def seconds(name: str) -> float:
        access._nobody.cache_clear()
        begun = time.process_time()
        assert tried(world, name, "wrong wrong wrong") == "unauthenticated"
        return time.process_time() - begun

    pairs = [(seconds("sina"), seconds("nobody")) for _ in range(8)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert 0.6 < unknown / known < 1.6, (known, unknown)


def test_guesses_of_one_name_are_limited_by_the_minute_and_by_the_hour(tmp_path: Path) -> None:
    world = build(tmp_path / "ws", Settings(debug=True))
    open_sina(world)
    found = []
    for _ in range(25):
        found += [tried(world, "sina", "wrong wrong wrong") for _ in range(6)]
        world.clock.move(minutes=1)
    assert found[:6] == ["unauthenticated"] * 5 + ["too_many_tries"]
    assert found.count("unauthenticated") == access.FAILURES_AN_HOUR
    assert tried(world, "sina", PASSWORD) == "too_many_tries"
    assert tried(world, "other", PASSWORD) == "unauthenticated", "another name is not closed"
    world.clock.move(minutes=61)
    assert tried(world, "sina", PASSWORD) == "in"


def test_one_address_cannot_try_many_names_and_locks_nobody_out(tmp_path: Path) -> None:
    world = build(tmp_path / "ws", Settings(debug=True, guesses_per_minute=8))
    with TestClient(create_app(world.ws, warm=False)) as client:
        codes = []
        for number in range(12):
            wrong = {"authorization": f"Bearer sbk_guess-{number}"}
            codes.append(client.get("/v1/me", headers=wrong).json()["code"])
        assert codes == ["unauthenticated"] * 8 + ["too_many_tries"] * 4
        refused = client.post("/v1/sessions", json={"name": "n", "password": "wrong wrong wrong"})
        assert refused.json()["code"] == "too_many_tries"
        assert int(refused.headers["retry-after"]) > 0
        right = {"authorization": f"Bearer {world.keys['analyst']}"}
        assert client.get("/v1/me", headers=right).status_code == 200


@pytest.mark.parametrize(
    "password", ["password1234", "aaaaaaaaaaaa", "sina-in-apia-2", "1234567890123", "skillbridge2026", "QWERTYuiop123"]
)
def test_passwords_that_are_guessed_first_are_refused(tmp_path: Path, password: str) -> None:
    world = build(tmp_path / "ws")
    with pytest.raises(BadInput) as refusal:
        accounts.create_account(world.ws, access.SYSTEM, NewAccount("sina", "analyst", None, password))
    assert password not in str(refusal.value)


def test_a_new_password_ends_every_session_and_key(tmp_path: Path) -> None:
    world = build(tmp_path / "ws")
    account_id, ws = open_sina(world), world.ws
    session = accounts.log_in(ws, Login("sina", PASSWORD)).token
    actor = access.authenticate(ws.store, session, ws.seconds())
    key = accounts.create_key(ws, actor, NewKey("nightly")).secret
    accounts.update_account(
        ws, world.actors["ministry_admin"], account_id, AccountChange(password="another long phrase"), version=None
    )
    for secret in (session, key):
        with pytest.raises(Refused, match="not valid"):
            access.authenticate(ws.store, secret, ws.seconds())


def stored_bytes(folder: Path) -> bytes:
    return b"".join(
        path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "secret.key"
    )


def test_no_secret_and_no_person_stands_in_the_store_in_clear(tmp_path: Path) -> None:
    world = build(tmp_path / "ws")
    ws, unit = world.ws, world.actors["origin_unit"]
    open_sina(world)
    session = accounts.log_in(ws, Login("sina", PASSWORD)).token
    link = rights.create_link(ws, unit, "w-1").link
    key = accounts.create_key(ws, unit, NewKey("import")).secret
    hook = hooks.create_webhook(ws, unit, NewWebhook("https://example.org/in", ["placement.moved"]))
    identity = Identity("Mere Tuilagi", phone="+685 700", address="Faleula 9")
    with TestClient(create_app(ws, warm=False)) as client:
        headers = {"authorization": f"Bearer {world.keys['origin_unit']}", "idempotency-key": "again-1"}
        body = {"identity": {"name": identity.name, "phone": identity.phone, "address": identity.address}}
        client.put("/v1/workers/w-1/identity", json=body, headers=headers)
    people.put_identity(ws, unit, "w-1", IdentityChange(identity, Document("passport", "WS", "AB 123456")))
    rights.appeal(ws, world.actors["worker"], "w-1", NewAppeal("my knee hurts since May"))
    ws.store.close()
    held = stored_bytes(tmp_path / "ws")
    assert b"fruit picker" in held, "the search looks where things are"
    for secret in (*PERSONAL, session, link, key, hook.secret or "?", *world.keys.values()):
        assert secret.encode() not in held
        assert secret.partition("_")[2].encode() not in held or "_" not in secret
    assert ((tmp_path / "ws" / "secret.key").stat().st_mode & 0o077) == 0


def test_nothing_personal_is_logged_shown_in_errors_or_counted(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = build(tmp_path / "ws", Settings(debug=False))
    caplog.set_level(logging.DEBUG)
    written = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    unit, admin = ({"authorization": f"Bearer {world.keys[role]}"} for role in ("origin_unit", "ministry_admin"))

    def fails(*_: object, **__: object) -> Any:
        raise RuntimeError("Mere Tuilagi of Faleula 9 with passport AB 123456")

    try:
        with TestClient(create_app(world.ws, warm=False), raise_server_exceptions=False) as client:
            other = {
                "identity": {"name": "Mere Tuilagi", "phone": "+685 700"},
                "document": {"kind": "passport", "country": "WS", "number": "AB 123456"},
            }
            answers = [
                client.put("/v1/workers/w-2/identity", json=other, headers=unit),
                client.put("/v1/workers/w-2/identity", json={"identity": {"name": ["Mere Tuilagi"]}}, headers=unit),
                client.post(
                    "/v1/workers/w-1/appeals",
                    json={"words": "my knee hurts since", "plan_id": "Mere Tuilagi"},
                    headers=unit,
                ),
                client.post("/v1/sessions", json={"name": "sina", "password": PASSWORD}),
                client.get("/v1/workers", params={"origin": "Mere Tuilagi"}, headers=unit),
            ]
            monkeypatch.setattr(people, "open_identity", fails)
            answers.append(client.get("/v1/workers/w-1/identity", headers=unit))
            assert [one.status_code for one in answers] == [409, 400, 400, 401, 400, 500], [one.text for one in answers]
            metrics = client.get("/v1/metrics", headers=admin).text
            lines = client.get("/v1/audit?limit=200", headers=admin).text
    finally:
        structlog.reset_defaults()
    out = capsys.readouterr()
    said = written.getvalue() + caplog.text + out.out + out.err + metrics + lines + "".join(one.text for one in answers)
    assert "RuntimeError" in said, "the failure is logged, by its kind"
    assert "skillbridge" in metrics
    for words in PERSONAL:
        assert words not in said, words
    assert "w-1" not in metrics


def test_a_session_not_used_ends_and_use_prolongs_it_to_its_life_at_most(world: World) -> None:
    password = "correct horse battery"
    accounts.create_account(world.ws, SYSTEM, NewAccount("sina", "analyst", None, password))
    with TestClient(create_app(world.ws, warm=False)) as client:

        def enter() -> dict[str, str]:
            opened = client.post("/v1/sessions", json={"name": "sina", "password": password}).json()
            return {"authorization": f"Bearer {opened['token']}"}

        unused, used = enter(), enter()
        for _ in range(23):  # 460 minutes
            world.clock.move(minutes=20)
            assert client.get("/v1/me", headers=used).status_code == 200
        assert client.get("/v1/me", headers=unused).status_code == 401
        world.clock.move(minutes=19)
        assert client.get("/v1/me", headers=used).status_code == 200
        world.clock.move(minutes=2)
        assert client.get("/v1/me", headers=used).status_code == 401, "eight hours are over"


def test_what_four_eyes_decide_needs_two_accounts_through_the_api(world: World) -> None:
    admin, officer = (
        {"authorization": f"Bearer {world.keys[role]}"} for role in ("ministry_admin", "ministry_officer")
    )
    text = AGREEMENT.replace('version = "1"', 'version = "2"')
    with TestClient(create_app(world.ws, warm=False)) as client:
        path = "/v1/partnerships/nz-test"
        draft = client.put(f"{path}/draft", headers=admin, json={"toml": text})
        assert draft.status_code == 200, draft.text
        version = {"if-match": draft.headers["etag"]}
        own = client.post(f"{path}/publication", headers=admin | version)
        assert (own.status_code, own.json()["code"]) == (403, "four_eyes")
        assert client.get(path, headers=officer).json()["number"] == 1, "nothing was published"
        stale = client.post(f"{path}/publication", headers=officer | {"if-match": '"99"'})
        assert stale.json()["code"] == "conflict", "there was no such version"
        key = {"idempotency-key": "once"}
        first, again = (client.post(f"{path}/publication", headers=officer | version | key) for _ in range(2))
        assert (first.status_code, first.json()["status"], first.json()["number"]) == (200, "published", 2)
        assert again.json() == first.json()
        assert again.headers["idempotent-replayed"] == "true"
        line = client.get("/v1/audit?subject=nz-test.2&limit=1", headers=admin).json()["items"][0]
        assert (line["act"], line["role"]) == ("partnerships.publish", "ministry_officer")
        assert client.post(f"{path}/publication", headers=officer | version).json()["code"] == "conflict"


def test_an_administrator_cannot_close_or_demote_the_own_account(tmp_path: Path) -> None:
    world = build(tmp_path / "ws", Settings(debug=True))
    admin = world.actors["ministry_admin"]
    version = accounts.read_account(world.ws, admin, admin.account_id).version
    for change in (AccountChange(active=False), AccountChange(role="analyst")):
        with pytest.raises(Refused) as refusal:
            accounts.update_account(world.ws, admin, admin.account_id, change, version=version)
        assert refusal.value.code == "conflict"
    kept = accounts.update_account(
        world.ws, admin, admin.account_id, AccountChange(role="ministry_admin"), version=version
    )
    assert kept.active


def test_signing_out_ends_a_session_and_never_a_key(tmp_path: Path) -> None:
    world = build(tmp_path / "ws", Settings(debug=True))
    open_sina(world)
    session = accounts.log_in(world.ws, Login("sina", PASSWORD)).token
    with TestClient(create_app(world.ws, warm=False)) as client:
        key = {"authorization": f"Bearer {world.keys['analyst']}"}
        assert client.delete("/v1/sessions/current", headers=key).json()["code"] == "conflict"
        assert client.get("/v1/me", headers=key).status_code == 200
        mine = {"authorization": f"Bearer {session}"}
        assert client.delete("/v1/sessions/current", headers=mine).status_code == 204
        assert client.get("/v1/me", headers=mine).status_code == 401
