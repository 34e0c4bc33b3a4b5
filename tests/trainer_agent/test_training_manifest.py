"""What a training writes of itself into its package, without a training."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from edge_common.scores import Score
from modules.trainer_agent import training_job
from modules.trainer_agent.learning.dataset import Dataset
from modules.trainer_agent.learning.outcome import Trained
from tests.trainer_agent.learning.made import classification_set
from tests.trainer_agent.training_process import request_for


def trained_on(dataset: Dataset) -> Trained:
    """What a learner gives that found nothing in any image."""
    return Trained(
        model=b"a model",
        input_size_px=64,
        backbone="none",
        backbone_sha256="0" * 64,
        thresholds={},
        score=Score(name="accuracy", value=0, per_label={}, protocol="made up for a test"),
        images=len(dataset.images),
        boxes=0,
        left_out={},
        held_back={image.digest: () for image in dataset.images},
    )


def test_an_image_deleted_during_the_training_is_like_no_other(tmp_path: Path) -> None:
    there = classification_set(tmp_path, 3)
    twins = tuple(replace(there.images[0], path=tmp_path / name, digest=name) for name in ("again", "deleted"))
    twins[0].path.write_bytes(there.images[0].path.read_bytes())
    dataset = replace(there, images=(*there.images, *twins))

    request = training_job.Request.model_validate(request_for(dataset, tmp_path))

    manifest = training_job.manifest_of(
        request, dataset, trained_on(dataset), None, datetime(2026, 3, 5, 12, 30, 45, 678_000, tzinfo=UTC)
    )

    assert manifest.alike == (("again", there.images[0].digest),)
    assert manifest.images == 5
    assert (manifest.version, manifest.created) == ("20260305T123045.678Z", "2026-03-05T12:30:45Z")
