"""One rehearsal in a process of its own: reads a request, tells line by line what the skill would have done.

Standard input: the request as one line of JSON; when it is closed the starter is gone and this ends at once.
Standard output: lines as `messages` describes them, the last one `done` or `failed`.
"""

import sys
import time

from edge_common.errors import EdgeError
from edge_common.images import encode_jpeg, shrink
from edge_common.packages import PackageStore
from edge_common.service import EXIT_ABANDONED, EXIT_CLEAN, end_with_input, leave
from modules.trainer_agent.learning.packaged_model import PackagedModel
from modules.trainer_agent.rehearsal.messages import Changed, Done, Failed, Message, Request, Second
from modules.trainer_agent.rehearsal.rehearse import Looked, rehearse
from modules.trainer_agent.rehearsal.video import frames_of

MOST_S = 3600.0
"""Of a video; what comes after is not looked at."""
MOST_CHANGES = 200
_LONGEST_SIDE_PX = 1280
_PICTURE_PX = 480
_QUALITY = 80
_TOLD_EVERY_S = 1.0


def tell(message: Message) -> None:
    sys.stdout.write(message.model_dump_json() + "\n")
    sys.stdout.flush()


def run(request: Request) -> Done:
    """Raises EdgeError."""
    store = PackageStore(request.packages)
    models = {}
    for model_id in request.skill.models:
        version = store.current(model_id)
        if version is not None:
            path = store.model_file(model_id, version)
            models[model_id] = PackagedModel(store.read_manifest(model_id, version), path, request.threads)
    request.pictures.mkdir(parents=True, exist_ok=True)
    frames = frames_of(request.video, request.frames_per_s, _LONGEST_SIDE_PX, MOST_S)
    count = changes = 0
    at_s = due_s = 0.0
    for looked in rehearse(request.skill, request.camera, frames, models, time.time()):
        count += 1
        at_s = looked.frame.at_s
        if at_s >= due_s:
            due_s = at_s + _TOLD_EVERY_S
            tell(_second(looked))
        for change in looked.changes:
            changes += 1
            if changes <= MOST_CHANGES:
                picture = f"{changes}.jpg"
                small = shrink(looked.frame.pixels, _PICTURE_PX)
                (request.pictures / picture).write_bytes(encode_jpeg(small, _QUALITY))
                boxes = tuple(
                    (box.x0, box.y0, box.x1, box.y1)
                    for one in looked.outcome.boxes(change.step)
                    if (box := one.box) is not None
                )
                tell(
                    Changed(
                        step=change.step,
                        phase=change.phase,
                        at_s=at_s,
                        numbers=looked.outcome.numbers(),
                        boxes=boxes,
                        picture=picture,
                    )
                )
    return Done(frames=count, length_s=at_s)


def _second(looked: Looked) -> Second:
    steps = looked.outcome.trace()
    return Second(
        at_s=looked.frame.at_s,
        share=looked.frame.share,
        numbers=looked.outcome.numbers(),
        conditions={step: state.condition for step, state in steps.items() if state.condition is not None},
    )


def main() -> int:
    line = sys.stdin.buffer.readline()
    if not line:
        return EXIT_ABANDONED
    request = Request.model_validate_json(line)
    end_with_input()
    try:
        tell(run(request))
    except (EdgeError, OSError) as error:
        tell(Failed(message=str(error)))
    return EXIT_CLEAN


if __name__ == "__main__":
    leave(main())
