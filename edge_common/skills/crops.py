"""What a second model looks at: a part of a frame, and where in the frame lies what it finds there."""

from edge_common.detections import Detection
from edge_common.geometry import Box
from edge_common.images import Pixels


def cut(pixels: Pixels, box: Box) -> Pixels:
    """The part of a frame, uint8 [height, width, 3], that holds the box: at least a pixel, and nothing else."""
    height, width = pixels.shape[:2]
    inside = box.clip()
    left, top = min(int(inside.x0 * width), width - 1), min(int(inside.y0 * height), height - 1)
    right, bottom = max(left + 1, round(inside.x1 * width)), max(top + 1, round(inside.y1 * height))
    return pixels[top:bottom, left:right]


def placed(found: tuple[Detection, ...], box: Box) -> tuple[Detection, ...]:
    """What was found in a part, with boxes as shares of the whole frame."""
    part = box.clip()

    def whole(one: Box | None) -> Box | None:
        if one is None:
            return None
        return Box(
            part.x0 + one.x0 * part.width,
            part.y0 + one.y0 * part.height,
            part.x0 + one.x1 * part.width,
            part.y0 + one.y1 * part.height,
        )

    return tuple(Detection(one.label, one.confidence, whole(one.box)) for one in found)
