import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from edge_common.settings import ActionSettings, MqttSettings
from edge_common.skills.steps import PublishAction
from modules.inference.skills.actions.publish import Publish
from modules.inference.skills.changes import Job
from modules.inference.skills.doer import NotNow, Refused
from tests.inference.skills.broker import Broker
from tests.inference.skills.test_doer import job

pytestmark = [
    # paho leaves the pair of sockets by which it wakes itself to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <s:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def broker() -> Iterator[Broker]:
    with closing(Broker()) as made:
        yield made


def settings(broker: Broker, password: str = "hush") -> ActionSettings:
    return ActionSettings(mqtt=MqttSettings(host="127.0.0.1", port=broker.port, user="shop", password=password))


def asked(number: int) -> Job:
    action = PublishAction(when="low", topic="shop/alerts")
    return Job.model_validate_json(job(number)).model_copy(update={"actions": (action,)})


def test_the_event_comes_at_the_topic_once_the_broker_has_taken_it(broker: Broker) -> None:
    with closing(Publish(lambda: settings(broker), "fifteen")) as publish:
        publish(asked(1))
        publish(asked(2))

    assert [(one.topic, one.qos, json.loads(one.payload)["id"]) for one in broker.heard] == [
        ("shop/alerts", 1, "1"),
        ("shop/alerts", 1, "2"),
    ]
    assert [(one.client_id, one.user) for one in broker.connects] == [("fifteen", "shop")]


def test_a_broker_that_lets_nobody_in_may_do_so_later(broker: Broker) -> None:
    with closing(Publish(lambda: settings(broker, "wrong"), "fifteen", 1.0)) as publish:
        with pytest.raises(NotNow, match=r"not authori[sz]ed"):
            publish(asked(1))
        broker.password = "wrong"
        publish(asked(1))

    assert len(broker.heard) == 1


def test_a_broker_that_does_not_answer_is_given_only_so_long(broker: Broker) -> None:
    broker.silent = True
    with closing(Publish(lambda: settings(broker), "fifteen", 0.3)) as publish:
        with pytest.raises(NotNow, match=r"not taken within 0\.3 s"):
            publish(asked(1))
        broker.silent = False
        publish(asked(1))

    assert [json.loads(one.payload)["id"] for one in broker.heard] == ["1"]


def test_a_broker_that_is_gone_may_come_back(broker: Broker) -> None:
    broker.close()
    with (
        closing(Publish(lambda: settings(broker), "fifteen", 1.0)) as publish,
        pytest.raises(NotNow, match="refused"),
    ):
        publish(asked(1))


def test_without_a_broker_there_is_nothing_to_wait_for() -> None:
    with (
        closing(Publish(ActionSettings, "fifteen")) as publish,
        pytest.raises(Refused, match=r"actions\.mqtt expected"),
    ):
        publish(asked(1))


def test_other_settings_are_taken_with_the_next_event(broker: Broker) -> None:
    with closing(Broker("other")) as second, closing(Publish(lambda: now[0], "fifteen")) as publish:
        now = [settings(broker)]
        publish(asked(1))
        now[0] = settings(second, "other")
        publish(asked(2))

        assert [json.loads(one.payload)["id"] for one in second.heard] == ["2"]
    assert [json.loads(one.payload)["id"] for one in broker.heard] == ["1"]
