import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest

from edge_common.errors import Conflict, EdgeError, InvalidInput, NotFound
from edge_common.geometry import Box
from edge_common.settings import TrainingSettings
from modules.trainer_agent.annotations import TaggedBox
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library
from tests.trainer_agent.conftest import REPOSITORY, add_image, box_id, noise, tag_images

AREA = Box(0.1, 0.2, 0.5, 0.6)


def test_a_model_is_found_again_with_its_tags_in_order(library):
    made = library.create_model("  Gaps  ", "detection", ["gap", "full"], automatic=True)

    found = library.model(made.id)

    assert found == made
    assert (found.name, [tag.name for tag in found.tags], found.automatic) == ("Gaps", ["gap", "full"], True)
    assert library.models() == (made,)


@pytest.mark.parametrize(
    ("name", "objects", "error", "why"),
    [
        pytest.param("LOW STOCK", ["a"], Conflict, "named 'LOW STOCK' already", id="name taken, case aside"),
        pytest.param("", ["a"], InvalidInput, "a name is needed", id="no name"),
        pytest.param("Other", [], InvalidInput, "at least one", id="no objects"),
        pytest.param("Other", ["a", "A"], Conflict, "tag 'A' already", id="tag twice, case aside"),
    ],
)
def test_a_model_that_cannot_be_is_refused_whole(library, model, name, objects, error, why):
    with pytest.raises(error, match=why):
        library.create_model(name, "detection", objects, automatic=False)
    assert library.models() == (model,)


def test_tags_can_be_added_and_unused_ones_removed(library, model):
    more = library.add_tags(model.id, ["damaged"])
    library.remove_tag(model.id, more.tags[0].id)

    assert [tag.name for tag in library.model(model.id).tags] == ["full", "damaged"]


def test_a_tag_in_use_and_the_last_one_stay(library, model):
    image = add_image(library, model, 1)
    library.put_box(image.id, box_id(1), model.tags[0].id, AREA)
    library.remove_tag(model.id, model.tags[1].id)

    with pytest.raises(Conflict, match="'low stock' is in 1 image"):
        library.remove_tag(model.id, model.tags[0].id)
    library.delete_box(image.id, box_id(1))
    with pytest.raises(Conflict, match="only tag"):
        library.remove_tag(model.id, model.tags[0].id)


def test_an_image_is_stored_as_it_came_and_has_a_thumbnail(library, model):
    image = library.add_image(model.id, noise(1, 2880, 1440), "wide.png", "upload", camera=None, taken_ns=5)

    assert (image.width, image.height, image.name, image.tagged) == (1920, 960, "wide.png", False)
    assert library.pictures.image_file(image.digest).read_bytes().startswith(b"\xff\xd8\xff")
    thumbnail = library.pictures.thumbnail_file(image.digest)
    thumbnail.unlink()
    assert library.pictures.thumbnail_file(image.digest).stat().st_size > 0


def test_the_same_picture_twice_is_named_as_a_duplicate(library, model):
    add_image(library, model, 1)

    with pytest.raises(Conflict, match=r"again\.jpg: this picture is in the model already, as 'shelf-1\.jpg'"):
        library.add_image(model.id, noise(1), "again.jpg", "upload", camera=None, taken_ns=2)
    assert library.counts(model.id).untagged == 1


def test_a_file_lasts_as_long_as_a_model_has_it(library, model):
    other = library.create_model("Other", "detection", ["a"], automatic=False)
    first, second = add_image(library, model, 1), add_image(library, other, 1)

    library.delete_image(first.id)
    library.bin.empty(lasts_s=0)
    assert library.pictures.image_file(second.digest).exists()
    library.delete_image(second.id)
    library.bin.empty(lasts_s=0)

    with pytest.raises(NotFound):
        library.pictures.image_file(second.digest)


def test_a_box_sent_twice_is_kept_once_and_can_be_changed(library, model):
    image = add_image(library, model, 1)
    low, full = model.tags

    library.put_box(image.id, box_id(1), low.id, AREA)
    library.put_box(image.id, box_id(1), low.id, AREA)
    library.put_box(image.id, box_id(1).upper(), full.id, Box(0.5, 0.5, 2, 2))

    assert library.boxes(image.id) == (TaggedBox(box_id(1), full.id, Box(0.5, 0.5, 1, 1)),)
    assert library.image(image.id).tagged
    library.delete_box(image.id, box_id(1))
    library.delete_box(image.id, box_id(1))
    assert not library.image(image.id).tagged


@pytest.mark.parametrize(
    ("box", "identity", "tag", "why"),
    [
        pytest.param(Box(0.1, 0.1, 0.11, 0.9), box_id(1), 0, "too small", id="too narrow"),
        pytest.param(Box(2, 2, 3, 3), box_id(1), 0, "too small", id="outside"),
        pytest.param(AREA, "7", 0, "a UUID expected", id="no UUID"),
        pytest.param(AREA, box_id(1), 99, "Tag 99 is not a tag of 'Low stock'", id="unknown tag"),
        pytest.param(AREA, box_id(8), 0, "belongs to another image", id="box of another image"),
    ],
)
def test_a_box_that_cannot_be_is_refused(library, model, box, identity, tag, why):
    image, other = add_image(library, model, 1), add_image(library, model, 2)
    library.put_box(other.id, box_id(8), model.tags[0].id, AREA)

    with pytest.raises(InvalidInput, match=why):
        library.put_box(image.id, identity, tag or model.tags[0].id, box)
    assert library.boxes(image.id) == ()


def test_a_classification_image_has_one_tag_and_no_boxes(library):
    doors = library.create_model("Doors", "classification", ["open", "closed"], automatic=False)
    image = add_image(library, doors, 1)

    assert library.set_image_tags(image.id, [doors.tags[1].id]).tagged
    with pytest.raises(InvalidInput, match="no boxes"):
        library.put_box(image.id, box_id(1), doors.tags[0].id, AREA)
    assert library.counts(doors.id).per_tag == {doors.tags[0].id: 0, doors.tags[1].id: 1}
    assert library.training_set(doors.id).images[0].tags == (1,)
    assert not library.set_image_tags(image.id, []).tagged


def test_counts_are_of_images_not_of_boxes(library, model):
    image = add_image(library, model, 1)
    add_image(library, model, 2)
    for number in (1, 2, 3):
        library.put_box(image.id, box_id(number), model.tags[0].id, AREA)

    counts = library.counts(model.id)

    assert (counts.tagged, counts.untagged) == (1, 1)
    assert counts.per_tag == {model.tags[0].id: 1, model.tags[1].id: 0}


def test_the_training_set_has_tagged_images_only_oldest_first(library, model):
    images = [add_image(library, model, seed) for seed in range(3)]
    library.put_box(images[2].id, box_id(1), model.tags[1].id, AREA)
    library.put_box(images[0].id, box_id(2), model.tags[0].id, AREA)

    chosen = library.training_set(model.id)

    assert [image.name for image in chosen.images] == ["shelf-0.jpg", "shelf-2.jpg"]
    assert chosen.images[1].boxes == ((1, AREA),)
    assert all(image.path.is_file() for image in chosen.images)


def test_images_come_newest_first_and_know_their_neighbours(library, model):
    first, second, third = (add_image(library, model, seed) for seed in range(3))

    assert [image.id for image in library.images(model.id, tagged=None, limit=2)] == [third.id, second.id]
    assert library.images(model.id, tagged=True, limit=9) == ()
    assert library.neighbours(second) == (first.id, third.id)
    assert library.neighbours(third) == (second.id, None)


def test_images_are_found_by_what_they_show(library, model):
    first, second, third = (add_image(library, model, seed) for seed in range(3))
    other = library.create_model("Other", "detection", ["a"], automatic=False)
    elsewhere = add_image(library, other, 7)
    library.delete_image(third.id)

    found = library.images_of(model.id, {first.digest, third.digest, elsewhere.digest, "0" * 64})

    assert found == {first.digest: first}
    assert library.images_of(model.id, [second.digest, first.digest]) == {one.digest: one for one in (first, second)}
    assert library.images_of(model.id, ()) == {}


def test_the_next_untagged_image_comes_after_this_one_or_else_is_the_oldest(library, model):
    first, second, third = (add_image(library, model, seed) for seed in range(3))
    library.put_box(second.id, box_id(1), model.tags[0].id, Box(0, 0, 1, 1))

    assert library.search.next_untagged(model.id) == first.id
    assert library.search.next_untagged(model.id, after=first.id) == third.id
    assert library.search.next_untagged(model.id, after=third.id) == first.id
    library.put_box(first.id, box_id(2), model.tags[0].id, Box(0, 0, 1, 1))
    assert library.search.next_untagged(model.id, after=third.id) is None


def test_requirements_shrink_to_nothing_as_images_are_tagged(library, model):
    assert len(library.requirements(model.id, TrainingSettings())) == 3
    tag_images(library, model, 15)
    assert library.requirements(model.id, TrainingSettings()) == ()


def test_what_is_not_there_is_named(library, model):
    for look in (lambda: library.model("gone"), lambda: library.counts("gone"), lambda: library.image(9)):
        with pytest.raises(NotFound, match=r"no model 'gone'|no image 9"):
            look()


def test_files_that_no_image_names_are_swept_at_the_start(library, model, database, tmp_path):
    image = add_image(library, model, 1)
    orphan = tmp_path / "library" / "images" / f"{'0' * 64}.jpg"
    half = orphan.with_name(".x.jpg.1.part")
    orphan.write_bytes(b"1")
    half.write_bytes(b"1")

    again = Library(database, tmp_path / "library")

    assert not orphan.exists()
    assert not half.exists()
    assert again.pictures.image_file(image.digest).exists()


def test_a_full_disk_is_told_and_nothing_half_stored(library, model, tmp_path):
    folder = tmp_path / "library" / "images"
    folder.rmdir()
    folder.write_text("in the way")

    with pytest.raises(EdgeError, match="cannot be stored"):
        add_image(library, model, 1)
    assert library.counts(model.id).untagged == 0


def test_many_threads_write_and_read_at_once(library, model):
    image = add_image(library, model, 1)
    failures = []

    def draw(first):
        try:
            for number in range(first, first + 10):
                library.put_box(image.id, box_id(number), model.tags[0].id, AREA)
                library.counts(model.id)
        except EdgeError as error:
            failures.append(error)

    threads = [threading.Thread(target=draw, args=(100 * index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(library.boxes(image.id)) == 80


DRAW_FOR_EVER = """
import sys, uuid
from pathlib import Path
from edge_common.geometry import Box
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library

root = Path(sys.argv[1])
library = Library(Database(root / "library.sqlite"), root)
model = library.models()[0]
image = library.images(model.id, tagged=None, limit=1)[0]
while True:
    identity = str(uuid.uuid4())
    library.put_box(image.id, identity, model.tags[0].id, Box(0.1, 0.1, 0.9, 0.9))
    print(identity, flush=True)
"""


@pytest.mark.parametrize("after_s", [0.05, 0.13, 0.31])
def test_every_acknowledged_box_outlives_a_kill(library, model, tmp_path, after_s):
    image = add_image(library, model, 1)
    child = subprocess.Popen(
        [sys.executable, "-c", DRAW_FOR_EVER, str(tmp_path / "library")], stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    first = child.stdout.readline()
    time.sleep(after_s)

    os.kill(child.pid, signal.SIGKILL)
    lines = [first, *child.stdout.read().splitlines(keepends=True)]
    child.stdout.close()
    child.wait()

    acknowledged = {str(uuid.UUID(line.decode().strip())) for line in lines if line.endswith(b"\n")}
    again = Database(tmp_path / "library" / "library.sqlite")
    with again.reading() as rows:
        assert rows.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    again.close()
    assert acknowledged
    assert acknowledged <= {box.id for box in library.boxes(image.id)}
