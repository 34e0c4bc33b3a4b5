"""Forgets the PIN of the page: `python -m modules.trainer_agent.forget_pin --data DIR`, by whoever runs the device.

The page may go on running: it then answers on this machine only again, and its log tells the set-up code.
"""

import argparse
import sys
from pathlib import Path

from edge_common.durable import sync_folder
from edge_common.network import PIN_FILE
from modules.trainer_agent.people import SESSIONS_FILE


def main() -> int:
    arguments = argparse.ArgumentParser(prog="forget_pin", description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="the data folder of the product")
    data = arguments.parse_args().data
    if not (data / PIN_FILE).exists():
        print(f"no PIN is set in {data}", file=sys.stderr)
        return 1
    # The PIN first: without it no session counts, whatever happens in between.
    (data / PIN_FILE).unlink()
    (data / SESSIONS_FILE).unlink(missing_ok=True)
    sync_folder((data / PIN_FILE).parent)
    print("The PIN is forgotten and everybody is signed out. Open the page on this machine to set a new one.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
