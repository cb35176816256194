"""Questions that are cheaper together: what all that wait lack is found out at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from skillbridge.api.operations import Operation
from skillbridge.workspace import Workspace

TOGETHER = 64
"""Calls that are gathered at most."""

_Waiting = tuple[list[Any], "asyncio.Future[Any]"]

Find = Callable[[Operation, Any], Awaitable[Any]]
"""Finds out what the calls of an operation lack, away from the event loop."""


class Desk:
    """Gathers the calls of operations that have a `gather`: what they lack is found out for all of them at once."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._waiting: dict[str, list[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, operation: Operation, ws: Workspace, arguments: list[Any]) -> Any:
        """What the operation gives for these arguments."""
        assert operation.gather is not None
        if operation.gather.ready(ws, *arguments):
            return operation.call(ws, *arguments)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        queue = self._waiting.get(operation.name)
        if queue is not None:
            queue.append((arguments, future))
        else:
            self._waiting[operation.name] = [(arguments, future)]
            task = asyncio.create_task(self._serve(operation, ws))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _serve(self, operation: Operation, ws: Workspace) -> None:
        """Until nobody waits: take whoever does, and answer them."""
        gather = operation.gather
        assert gather is not None
        while batch := self._waiting[operation.name][:TOGETHER]:
            del self._waiting[operation.name][:TOGETHER]
            failure: Exception | None = None
            try:
                gather.keep(await self._find(operation, gather.lacking([arguments for arguments, _ in batch])))
            except Exception as error:
                failure = error
            for arguments, future in batch:
                if future.cancelled():
                    continue
                try:
                    if failure is not None:
                        raise failure
                    future.set_result(operation.call(ws, *arguments))
                except Exception as error:
                    future.set_exception(error)
        del self._waiting[operation.name]
