"""Indicators as SDMX-CSV 2.0: one row an observation, every dimension coded, `_T` for a total."""

import polars as pl

from skillbridge.indicators import INDICATORS

DATAFLOW = "SKILLBRIDGE:PLAN_INDICATORS(1.0)"
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
_SEX = {"f": "F", "m": "M", "x": "_O", "unknown": "_U"}


def to_sdmx(table: pl.DataFrame, *, time_period: str, prepared: str) -> pl.DataFrame:
    """`indicators.compute`'s table as SDMX-CSV 2.0 columns.

    `time_period` is the season (`2026`), `prepared` an ISO date. Codes follow the SDMX cross-domain lists: SEX F, M,
    _O, _U; OBS_STATUS A normal, Q suppressed for confidentiality (CONF_STATUS C), M nothing to count; UNIT_MEASURE and
    REFERENCE (the goals an indicator informs) are attributes.
    """
    references = {name: "; ".join(indicator.frameworks) for name, indicator in INDICATORS.items()}
    status = pl.when(pl.col("suppressed")).then(pl.lit("Q")).when(pl.col("value").is_null()).then(pl.lit("M"))
    return table.select(
        STRUCTURE=pl.lit("dataflow"),
        STRUCTURE_ID=pl.lit(DATAFLOW),
        ACTION=pl.lit("I"),
        INDICATOR=pl.col("indicator").str.to_uppercase(),
        **{
            code: (pl.col(name).replace(_SEX) if name == "sex" else pl.col(name)).fill_null("_T")
            for name, code in _COLUMNS.items()
        },
        TIME_PERIOD=pl.lit(time_period),
        OBS_VALUE=pl.col("value"),
        OBS_STATUS=status.otherwise(pl.lit("A")),
        CONF_STATUS=pl.when(pl.col("suppressed")).then(pl.lit("C")).otherwise(pl.lit("F")),
        UNIT_MEASURE=pl.col("unit"),
        POPULATION=pl.col("count"),
        KIND=pl.col("kind"),
        REFERENCE=pl.col("indicator").replace_strict(references, return_dtype=pl.String),
        PREPARED=pl.lit(prepared),
    )
