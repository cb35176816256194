"""Health and metrics."""

from skillbridge.api.operations import op
from skillbridge.workspace import system as acts
from skillbridge.workspace import views as v

OPERATIONS = (
    op(
        "system",
        "get_health",
        "GET /v1/health",
        None,
        acts.health,
        "Whether this server can read and write",
        answer=v.Health,
    ),
    op(
        "system",
        "get_metrics",
        "GET /v1/metrics",
        "metrics.read",
        acts.metrics,
        "Counts and durations for Prometheus",
        stream="text/plain",
    ),
)
