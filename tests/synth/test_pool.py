"""The synthetic pool: reproducible, shaped by its parameters, and readable by the rest of the product."""

from datetime import date

import polars as pl
import pytest

from skillbridge.errors import BadInput
from skillbridge.synth import vacancies, workers
from skillbridge.synth.parameters import chosen
from skillbridge.synth.pool import BLOCK
from skillbridge.tables import WORKERS, parse_languages, parse_past, parse_preferences


def pool(n: int, seed: int = 7, partnerships: list[str] | None = None, *, year: int = 2026) -> pl.DataFrame:
    return pl.concat(workers(n, seed, partnerships, year=year, truth=True))


def test_the_same_seed_gives_the_same_people_and_another_seed_others() -> None:
    assert pool(3000).equals(pool(3000))
    assert not pool(3000).drop("worker_id").equals(pool(3000, seed=8).drop("worker_id"))


def test_a_smaller_pool_is_the_head_of_a_larger_one_across_blocks() -> None:
    large = pool(BLOCK + 500)
    assert len(large) == BLOCK + 500
    assert pool(1234).equals(large.head(1234))
    assert large["worker_id"].n_unique() == len(large)


def test_chunks_have_the_declared_columns_and_no_concept_yet() -> None:
    chunk = next(workers(10, 1))
    assert dict(chunk.schema) == WORKERS
    assert chunk["concept"].null_count() == chunk["isco"].null_count() == 10
    assert list(workers(0, 1)) == []


def test_origins_follow_the_visas_of_the_scheme() -> None:
    shares = pool(BLOCK, partnerships=["us-h2a"])["origin"].value_counts(normalize=True)
    found = dict(shares.iter_rows())
    assert found["MX"] == pytest.approx(522411 / 563790, abs=0.02)
    assert set(pool(2000, partnerships=["nz-rse"])["origin"]) <= {"VU", "WS", "TO", "SB", "FJ", "KI", "PG", "TV"}


def test_every_packed_column_can_be_read_back() -> None:
    frame = pool(5000)
    for languages in frame["languages"].unique():
        assert parse_languages(languages)
    for wishes in frame["preferences"].unique():
        parse_preferences(wishes)
    for past in frame["past"].unique():
        for season in parse_past(past):
            assert season.start is None or season.end is None or season.start < season.end


def test_people_of_a_crew_share_home_and_scheme_and_a_crew_has_six_at_most() -> None:
    crews = pool(BLOCK).filter(pl.col("group_id").is_not_null()).group_by("group_id")
    frame = crews.agg(pl.len(), pl.col("origin", "region", "available_from", "true_isco").n_unique())
    assert frame["len"].max() == 6
    assert frame.select(pl.col("origin", "region", "available_from", "true_isco").max()).row(0) == (1, 1, 1, 1)


def test_people_are_available_and_of_an_age_that_makes_sense() -> None:
    frame = pool(5000, year=2026)
    assert frame.filter(pl.col("available_from") >= pl.col("available_to")).is_empty()
    assert frame["birth_year"].is_between(2026 - 61, 2026 - 15).all()
    assert frame.filter(pl.col("experience_months") > (2026 - pl.col("birth_year") - 9) * 12).is_empty()
    assert frame.filter(pl.col("wage_floor").is_null() != pl.col("currency").is_null()).is_empty()


def test_titles_are_in_the_people_s_languages_and_mistyped_now_and_then() -> None:
    frame = pool(BLOCK, partnerships=["gb-seasonal"]).filter(pl.col("origin") == "KG")
    assert frame["occupation"].str.contains(r"\p{Cyrillic}").mean() > 0.8  # type: ignore[operator]
    picking = frame.filter(pl.col("true_isco") == "9211")["occupation"]
    assert picking.n_unique() > 20
    assert picking.null_count() == 0


def test_with_vacancies_people_aim_at_real_openings() -> None:
    demand = vacancies(200, 3, ["nz-rse"], year=2025)
    frame = pl.concat(workers(4000, 3, ["nz-rse"], year=2025, vacancies=demand))
    past = {season.employer_id for text in frame["past"].unique() for season in parse_past(text)}
    assert past <= set(demand["employer_id"])
    first, last = demand["start"].min(), demand["start"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    starts = frame["available_from"].drop_nulls()
    assert starts.is_between(first.replace(year=first.year - 1), last).all()


def test_synthetic_demand_is_reproducible_and_well_formed() -> None:
    frame = vacancies(500, 1, ["nz-rse", "ca-sawp", "gb-seasonal"])
    assert frame.equals(vacancies(500, 1, ["nz-rse", "ca-sawp", "gb-seasonal"]))
    assert frame["vacancy_id"].n_unique() == 500
    assert frame.filter((pl.col("positions") < 1) | (pl.col("start") >= pl.col("end"))).is_empty()
    assert set(frame["destination"]) == {"NZ", "CA", "GB"}
    assert frame["beds"].drop_nulls().len() > 0


def test_an_unknown_partnership_is_named_with_what_was_expected() -> None:
    with pytest.raises(BadInput, match=r"atlantis.*expected one of .*us-h2a"):
        next(workers(5, 1, ["atlantis"]))
    with pytest.raises(BadInput, match="0 workers or more"):
        workers(-1, 1)


def test_every_agreement_of_the_library_can_be_synthesised() -> None:
    from skillbridge.partnerships.partnership import library

    known = {scheme.partnership for scheme in chosen(None)}
    assert set(library()) - known <= {"ecowas"}
    for name in sorted(known):
        assert len(pool(50, partnerships=[name])) == 50
        assert len(vacancies(20, 1, [name])) == 20


def test_every_parameter_table_names_countries_and_schemes_that_exist() -> None:
    from skillbridge.synth.parameters import origins

    for scheme in chosen(None):
        assert set(scheme.origins) <= set(origins()), scheme.partnership
        assert scheme.seasons, scheme.partnership
        assert scheme.age_min < scheme.age_mean < scheme.age_max
