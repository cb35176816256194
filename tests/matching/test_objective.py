"""What an edge is worth: term by term against plain arithmetic, and the files."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from skillbridge import resources
from skillbridge.errors import BadInput
from skillbridge.matching import objective as module
from skillbridge.matching.candidates import match
from skillbridge.matching.objective import Objective, library, load_objective, terms, weights
from skillbridge.rates import load_rates
from skillbridge.tables import parse_list, parse_past

DEFAULT = (resources.folder("solver/objectives") / "default.toml").read_text(encoding="utf-8")


def expected(worker: dict[str, Any], job: dict[str, Any], start: date, end: date, score: int) -> dict[str, int]:
    """The default objective's terms of one edge, slowly."""
    factor = load_rates().factor(job["currency"], "USD") or 0.0
    weeks = ((end - start).days + 1) / 7
    earned = (job["wage"] or 0) * factor * (job["hours_week"] or 40) * weeks
    employers = {season.employer_id for season in parse_past(worker["past"])}
    named = worker["worker_id"] in parse_list(job["named_workers"])
    days = (start - worker["waiting_since"]).days if worker["waiting_since"] else 0
    waited = min(1000, max(0, int(days * 12000 / (365.25 * 24))))
    return {
        "filled": 1000,
        "quality": score,
        "worker_gain": min(1000, int(earned * 1000 / 2_000_000)),
        "continuity": 1000 if named else 800 if job["employer_id"] in employers else 0,
        "fairness": waited * 700 // 1000 + (0 if employers else 300),
        "cost": 1000,
    }


@pytest.mark.parametrize("seed", range(4))
def test_terms_and_weights_are_what_plain_arithmetic_gives(
    random_world: Callable[..., Any], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE", 37)
    world = random_world(60, 40, seed)
    edges = match(world.workers, world.vacancies, world.admission, world.yardstick, limit=6).edges
    objective = load_objective()
    values = terms(edges, world.workers, world.vacancies, objective)
    points = weights(edges, world.workers, world.vacancies, objective)
    assert list(values) == ["filled", "quality", "worker_gain", "continuity", "fairness", "cost"]
    assert points.dtype == np.int32
    kinds = set()
    for number, (worker, vacancy, start, end, _, score) in enumerate(edges.iter_rows()):
        wanted = expected(
            world.workers.row(worker, named=True), world.vacancies.row(vacancy, named=True), start, end, score
        )
        assert {name: int(value[number]) for name, value in values.items()} == wanted
        total = sum(term.points * wanted[name] for term, name in zip(objective.terms, values, strict=True))
        assert points[number] == (total + 500) // 1000
        kinds.add(wanted["continuity"])
    assert {0, 800} <= kinds


def test_terms_read_only_the_columns_that_say_so_and_few_vacancies_as_many(random_world: Callable[..., Any]) -> None:
    world = random_world(60, 40, 2)
    edges = match(world.workers, world.vacancies, world.admission, world.yardstick, limit=40).edges
    objective = load_objective()
    whole = terms(edges, world.workers, world.vacancies, objective)
    continued = 0
    for vacancy in range(world.vacancies.height):
        mine = (edges["vacancy"] == vacancy).to_numpy()
        alone = edges.filter(mine).with_columns(vacancy=pl.lit(0, pl.UInt32))
        people = world.workers.select(module.WORKER_COLUMNS)
        found = terms(alone, people, world.vacancies[vacancy], objective)
        assert {name: value.tolist() for name, value in found.items()} == {
            name: value[mine].tolist() for name, value in whole.items()
        }
        continued += int((found["continuity"] > 0).sum())
    assert continued > 0


def test_sex_age_and_origin_change_no_weight(random_world: Callable[..., Any]) -> None:
    world = random_world(60, 40, 1)
    edges = match(world.workers, world.vacancies, world.admission, world.yardstick, limit=6).edges
    other = world.workers.with_columns(sex=pl.lit("f"), birth_year=pl.lit(1999, pl.Int16), origin=pl.lit("ZZ"))
    for name in library():
        objective = load_objective(name)
        before = weights(edges, world.workers, world.vacancies, objective)
        assert (before == weights(edges, other, world.vacancies, objective)).all()


def test_no_edges_weigh_nothing(random_world: Callable[..., Any]) -> None:
    world = random_world(3, 3, 0)
    edges = match(world.workers, world.vacancies, world.admission, world.yardstick).edges.clear()
    assert weights(edges, world.workers, world.vacancies, load_objective()).shape == (0,)


@pytest.mark.parametrize("name", ["default", "worker-gain", "continuity", "fairness"])
def test_every_bundled_objective_puts_a_position_before_all_else(name: str) -> None:
    objective: Objective = load_objective(name)
    assert objective.name == name
    assert name in library()
    filled, *others = objective.terms
    assert isinstance(filled, module.Filled)
    assert sum(term.points for term in others) <= filled.points


def test_costs_by_destination_are_saved(random_world: Callable[..., Any]) -> None:
    world = random_world(60, 40, 2)
    edges = match(world.workers, world.vacancies, world.admission, world.yardstick, limit=6).edges
    cost = module.Cost(points=100, full=1_000_000, each=250_000, destinations={"NZ": 900_000, "US": 2_000_000})
    value = terms(edges, world.workers, world.vacancies, Objective("x", "x", (cost,)))["cost"]
    destination = world.vacancies["destination"].gather(edges["vacancy"])
    assert value.tolist() == [{"NZ": 100, "US": 0, "KR": 750}[code] for code in destination]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("points = 600", "points = -1", r"terms\[1\].points"),
        ("points = 600", "point = 600", "point"),
        ('term = "quality"', 'term = "beauty"', r"terms\[1\].term"),
        ('term = "quality"', 'term = "filled"', "given twice"),
        ("full_months = 24", "full_months = 0", r"terms\[4\].full_months"),
        ('title = "', 'titel = "', "titel"),
    ],
)
def test_a_mistake_is_refused_with_file_and_field(tmp_path: Path, old: str, new: str, where: str) -> None:
    assert old in DEFAULT
    file = tmp_path / "mine.toml"
    file.write_text(DEFAULT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=where) as caught:
        load_objective(file)
    assert "mine.toml" in str(caught.value)


def test_an_objective_that_values_nothing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('name = "x"\ntitle = "x"\nterms = [{term = "filled", points = 0}]\n', encoding="utf-8")
    with pytest.raises(BadInput, match="no term is worth points"):
        load_objective(file)


def test_an_unknown_objective_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match="default"):
        load_objective("no-such")
