"""What a score may know of a person: a projection without sex, age, origin or anything else that may not count.

Every scoring path, the fast and the readable, starts from :data:`PROFILE_COLUMNS` or :class:`Profile`; what is not
listed here cannot enter a score.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import polars as pl

from skillbridge.model import Cefr, Preference, Vacancy
from skillbridge.tables import WORKERS, parse_languages, parse_list, parse_past, parse_preferences

PROFILE_COLUMNS = (
    "worker_id",
    "concept",
    "isco",
    "experience_months",
    "skills",
    "languages",
    "education",
    "licences",
    "available_from",
    "available_to",
    "wage_floor",
    "currency",
    "preferences",
    "past",
    "consent",
)
"""The columns of tables.WORKERS that matching reads. `worker_id` serves named requests and the breaking of ties."""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A worker as a score sees them; fields as in model.Worker, of the past only the employers."""

    worker_id: str
    concept: str | None
    isco: str | None
    experience_months: int
    skills: tuple[str, ...]
    languages: dict[str, Cefr]
    education: int | None
    licences: tuple[str, ...]
    available_from: date | None
    available_to: date | None
    wage_floor: int | None
    currency: str | None
    preferences: tuple[Preference, ...]
    past_employers: tuple[str, ...]
    consent: bool | None


def project(workers: pl.DataFrame) -> pl.DataFrame:
    """`workers` with exactly :data:`PROFILE_COLUMNS`; absent ones are null."""
    return workers.select(
        (pl.col(name) if name in workers.columns else pl.lit(None)).cast(WORKERS[name]).alias(name)
        for name in PROFILE_COLUMNS
    )


def profile(row: Mapping[str, Any]) -> Profile:
    """The profile in a row (a mapping) of tables.WORKERS; other columns are not looked at. Raises `BadInput`."""
    return Profile(
        worker_id=row["worker_id"],
        concept=row.get("concept"),
        isco=row.get("isco"),
        experience_months=row.get("experience_months") or 0,
        skills=parse_list(row.get("skills")),
        languages=parse_languages(row.get("languages")),
        education=row.get("education"),
        licences=parse_list(row.get("licences")),
        available_from=row.get("available_from"),
        available_to=row.get("available_to"),
        wage_floor=row.get("wage_floor"),
        currency=row.get("currency"),
        preferences=parse_preferences(row.get("preferences")),
        past_employers=tuple(dict.fromkeys(season.employer_id for season in parse_past(row.get("past")))),
        consent=row.get("consent"),
    )


def vacancy(row: Mapping[str, Any]) -> Vacancy:
    """The vacancy in a row (a mapping) of tables.VACANCIES. Raises `BadInput`."""
    given = {name: value for name, value in row.items() if value is not None and name in Vacancy.__struct_fields__}
    for name in ("skills", "licences", "named_workers"):
        given[name] = parse_list(row.get(name))
    given["languages"] = parse_languages(row.get("languages"))
    return Vacancy(**given)
