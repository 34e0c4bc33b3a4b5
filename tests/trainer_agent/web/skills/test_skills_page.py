"""The editor of skills in a browser: by touch, by mouse and by keys alone, from a template to a skill that watches."""

import json

import pytest
from playwright.sync_api import expect

from modules.trainer_agent.skill_templates import Wish, template
from tests.trainer_agent.web.tagging_page import drag_finger
from tests.waiting import wait_for

BEGUN = "/skills/new/low-stock?camera=aisle-4&model=goods&tag=carton&number=3&seconds=1"


def begin(page, site, path=BEGUN):
    page.goto(site + path)
    page.locator("#screen.shown").wait_for()


def zone(shop, camera="aisle-4", name="shelf"):
    """The outline in the newest draft."""
    *_, skill = shop.own.read().drafts.values()
    return skill.zones[name][camera]


def lets(page, step):
    return page.locator(f"[data-step={step}] [data-lets]")


def test_by_touch_from_a_template_to_an_alarm(phone, site, shop):
    phone.goto(f"{site}/skills")
    phone.get_by_role("link", name="New skill").first.tap()
    phone.get_by_text("Low stock", exact=True).tap()
    phone.locator("#tags label", has_text="gap").tap()
    phone.locator("#tags label", has_text="carton").tap()
    phone.get_by_label("For at least, in seconds").fill("1")
    phone.get_by_role("button", name="Go on").tap()
    phone.get_by_text("All quiet now").wait_for()
    expect(lets(phone, "count")).to_have_text("7")
    phone.locator("#screen.shown").wait_for()

    drag_finger(phone, (0.15, 0.15), (0.05, 0.05))
    phone.get_by_role("button", name="Save").tap()
    phone.wait_for_url("**/skills")
    phone.get_by_text("'Low stock' is saved.").wait_for()
    card = phone.locator("[data-skill=low-stock]")
    card.get_by_text("watching", exact=True).wait_for()
    saved = shop.own.read().skills["low-stock"]
    assert saved.zones["shelf"]["aisle-4"][0] == pytest.approx((0.05, 0.05), abs=0.02)
    assert saved.steps[1].tags == ("carton",)

    shop.cartons = 0

    card.get_by_text("alerting", exact=True).wait_for()
    card.get_by_text("Since ").wait_for()


def test_by_mouse_steps_are_added_moved_removed_and_undone(page, site, shop):
    begin(page, site)
    cards = page.locator("[data-step]")
    expect(cards).to_have_count(5)

    page.get_by_role("button", name="Add a step", exact=True).click()
    assert page.locator("[data-step-kind=stay]").is_visible()
    page.get_by_role("dialog").get_by_role("button", name="Only at certain hours").click()
    expect(cards).to_have_count(6)
    page.get_by_role("button", name="Move step 6 up").click()
    expect(cards.nth(4)).to_contain_text("Only at certain hours")
    page.get_by_role("button", name="Remove step 5").click()
    expect(cards).to_have_count(5)
    page.get_by_role("button", name="Undo").first.click()
    expect(cards).to_have_count(6)
    for _time in range(2):
        page.get_by_role("button", name="Undo").first.click()
    expect(cards).to_have_count(5)
    page.get_by_role("button", name="Redo").click()
    expect(cards).to_have_count(6)
    page.get_by_role("button", name="Undo").first.click()

    page.get_by_role("button", name="Add an action").click()
    page.get_by_role("dialog").get_by_role("button", name="Ask staff to check").click()
    page.get_by_role("button", name="Remove: Keep the picture").click()
    expect(page.locator("#done")).to_have_text("alert to the cloud, note on the page, picture to check")


def test_the_rule_tells_at_once_what_it_would_do(page, site, shop):
    begin(page, site)
    page.get_by_text("All quiet now").wait_for()
    expect(lets(page, "model")).to_have_text("8")
    expect(lets(page, "few")).to_have_text("no")

    page.get_by_label("Number").fill("9")

    page.get_by_text("It would raise the alarm now").wait_for()
    expect(lets(page, "few")).to_have_text("yes")
    expect(page.locator("#watches")).to_have_text("Fewer than 9 \N{MULTIPLICATION SIGN} carton in 'shelf'")
    page.get_by_role("button", name="Show on the picture what step 1 lets through").click()
    assert page.locator("[data-choose=model]").get_attribute("aria-pressed") == "true"
    assert page.locator("#chain-words li").count() == 8


def test_a_problem_stands_at_its_field_and_nothing_is_saved(page, site, shop):
    begin(page, site)
    number = page.get_by_label("Number")
    number.fill("")

    page.get_by_text("Type a number.").wait_for()
    assert number.get_attribute("aria-invalid") == "true"
    page.get_by_label("Name", exact=True).focus()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").get_by_text("Not saved yet: Type a number.").wait_for()
    expect(number).to_be_focused()
    assert shop.own.read().skills == {}

    number.fill("4")
    expect(page.get_by_text("Type a number.")).to_have_count(0)


def test_points_are_added_pulled_and_taken_away_by_mouse(page, site, shop):
    begin(page, site)

    def at(x, y):
        edge = page.locator("#picture").bounding_box()
        return edge["x"] + x * edge["width"], edge["y"] + y * edge["height"]

    def pull(start, end):
        page.mouse.move(*at(*start))
        page.mouse.down()
        page.mouse.move(*at(*end), steps=4)
        page.mouse.up()

    points = page.locator(".handle.point")
    pull((0.5, 0.15), (0.5, 0.05))
    expect(points).to_have_count(5)
    page.get_by_role("button", name="Point", exact=True).click()
    expect(points).to_have_count(4)
    pull((0.5, 0.5), (0.6, 0.5))
    page.get_by_role("button", name="Draw anew").click()
    for corner in ((0.2, 0.2), (0.4, 0.2), (0.3, 0.6)):
        page.mouse.click(*at(*corner))
    page.get_by_role("button", name="Done").click()
    expect(points).to_have_count(3)
    wait_for(lambda: len(zone(shop)) == 3)
    assert zone(shop)[2] == pytest.approx((0.3, 0.6), abs=0.01)

    page.get_by_role("button", name="Undo").first.click()

    expect(points).to_have_count(4)
    wait_for(lambda: zone(shop)[0] == pytest.approx((0.25, 0.15), abs=0.01))


def test_each_camera_has_a_zone_of_its_own(page, site, shop):
    begin(page, site)
    page.locator("#cameras label", has_text="Dairy shelf").click()
    page.locator("#views").get_by_role("button", name="Dairy shelf").click()
    point = page.get_by_role("button", name="Point 1 of 4")
    point.focus()

    page.keyboard.press("ArrowRight")

    wait_for(lambda: zone(shop, "dairy")[0] == pytest.approx((0.16, 0.15)))
    assert zone(shop, "aisle-4")[0] == pytest.approx((0.15, 0.15))


def test_by_keys_alone_a_zone_is_changed_and_the_skill_saved(page, site, shop):
    begin(page, site)
    page.get_by_role("button", name="Add a point after point 1").focus()

    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    wait_for(lambda: zone(shop)[1] == pytest.approx((0.5, 0.09)))
    page.keyboard.press("Delete")
    expect(page.locator(".handle.point")).to_have_count(4)
    page.get_by_label("Name of the zone").fill("Milk shelf 2")
    page.keyboard.press("Enter")
    wait_for(lambda: "milk-shelf-2" in [*shop.own.read().drafts.values()][-1].zones)
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Save")).to_be_enabled()
    assert not shop.own.read().skills, "Enter in a field saved the skill"
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")

    page.wait_for_url("**/skills")
    assert list(shop.own.read().skills["low-stock"].zones) == ["milk-shelf-2"]


def test_by_touch_a_line_is_pulled_where_people_pass(phone, site, shop):
    begin(phone, site, "/skills/new/passing?camera=aisle-4&model=goods&tag=carton&seconds=60")
    expect(phone.locator(".handle.point")).to_have_count(2)

    drag_finger(phone, (0.85, 0.5), (0.9, 0.75))

    wait_for(lambda: shop.own.read().drafts and zone(shop, name="line")[1] == pytest.approx((0.9, 0.75), abs=0.02))
    assert zone(shop, name="line")[0] == pytest.approx((0.15, 0.5))
    expect(lets(phone, "crossed")).to_have_text("0")
    phone.get_by_label("Direction").select_option("to the left, looking from 1 to 2")
    phone.get_by_role("button", name="Save").tap()
    phone.wait_for_url("**/skills")
    saved = shop.own.read().skills["count-who-passes"]
    assert (saved.steps[-1].direction, saved.steps[-1].over_s, saved.actions) == ("leftwards", 60, ())


def test_a_skill_tells_other_programs_by_http_and_mqtt(page, site, shop):
    begin(page, site)
    for action, label, value in (
        ("Send to an address", "Address", "https://stock.example/low"),
        ("Publish by MQTT", "Topic", "store/aisle-4/low"),
    ):
        page.get_by_role("button", name="Add an action").click()
        page.get_by_role("dialog").get_by_role("button", name=action).click()
        page.get_by_label(label, exact=True).fill(value)
    wait_for(lambda: len([*shop.own.read().drafts.values()][-1].actions) == 5)

    page.get_by_role("button", name="Save").click()

    page.wait_for_url("**/skills")
    *_, post, publish = shop.own.read().skills["low-stock"].actions
    assert (post.url, publish.topic) == ("https://stock.example/low", "store/aisle-4/low")


def test_a_skill_is_duplicated_and_renamed(phone, site, shop):
    begin(phone, site)
    phone.get_by_role("button", name="Save").tap()
    phone.wait_for_url("**/skills")

    phone.get_by_role("link", name="Duplicate Low stock").tap()
    phone.locator("#screen.shown").wait_for()
    expect(phone.get_by_label("Name", exact=True)).to_have_value("Low stock, copy")
    phone.get_by_label("Name", exact=True).fill("Low stock, dairy")
    phone.get_by_label("Number").fill("5")
    phone.get_by_role("button", name="Save").tap()

    phone.get_by_role("heading", name="Low stock, dairy").wait_for()
    skills = shop.own.read().skills
    assert [(skill.name, skill.steps[3].than) for skill in skills.values()] == [
        ("Low stock", 3),
        ("Low stock, dairy", 5),
    ]


def test_nothing_is_lost_when_the_page_is_opened_again(page, site, shop):
    begin(page, site)
    page.get_by_label("Number").fill("7")
    expect(page.locator("#watches")).to_contain_text("Fewer than 7")

    page.reload()

    page.get_by_text("What was not saved last time is back").wait_for()
    expect(page.get_by_label("Number")).to_have_value("7")
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_label("Number")).to_have_value("3")


def test_a_skill_is_switched_off_deleted_and_brought_back(page, site, shop):
    begin(page, site)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/skills")

    page.get_by_role("switch", name="Low stock is on").click()
    page.get_by_text("off", exact=True).wait_for()
    assert not shop.own.read().skills["low-stock"].enabled
    page.get_by_role("button", name="Delete Low stock").click()
    page.get_by_text("No skill yet").wait_for()
    page.get_by_role("button", name="Undo").click()

    page.get_by_role("heading", name="Low stock").wait_for()


def name_it(page, name):
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save", exact=True).click()


@pytest.fixture
def saved(shop):
    """A skill that two editors can be opened on, by its address."""
    shop.own.put("low-stock", template("low-stock").build(Wish("Low stock", ("aisle-4",), "goods", ("carton",), 3)))
    return "/skills/low-stock/edit"


def test_in_two_windows_nothing_is_overwritten_unseen_and_nothing_is_lost(page, phone, site, shop, saved):
    page.goto(site + saved)
    phone.goto(site + saved)
    name_it(page, "Milk")
    page.wait_for_url("**/skills")

    name_it(phone, "Cream")

    phone.get_by_text("This skill was changed on another screen meanwhile.").wait_for()
    assert shop.own.read().skills["low-stock"].name == "Milk"
    # Nor does a reload make the change one of what was saved there.
    phone.reload()
    phone.locator("#toast").get_by_role("button", name="Close").tap()
    phone.get_by_role("button", name="Save", exact=True).tap()
    phone.get_by_role("button", name="Show what was saved there").tap()
    expect(phone.get_by_label("Name", exact=True)).to_have_value("Milk")
    phone.get_by_role("button", name="Undo").first.tap()
    expect(phone.get_by_label("Name", exact=True)).to_have_value("Cream")
    phone.get_by_role("button", name="Save", exact=True).tap()
    phone.wait_for_url("**/skills")
    assert shop.own.read().skills["low-stock"].name == "Cream"


def test_one_can_save_over_what_was_changed_or_deleted_elsewhere(page, site, shop, saved):
    # By the device, which takes one change after the other: a file changed beside it would not.
    address = f"{site}/api/skills/low-stock"
    page.goto(site + saved)
    form = page.locator("#editor")
    document = json.loads(form.get_attribute("data-document")) | {"name": "Milk"}
    changed = {"document": document, "edition": form.get_attribute("data-edition"), "draft": "edit-other"}
    assert page.request.put(address, data=changed).ok

    name_it(page, "Cream")
    page.get_by_role("button", name="Save mine over it").click()
    page.wait_for_url("**/skills")
    assert shop.own.read().skills["low-stock"].name == "Cream"

    page.goto(site + saved)
    assert page.request.delete(address).ok
    name_it(page, "Whey")
    page.get_by_text("This skill was deleted on another screen meanwhile.").wait_for()
    page.reload()
    page.get_by_text("This skill was deleted on another screen meanwhile.").wait_for()
    expect(page.get_by_text("What was not saved last time is back")).to_have_count(0)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Whey")
    page.get_by_role("button", name="Save it as a new skill").click()
    page.wait_for_url("**/skills")
    assert [skill.name for skill in shop.own.read().skills.values()] == ["Whey"]
