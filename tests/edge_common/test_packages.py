import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edge_common.errors import InvalidInput, NotFound, PackageError
from edge_common.images import digest_of
from edge_common.packages import INT8_FILE, TFLITE_FILE, Manifest, PackageStore, describe
from edge_common.scores import Comparison, Doubt, Int8, Score
from edge_common.tflite_facts import TfliteFacts, TfliteOutput

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> PackageStore:
    return PackageStore(tmp_path / "models")


def manifest(version: str = "1", **changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "model_id": "shelf",
        "model_name": "Regal: leer",
        "version": version,
        "kind": "detection",
        "labels": ("low stock", "full"),
        "input_size_px": 320,
        "backbone": "ssd",
        "backbone_sha256": "0" * 64,
        "thresholds": {"low stock": 0.4, "full": 0.5},
        "score": Score(name="ap50", value=0.8, per_label={"low stock": 0.8}, protocol="folds"),
        "images": 15,
        "boxes": 20,
        "dataset_sha256": "0" * 64,
        "parent_version": None,
        "created": "2026-11-22T10:00:00Z",
        "program_version": "0",
    }
    return Manifest.model_validate(values | changes)


def write(store: PackageStore, *versions: str) -> None:
    for version in versions:
        store.write(manifest(version), f"model {version}".encode())


def test_a_package_that_was_written_verifies(store: PackageStore) -> None:
    folder = store.write(manifest(), b"the model")

    found = store.verify("shelf", "1")

    assert found.model_copy(update={"files": {}}) == manifest()
    assert store.model_file("shelf", "1").read_bytes() == b"the model"
    assert (folder / "labels.txt").read_text() == "low stock\nfull\n"
    assert describe(found)["labels"] == ["low stock", "full"]


def test_what_was_found_in_images_held_back_is_a_file_of_the_package(store: PackageStore) -> None:
    folder = store.write(manifest(), b"the model", b"what was found")

    found = store.verify("shelf", "1")

    assert found.files["held_back.json"] == digest_of(b"what was found")
    assert (folder / "held_back.json").read_bytes() == b"what was found"
    assert store.read_held_back("shelf", "1") == b"what was found"


def test_a_package_of_which_that_is_not_known_verifies_without_the_file(store: PackageStore) -> None:
    folder = store.write(manifest(), b"the model")

    assert set(store.verify("shelf", "1").files) == {"model.onnx", "labels.txt"}
    assert not (folder / "held_back.json").exists()
    with pytest.raises(PackageError, match=r"shelf 1: held_back\.json has sha256 None, None expected"):
        store.read_held_back("shelf", "1")


FACTS = TfliteFacts(
    colours="rgb", scale=1, offset=0, outputs={"probs": TfliteOutput(tensor="scores", values="as they are")}
)


def test_a_tflite_file_is_a_file_of_the_package_that_has_to_be_whole(store: PackageStore) -> None:
    folder = store.write(manifest(tflite=FACTS), b"the model", forms={TFLITE_FILE: b"the same for TFLite"})

    found = store.verify("shelf", "1")
    (folder / "model.tflite").write_bytes(b"another one")

    assert (found.tflite, found.files["model.tflite"]) == (FACTS, digest_of(b"the same for TFLite"))
    with pytest.raises(PackageError, match=r"shelf 1: model\.tflite has sha256"):
        store.verify("shelf", "1")


@pytest.mark.parametrize(("facts", "file"), [(FACTS, None), (None, b"a file")], ids=["facts alone", "a file alone"])
def test_a_tflite_file_and_its_facts_go_together(
    store: PackageStore, facts: TfliteFacts | None, file: bytes | None
) -> None:
    with pytest.raises(PackageError, match=r"forms .* expected, got"):
        store.write(manifest(tflite=facts), b"the model", forms={} if file is None else {TFLITE_FILE: file})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(None, "has sha256 None", id="missing"),
        pytest.param(b"what was fo", "has sha256 [0-9a-f]{64}, [0-9a-f]{64} expected", id="cut short"),
    ],
)
def test_a_package_runs_although_what_it_found_is_lost(store: PackageStore, content: bytes | None, reason: str) -> None:
    file = store.write(manifest(), b"the model", b"what was found") / "held_back.json"
    file.unlink()
    if content is not None:
        file.write_bytes(content)

    store.activate("shelf", "1")

    assert store.current("shelf") == "1"
    with pytest.raises(PackageError, match=rf"held_back\.json {reason}"):
        store.read_held_back("shelf", "1")


FASTER = Int8(kept=True, why="as good, and faster", value=0.79, interval=(0.6, 0.9), ms=12.0, float_ms=18.0)


def test_a_model_in_whole_numbers_is_a_file_of_the_package(store: PackageStore) -> None:
    folder = store.write(manifest(int8=FASTER), b"the model", forms={INT8_FILE: b"in whole numbers"})

    found = store.verify("shelf", "1")

    assert (found.has_int8, found.int8) == (True, FASTER)
    assert found.files["model.int8.onnx"] == digest_of(b"in whole numbers")
    assert (folder / "model.int8.onnx").read_bytes() == b"in whole numbers"
    assert store.model_file("shelf", "1").read_bytes() == b"the model"


def test_a_package_whose_model_in_whole_numbers_is_damaged_does_not_verify(store: PackageStore) -> None:
    folder = store.write(manifest(int8=FASTER), b"the model", forms={INT8_FILE: b"in whole numbers"})
    (folder / "model.int8.onnx").write_bytes(b"in whole numb")

    with pytest.raises(PackageError, match=r"model\.int8\.onnx has sha256 [0-9a-f]{64}, [0-9a-f]{64} expected"):
        store.verify("shelf", "1")


@pytest.mark.parametrize(
    ("told", "int8"),
    [
        pytest.param(FASTER, None, id="told of, but not there"),
        pytest.param(None, b"in whole numbers", id="there, but not told of"),
        pytest.param(Int8(kept=False, why="it is slower"), b"in whole numbers", id="there, but told not to be kept"),
    ],
)
def test_a_model_in_whole_numbers_is_there_where_the_manifest_says_so(
    store: PackageStore, told: Int8 | None, int8: bytes | None
) -> None:
    with pytest.raises(PackageError, match=r"shelf 1: the forms .* of which the manifest tells expected, got"):
        store.write(manifest(int8=told), b"the model", forms={} if int8 is None else {INT8_FILE: int8})

    assert store.versions("shelf") == []


def test_what_a_package_that_is_not_there_found_is_not_found(store: PackageStore) -> None:
    with pytest.raises(NotFound, match="no package shelf 9"):
        store.read_held_back("shelf", "9")


def test_a_manifest_keeps_what_the_training_found_out(store: PackageStore) -> None:
    compared = Comparison(live_version="0", images=15, value=0.8, live_value=0.9, difference=(-0.2, -0.1))
    doubt = Doubt(digest="a" * 64, kind="not seen", tag="full", seen=None, box=(0.1, 0.2, 0.3, 0.4), loss=3.0)
    made = manifest(comparison=compared, doubts=(doubt,), alike=(("b" * 64, "a" * 64),))

    store.write(made, b"the model")

    assert store.read_manifest("shelf", "1").model_copy(update={"files": {}}) == made


def test_a_written_package_is_not_active_yet(store: PackageStore) -> None:
    write(store, "1")

    assert (store.current("shelf"), store.live(), store.versions("shelf")) == (None, {}, ["1"])


def test_a_version_is_written_once(store: PackageStore) -> None:
    write(store, "1")

    with pytest.raises(PackageError, match="exists already"):
        write(store, "1")

    assert store.model_file("shelf", "1").read_bytes() == b"model 1"


def test_what_a_power_cut_left_is_no_version_and_prune_takes_it_away(store: PackageStore) -> None:
    write(store, "1")
    store.activate("shelf", "1")
    half = store.root / "shelf" / ".2.0a1b.part"
    half.mkdir()
    (half / "model.onnx").write_bytes(b"half a mod")
    pointer = store.root / "shelf" / ".current.0a1b.part"
    pointer.write_bytes(b"")

    assert (store.versions("shelf"), store.live()) == (["1"], {"shelf": "1"})
    store.prune("shelf", keep=2)

    assert sorted(path.name for path in (store.root / "shelf").iterdir()) == ["1", "current"]


ALTERED = [
    pytest.param("model.onnx", b"another", "model.onnx has sha256", id="another model"),
    pytest.param("model.onnx", b"model ", "model.onnx has sha256", id="model cut short"),
    pytest.param("model.onnx", None, "model.onnx has sha256 None", id="no model"),
    pytest.param("labels.txt", b"full\nlow stock\n", "labels.txt has sha256", id="labels in another order"),
    pytest.param("labels.txt", None, "labels.txt has sha256 None", id="no labels"),
    pytest.param("manifest.json", b"{", "manifest not valid", id="manifest cut short"),
    pytest.param("manifest.json", b"{}", "manifest not valid", id="empty manifest"),
    pytest.param(
        "manifest.json", manifest("2").model_dump_json().encode(), "manifest is of shelf 2", id="manifest of another"
    ),
    pytest.param(
        "manifest.json", manifest("1").model_dump_json().encode(), "None expected", id="manifest without checksums"
    ),
]


@pytest.mark.parametrize(("name", "content", "reason"), ALTERED)
def test_an_altered_package_is_refused_and_the_active_one_stays(
    store: PackageStore, name: str, content: bytes | None, reason: str
) -> None:
    write(store, "0", "1")
    store.activate("shelf", "0")
    path = store.root / "shelf" / "1" / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(PackageError, match=reason):
        store.activate("shelf", "1")

    assert store.current("shelf") == "0"


def test_a_package_that_is_not_there_is_not_found(store: PackageStore) -> None:
    with pytest.raises(NotFound, match="no package shelf 9"):
        store.activate("shelf", "9")


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "ä", "-x", "x" * 65], ids=repr)
def test_a_name_that_could_leave_the_folder_is_refused(store: PackageStore, name: str) -> None:
    with pytest.raises(InvalidInput, match="model id"):
        store.current(name)
    with pytest.raises(InvalidInput, match="version"):
        store.verify("shelf", name)


def test_activating_moves_the_pointer(store: PackageStore) -> None:
    write(store, "1", "2")

    store.activate("shelf", "1")
    store.activate("shelf", "2")

    assert store.live() == {"shelf": "2"}


def test_live_models_are_those_with_an_active_version(store: PackageStore) -> None:
    write(store, "1")
    store.activate("shelf", "1")
    store.write(manifest(model_id="aisle"), b"model")
    store.activate("aisle", "1")
    store.write(manifest(model_id="till"), b"model")

    assert store.live() == {"aisle": "1", "shelf": "1"}


def test_strange_things_among_the_models_are_left_alone(store: PackageStore) -> None:
    write(store, "1")
    store.activate("shelf", "1")
    (store.root / "notes.txt").write_text("by hand")
    (store.root / "empty").mkdir()
    (store.root / ".hidden").mkdir()

    assert store.live() == {"shelf": "1"}


def test_rolling_back_goes_to_the_version_before(store: PackageStore) -> None:
    write(store, "1", "2", "3")
    store.activate("shelf", "3")

    assert store.rollback("shelf") == "2"
    assert store.rollback("shelf") == "1"

    assert store.current("shelf") == "1"
    with pytest.raises(NotFound, match="no version before 1"):
        store.rollback("shelf")


def test_a_model_without_an_active_version_cannot_be_rolled_back(store: PackageStore) -> None:
    write(store, "1", "2")

    with pytest.raises(NotFound):
        store.rollback("shelf")


def test_pruning_keeps_the_newest_and_the_active_version(store: PackageStore) -> None:
    write(store, "1", "2", "3", "4", "5")
    store.activate("shelf", "2")

    store.prune("shelf", keep=3)

    assert store.versions("shelf") == ["2", "4", "5"]


def test_pruning_with_room_to_spare_deletes_nothing(store: PackageStore) -> None:
    write(store, "1", "2")
    store.activate("shelf", "2")

    store.prune("shelf", keep=5)

    assert store.versions("shelf") == ["1", "2"]


def test_a_label_changes_the_manifests_of_all_versions_and_nothing_else(store: PackageStore) -> None:
    write(store, "1", "2", "broken")
    store.activate("shelf", "2")
    (store.root / "shelf" / "broken" / "manifest.json").write_bytes(b"{")

    store.label("shelf", {"store": "12"})

    for version in ("1", "2"):
        found = store.verify("shelf", version)
        assert found.model_copy(update={"files": {}}) == manifest(version, attributes={"store": "12"})
    assert (store.current("shelf"), store.versions("shelf")) == ("2", ["1", "2", "broken"])


def all_at_once(*actions: Callable[[], None]) -> None:
    """Run each on a thread of its own, from one moment on; raises what any of them raised."""
    start = threading.Barrier(len(actions))

    def run(action: Callable[[], None]) -> None:
        start.wait()
        action()

    with ThreadPoolExecutor(len(actions)) as threads:
        list(threads.map(run, actions))


def test_pruning_and_discarding_the_same_versions_at_once_leaves_the_live_one_alone(store: PackageStore) -> None:
    versions = [f"{number:02}" for number in range(20)]
    for _ in range(4):
        write(store, *versions, "live")
        store.activate("shelf", "live")

        def discard_all() -> None:
            for version in versions:
                store.discard("shelf", version)

        all_at_once(*[lambda: store.prune("shelf", keep=1)] * 3, discard_all, discard_all)

        assert sorted(path.name for path in (store.root / "shelf").iterdir()) == ["current", "live"]
        store.delete("shelf")


def test_another_process_may_prune_meanwhile(store: PackageStore) -> None:
    write(store, "0")
    store.activate("shelf", "0")
    code = (
        "import sys; from pathlib import Path; from edge_common.packages import PackageStore\n"
        "store = PackageStore(Path(sys.argv[1])); print('ready', flush=True)\n"
        "while store.root.exists() and not (store.root / 'enough').exists(): store.prune('shelf', keep=2)\n"
    )
    command = [sys.executable, "-c", code, str(store.root)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            for number in range(100):
                gone = store.root / "shelf" / f"{number:03}"
                for name in (gone, gone.with_name(f"{gone.name}b")):
                    name.mkdir()
                    for file in range(5):
                        (name / f"{file}").write_bytes(b"x")
                store.discard("shelf", gone.name)
        finally:
            (store.root / "enough").touch()
        said = other.communicate(timeout=30)[1].decode()

    assert (other.returncode, said) == (0, "")
    assert store.current("shelf") == "0"
    store.prune("shelf", keep=1)
    assert sorted(path.name for path in (store.root / "shelf").iterdir()) == ["0", "current"]
