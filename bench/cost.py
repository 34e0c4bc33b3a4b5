"""What more cameras, models and tags cost: frames a second, latency, processor, memory.

`python -m bench.cost --video FILE [--backend openvino] [--json]`

One inference process a row, fed with the frames of a real video. Models are as trainer_agent exports them for so many
tags, but for the numbers in their heads, which are random: nothing was learned, and the work is the same.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.line import inference, line, processor_s, read_video, resident_mb
from bench.paces import full_speed, paced
from bench.protocol import ROOT
from edge_common.images import Pixels
from edge_common.onnx_graph import load_graph
from edge_common.packages import Manifest, PackageStore
from edge_common.ssd import FEATURE_MAPS
from edge_common.version import VERSION
from edge_common.zoo import LITE0, SSD_BACKBONE, find
from modules.trainer_agent.learning.export import Telling, export_detector
from modules.trainer_agent.learning.head import join, new_head
from modules.trainer_agent.learning.plan import FOLDS
from modules.trainer_agent.learning.projection import COMPONENTS, Projection
from modules.trainer_agent.learning.teller import CHANNELS, RECIPES, TagTeller

CAMERAS = (1, 2, 4, 8)
MODELS = (1, 2, 4)
TAGS = (1, 2, 6, 24)
RATE = 8.0
"""Frames a second over all cameras at which latency, processor and memory are measured: what every row can do."""
_THRESHOLD = 0.5


@dataclass(frozen=True)
class Row:
    cameras: int = 1
    models: int = 1
    tags: int = 1


def rows(cameras: Sequence[int], models: Sequence[int], tags: Sequence[int]) -> Iterator[Row]:
    """One of each, then each alone growing."""
    seen = set()
    for row in [
        Row(),
        *(Row(cameras=n) for n in cameras),
        *(Row(models=n) for n in models),
        *(Row(tags=n) for n in tags),
    ]:
        if row not in seen:
            seen.add(row)
            yield row


def detector(zoo: Path, tags: int, size_px: int, seed: int = 0) -> bytes:
    """A detection model's file for so many tags, its heads random."""
    rng = np.random.default_rng(seed)

    def random(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return rng.standard_normal(shape).astype(np.float32) / np.float32(np.sqrt(shape[0]))

    projection = Projection(
        {name: random(channels, COMPONENTS[name]) for name, channels in FEATURE_MAPS.items()},
        {name: random(COMPONENTS[name]) for name in FEATURE_MAPS},
    )
    telling = None
    if tags > 1:
        weights = {name: random(CHANNELS[name], tags) for name in RECIPES[-1]}
        telling = Telling(load_graph(find(zoo, LITE0).path), TagTeller(weights, np.zeros(tags, dtype=np.float32)))
    head = join([new_head(1, rng) for _ in range(FOLDS)])
    backbone = load_graph(find(zoo, SSD_BACKBONE).path)
    return export_detector(backbone, projection, head, size_px, [_THRESHOLD] * tags, telling)


def package(zoo: Path, row: Row, number: int, size_px: int) -> tuple[Manifest, bytes]:
    labels = tuple(f"tag {index + 1}" for index in range(row.tags))
    manifest = Manifest(
        model_id=f"model-{number}",
        model_name=f"Model {number}",
        version="1",
        kind="detection",
        labels=labels,
        input_size_px=size_px,
        backbone=SSD_BACKBONE,
        backbone_sha256=find(zoo, SSD_BACKBONE).sha256,
        thresholds=dict.fromkeys(labels, _THRESHOLD),
        score=None,
        images=0,
        boxes=0,
        dataset_sha256="",
        parent_version=None,
        created="",
        program_version=VERSION,
    )
    return manifest, detector(zoo, row.tags, size_px, seed=number)


def measure(row: Row, pictures: Sequence[Pixels], chosen: argparse.Namespace) -> dict[str, Any]:
    """The figures of one row."""
    cameras = [f"camera-{number}" for number in range(row.cameras)]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        store = PackageStore(data / "models")
        for number in range(row.models):
            manifest, model = package(chosen.zoo, row, number, chosen.size)
            store.write(manifest, model)
            store.activate(manifest.model_id, manifest.version)
        with (
            inference(data, chosen.backend, chosen.threads) as (process, frames, results),
            line(frames, results, pictures, cameras, row.models) as on,
        ):
            speed = full_speed(on, chosen.seconds)
            before_s = processor_s(process.pid)
            steady = paced(on, chosen.rate, chosen.seconds)
            processor_ms = (processor_s(process.pid) - before_s) / max(1, steady.sent) * 1e3
            resident = resident_mb(process.pid)
    return {
        "cameras": row.cameras,
        "models": row.models,
        "tags": row.tags,
        "frames_per_s": round(speed, 1),
        "p50_ms": round(float(np.percentile(steady.latencies_ms, 50)), 1),
        "p95_ms": round(float(np.percentile(steady.latencies_ms, 95)), 1),
        "processor_ms_a_frame": round(processor_ms, 1),
        "rss_mb": round(resident, 1),
        "lost": steady.lost,
        "sent": steady.sent,
    }


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(prog="bench.cost", description=__doc__)
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--zoo", type=Path, default=ROOT / "zoo")
    parser.add_argument("--backend", default="openvino")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=320, help="of the models' input, px")
    parser.add_argument("--cameras", type=int, nargs="*", default=CAMERAS)
    parser.add_argument("--models", type=int, nargs="*", default=MODELS)
    parser.add_argument("--tags", type=int, nargs="*", default=TAGS)
    parser.add_argument("--rate", type=float, default=RATE, help="frames a second over all cameras")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each of the two measurements of a row")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    chosen = parser.parse_args(words)
    pictures = read_video(chosen.video)
    found = []
    for row in rows(chosen.cameras, chosen.models, chosen.tags):
        found.append(measure(row, pictures, chosen))
        if not chosen.json:
            print(found[-1], flush=True)
    whole = {"program_version": VERSION, "backend": chosen.backend, "threads": chosen.threads, "rate": chosen.rate}
    print(json.dumps(whole | {"rows": found}))


if __name__ == "__main__":
    main()
