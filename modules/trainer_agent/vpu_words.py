"""What staff are told of a VPU that models were to run on: sentences, said in a reader's language later."""

from edge_common.errors import LossKind
from edge_common.results import LiveModel
from edge_common.sentences import Sentence, sentence

_WHY: dict[LossKind, Sentence] = {
    "not_set_up": sentence("What the VPU needs is not installed on this device."),
    "no_device": sentence("No VPU is found. Is it plugged in?"),
    "not_updated": sentence(
        "The Azure Eye shows as USB 045e:066f and never becomes 03e7:2485: its firmware was never updated."
    ),
    "compile_failed": sentence("The VPU does not take the model."),
    "out_of_memory": sentence("The VPU is short of memory."),
    "inference_failed": sentence("The VPU failed at a picture."),
    "hung": sentence("The VPU does not answer any more."),
    "crashed": sentence("The VPU's program crashed."),
    "bad_answer": sentence("The VPU's results are of no use."),
}


def lost_because(model: LiveModel) -> Sentence | None:
    """Why a model that was to run on a VPU does not; None for every other one."""
    if model.vpu is None or model.vpu.phase != "lost":
        return None
    why = _WHY[model.vpu.kind] if model.vpu.kind else ""
    return sentence(
        "%(why)s The processor looks instead, which takes longer; the VPU is tried again by itself.", why=why
    )


def device_note(model: LiveModel) -> str:
    """What is worth telling of what a model runs on; empty when nothing is."""
    if (why := lost_because(model)) is not None:
        return why
    if model.vpu is not None and model.vpu.phase == "starting":
        return sentence("The model is being prepared for the VPU; the processor looks until then.")
    return ""
