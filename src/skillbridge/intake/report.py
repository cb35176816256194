"""What an import understood, changed and refused: one entry a value, with its row and column in the file."""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl

from skillbridge.errors import BadInput, BadInputs
from skillbridge.tables import VACANCIES, WORKERS, replace_file, write_chunks

Action = Literal["changed", "refused", "noted"]
"""`changed`: another value is used (the entry says which); `refused`: no value is used, or the whole row if column is
empty; `noted`: the value is used and something about it is odd."""
SHOWN = 1000
"""Entries written to report.json; report.csv has all of them."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One finding: `row` is the row a spreadsheet shows (the header is in row 1), None for a whole column or file."""

    row: int | None
    column: str
    value: str
    expected: str
    action: Action
    file: str = ""
    """The file's name, where several were read."""


@dataclass
class IntakeReport:
    """The findings of one import, in the order found, and its counts (`rows` read, `kept`, and what a reader adds)."""

    source: str
    counts: dict[str, int] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    unknown_columns: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)

    def add(self, row: int | None, column: str, value: object, expected: str, action: Action) -> None:
        """Note one finding; long values are cut to 120 characters."""
        text = "" if value is None else str(value)
        self.entries.append(Entry(row, column, text if len(text) <= 120 else text[:119] + "…", expected, action))

    def actions(self) -> dict[str, int]:
        """How many entries of each action there are."""
        found = Counter(entry.action for entry in self.entries)
        return {action: found.get(action, 0) for action in ("changed", "refused", "noted")}

    def refused_rows(self) -> set[int]:
        """The rows of which nothing was kept."""
        return {entry.row for entry in self.entries if entry.action == "refused" and not entry.column and entry.row}

    def reasons(self) -> dict[str, int]:
        """Why rows were refused whole -> how many, the most frequent first; each row once, by its first reason."""
        first: dict[tuple[str, int | None], str] = {}
        for entry in self.entries:
            if entry.action == "refused" and not entry.column:
                first.setdefault((entry.file, entry.row), entry.expected.partition(";")[0])
        return dict(sorted(Counter(first.values()).items(), key=lambda pair: (-pair[1], pair[0])))

    def to_json(self, path: Path) -> None:
        """Write the counts, what each column was read as, unknown columns and the first SHOWN entries."""
        replace_file(path, lambda temporary: temporary.write_bytes(self.encode() + b"\n"))

    def encode(self) -> bytes:
        """The content of report.json."""
        content = {
            "source": self.source,
            "counts": self.counts,
            "actions": self.actions(),
            "refused_rows": self.reasons(),
            "assumptions": self.assumptions,
            "columns": self.columns,
            "unknown_columns": self.unknown_columns,
            "entries": self.entries[:SHOWN],
            "entries_left_out": max(0, len(self.entries) - SHOWN),
        }
        return msgspec.json.format(msgspec.json.encode(content), indent=2)

    def to_csv(self, path: Path) -> None:
        """Write every entry: row, column, value, expected, action."""

        def write(temporary: Path) -> None:
            with temporary.open("w", newline="", encoding="utf-8") as file:
                out = csv.writer(file, lineterminator="\n")
                several = any(entry.file for entry in self.entries)
                out.writerow(["row", "column", "value", "expected", "action", *(["file"] if several else [])])
                for entry in self.entries:
                    row = "" if entry.row is None else entry.row
                    cells = [row, entry.column, entry.value, entry.expected, entry.action]
                    out.writerow([*cells, entry.file] if several else cells)

        replace_file(path, write)

    def summary(self) -> str:
        """A few lines for a terminal."""
        lines = [
            self.source,
            "  " + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in self.counts.items()),
        ]
        actions = self.actions()
        lines.append("  " + ", ".join(f"{count:,} {action}" for action, count in actions.items()))
        lines += [f"  assumed: {text}" for text in self.assumptions]
        if self.unknown_columns:
            lines.append("  columns not understood: " + ", ".join(self.unknown_columns))
        kinds = Counter((entry.action, entry.column, entry.expected.partition(";")[0]) for entry in self.entries)
        for (action, column, expected), count in kinds.most_common(8):
            lines.append(f"  {count:>7,} {action}: {column or 'row'}: {expected}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Intake:
    """What was understood (a frame of `tables.WORKERS` or `tables.VACANCIES`) and the report on it."""

    frame: pl.DataFrame
    report: IntakeReport


def write(parts: list[Intake], out: Path, name: str, kind: str) -> IntakeReport:
    """Write `<name>.<kind>` (parquet or csv), report.json and report.csv into `out`; the report of all parts together.

    Rows of later files whose id was already read are refused. Raises `BadInput` if nothing could be used.
    """
    key = "worker_id" if name == "workers" else "vacancy_id"
    report = parts[0].report if len(parts) == 1 else IntakeReport(", ".join(part.report.source for part in parts))
    if len(parts) > 1:
        for part in parts:
            for count, number in part.report.counts.items():
                report.counts[count] = report.counts.get(count, 0) + number
            report.columns.update(part.report.columns)
            report.unknown_columns.extend(c for c in part.report.unknown_columns if c not in report.unknown_columns)
            name_of_file = Path(part.report.source).name
            report.entries.extend(msgspec.structs.replace(entry, file=name_of_file) for entry in part.report.entries)
            report.assumptions.extend(a for a in part.report.assumptions if a not in report.assumptions)
    frame = pl.concat([part.frame for part in parts])
    first = frame[key].is_first_distinct()
    for value in frame.filter(~first)[key]:
        report.add(None, "", value, f"an id that no earlier file has ({key})", "refused")
    kept = frame.filter(first)
    report.counts[name] = len(kept)
    if not len(kept):
        out.mkdir(parents=True, exist_ok=True)
        report.to_json(out / "report.json")
        report.to_csv(out / "report.csv")
        raise BadInput(report.source, f"no usable {name}; {out / 'report.csv'} says why", f"at least one of the {name}")
    write_chunks(out / f"{name}.{kind}", [kept], dict(kept.schema))
    report.to_json(out / "report.json")
    report.to_csv(out / "report.csv")
    return report


def read_all(files: Sequence[Path], read: Callable[[Path], Intake], name: str) -> list[Intake]:
    """The intake of each file; among several, one that cannot be used is a refused entry of its own (`name` as table).

    Raises `BadInput` if none can be used.
    """
    parts: list[Intake] = []
    problems: list[BadInput] = []
    for path in files:
        try:
            parts.append(read(path))
        except BadInput as error:
            problems.append(error)
            report = IntakeReport(str(path))
            report.add(None, "", error.what, error.expected, "refused")
            parts.append(Intake(pl.DataFrame(schema=WORKERS if name == "workers" else VACANCIES), report))
    if len(problems) == len(files):
        raise problems[0] if len(problems) == 1 else BadInputs(problems)
    return parts
