"""The act of insertion: where one worker or one vacancy could still go beside a standing plan, without a new solve."""

from typing import Annotated

import msgspec

from skillbridge.access import Actor, check, parties, reach
from skillbridge.errors import BadInput, Refused
from skillbridge.workspace import Workspace, frames
from skillbridge.workspace.board import understood
from skillbridge.workspace.planning import folder_of
from skillbridge.workspace.plans import openings_of
from skillbridge.workspace.views import Insertion, OpenPlace


class InsertionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom or what to place."""

    worker_id: Annotated[str, msgspec.Meta(description="the worker", examples=["w-1042"], max_length=64)] | None = None
    vacancy_id: Annotated[str, msgspec.Meta(description="the vacancy", examples=["v-9"], max_length=64)] | None = None
    limit: Annotated[int, msgspec.Meta(description="places at most", examples=[10], ge=1, le=100)] = 10


def insertion(ws: Workspace, actor: Actor, plan_id: str, query: InsertionQuery) -> Insertion:
    """The best legal places beside a plan for one stored worker or vacancy, in the plan or new to it.

    Nothing that was decided moves, and nothing is stored. Workers out of the actor's reach are left out.
    """
    from skillbridge import insertion as engine

    covered = parties(ws.store, actor, check(actor, "plans.decide"))
    if (query.worker_id is None) == (query.vacancy_id is None):
        raise BadInput("query.worker_id", "both or neither with vacancy_id", "one worker or one vacancy")
    if query.worker_id is not None:
        record = reach(ws.store, actor, "workers.read", "worker", query.worker_id)
        kind = "worker"
    else:
        record = ws.store.records.need("vacancy", query.vacancy_id or "")
        kind = "vacancy"
    plan = openings_of(folder_of(ws, plan_id))
    planned = plan.explainer.folder.workers if kind == "worker" else plan.explainer.folder.vacancies
    if planned[f"{kind}_id"].index_of(record.id) is not None:
        known = engine.places_of_worker if kind == "worker" else engine.places_of_vacancy
        found = known(plan, record.id, limit=query.limit)
    else:
        row = understood(frames.of_records(kind, [record]))
        if row.is_empty():
            raise Refused("erased", "this person's data was erased")
        fresh = engine.places_of_new_worker if kind == "worker" else engine.places_of_new_vacancy
        found = fresh(plan, row.select(planned.columns), limit=query.limit)
    if covered is not None:
        seen = {one.worker_id: ws.store.records.get("worker", one.worker_id) for one in found}
        found = [one for one in found if (worker := seen[one.worker_id]) is not None and worker.party in covered]
    return Insertion(plan_id, record.id, [OpenPlace(**msgspec.structs.asdict(one)) for one in found])
