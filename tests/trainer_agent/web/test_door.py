"""Who is let in: at the device without a PIN, with one whoever has signed in; nobody else, on no route."""

import http.client
import json
import socket
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from edge_common.settings import TrainerSettings, WebSettings
from modules.trainer_agent.people import SESSIONS_FILE
from modules.trainer_agent.web import door
from modules.trainer_agent.web.guard import COOKIE
from tests.trainer_agent.web.conftest import Site

PIN = "280614"
PHONE = {"REMOTE_ADDR": "192.168.1.20"}
A_PERSON = {"Accept": "text/html,*/*"}
ONWARD = "/sign-in?next=/models?x%3D1"


@pytest.fixture
def app(build_app) -> Flask:
    return build_app()


@pytest.fixture
def people(app):
    return app.extensions["services"].people


@pytest.fixture
def with_pin(app, people) -> Flask:
    people.set_first_pin(PIN, "this machine", known=True, code=None)
    return app


def client_of(app: Flask, **environment: str) -> FlaskClient:
    """A browser: it names the page that a change comes from."""
    client = app.test_client()
    client.environ_base |= {"HTTP_ORIGIN": "http://localhost", **environment}
    return client


@pytest.fixture
def here(app) -> FlaskClient:
    return client_of(app)


@pytest.fixture
def phone(app) -> FlaskClient:
    return client_of(app, **PHONE)


def sign_in(client: FlaskClient, pin: str = PIN):
    return client.post("/api/sign-in", json={"pin": pin})


def every_route(app: Flask):
    """Each method with each address there is, made of a rule whose parts all are 1."""
    for rule in app.url_map.iter_rules():
        address = app.url_map.bind("localhost").build(rule.endpoint, dict.fromkeys(rule.arguments, 1))
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            yield method, rule.endpoint, address


@pytest.mark.parametrize("who", ["here", "phone"])
def test_with_a_pin_every_route_but_the_sign_in_asks_for_a_session(with_pin, who, request):
    client = request.getfixturevalue(who)
    asked = 0

    for method, endpoint, address in every_route(with_pin):
        if endpoint not in door.OPEN_ENDPOINTS:
            answer = client.open(address, method=method)
            assert (answer.status_code, answer.mimetype) == (401, "application/json"), (method, address)
            asked += 1

    assert asked > 60
    open_to_all = {"people.sign_in_page", "people.sign_in", "people.first_pin", "language.words", "handoff.model_zip"}
    assert open_to_all == door.OPEN_ENDPOINTS


def test_without_a_pin_a_visitor_from_the_network_gets_no_route_but_the_one_to_set_it(app, phone):
    for method, endpoint, address in every_route(app):
        if endpoint not in door.OPEN_ENDPOINTS:
            assert phone.open(address, method=method).status_code == 401, (method, address)

    page = phone.get("/sign-in").get_data(as_text=True)
    assert "<h1>Set a PIN</h1>" in page
    assert "Set-up code" in page


def test_without_a_pin_all_is_open_at_the_device_itself(here):
    for path in ("/", "/models", "/live", "/cameras", "/settings", "/api/cameras"):
        assert here.get(path).status_code == 200


def test_home_tells_how_phones_can_open_it_until_there_is_a_pin(here, people):
    before = here.get("/").get_data(as_text=True)
    here.post("/api/first-pin", json={"pin": PIN})
    after = here.get("/").get_data(as_text=True)

    assert "phones in your network can open this page" in before
    assert "phones in your network" not in after


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        pytest.param("192.168.1.20", {}, id="a phone"),
        pytest.param("fd00::20", {}, id="a phone with IPv6"),
        pytest.param("::ffff:192.168.1.20", {}, id="a phone with IPv4 written as IPv6"),
        pytest.param("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, id="somebody behind a proxy of this machine"),
        pytest.param("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, id="another proxy"),
        pytest.param("127.0.0.1", {"Host": "192.168.1.9"}, id="by its address in the network"),
        pytest.param("", {}, id="nobody knows who"),
    ],
)
def test_who_is_not_at_the_device_is_a_visitor(app, address, headers):
    client = app.test_client()

    assert client.get("/api/cameras", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code == 401


@pytest.mark.parametrize("address", ["127.0.0.1", "127.4.5.6", "::1", "::ffff:127.0.0.1"])
def test_each_address_of_the_device_itself_is_the_device(app, address):
    assert app.test_client().get("/api/cameras", environ_base={"REMOTE_ADDR": address}).status_code == 200


def test_a_person_is_led_to_the_sign_in_and_back(with_pin, phone):
    led = phone.get("/models?x=1", headers=A_PERSON)
    asked = phone.get(led.location).get_data(as_text=True)
    sign_in(phone)

    assert (led.status_code, led.location) == (302, ONWARD)
    assert 'data-next="/models?x=1"' in asked
    assert phone.get(led.location).location == "/models?x=1"
    assert phone.get("/models?x=1", headers=A_PERSON).status_code == 200


@pytest.mark.parametrize(
    "onward",
    [
        *("https://shop.example/", "//shop.example", "/\\shop.example", "\\\\shop.example", "javascript:alert(1)"),
        *("models", "/\t/shop.example", "http:/models", "///shop.example", "/sign-in?next=/x", "//[", ""),
    ],
)
def test_the_way_back_leads_to_this_page_only(with_pin, phone, onward):
    page = phone.get("/sign-in", query_string={"next": onward}).get_data(as_text=True)

    assert 'data-next="/"' in page


def test_the_cookie_is_for_this_page_alone_and_no_script_can_read_it(with_pin, phone):
    cookie = sign_in(phone).headers["Set-Cookie"]
    secure = phone.post(
        "/api/sign-in", json={"pin": PIN}, base_url="https://localhost", headers={"Origin": "https://localhost"}
    ).headers["Set-Cookie"]

    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Secure" in secure


def test_wrong_pins_are_refused_and_slowed_saying_for_how_long(with_pin, phone):
    answers = [sign_in(phone, "111111") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 429]
    assert answers[2].json["message"] == "That is not the PIN. Wait 2 seconds before the next try."
    assert answers[3].json["message"] == "Wait 2 seconds, then try again."
    assert answers[3].headers["Retry-After"] == "2"
    assert sign_in(phone).status_code == 429
    assert sign_in(client_of(with_pin, REMOTE_ADDR="192.168.1.21")).status_code == 200


def test_a_forged_address_is_no_way_around_the_wait(with_pin, phone):
    for number in range(3):
        phone.post("/api/sign-in", json={"pin": "111111"}, headers={"X-Forwarded-For": f"10.0.0.{number}"})

    answer = phone.post("/api/sign-in", json={"pin": PIN}, headers={"X-Forwarded-For": "10.0.0.9"})

    assert answer.status_code == 429


def test_many_ipv6_addresses_of_one_machine_are_one(with_pin):
    answers = [sign_in(client_of(with_pin, REMOTE_ADDR=f"fd00::{number}"), "111111") for number in range(4)]

    assert answers[-1].status_code == 429


def test_the_first_pin_is_set_on_a_phone_with_the_code_that_the_twin_tells(app, phone, people, workshop):
    phone.get("/sign-in")
    code = json.loads((workshop.folder / "twin" / "reported.json").read_text())["sign_in"]["setup_code"]

    without = phone.post("/api/first-pin", json={"pin": PIN})
    wrong = phone.post("/api/first-pin", json={"pin": PIN, "code": "AAAA-AAAA"})
    right = phone.post("/api/first-pin", json={"pin": PIN, "code": code.lower()})

    assert [answer.status_code for answer in (without, wrong, right)] == [400, 403, 200]
    assert phone.get("/models").status_code == 200
    assert phone.post("/api/first-pin", json={"pin": "907153", "code": code}).status_code == 409


def test_a_pin_forgotten_while_the_page_is_open_leads_to_setting_one(with_pin, phone, workshop):
    sign_in(phone)
    (workshop.folder / "people" / "pin.json").unlink()

    assert phone.get("/models", headers=A_PERSON).location == "/sign-in?next=/models"
    assert "<h1>Set a PIN</h1>" in phone.get("/sign-in").get_data(as_text=True)
    assert sign_in(phone).status_code == 409


def test_the_pin_is_changed_with_the_present_one_and_ends_the_other_sessions(with_pin, phone, here):
    sign_in(phone)
    sign_in(here)

    wrong = phone.put("/api/settings/people/pin", json={"present": "111111", "pin": "907153"})
    right = phone.put("/api/settings/people/pin", json={"present": PIN, "pin": "907153"})

    assert (wrong.status_code, right.status_code) == (403, 200)
    assert phone.get("/models").status_code == 200
    assert here.get("/models").status_code == 401
    assert sign_in(here, "907153").status_code == 200


def test_signing_out_ends_this_session_and_everywhere_ends_all(with_pin, phone, here):
    other = client_of(with_pin, REMOTE_ADDR="192.168.1.21")
    for client in (phone, here, other):
        sign_in(client)

    phone.post("/api/sign-out", json={"everywhere": False})
    assert [client.get("/models").status_code for client in (phone, here, other)] == [401, 200, 200]
    here.post("/api/sign-out", json={"everywhere": True})

    assert [client.get("/models").status_code for client in (phone, here, other)] == [401, 401, 401]


def test_how_long_a_session_lasts_is_set_on_the_page(with_pin, phone):
    sign_in(phone)

    assert phone.put("/api/settings/people/session", json={"hours": 168}).status_code == 204
    assert phone.put("/api/settings/people/session", json={"hours": 2}).status_code == 400
    assert '<option value="168" selected>7 days' in phone.get("/settings").get_data(as_text=True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Origin": "http://localhost"}, 200, id="own page"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 200, id="own page, said in another way"),
        pytest.param({}, 403, id="no word of where it comes from"),
        pytest.param({"Origin": "http://localhost:9999"}, 403, id="another program's page on this machine"),
        pytest.param({"Origin": "null"}, 403, id="a page without origin"),
    ],
)
def test_a_change_in_a_session_must_come_from_our_own_page(with_pin, people, headers, status):
    client = with_pin.test_client()
    client.set_cookie(COOKIE, people.sign_in(PIN, "phone", known=False))

    answer = client.post("/api/sign-out", json={"everywhere": False}, headers=headers)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("192.168.1.9:8080", 200, id="address"),
        pytest.param("[fd00::9]:8080", 200, id="IPv6 address"),
        pytest.param(f"{socket.gethostname()}:8080", 200, id="name of the machine"),
        pytest.param(f"{socket.gethostname().partition('.')[0].upper()}.local", 200, id="name in the local network"),
        pytest.param("fifteen.shop.example", 200, id="name of the setting"),
        pytest.param("shop.example", 403, id="foreign name"),
        pytest.param("192.168.1.9.shop.example", 403, id="name that begins like an address"),
    ],
)
def test_with_a_pin_it_answers_to_its_addresses_its_names_and_those_of_the_setting(with_pin, host, status):
    settings = TrainerSettings(web=WebSettings(names=("fifteen.shop.example",)))
    with_pin.extensions["services"] = replace(with_pin.extensions["services"], settings=lambda: settings)

    assert with_pin.test_client().get("/sign-in", headers={"Host": host}).status_code == status


def test_a_stream_ends_with_its_session(with_pin, people, model):
    token = people.sign_in(PIN, "phone", known=False)
    server = Site(with_pin)
    lines = {}
    for path in ("/api/cameras/events", "/live/stream?camera=aisle-4", f"/api/models/{model.id}/training/events"):
        lines[path] = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        lines[path].request("GET", path, headers={"Cookie": f"{COOKIE}={token}"})
    answers = {path: line.getresponse() for path, line in lines.items()}
    assert {path: answer.status for path, answer in answers.items()} == dict.fromkeys(lines, 200)
    assert all(answer.read(8) for answer in answers.values())

    people.sign_out(token)

    for answer in answers.values():
        answer.read()
    for line in lines.values():
        line.close()


def test_a_stream_of_the_device_itself_ends_when_a_pin_is_set(app, people, here):
    answer = here.get("/live/stream?camera=aisle-4")
    parts = answer.iter_encoded()
    next(parts)

    people.set_first_pin(PIN, "this machine", known=True, code=None)

    assert list(parts) == []
    answer.close()


def test_sessions_that_go_on_after_a_restart_are_those_of_before(with_pin, people, build_app, workshop):
    token = people.sign_in(PIN, "phone", known=False)
    again = build_app().test_client()
    again.set_cookie(COOKIE, token)

    assert again.get("/models").status_code == 200
    assert token not in (workshop.folder / SESSIONS_FILE).read_text()
