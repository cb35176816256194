"""After a season: the profile gains what was done, the worker gets a certificate, vacancies at home are ranked."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from skillbridge.circularity import insured, ledger, replay
from skillbridge.credential import did_of, load_key, new_key, verify
from skillbridge.errors import BadInput, Refused
from skillbridge.indicators.stays import STAYS
from skillbridge.settings import Settings
from skillbridge.workspace import demand, insight, people, placements, plans, read, returns
from skillbridge.workspace.matches import MatchQuery
from skillbridge.workspace.views import JourneyEvent, Override, VacancyChange, WorkerBody, WorkerChange
from tests.workspace.world import World, build, vacancy, worker

WAY = {
    "offered": date(2026, 9, 1),
    "contract_signed": date(2026, 9, 10),
    "visa_granted": date(2026, 10, 1),
    "departed": date(2026, 10, 29),
    "arrived": date(2026, 10, 30),
    "working": date(2026, 11, 2),
    "season_ended": date(2027, 4, 30),
    "returned": date(2027, 5, 3),
}


def walk(world: World, until: str = "returned", placement_id: str = "plan-1.1") -> None:
    """Approve the placement and move it along, each step told on its day; skills are confirmed at the end of work."""
    ws, officer = world.ws, world.actors["ministry_officer"]
    plans.override(ws, officer, "plan-1", Override(placement_id, "approved", "fits well"))
    for to, on in WAY.items():
        world.clock.moment = world.clock.moment.replace(year=on.year, month=on.month, day=on.day)
        skills = ("tying vines",) if to == "season_ended" else ()
        placements.move_placement(ws, officer, placement_id, JourneyEvent(to, on, skills=skills), version=None)  # type: ignore[arg-type]
        if to == until:
            return


def profile(world: World, worker_id: str = "w-1") -> object:
    return read(world.ws.store.records.need("worker", worker_id), WorkerBody).profile


def asks_for_pruning(world: World) -> None:
    job = vacancy("v-1", skills=("pruning",))
    demand.update_vacancy(world.ws, world.actors["ministry_admin"], "v-1", VacancyChange(job, "open"), version=1)


def test_a_season_enters_the_profile_when_the_person_is_back(world: World) -> None:
    asks_for_pruning(world)
    before = profile(world)
    walk(world, "season_ended")
    assert profile(world) == before
    ws, officer = world.ws, world.actors["ministry_officer"]
    home = JourneyEvent("returned", date(2027, 5, 3))
    world.clock.move(days=3)
    placements.move_placement(ws, officer, "plan-1.1", home, version=None)
    after = read(ws.store.records.need("worker", "w-1"), WorkerBody).profile
    assert after is not None
    assert after.skills == ("tying vines", "pruning")
    assert after.experience_months == 5
    (stay,) = after.past
    assert (stay.start, stay.end, stay.destination, stay.partnership) == (
        date(2026, 10, 30), date(2027, 5, 3), "NZ", "nz-test",
    )  # fmt: skip
    more = JourneyEvent("reintegrated", date(2027, 5, 4), skills=("bookkeeping",))
    world.clock.move(days=1)
    placements.move_placement(ws, officer, "plan-1.1", more, version=None)
    later = read(ws.store.records.need("worker", "w-1"), WorkerBody).profile
    assert later == replace(after, skills=(*after.skills, "bookkeeping"))


def test_skills_of_a_season_are_told_with_on_whose_word(world: World) -> None:
    asks_for_pruning(world)
    walk(world)
    (season,) = returns.seasons_of(world.ws, world.actors["worker"], "w-1").items
    assert [(one.skill, one.basis, one.by) for one in season.skills] == [
        ("tying vines", "confirmed", "ministry_officer"),
        ("pruning", "job", None),
    ]
    assert (season.start, season.end, season.months, season.completed) == (WAY["working"], WAY["season_ended"], 5, True)
    with pytest.raises(Refused, match="there is no worker"):
        returns.seasons_of(world.ws, world.rivals["worker"], "w-1")


def test_skills_are_not_told_before_there_was_work(world: World) -> None:
    walk(world, "contract_signed")
    told = JourneyEvent("visa_granted", date(2026, 9, 10), skills=("pruning",))
    with pytest.raises(BadInput, match=r"\$\.skills: with a step to visa_granted"):
        placements.move_placement(world.ws, world.actors["ministry_officer"], "plan-1.1", told, version=None)


def test_the_certificate_is_signed_with_the_workspace_s_seal(world: World, tmp_path: Path) -> None:
    walk(world)
    plain = returns.certify(world.ws, world.actors["worker"], "plan-1.1")
    assert not plain.signed
    assert "proof" not in plain.credential
    seal = tmp_path / "seal.pem"
    seal.write_bytes(new_key())
    world.ws.settings = replace(world.ws.settings, seal_file=str(seal), issuer="Ministry of Labour")
    made = returns.certify(world.ws, world.actors["worker"], "plan-1.1")
    did = did_of(load_key(seal.read_bytes()))
    assert made.issuer == did
    verify(made.credential, {did}, world.ws.now())
    assert made.credential["issuer"]["name"] == "Ministry of Labour"
    assert made.credential["id"] == plain.credential["id"]
    assert "Tuilagi" not in str(made.credential)
    assert world.ws.store.ledger.links(subject="plan-1.1", newest=True)[0].act == "placements.certificate"
    seal.unlink()
    with pytest.raises(BadInput, match="seal_file: no such file"):
        returns.certify(world.ws, world.actors["worker"], "plan-1.1")


def test_no_certificate_before_the_season_has_ended_and_none_for_others(world: World) -> None:
    walk(world, "working")
    with pytest.raises(Refused, match="has not ended") as refusal:
        returns.certify(world.ws, world.actors["worker"], "plan-1.1")
    assert refusal.value.code == "conflict"
    for other in (world.rivals["worker"], world.rivals["origin_unit"]):
        with pytest.raises(Refused, match="there is no placement"):
            returns.certify(world.ws, other, "plan-1.1")
    with pytest.raises(Refused) as refusal:
        returns.certify(world.ws, world.actors["employer"], "plan-1.1")
    assert refusal.value.code == "forbidden"


def test_vacancies_at_home_need_no_agreement_and_follow_the_new_profile(world: World) -> None:
    ws, admin = world.ws, world.actors["ministry_admin"]
    demand.create_vacancy(ws, admin, vacancy("home-1", destination="WS", skills=("tying vines",), currency="WST"))
    demand.create_vacancy(ws, admin, vacancy("home-2", destination="WS", isco="2221", occupation="nurse"))

    def ranked() -> dict[str, int]:
        found = returns.home_vacancies(ws, world.actors["worker"], "w-1", MatchQuery())
        return {item.vacancy_id: item.score for item in found.items}

    before = ranked()
    assert set(before) == {"home-1"}
    walk(world)
    after = ranked()
    assert set(after) == {"home-1"}
    assert after["home-1"] > before["home-1"]
    people.update_worker(ws, admin, "w-1", WorkerChange(worker("w-1", origin="TO")), version=None)
    assert ranked() == {}


@pytest.mark.parametrize(
    ("on", "message"),
    [(date(2026, 9, 9), "before the step to contract_signed"), (date(2027, 1, 1), "in the future")],
)
def test_a_step_out_of_order_or_from_the_future_is_refused(world: World, on: date, message: str) -> None:
    walk(world, "contract_signed")
    with pytest.raises(BadInput, match=message):
        placements.move_placement(
            world.ws, world.actors["ministry_officer"], "plan-1.1", JourneyEvent("visa_granted", on), version=None
        )
    tomorrow = JourneyEvent("visa_granted", date(2026, 9, 11))
    placements.move_placement(world.ws, world.actors["ministry_officer"], "plan-1.1", tomorrow, version=None)


def test_a_step_told_twice_is_refused_and_counted_once(world: World) -> None:
    walk(world)
    again = JourneyEvent("returned", date(2027, 5, 3))
    with pytest.raises(Refused, match="a placement that is returned cannot become returned"):
        placements.move_placement(world.ws, world.actors["ministry_officer"], "plan-1.1", again, version=None)
    after = read(world.ws.store.records.need("worker", "w-1"), WorkerBody).profile
    assert after is not None
    assert len(after.past) == 1


def test_the_journey_of_someone_erased_can_be_ended_but_not_go_on(world: World) -> None:
    walk(world, "offered")
    people.erase_worker(world.ws, world.actors["origin_unit"], "w-1")
    officer = world.actors["ministry_officer"]
    with pytest.raises(Refused) as refusal:
        placements.move_placement(world.ws, officer, "plan-1.1", JourneyEvent("contract_signed"), version=None)
    assert refusal.value.code == "erased"
    found = placements.move_placement(
        world.ws, officer, "plan-1.1", JourneyEvent("cancelled", reason="x"), version=None
    )
    assert found.state == "cancelled"


def test_the_ledger_of_a_workspace_outlives_an_erasure_by_pseudonym(world: World) -> None:
    demand.update_vacancy(
        world.ws, world.actors["ministry_admin"], "v-1",
        VacancyChange(vacancy("v-1", facts={"social_security": "yes"}), "open"), version=1,
    )  # fmt: skip
    walk(world)
    people.erase_worker(world.ws, world.actors["origin_unit"], "w-1")
    found = replay(*returns.journeys(world.ws), world.ws.now().date())
    assert found.faults.height == 0
    row = ledger(found).row(0, named=True)
    assert (row["worker_id"], row["origin"], row["visits"], row["returns"]) == ("w-1", "WS", 1, 1)
    assert insured(found)["months_insured"].to_list() == [2, 4]


def test_who_comes_home_without_having_worked_gains_nothing(tmp_path: Path) -> None:
    world = build(tmp_path / "other", Settings(debug=True))
    walk(world, "arrived")
    before, officer = profile(world), world.actors["ministry_officer"]
    for to in ("ended_early", "returned"):
        placements.move_placement(world.ws, officer, "plan-1.1", JourneyEvent(to, reason="ill"), version=None)
    assert profile(world) == before


def test_what_became_of_placements_is_told_at_the_ends_of_quarters_and_guarded(world: World) -> None:
    """One person's journey: staff sees that figures are hidden, who sees statistics only is refused the quarters that
    this person alone tells from the time before, and nobody is told a day in between."""
    ws, officer, analyst = world.ws, world.actors["ministry_officer"], world.actors["analyst"]
    walk(world)
    latest = insight.read_journeys(ws, officer, insight.JourneysQuery())
    assert {one.indicator for one in latest.items} == set(STAYS)
    assert "2027-03-31" in latest.note, "the quarter of the return is not over"
    assert all(one.value is None for one in latest.items if one.indicator in ("conversion", "circularity_rate"))
    by = insight.read_journeys(ws, officer, insight.JourneysQuery("origin", "2026-12-31"))
    assert {tuple(one.group) for one in by.items} == {("origin",)}
    before = insight.read_journeys(ws, analyst, insight.JourneysQuery("", "2025-12-31"))
    assert before.threshold == ws.settings.small_cell
    for day in ("2026-12-31", "2027-03-31"):  # in the second nobody took a step, which would tell of the first
        with pytest.raises(Refused, match="so few people"):
            insight.read_journeys(ws, analyst, insight.JourneysQuery("", day))
    for wrong, place in (
        (insight.JourneysQuery("", "2027-06-30"), "query.as_of"),
        (insight.JourneysQuery("shoe_size"), "query.by"),
        (insight.JourneysQuery("sex,age_band"), "query.by"),
    ):
        with pytest.raises(BadInput, match=place):
            insight.read_journeys(ws, officer, wrong)
    with pytest.raises(Refused):
        insight.read_journeys(ws, world.actors["employer"], insight.JourneysQuery())


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 1, 1), date(2025, 12, 31)),
        (date(2026, 3, 31), date(2025, 12, 31)),
        (date(2026, 4, 1), date(2026, 3, 31)),
        (date(2026, 12, 31), date(2026, 9, 30)),
    ],
)
def test_the_quarter_before_ends_where_this_one_begins(day: date, end: date) -> None:
    assert insight.quarter_before(day) == end
