import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from edge_common.errors import CodecError
from edge_common.results import ResultPublisher
from edge_common.skill_feed import SkillFeed, Told, decode_told, encode_told
from edge_common.skills.told import Shown, SkillEvent, SkillTrace, StepState
from tests.edge_common.test_results import STATE, result

SHOWN = Shown(label="Flasche", confidence=0.9, box=(0.1, 0.2, 0.3, 0.4), thing=7)
TRACE = SkillTrace(
    skill="low",
    draft=True,
    camera="shelf",
    frame_id="5-1",
    taken_ns=5,
    steps={
        "seen": StepState(boxes=(SHOWN, SHOWN.model_copy(update={"box": None})), number=2.0),
        "few": StepState(condition=True),
    },
)
EVENT = SkillEvent(
    id="low.shelf.few.0a1b2c3d-1",
    skill="low",
    name="Fast leer",
    camera="shelf",
    step="few",
    phase="raised",
    time="2026-11-26T10:00:05+00:00",
    since="2026-11-26T10:00:00+00:00",
    text="Bitte auffüllen",
    severity="warning",
    numbers={"how-many": 2.0},
    frame_id="5-1",
)


@pytest.fixture
def endpoint() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="skills-")
    yield f"ipc://{folder}/socket"
    shutil.rmtree(folder)


@pytest.mark.parametrize("told", [TRACE, EVENT], ids=["trace", "event"])
def test_what_is_told_survives_its_codec(told: Told) -> None:
    assert decode_told(encode_told(told)) == told


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        pytest.param([], "2 parts expected", id="nothing"),
        pytest.param([b"skill/trace"], "2 parts expected", id="no body"),
        pytest.param([b"skill/other", b"{}"], "one of .* expected", id="another kind"),
        pytest.param([b"skill/event", b'{"version": 1'], "skill/event: ", id="cut short"),
        pytest.param([b"skill/event", b"\xff"], "skill/event: ", id="not text"),
        pytest.param(
            [b"skill/event", json.dumps(EVENT.model_dump() | {"phase": "over"}).encode()], "phase: ", id="another phase"
        ),
        pytest.param(
            [b"skill/trace", json.dumps(TRACE.model_dump() | {"mood": 1}).encode()], "mood: ", id="a field too many"
        ),
    ],
)
def test_what_is_none_is_refused(parts: list[bytes], reason: str) -> None:
    with pytest.raises(CodecError, match=reason):
        decode_told(parts)


def heard(feed: SkillFeed, publisher: ResultPublisher) -> None:
    """Readers join when they join, so what is published before is not theirs."""
    for _ in range(3000):
        publisher.publish_told(TRACE)
        if feed.next(0.02) is not None:
            break
    while feed.next(0.05) is not None:
        pass


def test_all_is_heard_once_in_order_and_nothing_else(endpoint: str) -> None:
    with closing(ResultPublisher(endpoint)) as publisher, closing(SkillFeed(endpoint)) as feed:
        heard(feed, publisher)
        sent: list[Told] = []
        for number in range(100):
            publisher.publish(result(number))
            publisher.publish_state(STATE)
            told = EVENT if number % 10 == 0 else TRACE.model_copy(update={"taken_ns": number})
            sent.append(told)
            publisher.publish_told(told)

        got = [feed.next(1.0) for _ in sent]

        assert got == sent
        assert feed.next(0.05) is None


def test_several_threads_publish_whole_messages(endpoint: str) -> None:
    with closing(ResultPublisher(endpoint)) as publisher, closing(SkillFeed(endpoint)) as feed:
        heard(feed, publisher)
        threads = [
            threading.Thread(target=lambda: [publisher.publish_told(EVENT) for _ in range(100)]),
            threading.Thread(target=lambda: [publisher.publish(result(number)) for number in range(100)]),
        ]
        for thread in threads:
            thread.start()
        got = [feed.next(1.0) for _ in range(100)]
        for thread in threads:
            thread.join()

        assert got == [EVENT] * 100


def test_time_runs_out_where_nobody_tells_anything(endpoint: str) -> None:
    with closing(SkillFeed(endpoint)) as feed:
        assert feed.next(0.01) is None
