"""A training's own process for tests: speaks the protocol and does what its first argument says.

That is how it goes wrong; or, joined by `+`, how long it takes, in seconds, and what it finds out: `worse` or `better`
than the version in use, `wrong` and `doubts` about the first images, `alike` of the last two.

It loads nothing but small parts of the standard library: tests run it hundreds of times, at the low priority of a
training, and our packages with what they need take longer to load than all else that a test does. Whether what it
writes is a package, the agent finds out, which verifies it.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

FINDS = {"worse", "better", "wrong", "doubts", "alike"}


def say(body: object) -> None:
    sys.stdout.write(json.dumps(body) + "\n")
    sys.stdout.flush()


def end_when_orphaned() -> None:
    sys.stdin.read()
    os._exit(1)


def write_package(request: dict[str, object], finds: set[str]) -> dict[str, object]:
    images, tags = request["images"], request["tags"]
    digests = [image["digest"] for image in images]
    score = {
        "name": "ap50",
        "value": 0.87,
        "wrong": [{"digest": digests[0], "missed": 1, "false": 2}] if "wrong" in finds else [],
        "per_label": dict.fromkeys(tags, 0.87),
        "protocol": "made up for a test",
    }
    comparison = None
    if request["parent_version"] is not None and finds & {"worse", "better"}:
        value, interval = (0.6, (-0.4, -0.1)) if "worse" in finds else (0.95, (-0.1, 0.2))
        comparison = {
            "live_version": request["parent_version"],
            "images": len(images),
            "value": value,
            "live_value": 0.9,
            "difference": interval,
        }
    kinds = (("other tag", tags[0], "another"), ("not seen", tags[0], None), ("not tagged", None, tags[0]))
    doubts = [
        {"digest": digest, "kind": kind, "tag": tag, "seen": seen, "box": (0.1, 0.2, 0.3, 0.4), "loss": 3 - index}
        for index, (digest, (kind, tag, seen)) in enumerate(zip(digests, kinds, strict=False))
    ]
    held_back = {
        image["digest"]: [{"label": tags[one["tag"]], "confidence": 0.9, "box": one["box"]} for one in image["boxes"]]
        for image in images
    }
    if "wrong" in finds:
        held_back[digests[0]] = []
    version = f"v{time.time_ns()}"
    boxes = sum(len(image["boxes"]) for image in images)
    manifest = {
        "model_id": request["model_id"],
        "model_name": request["model_name"],
        "version": version,
        "kind": request["kind"],
        "labels": tags,
        "input_size_px": 320,
        "backbone": "none",
        "backbone_sha256": "0" * 64,
        "thresholds": dict.fromkeys(tags, 0.5),
        "score": score,
        "comparison": comparison,
        "doubts": doubts if "doubts" in finds else [],
        "attributes": request["attributes"],
        "alike": [(digests[-1], digests[-2])] if "alike" in finds else [],
        "images": len(images),
        "boxes": boxes,
        "dataset_sha256": "0" * 64,
        "parent_version": request["parent_version"],
        "created": "2025-01-01T00:00:00+00:00",
        "program_version": "test",
    }
    store(Path(request["packages"]), manifest, held_back)
    return {
        "version": version,
        "score": score,
        "comparison": comparison,
        "int8": {"kept": False, "why": "made up for a test"} if request["int8"] else None,
        "images": len(images) - 1,
        "boxes": boxes,
        "left_out": {images[0]["name"]: "the file is damaged"},
        "seconds": 1.5,
    }


def store(packages: Path, manifest: dict[str, object], held_back: dict[str, object]) -> None:
    """The files of a package, in its folder at once."""
    files = {
        "model.onnx": b"a model",
        "labels.txt": "".join(f"{label}\n" for label in manifest["labels"]).encode(),
        "held_back.json": json.dumps({"version": 1, "images": held_back}).encode(),
    }
    whole = manifest | {"files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}}
    part = packages / manifest["model_id"] / f".{manifest['version']}.part"
    part.mkdir(parents=True)
    for name, data in (files | {"manifest.json": json.dumps(whole).encode()}).items():
        (part / name).write_bytes(data)
    part.rename(part.with_name(manifest["version"]))


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
    while request["look"]:
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
