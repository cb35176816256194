"""Single documents (a CV, an advert) in JSON or XML as plain trees, and the helpers to read them.

XML is read without any document type: no entity is ever declared or expanded, and nothing outside the file is fetched.
"""

import hashlib
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from xml.parsers import expat

from skillbridge.errors import BadInput
from skillbridge.intake.files import decode, read_bytes
from skillbridge.intake.report import Action, IntakeReport
from skillbridge.intake.values import Parse

DEPTH = 200
"""The deepest nesting read."""
Tree = dict[str, Any]
_PRIVATE = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|https?://\S+|www\.\S+|\+?\d[\d ().-]{7,}\d")


@dataclass
class Draft:
    """One document being read: the row of its worker or vacancy so far (`cells`), and where its findings go."""

    row: int
    report: IntakeReport
    cells: Tree = field(default_factory=dict)

    def note(self, column: str, value: object, expected: str, action: Action) -> None:
        """Report a finding about this document."""
        self.report.add(self.row, column, value, expected, action)

    def read(self, column: str, text: Any, parse: Parse) -> Any:
        """The value of `text`; what `parse` finds odd goes to the report."""
        reading = parse(None if text is None else str(text))
        if reading.expected:
            self.note(column, text, reading.expected, reading.action)
        return reading.value


def read_json(path: Path) -> list[Tree]:
    """The objects of a JSON file: one, an array, JSON lines, a JSON-LD graph, or those embedded in an HTML page.

    Raises `BadInput` if the file holds none.
    """
    content = read_bytes(path)
    text = decode(content) or content.decode("cp1252", errors="replace")
    embedded = re.findall(r"<script[^>]*application/ld\+json[^>]*>(.*?)</script>", text, re.S | re.I)
    found: list[Tree] = []
    for part in embedded or [text]:
        found.extend(_objects(_parse(part, path), path))
    if not found:
        raise BadInput(str(path), "no JSON object", "a document in JSON")
    return found


def _parse(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in lines):
            return [_parse(line, path) for line in lines]
        place = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadInput(f"{path}{place}", "this is not JSON", "a document in JSON") from error


def _objects(value: Any, path: Path) -> Iterator[Tree]:
    if isinstance(value, list):
        for item in value:
            yield from _objects(item, path)
    elif isinstance(value, dict):
        if isinstance(value.get("@graph"), list):
            yield from _objects(value["@graph"], path)
        else:
            yield value


def read_xml(path: Path) -> tuple[str, Tree]:
    """(name of the root element, its tree) of an XML file.

    An element becomes its text, or a tree of its children (a list where several share a name) with its attributes under
    `@name` and any text under `#`. Namespaces are dropped. Raises `BadInput` for a document type, too deep nesting or
    malformed XML.
    """
    content = read_bytes(path)
    stack: list[tuple[str, Tree, list[str]]] = []
    root: list[tuple[str, Any]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) >= DEPTH:
            raise BadInput(str(path), f"elements nested deeper than {DEPTH}", "an ordinary document")
        tree = {"@" + key.rpartition(" ")[2]: value for key, value in attributes.items()}
        stack.append((name.rpartition(" ")[2], tree, []))

    def end(_name: str) -> None:
        name, tree, texts = stack.pop()
        text = "".join(texts).strip()
        value: Any = tree | ({"#": text} if text else {}) if tree else text
        if not stack:
            root.append((name, value))
            return
        parent = stack[-1][1]
        if name in parent:
            parent[name] = [*parent[name], value] if isinstance(parent[name], list) else [parent[name], value]
        else:
            parent[name] = value

    def doctype(*_: object) -> None:
        raise BadInput(str(path), "it declares a document type", "XML without DOCTYPE and entities")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: stack[-1][2].append(text) if stack else None
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        where = f"{path}, line {error.lineno}"
        raise BadInput(where, f"this is not XML ({expat.ErrorString(error.code)})", "a document in XML") from error
    except (LookupError, ValueError) as error:
        raise BadInput(str(path), f"its encoding is not known ({error})", "XML in UTF-8 or UTF-16") from error
    name, value = root[0]
    return name, value if isinstance(value, dict) else {"#": value}


def at(tree: Any, *names: str) -> Any:
    """What is under the names one after the other (the first of a list), or None."""
    for name in names:
        while isinstance(tree, list):
            tree = tree[0] if tree else None
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def every(value: Any) -> list[Any]:
    """A list of what may be one thing, several or none."""
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def words_of(value: Any, *names: str) -> str | None:
    """Plain text: of a string or number, or of the first of `names` a tree has; markup taken out, blanks joined."""
    while isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        return next((text for name in (*names, "#") if (text := words_of(value.get(name)))), None)
    if value is None or isinstance(value, bool):
        return None
    text = html.unescape(re.sub(r"<[^>]+>", " ", html.unescape(str(value))))
    return " ".join(text.split()) or None


def phrases(value: Any) -> list[str]:
    """The pieces of a text or list of texts, by line breaks, bullets and list marks; contacts inside are taken out."""
    found: list[str] = []
    for item in every(value):
        if not isinstance(item, str | int | float) or isinstance(item, bool):
            continue
        marked = re.sub(r"(?i)<\s*(?:br|/?li|/?p|/?ul|/?div)[^>]*>", "\n", html.unescape(str(item)))
        for piece in re.split(r"[\n;•●▪]|(?:^|\s)[-–]\s", marked):
            text = words_of(_PRIVATE.sub("", piece).lstrip(" -–*"))
            if text and any(c.isalpha() for c in text) and text not in found:
                found.append(text)
    return found


def months_between(first: tuple[int, int], last: tuple[int, int]) -> range:
    """Months (numbered from year 0) from `first` to `last`, both (year, month) and both counted."""
    return range(first[0] * 12 + first[1] - 1, last[0] * 12 + last[1])


def pseudonym(kind: str, document: Tree) -> str:
    """An id made of the document's content: the same document has the same id, and no name is in it."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def partial_date(text: Any) -> tuple[int, int | None, int | None] | None:
    """(year, month or None, day or None) of an ISO date, month or year, or of a longer timestamp."""
    found = re.match(r"^\s*(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?!\d)", str(text or ""))
    if not found:
        return None
    year, month, day = int(found[1]), int(found[2] or 0) or None, int(found[3] or 0) or None
    if not 1900 <= year <= 2100 or (month and month > 12):
        return None
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return None
    return year, month, day
