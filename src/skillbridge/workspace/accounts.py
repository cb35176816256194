"""Acts on accounts, sessions and keys."""

from functools import lru_cache

import msgspec
from msgspec.structs import replace

from skillbridge import access
from skillbridge.access import POLICY, Account, Actor, check
from skillbridge.errors import BadInput, Refused
from skillbridge.store import Credential, Record
from skillbridge.workspace import PageQuery, Workspace, after, following, new_id, read, write
from skillbridge.workspace.views import (
    AccountChange,
    Accounts,
    AccountView,
    IssuedKey,
    Keys,
    KeyView,
    Login,
    Me,
    NewAccount,
    NewKey,
    Redeem,
    Session,
)

NEEDS_PARTY = frozenset({"origin_unit", "employer", "recruiter"})


def me(ws: Workspace, actor: Actor) -> Me:
    """Who the actor is, and what they may do."""
    return Me(actor.account_id, actor.name, actor.role, actor.party, actor.worker_id, _acts(actor.role, actor.party))


@lru_cache(maxsize=1_000)
def _acts(role: access.Role, party: str | None) -> dict[str, str]:
    actor = Actor("", "", role, party)
    return {act: check(actor, act) for act, roles in POLICY.items() if role in roles}


def log_in(ws: Workspace, body: Login) -> Session:
    """A session for a name and its password; failures are counted and answered alike."""
    seconds = _unused(ws)
    actor, token = access.log_in(
        ws.store, body.name, body.password, ws.seconds(), seconds=seconds, tries=ws.settings.logins_per_minute
    )
    return _session(ws, actor, token, seconds)


def redeem_link(ws: Workspace, body: Redeem) -> Session:
    """A session for a worker's one-time link."""
    seconds = _unused(ws)
    with ws.acting():
        actor, token = access.redeem(ws.store, body.link, ws.seconds(), seconds=seconds)
        ws.note(actor, "workers.link.redeem", actor.worker_id or "")
    return _session(ws, actor, token, seconds)


def _unused(ws: Workspace) -> float:
    """Seconds after which a new session ends if it is not used."""
    return 60.0 * min(ws.settings.session_minutes, ws.settings.session_idle_minutes)


def _session(ws: Workspace, actor: Actor, token: str, seconds: float) -> Session:
    return Session(token, actor.csrf or "", ws.seconds() + seconds, me(ws, actor))


def log_out(ws: Workspace, actor: Actor) -> None:
    """End the session this actor came with; a key is not signed out by accident."""
    if actor.credential in {key.id for key in ws.store.ledger.credentials(actor.account_id, "key")}:
        raise Refused("conflict", f"{actor.credential} is a key, not a session: DELETE /v1/keys/{actor.credential}")
    ws.store.ledger.revoke(credential_id=actor.credential)


def list_accounts(ws: Workspace, actor: Actor, query: PageQuery) -> Accounts:
    """Every account, workers' included, without secrets."""
    check(actor, "accounts.read")
    records = ws.store.records.page("account", after=after(query), limit=query.limit + 1)
    cursor = following(records, query.limit)
    return Accounts([view_account(record) for record in records], next=cursor)


def read_account(ws: Workspace, actor: Actor, account_id: str) -> AccountView:
    """One account."""
    check(actor, "accounts.read")
    return view_account(ws.store.records.need("account", account_id))


def create_account(ws: Workspace, actor: Actor, body: NewAccount) -> AccountView:
    """Open an account. Workers get theirs with their one-time link."""
    check(actor, "accounts.write")
    if body.role == "worker":
        raise BadInput("$.role", "'worker'", "a one-time link: POST /v1/workers/{worker_id}/links")
    if body.role in NEEDS_PARTY and body.party is None:
        raise BadInput("$.party", "missing", f"the party of the {body.role}")
    if body.password:
        access.check_password(body.password, body.name)
    with ws.acting():
        if ws.store.records.count("account", {"name": body.name}):
            raise Refused("conflict", f"the name {body.name} is taken")
        password = access.hash_password(body.password) if body.password else ""
        account = Account(body.name, body.role, body.party, password=password)
        record = ws.store.records.create("account", new_id("account"), write(account), body.party, ws.now())
        ws.note(actor, "accounts.write", record.id, after=record)
    return view_account(record)


def update_account(
    ws: Workspace, actor: Actor, account_id: str, body: AccountChange, *, version: int | None
) -> AccountView:
    """Change an account; closing it or a new password or role ends its sessions and keys at once."""
    check(actor, "accounts.write")
    with ws.acting():
        before = ws.store.records.need("account", account_id)
        account = read(before, Account)
        if body.role is not None and ((body.role == "worker") != (account.role == "worker")):
            raise BadInput("$.role", f"{body.role!r}", "workers' accounts stay workers', others do not become them")
        if (body.role or account.role) in NEEDS_PARTY and account.party is None:
            raise BadInput("$.role", f"{body.role!r}", "a role that needs no party")
        if account_id == actor.account_id and (body.active is False or body.role not in (None, account.role)):
            raise Refused("conflict", "another administrator closes your account or changes its role")
        if body.password:
            access.check_password(body.password, account.name)
        changed = replace(
            account,
            active=account.active if body.active is None else int(body.active),
            role=body.role or account.role,
            password=access.hash_password(body.password) if body.password else account.password,
        )
        record = ws.store.records.replace("account", account_id, write(changed), ws.now(), version)
        if body.active is False or body.password or body.role:
            ws.store.ledger.revoke(account_id=account_id)
        ws.note(actor, "accounts.write", account_id, before=before, after=record)
    return view_account(record)


def view_account(record: Record) -> AccountView:
    """An account without its secrets."""
    account = read(record, Account)
    return AccountView(record.id, account.name, account.role, account.party, bool(account.active), record.version)


def list_keys(ws: Workspace, actor: Actor) -> Keys:
    """One's own keys."""
    check(actor, "keys.own")
    return Keys([view_key(ws, key) for key in ws.store.ledger.credentials(actor.account_id, "key")])


def create_key(ws: Workspace, actor: Actor, body: NewKey) -> IssuedKey:
    """A key for one's own account."""
    check(actor, "keys.own")
    return issue_key(ws, actor, actor.account_id, body)


def issue_key(ws: Workspace, actor: Actor, account_id: str, body: NewKey) -> IssuedKey:
    """A key for an account; the command line uses it for others' accounts."""
    with ws.acting():
        active = [key for key in ws.store.ledger.credentials(account_id, "key") if not key.revoked]
        if len(active) >= 50:
            raise Refused("conflict", "an account has at most 50 keys: revoke one")
        key, secret = access.issue(
            ws.store, account_id, "key", ws.seconds(), seconds=body.days * 86_400.0, label=body.label
        )
        ws.note(actor, "keys.own", key.id)
    return IssuedKey(view_key(ws, key), secret)


def revoke_key(ws: Workspace, actor: Actor, key_id: str) -> None:
    """End one of one's own keys at once."""
    check(actor, "keys.own")
    with ws.acting():
        if key_id not in {key.id for key in ws.store.ledger.credentials(actor.account_id, "key")}:
            raise Refused("not_found", f"there is no key {key_id}")
        ws.store.ledger.revoke(credential_id=key_id)
        ws.note(actor, "keys.own", key_id)


def view_key(ws: Workspace, key: Credential) -> KeyView:
    """A key without its secret."""
    active = not key.revoked and (key.expires is None or ws.seconds() < key.expires)
    return KeyView(key.id, key.label, key.expires, active)


def first_admin(
    ws: Workspace, name: str, password: str | None, role: str = "ministry_admin", party: str | None = None
) -> AccountView:
    """An account made by whoever runs the machine (the command line), through the same act as any other."""
    body = msgspec.convert({"name": name, "role": role, "party": party, "password": password}, NewAccount)
    return create_account(ws, access.SYSTEM, body)
