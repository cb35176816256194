"""Several seasons a person: legal by the judge that walks each placement after those before it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from skillbridge import plan_folder, report, synth, tables
from skillbridge.check import check_folder
from skillbridge.errors import BadInput
from skillbridge.explain.explainer import open_plan
from skillbridge.partnerships.judge import judge
from skillbridge.partnerships.partnership import load
from skillbridge.pipeline import PlaceRequest, understand
from skillbridge.seasons import SeasonPlan, plan_seasons
from skillbridge.solver.chains import chain_bound
from skillbridge.taxonomies import pack

AGREEMENTS = ("nz-rse", "ca-sawp")


@pytest.fixture(scope="module")
def request_() -> PlaceRequest:
    """Two years of demand in both hemispheres; everyone is free throughout, half of them with an exact past season."""
    years = [
        synth.vacancies(40, year, AGREEMENTS, year=year).with_columns(
            vacancy_id=pl.format("{}-{}", pl.lit(year), pl.col("vacancy_id")), positions=pl.lit(2, pl.Int32)
        )
        for year in (2026, 2027)
    ]
    vacancies = pl.concat(years)
    workers = pl.concat(list(synth.workers(120, 5, AGREEMENTS, year=2026, vacancies=vacancies))).with_columns(
        available_from=pl.date(2026, 1, 1), available_to=pl.date(2028, 12, 31), group_id=pl.lit(None, pl.String),
        consent=pl.lit(value=True),
        past=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("syn:2025-05-01/2025-11-30:NZ:nz-rse")),
    )  # fmt: skip
    return PlaceRequest(workers, vacancies, [load(one) for one in AGREEMENTS], pack.load("core"), seed=1, limit=48)


@pytest.fixture(scope="module")
def plan(request_: PlaceRequest) -> SeasonPlan:
    return plan_seasons(request_)


def test_a_plan_of_seasons_breaks_no_rule(request_: PlaceRequest, plan: SeasonPlan) -> None:
    taxonomy = request_.taxonomy
    workers, vacancies = understand(request_.workers, taxonomy), understand(request_.vacancies, taxonomy)
    found = judge(tables.conform(plan.placements, tables.PLACEMENTS), workers, vacancies, request_.partnerships)
    assert [violation for violation in found if violation.strictness == "hard"] == []
    assert plan.dropped == 0


def test_some_people_have_several_seasons_with_home_in_between(plan: SeasonPlan) -> None:
    several = plan.ledger.filter(pl.col("seasons") > 1)
    assert several.height > 5
    stays = plan.placements.with_columns(before=pl.col("end").shift(1).over("worker_id"))
    gaps = stays.filter(pl.col("before").is_not_null())
    assert (gaps["start"] > gaps["before"]).all()


def test_the_plan_is_close_to_its_bound(plan: SeasonPlan) -> None:
    solution = plan.solution
    assert solution.objective <= solution.bound
    assert solution.gap < 0.02
    assert chain_bound(plan.problem, solution.vacancy_price, solution.row_price) == pytest.approx(solution.bound)


def test_nz_stays_keep_seven_months_in_eleven(plan: SeasonPlan) -> None:
    """Day by day: the rule of the agreement, walked for every worker and every window of the plan."""
    mine = plan.placements.filter(pl.col("partnership") == "nz-rse")
    assert mine.height > 0
    for _, stays in mine.group_by("worker_id"):
        days = {
            start + timedelta(days=d)
            for start, end in stays.select("start", "end").iter_rows()
            for d in range((end - start).days + 1)
        }
        for day in days:
            window = {day + timedelta(days=d) for d in range(334)}
            assert len(window & days) <= 7 * 31 + 60  # 9 months for two origins


@pytest.fixture(scope="module")
def folder(plan: SeasonPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("seasons") / "plan"
    plan_folder.write(plan.outcome.folder, out)
    return out


def test_the_check_judges_a_plan_of_seasons_whole(plan: SeasonPlan, folder: Path) -> None:
    found = check_folder(folder)
    assert found.findings == ()
    assert found.bound == pytest.approx(plan.solution.bound)
    assert found.objective == plan.solution.objective
    assert found.counts.placed == plan.placements.height


def shifted_price(root: Path) -> None:
    frame = pl.read_parquet(root / "certificate.parquet")
    frame.with_columns(price=pl.col("price") + 1.0).write_parquet(root / "certificate.parquet")


def doubled_stay(root: Path) -> None:
    frame = plan_folder.read_csv(root / "placements.csv", tables.PLACEMENTS)
    plan_folder.write_csv(pl.concat([frame, frame.head(1)]), root / "placements.csv")


def moved_past(root: Path) -> None:
    frame = pl.read_parquet(root / "inputs" / "workers.parquet")
    later = pl.lit("syn:2026-01-01/2026-12-31:NZ:nz-rse;syn:2025-06-01/2025-12-31:NZ:nz-rse")
    frame.with_columns(past=later).write_parquet(root / "inputs" / "workers.parquet")


@pytest.mark.parametrize(
    ("tamper", "kind"), [(shifted_price, "bound"), (doubled_stay, "placement"), (moved_past, "rule")]
)
def test_a_tampered_plan_of_seasons_is_refused(
    folder: Path, tmp_path: Path, tamper: Callable[[Path], None], kind: str
) -> None:
    plan_folder.write(plan_folder.read(folder), tmp_path / "copy")
    tamper(tmp_path / "copy")
    found = check_folder(tmp_path / "copy")
    assert not found.accepted
    assert {kind, "file"} <= {finding.kind for finding in found.findings}


def test_everyone_without_a_season_has_a_reason(request_: PlaceRequest, plan: SeasonPlan) -> None:
    placed = set(plan.placements["worker_id"])
    unplaced = plan.outcome.folder.unplaced
    assert set(unplaced["worker_id"]) == set(request_.workers["worker_id"]) - placed
    assert unplaced["reason"].null_count() == 0


def test_the_report_shows_seasons_on_a_time_axis(plan: SeasonPlan) -> None:
    page = report.render(plan.outcome.folder)
    assert "Chains of seasons" in page
    assert "Saisons successives" in page
    most = plan.ledger.sort("seasons", "days_away", "worker_id", descending=[True, True, False])["worker_id"][0]
    assert most in page


def test_groups_and_questions_of_one_season_are_refused_in_words(request_: PlaceRequest, folder: Path) -> None:
    pair = pl.when(pl.int_range(pl.len()) < 2).then(pl.lit("friends"))
    with pytest.raises(BadInput, match="1 groups who go together, friends first"):
        plan_seasons(replace(request_, workers=request_.workers.with_columns(group_id=pair)))
    with pytest.raises(BadInput, match="of several seasons a worker, which cannot be explained"):
        open_plan(folder)
