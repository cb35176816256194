"""Who may do what to which rows: roles, one table of acts, accounts, keys, sessions and one-time links."""

import re
import secrets
from functools import cache
from typing import Annotated, Literal, get_args

import argon2
import msgspec

from skillbridge.errors import BadInput, Refused
from skillbridge.journey import SHOWN_TO_EMPLOYER
from skillbridge.store import Credential, Record, Store, digest_of

Role = Literal[
    "ministry_admin", "ministry_officer", "origin_unit", "employer", "recruiter", "analyst", "auditor", "worker"
]
ROLES: tuple[str, ...] = get_args(Role)

Scope = Literal["all", "shared", "party", "placed", "own"]
"""Which rows an act reaches: every one; those of the account's party and of parties that a partnership shares with it
(an account without a party: every one); its party's only; those it has a shown placement with; its own person's."""

_STAFF = {"ministry_admin": "shared", "ministry_officer": "shared"}
_EVERYONE = dict.fromkeys(ROLES, "all")

POLICY: dict[str, dict[str, str]] = {
    "me.read": dict.fromkeys(ROLES, "own"),
    "concepts.read": _EVERYONE,
    "workers.list": {**_STAFF, "origin_unit": "party", "recruiter": "shared", "auditor": "all"},
    "workers.read": {
        **_STAFF,
        "origin_unit": "party",
        "recruiter": "shared",
        "employer": "placed",
        "auditor": "all",
        "worker": "own",
    },
    "workers.write": {**_STAFF, "origin_unit": "party"},
    "workers.identity": {
        **_STAFF,
        "origin_unit": "party",
        "recruiter": "shared",
        "employer": "placed",
        "worker": "own",
    },
    "workers.export": {"ministry_admin": "shared", "origin_unit": "party", "worker": "own"},
    "workers.erase": {"ministry_admin": "shared", "origin_unit": "party", "worker": "own"},
    "workers.link": {"ministry_admin": "shared", "origin_unit": "party"},
    "consents.read": {**_STAFF, "origin_unit": "party", "auditor": "all", "worker": "own"},
    "consents.write": {"origin_unit": "party", "worker": "own"},
    "appeals.read": {**_STAFF, "origin_unit": "party", "auditor": "all", "worker": "own"},
    "appeals.write": {"origin_unit": "party", "worker": "own"},
    "appeals.decide": _STAFF,
    "employers.read": {
        **_STAFF,
        "origin_unit": "all",
        "recruiter": "all",
        "analyst": "all",
        "auditor": "all",
        "employer": "party",
        "worker": "placed",
    },
    "employers.write": {**_STAFF, "employer": "party"},
    "vacancies.read": {
        **_STAFF,
        "origin_unit": "all",
        "recruiter": "all",
        "analyst": "all",
        "auditor": "all",
        "employer": "party",
        "worker": "placed",
    },
    "vacancies.write": {**_STAFF, "employer": "party"},
    "partnerships.read": _EVERYONE,
    "partnerships.draft": _STAFF,
    "partnerships.publish": _STAFF,
    "sharing.read": {**_STAFF, "origin_unit": "all", "auditor": "all"},
    "sharing.write": {"ministry_admin": "all"},
    "matches.workers": {**_STAFF, "origin_unit": "party", "recruiter": "shared", "employer": "party"},
    "matches.vacancies": {**_STAFF, "origin_unit": "party", "recruiter": "shared", "worker": "own"},
    "plans.read": {**_STAFF, "origin_unit": "all", "analyst": "all", "auditor": "all"},
    "plans.report": {**_STAFF, "origin_unit": "all", "auditor": "all"},
    "plans.start": _STAFF,
    "plans.decide": _STAFF,
    "plans.explain": {**_STAFF, "origin_unit": "party", "worker": "own"},
    "placements.read": {
        **_STAFF,
        "origin_unit": "party",
        "employer": "party",
        "recruiter": "shared",
        "auditor": "all",
        "worker": "own",
    },
    "placements.move": {
        **_STAFF,
        "origin_unit": "party",
        "employer": "party",
        "recruiter": "shared",
        "worker": "own",
    },
    "scenarios.read": {**_STAFF, "analyst": "all", "auditor": "all"},
    "scenarios.write": {**_STAFF, "analyst": "all"},
    "indicators.read": {**_STAFF, "origin_unit": "party", "analyst": "all", "auditor": "all"},
    "imports.workers": {"ministry_admin": "shared", "origin_unit": "party"},
    "imports.vacancies": {**_STAFF, "employer": "party"},
    "exports.workers": {"ministry_admin": "shared", "origin_unit": "party"},
    "exports.vacancies": {**_STAFF, "analyst": "all", "auditor": "all", "employer": "party"},
    "jobs.read": {**_STAFF, "origin_unit": "party", "employer": "party", "analyst": "party", "auditor": "all"},
    "jobs.cancel": {**_STAFF, "origin_unit": "party", "employer": "party", "analyst": "party"},
    "webhooks.write": {**_STAFF, "origin_unit": "party", "employer": "party", "recruiter": "party"},
    "audit.read": {"ministry_admin": "all", "auditor": "all"},
    "accounts.read": {"ministry_admin": "all", "auditor": "all"},
    "accounts.write": {"ministry_admin": "all"},
    "keys.own": {role: "own" for role in ROLES if role != "worker"},
    "datasets.read": {**_STAFF, "origin_unit": "all", "analyst": "all", "auditor": "all"},
    "datasets.write": {"ministry_admin": "all"},
    "facts.read": {**_STAFF, "auditor": "all"},
    "metrics.read": {"ministry_admin": "all", "auditor": "all"},
}
"""Act -> role -> scope; a role that is not named may not. The one place where rights are written."""

DAILY_ROWS: dict[str, int] = {"employer": 500, "recruiter": 2_000, "auditor": 20_000}
"""Rows about workers that an account of the role may read by lists and matches in a day; others are not limited."""

SEES_IDENTITY = frozenset({"ministry_admin", "ministry_officer", "origin_unit", "worker"})
"""Roles that may open sealed fields of rows in their scope without the worker's consent to the reveal."""


SEES_ROWS = frozenset(role for role in ROLES if role in POLICY["workers.list"])
"""Roles that read the rows of a pool anyway; the others see statistics only, guarded against comparing two plans."""


class Account(msgspec.Struct, frozen=True):
    """Stored: who logs in, as what, for which party; `password` is an argon2id hash or empty (keys only)."""

    name: str
    role: Role
    party: str | None = None
    active: int = 1
    password: str = ""
    worker_id: str | None = None


class Actor(msgspec.Struct, frozen=True):
    """Whoever acts: an account seen through the credential it came with."""

    account_id: str
    name: str
    role: Role
    party: str | None
    worker_id: str | None = None
    credential: str = ""
    csrf: str | None = None


SYSTEM = Actor("system", "system", "ministry_admin", None)
"""The workspace itself, acting by its own clock (retention, jobs)."""

Password = Annotated[str, msgspec.Meta(min_length=12, max_length=128)]

_HASHER = argon2.PasswordHasher()

FAILURES_AN_HOUR = 100
"""Failed logins of one name in an hour, beyond the limit a minute: guessing slowly is guessing too."""


def check_password(password: str, name: str) -> None:
    """Refuse a password that is guessed first: one with the account's name in it, or of few different characters."""
    plain = password.casefold()
    if name.casefold() in plain or any(len(part) > 3 and part in plain for part in re.split(r"\W+", name.casefold())):
        raise BadInput("$.password", "the account's name is in it", "words that are not the name's")
    if len(set(plain)) < 6 or any(plain.startswith(word) for word in ("password", "skillbridge", "123456", "qwerty")):
        raise BadInput(
            "$.password", "easy to guess", "at least 12 characters, 6 of them different, no common beginning"
        )


@cache
def _nobody() -> str:
    return _HASHER.hash("the password of an account that does not exist")


def check(actor: Actor, act: str) -> str:
    """The scope in which `actor` may do `act`; raises `Refused` forbidden."""
    scope = POLICY[act].get(actor.role)
    if scope is None:
        raise Refused("forbidden", f"{actor.role} may not do {act}")
    return "all" if scope == "shared" and actor.party is None else scope


def parties(store: Store, actor: Actor, scope: str) -> frozenset[str] | None:
    """The parties whose rows the scope covers; None: every party's."""
    if scope == "all":
        return None
    own = frozenset({actor.party} if actor.party else ())
    if scope != "shared":
        return own
    shared: set[str] = set()
    for record in store.records.page("sharing"):
        lists = msgspec.json.decode(record.body)["parties"]
        if any(entry["party"] == actor.party and "profile" in entry["sees"] for entry in lists):
            shared.update(entry["party"] for entry in lists)
    return own | shared


def reaches(store: Store, actor: Actor, scope: str, kind: str, record: Record) -> bool:
    """Whether the scope covers this row."""
    if scope == "own":
        return record.id == actor.worker_id if kind == "worker" else _about(record) == actor.worker_id
    if scope == "placed":
        return _placed(store, actor, kind, record)
    covered = parties(store, actor, scope)
    return covered is None or record.party in covered


def _about(record: Record) -> str | None:
    found = msgspec.json.decode(record.body)
    return found.get("worker_id") if isinstance(found, dict) else None


def _placed(store: Store, actor: Actor, kind: str, record: Record) -> bool:
    column = {"worker": "worker_id", "vacancy": "vacancy_id", "employer": "employer_id"}[kind]
    where: dict[str, object] = {column: record.id, "state": SHOWN_TO_EMPLOYER}
    where |= {"worker_id": actor.worker_id} if actor.role == "worker" else {"employer_id": actor.party}
    return store.records.count("placement", where) > 0


def reach(store: Store, actor: Actor, act: str, kind: str, record_id: str) -> Record:
    """The row, if the act may reach it. One out of scope is `not_found`, as one that does not exist: no enumeration."""
    scope = check(actor, act)
    record = store.records.get(kind, record_id)
    if record is None or not reaches(store, actor, scope, kind, record):
        raise Refused("not_found", f"there is no {kind} {record_id}")
    return record


def new_secret(prefix: str) -> str:
    """A random secret of 256 bits, recognisable by its prefix."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _HASHER.hash(password)


def issue(
    store: Store,
    account_id: str,
    kind: Literal["key", "session", "link"],
    now: float,
    *,
    seconds: float | None,
    label: str = "",
) -> tuple[Credential, str]:
    """(the credential, its secret): the secret is shown once, here, and only its SHA-256 is stored."""
    secret = new_secret({"key": "sbk", "session": "sbs", "link": "sbl"}[kind])
    csrf = secrets.token_urlsafe(24) if kind == "session" else None
    credential = Credential(
        f"{kind}-{secrets.token_hex(8)}",
        account_id,
        kind,
        label,
        csrf,
        now,
        None if seconds is None else now + seconds,
        0,
    )
    store.ledger.keep_credential(credential, digest_of(secret))
    return credential, secret


def authenticate(store: Store, secret: str, now: float) -> Actor:
    """The actor whom a key or session stands for; raises `Refused` unauthenticated, without saying what was wrong."""
    if len(secret) <= 128:
        credential = store.ledger.credential(digest_of(secret))
        if credential and credential.kind != "link" and _alive(credential, now):
            return _actor(store, credential)
    raise Refused("unauthenticated", "this key or session is not valid")


PROLONGED = 60.0
"""Seconds by which a session must be prolonged to be worth a write: its use is noted once a minute, not each time."""


def end_of(session: Credential, now: float, *, idle: float, life: float) -> float | None:
    """When a session that is used now ends: `idle` seconds from now, `life` seconds from its beginning at most.

    None where it is not to be changed: a key, or a session whose use was noted within the last minute.
    """
    if session.kind != "session" or session.expires is None:
        return None
    later = min(session.created + life, now + idle)
    return later if later >= session.expires + min(PROLONGED, idle / 2) else None


def log_in(store: Store, name: str, password: str, now: float, *, seconds: float, tries: int) -> tuple[Actor, str]:
    """(actor, session secret); raises `Refused` unauthenticated or too_many_tries. Unknown names take as long."""
    minute = int(now // 60)
    _guard_tries(store, name, minute, tries)
    nobody = _nobody()
    found = store.records.page("account", {"name": name}, limit=1)
    account = msgspec.json.decode(found[0].body, type=Account) if found else None
    stored = account.password if account and account.active and account.password else nobody
    try:
        _HASHER.verify(stored, password)
        fits = stored is not nobody
    except argon2.exceptions.VerificationError:
        fits = False
    if not fits:
        store.ledger.failed(name, minute)
        raise Refused("unauthenticated", "name and password do not belong together")
    _guard_tries(store, name, minute, tries)  # many guesses at once: what the failed ones used up, the right one lacks
    credential, secret = issue(store, found[0].id, "session", now, seconds=seconds)
    return _actor(store, credential), secret


def _guard_tries(store: Store, name: str, minute: int, tries: int) -> None:
    if store.ledger.failures(name, minute) >= tries or store.ledger.failures(name, minute, 60) >= FAILURES_AN_HOUR:
        raise Refused("too_many_tries", "too many failed logins: wait")


def redeem(store: Store, link: str, now: float, *, seconds: float) -> tuple[Actor, str]:
    """(worker, session secret) for a one-time link, which is used up by this."""
    credential = store.ledger.credential(digest_of(link)) if len(link) <= 128 else None
    if credential is None or credential.kind != "link" or not _alive(credential, now):
        raise Refused("unauthenticated", "this link is not valid, or was used already")
    store.ledger.revoke(credential_id=credential.id)
    session, secret = issue(store, credential.account_id, "session", now, seconds=seconds)
    return _actor(store, session), secret


def _alive(credential: Credential, now: float) -> bool:
    return not credential.revoked and (credential.expires is None or now < credential.expires)


def _actor(store: Store, credential: Credential) -> Actor:
    record = store.records.get("account", credential.account_id)
    account = msgspec.json.decode(record.body, type=Account) if record else None
    if record is None or account is None or not account.active:
        raise Refused("unauthenticated", "this key or session is not valid")
    return Actor(
        record.id, account.name, account.role, account.party, account.worker_id, credential.id, credential.csrf
    )
