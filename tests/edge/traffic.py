"""What a module says and is told all the time, so that after a fault it can be seen that nothing of it is missing."""

import itertools
import json
import threading
import time
from collections import Counter

from edge_common.azure_hub import AzureHub
from tests.edge.edge_hub import EdgeHub
from tests.messages import numbered, numbered_alert


class Traffic:
    """An alert, an event and a report each `every_s`, and a patch of desired properties each ten times that."""

    def __init__(self, line: AzureHub, hub: EdgeHub, module: str, every_s: float = 0.2) -> None:
        self._line, self._hub, self._module, self._every_s = line, hub, module, every_s
        self.sent = 0
        self.patches = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic")
        self._thread.start()

    def _run(self) -> None:
        for number in itertools.count():
            self._line.send(numbered_alert(number))
            self._line.send(numbered(number))
            self._line.report({"n": number})
            self.sent = number + 1
            if number % 10 == 0:
                # Each undoes a part of the one before: one that is missed would leave its key behind.
                self._hub.desire(self._module, {f"k{self.patches}": 1, f"k{self.patches - 1}": None})
                self.patches += 1
            if self._over.wait(self._every_s):
                return

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def arrived(self, output: str) -> list[int]:
        """The numbers that came, in the order in which each came first."""
        field = "text" if output == "alerts" else "reason"
        came = [json.loads(message.body) for message in self._hub.sent(self._module, output)]
        return list(dict.fromkeys(int(body[field]) for body in came))

    def sequences(self) -> list[int]:
        """What the line has counted its messages by, of those that came."""
        return sorted({json.loads(message.body)["sequence"] for message in self._hub.messages})

    def missing(self) -> int:
        """How many messages have not come yet."""
        return 2 * self.sent - len({message.system["$.mid"] for message in self._hub.messages})

    def wait_until_whole(self, timeout_s: float) -> float:
        """Until everything has arrived, in order, and the last report, too; how long that took, in s."""
        began_s = time.monotonic()
        while self.missing() or self._hub.reported(self._module).get("n") != self.sent - 1:
            assert time.monotonic() - began_s < timeout_s, (
                f"of {2 * self.sent} messages {self.missing()} are missing, reported is "
                f"{self._hub.reported(self._module).get('n')}"
            )
            # Each look takes from the line, which is in the same process.
            time.sleep(1)
        took_s = time.monotonic() - began_s
        assert self.arrived("alerts") == self.arrived("events") == list(range(self.sent))
        assert self.sequences() == list(range(1, 2 * self.sent + 1))
        return took_s

    def twice(self) -> int:
        """How many messages came more than once."""
        ids = Counter(message.system["$.mid"] for message in self._hub.messages if message.module == self._module)
        return sum(1 for times in ids.values() if times > 1)
