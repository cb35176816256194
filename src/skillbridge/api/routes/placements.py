"""Placements and their journey."""

from skillbridge.api.operations import op
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
        errors=("reason_required",),
    ),
)
