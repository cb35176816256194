"""The contract under schemathesis: a filled workspace, a real server, every check, once as each role.

`python -m benchmarks.contract --examples 40 --roles ministry_admin,employer` fills a workspace with people, demand and
a plan that was made, decided in part and appealed against, starts a server on a copy of it for each role, and runs
`schemathesis run` with all phases and checks against it, as it is: no configuration says what counts as a failure.
Every phase meets identifiers that exist: they are the examples of the contract's path parameters.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.load import SCHEMES, fill, free_port, stop, wait_up
from skillbridge.access import ROLES, SYSTEM, Actor, authenticate, issue
from skillbridge.jobs import Runner
from skillbridge.settings import Settings
from skillbridge.workspace import PageQuery, Workspace, accounts, agreements, hooks, insight, placements, plans, rights
from skillbridge.workspace.views import (
    NewAccount,
    NewAppeal,
    NewConsent,
    NewKey,
    NewWebhook,
    Override,
    PlanRequest,
    Redeem,
    ScenarioRequest,
    SharedParty,
    Sharing,
)


def filled(folder: Path, workers: int, vacancies: int) -> dict[str, Any]:
    """A workspace in which every kind of record exists; gives keys by role and identifiers by path parameter."""
    told = fill(folder, workers, vacancies)
    ws = Workspace(folder, Settings(webhook_private=True))
    admin = authenticate(ws.store, told["key"], ws.seconds())
    plan = plans.start_plan(ws, admin, PlanRequest(list(SCHEMES), "contract", time_limit=5))
    runner = Runner(ws)
    runner.step()
    placed = placements.list_placements(ws, admin, placements.PlacementsQuery(plan_id=plan.plan_id, limit=9)).items
    scenario = insight.start_scenario(ws, admin, ScenarioRequest("contract", plan.plan_id, time_limit=5))
    runner.step()
    first, second = placed[0], placed[1]
    plans.override(ws, admin, plan.plan_id, Override(first.placement_id, "approved", "fits well"))
    plans.override(ws, admin, plan.plan_id, Override(second.placement_id, "rejected", "fits less"))
    unit = ws.store.records.need("worker", first.worker_id).party or ""
    keys: dict[str, str] = {}
    actors: dict[str, Actor] = {}
    parties = {"origin_unit": unit, "employer": first.employer_id, "recruiter": "agency-1"}
    for role in ROLES:
        if role == "worker":
            link = rights.create_link(ws, SYSTEM, first.worker_id)
            session = accounts.redeem_link(ws, Redeem(link.link))
            keys[role] = session.token
        else:
            view = accounts.create_account(ws, SYSTEM, NewAccount(f"as-{role}", role, parties.get(role)))  # type: ignore[arg-type]
            keys[role] = issue(ws.store, view.account_id, "key", ws.seconds(), seconds=86_400 * 30)[1]
        actors[role] = authenticate(ws.store, keys[role], ws.seconds())
    shared = [SharedParty(party, ["profile"]) for party in (*parties.values(),)]
    agreements.put_sharing(ws, SYSTEM, "nz-rse", Sharing("nz-rse", shared))
    consent = rights.give_consent(
        ws, actors["origin_unit"], first.worker_id, NewConsent(first.employer_id, evidence="signed")
    )
    appeal = rights.appeal(ws, actors["origin_unit"], first.worker_id, NewAppeal("please look again"))
    hook = hooks.create_webhook(ws, admin, NewWebhook("https://example.org/hook", ["plan.ready", "placement.moved"]))
    with ws.acting():
        hooks.announce(ws, None, "plan.ready", {"plan_id": plan.plan_id})
    delivery = hooks.list_deliveries(ws, admin, hook.webhook_id, PageQuery()).items[0]
    key = accounts.create_key(ws, admin, NewKey("spare", 10))
    ws.store.close()
    return {
        "keys": keys,
        "ids": {
            "account_id": actors["analyst"].account_id,
            "appeal_id": appeal.appeal_id,
            "consent_id": consent.consent_id,
            "dataset_id": "default",
            "delivery_id": delivery.delivery_id,
            "employer_id": first.employer_id,
            "job_id": plan.job_id,
            "key_id": key.key.key_id,
            "partnership_id": "nz-rse",
            "placement_id": first.placement_id,
            "plan_id": plan.plan_id,
            "scenario_id": scenario.scenario_id,
            "vacancy_id": first.vacancy_id,
            "webhook_id": hook.webhook_id,
            "worker_id": first.worker_id,
        },
    }


def serve(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """A server whose limits of rate do not answer in place of the operations."""
    command = [sys.executable, "-m", "skillbridge", "serve", "--workspace", str(folder), "--port", str(port)]
    generous = {
        "SKILLBRIDGE_REQUESTS_PER_MINUTE": "100000000",
        "SKILLBRIDGE_GUESSES_PER_MINUTE": "100000000",
        "SKILLBRIDGE_LOGINS_PER_MINUTE": "1000000",
    }
    return subprocess.Popen([*command, "--jobs", "1"], env=os.environ | generous, stdout=subprocess.DEVNULL)


def with_ids(contract: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """The contract with identifiers that exist as the examples of its path parameters."""
    for methods in contract["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["example"] = ids[parameter["name"]]
    return contract


def run(role: str, told: dict[str, Any], folder: Path, given: argparse.Namespace) -> int:
    """The exit status of schemathesis as one role, on a fresh copy of the workspace."""
    from skillbridge.api.contract import document
    from skillbridge.api.routes import OPERATIONS

    copy = folder / f"as-{role}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "ws", copy)
    contract = folder / "openapi.json"
    contract.write_text(json.dumps(with_ids(document(OPERATIONS), told["ids"])))
    port = free_port()
    server = serve(copy, port)
    try:
        wait_up(port)
        command = [str(Path(sys.executable).with_name("schemathesis")), "run", str(contract)]
        command += ["--url", f"http://127.0.0.1:{port}", "--header", f"Authorization: Bearer {told['keys'][role]}"]
        command += ["--checks", "all", "--max-examples", str(given.examples), "--seed", str(given.seed), "--no-color"]
        command += ["--phases", given.phases, "--warnings", "off", "--continue-on-failure"]
        command += ["--request-timeout", "60"]  # the first rankings wait for their process to be ready
        if role == "worker":  # whose session would end itself and leave the rest of the run unauthenticated
            command += ["--exclude-operation-id", "log_out"]
        if given.only:
            command += ["--include-operation-id-regex", given.only]
        return subprocess.run(command, check=False).returncode
    finally:
        stop(server)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=40)
    parser.add_argument("--roles", default=",".join(ROLES), help="as which roles, by comma")
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    parser.add_argument("--only", default="", help="operations whose name fits this expression")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=400)
    parser.add_argument("--vacancies", type=int, default=40)
    parser.add_argument("--keep", type=Path, default=None, help="folder to keep the filled workspace in")
    given = parser.parse_args()
    base = given.keep or Path(tempfile.mkdtemp())
    base.mkdir(parents=True, exist_ok=True)
    note = base / "told.json"
    if not note.is_file():
        note.write_text(json.dumps(filled(base / "ws", given.workers, given.vacancies)))
    told = json.loads(note.read_text())
    failed = [role for role in given.roles.split(",") if run(role, told, base, given)]
    if failed:
        raise SystemExit(f"failures as {', '.join(failed)}")


if __name__ == "__main__":
    main()
