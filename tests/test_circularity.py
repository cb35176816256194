"""The ledger of returns: told from events, whole even where events are told badly."""

from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from skillbridge.circularity import EVENTS, PLACEMENTS, insured, ledger, replay, visits

WAY = ["approved", "offered", "contract_signed", "visa_granted", "departed", "arrived", "working", "season_ended",
       "returned"]  # fmt: skip
AS_OF = date(2028, 1, 1)


def placements(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {"worker_id": "w-1", "origin": "WS", "destination": "NZ", "partnership": "nz-rse", "employer_id": "e-1",
            "start": date(2026, 11, 1), "end": date(2027, 4, 30), "insured": True}  # fmt: skip
    return pl.DataFrame([base | row for row in rows], schema=PLACEMENTS)


def events(placement: str, arrived: date, *, days: int = 100, until: str = "returned") -> list[dict[str, Any]]:
    """A way walked: arrival and first working day on `arrived`, work for `days`, home the day after."""
    on = dict.fromkeys(WAY, arrived) | {
        "season_ended": arrived + timedelta(days - 1),
        "returned": arrived + timedelta(days),
    }
    way = WAY[: WAY.index(until) + 1]
    return [{"placement_id": placement, "to": step, "on": on[step], "role": "origin_unit"} for step in way]


def told(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=EVENTS)


def test_a_person_who_went_twice_is_told_with_the_time_at_home() -> None:
    people = placements({"placement_id": "p1"}, {"placement_id": "p2", "destination": "CA", "employer_id": "e-2"})
    found = replay(people, told(events("p1", date(2026, 11, 1)) + events("p2", date(2027, 4, 1))), AS_OF)
    assert found.faults.height == 0
    row = ledger(found).row(0, named=True)
    assert (row["visits"], row["seasons"], row["returns"], row["abroad"]) == (2, 2, 2, False)
    assert row["days_away"] == 202
    assert row["days_worked"] == 200
    assert row["days_home_between"] == (date(2027, 4, 1) - date(2027, 2, 9)).days - 1
    assert row["destinations"] == "CA;NZ"
    assert row["to_employer_again"] == 0


def test_months_worked_are_counted_by_country_and_calendar_year() -> None:
    people = placements({"placement_id": "p1"}, {"placement_id": "p2", "insured": None})
    found = replay(people, told(events("p1", date(2026, 11, 20)) + events("p2", date(2027, 6, 30), days=2)), AS_OF)
    assert insured(found).rows() == [
        ("w-1", "NZ", 2026, 42, 2, 2, 0),
        ("w-1", "NZ", 2027, 60, 4, 2, 2),
    ]


def test_a_season_that_the_day_of_the_account_cuts_in_two_is_counted_up_to_it() -> None:
    way = told(events("p1", date(2026, 11, 1), days=181))
    found = replay(placements({"placement_id": "p1"}), way, date(2026, 12, 31))
    visit = visits(found).row(0, named=True)
    assert (visit["open"], visit["left"], visit["days_away"], visit["days_worked"]) == (True, None, 61, 61)
    assert insured(found)["months_worked"].to_list() == [2]
    assert set(found.faults["to"]) == {"season_ended", "returned"}
    assert ledger(found)["abroad"].to_list() == [True]
    later = replay(placements({"placement_id": "p1"}), way, AS_OF)
    assert ledger(later)["days_worked"].to_list() == [181]


def test_events_told_twice_late_and_from_the_future_change_nothing() -> None:
    people, way = placements({"placement_id": "p1"}), events("p1", date(2026, 11, 1))
    clean = replay(people, told(way), AS_OF)
    future = {"placement_id": "p1", "to": "reintegrated", "on": date(2030, 1, 1), "role": "origin_unit"}
    stray = {"placement_id": "p9", "to": "returned", "on": date(2027, 1, 1), "role": "origin_unit"}
    messy = replay(people, told([*way[:7], way[8], way[7], way[8], future, stray]), AS_OF)
    assert ledger(messy).rows() == ledger(clean).rows()
    assert insured(messy).rows() == insured(clean).rows()
    said = dict(messy.faults.select("to", "fault").iter_rows())
    assert said["season_ended"].startswith("told after a later step")
    assert said["reintegrated"].startswith("after 2028-01-01")
    assert messy.faults.filter(placement_id="p9")["fault"].to_list() == ["of a placement that is not known"]
    assert (messy.faults["fault"] == "told twice: counted once").sum() == 1


def test_a_step_that_does_not_exist_is_left_out_in_words() -> None:
    jump = {"placement_id": "p1", "to": "reintegrated", "on": date(2026, 11, 2), "role": "origin_unit"}
    found = replay(placements({"placement_id": "p1"}), told([*events("p1", date(2026, 11, 1))[:3], jump]), AS_OF)
    assert found.faults["fault"].to_list() == ["no step leads from contract_signed to reintegrated: left out"]
    assert ledger(found).height == 0


def test_who_died_or_stayed_is_no_return_and_not_abroad() -> None:
    way = events("p1", date(2026, 11, 1), until="working")
    died = {"placement_id": "p1", "to": "deceased", "on": date(2026, 12, 1), "role": "ministry_officer"}
    row = ledger(replay(placements({"placement_id": "p1"}), told([*way, died]), AS_OF)).row(0, named=True)
    assert (row["returns"], row["abroad"], row["days_away"]) == (0, False, 31)
    stayed = events("p2", date(2026, 11, 1), until="season_ended")
    stayed.append({"placement_id": "p2", "to": "stayed_lawfully", "on": date(2027, 3, 1), "role": "ministry_officer"})
    row = ledger(replay(placements({"placement_id": "p2"}), told(stayed), AS_OF)).row(0, named=True)
    assert (row["returns"], row["abroad"], row["last_return"]) == (0, False, None)


@given(st.permutations(events("p1", date(2026, 11, 1), days=3)), st.dates(date(2026, 10, 1), date(2027, 1, 1)))
def test_whatever_the_order_of_telling_no_day_is_counted_twice(way: list[dict[str, Any]], as_of: date) -> None:
    found = replay(placements({"placement_id": "p1"}), told(way), as_of)
    in_order = replay(
        placements({"placement_id": "p1"}), told(sorted(way, key=lambda step: WAY.index(step["to"]))), as_of
    )
    assert ledger(found).rows() == ledger(in_order).rows()
    for row in ledger(found).iter_rows(named=True):
        assert 0 <= row["days_worked"] <= row["days_away"] <= (as_of - date(2026, 11, 1)).days + 1
    for row in insured(found).iter_rows(named=True):
        assert row["months_insured"] + row["months_unknown"] <= row["months_worked"] <= 12
