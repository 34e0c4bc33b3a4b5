"""The PIN and the sessions of a device, on the disk and over restarts."""

import json
import stat
import subprocess
import sys
import threading

import pytest

from edge_common.errors import Conflict, EdgeError, InvalidInput
from edge_common.network import PIN_FILE
from modules.trainer_agent.people import SESSIONS_FILE, People, WrongPin
from modules.trainer_agent.slow_down import TooSoon
from tests.trainer_agent.conftest import REPOSITORY

PIN, OTHER = "280614", "907153"
HOUR_S = 3600.0


class Device:
    """A data folder, a clock that a test sets, and what was told to the twin."""

    def __init__(self, folder):
        self.folder = folder
        self.now_s = 1_000_000.0
        self.told = {}
        self.asked, self.answers = threading.Event(), threading.Event()
        self.answers.set()
        self.people = self.start()

    def start(self):
        """The people of this device, as after a restart."""
        self.people = People(
            self.folder, lambda patch: self.told.update(patch["sign_in"]), clock=self.time, today=self.date
        )
        self.people.announce()
        return self.people

    def time(self):
        return self.now_s

    def date(self):
        """As slow as a test wants: a sign-in asks for it."""
        self.asked.set()
        assert self.answers.wait(10)
        return self.now_s

    def wrong(self, times, who="phone", *, known=False):
        for _ in range(times):
            with pytest.raises(WrongPin):
                self.people.sign_in("000000", who, known=known)


@pytest.fixture
def device(tmp_path):
    return Device(tmp_path)


@pytest.fixture
def with_pin(device):
    device.people.set_first_pin(PIN, "this machine", known=True, code=None)
    return device


def test_the_first_pin_is_set_at_the_device_and_signs_in(device):
    token = device.people.set_first_pin(PIN, "this machine", known=True, code=None)

    assert device.people.pin_is_set
    assert device.people.is_signed_in(token)
    assert not device.people.is_signed_in("another")
    assert device.told == {"pin_set": True, "setup_code": None}


def test_from_elsewhere_the_first_pin_needs_the_code_that_the_twin_tells(device):
    with pytest.raises(WrongPin, match="set-up code"):
        device.people.set_first_pin(PIN, "phone", known=False, code="AAAA-AAAA")
    assert not device.people.pin_is_set

    device.people.set_first_pin(PIN, "phone", known=False, code=device.told["setup_code"])

    assert device.people.pin_is_set


def test_each_start_without_a_pin_has_a_code_of_its_own_and_logs_it(device, caplog):
    before = device.told["setup_code"]

    with caplog.at_level("INFO"):
        device.start()

    assert device.told["setup_code"] != before
    assert device.told["setup_code"] in caplog.text


def test_wrong_codes_are_slowed_like_wrong_pins(device):
    for _ in range(3):
        with pytest.raises(WrongPin):
            device.people.set_first_pin(PIN, "phone", known=False, code="AAAA-AAAA")

    with pytest.raises(TooSoon, match="Wait 2 seconds"):
        device.people.set_first_pin(PIN, "phone", known=False, code=device.told["setup_code"])


def test_an_easy_pin_is_refused_and_none_is_set(device):
    with pytest.raises(InvalidInput, match="Please choose"):
        device.people.set_first_pin("123456", "this machine", known=True, code=None)

    assert not device.people.pin_is_set


def test_a_first_pin_is_set_once(with_pin):
    with pytest.raises(Conflict, match="meanwhile"):
        with_pin.people.set_first_pin(OTHER, "this machine", known=True, code=None)

    assert with_pin.people.sign_in(PIN, "phone", known=False)


def test_nobody_else_may_read_the_files_and_they_hold_neither_pin_nor_token(with_pin):
    token = with_pin.people.sign_in(PIN, "phone", known=False)

    for file in (with_pin.folder / PIN_FILE, with_pin.folder / SESSIONS_FILE):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert PIN not in file.read_text()
        assert token not in file.read_text()
    assert stat.S_IMODE((with_pin.folder / PIN_FILE).parent.stat().st_mode) == 0o700


def test_a_restart_keeps_people_signed_in(with_pin):
    token = with_pin.people.sign_in(PIN, "phone", known=False)

    assert with_pin.start().is_signed_in(token)


def test_a_session_ends_after_its_hours_and_the_browser_stays_known(with_pin):
    token = with_pin.people.sign_in(PIN, "phone", known=False)

    with_pin.now_s += 12 * HOUR_S - 1
    assert with_pin.people.is_signed_in(token)
    with_pin.now_s += 1
    assert not with_pin.people.is_signed_in(token)
    assert with_pin.people.is_known(token)


def test_the_length_of_sessions_counts_for_those_that_go_on(with_pin):
    token = with_pin.people.sign_in(PIN, "phone", known=False)
    with_pin.now_s += 2 * HOUR_S

    with_pin.people.set_hours(1)
    assert not with_pin.people.is_signed_in(token)
    with_pin.people.set_hours(168)

    assert with_pin.start().is_signed_in(token)


def test_sessions_of_a_clock_that_was_years_ahead_do_not_last_for_years(with_pin):
    with_pin.now_s += 20_000 * HOUR_S
    token = with_pin.people.sign_in(PIN, "phone", known=False)

    with_pin.now_s -= 20_000 * HOUR_S

    assert not with_pin.people.is_signed_in(token)


def test_no_other_length_is_taken(with_pin):
    with pytest.raises(InvalidInput, match="1, 12, 168, 720"):
        with_pin.people.set_hours(2)


def test_signing_out_ends_one_session_and_everywhere_ends_all(with_pin):
    tokens = [with_pin.people.sign_in(PIN, "phone", known=False) for _ in range(3)]

    with_pin.people.sign_out(tokens[0])
    assert [with_pin.people.is_signed_in(token) for token in tokens] == [False, True, True]
    with_pin.people.sign_out_everywhere()

    assert not any(with_pin.start().is_signed_in(token) for token in tokens)


def test_changing_the_pin_asks_for_the_present_one_and_ends_every_other_session(with_pin):
    token = with_pin.people.sign_in(PIN, "phone", known=False)
    with pytest.raises(WrongPin, match="present PIN"):
        with_pin.people.change_pin(OTHER, "753198", "phone")

    mine = with_pin.people.change_pin(PIN, OTHER, "phone")

    assert with_pin.people.is_signed_in(mine)
    assert not with_pin.people.is_signed_in(token)
    assert not with_pin.people.is_known(token)
    with pytest.raises(WrongPin):
        with_pin.people.sign_in(PIN, "phone", known=False)
    assert with_pin.people.sign_in(OTHER, "phone", known=False)


def test_wrong_pins_wait_and_even_the_right_one_is_not_looked_at_meanwhile(with_pin):
    with_pin.wrong(3)

    with pytest.raises(TooSoon) as refused:
        with_pin.people.sign_in(PIN, "phone", known=False)
    assert refused.value.wait_s == 2
    with_pin.now_s += 2

    assert with_pin.people.sign_in(PIN, "phone", known=False)


def test_guesses_from_everywhere_slow_down_strangers_over_a_restart_but_no_one_known(with_pin):
    for number in range(24):
        with_pin.wrong(1, f"stranger {number}", known=True)

    with_pin.start()

    with pytest.raises(TooSoon):
        with_pin.people.sign_in(PIN, "phone", known=False)
    assert with_pin.people.sign_in(PIN, "phone", known=True)


def test_while_one_pin_is_looked_at_no_other_is(with_pin):
    tokens = []
    with_pin.asked.clear()
    with_pin.answers.clear()
    first = threading.Thread(target=lambda: tokens.append(with_pin.people.sign_in(PIN, "phone", known=False)))
    first.start()
    assert with_pin.asked.wait(10)

    with pytest.raises(TooSoon):
        with_pin.people.sign_in(PIN, "till", known=False)

    with_pin.answers.set()
    first.join()
    assert with_pin.people.is_signed_in(tokens[0])


def test_a_damaged_pin_opens_nothing_and_says_who_can_help(with_pin):
    token = with_pin.people.sign_in(PIN, "phone", known=False)
    (with_pin.folder / PIN_FILE).write_text("{")

    assert with_pin.start().pin_is_set
    assert with_pin.people.is_signed_in(token)
    with pytest.raises(EdgeError, match="can reset the PIN"):
        with_pin.people.sign_in(PIN, "phone", known=False)


def test_damaged_sessions_only_ask_everybody_to_sign_in_again(with_pin):
    token = with_pin.people.sign_in(PIN, "phone", known=False)
    (with_pin.folder / SESSIONS_FILE).write_text(json.dumps({"hours": 5}))

    assert not with_pin.start().is_signed_in(token)
    assert with_pin.people.sign_in(PIN, "phone", known=False)


def test_on_a_full_disk_staff_can_sign_in_and_make_room(with_pin):
    (with_pin.folder / SESSIONS_FILE).unlink()
    (with_pin.folder / SESSIONS_FILE).mkdir()

    token = with_pin.people.sign_in(PIN, "phone", known=False)
    with_pin.wrong(1)

    assert with_pin.people.is_signed_in(token)
    with pytest.raises(EdgeError, match="cannot be stored"):
        with_pin.people.sign_out_everywhere()
    assert not with_pin.people.is_signed_in(token)


def test_a_new_pin_that_cannot_be_stored_is_none(device):
    (device.folder / SESSIONS_FILE).mkdir()

    with pytest.raises(EdgeError, match="cannot be stored"):
        device.people.set_first_pin(PIN, "this machine", known=True, code=None)

    assert not device.people.pin_is_set


def test_a_forgotten_pin_is_reset_by_a_command_while_the_page_runs(with_pin):
    token = with_pin.people.sign_in(PIN, "phone", known=False)
    command = [sys.executable, "-m", "modules.trainer_agent.forget_pin", "--data", str(with_pin.folder)]

    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)

    assert not with_pin.people.pin_is_set
    assert not with_pin.people.is_signed_in(token)
    assert subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True).returncode == 1
    with_pin.people.need_code()
    with_pin.people.set_first_pin(OTHER, "phone", known=False, code=with_pin.told["setup_code"])
    assert not with_pin.people.is_signed_in(token)
