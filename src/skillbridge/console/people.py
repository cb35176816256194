"""Pages on people: workers and their rights, appeals, accounts and keys, the record of acts."""

import msgspec

from skillbridge.console.forms import ROWS, query, struct, version
from skillbridge.console.site import HOME, Answer, Gone, Sent, Shown, Visit, attached
from skillbridge.errors import BadInput
from skillbridge.workspace import PageQuery, accounts, people, record, rights
from skillbridge.workspace import views as v


def workers(visit: Visit) -> Answer:
    """The pool, by pseudonym, with filters."""
    page = people.list_workers(visit.ws, visit.who, query(visit, people.WorkersQuery, limit=ROWS))
    return Shown("workers.html", {"page": page})


def appeals(visit: Visit) -> Answer:
    """Appeals, with the form to answer an open one; a worker's own, with the form to object."""
    page = rights.list_appeals(visit.ws, visit.who, query(visit, rights.AppealsQuery, limit=ROWS))
    return Shown("appeals.html", {"page": page})


def object_to(visit: Visit) -> Answer:
    """Object to a decision, as the worker concerned."""
    rights.appeal(visit.ws, visit.who, visit.who.worker_id or "", struct(visit, v.NewAppeal, ["words"]))
    return Gone(f"{HOME}/appeals")


def answer_appeal(visit: Visit) -> Answer:
    """Uphold or dismiss an appeal."""
    body = struct(visit, v.Decision, ["reason"], uphold=visit.given("uphold") == "yes")
    rights.decide_appeal(visit.ws, visit.who, visit.ids[0], body)
    return Gone(f"{HOME}/appeals")


def audit(visit: Visit) -> Answer:
    """The record, newest first; with `verify`, the whole chain is recomputed."""
    page = record.list_audit(visit.ws, visit.who, query(visit, record.AuditQuery, limit=ROWS))
    verified = None
    if "verify" in visit.query:
        verified = record.verify_audit(visit.ws, visit.who, query(visit, record.HeadQuery))
    return Shown("audit.html", {"page": page, "verified": verified})


def worker(visit: Visit) -> Answer:
    """One worker by pseudonym, with consents, and the acts that the visitor's role has on them."""
    found = people.read_worker(visit.ws, visit.who, visit.ids[0])
    consents = None
    if visit.may("consents.read"):
        consents = rights.list_consents(visit.ws, visit.who, found.worker_id).items
    return Shown("worker.html", {"one": found, "consents": consents, "identity": None, "made_link": None})


def identity(visit: Visit) -> Answer:
    """Who the worker is, shown once; the reading is on the record."""
    found = people.read_identity(visit.ws, visit.who, visit.ids[0])
    page = worker(visit)
    assert isinstance(page, Shown)
    return Shown("worker.html", {**page.values, "identity": found})


_PERSON = ("name", "birth_date", "email", "phone", "address")
_PAPER = ("kind", "country", "number")


def seal(visit: Visit) -> Answer:
    """Seal who the worker is, with the document shown, if one was."""
    person, paper = ({name: text for name in part if (text := visit.given(name))} for part in (_PERSON, _PAPER))
    body = struct(visit, v.IdentityChange, [], identity=person, document=paper or None)
    people.put_identity(visit.ws, visit.who, visit.ids[0], body)
    return Gone(f"{HOME}/workers/{visit.ids[0]}?sealed=1")


def everything(visit: Visit) -> Answer:
    """All that is held on a person, as a file."""
    held = rights.export_worker(visit.ws, visit.who, visit.ids[0])
    body = msgspec.json.format(msgspec.json.encode(held), indent=2)
    return Sent(body, attached(f"{held.worker.worker_id}.json"), "application/json")


def erase(visit: Visit) -> Answer:
    """Erase a person."""
    if visit.given("sure") != "yes":
        raise BadInput("$.sure", "not ticked", "the box ticked: nobody can undo it")
    people.erase_worker(visit.ws, visit.who, visit.ids[0])
    return Gone(HOME if visit.who.worker_id else f"{HOME}/workers")


def make_link(visit: Visit) -> Answer:
    """A one-time link for the worker, shown once."""
    found = rights.create_link(visit.ws, visit.who, visit.ids[0])
    page = worker(visit)
    assert isinstance(page, Shown)
    return Shown("worker.html", {**page.values, "made_link": found})


def consent(visit: Visit) -> Answer:
    """Let a party know who the worker is, for a time."""
    body = struct(visit, v.NewConsent, ["receiver", "days", "evidence"])
    rights.give_consent(visit.ws, visit.who, visit.ids[0], body)
    return Gone(f"{HOME}/workers/{visit.ids[0]}")


def withdraw(visit: Visit) -> Answer:
    """Take a consent back."""
    rights.withdraw_consent(visit.ws, visit.who, visit.ids[0], visit.ids[1])
    return Gone(f"{HOME}/workers/{visit.ids[0]}")


def account_list(visit: Visit) -> Answer:
    """Accounts, with the form to open one."""
    page = accounts.list_accounts(visit.ws, visit.who, query(visit, PageQuery, limit=ROWS))
    return Shown("accounts.html", {"page": page})


def open_account(visit: Visit) -> Answer:
    """Open an account."""
    password = next(iter(visit.form.get("password", ())), "") or None
    body = struct(visit, v.NewAccount, ["name", "role", "party"], password=password)
    made = accounts.create_account(visit.ws, visit.who, body)
    return Gone(f"{HOME}/accounts/{made.account_id}")


def account(visit: Visit) -> Answer:
    """One account."""
    return Shown("account.html", {"one": accounts.read_account(visit.ws, visit.who, visit.ids[0])})


def change_account(visit: Visit) -> Answer:
    """Close or open an account, give it another role or password, at the version that the page showed."""
    password = next(iter(visit.form.get("password", ())), "") or None
    active = {"yes": True, "no": False}.get(visit.given("active"))
    before = accounts.read_account(visit.ws, visit.who, visit.ids[0])
    role = visit.given("role")
    body = struct(
        visit,
        v.AccountChange,
        [],
        password=password,
        active=None if active is before.active else active,
        role=role if role and role != before.role else None,
    )
    accounts.update_account(visit.ws, visit.who, visit.ids[0], body, version=version(visit))
    return Gone(f"{HOME}/accounts/{visit.ids[0]}")


def keys(visit: Visit) -> Answer:
    """The visitor's own API keys, with the form to make one."""
    return Shown("keys.html", {"page": accounts.list_keys(visit.ws, visit.who), "made": None})


def make_key(visit: Visit) -> Answer:
    """Make a key; its secret is on this page and never again."""
    made = accounts.create_key(visit.ws, visit.who, struct(visit, v.NewKey, ["label", "days"]))
    return Shown("keys.html", {"page": accounts.list_keys(visit.ws, visit.who), "made": made})


def end_key(visit: Visit) -> Answer:
    """End a key at once."""
    accounts.revoke_key(visit.ws, visit.who, visit.ids[0])
    return Gone(f"{HOME}/keys")
