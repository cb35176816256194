"""A plan of several seasons repaired: each placement is kept or moved by itself, and stays legal with all others."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from skillbridge import changes, plan_folder
from skillbridge.changes import ChangeFile
from skillbridge.check import check_folder
from skillbridge.cli import cli
from skillbridge.errors import BadInput
from skillbridge.pipeline import PlaceRequest
from skillbridge.plan_folder import PlanFolder
from skillbridge.replan import Repair, replan
from skillbridge.seasons import LEDGER, plan_seasons
from skillbridge.shock import shock
from skillbridge.taxonomies import pack
from tests.test_seasons import request_

__all__ = ["request_"]
DAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def old(request_: PlaceRequest, tmp_path_factory: pytest.TempPathFactory) -> PlanFolder:
    root = tmp_path_factory.mktemp("seasons") / "plan"
    plan_folder.write(plan_seasons(request_).outcome.folder, root)
    return plan_folder.read(root)


def repair(
    old: PlanFolder, *change: changes.Change, as_of: date = DAY, notice_days: int = 0, bonus: int = 100
) -> Repair:
    file = ChangeFile(as_of=as_of, notice_days=notice_days, stay_bonus=bonus, change=change)
    return replan(old, file, pack.load("core"))


def test_nothing_changed_means_every_season_is_kept(old: PlanFolder) -> None:
    again = repair(old)
    assert set(again.moves["what"]) == {"kept"}
    assert again.moves.height == old.placements.height


def test_whoever_loses_a_season_keeps_the_others(old: PlanFolder, tmp_path: Path) -> None:
    several = old.placements.filter(pl.len().over("worker_id") > 1).sort("worker_id", "start")
    lost = several.group_by("worker_id", maintain_order=True).last()["vacancy_id"][0]
    hit = set(old.placements.filter(pl.col("vacancy_id") == lost)["worker_id"])
    gone = next(one for one in old.placements["worker_id"] if one not in hit)
    again = repair(old, changes.Cancel(vacancy_id=lost), changes.Withdraw(worker_id=gone), bonus=1000)
    plan_folder.write(again.outcome.folder, tmp_path / "new")
    assert check_folder(tmp_path / "new").accepted
    assert again.outcome.plan.manifest.seasons
    theirs = again.moves.filter(pl.col("vacancy_before") == lost)
    assert set(theirs["worker_id"]) == hit
    assert set(theirs["what"]) <= {"moved", "displaced"}
    assert set(again.moves.filter(pl.col("worker_id") == gone)["what"]) == {"gone"}
    others = again.moves.filter(pl.col("vacancy_before").is_not_null() & (pl.col("vacancy_before") != lost))
    others = others.filter(pl.col("what") != "gone")
    assert (others["what"] == "kept").mean() > 0.97  # type: ignore[operator]
    told = again.moves.drop_nulls("vacancy_after").select("worker_id", vacancy_id="vacancy_after")
    now = again.outcome.folder.placements.select("worker_id", "vacancy_id")
    assert told.sort("worker_id", "vacancy_id").equals(now.sort("worker_id", "vacancy_id"))


def test_seasons_that_have_begun_stay_whatever_the_bonus(old: PlanFolder) -> None:
    begun = old.placements["start"].sort()[old.placements.height // 2]
    worst = old.placements.filter(pl.col("start") > begun)["vacancy_id"].unique().sort().head(6).to_list()
    again = repair(old, *(changes.Cancel(vacancy_id=one) for one in worst), as_of=begun, bonus=0)
    kept = again.moves.filter(pl.col("what") == "kept").select("worker_id", vacancy_id="vacancy_before")
    before = old.placements.filter(pl.col("start") <= begun).select("worker_id", "vacancy_id")
    assert before.join(kept, on=["worker_id", "vacancy_id"], how="anti").is_empty()


def test_the_objective_and_the_bound_are_those_of_the_plan_and_not_of_the_bonus(old: PlanFolder) -> None:
    again = repair(old, bonus=5000)
    assert again.outcome.plan.objective == old.plan.objective
    assert again.outcome.plan.bound < 1.02 * old.plan.bound


def test_a_shock_is_not_supposed_for_several_seasons(old: PlanFolder) -> None:
    with pytest.raises(BadInput, match="of several seasons a worker, which cannot be put under a shock"):
        shock(old, ChangeFile(as_of=DAY), pack.load("core"))


def test_the_command_writes_moves_and_ledger(old: PlanFolder, tmp_path: Path) -> None:
    plan_folder.write(old, tmp_path / "plan")
    gone = old.placements["worker_id"][0]
    (tmp_path / "c.toml").write_text(f'as_of = {DAY}\n[[change]]\nkind = "withdraw"\nworker_id = "{gone}"\n')
    out = tmp_path / "new"
    done = CliRunner().invoke(
        cli, ["replan", str(tmp_path / "plan"), "--changes", str(tmp_path / "c.toml"), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert gone not in plan_folder.read_csv(out / "ledger.csv", LEDGER)["worker_id"].to_list()
    assert (out / "moves.csv").is_file()
    assert check_folder(out).accepted


def test_the_repair_is_the_same_every_time(old: PlanFolder) -> None:
    change = changes.Shrink(share=0.5, destination="NZ")
    assert repair(old, change).moves.equals(repair(replace(old), change).moves)
