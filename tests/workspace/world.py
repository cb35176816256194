"""A small world for the tests of workspace and API: two sending units, two employers, an account of every role."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from skillbridge import access
from skillbridge.access import SYSTEM, Account, Actor
from skillbridge.model import Employer, Vacancy, Worker
from skillbridge.settings import Settings
from skillbridge.workspace import Workspace, accounts, agreements, demand, people, record, write
from skillbridge.workspace.views import (
    Dataset,
    Document,
    Draft,
    Identity,
    IdentityChange,
    NewAccount,
    NewWorker,
    PlacementBody,
    PlanBody,
    PlanRequest,
    SharedParty,
    Sharing,
)

AGREEMENT = """
id = "nz-test"
title = "A small scheme"
kind = "national_scheme"
owner = "destination"
destination = ["NZ"]
origins = ["WS", "TO"]
version = "1"
"""

PARTIES = {"origin_unit": "unit-ws", "employer": "employer-1", "recruiter": "agency-1"}
ROLES = tuple(role for role in access.ROLES if role != "worker")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class World:
    """The workspace and who is in it: `actors` by role, `rivals` the same roles of other parties, `keys` by role."""

    ws: Workspace
    clock: Clock
    actors: dict[str, Actor] = field(default_factory=dict)
    rivals: dict[str, Actor] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    rival_keys: dict[str, str] = field(default_factory=dict)


def worker(worker_id: str, **more: object) -> Worker:
    base: dict[str, object] = {
        "worker_id": worker_id, "origin": "WS", "occupation": "fruit picker", "isco": "9211", "birth_year": 1994,
        "sex": "f", "languages": {"en": "B1"}, "consent": True,
    }  # fmt: skip
    return Worker(**(base | more))  # type: ignore[arg-type]


def vacancy(vacancy_id: str, **more: object) -> Vacancy:
    base: dict[str, object] = {
        "vacancy_id": vacancy_id, "employer_id": "employer-1", "destination": "NZ", "positions": 2, "isco": "9211",
        "start": date(2026, 11, 1), "end": date(2027, 4, 30), "occupation": "fruit picker", "wage": 2500,
        "currency": "NZD",
    }  # fmt: skip
    return Vacancy(**(base | more))  # type: ignore[arg-type]


def open_account(world: World, name: str, role: str, party: str | None) -> tuple[Actor, str]:
    """An account of a role with a key."""
    view = accounts.create_account(world.ws, SYSTEM, NewAccount(name, role, party))  # type: ignore[arg-type]
    _, secret = access.issue(world.ws.store, view.account_id, "key", world.ws.seconds(), seconds=86_400 * 365)
    return access.authenticate(world.ws.store, secret, world.ws.seconds()), secret


def build(folder: Path, settings: Settings | None = None) -> World:
    """The world, in a new workspace folder."""
    clock = Clock()
    ws = Workspace(folder, settings or Settings(debug=True, secure_cookies=False, webhook_private=True), clock)
    world = World(ws, clock)
    record.put_dataset(ws, SYSTEM, "default", Dataset("default", "seasonal work", "GDPR 6(1)(e)", "Ministry", 2190))
    for role in ROLES:
        world.actors[role], world.keys[role] = open_account(world, role, role, PARTIES.get(role))
        rival = PARTIES.get(role, "elsewhere-1").replace("-1", "-2").replace("-ws", "-to")
        world.rivals[role], world.rival_keys[role] = open_account(world, f"{role}-2", role, rival)
    unit, other = world.actors["origin_unit"], world.rivals["origin_unit"]
    for number in (1, 2, 3):
        people.create_worker(ws, unit, NewWorker(worker(f"w-{number}")))
    people.create_worker(ws, other, NewWorker(worker("w-to", origin="TO")))
    passport = Document("passport", "WS", "AB 123456")
    people.put_identity(ws, unit, "w-1", IdentityChange(Identity("Mere Tuilagi", phone="+685 700"), passport))
    for employer in ("employer-1", "employer-2"):
        demand.create_employer(ws, SYSTEM, Employer(employer, f"{employer} ltd", "NZ"))
    demand.create_vacancy(ws, SYSTEM, vacancy("v-1"))
    demand.create_vacancy(ws, SYSTEM, vacancy("v-2", employer_id="employer-2"))
    agreements.put_draft(ws, world.actors["ministry_admin"], "nz-test", Draft(AGREEMENT))
    agreements.publish(ws, world.actors["ministry_officer"], "nz-test", version=None)
    parties = [
        SharedParty("unit-ws", ["aggregate"]),
        SharedParty("agency-1", ["profile"]),
        SharedParty("employer-1", ["profile"]),
    ]
    agreements.put_sharing(ws, SYSTEM, "nz-test", Sharing("nz-test", parties))
    propose(world, "plan-1", {"w-1": "v-1", "w-2": "v-1", "w-to": "v-2"})
    for worker_id in ("w-1", "w-to"):
        account = Account(f"account-{worker_id}", "worker", "unit-ws", worker_id=worker_id)
        ws.store.records.create("account", f"account-{worker_id}", write(account), "unit-ws", clock())
        _, secret = access.issue(ws.store, f"account-{worker_id}", "session", ws.seconds(), seconds=86_400 * 365)
        actor = access.authenticate(ws.store, secret, ws.seconds())
        where = (world.actors, world.keys) if worker_id == "w-1" else (world.rivals, world.rival_keys)
        where[0]["worker"], where[1]["worker"] = actor, secret
    return world


def propose(world: World, plan_id: str, pairs: dict[str, str]) -> None:
    """A proposal as a worker process leaves it, without a solver."""
    ws, admin = world.ws, world.actors["ministry_admin"]
    with ws.acting():
        body = PlanBody(
            PlanRequest(["nz-test"], "test"), "proposal", "job-1", admin.account_id, summary={"status": "optimal"}
        )
        ws.store.records.create("plan", plan_id, write(body), None, ws.now())
        for number, (worker_id, vacancy_id) in enumerate(pairs.items(), 1):
            employer = "employer-1" if vacancy_id == "v-1" else "employer-2"
            party = ws.store.records.need("worker", worker_id).party
            placement = PlacementBody(
                plan_id,
                worker_id,
                vacancy_id,
                employer,
                "nz-test",
                date(2026, 11, 1),
                date(2027, 4, 30),
                700,
                worker_party=party,
            )
            ws.store.records.create("placement", f"{plan_id}.{number}", write(placement), party, ws.now())
        ws.note(admin, "plans.ready", plan_id)
