"""Load on loopback: 64 clients on a real server against a bare handler that gives back the same bytes, in the same run.

Size by SKILLBRIDGE_LOAD_WORKERS (default 5000) and SKILLBRIDGE_LOAD_SECONDS (default 5 a side). The mix: 80 % reads,
10 % resolves of one text, 10 % writes. The claim: no 5xx, p99 at most 250 ms, half the bare handler's throughput.
"""

import asyncio
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from skillbridge.access import SYSTEM, issue
from skillbridge.model import Employer, Worker
from skillbridge.workspace import Workspace, accounts, demand, write
from skillbridge.workspace.views import NewAccount, WorkerBody

WORKERS = int(os.environ.get("SKILLBRIDGE_LOAD_WORKERS", "5000"))
SECONDS = float(os.environ.get("SKILLBRIDGE_LOAD_SECONDS", "5"))
CLIENTS = 64


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def fill(folder: Path) -> str:
    """A workspace of synthetic workers; gives an administrator's key."""
    ws = Workspace(folder)
    account = accounts.create_account(ws, SYSTEM, NewAccount("load", "ministry_admin"))
    _, key = issue(ws.store, account.account_id, "key", ws.seconds(), seconds=86_400)
    bodies = (
        (f"w-{n}", write(WorkerBody(Worker(f"w-{n}", "WS", "fruit picker", isco="9211"))), "unit-ws")
        for n in range(WORKERS)
    )
    with ws.store.write():
        ws.store.records.create_many("worker", bodies, ws.now())
    demand.create_employer(ws, SYSTEM, Employer("e-0", "one"))
    ws.store.close()
    return key


async def load(url: str, key: str, seconds: float) -> tuple[list[float], dict[int, int]]:
    """Seconds of each answer, and how many of each status."""
    times: list[float] = []
    statuses: dict[int, int] = {}
    end = time.perf_counter() + seconds
    headers = {"authorization": f"Bearer {key}"}

    async def one(client: httpx.AsyncClient, number: int) -> None:
        dice, count = random.Random(number), 0
        while time.perf_counter() < end:
            draw, count = dice.random(), count + 1
            request: tuple[str, str, Any] = ("GET", f"/v1/workers/w-{dice.randrange(WORKERS)}", None)
            if draw < 0.1:
                request = ("POST", "/v1/employers", {"employer_id": f"e-{number}-{count}-{time.monotonic_ns()}"})
            elif draw < 0.2:
                request = ("POST", "/v1/concepts/resolve", {"texts": ["fruit picker"]})
            begun = time.perf_counter()
            answer = await client.request(request[0], request[1], json=request[2], headers=headers)
            times.append(time.perf_counter() - begun)
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1

    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30) as client:
        await asyncio.gather(*(one(client, number) for number in range(CLIENTS)))
    return times, statuses


def wait_up(url: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{url}/v1/health", timeout=1).status_code < 500:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server did not start")


@pytest.mark.slow
def test_the_server_keeps_up_with_half_of_a_bare_handler(tmp_path: Path) -> None:
    key = fill(tmp_path / "ws")
    port, bare_port = free_port(), free_port()
    bare = tmp_path / "bare_app.py"
    bare.write_text(
        "from litestar import Litestar, Response, route\nfrom litestar.params import FromPath\n"
        f"body = {msgspec.json.encode(Worker('w-1', 'WS', 'fruit picker', isco='9211'))!r}\n"
        "@route('/{path:path}', http_method=['GET', 'POST', 'PUT'])\n"
        "async def bare(path: FromPath[str]) -> Response[bytes]:\n"
        "    return Response(body, media_type='application/json', status_code=200)\n"
        "app = Litestar([bare], openapi_config=None)\n"
    )
    environment = os.environ | {"SKILLBRIDGE_REQUESTS_PER_MINUTE": "100000000"}
    command = [sys.executable, "-m", "skillbridge", "serve", "--workspace", str(tmp_path / "ws")]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--jobs", "0"], env=environment, stdout=subprocess.DEVNULL
    )
    granian = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(bare_port), "bare_app:app"]
    other = subprocess.Popen(granian, cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        results = {}
        for name, url in (("ours", f"http://127.0.0.1:{port}"), ("bare", f"http://127.0.0.1:{bare_port}")):
            wait_up(url)
            ask = {"texts": ["fruit picker"]}
            httpx.post(f"{url}/v1/concepts/resolve", json=ask, headers={"authorization": f"Bearer {key}"}, timeout=120)
            asyncio.run(load(url, key, 2))  # warms taxonomy and connections
            results[name] = asyncio.run(load(url, key, SECONDS))
    finally:
        for process in (server, other):
            process.terminate()
            process.wait(timeout=10)
    (ours, statuses), (theirs, _) = results["ours"], results["bare"]
    p99 = statistics.quantiles(ours, n=100)[98]
    ratio = len(ours) / len(theirs)
    print(f"\n{len(ours) / SECONDS:,.0f} requests/s, {ratio:.2f} of bare, p99 {p99 * 1000:.0f} ms, statuses {statuses}")
    assert all(status < 500 for status in statuses), statuses
    assert p99 <= 0.25
    assert ratio >= 0.5
