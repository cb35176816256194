"""Records of JSON, JSON lines and the tables of web pages, as flat rows of text."""

import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl

from skillbridge.errors import BadInput

DEPTH = 6
"""How deep a list of records may lie, and how deep a record may be nested."""
_LEVELS = frozenset(("level", "cefr", "proficiency", "fluency", "niveau", "nivel", "livello", "Level"))
"""Keys that make an entry of a list a thing with its level, as a language is: its values belong together."""


def json_records(text: str, where: str, known: Callable[[Sequence[str]], int]) -> pl.DataFrame:
    """The records of a JSON document as rows of text: the longest list of objects in it, or its lines.

    What is nested is named by its path (`arbeitsort land`), or by its last part where only that is `known`; lists are
    joined by semicolons, and an object whose keys are country codes is read as them. Raises `BadInput` for what is not
    JSON and for adverts of schema.org, which have a reader of their own.
    """
    records = _longest(_parse(text, where), DEPTH)
    if any("@context" in record or record.get("@type") == "JobPosting" for record in records[:5]):
        raise BadInput(where, "these are adverts of schema.org", "skillbridge import jobposting")
    columns: dict[tuple[str, ...], list[str | None]] = {}
    count = len(records)
    records.reverse()
    for row in range(count):
        for path, text_of in _flat(records.pop(), ()):
            column = columns.setdefault(path, [])
            column += [None] * (row - len(column))
            column.append(text_of)
    if not columns:
        raise BadInput(where, "this is JSON without a list of objects that say anything", "a list of records")
    names = _named(list(columns), known)
    whole = {
        names[path]: pl.Series(column + [None] * (count - len(column)), dtype=pl.String)
        for path, column in columns.items()
    }
    return pl.DataFrame(whole)


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) < 2 or not lines[0][1].rstrip().endswith("}"):
            raise BadInput(f"{where}, line {error.lineno}", "this is not JSON", "a JSON document") from error
    except RecursionError as error:
        raise BadInput(where, "this JSON is nested too deep", "a list of records") from error
    records = []
    for number, line in lines:
        try:
            records.append(json.loads(line))
        except (json.JSONDecodeError, RecursionError) as error:
            raise BadInput(f"{where}, line {number}", "this is not JSON", "one JSON object a line") from error
    return records


def _longest(value: Any, depth: int) -> list[dict[str, Any]]:
    """The longest list of objects within `value`; an object without any is a list of itself."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    if not isinstance(value, dict) or depth < 0:
        return []
    within = [_longest(inner, depth - 1) for inner in value.values() if isinstance(inner, list | dict)]
    lists = [found for found in within if len(found) > 1 or (found and found[0] not in value.values())]
    best = max(lists, key=len, default=[])
    return best or [value]


def _flat(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict) and len(path) < DEPTH:
        if value and path and all(re.fullmatch("[A-Z]{2}", key) for key in value):
            yield path, ";".join(value)
            return
        for key, inner in value.items():
            yield from _flat(inner, (*path, str(key)))
    elif isinstance(value, list) and value and all(isinstance(item, dict) and _LEVELS & set(item) for item in value):
        yield path, ";".join(" ".join(str(part) for part in item.values() if part is not None) for item in value)
    elif isinstance(value, list):
        parts: dict[tuple[str, ...], list[str]] = {}
        for item in value:
            for inner, text in _flat(item, path):
                parts.setdefault(inner, []).append(text)
        yield from ((inner, ";".join(dict.fromkeys(texts))) for inner, texts in parts.items())
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


def _named(paths: list[tuple[str, ...]], known: Callable[[Sequence[str]], int]) -> dict[tuple[str, ...], str]:
    """Path -> the name of its column: the whole path, or its last part if only that is known and free."""
    names: dict[tuple[str, ...], str] = {}
    taken = {path[-1] for path in paths if len(path) == 1}
    for path in paths:
        whole, last = " ".join(path), path[-1] if path else "value"
        short = len(path) > 1 and last not in taken and not known([whole]) and known([last])
        name = last if short else whole
        names[path] = name if name not in names.values() else f"{whole} ({len(names) + 1})"
        taken.add(names[path])
    return names


def html_rows(text: str) -> list[list[list[str | None]]]:
    """Every table of a web page, as rows of cells; cells that span columns are followed by blanks."""
    tables = []
    for table in re.findall(r"<table\b.*?</table\s*>", text, re.S | re.I):
        rows: list[list[str | None]] = []
        for row in re.findall(r"<tr\b[^>]*>(.*?)(?=<tr\b|</tr\s*>|</table)", table, re.S | re.I):
            cells: list[str | None] = []
            for attributes, content in re.findall(r"<t[dh]\b([^>]*)>(.*?)(?=<t[dh]\b|</t[dh]|$)", row, re.S | re.I):
                plain = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", content)).split())
                span = re.search(r"colspan\s*=\s*[\"']?(\d{1,3})", attributes, re.I)
                cells += [plain or None, *[None] * (int(span[1]) - 1 if span else 0)]
            if cells:
                rows.append(cells)
        if rows:
            tables.append(rows)
    return tables
