"""Home: what the device sees now, which models run, and what needs somebody's attention."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, url_for

from edge_common.frames import CameraState
from edge_common.images import encode_jpeg, shrink
from edge_common.results import InferenceState
from modules.trainer_agent.web.names import camera_called
from modules.trainer_agent.web.overview import Overview, overview
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.versions import versions
from modules.trainer_agent.web.wording import amount, plain_reason

bp = Blueprint("home", __name__)

_WAIT_S = 3.0
_SIDE_PX = 640
_QUALITY = 75


@dataclass(frozen=True)
class Notice:
    """One thing that needs attention, and where it is seen to."""

    title: str
    text: str
    page: str
    action: str
    """What the link says."""
    grave: bool


@bp.get("/")
def home_page() -> str:
    view = services().live
    state = view.results.state()
    cameras = sorted(view.frames.states().values(), key=lambda camera: camera.camera)
    models = [overview(model.id) for model in services().library.models()]
    return render_template(
        "home.html",
        cameras=cameras,
        running=state.models if state else (),
        heard=state is not None,
        models={of.model.id: of for of in models},
        notices=tuple(notices(cameras, state, models)),
        first=not models and not (state and state.models),
        pin_is_set=services().people.pin_is_set,
    )


@bp.get("/api/cameras/<camera>/now")
def sees_now(camera: str) -> Response:
    """A small picture that the camera gives now, as JPEG; raises CameraError saying why there is none."""
    frame = services().viewfinder.fresh_frame(camera, _WAIT_S)
    return Response(encode_jpeg(shrink(frame.pixels, _SIDE_PX), _QUALITY), mimetype="image/jpeg")


def notices(
    cameras: Sequence[CameraState], state: InferenceState | None, models: Sequence[Overview]
) -> Iterator[Notice]:
    """What needs attention, what stops the device from looking first."""
    for camera in cameras:
        if camera.phase == "lost":
            yield Notice(
                f"{camera.name or camera_called(camera.camera)} gives no picture",
                f"{plain_reason(camera.reason)}. It is tried again all the time.",
                url_for("live.live_page", camera=camera.camera),
                "Look at the camera",
                grave=True,
            )
    if state is None:
        yield Notice(
            "No model is looking",
            "The program that looks at the pictures is not running.",
            url_for("live.live_page"),
            "Live",
            grave=True,
        )
    elif state.last_error:
        yield Notice("A model has a problem", state.last_error, url_for("live.live_page"), "Live", grave=True)
    for of in models:
        yield from _of_model(of)


def _of_model(of: Overview) -> Iterator[Notice]:
    page = url_for("models.one_model", model_id=of.model.id)
    training = url_for("training.training_page", model_id=of.model.id)
    name = of.model.name
    if of.live_problem:
        yield Notice(f"'{name}' cannot be used", of.live_problem, page, "Open the model", grave=True)
    if of.training.phase in ("failed", "interrupted"):
        ended = "failed" if of.training.phase == "failed" else "was interrupted"
        yield Notice(f"The training of '{name}' {ended}", of.training.message, training, "See why", grave=True)
    waiting = services().library.checks.waiting(of.model.id)
    if waiting:
        yield Notice(
            f"{amount(waiting, 'image')} of '{name}' to check",
            "One press each says whether the model was right; that is how it gets better.",
            url_for("library.library_page", model_id=of.model.id, show="check"),
            "Check",
            grave=False,
        )
    newest = next(iter(versions(of.model.id)), None)
    if newest is not None and newest.state == "candidate":
        why = of.training.kept_back or "It is not in use yet."
        yield Notice(f"A new version of '{name}' waits for you", why, training, "Decide", grave=False)
    if of.missing and of.counts.tagged and of.live is None:
        yield Notice(f"'{name}' cannot be trained yet", " ".join(of.missing), page, "Go on", grave=False)
    elif not of.missing and of.live is None and not of.training.active and of.training.phase in ("none", "cancelled"):
        text = f"There are {amount(of.counts.tagged, 'tagged image')}."
        yield Notice(f"'{name}' is ready to train", text, training, "Train", grave=False)
    elif of.live is None and not of.counts.untagged and not of.counts.tagged:
        capture = url_for("capture.capture_page", model_id=of.model.id)
        text = f"It learns from {amount(of.settings.minimum_images, 'image')} and more."
        yield Notice(f"'{name}' has no images yet", text, capture, "Capture", grave=False)
    if of.counts.untagged:
        yield Notice(
            f"{amount(of.counts.untagged, 'image')} of '{name}' to tag",
            "Each tagged image makes the model better.",
            url_for("tagging.next_image", model_id=of.model.id),
            "Go to Tagging",
            grave=False,
        )
