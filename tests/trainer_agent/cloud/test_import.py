"""importModel: a version from a real server over a real line, tried in a real process, kept as a candidate."""

import hashlib
import io
import json
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from edge_common.methods import MethodDesk
from edge_common.onnx_graph import GraphBuilder
from edge_common.packages import PackageStore
from modules.trainer_agent.cloud.check_version import BARE, COMMAND, SILENCE_S
from modules.trainer_agent.job import Job
from tests.trainer_agent.handoff.made import LABELS, detector, manifest


def hungry() -> bytes:
    """A detector of a few kilobytes that needs 6 GB to run."""
    builder = GraphBuilder()
    column, row = (builder.constant(np.ones(shape, dtype=np.float32)) for shape in ((40_000, 1), (1, 40_000)))
    most = builder.node("ReduceMax", [builder.node("MatMul", [column, row])], axes=[0, 1], keepdims=1)
    scale = builder.node("ReduceMax", ["image"], axes=[1, 2, 3], keepdims=0)
    nothing = builder.node("Mul", [builder.node("Mul", [most, scale]), builder.constant(np.float32(0))])
    for name, width in (("raw_boxes", 4), ("raw_probs", 3)):
        builder.node("Add", [builder.constant(np.full((1, 4, width), 0.5, dtype=np.float32)), nothing], name)
    outputs = {"raw_boxes": [1, 4, 4], "raw_probs": [1, 4, 3]}
    return bytes(builder.build("hungry", {"image": [1, 3, 64, 64]}, outputs).SerializeToString())


class Site(ThreadingHTTPServer):
    """Gives files by name; `/moved` sends elsewhere, `/cut` breaks off once, `/away` is away the first two times."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def put(self, name: str, data: bytes) -> dict[str, str]:
        """The address and the checksum of a file, as a request names them."""
        self.files[f"/{name}"] = data
        return {
            "url": f"http://127.0.0.1:{self.server_address[1]}/{name}?sig=secret",
            "sha256": hashlib.sha256(data).hexdigest(),
        }


class _Answers(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        times = self.server.asked.count(path)
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/other")
            self.end_headers()
        elif path not in self.server.files:
            self.send_error(404)
        elif path == "/away" and times < 3:
            self.send_error(503)
        else:
            data = self.server.files[path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if path == "/cut" and times == 1 else data)

    def log_message(self, *about: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    opened = Site()
    yield opened
    opened.shutdown()
    opened.server_close()


@pytest.fixture
def shelf(library):
    return library.create_model("Shelf", "detection", LABELS, automatic=False)


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"shelf/{name}", data)
    return out.getvalue()


def package(folder, model=None):
    """The files of a package as another device would have it."""
    path = PackageStore(folder).write(manifest("20260101T000000.000Z", images=40), model or detector())
    return {file.name: file.read_bytes() for file in path.iterdir()}


ONNX = {"format": "onnx", "kind": "detection", "labels": list(LABELS)}


def imported(cloud, key, request):
    answer = MethodDesk(cloud.methods).answer("importModel", request)
    assert answer.status == 202, answer.payload
    return cloud.ended("importModel", key)


def test_an_onnx_file_becomes_a_candidate_and_never_goes_live_by_itself(site, shelf, start_cloud):
    cloud = start_cloud()

    told = imported(cloud, shelf.id, {"modelId": shelf.id, **site.put("m", detector()), **ONNX, "threshold": 0.4})

    (version,) = cloud.packages.versions(shelf.id)
    assert (told["phase"], told["model_version"], cloud.packages.current(shelf.id)) == ("done", version, None)
    kept = cloud.packages.verify(shelf.id, version)
    assert (kept.labels, kept.input_size_px, kept.model_name) == (LABELS, 64, "Shelf")
    assert (kept.thresholds, kept.score, kept.images) == (dict.fromkeys(LABELS, 0.4), None, 0)
    assert cloud.pruned == [shelf.id]
    (event,) = cloud.events()
    assert (event["event"], event["model_id"], event["model_version"]) == ("model imported", shelf.id, version)
    assert "secret" not in json.dumps([told, event])


def test_a_package_becomes_a_new_model_with_its_tags(site, library, start_cloud, tmp_path):
    cloud = start_cloud()
    data = zipped(package(tmp_path / "elsewhere"))

    told = imported(cloud, "red-and-green", {"name": "Red and green", "format": "package", **site.put("p.zip", data)})

    (model,) = library.models()
    kept = cloud.packages.verify(model.id, told["model_version"])
    assert (model.name, tuple(tag.name for tag in model.tags)) == ("Red and green", LABELS)
    assert (kept.model_id, kept.model_name, kept.images) == (model.id, "Red and green", 40)
    assert cloud.packages.current(model.id) is None
    assert told["model_id"] == model.id


@pytest.mark.parametrize(
    ("model", "words"),
    [
        pytest.param(b"no model", "an ONNX model expected", id="something else"),
        pytest.param(detector(probs="likely"), "raw_probs", id="another output"),
        pytest.param(detector(image="picture"), "an input 'image'", id="another input"),
        pytest.param(hungry(), "", id="more memory than a model may take"),
        pytest.param(detector(times=100.0), "0 to 1", id="values that are no shares"),
    ],
)
def test_a_model_that_is_not_as_expected_is_refused_with_the_reason(site, shelf, start_cloud, model, words):
    cloud = start_cloud()

    told = imported(cloud, shelf.id, {"modelId": shelf.id, **site.put("m", model), **ONNX})

    assert told["phase"] == "failed"
    assert words in told["why"]
    assert cloud.packages.versions(shelf.id) == []
    assert cloud.events()[0]["event"] == "model not imported"
    assert not list((cloud.folder / "cloud").glob("import-*"))


def test_a_damaged_package_leaves_no_model_behind(site, library, start_cloud, tmp_path):
    files = package(tmp_path / "elsewhere")
    cloud = start_cloud()

    told = imported(
        cloud, "new", {"name": "New", "format": "package", **site.put("p", zipped({**files, "model.onnx": b"x"}))}
    )

    assert "model.onnx: it has not the checksum" in told["why"]
    assert library.models() == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("moved", "sends to another address (302)", id="a redirect"),
        pytest.param("nothing", "there is nothing at this address (404)", id="nothing there"),
    ],
)
def test_what_cannot_be_fetched_is_told_and_no_other_address_is_gone_to(site, shelf, start_cloud, name, words):
    asked = site.put(name, detector())
    del site.files[f"/{name}"]
    site.put("other", detector())
    cloud = start_cloud()

    told = imported(cloud, shelf.id, {"modelId": shelf.id, **asked, **ONNX})

    assert words in told["why"]
    assert site.asked == [f"/{name}"]


def test_another_file_than_was_said_is_refused_before_it_is_tried(site, shelf, start_cloud):
    asked = {**site.put("m", detector()), "sha256": "0" * 64}
    cloud = start_cloud()

    told = imported(cloud, shelf.id, {"modelId": shelf.id, **asked, **ONNX})

    assert f"sha256: {'0' * 64} expected" in told["why"]


@pytest.mark.parametrize("name", ["cut", "away"])
def test_a_server_that_breaks_off_is_asked_again(site, shelf, start_cloud, name):
    cloud = start_cloud()

    told = imported(cloud, shelf.id, {"modelId": shelf.id, **site.put(name, detector()), **ONNX})

    assert told["phase"] == "done"
    assert len(site.asked) > 1


def test_an_import_goes_on_after_a_restart(site, shelf, start_cloud):
    asked = site.put("m", detector())
    data = site.files.pop("/m")
    site.files["/away"] = data
    before = start_cloud(run=False)
    MethodDesk(before.methods).answer("importModel", {"modelId": shelf.id, **asked, **ONNX})
    site.files["/m"] = data

    cloud = start_cloud()

    assert cloud.ended("importModel", shelf.id)["phase"] == "done"


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        pytest.param({"name": "N", "format": "onnx"}, 400, "kind and labels expected", id="no labels"),
        pytest.param({"name": "N", "format": "package", "kind": "detection"}, 400, "no kind expected", id="a kind"),
        pytest.param({"format": "package"}, 400, "either modelId or name", id="no model"),
        pytest.param({"name": "shelf", **ONNX}, 409, "there is a model named", id="a name that is taken"),
        pytest.param({"modelId": "none", **ONNX}, 404, "none", id="a model that is not there"),
        pytest.param({"name": "N", **ONNX, "url": "file:///etc/passwd"}, 400, "https://HOST", id="a file of ours"),
        pytest.param({"name": "N", **ONNX, "url": "http://a:secret@b.example/"}, 400, "user name", id="a user"),
        pytest.param({"name": "N", **ONNX, "sha256": "abc"}, 400, "sha256", id="no checksum"),
    ],
)
def test_requests_that_cannot_be_done_are_refused_at_once(shelf, start_cloud, request_, status, words):
    whole = {"url": "https://a.example/m?sig=secret", "sha256": "0" * 64, **request_}

    answer = MethodDesk(start_cloud(run=False).methods).answer("importModel", whole)

    assert answer.status == status
    assert words in str(answer.payload)
    assert "secret" not in str(answer.payload)


def test_labels_that_are_no_tags_of_the_model_are_refused(shelf, start_cloud):
    request = {"modelId": shelf.id, "url": "https://a.example/m", "sha256": "0" * 64, **ONNX, "labels": ["blue"]}

    answer = MethodDesk(start_cloud(run=False).methods).answer("importModel", request)

    assert answer.status == 400
    assert "tags of model" in str(answer.payload)


def test_the_process_that_tries_a_model_has_nothing_of_our_environment(monkeypatch):
    monkeypatch.setenv("FIFTEEN_CONNECTION_TRAINER_AGENT", "secret")

    told = subprocess.run([*BARE, "-c", "import os; print(dict(os.environ))"], check=True, capture_output=True)

    assert b"secret" not in told.stdout
    assert b"PYTHONPATH" in told.stdout


def test_the_process_that_tries_a_model_gives_up_the_network_where_it_may(tmp_path):
    model = tmp_path / "model.onnx"
    model.write_bytes(detector())
    told = manifest("v").model_dump(mode="json")
    request = json.dumps({"models": [str(model)], "manifest": told}).encode() + b"\n"
    process = Job(COMMAND, silence_s=SILENCE_S)
    lines = process.lines(request)

    answer = json.loads(next(lines))

    lines.close()
    assert answer["size_px"] == 64
    # Where the machine lets nobody give up the network, it has to be done with it.
    allowed = subprocess.run(["unshare", "--user", "--net", "true"], capture_output=True).returncode == 0
    assert answer["offline"] == allowed
