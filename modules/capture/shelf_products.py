"""Drawings of the goods on the simulated shelf: a picture and a silhouette for each kind, colour and size."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_common.images import Pixels

Colour = tuple[int, int, int]
"""Blue, green, red; 0 to 255."""
Mask = NDArray[np.uint8]
"""uint8 [height, width]: 255 where the drawing covers what is behind it."""

WHITE: Colour = (244, 246, 247)
DARK: Colour = (48, 42, 40)


@dataclass(frozen=True)
class Look:
    """One product: what it is, and what sets it apart from others of its kind."""

    kind: str
    width_px: int
    height_px: int
    stacked: int
    """How many stand on top of each other in one place."""
    main: Colour
    second: Colour
    text: str


CATALOGUE: tuple[Look, ...] = (
    Look("bottle", 74, 226, 1, (40, 60, 196), (60, 200, 240), "COLA"),
    Look("bottle", 74, 232, 1, (52, 150, 72), (250, 250, 250), "LIME"),
    Look("bottle", 70, 218, 1, (216, 184, 120), (170, 90, 30), "WATER"),
    Look("bottle", 80, 210, 1, (40, 140, 240), (30, 60, 170), "ORANGE"),
    Look("can", 82, 118, 2, (60, 40, 190), (240, 240, 245), "SODA"),
    Look("can", 82, 118, 2, (150, 96, 24), (40, 200, 250), "TONIC"),
    Look("can", 94, 112, 2, (70, 130, 60), (230, 240, 240), "PEAS"),
    Look("can", 94, 112, 2, (50, 70, 200), (190, 230, 250), "SOUP"),
    Look("box", 132, 204, 1, (40, 170, 240), (30, 40, 170), "OATS"),
    Look("box", 128, 196, 1, (170, 80, 40), (240, 240, 240), "RICE"),
    Look("box", 120, 214, 1, (70, 150, 90), (50, 220, 250), "TEA"),
    Look("box", 136, 188, 1, (120, 60, 140), (200, 190, 250), "BISCUIT"),
    Look("carton", 92, 218, 1, (238, 240, 240), (190, 110, 40), "MILK"),
    Look("carton", 92, 218, 1, (235, 240, 242), (60, 150, 60), "SOYA"),
    Look("carton", 96, 210, 1, (60, 190, 250), (40, 90, 220), "MANGO"),
    Look("jar", 90, 122, 2, (40, 60, 170), (240, 240, 240), "JAM"),
    Look("jar", 90, 122, 2, (40, 150, 220), (60, 80, 120), "HONEY"),
    Look("jar", 98, 116, 2, (70, 120, 90), (220, 240, 240), "OLIVES"),
)


def draw_product(look: Look, turn: float) -> tuple[Pixels, Mask]:
    """One piece, seen from the front; `turn`, -1 to 1, is how far its label is turned aside."""
    picture = np.zeros((look.height_px, look.width_px, 3), dtype=np.uint8)
    mask = np.zeros((look.height_px, look.width_px), dtype=np.uint8)
    _DRAWINGS[look.kind](look, turn, picture, mask)
    return picture, mask


def _bottle(look: Look, turn: float, picture: Pixels, mask: Mask) -> None:
    height, width = mask.shape
    shoulder, neck, cap = round(height * 0.36), round(height * 0.17), round(height * 0.07)
    half, thin = width / 2, width * 0.17
    turns = np.linspace(0, np.pi, 20)
    reach = thin + (half - 1 - thin) * (1 - np.cos(turns)) / 2
    down = np.linspace(neck, shoulder, 20)
    left = np.column_stack([half - reach, down])
    right = np.column_stack([half + reach, down])[::-1]
    foot = np.array([[1, height - 10], [8, height - 1], [width - 8, height - 1], [width - 1, height - 10]])
    outline = np.concatenate([[[half - thin, cap]], left, foot, right, [[half + thin, cap]]])
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
    picture[:] = look.main
    picture[:neck] = _mix(look.main, WHITE, 0.35)
    _fill(mask, round(half - thin - 4), 0, round(half + thin + 4), cap, 255)
    _label(picture, look, turn, top=round(height * 0.42), bottom=round(height * 0.78))
    _round(picture)
    _fill(picture, 0, 0, width, cap, look.second)
    _gloss(picture, round(width * 0.2), neck + 14, height - 16)


def _can(look: Look, turn: float, picture: Pixels, mask: Mask) -> None:
    height, width = mask.shape
    rim = 8
    outline = [[5, 0], [width - 6, 0], [width - 1, rim], [width - 1, height - rim], [width - 6, height - 1]]
    outline += [[5, height - 1], [0, height - rim], [0, rim]]
    cv2.fillPoly(mask, [np.array(outline, dtype=np.int32)], 255)
    picture[:] = look.main
    shift = round(turn * width * 0.3)
    cv2.line(picture, (shift - 6, height + 10), (width + shift - 6, round(height * 0.5)), look.second, 20)
    _words(picture, look.text, width // 2 + shift // 2, round(height * 0.3), WHITE)
    picture[:rim] = picture[-rim:] = (196, 196, 200)
    cv2.line(picture, (4, rim), (width - 5, rim), (120, 120, 124), 2)
    cv2.line(picture, (4, height - rim), (width - 5, height - rim), (120, 120, 124), 2)
    _round(picture)
    _gloss(picture, round(width * 0.24), rim + 4, height - rim - 4)


def _box(look: Look, turn: float, picture: Pixels, mask: Mask) -> None:
    height, width = mask.shape
    mask[:] = 255
    side = round(8 + 6 * abs(turn))
    picture[:] = look.main
    cv2.circle(picture, (width // 2, round(height * 0.62)), round(width * 0.3), look.second, -1, cv2.LINE_AA)
    cv2.circle(picture, (width // 2, round(height * 0.62)), round(width * 0.2), _mix(look.main, WHITE, 0.6), -1)
    _fill(picture, 0, round(height * 0.08), width, round(height * 0.32), look.second)
    _words(picture, look.text, width // 2, round(height * 0.2), _readable(look.second))
    for row in (0.88, 0.93):
        _fill(picture, 14, round(height * row), round(width * 0.7), round(height * row) + 4, WHITE)
    # The narrow side that shows when the box is turned a little.
    edge = slice(width - side, width) if turn >= 0 else slice(0, side)
    picture[:, edge] = _darker(picture[:, edge], 0.62)
    picture[:3] = _mix(look.main, WHITE, 0.5)
    cv2.rectangle(picture, (0, 0), (width - 1, height - 1), _mix(look.main, DARK, 0.5), 2)


def _carton(look: Look, turn: float, picture: Pixels, mask: Mask) -> None:
    height, width = mask.shape
    fold, roof = round(height * 0.06), round(height * 0.24)
    outline = [[14, 0], [width - 15, 0], [width - 15, fold], [width - 1, roof], [width - 1, height - 1]]
    outline += [[0, height - 1], [0, roof], [14, fold]]
    cv2.fillPoly(mask, [np.array(outline, dtype=np.int32)], 255)
    picture[:] = look.main
    waves = np.linspace(0, width, 24)
    surface = height * 0.62 + 12 * np.sin(waves / width * 2 * np.pi + turn * 2)
    wave = np.column_stack([waves, surface])
    below = np.vstack([wave, [width, height], [0, height]])
    cv2.fillPoly(picture, [np.round(below).astype(np.int32)], look.second, cv2.LINE_AA)
    _words(picture, look.text, width // 2, round(height * 0.44), look.second)
    picture[fold:roof] = _darker(picture[fold:roof], 0.86)
    cv2.circle(picture, (width // 2, round(height * 0.15)), 13, look.second, -1, cv2.LINE_AA)
    cv2.line(picture, (0, roof), (width, roof), _mix(look.main, DARK, 0.35), 2)
    cv2.line(picture, (0, fold), (width, fold), _mix(look.main, DARK, 0.35), 2)
    edge = slice(width - 12, width) if turn >= 0 else slice(0, 12)
    picture[roof:, edge] = _darker(picture[roof:, edge], 0.72)


def _jar(look: Look, turn: float, picture: Pixels, mask: Mask) -> None:
    height, width = mask.shape
    lid = round(height * 0.2)
    _fill(mask, 6, 0, width - 6, lid, 255)
    cv2.rectangle(mask, (0, lid + 10), (width - 1, height - 12), 255, -1)
    cv2.ellipse(mask, (width // 2, lid + 12), (width // 2 - 1, 12), 0, 0, 360, 255, -1)
    cv2.ellipse(mask, (width // 2, height - 13), (width // 2 - 1, 12), 0, 0, 360, 255, -1)
    picture[:] = look.main
    picture[lid : lid + 12] = _mix(look.main, WHITE, 0.55)
    _label(picture, look, turn, top=round(height * 0.42), bottom=round(height * 0.84))
    _round(picture)
    picture[:lid] = _mix(look.second, (60, 160, 200), 0.5)
    for x in range(8, width - 8, 6):
        cv2.line(picture, (x, 3), (x, lid - 2), _mix(look.second, DARK, 0.4), 1)
    _gloss(picture, round(width * 0.18), lid + 8, height - 12)


_DRAWINGS: dict[str, Callable[[Look, float, Pixels, Mask], None]] = {
    "bottle": _bottle,
    "can": _can,
    "box": _box,
    "carton": _carton,
    "jar": _jar,
}


def _label(picture: Pixels, look: Look, turn: float, *, top: int, bottom: int) -> None:
    width = picture.shape[1]
    middle = width // 2 + round(turn * width * 0.14)
    _fill(picture, 0, top, width, bottom, look.second)
    stripe = max(4, (bottom - top) // 7)
    _fill(picture, 0, top + 4, width, top + 4 + stripe, _mix(look.main, DARK, 0.25))
    _fill(picture, 0, bottom - 4 - stripe, width, bottom - 4, _mix(look.main, DARK, 0.25))
    _words(picture, look.text, middle, (top + bottom) // 2, _readable(look.second))


def _words(picture: Pixels, text: str, x: int, y: int, colour: Colour) -> None:
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 1.0, 2)
    scale = min(picture.shape[1] * 0.78 / width, 1.0)
    at = (round(x - width * scale / 2), round(y + height * scale / 2))
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_DUPLEX, scale, colour, 2, cv2.LINE_AA)


def _fill(picture: NDArray[np.uint8], x0: int, y0: int, x1: int, y1: int, colour: Colour | int) -> None:
    picture[y0:y1, x0:x1] = colour


def _round(picture: Pixels) -> None:
    """Shade as a cylinder lit from the front left."""
    across = np.linspace(-1, 1, picture.shape[1])
    shade = 0.42 + 0.62 * np.sqrt(np.clip(1 - (across * 0.9 + 0.12) ** 2, 0, 1))
    picture[:] = np.clip(picture * shade[None, :, None], 0, 255).astype(np.uint8)


def _gloss(picture: Pixels, x: int, top: int, bottom: int) -> None:
    band = picture[top:bottom, x : x + 5].astype(np.float32)
    picture[top:bottom, x : x + 5] = (band * 0.55 + 255 * 0.45).astype(np.uint8)


def _darker(pixels: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    return np.asarray(pixels * factor, dtype=np.uint8)


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` with a share (0 to 1) of `second`."""
    blue, green, red = (round(a * (1 - share) + b * share) for a, b in zip(first, second, strict=True))
    return blue, green, red


def _readable(background: Colour) -> Colour:
    return DARK if sum(background) > 380 else WHITE
