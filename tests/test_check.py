"""The check accepts an honest plan and refuses each way of tampering with one, with and without mended hashes."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbridge import check, plan_folder
from skillbridge.errors import BadInput, Corrupt
from skillbridge.model import Plan
from skillbridge.pipeline import place
from skillbridge.plan_folder import PlanFolder
from tests.worlds import season

Tamper = Callable[[PlanFolder, Random], PlanFolder]


def kinds(report: check.CheckReport) -> set[str]:
    return {finding.kind for finding in report.findings}


def forged(root: Path, out: Path, tamper: Tamper, seed: int = 0) -> check.CheckReport:
    """The judgement of a copy that was tampered with and whose hashes were made to fit again."""
    folder = plan_folder.read(root)
    other = tamper(folder, Random(seed))
    clean = msgspec.structs.replace(other.plan, manifest=msgspec.structs.replace(other.plan.manifest, hashes={}))
    plan_folder.write(replace(other, plan=clean), out)
    return check.check_folder(out)


def test_an_honest_plan_is_accepted_with_its_own_figures(season_folder: Path) -> None:
    report = check.check_folder(season_folder)
    plan = plan_folder.read_plan(season_folder)
    assert [str(finding) for finding in report.findings] == []
    assert report.accepted
    assert (report.counts, report.objective) == (plan.counts, plan.objective)
    assert report.bound == pytest.approx(plan.bound)
    assert report.bound >= report.objective > 0
    assert report.counts.placed > 50
    assert report.edges_checked == report.counts.workers


def test_the_full_check_derives_every_edge_and_refusal_again(season_folder: Path) -> None:
    assert check.check_folder(season_folder, full=True).accepted


def test_the_check_imports_no_solver() -> None:
    solvers = ("ortools", "skillbridge.solver.")
    code = f"import sys, skillbridge.check; print([m for m in sys.modules if m.startswith({solvers})])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


@pytest.mark.parametrize(
    "name", ["placements.csv", "unplaced.csv", "certificate.parquet", "inputs/edges.parquet", "inputs/workers.parquet"]
)
def test_a_changed_byte_is_refused(season_folder: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(season_folder, copy)
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(bytes(data))
    try:
        report = check.check_folder(copy)
    except (BadInput, Corrupt):
        return
    assert "file" in kinds(report)


def swap_workers(folder: PlanFolder, random: Random) -> PlanFolder:
    """Two placed workers exchange their vacancies."""
    a, b = random.sample(range(folder.placements.height), 2)
    ids = folder.placements["worker_id"].to_list()
    ids[a], ids[b] = ids[b], ids[a]
    return replace(folder, placements=folder.placements.with_columns(worker_id=pl.Series(ids)))


def place_twice(folder: PlanFolder, random: Random) -> PlanFolder:
    row = folder.placements[random.randrange(folder.placements.height)]
    return replace(folder, placements=pl.concat([folder.placements, row]))


def flatter_a_score(folder: PlanFolder, random: Random) -> PlanFolder:
    at = random.randrange(folder.placements.height)
    scores = folder.placements["score"].to_list()
    scores[at] = min(1000, scores[at] + 1 + random.randrange(50))
    return replace(folder, placements=folder.placements.with_columns(score=pl.Series(scores, dtype=pl.UInt16)))


def flatter_an_edge(folder: PlanFolder, random: Random) -> PlanFolder:
    """A placement and its edge both claim a better score than the inputs give."""
    row = folder.placements.row(random.randrange(folder.placements.height), named=True)
    worker = folder.workers["worker_id"].index_of(row["worker_id"])
    vacancy = folder.vacancies["vacancy_id"].index_of(row["vacancy_id"])
    mine = (pl.col("worker") == worker) & (pl.col("vacancy") == vacancy)
    better = pl.when(mine).then(pl.col("score") + 7).otherwise(pl.col("score")).cast(pl.UInt16)
    edges = folder.edges.with_columns(score=better)
    who = pl.col("worker_id") == row["worker_id"]
    placements = folder.placements.with_columns(
        score=pl.when(who).then(pl.col("score") + 7).otherwise(pl.col("score")).cast(pl.UInt16)
    )
    return replace(folder, edges=edges, placements=placements)


def drop_edges(folder: PlanFolder, random: Random) -> PlanFolder:
    """Candidates of unplaced workers vanish, so that the bound shrinks."""
    left = folder.edges.with_columns(worker_id=folder.workers["worker_id"].gather(folder.edges["worker"]))
    kept = left.join(folder.placements.select("worker_id"), on="worker_id", how="semi", maintain_order="left")
    return replace(folder, edges=kept.select(folder.edges.columns))


def cheapen_prices(folder: PlanFolder, random: Random) -> PlanFolder:
    price = folder.certificate["price"].to_list()
    at = random.randrange(len(price))
    price[at] = price[at] * 0.5 + 3
    return replace(folder, certificate=folder.certificate.with_columns(price=pl.Series(price)))


def negative_price(folder: PlanFolder, random: Random) -> PlanFolder:
    price = folder.certificate["price"].to_list()
    price[random.randrange(len(price))] = -1.0
    return replace(folder, certificate=folder.certificate.with_columns(price=pl.Series(price)))


def forget_prices(folder: PlanFolder, random: Random) -> PlanFolder:
    return replace(folder, certificate=folder.certificate.head(folder.certificate.height - 1))


def lift_positions(folder: PlanFolder, random: Random) -> PlanFolder:
    at = random.randrange(folder.vacancies.height)
    positions = folder.vacancies["positions"].to_list()
    positions[at] += 1
    return replace(folder, vacancies=folder.vacancies.with_columns(positions=pl.Series(positions, dtype=pl.Int32)))


def hide_a_worker_left_out(folder: PlanFolder, random: Random) -> PlanFolder:
    return replace(folder, unplaced=folder.unplaced.head(folder.unplaced.height - 1))


def of_plan(**changes: object) -> Tamper:
    def tamper(folder: PlanFolder, random: Random) -> PlanFolder:
        return replace(folder, plan=msgspec.structs.replace(folder.plan, **changes))

    return tamper


def understate_a_rule(folder: PlanFolder, random: Random) -> PlanFolder:
    rules = list(folder.plan.rules)
    at = random.randrange(len(rules))
    rules[at] = msgspec.structs.replace(rules[at], limit=rules[at].limit + 5)
    return of_plan(rules=tuple(rules))(folder, random)


def inflate_objective(folder: PlanFolder, random: Random) -> PlanFolder:
    return of_plan(objective=folder.plan.objective + 1)(folder, random)


def shrink_bound(folder: PlanFolder, random: Random) -> PlanFolder:
    bound = folder.plan.bound * 0.9999
    return of_plan(bound=bound, gap=max(0.0, (bound - folder.plan.objective) / bound))(folder, random)


TAMPERS: dict[Tamper, set[str]] = {
    swap_workers: {"placement"},
    place_twice: {"placement"},
    flatter_a_score: {"placement"},
    flatter_an_edge: {"edge", "figure"},
    drop_edges: {"edge"},
    cheapen_prices: {"bound"},
    negative_price: {"bound"},
    forget_prices: {"bound"},
    lift_positions: {"list", "figure", "bound"},
    hide_a_worker_left_out: {"list"},
    understate_a_rule: {"figure"},
    inflate_objective: {"figure"},
    shrink_bound: {"bound"},
}


@pytest.mark.parametrize("tamper", TAMPERS, ids=lambda tamper: tamper.__name__)
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(seed=st.integers(0, 1000))
def test_tampering_is_refused_even_with_mended_hashes(
    season_folder: Path, tmp_path: Path, tamper: Tamper, seed: int
) -> None:
    report = forged(season_folder, tmp_path / "forged", tamper, seed)
    assert not report.accepted
    assert kinds(report) & TAMPERS[tamper], [str(finding) for finding in report.findings]


def test_a_placement_that_breaks_a_rule_is_named_with_its_rule(season_folder: Path, tmp_path: Path) -> None:
    def foreigner(folder: PlanFolder, random: Random) -> PlanFolder:
        who = folder.placements.filter(pl.col("partnership") == "ca-sawp")["worker_id"].head(1)
        here = pl.when(pl.col("worker_id").is_in(who.implode())).then(pl.lit("AQ")).otherwise(pl.col("origin"))
        return replace(folder, workers=folder.workers.with_columns(origin=here))

    report = forged(season_folder, tmp_path / "forged", foreigner)
    assert {"rule", "edge"} <= kinds(report)


def test_inputs_that_contradict_themselves_are_corrupt(season_folder: Path, tmp_path: Path) -> None:
    def outside(folder: PlanFolder, random: Random) -> PlanFolder:
        return replace(folder, vacancies=folder.vacancies.head(3))

    with pytest.raises(Corrupt, match="an edge points outside"):
        forged(season_folder, tmp_path / "a", outside)

    def twice(folder: PlanFolder, random: Random) -> PlanFolder:
        return replace(folder, workers=folder.workers.with_columns(worker_id=pl.lit("w")))

    with pytest.raises(Corrupt, match="there twice"):
        forged(season_folder, tmp_path / "b", twice)


def test_a_folder_without_a_plan_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"plan\.json"):
        check.check_folder(tmp_path)


def test_the_report_is_a_plain_struct(season_folder: Path) -> None:
    report = check.check_folder(season_folder, sample=10)
    assert msgspec.json.decode(msgspec.json.encode(report), type=check.CheckReport) == report
    assert report.edges_checked == 10
    assert isinstance(plan_folder.read_plan(season_folder), Plan)


@pytest.fixture(scope="module")
def ordered_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan whose objective is an order of terms."""
    root = tmp_path_factory.mktemp("ordered") / "plan"
    plan_folder.write(place(replace(season(60), objective="in-order", time_limit=5.0)).folder, root)
    return root


def test_a_plan_made_in_order_is_accepted_with_the_price_of_each_step(ordered_folder: Path) -> None:
    report = check.check_folder(ordered_folder, full=True)
    assert [str(finding) for finding in report.findings] == []
    steps = plan_folder.read_plan(ordered_folder).order
    assert [step.term for step in steps] == ["filled", "quality", "worker_gain", "fairness"]
    assert all(step.reached <= step.bound <= step.alone for step in steps)
    assert all(step.price == pytest.approx(step.alone - step.reached) for step in steps)
    assert all(step.reached >= step.held for step in steps)


@pytest.mark.parametrize("name", ["term", "reached", "held", "bound", "alone", "price"])
def test_a_step_of_the_order_cannot_be_forged(ordered_folder: Path, tmp_path: Path, name: str) -> None:
    def forge(folder: PlanFolder, random: Random) -> PlanFolder:
        step = folder.plan.order[1]
        other = "filled" if name == "term" else getattr(step, name) + 9
        steps = (folder.plan.order[0], msgspec.structs.replace(step, **{name: other}), *folder.plan.order[2:])
        return of_plan(order=steps)(folder, random)

    assert not forged(ordered_folder, tmp_path / "forged", forge).accepted


def test_the_prices_of_an_order_cannot_be_forged(ordered_folder: Path, tmp_path: Path) -> None:
    def forge(folder: PlanFolder, random: Random) -> PlanFolder:
        mine = pl.col("kind") == "fairness row"
        dearer = pl.when(mine).then(pl.col("price") + 1.0).otherwise(pl.col("price"))
        return replace(folder, certificate=folder.certificate.with_columns(price=dearer))

    assert not forged(ordered_folder, tmp_path / "forged", forge).accepted
