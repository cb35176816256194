"""What fits beside a standing plan: legal at once where it is called free, and worth what it says."""

import numpy as np
import polars as pl
import pytest

from skillbridge import plan_folder
from skillbridge.errors import BadInput
from skillbridge.explain.explainer import Explainer, open_plan
from skillbridge.insertion import places_of_new_vacancy, places_of_new_worker, places_of_vacancy, places_of_worker
from skillbridge.pipeline import understand
from skillbridge.solver.plan import broken, value
from skillbridge.taxonomies import pack
from tests.worlds import planned, season


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Explainer:
    """The plan of a season in which every fifth placement has fallen away."""
    folder = planned().folder
    root = tmp_path_factory.mktemp("standing") / "plan"
    plan_folder.write(folder, root)
    explainer = open_plan(root)
    kept = folder.placements.with_row_index("n").filter(pl.col("n") % 5 != 0).drop("n")
    plan_folder.write_csv(kept, root / "placements.csv")
    assert explainer.chosen.max() >= 0
    return open_plan(root)


def test_a_free_place_can_be_taken_and_gains_what_it_says(standing: Explainer) -> None:
    problem, before = standing.problem, value(standing.problem, standing.chosen)
    tried = 0
    for worker in range(problem.n_workers):
        if problem.group[worker] >= 0:
            continue
        name = standing.folder.workers["worker_id"][worker]
        for place in places_of_worker(standing, name, limit=3):
            if not place.free:
                continue
            edge = next(
                e
                for e in range(problem.indptr[worker], problem.indptr[worker + 1])
                if standing.folder.vacancies["vacancy_id"][int(problem.vacancy[e])] == place.vacancy_id
            )
            after = standing.chosen.copy()
            after[worker] = edge
            assert not [line for line in broken(problem, after) if "group" not in line]
            assert value(problem, after) - before == place.gain
            tried += 1
    assert tried > 10


def test_a_worker_and_a_vacancy_see_the_same_place(standing: Explainer) -> None:
    worker = int(np.flatnonzero((standing.chosen < 0) & (np.diff(standing.problem.indptr) > 0))[0])
    name = standing.folder.workers["worker_id"][worker]
    place = places_of_worker(standing, name)[0]
    assert place in places_of_vacancy(standing, place.vacancy_id, limit=1000)


def test_a_new_worker_gets_the_places_of_a_twin_in_the_plan(standing: Explainer) -> None:
    worker = int(np.flatnonzero((standing.chosen < 0) & (np.diff(standing.problem.indptr) > 0))[0])
    twin = standing.folder.workers[worker].with_columns(worker_id=pl.lit("newcomer"))
    known = {
        place.vacancy_id: (place.score, place.free)
        for place in places_of_worker(standing, standing.folder.workers["worker_id"][worker], limit=99)
    }
    found = {place.vacancy_id: (place.score, place.free) for place in places_of_new_worker(standing, twin, limit=999)}
    assert known.items() <= found.items()


def test_a_new_vacancy_is_offered_unplaced_workers(standing: Explainer) -> None:
    job = standing.folder.vacancies[0].with_columns(vacancy_id=pl.lit("new"), positions=pl.lit(3, pl.Int32))
    placed = set(standing.folder.placements["worker_id"])
    places = places_of_new_vacancy(standing, understand(job, pack.load("core")), limit=50)
    assert places
    assert not {place.worker_id for place in places} & placed


def test_unknown_and_known_ids_are_refused(standing: Explainer) -> None:
    with pytest.raises(BadInput, match="not in the plan"):
        places_of_worker(standing, "nobody")
    with pytest.raises(BadInput, match="is in the plan already"):
        places_of_new_worker(standing, season().workers.head(1))
