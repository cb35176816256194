"""A scenario changes what it says and nothing else, is refused where it may not, and runs from the base's prices."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from skillbridge import check, plan_folder, scenarios, synth
from skillbridge.cli import cli
from skillbridge.errors import BadInput, BadInputs
from skillbridge.partnerships.partnership import load
from skillbridge.partnerships.rules.quota import QuotaRule
from skillbridge.pipeline import PlaceRequest, place
from skillbridge.scenarios import DemandChange, PoolChange, RuleChange, Scenario
from skillbridge.solver.carried import carried
from skillbridge.solver.plan import broken
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve
from skillbridge.taxonomies import pack
from tests.solver.test_solve import small_world


def written(folder: Path, text: str) -> Path:
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_scenario_without_changes_plans_the_base_again(season_folder: Path) -> None:
    base = plan_folder.read(season_folder)
    again = scenarios.run(base, Scenario(name="same", base="."))
    assert again.plan.objective == base.plan.objective
    assert again.plan.counts == base.plan.counts
    assert_frame_equal(again.folder.edges, base.edges)
    assert again.folder.names.height > 0
    assert_frame_equal(again.folder.names, base.names)


def test_an_objective_of_the_base_s_own_holds_unless_the_scenario_names_another(season_folder: Path) -> None:
    base = plan_folder.read(season_folder)
    own = base.settings["objective.toml"].replace('name = "default"', 'name = "mine"')
    mine = replace(base, settings={**base.settings, "objective.toml": own})
    assert scenarios.run(mine, Scenario(name="same", base=".")).plan.manifest.objective == "mine"
    other = scenarios.run(mine, Scenario(name="other", base=".", objective="fairness"))
    assert other.plan.manifest.objective == "fairness"


def test_demand_is_scaled_where_it_is_meant_and_nowhere_else(season_folder: Path) -> None:
    base = plan_folder.read(season_folder)
    half = Scenario(name="x", demand=(DemandChange(where={"destination": "US"}, positions=0.5, wage=1.1),))
    request = scenarios.request_of(base, half)
    both = base.vacancies.join(request.vacancies, on="vacancy_id", suffix="_new")
    for row in both.iter_rows(named=True):
        if row["destination"] == "US":
            assert row["positions_new"] == int(row["positions"] * 0.5 + 0.5)
            assert row["wage_new"] == pytest.approx(row["wage"] * 1.1, abs=1)
        else:
            assert (row["positions_new"], row["wage_new"]) == (row["positions"], row["wage"])
    closed = Scenario(name="x", demand=(DemandChange(where={"destination": "US"}, positions=0),))
    assert "US" not in scenarios.request_of(base, closed).vacancies["destination"].to_list()


def test_noise_and_draws_follow_the_seed(season_folder: Path) -> None:
    base = plan_folder.read(season_folder)

    def asked(seed: int) -> tuple[list[int], list[str]]:
        one = Scenario(
            name="x",
            seed=seed,
            demand=(DemandChange(spread=0.3),),
            pool=(PoolChange(where={"origin": "MX"}, share=0.5),),
        )
        request = scenarios.request_of(base, one)
        return request.vacancies["positions"].to_list(), request.workers["worker_id"].to_list()

    assert asked(1) == asked(1)
    assert asked(1)[0] != asked(2)[0]
    assert asked(1)[1] != asked(2)[1]
    others = base.workers.filter(pl.col("origin") != "MX")["worker_id"].to_list()
    assert set(others) <= set(asked(1)[1])


def test_a_rule_s_field_is_set_and_the_agreement_checked_again(season_folder: Path) -> None:
    base = plan_folder.read(season_folder)
    cap = Scenario(name="x", rules=(RuleChange(rule="nz-rse/cap-2020", field="max", value=7),))
    rse = next(one for one in scenarios.request_of(base, cap).partnerships if one.id == "nz-rse")
    assert next(rule.max for rule in rse.rules if isinstance(rule, QuotaRule) and rule.id == "cap-2020") == 7
    wrong = Scenario(name="x", rules=(RuleChange(rule="nz-rse/cap-2020", field="max", value=-7),))
    with pytest.raises(BadInput, match="cap-2020"):
        scenarios.request_of(base, wrong)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "x"\nquota = 3\n', "quota"),
        ("name = 3\n", "str"),
        ("not toml at all", "cannot be read"),
        ('name = "x"\n[[demand]]\nwhere = { shoe = "9" }\n', "shoe"),
        ('name = "x"\n[[demand]]\npositions = -1\n', "demand"),
        ('name = "x"\nrelax = ["a/b"]\n[[rules]]\nrule = "a/b"\nfield = "max"\nvalue = 1\n', "also relaxed"),
        ('name = "x"\nwithout = ["a"]\n[[rules]]\nrule = "a/b"\nfield = "max"\nvalue = 1\n', "left out"),
        (
            'name = "x"\n' + '[[rules]]\nrule = "a/b"\nfield = "max"\nvalue = 1\n' * 2,
            "set twice",
        ),
        ('name = "x"\nrelax = ["a/b"]\nwithout = ["a"]\n', "relax: a/b: its agreement is left out"),
        ('name = "x"\nrelax = ["a/b", "a/b"]\n', "relax: a/b is named twice"),
        ('name = "x"\nwithout = ["a", "a"]\n', "without: a is named twice"),
        ('name = "x"\n[[rules]]\nrule = "a/b"\nfield = "id"\nvalue = "c"\n', r"rules\[0\]: id says which rule"),
        ('name = "x"\nseed = -1\n', "seed"),
        ('name = "x"\n[[pool]]\nshare = 1.5\n', r"pool\[0\].share"),
        ('name = "x"\n[[pool]]\nshare = nan\n', r"pool\[0\].share"),
        ('name = "x"\n[[demand]]\nwage = inf\n', r"demand\[0\].wage"),
        ('name = "x"\n[sweep]\nseeds = [1, -2]\n', "seed"),
        ('name = "x"\n[sweep]\nseeds = []\n', "sweep"),
        ('name = "x"\n[[pool]]\n[sweep]\n"pool.3.share" = [1.0]\n', "sweep pool.3.share"),
        ('name = "x"\n[sweep]\n"rules.0.value" = [1]\n', "rules"),
        ('name = "x"\n[sweep]\nseeds = 3\n', "sweep"),
        ('name = "x"\n[sweep]\nseeds = [1, 2, 1]\n', "sweep seeds: 1 is there twice"),
        ('name = "x"\n[sweep]\nbase = ["a", "b"]\n', "sweep base: is the same for all"),
        (f'name = "x"\n[sweep]\nseeds = {list(range(10_001))}\n', "10,001 scenarios; expected 10,000 at most"),
        ('name = "x"\n[[rules]]\nrule = "a/b"\nfield = "strictness"\nvalue = "soft"\n', "advisory by `relax`"),
    ],
)
def test_what_cannot_be_a_scenario_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        scenarios.load(written(tmp_path, text))


def test_a_right_is_neither_relaxed_nor_changed_and_unknown_names_are_refused(season_folder: Path) -> None:
    base = plan_folder.read(season_folder)
    rights = [(one.id, rule.id) for one in base.partnerships for rule in one.binding if rule.right]
    assert rights
    for agreement, rule in rights[:5]:
        for asked in (
            Scenario(name="x", relax=(f"{agreement}/{rule}",)),
            Scenario(name="x", rules=(RuleChange(rule=f"{agreement}/{rule}", field="strictness", value="soft"),)),
        ):
            with pytest.raises(BadInput, match="protects people"):
                scenarios.request_of(base, asked)
    for asked in (
        Scenario(name="x", relax=("nz-rse/no-such-rule",)),
        Scenario(name="x", relax=("zz-none/cap",)),
        Scenario(name="x", without=("zz-none",)),
    ):
        with pytest.raises(BadInput, match=r"no such|no agreement"):
            scenarios.request_of(base, asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Scenario(name="x", objective="no-such"), "x: objective: .*no-such"),
        (
            Scenario(name="x", without=("nz-rse", "ca-sawp", "gb-seasonal", "us-h2a")),
            "x: without: no agreement is left",
        ),
        (Scenario(name="x", demand=(DemandChange(where={"destination": "ZZ"}),)), r"x: demand\[0\].where: .* none"),
        (Scenario(name="x", pool=(PoolChange(), PoolChange(where={"origin": "ZZ"}))), r"x: pool\[1\].where: .* none"),
        (Scenario(name="x", demand=(DemandChange(positions=0),)), "x: demand: nothing is left"),
        (Scenario(name="x", pool=(PoolChange(share=0),)), "x: pool: nothing is left"),
        (Scenario(name="x", rules=(RuleChange(rule="nz-rse/cap-2020", field="shoe", value=1),)), "shoe"),
        (Scenario(name="x", relax=("nz-rse",)), "x: nz-rse: an agreement, and no rule of it"),
        (
            Scenario(name="x", rules=(RuleChange(rule="nz-rse", field="max", value=1),)),
            "an agreement, and no rule of it",
        ),
        (Scenario(name="x", rules=(RuleChange(rule="nz-rse/cap-2020", field="max", value="many"),)), "max"),
    ],
)
def test_what_makes_no_sense_in_a_base_is_refused_with_its_place(
    season_folder: Path, asked: Scenario, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        scenarios.request_of(plan_folder.read(season_folder), asked)


def test_every_problem_of_a_scenario_is_told_at_once(season_folder: Path) -> None:
    asked = Scenario(name="x", relax=("nz-rse/none", "zz/cap"), without=("yy",), demand=(DemandChange(positions=0),))
    with pytest.raises(BadInputs) as refused:
        scenarios.request_of(plan_folder.read(season_folder), asked)
    assert {one.where for one in refused.value.problems} == {
        "x: without",
        "x: demand",
        "x: nz-rse/none",
        "x: zz/cap",
    }


def test_a_policy_that_protects_people_cannot_be_left_out() -> None:
    workers, vacancies = synth.workers(200, 1, ["nz-rse"], year=2026), synth.vacancies(20, 1, ["nz-rse"], year=2026)
    agreements = [load("nz-rse"), load("ws-origin")]
    assert agreements[1].is_overlay
    request = PlaceRequest(pl.concat(list(workers)), vacancies, agreements, pack.load("core"), seed=1)
    base = place(request).folder
    guards = any(rule.right for rule in agreements[1].binding)
    if guards:
        with pytest.raises(BadInput, match="ws-origin protects people"):
            scenarios.request_of(base, Scenario(name="x", without=("ws-origin",)))
    else:
        assert len(scenarios.request_of(base, Scenario(name="x", without=("ws-origin",))).partnerships) == 1


def test_a_scenario_starts_from_its_base_and_ends_no_worse(season_folder: Path) -> None:
    base = plan_folder.read(season_folder)
    fewer = Scenario(name="x", demand=(DemandChange(positions=0.7),), pool=(PoolChange(share=0.9),))
    warm, cold = scenarios.run(base, fewer), scenarios.run(base, fewer, cold=True)
    assert warm.plan.objective >= 0.999 * cold.plan.objective
    assert_frame_equal(warm.folder.edges, cold.folder.edges)


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_carried_over_to_tighter_limits_is_legal_and_keeps_what_it_can(seed: int) -> None:
    problem = small_world(seed, minimums=bool(seed % 2))
    wanted = solve(problem, seed=seed).chosen
    assert carried_is_legal(problem, wanted) or broken(problem, wanted), "a world that nothing satisfies"
    rng = np.random.default_rng(seed)
    cut = np.maximum(0, problem.positions - rng.integers(0, 2, problem.n_vacancies)).astype(np.int32)
    limit = problem.rows.limit - rng.integers(0, 2, problem.n_rows)
    carried_is_legal(replace(problem, positions=cut, rows=replace(problem.rows, limit=limit)), wanted)


def carried_is_legal(problem: Problem, wanted: np.ndarray) -> bool:
    """Whether a plan was carried over; if so it is legal, and whole where the wanted one is legal."""
    found = carried(problem, wanted, np.zeros(problem.n_vacancies + problem.n_rows))
    if found is None:
        return False
    assert not broken(problem, found)
    if not broken(problem, wanted):
        assert (found == wanted).all()
    return True


def test_a_stopped_sweep_keeps_what_is_finished(season_folder: Path, tmp_path: Path) -> None:
    path = written(tmp_path, f'name = "x"\nbase = "{season_folder}"\n[sweep]\nseeds = [1, 2, 3]\n')
    first = next(iter(scenarios.run_all(path, tmp_path / "out")))  # and no more of them is asked for
    assert check.check_folder(Path(first.folder)).accepted
    assert [one.name for one in (tmp_path / "out").iterdir()] == [Path(first.folder).name]


def test_a_sweep_runs_every_combination_and_each_plan_passes_the_check(season_folder: Path, tmp_path: Path) -> None:
    text = f"""
name = "less demand"
base = "{season_folder}"
[[demand]]
positions = 1.0
spread = 0.2
[sweep]
"demand.0.positions" = [0.5, 0.8]
seeds = [1, 2]
"""
    path = written(tmp_path, text)
    lines = list(scenarios.run_all(path, tmp_path / "out"))
    assert [line.name for line in lines] == [
        f"less demand, positions ×{share}, seed {seed}" for share in (0.5, 0.8) for seed in (1, 2)
    ]
    for line in lines:
        report = check.check_folder(Path(line.folder))
        assert report.accepted, report.findings
        assert line.placed == report.counts.placed
        assert line.assumed
        assert not line.chosen
    again = scenarios.compare([season_folder, *(Path(line.folder) for line in lines)])
    assert again[1:] == lines
    assert scenarios.table(again)["placed_change"][0] == 0
    seeds = scenarios.over_seeds(lines)
    assert seeds["runs"].to_list() == [2, 2]
    assert (seeds["placed_min"] <= seeds["placed_max"]).all()
    best = scenarios.frontier(again, "placement_rate", "match_quality")
    top = max(again, key=lambda line: line.indicators["placement_rate"] or 0)
    assert best[0].indicators["placement_rate"] == top.indicators["placement_rate"]


def test_the_command_line_runs_compares_and_writes_a_table(
    season_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, f'name = "no canada"\nbase = "{season_folder}"\nwithout = ["ca-sawp"]\n')
    out = tmp_path / "out"
    cli.main(["scenario", "run", str(path), "--out", str(out), "--processes", "1"], standalone_mode=False)
    said = capsys.readouterr().out
    assert "no canada: chosen: without ca-sawp" in said
    frame = pl.read_csv(out / "comparison.csv")
    assert frame["scenario"].to_list() == ["plan", "no canada"]
    assert frame["placed"][1] <= frame["placed"][0]
    cli.main(["scenario", "compare", str(season_folder), str(out / "000"), "--json"], standalone_mode=False)
    assert '"no canada"' in capsys.readouterr().out
    with pytest.raises(BadInput, match="base"):
        cli.main(["scenario", "run", str(written(tmp_path, 'name = "x"\n')), "--out", str(out)], standalone_mode=False)
