"""Work in processes: each part's result once, and no process outlives the one that started it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from skillbridge import execute


def square(part: int) -> int:
    return part * part


@pytest.mark.parametrize("processes", [1, 2])
def test_every_part_comes_back_once_with_its_number(processes: int) -> None:
    parts = [3, 1, 4, 1, 5]
    found = dict(execute.each(square, parts, processes=processes))
    assert found == {number: part * part for number, part in enumerate(parts)}


def doze(part: int) -> int:
    time.sleep(part)
    return part


def test_what_is_stopped_ends_at_once_and_keeps_what_is_done() -> None:
    start = time.monotonic()
    running = execute.each(doze, [0, 120, 120, 120], processes=2)
    assert next(running) == (0, 0)
    assert isinstance(running, Generator)
    running.close()
    assert time.monotonic() - start < 60
    assert not [child for child in multiprocessing.active_children() if child.is_alive()]


WORK = """
import os, pathlib, sys, time
from skillbridge import execute

def work(part):
    pathlib.Path(part, str(os.getpid())).touch()
    time.sleep(120)

if __name__ == "__main__":
    list(execute.each(work, [sys.argv[1]] * 4, processes=2))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_processes_end_with_the_one_that_started_them_however_it_ends(tmp_path: Path) -> None:
    script, pids = tmp_path / "work.py", tmp_path / "pids"
    script.write_text(WORK, encoding="utf-8")
    pids.mkdir()
    parent = subprocess.Popen([sys.executable, str(script), str(pids)])
    until = time.monotonic() + 90
    while len(started := [int(path.name) for path in pids.iterdir()]) < 2:
        assert time.monotonic() < until, "the processes did not start"
        time.sleep(0.1)
    parent.send_signal(signal.SIGKILL)
    parent.wait(timeout=30)
    until = time.monotonic() + 30
    while left := [pid for pid in started if alive(pid)]:
        assert time.monotonic() < until, f"{left} run on"
        time.sleep(0.1)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (
        "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii") if os.path.isdir("/proc") else True
    )
