"""What decided plans brought one worker: a place, or the reason why not."""

from typing import Annotated, Literal

import msgspec

from skillbridge.access import Actor, reach
from skillbridge.store import Record
from skillbridge.words import say
from skillbridge.workspace import Workspace, read
from skillbridge.workspace.views import Outcome, Outcomes, PlanBody

MOST = 20
"""Decided plans that are looked through, the newest first."""


class OutcomesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which language."""

    lang: Annotated[
        Literal["en", "fr", "es", "ar"], msgspec.Meta(description="language of the words", examples=["en"])
    ] = "en"


def outcomes(ws: Workspace, actor: Actor, worker_id: str, query: OutcomesQuery) -> Outcomes:
    """What the approved plans that considered a worker brought them, newest first. Proposals decide nothing."""
    reach(ws.store, actor, "plans.explain", "worker", worker_id)
    plans = ws.store.records.page("plan", {"status": "approved"}, limit=MOST, newest=True)
    found = (_outcome(ws, plan, worker_id, query.lang) for plan in plans)
    return Outcomes([one for one in found if one is not None])


def _outcome(ws: Workspace, plan: Record, worker_id: str, lang: str) -> Outcome | None:
    from skillbridge.plan_folder import why_unplaced

    body = read(plan, PlanBody)
    placed = ws.store.records.page("placement", {"plan_id": plan.id, "worker_id": worker_id}, limit=1, newest=True)
    if placed:
        return Outcome(plan.id, body.request.purpose, plan.updated, "placed", say(lang, "reason.placed"), placed[0].id)
    reason = None if body.folder is None else why_unplaced(ws.folder / body.folder, worker_id)
    if reason is None:
        return None
    text = say(lang, "explain.worker_unplaced", reason=say(lang, f"reason.{reason}"))
    return Outcome(plan.id, body.request.purpose, plan.updated, reason, text)
