"""What a score may know of a person."""

import polars as pl

from skillbridge.matching.criteria import Facts
from skillbridge.matching.profile import PROFILE_COLUMNS, Profile, profile, project
from skillbridge.tables import WORKERS

MAY_COUNT = {
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
}
NEVER = ("sex", "birth", "age", "origin", "region", "nation", "waiting", "group_id", "overstay", "marital", "religion")


def test_the_projection_is_the_whitelist_and_nothing_else() -> None:
    assert set(PROFILE_COLUMNS) == MAY_COUNT
    assert set(Profile.__struct_fields__) == MAY_COUNT - {"past"} | {"past_employers"}
    full = pl.DataFrame({name: [None] for name in (*WORKERS, "photo", "height")})
    assert project(full).columns == list(PROFILE_COLUMNS)


def test_no_struct_a_score_sees_has_a_forbidden_field() -> None:
    for field in (*Profile.__struct_fields__, *Facts.__struct_fields__):
        assert not any(field == word or field.startswith(word + "_") for word in NEVER), field


def test_other_columns_of_a_row_are_not_looked_at() -> None:
    row = {"worker_id": "w", "sex": "f", "birth_year": 1990, "origin": "MX", "past": "e1:2023;e1:2024;e2:2020"}
    assert profile(row).past_employers == ("e1", "e2")
    assert profile(row) == profile({"worker_id": "w", "past": "e1:2023;e1:2024;e2:2020"})
