"""A light HTTP/1.1 client for load: raw asyncio protocols, one request in flight a connection, run as its own process.

`python -m benchmarks.load_client` reads a plan (JSON) from standard input and writes what it saw (JSON) to standard
output, so that its work is counted apart from the server's.
"""

import asyncio
import json
import random
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any


class Request:
    """One kind of request: `method path` with `{n}`-style holes filled from `values`, and a body likewise."""

    def __init__(self, spec: dict[str, Any], headers: str) -> None:
        self.name: str = spec["name"]
        self.weight: float = spec["weight"]
        self.versioned: bool = spec.get("versioned", False)
        self.line, self.body = f"{spec['method']} {spec['path']} HTTP/1.1\r\n", spec.get("body")
        self.values: dict[str, list[str]] = spec.get("values", {})
        self.headers = headers

    def build(self, dice: random.Random, unique: str, version: Callable[[str], int]) -> tuple[bytes, str]:
        """(the bytes to send, what was chosen)."""
        chosen = {name: values[int(dice.random() * len(values))] for name, values in self.values.items()}
        chosen["unique"] = unique
        line, body = _fill(self.line, chosen), _fill(self.body, chosen) if self.body else ""
        extra = ""
        if body:
            extra = f"content-type: application/json\r\ncontent-length: {len(body.encode())}\r\n"
        key = chosen.get("id", "")
        if self.versioned:
            extra += f'if-match: "{version(key)}"\r\n'
        return f"{line}{self.headers}{extra}\r\n{body}".encode(), key


def _fill(text: str, chosen: dict[str, str]) -> str:
    for name, value in chosen.items():
        text = text.replace(f"<{name}>", value)
    return text


class Connection(asyncio.Protocol):
    """Sends, waits for the whole answer, notes it, sends the next."""

    def __init__(self, run: "Run", number: int) -> None:
        self.run, self.number = run, number
        self.dice = random.Random(f"{run.seed}/{number}")
        self.versions: dict[str, int] = {}
        self.count = 0
        self.waiting: tuple[Request, str, float] | None = None
        self.seen = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        """The next request, or the end."""
        if time.perf_counter() >= self.run.end or self.run.left == 0:
            self.transport.close()
            return
        self.run.left -= 1
        request = self.run.pick(self.dice)
        self.count += 1
        unique = f"{self.run.seed}-{self.number}-{self.count}"
        data, key = request.build(self.dice, unique, lambda key: self.versions.get(key, 1))
        self.waiting = (request, key, time.perf_counter())
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self.seen += data
        head = self.seen.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self.seen.find(b"content-length: ", 0, head)
        if at >= 0:
            whole = head + 4 + int(self.seen[at + 16 : self.seen.find(b"\r", at)])
            if len(self.seen) < whole:
                return
        elif bytes(self.seen[9:12]) not in (b"204", b"304") and not self.seen.endswith(b"0\r\n\r\n"):
            return
        assert self.waiting is not None
        request, key, begun = self.waiting
        self.waiting = None
        status = int(self.seen[9:12])
        self.run.note(request, status, time.perf_counter() - begun, bytes(self.seen[head + 4 :]))
        if request.versioned and status == 200:
            self.versions[key] = self.versions.get(key, 1) + 1
        self.seen.clear()
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if self.waiting is not None:
            self.run.lost += 1
        self.run.open -= 1
        if self.run.open == 0:
            self.run.over.set()


class Run:
    """One measured run: the requests, when it ends, and what came back."""

    def __init__(self, plan: dict[str, Any]) -> None:
        headers = f"host: 127.0.0.1\r\nauthorization: Bearer {plan['key']}\r\n"
        self.requests = [Request(spec, headers) for spec in plan["requests"] if spec["weight"] > 0]
        self.weights = [request.weight for request in self.requests]
        self.seed: int = plan.get("seed", 1)
        self.left: int = plan.get("requests_at_most", -1)
        self.lost = 0
        self.open = int(plan["clients"])
        self.over = asyncio.Event()
        self.times: dict[str, list[float]] = {request.name: [] for request in self.requests}
        self.statuses: dict[str, int] = {}
        self.bodies: dict[str, str] = {}
        self.end = time.perf_counter() + plan["seconds"]

    def pick(self, dice: random.Random) -> Request:
        """The next kind of request."""
        return dice.choices(self.requests, self.weights)[0] if len(self.requests) > 1 else self.requests[0]

    def note(self, request: Request, status: int, seconds: float, body: bytes) -> None:
        """Keep one answer."""
        self.times[request.name].append(seconds)
        line = f"{request.name} {status}"
        self.statuses[line] = self.statuses.get(line, 0) + 1
        if status < 300 and request.name not in self.bodies:
            self.bodies[request.name] = body.decode("utf-8", "replace")
        elif status >= 400 and line not in self.bodies:
            self.bodies[line] = body[:300].decode("utf-8", "replace")


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """What a plan measured: seconds of each answer by request, statuses, lost answers, a sample of bodies."""
    loop, measured = asyncio.get_running_loop(), Run(plan)
    begun = time.perf_counter()
    for number in range(plan["clients"]):
        await loop.create_connection(partial(Connection, measured, number), "127.0.0.1", plan["port"])
    await asyncio.wait_for(measured.over.wait(), plan["seconds"] + 60)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": time.perf_counter() - begun,
        "times": measured.times,
        "statuses": measured.statuses,
        "lost": measured.lost,
        "bodies": measured.bodies,
        "cpu": usage.ru_utime + usage.ru_stime,
    }


if __name__ == "__main__":
    json.dump(asyncio.run(run(json.load(sys.stdin))), sys.stdout)
