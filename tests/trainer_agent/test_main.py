"""The module as a process: it answers, and it ends when told."""

import hashlib
import http.client
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from edge_common.hub import LocalHub
from edge_common.network import network_addresses
from edge_common.packages import PackageStore
from tests.trainer_agent.conftest import REPOSITORY
from tests.trainer_agent.handoff.made import put_live
from tests.waiting import wait_for


def start(tmp_path, *more):
    places = ("--data", tmp_path / "data", "--zoo", tmp_path / "zoo")
    endpoints = ("--frames", f"ipc://{tmp_path}/frames", "--results", f"ipc://{tmp_path}/results")
    endpoints += ("--questions", f"ipc://{tmp_path}/questions")
    command = [sys.executable, "-m", "modules.trainer_agent", *map(str, places), *endpoints, "--port", "0", *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, cwd=REPOSITORY, text=True)


def test_it_tells_where_the_page_is_answers_and_ends_within_two_seconds(tmp_path):
    with start(tmp_path) as trainer:
        address = re.search(r"http://127\.0\.0\.1:\d+/", next(line for line in trainer.stderr if "http" in line))[0]
        with urllib.request.urlopen(f"{address}api/cameras") as answer:
            assert json.load(answer) == {"cameras": []}

        asked_s = time.monotonic()
        trainer.send_signal(signal.SIGTERM)
        trainer.communicate(timeout=10)

    assert trainer.returncode == 0
    assert time.monotonic() - asked_s < 2


def test_a_port_that_is_taken_ends_it_with_the_reason(tmp_path):
    with start(tmp_path / "first") as first:
        port = re.search(r"127\.0\.0\.1:(\d+)/", next(line for line in first.stderr if "http" in line))[1]
        with start(tmp_path / "second", "--port", port) as second:
            said = second.communicate(timeout=20)[1]
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=10)

    assert second.returncode == 1
    assert "in use" in said


def ask(address, port, method, path, body=None, cookie=""):
    """Status, JSON and cookie of an answer, over a connection of its own to an address of this machine."""
    connection = http.client.HTTPConnection(address, port, timeout=10)
    headers = {"Content-Type": "application/json", "Origin": f"http://{address}:{port}", "Cookie": cookie}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    told = answer.status, json.load(answer), (answer.headers["Set-Cookie"] or "").partition(";")[0]
    connection.close()
    return told


def test_from_the_network_it_lets_in_only_who_has_the_set_up_code_and_then_the_pin(tmp_path):
    address = next(iter(network_addresses()), None)
    if address is None:
        pytest.skip("this machine is in no network")
    with start(tmp_path) as trainer:
        code = re.search(r"set-up code is (\S+)", next(line for line in trainer.stderr if "set-up code" in line))[1]
        port = int(re.search(r"127\.0\.0\.1:(\d+)/", next(line for line in trainer.stderr if "http" in line))[1])

        before = ask(address, port, "GET", "/api/cameras")
        at_the_device = ask("127.0.0.1", port, "GET", "/api/cameras")
        wrong = ask(address, port, "POST", "/api/first-pin", {"pin": "280614", "code": "AAAA-AAAA"})
        first = ask(address, port, "POST", "/api/first-pin", {"pin": "280614", "code": code})
        signed_in = ask(address, port, "GET", "/api/cameras", cookie=first[2])
        at_the_device_then = ask("127.0.0.1", port, "GET", "/api/cameras")
        trainer.send_signal(signal.SIGTERM)
        trainer.communicate(timeout=10)

    asked = [before, at_the_device, wrong, first, signed_in, at_the_device_then]
    assert [answer[0] for answer in asked] == [401, 200, 403, 200, 200, 401]
    assert signed_in[1] == {"cameras": []}


@pytest.mark.parametrize("host", ["shop.invalid", "192.0.2.250"])
def test_an_address_that_is_not_of_this_machine_ends_it_with_the_reason(tmp_path, host):
    with start(tmp_path, "--host", host) as trainer:
        said = trainer.communicate(timeout=20)[1]

    assert trainer.returncode == 1
    assert "ERROR" in said


def test_a_live_model_is_served_to_azureeyemodule_at_the_address_that_the_twin_tells(tmp_path):
    put_live(PackageStore(tmp_path / "data" / "models"), "v1")
    twin = tmp_path / "data" / "twins" / "trainer_agent"
    with start(tmp_path) as trainer:
        address = re.search(r"http://127\.0\.0\.1:\d+", next(line for line in trainer.stderr if "http" in line))[0]
        LocalHub(twin).desire({"handoff": {"to": "azureeyemodule", "base_url": address}})

        def told():
            return json.loads((twin / "reported.json").read_bytes()).get("handoff", {}).get("shelf", {})

        wait_for(lambda: told().get("state") == "ready", says=told)
        with urllib.request.urlopen(told()["url"]) as answer:
            fetched = answer.read()
        trainer.send_signal(signal.SIGTERM)
        trainer.communicate(timeout=10)

    assert hashlib.sha256(fetched).hexdigest() == told()["sha256"]
    assert trainer.returncode == 0
