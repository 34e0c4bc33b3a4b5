"""The one error family: every fault that this program names, each with a stable code for twins, pages and logs."""

from collections.abc import Sequence
from typing import Literal

LossKind = Literal[
    "not_set_up",
    "no_device",
    "not_updated",
    "compile_failed",
    "out_of_memory",
    "inference_failed",
    "hung",
    "crashed",
    "bad_answer",
]
"""What can happen to a device beside the processor."""


class EdgeError(Exception):
    """A fault that was foreseen; its message says what failed, which value and what was expected."""

    code = "error"


class ConfigError(EdgeError, ValueError):
    """Settings that were refused whole; `problems` lists every one of them."""

    code = "bad_settings"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class InvalidInput(EdgeError, ValueError):
    """A value from outside (a form, a file, a message) that cannot be taken."""

    code = "invalid_input"


class CodecError(InvalidInput):
    """Bytes between modules that are short, malformed or of another version."""

    code = "bad_message"


class ImageError(InvalidInput):
    """An image that cannot be decoded or is too small or too large to use."""

    code = "bad_image"


class NotFound(EdgeError, LookupError):
    """Something named that does not exist (any more)."""

    code = "not_found"


class Conflict(EdgeError):
    """A request that does not fit the present state."""

    code = "conflict"


class NotEnoughTags(Conflict):
    """Training refused: fewer tagged images than the minimum."""

    code = "not_enough_tags"


class CameraError(EdgeError):
    """A camera that cannot be opened or has stopped giving frames."""

    code = "camera_lost"


class PackageError(EdgeError):
    """A model package that is incomplete, altered or does not run."""

    code = "bad_package"


class OutOfMemory(EdgeError):
    """Less free memory than what was asked for takes."""

    code = "out_of_memory"


class RuntimeUnavailable(EdgeError):
    """An inference runtime that this machine or image does not have."""

    code = "runtime_unavailable"


class InferenceError(EdgeError):
    """A loaded model that failed on a frame or gave unusable numbers."""

    code = "inference_failed"


class DeviceLost(InferenceError):
    """A device beside the processor that hangs, has gone, or gives what is no answer; `kind` says which."""

    code = "device_lost"

    def __init__(self, kind: LossKind, message: str) -> None:
        super().__init__(message)
        self.kind: LossKind = kind


class DeviceBusy(InferenceError):
    """A device that is being prepared for another model; this one has to wait."""

    code = "device_busy"


class StorageRefused(EdgeError):
    """Cloud storage that does not allow what was asked of it; asking again in the same way does not help."""

    code = "storage_refused"


class LineLost(EdgeError):
    """A server that cannot be reached, or not for now; trying again may help."""

    code = "line_lost"


class LearningError(EdgeError):
    """Training that could not produce a model from what it was given."""

    code = "training_failed"
