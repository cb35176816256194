"""Kills under load: two servers on one workspace are killed again and again while clients write to both.

`python -m benchmarks.faults --kills 100 --seed 1` prints how many answers were given, whether every acknowledged change
is stored, whether the audit chain verifies, and how long the restarts took. A kill falls at a moment of the seed's.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.load import free_port, wait_up
from skillbridge import audit
from skillbridge.access import SYSTEM, issue
from skillbridge.store.backup import verify
from skillbridge.workspace import Workspace, accounts
from skillbridge.workspace.views import NewAccount


def start(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """A server in a process group of its own, so that a kill takes all of it at once."""
    command = [sys.executable, "-m", "skillbridge", "serve", "--workspace", str(folder), "--port", str(port)]
    environment = os.environ | {"SKILLBRIDGE_REQUESTS_PER_MINUTE": "100000000"}
    return subprocess.Popen(
        [*command, "--jobs", "1"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class Client(threading.Thread):
    """Enters employers, one after another, and notes those whose answer came."""

    def __init__(self, ports: list[int], key: str, number: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.ports, self.key, self.number, self.stop = ports, key, number, stop
        self.acknowledged: list[str] = []
        self.unexpected: list[int] = []

    def run(self) -> None:
        count = 0
        while not self.stop.is_set():
            count += 1
            name = f"e-{self.number}-{count}"
            call = urllib.request.Request(
                f"http://127.0.0.1:{self.ports[count % len(self.ports)]}/v1/employers",
                json.dumps({"employer_id": name}).encode(),
                {"authorization": f"Bearer {self.key}", "content-type": "application/json"},
            )
            try:
                with urllib.request.urlopen(call, timeout=15) as answer:
                    if answer.status == 201:
                        self.acknowledged.append(name)
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    self.unexpected.append(error.code)
            except OSError:
                time.sleep(0.02)


def run(folder: Path, kills: int, seed: int) -> dict[str, object]:
    """What was seen over `kills` kills; raises AssertionError where an acknowledged change is lost."""
    dice, ws = random.Random(seed), Workspace(folder)
    account = accounts.create_account(ws, SYSTEM, NewAccount("faults", "ministry_admin"))
    _, key = issue(ws.store, account.account_id, "key", ws.seconds(), seconds=86_400)
    ports = [free_port(), free_port()]
    servers = [start(folder, port) for port in ports]
    stop = threading.Event()
    clients = [Client(ports, key, number, stop) for number in range(4)]
    restarts = []
    try:
        for port in ports:
            wait_up(port)
        for client in clients:
            client.start()
        for _ in range(kills):
            time.sleep(dice.uniform(0.05, 0.5))
            victim = dice.randrange(2)
            os.killpg(servers[victim].pid, signal.SIGKILL)
            servers[victim].wait()
            servers[victim] = start(folder, ports[victim])
            restarts.append(wait_up(ports[victim]))
    finally:
        stop.set()
        for client in clients:
            client.join(20)
        for server in servers:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    acknowledged = [name for client in clients for name in client.acknowledged]
    lost = [name for name in acknowledged if ws.store.records.get("employer", name) is None]
    head = audit.verify(ws.store)
    files = verify(ws.store)["files"]
    stored = ws.store.records.count("employer")
    noted = ws.store.database.one("SELECT count(*) FROM audit WHERE act = 'employers.write'")
    ws.store.close()
    assert not lost, f"{len(lost)} acknowledged changes are lost: {lost[:5]}"
    assert noted == (stored,), "each stored change has its line in the record, and each line its change"
    return {
        "kills": kills,
        "acknowledged": len(acknowledged),
        "stored": stored,
        "lost": 0,
        "audit_lines": head.seq,
        "files": files,
        "unexpected_statuses": sorted({code for client in clients for code in client.unexpected}),
        "restart_median_s": round(statistics.median(restarts), 2),
        "restart_longest_s": round(max(restarts), 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print(run(Path(scratch) / "ws", given.kills, given.seed))
