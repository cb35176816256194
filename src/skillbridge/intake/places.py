"""Countries, states and provinces in any of their names -> ISO 3166 codes."""

from functools import cache

import polars as pl

from skillbridge.intake.values import Reading, blank, fold
from skillbridge.resources import folder

_LOCALES = (
    "en fr es pt ar ru uk tr hi ur bn vi id ms fil de it nl ro pl el bg sr sq mk ka hy az kk ky uz tg tk mn ne si ta th"
    " km lo my ko ja zh am sw so ha af sv da nb fi cs sk hu hr bs sl et lv lt fa ps he"
)
LOCALES = tuple(_LOCALES.split())
"""Languages whose country and language names are understood; the first COMMON of them are tried first."""
COMMON = 6
US_STATES = {
    "AL": "Alabama",
    "AK": "Alaska",
    "AZ": "Arizona",
    "AR": "Arkansas",
    "CA": "California",
    "CO": "Colorado",
    "CT": "Connecticut",
    "DE": "Delaware",
    "DC": "District of Columbia",
    "FL": "Florida",
    "GA": "Georgia",
    "HI": "Hawaii",
    "ID": "Idaho",
    "IL": "Illinois",
    "IN": "Indiana",
    "IA": "Iowa",
    "KS": "Kansas",
    "KY": "Kentucky",
    "LA": "Louisiana",
    "ME": "Maine",
    "MD": "Maryland",
    "MA": "Massachusetts",
    "MI": "Michigan",
    "MN": "Minnesota",
    "MS": "Mississippi",
    "MO": "Missouri",
    "MT": "Montana",
    "NE": "Nebraska",
    "NV": "Nevada",
    "NH": "New Hampshire",
    "NJ": "New Jersey",
    "NM": "New Mexico",
    "NY": "New York",
    "NC": "North Carolina",
    "ND": "North Dakota",
    "OH": "Ohio",
    "OK": "Oklahoma",
    "OR": "Oregon",
    "PA": "Pennsylvania",
    "RI": "Rhode Island",
    "SC": "South Carolina",
    "SD": "South Dakota",
    "TN": "Tennessee",
    "TX": "Texas",
    "UT": "Utah",
    "VT": "Vermont",
    "VA": "Virginia",
    "WA": "Washington",
    "WV": "West Virginia",
    "WI": "Wisconsin",
    "WY": "Wyoming",
    "PR": "Puerto Rico",
    "GU": "Guam",
    "VI": "Virgin Islands",
    "MP": "Northern Mariana Islands",
    "AS": "American Samoa",
}
CANADA = {
    "AB": "Alberta",
    "BC": "British Columbia;Colombie-Britannique",
    "MB": "Manitoba",
    "NB": "New Brunswick;Nouveau-Brunswick",
    "NL": "Newfoundland and Labrador;Terre-Neuve-et-Labrador;NF",
    "NS": "Nova Scotia;Nouvelle-Écosse",
    "NT": "Northwest Territories;Territoires du Nord-Ouest",
    "NU": "Nunavut",
    "ON": "Ontario",
    "PE": "Prince Edward Island;Île-du-Prince-Édouard;PEI",
    "QC": "Quebec;Québec;PQ",
    "SK": "Saskatchewan",
    "YT": "Yukon",
}


@cache
def countries(locales: int = COMMON) -> dict[str, str]:
    """Folded country names (in the first `locales` of LOCALES), nationalities and codes -> ISO 3166-1 alpha-2."""
    from babel import Locale

    found: dict[str, str] = {}
    for tag in LOCALES[:locales]:
        for code, name in Locale.parse(tag).territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"):
                found.setdefault(fold(name), code)
                found.setdefault(fold(name.partition("(")[0]), code)
    for row in pl.read_csv(folder("datasets") / "intake" / "countries.csv", infer_schema_length=0).iter_rows(
        named=True
    ):
        for name in [row["alpha3"], *(row["names"] or "").split(";")]:
            if name:
                found[fold(name)] = row["code"]
    codes = set(found.values())
    found.update({code.casefold(): code for code in codes})
    found["uk"] = "GB"
    found.pop("", None)
    return found


def country(text: str | None) -> Reading:
    """The ISO 3166-1 alpha-2 code of a country or nationality, in any of LOCALES. `NA` is Namibia."""
    if text is None or (blank(text) and text.strip().upper() != "NA"):
        return Reading()
    code = countries().get(fold(text)) or countries(len(LOCALES)).get(fold(text))
    return Reading(code) if code else Reading(None, "a country: ISO 3166-1 code or a name of it", "refused")


@cache
def _states() -> dict[str, str]:
    found = {fold(name): f"US-{code}" for code, name in US_STATES.items()}
    found.update({code.casefold(): f"US-{code}" for code in US_STATES})
    return found


def us_state(text: str | None) -> Reading:
    """`US-TX` of `TX`, `Texas` or `TEXAS`."""
    if text is None or blank(text):
        return Reading()
    code = _states().get(fold(text))
    return Reading(code) if code else Reading(None, "a US state", "refused")


@cache
def _provinces() -> dict[str, str]:
    found = {}
    for code, names in CANADA.items():
        for name in [code, *names.split(";")]:
            found[fold(name)] = f"CA-{code}"
    return found


def province(text: str | None) -> str | None:
    """`CA-ON` of `Ontario` or `ON`, in English or French; None if it is none."""
    return None if text is None else _provinces().get(fold(text))
