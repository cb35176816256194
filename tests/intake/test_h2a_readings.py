"""Two hundred certified H-2A cases of 2016, read by hand: the product's unit group against the reading.

Drawn with a seed in four strata of SOC code (45-2091: 45, 45-2092: 85, 45-2093: 45, all others: 25), read from title,
crop and SOC code before the answer of the product was seen. The file holds case numbers and readings, not the texts.
"""

from pathlib import Path

import polars as pl
import pytest

from skillbridge.intake.us_jobs import occupation

pytestmark = pytest.mark.data
READINGS = pl.read_csv(Path(__file__).with_name("h2a_2016_readings.csv"), infer_schema=False)


@pytest.fixture(scope="module")
def answers(shared_data: Path) -> pl.DataFrame:
    """case_id, stratum, isco (the reading) and answer, of every case read."""
    table = pl.read_csv(shared_data / "demand" / "h2a_fy2016.csv.gz", infer_schema=False)
    table = table.filter(pl.col("primary_sub") == "PRI").unique("case_id", keep="first", maintain_order=True)
    told = READINGS.join(table, on="case_id", how="left", maintain_order="left")
    asked = told.select("soc_code", "job_title", "primary_crop").rows()
    return told.select("case_id", "stratum", "isco", answer=pl.Series([occupation(*row) for row in asked]))


def test_the_readings_are_two_hundred_different_cases_of_the_file(answers: pl.DataFrame) -> None:
    assert READINGS["case_id"].n_unique() == len(READINGS) == 200
    assert answers["answer"].null_count() == 0


def test_nine_answers_in_ten_are_the_reading(answers: pl.DataFrame) -> None:
    right = answers.filter(pl.col("isco") == pl.col("answer"))
    assert len(right) >= 180, answers.filter(pl.col("isco") != pl.col("answer")).rows()
    of_crops = answers.filter(stratum="45-2092")
    assert int((of_crops["isco"] == of_crops["answer"]).sum()) > 0.9 * len(of_crops)
