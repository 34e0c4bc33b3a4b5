"""The process that holds the VPU: loads models with the SDK of its own Python, looks at images, answers in bytes.

`PYTHON vpu_worker.py SOCKET`: the number of an open stream socket. It is run by an older Python than ours (3.9 syntax;
standard library, numpy and one SDK), so it imports nothing of ours. What an SDK prints cannot reach the socket. Nothing
ever comes through standard input: when that closes, whoever started this is gone, and the kernel ends the process, even
one that hangs within the SDK.

A message is MAGIC, the length of its head (uint32) and of its body (uint64), both big-endian, the head in JSON, and
the body. Asked: {"do": "load", "path", "sdk", "device", "threads"}, {"do": "infer", "model"} with the image as float32
[1, 3, size, size] for its body, {"do": "unload", "model"}. Answered: {"hello": version}, unasked, once;
{"model", "input"}; {"outputs": [[name, ...], shape]...} with float32 values one after the other for its body; {}; or
{"error": kind, "message"} with a kind of `KINDS`.
"""

import fcntl
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = b"VPU1"
FRAMING = struct.Struct(">4sIQ")
MOST_HEAD, MOST_BODY = 1 << 16, 1 << 26
VERSION = 1
KINDS = ("no_sdk", "no_device", "bad_model", "compile_failed", "out_of_memory", "inference_failed")
_READY_WITHIN_S = 60.0

Output = tuple[list[str], Any]
"""All names of an output, and its values."""


class Fault(Exception):
    """What goes back instead of an answer."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Model:
    """Where its image is received, and what looks at it there; all that it holds goes with it."""

    def __init__(self, image: Any, infer: Callable[[], list[Output]]) -> None:
        self.image = image
        self.infer: Any = infer

    def close(self) -> None:
        self.infer = None


class OpenVino:
    """Models on a device of OpenVINO 2022.1 or newer; its releases up to 2022.3 know MYRIAD."""

    def __init__(self) -> None:
        try:
            from openvino import Core, Tensor
        except ImportError:
            from openvino.runtime import Core, Tensor
        self._core, self._tensor = Core(), Tensor

    def load(self, path: str, device: str, threads: int) -> Model:
        try:
            model = self._core.read_model(path)
        except (RuntimeError, TypeError, ValueError) as error:
            raise Fault("bad_model", f"cannot load {path}: {told(error)}") from error
        compiled = self._core.compile_model(model, device, self._settings(device, threads))
        image = image_for([(sorted(port.get_names()), list(port.shape)) for port in compiled.inputs])
        names = [sorted(port.get_names()) for port in compiled.outputs]
        request = compiled.create_infer_request()
        request.set_input_tensor(self._tensor(image, shared_memory=True))

        def infer() -> list[Output]:
            request.infer()
            return [(names[index], request.get_output_tensor(index).data) for index in range(len(names))]

        return Model(image, infer)

    def _settings(self, device: str, threads: int) -> dict[str, str]:
        """Those that the device's plugin knows, as it would refuse any other."""
        wanted = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f16"}
        if device == "CPU":
            wanted.update({"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": str(threads)})
        try:
            known = set(self._core.get_property(device, "SUPPORTED_PROPERTIES"))
        except RuntimeError:
            known = set()
        return {name: value for name, value in wanted.items() if name in known}


class InferenceEngine:
    """Models on a device of OpenVINO 2021: the last releases on PyPI whose packages hold the plugin of MYRIAD."""

    def __init__(self) -> None:
        from openvino.inference_engine import IECore

        self._core = IECore()

    def load(self, path: str, device: str, threads: int) -> Model:
        try:
            network = self._core.read_network(path)
        except (RuntimeError, ValueError) as error:
            raise Fault("bad_model", f"cannot load {path}: {told(error)}") from error
        image = image_for([([name], list(info.input_data.shape)) for name, info in network.input_info.items()])
        # Where the processor can, it would otherwise compute in bfloat16.
        config = {"CPU_THREADS_NUM": str(threads), "ENFORCE_BF16": "NO"} if device == "CPU" else {}
        executable = self._core.load_network(network, device, config)
        return Model(image, lambda: [([name], value) for name, value in executable.infer({"image": image}).items()])


class Percept:
    """One model at a time on an Azure Percept's Eye by the package azure-percept. Never run on one by us."""

    def __init__(self) -> None:
        import usb.core
        from azure.iot.percept import VisionDevice

        # Without the device it would wait in a thread for an online service that was switched off in 2023.
        if usb.core.find(idVendor=0x03E7, idProduct=0x2485) is None:
            raise Fault("no_device", "azure-percept finds no device")
        self._eye = VisionDevice()
        deadline_s = time.monotonic() + _READY_WITHIN_S
        while not self._eye.is_ready():
            if time.monotonic() > deadline_s:
                raise Fault("no_device", f"the Eye was not ready after {_READY_WITHIN_S:.0f} s")
            time.sleep(0.2)
        self._taken: Model | None = None

    def load(self, path: str, device: str, threads: int) -> Model:
        if not Path(path).is_file():
            raise Fault("bad_model", f"cannot load {path}: no such file")
        if self._taken is not None:
            if self._taken.infer is not None:
                raise Fault("out_of_memory", "azure-percept runs one model at a time, and another one has the device")
            self._eye.stop_inference()
        with tempfile.TemporaryDirectory() as folder:
            # The package hands paths to a shell, so it gets one without surprises.
            shutil.copy(path, f"{folder}/model.onnx")
            self._eye.convert_model(f"{folder}/model.onnx", output_dir=folder)
            self._eye.start_inference(f"{folder}/model.blob")
        self._taken = Model(None, self._infer)
        return self._taken

    def _infer(self) -> list[Output]:
        assert self._taken is not None
        image = self._taken.image
        planes = np.clip(np.rint(image), 0, 255).astype(np.uint8).tobytes()
        found = self._eye.get_inference(input=planes, input_shape=image.shape[2:]).inference
        values = [np.asarray(one, dtype=np.float32) for one in (found if isinstance(found, (list, tuple)) else [found])]
        if len(values) == 1:
            return [(["probs"], values[0].reshape(1, -1))]
        # Without names, in the order of their names, as the compiler writes them.
        boxes, probs = values
        return [(["raw_boxes"], boxes.reshape(1, -1, 4)), (["raw_probs"], probs.reshape(1, boxes.size // 4, -1))]


SDKS = {"openvino": (OpenVino, InferenceEngine), "percept": (Percept,)}


class Worker:
    """Answers one question after the other until nobody is there to ask."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._sdks: dict[str, Any] = {}
        self._models: dict[int, Any] = {}

    def serve(self) -> None:
        self.say({"hello": VERSION})
        while True:
            head, size = self.heard()
            try:
                if head["do"] == "load":
                    self.load(head)
                elif head["do"] == "infer":
                    self.infer(head["model"], size)
                else:
                    self._models.pop(head["model"]).close()
                    self.say({})
            except Exception as error:  # Whatever an SDK raises, it is told; what is out of step ends us.
                fault = error if isinstance(error, Fault) else Fault(kind_of(error, head["do"]), told(error))
                self.say({"error": fault.kind, "message": str(fault)})

    def load(self, head: dict[str, Any]) -> None:
        if head["sdk"] not in self._sdks:
            self._sdks[head["sdk"]] = opened(SDKS[head["sdk"]])
        model = self._sdks[head["sdk"]].load(head["path"], head["device"], head["threads"])
        number = 1 + max(self._models, default=0)
        self._models[number] = model
        self.say({"model": number, "input": None if model.image is None else list(model.image.shape)})

    def infer(self, number: int, size: int) -> None:
        model = self._models.get(number)
        side = round((size / 12) ** 0.5)
        if model is not None and model.image is None:
            model.image = np.empty((1, 3, side, side), dtype=np.float32)
        if model is None or model.image.nbytes != size:
            self.fill(memoryview(bytearray(size)))
            raise Fault("inference_failed", f"model {number} does not take an image of {size} bytes")
        self.fill(model.image.data.cast("B"))
        outputs = [(names, np.ascontiguousarray(values, dtype=np.float32)) for names, values in model.infer()]
        about = [[names, list(values.shape)] for names, values in outputs]
        self.say({"outputs": about}, [values.data.cast("B") for _, values in outputs if values.size])

    def heard(self) -> tuple[dict[str, Any], int]:
        """The next question and the length of its body, which is still to be read."""
        framing = bytearray(FRAMING.size)
        self.fill(memoryview(framing))
        magic, length, size = FRAMING.unpack(framing)
        if magic != MAGIC or length > MOST_HEAD or size > MOST_BODY:
            sys.exit("vpu_worker: what was asked is no message")
        head = bytearray(length)
        self.fill(memoryview(head))
        return json.loads(head), size

    def fill(self, view: memoryview) -> None:
        while view:
            count = self._line.recv_into(view)
            if count == 0:
                sys.exit(0)
            view = view[count:]

    def say(self, head: dict[str, Any], body: Any = ()) -> None:
        text = json.dumps(head).encode()
        self._line.sendall(FRAMING.pack(MAGIC, len(text), sum(part.nbytes for part in body)) + text)
        for part in body:
            self._line.sendall(part)


def opened(kinds: Any) -> Any:
    """The first of the SDKs that is installed here."""
    missing = []
    for kind in kinds:
        try:
            return kind()
        except ImportError as error:
            missing.append(str(error))
    raise Fault("no_sdk", f"{sys.executable} has no such SDK: {'; '.join(missing)}")


def image_for(inputs: list[tuple[list[str], list[int]]]) -> Any:
    """Where an image is received, for a model whose inputs have these names and shapes."""
    if len(inputs) != 1 or "image" not in inputs[0][0] or len(inputs[0][1]) != 4:
        raise Fault("bad_model", f"one input named 'image' of four dimensions expected, got {inputs}")
    return np.zeros(inputs[0][1], dtype=np.float32)


def kind_of(error: Exception, doing: str) -> str:
    text = str(error).lower()
    if isinstance(error, MemoryError) or any(word in text for word in ("out of memory", "out_of_memory", "bad_alloc")):
        return "out_of_memory"
    if doing == "infer":
        return "inference_failed"
    # OpenVINO without the plugin; with it, but without the device.
    absent = ("not registered", "can not init myriad", "device_not_found", "failed to find")
    return "no_device" if any(words in text for words in absent) else "compile_failed"


def told(error: Exception) -> str:
    """The lines that say what happened, without those that say where in the SDK."""
    lines = [line.strip() for line in (str(error) or repr(error)).splitlines() if line.strip()]
    return " ".join([line for line in lines if not line.startswith("Exception from")] or lines)[:400]


def end_with_input() -> None:
    """Have the kernel end this process when its standard input closes, whatever the SDK does at that moment."""
    try:
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:
        # A terminal or a file: somebody looks at it by hand.
        return
    closed = select.poll()
    closed.register(0, select.POLLIN | select.POLLHUP)
    if closed.poll(0):
        sys.exit(0)


def main(arguments: list[str]) -> None:
    end_with_input()
    # Our files must not be taken for those that an SDK imports by the same name.
    sys.path[:] = [folder for folder in sys.path if Path(folder or ".").resolve() != Path(__file__).resolve().parent]
    Worker(socket.socket(fileno=int(arguments[0]))).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
