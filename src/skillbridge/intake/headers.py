"""Which column of a file is which field, by the synonyms of `datasets/intake/headers.csv`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from skillbridge.intake.report import IntakeReport
from skillbridge.intake.values import fold
from skillbridge.resources import folder

PERSONAL = "personal"
"""The field of columns recognised only to be left out: names, contacts, documents, and what is never stored."""


@dataclass(frozen=True)
class Columns:
    """`fields` maps a field to its column; `hints` to what its header said in brackets (`Wage (EUR/h)`)."""

    fields: dict[str, str]
    hints: dict[str, str]
    personal: tuple[str, ...]
    unknown: tuple[str, ...]


@cache
def synonyms(table: str) -> dict[str, tuple[str, int]]:
    """Folded header -> (field, rank among the field's names) for `workers`, `vacancies`, `oflc` or `lmia`."""
    found: dict[str, tuple[str, int]] = {}
    rows = pl.read_csv(folder("datasets") / "intake" / "headers.csv", infer_schema_length=0)
    for row in rows.filter(pl.col("table") == table).iter_rows(named=True):
        for rank, name in enumerate([row["field"], *row["names"].split(";")]):
            found.setdefault(fold(name), (row["field"], rank))
    return found


def known(table: str, cells: Sequence[str]) -> int:
    """How many different fields of `table` the cells of a row name, as its header would."""
    names = synonyms(table)
    return len({names[key][0] for cell in cells if (key := _key(cell, names)) in names})


def match(table: str, columns: Sequence[str], report: IntakeReport) -> Columns:
    """The columns understood as fields of `table`; written to the report with those that were not.

    Where two columns name one field, the one whose name comes first in the synonyms is taken.
    """
    names = synonyms(table)
    ranked: dict[str, tuple[int, str]] = {}
    personal, unknown = [], []
    for column in columns:
        field, rank = names.get(_key(column, names), ("", 0))
        if field == PERSONAL:
            personal.append(column)
        elif not field:
            unknown.append(column)
        elif field not in ranked or rank < ranked[field][0]:
            if field in ranked:
                unknown.append(ranked[field][1])
            ranked[field] = (rank, column)
        else:
            unknown.append(column)
    fields = {field: column for field, (_, column) in ranked.items()}
    report.columns.update({column: field for field, column in fields.items()})
    report.columns.update(dict.fromkeys(personal, "left out: personal or contact details"))
    report.unknown_columns.extend(column for column in unknown if not column.startswith("column "))
    hints = {
        field: hint[1]
        for field, column in fields.items()
        if (hint := re.search(r"[(\[](.+?)[)\]]|/\s*(.+)$", column)) and hint[1]
    }
    return Columns(fields, hints, tuple(personal), tuple(unknown))


def _key(header: str, names: dict[str, tuple[str, int]]) -> str:
    """The folded header, without its brackets if it is only known so."""
    whole = fold(header)
    if whole in names:
        return whole
    return fold(re.sub(r"[(\[].*?[)\]]", "", header))
