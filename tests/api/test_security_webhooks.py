"""Webhooks reach the public internet and nothing else: whatever the address looks like, whatever the name answers."""

import http.server
import socket
import threading
from typing import Any

import pytest

from skillbridge.errors import BadInput, Refused
from skillbridge.jobs.send import deliver_due, post
from skillbridge.settings import Settings
from skillbridge.workspace import PageQuery, hooks
from skillbridge.workspace.hooks import is_public
from skillbridge.workspace.views import NewWebhook
from tests.workspace.world import World, build

INSIDE = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "::127.0.0.1", "64:ff9b:1::a00:1", "fec0::1",
)  # fmt: skip
OUTSIDE = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e", "::ffff:93.184.215.14")


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_within_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_of_the_public_internet_are(address: str) -> None:
    assert is_public(address)


@pytest.fixture
def strict(tmp_path: Any) -> World:
    return build(tmp_path / "ws", Settings(debug=True))


@pytest.mark.parametrize("url", [
    "http://example.org/in", "https://127.0.0.1/in", "https://[::1]/in", "https://169.254.169.254/latest/meta-data",
    "https://2130706433/in", "https://localhost/in", "https://db.internal/in", "https://printer.local/in", "https://intranet/in",
    "https://user:hunter2@example.org/in", "https://example.org:0/in", "https://example.org:99999/in", "https://example.org/in#x",
    "https:///in", "https://exa mple.org/in", "https://example.org/a\nb", "https://0x7f000001/in", "https://127.1/in",
    "https://exämple.org/in", "https://[fe80::1%25eth0]/in", "https://.org/in",
])  # fmt: skip
def test_an_address_that_can_never_be_public_is_refused_when_registered(strict: World, url: str) -> None:
    with pytest.raises(BadInput) as refusal:
        hooks.create_webhook(strict.ws, strict.actors["employer"], NewWebhook(url, ["placement.moved"]))
    assert refusal.value.where == "$.url"
    assert "hunter2" not in str(refusal.value)


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[Any]:
    """Names resolve to each of `answers` in turn; gives the list of what was connected to."""
    left, connected = list(answers), []

    def resolve(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        del host
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    def connect(address: tuple[str, int], **_: object) -> Any:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    return connected


def test_a_name_with_one_address_within_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = names(monkeypatch, ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(Refused, match="not a public address"):
        post("https://example.org/in", b"{}", {})
    assert connected == []


def test_a_name_that_answers_otherwise_the_second_time_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = names(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    with pytest.raises(ConnectionRefusedError):
        post("https://example.org/in", b"{}", {})
    assert connected == [("93.184.215.14", 443)], "connected to the address that was checked, not to the name"


@pytest.mark.parametrize(
    "url", ["https://example.org:99999/", "https://" + "a" * 300 + ".org/", "https://[bad/", "https://a..b/"]
)
def test_an_address_that_is_none_fails_its_delivery_and_not_the_worker_process(
    strict: World, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    ws, employer = strict.ws, strict.actors["employer"]
    hook = hooks.create_webhook(ws, employer, NewWebhook("https://example.org/in", ["placement.moved"]))
    record = ws.store.records.need("webhook", hook.webhook_id)
    ws.store.records.replace(
        "webhook", record.id, record.body.replace("https://example.org/in", url).encode(), ws.now()
    )
    with ws.acting():
        hooks.announce(ws, "employer-1", "placement.moved", {})
    assert deliver_due(ws) == 1
    (delivery,) = hooks.list_deliveries(ws, employer, hook.webhook_id, PageQuery()).items
    assert delivery.status == "waiting"
    assert delivery.attempts == 1


def test_a_redirect_is_an_answer_and_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Redirecting(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("location", "/inside")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        status = post(f"http://127.0.0.1:{server.server_port}/in", b"{}", {}, private=True)
        server.shutdown()
    assert status == 302
    assert asked == ["/in"]
