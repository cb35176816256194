"""Several seasons a person: legal by the judge that walks each placement after those before it."""

from datetime import timedelta

import polars as pl
import pytest

from skillbridge import synth, tables
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
