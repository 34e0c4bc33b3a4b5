"""Builds the arm64 image on a machine of another kind and tries it there under emulation; one JSON object says how.

`python -m bench.arm64_image`, as root, on Debian: `make image-arm64`. buildah builds Dockerfile.arm64v8 on a Debian 12
for arm64 that is made here, with packages that are fetched here, so that little has to run under emulation. Then the
three modules run in it as the deployment starts them. Ends with 1, saying at which step and why, if anything is not as
it has to be.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge_common.version import VERSION

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile.arm64v8"
MOST_MB = 700
SUITE = "bookworm"
BASE_PACKAGES = (
    "base-files,base-passwd,ca-certificates,coreutils,dash,"
    "libpython3.11-stdlib,libstdc++6,python3,python3-minimal,zlib1g"
)
NEEDED = {
    "arch-test": "arch-test",
    "buildah": "buildah",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "qemu-aarch64-static": "qemu-user-static",
    "unshare": "util-linux",
}
"""Program to the Debian package that brings it."""
EMULATED = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")
EMULATION = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
CPU = "cortex-a53"
"""That of the device: an instruction that it does not have ends the program."""
BASE_IMAGE, IMAGE = "localhost/fifteen-base-arm64", f"localhost/fifteen:{VERSION}-arm64v8"
# Nothing is configured without maintainer scripts, so the two files of users are put in place by hand.
_USERS = "cp /usr/share/base-passwd/passwd.master /etc/passwd; cp /usr/share/base-passwd/group.master /etc/group"
# As Docker does by the deployment's createOptions: root read-only; /tmp, data and sockets writable; a network apart.
_CONTAINED = """
mount --bind "$0" "$0"
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
mount --bind "$4" "$0/sys"
mount -t tmpfs -o size=64m tmpfs "$0/tmp"
mount -t tmpfs -o "size=64m,mode=0700,uid=$1,gid=$1" tmpfs "$0/data"
mount -t tmpfs -o "$2" tmpfs "$0/run/fifteen"
mount -o remount,bind,ro "$0"
ip link set lo up
root="$0"; user="$1"; folder="$3"; shift 4
exec chroot --userspec="$user:$user" "$root" /bin/sh -ec 'cd "$0" && exec "$@"' "$folder" "$@"
"""


# ONNX Runtime and OpenVINO ask /sys which processor this is. They would see the real one, which is of another kind, and
# ONNX Runtime dies of that; where there is nothing at all, OpenVINO does.
_SYS = {
    "possible": "0-{last}",
    "present": "0-{last}",
    "online": "0-{last}",
    "cpu{n}/regs/identification/midr_el1": "0x00000000410fd034",
    "cpu{n}/topology/core_id": "{n}",
    "cpu{n}/topology/physical_package_id": "0",
    "cpu{n}/topology/thread_siblings": "{mask:x}",
    "cpu{n}/topology/core_siblings": "{all:x}",
}
_TRIED_WITHIN_S = 420


class Failed(Exception):
    """A step that did not go as it has to, in words."""


def run(*command: str | Path, environment: Mapping[str, str] | None = None, within_s: float | None = None) -> str:
    """What a program prints; raises Failed with its last words."""
    words = [*map(str, command)]
    try:
        done = subprocess.run(words, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=within_s)
    except subprocess.TimeoutExpired as error:
        said = (error.stderr or b"").decode(errors="replace")
        raise Failed(f"{command[0]} did not end within {within_s:.0f} s: {said[-3000:].strip()}") from error
    if done.returncode:
        raise Failed(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-3000:].strip()}")
    return done.stdout.strip()


class Builder:
    """The steps, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archive = folder / "fifteen-arm64v8.tar"
        store = ["--root", str(folder / "store"), "--runroot", str(folder / "run"), "--storage-driver", "overlay"]
        self._buildah = ["buildah", *store]

    def buildah(self, *words: str | Path) -> str:
        return run(*self._buildah, *words)

    def emulation(self) -> None:
        """What the kernel forgets with a restart: which program runs arm64's."""
        if EMULATED.exists():
            return
        if not EMULATED.with_name("register").exists():
            run("mount", "-t", "binfmt_misc", "binfmt_misc", EMULATED.parent)
        try:
            EMULATED.with_name("register").write_bytes(EMULATION.read_bytes())
        except OSError as error:
            raise Failed(f"the kernel does not take {EMULATION}: {error}") from error

    def base(self) -> None:
        """Debian 12 for arm64, unpacked and not configured, as an image."""
        tar = self.folder / "base.tar"
        tar.unlink(missing_ok=True)
        run("mmdebstrap", "--quiet", "--arch=arm64", "--variant=extract", f"--include={BASE_PACKAGES}", SUITE, tar)
        container = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", container, tar, "/")
        self.buildah("run", "--isolation", "chroot", container, "/bin/sh", "-ec", _USERS)
        self.buildah("config", "--arch", "arm64", "--os", "linux", container)
        self.buildah("commit", "--quiet", "--rm", container, BASE_IMAGE)

    def packages(self) -> None:
        """What the Dockerfile's stage of that name fetches, by its own options."""
        target = self.folder / "packages" / "packages"
        shutil.rmtree(target, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        run(*pip, "--target", target, *default_of("WHEELS").split(), "-r", ROOT / "requirements.txt")
        shutil.rmtree(target / "bin", ignore_errors=True)

    def image(self) -> None:
        """The Dockerfile's last stage, with the packages from above and nothing for a VPU."""
        (self.folder / "vpu" / "opt" / "vpu").mkdir(parents=True, exist_ok=True)
        given = [f"--build-context={name}={self.folder / name}" for name in ("packages", "vpu")]
        how = ["--isolation", "chroot", "--arch", "arm64", "--format", "docker", "--pull-never"]
        base = ["--build-arg", f"BASE_IMAGE={BASE_IMAGE}"]
        self.buildah("bud", "--quiet", *how, *base, *given, "--tag", IMAGE, "--file", DOCKERFILE, ROOT)

    def pack(self) -> None:
        """For `docker load` on a device."""
        self.archive.unlink(missing_ok=True)
        self.buildah("push", "--quiet", IMAGE, f"docker-archive:{self.archive}:{IMAGE}")

    def tried(self) -> dict[str, Any]:
        """What `bench.arm64_smoke` finds in a container of it."""
        config = json.loads(self.buildah("inspect", "--type", "image", IMAGE))["Docker"]["config"]
        user = config["User"].partition(":")[0]
        starts, sockets = started_by_deployment(config["Entrypoint"])
        smoke = (ROOT / "bench" / "arm64_smoke.py").read_text()
        given = dict(entry.split("=", 1) for entry in config["Env"])
        container = self.buildah("from", "--pull-never", "--arch", "arm64", IMAGE)
        try:
            root = self.buildah("mount", container)
            apart = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-ec", _CONTAINED]
            program = ["python3", "-c", smoke, json.dumps(starts)]
            said = run(
                *(
                    *apart,
                    root,
                    user,
                    sockets,
                    config["WorkingDir"],
                    described_processor(self.folder / "sys"),
                    *program,
                ),
                environment=given | {"QEMU_CPU": CPU},
                within_s=_TRIED_WITHIN_S,
            )
        finally:
            self.buildah("rm", container)
        found: dict[str, Any] = json.loads(said.splitlines()[-1])
        return found | {"healthcheck": config["Healthcheck"]["Test"]}


def described_processor(folder: Path) -> Path:
    """A /sys that tells of the device's processor, with as many cores as there are here."""
    count = os.cpu_count() or 1
    for name, value in _SYS.items():
        for n in range(count):
            path = folder / "devices" / "system" / "cpu" / name.format(n=n)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value.format(n=n, last=count - 1, mask=1 << n, all=(1 << count) - 1) + "\n")
    return folder


def default_of(argument: str) -> str:
    """The default of one of the Dockerfile's build arguments."""
    found = re.search(rf'^ARG {argument}="?([^"\n]*)"?$', DOCKERFILE.read_text(), re.MULTILINE)
    if found is None:
        raise Failed(f"{DOCKERFILE}: a default of ARG {argument} expected, there is none")
    return found[1]


def started_by_deployment(entrypoint: Sequence[str]) -> tuple[dict[str, dict[str, Any]], str]:
    """How each of our modules is started and asked for its health, and the options of the folder of sockets."""
    template = json.loads((ROOT / "deployment.template.json").read_bytes())
    modules = template["modulesContent"]["$edgeAgent"]["properties.desired"]["modules"]
    starts, sockets = {}, ""
    for name, module in modules.items():
        options = module["settings"]["createOptions"]
        if "Cmd" in options:
            starts[name] = {
                "command": [*entrypoint, *options["Cmd"]],
                "environment": {key: entry["value"] for key, entry in module["env"].items()},
                "health": options["Healthcheck"]["Test"][1:],
            }
            sockets = options["HostConfig"]["Mounts"][1]["VolumeOptions"]["DriverConfig"]["Options"]["o"]
    return starts, sockets


def missing() -> list[str]:
    """What this machine lacks, with the way to get it."""
    absent = sorted({package for program, package in NEEDED.items() if shutil.which(program) is None})
    lacks = [f"programs are missing: sudo apt-get install --no-install-recommends {' '.join(absent)}"] if absent else []
    if os.geteuid() != 0:
        lacks.append("root is needed for mounts and another root folder: sudo make image-arm64")
    if not (ROOT / "zoo" / "index.json").exists():
        lacks.append("there is no zoo: run make setup")
    return lacks


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.arm64_image", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "arm64", help="where everything is kept")
    builder = Builder(parser.parse_args().folder.resolve())
    if lacks := missing():
        print("\n".join(lacks), file=sys.stderr)
        return 1
    builder.folder.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    steps: Sequence[Callable[[], Any]] = (
        builder.emulation,
        builder.base,
        builder.packages,
        builder.image,
        builder.pack,
        builder.tried,
    )
    made = None
    for step in steps:
        started_s = time.monotonic()
        print(f"{step.__name__} ...", file=sys.stderr, flush=True)
        try:
            made = step()
        except Failed as error:
            print(f"{step.__name__}: {error}", file=sys.stderr)
            return 1
        seconds[step.__name__] = round(time.monotonic() - started_s, 1)
    size_mb = round(builder.archive.stat().st_size / 1e6)
    print(
        json.dumps(
            {"image": IMAGE, "archive": str(builder.archive), "size_mb": size_mb, "seconds": seconds, "tried": made},
            indent=2,
        )
    )
    if size_mb > MOST_MB:
        print(f"{MOST_MB} MB at most expected, got {size_mb}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
