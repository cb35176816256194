"""What decides a synthetic pool: the tables of `datasets/synth/`, read and checked once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.errors import BadInput
from skillbridge.resources import folder

MONTHS = tuple(f"m{month:02d}" for month in range(1, 13))


@dataclass(frozen=True)
class Scheme:
    """One agreement's people: shares 0..1, ages in years, wage in minor units an hour, stay in months."""

    partnership: str
    destination: str
    currency: str
    size: float
    women: float
    age_min: float
    age_mean: float
    age_max: float
    returning: float
    wage: int
    stay_months: int
    language: str
    employers: int
    origins: tuple[str, ...]
    origin_weights: npt.NDArray[np.float64]
    occupations: tuple[str, ...]
    occupation_weights: npt.NDArray[np.float64]
    seasons: tuple["Season", ...]


@dataclass(frozen=True)
class Season:
    """One crop's work in one region: `months` from January, 0 none to 3 peak."""

    region: str | None
    crop: str
    title: str
    lang: str
    isco: str
    sector: str
    months: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Origin:
    """One country of origin: languages as BCP 47 tags, `speaks` the share with some of the destination's language."""

    code: str
    mother: str
    title_langs: tuple[str, ...]
    title_weights: npt.NDArray[np.float64]
    speaks: float
    education: npt.NDArray[np.float64]
    regions: tuple[str | None, ...]
    region_weights: npt.NDArray[np.float64]


def table(name: str) -> pl.DataFrame:
    """`datasets/synth/<name>.csv`, every column as text."""
    return pl.read_csv(folder("datasets") / "synth" / f"{name}.csv", infer_schema_length=0).fill_null("")


@cache
def schemes() -> dict[str, Scheme]:
    """Every scheme that a pool can be made for, by partnership id."""
    origins, jobs, calendar = table("origins"), table("occupations"), table("seasons")
    found = {}
    for row in table("schemes").iter_rows(named=True):
        mine = pl.col("partnership") == row["partnership"]
        people, work, crops = origins.filter(mine), jobs.filter(mine), calendar.filter(mine)
        found[row["partnership"]] = Scheme(
            partnership=row["partnership"],
            destination=row["destination"],
            currency=row["currency"],
            size=float(row["size"]),
            women=float(row["women"]),
            age_min=float(row["age_min"]),
            age_mean=float(row["age_mean"]),
            age_max=float(row["age_max"]),
            returning=float(row["returning"]),
            wage=int(row["wage"]),
            stay_months=int(row["stay_months"]),
            language=row["language"],
            employers=int(row["employers"]),
            origins=tuple(people["origin"]),
            origin_weights=people["weight"].cast(pl.Float64).to_numpy(),
            occupations=tuple(work["isco"]),
            occupation_weights=work["weight"].cast(pl.Float64).to_numpy(),
            seasons=tuple(
                Season(
                    crop["region"] or None,
                    crop["crop"],
                    crop["title"],
                    crop["lang"],
                    crop["isco"],
                    crop["sector"],
                    np.array([float(crop[month]) for month in MONTHS]),
                )
                for crop in crops.iter_rows(named=True)
            ),
        )
    return found


@cache
def origins() -> dict[str, Origin]:
    """Every country of origin by its ISO 3166-1 code."""
    mixes = {
        row["mix"]: np.array([float(row[f"isced_{level}"]) for level in range(7)])
        for row in table("education").iter_rows(named=True)
    }
    found = {}
    for row in table("countries").iter_rows(named=True):
        langs, lang_weights = _weighted(row["titles"])
        regions, region_weights = _weighted(row["regions"])
        found[row["origin"]] = Origin(
            code=row["origin"],
            mother=row["mother"],
            title_langs=langs,
            title_weights=lang_weights,
            speaks=float(row["destination_language"]),
            education=mixes[row["education"]],
            regions=regions or (None,),
            region_weights=region_weights if regions else np.ones(1),
        )
    return found


def chosen(partnerships: Sequence[str] | None) -> list[Scheme]:
    """The schemes of the given partnership ids in their order, or all of them.

    Raises `BadInput` for an id without parameters.
    """
    known = schemes()
    for name in partnerships or ():
        if name not in known:
            raise BadInput("partnership", f"no synthetic parameters for {name!r}", "one of " + ", ".join(sorted(known)))
    return [known[name] for name in dict.fromkeys(partnerships or known)]


def _weighted(text: str) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """`a:2;b:1` as names and weights."""
    parts = [part.rpartition(":") for part in text.split(";") if part]
    return tuple(part[0] for part in parts), np.array([float(part[2]) for part in parts])
