"""Instances are the same when read back, the judge knows what is not allowed, and no policy beats the optimum."""

import gzip
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal

from skillbridge.benchmark import backtest, board
from skillbridge.benchmark.families import FAMILIES, make
from skillbridge.benchmark.instance import Instance, instance, read, read_card, table, write
from skillbridge.benchmark.judge import judge, read_answer
from skillbridge.benchmark.run import OPTIMUM, POLICIES, run
from skillbridge.cli import cli
from skillbridge.errors import BadInput
from skillbridge.solver.plan import broken, value
from tests.solver.test_solve import small_world


@pytest.fixture(scope="module")
def crews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("instance")
    write(make("crews", 200, 3), root)
    return root


def small(seed: int) -> Instance:
    problem = small_world(seed)
    rng = np.random.default_rng(seed)
    n, m = problem.n_workers, problem.n_vacancies
    return instance(f"small-{seed}", "grid", seed, problem, rng.permutation(n), rng.permutation(m), np.arange(n))


def answer(chosen: np.ndarray) -> pl.DataFrame:
    workers = np.flatnonzero(chosen >= 0)
    return pl.DataFrame({"worker": workers, "edge": chosen[workers]}, schema={"worker": pl.Int64, "edge": pl.Int64})


def test_an_instance_is_read_back_as_it_was_written(crews: Path) -> None:
    made, again = make("crews", 200, 3), read(crews)
    assert again.card == made.card
    for name in ("indptr", "vacancy", "weight", "positions", "group", "place"):
        assert (getattr(again.problem, name) == getattr(made.problem, name)).all(), name
    assert (again.problem.rows.limit == made.problem.rows.limit).all()
    for name in ("cell_rows", "vacancy_rows"):
        one, two = getattr(again.problem.rows, name), getattr(made.problem.rows, name)
        assert abs(one - two).sum() == 0, name
    assert (again.arrival == made.arrival).all()
    assert sorted(again.arrival.tolist()) == list(range(200))


@pytest.mark.parametrize("seed", range(20))
def test_the_judge_agrees_with_the_solver_s_own_arithmetic_on_any_choice(seed: int, tmp_path: Path) -> None:
    """Of random choices, legal or not: the same worth, and both or neither find something broken."""
    made = small(seed)
    write(made, tmp_path)
    p = made.problem
    rng = np.random.default_rng(seed)
    for _ in range(8):
        chosen = np.full(p.n_workers, -1, np.int64)
        for worker in range(p.n_workers):
            edges = np.arange(p.indptr[worker], p.indptr[worker + 1])
            if len(edges) and rng.random() < 0.5:
                chosen[worker] = rng.choice(edges)
        found = judge(tmp_path, answer(chosen))
        assert found.points == value(p, chosen)
        assert found.placed == (chosen >= 0).sum()
        assert bool(found.broken) == bool(broken(p, chosen))


def test_the_judge_names_what_is_not_allowed(crews: Path) -> None:
    edges = table(crews, "edges")
    first = edges.row(0, named=True)
    twice = pl.DataFrame({"worker": [first["worker"]] * 2, "edge": [first["edge"]] * 2})
    assert judge(crews, twice).broken[0] == f"worker {first['worker']} is placed more than once"
    foreign = pl.DataFrame({"worker": [edges["worker"][-1]], "edge": [first["edge"]]})
    assert judge(crews, foreign).broken == (f"edge 0 is not one of worker {edges['worker'][-1]}",)
    nowhere = pl.DataFrame({"worker": [0], "edge": [10**9]})
    assert judge(crews, nowhere).broken == ("edge 1000000000 is not one of worker 0",)


def test_no_policy_beats_the_optimum_and_all_are_legal(crews: Path) -> None:
    scores = list(run(crews, time_limit=10.0, clock=time.process_time))
    assert [one.entry for one in scores] == [OPTIMUM, *POLICIES]
    best = scores[0]
    bound = read_card(crews).bound
    assert bound is not None
    assert best.points <= bound
    for one in scores:
        assert one.broken == ()
        assert one.points <= best.points
        assert one.behind == pytest.approx(1 - one.points / best.points, abs=1e-5)
    text = board.page(scores, "1")
    assert all(entry in text for entry in POLICIES)
    assert board.table(scores)["entry"][0] == OPTIMUM


def test_a_season_under_an_agreement_is_made_the_same_twice() -> None:
    one, two = make("pacific", 120, 2), make("pacific", 120, 2)
    assert one.card == two.card
    assert one.card.edges > 0
    assert (one.problem.weight == two.problem.weight).all()
    assert (one.points == two.points).all()
    assert one.points.min() >= 0
    assert one.points.max() <= 100


def test_real_demand_is_asked_for_where_it_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="real demand"):
        make("h2a", 10, 1, tmp_path)
    with pytest.raises(BadInput, match="grid"):
        make("no-such", 10, 1)


def test_real_demand_makes_an_instance(shared_data: Path) -> None:
    for family in (name for name, one in FAMILIES.items() if one.needs_data):
        made = make(family, 100, 1, shared_data)
        assert made.card.edges > 0, family
        assert made.card.synthetic == ("workers",)


def test_a_list_of_another_year_makes_an_instance_named_after_it(shared_data: Path) -> None:
    listed = shared_data / "demand" / "lmia_tfwp_2019q4_positive_en.csv.gz"
    made = make("lmia", 100, 1, demand=listed)
    assert made.card.name == "lmia-100-1-lmia-tfwp-2019q4-positive-en"
    assert made.card.edges > 0
    assert (made.problem.weight == make("lmia", 100, 1, demand=listed).problem.weight).all()
    with pytest.raises(BadInput, match="looks more like a US disclosure"):
        make("lmia", 100, 1, demand=shared_data / "demand" / "h2b_fy2017.csv.gz")


def test_a_list_is_for_one_family_of_real_demand(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="grid"):
        make("grid", 10, 1, demand=tmp_path / "list.csv")
    for families in ((), ("h2a", "h2b")):
        named = [text for one in families for text in ("--family", one)]
        asked = ["benchmark", "make", *named, "--demand", str(tmp_path / "list.csv"), "--out", str(tmp_path / "out")]
        with pytest.raises(BadInput, match="--demand: with"):
            CliRunner().invoke(cli, asked, catch_exceptions=False)


def test_an_answer_is_judged_and_put_on_the_board_from_the_command_line(tmp_path: Path) -> None:
    def call(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(cli, [str(one) for one in arguments])
        return result.exit_code, result.output

    root = tmp_path / "bench"
    assert call("benchmark", "make", "--family", "grid", "--workers", 60, "--out", root)[0] == 0
    where = root / "grid-60-1"
    (where / "answers").mkdir()
    edge = table(where, "edges").row(0, named=True)
    mine = where / "answers" / "mine.csv"
    mine.write_text(f"worker,edge\n{edge['worker']},{edge['edge']}\n", encoding="utf-8")
    code, said = call("benchmark", "check", where, mine, "--json")
    verdict = msgspec.json.decode(said)
    assert (code == 0) == (not verdict["broken"])
    assert call("benchmark", "run", root, "--policy", "greedy", "--time-limit", 5)[0] == 0
    lines = pl.read_csv(root / "leaderboard.csv")
    assert set(lines["entry"]) == {"optimum", "greedy", "mine"}
    assert "mine" in (root / "leaderboard.html").read_text(encoding="utf-8")
    mine.write_text("worker;edge\n1;2\n", encoding="utf-8")
    with pytest.raises(BadInput, match="whole-number columns"):
        read_answer(mine)
    assert call("benchmark", "run", tmp_path / "nothing")[0] != 0


def test_the_solver_of_the_docs_enters_as_it_stands_there(tmp_path: Path) -> None:
    """The page's own script, run as a stranger would, gets what our greedy gets from the tables alone."""
    page = (Path(__file__).parents[1] / "docs" / "benchmark.md").read_text(encoding="utf-8")
    (script,) = (part.partition("```")[0] for part in page.split("```python\n")[1:])
    (tmp_path / "mine.py").write_text(script, encoding="utf-8")
    made = make("grid", 300, 2)
    where = tmp_path / made.card.name
    write(made, where, csv=True)
    subprocess.run([sys.executable, str(tmp_path / "mine.py"), str(where)], check=True, timeout=60)
    (where / "answers" / "mine.json").write_text('{"what": "a greedy", "cpu_seconds": 0.5}', encoding="utf-8")
    _, ours, theirs = run(where, time_limit=2.0, clock=time.process_time, only=("greedy",))
    assert (theirs.entry, theirs.broken, theirs.what, theirs.cpu_seconds) == ("mine", (), "a greedy", 0.5)
    assert theirs.points == ours.points > 0
    assert "a greedy" in board.page([theirs], "1")
    for name in ("workers", "vacancies", "edges", "rows", "cell_rows", "vacancy_rows"):
        assert_frame_equal(pl.read_csv(where / f"{name}.csv"), table(where, name), check_dtypes=False)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("odd.csv", "worker;edge\n1;2\n", "whole-number columns"),
        ("odd.json", '{"cpu_seconds": -1}', "cpu_seconds"),
        ("odd.json", '{"speed": 1}', "speed"),
    ],
)
def test_an_answer_that_cannot_be_read_is_on_the_board_as_refused(
    crews: Path, tmp_path: Path, name: str, text: str, message: str
) -> None:
    where = tmp_path / "instance"
    shutil.copytree(crews, where)
    (where / "answers").mkdir()
    for file in ("fine.csv", "odd.csv"):
        (where / "answers" / file).write_text("worker,edge\n", encoding="utf-8")
    (where / "answers" / name).write_text(text, encoding="utf-8")
    scores = {one.entry: one for one in run(where, time_limit=1.0, clock=lambda: 0.0, only=("lottery",))}
    assert set(scores) == {OPTIMUM, "lottery", "fine", "odd"}
    assert scores["fine"].broken == ()
    assert (scores["odd"].points, len(scores["odd"].broken)) == (0, 1)
    assert message in scores["odd"].broken[0]


def test_months_are_apart_by_the_share_that_would_have_to_move() -> None:
    one = pl.DataFrame({"a_share": [1.0, *[0.0] * 11], "b_share": [0.25, 0.75, *[0.0] * 10]})
    assert backtest.apart(one, "a", "b") == pytest.approx(0.75)
    assert backtest.apart(one, "a", "b", -1) == pytest.approx(0.25)
    assert backtest.apart(one, "a", "a") == 0


def test_visas_are_read_with_their_thousands(tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    text = 'month,nationality,visa_class,issuances\n2018-01,Mexico,H2B,"1,234"\n2018-01,Peru,H2A,5\n'
    with gzip.open(tmp_path / backtest.VISAS, "wt", encoding="utf-8") as file:
        file.write(text)
    assert backtest.visas(tmp_path, "H2B")["issued"].to_list() == [1234]
    with pytest.raises(BadInput, match="real demand"):
        backtest.look_back(tmp_path, "H2B")
    with pytest.raises(BadInput, match="H2A, H2B"):
        backtest.look_back(tmp_path, "H9")
    with pytest.raises(BadInput, match="visas_by_nationality"):
        backtest.visas(tmp_path / "nowhere", "H2B")
