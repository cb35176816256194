"""Acts on employers and vacancies."""

from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from skillbridge.access import Actor, check, parties, reach
from skillbridge.errors import BadInput, Refused
from skillbridge.journey import FINAL, SHOWN_TO_EMPLOYER
from skillbridge.model import Employer, Vacancy
from skillbridge.store import Compare, Record
from skillbridge.workspace import PageQuery, Workspace, after, check_id, following, read, write
from skillbridge.workspace.frames import check_row
from skillbridge.workspace.views import Employers, EmployerView, Vacancies, VacancyBody, VacancyChange, VacancyView

ENDED = FINAL | {"rejected"}
HOLDING_A_PLACE = SHOWN_TO_EMPLOYER - ENDED


class EmployersQuery(PageQuery, frozen=True):
    """Which employers."""

    destination: Annotated[str, msgspec.Meta(description="country", examples=["NZ"], pattern="^[A-Z]{2}$")] | None = (
        None
    )


def list_employers(ws: Workspace, actor: Actor, query: EmployersQuery) -> Employers:
    """Employers in order of entry."""
    where = _where(ws, actor, "employers.read", "employer_id")
    if query.destination:
        where["destination"] = query.destination
    records = ws.store.records.page("employer", where, after=after(query), limit=query.limit + 1)
    cursor = following(records, query.limit)
    return Employers([view_employer(record) for record in records], next=cursor)


def read_employer(ws: Workspace, actor: Actor, employer_id: str) -> EmployerView:
    """One employer."""
    return view_employer(_reach_demand(ws, actor, "employers.read", "employer", employer_id))


def create_employer(ws: Workspace, actor: Actor, body: Employer) -> EmployerView:
    """Enter an employer; its party is its own id."""
    check(actor, "employers.write")
    if actor.role == "employer" and body.employer_id != actor.party:
        raise BadInput("$.employer_id", f"{body.employer_id!r}", f"{actor.party!r}, your own")
    if actor.role == "employer" and body.suspended:
        raise Refused("forbidden", "suspension is a ministry's decision")
    check_id("$.employer_id", body.employer_id)
    with ws.acting():
        record = ws.store.records.create("employer", body.employer_id, write(body), body.employer_id, ws.now())
        ws.note(actor, "employers.write", record.id, after=record)
    return view_employer(record)


def update_employer(
    ws: Workspace, actor: Actor, employer_id: str, body: Employer, *, version: int | None
) -> EmployerView:
    """Change an employer; only a ministry suspends or lifts a suspension."""
    with ws.acting():
        before = _reach_demand(ws, actor, "employers.write", "employer", employer_id)
        if body.employer_id != employer_id:
            raise BadInput("$.employer_id", f"{body.employer_id!r}", f"{employer_id!r}, as in the path")
        if actor.role == "employer" and read(before, Employer).suspended != body.suspended:
            raise Refused("forbidden", "suspension is a ministry's decision")
        record = ws.store.records.replace("employer", employer_id, write(body), ws.now(), version)
        ws.note(actor, "employers.write", employer_id, before=before, after=record)
    return view_employer(record)


def view_employer(record: Record) -> EmployerView:
    """An employer with its version."""
    return EmployerView(record.version, read(record, Employer))


class VacanciesQuery(PageQuery, frozen=True):
    """Which vacancies."""

    employer_id: (
        Annotated[str, msgspec.Meta(description="employer", examples=["employer-17"], max_length=64)] | None
    ) = None
    destination: Annotated[str, msgspec.Meta(description="country", examples=["NZ"], pattern="^[A-Z]{2}$")] | None = (
        None
    )
    isco: (
        Annotated[
            str,
            msgspec.Meta(description="ISCO-08 code or the start of one", examples=["92"], pattern="^[0-9]{1,4}$"),
        ]
        | None
    ) = None
    status: (
        Annotated[
            str,
            msgspec.Meta(description="open, paused, filled or withdrawn", examples=["open"], pattern="^[a-z]{1,12}$"),
        ]
        | None
    ) = None
    start_from: Annotated[
        date | None, msgspec.Meta(description="first day at the earliest", examples=["2026-09-01"])
    ] = None


def list_vacancies(ws: Workspace, actor: Actor, query: VacanciesQuery) -> Vacancies:
    """Vacancies in order of entry."""
    where = _where(ws, actor, "vacancies.read", "vacancy_id")
    for name in ("employer_id", "destination", "status"):
        if value := getattr(query, name):
            where[name] = value
    if query.isco:
        where["isco"] = Compare("GLOB", f"{query.isco}*")
    if query.start_from:
        where["start"] = Compare(">=", query.start_from.isoformat())
    records = ws.store.records.page("vacancy", where, after=after(query), limit=query.limit + 1)
    cursor = following(records, query.limit)
    placed = held_places(ws, [record.id for record in records])
    return Vacancies([view_vacancy(actor, record, placed.get(record.id, 0)) for record in records], next=cursor)


def held_places(ws: Workspace, vacancy_ids: list[str]) -> dict[str, int]:
    """Heads placed and not ended, per vacancy that has any."""

    def counted(ids: list[str]) -> dict[str, int]:
        return ws.store.records.tally("placement", "vacancy_id", {"vacancy_id": ids, "state": HOLDING_A_PLACE})

    kept = ws.kept("placement")
    if kept is None:
        return counted(vacancy_ids)
    if lacking := [one for one in vacancy_ids if ("held", one) not in kept]:
        found = counted(lacking)
        kept.update({("held", one): found.get(one, 0) for one in lacking})
    return {one: heads for one in vacancy_ids if (heads := kept["held", one])}


def read_vacancy(ws: Workspace, actor: Actor, vacancy_id: str) -> VacancyView:
    """One vacancy."""
    record = _reach_demand(ws, actor, "vacancies.read", "vacancy", vacancy_id)
    return view_vacancy(actor, record, held_places(ws, [vacancy_id]).get(vacancy_id, 0))


def create_vacancy(ws: Workspace, actor: Actor, body: Vacancy) -> VacancyView:
    """Post a vacancy of an employer that is known and not suspended."""
    check(actor, "vacancies.write")
    with ws.acting():
        employer = _employer(ws, actor, body)
        check_id("$.vacancy_id", body.vacancy_id)
        check_dates(body)
        check_row(body)
        body = applied(ws, actor, body)
        record = ws.store.records.create("vacancy", body.vacancy_id, write(VacancyBody(body)), employer.party, ws.now())
        ws.note(actor, "vacancies.write", record.id, after=record)
    return view_vacancy(actor, record, 0)


def update_vacancy(
    ws: Workspace, actor: Actor, vacancy_id: str, body: VacancyChange, *, version: int | None
) -> VacancyView:
    """Change a vacancy; its employer stays, and positions do not fall below the heads that hold a place."""
    with ws.acting():
        before = _reach_demand(ws, actor, "vacancies.write", "vacancy", vacancy_id)
        if body.vacancy.vacancy_id != vacancy_id:
            raise BadInput("$.vacancy.vacancy_id", f"{body.vacancy.vacancy_id!r}", f"{vacancy_id!r}, as in the path")
        stored, placed = read(before, VacancyBody), held_places(ws, [vacancy_id]).get(vacancy_id, 0)
        if body.vacancy.employer_id != stored.vacancy.employer_id:
            raise BadInput("$.vacancy.employer_id", f"{body.vacancy.employer_id!r}", "the employer that posted it")
        if actor.role == "employer":
            _employer(ws, actor, stored.vacancy)
        check_dates(body.vacancy, "$.vacancy")
        check_row(body.vacancy, "$.vacancy")
        if body.vacancy.positions < placed:
            raise Refused("conflict", f"{placed} heads hold a place: positions cannot be {body.vacancy.positions}")
        mine = applied(ws, actor, body.vacancy, stored.vacancy.applied_on, "$.vacancy")
        changed = replace(stored, vacancy=mine, status=body.status)
        record = ws.store.records.replace("vacancy", vacancy_id, write(changed), ws.now(), version)
        ws.note(actor, "vacancies.write", vacancy_id, before=before, after=record)
    return view_vacancy(actor, record, placed)


def applied(ws: Workspace, actor: Actor, vacancy: Vacancy, known: date | None = None, where: str = "$") -> Vacancy:
    """The vacancy with the day it was applied for: as `known`, else today; only a ministry enters another day."""
    day = known or ws.now().date()
    if vacancy.applied_on is None:
        return replace(vacancy, applied_on=day)
    if actor.role == "employer" and vacancy.applied_on != day:
        raise BadInput(f"{where}.applied_on", vacancy.applied_on.isoformat(), f"nothing, or {day.isoformat()}")
    return vacancy


def check_dates(vacancy: Vacancy, where: str = "$") -> None:
    """Refuse a vacancy that ends before it starts."""
    if vacancy.end < vacancy.start:
        raise BadInput(f"{where}.end", vacancy.end.isoformat(), f"on or after the start, {vacancy.start.isoformat()}")


NAMES_SHOWN = frozenset({"ministry_admin", "ministry_officer", "origin_unit", "employer", "auditor"})
"""Roles that see whom an employer asked for by name; employers see vacancies of their own only."""


def view_vacancy(actor: Actor, record: Record, placed: int) -> VacancyView:
    """A vacancy and how it stands; whom it asks for by name is no business of analysts, recruiters and workers."""
    body = read(record, VacancyBody)
    vacancy = body.vacancy if actor.role in NAMES_SHOWN else replace(body.vacancy, named_workers=())
    return VacancyView(record.version, body.status, vacancy, placed)


def _employer(ws: Workspace, actor: Actor, vacancy: Vacancy) -> Record:
    if actor.role == "employer" and vacancy.employer_id != actor.party:
        raise BadInput("$.employer_id", f"{vacancy.employer_id!r}", f"{actor.party!r}, your own")
    record = ws.store.records.get("employer", vacancy.employer_id)
    if record is None:
        raise BadInput("$.employer_id", f"there is no employer {vacancy.employer_id!r}", "an employer entered before")
    if read(record, Employer).suspended:
        raise Refused("employer_suspended", "a suspended employer posts and changes no vacancies")
    return record


def _where(ws: Workspace, actor: Actor, act: str, column: str) -> dict[str, Any]:
    scope = check(actor, act)
    if scope == "placed":
        where = {"worker_id": actor.worker_id, "state": SHOWN_TO_EMPLOYER}
        return {"id": set(ws.store.records.tally("placement", column, where))}
    if scope == "party":
        return {"party": actor.party}
    return {}


def _reach_demand(ws: Workspace, actor: Actor, act: str, kind: str, record_id: str) -> Record:
    """The row; demand is no personal data, so `shared` reaches all of it."""
    scope = check(actor, act)
    if scope == "shared":
        return ws.store.records.need(kind, record_id)
    return reach(ws.store, actor, act, kind, record_id)


def visible_parties(ws: Workspace, actor: Actor, act: str) -> frozenset[str] | None:
    """Parties whose rows the act reaches; None: all."""
    return parties(ws.store, actor, check(actor, act))
