"""Changing a model that is there, and undoing it."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from edge_common.errors import Conflict, InvalidInput, NotFound
from edge_common.geometry import Box
from edge_common.hub import LocalHub
from edge_common.packages import PackageStore
from edge_common.settings import TrainingSettings
from edge_common.telemetry_events import VersionEvent
from modules.trainer_agent.kept_versions import KeptVersions
from modules.trainer_agent.model_bin import KEPT_DAYS, ModelBin
from modules.trainer_agent.model_edits import (
    binned_tags,
    copy_images,
    delete_tag,
    merge_tag,
    rename_model,
    rename_tag,
    restore_tag,
    set_attributes,
)
from tests.trainer_agent.conftest import add_image, box_id, ended, tag_images, trained


@pytest.fixture
def tagged(library, model):
    """Four images whose boxes are `low stock` and `full` in turn."""
    tag_images(library, model, 4)
    return model


def boxes(library, model):
    names = {tag.id: tag.name for tag in library.model(model.id).tags}
    images = library.images(model.id, tagged=None, limit=99)
    return {box.id: names[box.tag_id] for image in images for box in library.boxes(image.id)}


def test_a_model_is_renamed_unless_another_has_the_name(library, model):
    library.create_model("Doors", "detection", ["open"], automatic=False)

    assert rename_model(library.database, model.id, " Gaps ").name == "Gaps"
    with pytest.raises(Conflict, match="named 'DOORS' already"):
        rename_model(library.database, model.id, "DOORS")
    assert rename_model(library.database, model.id, "GAPS").name == "GAPS"


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        pytest.param({"1st": "x"}, "a key starts with a letter", id="key"),
        pytest.param({"store": " "}, "'store' needs a value", id="no value"),
        pytest.param({"store": 12}, "'store' needs a value", id="a number"),
        pytest.param({"store": "x" * 121}, "1 to 120 characters", id="long"),
        pytest.param({"store": "a\nb"}, "one line of plain text", id="two lines"),
        pytest.param({"store": "1", "Store": "2"}, "the key 'Store' comes twice", id="twice"),
        pytest.param({f"k{n}": "x" for n in range(21)}, "at most 20 expected, got 21", id="many"),
        pytest.param(["store"], "an object of texts expected", id="a list"),
    ],
)
def test_attributes_that_cannot_be_taken_leave_those_that_are_there(library, model, attributes, why):
    set_attributes(library.database, model.id, {"store": "12"})

    with pytest.raises(InvalidInput, match=why):
        set_attributes(library.database, model.id, attributes)

    assert library.model(model.id).attributes == {"store": "12"}


def test_a_tag_is_renamed_in_its_place(library, tagged):
    model = rename_tag(library.database, tagged.id, tagged.tags[0].id, "gap")

    assert [tag.name for tag in model.tags] == ["gap", "full"]
    assert list(boxes(library, tagged).values()).count("gap") == 2
    with pytest.raises(Conflict, match="Merge the two instead"):
        rename_tag(library.database, tagged.id, tagged.tags[0].id, "FULL")


@pytest.mark.parametrize("way", ["merge", "delete"])
def test_a_tag_that_went_comes_back_as_it_was(library, tagged, way):
    before, counts = boxes(library, tagged), library.counts(tagged.id)
    first, second = tagged.tags
    if way == "merge":
        kept = merge_tag(library.database, tagged.id, first.id, second.id)
        assert set(boxes(library, tagged).values()) == {"full"}
        assert len(boxes(library, tagged)) == 4
    else:
        kept = delete_tag(library.database, tagged.id, first.id)
        assert library.counts(tagged.id).untagged == 2
    assert [tag.name for tag in library.model(tagged.id).tags] == ["full"]
    assert (kept.images, binned_tags(library.database, tagged.id)) == (2, (kept,))

    model = restore_tag(library.database, tagged.id, kept.id)

    assert model.tags == tagged.tags
    assert boxes(library, tagged) == before
    assert library.counts(tagged.id) == counts
    assert binned_tags(library.database, tagged.id) == ()


def test_what_was_deleted_in_the_meantime_stays_so(library, tagged):
    first = tagged.tags[0]
    image = library.images(tagged.id, tagged=None, limit=1, offset=3)[0]
    kept = delete_tag(library.database, tagged.id, first.id)
    library.delete_image(image.id)

    restore_tag(library.database, tagged.id, kept.id)

    assert list(boxes(library, tagged).values()).count("low stock") == 1
    with pytest.raises(NotFound, match="not kept any more"):
        restore_tag(library.database, tagged.id, kept.id)


def test_a_tag_whose_name_was_taken_does_not_come_back_over_it(library, tagged):
    kept = delete_tag(library.database, tagged.id, tagged.tags[0].id)
    library.add_tags(tagged.id, ["Low Stock"])

    with pytest.raises(Conflict, match="rename that one first"):
        restore_tag(library.database, tagged.id, kept.id)


def test_the_only_tag_stays_and_none_is_merged_into_itself(library, tagged):
    first, second = tagged.tags
    with pytest.raises(InvalidInput, match="into another one only"):
        merge_tag(library.database, tagged.id, first.id, first.id)
    delete_tag(library.database, tagged.id, first.id)
    with pytest.raises(Conflict, match="'full' is the only tag"):
        delete_tag(library.database, tagged.id, second.id)


def test_the_tag_of_a_classified_image_comes_back_unless_it_has_another(library):
    doors = library.create_model("Doors", "classification", ["open", "closed", "ajar"], automatic=False)
    images = [add_image(library, doors, seed) for seed in range(2)]
    for image in images:
        library.set_image_tags(image.id, [doors.tags[0].id])
    kept = delete_tag(library.database, doors.id, doors.tags[0].id)
    library.set_image_tags(images[1].id, [doors.tags[1].id])

    restore_tag(library.database, doors.id, kept.id)

    assert [library.image(image.id).tag_ids for image in images] == [(doors.tags[0].id,), (doors.tags[1].id,)]


def test_images_are_copied_with_what_both_models_have_tags_for(library, tagged):
    other = library.create_model("Shelf", "detection", ["FULL", "damaged"], automatic=False)

    assert copy_images(library.database, tagged.id, other.id) == 4

    assert list(boxes(library, other).values()) == ["FULL", "FULL"]
    assert library.counts(tagged.id).tagged == 4
    assert copy_images(library.database, tagged.id, other.id) == 0


@pytest.fixture
def kept(library, workshop):
    return ModelBin(library, workshop.packages, PackageStore(workshop.folder / "drafts"))


def test_a_deleted_model_stops_and_comes_back_with_all_it_had(library, model, workshop, start_agent, kept):
    tag_images(library, model, 15)
    agent = start_agent()
    version = trained(agent, model).version

    agent.retire(model.id, lambda: kept.put(model.id))

    assert (library.models(), workshop.packages.live()) == ((), {})
    with pytest.raises(NotFound):
        library.put_box(1, box_id(1), model.tags[0].id, Box(0, 0, 1, 1))
    assert [(one.name, one.images) for one in kept.content()] == [("Low stock", 15)]
    assert kept.restore(model.id) == model
    assert workshop.packages.live() == {model.id: version}
    assert library.counts(model.id).tagged == 15
    with pytest.raises(NotFound, match="not kept any more"):
        kept.restore(model.id)


def test_a_model_that_is_being_trained_is_not_deleted(library, model, start_agent, kept):
    tag_images(library, model, 15)
    agent = start_agent("slow")
    agent.train(model.id)

    with pytest.raises(Conflict, match="being trained just now"):
        agent.retire(model.id, lambda: kept.put(model.id))

    assert library.models() == (model,)


def test_its_name_is_free_and_it_comes_back_beside_the_one_that_took_it(library, model, kept):
    kept.put(model.id)
    library.create_model("low STOCK", "detection", ["gap"], automatic=False)

    assert kept.restore(model.id).name == "Low stock 2"


def test_after_some_days_it_is_gone_with_the_pictures_that_no_other_has(library, model, workshop, kept):
    tag_images(library, model, 2)
    other = library.create_model("Other", "detection", ["gap"], automatic=False)
    shared = add_image(library, other, 0)
    alone = library.images(model.id, tagged=None, limit=1)[0]
    kept.put(model.id)

    kept.empty(datetime.now(UTC) + timedelta(days=KEPT_DAYS - 1))
    assert [one.id for one in kept.content()] == [model.id]
    kept.empty(datetime.now(UTC) + timedelta(days=KEPT_DAYS + 1))

    assert kept.content() == ()
    assert library.pictures.path(shared.digest).is_file()
    assert not library.pictures.path(alone.digest).exists()


def test_a_deletion_cut_short_by_a_power_cut_is_ended_at_the_next_start(library, model, workshop, start_agent, kept):
    tag_images(library, model, 15)
    version = trained(start_agent(), model).version
    kept.put(model.id)
    workshop.packages.reinstate(model.id)

    kept.empty(datetime.now(UTC))
    assert workshop.packages.live() == {}
    kept.restore(model.id)
    workshop.packages.retire(model.id)
    kept.empty(datetime.now(UTC))

    assert workshop.packages.live() == {model.id: version}


def test_events_tell_a_models_attributes(library, model, workshop, start_agent):
    set_attributes(library.database, model.id, {"store": "12"})
    tag_images(library, model, 15)
    agent = start_agent()

    version = trained(agent, model).version
    agent.versions.put_live(model.id, version)
    agent.close()  # a training's event goes out after everybody can see that it has ended

    told = [message for message in workshop.messages() if message["event"] in ("trained", "put live")]
    assert sorted(message["event"] for message in told) == ["put live", "trained"]
    assert [message["attributes"] for message in told] == [{"store": "12"}, {"store": "12"}]


def test_a_trained_version_tells_the_attributes_of_its_model(library, model, workshop, start_agent):
    set_attributes(library.database, model.id, {"store": "12", "aisle": "4"})
    tag_images(library, model, 15)

    version = trained(start_agent(), model).version

    assert workshop.packages.read_manifest(model.id, version).attributes == {"store": "12", "aisle": "4"}


def test_changed_attributes_reach_every_kept_version_without_a_training(library, model, workshop, start_agent):
    set_attributes(library.database, model.id, {"store": "12", "aisle": "4"})
    tag_images(library, model, 15)
    agent = start_agent(promotion="always")
    versions = [trained(agent, model).version for _ in range(2)]

    set_attributes(library.database, model.id, {"store": "13"})
    agent.versions.attributes_changed(model.id)
    agent.close()

    for version in versions:
        assert workshop.packages.verify(model.id, version).attributes == {"store": "13"}
    # The agent may tell of the training after that it has ended.
    (told,) = [one for one in workshop.messages() if one["event"] == "attributes changed"]
    assert told["attributes"] == {"store": "13"}
    reported = json.loads((workshop.folder / "twin" / "reported.json").read_text())
    assert reported["models"] == {model.id: {"attributes": {"store": "13"}}}


def test_the_attributes_told_last_are_the_newest_whoever_tells_them(library, model, workshop):
    set_attributes(library.database, model.id, {"store": "12"})
    held, on = threading.Event(), threading.Event()

    class SlowOnce(LocalHub):
        def report(self, patch):
            if not held.is_set():
                held.set()
                on.wait(5)
            super().report(patch)

    versions = KeptVersions(library, workshop.packages, SlowOnce(workshop.folder / "twin"), TrainingSettings)
    training = threading.Thread(
        target=versions.tell, args=[VersionEvent(event="training cancelled", model_id=model.id)]
    )
    training.start()
    held.wait(5)
    set_attributes(library.database, model.id, {"store": "13"})
    page = threading.Thread(target=versions.attributes_changed, args=[model.id])
    page.start()
    page.join(0.3)

    on.set()
    training.join()
    page.join()

    reported = json.loads((workshop.folder / "twin" / "reported.json").read_text())
    assert reported["models"] == {model.id: {"attributes": {"store": "13"}}}
    assert [message["attributes"]["store"] for message in workshop.messages()] == ["12", "13"]


def test_attributes_that_change_during_a_training_are_those_of_what_it_trained(library, model, workshop, start_agent):
    tag_images(library, model, 15)
    agent = start_agent("1")
    agent.train(model.id)
    set_attributes(library.database, model.id, {"store": "12"})
    agent.versions.attributes_changed(model.id)

    version = ended(agent, model.id).version

    assert workshop.packages.read_manifest(model.id, version).attributes == {"store": "12"}


def test_a_training_that_went_well_leaves_nothing_of_one_that_failed_in_the_twin(library, model, workshop, start_agent):
    tag_images(library, model, 15)
    for way in ("fails", "0"):
        agent = start_agent(way)
        agent.train(model.id)
        ended(agent, model.id)
        agent.close()

    reported = json.loads((workshop.folder / "twin" / "reported.json").read_text())["trainings"][model.id]

    assert reported["event"] == "trained"
    assert not {"code", "message"} & set(reported)
