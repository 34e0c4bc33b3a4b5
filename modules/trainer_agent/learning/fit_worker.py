"""The process that does a share of the fits: a pickled Share on standard input, pickled outcomes on standard output.

Its argument is the descriptor of the arena with the examples, which it has inherited.
"""

import pickle
import sys

from edge_common.service import EXIT_ABANDONED, EXIT_CLEAN, end_with_input, leave
from modules.trainer_agent.learning.arena import Arena
from modules.trainer_agent.learning.fits import Share, work


def main() -> int:
    """Read a share, do it, write the outcomes; end at once if the starter goes away meanwhile."""
    try:
        share: Share = pickle.load(sys.stdin.buffer)
    except (EOFError, pickle.UnpicklingError):
        return EXIT_ABANDONED  # the starter went away before it had sent everything
    end_with_input()
    pickle.dump(work(share, Arena(int(sys.argv[1]))), sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)
    sys.stdout.buffer.flush()
    return EXIT_CLEAN


if __name__ == "__main__":
    leave(main())
