"""Placements and their journey."""

from skillbridge.api.operations import op
from skillbridge.workspace import matches, returns
from skillbridge.workspace import placements as acts
from skillbridge.workspace import views as v

OPERATIONS = (
    op(
        "placements",
        "list_placements",
        "GET /v1/placements",
        "placements.read",
        acts.list_placements,
        "List placements",
        query=acts.PlacementsQuery,
        answer=v.Placements,
    ),
    op(
        "placements",
        "get_placement",
        "GET /v1/placements/{placement_id}",
        "placements.read",
        acts.read_placement,
        "Read a placement",
        answer=v.PlacementView,
    ),
    op(
        "placements",
        "list_events",
        "GET /v1/placements/{placement_id}/events",
        "placements.read",
        acts.list_events,
        "Read a placement's journey",
        answer=v.Events,
    ),
    op(
        "placements",
        "move_placement",
        "POST /v1/placements/{placement_id}/events",
        "placements.move",
        acts.move_placement,
        "Move a placement one step along its journey",
        body=v.JourneyEvent,
        answer=v.PlacementView,
        versioned=True,
        errors=("reason_required", "erased"),
    ),
    op(
        "placements",
        "get_certificate",
        "GET /v1/placements/{placement_id}/certificate",
        "workers.export",
        returns.certify,
        "Certify a worked season, for the worker",
        answer=v.Certificate,
        records=True,
        errors=("conflict",),
    ),
    op(
        "placements",
        "list_seasons",
        "GET /v1/workers/{worker_id}/seasons",
        "workers.export",
        returns.seasons_of,
        "Read a worker's seasons with their skills",
        answer=v.WorkerSeasons,
    ),
    op(
        "matches",
        "match_home_vacancies",
        "GET /v1/workers/{worker_id}/home-vacancies",
        "matches.vacancies",
        returns.home_vacancies,
        "Rank vacancies at home for a worker who is back",
        query=matches.MatchQuery,
        answer=v.Matches,
        slow=True,
        errors=("budget_spent", "erased"),
    ),
)
