"""What comes in: injection, traversal, mass assignment, sizes, and thousands of bodies that are wrong on purpose.

`SKILLBRIDGE_FUZZ=10000 pytest tests/api/test_security_input.py -k fuzzed` sends as many bodies as the variable says.
"""

import copy
import json
import os
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from litestar.testing import TestClient

from skillbridge.access import POLICY
from skillbridge.api.app import create_app
from skillbridge.api.operations import Operation
from skillbridge.api.routes import OPERATIONS
from skillbridge.console.pages import PAGES, console
from skillbridge.settings import Settings
from tests.api.calls import call, contract_of
from tests.workspace.world import World, build

BODIES = int(os.environ.get("SKILLBRIDGE_FUZZ", "400"))
WITH_BODY = [one for one in OPERATIONS if one.body is not None]
INJECTIONS = (
    "' OR '1'='1", "w-1'; DROP TABLE worker; --", 'w-1" OR 1=1', "w-1) UNION SELECT secret", "%' --", "\\", "\x1f",
    "{{7*7}}", "${jndi:ldap://x}", "$(id)", "`id`", "|id", "; id", "../../secret.key", "..%2f..%2fsecret.key", "w-*",
    "%00", "<script>alert(1)</script>", "\u202ew-1", "é" * 40,
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, TestClient[Any]]]:
    settings = Settings(
        debug=True, requests_per_minute=10**9, guesses_per_minute=10**9, logins_per_minute=10**9, secure_cookies=False,
        webhook_private=True, body_limit=200_000, upload_limit=300_000,
    )  # fmt: skip
    world = build(tmp_path_factory.mktemp("security") / "ws", settings)
    with TestClient(create_app(world.ws, console=console(world.ws), warm=False)) as client:
        yield world, client


def as_admin(world: World) -> dict[str, str]:
    return {"authorization": f"Bearer {world.keys['ministry_admin']}"}


def ids(value: str) -> dict[str, str]:
    return {name: quote(value, safe="") for one in OPERATIONS for name in one.params}


@pytest.mark.parametrize("text", INJECTIONS)
def test_text_in_paths_and_filters_is_never_code(place: tuple[World, TestClient[Any]], text: str) -> None:
    world, client = place
    for operation in OPERATIONS:
        if operation.method == "GET" and operation.params and operation.act:
            answer = call(client, operation, world.keys["ministry_admin"], ids(text))
            assert answer.status_code in {400, 404, 409}, (operation.name, answer.text)
            assert text not in answer.text or len(text) < 3, operation.name
    before = client.get("/v1/workers", headers=as_admin(world)).json()["items"]
    for path, parameter in (
        ("workers", "status"),
        ("vacancies", "employer_id"),
        ("placements", "state"),
        ("audit", "subject"),
    ):
        answer = client.get(f"/v1/{path}", params={parameter: text}, headers=as_admin(world))
        assert answer.status_code in {200, 400}, answer.text
        assert answer.json().get("items", []) == []
    assert client.get("/v1/workers", headers=as_admin(world)).json()["items"] == before


@pytest.mark.parametrize("path", [
    "/console/static/../../../../secret.key", "/console/static/..%2f..%2fsecret.key", "/console/static/%2e%2e/site.py",
    "/docs/../secret.key", "/docs/..%2f..%2fapp.py", "/docs/%2e%2e%2fapp.py", "/docs//etc/passwd",
    "/v1/plans/..%2f..%2f/report", "/v1/plans/%2e%2e/report", "//etc/passwd",
    "/console/plans/..%2f..%2fsecret.key/report",
])  # fmt: skip
def test_no_path_leads_to_a_file_of_the_machine(place: tuple[World, TestClient[Any]], path: str) -> None:
    world, client = place
    answer = client.get(path, headers=as_admin(world), follow_redirects=False)
    assert answer.status_code in {303, 404}, answer.text
    secret = (world.ws.folder / "secret.key").read_text()
    assert secret not in answer.text
    assert "root:" not in answer.text


EXTRA = {
    "party": "unit-to",
    "role": "ministry_admin",
    "version": 99,
    "status": "approved",
    "is_admin": True,
    "worker_id": "w-to",
}


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda one: one.name)
def test_a_body_with_fields_of_ours_is_refused(place: tuple[World, TestClient[Any]], operation: Operation) -> None:
    world, client = place
    example = contract_of(operation)["requestBody"]["content"]["application/json"]["example"]
    path = operation.path
    for name in operation.params:
        path = path.replace(f"{{{name}}}", "none-1")
    for name, value in EXTRA.items():
        if name in example:
            continue
        role = "ministry_admin" if operation.act is None else next(iter(POLICY[operation.act]))
        headers = {"authorization": f"Bearer {world.keys[role]}", "if-match": '"1"'}
        answer = client.request(operation.method, path, json=example | {name: value}, headers=headers)
        known = {one.encode_name for one in msgspec.structs.fields(operation.body)}
        if name not in known:
            assert answer.status_code == 400, (name, answer.text)
            assert answer.json()["code"] == "invalid"


def test_every_answer_carries_the_strict_headers_errors_too(place: tuple[World, TestClient[Any]]) -> None:
    world, client = place
    answers = [
        client.get("/v1/health"), client.get("/v1/workers"), client.get("/v1/nothing"), client.post("/v1/health"),
        client.get("/v1/workers", headers=as_admin(world)), client.get("/openapi.json"),
        client.get("/v1/exports/workers", headers=as_admin(world)),
        client.post("/v1/sessions", content=b"{", headers={"content-type": "application/json"}),
    ]  # fmt: skip
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "max-age" in answer.headers["strict-transport-security"]
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
    for path in ("/console/sign-in", "/console/nothing", "/console/static/console.css", "/console/static/nothing"):
        page = client.get(path, headers={"origin": "https://evil.example"}, follow_redirects=False)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "script-src" not in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in page.headers


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "PATCH"])
def test_methods_that_no_operation_has_do_nothing(place: tuple[World, TestClient[Any]], method: str) -> None:
    world, client = place
    assert client.request(method, "/v1/workers", headers=as_admin(world)).status_code in {404, 405}


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(place: tuple[World, TestClient[Any]]) -> None:
    world, client = place
    large = b'{"toml": "' + b"x" * 200_001 + b'"}'
    answer = client.post(
        "/v1/partnerships/check", content=large, headers=as_admin(world) | {"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 10_000

    answer = client.post(
        "/v1/imports/workers", content=pieces(), headers=as_admin(world) | {"content-type": "application/x-ndjson"}
    )
    assert answer.status_code == 413, answer.text
    assert not [path for path in (world.ws.folder / "imports").glob("*") if path.stat().st_size > 100]


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, -(2**70), 1e308, "", " ", "\u0000", "\ud800", "\U0001f600" * 50, "../..", "' OR 1=1 --",
    "<b>", "2026-02-30", "0000-01-01", "9999-12-31", "x" * 70_000, [], {}, [[[[]]]], {"": {"": {}}}, ["a"] * 2_000,
    "١٢٣", "=1+1", "NaN", [None], {"worker_id": {"worker_id": []}}, 1.5, "en:B1;", "Infinity",
    "id = 'x'\n[[rules]]\nkind = 'nothing'",
)  # fmt: skip


def spoiled(value: Any, chance: random.Random) -> Any:
    """`value` with something wrong at one place of it."""
    value = copy.deepcopy(value)
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.15:
        return chance.choice(ODD)
    at = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
    match chance.randrange(5):
        case 0 if isinstance(value, dict):
            value[chance.choice(["", "__proto__", "x" * 300, "id", "\u202e"])] = chance.choice(ODD)
        case 1:
            del value[at]
        case _:
            value[at] = spoiled(value[at], chance)
    return value


def garbled(value: Any, chance: random.Random) -> bytes:
    """The bytes of a spoiled body, now and then no JSON at all."""
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    match chance.randrange(12):
        case 0:
            return text[: chance.randrange(len(text) + 1)]
        case 1:
            return bytes(chance.randrange(256) for _ in range(chance.randrange(80)))
        case 2:
            return b"[" * 5_000 + text
        case 3 if text:
            at = chance.randrange(len(text))
            return text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :]
        case 4:
            return text.replace(b"true", b"NaN").replace(b"1", b"1e999")
        case _:
            return text


def test_no_fuzzed_body_makes_the_server_fail(place: tuple[World, TestClient[Any]]) -> None:
    world, client = place
    chance = random.Random(20_261_124)
    known = {
        "worker_id": "w-2", "vacancy_id": "v-1", "employer_id": "employer-1", "partnership_id": "nz-test",
        "plan_id": "plan-1", "placement_id": "plan-1.2", "dataset_id": "default",
        "account_id": world.actors["analyst"].account_id,
    }  # fmt: skip
    targets = [one for one in OPERATIONS if (one.body is not None or one.upload) and one.name != "log_out"]
    counts: dict[int, int] = {}
    for number in range(BODIES):
        operation = targets[number % len(targets)]
        path = operation.path
        for name in operation.params:
            path = path.replace(f"{{{name}}}", known.get(name, "none-1"))
        headers = {"authorization": f"Bearer {world.keys['ministry_admin']}", "if-match": '"1"'}
        if operation.upload:
            line = spoiled({"worker_id": "x-1", "vacancy_id": "y-1", "origin": "WS", "isco": "9211"}, chance)
            content, headers["content-type"] = garbled(line, chance), chance.choice(operation.upload)
        else:
            example = contract_of(operation)["requestBody"]["content"]["application/json"]["example"]
            content, headers["content-type"] = garbled(spoiled(example, chance), chance), "application/json"
        answer = client.request(operation.method, path, content=content, headers=headers)
        counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (operation.name, content[:300], answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
    assert sum(counts.values()) == BODIES
    assert sum(number for status, number in counts.items() if status >= 400) > BODIES // 2, counts


def test_no_fuzzed_form_makes_a_page_fail(place: tuple[World, TestClient[Any]]) -> None:
    world, client = place
    chance = random.Random(7)
    client.cookies.set("skillbridge_session", world.keys["ministry_admin"])
    try:
        forms = [one for one in PAGES if one.do and not one.path.endswith(("sign-out", "sign-in"))]
        for number in range(max(60, BODIES // 10)):
            page = forms[number % len(forms)]
            path = page.path.replace("plans/*", "plans/plan-1").replace("placements/*", "placements/plan-1.2")
            names = [
                "token",
                "reason",
                "purpose",
                "positions",
                "start",
                "wage",
                "currency",
                "version",
                "to",
                "on",
                "lang",
                "party-0",
                "sees-0",
                "dataset_id",
                "retention_days",
                "url",
                "events",
            ]
            form = {name: str(chance.choice(ODD))[:200].encode("utf-8", "ignore") for name in names}
            cursor = str(chance.choice(ODD))[:30].encode("utf-8", "ignore")
            target = path.replace("*", "nz-test")
            answer = client.post(target, data=form, params={"cursor": cursor}, follow_redirects=False)
            assert answer.status_code < 500, (path, answer.text)
    finally:
        client.cookies.clear()
