"""Partnerships, their versions and who sees what. See the package for how they hang together."""

from typing import Annotated, Literal

import msgspec

from skillbridge.workspace.views.base import Id, Page, PartyName, Problem, Version, View, doc


class Draft(View, frozen=True):
    """A partnership's text, to be checked or kept as a draft."""

    toml: Annotated[
        str, doc("The agreement as TOML (see docs/partnerships).", 'id = "nz-rse"', min_length=1, max_length=150_000)
    ]


class PartnershipBody(msgspec.Struct, frozen=True):
    """Stored: one version of a partnership's text."""

    partnership_id: str
    number: int
    status: Literal["draft", "published", "retired"]
    toml: str
    sha256: str
    drafted_by: str
    published_by: str | None = None
    published: str | None = None


class PartnershipView(View, frozen=True):
    """One version of a partnership."""

    partnership_id: Annotated[str, doc("Owner and scheme.", "nz-rse")]
    number: Annotated[int, doc("Version number from 1.", 2)]
    status: Annotated[Literal["draft", "published", "retired"], doc("Only published ones bind plans.", "published")]
    sha256: Annotated[str, doc("SHA-256 of the text.", "9f86d081884c7d65")]
    drafted_by: Annotated[str, doc("Account that wrote it.", "account-0f3a")]
    published_by: Annotated[str | None, doc("Another account, that published it.", "account-77d0")]
    published: Annotated[str | None, doc("When.", "2026-03-01T09:00:00+00:00")]
    toml: Annotated[str | None, doc("The text; null in lists.", 'id = "nz-rse"')]
    version: Version


class Partnerships(Page, frozen=True):
    """Partnership versions, oldest first."""

    items: Annotated[list[PartnershipView], doc("The versions of this page.")]


class Checked(View, frozen=True):
    """What a check found; an empty list of problems means it can be published."""

    partnership_id: Annotated[str | None, doc("The id the text declares, if it could be read.", "nz-rse")]
    rules: Annotated[list[str], doc("What each rule says, in words.", ["at most 19000 placements a year"])]
    problems: Annotated[list[Problem], doc("What is wrong, where, and what was expected.")]
    warnings: Annotated[list[Problem], doc("What can be used and is unlikely to be meant.")]


class Difference(View, frozen=True):
    """How two versions differ, rule by rule."""

    a: Annotated[int, doc("Version number.", 1)]
    b: Annotated[int, doc("Version number.", 2)]
    lines: Annotated[list[str], doc("One line a difference.", ["cap: limit 16000 -> 19000"])]


See = Literal["profile", "identity", "aggregate"]


class SharedParty(View, frozen=True):
    """One party of a partnership and what it sees of the others' rows."""

    party: PartyName
    sees: Annotated[
        list[See], doc("profile: pseudonyms and skills; identity: on consent; aggregate: statistics.", ["profile"])
    ]


class Sharing(View, frozen=True):
    """Who takes part in a partnership and what each party sees."""

    partnership_id: Annotated[Id, doc("The partnership.", "nz-rse")]
    parties: Annotated[list[SharedParty], doc("The parties.", max_length=500)]


class SharingView(View, frozen=True):
    """A partnership's sharing with its version."""

    version: Version
    sharing: Annotated[Sharing, doc("Who sees what.")]
