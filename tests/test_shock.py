"""A shock is a change file and a repair: who is hit is counted once, and nobody is told of."""

import dataclasses
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from ortools.linear_solver import pywraplp

from skillbridge import plan_folder
from skillbridge.changes import ChangeFile, read_changes, to_toml
from skillbridge.check import check_folder
from skillbridge.cli import cli
from skillbridge.errors import BadInput
from skillbridge.plan_folder import PlanFolder
from skillbridge.privacy import THRESHOLD
from skillbridge.replan import MOVES, Repair
from skillbridge.shock import HIT, LOST, WHAT, closed, cut, hit, shrunk, suspended
from tests.worlds import planned


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old") / "plan"
    plan_folder.write(planned().folder, folder)
    return folder


@pytest.fixture(scope="module")
def old(root: Path) -> PlanFolder:
    return plan_folder.read(root)


def run(root: Path, out: Path, *options: object) -> Result:
    return CliRunner().invoke(cli, ["shock", str(root), "--out", str(out), *map(str, options)])


def read_hit(out: Path) -> pl.DataFrame:
    return pl.read_csv(out / "hit.csv", schema=HIT)


def total(out: Path) -> dict[str, int]:
    return read_hit(out).filter(pl.col("dimension") == "all").row(0, named=True)


def corridors(folder: PlanFolder) -> pl.DataFrame:
    people = folder.workers.select("worker_id", "origin")
    jobs = folder.vacancies.select("vacancy_id", "destination", "sector", "positions")
    return folder.placements.join(people, on="worker_id").join(jobs, on="vacancy_id")


def largest(old: PlanFolder) -> tuple[str, str, int]:
    found = corridors(old).group_by("origin", "destination").len().sort("len", "origin", descending=[True, False])
    return found.row(0)


def test_a_closed_corridor_hits_those_on_it(root: Path, old: PlanFolder, tmp_path: Path) -> None:
    origin, destination, heads = largest(old)
    result = run(root, tmp_path / "new", "--close", f"{origin}>{destination}")
    assert result.exit_code == 0, result.output
    assert "who is hit" in result.output
    report = check_folder(tmp_path / "new")
    assert report.accepted, report.findings
    left = corridors(plan_folder.read(tmp_path / "new"))
    assert left.filter((pl.col("origin") == origin) & (pl.col("destination") == destination)).is_empty()
    found = total(tmp_path / "new")
    assert found["before"] == old.placements.height
    assert found["displaced"] + found["moved"] >= heads
    assert found["kept"] + found["moved"] + found["placed"] == left.height


def test_a_suspended_origin_sends_nobody(root: Path, old: PlanFolder, tmp_path: Path) -> None:
    origin = largest(old)[0]
    assert run(root, tmp_path / "new", "--suspend", origin).exit_code == 0
    assert check_folder(tmp_path / "new").accepted
    assert origin not in corridors(plan_folder.read(tmp_path / "new"))["origin"].to_list()


def test_a_drought_leaves_a_share_of_a_sector_s_positions(root: Path, old: PlanFolder, tmp_path: Path) -> None:
    sector = str(old.vacancies["sector"].drop_nulls().sort()[0])
    assert run(root, tmp_path / "new", "--shrink", "0.5", "--sector", sector).exit_code == 0
    assert check_folder(tmp_path / "new").accepted
    mine = pl.col("sector").str.starts_with(sector)
    new = plan_folder.read(tmp_path / "new")
    assert (
        new.vacancies.filter(mine)["positions"].sum()
        == (old.vacancies.filter(mine)["positions"] // 2).sum()
        < old.vacancies.filter(mine)["positions"].sum()
    )
    assert total(tmp_path / "new")["displaced"] > 0


def test_a_cut_cap_holds_in_the_repaired_plan(root: Path, old: PlanFolder, tmp_path: Path) -> None:
    result = run(root, tmp_path / "new", "--cut", "nz-rse/cap=3")
    assert result.exit_code == 0, result.output
    assert check_folder(tmp_path / "new").accepted
    new = plan_folder.read(tmp_path / "new")
    assert new.placements.filter(pl.col("partnership") == "nz-rse").height <= 3
    assert old.placements.filter(pl.col("partnership") == "nz-rse").height > 3


def test_several_shocks_at_once_and_the_run_repeats_from_its_file(root: Path, old: PlanFolder, tmp_path: Path) -> None:
    victim = old.placements["worker_id"][0]
    asked = tmp_path / "asked.toml"
    asked.write_text(f'as_of = 2025-01-01\n[[change]]\nkind = "withdraw"\nworker_id = "{victim}"\n')
    options = ("--changes", asked, "--cut", "nz-rse/cap=20", "--shrink", "0.8", "--destination", "CA")
    first = run(root, tmp_path / "first", *options)
    assert first.exit_code == 0, first.output
    file = read_changes(tmp_path / "first" / "shock.toml")
    assert [type(one).__name__ for one in file.change] == ["Withdraw", "ChangeRule", "Shrink"]
    assert read_changes(asked).as_of == file.as_of
    assert file.plan == old.plan.manifest.hashes["placements.csv"]
    assert total(tmp_path / "first")["gone"] == 1
    assert run(root, tmp_path / "again", "--changes", tmp_path / "first" / "shock.toml").exit_code == 0
    for name in ("placements.csv", "moves.csv", "hit.csv", "shock.toml", "shock.html"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_a_shock_that_hits_nobody_moves_nobody(root: Path, old: PlanFolder, tmp_path: Path) -> None:
    cap = next(rule.limit for rule in old.plan.rules if (rule.partnership, rule.rule) == ("nz-rse", "cap"))
    result = run(root, tmp_path / "new", "--cut", f"nz-rse/cap={cap - 1}")
    assert result.exit_code == 0, result.output
    found = total(tmp_path / "new")
    assert found["kept"] == found["before"] == old.placements.height
    assert sum(found[name] for name in WHAT[1:]) == 0
    page = (tmp_path / "new" / "shock.html").read_text(encoding="utf-8")
    assert "No group that may be shown loses or changes a place." in page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--suspend", "ZZ"), "'ZZ'|ZZ to"),
        (("--suspend", "Mexico"), "'Mexico' is not a country"),
        (("--close", "MX-CA"), "ORIGIN>DESTINATION"),
        (("--close", "MX>JP"), "no partnership serves MX to JP"),
        (("--cut", "nz-rse/nothing=5"), "no cap 'nothing' in nz-rse"),
        (("--cut", "nowhere/cap=5"), "no agreement 'nowhere' in the plan"),
        (("--cut", "nz-rse/cap=many"), "PARTNERSHIP/RULE=MAX"),
        (("--cut", "nz-rse/cap=99999999"), "cuts nothing"),
        (("--sector", "A"), "--shrink"),
        (("--shrink", "0.5", "--employer", "nobody"), "no vacancy fits"),
        (("--shrink", "0.5", "--destination", "Canada"), "--shrink"),
        ((), "nothing is supposed"),
    ],
)
def test_what_cannot_be_supposed_is_refused_in_words(
    root: Path, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    result = run(root, tmp_path / "new", *options)
    assert isinstance(result.exception, BadInput)
    assert re.search(words, str(result.exception)), str(result.exception)
    assert not (tmp_path / "new").exists()


def test_the_page_speaks_four_languages_and_asks_no_network(root: Path, old: PlanFolder, tmp_path: Path) -> None:
    origin, destination, _ = largest(old)
    assert run(root, tmp_path / "new", "--close", f"{origin}>{destination}").exit_code == 0
    page = (tmp_path / "new" / "shock.html").read_text(encoding="utf-8")
    for title in ("A shock, and its repair", "Un choc et sa réparation", "Un choque y su reparación", "صدمة وإصلاحها"):
        assert f"<h1>{title}</h1>" in page
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "<svg" in page
    assert "policy choice" in page


def everyone(old: PlanFolder, what: list[str]) -> Repair:
    """A repair told by its moves alone: `what` for each placed worker in order, the plan left as it is."""
    ids = old.placements["worker_id"].sort()
    moves = pl.DataFrame(
        {"worker_id": ids, "vacancy_before": ids, "vacancy_after": ids, "what": what, "why": [""] * len(what)},
        schema=MOVES,
    )
    return Repair(dataclasses.replace(planned(), folder=old), moves)


def test_every_table_counts_everyone_once_or_says_what_it_hides(old: PlanFolder) -> None:
    n = old.placements.height
    found = hit(old, everyone(old, ["displaced" if number % 2 else "kept" for number in range(n)]))
    whole = found.filter(pl.col("dimension") == "all").row(0, named=True)
    assert (whole["before"], whole["displaced"]) == (n, n // 2)
    for part in found.partition_by("dimension"):
        name = part["dimension"][0]
        counts = part.select("before", *WHAT)
        assert part["suppressed"].to_list() == [None in row for row in counts.rows()], name
        assert part["before"].sum() == n or part["before"].null_count() > 1, name
        plain = part.filter(~pl.col("suppressed"))
        assert plain["before"].to_list() == plain.select(pl.sum_horizontal(WHAT[:-1])).to_series().to_list()
    assert (found.filter(pl.col("dimension") == "destination")["before"].sum()) == n


def test_no_small_count_is_shown_nor_the_only_one_hidden() -> None:
    old = planned(300).folder  # of a smaller season nothing but the whole may be shown
    n = old.placements.height
    found = hit(old, everyone(old, ["displaced" if number % 7 == 0 else "kept" for number in range(n)]))
    groups = found.filter(pl.col("dimension") != "all")
    for what in ("before", *WHAT):
        assert groups.filter((pl.col(what) > 0) & (pl.col(what) < THRESHOLD)).is_empty()
    assert groups["suppressed"].any()
    assert not groups["suppressed"].all()
    plain = groups.filter(~pl.col("dimension").is_in(["employer", "partnership"]))
    for part in plain.partition_by("dimension"):
        assert 1 not in part.select("before", *WHAT).null_count().row(0), part["dimension"][0]
    for row in groups.filter("suppressed").select(WHAT[:-1]).rows():
        assert sum(one is None for one in row) != 1
    places = groups.filter(pl.col("dimension") == "destination")
    for what in ("before", *WHAT):
        hidden = places.filter(pl.col(what).is_null())["group"].to_list()
        inside = groups.filter((pl.col("dimension") == "partnership") & pl.col("within").is_in(hidden))
        assert inside[what].null_count() == inside.height


@pytest.mark.parametrize("size", [150, 300])
def test_no_hidden_count_follows_from_all_that_is_shown_of_places(size: int) -> None:
    """A linear programme over every shown figure by place leaves each small count open, even to a reader who knows
    which employers and sectors a destination has; nine of ten by five people or more."""
    old = planned(size).folder
    fates = ["displaced" if number % 3 == 0 else "moved" if number % 7 == 0 else "kept" for number in range(300)]
    repair = everyone(old, fates[: old.placements.height])
    found, places = hit(old, repair), ["destination", "sector", "partnership", "employer"]
    jobs = old.vacancies.select("vacancy_id", "destination", "sector", employer="employer_id")
    people = old.placements.join(jobs, on="vacancy_id").join(repair.moves.select("worker_id", "what"), on="worker_id")
    counted = {row[:-1]: row[-1] for row in people.group_by(*places, "what").len().rows()}
    cells = sorted({key[:-1] for key in counted})
    solver = pywraplp.Solver.CreateSolver("GLOP")
    heads = {(cell, what): solver.NumVar(0, solver.infinity(), "") for cell in cells for what in WHAT[:-1]}
    small = []
    for row in found.filter(pl.col("dimension").is_in(["all", *places])).iter_rows(named=True):
        mine = [cell for cell in cells if lies_in(dict(zip(places, cell, strict=True)), row)]
        for what in WHAT[:-1]:
            total, real = sum(heads[cell, what] for cell in mine), sum(counted.get((*cell, what), 0) for cell in mine)
            if row[what] is not None:
                solver.Add(total == row[what])
            elif 0 < real < THRESHOLD:
                small.append(total)
        if row["before"] is not None:
            solver.Add(sum(heads[cell, what] for cell in mine for what in WHAT[:-1]) == row["before"])
    assert len(small) > 5
    widths = []
    for total in small:
        ends = []
        for sense in (solver.Minimize, solver.Maximize):
            sense(total)
            assert solver.Solve() == pywraplp.Solver.OPTIMAL
            ends.append(solver.Objective().Value())
        widths.append(ends[1] - ends[0])
    assert min(widths) > 0.9  # totals narrow a few people of a sector down, to no single number
    assert sum(width < THRESHOLD - 1e-6 for width in widths) <= len(widths) / 10


def lies_in(place: dict[str, str], row: dict[str, str]) -> bool:
    name = row["dimension"]
    around = {"partnership": place["destination"], "employer": f"{place['destination']} {place['sector']}"}
    return name == "all" or (place[name] == row["group"] and row["within"] == around.get(name, ""))


def test_those_who_lose_most_come_first(old: PlanFolder) -> None:
    n = old.placements.height
    found = hit(old, everyone(old, ["displaced"] * n))
    for part in found.partition_by("dimension"):
        lost = part.drop_nulls(LOST).select(pl.sum_horizontal(LOST)).to_series().to_list()
        assert lost == sorted(lost, reverse=True)


def test_a_change_file_is_written_as_it_is_read(old: PlanFolder, tmp_path: Path) -> None:
    changes = (closed("MX>CA"), suspended("TO"), cut("nz-rse/cap=5", old.partnerships), shrunk(0.25, sector="A"))
    file = ChangeFile(as_of=old.placements["start"][0], pins=("w",), change=changes)
    (tmp_path / "one.toml").write_text(to_toml(file), encoding="utf-8")
    assert read_changes(tmp_path / "one.toml") == file
