"""A PIN: what may be one, how it is kept, and the code for setting the first one from another device. Pure."""

import hashlib
import hmac
import secrets
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from edge_common.errors import InvalidInput
from edge_common.sentences import sentence
from edge_common.setting_groups import Settings

SHORTEST, LONGEST = 6, 12
_IN_A_ROW = "0123456789" * 3
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without those that look alike: 0 and O, 1, I and L, U and V."""
_CODE_LENGTH = 8
_Hexadecimal = Annotated[str, StringConstraints(pattern="^(?:[0-9a-f]{2})+$")]


class KeptPin(Settings):
    """What is stored of a PIN: scrypt (RFC 7914) of it with a salt of its own. It takes 16 MB and some 50 ms."""

    method: Literal["scrypt"] = "scrypt"
    salt: _Hexadecimal
    n: int = Field(default=2**14, ge=2, le=2**16)
    r: int = Field(default=8, ge=1, le=16)
    p: int = Field(default=1, ge=1, le=4)
    hash: _Hexadecimal


def checked_pin(text: str) -> str:
    """The digits of a new PIN, without the spaces between them; raises InvalidInput saying what to do."""
    pin = "".join(text.split())
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        raise InvalidInput(
            sentence("A PIN has %(least)s to %(most)s digits and nothing else.", least=SHORTEST, most=LONGEST)
        )
    if is_easy(pin):
        raise InvalidInput(
            sentence("That PIN is one of the first that anybody tries. Please choose one with less of a pattern.")
        )
    return pin


def is_easy(pin: str) -> bool:
    """Two different digits at most, one part over and over (123123), or digits in a row, up or down (123456)."""
    repeated = any(pin == (pin[:size] * len(pin))[: len(pin)] for size in range(1, len(pin) // 2 + 1))
    return repeated or len(set(pin)) < 3 or pin in _IN_A_ROW or pin in _IN_A_ROW[::-1]


def kept(pin: str) -> KeptPin:
    """What to store of a PIN."""
    blank = KeptPin(salt=secrets.token_hex(16), hash="00")
    return blank.model_copy(update={"hash": _hash(pin, blank).hex()})


def fits(text: str, stored: KeptPin) -> bool:
    """Whether this is the PIN that is stored."""
    return hmac.compare_digest(_hash("".join(text.split()), stored), bytes.fromhex(stored.hash))


def new_code() -> str:
    """A set-up code: eight clear characters at random, 39 bits, as two groups of four."""
    letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def same_code(typed: str, code: str) -> bool:
    """Whether a code was typed right, in whatever case, with hyphen or without."""
    return hmac.compare_digest(_bare(typed), _bare(code))


def _bare(code: str) -> bytes:
    return "".join(code.split()).replace("-", "").upper().encode()


def _hash(pin: str, how: KeptPin) -> bytes:
    room = 2 * 128 * how.n * how.r
    return hashlib.scrypt(pin.encode(), salt=bytes.fromhex(how.salt), n=how.n, r=how.r, p=how.p, maxmem=room, dklen=32)
