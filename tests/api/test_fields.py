"""What is said of wrong fields, in four languages: no sentence of ours is forgotten."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from litestar.testing import TestClient

from skillbridge.api.app import create_app
from skillbridge.words import LANGUAGES
from skillbridge.workspace import problems
from skillbridge.workspace.problems import field_problem, told
from tests.workspace.world import World

SOURCE = Path(__file__).resolve().parents[2] / "src" / "skillbridge"
ROOMS = ("workspace", "api", "console")
RAISED = {"BadInput", "InvalidError", "Problem"}
SAID = re.compile(r"[A-Za-z]{2}")


def templates(node: ast.expr) -> list[str]:
    """The English sentences that an expression may give, with {} for values; none where it is made elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return [re.sub(r"\{\w+\}", "{}", text)]
        case ast.JoinedStr(values=parts):
            return ["".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)]
        case ast.IfExp(body=first, orelse=second):
            return [*templates(first), *templates(second)]
    return []


def sentences_in(source: str) -> set[str]:
    """What the `BadInput`s and `Problem`s of a module say was found, and was expected."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    mine = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in RAISED]
    found = {text for call in mine for argument in call.args[1:3] for text in templates(argument)}
    return {text for text in found if SAID.search(text.replace("{}", ""))}


def test_sentences_are_found_in_source() -> None:
    source = 'raise BadInput("$.a", "an odd one" if x else f"{y!r} is odd", f"a day up to {z}")\nProblem("$", a, b)'
    assert sentences_in(source) == {"an odd one", "{} is odd", "a day up to {}"}


SAME = {"'worker'", "id = {}", "https://host/path", "null"}
"""Sentences that read alike in some other language."""

DECODER = {
    "missing required field {}", "contains unknown field {}", "{} of length >= {}", "{} of length <= {}",
    "{} matching regex {}", "Invalid enum value", "Invalid RFC3339 encoded date", "Invalid value",
}  # fmt: skip
"""Sentences of the decoder's."""


def ours() -> set[str]:
    files = [
        SOURCE / "access.py",
        SOURCE / "tables.py",
        *(file for room in ROOMS for file in (SOURCE / room).rglob("*.py")),
    ]
    return {text for file in files for text in sentences_in(file.read_text("utf-8"))}


def test_every_sentence_about_a_field_is_translated() -> None:
    assert len(ours()) > 60
    for text in sorted(ours()):
        sample = text.replace("{}", "x-1")
        for code in LANGUAGES[1:]:
            said = told(sample, code)
            assert said != sample or text in SAME, (text, code)
            assert said.count("x-1") == text.count("{}"), (text, code)


def test_every_translation_is_of_a_sentence_that_is_said() -> None:
    table = tomllib.loads((SOURCE / "workspace" / "fields.toml").read_text("utf-8"))
    assert set(table) - ours() - DECODER == set()
    for text, said in table.items():
        assert [one.count("{}") for one in said] == [text.count("{}")] * 3, text


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """A body with something of every kind."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=5, pattern="^[a-z]+$")]
    kind: Literal["one", "two"] = "one"
    heads: Annotated[int, msgspec.Meta(ge=1)] = 1


@pytest.mark.parametrize(
    "body",
    ["{}", '{"name": 3}', '{"name": "a"}', '{"name": "abcdefg"}', '{"name": "A1"}', '{"name": "ab", "x": 1}',
     '{"name": "ab", "kind": "Mere Tuilagi"}', '{"name": "ab", "heads": 0}'],
)  # fmt: skip
def test_what_the_decoder_says_is_told_without_the_value(body: str) -> None:
    with pytest.raises(msgspec.ValidationError) as failure:
        msgspec.json.decode(body, type=Row)
    wrong = field_problem(failure.value)
    assert "Tuilagi" not in f"{wrong.what} {wrong.expected}"
    for code in LANGUAGES[1:]:
        assert told(wrong.what, code) != wrong.what


@pytest.mark.parametrize(("lang", "what"), [("fr", "est suspendu"), ("es", "recibido"), ("ar", "ورد"), ("en", "got")])
def test_errors_come_in_the_language_asked_for(world: World, lang: str, what: str) -> None:
    headers = {"authorization": f"Bearer {world.keys['origin_unit']}", "accept-language": lang}
    body: Any = {"profile": {"worker_id": "w-9", "origin": 7}}
    with TestClient(create_app(world.ws, warm=False)) as client:
        answer = client.post("/v1/workers", headers=headers, json=body).json()
    (wrong,) = answer["errors"]
    assert wrong["where"] == "$.profile.origin"
    assert wrong["expected"] == "`str`"
    expected = "reçu" if lang == "fr" else what
    assert wrong["what"].startswith(expected)
    assert wrong["what"] in answer["detail"]


def test_long_values_are_not_searched_for_sentences() -> None:
    long = "x" * problems.LONGEST + " is suspended"
    assert told(long, "fr") == long
