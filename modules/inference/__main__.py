"""The inference module as a process: wires settings, frames, models and results, and ends when asked to.

Environment: FIFTEEN_VPU_PYTHON (the interpreter that has the VPU's SDK; settings by twin name no programs to run).
"""

import argparse
import os
import sys
import threading
import time
from pathlib import Path

import cv2

from edge_common.frames import FrameSubscriber
from edge_common.handed_off import HandoffFolder
from edge_common.health import Heartbeat
from edge_common.hub import SettingsKeeper
from edge_common.hub_choice import open_hub
from edge_common.methods import Method, Request
from edge_common.packages import PackageStore
from edge_common.results import ResultPublisher
from edge_common.service import (
    EXIT_CLEAN,
    EXIT_FAULT,
    end_with_parent,
    keep_large_blocks_apart,
    leave,
    leave_out_of_collection,
    start_logging,
    stop_on_signals,
)
from edge_common.settings import InferenceSettings
from modules.inference.azureeye_listener import EyeListener
from modules.inference.backlog import Backlog
from modules.inference.choices import Choices
from modules.inference.choosing import Chooser
from modules.inference.detections_output import DetectionsOutput
from modules.inference.loader import ModelLoader
from modules.inference.loop import InferenceLoop, reportable
from modules.inference.runtimes.compiled import CompiledModels
from modules.inference.runtimes.runtime import Machine
from modules.inference.skills.skills import Skills
from modules.inference.vpu import Vpu


def main() -> int:
    arguments = argparse.ArgumentParser(prog="inference", description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="folder for models, settings and twins")
    arguments.add_argument("--frames", required=True, help="ZeroMQ endpoint where capture publishes")
    arguments.add_argument("--results", required=True, help="ZeroMQ endpoint to publish results at")
    chosen = arguments.parse_args()
    keep_large_blocks_apart()
    start_logging("inference", chosen.data)
    stop = stop_on_signals()
    end_with_parent()
    # Processors are few and the runtime has threads of its own: those of OpenCV would only be in their way.
    cv2.setNumThreads(1)
    hub = open_hub(chosen.data, "inference", os.environ)
    keeper = SettingsKeeper(hub, InferenceSettings, chosen.data / "settings" / "inference.json")
    backlog = Backlog()
    frames = FrameSubscriber(chosen.frames, everything=True, frames=backlog)
    results = ResultPublisher(chosen.results)
    vpu = Vpu(os.environ.get("FIFTEEN_VPU_PYTHON"))
    machine = Machine(vpu, CompiledModels(chosen.data / "cache" / "compiled"))
    chooser = Chooser(machine, Choices(chosen.data / "cache" / "choices"))
    store = PackageStore(chosen.data / "models")
    loader = ModelLoader(store, hub, keeper.settings, machine=machine, chooser=chooser, held=backlog.held)
    loop = InferenceLoop(frames, results, loader, keeper.settings)
    hub.serve({"status": Method(Request, lambda asked: reportable(loop.state))})
    eye = EyeListener(hub, frames, loop, HandoffFolder(chosen.data), keeper.settings)
    skills = Skills(chosen.data, loop, frames, results, hub, keeper.settings)
    sampled = DetectionsOutput(hub, loop.newest)
    threads = (skills, loader, loop, eye)
    for thread in threads:
        thread.start()
    reported: dict[str, object] = {}
    heart = Heartbeat()
    up = False
    while not stop.is_set() and all(thread.alive() for thread in threads):
        heart.beat()
        if not up and loop.models:
            # Only now: the first model brings its runtime's package.
            up = True
            leave_out_of_collection()
        if keeper.wait(0.5):
            loader.settings = loop.settings = eye.settings = skills.settings = keeper.settings
        skills.report()
        sampled.look(keeper.settings.telemetry, time.monotonic())
        if (state := reportable(loop.state)) != reported:
            hub.report({"state": state})
            reported = state
    whole = all(thread.alive() for thread in threads)
    for thread in (eye, loop, skills, loader):
        thread.close()
    vpu.close()
    results.close()
    frames.close()
    hub.close()
    code = EXIT_CLEAN if whole else EXIT_FAULT
    if threading.active_count() > 1:
        # Those of azure-iot-device: the interpreter would wait for what they do.
        leave(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
