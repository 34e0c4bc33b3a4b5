"""Ready-made models of the zoo as packages that inference runs: the same inputs and outputs as a trained model has.

The detector's six levels of anchors follow TensorFlow's SSD anchor generator, as in `ssd.anchor_boxes`, but on the
detector's own size of 300 px, where maps are of 19, 10, 5, 3, 2 and 1 places a side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_common.detections import ModelKind
from edge_common.errors import NotFound
from edge_common.images import digest_of
from edge_common.onnx_graph import GraphBuilder, ModelProto, load_graph
from edge_common.packages import TFLITE_FILE, Manifest
from edge_common.sentences import marked
from edge_common.ssd_backbone import fed_with_bgr
from edge_common.tflite_facts import AnchorMap, TfliteFacts, TfliteOutput, anchor_boxes
from edge_common.version import VERSION
from edge_common.zoo import LITE0, SSD_DETECTOR, find, find_tflite, read_labels

DETECTOR_SIZE_PX = 300
CLASSIFIER_SIZE_PX = 224
_SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
_FIRST_SCALE = 0.1
_CENTRE_SCALE, _SIZE_SCALE = 10.0, 5.0
_MOST_GROWTH = 4.0
_MOST_LOGIT = 30.0


@dataclass(frozen=True)
class ReadyMade:
    """A model that somebody else trained, as the zoo offers it."""

    name: str
    """In addresses."""
    zoo_name: str
    title: str
    about: str
    kind: ModelKind
    size_px: int
    threshold: float
    """Recommended minimum confidence, of every label."""

    samples: tuple[str, ...]
    """Some of its labels that a shop knows."""

    @property
    def model_id(self) -> str:
        """Of its package; trained models end in six hexadecimal digits."""
        return f"ready-made-{self.name}"


READY_MADE = (
    ReadyMade(
        "objects",
        SSD_DETECTOR,
        marked("Everyday objects"),
        marked("Finds 23 kinds of things and says where they are: people, bottles, boxes, chairs, cars and more."),
        "detection",
        DETECTOR_SIZE_PX,
        0.45,
        ("Person", "Bottle", "Box", "Chair", "Table", "Car"),
    ),
    ReadyMade(
        "pictures",
        LITE0,
        marked("What is in the picture"),
        marked("Names the main thing in a picture, one of 1,000: foods, animals, tools, furniture, vehicles and more."),
        "classification",
        CLASSIFIER_SIZE_PX,
        0.3,
        ("banana", "water bottle", "shopping cart", "umbrella", "toilet paper", "coffee mug"),
    ),
)


def ready_made(name: str) -> ReadyMade:
    """Raises NotFound."""
    for one in READY_MADE:
        if one.name == name:
            return one
    raise NotFound(f"There is no ready-made model '{name[:80]}'.")


def build_package(zoo: Path, one: ReadyMade) -> tuple[Manifest, bytes]:
    """The package of a ready-made model: its manifest and model.onnx; raises NotFound, PackageError."""
    source = find(zoo, one.zoo_name)
    labels = read_labels(zoo, one.zoo_name)
    graph = load_graph(source.path)
    model = build_detector(graph) if one.kind == "detection" else build_classifier(graph, len(labels))
    manifest = Manifest(
        model_id=one.model_id,
        model_name=one.title,
        version=f"ready-{source.sha256[:12]}",
        kind=one.kind,
        labels=labels,
        input_size_px=one.size_px,
        backbone=one.zoo_name,
        backbone_sha256=source.sha256,
        thresholds=dict.fromkeys(labels, one.threshold),
        score=None,
        images=0,
        boxes=0,
        dataset_sha256=digest_of(b""),
        parent_version=None,
        created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        program_version=VERSION,
    )
    return manifest, bytes(model.SerializeToString())


def with_tflite(zoo: Path, manifest: Manifest) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest of a ready-made model with model.tflite too, where it was published, and that file by its name.

    Raises PackageError.
    """
    if manifest.backbone != SSD_DETECTOR or (file := find_tflite(zoo, SSD_DETECTOR)) is None:
        return manifest, {}
    facts = TfliteFacts(
        colours="rgb",
        scale=2 / 255,
        offset=-1,
        outputs={
            "raw_boxes": TfliteOutput(tensor="raw_outputs/box_encodings", values="encodings"),
            "raw_probs": TfliteOutput(tensor="raw_outputs/class_predictions", values="logits"),
        },
        anchors=detector_maps(),
        centre_scale=_CENTRE_SCALE,
        size_scale=_SIZE_SCALE,
        most_growth=_MOST_GROWTH,
    )
    return manifest.model_copy(update={"tflite": facts}), {TFLITE_FILE: file}


def build_detector(detector: ModelProto) -> ModelProto:
    """The whole detector: `image` BGR 0-255 [1, 3, 300, 300] to `raw_boxes` [1, 1917, 4], `raw_probs` [1, 1917, 24]."""
    graph = detector.graph
    boxes, scores = graph.output[0].name, graph.output[1].name
    builder = GraphBuilder()
    normal = builder.node("Mul", ["image", builder.constant(np.float32(2 / 255))])
    normal = builder.node("Add", [normal, builder.constant(np.float32(-1))])
    builder.adopt(fed_with_bgr(graph), {graph.input[0].name: normal})
    anchors = anchor_boxes(detector_maps())
    places, spans = anchors[None, :, :2], anchors[None, :, 2:]
    # Encodings come as ty, tx, th, tw.
    shift = builder.node("MatMul", [boxes, builder.constant(_picked((1, 0), 1 / _CENTRE_SCALE))])
    growth = builder.node("MatMul", [boxes, builder.constant(_picked((3, 2), 1 / _SIZE_SCALE))])
    centre = builder.node("Add", [builder.node("Mul", [shift, builder.constant(spans)]), builder.constant(places)])
    power = builder.node("Exp", [builder.clip(growth, -_MOST_GROWTH, _MOST_GROWTH)])
    size = builder.node("Mul", [power, builder.constant(spans)])
    builder.node("Concat", [centre, size], "raw_boxes", axis=2)
    builder.node("Sigmoid", [scores], "raw_probs")
    side, count = DETECTOR_SIZE_PX, len(anchors)
    labels = graph.output[1].type.tensor_type.shape.dim[2].dim_value
    return builder.build(
        "ready-made-detector",
        {"image": [1, 3, side, side]},
        {"raw_boxes": [1, count, 4], "raw_probs": [1, count, labels]},
    )


def build_classifier(lite0: ModelProto, labels: int) -> ModelProto:
    """Lite0 with its own labels: `image` BGR 0-255 [1, 3, 224, 224] to `probs` [1, labels] that add up to 1."""
    builder = GraphBuilder()
    builder.adopt(lite0.graph, {})
    highest = builder.node("ReduceMax", ["logits"], axes=[1], keepdims=1)
    below = builder.clip(builder.difference("logits", highest), -_MOST_LOGIT, 0)
    powers = builder.node("Exp", [below])
    builder.quotient(powers, builder.node("ReduceSum", [powers], axes=[1], keepdims=1), "probs")
    side = CLASSIFIER_SIZE_PX
    return builder.build("ready-made-classifier", {"image": [1, 3, side, side]}, {"probs": [1, labels]})


def detector_maps() -> tuple[AnchorMap, ...]:
    """The detector's six levels of anchors, 1917 in all, in the order of its outputs."""
    maps = []
    for level, stride in enumerate((16, 32, 64, 128, 256, 512)):
        scale, following = _SCALES[level], _SCALES[level + 1]
        pairs = [(_FIRST_SCALE, 1.0), (scale, 2.0), (scale, 0.5)]
        if level > 0:
            pairs = [(scale, ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 1 / 3)] + [((scale * following) ** 0.5, 1.0)]
        sizes = tuple((size * ratio**0.5, size / ratio**0.5) for size, ratio in pairs)
        maps.append(AnchorMap(places=-(-DETECTOR_SIZE_PX // stride), sizes=sizes))
    return tuple(maps)


def _picked(columns: Sequence[int], scale: float) -> NDArray[np.float32]:
    """[4, 2] that takes two of four values, times a scale."""
    weights = np.zeros((4, 2), dtype=np.float32)
    for target, column in enumerate(columns):
        weights[column, target] = scale
    return weights
