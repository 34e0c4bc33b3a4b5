"""A training's own process for tests: speaks the protocol and does what its first argument says.

That is how it goes wrong; or, joined by `+`, how long it takes, in seconds, and what it finds out: `worse` or `better`
than the version in use, `wrong` and `doubts` about the first images, `alike` of the last two.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

FINDS = {"worse", "better", "wrong", "doubts", "alike"}


def say(body: object) -> None:
    sys.stdout.write(json.dumps(body) + "\n")
    sys.stdout.flush()


def end_when_orphaned() -> None:
    sys.stdin.read()
    os._exit(1)


def write_package(request: dict[str, object], finds: set[str]) -> dict[str, object]:
    # Loaded only here, so that a training that goes wrong does so at once.
    from edge_common.detections import Detection
    from edge_common.geometry import Box
    from edge_common.packages import Manifest, PackageStore
    from edge_common.scores import Comparison, Doubt, Score, WrongImage
    from modules.trainer_agent.learning.held_back import encode_held_back

    images = request["images"]
    digests = [image["digest"] for image in images]
    tag = request["tags"][0]
    score = Score(
        name="ap50",
        value=0.87,
        wrong=(WrongImage(digest=digests[0], missed=1, false=2),) if "wrong" in finds else (),
        per_label=dict.fromkeys(request["tags"], 0.87),
        protocol="made up for a test",
    )
    comparison = None
    if request["parent_version"] is not None and finds & {"worse", "better"}:
        value, interval = (0.6, (-0.4, -0.1)) if "worse" in finds else (0.95, (-0.1, 0.2))
        comparison = Comparison(
            live_version=request["parent_version"],
            images=len(images),
            value=value,
            live_value=0.9,
            difference=interval,
        )
    kinds = (("other tag", tag, "another"), ("not seen", tag, None), ("not tagged", None, tag))
    doubts = tuple(
        Doubt(digest=digest, kind=kind, tag=given, seen=seen, box=(0.1, 0.2, 0.3, 0.4), loss=3 - index)
        for index, (digest, (kind, given, seen)) in enumerate(zip(digests, kinds, strict=False))
    )
    version = f"v{time.time_ns()}"
    boxes = sum(len(image["boxes"]) for image in images)
    manifest = Manifest(
        model_id=request["model_id"],
        model_name=request["model_name"],
        version=version,
        kind=request["kind"],
        labels=tuple(request["tags"]),
        input_size_px=320,
        backbone="none",
        backbone_sha256="0" * 64,
        thresholds=dict.fromkeys(request["tags"], 0.5),
        score=score,
        comparison=comparison,
        doubts=doubts if "doubts" in finds else (),
        attributes=request["attributes"],
        alike=((digests[-1], digests[-2]),) if "alike" in finds else (),
        images=len(images),
        boxes=boxes,
        dataset_sha256="0" * 64,
        parent_version=request["parent_version"],
        created="2025-01-01T00:00:00+00:00",
        program_version="test",
    )
    held_back = {
        image["digest"]: [Detection(request["tags"][one["tag"]], 0.9, Box(*one["box"])) for one in image["boxes"]]
        for image in images
    }
    if "wrong" in finds:
        held_back[digests[0]] = []
    PackageStore(Path(request["packages"])).write(manifest, b"a model", encode_held_back(held_back))
    return {
        "version": version,
        "score": score.model_dump(mode="json"),
        "comparison": None if comparison is None else comparison.model_dump(mode="json"),
        "int8": {"kept": False, "why": "made up for a test"} if request["int8"] else None,
        "images": len(images) - 1,
        "boxes": boxes,
        "left_out": {images[0]["name"]: "the file is damaged"},
        "seconds": 1.5,
    }


def leave_halfway(request: dict[str, object]) -> None:
    """Have a helper, a whole package that nobody was told of, and files in the middle of being written."""
    write_package(request, set())
    (Path(request["packages"]) / request["model_id"] / ".v1.part").mkdir()
    entry = Path(request["data"]) / "cache" / "features" / "ab" / f"abcd.{os.getpid()}.part"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(b"half")
    helper = subprocess.Popen(["sleep", "60"])
    say({"stage": f"{os.getpid()} {helper.pid}", "fraction": 0.5, "seconds_left": None})


def main() -> None:
    way = sys.argv[1]
    if way == "ends-at-once":
        sys.exit(3)
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=end_when_orphaned, daemon=True).start()
    say({"stage": "Looking at the images", "fraction": 0.4, "seconds_left": 6.0})
    if way == "slow":
        time.sleep(60)
    elif way == "halfway":
        leave_halfway(request)
        time.sleep(60)
    elif way == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif way == "crashes":
        sys.exit(1)
    elif way == "babbles":
        print("hello")
    elif way == "fails":
        say({"failed": {"code": "training_failed", "message": "The images are all alike."}})
    elif way == "lies":
        say({"trained": write_package(request, set()) | {"version": "not-there"}})
    else:
        parts = set(way.split("+"))
        for seconds in parts - FINDS:
            time.sleep(float(seconds))
        say({"trained": write_package(request, parts & FINDS)})


if __name__ == "__main__":
    main()
