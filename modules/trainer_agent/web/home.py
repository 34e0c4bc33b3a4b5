"""Home: what the device sees now, which models run, and what needs somebody's attention."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, url_for

from edge_common.frames import CameraState
from edge_common.images import encode_jpeg, shrink
from edge_common.results import AzureEyeState, InferenceState, LiveModel
from modules.trainer_agent.azureeye_words import not_watching_because
from modules.trainer_agent.vpu_words import lost_because
from modules.trainer_agent.web.language import _, ngettext, told
from modules.trainer_agent.web.names import camera_called
from modules.trainer_agent.web.overview import Overview, overview
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.skills import every_skill
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
                _("%(camera)s gives no picture", camera=camera.name or camera_called(camera.camera)),
                _("%(reason)s. It is tried again all the time.", reason=plain_reason(camera.reason)),
                url_for("live.live_page", camera=camera.camera),
                _("Look at the camera"),
                grave=True,
            )
    if state is None:
        yield Notice(
            _("No model is looking"),
            _("The program that looks at the pictures is not running."),
            url_for("live.live_page"),
            _("Live"),
            grave=True,
        )
    elif state.last_error:
        yield Notice(_("A model has a problem"), state.last_error, url_for("live.live_page"), _("Live"), grave=True)
    yield from _of_skills()
    yield from _of_vpu(state.models if state else ())
    yield from _of_azureeye(state.azureeye if state else None)
    for of in models:
        yield from _of_model(of)


def _of_skills() -> Iterator[Notice]:
    """What skills tell of now, and which of them cannot look."""
    page = url_for("skills.skills_page")
    for skill in every_skill():
        if skill["phase"] == "alerting":
            text = f"{skill['watches']}. {skill['why']}"
            yield Notice(_("'%(name)s' is alerting", name=skill["name"]), text, page, _("Look at skills"), grave=True)
        elif skill["phase"] == "waiting":
            title = _("'%(name)s' does not watch", name=skill["name"])
            yield Notice(title, skill["why"], page, _("Look at skills"), grave=False)


def _of_vpu(models: Sequence[LiveModel]) -> Iterator[Notice]:
    """One notice for each reason why models do not run on the VPU, which most often is one for all."""
    reasons: dict[str, list[LiveModel]] = {}
    for model in models:
        if (why := lost_because(model)) is not None:
            reasons.setdefault(told(why), []).append(model)
    for text, those in reasons.items():
        title = _("The VPU does not run %(models)s", models=", ".join(f"'{model.name}'" for model in those))
        page = url_for("live.live_page", model=those[0].id)
        yield Notice(title, text, page, _("Live"), grave=False)


def _of_azureeye(eye: AzureEyeState | None) -> Iterator[Notice]:
    """One that is only starting needs nobody's attention."""
    if eye is None or eye.phase == "starting" or (why := not_watching_because(eye)) is None:
        return
    page = url_for("live.live_page", camera=eye.camera, model=eye.model)
    grave = eye.phase == "unpatched"
    yield Notice(_("The Azure Eye does not watch"), told(why), page, _("Look at the camera"), grave=grave)


def _of_model(of: Overview) -> Iterator[Notice]:
    page = url_for("models.one_model", model_id=of.model.id)
    training = url_for("training.training_page", model_id=of.model.id)
    name = of.model.name
    if of.live_problem:
        yield Notice(_("'%(name)s' cannot be used", name=name), of.live_problem, page, _("Open the model"), grave=True)
    if of.training.phase in ("failed", "interrupted"):
        title = _("The training of '%(name)s' was interrupted", name=name)
        if of.training.phase == "failed":
            title = _("The training of '%(name)s' failed", name=name)
        yield Notice(title, told(of.training.message), training, _("See why"), grave=True)
    waiting = services().library.checks.waiting(of.model.id)
    if waiting:
        yield Notice(
            ngettext(
                "%(num)s image of '%(name)s' to check", "%(num)s images of '%(name)s' to check", waiting, name=name
            ),
            _("One press each says whether the model was right; that is how it gets better."),
            url_for("library.library_page", model_id=of.model.id, show="check"),
            _("Check"),
            grave=False,
        )
    newest = next(iter(versions(of.model.id)), None)
    if newest is not None and newest.state == "candidate":
        why = told(of.training.kept_back) or _("It is not in use yet.")
        title = _("A new version of '%(name)s' waits for you", name=name)
        yield Notice(title, why, training, _("Decide"), grave=False)
    if of.missing and of.counts.tagged and of.live is None:
        title = _("'%(name)s' cannot be trained yet", name=name)
        yield Notice(title, " ".join(map(told, of.missing)), page, _("Go on"), grave=False)
    elif not of.missing and of.live is None and not of.training.active and of.training.phase in ("none", "cancelled"):
        text = _("There are %(images)s.", images=amount(of.counts.tagged, "tagged image"))
        yield Notice(_("'%(name)s' is ready to train", name=name), text, training, _("Train"), grave=False)
    elif of.live is None and not of.counts.untagged and not of.counts.tagged:
        capture = url_for("capture.capture_page", model_id=of.model.id)
        least = of.settings.minimum_images
        text = ngettext("It learns from %(num)s image and more.", "It learns from %(num)s images and more.", least)
        yield Notice(_("'%(name)s' has no images yet", name=name), text, capture, _("Capture"), grave=False)
    if of.counts.untagged:
        yield Notice(
            ngettext(
                "%(num)s image of '%(name)s' to tag",
                "%(num)s images of '%(name)s' to tag",
                of.counts.untagged,
                name=name,
            ),
            _("Each tagged image makes the model better."),
            url_for("tagging.next_image", model_id=of.model.id),
            _("Go to Tagging"),
            grave=False,
        )
