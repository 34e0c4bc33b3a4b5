"""Staff as a program: tags over HTTP, remembers what the device acknowledged, and sends again what it did not."""

import hashlib
import http.client
import json
import random
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge_common.geometry import Box
from edge_common.images import encode_jpeg
from tests.e2e.shelf import SCENE, Labelled, boxes_in, task_in

OBJECTS = ("gap", "carton")
MOST_IMAGES = 9
_PATIENCE_S = 60
_PAUSE_S = 0.1
_BETWEEN_SCENES_S = 41.0
_BOUNDARY = "fifteen-boundary"


@dataclass(frozen=True)
class Reply:
    status: int
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@dataclass(frozen=True)
class Tagged:
    """A box of an image."""

    image_id: int
    box_id: str


class Staff:
    """Tags images in a thread, and when there are enough of them corrects boxes, until told to rest."""

    def __init__(self, port: int, seed: int, patience_s: float = _PATIENCE_S) -> None:
        """`patience_s`: so long an answer is waited for."""
        self.acknowledged: dict[Tagged, Labelled] = {}
        """Every box as the device has it."""
        self.failure: BaseException | None = None
        self._port, self._patience_s = port, patience_s
        self._chance = random.Random(seed)
        self._pages: dict[int, str] = {}
        self._rest = threading.Event()
        body = {"name": "Low stock", "kind": "detection", "objects": ", ".join(OBJECTS), "automatic": True}
        model = self.ask_until_answered("POST", "/api/models", body).json
        self.model_id: str = model["id"]
        self._tags = {tag["name"]: tag["id"] for tag in model["tags"]}
        self._thread = threading.Thread(target=self._work, name="staff")

    def start(self) -> None:
        self._thread.start()

    def rest(self) -> None:
        """Finish the image at hand; raises what went wrong."""
        self._rest.set()
        self._thread.join(2 * self._patience_s)
        if self.failure is not None:
            raise self.failure
        assert not self._thread.is_alive()

    def training(self) -> dict[str, Any]:
        state: dict[str, Any] = self.ask_until_answered("GET", f"/api/models/{self.model_id}/training").json
        return state

    def train(self) -> None:
        """Press Train; that it is being trained already is well, too."""
        reply = self.ask_until_answered("POST", f"/api/models/{self.model_id}/training")
        assert reply.status in (202, 409), reply

    def tagged_images(self) -> int:
        return len({tagged.image_id for tagged in list(self.acknowledged)})

    def kept(self) -> dict[Tagged, Labelled]:
        """The boxes that the device shows now, of every image; pictures must be whole."""
        found = {}
        for image_id, page in self._pages.items():
            reply = self.ask_until_answered("GET", page)
            assert reply.status == 200, (page, reply)
            task = task_in(reply.data.decode())
            picture = self.ask_until_answered("GET", task["image"]["picture"])
            assert task["image"]["picture"] == f"/pictures/{hashlib.sha256(picture.data).hexdigest()}.jpg"
            for box, labelled in zip(task["boxes"], boxes_in(task), strict=True):
                found[Tagged(image_id, box["id"])] = labelled
        return found

    def live(self) -> Iterator[dict[str, Any]]:
        """What the live page is told of each frame; ends when the device hangs up."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", "/live/stream?camera=camera-1")
            answer = connection.getresponse()
            while len(head := answer.read(4)) == 4:
                facts: dict[str, Any] = json.loads(answer.read(*struct.unpack(">I", head)))
                answer.read(*struct.unpack(">I", answer.read(4)))
                yield facts
        finally:
            connection.close()

    def ask_until_answered(self, method: str, path: str, body: object = None) -> Reply:
        """Send again until the device gives an answer that is its own."""
        deadline_s = time.monotonic() + self._patience_s
        while True:
            try:
                reply = self._ask(method, path, body)
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.1)
                continue
            assert reply.status < 500, (method, path, reply)
            return reply

    def _ask(self, method: str, path: str, body: object) -> Reply:
        headers = {"Content-Type": "application/json"}
        data = body
        if isinstance(body, bytes):
            headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        elif body is not None:
            data = json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.read())
        finally:
            connection.close()

    def _work(self) -> None:
        number = 0
        try:
            while not self._rest.wait(_PAUSE_S):
                if self.tagged_images() < MOST_IMAGES:
                    number += 1
                    self._tag_image(number * _BETWEEN_SCENES_S)
                else:
                    self._correct_a_box()
        except BaseException as error:
            self.failure = error

    def _tag_image(self, t_s: float) -> None:
        """Upload the shelf at a time, draw its boxes, Done."""
        upload = self.ask_until_answered("POST", f"/api/models/{self.model_id}/images", _form(t_s))
        if upload.status == 409:
            return  # It was stored, but the answer did not come through: nothing was acknowledged.
        assert upload.status == 201, upload
        image_id = upload.json["id"]
        self._pages[image_id] = upload.json["page"]
        for label, box in SCENE.at(t_s):
            if label in OBJECTS:
                self._put_box(Tagged(image_id, str(uuid.uuid4())), label, box.clip())
        self.ask_until_answered("POST", f"/api/images/{image_id}/done")

    def _correct_a_box(self) -> None:
        tagged, (label, box) = self._chance.choice(list(self.acknowledged.items()))
        down = self._chance.uniform(-0.01, 0.01)
        self._put_box(tagged, label, Box(box.x0, box.y0 + down, box.x1, box.y1 + down).clip())

    def _put_box(self, tagged: Tagged, label: str, box: Box) -> None:
        body = {"tag": self._tags[label], "box": box.to_list()}
        reply = self.ask_until_answered("PUT", f"/api/images/{tagged.image_id}/boxes/{tagged.box_id}", body)
        assert reply.status == 200, reply
        self.acknowledged[tagged] = (label, box)


def _form(t_s: float) -> bytes:
    """A form with a picture of the shelf in its field `file`."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{t_s}.jpg"\r\n\r\n'
    return head.encode() + encode_jpeg(SCENE.draw(t_s), 90) + f"\r\n--{_BOUNDARY}--\r\n".encode()
