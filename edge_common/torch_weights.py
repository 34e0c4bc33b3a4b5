"""Weights from a file that torch saved before it used zip archives, read without torch and without running any code.

The format: three small pickles (magic number, protocol version, system facts), the pickle of the values, a pickled
list of storage keys, then for each key an int64 count and the raw numbers. Tensors in the values refer to storages
by persistent id. Only the names listed here may appear; anything else in the file is refused.
"""

import io
import pickle
import struct
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import PackageError

_MAGIC = 0x1950A86A20F9469CFC6C
# What the unpickler, and damaged numbers and names that it gives, can raise.
_FAULTS = (
    pickle.UnpicklingError,
    struct.error,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    TypeError,
    ValueError,
)
_KINDS: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Tensor:
    """A view into a storage that is read later."""

    def __init__(
        self, storage: str, kind: np.dtype[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...]
    ) -> None:
        self.storage, self.kind, self.offset, self.size, self.stride = storage, kind, offset, size, stride


def _rebuild(
    storage: tuple[str, np.dtype[Any]], offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(*storage, offset, size, stride)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        allowed: dict[str, object] = {
            "collections.OrderedDict": OrderedDict,
            "torch._utils._rebuild_tensor_v2": _rebuild,
            **{f"torch.{kind}": kind for kind in _KINDS},
        }
        wanted = f"{module}.{name}"
        if wanted not in allowed:
            raise PackageError(f"weights: the file asks for {wanted}, which is refused")
        return allowed[wanted]

    def persistent_load(self, reference: list[str]) -> tuple[str, np.dtype[Any]]:
        what, kind, key = reference[:3]
        if what != "storage":
            raise PackageError(f"weights: a storage expected, got {what!r}")
        return key, _KINDS[kind]


def read_torch_weights(data: bytes) -> dict[str, NDArray[Any]]:
    """Tensor name to array; raises PackageError for any other file, or one cut short or with code in it."""
    file = io.BytesIO(data)
    try:
        magic, _protocol, _system = (_Unpickler(file).load() for _ in range(3))
        if magic != _MAGIC:
            raise PackageError(f"weights: a torch file expected, its magic number is {magic!r}")
        tensors = _Unpickler(file).load()
        kinds = {tensor.storage: tensor.kind for tensor in tensors.values()}
        storages = {key: _read_storage(file, kinds[key]) for key in _Unpickler(file).load()}
        return {name: _view(name, tensor, storages[tensor.storage]) for name, tensor in tensors.items()}
    except _FAULTS as error:
        raise PackageError(f"weights: not a torch file of the old format: {error!r}") from error


def _read_storage(file: io.BytesIO, kind: np.dtype[Any]) -> NDArray[Any]:
    (count,) = struct.unpack("<q", file.read(8))
    data = file.read(max(0, count) * kind.itemsize)
    if len(data) != count * kind.itemsize:
        raise PackageError(f"weights: {count} numbers expected, the file ends after {len(data) // kind.itemsize}")
    return np.frombuffer(data, kind)


def _view(name: str, tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    last = tensor.offset + sum((length - 1) * step for length, step in zip(tensor.size, tensor.stride, strict=True))
    if min((tensor.offset, *tensor.stride, *tensor.size)) < 0 or last >= storage.size:
        raise PackageError(f"weights: {name} reaches number {last} of a storage of {storage.size}")
    steps = [step * storage.itemsize for step in tensor.stride]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.size, steps, writeable=False).copy()
