"""What runs which model fastest, as it was measured, kept on disk for the next start."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from edge_common.durable import write_file
from edge_common.images import digest_of
from edge_common.results import Choice

log = logging.getLogger(__name__)

MOST_CHOICES = 64
"""Of those measured longest ago more are deleted."""


class Choices:
    """One small file for each model file and circumstances. Used by one thread at a time."""

    def __init__(self, root: Path | None = None) -> None:
        """root: None keeps them as long as this object lives."""
        self._root = root
        self._known: dict[str, Choice] = {}

    def find(self, circumstances: Mapping[str, object]) -> Choice | None:
        """What was measured under just these; None when nothing was, or when what was kept is damaged."""
        name = _name(circumstances)
        if name in self._known or self._root is None:
            return self._known.get(name)
        path = self._root / name
        try:
            kept = json.loads(path.read_bytes())
            if kept["circumstances"] != circumstances:
                raise ValueError("it is of other circumstances")
            choice = Choice.model_validate_json(json.dumps(kept["choice"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            log.warning("%s is damaged, so what runs a model fastest is measured anew: %s", path, error)
            return None
        self._known[name] = choice
        return choice

    def keep(self, circumstances: Mapping[str, object], choice: Choice, *, lasting: bool) -> None:
        """lasting: whether it holds for the next start too."""
        name = _name(circumstances)
        self._known[name] = choice
        if self._root is None or not lasting:
            return
        body = {"circumstances": circumstances, "choice": choice.model_dump(mode="json")}
        try:
            write_file(self._root / name, json.dumps(body, indent=1).encode())
            kept = sorted(self._root.glob("*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
            for old in kept[MOST_CHOICES:]:
                old.unlink()
        except OSError as error:
            log.warning("what runs a model fastest is measured anew at the next start: %s", error)


def _name(circumstances: Mapping[str, object]) -> str:
    return f"{digest_of(json.dumps(circumstances, sort_keys=True).encode())}.json"
