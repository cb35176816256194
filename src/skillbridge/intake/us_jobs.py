"""What a job in a US file is: the ISCO-08 group and the ISIC class behind SOC and NAICS codes, titles and crops."""

import re
from functools import cache

import polars as pl

from skillbridge.resources import folder
from skillbridge.taxonomies.crosswalk import targets

NEW = 0.08
"""The weight of a unit group that the SOC code does not lead to, before words speak for it."""


@cache
def soc_2010(code: str | None) -> str | None:
    """A SOC code of the 2000, 2010 or 2018 edition, in any spelling (452092, 45-2092.01), as one of 2010."""
    digits = re.sub(r"\D", "", code or "")
    if len(digits) < 6:
        return None
    plain = f"{digits[:2]}-{digits[2:6]}"
    return _soc_editions().get(plain, plain)


@cache
def _soc_editions() -> dict[str, str]:
    table = pl.read_csv(folder("datasets") / "intake" / "soc_editions.csv", infer_schema_length=0)
    return dict(table.select("code", "soc2010").iter_rows())


@cache
def _words() -> tuple[tuple[str, re.Pattern[str], float, re.Pattern[str] | None, float], ...]:
    table = pl.read_csv(folder("datasets") / "intake" / "work_words.csv", infer_schema_length=0)
    return tuple(
        (
            row["isco"],
            re.compile(row["title_words"]),
            float(row["title_gain"]),
            re.compile(row["crop_words"]) if row["crop_words"] else None,
            float(row["crop_gain"]),
        )
        for row in table.iter_rows(named=True)
    )


@cache
def occupation(soc: str | None, title: str | None, crop: str | None) -> str | None:
    """The ISCO-08 unit group of a US job: the SOC code's targets weighted by what the title and the crop say."""
    edition = soc_2010(soc)
    weights = dict(targets(edition, "soc2010--isco08")) if edition else {}
    name, grown = (title or "").casefold(), (crop or "").casefold()
    for isco, title_words, title_gain, crop_words, crop_gain in _words():
        gain = (title_gain if title_words.search(name) else 0) + (
            crop_gain if crop_words and crop_words.search(grown) else 0
        )
        if gain:
            weights[isco] = weights.get(isco, NEW) * (1 + gain)
    return max(sorted(weights), key=lambda isco: weights[isco], default=None)


@cache
def _crops() -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = pl.read_csv(folder("datasets") / "intake" / "crops.csv", infer_schema_length=0)
    return tuple((row["isic"], re.compile(row["words"])) for row in table.iter_rows(named=True))


@cache
def sector(naics: str | None, crop: str | None, title: str | None, partnership: str) -> str | None:
    """The ISIC Rev. 4 code of a job: by its crop or title in farming programmes, else by its NAICS code."""
    if partnership == "us-h2a":
        for text in (crop, title):
            for isic, pattern in _crops():
                if text and pattern.search(text.casefold()):
                    return isic
        return "01"
    found = targets(naics, "naics--isic4") if naics else ()
    return found[0][0] if found else None
