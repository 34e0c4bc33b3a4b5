"""A whole edge device for tests: authority, workload API and hub, at a loopback address of their own."""

import datetime
import random
import shutil
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.edge.certificates import make_authority, make_server_certificate
from tests.edge.edge_hub import PORT, EdgeHub, Route
from tests.edge.workload import Workload

_MONTH = datetime.timedelta(days=30)


class EdgeDevice:
    """Started when made; `close` takes all of it away."""

    def __init__(self, modules: Iterable[str], routes: Iterable[Route] = ()) -> None:
        # In /tmp, as the path of a socket may be 107 bytes long at most.
        self.folder = Path(tempfile.mkdtemp(prefix="edge-", dir="/tmp"))
        self.authority = make_authority()
        self.workload = Workload(self.folder / "workload.sock", self.authority, modules).start()
        self.hub = EdgeHub(self.workload, free_address(), self.folder, routes)
        self.start_hub()

    def start_hub(self, *, certificate_ends: datetime.timedelta = _MONTH) -> None:
        names = (self.hub.address, "edgehub")
        self.hub.start(*make_server_certificate(self.authority, names, ends=certificate_ends))

    def close(self) -> None:
        self.hub.close()
        self.workload.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_address() -> str:
    """A loopback address where nobody has the hub's port: tests that run side by side have a hub each."""
    while True:
        address = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(1, 254)}"
        with socket.socket() as probe:
            try:
                probe.bind((address, PORT))
            except OSError:
                continue
            return address
