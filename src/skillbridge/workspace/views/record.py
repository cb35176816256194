"""Jobs, webhooks, the audit chain, datasets. See the package for how they hang together."""

from typing import Annotated, Any, Literal

import msgspec

from skillbridge.workspace.views.base import Id, Line, Moment, Page, View, doc
from skillbridge.workspace.views.people import AppealView, ConsentView, IdentityView, WorkerView
from skillbridge.workspace.views.plans import EventView, PlacementView


class JobView(View, frozen=True):
    """A piece of background work."""

    job_id: Annotated[str, doc("The job.", "job-1")]
    kind: Annotated[str, doc("What it does.", "plan")]
    state: Annotated[Literal["queued", "running", "done", "failed", "cancelled"], doc("How it stands.", "running")]
    priority: Annotated[int, doc("Higher runs earlier.", 0)]
    progress: Annotated[dict[str, Any], doc("Stage, share done, best so far.", {"stage": "solve", "share": 0.4})]
    result: Annotated[dict[str, Any] | None, doc("What came out.", {"rows": 1000})]
    error: Annotated[str | None, doc("What went wrong, for people.", "line 3: wage: -1; expected 0 or more")]
    attempt: Annotated[int, doc("How many workers took it up.", 1)]
    created: Moment
    started: Annotated[str | None, doc("When it was taken up last.", "2026-03-01T09:00:01+00:00")]
    finished: Annotated[str | None, doc("When it ended.", "2026-03-01T09:00:09+00:00")]


class Jobs(Page, frozen=True):
    """Jobs, newest first."""

    items: Annotated[list[JobView], doc("The jobs of this page.")]


WebhookEvent = Literal[
    "placement.moved", "plan.ready", "plan.decided", "partnership.published", "appeal.decided", "job.finished"
]


class NewWebhook(View, frozen=True):
    """Where to send signed events."""

    url: Annotated[
        str,
        doc("Public https address.", "https://example.org/hooks", min_length=8, max_length=500, pattern="^https?://"),
    ]
    events: Annotated[list[WebhookEvent], doc("Which events.", ["placement.moved"], min_length=1, max_length=10)]


class WebhookBody(msgspec.Struct, frozen=True):
    """Stored: a webhook with its sealed signing secret."""

    url: str
    events: list[str]
    key: str
    secret: str
    active: int = 1


class WebhookView(View, frozen=True):
    """A webhook."""

    webhook_id: Annotated[str, doc("The webhook.", "webhook-1")]
    url: Annotated[str, doc("Where events go.", "https://example.org/hooks")]
    events: Annotated[list[str], doc("Which events.", ["placement.moved"])]
    active: Annotated[bool, doc("False after too many failures.", True)]
    secret: Annotated[str | None, doc("Signing secret; shown only when made.", "whsec_...")] = None


class Webhooks(View, frozen=True):
    """A party's webhooks."""

    items: Annotated[list[WebhookView], doc("The webhooks.")]


class DeliveryBody(msgspec.Struct, frozen=True):
    """Stored: one event on its way to one webhook."""

    webhook_id: str
    event: str
    payload: str
    status: Literal["waiting", "delivered", "failed"] = "waiting"
    attempts: int = 0
    next_at: float = 0
    last: str = ""


class DeliveryView(View, frozen=True):
    """One event on its way."""

    delivery_id: Annotated[str, doc("The delivery.", "delivery-1")]
    event: Annotated[str, doc("The event.", "placement.moved")]
    status: Annotated[Literal["waiting", "delivered", "failed"], doc("How it stands.", "delivered")]
    attempts: Annotated[int, doc("Tries so far.", 1)]
    last: Annotated[str, doc("How the last try ended.", "200")]


class Deliveries(Page, frozen=True):
    """A webhook's deliveries, newest first."""

    items: Annotated[list[DeliveryView], doc("The deliveries of this page.")]


class AuditLine(View, frozen=True):
    """One line of the record."""

    seq: Annotated[int, doc("Line number, without gaps.", 12)]
    at: Moment
    account_id: Annotated[str, doc("Who.", "account-0f3a")]
    role: Annotated[str, doc("As what.", "ministry_officer")]
    act: Annotated[str, doc("What.", "plans.decide")]
    subject: Annotated[str, doc("To which record.", "plan-1")]
    why: Annotated[str | None, doc("The reason given; null where none or erased.", "sample looked at")]
    before: Annotated[str, doc("SHA-256 of the record before; empty if none.", "9f86d081")]
    after: Annotated[str, doc("SHA-256 of the record after; empty if none.", "9f86d081")]
    hash: Annotated[str, doc("SHA-256 over this line and the hash before it.", "9f86d081")]


class AuditLines(Page, frozen=True):
    """Lines of the record, newest first."""

    items: Annotated[list[AuditLine], doc("The lines of this page.")]


class Verified(View, frozen=True):
    """The chain was recomputed and holds."""

    seq: Annotated[int, doc("Newest line.", 12)]
    hash: Annotated[str, doc("Its hash: note it elsewhere to notice a cut end.", "9f86d081")]


class Dataset(View, frozen=True):
    """Why personal records are held: purpose, legal basis, how long."""

    dataset_id: Annotated[Id, doc("The dataset.", "default")]
    purpose: Annotated[Line, doc("Specified purpose.", "placement in seasonal work")]
    legal_basis: Annotated[Line, doc("Article that allows it.", "GDPR 6(1)(e), public task")]
    controller: Annotated[Line, doc("Who answers for it.", "Ministry of Labour")]
    retention_days: Annotated[
        int, doc("Days after the last change until records are erased by themselves.", 2190, ge=1, le=36_500)
    ]
    synthetic: Annotated[bool, doc("Whether its people are invented; plans say so.", False)] = False


class Datasets(View, frozen=True):
    """The datasets of the workspace."""

    items: Annotated[list[Dataset], doc("The datasets.")]


class Holding(View, frozen=True):
    """Everything held on one person."""

    worker: Annotated[WorkerView, doc("Profile and status.")]
    identity: Annotated[IdentityView | None, doc("The personal fields.")]
    dataset: Annotated[
        dict[str, Any] | None, doc("Purpose, legal basis and retention that cover it.", {"purpose": "seasonal work"})
    ]
    consents: Annotated[list[ConsentView], doc("Consents given and taken back.")]
    placements: Annotated[list[PlacementView], doc("Placements with their state.")]
    events: Annotated[list[EventView], doc("Journey events.")]
    appeals: Annotated[list[AppealView], doc("Appeals.")]
    record: Annotated[list[AuditLine], doc("Who did what to this record.")]


class Health(View, frozen=True):
    """A server that answers."""

    status: Annotated[Literal["ok"], doc("Always ok; a server that is not answers 503.", "ok")]
    version: Annotated[str, doc("Version of the software.", "0.1.0")]
    queued: Annotated[int, doc("Jobs that wait.", 0)]
    running: Annotated[int, doc("Jobs that run.", 1)]


class FactSection(View, frozen=True):
    """One part of a fact sheet."""

    heading: Annotated[str, doc("What it is about.", "Retention")]
    lines: Annotated[list[str], doc("The facts.", ["default: erased 2190 days after the last change, by itself"])]


class FactSheet(View, frozen=True):
    """Facts read from the running configuration, for those who assess it."""

    title: Annotated[str, doc("What sheet it is.", "Data protection impact assessment: facts")]
    made: Moment
    sections: Annotated[list[FactSection], doc("The parts.")]
