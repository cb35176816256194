"""A file's table with its columns understood: what the readers of workers, vacancies and permits work on."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.intake.files import read_table
from skillbridge.intake.headers import NONE, Choices, Columns, fill, known, match, missing, remedy
from skillbridge.intake.report import IntakeReport
from skillbridge.intake.values import Parse, number, read_cells


@dataclass
class Sheet:
    """Text cells (`table`, with `rows` as a spreadsheet numbers them), which column is which field, and the report."""

    table: pl.DataFrame
    rows: pl.Series
    columns: Columns
    report: IntakeReport
    title: str = ""
    """The text above the header."""
    assumed: frozenset[str] = frozenset()
    """The fields that the caller stated a value for."""

    def has(self, field: str) -> bool:
        """Whether the file has a column for `field`."""
        return field in self.columns.fields

    def name(self, field: str) -> str:
        """The column's own name, or the field's where there is none."""
        return self.columns.fields.get(field, field)

    def text(self, field: str) -> pl.Series:
        """The cells of `field` (all null without such a column)."""
        if self.has(field):
            return self.table[self.columns.fields[field]]
        return pl.Series(field, [None] * len(self.table), dtype=pl.String)

    def read(self, field: str, parse: Parse, kind: pl.DataType) -> pl.Series:
        """The values of `field`; what `parse` finds odd goes to the report."""
        if not self.has(field):
            return pl.Series(field, [None] * len(self.table), dtype=kind)
        return read_cells([self.text(field)], self.rows, self.name(field), parse, self.report, kind)

    def combine(
        self, cells: Sequence[pl.Series], field: str, parse: Parse, kind: pl.DataType, *, name: str | None = None
    ) -> pl.Series:
        """As `read`, of several columns at once, reported under `field`'s column (or `name`)."""
        return read_cells(cells, self.rows, name or self.name(field), parse, self.report, kind)

    def own_ids(self, kind: str) -> pl.Series:
        """An id for every row of a file that has none: made of the row's cells, so that it is the same in any order.

        The report says so; of several equal rows each has its own.
        """
        self.report.assumptions.append("no column of ids: each row is one of its own, and its id is made of its cells")
        text = self.table.select(pl.concat_str(pl.all().fill_null(""), separator="\x1f")).to_series()
        again = pl.DataFrame({"text": text}).select(pl.int_range(pl.len()).over("text")).to_series()
        return pl.Series(
            [
                f"{kind}-{hashlib.sha256(f'{row}|{count}'.encode()).hexdigest()[:12]}"
                for row, count in zip(text, again, strict=True)
            ],
            dtype=pl.String,
        )

    def titled_year(self) -> pl.Series:
        """The one year that the title above the header names, in every row; null where it names none or more."""
        years = sorted(set(re.findall(r"(?<!\d)20[1-5]\d(?!\d)", self.title)))
        if len(years) == 1:
            self.report.assumptions.append(f"seasons without a year are in {years[0]}, the year of the title")
        return pl.Series([years[0] if len(years) == 1 else None] * len(self.table), dtype=pl.String)

    def unread(self, fields: Sequence[str]) -> pl.Series:
        """bool [rows]: whether a cell of one of these fields says something that could not be understood."""
        names = {self.name(field) for field in fields if self.has(field)}
        lost = [
            entry.row
            for entry in self.report.entries
            if entry.action == "refused" and entry.column in names and number(entry.value) != 0
        ]
        return self.rows.is_in(pl.Series(lost, dtype=self.rows.dtype).implode())

    def refuse(self, rows: pl.Series, shown: pl.Series, expected: str) -> None:
        """Report whole rows as refused."""
        for row, value in zip(rows, shown, strict=True):
            self.report.add(row, "", value, expected, "refused")


def open_sheet(
    path: Path, table: str, required: Sequence[str | tuple[str, ...]], *, what: str, choices: Choices = NONE
) -> Sheet:
    """The sheet of a file whose header has the `required` fields of `table` (of a tuple one is enough).

    `choices` says which column is which where the header does not, and what the file does not hold. Raises `BadInput`
    naming every missing column, those that are there, and the layout they fit best.
    """
    raw = read_table(path, partial(known, table, choices=choices), what=what, remedy=partial(remedy, table, what=what))
    report = IntakeReport(str(path))
    for row, value, expected in raw.notes:
        report.add(row, "", value, expected, "noted")
    empty = [column.name for column in raw.table if column.null_count() == len(column)]
    found = match(table, raw.table.columns, report, choices, empty)
    report.counts["rows"] = len(raw.table)
    cells, columns = fill(raw.table, found, choices, report)
    if lacking := missing(columns, required):
        there = ", ".join(f"{column} ({report.columns.get(column, 'not understood')})" for column in raw.table.columns)
        raise BadInput(
            str(path),
            f"no column for {', '.join(lacking)}; its columns are {there}",
            remedy(table, raw.table.columns, what),
        )
    if not len(raw.table):
        raise BadInput(str(path), "no row below the header", f"at least one of the {what}")
    return Sheet(cells, raw.rows, columns, report, raw.title, frozenset(choices.values))
