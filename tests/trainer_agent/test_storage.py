import time
from pathlib import Path

import pytest

from modules.trainer_agent.model_bin import ModelBin
from modules.trainer_agent.storage import Storage, size_of
from tests.trainer_agent.conftest import add_image, tag_images, trained


@pytest.fixture
def model_bin(library, workshop):
    return ModelBin(library, workshop.packages, workshop.packages)


@pytest.fixture
def storage(library, workshop, model_bin):
    zoo = workshop.folder / "zoo"
    zoo.mkdir()
    (zoo / "weights.onnx").write_bytes(b"x" * 1000)
    return Storage(library, workshop.packages, model_bin, data=workshop.folder, zoo=zoo)


def sizes(library, *images):
    """Bytes on the disk of these images with their thumbnails."""
    files = [folder / f"{image.digest}.jpg" for image in images for folder in library.pictures.folders]
    return sum(file.stat().st_size for file in files)


def test_each_model_is_told_what_its_images_take(library, model, storage):
    images = [add_image(library, model, seed) for seed in range(3)]
    other = library.create_model("Other", "detection", ["gap"], automatic=False)
    add_image(library, other, 1)
    own = add_image(library, other, 9)

    first, second = sorted(storage.use().models, key=lambda one: one.name)

    assert (first.image_count, first.images) == (3, sizes(library, *images))
    # The picture that both have is the older model's.
    assert (second.image_count, second.images) == (2, sizes(library, own))


def test_every_byte_is_counted_once(library, model, storage, workshop):
    add_image(library, model, 1)
    (workshop.folder / "logs").mkdir()
    (workshop.folder / "logs" / "capture.log").write_bytes(b"x" * 500)
    (workshop.folder / "cache" / "features").mkdir(parents=True)
    (workshop.folder / "cache" / "features" / "1").write_bytes(b"x" * 700)
    (workshop.folder / "cameras" / "videos").mkdir(parents=True)
    (workshop.folder / "cameras" / "videos" / "shelf-1.mp4").write_bytes(b"x" * 900)

    use = storage.use()

    assert (use.logs, use.working, use.videos, use.zoo) == (500, 700, 900, 1000)
    # The zoo of this test is in the data folder and is told for itself.
    assert use.own == size_of(workshop.folder) + use.zoo
    assert use.own + use.others + use.free == use.total


def test_versions_are_told_and_the_earlier_ones_can_go(library, model, storage, workshop, start_agent):
    tag_images(library, model, 15)
    agent = start_agent(promotion="always")
    old = trained(agent, model).version
    live = trained(agent, model).version
    assert storage.use().models[0].version_count == 2
    assert storage.earlier_versions() == (1, size_of(workshop.packages.root / model.id / old))

    agent.versions.delete_earlier(model.id)
    storage.look_anew()

    assert workshop.packages.versions(model.id) == [live]
    assert storage.use().models[0].version_count == 1
    assert storage.earlier_versions() == (0, 0)


def test_a_candidate_is_no_earlier_version(library, model, workshop, start_agent):
    tag_images(library, model, 15)
    agent = start_agent(promotion="never")
    trained(agent, model)

    agent.versions.delete_earlier(model.id)

    assert len(workshop.packages.versions(model.id)) == 1


def test_the_bin_is_emptied_at_once(library, model, storage, model_bin):
    kept, gone = add_image(library, model, 1), add_image(library, model, 2)
    library.delete_image(gone.id)
    other = library.create_model("Other", "detection", ["gap"], automatic=False)
    shared, alone = add_image(library, other, 1), add_image(library, other, 3)
    model_bin.put(other.id)
    use, waiting = storage.use(), storage.waiting()
    assert (waiting.images, [one.name for one in waiting.models]) == (1, ["Other"])
    assert use.deleted_images == sizes(library, gone)
    assert use.deleted_models == sizes(library, alone)
    assert shared.digest == kept.digest

    storage.empty_bin()

    assert not storage.waiting().any
    assert storage.use().deleted == 0
    assert {path.stem for path in library.pictures.folders[0].iterdir()} == {kept.digest}


def test_five_thousand_images_are_counted_in_a_moment(library, model, storage, database):
    digests = [f"{number:064x}" for number in range(5000)]
    for folder in library.pictures.folders:
        for digest in digests:
            (folder / f"{digest}.jpg").write_bytes(b"x" * 10)
    with database.writing() as rows:
        rows.executemany(
            "INSERT INTO images (model_id, digest, name, width, height, source, taken_ns)"
            " VALUES (?, ?, 'x', 1, 1, 'upload', 1)",
            [(model.id, digest) for digest in digests],
        )

    began_s = time.monotonic()
    use = storage.use()
    first_s = time.monotonic() - began_s
    storage.use()
    again_s = time.monotonic() - began_s - first_s

    assert (use.models[0].image_count, use.models[0].images) == (5000, 5000 * 20)
    print(f"counted 5,000 images in {first_s * 1000:.0f} ms, from memory in {again_s * 1000:.2f} ms")
    assert first_s < 10
    assert again_s < 0.5


def test_a_folder_that_is_not_there_takes_nothing(tmp_path: Path):
    assert size_of(tmp_path / "nothing") == 0
