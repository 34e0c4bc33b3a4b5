from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inference.skills.bench import SkillBench


@pytest.fixture
def bench(tmp_path: Path, sockets: Path) -> Iterator[SkillBench]:
    made = SkillBench(tmp_path, sockets)
    yield made
    made.close()
