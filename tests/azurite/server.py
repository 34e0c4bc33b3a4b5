"""Azurite, which answers as Azure Blob Storage does, on a port of this machine; and a line to it that can be cut."""

import base64
import contextlib
import datetime
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

from azure.storage.blob import BlobServiceClient, generate_blob_sas, generate_container_sas

from tests.program import any_port

PROGRAM = Path(__file__).parents[2] / "build/azurite/node_modules/azurite/dist/src/blob/main.js"
MISSING = "Azurite is not installed: run `make test` once, or `make azurite`"
ACCOUNT = "fifteen"
KEY = base64.b64encode(secrets.token_bytes(64)).decode()
_HOUR = datetime.timedelta(hours=1)


def at_hand() -> bool:
    return PROGRAM.is_file() and shutil.which("node") is not None


class Azurite:
    """Keeps everything in memory until `close`."""

    def __init__(self) -> None:
        self.port = any_port()
        options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        place = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port)]
        self._process = subprocess.Popen(
            ["node", str(PROGRAM), *options, *place],
            env=os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"},
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        deadline_s = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                break
            assert time.monotonic() < deadline_s, "Azurite did not start"
            time.sleep(0.05)
        self.service = BlobServiceClient(f"http://127.0.0.1:{self.port}/{ACCOUNT}", credential=KEY)

    def container_url(
        self, name: str, *, rights: str = "rcw", lasts: datetime.timedelta = _HOUR, port: int | None = None
    ) -> str:
        """A SAS URL, by the port of a line to it if one is given; the container need not be there."""
        ends = datetime.datetime.now(datetime.UTC) + lasts
        sas = generate_container_sas(ACCOUNT, name, KEY, permission=rights, expiry=ends)
        return f"http://127.0.0.1:{port or self.port}/{ACCOUNT}/{name}?{sas}"

    def blob_url(self, container: str, name: str) -> str:
        """A SAS URL of one blob, which need not be there."""
        ends = datetime.datetime.now(datetime.UTC) + _HOUR
        sas = generate_blob_sas(ACCOUNT, container, name, account_key=KEY, permission="rcw", expiry=ends)
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}/{container}/{name}?{sas}"

    def close(self) -> None:
        self.service.close()
        self._process.terminate()
        self._process.wait()


class Line:
    """A port that hands everything on to another, counts what goes there, and can be slow, cut and gone."""

    def __init__(self, port: int) -> None:
        self.sent = 0
        """Bytes that went to the other side."""
        self.cut_after: int | None = None
        """So many more bytes are let through, then all connections are cut and no new one is taken until `mend`."""
        self.pause_s = 0.0
        """After each piece that is handed on."""
        self._target = port
        self._gone = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._open: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    def mend(self) -> None:
        self.cut_after = None
        self._gone.clear()

    def gone(self) -> bool:
        return self._gone.is_set()

    def close(self) -> None:
        # Wakes the thread that waits for a connection, which closing alone does not.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._cut()

    def _take(self) -> None:
        while True:
            try:
                near, _ = self._socket.accept()
            except OSError:
                return
            if self._gone.is_set():
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            threading.Thread(target=self._hand_on, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._hand_on, args=(far, near, False), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if counts and self.cut_after is not None:
                    self.cut_after -= len(data)
                    if self.cut_after < 0:
                        self._gone.set()
                        self._cut()
                        break
                target.sendall(data)
                if counts:
                    self.sent += len(data)
                    time.sleep(self.pause_s)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _cut(self) -> None:
        open_now, self._open = self._open, []
        for one in open_now:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
