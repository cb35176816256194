"""Families of instances: random ones of any size, synthetic seasons under real agreements, and real demand."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from skillbridge import intake, synth
from skillbridge.benchmark.grid import random_problem
from skillbridge.benchmark.instance import Instance, instance
from skillbridge.errors import BadInput
from skillbridge.matching.candidates import candidates
from skillbridge.matching.objective import load_objective, weights
from skillbridge.model import CEFR
from skillbridge.partnerships.partnership import load
from skillbridge.partnerships.rows import compile_rows
from skillbridge.solver.problem import compile_problem
from skillbridge.synth import parameters
from skillbridge.tables import parse_languages, parse_list
from skillbridge.taxonomies import pack
from skillbridge.understanding import understand

YEAR = 2026
"""Real demand is moved to this year by whole years, as agreements hold from some year on."""
SHARE = 0.65
"""Positions for each worker of a synthetic season: scarce, so that it matters who gets them."""


@dataclass(frozen=True)
class Family:
    """`title` for people; `make(workers, seed, file)` gives an instance, `file` a list of real demand where the family
    needs one: `demand` is what it is called in a folder of real files."""

    title: str
    make: Callable[[int, int, Path | None], Instance]
    demand: str = ""

    @property
    def needs_data(self) -> bool:
        return bool(self.demand)


def _grid(groups: float) -> Callable[[int, int, Path | None], Instance]:
    def make(workers: int, seed: int, _data: Path | None) -> Instance:
        problem = random_problem(workers, seed, groups=groups)
        rng = np.random.default_rng([seed, workers, 7])
        return instance(
            "",
            "",
            seed,
            problem,
            rng.permutation(problem.n_workers),
            rng.permutation(problem.n_vacancies),
            rng.integers(0, 101, problem.n_workers),
            ("workers", "vacancies"),
        )

    return make


def _season(*partnerships: str) -> Callable[[int, int, Path | None], Instance]:
    def make(workers: int, seed: int, _data: Path | None) -> Instance:
        demand = synth.vacancies(max(4, workers // 8), seed, partnerships, year=YEAR)
        total = demand["positions"].cum_sum()
        demand = demand.filter(total <= max(SHARE * workers, int(total[0])))
        people = pl.concat(list(synth.workers(workers, seed, partnerships, year=YEAR, vacancies=demand)))
        return _from_frames(people, demand, partnerships, seed, ("workers", "vacancies"))

    return make


def _real(kind: str, *partnerships: str) -> Callable[[int, int, Path | None], Instance]:
    def make(workers: int, seed: int, path: Path | None) -> Instance:
        if path is None or not path.is_file():
            asked = "--data with the folder of real demand, or --demand with a list of any year"
            raise BadInput(f"family {kind}", f"no file {path or ''}".rstrip(), asked)
        read = {"h2a": intake.read_h2a, "h2b": intake.read_h2b, "lmia": intake.read_lmia}[kind]
        demand = _as_season(read(path).frame)
        if demand.is_empty():
            raise BadInput(str(path), "no position that can be planned", f"a list of {kind} with positions and dates")
        demand = demand.sample(fraction=1.0, shuffle=True, seed=seed)
        total = demand["positions"].cum_sum()
        demand = demand.filter(total <= max(SHARE * workers, int(total[0]))).sort("vacancy_id")
        years = YEAR - int(demand["start"].dt.year().mode().sort()[0])
        demand = demand.with_columns(pl.col("start", "end", "applied_on").dt.offset_by(f"{years}y"))
        people = pl.concat(list(synth.workers(workers, seed, partnerships, year=YEAR, vacancies=demand)))
        return _from_frames(people, demand, partnerships, seed, ("workers",))

    return make


def _as_season(demand: pl.DataFrame) -> pl.DataFrame:
    """The demand, or, where it is a Canadian list (which gives a quarter and no wage): its jobs in primary agriculture
    from the quarter's first day for eight months, by 15 December at the latest, at the wage assumed of the scheme."""
    if set(demand["destination"]) != {"CA"}:
        return demand
    wage = next(one.wage for one in parameters.chosen(["ca-sawp"]))
    last = pl.date(pl.col("start").dt.year(), 12, 15)
    return demand.filter(pl.col("sector") == "01", pl.col("start").dt.month() < 10).with_columns(
        end=pl.min_horizontal(pl.col("start").dt.offset_by("8mo").dt.offset_by("-1d"), last),
        wage=pl.lit(wage, dtype=pl.Int64),
    )


def _from_frames(
    people: pl.DataFrame, demand: pl.DataFrame, partnerships: tuple[str, ...], seed: int, synthetic: tuple[str, ...]
) -> Instance:
    agreements, taxonomy = [load(one) for one in partnerships], pack.load("core")
    people, demand = understand(people, taxonomy), understand(demand, taxonomy)
    found = candidates(people, demand, agreements, taxonomy)
    rows = compile_rows(found.edges, people, demand, agreements)
    points = weights(found.edges, people, demand, load_objective("default"))
    problem = compile_problem(found.edges, rows, people, demand, points)
    rng = np.random.default_rng([seed, problem.n_workers, 7])
    waiting = people["waiting_since"].fill_null(strategy="max").to_numpy()
    arrival = np.argsort(np.lexsort((rng.permutation(len(waiting)), waiting)))
    return instance(
        "", "", seed, problem, arrival, rng.permutation(problem.n_vacancies), _points_test(people), synthetic
    )


def _points_test(people: pl.DataFrame) -> np.ndarray:
    """Points of the worker alone, 0 to 100, in the manner of a points system: languages, experience, skills, schooling.

    30 for the best language, 5 a CEFR step; 30 for experience, one for each two months; 20 for skills, 4 each; 20 for
    schooling, 4 for each ISCED level. A policy to compare with, not a score of ours.
    """
    best = [
        max((CEFR.index(level) + 1 for level in parse_languages(text).values()), default=0)
        for text in people["languages"]
    ]
    skills = [len(parse_list(text)) for text in people["skills"]]
    months = people["experience_months"].fill_null(0).to_numpy()
    schooling = people["education"].fill_null(0).to_numpy().astype(np.int64)
    return np.asarray(
        np.minimum(30, 5 * np.array(best))
        + np.minimum(30, months // 2)
        + np.minimum(20, 4 * np.array(skills))
        + np.minimum(20, 4 * schooling),
        dtype=np.int64,
    )


FAMILIES = {
    "grid": Family("Random: crossing caps, shares, brain-drain guards, presence by month", _grid(0.0)),
    "crews": Family("Random, a tenth of the workers in crews of two to five", _grid(0.1)),
    "pacific": Family("Synthetic season: New Zealand RSE, Australia PALM", _season("nz-rse", "au-palm-short")),
    "americas": Family("Synthetic season: US H-2A and H-2B, Canada SAWP", _season("us-h2a", "us-h2b", "ca-sawp")),
    "europe": Family(
        "Synthetic season: Spain GECCO, France, United Kingdom", _season("es-gecco", "fr-seasonal", "gb-seasonal")
    ),
    "h2a": Family("Real demand: US H-2A cases, synthetic workers", _real("h2a", "us-h2a"), "h2a_fy2016.csv.gz"),
    "lmia": Family(
        "Real demand: Canadian LMIA positions in primary agriculture, dates within the quarter and wages assumed,"
        " synthetic workers",
        _real("lmia", "ca-sawp"),
        "canada_lmia_2019q3_2020q3.csv.gz",
    ),
    "h2b": Family("Real demand: US H-2B cases, synthetic workers", _real("h2b", "us-h2b"), "h2b_fy2017.csv.gz"),
}
"""Families by name."""


def make(family: str, workers: int, seed: int, data: Path | None = None, *, demand: Path | None = None) -> Instance:
    """The instance of a family; raises `BadInput` for an unknown one or where its real data is missing.

    `demand`: another list of the family's kind than the one of the folder `data`, of any year that intake reads; the
    instance is named after it too.
    """
    if family not in FAMILIES:
        raise BadInput("family", repr(family), ", ".join(FAMILIES))
    if workers < 1:
        raise BadInput("workers", str(workers), "1 or more")
    one = FAMILIES[family]
    if demand is not None and not one.needs_data:
        raise BadInput(f"family {family}", f"given {demand}", "no list: its demand is random")
    made = one.make(workers, seed, demand or (None if data is None else data / "demand" / one.demand))
    listed = "" if demand is None else "-" + re.sub(r"[^A-Za-z0-9]+", "-", demand.name.partition(".")[0])
    return instance(
        f"{family}-{workers}-{seed}{listed}",
        family,
        seed,
        made.problem,
        made.arrival,
        made.opened,
        made.points,
        made.card.synthetic,
    )
