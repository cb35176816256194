"""Several seasons a person: legal by the judge that walks each placement after those before it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from skillbridge import plan_folder, report, synth, tables
from skillbridge.check import check_folder
from skillbridge.cli import cli
from skillbridge.errors import BadInput
from skillbridge.explain import seasons
from skillbridge.explain.explainer import open_plan
from skillbridge.partnerships.judge import judge
from skillbridge.partnerships.partnership import load
from skillbridge.pipeline import PlaceRequest
from skillbridge.rates import load_rates
from skillbridge.seasons import SeasonPlan, plan_seasons
from skillbridge.solver.chains import chain_bound
from skillbridge.taxonomies import pack
from skillbridge.understanding import understand
from skillbridge.wishes import earnings
from tests.partnerships import worlds

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


def test_questions_of_one_season_are_refused_in_words(folder: Path) -> None:
    with pytest.raises(BadInput, match="of several seasons a worker, which cannot be explained"):
        open_plan(folder)


@pytest.fixture(scope="module")
def wishful(request_: PlaceRequest, plan: SeasonPlan) -> SeasonPlan:
    """The same people with wishes; those who had several seasons want to be home in the middle of them."""
    facts = pl.Series(
        ["home:12-15/01-10", "away:P5M", "earn:6000 USD", "home:2026-05-01/2026-06-30;away:P7M"] * 30, dtype=pl.String
    )
    number = pl.int_range(pl.len())
    pairs = pl.when(number % 10 % 4 == 0).then(pl.format("pair-{}-{}", number // 10, number % 10 == 8))
    workers = request_.workers.with_columns(facts=facts, group_id=pairs, past=pl.lit(None, pl.String))
    return plan_seasons(replace(request_, workers=workers))


def test_people_are_home_when_they_want_and_not_away_too_long(wishful: SeasonPlan) -> None:
    placed = wishful.placements.join(wishful.outcome.folder.workers.select("worker_id", "facts"), on="worker_id")
    assert placed.height > 20
    for who, facts, start, end in placed.select("worker_id", "facts", "start", "end").iter_rows():
        days = [start + timedelta(n) for n in range((end - start).days + 1)]
        if "12-15" in facts:
            assert not any((day.month, day.day) >= (12, 15) or (day.month, day.day) <= (1, 10) for day in days), who
        if "2026-05-01" in facts:
            assert not any(day.year == 2026 and day.month in (5, 6) for day in days), who
    for (_, facts), mine in placed.group_by("worker_id", "facts"):
        stays = mine.select("start", "end").rows()
        away = {start + timedelta(n) for start, end in stays for n in range((end - start).days + 1)}
        most = 153 if "P5M" in facts else 215 if "P7M" in facts else 366
        for first, _ in stays:
            assert sum(first + timedelta(n) in away for n in range(365)) <= most


def test_groups_go_together_in_every_season(wishful: SeasonPlan) -> None:
    workers = wishful.outcome.folder.workers
    placed = wishful.placements.join(workers.select("worker_id", "group_id"), on="worker_id")
    together = 0
    for (name,), mine in placed.filter(pl.col("group_id").is_not_null()).group_by("group_id"):
        size = workers.filter(group_id=name).height
        counts = mine.group_by("vacancy_id", "start", "end").len()["len"].to_list()
        assert set(counts) == {size}
        together += size > 1
    assert together > 0


def test_whoever_wants_to_earn_so_much_does_or_stays(wishful: SeasonPlan) -> None:
    people, jobs = wishful.outcome.folder.workers, wishful.outcome.folder.vacancies
    rates = load_rates()
    rows = {row["vacancy_id"]: row for row in jobs.iter_rows(named=True)}
    earned: dict[str, int] = {}
    for who, vacancy, start, end in wishful.placements.select("worker_id", "vacancy_id", "start", "end").iter_rows():
        earned[who] = earned.get(who, 0) + earnings(rows[vacancy], start, end, "USD", rates)
    wanting = set(people.filter(pl.col("facts") == "earn:6000 USD")["worker_id"]) & set(earned)
    assert wanting
    assert min(earned[who] for who in wanting) >= 600_000


def test_the_check_judges_wishes_and_groups_without_the_solver(wishful: SeasonPlan, tmp_path: Path) -> None:
    plan_folder.write(wishful.outcome.folder, tmp_path / "plan")
    found = check_folder(tmp_path / "plan")
    assert found.findings == ()
    assert found.bound == pytest.approx(wishful.solution.bound)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ("home:01-01/12-31", "to be home from"),
        ("away:P1D", "1 at most"),
        ("earn:99999999 USD", "99999999|9,999,999,900"),
    ],
)
def test_a_plan_against_somebody_s_wishes_is_refused(
    wishful: SeasonPlan, tmp_path: Path, facts: str, words: str
) -> None:
    plan_folder.write(wishful.outcome.folder, tmp_path / "plan")
    frame = pl.read_parquet(tmp_path / "plan" / "inputs" / "workers.parquet")
    frame.with_columns(facts=pl.lit(facts)).write_parquet(tmp_path / "plan" / "inputs" / "workers.parquet")
    found = check_folder(tmp_path / "plan")
    assert not found.accepted
    assert any(finding.kind == "placement" and re.search(words, finding.what) for finding in found.findings)


def test_a_wish_that_cannot_be_read_names_the_worker(request_: PlaceRequest) -> None:
    with pytest.raises(BadInput, match=r"workers: \S+: facts: home: '05-01'; expected 05-01/06-15"):
        plan_seasons(replace(request_, workers=request_.workers.with_columns(facts=pl.lit("home:05-01"))))


@pytest.mark.parametrize(
    ("change", "together"),
    [('change = "free"', True), ('change = "free"\nmin_time = "P3M"', False), ('change = "none"', False)],
)
def test_an_employer_is_changed_without_days_between_only_where_the_agreement_allows_it(
    change: str, together: bool
) -> None:
    agreement = worlds.agreement(f'[[rules]]\nid = "m"\ntype = "mobility"\n{change}\n')
    jobs = worlds.vacancies(
        {"start": date(2026, 3, 1), "end": date(2026, 4, 30)},
        {"start": date(2026, 5, 1), "end": date(2026, 9, 30), "employer_id": "e1"},
    )
    request = PlaceRequest(
        workers=worlds.workers({"consent": True}),
        vacancies=jobs,
        partnerships=[agreement],
        taxonomy=pack.load("core"),
        seed=1,
    )
    made = plan_seasons(request)
    assert len(made.placements) == (2 if together else 1)
    placements = tables.conform(made.placements, tables.PLACEMENTS)
    assert not [one for one in judge(placements, request.workers, jobs, [agreement]) if one.rule == "m"]


@pytest.fixture(scope="module")
def opened(folder: Path) -> seasons.SeasonsExplainer:
    return seasons.open_seasons(folder)


def beside(opened: seasons.SeasonsExplainer, worker: str, season: seasons.Season) -> pl.DataFrame:
    """The worker's placements with one season more."""
    mine = opened.folder.placements.filter(pl.col("worker_id") == worker)
    job = opened.folder.vacancies.filter(pl.col("vacancy_id") == season.vacancy)
    more = {
        "worker_id": worker,
        "vacancy_id": season.vacancy,
        "employer_id": job["employer_id"][0],
        "score": season.score,
    }
    more |= {"partnership": season.partnership}
    more |= {"start": date.fromisoformat(season.start), "end": date.fromisoformat(season.end)}
    return pl.concat([mine, pl.DataFrame([more], schema=mine.schema)]).sort("start")


def test_every_worker_is_told_their_seasons_and_what_stands_in_the_way_of_others(
    opened: seasons.SeasonsExplainer,
) -> None:
    """Judged apart: what is said to clash breaks a rule, what is said to lack a position alone breaks none."""
    folder, states = opened.folder, set()
    for worker in folder.workers["worker_id"].to_list()[:60]:
        told = seasons.explain_worker(opened, worker, changes=False)
        planned = folder.placements.filter(pl.col("worker_id") == worker).sort("start")
        assert [one.vacancy for one in told.seasons] == planned["vacancy_id"].to_list()
        for other in told.others:
            states.add(other.state)
            both = beside(opened, worker, other.season)
            found = judge(both, folder.workers, folder.vacancies, folder.partnerships)
            stays = [one for one in found if one.code.startswith("stay.") or one.code == "worker.twice"]
            if other.state in ("season", "gap"):
                assert stays, other
            if other.state in ("full", "held", "free"):
                assert not stays, other
            if other.state == "full":
                heads = folder.placements.filter(pl.col("vacancy_id") == other.season.vacancy).height
                job = folder.vacancies.filter(pl.col("vacancy_id") == other.season.vacancy)
                assert heads >= job["positions"][0]
    assert {"season", "full"} <= states


def test_a_change_told_brings_more_when_the_plan_is_made_with_it(
    request_: PlaceRequest, opened: seasons.SeasonsExplainer, plan: SeasonPlan
) -> None:
    """A position more, given to the whole problem: its best plan is worth no less than the plan and the gain told."""
    folder = opened.folder
    for worker in folder.workers["worker_id"]:
        told = seasons.explain_worker(opened, worker)
        more = [one for one in told.changes or () if one.kind == "positions"]
        if more:
            break
    job = pl.col("vacancy_id") == more[0].values["vacancy"]
    roomier = request_.vacancies.with_columns(
        positions=pl.when(job).then(pl.col("positions") + int(more[0].values["n"])).otherwise("positions")
    )
    again = plan_seasons(replace(request_, vacancies=roomier))
    assert again.solution.bound >= plan.solution.objective + more[0].points
    assert more[0].seasons >= max(1, len(told.seasons))


def test_an_explanation_of_seasons_is_told_in_four_languages(opened: seasons.SeasonsExplainer, folder: Path) -> None:
    placed, unplaced = opened.folder.placements["worker_id"][0], opened.folder.unplaced["worker_id"][0]
    vacancy = opened.folder.vacancies["vacancy_id"][0]
    for lang in ("en", "fr", "es", "ar"):
        texts = [seasons.text(opened, seasons.explain_worker(opened, one), lang) for one in (placed, unplaced)]
        texts.append(seasons.text(opened, seasons.explain_vacancy(opened, vacancy), lang))
        assert all("{" not in text and len(text.splitlines()) > 1 for text in texts)
    run = CliRunner().invoke(cli, ["explain", str(folder), "--worker", placed, "--vacancy", "nowhere"])
    assert run.exit_code != 0
    run = CliRunner().invoke(cli, ["explain", str(folder), "--worker", placed, "--lang", "fr"])
    assert run.exit_code == 0, run.output
    assert "saisons prévues" in run.output
