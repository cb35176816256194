"""A small synthetic season that tests plan: seeded, the same every time."""

from functools import cache

import polars as pl

from skillbridge import synth
from skillbridge.partnerships.partnership import Partnership, load
from skillbridge.pipeline import Outcome, PlaceRequest, place
from skillbridge.taxonomies import pack

AGREEMENTS = ("nz-rse", "ca-sawp")


@cache
def agreements() -> tuple[Partnership, ...]:
    return tuple(load(one) for one in AGREEMENTS)


@cache
def season(n: int = 150, seed: int = 3) -> PlaceRequest:
    """A request to place `n` synthetic workers under two agreements."""
    vacancies = synth.vacancies(max(8, n // 6), seed, AGREEMENTS, year=2026)
    workers = pl.concat(list(synth.workers(n, seed, AGREEMENTS, year=2026, vacancies=vacancies)))
    return PlaceRequest(
        workers, vacancies, agreements(), pack.load("core"), seed=seed, synthetic=("workers", "vacancies")
    )


@cache
def planned(n: int = 150, seed: int = 3) -> Outcome:
    """The plan of :func:`season`."""
    return place(season(n, seed))
