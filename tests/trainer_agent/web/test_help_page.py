"""Help is found where something does not work, and answers without any other host."""

from playwright.sync_api import expect

from tests.trainer_agent.web.conftest import Site


def test_home_leads_to_help_where_a_topic_opens_by_touch(phone, build_app):
    phone.goto(Site(build_app()).address)

    phone.get_by_role("link", name="Something does not work?").tap()
    answer = phone.get_by_text("Draw boxes close around each thing")
    expect(answer).to_be_hidden()
    phone.get_by_text("The model overlooks things").tap()

    expect(answer).to_be_visible()


def test_a_topic_opens_and_leads_on_by_keys_alone(page, build_app):
    page.goto(f"{Site(build_app()).address}/help")

    page.get_by_text("The disk is nearly full").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page).to_have_title("Settings · Fifteen")


def test_the_diagnostics_file_is_at_hand(page, build_app):
    page.goto(f"{Site(build_app()).address}/help")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download diagnostics file").click()

    assert download.value.suggested_filename.startswith("fifteen-diagnostics-")
