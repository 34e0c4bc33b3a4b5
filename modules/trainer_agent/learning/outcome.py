"""What training gives: the model's file with everything its manifest needs; and how it tells of its progress."""

from collections.abc import Callable
from dataclasses import dataclass

from edge_common.scores import Score
from modules.trainer_agent.learning.fold_check import FoldCheck
from modules.trainer_agent.learning.held_back import HeldBack

Report = Callable[[str, float], None]
"""Takes a stage in words for staff, and the share of the whole that is done (0-1)."""


@dataclass(frozen=True)
class Trained:
    """A trained model that is not a package yet."""

    model: bytes
    """ONNX."""
    input_size_px: int
    backbone: str
    backbone_sha256: str
    thresholds: dict[str, float]
    """Recommended minimum confidence by tag."""
    score: Score
    images: int
    boxes: int
    left_out: dict[str, str]
    """Images that could not be used: name to reason."""
    held_back: HeldBack
    """What was found in each image by parts that had not learned from it; each tag's threshold is at 0.5."""
    fold_check: FoldCheck | None = None
    """Of a detector: how to have its folds look once more."""


@dataclass(frozen=True)
class Progress:
    """A stretch of the whole work: `done` takes the share of the stretch and reports that of the whole."""

    report: Report
    start: float = 0.0
    end: float = 1.0
    stage: str = ""

    def part(self, stage: str, start: float, end: float) -> "Progress":
        """The stretch between two shares of this one, under a name of its own."""
        span = self.end - self.start
        return Progress(self.report, self.start + span * start, self.start + span * end, stage or self.stage)

    def done(self, share: float) -> None:
        self.report(self.stage, self.start + (self.end - self.start) * share)
