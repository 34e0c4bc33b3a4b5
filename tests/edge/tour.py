"""The whole product as modules of IoT Edge on one machine, with the test hub in place of the cloud: `make run-edge`.

Type what the cloud does, or what breaks; `help` lists it.
"""

import cmd
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub

ROOT = Path(__file__).parents[2]
MODULES = ("capture", "inference", "trainer_agent")


class Cloud(cmd.Cmd):
    """A line for each thing that an operator, or bad luck, does."""

    prompt = "cloud> "
    intro = "The product runs against a hub of this machine. `help` lists what the cloud can do; Ctrl-D ends it all."

    def __init__(self, device: EdgeDevice) -> None:
        super().__init__()
        self._device = device

    @property
    def _hub(self) -> EdgeHub:
        return self._device.hub

    def do_twin(self, line: str) -> None:
        """twin MODULE: its desired and reported properties"""
        print(json.dumps(json.loads(self._hub.twins[line.strip()].document()), indent=2, ensure_ascii=False))

    def do_desire(self, line: str) -> None:
        """desire MODULE JSON: patch its desired properties, null deletes"""
        module, _, patch = line.partition(" ")
        print("version", self._hub.desire(module, json.loads(patch)))

    def do_invoke(self, line: str) -> None:
        """invoke MODULE METHOD [JSON]: call a direct method"""
        module, name, *payload = line.split(maxsplit=2)
        status, answer = self._hub.invoke(module, name, json.loads(payload[0]) if payload else None, timeout_s=30)
        print(status, json.dumps(answer, indent=2, ensure_ascii=False))

    def do_messages(self, line: str) -> None:
        """messages [N]: the last N messages that came, 10 by default"""
        for one in self._hub.messages[-int(line or 10) :]:
            print(one.module, one.output, one.body.decode())

    def do_connected(self, line: str) -> None:
        """connected: which modules are"""
        print({module: self._hub.connected(module) for module in MODULES})

    def do_log(self, line: str) -> None:
        """log: what the hub saw of its clients"""
        print(*self._hub.log[-20:], sep="\n")

    def do_kill(self, line: str) -> None:
        """kill: the hub is gone, until `start`"""
        self._hub.kill()

    def do_start(self, line: str) -> None:
        """start: the hub is there again"""
        self._device.start_hub()

    def do_hang(self, line: str) -> None:
        """hang: the hub answers nothing any more, until `resume`"""
        self._hub.hang()

    def do_resume(self, line: str) -> None:
        """resume: the hub answers again"""
        self._hub.go_on()

    def do_forget(self, line: str) -> None:
        """forget: the hub loses its sessions and cuts all modules off"""
        self._hub.lose_sessions()

    def do_EOF(self, line: str) -> bool:  # noqa: N802 (the library's name)
        """Ctrl-D: end it all"""
        return True

    def onecmd(self, line: str) -> bool:
        try:
            return bool(super().onecmd(line))
        except (ValueError, KeyError, OSError) as error:
            print(f"that did not work: {error!r}; `help {shlex.quote(line.split()[0]) if line.split() else ''}`")
            return False


def main() -> int:
    device = EdgeDevice(MODULES)
    # The id of each module is set by standalone.py.
    environment = {name: value for name, value in device.hub.environment("").items() if name != "IOTEDGE_MODULEID"}
    product = subprocess.Popen(
        [sys.executable, str(ROOT / "standalone.py")], env=os.environ | environment, stdin=subprocess.DEVNULL
    )
    try:
        if sys.stdin.isatty():
            Cloud(device).cmdloop()
        else:
            product.wait()
    except KeyboardInterrupt:
        pass
    finally:
        product.terminate()
        product.wait()
        device.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
