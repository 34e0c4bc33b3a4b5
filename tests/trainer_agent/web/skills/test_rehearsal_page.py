"""A skill is tried on a recorded video in the editor, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.trainer_agent.rehearsal.test_rehearsals import BLACK, GREEN, video_of

EDITOR = "/skills/new/low-stock?camera=aisle-4&model=goods&tag=bottle&number=1&seconds=1"


@pytest.fixture
def goods() -> tuple[str, ...]:
    return ("bottle", "gap")


def test_a_video_shows_when_a_skill_would_have_raised_and_again_with_another_rule(
    phone: Page, site: str, tmp_path: Path
) -> None:
    video = video_of(tmp_path / "shelf.avi", [GREEN, BLACK, BLACK, BLACK, GREEN, GREEN, GREEN])
    phone.goto(site + EDITOR)
    phone.locator("#screen.shown").wait_for()

    phone.locator("#rehearsal-file").set_input_files(video)

    summary = phone.locator("#rehearsal-summary")
    expect(summary).to_have_text("0:07 of video. The skill would have raised 1 time.")
    changes = phone.locator("#rehearsal-changes li")
    expect(changes).to_have_text(["0:02 raised count 0", "0:05 cleared count 4"])
    assert changes.first.locator("img").evaluate("image => image.complete && image.naturalWidth > 0")
    expect(phone.locator("#rehearsal-timeline svg")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") == 360

    phone.locator("[data-step=lasting] input").first.fill("20")
    phone.get_by_role("button", name="Test again").tap()

    expect(summary).to_have_text("0:07 of video. The skill would have raised 0 times.")
    expect(changes).to_have_count(0)


def test_a_file_that_is_no_video_is_told(page: Page, site: str, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_bytes(b"buy milk")
    page.goto(site + EDITOR)
    page.locator("#screen.shown").wait_for()

    page.locator("#rehearsal-file").set_input_files(tmp_path / "notes.mp4")

    page.locator("#rehearsal").get_by_text("This file is no video that can be read here.").wait_for()
    expect(page.get_by_role("button", name="Test again")).to_be_visible()
