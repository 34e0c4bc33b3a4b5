"""Uploads in a browser: many files, a line that is lost, what is there already, what cannot be taken."""

import cv2
import pytest

from tests.files_chosen import choose_files
from tests.trainer_agent.conftest import noise
from tests.trainer_agent.web.conftest import Site


@pytest.fixture
def files(tmp_path):
    """Write so many images and name their files."""

    def written(count):
        paths = [tmp_path / f"shelf-{seed}.jpg" for seed in range(count)]
        for seed, path in enumerate(paths):
            cv2.imwrite(str(path), noise(seed))
        return paths

    return written


def test_fifty_files_at_once_are_stored_each_with_its_answer(page, build_app, library, model, files):
    page.goto(f"{Site(build_app()).address}/models/{model.id}/upload")

    choose_files(page, "#files", files(50))

    page.get_by_text("50 stored.").wait_for()
    assert page.locator("#list .good").count() == 50
    assert library.counts(model.id).untagged == 50


def test_a_repeated_picture_names_and_shows_the_one_it_repeats(page, build_app, library, model, files):
    library.add_image(model.id, cv2.imread(str(files(1)[0])), "monday.jpg", "upload", camera=None, taken_ns=1)
    page.goto(f"{Site(build_app()).address}/models/{model.id}/upload")

    choose_files(page, "#files", files(1))

    page.get_by_text("0 stored, 1 there already.").wait_for()
    page.get_by_role("link", name="monday.jpg").click()
    page.wait_for_url("**/images/*")


def test_a_lost_line_is_tried_again_until_the_file_is_there(page, build_app, library, model, files):
    page.goto(f"{Site(build_app()).address}/models/{model.id}/upload")
    lost = []

    def cut(route):
        lost.append(route)
        route.abort() if len(lost) == 1 else route.continue_()

    page.route("**/api/models/*/images", cut)
    choose_files(page, "#files", files(2))

    page.get_by_text("Trying again in 2 seconds.").wait_for()
    page.get_by_text("2 stored.").wait_for()
    assert library.counts(model.id).untagged == 2


def test_a_file_whose_answer_was_lost_is_stored_and_not_called_repeated(page, build_app, library, model, files):
    page.goto(f"{Site(build_app()).address}/models/{model.id}/upload")
    seen = []

    def lose_the_answer(route):
        seen.append(route)
        if len(seen) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/api/models/*/images", lose_the_answer)
    choose_files(page, "#files", files(1))

    page.get_by_text("1 stored.").wait_for()
    assert library.counts(model.id).untagged == 1


def test_a_photo_that_cannot_be_read_here_says_what_to_do(phone, build_app, model, tmp_path):
    (tmp_path / "IMG_0001.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    phone.goto(f"{Site(build_app()).address}/models/{model.id}/upload")

    choose_files(phone, "#photo", tmp_path / "IMG_0001.HEIC")

    phone.get_by_text("this is a HEIC photo. On the iPhone").wait_for()


def test_the_phones_own_camera_is_offered_where_there_is_one(page, phone, build_app, model):
    address = f"{Site(build_app()).address}/models/{model.id}/upload"
    for window in (page, phone):
        window.goto(address)

    assert phone.locator("#take-photo").is_visible()
    assert not page.locator("#take-photo").is_visible()
    assert phone.locator("#photo").get_attribute("capture") == "environment"
