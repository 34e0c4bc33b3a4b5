from typing import Any

import pytest

from edge_common.errors import ConfigError
from edge_common.setting_groups import Settings, acknowledgements, merge_patch, parse_settings
from edge_common.settings import CaptureSettings, InferenceSettings, TrainerSettings

KINDS = [CaptureSettings, InferenceSettings, TrainerSettings]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_section_gives_defaults_that_are_good_themselves(kind: type[Settings]) -> None:
    settings = parse_settings(kind, {})

    assert parse_settings(kind, settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_is_described(kind: type[Settings]) -> None:
    for definition in (kind.model_json_schema(), *kind.model_json_schema().get("$defs", {}).values()):
        for name, field in definition["properties"].items():
            # A constant, such as the kind of a step, is told by what it is of.
            assert {"description", "$ref", "const"} & field.keys(), name


def test_what_a_twin_says_of_itself_is_passed_over() -> None:
    assert parse_settings(InferenceSettings, {"$version": 7, "threads": 3}).threads == 3


@pytest.mark.parametrize(
    ("kind", "desired", "problem"),
    [
        pytest.param(InferenceSettings, {"treads": 2}, "treads: .*not permitted, got 2", id="an unknown key"),
        pytest.param(InferenceSettings, {"threads": 0}, "threads: .*greater than or equal to 1, got 0", id="too few"),
        pytest.param(InferenceSettings, {"backend": "tensorrt"}, "backend: .*got 'tensorrt'", id="an unknown backend"),
        pytest.param(InferenceSettings, {"device": "/bin/sh"}, "device: .*got '/bin/sh'", id="no device"),
        pytest.param(InferenceSettings, {"vpu": {"sdk": "python3"}}, "vpu.sdk: .*got 'python3'", id="an unknown SDK"),
        pytest.param(InferenceSettings, {"vpu": {"python": "x"}}, "vpu.python: .*not permitted", id="a program"),
        pytest.param(
            CaptureSettings, {"cameras": {"Door": {"url": "sim:shelf"}}}, "cameras.Door", id="a bad camera id"
        ),
        pytest.param(CaptureSettings, {"cameras": {"a": {"url": ""}}}, "cameras.a.url: ", id="an empty url"),
        pytest.param(CaptureSettings, {"cameras": {"a": {}}}, "cameras.a.url: Field required", id="no url"),
        pytest.param(TrainerSettings, {"training": {"keep_versions": 1}}, "training.keep_versions", id="one version"),
        pytest.param(TrainerSettings, {"training": []}, "training: ", id="a list for a group"),
    ],
)
def test_bad_settings_are_refused_with_place_and_value(
    kind: type[Settings], desired: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse_settings(kind, desired)


def test_all_problems_are_told_together() -> None:
    with pytest.raises(ConfigError) as refused:
        parse_settings(InferenceSettings, {"threads": 0, "overlap": 2, "colour": "red"})

    assert {problem.partition(":")[0] for problem in refused.value.problems} == {"threads", "overlap", "colour"}


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        InferenceSettings().threads = 4


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        # From the table of RFC 7396, appendix A, as far as both are objects.
        pytest.param({"a": "b"}, {"a": "c"}, {"a": "c"}, id="replaced"),
        pytest.param({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}, id="added"),
        pytest.param({"a": "b"}, {"a": None}, {}, id="deleted"),
        pytest.param({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}, id="one of two deleted"),
        pytest.param({"a": ["b"]}, {"a": "c"}, {"a": "c"}, id="a list replaced"),
        pytest.param({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}, id="below"),
        pytest.param({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}, id="lists are whole"),
        pytest.param({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}, id="deleted where nothing is"),
        pytest.param({"a": "text"}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="an object for a text"),
    ],
)
def test_patches_merge_as_the_standard_says(
    target: dict[str, Any], patch: dict[str, Any], merged: dict[str, Any]
) -> None:
    before = repr(target)

    assert merge_patch(target, patch) == merged
    assert repr(target) == before


def test_every_setting_is_acknowledged_by_its_key() -> None:
    told = acknowledgements(InferenceSettings(threads=3), version=5, code=400, message="no")

    assert told["threads"] == {"value": 3, "ac": 400, "av": 5, "ad": "no"}
    assert set(told) == set(InferenceSettings.model_fields)


def test_passwords_of_cameras_are_not_reported() -> None:
    url = "rtsp://staff:s3cr@t:pass@192.0.2.7:554/main"
    settings = parse_settings(CaptureSettings, {"cameras": {"door": {"url": url}}})

    reported = acknowledgements(settings, 3)
    with pytest.raises(ConfigError) as refused:
        parse_settings(CaptureSettings, {"cameras": {"door": [url]}})

    assert reported["cameras"]["value"]["door"]["url"] == "rtsp://staff:***@192.0.2.7:554/main"
    assert "pass" not in str(refused.value)
    assert settings.cameras["door"].url == url


@pytest.mark.parametrize("device", ["CPU", "GPU", "GPU.1", "MYRIAD", "MYRIAD.1.2-ma2480", "AUTO:GPU,CPU", None])
def test_devices_are_named_as_openvino_names_them(device: str | None) -> None:
    assert parse_settings(InferenceSettings, {"device": device}).device == device


def test_secrets_are_in_no_report_and_in_no_refusal() -> None:
    actions = {"secret": "hush-1", "mqtt": {"host": "broker", "password": "hush-2"}}
    settings = parse_settings(InferenceSettings, {"actions": actions})

    assert "hush" not in str(acknowledgements(settings, 3))
    assert (settings.actions.secret, settings.actions.mqtt.password) == ("hush-1", "hush-2")
    for bad in (
        {"secret": ["hush"]},
        {"secret": "hush" * 100},
        {"mqtt": {"password": 3, "user": {"password": "hush"}}},
    ):
        with pytest.raises(ConfigError) as refused:
            parse_settings(InferenceSettings, {"actions": bad})
        assert "hush" not in str(refused.value)


SKILL = {
    "name": "Few left",
    "cameras": ["shelf"],
    "steps": [{"id": "seen", "do": "model", "model": "bottles"}, {"id": "how-many", "do": "count", "of": "seen"}],
}


def test_skills_are_acknowledged_by_their_names() -> None:
    settings = parse_settings(InferenceSettings, {"skills": {"few": SKILL}})

    assert acknowledgements(settings, 3)["skills"]["value"] == {"few": "Few left"}
    assert parse_settings(InferenceSettings, settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"steps": [*SKILL["steps"], {"id": "x", "do": "count", "of": "y"}]},
            "skills.few.steps.2.of: the id of a step",
        ),
        ({"colour": "red"}, "skills.few.colour: Extra inputs"),
        ({"steps": [{"id": "seen", "do": "model"}]}, "skills.few.steps.0.model: Field required"),
        ({"cameras": ["A b"]}, "skills.few.cameras.0: "),
    ],
)
def test_what_is_wrong_with_a_skill_is_told_by_its_place(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_settings(InferenceSettings, {"skills": {"few": SKILL | change}})

    assert any(one.startswith(problem) for one in refused.value.problems), refused.value.problems
