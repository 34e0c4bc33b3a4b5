"""What a test needs of the machine it runs on: left out with the reason on a laptop, a failure where all must run."""

import importlib.util
import os
from typing import NoReturn

import pytest


def skip_or_fail(reason: str) -> NoReturn:
    """Leave the present test out, saying what is missing and how to get it; a failure when REQUIRE_ALL is 1."""
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def skip_without_bench_package(module: str) -> None:
    """Leave the present test out, also with REQUIRE_ALL, where a package that only benchmarks need is not installed."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed: run `make bench-setup`")
