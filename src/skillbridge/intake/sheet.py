"""A file's table with its columns understood: what the readers of workers, vacancies and permits work on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.intake.files import read_table
from skillbridge.intake.headers import Columns, known, match
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


def open_sheet(path: Path, table: str, required: Sequence[str | tuple[str, ...]], *, what: str) -> Sheet:
    """The sheet of a file whose header has the `required` fields of `table` (of a tuple one is enough).

    Raises `BadInput` naming every missing column.
    """
    raw = read_table(path, partial(known, table), what=what)
    report = IntakeReport(str(path))
    for row, value, expected in raw.notes:
        report.add(row, "", value, expected, "noted")
    columns = match(table, raw.table.columns, report)
    report.counts["rows"] = len(raw.table)
    missing = []
    for need in required:
        names = (need,) if isinstance(need, str) else need
        if not any(name in columns.fields for name in names):
            missing.append(" or ".join(names))
    if missing:
        raise BadInput(str(path), "no column for " + ", ".join(missing), f"a header row for {what}")
    if not len(raw.table):
        raise BadInput(str(path), "no row below the header", f"at least one of the {what}")
    return Sheet(raw.table, raw.rows, columns, report, raw.title)
