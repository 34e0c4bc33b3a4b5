"""Start of the capture module: `python -m modules.capture --data DIR --frames ENDPOINT`."""

import argparse
import logging
import os
import sys
import threading
from pathlib import Path

import cv2

from edge_common import service
from edge_common.camera_questions import QuestionServer
from edge_common.errors import EdgeError
from edge_common.frames import FramePublisher
from edge_common.hub import SettingsKeeper
from edge_common.hub_choice import open_hub
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.settings import CaptureSettings
from modules.capture.desk import Desk
from modules.capture.loop import Capture
from modules.capture.methods import CameraMethods
from modules.capture.reports import Reports

log = logging.getLogger(__name__)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m modules.capture", description="Cameras in, frames out.")
    arguments.add_argument("--data", type=Path, required=True, help="folder for twins and settings")
    arguments.add_argument("--frames", required=True, help="ZeroMQ endpoint to publish on, such as ipc:///run/frames")
    arguments.add_argument("--questions", required=True, help="ZeroMQ endpoint to answer the page's questions on")
    given = arguments.parse_args()

    service.bound_heap()
    service.start_logging("capture", given.data)
    stop = service.stop_on_signals()
    service.end_with_parent()
    # The pictures are small and the processors few: threads of OpenCV would cost more than they bring.
    cv2.setNumThreads(1)

    hub = open_hub(given.data, "capture", os.environ)
    keeper = SettingsKeeper(hub, CaptureSettings, given.data / "settings" / "capture.json")
    publisher = FramePublisher(given.frames)
    reports = Reports(hub, keeper, OwnCameras(given.data / PLACE))
    capture = Capture(reports, publisher)
    hub.serve(CameraMethods(capture).methods)
    questions = QuestionServer(given.questions, Desk(capture).answer)
    code = service.EXIT_CLEAN
    service.leave_out_of_collection()
    try:
        capture.run(stop)
    except EdgeError as error:
        log.critical("%s", error)
        code = service.EXIT_FAULT
    questions.close()
    reports.close()
    hub.close()
    publisher.close()
    if threading.active_count() > 1:
        # A camera hangs in native code, which does not survive the end of the interpreter around it; or threads of
        # azure-iot-device wait for a hub, and the interpreter would wait for them.
        service.leave(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
