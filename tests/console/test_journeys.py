"""What people come for, from sign-in to the end, in the system's Chromium and by keyboard alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import free_port, stop, wait_up
from skillbridge.partnerships.partnership import dump, load
from skillbridge.workspace import Workspace, example
from tests.console.test_browser import ARGUMENTS, CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="the system has no Chromium (Debian package chromium)"),
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, dict[str, example.Entrance]]]:
    """`skillbridge serve` over the example, with one worker process; its address and who may sign in, by role."""
    ws = Workspace(tmp_path / "ws")
    entrances = {one.role: one for one in example.fill(ws)}
    ws.store.close()
    port = free_port()
    command = [sys.executable, "-m", "skillbridge", "serve", "--workspace", str(tmp_path / "ws"), "--jobs", "1"]
    server = subprocess.Popen([*command, "--port", str(port)], env=os.environ | {"PYTHONWARNINGS": "ignore"})
    try:
        wait_up(port)
        yield f"http://127.0.0.1:{port}", entrances
    finally:
        stop(server)


class Hands:
    """Somebody at a keyboard: nothing is clicked."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address

    def to(self, selector: str) -> None:
        """Press the tabulator until what has the focus is what is meant."""
        for _ in range(400):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"not reached by keyboard on {self.page.url}: {selector}")

    def fill(self, **fields: str) -> None:
        """Type into fields, in the order of the page; what they held is replaced."""
        for name, text in fields.items():
            self.to(f"[name={name}]")
            if self.page.evaluate(
                "document.activeElement.tagName == 'SELECT' || document.activeElement.type == 'date'"
            ):
                self.page.keyboard.type(text)
            else:
                self.page.keyboard.press("Control+A")
                self.page.keyboard.insert_text(text)

    def press(self, selector: str, then: str) -> None:
        """Go to something, press Enter, and be led to an address."""
        self.to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        assert self.page.locator("[role=alert]").count() == 0, self.page.locator("main").inner_text()
        self.page.wait_for_url(f"{self.address}{then}", timeout=5_000)

    def enter(self, who: example.Entrance | str) -> None:
        """Sign in, after signing out whoever was there."""
        self.page.context.clear_cookies()
        self.page.goto(f"{self.address}/console/sign-in")
        if isinstance(who, str):
            self.fill(link=who)
        else:
            self.fill(name=who.name, password=who.password)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.address}/console")


def test_a_season_is_carried_through_by_keyboard(site: tuple[str, dict[str, example.Entrance]]) -> None:
    from playwright.sync_api import sync_playwright

    address, who = site
    said: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1024, "height": 800}, locale="en")
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        hands = Hands(page, address)

        hands.enter(who["ministry_admin"])
        hands.press("nav [href='/console/partnerships']", "/console/partnerships")
        hands.press("[href='/console/partnerships/new']", "/console/partnerships/new")
        hands.fill(toml=dump(load("au-palm-short")))
        hands.press("main button", "/console/partnerships/au-palm-short?version=1")

        hands.enter(who["employer"])
        hands.press("nav [href='/console/vacancies']", "/console/vacancies")
        hands.press("[href='/console/vacancies/new']", "/console/vacancies/new")
        vacancy = page.input_value("[name=vacancy_id]")
        page.keyboard.press("Escape")
        hands.fill(
            destination="NZ", occupation="fruit picker", isco="9211", positions="3", start="11012026", end="04302027",
            hours_week="40", wage="28", currency="NZD",
        )  # fmt: skip
        hands.press("main button", f"/console/vacancies/{vacancy}")
        hands.press(f"[href='/console/vacancies/{vacancy}/matches']", f"/console/vacancies/{vacancy}/matches")
        assert page.locator("main details, main table").count() > 0

        hands.enter(who["ministry_officer"])
        hands.press(
            "main [href='/console/partnerships/au-palm-short?version=1']",
            "/console/partnerships/au-palm-short?version=1",
        )
        hands.press("main form button", "/console/partnerships/au-palm-short")
        hands.press("nav [href='/console/plans']", "/console/plans")
        hands.press("[href='/console/plans/new']", "/console/plans/new")
        hands.to("#p-nz-rse")
        page.keyboard.press("Space")
        hands.fill(purpose="by keyboard", time_limit="20")
        hands.press("main button", "/console/plans/plan-*")
        plan = page.url
        page.locator("meta[http-equiv=refresh]").wait_for(state="detached", timeout=240_000)
        assert page.locator("h1").inner_text() == "by keyboard"
        hands.press("main ol a", "/console/plans/*/placements/*")
        while "/placements/" in page.url:  # one look leads to the next
            hands.press("form[action$='/review'] button", "/console/plans/**")
        hands.fill(reason="looked at, fits")
        hands.press("main form[action$='/approval'] button", plan.removeprefix(address))
        assert "approved" in page.locator("main").inner_text().lower()
        worker = page.locator("main table").last.locator("tbody tr").first.locator("td").first.inner_text()

        unit = who["origin_unit"]
        assert unit.party
        hands.enter(who["ministry_admin"])
        page.goto(f"{address}/console/workers/{worker}")
        hands.press("form[action$='/link'] button", f"/console/workers/{worker}/link")
        link = page.locator("code").inner_text()

        hands.enter(link)
        assert page.locator("main ul li").count() > 0, "the worker is told what was decided"
        hands.press("main [href='/console/appeals']", "/console/appeals")
        hands.fill(words="I asked for another place")
        hands.press("main button", "/console/appeals")

        hands.enter(who["ministry_admin"])
        hands.press("main a[href='/console/appeals']", "/console/appeals")
        hands.fill(reason="we looked again: the place stands")
        hands.press("button.quiet[name=uphold]", "/console/appeals")
        assert "we looked again" in page.locator("main").inner_text()

        hands.enter(who["recruiter"])
        hands.press("nav [href='/console/workers']", "/console/workers")
        hands.press("main tbody a", "/console/workers/*")
        hands.press("main a[href$='/matches']", "/console/workers/*/matches")

        hands.enter(who["auditor"])
        hands.press("nav [href='/console/audit']", "/console/audit")
        hands.press("main form button", "/console/audit?verify=1**")
        assert "is whole" in page.locator("main").inner_text()
        browser.close()
    assert said == []
