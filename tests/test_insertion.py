"""What fits beside a standing plan: legal at once where it is called free, and worth what it says."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from skillbridge import plan_folder
from skillbridge.errors import BadInput
from skillbridge.explain.explainer import Explainer, new_edges, open_plan
from skillbridge.insertion import (
    Openings,
    Place,
    openings,
    places_of_new_vacancy,
    places_of_new_worker,
    places_of_vacancy,
    places_of_worker,
)
from skillbridge.matching.beside import beside
from skillbridge.partnerships.admission import admission, shut
from skillbridge.partnerships.judge import judge
from skillbridge.solver.plan import broken, value
from skillbridge.taxonomies import pack
from skillbridge.understanding import understand
from tests.worlds import planned


@pytest.fixture(scope="module", params=[(150, 3), (400, 11)], ids=["150", "400"])
def plan(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Openings:
    """The plan of a season in which every fifth placement has fallen away."""
    folder = planned(*request.param).folder
    root = tmp_path_factory.mktemp("standing") / "plan"
    plan_folder.write(folder, root)
    kept = folder.placements.with_row_index("n").filter(pl.col("n") % 5 != 0).drop("n")
    plan_folder.write_csv(kept, root / "placements.csv")
    return openings(open_plan(root))


def waiting(explainer: Explainer) -> list[int]:
    """Workers with candidates and without a place."""
    return np.flatnonzero((explainer.chosen < 0) & (np.diff(explainer.problem.indptr) > 0)).tolist()


def taken(explainer: Explainer, place: Place, workers: pl.DataFrame, vacancies: pl.DataFrame) -> list[str]:
    """What the independent judge says against the plan once the place is taken, beside what it said before."""

    def words(placements: pl.DataFrame) -> list[str]:
        found = judge(placements, workers, vacancies, explainer.folder.partnerships)
        return [f"{one.partnership}/{one.rule} {one.code}" for one in found if one.strictness == "hard"]

    employer = vacancies.filter(pl.col("vacancy_id") == place.vacancy_id)["employer_id"][0]
    row = {"worker_id": place.worker_id, "vacancy_id": place.vacancy_id, "employer_id": employer}
    row |= {"partnership": place.partnership, "start": place.start, "end": place.end, "score": place.score}
    before = explainer.folder.placements
    after = pl.concat(
        [before.filter(pl.col("worker_id") != place.worker_id), pl.DataFrame([row], schema=before.schema)]
    ).sort("worker_id", "start")
    heads = after.group_by("vacancy_id").len("heads").join(vacancies, on="vacancy_id")
    over = heads.filter(pl.col("heads") > pl.col("positions"))["vacancy_id"].to_list()
    old = words(before)
    return [*over, *(word for word in words(after) if word not in old)]


def test_a_free_place_gains_what_it_says_and_breaks_no_row(plan: Openings) -> None:
    problem, chosen = plan.explainer.problem, plan.explainer.chosen
    before, ids = value(problem, chosen), plan.explainer.folder.vacancies["vacancy_id"]
    tried = 0
    for worker in range(problem.n_workers):
        own = range(problem.indptr[worker], problem.indptr[worker + 1])
        edge = {ids[int(problem.vacancy[e])]: e for e in own}
        for place in places_of_worker(plan, plan.explainer.folder.workers["worker_id"][worker], limit=3):
            if place.free:
                after = chosen.copy()
                after[worker] = edge[place.vacancy_id]
                assert set(broken(problem, after)) <= set(broken(problem, chosen))
                assert value(problem, after) - before == place.gain
                tried += 1
    assert tried > 10


def test_a_blocked_place_would_break_a_row_a_group_or_a_vacancy(plan: Openings) -> None:
    problem, chosen = plan.explainer.problem, plan.explainer.chosen
    ids = plan.explainer.folder.vacancies["vacancy_id"]
    tried = 0
    for worker in range(problem.n_workers):
        own = range(problem.indptr[worker], problem.indptr[worker + 1])
        edge = {ids[int(problem.vacancy[e])]: e for e in own}
        for place in places_of_worker(plan, plan.explainer.folder.workers["worker_id"][worker], limit=99):
            if not place.free:
                after = chosen.copy()
                after[worker] = edge[place.vacancy_id]
                wrong = set(broken(problem, after))
                if place.blocked_by == "group":
                    assert f"group {problem.group[worker]} does not go together" in wrong
                else:
                    assert wrong - set(broken(problem, chosen)), place
                tried += 1
    assert tried > 10


def test_a_free_place_is_legal_to_the_independent_judge(plan: Openings) -> None:
    explainer, folder = plan.explainer, plan.explainer.folder
    tried = 0
    for worker in waiting(explainer)[:8]:
        known = folder.workers[worker]
        twin = known.with_columns(worker_id=pl.lit("newcomer"), group_id=pl.lit(None, pl.String))
        people = pl.concat([folder.workers, twin])
        for place in [
            *places_of_worker(plan, known["worker_id"][0], limit=2),
            *places_of_new_worker(plan, twin, limit=2),
        ]:
            if place.free:
                assert not taken(explainer, place, people, folder.vacancies)
                tried += 1
    assert tried > 5


def test_a_worker_and_a_vacancy_see_the_same_place(plan: Openings) -> None:
    name = plan.explainer.folder.workers["worker_id"][waiting(plan.explainer)[0]]
    place = places_of_worker(plan, name)[0]
    assert place in places_of_vacancy(plan, place.vacancy_id, limit=1000)


def test_places_of_a_vacancy_are_those_of_a_scan_of_every_edge(plan: Openings) -> None:
    problem, folder = plan.explainer.problem, plan.explainer.folder
    of = np.repeat(np.arange(problem.n_workers), np.diff(problem.indptr))
    for vacancy in range(problem.n_vacancies):
        edges = np.flatnonzero(problem.vacancy == vacancy)
        others = {folder.workers["worker_id"][int(of[e])] for e in edges if plan.explainer.chosen[of[e]] != e}
        found = places_of_vacancy(plan, folder.vacancies["vacancy_id"][vacancy], limit=9999)
        assert {place.worker_id for place in found} == others


def scan(plan: Openings, workers: pl.DataFrame, vacancies: pl.DataFrame) -> dict[tuple[str, str], tuple[str, int, int]]:
    """Every legal pair by a full search: (worker, vacancy) -> (partnership, score, points)."""
    edges = new_edges(plan.explainer, workers, vacancies)
    ids = [one.id for one in plan.explainer.folder.partnerships]
    return {
        (workers["worker_id"][row["worker"]], vacancies["vacancy_id"][row["vacancy"]]): (
            ids[row["pathway"]],
            row["score"],
            row["weight"],
        )
        for row in edges.iter_rows(named=True)
    }


def ranked(places: list[Place]) -> bool:
    """Whether free places come first, each kind by falling gain."""
    return places == sorted(places, key=lambda one: (not one.free, -one.gain))


def told(places: list[Place]) -> dict[tuple[str, str], tuple[str, int, int]]:
    """Places as :func:`scan` gives pairs."""
    return {(one.worker_id, one.vacancy_id): (one.partnership, one.score, one.gain) for one in places}


def test_a_new_worker_gets_all_places_of_a_full_search_and_first_the_best(plan: Openings) -> None:
    folder = plan.explainer.folder
    found = 0
    for worker in range(0, folder.workers.height, 9):
        new = folder.workers[worker].with_columns(worker_id=pl.lit("newcomer"), group_id=pl.lit(None, pl.String))
        places = places_of_new_worker(plan, new, limit=9999)
        assert told(places) == scan(plan, new, folder.vacancies)
        assert ranked(places)
        assert places_of_new_worker(plan, new, limit=3) == places[:3]
        found += len(places)
    assert found > 50


def test_a_new_vacancy_gets_all_waiting_workers_of_a_full_search_and_first_the_best(plan: Openings) -> None:
    folder = plan.explainer.folder
    free = folder.workers[np.flatnonzero(plan.explainer.chosen < 0)]
    found = 0
    for number in range(0, folder.vacancies.height, 3):
        job = folder.vacancies[number].with_columns(
            vacancy_id=pl.lit("new"), positions=pl.lit(3, pl.Int32), employer_id=pl.lit(f"employer-new-{number % 2}")
        )
        places = places_of_new_vacancy(plan, job, limit=9999)
        assert told(places) == scan(plan, free, job)
        assert ranked(places)
        assert places_of_new_vacancy(plan, job, limit=3) == places[:3]
        found += len(places)
    assert found > 50


def test_a_new_vacancy_finds_the_best_in_small_batches_as_at_once(
    plan: Openings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skillbridge.matching.beside.FIRST", 1)
    monkeypatch.setattr("skillbridge.insertion.FIRST", 1)
    monkeypatch.setattr("skillbridge.matching.pool.BLOCK", 3)
    explainer, folder = plan.explainer, plan.explainer.folder
    small = replace(
        plan,
        beside=beside(
            folder.workers, folder.vacancies, explainer.search, explainer.measure, plan.waiting, plan.together != -1
        ),
    )
    found = 0
    for number in range(0, folder.vacancies.height, 3):
        job = folder.vacancies[number].with_columns(vacancy_id=pl.lit("new"), positions=pl.lit(number % 2, pl.Int32))
        whole = places_of_new_vacancy(plan, job, limit=9999)
        found += len(whole)
        for limit in (1, 2, 7, 9999):
            assert places_of_new_vacancy(small, job, limit=limit) == whole[:limit]
    assert found > 50


def test_a_new_vacancy_knows_whom_it_names_and_who_was_there_before(plan: Openings) -> None:
    folder = plan.explainer.folder
    free = folder.workers[np.flatnonzero(plan.explainer.chosen < 0)]
    returning = 0
    for number in range(0, folder.vacancies.height, 3):
        job = folder.vacancies[number].with_columns(vacancy_id=pl.lit("new"), positions=pl.lit(3, pl.Int32))
        known = places_of_new_vacancy(plan, job, limit=9999)
        if len(known) < 3:
            continue
        last = known[-1].worker_id
        named = job.with_columns(named_workers=pl.lit(f"{last};nobody"))
        places = places_of_new_vacancy(plan, named, limit=9999)
        assert told(places) == scan(plan, free, named)
        assert {one.worker_id: one.terms["continuity"] for one in places}[last] == 1000
        returning += sum(one.terms["continuity"] > 0 for one in known)
    assert returning > 0


def test_an_agreement_shut_to_a_vacancy_takes_nobody_there(plan: Openings) -> None:
    folder = plan.explainer.folder
    known = 0
    for number in range(folder.vacancies.height):
        job = folder.vacancies[number].with_columns(wage=pl.lit(1, pl.Int64) if number % 2 else pl.col("wage"))
        closed = shut(job, folder.workers.head(1), folder.partnerships)
        taken = admission(folder.workers, job, folder.partnerships).pathway
        ids = [one.id for one in folder.partnerships]
        assert closed.isdisjoint(ids[code] for code in np.unique(taken) if code < len(ids))
        known += len(closed)
    assert known > 0


def test_a_new_vacancy_may_ask_what_no_vacancy_asked_before(plan: Openings) -> None:
    free = plan.explainer.folder.workers[np.flatnonzero(plan.explainer.chosen < 0)]
    job = plan.explainer.folder.vacancies[0].with_columns(
        vacancy_id=pl.lit("new"),
        languages=pl.lit("is:A2"),
        licences=pl.lit("spaceflight"),
        skills=pl.lit("http://example.org/skill/unheard-of"),
        currency=pl.lit("ISK"),
    )
    assert told(places_of_new_vacancy(plan, job)) == scan(plan, free, job)


def test_one_of_a_group_goes_only_where_the_others_are(plan: Openings) -> None:
    problem, folder = plan.explainer.problem, plan.explainer.folder
    tried = 0
    for worker in np.flatnonzero(problem.group >= 0).tolist():
        mates = np.flatnonzero((problem.group == problem.group[worker]) & (np.arange(problem.n_workers) != worker))
        held = plan.explainer.chosen[mates]
        where = {int(problem.place[problem.vacancy[e]]) if e >= 0 else -1 for e in held}
        for place in places_of_worker(plan, folder.workers["worker_id"][worker]):
            there = int(problem.place[plan.explainer.vacancy(place.vacancy_id)])
            if where != {there}:
                assert not place.free
                tried += 1
    assert tried > 0


def test_a_new_vacancy_is_offered_unplaced_workers(plan: Openings) -> None:
    jobs = plan.explainer.folder.vacancies.with_columns(positions=pl.lit(3, pl.Int32))
    placed = set(plan.explainer.folder.placements["worker_id"])
    offered = set()
    for number in range(jobs.height):
        job = understand(jobs[number].with_columns(vacancy_id=pl.lit("new")), pack.load("core"))
        offered |= {place.worker_id for place in places_of_new_vacancy(plan, job, limit=50)}
    assert offered
    assert not offered & placed


def test_unknown_and_known_ids_are_refused(plan: Openings) -> None:
    with pytest.raises(BadInput, match="not in the plan"):
        places_of_worker(plan, "nobody")
    with pytest.raises(BadInput, match="is in the plan already"):
        places_of_new_worker(plan, plan.explainer.folder.workers.head(1))
