"""Worker processes: plans, scenarios and imports from the queue; crashes, cancels, webhooks, retention."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from skillbridge import audit, plan_folder
from skillbridge.access import SYSTEM
from skillbridge.errors import BadInput, Refused
from skillbridge.jobs import Runner
from skillbridge.jobs.send import deliver_due, post, public_address
from skillbridge.store.backup import verify
from skillbridge.workspace import (
    PageQuery,
    demand,
    hooks,
    insight,
    people,
    placements,
    places,
    planning,
    plans,
    tasks,
    work,
)
from skillbridge.workspace.views import (
    Approval,
    JourneyEvent,
    NewWebhook,
    NewWorker,
    Override,
    PlacementView,
    PlanRequest,
    PlanView,
    ScenarioRequest,
)
from tests.workspace.world import World, build, vacancy, worker


@pytest.fixture
def world(tmp_path: Path) -> World:
    return build(tmp_path / "ws")


def run_all(world: World) -> None:
    runner = Runner(world.ws, "test")
    while runner.step():
        pass


def ndjson(first: int, count: int) -> bytes:
    lines = (json.dumps({"worker_id": f"n-{n}", "origin": "WS", "isco": "9211"}) for n in range(first, first + count))
    return ("\n".join(lines) + "\n").encode()


def start(world: World, upload: bytes, form: str = "ndjson") -> str:
    query = work.ImportQuery(format=form)  # type: ignore[arg-type]
    path = world.ws.folder / "imports" / "upload"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(upload)
    return work.start_import(world.ws, world.actors["origin_unit"], "workers", path, query).job_id


def result_of(world: World, job_id: str) -> dict[str, Any]:
    view = work.read_job(world.ws, world.actors["origin_unit"], job_id)
    assert view.state == "done", view
    assert view.result is not None
    return view.result


def test_an_import_takes_good_rows_and_names_the_others(world: World) -> None:
    bad = b"""{"worker_id": "n-0", "origin": "WS"}
{"worker_id": "x", "origin": "nowhere"}
not json
{"worker_id": "a b", "origin": "WS"}
"""
    job_id = start(world, bad + ndjson(0, 3))
    run_all(world)
    result = result_of(world, job_id)
    assert (result["new"], result["known"], result["refused"]) == (3, 1, 3)
    assert [problem["row"] for problem in result["problems"]] == ["2", "3", "4"]
    assert result["problems"][0]["where"] == "$.origin"
    assert result["problems"][1] | {"row": ""} == {
        "row": "",
        "where": "$",
        "what": "not JSON in UTF-8",
        "expected": "one record a line",
    }
    assert people.read_worker(world.ws, world.actors["origin_unit"], "n-2").party == "unit-ws"


def test_an_import_counts_every_refused_row_and_names_the_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "TOLD", 3)
    job_id = start(world, b"not json\n" * 8)
    run_all(world)
    result = result_of(world, job_id)
    assert (result["refused"], len(result["problems"])) == (8, 3)


def test_a_csv_import_reads_the_cores_table_and_reports_unknown_columns(world: World) -> None:
    text = "worker_id,origin,birth_year,languages,shoe_size\nc-1,WS,1990,en:B1;fr:A2,42\nc-2,WS,old,,\nc-3,WS,,en:Z9,\n"
    job_id = start(world, text.encode(), "csv")
    run_all(world)
    result = result_of(world, job_id)
    assert result["new"] == 1
    assert [problem["where"] for problem in result["problems"]] == ["column 'shoe_size'", "birth_year", "languages"]
    assert result["problems"][1]["expected"] == "a whole number"
    told = work.read_job(world.ws, world.actors["origin_unit"], job_id, work.JobQuery("fr")).result
    assert told is not None
    assert [problem["expected"] for problem in told["problems"]][1:] == [
        "un nombre entier",
        "langue:niveau, avec un niveau parmi A1, A2, B1, B2, C1, C2",
    ]
    profile = people.read_worker(world.ws, world.actors["origin_unit"], "c-1").profile
    assert profile is not None
    assert profile.languages == {"en": "B1", "fr": "A2"}


def test_a_plan_is_made_stored_explained_and_approved(world: World) -> None:
    ws, admin, officer = world.ws, world.actors["ministry_admin"], world.actors["ministry_officer"]
    plan = plans.start_plan(ws, admin, PlanRequest(["nz-test"], "season", time_limit=20, parties=["unit-ws"]))
    run_all(world)
    made = plans.read_plan(ws, admin, plan.plan_id)
    assert made.status == "proposal", work.read_job(ws, admin, plan.job_id)
    assert made.summary is not None
    assert made.summary["counts"]["placed"] == 3
    assert made.summary["manifest"]["hashes"]
    assert verify(ws.store)["files"] > 5
    told = plans.explain(ws, officer, plan.plan_id, plans.ExplainQuery(worker_id="w-1"))
    assert told.reason == "placed"
    assert told.text
    about = insight.read_indicators(ws, world.actors["analyst"], insight.IndicatorsQuery(plan.plan_id, "sex"))
    assert all(one.value is None for one in about.items if one.suppressed)
    assert any(one.suppressed for one in about.items)
    for placement_id in made.sample:
        plans.review_placement(ws, officer, plan.plan_id, placement_id)
    with pytest.raises(Refused, match="look at the sample"):
        plans.approve_plan(ws, admin, plan.plan_id, Approval("not looked at"), version=None)
    approved = plans.approve_plan(ws, officer, plan.plan_id, Approval("sample looked at"), version=None)
    assert approved.status == "approved"
    again = plans.start_plan(ws, admin, PlanRequest(["nz-test"], "once more", time_limit=20, parties=["unit-ws"]))
    run_all(world)
    failed = work.read_job(ws, admin, again.job_id)
    assert failed.error == "workers: no rows; expected at least one of the workers", "placed workers are not free"


def test_a_repair_is_approved_in_place_of_what_it_moves_and_leaves_the_others_alone(world: World) -> None:
    ws, admin, officer = world.ws, world.actors["ministry_admin"], world.actors["ministry_officer"]
    demand.create_vacancy(ws, SYSTEM, vacancy("v-3", positions=3))

    def decided(request: PlanRequest) -> tuple[PlanView, list[PlacementView]]:
        plan = plans.start_plan(ws, admin, request)
        run_all(world)
        for placement_id in plans.read_plan(ws, officer, plan.plan_id).sample:
            plans.review_placement(ws, officer, plan.plan_id, placement_id)
        approved = plans.approve_plan(ws, officer, plan.plan_id, Approval("looked at"), version=None)
        query = placements.PlacementsQuery(plan_id=plan.plan_id)
        return approved, placements.list_placements(ws, officer, query).items

    first, made = decided(PlanRequest(["nz-test"], "season", time_limit=20, parties=["unit-ws"]))
    assert {one.worker_id for one in made} == {"w-1", "w-2", "w-3"}
    full = next(one for one in made if one.vacancy_id == "v-1" or one.vacancy_id == "v-3")
    gone = [one for one in made if one.vacancy_id == full.vacancy_id]
    kept = {one.placement_id: one for one in made if one.vacancy_id != full.vacancy_id}
    changes = f"""as_of = 2026-03-01
[[change]]
kind = "cancel"
vacancy_id = "{full.vacancy_id}"
"""
    again = PlanRequest(["nz-test"], "repair", time_limit=20, base_plan=first.plan_id, changes=changes)
    second, moved = decided(again)
    assert second.replaces == sorted(one.placement_id for one in gone)
    assert {one.worker_id for one in moved} == {one.worker_id for one in gone}
    assert {one.state for one in moved} == {"approved"}
    for one in made:
        now = placements.read_placement(ws, officer, one.placement_id)
        assert now.state == ("approved" if one.placement_id in kept else "cancelled")
    assert ws.store.records.tally("placement", "worker_id", {"state": "approved"}) == {"w-1": 1, "w-2": 1, "w-3": 1}
    third = plans.start_plan(ws, admin, replace(again, base_plan=second.plan_id, changes=""))
    run_all(world)
    unchanged = plans.read_plan(ws, officer, third.plan_id)
    assert (unchanged.sample, unchanged.replaces) == ([], []), "what stays is not decided again"


def test_who_is_approved_is_pinned_in_a_repair_and_who_was_rejected_is_not(world: World) -> None:
    ws, admin, officer = world.ws, world.actors["ministry_admin"], world.actors["ministry_officer"]
    plan = plans.start_plan(ws, admin, PlanRequest(["nz-test"], "season", time_limit=20, parties=["unit-ws"]))
    run_all(world)
    old = plan_folder.read(planning.folder_of(ws, plan.plan_id))
    assert planning.decided(ws, plan.plan_id, old, ()) == (), "a proposal binds nobody"
    sample = plans.read_plan(ws, officer, plan.plan_id).sample
    for placement_id in sample:
        plans.review_placement(ws, officer, plan.plan_id, placement_id)
    plans.override(ws, officer, plan.plan_id, Override(sample[0], "rejected", "passport lapsed"))
    plans.approve_plan(ws, officer, plan.plan_id, Approval("looked at"), version=None)
    gone = placements.read_placement(ws, officer, sample[0]).worker_id
    stay = sorted(set(old.placements["worker_id"]) - {gone})
    assert planning.decided(ws, plan.plan_id, old, (gone,)) == (gone, *stay)


def test_a_repair_cannot_move_who_has_left(world: World) -> None:
    ws, admin, officer = world.ws, world.actors["ministry_admin"], world.actors["ministry_officer"]
    plan = plans.start_plan(ws, admin, PlanRequest(["nz-test"], "season", time_limit=20, parties=["unit-ws"]))
    run_all(world)
    sample = plans.read_plan(ws, officer, plan.plan_id).sample
    for placement_id in sample:
        plans.review_placement(ws, officer, plan.plan_id, placement_id)
    plans.approve_plan(ws, officer, plan.plan_id, Approval("looked at"), version=None)
    who = placements.read_placement(ws, officer, sample[0]).worker_id
    for state in ("offered", "contract_signed", "visa_granted", "departed"):
        event = JourneyEvent(state, on=ws.now().date())
        placements.move_placement(ws, officer, sample[0], event, version=None)
    changes = f'as_of = 2026-03-01\n[[change]]\nkind = "withdraw"\nworker_id = "{who}"\n'
    again = plans.start_plan(
        ws, admin, PlanRequest(["nz-test"], "repair", time_limit=20, base_plan=plan.plan_id, changes=changes)
    )
    run_all(world)
    proposal = plans.read_plan(ws, officer, again.plan_id)
    assert proposal.replaces == [sample[0]]
    for placement_id in proposal.sample:
        plans.review_placement(ws, officer, again.plan_id, placement_id)
    with pytest.raises(Refused, match="has left"):
        plans.approve_plan(ws, officer, again.plan_id, Approval("looked at"), version=None)
    assert placements.read_placement(ws, officer, sample[0]).state == "departed"


def test_a_worker_or_vacancy_is_looked_for_a_place_beside_a_plan(world: World) -> None:
    ws, admin = world.ws, world.actors["ministry_admin"]
    plan = plans.start_plan(ws, admin, PlanRequest(["nz-test"], "season", time_limit=20, parties=["unit-ws"]))
    run_all(world)
    people.create_worker(ws, world.actors["origin_unit"], NewWorker(worker("late", isco=None)))
    found = places.insertion(ws, admin, plan.plan_id, places.InsertionQuery(worker_id="late"))
    assert [(one.vacancy_id, one.free) for one in found.items if one.free], found
    assert {one.worker_id for one in found.items} == {"late"}
    known = places.insertion(ws, admin, plan.plan_id, places.InsertionQuery(vacancy_id="v-1"))
    assert {one.vacancy_id for one in known.items} <= {"v-1"}
    with pytest.raises(Refused, match="there is no worker"):
        places.insertion(ws, world.rivals["ministry_officer"], plan.plan_id, places.InsertionQuery(worker_id="late"))
    with pytest.raises(BadInput, match="one worker or one vacancy"):
        places.insertion(ws, admin, plan.plan_id, places.InsertionQuery())


def test_the_same_request_gives_the_same_plan(world: World) -> None:
    ws, admin = world.ws, world.actors["ministry_admin"]
    made = []
    for _ in range(2):
        plan = plans.start_plan(ws, admin, PlanRequest(["nz-test"], "season", time_limit=20, seed=5))
        run_all(world)
        summary = plans.read_plan(ws, admin, plan.plan_id).summary
        assert summary is not None
        made.append(
            {name: summary["manifest"]["hashes"][name] for name in ("placements.csv", "inputs/workers.parquet")}
        )
    assert made[0] == made[1]


def test_a_scenario_changes_the_inputs_and_places_nobody(world: World) -> None:
    ws, admin, analyst = world.ws, world.actors["ministry_admin"], world.actors["analyst"]
    plan = plans.start_plan(ws, admin, PlanRequest(["nz-test"], "season", time_limit=20))
    run_all(world)
    before = ws.store.records.count("placement")
    first = insight.start_scenario(ws, analyst, ScenarioRequest("as it is", plan.plan_id))
    changes = 'as_of = 2026-06-01\n[[change]]\nkind = "cancel"\nvacancy_id = "v-1"\n'
    second = insight.start_scenario(ws, analyst, ScenarioRequest("without v-1", plan.plan_id, changes))
    run_all(world)
    one, two = (insight.read_scenario(ws, analyst, each.scenario_id) for each in (first, second))
    assert (one.status, two.status) == ("done", "done"), work.list_jobs(ws, admin, work.JobsQuery())
    ids = f"{first.scenario_id},{second.scenario_id}"
    placed = insight.compare(ws, analyst, insight.CompareQuery(ids)).figures["placed"]
    assert placed[0] is not None
    assert placed[1] is not None
    assert placed[0] > placed[1]
    assert ws.store.records.count("placement") == before


def test_a_plan_that_cannot_be_made_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Refused("conflict", "nothing to plan")

    monkeypatch.setattr(planning, "make", fail)
    plan = plans.start_plan(world.ws, world.actors["ministry_admin"], PlanRequest(["nz-test"], "season"))
    run_all(world)
    assert plans.read_plan(world.ws, world.actors["ministry_admin"], plan.plan_id).status == "failed"
    assert work.read_job(world.ws, world.actors["ministry_admin"], plan.job_id).error == "nothing to plan"


def test_an_unexpected_error_is_tried_thrice_and_its_words_are_kept_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Mere Tuilagi, +685 700")

    monkeypatch.setattr(planning, "make", fail)
    plan = plans.start_plan(world.ws, world.actors["ministry_admin"], PlanRequest(["nz-test"], "season"))
    for _ in range(4):
        run_all(world)
        world.clock.move(minutes=2)
    job = work.read_job(world.ws, world.actors["ministry_admin"], plan.job_id)
    assert (job.state, job.attempt, job.error) == ("failed", 3, "an error of ours (RuntimeError)")


def test_a_lost_job_leaves_no_half_plan(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one worker process hangs, another takes the job over; what the first brings late is not kept."""
    plan = plans.start_plan(world.ws, world.actors["ministry_admin"], PlanRequest(["nz-test"], "season"))
    before = world.ws.store.records.count("placement")
    real = planning.make

    def late(*arguments: Any) -> Any:
        made = real(*arguments)
        world.clock.move(minutes=5)
        taken = world.ws.store.queue.claim("other", world.ws.seconds(), moment="m", silent=30, per_party=9)
        assert taken is not None
        return made

    monkeypatch.setattr(planning, "make", late)
    Runner(world.ws, "slow").step()
    assert world.ws.store.records.count("placement") == before
    assert plans.read_plan(world.ws, world.actors["ministry_admin"], plan.plan_id).status == "running"


# processes -----------------------------------------------------------------------------------------------------------


def worker_process(world: World) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "skillbridge", "worker", "--workspace", str(world.ws.folder)],
        env=os.environ | {"SKILLBRIDGE_HEARTBEAT_SECONDS": "1"},
        stderr=subprocess.DEVNULL,
    )


def wait_for(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


@pytest.mark.slow
def test_an_import_killed_again_and_again_takes_every_row_once(world: World) -> None:
    """The kill may fall anywhere: before, within or after a batch; the place reached is stored with the batch."""
    job_id = start(world, ndjson(0, 6_000))
    queue = world.ws.store.queue

    def rows() -> int:
        return int(json.loads(queue.need(job_id).progress).get("rows", 0))

    for kill in range(2):
        process = worker_process(world)
        reached = rows()
        wait_for(lambda reached=reached: rows() > reached or queue.need(job_id).state == "done")
        time.sleep(0.01 * kill)
        process.send_signal(signal.SIGKILL)
        process.wait()
        world.ws.store.database.run("UPDATE job SET beat = 0 WHERE state = 'running'")
    process = worker_process(world)
    wait_for(lambda: queue.need(job_id).state == "done")
    stopping = time.monotonic()
    process.terminate()
    assert process.wait(timeout=5) == 0
    assert time.monotonic() - stopping < 5
    result = json.loads(queue.need(job_id).result or "{}")
    assert (result["rows"], result["new"], result["known"], result["refused"]) == (6_000, 6_000, 0, 0)
    assert world.ws.store.records.count("worker") == 6_004
    audit.verify(world.ws.store)


# webhooks ------------------------------------------------------------------------------------------------------------


class Receiver(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        Receiver.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(Receiver.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.seen, Receiver.status = [], 204
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook?x=1"
    server.shutdown()
    server.server_close()


def test_an_event_is_signed_delivered_and_replayed(world: World, receiver: str) -> None:
    import base64
    import hmac

    unit = world.actors["origin_unit"]
    made = hooks.create_webhook(world.ws, unit, NewWebhook(receiver, ["placement.moved"]))
    assert made.secret is not None
    officer = world.actors["ministry_officer"]
    plans.override(world.ws, officer, "plan-1", Override("plan-1.1", "approved", "fits"))
    assert deliver_due(world.ws) == 1
    headers, body = Receiver.seen[0]
    assert json.loads(body)["data"] == {
        "placement_id": "plan-1.1",
        "from": "proposed",
        "to": "approved",
        "on": "2026-03-01",
    }
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    query = PageQuery()
    delivery = hooks.list_deliveries(world.ws, unit, made.webhook_id, query).items[0]
    assert delivery.status == "delivered"
    hooks.replay(world.ws, unit, made.webhook_id, delivery.delivery_id)
    assert deliver_due(world.ws) == 1
    assert Receiver.seen[1][0]["webhook-id"] == headers["webhook-id"]


def test_a_failing_receiver_is_tried_again_later_each_time_and_then_given_up(world: World, receiver: str) -> None:
    Receiver.status = 500
    unit = world.actors["origin_unit"]
    made = hooks.create_webhook(world.ws, unit, NewWebhook(receiver, ["placement.moved"]))
    officer = world.actors["ministry_officer"]
    plans.override(world.ws, officer, "plan-1", Override("plan-1.1", "approved", "fits"))
    assert deliver_due(world.ws) == 1
    assert deliver_due(world.ws) == 0
    for tries in range(1, hooks.TRIES):
        world.clock.moment += timedelta(seconds=10 * 2 ** (tries - 1) + 1)
        assert deliver_due(world.ws) == 1
    delivery = hooks.list_deliveries(world.ws, unit, made.webhook_id, PageQuery()).items[0]
    assert (delivery.status, delivery.attempts, delivery.last) == ("failed", hooks.TRIES, "500")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "fd00::1",
    ],
)
def test_no_webhook_leads_to_a_private_address(host: str) -> None:
    with pytest.raises(Refused) as refusal:
        public_address(host, 443)
    assert refusal.value.code == "unsafe_address"


def test_a_webhook_without_tls_is_not_sent() -> None:
    with pytest.raises(Refused):
        post("http://example.org/", b"", {})


# retention -----------------------------------------------------------------------------------------------------------


def test_retention_erases_by_itself_but_nobody_abroad(world: World) -> None:
    ws = world.ws
    body = ws.store.records.need("placement", "plan-1.2").body.replace('"proposed"', '"working"')
    ws.store.records.replace("placement", "plan-1.2", body.encode(), ws.now())
    world.clock.move(days=2_000)
    people.create_worker(ws, world.actors["origin_unit"], NewWorker(worker("fresh")))
    world.clock.move(days=200)
    Runner(ws, "house").step()
    status = {record.id: json.loads(record.body)["status"] for record in ws.store.records.page("worker")}
    assert status == {"w-1": "erased", "w-2": "ready", "w-3": "erased", "w-to": "erased", "fresh": "ready"}
    assert ws.store.ledger.person("w-1") is None
    assert set((ws.folder / "erased.log").read_text().split()) == {"w-1", "w-3", "w-to"}
