"""What a fleet costs in messages, blocks, twin operations and bytes, from one whole device that is measured.

`python -m bench.fleet [--minutes 3] [--cameras 1] [--json]`

The three modules run as under IoT Edge against the tests' hub, with the ready-made detector live and default settings
but for the pace of frames, which no message depends on. Counted is what reaches the hub: from the start until every
module has settled, and then for some minutes; docs/operations.md tells what is made of it.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.protocol import ROOT
from edge_common.azure_hub import Timing
from edge_common.metering import BLOCK_BYTES, REPORT_EVERY_S, blocks_of
from edge_common.packages import PackageStore
from edge_common.ready_made import build_package, ready_made
from edge_common.skills.told import Shown, SkillEvent
from edge_common.telemetry import Source, alert
from edge_common.version import VERSION
from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub, TwinOperation
from tests.program import MODULES, Program

DEVICES = 1000
DAY_S = 86_400.0
ALERTS_A_DAY = 10
"""Each raised and cleared; a guess, as skills differ."""
BLOCKS_A_UNIT = 400_000
"""That one S1 unit of IoT Hub takes in a day."""
QUIET_S = 5.0
_START_WITHIN_S = 180.0
_FRAMES_PER_S = 1.0


@dataclass(frozen=True)
class Load:
    """What reached the hub; blocks as IoT Hub bills."""

    messages: int = 0
    message_blocks: int = 0
    message_bytes: int = 0
    patches: int = 0
    patch_blocks: int = 0
    patch_bytes: int = 0
    reads: int = 0
    read_blocks: int = 0
    read_bytes: int = 0

    @property
    def blocks(self) -> int:
        return self.message_blocks + self.patch_blocks + self.read_blocks

    def times(self, factor: float) -> "Load":
        return Load(**{name: round(value * factor) for name, value in asdict(self).items()})

    def plus(self, other: "Load") -> "Load":
        return Load(**{name: value + getattr(other, name) for name, value in asdict(self).items()})


def load_of(messages: Sequence[bytes], operations: Sequence[TwinOperation]) -> Load:
    patches = [one.size for one in operations if one.kind == "patch"]
    reads = [one.size for one in operations if one.kind == "read"]
    return Load(
        messages=len(messages),
        message_blocks=sum(blocks_of(len(body)) for body in messages),
        message_bytes=sum(len(body) for body in messages),
        patches=len(patches),
        patch_blocks=sum(_twin_blocks(size) for size in patches),
        patch_bytes=sum(patches),
        reads=len(reads),
        read_blocks=sum(_twin_blocks(size) for size in reads),
        read_bytes=sum(reads),
    )


def measure(minutes: float, cameras: int, zoo: Path) -> dict[str, Any]:
    """Start a device, let it settle, and count."""
    device = EdgeDevice(MODULES)
    hub = device.hub
    try:
        with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
            data = Path(folder) / "data"
            publish(data, zoo)
            names = [f"camera-{number + 1}" for number in range(cameras)]
            wished = {name: {"url": "sim:shelf", "frames_per_s": _FRAMES_PER_S} for name in names}
            hub.desire("capture", {"cameras": wished})
            environment = {name: value for name, value in hub.environment("").items() if name != "IOTEDGE_MODULEID"}
            product = Program(data, ZOO_DIR=str(zoo), **environment)
            try:
                settle(hub, product, cameras)
                start = mark(hub)
                time.sleep(60 * minutes)
                # Before anything else happens: what is counted is the time between the two.
                end = mark(hub)
            finally:
                product.stop()
    finally:
        device.close()
    if hub.unfit:
        raise ValueError(f"messages that fit their schemas expected: {hub.unfit[0]}")
    return told(start, end)


@dataclass(frozen=True)
class Mark:
    """How far the hub's record was at a moment."""

    now_s: float
    messages: tuple[bytes, ...]
    operations: tuple[TwinOperation, ...]
    twin_bytes: dict[str, int]
    """Of each module's whole twin."""
    use_bytes: int
    """Of what inference reports of its use."""


def mark(hub: EdgeHub) -> Mark:
    use = {"telemetry": hub.reported("inference").get("telemetry", {})}
    return Mark(
        now_s=time.monotonic(),
        messages=tuple(one.body for one in hub.messages),
        operations=tuple(hub.twin_operations),
        twin_bytes={module: len(hub.twins[module].document()) for module in MODULES},
        use_bytes=len(json.dumps(use)),
    )


def publish(data: Path, zoo: Path) -> None:
    """Have the ready-made detector live."""
    manifest, model = build_package(zoo, ready_made("objects"))
    store = PackageStore(data / "models")
    store.write(manifest, model)
    store.activate(manifest.model_id, manifest.version)


def settle(hub: EdgeHub, product: Program, cameras: int) -> None:
    """Until the model runs on what is fastest, every camera has its first sample, and nothing has come for a while."""

    def measured() -> bool:
        models = hub.reported("inference").get("state", {}).get("models") or [{}]
        return bool(models[0].get("choice"))

    product.wait_for(measured, _START_WITHIN_S)
    product.wait_for(lambda: len(hub.sent("inference", "detections")) >= cameras, _START_WITHIN_S)
    seen, since_s = -1, time.monotonic()
    while time.monotonic() - since_s < QUIET_S:
        if len(hub.twin_operations) != seen:
            seen, since_s = len(hub.twin_operations), time.monotonic()
        time.sleep(0.2)


def told(start: Mark, end: Mark) -> dict[str, Any]:
    """The figures of one device and of the fleet."""
    took_s = end.now_s - start.now_s
    # Reads are told apart: a short measurement would see a token renewed, or not.
    patches = [one for one in end.operations[len(start.operations) :] if one.kind == "patch"]
    going_on = load_of(end.messages[len(start.messages) :], patches)
    reconnect = load_of([], [TwinOperation(module, "read", size) for module, size in end.twin_bytes.items()])
    # Once an hour, so a short measurement would see it seldom.
    use = load_of([], [TwinOperation("inference", "patch", end.use_bytes)])
    per_day = {
        "one start": load_of(start.messages, start.operations),
        "going on": going_on.times(DAY_S / took_s),
        "tokens renewed": reconnect.times(DAY_S / Timing().renew_after_s),
        "use reported": use.times(DAY_S / REPORT_EVERY_S),
        "alerts": load_of([typical_alert()] * (2 * ALERTS_A_DAY), [standing_patch()] * (2 * ALERTS_A_DAY)),
    }
    whole = Load()
    for part in per_day.values():
        whole = whole.plus(part)
    return {
        "program_version": VERSION,
        "measured_minutes": round(took_s / 60, 2),
        "measured": asdict(going_on),
        "device_per_day": {name: told_of(part) for name, part in per_day.items()},
        "device_per_day_whole": told_of(whole),
        "fleet_per_day": told_of(whole.times(DEVICES)),
        "devices": DEVICES,
        "s1_units": -(-DEVICES * whole.blocks // BLOCKS_A_UNIT),
    }


def told_of(load: Load) -> dict[str, int]:
    return asdict(load) | {"blocks": load.blocks}


def typical_alert() -> bytes:
    """One with five detections."""
    event = SkillEvent(
        id="low-stock.low.0123456789abcdef-1",
        skill="low-stock",
        name="Low stock",
        camera="camera-1",
        step="low",
        phase="raised",
        time="2026-11-26T00:01:00Z",
        since="2026-11-26T00:00:00Z",
        text="Shelf 3 is low",
        numbers={"bottles": 5.0},
        frame_id="1000000000000000000-1",
        boxes=(Shown(label="bottle", confidence=0.9, box=(0.1, 0.2, 0.3, 0.4)),) * 5,
    )
    body = alert(event, severity="warning", text="", models={"objects": "ready-0123456789ab"})
    return Source("device-1", "inference").sealed(body, "0" * 32, 1)


def standing_patch() -> TwinOperation:
    """How the skill stands on the camera, which is reported with each alert."""
    camera = {"phase": "raised", "raised": {"low": "2026-11-26T00:00:00Z"}}
    patch = {"skills": {"low-stock": {"cameras": {"camera-1": camera}}}}
    return TwinOperation("inference", "patch", len(json.dumps(patch)))


def _twin_blocks(size: int) -> int:
    return max(1, -(-size // BLOCK_BYTES))


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(prog="bench.fleet", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--zoo", type=Path, default=ROOT / "zoo")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    chosen = parser.parse_args(words)
    figures = measure(chosen.minutes, chosen.cameras, chosen.zoo)
    if not chosen.json:
        for name, load in [*figures["device_per_day"].items(), ("in all", figures["device_per_day_whole"])]:
            print(name, {key: value for key, value in load.items() if value}, flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
