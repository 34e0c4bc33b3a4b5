from pathlib import Path
from typing import Any

import pytest

from edge_common.hub import LocalHub
from edge_common.packages import INT8_FILE, PackageStore
from edge_common.scores import Int8
from edge_common.settings import InferenceSettings
from modules.inference import memory
from modules.inference.loader import TRY_AGAIN_S, ModelLoader, Models
from modules.inference.model import in_int8, key_of, thresholds_of
from tests.inference.conftest import SETTINGS
from tests.inference.tiny_models import GREEN_SHELF, RED_SHELF, coloured_frame, manifest, onnx_model, publish_model
from tests.messages import sent


def handed_over(loader: ModelLoader) -> list[Models]:
    sets = []
    while not loader.ready.empty():
        sets.append(loader.ready.get())
    return sets


def versions(models: Models) -> dict[str, str]:
    return {model.manifest.model_id: model.manifest.version for model in models}


def events(tmp_path: Path) -> list[tuple[str, str]]:
    return [(body["event"], body["model_version"]) for body in sent(tmp_path / "twin")]


def test_the_active_version_is_loaded_once(store: PackageStore, loader: ModelLoader) -> None:
    publish_model(store, "1")

    loader.look(0)
    loader.look(1)

    assert [versions(models) for models in handed_over(loader)] == [{"shelf": "1"}]


def test_a_version_that_is_not_active_is_left_alone(store: PackageStore, loader: ModelLoader) -> None:
    store.write(manifest("1"), onnx_model("detection"))

    loader.look(0)

    assert handed_over(loader) == []


def test_each_change_hands_over_the_whole_set(store: PackageStore, loader: ModelLoader) -> None:
    publish_model(store, "1")
    loader.look(0)
    publish_model(store, "1", model_id="till")
    loader.look(1)
    publish_model(store, "2")

    loader.look(2)

    assert [versions(models) for models in handed_over(loader)] == [
        {"shelf": "1"},
        {"shelf": "1", "till": "1"},
        {"shelf": "2", "till": "1"},
    ]


def test_a_model_that_is_deleted_goes(store: PackageStore, loader: ModelLoader) -> None:
    folder = publish_model(store, "1")
    loader.look(0)
    (folder.parent / "current").unlink()

    loader.look(1)

    assert [versions(models) for models in handed_over(loader)] == [{"shelf": "1"}, {}]


def test_a_version_for_which_there_is_no_memory_is_told_and_what_runs_stays(
    store: PackageStore, loader: ModelLoader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_model(store, "1")
    loader.look(0)
    publish_model(store, "2")
    monkeypatch.setattr(memory, "BYTES_A_BYTE", 10**9)

    loader.look(1)
    refused = dict(loader.failures)
    monkeypatch.undo()
    loader.look(1 + TRY_AGAIN_S)

    assert "of free memory expected" in refused["shelf"]
    assert events(tmp_path) == [("model live", "1"), ("model refused", "2"), ("model live", "2")]
    assert loader.failures == {}


@pytest.mark.parametrize(
    "change", [{"backend": "openvino"}, {"threads": 2}], ids=["another runtime", "another number of threads"]
)
def test_settings_of_the_runtime_load_the_model_anew(
    store: PackageStore, loader: ModelLoader, change: dict[str, Any]
) -> None:
    publish_model(store, "1")
    loader.look(0)
    loader.settings = SETTINGS.model_copy(update=change)

    loader.look(1)

    first, second = (models[0] for models in handed_over(loader))
    assert first.key != second.key
    assert first.look(coloured_frame(), SETTINGS).detections == second.look(coloured_frame(), SETTINGS).detections


IN_INT8 = {"int8": Int8(kept=True, why="as good, and faster")}
DARK = onnx_model("detection", scale=1 / 512)
"""Stands for a model in whole numbers: it is half as sure, so one sees which of both runs."""


def publish_with_int8(store: PackageStore) -> None:
    store.write(manifest("1", **IN_INT8), onnx_model("detection"), forms={INT8_FILE: DARK})
    store.activate("shelf", "1")


@pytest.mark.parametrize(
    ("change", "in_int8"),
    [
        pytest.param({}, True, id="onnx"),
        pytest.param({"backend": "openvino"}, True, id="openvino"),
        pytest.param({"backend": "openvino", "device": "CPU"}, True, id="openvino on the processor by name"),
        pytest.param({"backend": "auto"}, True, id="auto, before anything was measured"),
        pytest.param({"precision": "float"}, False, id="switched off"),
        pytest.param({"backend": "openvino", "precision": "float"}, False, id="switched off for openvino"),
    ],
)
def test_a_model_that_is_there_in_whole_numbers_runs_in_them_unless_that_is_switched_off(
    store: PackageStore, loader: ModelLoader, change: dict[str, Any], in_int8: bool
) -> None:
    publish_with_int8(store)
    loader.settings = SETTINGS.model_copy(update={"minimum_confidence": 0.1} | change)

    loader.look(0)

    ((model,),) = handed_over(loader)
    (found, *_) = model.look(coloured_frame((0, 255, 0)), loader.settings).detections
    assert found.confidence == pytest.approx(255 / 512 if in_int8 else 1.0, abs=1e-3)


def test_switching_whole_numbers_off_loads_the_model_anew(store: PackageStore, loader: ModelLoader) -> None:
    publish_with_int8(store)
    loader.look(0)
    loader.settings = SETTINGS.model_copy(update={"precision": "float"})

    loader.look(1)

    assert len(handed_over(loader)) == 2


def test_a_device_beside_the_processor_gets_the_model_in_floating_point(store: PackageStore) -> None:
    told = manifest("1", **IN_INT8)

    for change in ({"backend": "openvino", "device": "GPU"}, {"backend": "vpu"}):
        assert not in_int8(key_of("shelf", "1", SETTINGS.model_copy(update=change)), told)
    assert in_int8(key_of("shelf", "1", SETTINGS), told)
    assert not in_int8(key_of("shelf", "1", SETTINGS), manifest("1"))


BROKEN = [
    pytest.param(b"no model", {}, "cannot load", id="not a model"),
    pytest.param(onnx_model("detection", scale=float("nan")), {}, "finite", id="gives no numbers"),
    pytest.param(onnx_model("detection"), {"labels": ("one",), "thresholds": {"one": 0.5}}, "2 values", id="labels"),
    pytest.param(onnx_model("detection"), {"thresholds": {GREEN_SHELF: 0.5}}, RED_SHELF, id="a threshold is missing"),
    pytest.param(onnx_model("detection"), {"input_size_px": 128}, "failed", id="another input size"),
    pytest.param(onnx_model("classification"), {}, "raw_boxes is missing", id="another kind"),
]


@pytest.mark.parametrize(("model", "changes", "reason"), BROKEN)
def test_a_broken_version_never_replaces_the_one_that_runs(
    store: PackageStore, loader: ModelLoader, tmp_path: Path, model: bytes, changes: dict[str, Any], reason: str
) -> None:
    publish_model(store, "1")
    loader.look(0)
    publish_model(store, "2", model, **changes)

    loader.look(1)

    assert [versions(models) for models in handed_over(loader)] == [{"shelf": "1"}]
    assert reason in loader.failures["shelf"]
    assert events(tmp_path) == [("model live", "1"), ("model refused", "2")]


def test_events_tell_the_attributes_of_the_version(store: PackageStore, loader: ModelLoader, tmp_path: Path) -> None:
    publish_model(store, "1", attributes={"store": "12"})

    loader.look(0)

    (body,) = sent(tmp_path / "twin")
    assert body["attributes"] == {"store": "12"}


def test_a_version_whose_file_was_altered_is_refused(store: PackageStore, loader: ModelLoader) -> None:
    folder = publish_model(store, "1")
    (folder / "model.onnx").write_bytes(onnx_model("detection", scale=0.5))

    loader.look(0)

    assert handed_over(loader) == []
    assert "model.onnx has sha256" in loader.failures["shelf"]


def test_a_pointer_to_nonsense_is_refused(store: PackageStore, loader: ModelLoader) -> None:
    folder = publish_model(store, "1")
    (folder.parent / "current").write_bytes(b"../\xff")

    loader.look(0)

    assert "version" in loader.failures["shelf"]


def test_a_refused_version_is_tried_again_after_a_pause_and_told_once(
    store: PackageStore, loader: ModelLoader, tmp_path: Path
) -> None:
    folder = publish_model(store, "1")
    whole = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(b"")
    loader.look(0)
    loader.look(TRY_AGAIN_S)
    (folder / "model.onnx").write_bytes(whole)

    loader.look(TRY_AGAIN_S + 1)
    assert handed_over(loader) == []
    loader.look(2 * TRY_AGAIN_S)

    assert [versions(models) for models in handed_over(loader)] == [{"shelf": "1"}]
    assert loader.failures == {}
    assert events(tmp_path) == [("model refused", "1"), ("model live", "1")]


def test_going_back_to_the_running_version_clears_the_failure(store: PackageStore, loader: ModelLoader) -> None:
    publish_model(store, "1")
    loader.look(0)
    publish_model(store, "2", b"no model")
    loader.look(1)
    store.activate("shelf", "1")

    loader.look(2)

    assert loader.failures == {}
    assert len(handed_over(loader)) == 1


def test_a_loaded_model_is_tried_on_the_recent_frame(store: PackageStore, hub: LocalHub) -> None:
    # This one goes beyond its contract on bright pictures only.
    loader = ModelLoader(store, hub, SETTINGS)
    loader.recent = coloured_frame((255, 255, 255))
    publish_model(store, "1", onnx_model("detection", scale=1 / 100))

    loader.look(0)

    assert "from 0 to 1" in loader.failures["shelf"]


def test_thresholds_come_from_the_package_unless_one_is_set_for_all() -> None:
    package = manifest(thresholds={GREEN_SHELF: 0.25, RED_SHELF: 0.75})

    assert thresholds_of(package, InferenceSettings()).tolist() == [0.25, 0.75]
    assert thresholds_of(package, InferenceSettings(minimum_confidence=0.5)).tolist() == [0.5, 0.5]
