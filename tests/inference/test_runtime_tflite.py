"""TFLite files as their makers published them: the zoo's detector against its ONNX file, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edge_common.detections import ModelKind
from edge_common.errors import InferenceError, PackageError
from edge_common.images import decode_image
from edge_common.model_io import to_input
from edge_common.packages import MODEL_FILE, TFLITE_FILE, PackageStore
from edge_common.ready_made import build_package, ready_made, with_tflite
from edge_common.settings import InferenceSettings
from edge_common.tflite_facts import AnchorMap, TfliteFacts, TfliteOutput
from modules.capture.shelf_scene import ShelfScene
from modules.inference.agreement import FP32, disagreement
from modules.inference.loader import ModelLoader
from modules.inference.runtimes.runtime import open_runtime
from tests.inference.tiny_models import coloured_frame, publish_model
from tests.inference.tiny_tflite import DETECTION, FACTS, tflite_model
from tests.inference.vpus import image
from tests.zoo_here import shared_data, zoo_folder

ON_TFLITE = InferenceSettings(backend="tflite", threads=2)


@pytest.fixture
def detector(store: PackageStore) -> Path:
    """The folder of the ready-made detector's package, live."""
    manifest, model = build_package(zoo_folder(), ready_made("objects"))
    manifest, forms = with_tflite(zoo_folder(), manifest)
    folder = store.write(manifest, model, forms=forms)
    store.activate(manifest.model_id, manifest.version)
    return folder


def differences(folder: Path, facts: TfliteFacts, pictures: list[np.ndarray]) -> dict[str, float]:
    """The largest of each output over all pictures; all have to be within what `auto` allows."""
    ours, theirs = (
        open_runtime("tflite", folder / TFLITE_FILE, 2, tflite=facts),
        open_runtime("onnx", folder / MODEL_FILE, 2),
    )
    found = dict.fromkeys(("raw_boxes", "raw_probs"), 0.0)
    for picture in pictures:
        tensor = to_input(picture, 300)
        made, expected = ours.infer(tensor), theirs.infer(tensor)
        assert disagreement(made, expected, FP32) == ""
        found = {name: max(most, float(np.abs(made[name] - expected[name]).max())) for name, most in found.items()}
    return found


def facts_of(store: PackageStore) -> TfliteFacts:
    ((model_id, version),) = store.live().items()
    facts = store.verify(model_id, version).tflite
    assert facts is not None
    return facts


def test_it_says_of_a_drawn_shelf_what_the_onnx_file_says(store: PackageStore, detector: Path) -> None:
    most = differences(detector, facts_of(store), [ShelfScene(3).draw(1.0)])

    assert max(most.values()) < 1e-4


def test_it_says_of_real_photos_what_the_onnx_file_says(store: PackageStore, detector: Path) -> None:
    paths = [*shared_data("photos").glob("*.jpg"), *sorted(shared_data("detection/raccoon").rglob("*.jpg"))[:12]]

    most = differences(detector, facts_of(store), [decode_image(path.read_bytes()) for path in paths])

    # Seen: 5.3e-6 and 3.5e-6.
    assert max(most.values()) < 1e-4


def test_xnnpack_runs_it(detector: Path) -> None:
    interpreter = Interpreter(model_path=str(detector / TFLITE_FILE), num_threads=1)
    interpreter.allocate_tensors()

    operations = [one["op_name"] for one in interpreter._get_ops_details()]

    assert "DELEGATE" in operations


def test_the_live_package_runs_on_it_and_finds_what_openvino_finds(store: PackageStore, detector: Path, hub) -> None:
    from edge_common.frames import Frame

    path = shared_data("detection/raccoon") / "images" / "raccoon-123.jpg"
    frame = Frame("camera-1", 1, 1, decode_image(path.read_bytes()))
    found = {}
    for backend in ("tflite", "openvino"):
        loader = ModelLoader(store, hub, ON_TFLITE.model_copy(update={"backend": backend}))
        loader.look(0)
        (model,) = loader.ready.get()
        assert model.describe(ON_TFLITE).backend == backend
        found[backend] = model.look(frame, ON_TFLITE).detections

    for ours, theirs in zip(found["tflite"], found["openvino"], strict=True):
        assert ours.label == theirs.label
        assert ours.confidence == pytest.approx(theirs.confidence, abs=1e-3)
        assert ours.box.iou(theirs.box) > 0.98


def test_a_package_without_such_a_file_is_refused_with_what_has_one(store: PackageStore, hub) -> None:
    publish_model(store, "1")
    loader = ModelLoader(store, hub, ON_TFLITE)
    loader.recent = coloured_frame()

    loader.look(0)

    assert "package shelf 1 has no model.tflite, which backend tflite runs" in loader.failures["shelf"]
    assert "trained models have none" in loader.failures["shelf"]


def test_a_file_that_was_altered_is_refused(store: PackageStore, detector: Path, hub) -> None:
    (detector / TFLITE_FILE).write_bytes((detector / TFLITE_FILE).read_bytes()[:-1] + b"x")
    loader = ModelLoader(store, hub, ON_TFLITE)

    loader.look(0)

    assert "model.tflite has sha256" in loader.failures["ready-made-objects"]


def opened(folder: Path, facts: TfliteFacts | None, kind: ModelKind = "detection"):
    path = folder / TFLITE_FILE
    path.write_bytes(tflite_model(kind))
    return open_runtime("tflite", path, 1, tflite=facts)


def test_without_facts_nothing_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"model\.tflite: facts of a TFLite file expected .*, got none"):
        opened(tmp_path, None)


def test_outputs_that_the_file_has_not_are_named_with_those_it_has(tmp_path: Path) -> None:
    facts = DETECTION.model_copy(update={"outputs": {"raw_probs": TfliteOutput(tensor="scores", values="logits")}})

    with pytest.raises(PackageError, match="float32 outputs scores expected, got encodings, means"):
        opened(tmp_path, facts)


def test_encodings_that_do_not_fit_the_anchors_are_refused(tmp_path: Path) -> None:
    facts = DETECTION.model_copy(update={"anchors": (AnchorMap(places=3, sizes=((0.5, 0.5),)),)})
    runtime = opened(tmp_path, facts)

    with pytest.raises(InferenceError, match=r"encodings of shape \(1, 9, 4\) expected, got \(1, 4, 4\)"):
        runtime.infer(image(0, 0, 0))


@pytest.mark.parametrize("values", [-1000.0, 1000.0])
def test_logits_as_large_as_they_come_give_probabilities(tmp_path: Path, values: float) -> None:
    output = TfliteOutput(tensor="means", values="logits")
    facts = FACTS["classification"].model_copy(update={"scale": 0.0, "offset": values, "outputs": {"probs": output}})

    probs = opened(tmp_path, facts, "classification").infer(image(0, 0, 0))["probs"]

    np.testing.assert_allclose(probs, [[float(values > 0)] * 3], atol=1e-6)
