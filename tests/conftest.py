"""What every test may ask for: the shared real data, where it is present."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from skillbridge.pipeline import Outcome

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, not part of the project; the test is skipped where it is absent."""
    folder = Path(os.environ.get("SKILLBRIDGE_DATA", ROOT / ".." / "shared" / "data")).resolve()
    if not (folder / "README.md").is_file():
        pytest.skip(f"no shared data at {folder}: set SKILLBRIDGE_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def season() -> "Outcome":
    """A small season, planned once: 400 synthetic workers, 36 vacancies, four bundled agreements."""
    import polars as pl

    from skillbridge import synth
    from skillbridge.partnerships.partnership import load as load_partnership
    from skillbridge.pipeline import PlaceRequest, place
    from skillbridge.taxonomies.pack import load as load_taxonomy

    ids = ["nz-rse", "ca-sawp", "gb-seasonal", "us-h2a"]
    vacancies = synth.vacancies(36, 1, ids, year=2026)
    workers = pl.concat(list(synth.workers(400, 1, ids, year=2026, vacancies=vacancies)))
    request = PlaceRequest(
        workers=workers,
        vacancies=vacancies,
        partnerships=[load_partnership(one) for one in ids],
        taxonomy=load_taxonomy("core"),
        seed=1,
        synthetic=("workers", "vacancies"),
    )
    return place(request)


@pytest.fixture(scope="session")
def season_folder(season: "Outcome", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that season's plan, for reading only."""
    from skillbridge import plan_folder

    out = tmp_path_factory.mktemp("season") / "plan"
    plan_folder.write(season.folder, out)
    return out
