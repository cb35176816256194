"""Requests made from the table of operations: every operation can be called without writing it out by hand."""

from typing import Any

import httpx
from litestar.testing import TestClient

from skillbridge.api.contract import document
from skillbridge.api.operations import Operation
from skillbridge.api.routes import OPERATIONS

CONTRACT = document(OPERATIONS)


def contract_of(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = CONTRACT["paths"][operation.path][operation.method.lower()]
    return found


def call(
    client: TestClient[Any],
    operation: Operation,
    key: str | None,
    ids: dict[str, str],
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Call an operation with the contract's own example body and the given path values."""
    path = operation.path
    for name in operation.params:
        path = path.replace(f"{{{name}}}", ids[name])
    sent: dict[str, str] = {"authorization": f"Bearer {key}"} if key else {}
    content: bytes | None = None
    if operation.upload:
        sent["content-type"] = operation.upload[0]
        content = b'{"worker_id": "w-new", "origin": "WS"}\n'
    body = None
    if operation.body is not None:
        body = contract_of(operation)["requestBody"]["content"]["application/json"]["example"]
    if operation.versioned:
        sent["if-match"] = '"1"'
    query = {
        parameter["name"]: parameter["example"]
        for parameter in contract_of(operation)["parameters"]
        if parameter["in"] == "query" and parameter["required"]
    }
    return client.request(
        operation.method, path, headers=sent | (headers or {}), json=body, content=content, params=query
    )
