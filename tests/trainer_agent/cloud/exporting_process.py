"""Does the jobs that are noted in a data folder, as trainer_agent does, and says how much memory that took.

`python -m tests.trainer_agent.cloud.exporting_process DATA`
"""

import sys
from contextlib import closing
from pathlib import Path

from edge_common.settings import TrainerSettings
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library
from tests.trainer_agent.cloud.conftest import Cloud
from tests.waiting import wait_for


def memory_mb(key: str) -> int:
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index(f"{key}:") + 1]) // 1024


def main() -> None:
    data = Path(sys.argv[1])
    # Loaded before, so that what is measured is what an export takes.
    import modules.trainer_agent.cloud.blob_storage  # noqa: F401

    with closing(Database(data / "library" / "library.sqlite")) as database:
        cloud = Cloud(Library(database, data / "library"), data, TrainerSettings)
        Path("/proc/self/clear_refs").write_text("5")
        before_mb = memory_mb("VmRSS")
        with closing(cloud.jobs):
            cloud.jobs.start()
            wait_for(lambda: not list((data / "cloud" / "jobs").glob("*.json")))
        print(memory_mb("VmHWM") - before_mb)


if __name__ == "__main__":
    main()
