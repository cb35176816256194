"""Two servers on one workspace, killed while clients write: what was acknowledged is stored, the record whole."""

from pathlib import Path

import pytest

from benchmarks.faults import run


@pytest.mark.slow
def test_no_acknowledged_change_is_lost_when_servers_are_killed(tmp_path: Path) -> None:
    seen = run(tmp_path / "ws", kills=3, seed=7)
    assert seen["unexpected_statuses"] == []
    assert isinstance(seen["acknowledged"], int)
    assert seen["acknowledged"] > 20
