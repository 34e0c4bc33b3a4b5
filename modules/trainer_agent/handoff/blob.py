"""Compiles a model for the Myriad X in the VPU's own Python, where that is at hand, beside all other work."""

import logging
import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from edge_common.errors import RuntimeUnavailable

log = logging.getLogger(__name__)

SCRIPT = Path(__file__).with_name("compile_blob.py")
WITHIN_S = 1200.0
"""The converter and the compiler take minutes on the device."""
_MOST_TOLD = 400


class BlobCompiler:
    """Called by one thread; `close` by any."""

    def __init__(self, python: str | None, script: Path = SCRIPT) -> None:
        """`python`: the interpreter that has azure-percept; None: there is none, and nothing is compiled."""
        self._python = python
        self._script = script
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    @property
    def at_hand(self) -> bool:
        return bool(self._python)

    def compile(self, model: Path) -> bytes | None:
        """The compiled model; None where there is no compiler. Raises RuntimeUnavailable saying why it failed."""
        if not self._python:
            return None
        with tempfile.TemporaryDirectory() as folder:
            blob = Path(folder) / "model.blob"
            command = [self._python, str(self._script), str(model.absolute()), str(blob)]
            try:
                self._process = subprocess.Popen(
                    ["nice", "-n", "10", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    # Ended as a group, since it starts programs of its own.
                    process_group=0,
                )
            except OSError as error:
                raise RuntimeUnavailable(f"the VPU's Python cannot be started: {error}") from error
            try:
                if self._closed:
                    self._end()
                _, said = self._process.communicate(timeout=WITHIN_S)
            except subprocess.TimeoutExpired as error:
                self._end()
                raise RuntimeUnavailable(f"the model was not compiled within {WITHIN_S:.0f} s") from error
            finally:
                self._process.wait()
                code, self._process = self._process.returncode, None
            if code != 0:
                told = said.decode(errors="replace").strip()[-_MOST_TOLD:]
                raise RuntimeUnavailable(f"the model was not compiled: {told or f'it ended with {code}'}")
            return blob.read_bytes()

    def close(self) -> None:
        """End what is being compiled."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
