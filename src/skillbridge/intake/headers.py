"""Which column of a file is which field: by what the caller says, by the synonyms of `datasets/intake/headers.csv`.

A header that is no synonym but holds all words of one ("Number of seasonal workers required") is read loosely, and the
report says so.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.intake.phrases import phrase, unwanted
from skillbridge.intake.report import IntakeReport
from skillbridge.intake.values import NOTHING, fold, words
from skillbridge.resources import folder

PERSONAL = "personal"
"""The field of columns recognised only to be left out: names, contacts, documents, and what is never stored."""
COVERED = 0.4
"""The least share of a header's letters that a synonym must account for to be read in it."""
_SMALL = (
    "a of the in on for per and or de la le les du des del los las el da do dos das di il lo e y et und der die das im"
    " am zu van het een en i w z na s v o az og och pa"
)
_LITTLE = frozenset(_SMALL.split())
_REACHED_BY = (
    "phone telephone tel telefon telefono telefone fax mobile handy mobil email mail correo courriel address adresse"
    " anschrift direccion indirizzo adres passport passeport pasaporte contact contacto kontakt contatto iban телефон"
    " адрес почта паспорт هاتف عنوان 電話 电话 전화"
)
_CONTACT = frozenset(_REACHED_BY.split())
"""Words that make a header a contact or document, whatever else is in it: it is never read loosely."""
_OWN_NAMES = (
    "vacancy_id worker_id employer_id case_id site_id group_id named_workers operator channel preferences past consent"
    " facts concept isco partnership personal"
)
_EXACT = frozenset(_OWN_NAMES.split())
"""Fields that only their own names name: ids, which must not be a person's number, and what rules rest on."""

_SHORT = 3
"""Letters up to which a synonym's accents count: `lön` is a wage, `lon` a longitude."""
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7af]")
"""Scripts that set few or no blanks between words: Thai, Chinese, Japanese and Korean."""


@dataclass(frozen=True)
class Choices:
    """What the caller says about a file: `columns` header -> field, `values` field -> text where the file has none."""

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    def named(self) -> dict[str, str]:
        """Folded header -> field."""
        return {fold(column): name for column, name in self.columns.items()}


NONE = Choices()


@dataclass(frozen=True)
class Columns:
    """`fields` maps a field to its column; `hints` to what its header said in brackets (`Wage (EUR/h)`)."""

    fields: dict[str, str]
    hints: dict[str, str]
    personal: tuple[str, ...]
    unknown: tuple[str, ...]


@cache
def synonyms(table: str) -> dict[str, tuple[str, int]]:
    """Folded header (as spelled if _SHORT) -> (field, rank among its names) of one of TABLES."""
    found: dict[str, tuple[str, int]] = {}
    ranks: dict[str, int] = {}
    for name, spelled in _names(table):
        for text in [name, *spelled]:
            ranks[name] = ranks.get(name, -1) + 1
            key = fold(text)
            short = len(key) <= _SHORT and key.isascii() and not text.isascii()
            found.setdefault(text.casefold() if short else key, (name, ranks[name]))
    return found


@cache
def fields(table: str) -> tuple[str, ...]:
    """The fields that a column of `table` can be, in the order of the table of synonyms."""
    return tuple(dict.fromkeys(name for name, _ in _names(table)))


@cache
def _names(table: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    rows = pl.read_csv(folder("datasets") / "intake" / "headers.csv", infer_schema_length=0)
    chosen = rows.filter(pl.col("table") == table).select("field", "names")
    return tuple((name, tuple(spelled.split(";"))) for name, spelled in chosen.iter_rows())


@cache
def _phrases(table: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """(field, its words) of every synonym that says enough to be found inside a longer header."""
    found: dict[frozenset[str], str] = {}
    for name, spelled in _names(table):
        for text in [name.replace("_", " "), *spelled]:
            tokens = _tokens(text)
            if name not in _EXACT and sum(map(len, tokens)) > 3:
                found.setdefault(tokens, name)
    return tuple((name, tokens) for tokens, name in found.items())


def _tokens(text: str) -> frozenset[str]:
    return frozenset(words(text).split()) - _LITTLE


def known(table: str, cells: Sequence[str], choices: Choices = NONE) -> int:
    """How many different fields of `table` the cells of a row name, as its header would."""
    names, own = synonyms(table), choices.named()
    found = {own.get(fold(cell)) or names.get(_key(cell, names), ("", 0))[0] for cell in cells}
    found |= {phrase(table, cell) for cell in cells if cell}
    return len(found - {"", None})


def match(
    table: str,
    columns: Sequence[str],
    report: IntakeReport,
    choices: Choices = NONE,
    empty: Container[str] = (),
) -> Columns:
    """The columns understood as fields of `table`; written to the report with those that were not.

    Where two columns name one field, the one whose name comes first in the synonyms is taken, an `empty` one last.
    Raises `BadInput` where
    `choices` names a column that the file does not have, or a field that the table does not.
    """
    names, own = synonyms(table), _checked(table, columns, report.source, choices)
    ranked: dict[str, tuple[int, str]] = {name: (-1, column) for column, name in own.items() if name != PERSONAL}
    personal = [column for column, name in own.items() if name == PERSONAL]
    unknown: list[str] = []
    for column in columns:
        if column in own:
            continue
        name, rank = names.get(_key(column, names), ("", 0))
        rank += len(names) if column in empty else 0
        if name == PERSONAL:
            personal.append(column)
        elif not name:
            unknown.append(column)
        elif name not in ranked or rank < ranked[name][0]:
            if name in ranked:
                unknown.append(ranked[name][1])
            ranked[name] = (rank, column)
        else:
            unknown.append(column)
    for column in list(unknown):
        name = _loose(table, column)
        if name and name not in ranked and _key(column, names) not in names:
            ranked[name] = (0, column)
            unknown.remove(column)
            report.add(None, column, column, f"a header that is known; read as {name} by its words", "noted")
    found = {name: column for name, (_, column) in ranked.items()}
    report.columns.update({column: name for name, column in found.items()})
    report.columns.update(dict.fromkeys(personal, "left out: personal or contact details"))
    report.unknown_columns.extend(column for column in unknown if not column.startswith("column "))
    hints = {
        name: hint[1] or hint[2]
        for name, column in found.items()
        if (hint := re.search(r"[(\[（](.+?)[)\]）]|/\s*(.+)$", column))
    }
    return Columns(found, hints, tuple(personal), tuple(unknown))


def fill(table: pl.DataFrame, columns: Columns, choices: Choices, report: IntakeReport) -> tuple[pl.DataFrame, Columns]:
    """The table with the values that `choices` states where a cell says nothing, and a column for each of them."""
    found = dict(columns.fields)
    for name, text in choices.values.items():
        column = found.setdefault(name, f"assumed {name}")
        silent = pl.col(column).is_null() | pl.col(column).str.to_lowercase().is_in(list(NOTHING))
        made = pl.when(silent).then(pl.lit(text)).otherwise(pl.col(column)) if column in table.columns else pl.lit(text)
        table = table.with_columns(made.alias(column))
        report.assumptions.append(f"{name}: {text} where the file says nothing, as stated by who imports it")
    return table, Columns(found, columns.hints, columns.personal, columns.unknown)


def missing(columns: Columns, required: Sequence[str | tuple[str, ...]]) -> list[str]:
    """What is required and not there; of a tuple one is enough, and `a and b` are both needed."""
    lacking = []
    for need in required:
        options = (need,) if isinstance(need, str) else need
        if not any(all(name in columns.fields for name in option.split(" and ")) for option in options):
            lacking.append(" or ".join(options))
    return lacking


def remedy(table: str, columns: Sequence[str], what: str) -> str:
    """What was expected, how to say which column is which, and the layout that the columns fit better, if any."""
    scores = {other: known(other, columns) for other in TABLES}
    best = max(scores, key=lambda other: scores[other])
    hint = f" (it looks more like {TABLES[best]})" if scores[best] > scores[table] else ""
    return (
        f"a header row for {what}{hint}; name a column with --map 'COLUMN=FIELD' or state what the file does not hold"
        f" with --assume 'FIELD=VALUE'; fields: {', '.join(name for name in fields(table) if name != PERSONAL)}"
    )


TABLES = {
    "vacancies": "a list of vacancies: skillbridge import vacancies",
    "workers": "a list of workers: skillbridge import workers",
    "oflc": "a US disclosure file: skillbridge import h2a or h2b",
    "lmia": "a Canadian list of positive LMIAs: skillbridge import lmia",
}
"""The layouts of tables, in words."""


def _checked(table: str, columns: Sequence[str], source: str, choices: Choices) -> dict[str, str]:
    """Column -> field of what `choices` names, each checked."""
    for name in [*choices.columns.values(), *choices.values]:
        if name not in fields(table) or (name == PERSONAL and name in choices.values):
            raise BadInput(source, f"{name!r} is no field of it", "one of " + ", ".join(fields(table)))
    if len(set(choices.columns.values()) - {PERSONAL}) < sum(n != PERSONAL for n in choices.columns.values()):
        raise BadInput(source, "two columns are mapped to one field", "each field once")
    folded = {fold(column): column for column in reversed(columns)}
    for column in choices.columns:
        if fold(column) not in folded:
            raise BadInput(source, f"there is no column {column!r}", "one of " + ", ".join(columns))
    return {folded[fold(column)]: name for column, name in choices.columns.items()}


def _loose(table: str, header: str) -> str:
    """The field that the header's words make up, or whose synonym has the largest share of them; else ''."""
    tokens = _tokens(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header))
    if tokens & _CONTACT or any(word in header for word in ("電話", "电话", "전화")):
        return ""
    if name := phrase(table, header):
        return "" if name == "positions" and unwanted(header) else name
    if re.search(_UNSPACED, header):
        whole, folded = len(fold(header)), fold(header)
        shares = [
            (len(text) / whole, name)
            for text, (name, _) in synonyms(table).items()
            if len(text) > 1 and not text.isascii() and text in folded and name not in _EXACT
        ]
    else:
        whole = sum(map(len, tokens)) or 1
        shares = [(sum(map(len, words_of)) / whole, name) for name, words_of in _phrases(table) if words_of <= tokens]
    share, name = max(shares, key=lambda pair: pair[0], default=(0.0, ""))
    return name if share >= COVERED and not (name == "positions" and unwanted(header)) else ""


def _key(header: str, names: Mapping[str, tuple[str, int]]) -> str:
    """The folded header; without its brackets, or one part of `Stream/Volet`, if it is only known so."""
    whole = fold(header)
    if whole in names:
        return whole
    if (spelled := header.strip().casefold()) in names:
        return spelled
    bare = re.sub(r"[(\[（].*?[)\]）]", "", header)
    if (plain := fold(bare)) in names:
        return plain
    parts = [key for part in re.split(r"[/|\n]", bare) if (key := fold(part)) in names]
    return parts[0] if len({names[key][0] for key in parts}) == 1 else plain
