"""A process beside the server for questions that take long, so that no other answer waits for them.

The server writes frames to the process's standard input and reads as many answers from its standard output, in order.
The process ends with its input, however the server ended. What it was asked when it fell is answered by the server
itself, and the next question starts another process.
"""

import asyncio
import gc
import os
import pickle
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from skillbridge.errors import BadInput, Refused
from skillbridge.settings import Settings

_SIZE = struct.Struct("!I")
SWITCH = 0.0005
"""Seconds for which a thread that prepares the next rankings may keep the interpreter from the one that answers."""

SEARCH = (20_000, 20, 20)
"""Objects made between two searches for garbage, and searches between two of the older generations."""

COMMAND = (sys.executable, "-m", "skillbridge.api.beside")


class FellError(Exception):
    """The process beside ended before it answered."""


class Beside:
    """One such process, started at its first question."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._first = pickle.dumps((folder, settings))
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: list[asyncio.Future[Any]] = []
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def ask(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What `call(workspace, *arguments)` gives over there, `call` being a function of a module; its exception.

        Raises :class:`FellError` if the process ends before it answers.
        """
        async with self._starting:
            if self._process is None:
                await self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._process.stdin.write(_framed(pickle.dumps((call, arguments))))
        return await future

    async def close(self) -> None:
        """End the process."""
        if self._process is not None and self._reading is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._reading

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *COMMAND, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdin is not None
        self._process.stdin.write(_framed(self._first))
        self._reading = asyncio.create_task(self._read(self._process, self._waiting), name="beside")

    async def _read(self, process: asyncio.subprocess.Process, waiting: list["asyncio.Future[Any]"]) -> None:
        """Give out answers until there are no more; then whoever waits hears that the process fell."""
        assert process.stdout is not None
        with suppress(asyncio.IncompleteReadError):
            while True:
                (size,) = _SIZE.unpack(await process.stdout.readexactly(_SIZE.size))
                fine, answer = pickle.loads(await process.stdout.readexactly(size))
                future = waiting.pop(0)
                if future.cancelled():
                    continue
                if fine:
                    future.set_result(answer)
                else:
                    future.set_exception(answer)
        if self._process is process:
            self._process = None
        self._waiting = []
        for future in waiting:
            if not future.done():
                future.set_exception(FellError())
        await process.wait()


def _framed(data: bytes) -> bytes:
    return _SIZE.pack(len(data)) + data


def settle() -> None:
    """Leave what is loaded by now out of the search for garbage, which would stop every answer for .1 s."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SEARCH)


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer questions until there are no more: what the process beside does."""
    from skillbridge.workspace import Workspace

    def read() -> Any:
        head = questions.read(_SIZE.size)
        return pickle.loads(questions.read(_SIZE.unpack(head)[0])) if len(head) == _SIZE.size else None

    folder, settings = read()
    workspace, settled = Workspace(folder, settings), False
    while (question := read()) is not None:
        call, arguments = question
        try:
            told = pickle.dumps((True, call(workspace, *arguments)))
        except Exception as error:
            mine = type(error) in (BadInput, Refused)
            # Of others the kind alone: messages may hold personal data.
            told = pickle.dumps((False, error if mine else RuntimeError(type(error).__name__)))
        answers.write(_framed(told))
        answers.flush()
        if not settled:  # the first question makes ready what the others need
            settle()
            settled = True


def main() -> None:
    """Serve on standard input and output; whatever else prints goes to standard error."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.setswitchinterval(SWITCH)
    with suppress(KeyboardInterrupt, BrokenPipeError):
        serve(questions, answers)
    os._exit(0)  # threads that refresh what rankings stand on must not hold the process


if __name__ == "__main__":
    main()
