from modules.trainer_agent.insights.pace import ModelPace
from tests.trainer_agent.insights.told import result

SECOND_NS = 1_000_000_000


def told(pace, passed_s=1.0):
    return {
        (trace.skill, trace.camera): {step: state.number for step, state in trace.steps.items()}
        for trace in pace.traces(SECOND_NS, passed_s)
    }


def test_each_model_on_each_camera_has_its_pace():
    pace = ModelPace()
    for ms in (10.0, 30.0):
        pace.heard(result(ms=ms))
    pace.heard(result(camera="till-1"))

    assert told(pace, passed_s=2.0) == {
        ("model:shelf", "aisle-4"): {"frames": 1.0, "ms": 20.0},
        ("model:shelf", "till-1"): {"frames": 0.5, "ms": 20.0},
    }


def test_what_another_device_looked_at_has_no_time():
    pace = ModelPace()
    pace.heard(result(ms=0.0))

    assert told(pace) == {("model:shelf", "aisle-4"): {"frames": 1.0}}


def test_a_model_that_has_stopped_is_told_of_for_a_moment_and_then_no_more():
    pace = ModelPace()
    pace.heard(result())

    seen = [told(pace) for _ in range(6)]

    assert seen[1] == {("model:shelf", "aisle-4"): {"frames": 0.0}}
    assert seen[-1] == {}
