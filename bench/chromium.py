"""The Chromium of this machine, as tests and benchmarks use it."""

import shutil

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # The browser, its network and what draws in one process: each message between them costs what a small page does.
    "--in-process-gpu",
    "--enable-features=NetworkServiceInProcess2",
)
MISSING = "chromium is not installed: apt-get install chromium-headless-shell (or chromium)"


def find_chromium() -> str | None:
    """The program; of two, the one without windows around its pages, which takes far less of the processor."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")
