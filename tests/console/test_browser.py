"""The console in the system's Chromium: by keyboard alone, on a telephone, without a word to the outside."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillbridge import access
from skillbridge.workspace import accounts
from skillbridge.workspace.views import NewAccount
from tests.workspace.world import build

CHROMIUM = Path(shutil.which("chromium") or "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run",
]  # fmt: skip
PASSWORD = "correct horse battery"
WIDTH = 390
PAGES = (
    "", "/partnerships", "/partnerships/nz-test", "/vacancies", "/vacancies/new", "/workers", "/plans", "/plans/new",
    "/plans/plan-1", "/plans/plan-1/placements/plan-1.1", "/placements", "/appeals", "/audit", "/nothing",
    "/partnerships/nz-test/draft", "/vacancies/v-1", "/workers/w-1", "/jobs", "/scenarios", "/accounts", "/keys",
    "/vacancies/v-1/matches", "/workers/w-1/matches",
    "/partnerships/nz-test/sharing", "/datasets", "/datasets?dataset_id=default", "/facts", "/webhooks",
)  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="the system has no Chromium (Debian package chromium)"),
]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """`skillbridge serve` over the small world, with an administrator named sina."""
    world = build(tmp_path / "ws")
    accounts.create_account(world.ws, access.SYSTEM, NewAccount("sina", "ministry_admin", None, PASSWORD))
    world.ws.store.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "skillbridge", "serve", "--workspace", str(tmp_path / "ws"), "--jobs", "0"]
    server = subprocess.Popen([*command, "--port", str(port)], env=os.environ | {"PYTHONWARNINGS": "ignore"})
    found = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            time.sleep(0.2)
            try:
                urllib.request.urlopen(f"{found}/v1/health").close()
                break
            except OSError:
                assert server.poll() is None, "the server fell"
        yield found
    finally:
        server.terminate()
        server.wait(timeout=15)


def test_an_officer_signs_in_and_opens_a_plan_by_keyboard_on_a_telephone(address: str) -> None:
    from playwright.sync_api import sync_playwright

    said: list[str] = []
    asked: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, locale="en")
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))

        def focus(script: str) -> None:
            """Press the tabulator until what has the focus is what is meant, and see that the focus shows."""
            for _ in range(60):
                page.keyboard.press("Tab")
                if page.evaluate(f"(one => {script})(document.activeElement)"):
                    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                    return
            raise AssertionError(f"not reached by keyboard: {script}")

        page.goto(address)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        focus("one.name == 'name'")
        page.keyboard.type("sina")
        focus("one.name == 'password'")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/console")
        focus("one.getAttribute('href') == '/console/plans/plan-1'")
        page.keyboard.press("Enter")
        page.wait_for_url("**/plans/plan-1")
        assert page.locator("h1").inner_text() == "test"
        assert not said
        for language, narrow in (("en", WIDTH), ("ar", WIDTH), ("en", 320)):
            page.set_viewport_size({"width": narrow, "height": 800})
            for path in PAGES:
                page.goto(f"{address}/console{path}?lang={language}")
                width = page.evaluate("document.documentElement.scrollWidth")
                assert width <= narrow, (path, language, width)
        browser.close()
    assert [text for text in said if "404" not in text] == []  # the page that is not there says so
    assert [url for url in asked if not url.startswith(address)] == []


@pytest.mark.slow
def test_every_page_can_be_read_and_used_on_the_smallest_telephone(address: str) -> None:
    from playwright.sync_api import sync_playwright

    lacking = Path(__file__).with_name("reach.js").read_text(encoding="utf-8")
    found: list[tuple[str, ...]] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        for scheme, languages in (("light", ("en", "fr", "es", "ar")), ("dark", ("en",))):
            page = browser.new_page(viewport={"width": 320, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(address)
            page.fill("[name=name]", "sina")
            page.fill("[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(f"{address}/console")
            for language in languages:
                for path in PAGES:
                    page.goto(f"{address}/console{path}?lang={language}")
                    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
                    found += [(path, language, scheme, *one) for one in page.evaluate(lacking)]
        browser.close()
    assert found == []
