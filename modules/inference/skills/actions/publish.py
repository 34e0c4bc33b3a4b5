"""The action `publish`: the event as JSON to an MQTT broker, at least once (QoS 1). The home of paho in skills."""

import threading
from collections.abc import Callable

import paho.mqtt.client as paho

from edge_common.settings import ActionSettings, MqttSettings
from edge_common.skills.steps import PublishAction
from modules.inference.skills.changes import Job
from modules.inference.skills.doer import NotNow, Refused

TIMEOUT_S = 10.0
"""To connect, and for the broker to take a message."""
_KEEP_ALIVE_S = 60


class Publish:
    """Used by one thread, but for `close`."""

    def __init__(self, settings: Callable[[], ActionSettings], client_id: str, timeout_s: float = TIMEOUT_S) -> None:
        self._settings = settings
        self._client_id = client_id
        self._timeout_s = timeout_s
        self._line: _Line | None = None

    def __call__(self, job: Job) -> None:
        """Raises NotNow or Refused."""
        settings = self._settings().mqtt
        if settings.host is None:
            raise Refused("a broker in the setting actions.mqtt expected, there is none")
        if self._line is not None and self._line.settings != settings:
            self.close()
        if self._line is None:
            self._line = _Line(settings, self._client_id, self._timeout_s)
        for action in job.actions:
            if isinstance(action, PublishAction):
                try:
                    self._line.publish(action.topic, job.event.model_dump_json().encode())
                except NotNow:
                    self.close()
                    raise

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()


class _Line:
    """A connection to a broker."""

    def __init__(self, settings: MqttSettings, client_id: str, timeout_s: float) -> None:
        """Raises NotNow."""
        self.settings = settings
        self._timeout_s = timeout_s
        self._answered = threading.Event()
        self._refusal = ""
        self._client = paho.Client(client_id=client_id, clean_session=True, protocol=paho.MQTTv311)
        if settings.user:
            self._client.username_pw_set(settings.user, settings.password or None)
        if settings.tls:
            self._client.tls_set()
        self._client.on_connect = self._connected
        port = settings.port or (8883 if settings.tls else 1883)
        self._where = f"{settings.host}:{port}"
        try:
            self._client.connect(settings.host, port, _KEEP_ALIVE_S)
        except (OSError, ValueError) as error:
            raise NotNow(f"{self._where}: {error or type(error).__name__}") from error
        self._client.loop_start()
        if not self._answered.wait(timeout_s) or self._refusal:
            self.close()
            raise NotNow(f"{self._where}: {self._refusal or f'no answer within {timeout_s:g} s'}")

    def publish(self, topic: str, body: bytes) -> None:
        """Until the broker has taken it; raises NotNow."""
        try:
            sent = self._client.publish(topic, body, qos=1)
            sent.wait_for_publish(self._timeout_s)
            taken = sent.is_published()
        except (OSError, ValueError, RuntimeError) as error:
            raise NotNow(f"{self._where}: {error or type(error).__name__}") from error
        if not taken:
            raise NotNow(f"{self._where}: the message was not taken within {self._timeout_s:g} s")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, _client: paho.Client, _data: object, _flags: object, code: int) -> None:
        self._refusal = "" if code == 0 else paho.connack_string(code)
        self._answered.set()
