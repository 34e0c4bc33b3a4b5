"""Insights: through Flask's client over a real file, and in a browser by touch and by mouse."""

import csv
import io
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from modules.trainer_agent.insights.kept_file import PLACE, open_insights
from modules.trainer_agent.insights.periods import period
from modules.trainer_agent.insights.tables import add_alerts, add_minutes
from modules.trainer_agent.insights.tally import Series, Sums
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.counting import JPEG, OF, YESTERDAY, alert_of, at, count_yesterday, make_skill


@pytest.fixture
def data(workshop):
    """The data folder, with a skill that was made on the page."""
    make_skill(workshop.folder)
    return workshop.folder


def across(span, minute, fine=False):
    """Where in a chart of yesterday a minute is, as a share of its width."""
    edges = period(span, YESTERDAY, fine=fine).edges
    return sum(edge <= minute for edge in edges) / (len(edges) - 1) - 0.5 / (len(edges) - 1)


@pytest.fixture
def counted(data):
    count_yesterday(data)
    return data


@pytest.fixture
def client(build_app):
    """The page, on a device whose time zone is this machine's."""
    return build_app().test_client()


def page_of(client, **arguments):
    answer = client.get("/insights", query_string={"of": "/".join(OF), "day": YESTERDAY.isoformat(), **arguments})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_without_a_skill_it_says_what_to_do(client):
    assert "Nothing to show yet" in client.get("/insights").text


def test_a_skill_that_has_not_looked_yet_is_named(client, data):
    shown = client.get("/insights").text

    assert "Low stock, dairy · Aisle 4" in shown
    assert "has not looked at this camera yet" in shown


def test_a_day_shows_what_was_counted_in_words(client, counted):
    shown = page_of(client)

    assert "Number of milk in Shelf 3" in shown
    assert "Number of milk in Shelf 3: fewer than 3, for 5 minutes" in shown
    assert "3.3 on average, from 1 to 6." in shown
    assert "So for 16.7 % of the time (15 minutes)." in shown
    assert "(90 minutes)" in shown or "(1 h 30 min)" in shown


@pytest.mark.parametrize(("span", "parts"), [("day", 96), ("week", None), ("month", None), ("year", None)])
def test_every_span_shows_the_same_numbers(client, counted, span, parts):
    shown = page_of(client, span=span)

    assert "3.3 on average, from 1 to 6." in shown
    if parts:
        assert shown.count('<th scope="row">') == parts


def test_a_time_without_numbers_leads_to_when_there_were_some(client, counted):
    long_ago = YESTERDAY - timedelta(days=400)

    shown = page_of(client, day=long_ago.isoformat())

    assert "Nothing was counted at that time" in shown
    assert f"day={YESTERDAY}" in shown


def test_alerts_are_shown_with_what_is_left_of_their_pictures(client, counted):
    shown = page_of(client)

    assert shown.count("Few bottles</h3>") == 2
    assert "lasted 12 minutes" in shown
    assert "still so, for" in shown
    assert "Number of milk in Shelf 3: 1" in shown
    assert "/insights/pictures/low-stock.low.1.jpg" in shown
    assert "gone.jpg" not in shown
    assert "No picture" in shown


@pytest.mark.parametrize("name", ["gone.jpg", "../events.jsonl", "..%2Fskills.json", "skills.json", ".jpg"])
def test_nothing_but_pictures_that_are_kept_is_given_out(client, counted, name):
    with client.get("/insights/pictures/low-stock.low.1.jpg") as kept:
        assert kept.data == JPEG
    assert client.get(f"/insights/pictures/{name}").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"of": "nobody/aisle-4"}, {"span": "decade"}, {"day": "yesterday"}, {"day": "0001-01-01"}],
    ids=["skill", "span", "day", "year"],
)
def test_an_address_that_asks_for_what_is_not_is_refused_with_its_value(client, counted, wrong):
    answer = client.get("/insights", query_string=wrong)

    assert answer.status_code == 400
    assert next(iter(wrong.values())).partition("/")[0] in answer.text


def read_csv(answer):
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_numbers_that_are_shown_come_as_a_file(client, counted):
    asked = {"of": "/".join(OF), "day": YESTERDAY.isoformat(), "span": "week"}

    rows = read_csv(client.get("/insights/numbers.csv", query_string=asked))

    known = [row for row in rows if row["Number of milk in Shelf 3: known (s)"] != "0"]
    begins = [datetime.fromisoformat(row["begin (UTC)"]) for row in known]
    assert [row["Number of milk in Shelf 3: average (count)"] for row in known] == ["4", "2"]
    assert [row["Number of milk in Shelf 3: highest (count)"] for row in known] == ["6", "6"]
    assert [row["Number of milk in Shelf 3: fewer than 3, for 5 minutes: share of the time (%)"] for row in known] == [
        "0",
        "50",
    ]
    assert begins == [datetime.fromtimestamp(at(YESTERDAY, hour) * 60, UTC) for hour in (6, 7)]
    assert [datetime.fromisoformat(row["begin (local time)"]) for row in known] == begins
    assert known[0]["begin (local time)"][11:16] == "06:00"


def test_alerts_come_as_a_file_that_holds_no_formula(client, counted):
    with closing(open_insights(counted / PLACE)) as database, database.writing() as rows:
        add_alerts(rows, [alert_of(3, 9, 1.0, text='=HYPERLINK("http://example.org")')])

    rows = read_csv(client.get("/insights/alerts.csv", query_string={"of": "/".join(OF), "day": YESTERDAY.isoformat()}))

    assert [row["duration (s)"] for row in rows] == ["60", "", "720"]
    assert rows[0]["text"] == '\'=HYPERLINK("http://example.org")'
    assert rows[2]["condition"] == "Number of milk in Shelf 3: fewer than 3, for 5 minutes"


def test_a_file_that_cannot_be_read_is_told(client, counted):
    (counted / PLACE).unlink()
    (counted / PLACE).mkdir()

    answer = client.get("/insights")

    assert answer.status_code == 500
    assert "what skills saw (insights.db) cannot be read or written" in answer.text


def test_it_speaks_german(client, counted):
    answer = client.get(
        "/insights",
        query_string={"of": "/".join(OF), "day": YESTERDAY.isoformat()},
        headers={"Accept-Language": "de"},
    )

    assert "Anzahl: milk in Shelf 3" in answer.text
    assert "Im Mittel 3,3, von 1 bis 6." in answer.text


def test_staff_go_from_a_day_to_the_week_and_look_at_an_hour_by_touch(phone, build_app, counted):
    phone.goto(f"{Site(build_app()).address}/")
    phone.get_by_role("link", name="Insights").click()
    phone.get_by_role("link", name="Earlier").click()
    phone.get_by_role("heading", name="Number of milk in Shelf 3", exact=True).wait_for()

    plot = phone.locator(".chart-plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    phone.touchscreen.tap(box["x"] + box["width"] * across("day", at(YESTERDAY, 6) + 31, fine=True), box["y"] + 50)
    phone.get_by_text("06:30: 4 on average, 1 to 6").wait_for()

    phone.get_by_role("link", name="Week").click()
    phone.get_by_role("heading", name="Week from").wait_for()
    phone.get_by_text("As a table").click()
    assert phone.get_by_role("cell", name="4", exact=True).first.is_visible()


def test_a_mouse_shows_an_hour_and_files_come_down(page, build_app, counted):
    page.goto(f"{Site(build_app()).address}/insights?day={YESTERDAY}&span=week")
    plot = page.locator(".chart-plot").nth(1)
    width = plot.bounding_box()["width"]

    plot.hover(position={"x": width * across("week", at(YESTERDAY, 7)), "y": 40})
    page.get_by_text("07:00: 50 % of the time").wait_for()
    page.mouse.move(0, 0)
    page.get_by_text("So for 16.7 % of the time").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Numbers as CSV").click()

    assert download.value.suggested_filename == f"low-stock-aisle-4-week-{period('week', YESTERDAY).first}-numbers.csv"


def test_what_is_counted_now_is_shown_within_the_day(client, data):
    now = int(time.time() // 60)
    with closing(open_insights(data / PLACE)) as database, database.writing() as rows:
        add_minutes(rows, {(now, Series(*OF, "count", "number")): Sums(60, 0, 300_000, 5000, 5000)})

    assert "5 on average, from 5 to 5." in client.get("/insights", query_string={"span": "year"}).text
