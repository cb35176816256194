"""Acts that rank: workers for a vacancy, vacancies for a worker, with the reasons for each score."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec.structs import replace

from skillbridge.access import Actor, check, parties, reach
from skillbridge.errors import BadInput, Refused
from skillbridge.store import Record
from skillbridge.workspace import Workspace, frames, read
from skillbridge.workspace.board import Columns, Conditions, Standing, board, ranker_of, understood
from skillbridge.workspace.catalog import labels_in
from skillbridge.workspace.people import WITHHELD, seen_score, spend
from skillbridge.workspace.views import Criterion, Match, Matches, WorkerBody

if TYPE_CHECKING:
    from skillbridge.matching.rank import Ranked, Ranking


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
    lang: Annotated[
        Literal["en", "fr", "es", "ar"], msgspec.Meta(description="language of evidence and labels", examples=["en"])
    ] = "en"


def workers_for(ws: Workspace, actor: Actor, vacancy_id: str, query: MatchQuery) -> Matches:
    """The best legal workers for a vacancy, pseudonymous, with the parts of each score; counts as rows read."""
    scope = check(actor, "matches.workers")
    vacancy = ws.store.records.get("vacancy", vacancy_id)
    if vacancy is None or (actor.role == "employer" and vacancy.party != actor.party):
        raise Refused("not_found", f"there is no vacancy {vacancy_id}")
    _check_published(ws, query)
    covered, hidden = parties(ws.store, actor, scope), frozenset[str]()
    if actor.role == "employer":
        covered = frozenset(_offering(ws, actor))
        where = {"employer_id": actor.party, "state": "rejected"}
        hidden = frozenset(ws.store.records.tally("placement", "worker_id", where))
    standing = board(ws).now()
    key = (vacancy_id, query, covered, hidden)
    changed = ws.store.records.changed_among("vacancy", [vacancy_id], standing.revisions["vacancy"])
    found = None if changed else standing.remembered.get(key)
    if found is None:
        found = _workers_for(ws, standing, vacancy, query, (covered, hidden), changed=bool(changed))
        if not changed:
            standing.remember(key, found)
    found = _unchanged(ws, standing, found, "worker")
    spend(ws, actor, len(found.items))
    return as_seen(actor, found)


def _workers_for(
    ws: Workspace,
    standing: Standing,
    vacancy: Record,
    query: MatchQuery,
    sight: tuple[frozenset[str] | None, frozenset[str]],
    *,
    changed: bool,
) -> Matches:
    """`sight`: the parties whose workers are seen (None: all), and workers who are not."""
    covered, hidden = sight
    row = standing.vacancy_row.get(vacancy.id)
    wanted: Conditions = {"status": lambda status: status == "ready"}
    if covered is not None:
        wanted["party"] = covered.__contains__
    if query.origin:
        wanted["origin"] = lambda origin: origin == query.origin
    if query.isco:
        wanted["isco"] = _begins(query.isco)
    among = standing.people_where(wanted, hidden)
    jobs = (
        understood(frames.of_records("vacancy", [vacancy])) if changed or row is None else standing.jobs.slice(row, 1)
    )
    if not len(Columns(jobs).rows(_offered(query))) or not len(among):
        return Matches([], 0, {}, {}, standing.moment.isoformat())
    if changed or row is None:
        ranker, row = ranker_of(ws, standing.people, jobs, standing.day, query.partnership), 0
    else:
        ranker = standing.ranker(ws, query.partnership)
    return told(standing.moment, ranker.workers_for(row, query.limit, among), len(among), query.lang)


def _offered(query: MatchQuery) -> Conditions:
    """That a vacancy is open and what the query asks."""
    wanted: Conditions = {"status": lambda status: status == "open"}
    if query.destination:
        wanted["destination"] = lambda destination: destination == query.destination
    if query.isco:
        wanted["isco"] = _begins(query.isco)
    return wanted


def _begins(isco: str) -> Callable[[str | None], bool]:
    return lambda code: code is not None and code.startswith(isco)


def _check_published(ws: Workspace, query: MatchQuery) -> None:
    where = {"partnership_id": query.partnership, "status": "published"}
    if query.partnership and not ws.store.records.count("partnership", where):
        raise BadInput("query.partnership", f"{query.partnership!r} is not published", "a published partnership")


def _unchanged(ws: Workspace, standing: Standing, found: Matches, kind: str) -> Matches:
    """Without the rows that have changed since: what they say now may forbid to show them."""
    ids = [getattr(item, f"{kind}_id") for item in found.items]
    gone = ws.store.records.changed_among(kind, ids, standing.revisions[kind])
    if not gone:
        return found
    return replace(found, items=[item for item in found.items if getattr(item, f"{kind}_id") not in gone])


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
    _check_published(ws, query)
    standing = board(ws).now()
    row = standing.worker_row.get(worker_id)
    among = standing.jobs_where(_offered(query))
    if not len(among):
        found = Matches([], 0, {}, {}, standing.moment.isoformat())
    elif row is None or ws.store.records.changed_among("worker", [worker_id], standing.revisions["worker"]):
        person = understood(frames.of_records("worker", [record]))
        ranker = ranker_of(ws, person, standing.jobs, standing.day, query.partnership)
        found = told(standing.moment, ranker.vacancies_for(0, query.limit, among), len(among), query.lang)
    else:
        ranker = standing.ranker(ws, query.partnership)
        found = told(standing.moment, ranker.vacancies_for(row, query.limit, among), len(among), query.lang)
    found = _unchanged(ws, standing, found, "vacancy")
    spend(ws, actor, len(found.items))
    return as_seen(actor, found)


def as_seen(actor: Actor, found: Matches) -> Matches:
    """The ranking as the role may see it, in the same order."""
    withheld = WITHHELD.get(actor.role)
    if withheld is None:
        return found
    items = [
        replace(
            item,
            score=seen_score(actor, item.score),
            breakdown=[line for line in item.breakdown if line.criterion not in withheld],
        )
        for item in found.items
    ]
    return replace(found, items=items)


def told(moment: datetime, found: "Ranking", considered: int, lang: str = "en") -> Matches:
    """A ranking as it is shown, of what stood at `moment`, in the words of a language."""
    items = [_match(pair, lang) for pair in found.items]
    labels = labels_in((part.evidence for item in items for part in item.breakdown), lang)
    return Matches(items, considered, dict(sorted(found.refused.items())), labels, moment.isoformat())


def _match(pair: "Ranked", lang: str) -> Match:
    parts = [Criterion(one.criterion, one.value, one.weight, one.words(lang)) for one in pair.contributions]
    return Match(pair.worker_id, pair.vacancy_id, pair.partnership, pair.start, pair.end, pair.score, parts)
