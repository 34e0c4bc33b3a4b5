import threading
from collections.abc import Callable
from typing import Any

import pytest

from edge_common.errors import Conflict, InvalidInput, LearningError, NotFound
from edge_common.methods import Answer, Method, MethodDesk, Request


class Add(Request):
    a: int
    b: int = 1


def desk_of(run: Callable[[Any], Any], **options: Any) -> MethodDesk:
    return MethodDesk({"add": Method(Add, run, **options)})


def raising(error: Exception) -> Callable[[Add], None]:
    def run(asked: Add) -> None:
        raise error

    return run


def problems(answer: Answer) -> list[str]:
    found: list[str] = answer.payload["error"]["problems"]
    return found


def test_a_request_is_checked_and_answered() -> None:
    assert desk_of(lambda asked: asked.a + asked.b).answer("add", {"a": 2}) == Answer(200, 3)


def test_what_goes_on_is_answered_as_the_method_says() -> None:
    assert desk_of(lambda asked: Answer(202, "later")).answer("add", {"a": 2}) == Answer(202, "later")


def test_all_problems_of_a_request_are_told() -> None:
    answer = desk_of(lambda asked: None).answer("add", {"b": "x", "c": 1})

    assert answer.status == 400
    assert [problem.partition(":")[0] for problem in problems(answer)] == ["a", "b", "c"]


@pytest.mark.parametrize("payload", [[1], "text", 5, None], ids=str)
def test_a_payload_that_is_no_request_is_refused(payload: object) -> None:
    assert desk_of(lambda asked: None).answer("add", payload).status == 400


def test_a_method_that_is_not_there_is_told_with_those_that_are() -> None:
    answer = desk_of(lambda asked: None).answer("take", {})

    assert answer.status == 404
    assert problems(answer) == ["method: add expected, got 'take'"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("gone"), 404, "not_found"),
        (Conflict("busy"), 409, "conflict"),
        (InvalidInput("odd"), 400, "invalid_input"),
        (LearningError("no"), 500, "training_failed"),
        (ZeroDivisionError("secret"), 500, "error"),
    ],
    ids=lambda value: str(value),
)
def test_faults_have_a_status_and_a_code(error: Exception, status: int, code: str) -> None:
    answer = desk_of(raising(error)).answer("add", {"a": 1})

    assert (answer.status, answer.payload["error"]["code"]) == (status, code)
    assert "secret" not in str(answer.payload)


def test_the_same_request_again_is_answered_alike_and_not_done_again() -> None:
    done: list[int] = []
    desk = desk_of(lambda asked: done.append(asked.a) or len(done))

    answers = [desk.answer("add", {"a": 1, "requestId": "r1"}) for _ in range(3)]

    assert answers == [Answer(200, 1)] * 3
    assert done == [1]
    assert desk.answer("add", {"a": 2, "requestId": "r1"}).status == 409
    assert desk.answer("add", {"a": 1, "requestId": "r2"}) == Answer(200, 2)


def test_a_method_that_takes_too_long_goes_on_and_is_not_started_twice() -> None:
    go_on = threading.Event()
    desk = desk_of(lambda asked: go_on.wait(5), timeout_s=0.1)

    first = desk.answer("add", {"a": 1, "requestId": "r1"})
    again = desk.answer("add", {"a": 1, "requestId": "r1"})
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "method add":
            thread.join()

    assert (first.status, again.status) == (504, 409)
    assert desk.answer("add", {"a": 1, "requestId": "r1"}) == Answer(200, True)


def test_an_answer_that_azure_would_not_carry_is_told_instead() -> None:
    assert desk_of(lambda asked: "x" * 140_000).answer("add", {"a": 1}).status == 500
