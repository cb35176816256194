"""Acts after a season: what it added to the profile, its certificate, vacancies at home, the ledger of returns."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
from msgspec.structs import replace

from skillbridge import tables
from skillbridge.access import Actor, reach
from skillbridge.circularity import EVENTS, PLACEMENTS, replay
from skillbridge.credential import Season, Skill, certificate, did_of, load_key, sign
from skillbridge.errors import BadInput, Refused
from skillbridge.indicators.stays import Stays, stays_of
from skillbridge.model import PastSeason, Vacancy, Worker
from skillbridge.store import Record
from skillbridge.workspace import Workspace, frames, read, write
from skillbridge.workspace.board import understood
from skillbridge.workspace.catalog import label_of, taxonomy
from skillbridge.workspace.matches import MatchQuery, as_seen, told
from skillbridge.workspace.people import spend
from skillbridge.workspace.views import (
    Certificate,
    EventBody,
    Matches,
    PlacementBody,
    SeasonView,
    SkillEvidence,
    VacancyBody,
    WorkerBody,
    WorkerSeasons,
)

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

MONTH = 30.4375
"""Days of a month of experience."""
_WORK_ENDS = ("season_ended", "ended_early", "changed_employer")
INSURED = "social_security"
"""The fact of a vacancy that says whether its work counts for social security: yes or no."""


def season_of(ws: Workspace, placement: Record) -> Season:
    """The worked season of a placement. Raises `Refused` conflict while work has not begun or not ended."""
    body = read(placement, PlacementBody)
    steps = [read(record, EventBody) for record in ws.store.records.page("event", {"placement_id": placement.id})]
    began = next((step.on for step in steps if step.to == "working"), None)
    ended = next((step for step in steps if step.to in _WORK_ENDS), None)
    if began is None or ended is None:
        raise Refused("conflict", f"the season of this placement has not ended: it is {body.state}")
    vacancy = _vacancy(ws, body.vacancy_id)
    worker = ws.store.records.get("worker", body.worker_id)
    stored = read(worker, WorkerBody) if worker else WorkerBody(None)
    origin = stored.profile.origin if stored.profile else (stored.statistics or {}).get("origin", "")
    completed = ended.to == "season_ended"
    told = {uri: Skill(uri, label_of(uri), "confirmed", step.role, step.on) for step in steps for uri in step.skills}
    asked = vacancy.skills if vacancy and completed else ()
    skills = [Skill(uri, label_of(uri), "job") for uri in asked if uri not in told]
    return Season(
        placement.id, body.worker_id, body.partnership, vacancy.occupation if vacancy else "",
        vacancy.isco if vacancy else None, origin, vacancy.destination if vacancy else "", began, max(began, ended.on),
        completed, (*told.values(), *skills),
    )  # fmt: skip


def _vacancy(ws: Workspace, vacancy_id: str) -> Vacancy | None:
    record = ws.store.records.get("vacancy", vacancy_id)
    return read(record, VacancyBody).vacancy if record else None


def bring_home(ws: Workspace, placement: Record) -> None:
    """Let what a season gave enter the profile, within the caller's transaction: done when a person is back.

    The stay becomes a past season with its exact days, the skills of the season are added, and its months count as
    experience where the work was the worker's own (ISCO unit group or title; an assumption). Once only.
    """
    body = read(placement, PlacementBody)
    record = ws.store.records.get("worker", body.worker_id)
    stored = read(record, WorkerBody) if record else None
    if record is None or stored is None or stored.profile is None:
        return
    try:
        season = season_of(ws, placement)
    except Refused:
        return  # came home without having worked
    profile = gained(stored.profile, season, stay_of(ws, placement, season))
    if profile != stored.profile:
        ws.store.records.replace("worker", record.id, write(replace(stored, profile=profile)), ws.now())


def stay_of(ws: Workspace, placement: Record, season: Season) -> PastSeason:
    """The season as a past stay: from arrival to return, as events say."""
    body = read(placement, PlacementBody)
    days = {
        step.to: step.on
        for step in (
            read(record, EventBody) for record in ws.store.records.page("event", {"placement_id": placement.id})
        )
    }
    start = min(days.get("arrived", season.start), season.start)
    end = max(days.get("returned", season.end), season.end)
    return PastSeason(body.employer_id, start.year, start, end, season.destination or None, body.partnership)


def gained(profile: Worker, season: Season, stay: PastSeason) -> Worker:
    """The profile after a season; the same profile where it is in it already."""
    known = {(one.employer_id, one.start) for one in profile.past}
    fresh = (stay.employer_id, stay.start) not in known
    own = (season.isco is not None and season.isco == profile.isco) or (
        bool(season.occupation) and season.occupation.casefold() == profile.occupation.casefold()
    )
    skills = tuple(one.uri for one in season.skills if one.uri not in profile.skills)
    return replace(
        profile,
        past=(*profile.past, stay) if fresh else profile.past,
        skills=(*profile.skills, *skills),
        experience_months=min(960, profile.experience_months + (int(season.days / MONTH) if fresh and own else 0)),
    )


def check_skills(to: str, skills: Sequence[str]) -> None:
    """Skills are told when work ends or the person is back; raises `BadInput`."""
    if skills and to not in {*_WORK_ENDS, "returned", "reintegrated"}:
        raise BadInput(
            "$.skills", f"with a step to {to}", "none: skills are confirmed when work ends or after the return"
        )


def seasons_of(ws: Workspace, actor: Actor, worker_id: str) -> WorkerSeasons:
    """A worker's worked seasons with the skills of each and on whose word."""
    reach(ws.store, actor, "workers.export", "worker", worker_id)
    found = []
    for record in ws.store.records.page("placement", {"worker_id": worker_id}):
        try:
            season = season_of(ws, record)
        except Refused:
            continue
        skills = [SkillEvidence(one.uri, one.label, one.basis, one.by or None, one.on) for one in season.skills]
        state = read(record, PlacementBody).state
        found.append(
            SeasonView(
                record.id,
                season.partnership,
                season.destination,
                season.occupation,
                season.start,
                season.end,
                int(season.days / MONTH),
                season.completed,
                state,
                skills,
            )
        )
    return WorkerSeasons(found)


def certify(ws: Workspace, actor: Actor, placement_id: str) -> Certificate:
    """The certificate of a placement's season, signed where the workspace has a seal; on the record."""
    from skillbridge.workspace.placements import reach_placement

    with ws.acting():
        season = season_of(ws, reach_placement(ws, actor, "workers.export", placement_id))
        made = sealed(ws, season)
        ws.note(actor, "placements.certificate", placement_id)
    return made


def sealed(ws: Workspace, season: Season) -> Certificate:
    """The credential of a season by this workspace."""
    name, now = ws.settings.issuer, ws.now()
    if not ws.settings.seal_file:
        return Certificate(
            signed=False,
            issuer="urn:skillbridge:unsigned",
            credential=certificate(season, "urn:skillbridge:unsigned", name, now),
        )
    path = Path(ws.settings.seal_file)
    if not path.is_file():
        raise BadInput("seal_file", "no such file", "the key that journey key makes")
    key = load_key(path.read_bytes(), "seal_file")
    did = did_of(key)
    return Certificate(signed=True, issuer=did, credential=sign(certificate(season, did, name, now), key, now))


def home_vacancies(ws: Workspace, actor: Actor, worker_id: str, query: MatchQuery) -> Matches:
    """Open vacancies in the worker's own country, ranked for the profile as the seasons have left it.

    No agreement is needed to work at home: only the protections that hold everywhere are asked.
    """
    from skillbridge.matching.rank import Ranker
    from skillbridge.matching.yardstick import yardstick

    record = reach(ws.store, actor, "matches.vacancies", "worker", worker_id)
    profile = read(record, WorkerBody).profile
    if profile is None:
        raise Refused("erased", "this person's data was erased")
    where = {"destination": profile.origin, "status": "open"}
    jobs = understood(frames.of_records("vacancy", ws.store.records.page("vacancy", where)))
    if query.isco:
        jobs = jobs.filter(pl.col("isco").str.starts_with(query.isco).fill_null(value=False))
    now = ws.now()
    if not jobs.height:
        return Matches([], 0, {}, {}, now.isoformat())
    person = understood(frames.of_records("worker", [record]))
    ranker = Ranker.of(
        person.select(tables.WORKERS.keys()),
        tables.applied_by(jobs.select(tables.VACANCIES.keys()), now.date()),
        [at_home(profile.origin)],
        yardstick(taxonomy()),
    )
    found = told(now, ranker.vacancies_for(0, query.limit), jobs.height)
    spend(ws, actor, len(found.items))
    return as_seen(actor, found)


def at_home(country: str) -> "Partnership":
    """Work in one's own country, as a pathway with nothing but the protections that hold everywhere."""
    from skillbridge.partnerships.partnership import Partnership

    return Partnership(
        id="home", title="Work at home", kind="national_scheme", owner="origin", destination=(country,),
        origins=(country,), version="1",
    )  # fmt: skip


def journeys(ws: Workspace) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(circularity.PLACEMENTS, circularity.EVENTS) of everything stored, by pseudonym, in order of creation."""
    jobs: dict[str, Vacancy] = {
        record.id: read(record, VacancyBody).vacancy for record in ws.store.records.page("vacancy")
    }
    origins: dict[str, Any] = {}
    for record in ws.store.records.page("worker"):
        stored = read(record, WorkerBody)
        origins[record.id] = stored.profile.origin if stored.profile else (stored.statistics or {}).get("origin")
    rows = []
    for record in ws.store.records.page("placement"):
        body = read(record, PlacementBody)
        job = jobs.get(body.vacancy_id)
        said = job.facts.get(INSURED, "").strip().lower() if job else ""
        rows.append(
            msgspec.to_builtins(body, builtin_types=(date,))
            | {
                "placement_id": record.id,
                "origin": origins.get(body.worker_id),
                "destination": job.destination if job else None,
                "insured": {"yes": True, "true": True, "no": False, "false": False}.get(said),
            }
        )
    steps = [
        {"placement_id": body.placement_id, "to": body.to, "on": body.on, "role": body.role}
        for body in (read(record, EventBody) for record in ws.store.records.page("event"))
    ]
    return frames.frame_of(rows, PLACEMENTS), frames.frame_of(steps, EVENTS)


def stays(ws: Workspace, as_of: date) -> Stays:
    """What the journeys tell up to a day, with the dimensions of workers and vacancies: for indicators."""
    found = replay(*journeys(ws), as_of)
    return stays_of(found.placements, found.steps, frames.workers(ws), frames.vacancies(ws), as_of)


def check_day(ws: Workspace, placement: Record, on: date) -> None:
    """A step happens by tomorrow (it is tomorrow somewhere), and not before the step before it; raises `BadInput`."""
    today = ws.now().date()
    if on > today + timedelta(days=1):
        raise BadInput("$.on", f"{on}, in the future", f"a day up to {today}")
    last = ws.store.records.page("event", {"placement_id": placement.id}, limit=1, newest=True)
    before = read(last[0], EventBody).on if last else None
    if before is not None and on < before:
        raise BadInput("$.on", f"{on}, before the step to {read(last[0], EventBody).to}", f"{before} or later")
