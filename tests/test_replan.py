"""A repaired plan keeps people where they are unless a rule or real gain moves them."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from skillbridge import changes, plan_folder
from skillbridge.changes import ChangeFile
from skillbridge.check import check_folder
from skillbridge.errors import BadInput
from skillbridge.plan_folder import PlanFolder
from skillbridge.replan import replan
from skillbridge.taxonomies import pack
from tests.worlds import planned


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> PlanFolder:
    folder = tmp_path_factory.mktemp("old") / "plan"
    plan_folder.write(planned().folder, folder)
    return plan_folder.read(folder)


def repair(old: PlanFolder, *some: changes.Change, **header: object) -> tuple[PlanFolder, pl.DataFrame]:
    file = ChangeFile(as_of=date(2025, 1, 1), change=some, **header)  # type: ignore[arg-type]
    found = replan(old, file, pack.load("core"))
    return found.outcome.folder, found.moves


def test_nothing_changed_means_nobody_moves(old: PlanFolder) -> None:
    folder, moves = repair(old)
    assert moves["what"].unique().to_list() == ["kept"]
    assert folder.placements.equals(old.placements)


def test_the_repaired_plan_is_accepted_by_the_check(old: PlanFolder, tmp_path: Path) -> None:
    gone = old.placements["worker_id"].gather_every(9).to_list()
    folder, moves = repair(old, *(changes.Withdraw(worker_id=one) for one in gone))
    plan_folder.write(folder, tmp_path / "new")
    report = check_folder(tmp_path / "new")
    assert report.accepted, report.findings
    counted = dict(moves["what"].value_counts().iter_rows())
    assert counted["gone"] == len(gone)
    assert counted.get("moved", 0) <= counted["gone"]


def test_a_suspended_corridor_displaces_its_people_only(old: PlanFolder) -> None:
    folder, moves = repair(old, changes.Suspend(origin="MX", destination="CA"))
    jobs = folder.vacancies.select("vacancy_id", "destination")
    people = folder.workers.select("worker_id", "origin")
    left = folder.placements.join(jobs, on="vacancy_id").join(people, on="worker_id")
    assert left.filter((pl.col("origin") == "MX") & (pl.col("destination") == "CA")).is_empty()
    displaced = moves.filter(pl.col("what") == "displaced").join(people, on="worker_id")
    assert set(displaced["origin"]) <= {"MX"}


def test_a_pin_holds_where_gain_would_move(old: PlanFolder) -> None:
    pinned = old.placements["worker_id"].head(5).to_list()
    _, moves = repair(old, changes.Shrink(share=0.7), pins=tuple(pinned), stay_bonus=0)
    mine = moves.filter(pl.col("worker_id").is_in(pinned))
    vacancies = dict(mine.select("worker_id", "vacancy_after").iter_rows())
    before = dict(old.placements.select("worker_id", "vacancy_id").iter_rows())
    kept = [worker for worker in pinned if vacancies[worker] == before[worker]]
    assert len(kept) >= 4  # a pin cannot outlive the positions themselves


def test_changes_for_another_plan_are_refused(old: PlanFolder) -> None:
    with pytest.raises(BadInput, match="made for 0123"):
        repair(old, plan="0123456789abcdef")


def test_a_pin_without_a_placement_is_refused(old: PlanFolder) -> None:
    with pytest.raises(BadInput, match=r"pins\[0\]: 'nobody' has no placement"):
        repair(old, pins=("nobody",))
