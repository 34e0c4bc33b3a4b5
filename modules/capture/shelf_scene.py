"""A simulated store shelf: goods in rows that are taken and put back, as a pure function of a seed and a time.

Nothing here keeps a state that matters: `at` and `draw` give the same answer for the same seed, size and time, in
any order and in any process. So whoever knows when a frame was taken knows exactly what is to be seen in it.
"""

import hashlib
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_common.geometry import Box
from edge_common.images import Pixels
from modules.capture.shelf_products import CATALOGUE, DARK, Colour, Look, draw_product

GAP = "gap"
"""The label of an empty place; a place with goods has the labels of their kind."""
LABELS = (*dict.fromkeys(look.kind for look in CATALOGUE), GAP)

# The shelf is drawn once on a large canvas and scaled down, which smooths every edge.
_CANVAS = (1920, 1080)
_LEFT, _RIGHT = 70, 1850
_FLOORS = (352, 692, 1032)
_COMPARTMENT = 292
_STRIP = 44
_BETWEEN = 14
_BETWEEN_ROWS = 16
_VARIANTS = 3
_STAYS = 0.4
_GRAIN_MEAN = 10
_GRAIN_REACH = 5
_GRAIN_SPARE = 64
_PLAIN_WIDTH = 960
_SWAY_PX = 1.5

Region = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the canvas or the picture."""


@dataclass(frozen=True)
class _Place:
    """Room for one stack of a product, and the rhythm in which it is emptied and filled."""

    number: int
    look: Look
    x: int
    floor: int
    width: int
    period_s: float
    offset_s: float

    @property
    def region(self) -> Region:
        return self.x, self.floor - _COMPARTMENT, self.x + self.width, self.floor

    @property
    def gap(self) -> Region:
        height = self.look.height_px * self.look.stacked
        return self.x, self.floor - height, self.x + self.width, self.floor

    def pieces(self, variant: int, seed: int) -> list[tuple[Region, float]]:
        """Where each piece stands (canvas pixels) and how far it is turned; `variant` counts from 0."""
        spare = self.width - self.look.width_px
        found = []
        for level in range(self.look.stacked):
            aside, turn, _, _ = _chances(seed, self.number, variant, level, 1)
            x = self.x + round(spare * (0.2 + 0.6 * aside))
            bottom = self.floor - level * self.look.height_px
            found.append(((x, bottom - self.look.height_px, x + self.look.width_px, bottom), 2 * turn - 1))
        return found


class ShelfScene:
    """The shelf for one seed and picture size (a picture of another shape than 16:9 is stretched)."""

    def __init__(self, seed: int, *, width: int = 960, height: int = 540) -> None:
        self._seed = seed
        self._width = width
        self._height = height
        self._places = _places(seed)
        self._margin = math.ceil(_SWAY_PX * width / _PLAIN_WIDTH)
        self._regions = [self._scaled(place.region) for place in self._places]
        light = _lighting(width, height)
        self._views = [self._view(canvas, light) for canvas in _canvases(self._places, seed)]
        chance = np.random.default_rng(seed)
        size = (height + _GRAIN_SPARE, width + _GRAIN_SPARE, 3)
        low, high = _GRAIN_MEAN - _GRAIN_REACH, _GRAIN_MEAN + _GRAIN_REACH + 1
        self._noise = chance.integers(low, high, size, dtype=np.uint8)

    def at(self, t_s: float) -> tuple[tuple[str, Box], ...]:
        """Everything to be seen at `t_s` (Unix time times the speed of the simulation) with its label.

        Boxes are exact, the movement of the camera included: every piece of goods, and a `gap` for each empty place.
        """
        right, down = self._sway(t_s)
        found: list[tuple[str, Region]] = []
        for place in self._places:
            state = self._state(place, t_s)
            if state == 0:
                found.append((GAP, place.gap))
            else:
                found += [(place.look.kind, region) for region, _ in place.pieces(state - 1, self._seed)]
        across, along = right / self._width, down / self._height
        width, height = _CANVAS
        return tuple(
            (label, Box(x0 / width + across, y0 / height + along, x1 / width + across, y1 / height + along))
            for label, (x0, y0, x1, y1) in found
        )

    def draw(self, t_s: float) -> Pixels:
        """The picture at `t_s`: a new uint8 [height, width, 3] BGR array."""
        picture = self._views[0].copy()
        for place, (x0, y0, x1, y1) in zip(self._places, self._regions, strict=True):
            state = self._state(place, t_s)
            if state:
                picture[y0:y1, x0:x1] = self._views[state][y0:y1, x0:x1]
        right, down = self._sway(t_s)
        x, y = self._margin - right, self._margin - down
        lit = cv2.transform(picture[y : y + self._height, x : x + self._width], self._light(t_s))
        return np.asarray(cv2.add(lit, self._grain(t_s)), dtype=np.uint8)

    def _view(self, canvas: Pixels, light: NDArray[np.float32]) -> Pixels:
        """A canvas at the size of the picture and lit, with a margin all around for the camera to sway."""
        scaled = cv2.resize(canvas, (self._width, self._height), interpolation=cv2.INTER_AREA)
        lit = cv2.merge([cv2.multiply(colour, light, dtype=cv2.CV_8U) for colour in cv2.split(scaled)])
        side = self._margin
        return np.asarray(cv2.copyMakeBorder(lit, side, side, side, side, cv2.BORDER_REPLICATE), dtype=np.uint8)

    def _state(self, place: _Place, t_s: float) -> int:
        """0 when the place is empty, otherwise which variant of its goods stands there, from 1."""
        cycle, into_s = divmod(t_s + place.offset_s, place.period_s)
        taken, away, stays, variant = _chances(self._seed, place.number, int(cycle))
        taken_s = (0.1 + 0.4 * taken) * place.period_s
        filled_s = taken_s + (0.2 + 0.3 * away) * place.period_s
        if into_s < taken_s:
            variant = _chances(self._seed, place.number, int(cycle) - 1)[3]
        elif into_s < filled_s and stays > _STAYS:
            return 0
        return 1 + int(variant * _VARIANTS)

    def _sway(self, t_s: float) -> tuple[int, int]:
        """How far the picture is shifted, in pixels to the right and down: the camera hangs on a thin arm."""
        size = _SWAY_PX * self._width / _PLAIN_WIDTH
        right = 0.7 * math.sin(t_s * 2.1 + self._seed) + 0.3 * math.sin(t_s * 7.3)
        down = 0.7 * math.sin(t_s * 1.7 + 2 * self._seed) + 0.3 * math.sin(t_s * 9.1)
        return round(right * size), round(down * size)

    def _light(self, t_s: float) -> NDArray[np.float32]:
        """Gain and offset of each colour [3, 4]: brightness and colour temperature change slowly."""
        brightness = 0.98 + 0.10 * math.sin(t_s / 19 + self._seed) + 0.04 * math.sin(t_s / 5.3)
        warmth = 0.06 * math.sin(t_s / 31 + 3 * self._seed)
        gains = np.diag([1 - warmth, 1.0, 1 + warmth]) * brightness
        # The grain that is added next has this mean.
        offsets = np.full((3, 1), -_GRAIN_MEAN)
        return np.hstack([gains, offsets]).astype(np.float32)

    def _grain(self, t_s: float) -> Pixels:
        right, down, _, _ = _chances(self._seed, round(t_s * 1000))
        x, y = int(right * _GRAIN_SPARE), int(down * _GRAIN_SPARE)
        return np.asarray(self._noise[y : y + self._height, x : x + self._width])

    def _scaled(self, region: Region) -> Region:
        """A region of the canvas in pixels of the views."""
        across, along = self._width / _CANVAS[0], self._height / _CANVAS[1]
        x0, y0, x1, y1 = region
        x0, y0, x1, y1 = round(x0 * across), round(y0 * along), round(x1 * across), round(y1 * along)
        return x0 + self._margin, y0 + self._margin, x1 + self._margin, y1 + self._margin


def _places(seed: int) -> list[_Place]:
    """Rows of two to four places for each product, spread evenly over every board."""
    chance = np.random.default_rng(seed)
    looks = [CATALOGUE[index] for index in chance.permutation(len(CATALOGUE))]
    places: list[_Place] = []
    for floor in _FLOORS:
        rows: list[tuple[Look, int]] = []
        room = _RIGHT - _LEFT - _BETWEEN_ROWS
        while (fitting := (room - _BETWEEN_ROWS) // (looks[0].width_px + _BETWEEN)) > 0:
            look = looks.pop(0)
            looks.append(look)
            rows.append((look, min(int(chance.integers(2, 5)), fitting)))
            room -= rows[-1][1] * (look.width_px + _BETWEEN) + _BETWEEN_ROWS
        x = _LEFT + _BETWEEN_ROWS
        for look, number in rows:
            width = look.width_px + _BETWEEN
            for _ in range(number):
                period_s, offset_s = chance.uniform(30, 90), chance.uniform(0, 90)
                places.append(_Place(len(places), look, x, floor, width, float(period_s), float(offset_s)))
                x += width
            x += _BETWEEN_ROWS + room // len(rows)
    return places


def _canvases(places: list[_Place], seed: int) -> Iterator[Pixels]:
    """The shelf without goods, then full of goods in each variant; one at a time, as each takes much memory."""
    bare = _furniture(places)
    yield bare
    for variant in range(_VARIANTS):
        full = bare.copy()
        for place in places:
            for (x0, y0, x1, y1), turn in place.pieces(variant, seed):
                picture, mask = draw_product(place.look, turn)
                full[y1 - 5 : y1, max(x0 - 4, place.x) : min(x1 + 4, place.x + place.width)] //= 2
                np.copyto(full[y0:y1, x0:x1], picture, where=mask[:, :, None] > 0)
        yield full


def _furniture(places: list[_Place]) -> Pixels:
    """Wall, posts, back panels, boards and price strips."""
    width, height = _CANVAS
    canvas = np.empty((height, width, 3), dtype=np.uint8)
    canvas[:] = np.linspace((206, 208, 206), (164, 170, 172), height).astype(np.uint8)[:, None, :]
    _block(canvas, (_LEFT - 26, 10, _RIGHT + 26, height), (120, 122, 122))
    for floor in _FLOORS:
        back = canvas[floor - _COMPARTMENT : floor, _LEFT:_RIGHT]
        back[:] = np.linspace((92, 95, 96), (142, 146, 148), _COMPARTMENT).astype(np.uint8)[:, None, :]
        back[14::28, 14::28] = back[15::28, 14::28] = back[14::28, 15::28] = back[15::28, 15::28] = (70, 70, 72)
        _block(canvas, (_LEFT, floor - 22, _RIGHT, floor), (158, 164, 166))
        _block(canvas, (_LEFT, floor, _RIGHT, floor + _STRIP), (214, 216, 216))
        _block(canvas, (_LEFT, floor, _RIGHT, floor + 4), (236, 238, 238))
        _block(canvas, (_LEFT, floor + _STRIP - 4, _RIGHT, floor + _STRIP), (110, 112, 112))
    for x in (_LEFT - 26, _RIGHT):
        _block(canvas, (x, 10, x + 26, height), (150, 152, 152))
        _block(canvas, (x + 5, 10, x + 10, height), (186, 188, 188))
        for y in range(30, height, 40):
            _block(canvas, (x + 15, y, x + 20, y + 16), (72, 74, 74))
    _block(canvas, (_LEFT - 26, 10, _RIGHT + 26, _FLOORS[0] - _COMPARTMENT), (96, 84, 60))
    cv2.putText(
        canvas, "FOOD & DRINKS", (_LEFT + 20, 50), cv2.FONT_HERSHEY_DUPLEX, 1.2, (236, 238, 238), 2, cv2.LINE_AA
    )
    for place in places:
        _price_tag(canvas, place)
    return canvas


def _price_tag(canvas: Pixels, place: _Place) -> None:
    price, offer, _, _ = _chances(CATALOGUE.index(place.look))
    x0, y0 = place.x + place.width // 2 - 36, place.floor + 7
    paper: Colour = (90, 220, 250) if offer > 0.8 else (250, 250, 250)
    _block(canvas, (x0, y0, x0 + 72, y0 + 30), paper)
    text = f"{0.5 + 6 * price:.2f}"
    cv2.putText(canvas, text, (x0 + 4, y0 + 23), cv2.FONT_HERSHEY_DUPLEX, 0.62, DARK, 1, cv2.LINE_AA)
    for line in range(50, 68, 4):
        _block(canvas, (x0 + line, y0 + 6, x0 + line + 2, y0 + 24), DARK)


def _lighting(width: int, height: int) -> NDArray[np.float32]:
    """Gain [height, width] of each pixel: shadow under each board, and corners that are darker than the middle."""
    columns = np.linspace(0, _CANVAS[0] - 1, width).astype(int)
    rows = np.linspace(0, _CANVAS[1] - 1, height).astype(int)
    down = np.ones(_CANVAS[1], dtype=np.float32)
    for floor in _FLOORS:
        down[floor - _COMPARTMENT : floor] = 0.58 + 0.42 * np.sqrt(np.linspace(0, 1, _COMPARTMENT))
    inside = (columns >= _LEFT) & (columns < _RIGHT)
    light = np.where(inside[None, :], down[rows][:, None], np.float32(1))
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] ** 2
    along = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    light *= 1.04 - 0.16 * across - 0.12 * along
    return light


def _block(canvas: Pixels, region: Region, colour: Colour) -> None:
    x0, y0, x1, y1 = region
    canvas[y0:y1, x0:x1] = colour


def _chances(*numbers: int) -> tuple[float, float, float, float]:
    """Four numbers from 0 up to 1 that look random and depend on nothing but the arguments."""
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=16).digest()
    first, second, third, fourth = struct.unpack("<4I", digest)
    return first / 2**32, second / 2**32, third / 2**32, fourth / 2**32
