"""What is wrong with a field: read from the decoder's words, and said in four languages."""

import re
import tomllib
from functools import cache
from pathlib import Path

import msgspec

from skillbridge.words import LANGUAGES
from skillbridge.workspace.views import Problem

_EXPECTED = re.compile(
    r"^(?:Expected (?P<expected>.+?)(?:, got (?P<got>.+))?|Object (?P<object>.+)|Invalid (?P<invalid>.+))$"
)
_QUOTED = re.compile(r" '.*'$", re.DOTALL)

LONGEST = 500
"""Characters of a sentence that is looked for among the translated ones."""


@cache
def _fields() -> list[tuple[re.Pattern[str], list[str]]]:
    """(what an English sentence about a field looks like, the same in French, Spanish and Arabic), longest first."""
    table: dict[str, list[str]] = tomllib.loads(Path(__file__).with_name("fields.toml").read_text(encoding="utf-8"))
    order = sorted(table, key=lambda text: (-len(text.replace("{}", "")), text))
    return [(re.compile("(.+)".join(map(re.escape, text.split("{}"))), re.DOTALL), table[text]) for text in order]


def told(text: str, code: str) -> str:
    """What was found in a field, or expected there, in a language; in English where it is not translated."""
    if code == "en" or len(text) > LONGEST:
        return text
    for pattern, sentences in _fields():
        if found := pattern.fullmatch(text):
            return sentences[LANGUAGES.index(code) - 1].format(*found.groups())
    return text


def field_problem(error: msgspec.ValidationError, root: str = "$") -> Problem:
    """Where and what msgspec found wrong, and what it expected; the value is not repeated (it may be personal)."""
    text, _, path = str(error).partition(" - at ")
    where = path.strip("`").replace("$", root, 1) or root
    found = _EXPECTED.match(text)
    if found and found["expected"]:
        return Problem(where, f"got {found['got']}" if found["got"] else "another value", found["expected"])
    if found and found["object"]:
        return Problem(where, found["object"], "the fields of the schema")
    return Problem(where, _QUOTED.sub("", text), "a value of the schema")
