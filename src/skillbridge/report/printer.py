"""A report as PDF, printed by a browser that is on this machine: it shapes Arabic and draws what the page shows."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from skillbridge.errors import BadInput

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
"""Names under which a browser that prints by itself is looked for on the PATH."""
_QUIET = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)
"""No network: the pages need none, and forbid it themselves."""


def find_browser(asked: str = "") -> str:
    """The browser that prints: `asked`, a name or a path, or the first of BROWSERS that is there.

    Raises `BadInput` where there is none.
    """
    for name in [asked] if asked else BROWSERS:
        if found := shutil.which(name):
            return found
    raise BadInput(
        "--pdf",
        f"no browser {asked!r}" if asked else "no Chromium, Chrome or Edge on the PATH",
        "one of " + ", ".join(BROWSERS) + ", or the HTML report printed from any browser",
    )


def to_pdf(page: str, *, browser: str = "", seconds: float = 120) -> bytes:
    """The report as PDF, in the language it opens with.

    The browser writes the hour into the file, so two prints of one page differ in it. Raises `BadInput` where no
    browser is found, where it fails, and where it takes more than `seconds`.
    """
    program = find_browser(browser)
    with tempfile.TemporaryDirectory(prefix="skillbridge-print-") as folder:
        source, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [program, *_QUIET, *root, f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}"]
        try:
            done = subprocess.run([*command, source.as_uri()], capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as error:
            raise BadInput("--pdf", f"{program} took more than {seconds:g} s", "a browser that prints") from error
        if not target.is_file() or not target.read_bytes().startswith(b"%PDF"):
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise BadInput("--pdf", f"{program} printed nothing: {' '.join(last)}", "a browser that prints")
        return target.read_bytes()
