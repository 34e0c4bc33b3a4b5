import time

from tests.trainer_agent.conftest import add_image, ended, tag_images, trained
from tests.waiting import PATIENCE_S


def check_images(library, model, count, *, first):
    """Images that were kept to be checked, each found right."""
    for seed in range(first, first + count):
        image = add_image(library, model, seed)
        library.checks.add(image.id, "unsure", version="1", seen=[], kept_ns=seed)
        library.checks.confirm(image.id)


def test_a_model_that_trains_by_itself_trains_again_when_enough_was_checked(library, model, start_agent):
    agent = start_agent()
    tag_images(library, model, 15)
    first = trained(agent, model)
    library.set_automatic(model.id, True)
    time.sleep(1.1)  # Checks count from the second after a training began.
    check_images(library, model, 4, first=20)
    agent.tags_changed(model.id, image_done=True)
    assert agent.wait_for_change(model.id, first.number, 0.5) is None

    check_images(library, model, 1, first=30)
    agent.tags_changed(model.id, image_done=True)

    assert agent.wait_for_change(model.id, first.number, PATIENCE_S) is not None
    assert ended(agent, model.id).version != first.version


def test_a_model_that_does_not_train_by_itself_waits_to_be_asked(library, model, start_agent):
    agent = start_agent()
    tag_images(library, model, 15)
    first = trained(agent, model)
    time.sleep(1.1)
    check_images(library, model, 6, first=20)

    agent.tags_changed(model.id, image_done=True)

    assert agent.wait_for_change(model.id, first.number, 0.5) is None
