"""The OpenAPI 3.1 document, made from the table of operations and the structs that decode the requests."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from skillbridge import __version__
from skillbridge.access import POLICY, ROLES
from skillbridge.api.asked import selectable
from skillbridge.api.errors import ALWAYS, CODES, ProblemDetails
from skillbridge.api.operations import Operation
from skillbridge.api.words import QUERY, WORDS
from skillbridge.workspace.views import Version

Json = dict[str, Any]

_UPLOADS = {
    "application/x-ndjson": '`{"worker_id": "w-1", "origin": "WS"}`',
    "text/csv": "`worker_id,origin`, then `w-1,WS`",
}

_REF = "#/components/schemas/{name}"
_ID = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$"}


def document(operations: Sequence[Operation]) -> Json:
    """The whole contract as JSON-ready values; the same operations always give the same document."""
    components = _components(operations)
    problems: Json = {}
    paths: Json = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, components, problems)
    components = dict(sorted(components.items()))
    tags = sorted({operation.tag for operation in operations})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SkillBridge",
            "version": __version__,
            "summary": "Labour mobility across borders: people, demand, agreements, plans and their record.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server"}],
        "security": [{"key": []}, {"session": []}],
        "tags": [{"name": tag, "description": _TAGS[tag]} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": dict(sorted(problems.items())),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key (sbk_...) or session (sbs_...).",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "skillbridge_session",
                    "description": "A console session; changes also need its X-CSRF-Token.",
                },
            },
        },
    }


def main() -> None:
    """Write the contract to the file named on the command line."""
    from skillbridge.api.routes import OPERATIONS

    Path(sys.argv[1]).write_text(text(document(OPERATIONS)), encoding="utf-8")


def text(contract: Json) -> str:
    """The contract as it is committed."""
    return msgspec.json.format(msgspec.json.encode(contract), indent=2).decode() + "\n"


_ABOUT = """Every change takes an `Idempotency-Key`; a repeated key gives the first answer again. Records carry a
version as ETag: reads take `If-None-Match`, changes need `If-Match`. Lists come in pages: follow `next` until it is
null. Refusals are problem+json with a stable `code`. A plan is a proposal until a named officer approves it."""

_TAGS = {
    "accounts": "Accounts, sessions and keys.",
    "agreements": "Partnerships as data: draft, check, compare, publish, and who sees what.",
    "concepts": "Occupations and skills: search, resolve texts, skill graph.",
    "demand": "Employers and vacancies.",
    "insight": "Indicators, scenarios and comparisons.",
    "jobs": "Background work, bulk imports and exports.",
    "matches": "Ranked legal pairs with the reasons for their score.",
    "placements": "Placements and the events of their journey.",
    "plans": "Plans: proposals made by the solver, decided by people.",
    "record": "The audit chain, datasets and fact sheets.",
    "system": "Health and metrics.",
    "webhooks": "Signed events.",
    "workers": "People in the pool: profile, identity, consent, appeal, erasure.",
}


def _components(operations: Sequence[Operation]) -> Json:
    types: list[Any] = [ProblemDetails]
    for operation in operations:
        for kind in (operation.body, operation.answer):
            if kind is not None and kind is not bytes and kind not in types:
                types.append(kind)
    _, found = msgspec.json.schema_components(types, ref_template=_REF)
    for name, schema in found.items():
        for field, words in WORDS.get(name, {}).items():
            if field in schema.get("properties", {}):
                described = schema["properties"][field]
                described.setdefault("description", words[0])
                described["examples"] = [words[1]]
        for field, described in schema.get("properties", {}).items():
            if "examples" not in described and "$ref" not in str(described):
                known = _nested_example(described)
                if known is not None:
                    described["examples"] = [known]
            del field
    return dict(sorted(found.items()))


def _nested_example(described: Json) -> Any:
    """An example or the sentence that an alternative of the field carries (optional fields wrap theirs)."""
    for option in described.get("anyOf", ()):
        if option.get("examples"):
            described.setdefault("description", option.get("description", ""))
            return option["examples"][0]
    return described.get("const", (described.get("enum") or [None])[0])


def _operation(operation: Operation, components: Json, problems: Json) -> Json:
    roles = POLICY[operation.act] if operation.act else {}
    reach = ", ".join(f"{role} ({roles[role]})" for role in ROLES if role in roles)
    description = f"Act `{operation.act}`: {reach}." if operation.act else "Open without authentication."
    made: Json = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": description,
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation, components, problems),
    }
    if operation.act is None:
        made["security"] = []
    if operation.upload:
        # The samples are told in words: tools that make requests of examples do not know these media types.
        samples = " ".join(f"As {kind}: {_UPLOADS[kind]}." for kind in operation.upload)
        made["requestBody"] = {
            "description": f"The upload, one record a line. {samples}",
            "required": True,
            "content": {kind: {"schema": {}} for kind in operation.upload},
        }
    elif operation.body is not None:
        schema = _schema(operation.body)
        made["requestBody"] = {
            "description": _sentence(operation.body),
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example(schema, components)}},
        }
    return made


def _parameters(operation: Operation) -> Iterable[Json]:
    for name in operation.params:
        yield {
            "name": name, "in": "path", "required": True, "schema": _ID,
            "description": f"Identifier: {name.replace('_', ' ')}.", "example": f"{name.removesuffix('_id')}-1",
        }  # fmt: skip
    if operation.query is not None:
        _, found = msgspec.json.schema_components([operation.query], ref_template=_REF)
        schema = found[operation.query.__name__]
        for name, described in schema["properties"].items():
            shape, words = _parameter(described)
            if name == "limit" and "cursor" in schema["properties"]:
                shape |= {"minimum": 1, "maximum": 200}
            if name == "cursor":
                shape |= {"pattern": "^c[0-9]{1,18}$"}
            sentence, sample = words or QUERY[name]
            required = name in schema.get("required", ())
            yield {
                "name": name,
                "in": "query",
                "required": required,
                "schema": shape,
                "description": sentence,
                "example": sample,
            }
        if operation.answer is not None:
            choices = "|".join(sorted(selectable(operation)))
            shape = {"type": "string", "pattern": f"^({choices})(,({choices}))*$"}
            first = sorted(selectable(operation))[0]
            yield {
                "name": "fields", "in": "query", "required": False, "schema": shape,
                "description": QUERY["fields"][0], "example": first,
            }  # fmt: skip
    if operation.versioned:
        yield {
            "name": "If-Match", "in": "header", "required": True,
            "schema": {"type": "string", "pattern": '^"[0-9]{1,15}"$'},
            "description": "The ETag of the version that is changed.", "example": '"128"',
        }  # fmt: skip
    if operation.changes and operation.act is not None and not operation.secret:
        yield {
            "name": "Idempotency-Key", "in": "header", "required": False,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"},
            "description": "Makes a repeated request give the first answer again.", "example": "4b7c-1",
        }  # fmt: skip


def _parameter(described: Json) -> tuple[Json, tuple[str, Any] | None]:
    options = [option for option in described.get("anyOf", ()) if option.get("type") != "null"]
    shape = dict(options[0]) if options else dict(described)
    sentence = shape.pop("description", described.get("description"))
    examples = shape.pop("examples", described.get("examples"))
    shape.pop("title", None)
    default = described.get("default")
    if default is not None:
        shape["default"] = default
    if "enum" in shape:
        shape["enum"] = [value for value in shape["enum"] if value is not None]
    if None in (shape.get("enum") or ()):
        shape["enum"].remove(None)
    return shape, (sentence, examples[0]) if sentence and examples else None


def _responses(operation: Operation, components: Json, problems: Json) -> Json:
    found: Json = {}
    success: Json = {"description": "Done." if operation.status == 204 else operation.summary}
    if operation.stream:
        success["content"] = {operation.stream: {"schema": _EVENT if operation.live else {"type": "string"}}}
    elif operation.answer is not None:
        schema = _schema(operation.answer)
        sample = example(schema, components)
        if operation.query is not None:
            schema = {"anyOf": [schema, _selection(schema["$ref"].rpartition("/")[2], components)]}
        success["content"] = {"application/json": {"schema": schema, "example": sample}}
        if operation.answer.__annotations__.get("version") is Version:
            tag = {"type": "string", "pattern": '^"[0-9]+"$'}
            success["headers"] = {"ETag": {"description": "The version.", "schema": tag, "example": '"3"'}}
            if not operation.changes:
                found["304"] = {"description": "Not changed since the version in If-None-Match."}
    found[str(operation.status)] = success
    codes = set(operation.errors)
    if operation.body is not None or operation.query is not None:
        codes.add("unusable")
    if operation.act is not None:
        codes |= set(ALWAYS)
    else:
        codes |= {"internal", "busy"}
        codes |= {"malformed", "invalid"} if operation.body is not None or operation.query is not None else {"invalid"}
    if operation.params:
        codes.add("not_found")
    if operation.body is not None or operation.upload:
        codes |= {"media_type", "too_large", "malformed"}
    if operation.changes:
        codes |= {"csrf", "conflict", "storage_full", "storage_readonly", "key_reused"}
    if operation.versioned:
        codes |= {"precondition_required", "conflict"} | ({"stale"} if operation.method != "POST" else set())
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(CODES[code].status, []).append(code)
    for status, names in sorted(by_status.items()):
        name = f"e{status}-{'-'.join(names)}"
        problems.setdefault(name, _problem(status, names))
        found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return found


_EVENT = {
    "type": "object",
    "description": "One server-sent event.",
    "properties": {
        "id": {"type": "string", "description": "Number of the event in this stream."},
        "event": {"type": "string", "description": "State of what is followed."},
        "data": {"type": "string", "description": "The whole of it, as JSON.", "contentMediaType": "application/json"},
    },
    "required": ["id", "event", "data"],
}


def _problem(status: int, names: list[str]) -> Json:
    """A problem+json response that carries one of these codes."""
    known = CODES[names[0]]
    sample: Json = {
        "type": f"urn:skillbridge:{names[0]}",
        "title": known.title,
        "status": status,
        "code": names[0],
        "detail": known.sentence,
    }
    content = {"schema": {"$ref": _REF.format(name="ProblemDetails")}, "example": sample}
    lines = " ".join(f"`{name}`: {CODES[name].sentence}" for name in names)
    return {"description": lines, "content": {"application/problem+json": content}}


def _selection(name: str, components: Json) -> Json:
    """The schema of an answer of which only some fields were asked for."""
    made, whole = f"{name}Selection", components[name]
    if made not in components:
        properties = dict(whole["properties"])
        items = properties.get("items", {}).get("items", {})
        if "$ref" in items:
            inner = _selection(items["$ref"].rpartition("/")[2], components)
            properties["items"] = properties["items"] | {"items": inner}
            required = whole.get("required", [])
        else:
            required = []
        components[made] = whole | {
            "title": made,
            "description": f"{whole.get('description', '')} Only the fields asked for.".strip(),
            "properties": properties,
            "required": required,
        }
    return {"$ref": _REF.format(name=made)}


def _schema(kind: Any) -> Json:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return dict(schema)


def _sentence(kind: Any) -> str:
    return str(getattr(kind, "__doc__", "") or "The body.").strip().splitlines()[0]


def example(schema: Json, components: Json) -> Any:
    """A value that the schema takes, put together from the fields' examples."""
    if "$ref" in schema:
        return example(components[schema["$ref"].rpartition("/")[2]], components)
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], components)
    if schema.get("type") == "object":
        properties: Json = schema.get("properties", {})
        return {name: example(described, components) for name, described in properties.items()}
    if schema.get("type") == "array":
        return [example(schema["items"], components)] if "items" in schema else []
    return {"string": "text", "integer": 1, "number": 1.0, "boolean": True}.get(str(schema.get("type")))


if __name__ == "__main__":
    main()
