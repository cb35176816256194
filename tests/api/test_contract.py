"""The contract: committed, complete, and kept by the server under schemathesis; examples and client replayed."""

import inspect
import json
from pathlib import Path
from typing import Any

import hypothesis
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from litestar.testing import TestClient
from schemathesis import GenerationMode

from skillbridge.api.app import create_app
from skillbridge.api.contract import text
from skillbridge.api.errors import CODES, in_language, language_of, problem
from skillbridge.api.operations import Operation
from skillbridge.api.routes import OPERATIONS
from skillbridge.client import ApiError, Client
from skillbridge.settings import Settings
from skillbridge.words import LANGUAGES
from skillbridge.workspace import catalog, views
from tests.api.calls import CONTRACT
from tests.workspace.world import World, build

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "api" / "examples").glob("*.json"))


def test_the_committed_contract_is_the_servers() -> None:
    committed = (ROOT / "api" / "openapi.json").read_text(encoding="utf-8")
    assert committed == text(CONTRACT), "run: python -m skillbridge.api.contract api/openapi.json"


def test_every_field_and_parameter_has_a_sentence_and_an_example() -> None:
    for name, schema in CONTRACT["components"]["schemas"].items():
        assert schema.get("description"), name
        for field, described in schema.get("properties", {}).items():
            assert described.get("description"), f"{name}.{field}"
            assert described.get("examples") or "$ref" in json.dumps(described), f"{name}.{field}"
    for path, methods in CONTRACT["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            for parameter in operation["parameters"]:
                assert parameter["description"], (path, method, parameter["name"])
                assert "example" in parameter, (path, method, parameter["name"])
            for status, response in operation["responses"].items():
                assert "$ref" in response or response["description"], (path, method, status)
    for name, response in CONTRACT["components"]["responses"].items():
        assert response["description"], name
        assert response["content"]["application/problem+json"]["example"], name


def test_the_documentation_lists_every_error_code_and_operation() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for code, known in CODES.items():
        assert f"| `{code}` | {known.status} | {known.sentence} |" in page, code
    for operation in OPERATIONS:
        assert f"`{operation.method} {operation.path}`" in page, operation.name


def test_every_code_is_told_in_four_languages() -> None:
    for code, known in CODES.items():
        english = problem(code, "w-1 and v-9")
        told = {lang: msgspec.json.decode(in_language(english, lang).body) for lang in LANGUAGES}
        assert told["en"]["title"] == known.title
        assert len({one["title"] for one in told.values()}) == 4, code
        assert all(one["code"] == code and "w-1 and v-9" in one["detail"] for one in told.values())


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"), ("fr", "fr"), ("de, es-MX;q=0.8, fr;q=0.5", "es"), ("fr;q=0.1,ar;q=0.9", "ar"), ("fr;q=0", "en"),
        ("fr;q=x, es", "es"), (",;q=,*", "en"), ("EN-GB,fr", "en"),
    ],
)  # fmt: skip
def test_the_language_wished_for_most_is_spoken(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


def test_a_refusal_is_told_in_the_language_asked_for(tmp_path: Path) -> None:
    with TestClient(create_app(build(tmp_path / "ws").ws, warm=False)) as client:
        told = client.get("/v1/me", headers={"accept-language": "fr-CH, en;q=0.5"})
    assert (told.status_code, told.json()["title"], told.headers["content-language"]) == (401, "Non authentifié", "fr")


def test_the_client_has_a_method_for_every_operation() -> None:
    for operation in OPERATIONS:
        method = getattr(Client, operation.name)
        parameters = list(inspect.signature(method).parameters)
        assert parameters[1 : 1 + len(operation.params)] == operation.params, operation.name
        expected = "bytes" if operation.stream else operation.answer
        assert inspect.signature(method).return_annotation in (expected, bytes if operation.stream else expected)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Any]:
    settings = Settings(
        requests_per_minute=10**9, logins_per_minute=10**6, webhook_private=True, guesses_per_minute=10**6
    )
    world = build(tmp_path_factory.mktemp("contract") / "ws", settings)
    catalog.warm()  # so that no single request waits for the index to compile
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(world.ws, warm=False))
    return world, schema


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_the_server_keeps_the_contract(place: tuple[World, Any], operation: Operation) -> None:
    """Every check of schemathesis, on requests that fit the schema and requests that do not."""
    world, schema = place
    key = world.keys["ministry_admin"]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        strategy = schema[operation.path][operation.method].as_strategy(generation_mode=mode)

        @hypothesis.settings(
            max_examples=4,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=strategy)
        def answers(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {key}"})

        try:
            answers()
        except hypothesis.errors.Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, "an operation without parameters has nothing to get wrong"


def fits(expected: Any, found: Any) -> bool:
    """Whether everything expected is in what was found."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            name in found and fits(value, found[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) >= len(expected) and all(map(fits, expected, found))
    return bool(expected == found)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_are_answered_as_written(tmp_path: Path, file: Path) -> None:
    world = build(tmp_path / "ws")
    kept: dict[str, str] = {}
    with TestClient(create_app(world.ws, warm=False)) as client:
        for step in json.loads(file.read_text(encoding="utf-8")):
            request, expected = step["request"], step["response"]
            path = request["path"]
            for name, value in kept.items():
                path = path.replace(f"{{{name}}}", value)
            headers = request.get("headers", {}) | {"authorization": f"Bearer {world.keys[step['as']]}"}
            response = client.request(request["method"], path, headers=headers, json=request.get("body"))
            assert response.status_code == expected["status"], (step["title"], response.text)
            assert fits(expected.get("body", {}), response.json()), (step["title"], response.text)
            assert fits(expected.get("headers", {}), dict(response.headers)), step["title"]
            kept |= {name: response.json()[field] for name, field in step.get("keep", {}).items()}


def test_the_client_speaks_the_structs(tmp_path: Path) -> None:
    world = build(tmp_path / "ws")
    with TestClient(create_app(world.ws, warm=False)) as server:
        client = Client("http://testserver", world.keys["origin_unit"])
        client.http = server
        server.headers["authorization"] = f"Bearer {world.keys['origin_unit']}"
        assert client.get_me().role == "origin_unit"
        found = client.get_worker("w-1")
        assert isinstance(found, views.WorkerView)
        assert found.profile is not None
        changed = client.update_worker("w-1", views.WorkerChange(found.profile, "paused"), version=found.version)
        assert (changed.status, changed.version) == ("paused", 2)
        assert [worker.worker_id for worker in client.all("list_workers", limit=1)] == ["w-1", "w-2", "w-3"]
        assert client.export_workers().count(b"\n") == 3
        with pytest.raises(ApiError) as error:
            client.update_worker("w-1", views.WorkerChange(found.profile), version=1)
        assert (error.value.status, error.value.code) == (412, "stale")
        with pytest.raises(ApiError) as error:
            client.get_worker("w-to")
        assert error.value.code == "not_found"
