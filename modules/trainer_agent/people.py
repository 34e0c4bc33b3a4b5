"""Who may use the page: the PIN, the sessions of those who signed in with it, and how wrong tries are slowed.

Kept in two files of a folder that nobody else may read. Without the file of the PIN there is none, whatever else is
there: deleting it is how a forgotten one is reset, also while this runs.
"""

import hashlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import Field, StringConstraints

from edge_common.durable import write_file
from edge_common.errors import ConfigError, Conflict, EdgeError, InvalidInput
from edge_common.network import PIN_FILE
from edge_common.sentences import Sentence, sentence
from edge_common.setting_groups import Settings, parse_settings
from modules.trainer_agent.pin import KeptPin, checked_pin, fits, kept, new_code, same_code
from modules.trainer_agent.slow_down import SlowDown, TooSoon, waiting_words

log = logging.getLogger(__name__)

SESSIONS_FILE = PIN_FILE.with_name("sessions.json")
Hours = Literal[1, 12, 168, 720]
KNOWN_FOR_S = 90 * 86_400.0
"""A browser that was signed in within this time need not wait for what others did wrong."""
_MOST_SESSIONS = 500
_PATIENCE_S = 1.0
_Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
_Kind = TypeVar("_Kind", bound=Settings)


class WrongPin(EdgeError):
    """A PIN or set-up code that was looked at and is not the one."""

    code = "wrong_pin"


class Sessions(Settings):
    """What the second file holds."""

    hours: Hours = 12
    """How long a session lasts from its sign-in on."""
    started: dict[_Digest, float] = Field(default={})
    """When each began, in seconds since 1970, by the SHA-256 of its token: whoever reads this file can use none."""
    wrong_tries: int = Field(default=0, ge=0)


class People:
    """The PIN and the sessions of one device; safe to call from any thread."""

    def __init__(
        self,
        data: Path,
        report: Callable[[Mapping[str, Any]], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives seconds and never goes back, `today` seconds since 1970."""
        self._pin_file, self._sessions_file = data / PIN_FILE, data / SESSIONS_FILE
        self._report = report
        self._clock, self._today = clock, today
        self._trying = threading.Lock()
        """Held by the one try that is looked at: hashing a PIN takes memory and a processor."""
        self._changing = threading.Lock()
        self._code = ""
        self._pin_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sessions = self._read_sessions()
        self._slow = SlowDown(clock(), self._sessions.wrong_tries)

    @property
    def pin_is_set(self) -> bool:
        """Also when its file cannot be read: damage must not open the page."""
        return self._pin_file.exists()

    @property
    def hours(self) -> Hours:
        return self._sessions.hours

    def announce(self) -> None:
        """Tell the log and the twin whether there is a PIN, and without one the code for setting it from elsewhere."""
        with self._changing:
            if self.pin_is_set:
                self._code = ""
            elif not self._code:
                self._code = new_code()
                log.info("no PIN is set; to set one from another device, the set-up code is %s", self._code)
            self._report({"sign_in": {"pin_set": not self._code, "setup_code": self._code or None}})

    def need_code(self) -> None:
        """See to it that there is a set-up code: the PIN may have been forgotten while this runs."""
        if not self._code:
            self.announce()

    def set_first_pin(self, pin: str, who: str, *, known: bool, code: str | None) -> str:
        """Set the PIN while there is none; the token of a new session.

        `code`: what was typed as set-up code; None if none is needed, at the device itself.
        Raises InvalidInput, Conflict, WrongPin, TooSoon.
        """
        self.need_code()
        with self._one_try(who, known):
            if self.pin_is_set:
                raise Conflict(sentence("A PIN was set meanwhile. Sign in with it."))
            if code is not None:
                self._judge(same_code(code, self._code), who, sentence("That is not the set-up code."))
            token = self._keep(checked_pin(pin))
        self.announce()
        return token

    def sign_in(self, pin: str, who: str, *, known: bool) -> str:
        """The token of a new session; raises WrongPin, TooSoon, Conflict without a PIN."""
        with self._one_try(who, known):
            self._judge(fits(pin, self._stored_pin()), who, sentence("That is not the PIN."))
            with self._changing:
                return self._start_session(self._sessions.started)

    def change_pin(self, present: str, pin: str, who: str) -> str:
        """Set another PIN, which ends all sessions; the token of a new one. Raises as `sign_in`, and InvalidInput."""
        with self._one_try(who, known=True):
            self._judge(fits(present, self._stored_pin()), who, sentence("That is not the present PIN."))
            return self._keep(checked_pin(pin))

    def is_signed_in(self, token: str) -> bool:
        """Whether a session goes on; None does while there is no PIN."""
        started_s = self._sessions.started.get(_digest(token))
        # Both ways, as a clock that was wrong at one of the two moments must not make a session last for years.
        fresh = started_s is not None and abs(self._today() - started_s) < self.hours * 3600
        return fresh and self.pin_is_set

    def is_known(self, token: str) -> bool:
        """Whether a session, ended or not, was started with the present PIN."""
        return _digest(token) in self._sessions.started

    def sign_out(self, token: str) -> None:
        with self._changing:
            left = {digest: at for digest, at in self._sessions.started.items() if digest != _digest(token)}
            self._write(started=left)

    def sign_out_everywhere(self) -> None:
        with self._changing:
            self._write(started={})

    def set_hours(self, hours: int) -> None:
        """How long sessions last, also those that go on now; raises InvalidInput."""
        if hours not in get_args(Hours):
            raise InvalidInput(f"hours: one of {', '.join(map(str, get_args(Hours)))} expected, got {hours}.")
        with self._changing:
            self._write(hours=hours)

    def _keep(self, pin: str) -> str:
        with self._changing:
            # First of all nobody is signed in: a stop in between must leave no session of another PIN.
            self._write(started={})
            _store(self._pin_file, kept(pin))
            return self._start_session({})

    def _start_session(self, others: Mapping[str, float]) -> str:
        token, now_s = secrets.token_urlsafe(32), self._today()
        recent = sorted((at, digest) for digest, at in others.items() if abs(now_s - at) < KNOWN_FOR_S)
        left = {digest: at for at, digest in recent[1 - _MOST_SESSIONS :]}
        self._write_if_possible(started={**left, _digest(token): now_s})
        return token

    @contextmanager
    def _one_try(self, who: str, known: bool) -> Iterator[None]:
        """One try at a time, and none that has to wait; raises TooSoon."""
        # Who has to wait is told so at once, and not behind those whose try is looked at.
        self._refuse_early(who, known)
        if not self._trying.acquire(timeout=_PATIENCE_S):
            raise TooSoon(_PATIENCE_S)
        try:
            # The one before may have been by the same, and wrong.
            self._refuse_early(who, known)
            yield
        finally:
            self._trying.release()

    def _refuse_early(self, who: str, known: bool) -> None:
        wait_s = self._slow.wait_s(who, self._clock(), known=known)
        if wait_s > 0:
            raise TooSoon(wait_s)

    def _judge(self, right: bool, who: str, wrong: Sentence) -> None:
        if right:
            self._slow.right(who)
            return
        now_s = self._clock()
        self._slow.wrong(who, now_s)
        with self._changing:
            self._write_if_possible(wrong_tries=self._slow.wrong_in_all)
        wait_s = self._slow.wait_s(who, now_s, known=True)
        if not wait_s:
            raise WrongPin(wrong)
        time = waiting_words(wait_s)
        raise WrongPin(sentence("%(wrong)s Wait %(time)s before the next try.", wrong=wrong, time=time))

    def _stored_pin(self) -> KeptPin:
        try:
            return _parsed(KeptPin, self._pin_file.read_bytes())
        except FileNotFoundError as error:
            raise Conflict(sentence("There is no PIN. Load this page again to set one.")) from error
        except (OSError, ValueError) as error:
            log.error("%s cannot be used: %s", self._pin_file, type(error).__name__)
            raise EdgeError(
                sentence("The PIN's file is damaged. Whoever runs this device can reset the PIN.")
            ) from error

    def _read_sessions(self) -> Sessions:
        try:
            return _parsed(Sessions, self._sessions_file.read_bytes())
        except FileNotFoundError:
            return Sessions()
        except (OSError, ValueError) as error:
            log.error("%s cannot be used, everybody must sign in again: %s", self._sessions_file, error)
            return Sessions()

    def _write(self, **changes: Any) -> None:  # noqa: ANN401 (fields of Sessions)
        """It counts at once; raises EdgeError if a restart will not know of it."""
        self._sessions = self._sessions.model_copy(update=changes)
        _store(self._sessions_file, self._sessions)

    def _write_if_possible(self, **changes: Any) -> None:  # noqa: ANN401 (fields of Sessions)
        try:
            self._write(**changes)
        except EdgeError as error:
            # On a full disk staff must be able to sign in, or nobody could make room.
            log.error("%s After a restart everybody may have to sign in again.", error)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _parsed(kind: type[_Kind], data: bytes) -> _Kind:
    values = json.loads(data)
    if not isinstance(values, dict):
        raise ConfigError(["a JSON object expected"])
    return parse_settings(kind, values)


def _store(path: Path, value: Settings) -> None:
    try:
        write_file(path, value.model_dump_json(indent=2).encode(), mode=0o600)
    except OSError as error:
        raise EdgeError(f"This cannot be stored on the device: {error.strerror or error}.") from error
