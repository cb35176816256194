"""A person's own terms: read in words, judged day by day, and planned as well as by trying everything."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, product
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbridge import plan_folder, tables
from skillbridge.check import check_folder
from skillbridge.errors import BadInput
from skillbridge.matching.objective import load_objective, weights
from skillbridge.partnerships.judge import judge
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.rules.people import ReturningRule
from skillbridge.pipeline import PlaceRequest, place
from skillbridge.rates import load_rates
from skillbridge.seasons import plan_seasons
from skillbridge.taxonomies import pack
from skillbridge.wishes import NONE, Wishes, earnings, parse, target, violations


def test_wishes_are_read_among_other_facts() -> None:
    assert parse("lmt:yes;home:05-01/06-15 2027-12-20/2028-01-10;away:P8M;earn:12000.50 NZD") == Wishes(
        (("05-01", "06-15"), ("2027-12-20", "2028-01-10")), "P8M", (12000.5, "NZD")
    )
    assert parse(None) == parse("unemployed_months:8") == NONE
    assert target(parse("earn:12000.50 NZD"), load_rates()) == 1_200_050
    assert target(parse("earn:900 JPY"), load_rates()) == 900


@pytest.mark.parametrize(
    "facts",
    ["home:05-01", "home:02-30/03-01", "home:2027-05-02/2027-05-01", "home:2027-05-01/06-01", "home:x/y", "away:8",
     "away:P", "earn:much", "earn:0 NZD", "earn:5 nzd"],
)  # fmt: skip
def test_a_wish_that_cannot_be_read_is_refused(facts: str) -> None:
    with pytest.raises(BadInput, match=r"facts: (home|away|earn)"):
        parse(facts)


def test_a_currency_without_a_rate_is_refused() -> None:
    with pytest.raises(BadInput, match="a currency of the exchange rates"):
        target(parse("earn:5 XXX"), load_rates())


days = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@given(days, st.integers(0, 200), st.integers(0, 365), st.integers(0, 120))
def test_home_every_year_is_home_on_each_of_those_days(first: date, length: int, from_day: int, more: int) -> None:
    begin = date(2024, 1, 1) + timedelta(from_day)
    end = begin + timedelta(more)
    wishes = Wishes(((begin.strftime("%m-%d"), end.strftime("%m-%d")),))
    last = first + timedelta(length)
    (low, high), away = wishes.home[0], [first + timedelta(n) for n in range(length + 1)]
    low, high = (("02-28" if day == "02-29" else day) for day in (low, high))

    def at_home(day: date) -> bool:
        text = day.strftime("%m-%d")
        return low <= text <= high if wishes.home[0][0] <= wishes.home[0][1] else text >= low or text <= high

    if "02-29" not in wishes.home[0]:
        assert (wishes.at_home(first, last) is not None) == any(map(at_home, away))


def test_earnings_count_hours_weeks_and_the_rate_of_exchange() -> None:
    job: dict[str, Any] = {"wage": 2_000, "currency": "USD", "hours_week": 35.0}
    week = date(2026, 5, 1), date(2026, 5, 7)
    assert earnings(job, *week, "USD", load_rates()) == 70_000
    assert earnings(job | {"hours_week": None}, *week, "USD", load_rates()) == 80_000
    assert earnings(job | {"wage": None}, *week, "USD", load_rates()) == 0
    assert earnings(job | {"currency": "XXX"}, *week, "USD", load_rates()) == 0
    rate = load_rates().factor("USD", "NZD")
    assert rate is not None
    assert earnings(job, *week, "NZD", load_rates()) == int(2_000 * rate * 35)


def people(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {"origin": "WS", "occupation": "fruit picker", "isco": "9211", "consent": True,
            "available_from": date(2026, 1, 1), "available_to": date(2028, 12, 31)}  # fmt: skip
    return tables.conform(pl.DataFrame([base | {"worker_id": f"w{n}"} | row for n, row in enumerate(rows)],
                                       infer_schema_length=None), tables.WORKERS)  # fmt: skip


def jobs(*spans: tuple[str, str, int]) -> pl.DataFrame:
    rows = [
        {"vacancy_id": f"v{n}", "employer_id": f"e{n}", "destination": "NZ", "occupation": "fruit picker",
         "isco": "9211", "positions": positions, "start": date.fromisoformat(start), "end": date.fromisoformat(end),
         "wage": 2_000 + 100 * n, "currency": "NZD", "hours_week": 40.0}
        for n, (start, end, positions) in enumerate(spans)
    ]  # fmt: skip
    return tables.conform(pl.DataFrame(rows), tables.VACANCIES)


SCHEME = Partnership(
    id="nz-test", title="A scheme", kind="national_scheme", owner="destination", destination=("NZ",), origins=("WS",),
    version="1", rules=(StayRule(id="stay", max="P9M", window="P12M", cooling_off="P1M"),),
)  # fmt: skip


def best_by_trying_everything(request: PlaceRequest, edges: pl.DataFrame) -> int:
    """Every set of edges of each worker that the judges let pass; of those, every plan that fits and keeps groups."""
    worth = weights(edges, request.workers, request.vacancies, load_objective("default"))
    rows = edges.with_columns(n=np.arange(edges.height), score=pl.col("score")).with_columns(
        worker_id=request.workers["worker_id"].gather(edges["worker"]),
        vacancy_id=request.vacancies["vacancy_id"].gather(edges["vacancy"]),
        employer_id=request.vacancies["employer_id"].gather(edges["vacancy"]),
        partnership=pl.lit("nz-test"),
    )
    alone = request.workers.with_columns(group_id=pl.lit(None, pl.String))

    def passes(some: pl.DataFrame) -> bool:
        plan = tables.conform(some, tables.PLACEMENTS)
        broken = judge(plan, alone, request.vacancies.with_columns(positions=9), request.partnerships)
        return not broken and not violations(plan, alone, request.vacancies)

    chains: list[list[tuple[int, ...]]] = []
    for who in request.workers["worker_id"]:
        mine = rows.filter(worker_id=who)
        every = [c for k in range(mine.height + 1) for c in combinations(range(mine.height), k)]
        chains.append([tuple(mine["n"].gather(list(c)).to_list()) for c in every if passes(mine[list(c)])])
    best, vacancy, group = 0, edges["vacancy"].to_list(), request.workers["group_id"].to_list()
    positions = request.vacancies["positions"].to_list()
    for plan in product(*chains):
        taken = [vacancy[e] for chain in plan for e in chain]
        if any(taken.count(v) > positions[v] for v in set(taken)):
            continue
        ways = [[vacancy[e] for e in chain] for chain in plan]
        if any(group[a] and group[a] == group[b] and ways[a] != ways[b] for a, b in combinations(range(len(plan)), 2)):
            continue
        best = max(best, sum(int(worth[e]) for chain in plan for e in chain))
    return best


WORLDS: list[list[dict[str, Any]]] = [
    [{}, {}, {}],
    [{"facts": "home:05-01/06-15"}, {"facts": "away:P5M"}, {}],
    [{"group_id": "g"}, {"group_id": "g"}, {"facts": "earn:40000 NZD"}],
    [
        {"group_id": "g", "facts": "away:P7M"},
        {"group_id": "g", "facts": "home:12-20/01-05"},
        {"facts": "earn:9999 NZD"},
    ],
    [{"past": "e9:2025-06-01/2025-12-15:NZ:nz-test", "facts": "away:P7M"}, {"group_id": "g"}, {"group_id": "g"}],
    [{"facts": "earn:90000 NZD", "group_id": "g"}, {"facts": "earn:900000 NZD"}, {"group_id": "g"}],
]


@pytest.mark.parametrize("number", range(len(WORLDS)))
def test_small_worlds_are_planned_as_well_as_by_trying_everything(number: int) -> None:
    vacancies = jobs(
        ("2026-01-10", "2026-05-20", 2), ("2026-04-01", "2026-08-31", 1), ("2026-07-01", "2026-12-31", 2),
        ("2026-10-01", "2027-02-28", 1), ("2027-03-01", "2027-07-15", 2),
    )  # fmt: skip
    request = PlaceRequest(people(*WORLDS[number]), vacancies, [SCHEME], pack.load("core"))
    plan = plan_seasons(request)
    found = plan.outcome.folder
    assert violations(found.placements, found.workers, found.vacancies) == []
    assert plan.outcome.plan.objective == best_by_trying_everything(request, found.edges)
    assert plan.outcome.plan.objective <= plan.outcome.plan.bound + 1e-6


def test_who_asks_for_too_much_is_told_that_it_is_what_they_ask() -> None:
    vacancies = jobs(("2026-01-10", "2026-05-20", 9))
    workers = people(
        {"facts": "home:01-01/12-31"}, {"facts": "earn:900000 NZD"}, {"group_id": "g"},
        {"group_id": "g", "preferences": "!NZ"}, {},
    )  # fmt: skip
    plan = plan_seasons(PlaceRequest(workers, vacancies, [SCHEME], pack.load("core")))
    assert plan.placements["worker_id"].to_list() == ["w4"]
    told = dict(plan.outcome.folder.unplaced.select("worker_id", "reason").iter_rows())
    assert told == {"w0": "window", "w1": "preference", "w2": "group", "w3": "preference"}
    words = dict(plan.outcome.folder.unplaced.select("worker_id", "detail").iter_rows())
    assert words["w1"].startswith("what they ask (days at home")
    assert words["w2"] == "no vacancy can take the whole group on the same days"


def test_a_plan_of_one_season_leaves_everyone_home_when_they_ask(tmp_path: Path) -> None:
    vacancies = jobs(("2026-01-10", "2026-05-20", 2), ("2026-07-01", "2026-12-31", 1))
    workers = people({"facts": "home:05-01/06-15"}, {"facts": "home:01-01/12-31"}, {})
    outcome = place(PlaceRequest(workers, vacancies, [SCHEME], pack.load("core")))
    found = dict(outcome.folder.placements.select("worker_id", "vacancy_id").iter_rows())
    assert found == {"w0": "v1", "w2": "v0"}
    assert outcome.folder.unplaced.select("worker_id", "reason").rows() == [("w1", "window")]
    plan_folder.write(outcome.folder, tmp_path / "plan")
    for full in (True, False):
        assert check_folder(tmp_path / "plan", full=full).findings == ()
    frame = pl.read_parquet(tmp_path / "plan" / "inputs" / "workers.parquet")
    frame.with_columns(facts=pl.lit("home:07-01/07-02")).write_parquet(tmp_path / "plan" / "inputs" / "workers.parquet")
    said = [finding.what for finding in check_folder(tmp_path / "plan").findings if finding.kind == "placement"]
    assert said == ["is away from 2026-07-01 to 2026-12-31, to be home from 2026-07-01 to 2026-07-02"]


def test_what_is_not_as_people_ask_is_said_of_each() -> None:
    vacancies = jobs(("2026-01-01", "2026-06-30", 9), ("2026-07-02", "2026-12-31", 9))
    workers = people(
        {"facts": "home:05-01/06-15"}, {"facts": "away:P7M"}, {"facts": "earn:99999 NZD"}, {"group_id": "g"},
        {"group_id": "g"}, {},
    )  # fmt: skip
    rows = [(f"w{n}", "v0", date(2026, 1, 1), date(2026, 6, 30)) for n in (0, 1, 2, 3, 5)]
    rows.append(("w1", "v1", date(2026, 7, 2), date(2026, 12, 31)))
    placements = tables.conform(
        pl.DataFrame(rows, schema=["worker_id", "vacancy_id", "start", "end"], orient="row"), tables.PLACEMENTS
    )
    said = violations(placements, workers, vacancies)
    assert [who for who, _ in said] == ["group g", "w0", "w1", "w2"]
    assert said[1][1] == "is away from 2026-01-01 to 2026-06-30, to be home from 2026-05-01 to 2026-06-15"
    assert said[2][1] == "is away 364 days in the year from 2026-01-01, 212 at most"
    assert said[3][1].startswith("earns 2,068,571 of 9,999,900 NZD")


def test_a_call_back_keeps_its_place_through_the_seasons_and_says_its_price(tmp_path: Path) -> None:
    """The one named cannot come in the first season: the place stays empty, for what another would have been worth."""
    vacancies = jobs(("2026-01-10", "2026-05-20", 1), ("2026-07-01", "2026-12-31", 1)).with_columns(
        named_workers=pl.lit("w0")
    )
    workers = people({"facts": "home:05-01/05-05", "past": "e0:2025"}, {})
    rules = (*SCHEME.rules, ReturningRule(id="back", call_back=True, strictness="hard"))
    request = PlaceRequest(workers, vacancies, [msgspec.structs.replace(SCHEME, rules=rules)], pack.load("core"))
    plan = plan_seasons(request)
    assert plan.placements.select("worker_id", "vacancy_id").rows() == [("w0", "v1")]
    (kept, _) = plan.outcome.plan.rules
    assert (kept.label, kept.limit, kept.used) == ("call-back v0", 0, 0)
    free = plan_seasons(replace(request, partnerships=[SCHEME]))
    assert kept.price >= free.outcome.plan.objective - plan.outcome.plan.objective - 1 > 0
    plan_folder.write(plan.outcome.folder, tmp_path / "plan")
    assert check_folder(tmp_path / "plan").findings == ()


def test_a_horizon_that_ends_in_the_middle_of_a_stay_counts_the_whole_stay() -> None:
    """A vacancy that outlasts the others, and a past stay that reaches into the plan, are judged to their last day."""
    vacancies = jobs(("2026-11-01", "2027-09-30", 1), ("2026-03-01", "2026-08-31", 1))
    workers = people({"past": "e9:2025-10-01/2026-02-15:NZ:nz-test"})
    plan = plan_seasons(PlaceRequest(workers, vacancies, [SCHEME], pack.load("core")))
    assert plan.placements.height == 0  # eleven months are too long; after the past stay a month at home is owed
    later = workers.with_columns(past=pl.lit("e9:2025-08-01/2025-12-31:NZ:nz-test"))
    plan = plan_seasons(PlaceRequest(later, vacancies, [SCHEME], pack.load("core")))
    assert plan.placements["vacancy_id"].to_list() == []  # 5 months in 2025 and 6 of 2026 within a year are 11 of 9
    rested = workers.with_columns(past=pl.lit("e9:2025-01-01/2025-05-31:NZ:nz-test"))
    plan = plan_seasons(PlaceRequest(rested, vacancies, [SCHEME], pack.load("core")))
    assert plan.placements["vacancy_id"].to_list() == ["v1"]
