"""Image files of the library and their thumbnails, named by digest. Which model has which image is not known here."""

import os
import re
import shutil
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from edge_common.durable import sync_folder, write_file
from edge_common.errors import EdgeError, NotFound
from edge_common.images import Pixels, decode_image, digest_of, encode_jpeg, shrink

LONGEST_SIDE_PX = 1920
JPEG_QUALITY = 95
THUMBNAIL_SIDE_PX = 320
THUMBNAIL_QUALITY = 80
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it will be stored: at most 1920 px a side, JPEG without the metadata of the file it came from."""

    digest: str
    width: int
    height: int
    data: bytes
    pixels: Pixels


def picture_of(pixels: Pixels) -> Picture:
    """The picture to store for uint8 [height, width, 3] BGR; the same pixels give the same digest."""
    fitting = shrink(pixels, LONGEST_SIDE_PX)
    data = encode_jpeg(fitting, JPEG_QUALITY)
    height, width = fitting.shape[:2]
    return Picture(digest_of(data), width, height, data, fitting)


class Pictures:
    """The folders `images` and `thumbnails` under one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._images = root / "images"
        self._thumbnails = root / "thumbnails"
        self._incoming = root / "incoming"

    @property
    def folders(self) -> tuple[Path, Path]:
        """Where the images and their thumbnails are, each file named by its digest."""
        return self._images, self._thumbnails

    def staging(self, name: str) -> Path:
        """An empty folder for pictures that are not kept yet, on the same disk."""
        folder = self._incoming / name
        folder.mkdir(parents=True)
        return folder

    def take_in(self, staging: Path) -> None:
        """Have every picture of a staging folder kept, on the disk when this returns; those that are there stay."""
        for path in sorted(staging.iterdir()):
            with path.open("rb") as file:
                os.fsync(file.fileno())
            if not (self._images / path.name).exists():
                path.rename(self._images / path.name)
        sync_folder(self._images)

    def keep(self, picture: Picture) -> None:
        """Have the picture and its thumbnail on the disk when this returns; raises EdgeError when there is no room."""
        try:
            write_file(self.path(picture.digest), picture.data)
            self._write_thumbnail(picture.digest, picture.pixels)
        except OSError as error:
            raise EdgeError(f"The picture cannot be stored: {error.strerror or error}.") from error

    def path(self, digest: str) -> Path:
        """Where the JPEG of a digest belongs, be it there or not; raises NotFound for what is no digest."""
        if not _DIGEST.fullmatch(digest):
            raise NotFound(f"A picture is named by 64 hexadecimal digits, got {digest[:80]!r}.")
        return self._images / f"{digest}.jpg"

    def image_file(self, digest: str) -> Path:
        """Where the JPEG of a digest is; raises NotFound."""
        path = self.path(digest)
        if not path.is_file():
            raise NotFound(f"There is no picture {digest[:12]}.")
        return path

    def thumbnail_file(self, digest: str) -> Path:
        """Where the small JPEG of a digest is, made again if it got lost; raises NotFound."""
        path = self._thumbnails / self.path(digest).name
        if not path.is_file():
            self._write_thumbnail(digest, decode_image(self.image_file(digest).read_bytes(), "the stored picture"))
        return path

    def delete(self, digest: str) -> None:
        for path in (self.path(digest), self._thumbnails / self.path(digest).name):
            path.unlink(missing_ok=True)

    def sweep(self, known: Set[str]) -> None:
        """Delete what a power cut left behind: files that no image of the library names."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        for folder in (self._images, self._thumbnails):
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.iterdir():
                if path.suffix == ".part" or path.stem not in known:
                    path.unlink()

    def _write_thumbnail(self, digest: str, pixels: Pixels) -> None:
        path = self._thumbnails / self.path(digest).name
        write_file(path, encode_jpeg(shrink(pixels, THUMBNAIL_SIDE_PX), THUMBNAIL_QUALITY))
