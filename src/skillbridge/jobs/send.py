"""Sending signed events to webhooks: public addresses only, no redirects, retries that wait longer each time."""

import http.client
import socket
import ssl
from urllib.parse import urlsplit

from msgspec.structs import replace

from skillbridge.errors import Refused
from skillbridge.store import Record
from skillbridge.workspace import Workspace, read, write
from skillbridge.workspace.hooks import TRIES, is_public, sign
from skillbridge.workspace.views import DeliveryBody, WebhookBody

TIMEOUT = 10.0
"""Seconds for a delivery."""

LEASE = 60.0
"""Seconds for which a delivery belongs to the worker process that took it."""


def deliver_due(ws: Workspace, limit: int = 20) -> int:
    """How many waiting deliveries were tried."""
    tried = 0
    for record in ws.store.records.page("delivery", {"status": "waiting"}):
        body = read(record, DeliveryBody)
        if body.next_at > ws.seconds():
            continue
        if (taken := _take(ws, record, body)) is not None:
            _try(ws, taken)
            tried += 1
        if tried >= limit:
            break
    return tried


def _take(ws: Workspace, record: Record, body: DeliveryBody) -> Record | None:
    """The delivery, leased to this process; None if another was first."""
    leased = replace(body, next_at=ws.seconds() + LEASE)
    try:
        return ws.store.records.replace("delivery", record.id, write(leased), ws.now(), record.version)
    except Refused:
        return None


def _try(ws: Workspace, record: Record) -> None:
    body = read(record, DeliveryBody)
    hook_record = ws.store.records.get("webhook", body.webhook_id)
    if hook_record is None:
        ws.store.records.remove("delivery", record.id)
        return
    hook = read(hook_record, WebhookBody)
    moment = int(ws.seconds())
    headers = {
        "content-type": "application/json",
        "user-agent": "skillbridge",
        "webhook-id": record.id,
        "webhook-timestamp": str(moment),
        "webhook-signature": sign(ws, body.webhook_id, hook, record.id, moment, body.payload),
    }
    try:
        status = post(hook.url, body.payload.encode(), headers, private=ws.settings.webhook_private)
        fine, last = 200 <= status < 300, str(status)
    except (OSError, ValueError, http.client.HTTPException, Refused) as error:
        fine, last = False, error.what if isinstance(error, Refused) else type(error).__name__
    attempts = body.attempts + 1
    state = "delivered" if fine else "failed" if attempts >= TRIES else "waiting"
    waiting = 10.0 * 2 ** (attempts - 1)
    done = replace(body, status=state, attempts=attempts, last=last, next_at=ws.seconds() + waiting)
    ws.store.records.replace("delivery", record.id, write(done), ws.now())


def post(url: str, payload: bytes, headers: dict[str, str], *, private: bool = False) -> int:
    """The HTTP status of a POST to `url`. The address is resolved once, checked, and connected to as checked.

    Raises `Refused` unsafe_address for anything that is not a public address (unless `private`), `OSError`, and
    `ValueError` for what is no address at all.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    if not secure and not private:
        raise Refused("unsafe_address", "not https")
    port = parts.port or (443 if secure else 80)
    address = public_address(host, port, private=private)
    plain = socket.create_connection((address, port), timeout=TIMEOUT)
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, payload, headers)
        return connection.getresponse().status
    finally:
        connection.close()
        plain.close()


def public_address(host: str, port: int, *, private: bool = False) -> str:
    """The address to connect to, if every address of the host is public; so no name can lead inside."""
    found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if not private:
        for address in found:
            if not is_public(address):
                raise Refused("unsafe_address", "not a public address")
    return sorted(found)[0]
