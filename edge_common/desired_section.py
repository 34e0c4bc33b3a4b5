"""A desired section put together from full twins and patches, which come late, twice and out of order. Pure."""

from collections.abc import Mapping
from typing import Any

from edge_common.setting_groups import merge_patch


class DesiredSection:
    """What a hub wants, as far as it is known; versions tell which patches follow one another."""

    def __init__(self) -> None:
        self.version = 0
        self.values: dict[str, Any] = {}
        self._held: dict[int, dict[str, Any]] = {}
        self._doubtful = False

    def full(self, section: Mapping[str, Any]) -> None:
        """Take the whole section of a twin that was asked for after all patches known here had come.

        Its version counts, also when it is lower: a module that was deleted and made again starts anew.
        """
        self.version = _version(section) or 0
        self.values = _without_dollars(section)
        self._held = {version: patch for version, patch in self._held.items() if version > self.version}
        self._doubtful = False
        self._go_on()

    def patch(self, patch: object) -> None:
        version = _version(patch)
        if version is None or version <= self.version:
            # An old one that came late, or the first ones of a section that starts anew: only the twin tells.
            self._doubtful = True
        elif isinstance(patch, Mapping):
            self._held[version] = _without_dollars(patch)
            self._go_on()

    def doubtful(self) -> bool:
        """Whether the full twin has to be asked for: a patch is missing, or one came that does not fit."""
        return self._doubtful or bool(self._held)

    def _go_on(self) -> None:
        while (patch := self._held.pop(self.version + 1, None)) is not None:
            self.values = merge_patch(self.values, patch)
            self.version += 1


def _version(section: object) -> int | None:
    version = section.get("$version") if isinstance(section, Mapping) else None
    return version if isinstance(version, int) and not isinstance(version, bool) else None


def _without_dollars(section: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in section.items() if not name.startswith("$")}
