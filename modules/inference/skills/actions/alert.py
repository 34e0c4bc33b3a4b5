"""The action `alert`: a message at the output `alerts`, kept by the line to the hub until it has taken it."""

from edge_common.hub import Hub
from edge_common.skills.steps import AlertAction
from modules.inference.skills.changes import Job


class Alert:
    """Used by one thread."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __call__(self, job: Job) -> None:
        event = job.event
        for action in job.actions:
            if isinstance(action, AlertAction):
                model, version = next(iter(job.models.items()), (None, None))
                self._hub.send(
                    "alerts",
                    {
                        "schema_version": 1,
                        "alert_id": event.id,
                        "phase": event.phase,
                        "severity": action.severity,
                        "skill_id": event.skill,
                        "skill_name": event.name,
                        "camera": event.camera,
                        "frame_id": event.frame_id or None,
                        "model_id": model,
                        "model_version": version,
                        "since": event.since,
                        "text": action.text or event.name,
                        "numbers": event.numbers,
                        "detections": [one.model_dump(mode="json", exclude={"thing"}) for one in event.boxes],
                    },
                )
