"""Files given to a page, as staff choose them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page


def choose_files(page: Page, field: str, files: Path | Sequence[Any]) -> None:
    """Once the page takes presses: before that nobody can choose a file, but a driver could, and it would be lost."""
    page.locator("#content:not([inert])").wait_for()
    page.locator(field).set_input_files(files)
