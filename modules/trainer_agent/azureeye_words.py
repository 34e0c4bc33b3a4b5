"""What staff are told of an Azure Eye that looks by its own program: sentences, said in a reader's language later."""

from edge_common.results import AzureEyeState, EyePhase
from edge_common.sentences import Sentence, sentence

_WHY: dict[EyePhase, Sentence] = {
    "starting": sentence("The Azure Eye is starting."),
    "silent": sentence("The Azure Eye has told nothing for a while, which does not mean that there is nothing to see."),
    "restarting": sentence("The Azure Eye is starting anew, which can take some minutes."),
    "unpatched": sentence("The Azure Eye does not start. Its firmware may never have been updated."),
    "refused": sentence("What the Azure Eye tells cannot be used; another model may be running on it."),
}


def not_watching_because(eye: AzureEyeState) -> Sentence | None:
    """Why it does not watch; None while it does."""
    why = _WHY.get(eye.phase)
    return None if why is None else sentence("%(why)s The processor looks instead, where there is a picture.", why=why)


def looks(eye: AzureEyeState | None, camera: str, model_id: str) -> AzureEyeState | None:
    """The state if it is to look with this model on this camera."""
    return eye if eye is not None and (eye.camera, eye.model) == (camera, model_id) else None
