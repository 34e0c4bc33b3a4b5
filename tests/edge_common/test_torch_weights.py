import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from edge_common.errors import PackageError
from edge_common.torch_weights import read_torch_weights

MAGIC = 0x1950A86A20F9469CFC6C
VALUES = np.arange(12, dtype=np.float32)


class Global:
    """Pickled as a name that the reader has to look up, whether it can be imported here or not."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Tensor:
    """Pickled as torch pickles a tensor that lies in a storage of its own file."""

    def __init__(self, storage: str, offset: int, size: tuple, stride: tuple, kind: str = "FloatStorage") -> None:
        self.parts = (storage, offset, size, stride)
        self.kind = kind


class _Pickler(pickle._Pickler):
    """Writes names and storages as torch does."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_global_name(self, value: Global) -> None:
        self.write(b"c" + f"{value.module}\n{value.name}\n".encode())

    def save_tensor(self, value: Tensor) -> None:
        storage, offset, size, stride = value.parts
        self.save(Global("torch._utils", "_rebuild_tensor_v2"))
        self.write(b"(")
        self.save_pers(("storage", Global("torch", value.kind), storage, "cpu", 12, None))
        for part in (offset, size, stride, False, OrderedDict()):
            self.save(part)
        self.write(b"tR")

    dispatch[Global] = save_global_name
    dispatch[Tensor] = save_tensor


class _Out(list):
    def write(self, data: bytes) -> None:
        self.append(data)


def pickled(value: object) -> bytes:
    out = _Out()
    _Pickler(out, protocol=2).dump(value)
    return b"".join(out)


def torch_file(tensors: object, *, magic: int = MAGIC, storages: tuple[str, ...] = ("a",), numbers=VALUES) -> bytes:
    head = b"".join(pickled(value) for value in (magic, 1001, {"little_endian": True}))
    raw = struct.pack("<q", len(numbers)) + numbers.tobytes()
    return head + pickled(tensors) + pickled(list(storages)) + raw * len(storages)


WHOLE = torch_file({"w": Tensor("a", 0, (3, 4), (4, 1)), "turned": Tensor("a", 2, (2, 3), (1, 4))})


def test_tensors_are_views_of_their_storages() -> None:
    weights = read_torch_weights(WHOLE)

    np.testing.assert_array_equal(weights["w"], VALUES.reshape(3, 4))
    np.testing.assert_array_equal(weights["turned"], [[2, 6, 10], [3, 7, 11]])
    assert weights["w"].dtype == np.float32


def test_whole_numbers_and_single_ones_are_read_too() -> None:
    counted = torch_file({"n": Tensor("a", 1, (), (), "LongStorage")}, numbers=np.array([7, 2**40], dtype=np.int64))

    assert read_torch_weights(counted)["n"] == 2**40


def test_code_in_the_file_is_refused_and_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "it-ran"

    class Evil:
        def __reduce__(self):
            import os

            return os.system, (f"touch {trace}",)

    head = b"".join(pickle.dumps(value, protocol=2) for value in (MAGIC, 1001, {}))

    with pytest.raises(PackageError, match=r"asks for posix\.system, which is refused"):
        read_torch_weights(head + pickle.dumps({"w": Evil()}, protocol=2))

    assert not trace.exists()


@pytest.mark.parametrize(
    "name", ["builtins.eval", "builtins.getattr", "torch.load", "torch._utils._rebuild_parameter", "subprocess.Popen"]
)
def test_only_the_names_of_tensors_may_appear(name: str) -> None:
    module, _, attribute = name.rpartition(".")

    with pytest.raises(PackageError, match=f"asks for {name}"):
        read_torch_weights(torch_file({"w": Global(module, attribute)}))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"PK\x03\x04 a zip archive", id="the format that came later"),
        pytest.param(b"\x80\x02}q\x00.", id="a pickle of something else"),
        pytest.param(torch_file({}, magic=1), id="another magic number"),
        pytest.param(torch_file([1, 2]), id="a list for the tensors"),
        pytest.param(torch_file({"w": 5}), id="a number for a tensor"),
        pytest.param(torch_file({"w": Tensor("b", 0, (3,), (1,))}), id="a storage that is not there"),
        pytest.param(torch_file({}, storages=("a",)), id="a storage of no tensor"),
        pytest.param(torch_file({"w": Tensor("a", 0, (13,), (1,))}), id="one number too many"),
        pytest.param(torch_file({"w": Tensor("a", -1, (2,), (1,))}), id="a start before the storage"),
        pytest.param(torch_file({"w": Tensor("a", 11, (3,), (-4,))}), id="backwards"),
        pytest.param(torch_file({"w": Tensor("a", 0, (3, 4), (1,))}), id="a stride too few"),
        pytest.param(torch_file({"w": Tensor("a", 0, ("x",), (1,))}), id="a size that is none"),
        pytest.param(torch_file({"w": Tensor("a", 0, (3,), (1,), "HalfStorage")}), id="numbers of another kind"),
    ],
)
def test_a_file_that_is_no_file_of_weights_is_refused(data: bytes) -> None:
    with pytest.raises(PackageError, match="weights: "):
        read_torch_weights(data)


def test_a_file_cut_short_anywhere_is_refused() -> None:
    for length in range(len(WHOLE)):
        with pytest.raises(PackageError, match="weights: "):
            read_torch_weights(WHOLE[:length])


def test_a_file_with_a_damaged_byte_is_read_or_refused_but_never_anything_else() -> None:
    for place in range(len(WHOLE)):
        try:
            read_torch_weights(WHOLE[:place] + bytes([WHOLE[place] ^ 0x15]) + WHOLE[place + 1 :])
        except PackageError:
            continue
