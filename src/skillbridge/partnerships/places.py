"""Country, region, sector, occupation and language codes that a partnership may name."""

import csv
import re
from functools import cache

from skillbridge.resources import folder

_COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_COUNTRIES.split())
"""ISO 3166-1 alpha-2, with the user-assigned XK (Kosovo) that agreements use."""

_ISO_639_1 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu "
    "ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na "
    "nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so "
    "sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_LANGUAGES = frozenset(_ISO_639_1.split())

_SECTIONS = (
    ("A", 1, 3), ("B", 5, 9), ("C", 10, 33), ("D", 35, 35), ("E", 36, 39), ("F", 41, 43), ("G", 45, 47), ("H", 49, 53),
    ("I", 55, 56), ("J", 58, 63), ("K", 64, 66), ("L", 68, 68), ("M", 69, 75), ("N", 77, 82), ("O", 84, 84),
    ("P", 85, 85), ("Q", 86, 88), ("R", 90, 93), ("S", 94, 96), ("T", 97, 98), ("U", 99, 99),
)  # fmt: skip
"""Sections of ISIC Rev.4 with their first and last division."""

_NO_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
NO_MINOR_UNIT = frozenset(_NO_MINOR_UNIT.split())
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
THREE_DIGITS = frozenset(_THREE_DIGITS.split())


def minor_units(amount: float, currency: str) -> float:
    """An amount of money in the currency's minor units (cents), not yet rounded."""
    return amount * (1 if currency in NO_MINOR_UNIT else 1000 if currency in THREE_DIGITS else 100)


def is_region(text: str) -> bool:
    """Whether it looks like ISO 3166-2 of a known country, the beginning of one or a part: `US-CA`, `NZ`, `NO-3401`."""
    return bool(re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,8}){0,2}", text)) and text[:2] in COUNTRIES


def in_region(code: str, region: str) -> bool:
    """Whether a code of ISO 3166-2 is a region or a part of it: ES-H of ES, NO-3401 of NO-34, but not IE-DL of IE-D."""
    rest = code.removeprefix(region)
    return code.startswith(region) and (not rest or rest[0] == "-" or (rest[0].isdigit() and region[-1:].isdigit()))


@cache
def isco_groups() -> frozenset[str]:
    """The codes of ISCO-08, major to unit groups (1 to 4 digits), as the bundled classification lists them."""
    with (folder("taxonomies/core") / "concepts.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["notation"] for row in csv.DictReader(file) if row["kind"] == "isco_group")


def is_language(tag: str) -> bool:
    """Whether a BCP 47 tag begins with a language of ISO 639-1, or with three letters as in ISO 639-3."""
    language = tag.split("-")[0]
    return language in _LANGUAGES or bool(re.fullmatch(r"[a-z]{3}", language))


def is_sector(text: str) -> bool:
    """Whether it is an ISIC section (a letter) or one to four digits, perhaps led by the section's letter."""
    return bool(re.fullmatch(r"[A-U]|[A-U]?\d{1,4}", text))


def sector_has_prefix(sector: str, prefix: str) -> bool:
    """Whether the ISIC code `sector` lies in `prefix` (a section letter or leading digits)."""
    digits = sector.lstrip("ABCDEFGHIJKLMNOPQRSTU")
    if prefix.isalpha():
        if sector[:1].isalpha():
            return sector[0] == prefix
        low, high = next((low, high) for letter, low, high in _SECTIONS if letter == prefix)
        return len(digits) >= 2 and low <= int(digits[:2]) <= high
    return digits.startswith(prefix.lstrip("ABCDEFGHIJKLMNOPQRSTU"))
