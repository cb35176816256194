"""One against all, under real agreements."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from skillbridge.errors import BadInput
from skillbridge.matching.rank import breakdown, rank_vacancies, rank_workers, why_not
from skillbridge.matching.yardstick import Yardstick, yardstick
from skillbridge.model import ISCO
from skillbridge.partnerships.partnership import Partnership, load
from skillbridge.tables import VACANCIES, WORKERS, conform
from skillbridge.taxonomies.pack import load as load_taxonomy

WORKER: dict[str, Any] = {
    "worker_id": "w1",
    "origin": "TO",
    "birth_year": 1990,
    "sex": "f",
    "concept": ISCO + "9211",
    "isco": "9211",
    "experience_months": 12,
    "languages": "en:A2",
    "available_from": date(2026, 3, 1),
    "available_to": date(2026, 12, 1),
    "wage_floor": 2200,
    "currency": "NZD",
    "consent": True,
}
VACANCY: dict[str, Any] = {
    "vacancy_id": "v1",
    "employer_id": "e1",
    "destination": "NZ",
    "region": "NZ-HKB",
    "concept": ISCO + "9211",
    "isco": "9211",
    "sector": "0125",
    "positions": 3,
    "start": date(2026, 4, 1),
    "end": date(2026, 9, 30),
    "hours_week": 40.0,
    "wage": 3000,
    "currency": "NZD",
    "beds": 3,
    "partnership": "nz-rse",
    "experience_months": 0,
}


def workers(*changes: dict[str, Any]) -> pl.DataFrame:
    return conform(pl.DataFrame([WORKER | change for change in changes], infer_schema_length=None), WORKERS)


def vacancies(*changes: dict[str, Any]) -> pl.DataFrame:
    return conform(pl.DataFrame([VACANCY | change for change in changes], infer_schema_length=None), VACANCIES)


@pytest.fixture(scope="module")
def agreements() -> list[Partnership]:
    return [load("nz-rse")]


@pytest.fixture(scope="module")
def measure() -> Yardstick:
    return yardstick(load_taxonomy("core"))


def test_a_worker_s_vacancies_come_best_first_with_their_breakdown(
    agreements: list[Partnership], measure: Yardstick
) -> None:
    offers = vacancies(
        {"vacancy_id": "near", "concept": ISCO + "9213", "isco": "9213"},
        {"vacancy_id": "same"},
        {"vacancy_id": "low", "wage": 2000},
        {"vacancy_id": "winter", "start": date(2026, 11, 1), "end": date(2027, 3, 1)},
    )
    ranking = rank_vacancies(workers({}), offers, agreements, measure)
    assert [item.vacancy_id for item in ranking.items] == ["same", "near"]
    assert ranking.legal == 2
    assert ranking.refused.pop("window") == 1
    assert sum(ranking.refused.values()) == 1, "the low wage, by the worker's floor or the agreement's"
    best = ranking.items[0]
    assert best.partnership == "nz-rse"
    assert (best.start, best.end) == (date(2026, 4, 1), date(2026, 9, 30))
    assert best.score == (sum(line.value * line.weight for line in best.contributions) + 500) // 1000
    assert list(best.contributions) == breakdown(workers({}).row(0, named=True), offers.row(1, named=True), measure)
    assert rank_vacancies(workers({}), offers, agreements, measure, limit=1).items == ranking.items[:1]


def test_a_vacancy_s_workers_come_best_first(agreements: list[Partnership], measure: Yardstick) -> None:
    pool = workers(
        {"worker_id": "novice", "experience_months": 0},
        {"worker_id": "back", "past": "e1:2024"},
        {"worker_id": "plain"},
        {"worker_id": "no", "consent": False},
        {"worker_id": "far", "origin": "MX"},
    )
    ranking = rank_workers(vacancies({}), pool, agreements, measure)
    assert [item.worker_id for item in ranking.items] == ["back", "plain", "novice"]
    assert ranking.refused["consent"] == 1
    assert sum(ranking.refused.values()) == 2


def test_equals_are_not_always_led_by_the_same_worker(agreements: list[Partnership], measure: Yardstick) -> None:
    pool = workers(*({"worker_id": f"w{number}"} for number in range(40)))
    first = set()
    for number in range(20):
        ranking = rank_workers(vacancies({"vacancy_id": f"v{number}"}), pool, agreements, measure, limit=1)
        first.add(ranking.items[0].worker_id)
    assert len(first) > 10


def test_why_not_names_every_filter_and_the_rule(agreements: list[Partnership], measure: Yardstick) -> None:
    worker = WORKER | {"origin": "MX", "preferences": "!NZ", "wage_floor": 9900, "consent": False}
    found = why_not(worker, VACANCY, agreements, measure)
    codes = [refusal.code for refusal in found]
    assert codes[:3] == ["consent", "refused", "wage"]
    assert len(codes) == 4, "the agreement's own reason comes last"
    assert all(refusal.evidence for refusal in found)
    assert why_not(WORKER, VACANCY, agreements, measure) == []


def test_why_not_asks_rules_about_past_stays(agreements: list[Partnership], measure: Yardstick) -> None:
    stayed = WORKER | {"past": "e7:2025-06-01/2026-03-15:NZ:nz-rse"}
    found = why_not(stayed, VACANCY, agreements, measure)
    assert [refusal.code.split("/")[0] for refusal in found] == ["nz-rse"]
    ranking = rank_vacancies(workers({"past": stayed["past"]}), vacancies({}), agreements, measure)
    assert ranking.items == ()
    assert ranking.refused == {found[0].code: 1}


def test_more_than_one_row_is_refused(agreements: list[Partnership], measure: Yardstick) -> None:
    with pytest.raises(BadInput, match="worker: 2 rows"):
        rank_vacancies(workers({}, {"worker_id": "w2"}), vacancies({}), agreements, measure)
    with pytest.raises(BadInput, match="limit: 0"):
        rank_vacancies(workers({}), vacancies({}), agreements, measure, limit=0)
