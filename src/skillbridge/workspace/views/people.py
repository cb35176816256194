"""Workers, their identity, consents and appeals. See the package for how they hang together."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from skillbridge.model import Country, Worker
from skillbridge.workspace.views.base import Id, Line, Moment, Page, PartyName, Reason, Text, Version, View, doc

WorkerStatus = Literal["ready", "paused", "withdrawn", "erased"]


class WorkerBody(msgspec.Struct, frozen=True):
    """Stored: the profile, until it is erased down to `statistics`."""

    profile: Worker | None
    status: WorkerStatus = "ready"
    dataset: str = "default"
    statistics: dict[str, Any] | None = None


class NewWorker(View, frozen=True):
    """A person to enter into a pool."""

    profile: Annotated[Worker, doc("The work-ready profile under a pseudonym.")]
    party: Annotated[PartyName | None, doc("The sending unit; one's own if left out.", "unit-ws")] = None
    dataset: Annotated[Id, doc("The dataset whose purpose and legal basis cover this record.", "default")] = "default"


class WorkerChange(View, frozen=True):
    """The whole new profile of a worker."""

    profile: Annotated[Worker, doc("The new profile; its worker_id must be the one in the path.")]
    status: Annotated[Literal["ready", "paused", "withdrawn"], doc("Whether plans may place the worker.", "ready")] = (
        "ready"
    )


class WorkerView(View, frozen=True):
    """A worker as the caller may see them."""

    worker_id: Annotated[str, doc("The pseudonym.", "w-1042")]
    version: Version
    party: Annotated[str | None, doc("The sending unit.", "unit-ws")]
    status: Annotated[WorkerStatus, doc("Whether plans may place the worker.", "ready")]
    profile: Annotated[Worker | None, doc("The profile; fields listed in `hidden` are blank.")]
    hidden: Annotated[list[str], doc("Fields this role does not see.", ["birth_year", "sex"])]
    updated: Moment


class Workers(Page, frozen=True):
    """Workers in order of entry."""

    items: Annotated[list[WorkerView], doc("The workers of this page.")]


class Document(View, frozen=True):
    """An identity document; its number is hashed with a key on arrival and not stored."""

    kind: Annotated[Literal["passport", "national_id", "seafarer_book", "other"], doc("Kind of document.", "passport")]
    country: Annotated[Country, doc("Who issued it, ISO 3166-1 alpha-2.", "WS")]
    number: Annotated[str, doc("The number; never given back.", "AB123456", min_length=3, max_length=40)]


class Identity(View, frozen=True):
    """Who the person is: sealed under a key of their own."""

    name: Annotated[Line, doc("Full name.", "Mere Tuilagi")]
    birth_date: Annotated[date | None, doc("Date of birth.", "1994-05-17")] = None
    email: Annotated[str, doc("Electronic mail.", "mere@example.org", max_length=254)] | None = None
    phone: Annotated[str, doc("Telephone.", "+685 700 1234", max_length=40)] | None = None
    address: Annotated[str, doc("Postal address.", "Vaitele, Upolu", max_length=300)] | None = None


class IdentityChange(View, frozen=True):
    """Who the person is, with the document that shows it."""

    identity: Annotated[Identity, doc("The personal fields.")]
    document: Annotated[Document | None, doc("The document shown; the same document cannot belong to two workers.")] = (
        None
    )


class IdentityView(View, frozen=True):
    """A person's opened fields; this reading is on the record."""

    worker_id: Annotated[str, doc("The pseudonym.", "w-1042")]
    identity: Annotated[Identity, doc("The personal fields.")]
    document_kind: Annotated[str | None, doc("Kind of the document shown.", "passport")]
    document_country: Annotated[str | None, doc("Country of the document shown.", "WS")]


class NewConsent(View, frozen=True):
    """A worker's permission for one party to see their identity."""

    receiver: Annotated[PartyName, doc("The party that may see it.", "employer-17")]
    days: Annotated[int, doc("Days until the consent lapses.", 180, ge=1, le=730)] = 180
    evidence: Annotated[
        Text, doc("How it was given, if a unit records it for the worker.", "signed form of 1 March")
    ] = ""


class ConsentBody(View, frozen=True):
    """Stored and shown: a consent with its scope and end."""

    worker_id: Annotated[str, doc("Who consents.", "w-1042")]
    receiver: Annotated[str, doc("The party that may see the identity.", "employer-17")]
    scope: Annotated[Literal["identity"], doc("What is revealed.", "identity")]
    given: Moment
    expires: Annotated[float, doc("When it lapses, seconds since 1970.", 1772355600.0)]
    evidence: Annotated[str, doc("How it was given.", "signed form of 1 March")] = ""
    withdrawn: Annotated[int, doc("1 once taken back.", 0)] = 0


class ConsentView(View, frozen=True):
    """A consent with its id."""

    consent_id: Annotated[str, doc("The consent.", "consent-77ab")]
    consent: Annotated[ConsentBody, doc("What was agreed.")]
    holds: Annotated[bool, doc("Whether it holds now.", True)]


class Consents(View, frozen=True):
    """A worker's consents."""

    items: Annotated[list[ConsentView], doc("The consents, oldest first.")]


class NewAppeal(View, frozen=True):
    """A worker's objection to what was decided about them."""

    words: Annotated[
        str,
        doc(
            "What the worker says; sealed under the worker's key.",
            "my licence was renewed in May",
            min_length=3,
            max_length=4_000,
        ),
    ]
    placement_id: Annotated[Id | None, doc("The placement it is about, if one.", "p-1")] = None
    plan_id: Annotated[Id | None, doc("The plan it is about, if not placed.", "plan-1")] = None


class AppealBody(msgspec.Struct, frozen=True):
    """Stored: an appeal; the words are sealed beside it."""

    worker_id: str
    words: str
    status: Literal["open", "upheld", "dismissed"] = "open"
    placement_id: str | None = None
    plan_id: str | None = None
    decided_by: str | None = None
    answer: str = ""


class Decision(View, frozen=True):
    """An officer's answer."""

    uphold: Annotated[bool, doc("True re-opens the case.", True)]
    reason: Reason


class AppealView(View, frozen=True):
    """An appeal and how it stands."""

    appeal_id: Annotated[str, doc("The appeal.", "appeal-31")]
    worker_id: Annotated[str, doc("Who appeals.", "w-1042")]
    status: Annotated[Literal["open", "upheld", "dismissed"], doc("How it stands.", "open")]
    words: Annotated[
        str | None, doc("What the worker says; null where the caller may not read it.", "my licence was renewed")
    ]
    placement_id: Annotated[str | None, doc("The placement it is about.", "p-1")]
    plan_id: Annotated[str | None, doc("The plan it is about.", "plan-1")]
    answer: Annotated[str, doc("The officer's answer to the worker.", "renewal seen, case re-opened")]
    version: Version


class Appeals(Page, frozen=True):
    """Appeals, oldest first."""

    items: Annotated[list[AppealView], doc("The appeals of this page.")]


class Erased(View, frozen=True):
    """Proof of an erasure."""

    worker_id: Annotated[str, doc("The pseudonym, now without a person.", "w-1042")]
    shredded: Annotated[bool, doc("Whether a person's key was destroyed.", True)]
    kept: Annotated[dict[str, Any], doc("The statistics that stay.", {"origin": "WS", "sex": "f"})]
