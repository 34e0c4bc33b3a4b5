"""A training as the agent starts it, for tests: its request, its process, what it says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from modules.trainer_agent.learning.dataset import Dataset
from tests.zoo_here import ROOT, zoo_folder

COMMAND = (sys.executable, "-m", "modules.trainer_agent.training_job")


def request_for(dataset: Dataset, data: Path, **changes: Any) -> dict[str, Any]:
    images = [
        {
            "path": str(image.path),
            "digest": image.digest,
            "name": image.name,
            "boxes": [{"tag": found.tag, "box": found.box.to_list()} for found in image.boxes],
            "tags": image.tags,
        }
        for image in dataset.images
    ]
    request = {
        "data": str(data),
        "packages": str(data / "models"),
        "zoo": str(zoo_folder()),
        "model_id": "shapes",
        "model_name": "Shapes",
        "kind": dataset.kind,
        "tags": dataset.tags,
        "images": images,
    }
    return request | changes


class Job:
    """The training as the agent starts it: a process that is sent one line and answers in lines."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def lines(self) -> list[dict[str, Any]]:
        """Everything that it says up to its end."""
        return [json.loads(line) for line in self.process.stdout]

    def wait_until_learning(self) -> None:
        for line in self.process.stdout:
            if json.loads(line).get("stage", "").startswith("Learning"):
                return
        raise AssertionError("the job ended before it began to learn")

    def family(self) -> list[int]:
        """Process ids of the job and of those that it started, as long as they run."""
        running = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if int(fields[3]) == self.process.pid and fields[0] != "Z":
                running.append(int(stat.parent.name))
        return running

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def run(request: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and lines of a whole job."""
    job = Job(request)
    lines = job.lines()
    code = job.process.wait()
    job.close()
    return code, lines
