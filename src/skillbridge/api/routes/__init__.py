"""Every operation of the API, one file a resource; the order here is the order of the documentation."""

from skillbridge.api.operations import Operation
from skillbridge.api.routes import (
    accounts,
    agreements,
    concepts,
    demand,
    insight,
    jobs,
    matches,
    placements,
    plans,
    record,
    system,
    webhooks,
    workers,
)

OPERATIONS: tuple[Operation, ...] = tuple(
    operation
    for module in (
        system,
        accounts,
        concepts,
        workers,
        demand,
        agreements,
        matches,
        plans,
        placements,
        insight,
        jobs,
        webhooks,
        record,
    )
    for operation in module.OPERATIONS
)
