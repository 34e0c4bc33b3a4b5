"""A module that only talks, by the line as it ships: `python -m tests.edge.talking_module FOLDER`.

It sends a numbered alert each fifth of a second, with its time of day, until its input closes; then it prints how many
there were and goes on sending what waits until it is killed.
"""

import sys
import threading
import time
from pathlib import Path

from edge_common.azure_hub import AzureHub
from edge_common.methods import Method, Request


def main(folder: Path) -> None:
    line, over = AzureHub(folder), threading.Event()
    line.serve({"now": Method(Request, lambda asked: time.time())})

    def wait_for_the_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    sent = 0
    while not over.wait(0.2):
        line.send("alerts", {"n": sent, "time_s": time.time()})
        sent += 1
        line.report({"sent": sent})
    print(sent, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
