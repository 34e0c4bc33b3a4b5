"""What cameras, and images of them, are called now; read once a request."""

from datetime import datetime

from flask import g

from modules.trainer_agent.annotations import LibraryImage
from modules.trainer_agent.web.language import _, shown_time
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.wording import camera_name


def camera_called(camera: str) -> str:
    """As staff call it now; by its id where it has no name."""
    if "camera_names" not in g:
        g.camera_names = services().cameras.names()
    return g.camera_names.get(camera) or camera_name(camera)


def image_caption(image: LibraryImage) -> str:
    """The camera and when it was taken, in the device's own time zone; of an upload, the name of the file."""
    if image.camera is None:
        return image.name
    taken = datetime.fromtimestamp(image.taken_ns / 1e9)
    when = shown_time(taken, _("d MMM yyyy, HH:mm:ss"))
    return f"{camera_called(image.camera)}, {when}"


FILTERS = {"camera_name": camera_called, "image_caption": image_caption}
