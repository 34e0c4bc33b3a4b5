"""From the last tag to the first result of the new version: what staff wait for, in the whole program.

`python -m bench.tag_to_live --video FILE --set FOLDER [--images 15] [--pace 5] [--rounds 3] [--json]`

The three modules run as by `make run` on a video as camera, with nothing live. Images are tagged by the page's own
requests, one every `pace` seconds, and Train is pressed right after the last. Seconds run from when the last tag was
saved: `trained_s` until the page says so, `live_s` until the camera's first result of the new version is published.
Each round starts the program anew on an empty data folder; figures are medians, `rounds` tells each.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.line import results_of
from bench.protocol import MeasuredSet, Sample, read_detection_set, split
from bench.whole_program import Page, add_options, fill, watching
from edge_common.version import VERSION

CAMERA = "camera-0"
_LIVE_WITHIN_MS = 60_000


def measure(measured: MeasuredSet, samples: Sequence[Sample], chosen: argparse.Namespace) -> dict[str, float]:
    """One round."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        shelf = fill(data, measured, samples)
        with (
            watching(data, chosen.video, chosen.zoo) as program,
            results_of(f"ipc://{program.sockets()}/results", [CAMERA]) as results,
        ):
            page = Page(program.port())
            saved_s = 0.0
            for number, sample in enumerate(samples):
                time.sleep(chosen.pace)
                page.tag(shelf, number, sample)
                saved_s = time.monotonic()
                page.done(shelf, number)
            version = page.train(shelf.model_id)
            trained_s = time.monotonic() - saved_s
            while results.poll(_LIVE_WITHIN_MS):
                result = json.loads(results.recv_multipart()[-1])
                if (result["model_id"], result["model_version"]) == (shelf.model_id, version):
                    return {"trained_s": round(trained_s, 2), "live_s": round(time.monotonic() - saved_s, 2)}
    raise SystemExit(f"version {version} was trained and gave no result")


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(prog="bench.tag_to_live", description=__doc__)
    add_options(parser)
    parser.add_argument("--pace", type=float, default=5.0, help="seconds for each image")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(words)
    measured = read_detection_set(chosen.set)
    samples, _ = split(measured, 0, images=chosen.images)
    rounds = [measure(measured, samples, chosen) for _ in range(chosen.rounds)]
    if not chosen.json:
        for one in rounds:
            print(one)
    medians = {name: statistics.median(one[name] for one in rounds) for name in ("trained_s", "live_s")}
    amounts = {"images": len(samples), "tags": len(measured.tags), "pace_s": chosen.pace}
    print(json.dumps({"program_version": VERSION, **amounts, **medians, "rounds": rounds}))


if __name__ == "__main__":
    main()
