"""Acts on webhooks, and the outbox: events are stored with the change that caused them and sent by a worker process."""

import base64
import hmac
import secrets
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from skillbridge.access import Actor, check
from skillbridge.errors import BadInput, Refused
from skillbridge.store import Record
from skillbridge.workspace import PageQuery, Workspace, after, following, new_id, read, write
from skillbridge.workspace.views import (
    Deliveries,
    DeliveryBody,
    DeliveryView,
    NewWebhook,
    WebhookBody,
    Webhooks,
    WebhookView,
)

TRIES = 8
"""Tries of a delivery, each wait twice as long as the one before, from 10 seconds."""

MOST = 20
"""Webhooks of one party."""


def announce(ws: Workspace, party: str | None, event: str, data: Mapping[str, object]) -> None:
    """Queue an event for the webhooks of `party` and of the whole workspace, within the caller's transaction.

    Events carry pseudonyms and states only; who wants more asks the API with their own rights.
    """
    payload = msgspec.json.encode({"type": event, "timestamp": ws.now().isoformat(), "data": data}).decode()
    for record in ws.store.records.page("webhook", {"active": 1}):
        hook = read(record, WebhookBody)
        if event in hook.events and record.party in (party, None):
            body = DeliveryBody(record.id, event, payload, next_at=ws.seconds())
            ws.store.records.create("delivery", new_id("delivery"), write(body), record.party, ws.now())


def create_webhook(ws: Workspace, actor: Actor, body: NewWebhook) -> WebhookView:
    """Register where signed events go; the signing secret is shown only here."""
    check(actor, "webhooks.write")
    if not ws.settings.webhook_private and not body.url.startswith("https://"):
        raise BadInput("$.url", "not https", "a public https address")
    with ws.acting():
        if ws.store.records.count("webhook", {"party": actor.party}) >= MOST:
            raise Refused("conflict", f"a party has at most {MOST} webhooks")
        webhook_id, secret = new_id("webhook"), secrets.token_bytes(32)
        key = ws.vault.new_key(webhook_id)
        stored = WebhookBody(body.url, list(body.events), key.hex(), ws.vault.seal(key, webhook_id, secret).hex())
        record = ws.store.records.create("webhook", webhook_id, write(stored), actor.party, ws.now())
        ws.note(actor, "webhooks.write", webhook_id, after=record)
    return view_webhook(record, "whsec_" + base64.b64encode(secret).decode())


def list_webhooks(ws: Workspace, actor: Actor) -> Webhooks:
    """The party's webhooks."""
    check(actor, "webhooks.write")
    return Webhooks([view_webhook(record) for record in ws.store.records.page("webhook", {"party": actor.party})])


def delete_webhook(ws: Workspace, actor: Actor, webhook_id: str) -> None:
    """Stop sending."""
    with ws.acting():
        record = _mine(ws, actor, webhook_id)
        ws.store.records.remove("webhook", webhook_id)
        ws.note(actor, "webhooks.write", webhook_id, before=record)


def list_deliveries(ws: Workspace, actor: Actor, webhook_id: str, query: PageQuery) -> Deliveries:
    """A webhook's deliveries, newest first."""
    _mine(ws, actor, webhook_id)
    where = {"webhook_id": webhook_id}
    records = ws.store.records.page("delivery", where, after=after(query), limit=query.limit + 1, newest=True)
    cursor = following(records, query.limit)
    return Deliveries([view_delivery(record) for record in records], next=cursor)


def replay(ws: Workspace, actor: Actor, webhook_id: str, delivery_id: str) -> DeliveryView:
    """Send a delivery again, with the same id and body."""
    with ws.acting():
        _mine(ws, actor, webhook_id)
        record = ws.store.records.need("delivery", delivery_id)
        body = read(record, DeliveryBody)
        if body.webhook_id != webhook_id:
            raise Refused("not_found", f"there is no delivery {delivery_id}")
        again = replace(body, status="waiting", attempts=0, next_at=ws.seconds())
        record = ws.store.records.replace("delivery", delivery_id, write(again), ws.now())
        ws.note(actor, "webhooks.write", webhook_id)
    return view_delivery(record)


def sign(ws: Workspace, hook_id: str, hook: WebhookBody, delivery_id: str, moment: int, payload: str) -> str:
    """The signature of a delivery (Standard Webhooks: HMAC-SHA256 over id, time and body)."""
    secret = ws.vault.open(bytes.fromhex(hook.key), hook_id, bytes.fromhex(hook.secret))
    signed = hmac.digest(secret, f"{delivery_id}.{moment}.{payload}".encode(), "sha256")
    return "v1," + base64.b64encode(signed).decode()


def view_webhook(record: Record, secret: str | None = None) -> WebhookView:
    """A webhook, its secret only when just made."""
    body = read(record, WebhookBody)
    return WebhookView(record.id, body.url, body.events, bool(body.active), secret)


def view_delivery(record: Record) -> DeliveryView:
    """How a delivery stands."""
    body = read(record, DeliveryBody)
    return DeliveryView(record.id, body.event, body.status, body.attempts, body.last)


def _mine(ws: Workspace, actor: Actor, webhook_id: str) -> Record:
    check(actor, "webhooks.write")
    record = ws.store.records.get("webhook", webhook_id)
    if record is None or record.party != actor.party:
        raise Refused("not_found", f"there is no webhook {webhook_id}")
    return record
