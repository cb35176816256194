"""Synthetic demand: employers' vacancies by crop season, for agreements whose real demand is not published."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from skillbridge.errors import BadInput
from skillbridge.synth import parameters, titles
from skillbridge.synth.pool import day_number, employer_ids, employer_weights, opening_months, pick
from skillbridge.tables import VACANCIES, conform


def vacancies(n: int, seed: int, partnerships: Sequence[str] | None = None, *, year: int = 2026) -> pl.DataFrame:
    """`n` invented vacancies as `tables.VACANCIES`, sorted by id, starting in `year`.

    Each asks for 1 to 200 heads of one crop season of its scheme (`datasets/synth/seasons.csv`), at or a little above
    the scheme's typical wage. Raises `BadInput` for an unknown partnership or a negative `n`.
    """
    if n < 0:
        raise BadInput("vacancies", f"a demand of {n}", "0 vacancies or more")
    mixed = parameters.chosen(partnerships)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1 << 20]))
    share = pick(rng.random(n), np.array([scheme.size for scheme in mixed]))
    parts = []
    for number, scheme in enumerate(mixed):
        rows = np.flatnonzero(share == number)
        m = len(rows)
        if not m:
            continue
        crop = pick(rng.random(m), np.array([season.months.sum() for season in scheme.seasons]))
        month = np.zeros(m, dtype=np.int64)
        u = rng.random(m)
        for k, season in enumerate(scheme.seasons):
            month[crop == k] = pick(u[crop == k], opening_months(season.months))
        start = np.array([day_number(year, k, 1) for k in range(1, 13)])[month] + rng.integers(0, 28, m)
        stay = (scheme.stay_months * 30 * rng.beta(5, 1.6, m)).astype(np.int64).clip(28)
        positions = np.minimum(np.ceil(rng.lognormal(1.9, 1.1, m)), 200).astype(np.int64)
        employer = pick(rng.random(m), employer_weights(scheme))
        beds = np.where(rng.random(m) < 0.7, positions + rng.integers(0, 3, m), -1)
        names = pl.Series([season.title for season in scheme.seasons])
        wanted = [titles.skills(season.isco, "en") for season in scheme.seasons]
        draw = rng.random(m)
        skills = [
            None if lists is None or d < 0.4 else str(lists[int((d - 0.4) / 0.6 * len(lists))])
            for d, lists in ((draw[i], wanted[crop[i]]) for i in range(m))
        ]
        parts.append(
            pl.DataFrame(
                {
                    "row": rows,
                    "employer_id": employer_ids(scheme).gather(employer),
                    "employer": [f"Synthetic employer {number + 1}" for number in employer],
                    "destination": [scheme.destination] * m,
                    "region": pl.Series([season.region for season in scheme.seasons], dtype=pl.String).gather(crop),
                    "occupation": names.gather(crop),
                    "sector": pl.Series([season.sector for season in scheme.seasons]).gather(crop),
                    "skills": pl.Series(skills, dtype=pl.String),
                    "positions": positions,
                    "start": pl.Series(start, dtype=pl.Int32).cast(pl.Date),
                    "end": pl.Series(start + stay - 1, dtype=pl.Int32).cast(pl.Date),
                    "hours_week": rng.choice([35.0, 40.0, 42.0, 45.0, 48.0], m, p=[0.1, 0.45, 0.15, 0.2, 0.1]),
                    "wage": (scheme.wage * (1 + np.maximum(rng.normal(0.03, 0.05, m), 0))).astype(np.int64),
                    "currency": [scheme.currency] * m,
                    "experience_months": rng.choice([0, 0, 0, 1, 3, 6], m),
                    "beds": pl.Series(beds).replace(-1, None),
                    "partnership": [scheme.partnership] * m,
                }
            )
        )
    frame = pl.concat(parts).sort("row")
    return conform(
        frame.with_columns(
            pl.format("syn{}-v{}", pl.lit(seed), pl.col("row").cast(pl.String).str.zfill(6)).alias("vacancy_id")
        ),
        VACANCIES,
    )
