"""The action `alert`: a message at the output `alerts`, kept by the line to the hub until it has taken it."""

from edge_common.hub import Hub
from edge_common.skills.steps import AlertAction
from edge_common.telemetry import alert
from modules.inference.skills.changes import Job


class Alert:
    """Used by one thread."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __call__(self, job: Job) -> None:
        for action in job.actions:
            if isinstance(action, AlertAction):
                self._hub.send(alert(job.event, severity=action.severity, text=action.text, models=job.models))
