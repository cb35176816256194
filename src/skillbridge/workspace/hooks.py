"""Acts on webhooks, and the outbox: events are stored with the change that caused them and sent by a worker process."""

import base64
import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

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
    _check_url(body.url, private=ws.settings.webhook_private)
    with ws.acting():
        if ws.store.records.count("webhook", {"party": actor.party}) >= MOST:
            raise Refused("conflict", f"a party has at most {MOST} webhooks")
        webhook_id, secret = new_id("webhook"), secrets.token_bytes(32)
        key = ws.vault.new_key(webhook_id)
        stored = WebhookBody(body.url, list(body.events), key.hex(), ws.vault.seal(key, webhook_id, secret).hex())
        record = ws.store.records.create("webhook", webhook_id, write(stored), actor.party, ws.now())
        ws.note(actor, "webhooks.write", webhook_id, after=record)
    return view_webhook(record, "whsec_" + base64.b64encode(secret).decode())


def _check_url(url: str, *, private: bool) -> None:
    """Refuse at once what could never be delivered to; names are resolved, and checked again, at each delivery."""
    try:
        parts = urlsplit(url)
        host, fine = parts.hostname or "", parts.port != 0
        host.encode("idna")
    except ValueError:
        raise BadInput("$.url", "not an address", "https://host/path") from None
    plain = url.isascii() and url.isprintable() and " " not in url and parts.username is None and not parts.fragment
    if not (fine and host and plain):
        raise BadInput("$.url", "not a plain address", "https://host/path, without a name, a password or a fragment")
    if private:
        return
    if parts.scheme != "https":
        raise BadInput("$.url", "not https", "a public https address")
    try:
        public = is_public(host)
    except ValueError:  # a name
        last = host.rstrip(".").rpartition(".")[2]
        public = "." in host.rstrip(".") and not last.isdigit() and last not in {"local", "internal", "localhost"}
    if not public:
        raise BadInput("$.url", "not a public host", "a public https address")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also behind the forms that carry an IPv4 address within."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner: ipaddress.IPv4Address | ipaddress.IPv6Address = found
    if isinstance(found, ipaddress.IPv6Address):
        carried = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if carried is None and any(found in network for network in _CARRIERS):
            carried = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        inner = carried or found
    site_local = isinstance(inner, ipaddress.IPv6Address) and inner.is_site_local
    return inner.is_global and not inner.is_multicast and not site_local


_CARRIERS = (
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("::/96"),
)
"""IPv6 networks whose last 32 bits are an IPv4 address that a translator goes on to."""


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
