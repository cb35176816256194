"""What a role may not see by any way round: rejected workers, names, small numbers, one person's part in a figure."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from msgspec.structs import replace

from skillbridge import access
from skillbridge.access import Actor
from skillbridge.errors import BadInput, Refused
from skillbridge.jobs import Runner
from skillbridge.workspace import (
    PageQuery,
    accounts,
    demand,
    hooks,
    insight,
    matches,
    people,
    placements,
    plans,
    read,
    rights,
    work,
    write,
)
from skillbridge.workspace.views import (
    Decision,
    JourneyEvent,
    NewAppeal,
    NewConsent,
    NewWebhook,
    NewWorker,
    Override,
    PlacementBody,
    PlanRequest,
    Redeem,
    ScenarioRequest,
    VacancyChange,
)
from tests.workspace.world import World, open_account, vacancy, worker


def code_of(act: object, *arguments: object, **more: object) -> str:
    with pytest.raises(Refused) as refusal:
        act(*arguments, **more)  # type: ignore[operator]
    return refusal.value.code


def decide(world: World, placement_id: str, to: str) -> None:
    body = Override(placement_id, to, "looked at closely")  # type: ignore[arg-type]
    plans.override(world.ws, world.actors["ministry_officer"], "plan-1", body)


def events_for(world: World, actor: Actor, webhook_id: str) -> list[str]:
    return [one.event for one in hooks.list_deliveries(world.ws, actor, webhook_id, PageQuery()).items]


def test_an_employer_hears_of_no_rejection_by_webhook(world: World) -> None:
    ws, employer = world.ws, world.actors["employer"]
    hook = hooks.create_webhook(ws, employer, NewWebhook("https://example.org/in", ["placement.moved"]))
    decide(world, "plan-1.2", "rejected")
    assert events_for(world, employer, hook.webhook_id) == []
    decide(world, "plan-1.1", "approved")
    assert events_for(world, employer, hook.webhook_id) == ["placement.moved"]


def test_the_rejected_are_left_out_of_what_is_ranked_for_their_employer(world: World) -> None:
    ws, employer = world.ws, world.actors["employer"]
    query = matches.MatchQuery()
    before = {one.worker_id for one in matches.workers_for(ws, employer, "v-1", query).items}
    officer = {one.worker_id for one in matches.workers_for(ws, world.actors["ministry_officer"], "v-1", query).items}
    decide(world, "plan-1.2", "rejected")
    after = {one.worker_id for one in matches.workers_for(ws, employer, "v-1", query).items}
    assert after == before - {"w-2"}
    assert "w-2" in officer


def test_who_turns_a_proposal_down_is_never_shown_to_the_employer(world: World) -> None:
    ws, own, employer = world.ws, world.actors["worker"], world.actors["employer"]
    moved = placements.move_placement(ws, own, "plan-1.1", JourneyEvent("turned_down", reason="family"), version=None)
    assert moved.state == "turned_down"
    assert placements.list_placements(ws, employer, placements.PlacementsQuery()).items == []
    assert code_of(placements.read_placement, ws, employer, "plan-1.1") == "not_found"
    assert code_of(people.read_worker, ws, employer, "w-1") == "not_found"


def test_reading_workers_one_by_one_is_limited_as_lists_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(access.DAILY_ROWS, "recruiter", 3)
    for _ in range(3):
        people.read_worker(world.ws, world.actors["recruiter"], "w-1")
    assert code_of(people.read_worker, world.ws, world.actors["recruiter"], "w-1") == "budget_spent"
    world.clock.move(days=1)
    people.read_worker(world.ws, world.actors["recruiter"], "w-1")


def test_a_recruiter_reads_the_placements_it_moves_and_no_proposals(world: World) -> None:
    ws, recruiter = world.ws, world.actors["recruiter"]
    query = placements.PlacementsQuery()
    assert placements.list_placements(ws, recruiter, query).items == []
    assert code_of(placements.read_placement, ws, recruiter, "plan-1.1") == "not_found"
    decide(world, "plan-1.1", "approved")
    assert [one.placement_id for one in placements.list_placements(ws, recruiter, query).items] == ["plan-1.1"]
    assert code_of(placements.read_placement, ws, world.rivals["recruiter"], "plan-1.1") == "not_found"


@pytest.mark.parametrize("role", ["employer", "recruiter"])
def test_reasons_of_others_and_exact_scores_stay_with_those_who_see_the_person(world: World, role: str) -> None:
    ws, unit = world.ws, world.actors["origin_unit"]
    decide(world, "plan-1.1", "approved")
    told = {
        one: [event.reason for event in placements.list_events(ws, world.actors[one], "plan-1.1").items]
        for one in ("origin_unit", role)
    }
    assert "looked at closely" in told["origin_unit"]
    assert told[role] == [""] * len(told["origin_unit"])
    with ws.acting():
        record = ws.store.records.need("placement", "plan-1.1")
        ws.store.records.replace(
            "placement", "plan-1.1", write(replace(read(record, PlacementBody), score=742)), ws.now()
        )
    assert placements.read_placement(ws, unit, "plan-1.1").score == 742
    assert placements.read_placement(ws, world.actors[role], "plan-1.1").score == 700


@pytest.mark.parametrize(("role", "shown"), [("analyst", False), ("recruiter", False), ("auditor", True)])
def test_whom_an_employer_asks_for_by_name_is_shown_to_few(world: World, role: str, shown: bool) -> None:
    ws, reader = world.ws, world.actors[role]
    demand.create_vacancy(ws, world.actors["employer"], vacancy("v-named", named_workers=("w-1",)))
    assert (demand.read_vacancy(ws, reader, "v-named").vacancy.named_workers == ("w-1",)) is shown
    if role in access.POLICY["exports.vacancies"]:
        for form in ("ndjson", "csv"):
            text = b"".join(work.export(ws, reader, "vacancies", work.ExportQuery(form)))
            assert (b"w-1" in text) is shown, form


def test_a_suspended_employer_changes_no_vacancy(world: World) -> None:
    ws, employer = world.ws, world.actors["employer"]
    found = demand.read_employer(ws, employer, "employer-1")
    suspended = type(found.employer)("employer-1", "employer-1 ltd", "NZ", suspended=True)
    demand.update_employer(ws, world.actors["ministry_officer"], "employer-1", suspended, version=None)
    change = VacancyChange(vacancy("v-1", positions=9), "open")
    assert code_of(demand.update_vacancy, ws, employer, "v-1", change, version=None) == "employer_suspended"
    demand.update_vacancy(ws, world.actors["ministry_officer"], "v-1", change, version=None)


def test_a_link_opens_one_session_even_if_two_use_it_at_once(world: World) -> None:
    ws = world.ws
    link = rights.create_link(ws, world.actors["origin_unit"], "w-1").link
    found: list[str] = []

    def use() -> None:
        try:
            found.append(accounts.redeem_link(ws, Redeem(link)).token)
        except Refused as refusal:
            found.append(refusal.code)
        finally:
            ws.store.close()

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found)[1:].count("unauthenticated") + found.count("busy") == 5, found
    assert code_of(accounts.redeem_link, ws, Redeem(link)) == "unauthenticated"


def test_a_link_ends_after_its_hours_and_when_a_new_one_is_made(world: World) -> None:
    ws, unit = world.ws, world.actors["origin_unit"]
    old, new = (rights.create_link(ws, unit, "w-1").link for _ in range(2))
    assert code_of(accounts.redeem_link, ws, Redeem(old)) == "unauthenticated"
    world.clock.move(hours=ws.settings.link_hours)
    assert code_of(accounts.redeem_link, ws, Redeem(new)) == "unauthenticated"


def test_consent_opens_the_name_to_its_party_only_until_it_lapses_or_is_taken_back(world: World) -> None:
    ws, own, employer = world.ws, world.actors["worker"], world.actors["employer"]
    decide(world, "plan-1.1", "approved")
    assert code_of(people.read_identity, ws, employer, "w-1") == "consent_required"
    given = rights.give_consent(ws, own, "w-1", NewConsent("employer-1", days=30))
    assert people.read_identity(ws, employer, "w-1").identity.name == "Mere Tuilagi"
    assert code_of(people.read_identity, ws, world.actors["recruiter"], "w-1") == "consent_required"
    world.clock.moment += timedelta(days=30)
    assert code_of(people.read_identity, ws, employer, "w-1") == "consent_required"
    again = rights.give_consent(ws, own, "w-1", NewConsent("employer-1", days=30))
    rights.withdraw_consent(ws, own, "w-1", again.consent_id)
    assert code_of(people.read_identity, ws, employer, "w-1") == "consent_required"
    assert given.consent_id != again.consent_id


def test_erasure_leaves_no_words_about_the_person(world: World) -> None:
    ws, own = world.ws, world.actors["worker"]
    decide(world, "plan-1.1", "rejected")
    objection = rights.appeal(ws, own, "w-1", NewAppeal("my knee is fine", placement_id="plan-1.1"))
    rights.decide_appeal(ws, world.actors["ministry_admin"], objection.appeal_id, Decision(False, "the knee is not"))
    people.erase_worker(ws, world.actors["ministry_admin"], "w-1")
    words = ("looked at closely", "my knee is fine", "the knee is not", "Mere")
    for kind in ("worker", "placement", "event", "appeal", "consent", "delivery", "account"):
        for record in ws.store.records.page(kind):
            assert not [one for one in words if one in record.body], (kind, record.id)
    reasons = [link.why or "" for link in ws.store.ledger.links(limit=10_000)]
    assert not [why for why in reasons if any(one in why for one in words)]


def made(world: World, purpose: str) -> str:
    ws = world.ws
    plan = plans.start_plan(ws, world.actors["ministry_admin"], PlanRequest(["nz-test"], purpose, time_limit=20))
    runner = Runner(ws, "test")
    while runner.step():
        pass
    return plan.plan_id


def test_no_figure_of_two_plans_is_about_one_person(world: World) -> None:
    ws, analyst = world.ws, world.actors["analyst"]
    unit = world.actors["origin_unit"]
    decide(world, "plan-1.3", "rejected")
    first, same = made(world, "first"), made(world, "the same again")
    people.create_worker(ws, unit, NewWorker(worker("w-new")))
    other = made(world, "with one more")
    for plan_id in (first, same):
        assert insight.read_indicators(ws, analyst, insight.IndicatorsQuery(plan_id, "sex")).items
    assert code_of(insight.read_indicators, ws, analyst, insight.IndicatorsQuery(other)) == "conflict"
    assert insight.read_indicators(ws, world.actors["auditor"], insight.IndicatorsQuery(other)).items
    for number in range(8):
        people.create_worker(ws, unit, NewWorker(worker(f"w-more{number}")))
    assert insight.read_indicators(ws, analyst, insight.IndicatorsQuery(made(world, "eight more"), "sex")).items


@pytest.mark.parametrize("by", ["sex,entry", "origin,isco", "month,sex", "origin,origin"])
def test_pairs_that_could_single_people_out_are_not_published(world: World, by: str) -> None:
    with pytest.raises(BadInput, match="not published"):
        insight.read_indicators(world.ws, world.actors["analyst"], insight.IndicatorsQuery("plan-1", by))


def test_an_analyst_sees_neither_report_nor_sample_nor_small_uses_of_a_limit(world: World) -> None:
    ws, analyst, plan_id = world.ws, world.actors["analyst"], made(world, "season")
    assert code_of(plans.report, ws, analyst, plan_id, plans.ReportQuery()) == "forbidden"
    record = ws.store.records.need("plan", plan_id)
    seen = plans.read_plan(ws, analyst, plan_id)
    assert seen.sample == []
    assert plans.read_plan(ws, world.actors["auditor"], plan_id).sample
    rules = [
        {
            "partnership": "nz-test",
            "rule": "cap",
            "label": label,
            "unit": "heads",
            "limit": 90,
            "used": used,
            "price": 0,
        }
        for label, used in (("WS", 2), ("TO", 40))
    ]
    rules.append(rules[1] | {"rule": "total", "label": "", "used": 42})
    plan = plans.view_plan(ws, record)
    hidden = plans.seen_by(
        ws, analyst, type(plan)(**{f: getattr(plan, f) for f in plan.__struct_fields__} | {"summary": {"rules": rules}})
    )
    assert hidden.summary is not None
    assert [row["used"] for row in hidden.summary["rules"]] == [None, None, 42]


def test_an_analyst_may_not_ask_what_one_worker_changes(world: World) -> None:
    ws, analyst, plan_id = world.ws, world.actors["analyst"], made(world, "season")
    about_one = 'as_of = 2026-03-01\n[[change]]\nkind = "withdraw"\nworker_id = "w-1"\n'
    drought = 'as_of = 2026-03-01\n[[change]]\nkind = "shrink"\nshare = 0.5\n'
    for changes in (about_one, 'as_of = 2026-03-01\npins = ["w-1"]\n'):
        request = ScenarioRequest("what if", plan_id, changes=changes)
        assert code_of(insight.start_scenario, ws, analyst, request) == "forbidden"
    insight.start_scenario(ws, analyst, ScenarioRequest("a drought", plan_id, changes=drought))
    insight.start_scenario(ws, world.actors["ministry_officer"], ScenarioRequest("w-1", plan_id, changes=about_one))
    with pytest.raises(BadInput) as wrong:
        insight.start_scenario(ws, analyst, ScenarioRequest("broken", plan_id, changes="as_of = x"))
    assert wrong.value.where == "$.changes"
    assert "/tmp" not in str(wrong.value)


def test_accounts_of_parties_need_one_and_workers_come_by_link_only(world: World) -> None:
    for role in ("employer", "recruiter", "origin_unit"):
        with pytest.raises(BadInput, match="party"):
            open_account(world, f"{role}-loose", role, None)
    with pytest.raises(BadInput, match="one-time link"):
        open_account(world, "someone", "worker", "unit-ws")


def test_profiles_of_the_erased_are_gone_from_kept_answers(world: World) -> None:
    ledger, ws = world.ws.store.ledger, world.ws
    ledger.keep_answer("account-x", "key-1", b"f", (201, "", b'{"worker_id":"w-1","sex":"f"}'), ws.seconds())
    ledger.keep_answer("account-x", "key-2", b"f", (201, "", b'{"worker_id":"w-10","sex":"m"}'), ws.seconds())
    people.erase_worker(ws, world.actors["ministry_admin"], "w-1")
    assert ledger.answered("account-x", "key-1") is None
    assert ledger.answered("account-x", "key-2") is not None


def test_what_is_remembered_of_placements_ends_with_any_change_of_them(world: World) -> None:
    ws, officer = world.ws, world.actors["ministry_officer"]
    (first, *_) = ws.store.records.page("placement", {"plan_id": "plan-1"})
    vacancy_id = read(first, PlacementBody).vacancy_id
    sample = plans.sample_of(ws, "plan-1")
    for _ in range(2):
        assert demand.held_places(ws, [vacancy_id, "none"]) == {}
        assert plans.sample_of(ws, "plan-1") == sample
    with suppress(ZeroDivisionError), ws.acting():
        plans.override(ws, officer, "plan-1", Override(first.id, "approved", "undone below"))
        assert demand.held_places(ws, [vacancy_id]) == {vacancy_id: 1}
        _ = 1 / 0
    assert demand.held_places(ws, [vacancy_id, "none"]) == {}, "what was undone is not remembered"
    plans.override(ws, officer, "plan-1", Override(first.id, "approved", "fits well"))
    assert demand.held_places(ws, [vacancy_id, "none"]) == {vacancy_id: 1}
