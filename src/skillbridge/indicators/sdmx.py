"""Indicators as SDMX-CSV 2.0: one row an observation, every dimension coded, `_T` for a total.

The format is the SDMX technical working group's (https://github.com/sdmx-twg/sdmx-csv, data message, SDMX 3.0):
structure type, structure and action first, then dimensions, measure and attributes of the data structure, then custom
columns.
"""

import polars as pl

from skillbridge.indicators import INDICATORS
from skillbridge.indicators.accounts import ACCOUNTS
from skillbridge.indicators.stays import STAYS

DATAFLOW = "SKILLBRIDGE:PLAN_INDICATORS(1.0)"
OF_JOURNEYS = "SKILLBRIDGE:JOURNEY_INDICATORS(1.0)"
_COLUMNS = {
    "origin": "ORIGIN",
    "destination": "DESTINATION",
    "sex": "SEX",
    "age_band": "AGE",
    "entry": "ENTRY",
    "sector": "ACTIVITY",
    "isco": "OCCUPATION",
    "month": "MONTH",
    "partnership": "AGREEMENT",
    "currency": "CURRENCY",
}
DIMENSIONS = ("INDICATOR", *_COLUMNS.values(), "TIME_PERIOD")
"""The key of an observation, in order."""
_SEX = {"f": "F", "m": "M", "x": "_O"}
_NO_CODE = r"[^A-Za-z0-9_@$\-]+"
"""What an SDMX identifier must not hold."""


def to_sdmx(table: pl.DataFrame, *, time_period: str, prepared: str, dataflow: str = DATAFLOW) -> pl.DataFrame:
    """`indicators.compute`'s table as SDMX-CSV 2.0 columns.

    `time_period` is the season (`2026`), `prepared` an ISO date. Codes follow the SDMX cross-domain lists: SEX F, M,
    _O; AGE Y18T24, Y_GE55; _U where it is not known; OBS_STATUS A normal, Q suppressed for confidentiality
    (CONF_STATUS C), M nothing to count. The unit, the population in heads, the kind of figure and the goals it informs
    (REFERENCE, text) are attributes, and so are the bounds CI_LOW and CI_HIGH where `table` is of `with_intervals`;
    PREPARED is a custom column.
    """
    references = {name: ", ".join(indicator.frameworks) for name, indicator in (INDICATORS | ACCOUNTS | STAYS).items()}
    status = pl.when(pl.col("suppressed")).then(pl.lit("Q")).when(pl.col("value").is_null()).then(pl.lit("M"))
    return table.select(
        STRUCTURE=pl.lit("dataflow"),
        STRUCTURE_ID=pl.lit(dataflow),
        ACTION=pl.lit("I"),
        INDICATOR=pl.col("indicator").str.to_uppercase(),
        **{code: _coded(name) for name, code in _COLUMNS.items()},
        TIME_PERIOD=pl.lit(time_period),
        OBS_VALUE=pl.col("value"),
        **{f"CI_{name.upper()}": pl.col(name) for name in ("low", "high") if name in table.columns},
        OBS_STATUS=status.otherwise(pl.lit("A")),
        CONF_STATUS=pl.when(pl.col("suppressed")).then(pl.lit("C")).otherwise(pl.lit("F")),
        UNIT_MEASURE=pl.col("unit").str.replace_all(_NO_CODE, "_").str.to_uppercase(),
        POPULATION=pl.col("count"),
        KIND=pl.col("kind").str.to_uppercase(),
        REFERENCE=pl.col("indicator").replace_strict(references, return_dtype=pl.String),
        PREPARED=pl.lit(prepared),
    )


def _coded(name: str) -> pl.Expr:
    """A dimension's values as codes: total where it is not sliced, unknown where nobody stated it."""
    code = pl.col(name)
    if name == "sex":
        code = code.replace(_SEX)
    elif name == "age_band":
        code = code.str.replace(r"^(\d+)-120$", "Y_GE$1").str.replace(r"^(\d+)-(\d+)$", "Y${1}T${2}")
    code = pl.when(code == "unknown").then(pl.lit("_U")).otherwise(code)
    return code.str.replace_all(_NO_CODE, "_").fill_null("_T")
