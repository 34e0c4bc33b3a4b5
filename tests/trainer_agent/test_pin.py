"""What may be a PIN, how it is stored, and set-up codes."""

import re

import pytest

from edge_common.errors import InvalidInput
from modules.trainer_agent.pin import checked_pin, fits, kept, new_code, same_code


@pytest.mark.parametrize("pin", ["280614", "123456789014", "11 22 34", "908172"])
def test_a_pin_of_six_to_twelve_digits_is_taken(pin):
    assert checked_pin(pin) == pin.replace(" ", "")


@pytest.mark.parametrize("pin", ["", "12345", "1234567890123", "28061a", "²80614", "٢٨٠٦١٤", "28-06-14"])
def test_what_is_no_pin_is_refused_saying_what_is(pin):
    with pytest.raises(InvalidInput, match="6 to 12 digits"):
        checked_pin(pin)


@pytest.mark.parametrize(
    "pin", ["000000", "123456", "987654", "890123", "121212", "123123", "12341234", "1212121", "111222"]
)
def test_a_pin_that_anybody_would_guess_is_refused_kindly(pin):
    with pytest.raises(InvalidInput, match="Please choose"):
        checked_pin(pin)


def test_a_stored_pin_knows_itself_alone_and_has_a_salt_of_its_own():
    stored, again = kept("280614"), kept("280614")

    assert fits("280614", stored)
    assert fits("280 614", stored)
    assert not fits("280615", stored)
    assert not fits("", stored)
    assert stored.hash != again.hash
    assert "280614" not in stored.model_dump_json()


def test_a_set_up_code_is_clear_to_read_and_easy_to_type():
    code = new_code()

    assert re.fullmatch(r"[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}", code)
    assert code != new_code()
    assert same_code(code, code)
    assert same_code(f" {code.lower().replace('-', ' ')}", code)
    assert not same_code(code[:-1], code)
    assert not same_code("Ä", code)
