"""Every worker and vacancy left over has one true reason, and no change is shown that solving again did not confirm."""

from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from scipy import optimize, sparse

from benchmarks.explanations import made_again, random_plan
from skillbridge import explain, plan_folder, rates, tables, words
from skillbridge.cli import cli
from skillbridge.errors import BadInput
from skillbridge.explain import changes, reasons
from skillbridge.explain.advice import Accuracy, Effect, accuracy, advise
from skillbridge.explain.blocks import blocks
from skillbridge.explain.bridge import trainings
from skillbridge.explain.explainer import Explainer
from skillbridge.explain.margins import Season
from skillbridge.explain.mends import Step
from skillbridge.explain.remedies import remedies
from skillbridge.explain.resolve import changed, nearby
from skillbridge.explain.seats import seats
from skillbridge.matching.candidates import Candidates
from skillbridge.partnerships.partnership import parse
from skillbridge.partnerships.rows import RowRef, Rows
from skillbridge.pipeline import Outcome, PlaceRequest, place
from skillbridge.solver.plan import Solution
from skillbridge.solver.problem import Problem
from skillbridge.taxonomies import pack


@pytest.fixture(scope="module")
def explainer(season_folder: Path) -> Explainer:
    return explain.open_plan(season_folder)


def small_problem(rows: list[tuple[list[int], int, int | None]], cells: list[int], positions: list[int]) -> Problem:
    """Four workers with one edge each to vacancy 0 or 1; a row is (coefficient per cell, limit, penalty)."""
    matrix = sparse.csr_array(np.array([row[0] for row in rows], dtype=np.int64).reshape(len(rows), -1).T)
    refs = tuple(RowRef("p", f"r{n}", f"row {n}", penalty=row[2]) for n, row in enumerate(rows))
    return Problem(
        indptr=np.array([0, 1, 2, 3, 4], dtype=np.int64),
        vacancy=np.array([0, 0, 1, 1], dtype=np.int32),
        weight=np.array([1900, 1800, 1700, 1600], dtype=np.int32),
        positions=np.array(positions, dtype=np.int32),
        rows=Rows(
            np.array(cells, dtype=np.int32),
            np.array([row[1] for row in rows], dtype=np.int64),
            matrix,
            sparse.csr_array((2, len(rows)), dtype=np.int64),
            refs,
        ),
        group=np.full(4, -1, dtype=np.int32),
        place=np.array([0, 1], dtype=np.int32),
    )


def solution(chosen: list[int], row_price: list[float], vacancy_price: tuple[float, float] = (0.0, 0.0)) -> Solution:
    return Solution(
        np.array(chosen, dtype=np.int64), 0, 0.0, "feasible", "", np.array(vacancy_price), np.array(row_price)
    )


def reasons_of(
    problem: Problem, answer: Solution, isco: str | None = "9211", without: list[str] | None = None
) -> list[tuple[str, str | None]]:
    workers = tables.conform(
        pl.DataFrame({"worker_id": list("abcd"), "origin": ["WS"] * 4, "isco": [isco] * 4}), tables.WORKERS
    )
    vacancies = tables.conform(
        pl.DataFrame({"vacancy_id": ["x", "y"], "positions": problem.positions}), tables.VACANCIES
    )
    counted = pl.DataFrame(
        {"worker": [0] * len(without or []), "reason": without or [], "pairs": [1] * len(without or [])},
        schema={"worker": pl.UInt32, "reason": pl.String, "pairs": pl.UInt32},
    )
    found = Candidates(pl.DataFrame(schema=tables.EDGES), {}, counted, pl.DataFrame(), {}, 4)
    table = reasons.unplaced(workers, vacancies, (), found, problem, answer)
    return table.select("reason", "rule").rows()


def test_a_worker_before_a_full_vacancy_was_outbid() -> None:
    problem = small_problem([([1], 9, None)], [0, 0, 0, 0], [1, 2])
    assert reasons_of(problem, solution([0, -1, 2, 3], [0.0])) == [("outbid", None)]


def test_a_worker_before_an_open_vacancy_and_a_row_used_up_is_held_by_the_dearest_such_row() -> None:
    problem = small_problem([([1, 1], 3, None), ([0, 1], 1, None), ([1, 1], 99, None)], [0, 0, 1, 1], [2, 2])
    assert reasons_of(problem, solution([0, 1, 2, -1], [5.0, 9.0, 50.0])) == [("quota", "r1")]
    assert reasons_of(problem, solution([0, 1, 2, -1], [9.0, 5.0, 50.0])) == [("quota", "r0")]


def test_a_minimum_that_more_of_the_others_would_break_is_called_a_share() -> None:
    problem = small_problem([([-2, 1], 0, None)], [0, 0, 1, 1], [2, 2])
    assert reasons_of(problem, solution([-1, 1, 2, 3], [1.0])) == [("solver", None)]
    assert reasons_of(problem, solution([0, -1, 2, 3], [1.0]))[0] == ("solver", None)
    problem = small_problem([([-1, 1], 0, None)], [0, 0, 1, 1], [1, 2])
    assert reasons_of(problem, solution([0, -1, 2, -1], [1.0])) == [("outbid", None), ("share", "r0")]


def test_a_soft_row_holds_nobody_back() -> None:
    problem = small_problem([([1], 1, 300)], [0, 0, 0, 0], [2, 2])
    assert reasons_of(problem, solution([0, -1, -1, -1], [300.0]))[0] == ("solver", None)


@pytest.mark.parametrize(
    ("counted", "isco", "reason"),
    [
        (["window", "occupation"], "9211", "window"),
        (["occupation"], "9211", "no_vacancy"),
        (["occupation"], None, "no_occupation"),
        (["consent"], "9211", "consent"),
        (["refused"], "9211", "preference"),
        (["corridor.none"], "9211", "corridor"),
        ([], "9211", "no_vacancy"),
    ],
)
def test_a_worker_without_candidates_gets_what_ruled_most_out(
    counted: list[str], isco: str | None, reason: str
) -> None:
    problem = small_problem([([1], 9, None)], [0, 0, 0], [2, 2])
    lonely = Problem(
        np.array([0, 0, 1, 2, 3]),
        problem.vacancy[1:],
        problem.weight[1:],
        problem.positions,
        problem.rows,
        problem.group,
        problem.place,
    )
    assert reasons_of(lonely, solution([-1, 0, 1, 2], [0.0]), isco, counted) == [(reason, None)]


def test_everyone_and_everything_left_over_has_one_known_reason(season: Outcome) -> None:
    folder = season.folder
    left = folder.workers.join(folder.placements, on="worker_id", how="anti")
    assert folder.unplaced["worker_id"].to_list() == sorted(left["worker_id"].to_list())
    for frame in (folder.unplaced, folder.unfilled):
        assert frame["reason"].null_count() == 0
        for lang in words.LANGUAGES:
            assert all(words.say(lang, f"reason.{code}") for code in frame["reason"].unique())
    open_positions = (folder.unfilled["positions"] - folder.unfilled["filled"]).sum()
    assert open_positions == folder.plan.counts.positions - folder.plan.counts.placed
    assert (folder.unfilled["filled"] < folder.unfilled["positions"]).all()


def test_reasons_are_true_of_the_plan(season: Outcome) -> None:
    """Whoever was outbid meets full vacancies, whoever a quota holds back meets that row used up."""
    problem, answer, folder = season.problem, season.solution, season.folder
    state = blocks(problem, answer.chosen, answer.vacancy_price, answer.row_price)
    row_of = {id_: number for number, id_ in enumerate(folder.workers["worker_id"])}
    for who, reason, rule in folder.unplaced.select("worker_id", "reason", "rule").rows():
        mine = slice(problem.indptr[row_of[who]], problem.indptr[row_of[who] + 1])
        if reason == "outbid":
            assert (state.full[mine] | (state.row[mine] >= 0)).all()
            assert state.full[mine].any()
        elif reason in ("quota", "share"):
            assert rule in {problem.rows.refs[number].rule for number in state.row[mine] if number >= 0}
        elif reason in ("solver", "group"):
            assert (~state.full[mine] & (state.row[mine] < 0)).any()
        else:
            assert mine.start == mine.stop, reason


def test_a_placed_worker_is_told_where_by_what_and_how_the_score_came_about(explainer: Explainer) -> None:
    row = explainer.folder.placements.row(0, named=True)
    answer = explain.explain_worker(explainer, row["worker_id"])
    assert (answer.reason, answer.vacancy, answer.partnership) == ("placed", row["vacancy_id"], row["partnership"])
    assert (answer.start, answer.end, answer.score) == (str(row["start"]), str(row["end"]), row["score"])
    assert round(sum(line.value * line.weight for line in answer.breakdown) / 1000) == row["score"]
    assert answer.changes == ()


def test_ruled_out_pairs_and_candidates_make_up_all_vacancies(explainer: Explainer) -> None:
    legal = np.bincount(explainer.state.worker, minlength=explainer.problem.n_workers)
    for worker in range(0, explainer.problem.n_workers, 37):
        answer = explain.explain_worker(explainer, explainer.folder.workers["worker_id"][worker], changes=False)
        assert sum(answer.ruled_out.values()) + legal[worker] <= explainer.problem.n_vacancies
        if legal[worker] < 32:
            assert sum(answer.ruled_out.values()) + legal[worker] == explainer.problem.n_vacancies


def best(problem: Problem, without: int | None = None) -> float:
    """The optimum by another solver, optionally with one worker's edges taken away."""
    p = problem
    n = len(p.weight)
    owner = np.repeat(np.arange(p.n_workers), np.diff(p.indptr))
    hard = np.array([ref.penalty is None for ref in p.rows.refs], dtype=np.bool_)
    one = sparse.csr_array((np.ones(n), (owner, np.arange(n))), shape=(p.n_workers, n))
    heads = sparse.csr_array((np.ones(n), (p.vacancy, np.arange(n))), shape=(p.n_vacancies, n))
    in_cell = sparse.csr_array((np.ones(n), (p.rows.cell, np.arange(n))), shape=(p.rows.n_cells, n))
    use = (p.rows.cell_rows.T @ in_cell + p.rows.vacancy_rows.T @ heads)[hard]
    upper = np.where(owner == without, 0.0, 1.0)
    answer = optimize.milp(
        -p.weight.astype(float),
        integrality=np.ones(n, dtype=np.int64),
        bounds=optimize.Bounds(0, upper),
        constraints=[
            optimize.LinearConstraint(one, ub=1),
            optimize.LinearConstraint(heads, ub=p.positions),
            optimize.LinearConstraint(sparse.csr_array(use), ub=p.rows.limit[hard]),
        ],
        options={"mip_rel_gap": 0.0},
    )
    assert answer.success
    return float(-answer.fun)


def test_places_that_were_confirmed_hold_by_another_solver_too(explainer: Explainer) -> None:
    """By another solver, over all who wait and all their candidates: with the places told, and everyone placed kept,
    no best plan leaves the worker out."""
    refs = explainer.problem.rows.refs
    waiting = np.flatnonzero((explainer.chosen < 0) & (explainer.problem.group < 0))
    part = nearby(explainer.problem, explainer.chosen, waiting)
    shown = 0
    for worker in waiting[::4].tolist():
        for change in changes.for_worker(explainer, worker):
            steps = [explain.Step(change.kind, change.values), *change.also]
            if {step.kind for step in steps} - {"positions", "places"}:
                continue
            positions = {
                explainer.vacancy(step.values["vacancy"]): int(step.values["n"])
                for step in steps
                if step.kind == "positions"
            }
            rows = {
                number: int(step.values["n"])
                for step in steps
                if step.kind == "places"
                for number, ref in enumerate(refs)
                if ref.label == step.values["row"]
            }
            wider = changed(part, rows=rows, positions=positions).problem
            at = int(np.searchsorted(part.workers, worker))
            assert best(wider, without=at) < best(wider) - 0.5
            shown += 1
    assert shown >= 3


def test_most_who_wait_are_told_a_change(explainer: Explainer) -> None:
    waiting = np.flatnonzero(explainer.chosen < 0)[::8].tolist()
    told = [changes.for_worker(explainer, worker) for worker in waiting]
    assert sum(bool(one) for one in told) >= 0.9 * len(waiting)
    for found in told:
        sizes = [1 + len(change.also) for change in found]
        assert not sizes or 1 not in sizes or set(sizes) == {1}, "several steps are told only where no single one does"


def test_changes_are_foreseen_smallest_first_and_never_of_age_sex_or_origin(explainer: Explainer) -> None:
    for worker in np.flatnonzero(explainer.chosen < 0)[::5].tolist():
        found = remedies(explainer, worker)
        assert [len(one.steps) for one in found] == sorted(len(one.steps) for one in found)
        mine = explainer.folder.workers.row(worker, named=True)
        for one in found:
            if one.worker is not None:
                assert all(one.worker[name] == mine[name] for name in ("sex", "birth_year", "origin", "region"))


AGREEMENT = """
id = "xx-test"
title = "A small agreement"
kind = "bilateral_agreement"
owner = "destination"
destination = ["NZ"]
origins = ["WS"]
version = "1"

[[rules]]
id = "cap"
type = "quota"
max = 4
count = "visas"
period = { kind = "year" }
"""


def small_season(out: Path, cap: int) -> Explainer:
    """Three workers fit four positions; `wisher` lacks one job's language, another's licence, and time for a third."""
    people = pl.DataFrame(
        {"worker_id": ["w1", "w2", "w3", "wisher"], "languages": ["en:B1", "en:B1", "en:B1", "fr:B1"]}
    ).with_columns(
        origin=pl.lit("WS"),
        isco=pl.lit("8332"),
        consent=pl.lit(value=True),
        experience_months=40,
        available_from=date(2026, 2, 1),
        available_to=date(2026, 3, 31),
    )
    jobs = pl.DataFrame(
        {
            "vacancy_id": ["easy", "spoken", "driven", "long"],
            "positions": [2, 2, 1, 1],
            "languages": ["en:B1", "en:B1", None, None],
            "licences": [None, None, "B", None],
            "end": [date(2026, 3, 31), date(2026, 3, 31), date(2026, 3, 31), date(2026, 9, 30)],
        }
    ).with_columns(
        start=date(2026, 2, 1),
        employer_id="vacancy_id",
        destination=pl.lit("NZ"),
        isco=pl.lit("8332"),
        wage=3000,
        currency=pl.lit("NZD"),
        hours_week=40.0,
    )
    request = PlaceRequest(
        workers=tables.conform(people, tables.WORKERS),
        vacancies=tables.conform(jobs, tables.VACANCIES),
        partnerships=[parse(AGREEMENT.replace("max = 4", f"max = {cap}"))],
        taxonomy=pack.load("core"),
    )
    plan_folder.write(place(request).folder, out)
    return explain.open_plan(out)


def test_each_single_thing_that_a_worker_lacks_is_found_and_confirmed(tmp_path: Path) -> None:
    asked = small_season(tmp_path / "plan", cap=4)
    assert asked.folder.unplaced["worker_id"].to_list() == ["wisher"]
    answer = explain.explain_worker(asked, "wisher")
    found = {change.kind: change.values for change in answer.changes or ()}
    into = {change.kind: change.vacancy for change in answer.changes or ()}
    assert set(found) == {"language", "licence", "dates"}
    assert all(not change.also for change in answer.changes or ())
    assert (found["language"]["language"], found["language"]["level"], found["language"]["held"]) == ("en", "B1", "")
    assert (found["licence"]["licence"], into["licence"]) == ("B", "driven")
    assert (found["dates"]["start"], found["dates"]["end"], into["dates"]) == (
        "2026-02-01",
        "2026-09-30",
        "long",
    )
    said = explain.text(asked, answer, "fr")
    assert "avec : anglais au niveau B1" in said
    assert "avec : la licence B" in said


def test_each_single_thing_that_an_employer_asks_for_is_found_and_confirmed(tmp_path: Path) -> None:
    asked = small_season(tmp_path / "plan", cap=4)
    assert set(asked.folder.unfilled["vacancy_id"]) >= {"driven", "long"}
    answer = explain.explain_vacancy(asked, "driven")
    assert answer.reason == "licence"
    assert [(change.kind, change.values["licence"], change.values["more"]) for change in answer.changes or ()] == [
        ("licence_asked", "B", "1")
    ]


def test_nothing_that_a_used_up_quota_would_stop_is_promised(tmp_path: Path) -> None:
    """With three places in all, nothing the worker could learn would help; a season four times as long outbids."""
    asked = small_season(tmp_path / "plan", cap=3)
    assert [(one.kind, one.vacancy) for one in explain.explain_worker(asked, "wisher").changes or ()] == [
        ("dates", "long")
    ]
    longer = asked.folder.workers.with_columns(
        available_to=pl.when(pl.col("worker_id") == "wisher").then(date(2026, 9, 30)).otherwise("available_to")
    )
    anew = place(
        PlaceRequest(longer, asked.folder.vacancies, asked.folder.partnerships, pack.load("core"), objective="default")
    )
    assert "wisher" in anew.folder.placements["worker_id"]
    assert explain.explain_vacancy(asked, "driven").changes == ()
    tight = small_season(tmp_path / "tight", cap=2)
    waiting = tight.folder.unplaced.filter(pl.col("reason") == "quota")
    assert waiting.height == 1
    answer = explain.explain_worker(tight, waiting["worker_id"][0])
    found = {change.kind: change.values for change in answer.changes or ()}
    assert set(found) == {"named", "experience", "dates", "places"}, (
        "three are alike and two are placed: little decides"
    )
    assert found["places"]["n"] == "1"
    assert (answer.partnership, answer.rule) == ("xx-test", "cap")


def test_nothing_is_claimed_for_who_would_be_placed_without_any_change(explainer: Explainer) -> None:
    placed = np.flatnonzero((explainer.chosen >= 0) & (explainer.problem.group < 0))[:10]
    for worker in placed.tolist():
        assert changes.for_worker(explainer, worker) == []


def test_explanations_are_said_in_four_languages_to_three_audiences(explainer: Explainer) -> None:
    folder = explainer.folder
    answers = [
        explain.explain_worker(explainer, folder.placements["worker_id"][0]),
        explain.explain_worker(explainer, folder.unplaced["worker_id"][0]),
        explain.explain_vacancy(explainer, folder.unfilled["vacancy_id"][0]),
        explain.explain_vacancy(explainer, folder.placements["vacancy_id"][0], changes=False),
    ]
    for answer in answers:
        assert msgspec.json.decode(msgspec.json.encode(answer), type=explain.Explanation) == answer
        for lang in words.LANGUAGES:
            for audience in ("worker", "employer", "ministry"):
                said = explain.text(explainer, answer, lang, audience=audience)
                assert words.say(lang, f"reason.{answer.reason}") in said or answer.reason in ("placed", "filled")
                assert "{" not in said
    for_worker = explain.text(explainer, answers[1], "en", audience="worker")
    assert "points to the plan" not in for_worker
    assert "A named officer decides" in for_worker
    employer = explain.text(explainer, answers[2], "en", audience="employer")
    assert not any(other.id in employer for other in answers[2].others), (
        "an employer sees nobody who was not placed there"
    )


def test_the_command_line_prints_words_or_the_struct(season_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    who = pl.read_csv(season_folder / "unplaced.csv")["worker_id"][0]
    cli.main(["explain", str(season_folder), "--worker", who, "--lang", "fr", "--no-changes"], standalone_mode=False)
    assert who in capsys.readouterr().out
    cli.main(["explain", str(season_folder), "--worker", who, "--json", "--no-changes"], standalone_mode=False)
    answer = msgspec.json.decode(capsys.readouterr().out, type=explain.Explanation)
    assert (answer.id, answer.changes) == (who, None)
    with pytest.raises(BadInput, match="not in the plan's inputs"):
        cli.main(["explain", str(season_folder), "--worker", "nobody"], standalone_mode=False)
    with pytest.raises(BadInput, match="nobody named"):
        cli.main(["explain", str(season_folder)], standalone_mode=False)


def test_blocks_see_a_row_that_counts_two_for_one_place() -> None:
    problem = small_problem([([2], 3, None)], [0, 0, 0, 0], [2, 2])
    state = blocks(problem, np.array([0, -1, -1, -1]), np.zeros(2), np.zeros(1))
    assert state.used.tolist() == [2]
    assert state.row.tolist() == [0, 0, 0, 0]


def test_more_places_are_worth_at_most_what_is_foreseen_and_what_planning_again_confirms(explainer: Explainer) -> None:
    rows = advise(explainer, top=3)
    assert rows
    slack = explainer.folder.plan.bound - explainer.folder.plan.objective
    for row in rows:
        assert row.whole
        assert [effect.more for effect in row.effects] == [1, 10, 100]
        gains = [effect.gained for effect in row.effects]
        assert gains == sorted(gains)
        for effect in row.effects:
            assert effect.gained <= effect.foreseen + slack + 1
            assert effect.foreseen <= (row.price + slack) * effect.more + 1, "prices found anew prove no less"
        for lang in words.LANGUAGES:
            assert row.row in explain.advice_text(row, lang)
    held = accuracy([effect for row in rows for effect in row.effects if effect.more == 10])
    assert held is not None
    assert 0 <= held.share <= 1.1
    assert advise(explainer, partnership="nobody") == []


def test_one_more_place_under_a_used_up_cap_is_worth_one_placement(tmp_path: Path) -> None:
    tight = small_season(tmp_path / "plan", cap=2)
    (row,) = advise(tight, steps=(1, 10))
    assert (row.rule, row.kind, row.limit, row.used) == ("cap", "quota", 2, 2)
    assert [(effect.more, effect.placed) for effect in row.effects] == [(1, 1), (10, 1)]
    assert row.effects[0].gained == pytest.approx(row.effects[0].foreseen, abs=1)


def test_of_two_limits_that_stop_the_same_neither_alone_is_worth_anything() -> None:
    """Three wait for two places; a row repeats the vacancy's two positions, and prices charge for it alone."""
    problem = small_problem([([1, 0], 1, None)], [0, 0, 1, 1], [1, 2])
    twice = Season(problem, np.array([0, -1, 2, 3]), np.array([0.0, 0.0, 1800.0]))
    assert twice.base[1] == pytest.approx(1900 + 1700 + 1600)
    assert twice.bound_with([0], 1) == pytest.approx(twice.base[1])
    assert twice.bound_with([0], 1, [0]) == pytest.approx(twice.base[1] + 1800)
    (gain,) = twice.gains([0], [1], [0])
    assert (gain.points, gain.placed) == (1800, 1)
    assert twice.gains([0], [1])[0].points == 0


def test_around_a_limit_are_those_who_wait_for_it_and_those_they_would_move() -> None:
    problem = small_problem([([1, 1], 3, None)], [0, 0, 1, 1], [2, 2])
    season = Season(problem, np.array([0, 1, 2, -1]), np.array([0.0, 0.0, 1600.0]))
    assert len(season.around(season.chosen, [0], [], 1)) == 1
    assert season.around(season.chosen, [0], [], 4).tolist() == [0, 1, 2, 3]


def test_the_training_that_places_those_who_wait_is_found_with_its_seats(tmp_path: Path) -> None:
    """One who waits lacks English for one place or a licence for another; a used-up quota makes both worth nothing."""
    found = trainings(small_season(tmp_path / "plan", cap=4))
    assert {(one.kind, tuple(sorted(one.values.values()))) for one in found} == {
        ("language", ("B1", "en")),
        ("licence", ("B",)),
    }
    for one in found:
        assert (one.able, one.seats, one.origins, one.destinations) == (1, 1, {"WS": 1}, {"NZ": 1})
        assert one.points > 1000
        for lang in words.LANGUAGES:
            assert words.country(lang, "NZ") in explain.training_text(one, lang)
    assert trainings(small_season(tmp_path / "full", cap=3)) == []


def test_changes_made_in_the_inputs_give_the_place_that_was_promised(tmp_path: Path) -> None:
    """The problem built anew from the changed inputs, by another solver: beds of a vacancy are used up with its
    positions, which a new pair looked at alone does not show."""
    explainer = explain.open_plan(random_plan(300, 22, tmp_path / "plan", None))
    judged = 0
    for worker in np.flatnonzero(explainer.chosen < 0)[::24].tolist():
        found = changes.for_worker(explainer, worker)
        if not found or (explainer.problem.group[worker] >= 0 and found[0].kind != "alone"):
            continue
        held, in_season = made_again(explainer, worker, found[0])
        kinds = {found[0].kind, *(step.kind for step in found[0].also)}
        assert held or (in_season and not kinds & {"positions", "places"})
        judged += held
    assert judged >= 3


def opened_season(out: Path, agreement: str, origins: str = '["WS"]', **job: object) -> Explainer:
    """Six workers, one of them a child, of two origins, of which the agreement takes one: one vacancy with two
    positions, changed by `job`."""
    people = pl.DataFrame(
        {"worker_id": ["a1", "a2", "a3", "b1", "b2", "child"], "origin": ["WS", "WS", "WS", "TO", "TO", "WS"]}
    ).with_columns(
        isco=pl.lit("8332"),
        consent=pl.lit(value=True),
        experience_months=pl.Series([60, 48, 36, 24, 12, 6]),
        birth_year=pl.Series([1990, 1990, 1990, 1990, 1990, 2012]),
        available_from=date(2026, 2, 1),
        available_to=date(2026, 3, 31),
    )
    offer = {
        "vacancy_id": "job", "positions": 2, "start": date(2026, 2, 1), "end": date(2026, 3, 31), "employer_id": "e",
        "destination": "NZ", "isco": "8332", "wage": 3000, "currency": "NZD", "hours_week": 40.0,
    }  # fmt: skip
    request = PlaceRequest(
        workers=tables.conform(people, tables.WORKERS),
        vacancies=tables.conform(pl.DataFrame([offer | job]), tables.VACANCIES),
        partnerships=[parse(AGREEMENT.replace('["WS"]', origins) + ADULTS + agreement)],
        taxonomy=pack.load("core"),
    )
    plan_folder.write(place(request).folder, out)
    return explain.open_plan(out)


ADULTS = '[[rules]]\nid = "adults"\ntype = "eligibility"\nage_min = 18\n'
MIN_GROUP = '[[rules]]\nid = "posts"\ntype = "group"\nmin_group = 3\nstrictness = "hard"\n'
FLOOR = '[[rules]]\nid = "floor"\ntype = "wage"\nfloors = [{ amount = 31.5, currency = "NZD", per = "hour" }]\n'


def told(asked: Explainer, worker: str) -> list[dict[str, dict[str, str]]]:
    found = explain.explain_worker(asked, worker).changes or ()
    return [{step.kind: step.values for step in (explain.Step(one.kind, one.values), *one.also)} for one in found]


def test_an_employer_who_posts_too_few_is_told_how_many_more_it_takes(tmp_path: Path) -> None:
    """Everyone is let in by it: the best three by three positions, the fourth by none, as the cap is four."""
    asked = opened_season(tmp_path / "plan", MIN_GROUP)
    assert asked.folder.unplaced.height == 6
    assert [told(asked, name) for name in ("a1", "a2", "a3")] == [[{"positions": {"n": "1", "vacancy": "job"}}]] * 3


def test_an_offer_below_the_floor_is_told_the_lowest_wage_the_agreement_allows(tmp_path: Path) -> None:
    asked = opened_season(tmp_path / "plan", FLOOR)
    assert asked.folder.unplaced.height == 6
    offered = {"wage_offered": {"wage": "31.50 NZD", "partnership": "xx-test"}}
    assert told(asked, "a1") == told(asked, "a2") == [offered]
    (third,) = told(asked, "a3")
    assert third == offered | {"positions": {"n": "1", "vacancy": "job"}}, "two others are let in, and fit better"


@pytest.mark.parametrize(
    ("term", "last"), [('fixed_season = ["01-01", "02-28"]', "2026-02-28"), ('max = "P20D"', "2026-02-20")]
)
def test_a_contract_past_the_season_is_told_when_it_would_have_to_end(tmp_path: Path, term: str, last: str) -> None:
    asked = opened_season(tmp_path / "plan", f'[[rules]]\nid = "stay"\ntype = "stay"\n{term}\n')
    assert asked.folder.unplaced.height == 6
    ended = {"job_end": {"end": last, "partnership": "xx-test"}}
    assert told(asked, "a1") == told(asked, "a2") == [ended]
    (third,) = told(asked, "a3")
    assert third == ended | {"positions": {"n": "1", "vacancy": "job"}}, "two others are let in, and fit better"
    assert last in explain.text(asked, explain.explain_worker(asked, "a1"), "ar", audience="worker")


def test_a_job_that_starts_out_of_season_is_told_no_end(tmp_path: Path) -> None:
    rule = '[[rules]]\nid = "stay"\ntype = "stay"\nfixed_season = ["10-01", "12-31"]\n'
    assert told(opened_season(tmp_path / "plan", rule), "a1") == []


def test_wages_are_told_in_whole_units_of_their_currency() -> None:
    assert [rates.told(*one) for one in ((3150, "NZD"), (10_320, "KRW"), (1_875, "KWD"))] == [
        "31.50 NZD",
        "10320 KRW",
        "1.875 KWD",
    ]


def test_a_country_without_an_agreement_is_told_which_would_have_to_take_it(tmp_path: Path) -> None:
    asked = opened_season(tmp_path / "plan", "", positions=4)
    assert set(asked.folder.placements["worker_id"]) == {"a1", "a2", "a3"}
    wider = {"corridor": {"partnership": "xx-test", "origin": "TO"}}
    assert told(asked, "b1") == [wider]
    (second,) = told(asked, "b2")
    assert second.keys() == {"corridor", "positions", "places"}, "one of two had the position and the visa left"
    assert second["corridor"] == wider["corridor"]
    answer = explain.explain_worker(asked, "b1")
    assert "xx-test" in explain.text(asked, answer, "fr", audience="worker")
    assert "Tonga" in explain.text(asked, answer, "fr", audience="worker")


@pytest.mark.parametrize("agreement", ["", MIN_GROUP, FLOOR])
def test_nobody_under_age_is_told_a_change(tmp_path: Path, agreement: str) -> None:
    asked = opened_season(tmp_path / "plan", agreement, positions=2)
    assert told(asked, "child") == []


def room_for(asked: Explainer, name: str) -> changes.Change:
    """The first confirmed change that is about room alone."""
    worker = asked.worker(name)
    room = next(one for one in remedies(asked, worker) if one.room)
    (seat,) = seats(asked, worker, [room])
    change = changes.confirm(asked, worker, room, seat)
    assert change is not None
    return change


def test_a_limit_that_those_ahead_would_use_up_is_told_with_the_positions(tmp_path: Path) -> None:
    """Of four visas two are left: enough for the two who wait first, and one too few with a third."""
    asked = opened_season(tmp_path / "plan", "", '["WS", "TO"]')
    assert set(asked.folder.placements["worker_id"]) == {"a1", "a2"}
    found = {}
    for name in ("b1", "b2"):
        change = room_for(asked, name)
        found[name] = [(step.kind, step.values["n"]) for step in (Step(change.kind, change.values), *change.also)]
    assert found == {"b1": [("positions", "2")], "b2": [("positions", "3"), ("places", "1")]}


def test_a_crew_ahead_in_the_line_brings_along_who_is_not(tmp_path: Path) -> None:
    """One has the position. Of those who wait, one alone and one of a crew, asked for by name, fit better than `last`:
    of two more the crew takes both, as it brings along its other, and of three one is left for who is alone."""
    first = opened_season(tmp_path / "first", "", positions=1, named_workers="crew-1")
    person = first.folder.workers.filter(pl.col("worker_id") == "a1").drop("worker_id", "experience_months", "group_id")
    people = pl.DataFrame(
        {
            "worker_id": ["has", "alone", "crew-1", "crew-2", "last"],
            "experience_months": [60, 36, 57, 12, 24],
            "group_id": [None, None, "crew", "crew", None],
        }
    ).join(person, how="cross")
    request = PlaceRequest(
        workers=tables.conform(people, tables.WORKERS),
        vacancies=first.folder.vacancies,
        partnerships=[parse(AGREEMENT.replace("max = 4", "max = 9"))],
        taxonomy=pack.load("core"),
    )
    plan_folder.write(place(request).folder, tmp_path / "plan")
    asked = explain.open_plan(tmp_path / "plan")
    assert asked.folder.placements["worker_id"].to_list() == ["has"]
    assert {name: room_for(asked, name).values["n"] for name in ("alone", "last")} == {"alone": "1", "last": "4"}
    assert made_again(asked, asked.worker("last"), room_for(asked, "last")) == (True, True)


HOUSING = '[[rules]]\nid = "beds"\ntype = "housing"\nprovided = true\n'


def test_beds_that_only_more_positions_could_fill_are_told_with_them(tmp_path: Path) -> None:
    """Two positions never fill two beds, so the plan has no row for them; three positions do, and held anew only with
    a bed more. With four beds nothing is lacking."""
    asked = opened_season(tmp_path / "two", HOUSING, beds=2)
    assert set(asked.folder.placements["worker_id"]) == {"a1", "a2"}
    assert not any("beds" in ref.label for ref in asked.problem.rows.refs)
    found = room_for(asked, "a3")
    assert found.kind == "positions"
    assert found.values == {"n": "1", "vacancy": "job"}
    (beds,) = found.also
    assert (beds.kind, beds.values["n"], beds.values["partnership"]) == ("places", "1", "xx-test")
    assert beds.values["row"].startswith("beds of vacancy job")
    assert made_again(asked, asked.worker("a3"), found) == (True, True)
    lacking = msgspec.structs.replace(found, also=())
    assert made_again(asked, asked.worker("a3"), lacking) == (False, False)
    enough = opened_season(tmp_path / "four", HOUSING, beds=4)
    assert {"positions": {"n": "1", "vacancy": "job"}} in told(enough, "a3")


def test_beds_of_a_site_are_counted_over_its_vacancies_and_by_the_agreement_that_asks(tmp_path: Path) -> None:
    """Three beds for two positions and one next door. An agreement of another country asks for beds too: not here."""
    elsewhere = AGREEMENT.replace("xx-test", "aa-other").replace('["NZ"]', '["AU"]') + HOUSING
    first = opened_season(tmp_path / "one", HOUSING, beds=3, site_id="s")
    beside = first.folder.vacancies.with_columns(
        vacancy_id=pl.lit("beside"), positions=pl.lit(1, dtype=pl.Int32), isco=pl.lit("9211")
    )
    people = first.folder.workers
    cook = people.filter(pl.col("worker_id") == "b1").with_columns(
        worker_id=pl.lit("cook"), origin=pl.lit("WS"), isco=pl.lit("9211")
    )
    request = PlaceRequest(
        workers=pl.concat([people, cook]),
        vacancies=pl.concat([first.folder.vacancies, beside]),
        partnerships=[parse(elsewhere), *first.folder.partnerships],
        taxonomy=pack.load("core"),
    )
    plan_folder.write(place(request).folder, tmp_path / "both")
    asked = explain.open_plan(tmp_path / "both")
    assert set(asked.folder.placements["worker_id"]) == {"a1", "a2", "cook"}
    found = room_for(asked, "a3")
    (beds,) = found.also
    assert (beds.kind, beds.values["n"], beds.values["partnership"]) == ("places", "1", "xx-test")
    assert beds.values["row"].startswith("beds of site s on 2026-")
    assert made_again(asked, asked.worker("a3"), found) == (True, True)


def test_how_far_prices_held_is_told_with_an_interval_over_rows() -> None:
    def effect(foreseen: float, gained: int) -> Effect:
        return Effect(10, foreseen, gained, 1, 5)

    assert accuracy([]) is None
    assert accuracy([effect(0.0, 3)]) is None
    assert accuracy([effect(100.0, 90)]) == Accuracy(1, 0.9)
    alike = accuracy([effect(100.0, 90)] * 8)
    assert alike is not None
    assert (alike.share, alike.low, alike.high) == pytest.approx((0.9, 0.9, 0.9))
    apart = accuracy([effect(100.0, 60), effect(100.0, 100), effect(300.0, 290), effect(50.0, 50)])
    assert apart is not None
    assert apart.share == pytest.approx(500 / 550)
    assert apart.low is not None
    assert apart.high is not None
    assert 0.6 < apart.low < apart.share < apart.high <= 1.0
