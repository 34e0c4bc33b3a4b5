"""The Dockerfile against what it has to agree with; `make image-arm64` builds it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bench.arm64_image import BASE_PACKAGES, NEEDED, SUITE, Failed, default_of, run, started_by_deployment
from edge_common.health import FILE_VARIABLE

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile.arm64v8").read_text()
LINES = re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()
FINAL = LINES[max(number for number, line in enumerate(LINES) if line.startswith("FROM ")) :]


def copied() -> set[str]:
    """What the image takes of the checkout."""
    return {line.split()[1].rstrip("/") for line in LINES if re.match(r"(COPY|ADD) (?!--from)", line)}


def test_every_base_and_every_package_is_pinned() -> None:
    for name in ("BASE_IMAGE", "VPU_BASE_IMAGE"):
        assert re.fullmatch(r"[a-z]+:[a-z]+-\d{8}-slim", default_of(name))
    for line in LINES:
        if "pip" in line and " install " in line and "apt-get" not in line:
            assert "-r /requirements.txt" in line or "==" in line
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if not line.startswith("#"):
            assert [part.operator for part in Requirement(line).specifier] == ["=="]


def test_the_suite_that_is_tried_is_the_one_of_the_base() -> None:
    assert default_of("BASE_IMAGE").startswith(f"debian:{SUITE}-")


def test_the_python_of_the_base_finds_packages_that_were_fetched_for_it() -> None:
    python = re.search(r"--python-version (3\.\d+) ", default_of("WHEELS"))

    assert python is not None
    assert f"COPY --from=packages /packages /usr/local/lib/python{python[1]}/dist-packages" in FINAL
    assert f"libpython{python[1]}-stdlib" in BASE_PACKAGES


def test_wheels_are_asked_for_by_names_that_the_bases_c_library_serves() -> None:
    asked = re.findall(r"--platform manylinux_2_(\d+)_aarch64", default_of("WHEELS"))

    assert asked
    assert max(map(int, asked)) <= 36


def test_no_vpu_is_in_it_unless_asked_for() -> None:
    stages = {line.split(" AS ")[1] for line in LINES if " AS vpu-" in line}

    assert default_of("VPU") == "none"
    assert {"vpu-none", "vpu-percept", "vpu-openvino"} <= stages


def test_modules_find_what_the_deployment_names() -> None:
    starts, sockets = started_by_deployment(["python3", "-m"])

    assert starts.keys() == {"capture", "inference", "trainer_agent"}
    assert 'ENTRYPOINT ["python3", "-m"]' in FINAL
    assert "WORKDIR /app" in FINAL
    assert "COPY zoo zoo" in FINAL
    command = starts["trainer_agent"]["command"]
    assert command[command.index("--zoo") + 1] == "/app/zoo"
    for start in starts.values():
        assert start["command"][start["command"].index("--data") + 1] == "/data"
        assert start["environment"][FILE_VARIABLE].startswith("/run/fifteen/")
    assert "uid=5015,gid=5015" in sockets


def test_it_runs_as_the_user_to_whom_its_folders_belong() -> None:
    assert "USER 5015:5015" in FINAL
    assert any("chown 5015:5015 /data /run/fifteen" in line for line in FINAL)


def test_it_tells_docker_how_to_ask_for_its_health() -> None:
    check = next(line for line in FINAL if line.startswith("HEALTHCHECK "))

    assert f'python3 -m edge_common.health "${FILE_VARIABLE}"' in check
    assert any(line.startswith("ENV ") and f"{FILE_VARIABLE}=" in line for line in FINAL)


def test_only_what_is_copied_goes_to_the_builder() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert kept == {name.partition("/")[0] for name in copied()}


def test_libraries_that_send_usage_data_are_told_not_to() -> None:
    assert any(line.startswith("ENV ") and "ORT_DISABLE_TELEMETRY=1" in line for line in FINAL)
    assert "openvino-telemetry" not in (ROOT / "requirements.txt").read_text()


def test_what_is_missing_is_told_with_the_way_to_get_it(tmp_path: Path) -> None:
    """Asked without any programs, as none is found then."""
    code = "import sys, bench.arm64_image; sys.exit(bench.arm64_image.main())"
    asked = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )

    assert asked.returncode == 1
    assert "sudo apt-get install --no-install-recommends " in asked.stderr
    for package in NEEDED.values():
        assert package in asked.stderr


def test_a_step_that_fails_says_what_the_program_said() -> None:
    with pytest.raises(Failed, match="ended with 3: no such thing"):
        run(sys.executable, "-c", "import sys; print('no such thing', file=sys.stderr); sys.exit(3)")


def test_a_step_that_hangs_is_ended() -> None:
    with pytest.raises(Failed, match="did not end within 1 s"):
        run(sys.executable, "-c", "import time; time.sleep(60)", within_s=1)
