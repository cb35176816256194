"""Acts that rank: workers for a vacancy, vacancies for a worker, with the reasons for each score."""

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import msgspec
import polars as pl

from skillbridge import tables
from skillbridge.access import Actor, check, parties, reach
from skillbridge.errors import BadInput, Refused
from skillbridge.workspace import Workspace, frames, read
from skillbridge.workspace.agreements import every_published
from skillbridge.workspace.catalog import taxonomy
from skillbridge.workspace.people import spend
from skillbridge.workspace.views import Criterion, Match, Matches, WorkerBody

if TYPE_CHECKING:
    from skillbridge.matching.rank import Ranked

_LOCK = threading.Lock()


class MatchQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filters that compose with the ranking, and how many to give."""

    limit: Annotated[int, msgspec.Meta(description="pairs at most", examples=[20], ge=1, le=100)] = 20
    partnership: (
        Annotated[
            str, msgspec.Meta(description="only by this pathway", examples=["nz-rse"], pattern="^[a-z0-9-]{1,64}$")
        ]
        | None
    ) = None
    origin: (
        Annotated[
            str, msgspec.Meta(description="only workers from this country", examples=["WS"], pattern="^[A-Z]{2}$")
        ]
        | None
    ) = None
    destination: (
        Annotated[
            str, msgspec.Meta(description="only vacancies in this country", examples=["NZ"], pattern="^[A-Z]{2}$")
        ]
        | None
    ) = None
    isco: (
        Annotated[
            str,
            msgspec.Meta(description="only this ISCO-08 code or start of one", examples=["92"], pattern="^[0-9]{1,4}$"),
        ]
        | None
    ) = None


def workers_for(ws: Workspace, actor: Actor, vacancy_id: str, query: MatchQuery) -> Matches:
    """The best legal workers for a vacancy, pseudonymous, with the parts of each score; counts as rows read."""
    scope = check(actor, "matches.workers")
    vacancy = ws.store.records.get("vacancy", vacancy_id)
    if vacancy is None or (actor.role == "employer" and vacancy.party != actor.party):
        raise Refused("not_found", f"there is no vacancy {vacancy_id}")
    people = _people(ws, query)
    if actor.role != "employer" and (covered := parties(ws.store, actor, scope)) is not None:
        people = people.filter(pl.col("party").is_in(sorted(covered)))
    elif actor.role == "employer":
        rejected = ws.store.records.tally("placement", "worker_id", {"employer_id": actor.party, "state": "rejected"})
        people = people.filter(pl.col("party").is_in(_offering(ws, actor)) & ~pl.col("worker_id").is_in(list(rejected)))
    jobs = _jobs(ws).filter(pl.col("vacancy_id") == vacancy_id)
    found = _rank(ws, people, jobs, query)
    spend(ws, actor, len(found.items))
    return found


def _offering(ws: Workspace, actor: Actor) -> list[str]:
    """Sending units that take part in a partnership with this employer or its country's published partnerships."""
    own: set[str] = set()
    for record in ws.store.records.page("sharing"):
        listed = msgspec.json.decode(record.body)["parties"]
        if any(entry["party"] == actor.party and "profile" in entry["sees"] for entry in listed):
            own.update(entry["party"] for entry in listed)
    return sorted(own)


def vacancies_for(ws: Workspace, actor: Actor, worker_id: str, query: MatchQuery) -> Matches:
    """The best legal vacancies for a worker, with the parts of each score."""
    record = reach(ws.store, actor, "matches.vacancies", "worker", worker_id)
    if read(record, WorkerBody).profile is None:
        raise Refused("erased", "this person's data was erased")
    people = frames.workers(ws).filter(pl.col("worker_id") == worker_id)
    found = _rank(ws, people, _jobs(ws), query)
    spend(ws, actor, len(found.items))
    return found


@lru_cache(maxsize=2)
def _cached(folder: str, kind: str, revision: int, ws: Workspace) -> pl.DataFrame:
    del folder, revision
    return frames.workers(ws) if kind == "worker" else frames.vacancies(ws)


def _frame(ws: Workspace, kind: str) -> pl.DataFrame:
    with _LOCK:
        return _cached(str(ws.folder), kind, ws.store.records.revision(kind), ws)


def _people(ws: Workspace, query: MatchQuery) -> pl.DataFrame:
    people = _frame(ws, "worker").filter(pl.col("status") == "ready")
    if query.origin:
        people = people.filter(pl.col("origin") == query.origin)
    if query.isco:
        people = people.filter(pl.col("isco").str.starts_with(query.isco))
    return people


def _jobs(ws: Workspace) -> pl.DataFrame:
    return _frame(ws, "vacancy").filter(pl.col("status") == "open")


def _rank(ws: Workspace, people: pl.DataFrame, jobs: pl.DataFrame, query: MatchQuery) -> Matches:
    """Legal pairs of one person with these jobs, or one job with these people, best first."""
    from skillbridge.matching.rank import rank_vacancies, rank_workers
    from skillbridge.matching.yardstick import yardstick
    from skillbridge.pipeline import understand

    agreements = every_published(ws)
    if query.partnership:
        pathways = [one for one in agreements if one.id == query.partnership or one.is_overlay]
        if all(one.id != query.partnership for one in pathways):
            raise BadInput("query.partnership", f"{query.partnership!r} is not published", "a published partnership")
        agreements = pathways
    if query.destination:
        jobs = jobs.filter(pl.col("destination") == query.destination)
    if query.isco:
        jobs = jobs.filter(pl.col("isco").str.starts_with(query.isco))
    considered = people.height * jobs.height
    if not considered or not agreements:
        return Matches([], considered, {})
    people = understand(people.select(tables.WORKERS.keys()).sort("worker_id"), taxonomy())
    jobs = understand(jobs.select(tables.VACANCIES.keys()).sort("vacancy_id"), taxonomy())
    jobs = tables.applied_by(jobs, ws.now().date())
    measure = yardstick(taxonomy())
    if people.height == 1:
        found = rank_vacancies(people, jobs, agreements, measure, limit=query.limit)
    else:
        found = rank_workers(jobs, people, agreements, measure, limit=query.limit)
    return Matches([_match(pair) for pair in found.items], considered, dict(sorted(found.refused.items())))


def _match(pair: "Ranked") -> Match:
    parts = [Criterion(one.criterion, one.value, one.weight, one.evidence) for one in pair.contributions]
    return Match(pair.worker_id, pair.vacancy_id, pair.partnership, pair.start, pair.end, pair.score, parts)
