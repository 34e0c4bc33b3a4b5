"""The zip that azureeyemodule gets, and the check that reads it as that module does."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_common.errors import PackageError
from edge_common.images import digest_of
from edge_common.ready_made import READY_MADE, build_package
from modules.trainer_agent.handoff.check import DOMAIN_TYPES, check_zip
from modules.trainer_agent.handoff.model_zip import check_kind, make_zip, zip_url
from tests.trainer_agent.handoff.made import LABELS, detector, manifest
from tests.zoo_here import zoo_folder

GREY = np.full((616, 816, 3), 114, dtype=np.uint8)
CONFIG = {"DomainType": "s1", "ModelFileName": "model.onnx", "LabelFileName": "labels.txt"}


def zipped(**changes: Any) -> bytes:
    """A zip of these files, by default those of a good one."""
    config = CONFIG | changes.pop("config", {})
    files = {
        "config.json": json.dumps({key: value for key, value in config.items() if value is not None}).encode(),
        "labels.txt": b"green shelf\nred shelf\n",
        "model.onnx": detector(),
    }
    files |= {name.replace("_", "."): data for name, data in changes.items()}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in files.items():
            if data is not None:
                archive.writestr(name, data)
    return written.getvalue()


def files_in(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_holds_what_azureeyemodule_looks_for() -> None:
    files = files_in(make_zip(detector(), LABELS))

    assert json.loads(files["config.json"]) == CONFIG
    assert files["labels.txt"] == b"green shelf\nred shelf\n"
    assert files["model.onnx"] == detector()


def test_with_a_compiled_model_that_one_is_named_and_the_onnx_file_is_there_too() -> None:
    files = files_in(make_zip(detector(), LABELS, b"a blob"))

    assert json.loads(files["config.json"])["ModelFileName"] == "model.blob"
    assert (files["model.blob"], files["model.onnx"]) == (b"a blob", detector())


def test_the_same_model_gives_the_same_bytes_in_another_process_with_another_clock(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(detector())
    code = (
        "import sys, hashlib, pathlib; from modules.trainer_agent.handoff.model_zip import make_zip; "
        f"print(hashlib.sha256(make_zip(pathlib.Path(sys.argv[1]).read_bytes(), {LABELS!r}, b'blob')).hexdigest())"
    )

    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model.onnx")],
        env={"TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1", "PYTHONHASHSEED": "7"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.strip() == digest_of(make_zip(detector(), LABELS, b"blob"))


def test_another_label_is_another_zip() -> None:
    assert make_zip(detector(), LABELS) != make_zip(detector(), ("green shelf", "blue shelf"))


def test_unzip_takes_it_as_on_the_device(tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(make_zip(detector(), LABELS))

    done = subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", "model.zip", "out"], cwd=tmp_path, capture_output=True, check=False
    )

    assert done.returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["config.json", "labels.txt", "model.onnx"]


def test_its_address_changes_with_its_content_and_holds_no_sign_that_a_shell_knows() -> None:
    url = zip_url("http://trainer_agent:8080", digest_of(b"a"))

    assert url == f"http://trainer_agent:8080/handoff/{digest_of(b'a')}.zip"
    assert url != zip_url("http://trainer_agent:8080", digest_of(b"b"))


def test_a_classification_is_refused_by_name() -> None:
    with pytest.raises(PackageError, match="'Shelf' is a classification; azureeyemodule gets detection models"):
        check_kind(manifest("1", kind="classification"))


def test_the_check_tells_what_azureeyemodule_would_see() -> None:
    green = np.zeros((616, 816, 3), dtype=np.uint8)
    green[:308, :408, 1] = 255

    (found,) = check_zip(make_zip(detector(), LABELS), LABELS, green)

    assert (found.label, found.confidence) == ("green shelf", pytest.approx(1, abs=0.05))
    assert found.box.to_list() == pytest.approx([0, 0, 0.5, 0.5], abs=0.002)


def test_a_label_file_of_another_system_is_read_as_azureeyemodule_reads_it() -> None:
    assert check_zip(zipped(labels_txt=b"green shelf\r\nred shelf"), LABELS, GREY) == ()


@pytest.mark.parametrize("domain", ["S1", "s1"])
def test_the_domain_may_be_written_in_large_letters(domain: str) -> None:
    check_zip(zipped(config={"DomainType": domain}), LABELS, GREY)


def cut_short(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(b"no zip", "zip: it cannot be unpacked", id="no zip"),
        pytest.param(cut_short(zipped()), "zip: it cannot be unpacked", id="cut short"),
        pytest.param(zipped(config_json=None), "config.json expected in the zip", id="no config"),
        pytest.param(zipped(config_json=b"{"), "config.json: JSON expected", id="config is no JSON"),
        pytest.param(zipped(config_json=b"[]"), "config.json: an object expected", id="config is no object"),
        pytest.param(zipped(config={"DomainType": None}), "DomainType: text expected", id="no domain"),
        pytest.param(zipped(config={"DomainType": 1}), "DomainType: text expected.*got 1", id="domain is a number"),
        pytest.param(zipped(config={"DomainType": "ssd"}), "got 'ssd'; it would end", id="domain that ends it"),
        pytest.param(zipped(config={"DomainType": " s1"}), "got ' s1'; it would end", id="domain with a space"),
        pytest.param(zipped(config={"DomainType": "ssd100"}), "s1 expected, whose outputs", id="domain of others"),
        pytest.param(zipped(config={"ModelFileName": None}), "ModelFileName: text expected", id="no model named"),
        pytest.param(zipped(config={"ModelFileName": "m.onnx"}), "ModelFileName: a file of the zip", id="not there"),
        pytest.param(zipped(config={"ModelFileName": "model.onnx,model.onnx"}), "a file of the zip", id="two models"),
        pytest.param(zipped(config={"ModelFileName": "labels.txt"}), "ends in .onnx or .blob", id="no model"),
        pytest.param(
            zipped(config={"ModelFileName": "other.blob"}, other_blob=b"b"), "other.onnx expected beside", id="blind"
        ),
        pytest.param(
            zipped(config={"ModelFileName": "model.blob"}, model_blob=b""), "model.blob: a model expected", id="empty"
        ),
        pytest.param(zipped(config={"LabelFileName": None}), "LabelFileName: text expected", id="no labels named"),
        pytest.param(zipped(labels_txt=None), "LabelFileName: a file of the zip", id="labels not there"),
        pytest.param(zipped(labels_txt=b"red shelf\ngreen shelf\n"), "labels: .* in this order", id="order of labels"),
        pytest.param(zipped(labels_txt=b"background\ngreen shelf\nred shelf\n"), "in this order", id="background"),
        pytest.param(zipped(labels_txt=b"green shelf\nred shelf\n\n"), "in this order", id="an empty line"),
        pytest.param(zipped(labels_txt=b"green shelf\n\xff\n"), "labels: UTF-8 expected", id="labels are no text"),
        pytest.param(zipped(**{"a/b": b""}), "plain names, each once, expected, got 'a/b'", id="a folder"),
        pytest.param(zipped(**{"$(id)": b""}), r"expected, got '\$\(id\)'", id="a name for the shell"),
        pytest.param(zipped(model_onnx=b"no model"), "an ONNX model expected", id="no ONNX"),
        pytest.param(zipped(model_onnx=detector(boxes="boxes")), "outputs: raw_boxes and raw_probs", id="a name"),
        pytest.param(zipped(model_onnx=detector(image="data")), "inputs: image alone expected", id="input's name"),
        pytest.param(
            zipped(model_onnx=detector(background_last=True)), "the background expected first", id="background last"
        ),
        pytest.param(zipped(model_onnx=detector(times=30)), "raw_probs: 0 to 1 expected, got", id="no probabilities"),
        pytest.param(zipped(model_onnx=detector(times=float("nan"))), "raw_probs: finite", id="no numbers"),
        pytest.param(zipped(model_onnx=detector(spans=64)), "as fractions of the picture expected", id="pixels"),
        pytest.param(zipped(model_onnx=detector(spans=-1)), "sizes from 0 expected", id="sizes below 0"),
    ],
)
def test_what_azureeyemodule_would_not_take_is_refused_with_the_value(data: bytes, told: str) -> None:
    with pytest.raises(PackageError, match=told):
        check_zip(data, LABELS, np.full((616, 816, 3), 130, dtype=np.uint8))


def test_more_labels_than_the_model_has_outputs_are_refused() -> None:
    data = make_zip(detector(), (*LABELS, "blue shelf"))

    with pytest.raises(PackageError, match=r"raw_probs: shape \[1, 4, 4\], background and 3 labels, expected"):
        check_zip(data, (*LABELS, "blue shelf"), GREY)


def test_an_opset_that_the_vpus_compiler_does_not_read_is_refused() -> None:
    from tests.inference.tiny_models import onnx_model

    with pytest.raises(PackageError, match="opset 11 at most expected"):
        check_zip(zipped(model_onnx=onnx_model("detection")), LABELS, GREY)


def test_the_domains_are_those_that_azureeyemodule_knows() -> None:
    assert len(DOMAIN_TYPES) == 12
    assert "ssd" not in DOMAIN_TYPES


def test_the_zoos_detector_passes_and_its_classifier_is_refused() -> None:
    packages = {one.kind: build_package(zoo_folder(), one) for one in READY_MADE}

    described, model = packages["detection"]
    check_zip(make_zip(model, described.labels), described.labels, GREY)
    described, model = packages["classification"]
    with pytest.raises(PackageError, match="outputs: raw_boxes and raw_probs expected, got"):
        check_zip(make_zip(model, described.labels), described.labels, GREY)
