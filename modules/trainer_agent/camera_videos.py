"""Videos that staff send to the device to be played as cameras; those that no camera plays go when another comes."""

import re
import time
from collections.abc import Callable, Collection
from pathlib import Path

from modules.trainer_agent.annotations import slug
from modules.trainer_agent.pieces import Coming, Pieces

PLACE = Path("cameras") / "videos"
"""Below the data folder."""
LARGEST_VIDEO_BYTES = 1_000_000_000
_UNUSED_S = 86_400.0
"""So long a video waits for its camera to be saved."""
_ENDING = re.compile(r"\.[a-z0-9]{1,5}")


class CameraVideos:
    """Every method may be called from any thread."""

    def __init__(self, folder: Path, used: Callable[[], Collection[str]]) -> None:
        """used: the paths of all videos that cameras play, or played until they were deleted."""
        self._folder, self._used = folder, used
        self._pieces = Pieces(folder / "coming", LARGEST_VIDEO_BYTES)

    def begin(self, name: str, size: int) -> Coming:
        """A place for a video of so many bytes; raises InvalidInput."""
        self._sweep()
        return self._pieces.begin(name, size)

    def put(self, video_id: str, start: int, data: bytes) -> Coming:
        """Add a piece; raises NotFound, InvalidInput, Conflict saying where to go on."""
        return self._pieces.put(video_id, start, data)

    def keep(self, video_id: str, name: str) -> Path:
        """Where the video is now, once all of it is here; raises NotFound, Conflict."""
        here = self._pieces.whole(video_id)
        ending = Path(name).suffix.lower()
        # What a camera's address is made of: no sign that means something in one.
        kept = self._folder / f"{slug(Path(name).stem)}-{video_id}{ending if _ENDING.fullmatch(ending) else ''}"
        here.replace(kept)
        self._pieces.forget()
        return kept

    def _sweep(self) -> None:
        used = set(self._used())
        for path in filter(Path.is_file, self._folder.glob("*")):
            if str(path) not in used and time.time() - path.stat().st_mtime > _UNUSED_S:
                path.unlink()
