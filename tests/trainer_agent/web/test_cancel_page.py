"""Cancelling a training on the page."""

from tests.trainer_agent.conftest import ended, tag_images, trained
from tests.trainer_agent.web.conftest import Site


def test_cancel_ends_a_training_with_one_press(phone, build_app, library, model, start_agent):
    tag_images(library, model, 15)
    phone.goto(f"{Site(build_app(start_agent('slow'))).address}/models/{model.id}/training")
    phone.get_by_role("button", name="Train").click()

    phone.get_by_role("button", name="Cancel").tap()

    phone.get_by_text("Training was cancelled. Nothing has changed.").wait_for()
    assert phone.get_by_role("button", name="Train again").is_enabled()


def test_a_press_that_comes_too_late_says_so_beside_the_result(page, build_app, library, model, start_agent):
    tag_images(library, model, 15)
    agent = start_agent("0.5")
    page.goto(f"{Site(build_app(agent)).address}/models/{model.id}/training")
    # A tab that was not told yet that the training has ended.
    page.route("**/training/events", lambda route: route.abort())
    page.get_by_role("button", name="Train").click()
    page.get_by_role("button", name="Cancel").wait_for()
    ended(agent, model.id)

    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("It was too late to cancel").wait_for()

    page.get_by_text("Successfully trained model").wait_for()
    assert page.get_by_text("It was too late to cancel").is_visible()


def test_a_training_that_has_ended_is_not_cancelled(build_app, library, model, start_agent):
    tag_images(library, model, 15)
    agent = start_agent()
    trained(agent, model)

    answer = build_app(agent).test_client().delete(f"/api/models/{model.id}/training")

    assert (answer.status_code, answer.json["message"]) == (
        409,
        "It was too late to cancel: the training has ended already.",
    )
