"""What every test may ask for: the shared real data, where it is present."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, not part of the project; the test is skipped where it is absent."""
    folder = Path(os.environ.get("SKILLBRIDGE_DATA", ROOT / ".." / "shared" / "data")).resolve()
    if not (folder / "README.md").is_file():
        pytest.skip(f"no shared data at {folder}: set SKILLBRIDGE_DATA to its folder")
    return folder
