"""Acts on the running system: its health and its numbers."""

from collections.abc import Iterator

from skillbridge import __version__
from skillbridge.access import Actor, check
from skillbridge.workspace import Workspace
from skillbridge.workspace.views import Health


def health(ws: Workspace) -> Health:
    """Whether the store answers, and how many jobs wait; nothing about people."""
    jobs = ws.store.queue.tally()
    return Health("ok", __version__, jobs.get("queued", 0), jobs.get("running", 0))


def metrics(ws: Workspace, actor: Actor) -> Iterator[bytes]:
    """Gauges of the moment, in the Prometheus text format; the server adds its own counts."""
    check(actor, "metrics.read")
    lines = [
        f'skillbridge_jobs{{state="{state}"}} {number}\n' for state, number in sorted(ws.store.queue.tally().items())
    ]
    kinds = ("worker", "vacancy", "placement", "plan")
    lines.extend(f'skillbridge_records{{kind="{kind}"}} {ws.store.records.count(kind)}\n' for kind in kinds)
    return iter(["".join(lines).encode()])
