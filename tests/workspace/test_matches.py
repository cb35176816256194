"""Rankings of what is stored now, or a moment ago where a workspace is large; never of what may not be shown."""

import random
import re
from datetime import date
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from skillbridge.errors import BadInput
from skillbridge.model import PastSeason, Preference
from skillbridge.workspace import board as boards
from skillbridge.workspace import demand, frames, matches, people
from skillbridge.workspace.board import Standing, board, understood
from skillbridge.workspace.matches import MatchQuery
from skillbridge.workspace.views import Matches, NewWorker, VacancyChange, WorkerChange
from tests.workspace.world import World, vacancy, worker


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is: only what a test calls large is large."""
    monkeypatch.setattr(boards, "QUICK", 1e6)


def ranked(world: World, vacancy_id: str = "v-1", **query: object) -> list[str]:
    found = matches.workers_for(world.ws, world.actors["ministry_admin"], vacancy_id, MatchQuery(**query))  # type: ignore[arg-type]
    return sorted(item.worker_id for item in found.items)


def large(world: World) -> Standing:
    """The standing, as if it took long to come by."""
    standing = board(world.ws).now()
    standing.seconds = 1e9
    standing.read_at = float("inf")
    return standing


def test_whoever_was_just_entered_is_ranked(world: World) -> None:
    assert ranked(world) == ["w-1", "w-2", "w-3", "w-to"]
    people.create_worker(world.ws, world.actors["origin_unit"], NewWorker(worker("late", isco=None)))
    assert ranked(world) == ["late", "w-1", "w-2", "w-3", "w-to"]


def test_filters_compose_with_the_ranking(world: World) -> None:
    assert ranked(world, origin="TO") == ["w-to"]
    assert ranked(world, isco="92", origin="WS") == ["w-1", "w-2", "w-3"]
    assert ranked(world, isco="5") == []
    assert ranked(world, destination="AU") == []
    with pytest.raises(BadInput, match="not published"):
        ranked(world, partnership="xx-none")


def test_parties_see_only_those_they_share_with(world: World) -> None:
    found = matches.workers_for(world.ws, world.actors["employer"], "v-1", MatchQuery())
    assert {item.worker_id for item in found.items} == {"w-1", "w-2", "w-3"}


FLOOR = re.compile(r"2\W?417")


def evidence(found: Matches) -> list[str]:
    return [line.evidence for item in found.items for line in item.breakdown]


@pytest.mark.parametrize(
    ("role", "withheld"), [("employer", {"wage", "wish"}), ("recruiter", {"wage", "wish", "returning"})]
)
def test_a_ranking_tells_no_field_that_the_role_does_not_see(world: World, role: str, withheld: set[str]) -> None:
    ws, admin = world.ws, world.actors["ministry_admin"]
    wishes = (Preference("NZ", 5), Preference("employer-1", 2))
    shy = worker("w-2", wage_floor=2417, currency="NZD", preferences=wishes)
    people.update_worker(ws, admin, "w-2", WorkerChange(shy), version=1)
    whole = matches.workers_for(ws, admin, "v-1", MatchQuery())
    seen = matches.workers_for(ws, world.actors[role], "v-1", MatchQuery())
    told = [item for item in whole.items if item.worker_id != "w-to"]
    assert [item.worker_id for item in seen.items] == [item.worker_id for item in told], "the order is the same"
    assert any(FLOOR.search(text) for text in evidence(whole)), "the ministry sees what the score stands on"
    assert not any(FLOOR.search(text) for text in evidence(seen))
    for mine, full in zip(seen.items, told, strict=True):
        assert {line.criterion for line in full.breakdown} - {line.criterion for line in mine.breakdown} == withheld
        assert mine.score == full.score - full.score % 50


def test_a_worker_s_ranking_follows_the_vacancies(world: World) -> None:
    ws, admin = world.ws, world.actors["ministry_admin"]

    def offered() -> list[str]:
        return sorted(item.vacancy_id for item in matches.vacancies_for(ws, admin, "w-1", MatchQuery()).items)

    assert offered() == ["v-1", "v-2"]
    demand.update_vacancy(
        ws, admin, "v-2", VacancyChange(vacancy("v-2", employer_id="employer-2"), "paused"), version=1
    )
    demand.create_vacancy(ws, admin, vacancy("v-3"))
    assert offered() == ["v-1", "v-3"]


def test_a_large_workspace_is_ranked_as_of_a_moment_ago_without_what_changed_since(world: World) -> None:
    ws, unit, admin = world.ws, world.actors["origin_unit"], world.actors["ministry_admin"]
    standing = large(world)
    people.create_worker(ws, unit, NewWorker(worker("late")))
    people.update_worker(ws, unit, "w-1", WorkerChange(worker("w-1", consent=False)), version=1)
    people.erase_worker(ws, unit, "w-3")
    assert ranked(world) == ["w-2", "w-to"]
    found = matches.workers_for(ws, admin, "v-1", MatchQuery())
    assert found.as_of == standing.moment.isoformat()
    assert board(ws).now() is standing


def test_a_vacancy_or_worker_that_changed_is_itself_ranked_as_it_is_now(world: World) -> None:
    ws, unit, admin = world.ws, world.actors["origin_unit"], world.actors["ministry_admin"]
    large(world)
    demand.create_vacancy(ws, admin, vacancy("v-new"))
    assert ranked(world, "v-new") == ["w-1", "w-2", "w-3", "w-to"]
    demand.update_vacancy(ws, admin, "v-1", VacancyChange(vacancy("v-1"), "withdrawn"), version=1)
    assert ranked(world, "v-1") == []
    people.create_worker(ws, unit, NewWorker(worker("late", preferences=())))
    assert [item.vacancy_id for item in matches.vacancies_for(ws, admin, "late", MatchQuery()).items] == ["v-2"]


def test_a_large_workspace_catches_up_once_its_age_is_spent(world: World) -> None:
    standing = large(world)
    standing.read_at = float("-inf")
    people.create_worker(world.ws, world.actors["origin_unit"], NewWorker(worker("late")))
    assert board(world.ws).now() is standing, "the question does not wait"
    with board(world.ws)._refreshing:
        assert board(world.ws)._standing is not standing
    assert "late" in ranked(world)


def test_another_day_is_judged_by_its_own_date(world: World) -> None:
    standing = large(world)
    world.clock.move(days=1)
    assert board(world.ws).now().day == date(2026, 3, 2) != standing.day


def test_what_is_brought_up_to_date_is_what_would_be_read_anew(world: World) -> None:
    ws, unit, dice = world.ws, world.actors["origin_unit"], random.Random(5)
    board(ws).now()
    for number in range(30):
        if dice.random() < 0.4:
            people.create_worker(ws, unit, NewWorker(worker(f"n-{number}", isco=None)))
        elif dice.random() < 0.7:
            chosen = dice.choice(frames.workers(ws).filter(pl.col("party") == "unit-ws")["worker_id"].to_list())
            change = WorkerChange(worker(chosen, experience_months=number), dice.choice(["ready", "paused"]))
            people.update_worker(ws, unit, chosen, change, version=None)
        elif frames.workers(ws).filter(pl.col("party") == "unit-ws").height > 2:
            people.erase_worker(ws, unit, frames.workers(ws).filter(pl.col("party") == "unit-ws")["worker_id"][0])
        if dice.random() < 0.3:
            board(ws).now()
    whole = frames.of_records("worker", ws.store.records.page("worker")).sort("worker_id")
    assert_frame_equal(frames.workers(ws), whole)
    assert_frame_equal(board(ws).now().people, understood(whole))
    assert {name for name, _, _ in ws.store.ledger.files("frames/")} == {
        path.relative_to(ws.folder).as_posix() for path in (ws.folder / "frames").iterdir()
    }


@pytest.mark.parametrize(
    "more",
    [{"wage_floor": 10**19, "currency": "NZD"}, {"languages": {"en;fr": "B1"}},
     {"preferences": (Preference("a:b;c", 2),)}, {"past": (PastSeason("a;b:c", 2020),)},
     {"past": (PastSeason("e", 10**12),)}],
)  # fmt: skip
def test_no_worker_is_taken_who_would_stop_every_ranking(world: World, more: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        people.create_worker(world.ws, world.actors["origin_unit"], NewWorker(worker("odd", **more)))
    assert ranked(world) == ["w-1", "w-2", "w-3", "w-to"]


@pytest.mark.parametrize(
    "more", [{"positions": 10**10}, {"wage": 10**19, "currency": "NZD"}, {"beds": 10**12}, {"languages": {"en:": "B1"}}]
)
def test_no_vacancy_is_taken_that_would_stop_every_ranking(world: World, more: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        demand.create_vacancy(world.ws, world.actors["employer"], vacancy("odd", **more))
    assert ranked(world) == ["w-1", "w-2", "w-3", "w-to"]
