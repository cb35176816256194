"""Deadlines bind a plan: on the day a vacancy was applied for, or else the day the plan is made."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from skillbridge import changes, plan_folder
from skillbridge.changes import ChangeFile
from skillbridge.check import check_folder
from skillbridge.pipeline import Outcome, PlaceRequest, place
from skillbridge.replan import replan
from skillbridge.taxonomies import pack
from tests.partnerships import worlds

RULE = '[[rules]]\nid = "lead"\ntype = "timing"\nlead_time = "P60D"'


def plan(as_of: date | None, *applied: date | None) -> Outcome:
    """Three workers, one vacancy per day in `applied`, all from 1 March 2026 under a lead time of 60 days."""
    jobs = worlds.vacancies(*({"applied_on": day} for day in applied))
    return place(
        PlaceRequest(worlds.workers({}, {}, {}), jobs, [worlds.agreement(RULE)], pack.load("core"), as_of=as_of)
    )


def test_a_vacancy_applied_for_too_late_stays_empty_and_says_why() -> None:
    start = worlds.vacancies({})["start"][0]
    late, good = date(start.year, start.month, 1), date(start.year - 1, 6, 1)
    outcome = plan(good, late, None)
    assert outcome.folder.placements["vacancy_id"].to_list() == [outcome.folder.vacancies["vacancy_id"][1]]
    assert outcome.folder.vacancies["applied_on"].to_list() == [late, good]
    assert "lead" in outcome.folder.unfilled.filter(pl.col("rule") == "lead")["rule"].to_list()
    assert outcome.plan.manifest.as_of == good


def test_a_plan_without_a_day_says_what_it_did_not_judge() -> None:
    outcome = plan(None, None)
    assert outcome.folder.placements.height == 1
    assert any("xx-test/lead" in note for note in outcome.plan.notes)


def test_the_check_refuses_a_plan_whose_application_was_moved_too_late(tmp_path: Path) -> None:
    outcome = plan(date(2025, 6, 1), None)
    start = outcome.folder.vacancies["start"][0]
    plan_folder.write(outcome.folder, tmp_path / "plan")
    assert check_folder(tmp_path / "plan").accepted
    file = tmp_path / "plan" / "inputs" / "vacancies.parquet"
    pl.read_parquet(file).with_columns(applied_on=pl.lit(start, dtype=pl.Date)).write_parquet(file)
    report = check_folder(tmp_path / "plan")
    assert any(finding.kind == "rule" and "lead" in finding.where for finding in report.findings)


def test_a_repair_after_the_deadline_keeps_who_was_applied_for_in_time(tmp_path: Path) -> None:
    outcome = plan(date(2025, 6, 1), None)
    start = outcome.folder.vacancies["start"][0]
    plan_folder.write(outcome.folder, tmp_path / "plan")
    old = plan_folder.read(tmp_path / "plan")
    late = old.vacancies.with_columns(vacancy_id=pl.lit("late"), applied_on=pl.lit(None, dtype=pl.Date))
    added = changes.AddVacancies(file="late.parquet")
    found = replan(
        old, ChangeFile(as_of=start, change=(added,)), pack.load("core"), read=lambda kind, file: late
    ).outcome.folder
    assert found.placements["vacancy_id"].to_list() == old.placements["vacancy_id"].to_list()
    assert found.vacancies.filter(pl.col("vacancy_id") == "late")["applied_on"].to_list() == [start]


@pytest.mark.parametrize("day", [date(2025, 6, 1), None])
def test_the_day_is_read_from_a_file(tmp_path: Path, day: date | None) -> None:
    from skillbridge.intake import read_vacancies

    file = tmp_path / "v.csv"
    cell = day.isoformat() if day else ""
    file.write_text(
        "vacancy_id,employer_id,destination,positions,start,end,isco,application date\n"
        f"v1,e1,NZ,2,2026-03-01,2026-08-31,9211,{cell}\n",
        encoding="utf-8",
    )
    assert read_vacancies(file).frame["applied_on"].to_list() == [day]
