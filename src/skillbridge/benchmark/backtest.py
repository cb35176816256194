"""A look back: seasons placed from real certified demand, beside the visas that were really issued, month by month."""

from pathlib import Path

import polars as pl

from skillbridge import intake, synth
from skillbridge.benchmark.families import SHARE
from skillbridge.errors import BadInput
from skillbridge.partnerships.partnership import load
from skillbridge.pipeline import PlaceRequest, place
from skillbridge.taxonomies import pack

VISAS = Path("context") / "us_h2a_h2b_visas_by_nationality_month.csv.gz"
"""In the folder of data: month, nationality, visa_class, issuances; from March 2017 to 2022."""
YEARS = (2018, 2022)
"""The whole years of the visas."""
SEASONS = {"H2A": ("us-h2a", "h2a_fy2016.csv.gz"), "H2B": ("us-h2b", "h2b_fy2017.csv.gz")}
"""Visa class -> (agreement, file of certified demand of one year)."""
HEADS = ("certified", "placed", "issued")


def visas(data: Path, visa_class: str) -> pl.DataFrame:
    """Visas of a class as `month` (first day), `nationality`, `issued`, sorted; raises `BadInput`."""
    path = data / VISAS
    try:
        frame = pl.read_csv(path, infer_schema=False)
        return (
            frame.filter(pl.col("visa_class") == visa_class)
            .select(
                pl.format("{}-01", "month").str.to_date().alias("month"),
                "nationality",
                pl.col("issuances").str.replace_all(",", "").cast(pl.Int64).alias("issued"),
            )
            .sort("month", "nationality")
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        expected = "month, nationality, visa_class, issuances"
        raise BadInput(str(path), str(error).splitlines()[0], expected) from error


def look_back(data: Path, visa_class: str, *, workers: int = 10_000, seed: int = 1) -> pl.DataFrame:
    """By `month` of the year (1 to 12): positions `certified` by their first day, heads `placed` by theirs in a plan,
    and visas `issued` in YEARS together; `<name>_share` of each over the year.

    The plan is of a seeded draw of the real cases, 65 positions for 100 synthetic `workers`, under the one agreement;
    nobody's nationality is compared, as the pool's are assumed from these very visas. Raises `BadInput`.
    """
    if visa_class not in SEASONS:
        raise BadInput("visa class", repr(visa_class), ", ".join(SEASONS))
    agreement, file = SEASONS[visa_class]
    path = data / "demand" / file
    if not path.is_file():
        raise BadInput("back-test", f"no file {path}", "--data with the folder of real demand")
    read = intake.read_h2a if visa_class == "H2A" else intake.read_h2b
    demand = read(path).frame.sort("vacancy_id")
    drawn = demand.sample(fraction=1.0, shuffle=True, seed=seed)
    drawn = drawn.filter(drawn["positions"].cum_sum() <= max(SHARE * workers, int(drawn["positions"][0])))
    drawn = drawn.sort("vacancy_id")
    year = int(drawn["start"].dt.year().mode().sort()[0])
    people = pl.concat(list(synth.workers(workers, seed, [agreement], year=year, vacancies=drawn)))
    asked = PlaceRequest(people, drawn, [load(agreement)], pack.load("core"), seed=seed, time_limit=9.0)
    placed = place(asked).folder.placements
    real = visas(data, visa_class).filter(pl.col("month").dt.year().is_between(*YEARS))
    month = pl.DataFrame({"month": pl.Series(range(1, 13), dtype=pl.Int8)})
    for frame, when, heads, name in (
        (demand, "start", pl.col("positions"), "certified"),
        (placed, "start", pl.lit(1), "placed"),
        (real, "month", pl.col("issued"), "issued"),
    ):
        counted = frame.select(pl.col(when).dt.month().alias("month"), heads.cast(pl.Int64).alias(name))
        month = month.join(counted.group_by("month").agg(pl.col(name).sum()), on="month", how="left")
    month = month.with_columns(pl.col(name).fill_null(0) for name in HEADS).sort("month")
    return month.with_columns(
        (pl.col(name) / pl.max_horizontal(pl.col(name).sum(), 1)).round(4).alias(f"{name}_share") for name in HEADS
    )


def apart(table: pl.DataFrame, first: str, second: str, later: int = 0) -> float:
    """The share of heads (0 to 1) that would have to be in another month for two columns to agree, the `second`
    counted so many months later."""
    one: list[float] = table[f"{first}_share"].to_list()
    two: list[float] = table[f"{second}_share"].to_list()
    return sum((abs(share - two[(at - later) % 12]) for at, share in enumerate(one)), 0.0) / 2
