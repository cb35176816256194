"""Dated lists of origins whose health workers are not to be recruited actively, read from datasets/safeguards."""

import tomllib
from datetime import date
from functools import cache

import msgspec

from skillbridge.errors import BadInput
from skillbridge.partnerships.rules.base import Source
from skillbridge.resources import folder


class Safeguards(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One edition: the countries by WHO region, in force from `valid_from`; `occupations` are ISCO-08 prefixes."""

    id: str
    title: str
    valid_from: date
    countries: dict[str, tuple[str, ...]]
    occupations: tuple[str, ...]
    sources: tuple[Source, ...]
    note: str = ""

    @property
    def origins(self) -> frozenset[str]:
        """All countries of the edition."""
        return frozenset(code for codes in self.countries.values() for code in codes)


@cache
def safeguards() -> dict[str, Safeguards]:
    """Every bundled edition by id, oldest first."""
    editions = [
        msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Safeguards)
        for path in folder("datasets/safeguards").glob("*.toml")
    ]
    return {one.id: one for one in sorted(editions, key=lambda one: (one.valid_from, one.id))}


def edition(name: str) -> Safeguards:
    """The edition `name`; `WHO_SSL_2023` and `who-ssl-2023` are the same. Raises `BadInput`."""
    known = safeguards()
    found = known.get(name.lower().replace("_", "-"))
    if found is None:
        raise BadInput("safeguards list", f"{name!r}", ", ".join(known))
    return found
