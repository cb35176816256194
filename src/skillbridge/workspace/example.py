"""A workspace to look around in: two bundled agreements, invented people and jobs, an account of every role."""

import secrets
from datetime import date

import msgspec

from skillbridge import access
from skillbridge.access import SYSTEM, Actor
from skillbridge.errors import BadInput
from skillbridge.model import Employer
from skillbridge.workspace import Workspace, accounts, agreements, demand, frames, people, plans, record
from skillbridge.workspace.views import Dataset, Draft, NewAccount, NewWorker, PlanRequest, SharedParty, Sharing

AGREEMENTS = ("nz-rse", "gb-seasonal")
WORKERS, YEAR = 600, 2026


class Entrance(msgspec.Struct, frozen=True):
    """Who may sign in: `password` is stored only as a hash."""

    name: str
    role: str
    party: str | None
    password: str


def fill(ws: Workspace) -> list[Entrance]:
    """Fill an empty workspace and queue its first plan; the accounts with their passwords, shown only now.

    People and jobs are invented, from seed 1, and called synthetic in the dataset and in every plan. Raises `BadInput`
    where the workspace holds accounts already.
    """
    from skillbridge import synth
    from skillbridge.partnerships.partnership import dump, load

    if ws.store.records.count("account"):
        raise BadInput(str(ws.folder), "has accounts already", "a new workspace for the example")
    record.put_dataset(
        ws, SYSTEM, "default", Dataset("default", "to look around", "none needed: invented people", "nobody", 365, True)
    )
    vacancies = synth.vacancies(WORKERS // 12, 1, list(AGREEMENTS), year=YEAR)
    workers = [row for part in synth.workers(WORKERS, 1, list(AGREEMENTS), year=YEAR, vacancies=vacancies)
               for row in part.iter_rows(named=True)]  # fmt: skip
    units = sorted({f"unit-{row['origin'].lower()}" for row in workers})
    first = vacancies.row(0, named=True)["employer_id"]
    entrances = []
    actors: dict[str, Actor] = {}
    parties = {"origin_unit": units[0], "employer": first, "recruiter": "agency-1"}
    for role in access.ROLES:
        if role != "worker":
            entrances.append(Entrance(role.replace("_", "-"), role, parties.get(role), secrets.token_urlsafe(12)))
            actors[role] = _account(ws, entrances[-1])
    for name in AGREEMENTS:
        agreements.put_draft(ws, actors["ministry_admin"], name, Draft(dump(load(name))))
        agreements.publish(ws, actors["ministry_officer"], name, version=None)
        shared = [SharedParty(unit, ["aggregate"]) for unit in units]
        shared += [SharedParty(party, ["profile"]) for party in ("agency-1", first)]
        agreements.put_sharing(ws, SYSTEM, name, Sharing(name, shared))
    employers = vacancies.unique("employer_id", keep="first", maintain_order=True)
    for row in employers.iter_rows(named=True):
        demand.create_employer(ws, SYSTEM, Employer(row["employer_id"], row["employer"] or "", row["destination"]))
    for row in vacancies.iter_rows(named=True):
        demand.create_vacancy(ws, SYSTEM, frames.vacancy_of(row))
    for row in workers:
        people.create_worker(ws, SYSTEM, NewWorker(frames.worker_of(row), f"unit-{row['origin'].lower()}"))
    request = PlanRequest(list(AGREEMENTS), f"season {YEAR}", seed=1, as_of=date(YEAR - 1, 1, 1))
    plans.start_plan(ws, actors["ministry_officer"], request)
    return entrances


def _account(ws: Workspace, entrance: Entrance) -> Actor:
    body = msgspec.convert(msgspec.structs.asdict(entrance), NewAccount)
    account = accounts.create_account(ws, SYSTEM, body)
    _, secret = access.issue(ws.store, account.account_id, "session", ws.seconds(), seconds=600)
    return access.authenticate(ws.store, secret, ws.seconds())
