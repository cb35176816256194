"""The columns told in docs/importing.md are those of the tables, and their examples are read without a word."""

import re
from pathlib import Path

import pytest

from skillbridge.intake.vacancies import read_vacancies
from skillbridge.intake.workers import read_workers
from skillbridge.tables import VACANCIES, WORKERS

PAGE = Path(__file__).parents[1] / "docs" / "importing.md"
TABLES = {"Workers": (WORKERS, read_workers), "Vacancies": (VACANCIES, read_vacancies)}


def told(name: str) -> dict[str, str]:
    """Column -> its example, of the table under a heading."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n### {name}\n")[1].split("\n#")[0]
    return {
        column.strip("* "): example.strip(" `")
        for column, example in re.findall(r"^\| (\*{0,2}[a-z_]+\*{0,2}) \|.*\| (`[^`]+`) \|$", section, re.MULTILINE)
    }


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_told_in_its_order_and_its_example_is_read(name: str, tmp_path: Path) -> None:
    schema, read = TABLES[name]
    examples = told(name)
    assert list(examples) == list(schema)
    file = tmp_path / "table.csv"
    file.write_text(",".join(examples) + "\n" + ",".join(examples.values()) + "\n", encoding="utf-8")
    intake = read(file)
    assert intake.report.entries == []
    row = intake.frame.row(0, named=True)
    assert [column for column, value in row.items() if value is None] == []
