"""`skillbridge serve` from outside: what a process that answers has to have of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from skillbridge.cli.serve import Team


def test_an_example_that_was_just_filled_answers_what_reads_tables(tmp_path: Path) -> None:
    """Filling uses threads of the first process; an answering process that was forked from it would wait for ever."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "skillbridge", "serve", "--workspace", str(tmp_path / "ws"), "--example"]
    with (tmp_path / "said").open("w") as said:
        server = subprocess.Popen([*command, "--jobs", "0", "--port", str(port)], stdout=said, stderr=said)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            for _ in range(300):
                assert server.poll() is None, (tmp_path / "said").read_text()
                try:
                    client.get("/v1/health")
                    break
                except httpx.ConnectError:
                    time.sleep(0.2)
            word = re.search(r"analyst\s+password (\S+)", (tmp_path / "said").read_text())
            assert word
            entered = client.post("/v1/sessions", json={"name": "analyst", "password": word[1]})
            key = {"Authorization": f"Bearer {entered.json()['token']}"}
            found = client.get("/v1/concepts", params={"q": "fruit"}, headers=key)
            assert found.status_code == 200
            assert found.json()["items"]
    finally:
        server.terminate()
        server.wait(timeout=15)


def test_worker_processes_hear_of_a_stop_when_the_server_does(tmp_path: Path) -> None:
    numbers, heard = (signal.SIGTERM, signal.SIGINT), threading.Event()
    held = [signal.getsignal(number) for number in numbers]
    team = Team(tmp_path, 2, dict(os.environ))
    team._command = ["sleep", "60"]
    team.start()
    members = list(team._members)
    try:
        signal.signal(signal.SIGTERM, lambda *_: heard.set())
        team.end_with_the_server()
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard.wait(5), "the server hears it too"
        assert [member.wait(5) for member in members] == [-signal.SIGTERM] * 2
        team.stop()
        assert team._members == members, "none is started again"
    finally:
        for number, handler in zip(numbers, held, strict=True):
            signal.signal(number, handler)
        team.stop()
        for member in members:
            assert member.stdin is not None
            member.stdin.close()
