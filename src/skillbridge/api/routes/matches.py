"""Ranked pairs."""

from skillbridge.api.operations import op
from skillbridge.workspace import matches as acts
from skillbridge.workspace import views as v

OPERATIONS = (
    op(
        "matches",
        "match_workers",
        "GET /v1/vacancies/{vacancy_id}/matches",
        "matches.workers",
        acts.workers_for,
        "Rank workers for a vacancy",
        query=acts.MatchQuery,
        answer=v.Matches,
        slow=True,
        beside="ranker",
        errors=("budget_spent",),
    ),
    op(
        "matches",
        "match_vacancies",
        "GET /v1/workers/{worker_id}/matches",
        "matches.vacancies",
        acts.vacancies_for,
        "Rank vacancies for a worker",
        query=acts.MatchQuery,
        answer=v.Matches,
        slow=True,
        beside="ranker",
        errors=("budget_spent", "erased"),
    ),
)
