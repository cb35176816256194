"""Questions that are cheaper together: one thread answers all that wait at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from skillbridge.api.operations import Operation
from skillbridge.workspace import Workspace

TOGETHER = 64
"""Calls that are gathered at most."""

_Waiting = tuple[list[Any], "asyncio.Future[Any]"]


class Desk:
    """Gathers the calls of operations that have a `gather`, and makes them one after another in a thread."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
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

    def close(self) -> None:
        """Take no more, until the next question."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, operation: Operation, ws: Workspace) -> None:
        """Until nobody waits: take whoever does, and answer them."""
        loop = asyncio.get_running_loop()
        thread = self._thread = self._thread or ThreadPoolExecutor(1, "desk")
        while batch := self._waiting[operation.name][:TOGETHER]:
            del self._waiting[operation.name][:TOGETHER]
            try:
                done = await loop.run_in_executor(thread, _answers, operation, ws, [call for call, _ in batch])
            except Exception as error:
                done = [error] * len(batch)
            for (_, future), result in zip(batch, done, strict=True):
                if future.cancelled():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
        del self._waiting[operation.name]


def _answers(operation: Operation, ws: Workspace, calls: list[list[Any]]) -> list[Any]:
    assert operation.gather is not None
    if len(calls) > 1:
        operation.gather.prepare([(ws, *arguments) for arguments in calls])
    found: list[Any] = []
    for arguments in calls:
        try:
            found.append(operation.call(ws, *arguments))
        except Exception as error:
            found.append(error)
    return found
