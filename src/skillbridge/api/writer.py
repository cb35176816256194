"""One thread that writes for the whole server process, so that changes which wait together share one commit."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from skillbridge.errors import Refused
from skillbridge.store import Store

T = TypeVar("T")

TOGETHER = 64
"""Changes that share a commit at most; each has its own savepoint, so one that fails undoes itself alone."""

_Waiting = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Writer:
    """Runs changes one after another. An answer is given only once the commit that holds the change is on disk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Start the thread (again)."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
            self._thread.start()

    async def run(self, change: Callable[[], T]) -> T:
        """What `change` gives, after its commit; its exception if it fails, or the commit's."""
        if self._thread is None:
            raise Refused("busy", "the server is starting or stopping: nothing was changed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.put((change, loop, future))
        return await future

    def close(self) -> None:
        """Finish what waits, then stop."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join(timeout=5)

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            closing = False
            while len(batch) < TOGETHER and not self._waiting.empty():
                item = self._waiting.get()
                if item is None:
                    closing = True
                    break
                batch.append(item)
            self._commit(batch)
            if closing:
                break
        self._store.close()

    def _commit(self, batch: list[_Waiting]) -> None:
        done: list[tuple[_Waiting, Any, BaseException | None]] = []
        try:
            with self._store.write():
                for item in batch:
                    try:
                        with self._store.write():
                            done.append((item, item[0](), None))
                    except Refused as error:
                        if error.code in {"storage_full", "storage_readonly"}:
                            raise
                        done.append((item, None, error))
                    except Exception as error:
                        done.append((item, None, error))
        except Exception as error:  # the commit itself: nobody is told that anything was stored
            done = [(item, None, error) for item in batch]
        for (_, loop, future), result, failure in done:
            loop.call_soon_threadsafe(_settle, future, result, failure)


def _settle(future: "asyncio.Future[Any]", result: Any, failure: BaseException | None) -> None:
    if not future.cancelled():
        if failure is None:
            future.set_result(result)
        else:
            future.set_exception(failure)
