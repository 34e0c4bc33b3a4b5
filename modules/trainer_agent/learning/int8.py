"""Tries a trained detector in 8-bit whole numbers: as good on images held back, and faster here? Then it is kept."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import EdgeError
from edge_common.images import Pixels
from edge_common.onnx_graph import parse_graph, read_as, with_outputs
from edge_common.onnx_session import OnnxSession
from edge_common.packages import Manifest
from edge_common.scores import Int8, Score
from edge_common.settings import InferenceSettings
from edge_common.ssd import FEATURE_MAPS, STRIDES
from modules.trainer_agent.learning.backbone import features_of, planes, rounded
from modules.trainer_agent.learning.evaluate import mean_precision, rank, resampling_weights
from modules.trainer_agent.learning.features import ViewFeatures
from modules.trainer_agent.learning.fold_check import FoldCheck
from modules.trainer_agent.learning.outcome import Progress
from modules.trainer_agent.learning.quantise import quantised
from modules.trainer_agent.learning.score import CrossValidation, score_detector
from modules.trainer_agent.learning.teller import DETAIL
from modules.trainer_agent.learning.verify import check_outputs

MOST_CALIBRATING = 16
"""Of the tagged images: more do not change what is found."""
MOST_LOST = 0.05
"""Of the score, on the same images in nineteen of twenty cases; the interval of a score from few images allows more."""
LEAST_WON = 0.05
"""Of the time. Less could be chance, and is not worth a second file."""
_RUNS, _WARM_UP = 15, 3
_FROZEN = (*FEATURE_MAPS, *(f"{kind}{stride}" for kind in ("boxes", "logits") for stride in STRIDES))


def try_int8(
    manifest: Manifest, model: bytes, check: FoldCheck, room: Path, *, seed: int, progress: Progress
) -> tuple[Int8, bytes | None]:
    """What the manifest is to say, and the file if it is to be kept. What goes wrong is no more than a reason."""
    try:
        return _tried(manifest, model, check, room, seed, progress)
    except (EdgeError, OSError) as error:
        return Int8(kept=False, why=f"it could not be made: {error}"), None


def _tried(
    manifest: Manifest, model: bytes, check: FoldCheck, room: Path, seed: int, progress: Progress
) -> tuple[Int8, bytes | None]:
    spread = {index * len(check.tagged) // MOST_CALIBRATING for index in range(MOST_CALIBRATING)}
    squares = check.squares(sorted(spread))
    progress.done(0.0)
    whole = quantised(model, squares, room)
    progress.done(0.5)
    session = OnnxSession(whole, threads=1)
    for square in squares[:3]:
        check_outputs(manifest, session.run({"image": planes(square)}))
    threads = InferenceSettings().threads
    checked = check.by(Backbones(whole, threads).look, lambda part: progress.done(0.5 + 0.4 * part))
    score, _ = score_detector(checked, manifest.labels, seed)
    gap = difference(checked, check.checked, len(manifest.labels), seed)
    float_ms, ms = milliseconds((model, whole), squares[0], threads)
    assert manifest.score is not None
    why_not = reason_against(manifest.score, score, gap, float_ms, ms)
    told = Int8(
        kept=not why_not,
        why=why_not or "it is as good on images held back, and faster here",
        value=score.value,
        interval=score.interval,
        difference=gap,
        ms=round(ms, 2),
        float_ms=round(float_ms, 2),
    )
    return told, None if why_not else whole


def reason_against(of_float: Score, of_int8: Score, gap: tuple[float, float], float_ms: float, ms: float) -> str:
    """Why it is not to be kept; empty if it is."""
    low = 0.0 if of_float.interval is None else of_float.interval[0]
    if of_int8.value < low:
        return f"its score of {of_int8.value:.3f} is below the interval of the other's, which begins at {low:.3f}"
    if gap[0] < -MOST_LOST:
        return f"on the same images it may lose {-gap[0]:.3f} of the score, more than {MOST_LOST}"
    if ms > float_ms * (1 - LEAST_WON):
        return f"it takes {ms:.1f} ms for an image here instead of {float_ms:.1f}"
    return ""


class Backbones:
    """The quantised backbones of a whole model, as what was learned on top of them reads them."""

    def __init__(self, model: bytes, threads: int) -> None:
        parsed = parse_graph(model)
        made = {name for node in parsed.graph.node for name in node.output}
        self._read = {name: read_as(parsed.graph, name) for name in (*_FROZEN, DETAIL) if name in made}
        self._session = OnnxSession(with_outputs(parsed, self._read.values()), threads=threads)

    def look(self, square: Pixels) -> tuple[ViewFeatures, NDArray[np.uint8] | None]:
        """As `fold_check.Look`."""
        given = self._session.run({"image": planes(square)})
        out = {name: given[read] for name, read in self._read.items()}
        return features_of(out), rounded(out[DETAIL][0]) if DETAIL in out else None


def difference(new: CrossValidation, old: CrossValidation, tags: int, seed: int) -> tuple[float, float]:
    """The new score less the old one: in nine of ten cases it lies here when the images are drawn again, for both."""
    weights = resampling_weights(len(new.truths), seed)
    of_new, of_old = (
        mean_precision([rank(one.found, one.truths, tag) for tag in range(tags)], weights) for one in (new, old)
    )
    low, high = np.nanquantile((of_new - of_old)[1:], [0.05, 0.95])
    return float(low), float(high)


def milliseconds(models: Sequence[bytes], square: Pixels, threads: int) -> list[float]:
    """Medians for an image, the models taking turns, so that what else this machine does slows all alike."""
    sessions = [OnnxSession(model, threads=threads) for model in models]
    image = {"image": planes(square)}
    taken: list[list[float]] = [[] for _ in sessions]
    for _ in range(_WARM_UP + _RUNS):
        for session, mine in zip(sessions, taken, strict=True):
            began_s = time.perf_counter()
            session.run(image)
            mine.append((time.perf_counter() - began_s) * 1000)
    return [statistics.median(mine[_WARM_UP:]) for mine in taken]
