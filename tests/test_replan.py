"""A repaired plan keeps people where they are unless a rule or real gain moves them."""

import dataclasses
import re
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from skillbridge import changes, pipeline, plan_folder
from skillbridge.benchmark.grid import random_problem
from skillbridge.changes import ChangeFile
from skillbridge.check import check_folder
from skillbridge.errors import BadInput
from skillbridge.matching.objective import objective_path
from skillbridge.plan_folder import PlanFolder
from skillbridge.replan import replan
from skillbridge.solver.greedy import greedy
from skillbridge.solver.plan import broken, certified_bound, value
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.solve import Effort, renew, solve
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


def test_an_objective_of_one_s_own_stays_the_plan_s(old: PlanFolder) -> None:
    own = objective_path("worker-gain").read_text(encoding="utf-8").replace('name = "worker-gain"', 'name = "mine"')
    manifest = msgspec.structs.replace(old.plan.manifest, objective="mine")
    theirs = dataclasses.replace(
        old,
        plan=msgspec.structs.replace(old.plan, manifest=manifest),
        settings={**old.settings, "objective.toml": own},
    )
    folder, _ = repair(theirs)
    assert folder.plan.manifest.objective == "mine"
    assert folder.settings["objective.toml"] == own


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


def test_changes_for_another_plan_are_refused_before_what_they_name(old: PlanFolder) -> None:
    with pytest.raises(BadInput, match="the hash of"):
        repair(old, changes.Withdraw(worker_id="of the other plan"), plan="0123456789abcdef")


def test_changes_for_this_plan_are_taken(old: PlanFolder) -> None:
    _, moves = repair(old, plan=old.plan.manifest.hashes["placements.csv"])
    assert set(moves["what"]) == {"kept"}


def test_who_starts_within_the_notice_period_stays_whatever_is_gained(old: PlanFolder) -> None:
    soon = old.placements.sort("start")["start"].head(10).max()
    assert isinstance(soon, date)
    near = old.placements.filter(pl.col("start") <= soon)
    file = ChangeFile(as_of=soon, notice_days=0, stay_bonus=0, change=(changes.Withdraw(worker_id=_far(old, soon)),))
    moves = replan(old, file, pack.load("core")).moves.filter(pl.col("worker_id").is_in(near["worker_id"].implode()))
    assert set(moves["what"]) == {"kept"}
    assert moves.height == near.height


def _far(old: PlanFolder, day: date) -> str:
    """A placed worker who starts after `day`."""
    return str(old.placements.filter(pl.col("start") > day)["worker_id"][0])


def test_a_folder_changed_since_is_refused(tmp_path: Path) -> None:
    plan_folder.write(planned().folder, tmp_path / "plan")
    written = plan_folder.read_plan(tmp_path / "plan")
    plan_folder.unaltered(tmp_path / "plan", written, "replanned")
    with (tmp_path / "plan" / "placements.csv").open("a") as file:
        file.write("w,v,e,nz-rse,2026-01-01,2026-02-01,1\n")
    with pytest.raises(BadInput, match=r"placements.csv: changed since the plan was written"):
        plan_folder.unaltered(tmp_path / "plan", written, "replanned")


def test_a_plan_beyond_an_exact_solve_goes_on_from_what_stands(
    old: PlanFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "EXACT_WORKERS", 10)
    gone = old.placements["worker_id"].gather_every(9).to_list()
    folder, moves = repair(old, *(changes.Withdraw(worker_id=one) for one in gone))
    assert folder.plan.method == "renewed from a standing plan"
    plan_folder.write(folder, tmp_path / "new")
    assert check_folder(tmp_path / "new").accepted
    assert moves.filter(pl.col("what") == "moved").height <= len(gone)


@pytest.mark.parametrize("groups", [0.0, 0.2])
def test_a_plan_is_renewed_legally_and_most_people_stay(groups: float) -> None:
    before = random_problem(600, 2, 12, groups)
    stands = solve(before, work=Effort(500, 1, (0.0,), 0)).chosen
    positions = before.positions.copy()
    positions[::9] //= 2
    after = dataclasses.replace(before, positions=positions)
    weight = after.weight.copy()
    weight[stands[stands >= 0]] += 100
    nothing = np.zeros(after.n_vacancies), np.zeros(after.n_rows)
    new = renew(after, dataclasses.replace(after, weight=weight), stands, nothing)
    assert new is not None
    assert not broken(after, new.chosen)
    assert value(after, new.chosen) == new.objective <= certified_bound(after, new) + 1e-6
    assert (new.chosen == stands)[stands >= 0].mean() > 0.6


def test_what_keeping_people_costs_is_said_with_a_bound_that_holds() -> None:
    before = random_problem(150, 3, 8)
    stands = greedy(Pricer(before)).chosen.copy()
    after = dataclasses.replace(before, positions=np.where(np.arange(before.n_vacancies) % 4, before.positions, 0))
    favour = np.zeros_like(after.weight)
    favour[stands[stands >= 0]] = 100
    nothing = np.zeros(after.n_vacancies), np.zeros(after.n_rows)
    new = renew(after, dataclasses.replace(after, weight=after.weight + favour), stands, nothing)
    assert new is not None
    said = re.search(r"no plan that keeps them all is worth more than ([\d,]+) points", new.notes[0])
    assert said is not None
    kept = stands[(stands >= 0) & (new.chosen == stands)]
    dear = after.weight.copy()
    dear[kept] += 20_000
    best = solve(dataclasses.replace(after, weight=dear))
    assert best.status == "optimal"
    assert np.isin(kept, best.chosen).all()
    assert new.objective <= value(after, best.chosen) <= int(said[1].replace(",", ""))


def test_a_pin_without_a_placement_is_refused(old: PlanFolder) -> None:
    with pytest.raises(BadInput, match=r"pins\[0\]: 'nobody' has no placement"):
        repair(old, pins=("nobody",))
