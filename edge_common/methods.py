"""Direct methods: what the cloud may ask of a module, checked by a schema, answered with a status, once for each id."""

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import Field

from edge_common.errors import ConfigError, Conflict, EdgeError, InvalidInput, NotFound, PackageError
from edge_common.setting_groups import Settings, parse_settings

log = logging.getLogger(__name__)

MOST_PAYLOAD_BYTES = 128 * 1024
"""Of a request and of an answer, as Azure allows."""
_ANSWERS_KEPT = 200
_STATUS: tuple[tuple[type[EdgeError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (PackageError, 409),
    (InvalidInput, 400),
)


class Request(Settings):
    """What every request may have."""

    request_id: str | None = Field(
        default=None,
        alias="requestId",
        min_length=1,
        max_length=64,
        description="the same request twice is done once, and answered alike, while the module runs",
    )


Asked = TypeVar("Asked", bound=Request)


@dataclass(frozen=True)
class Answer:
    """An HTTP-like status and what goes with it, as JSON."""

    status: int
    payload: Any


@dataclass(frozen=True)
class Method(Generic[Asked]):
    """`run` raises EdgeError. What it gives is answered with 200, an Answer as it is: 202 when it goes on."""

    request: type[Asked]
    run: Callable[[Asked], Any]
    timeout_s: float = 10.0


class MethodDesk:
    """Takes one call after the other; every method may be called from any thread."""

    def __init__(self, methods: Mapping[str, Method[Any]]) -> None:
        self._methods = methods
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], tuple[str, Answer | None]] = OrderedDict()

    def answer(self, name: str, payload: object) -> Answer:
        """200, 202; 400 with all problems, 404, 409; 500, and 504 when it takes too long. Raises nothing."""
        method = self._methods.get(name)
        if method is None:
            known = ", ".join(sorted(self._methods)) or "no method"
            return _problem(404, "not_found", [f"method: {known} expected, got {name!r}"])
        try:
            asked = parse_settings(method.request, {} if payload is None else payload)
        except ConfigError as error:
            return _problem(400, error.code, error.problems)
        if asked.request_id is None:
            return self._run(name, method, asked, None)
        key, said = (name, asked.request_id), json.dumps(payload, sort_keys=True)
        with self._lock:
            before = self._answers.get(key)
            if before is None:
                self._answers[key] = (said, None)
                if len(self._answers) > _ANSWERS_KEPT:
                    self._answers.popitem(last=False)
        if before is None:
            return self._run(name, method, asked, (key, said))
        if before[0] != said:
            return _problem(409, "conflict", ["requestId: it was used before, for another request"])
        return before[1] or _problem(409, "conflict", ["requestId: that request is still being worked on"])

    def _run(
        self, name: str, method: Method[Any], asked: Request, kept_as: tuple[tuple[str, str], str] | None
    ) -> Answer:
        outcome: list[Answer] = []

        def work() -> None:
            answer = _answered(name, method, asked)
            if kept_as is not None:
                with self._lock:
                    self._answers[kept_as[0]] = (kept_as[1], answer)
            outcome.append(answer)

        worker = threading.Thread(target=work, name=f"method {name}", daemon=True)
        worker.start()
        worker.join(method.timeout_s)
        if not outcome:
            return _problem(504, "timeout", [f"{name} did not end within {method.timeout_s:g} s; it goes on"])
        return outcome[0]


def _answered(name: str, method: Method[Any], asked: Request) -> Answer:
    try:
        result = method.run(asked)
    except EdgeError as error:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        return _problem(status, error.code, [str(error)])
    except Exception as error:  # whoever asked must have an answer, and the log what it was
        log.exception("method %s failed", name)
        return _problem(500, "error", [f"{name} failed: {type(error).__name__}"])
    answer = result if isinstance(result, Answer) else Answer(200, result)
    size = len(json.dumps(answer.payload))
    if size > MOST_PAYLOAD_BYTES:
        return _problem(500, "too_large", [f"an answer of at most {MOST_PAYLOAD_BYTES} bytes expected, got {size}"])
    return answer


def _problem(status: int, code: str, problems: Sequence[str]) -> Answer:
    return Answer(status, {"error": {"code": code, "problems": list(problems)}})
