"""A fresh small world for each test."""

from pathlib import Path

import pytest

from tests.workspace.world import World, build


@pytest.fixture
def world(tmp_path: Path) -> World:
    return build(tmp_path / "ws")
