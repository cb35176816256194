"""The changes of one server process, one after another, so that those which wait together share one commit.

What may wait for a disk or for another process (the write lock, the commit) is left to a thread; the changes themselves
are short and run where the requests run, since two threads that share an interpreter would slow each other down. A
change marked slow takes the thread for the whole batch.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from skillbridge.errors import Refused
from skillbridge.store import Store

T = TypeVar("T")

TOGETHER = 64
"""Changes that share a commit at most; each has its own savepoint, so one that fails undoes itself alone."""

_Waiting = tuple[Callable[[], Any], bool, "asyncio.Future[Any]"]
_Done = tuple["asyncio.Future[Any]", Any, BaseException | None]


class Writer:
    """Runs changes in turn. An answer is given only once the commit that holds the change is on disk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start (again), within the event loop that serves the requests."""
        if self._task is None:
            self._closing, self._wake = False, asyncio.Event()
            self._task = asyncio.get_running_loop().create_task(self._work(), name="writer")

    async def run(self, change: Callable[[], T], *, slow: bool = False) -> T:
        """What `change` gives, after its commit; its exception if it fails, or the commit's."""
        if self._task is None or self._closing:
            raise Refused("busy", "the server is starting or stopping: nothing was changed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, slow, future))
        self._wake.set()
        return await future

    async def close(self) -> None:
        """Finish what waits, then stop."""
        if self._task is not None:
            self._closing = True
            self._wake.set()
            await self._task
            self._task = None

    async def _work(self) -> None:
        loop, connection = asyncio.get_running_loop(), None
        with ThreadPoolExecutor(1, "writer") as thread:
            while self._waiting or not self._closing:
                if not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                done: list[_Done] = []
                try:
                    if connection is None:
                        connection = await loop.run_in_executor(thread, self._connect)
                    await loop.run_in_executor(thread, self._statement, connection, "BEGIN IMMEDIATE")
                    if any(slow for _, slow, _ in batch):
                        done = await loop.run_in_executor(thread, self._carry_out, connection, batch)
                    else:
                        done = self._carry_out(connection, batch)
                    await loop.run_in_executor(thread, self._statement, connection, "COMMIT")
                except Exception as error:  # the commit itself: nobody is told that anything was stored
                    done = [(future, None, error) for *_, future in batch]
                    if connection is not None and connection.in_transaction:
                        await loop.run_in_executor(thread, self._statement, connection, "ROLLBACK")
                for future, result, failure in done:
                    if future.cancelled():
                        continue
                    if failure is None:
                        future.set_result(result)
                    else:
                        future.set_exception(failure)
            if connection is not None:
                connection.close()

    def _connect(self) -> Any:
        return self._store.database.connect(shared=True)

    def _statement(self, connection: Any, sql: str) -> None:
        with self._store.database.using(connection):
            self._store.database.run(sql)

    def _carry_out(self, connection: Any, batch: list[_Waiting]) -> list[_Done]:
        done: list[_Done] = []
        with self._store.database.using(connection):
            for change, _, future in batch:
                try:
                    with self._store.write():
                        done.append((future, change(), None))
                except Refused as error:
                    if error.code in {"storage_full", "storage_readonly"}:
                        raise
                    done.append((future, None, error))
                except Exception as error:
                    done.append((future, None, error))
        return done
