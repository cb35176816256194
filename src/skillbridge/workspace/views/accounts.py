"""Accounts, sessions, keys. See the package for how they hang together."""

from typing import Annotated

from skillbridge.access import Password, Role
from skillbridge.workspace.views.base import Line, Page, PartyName, Version, View, doc


class Me(View, frozen=True):
    """Who the credential stands for and what it may do."""

    account_id: Annotated[str, doc("The account.", "account-0f3a")]
    name: Annotated[str, doc("The account's name.", "sina.tavita")]
    role: Annotated[Role, doc("The account's role.", "ministry_officer")]
    party: Annotated[str | None, doc("The account's party; null for the whole workspace.", "unit-ws")]
    worker_id: Annotated[str | None, doc("The worker whose own data this is, for the role worker.", "w-1042")]
    acts: Annotated[dict[str, str], doc("Act -> scope of rows it reaches.", {"workers.list": "party"})]


class Login(View, frozen=True):
    """Name and password."""

    name: Annotated[Line, doc("The account's name.", "sina.tavita")]
    password: Annotated[
        str, doc("The account's password.", "correct horse battery staple", min_length=1, max_length=128)
    ]


class Redeem(View, frozen=True):
    """A one-time link given to a worker."""

    link: Annotated[str, doc("The secret of the link.", "sbl_Zk3...", min_length=1, max_length=128)]


class Session(View, frozen=True):
    """A session just opened; the token is shown only here."""

    token: Annotated[str, doc("Bearer token of the session.", "sbs_vW4...")]
    csrf: Annotated[str, doc("Must come with every change made by a cookie session, as X-CSRF-Token.", "n0Zr...")]
    expires: Annotated[float, doc("When it ends if it is not used, seconds since 1970; use prolongs it.", 1772355600.0)]
    me: Annotated[Me, doc("Who is logged in.")]


class NewAccount(View, frozen=True):
    """An account to open."""

    name: Annotated[Line, doc("Unique name to log in with.", "sina.tavita")]
    role: Annotated[Role, doc("What the account may do.", "origin_unit")]
    party: Annotated[
        PartyName | None, doc("Its party; null reaches the whole workspace, for staff and readers only.", "unit-ws")
    ] = None
    password: Annotated[
        Password | None,
        doc("At least 12 characters; without one the account works by keys.", "correct horse battery staple"),
    ] = None


class AccountChange(View, frozen=True):
    """What may change about an account; fields left out stay."""

    active: Annotated[bool | None, doc("False ends every session and key at once.", False)] = None
    role: Annotated[Role | None, doc("The new role.", "ministry_officer")] = None
    password: Annotated[Password | None, doc("A new password; ends every session.", "a new long password")] = None


class AccountView(View, frozen=True):
    """An account, without its secrets."""

    account_id: Annotated[str, doc("The account.", "account-0f3a")]
    name: Annotated[str, doc("Its name.", "sina.tavita")]
    role: Annotated[Role, doc("Its role.", "origin_unit")]
    party: Annotated[str | None, doc("Its party.", "unit-ws")]
    active: Annotated[bool, doc("Whether it may act.", True)]
    version: Version


class Accounts(Page, frozen=True):
    """Accounts in order of creation."""

    items: Annotated[list[AccountView], doc("The accounts of this page.")]


class NewKey(View, frozen=True):
    """An API key to make for one's own account."""

    label: Annotated[Line, doc("What the key is for.", "nightly import")]
    days: Annotated[int, doc("Days until it expires.", 90, ge=1, le=365)] = 90


class KeyView(View, frozen=True):
    """An API key, without its secret."""

    key_id: Annotated[str, doc("The key.", "key-9d2c")]
    label: Annotated[str, doc("What it is for.", "nightly import")]
    expires: Annotated[float | None, doc("When it ends, seconds since 1970.", 1772355600.0)]
    active: Annotated[bool, doc("Whether it works.", True)]


class Keys(View, frozen=True):
    """One's own API keys."""

    items: Annotated[list[KeyView], doc("The keys, oldest first.")]


class IssuedKey(View, frozen=True):
    """A key just made; the secret is shown only here."""

    key: Annotated[KeyView, doc("The key.")]
    secret: Annotated[str, doc("Bearer token, 256 random bits.", "sbk_Qm1...")]


class IssuedLink(View, frozen=True):
    """A one-time link just made for a worker; the secret is shown only here."""

    link: Annotated[str, doc("The secret to hand to the worker.", "sbl_Zk3...")]
    expires: Annotated[float, doc("When it ends, seconds since 1970.", 1772355600.0)]
