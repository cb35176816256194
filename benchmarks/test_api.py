"""Load on loopback in small: no answer is lost and none says that the server failed; the figures are printed.

The published figures are those of `python -m benchmarks.load` (100,000 workers, 5,000 vacancies, 64 clients).
SKILLBRIDGE_LOAD_WORKERS and SKILLBRIDGE_LOAD_SECONDS set the size.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKERS = os.environ.get("SKILLBRIDGE_LOAD_WORKERS", "5000")
SECONDS = os.environ.get("SKILLBRIDGE_LOAD_SECONDS", "5")


@pytest.mark.slow
def test_the_server_keeps_up_beside_a_bare_handler(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.load", "--workers", WORKERS, "--vacancies", "500"]
    done = subprocess.run(
        [*command, "--seconds", SECONDS, "--keep", str(tmp_path)], capture_output=True, text=True, timeout=600
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
