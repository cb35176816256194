"""Pages that rank: workers for a vacancy, vacancies for a worker, each with what its score is made of."""

from collections.abc import Callable

from skillbridge.console.forms import query
from skillbridge.console.site import HOME, Answer, Shown, Visit
from skillbridge.workspace import matches
from skillbridge.workspace import views as v


def workers(visit: Visit) -> Answer:
    """The best legal workers for a vacancy."""
    return _ranking(visit, matches.workers_for, ("partnership", "origin", "isco"), of_workers=True)


def vacancies(visit: Visit) -> Answer:
    """The best legal vacancies for a worker."""
    return _ranking(visit, matches.vacancies_for, ("partnership", "destination", "isco"), of_workers=False)


def _ranking(visit: Visit, rank: Callable[..., v.Matches], asks: tuple[str, ...], *, of_workers: bool) -> Answer:
    asked = query(visit, matches.MatchQuery, lang=visit.language.code)
    found = visit.ask("ranker", rank, visit.who, visit.ids[0], asked)
    at = f"{HOME}/{'vacancies' if of_workers else 'workers'}/{visit.ids[0]}"
    values = {"found": found, "subject": visit.ids[0], "at": at, "asks": asks, "of_workers": of_workers}
    return Shown("ranking.html", values)
