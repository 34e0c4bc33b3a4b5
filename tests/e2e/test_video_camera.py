"""A video that staff send from their phone is a camera, also after the device was started anew."""

import os
import signal
from pathlib import Path

from playwright.sync_api import Page

from tests.bench.made import video_of_shapes
from tests.files_chosen import choose_files
from tests.program import Program


def test_a_sent_video_is_seen_live_and_again_after_capture_was_killed(
    program: Program, phone: Page, tmp_path: Path
) -> None:
    phone.goto("/cameras/new")
    phone.get_by_label("Kind of camera").select_option("Video")
    choose_files(phone, "#video-file", video_of_shapes(tmp_path / "Milk shelf.mp4", codec="mp4v"))
    phone.get_by_text("It works: a picture of 320 \N{MULTIPLICATION SIGN} 240 came.").wait_for()
    phone.get_by_role("button", name="Save").tap()

    card = phone.locator("[data-camera=milk-shelf]")
    # Again and again from its start: it is shorter than this takes.
    card.get_by_text("pictures a second · 320 \N{MULTIPLICATION SIGN} 240").wait_for()
    card.locator("img").wait_for(state="visible")

    before = program.children()["capture"]
    os.kill(before, signal.SIGKILL)
    program.wait_for(lambda: program.children().get("capture", before) != before)

    phone.goto("/cameras")
    card.get_by_role("button", name="Test").tap()
    # Capture itself says so, which the state of before does not.
    card.get_by_text("It works: a picture of 320 \N{MULTIPLICATION SIGN} 240 came.").wait_for()
    card.get_by_text("pictures a second · 320 \N{MULTIPLICATION SIGN} 240").wait_for()
