"""The trainer_agent module as a process: wires the library, trainings and the page, and ends when asked to.

Environment: FIFTEEN_VPU_PYTHON (the interpreter that compiles models for azureeyemodule, if it has azure-percept),
FIFTEEN_TLS_CERTIFICATE and FIFTEEN_TLS_KEY (PEM files of the page, in place of the IoT Edge runtime's certificate).
"""

import argparse
import logging
import os
import sys
import threading
from contextlib import closing
from pathlib import Path

from waitress.server import create_server

from edge_common.camera_questions import QuestionAsker
from edge_common.errors import EdgeError
from edge_common.frames import FrameSubscriber
from edge_common.health import Heartbeat
from edge_common.hub import SettingsKeeper
from edge_common.hub_choice import open_hub
from edge_common.network import EVERYWHERE, listen
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.packages import PackageStore
from edge_common.results import ResultSubscriber
from edge_common.service import (
    EXIT_CLEAN,
    EXIT_FAULT,
    bound_heap,
    end_with_parent,
    leave,
    leave_out_of_collection,
    start_logging,
    stop_on_signals,
)
from edge_common.settings import TrainerSettings
from edge_common.skill_feed import SkillFeed
from modules.trainer_agent.agent import Agent
from modules.trainer_agent.cameras import Cameras
from modules.trainer_agent.cloud.elsewhere import LearningElsewhere
from modules.trainer_agent.cloud.exporting import METHOD as EXPORT
from modules.trainer_agent.cloud.exporting import DatasetExport
from modules.trainer_agent.cloud.importing import METHOD as IMPORT
from modules.trainer_agent.cloud.importing import VersionImport
from modules.trainer_agent.cloud.jobs import CloudJobs, Work
from modules.trainer_agent.cloud.methods import CloudMethods
from modules.trainer_agent.database import Database
from modules.trainer_agent.drafts import Drafts
from modules.trainer_agent.handoff.blob import BlobCompiler
from modules.trainer_agent.handoff.handoff import Handoff
from modules.trainer_agent.improve import Improve
from modules.trainer_agent.insights.keeper import Insights
from modules.trainer_agent.insights.pace import ModelPace
from modules.trainer_agent.library import Library
from modules.trainer_agent.live import LiveView
from modules.trainer_agent.methods import ModelMethods
from modules.trainer_agent.people import People
from modules.trainer_agent.proposals import Proposer
from modules.trainer_agent.skill_watch import SkillWatch
from modules.trainer_agent.standby import Standby
from modules.trainer_agent.tls.certificates import source_of
from modules.trainer_agent.tls.terminator import known_peers
from modules.trainer_agent.tls.tls_page import TlsPage
from modules.trainer_agent.training_log import TrainingLog
from modules.trainer_agent.web import create_app
from modules.trainer_agent.web.services import Services

log = logging.getLogger("trainer_agent")
PROPOSER_THREADS = 2
_SERVER = {
    "threads": 40,
    "max_request_body_size": 64_000_000,
    # What waits here for a slow viewer of the live page is old when it arrives: a picture or two at most.
    "outbuf_high_watermark": 100_000,
    # Left in, so that who speaks for others is not taken for somebody at this machine.
    "clear_untrusted_proxy_headers": False,
}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="trainer_agent", description=__doc__)
    arguments.add_argument(
        "--data", type=Path, required=True, help="folder for the library, models, settings and twins"
    )
    arguments.add_argument("--frames", required=True, help="ZeroMQ endpoint where capture publishes")
    arguments.add_argument("--results", required=True, help="ZeroMQ endpoint where inference publishes")
    arguments.add_argument("--questions", required=True, help="ZeroMQ endpoint where capture answers about cameras")
    arguments.add_argument("--zoo", type=Path, required=True, help="folder of the backbones")
    arguments.add_argument("--host", default=EVERYWHERE, help="the only address to listen at; all by default")
    arguments.add_argument("--port", type=int, default=8080)
    arguments.add_argument("--tls-port", type=int, default=8443, help="for HTTPS, where there is a certificate")
    chosen = arguments.parse_args()
    bound_heap()
    start_logging("trainer_agent", chosen.data)
    stop = stop_on_signals()
    end_with_parent()
    try:
        serve(chosen, stop)
    except (EdgeError, OSError) as error:
        log.error("%s", error)
        return EXIT_FAULT
    if threading.active_count() > 1:
        # Those of azure-iot-device: the interpreter would wait for what they do.
        leave(EXIT_CLEAN)
    return EXIT_CLEAN


def serve(chosen: argparse.Namespace, stop: threading.Event) -> None:
    """Everything in its place, until asked to stop."""
    data, zoo = chosen.data.resolve(), chosen.zoo.resolve()
    packages = PackageStore(data / "models")
    pace = ModelPace()
    with (
        closing(open_hub(data, "trainer_agent", os.environ)) as hub,
        closing(Database(data / "library" / "library.sqlite")) as database,
        closing(FrameSubscriber(chosen.frames)) as frames,
        closing(ResultSubscriber(chosen.results, pace.heard)) as results,
        closing(QuestionAsker(chosen.questions)) as asker,
        closing(SkillWatch(SkillFeed(chosen.results))) as skill_watch,
        closing(SkillFeed(chosen.results)) as told,
        closing(Insights(told, data, pace)),
    ):
        keeper = SettingsKeeper(hub, TrainerSettings, data / "settings" / "trainer_agent.json")
        compiler = BlobCompiler(os.environ.get("FIFTEEN_VPU_PYTHON"))
        library, trainings = Library(database, data / "library"), TrainingLog(database)
        elsewhere = LearningElsewhere(library, lambda: keeper.settings, data / "cloud" / "sent.json")
        export = DatasetExport(library, packages, lambda: keeper.settings.handoff)
        taking_in = VersionImport(library, packages, lambda model_id: agent.versions.prune(model_id), data / "cloud")
        works = {
            EXPORT: Work(elsewhere.noting(export.work), "dataset not exported"),
            IMPORT: Work(taking_in.work, "model not imported"),
        }
        with (
            closing(
                CloudJobs(data / "cloud" / "jobs", hub, works, lambda model_id: agent.versions.attributes(model_id))
            ) as jobs,
            closing(Standby()) as standby,
            closing(
                Drafts(library, packages, lambda: keeper.settings.training.threads, standby, data=data, zoo=zoo)
            ) as drafts,
            closing(
                Agent(
                    library,
                    trainings,
                    packages,
                    hub,
                    lambda: keeper.settings.training,
                    standby,
                    data=data,
                    zoo=zoo,
                    alone=drafts.give_way,
                    here=lambda model_id: elsewhere.here(model_id, jobs),
                )
            ) as agent,
            closing(Improve(library, frames, results, lambda: keeper.settings.improve, data=data)),
            closing(TlsPage(source_of(os.environ), chosen.host, chosen.tls_port, hub.report)) as tls,
            closing(Handoff(packages, hub, lambda: keeper.settings.handoff, library, compiler, data=data)) as handoff,
        ):
            methods = ModelMethods(library, agent, packages, hub).methods
            hub.serve({**methods, **CloudMethods(jobs, export, taking_in).methods})
            proposer = Proposer(library, packages, drafts.packages, threads=PROPOSER_THREADS)
            live = LiveView(frames, results)
            cameras = Cameras(OwnCameras(data / PLACE), asker, frames)
            people = People(data, hub.report)
            app = create_app(
                Services(
                    library,
                    agent,
                    frames,
                    live,
                    packages,
                    drafts,
                    proposer,
                    lambda: keeper.settings,
                    cameras,
                    people,
                    handoff,
                    skill_watch,
                    zoo,
                    lambda: tls.port,
                )
            )
            door = listen(chosen.host, chosen.port)
            people.announce()
            handoff.start()
            jobs.start()
            server = create_server(known_peers(app, tls.peers), sockets=[door], **_SERVER)
            threading.Thread(target=server.run, name="page", daemon=True).start()
            tls.start((chosen.host or "127.0.0.1", door.getsockname()[1]))
            log.info("the page is at http://%s:%s/", chosen.host or "127.0.0.1", door.getsockname()[1])
            leave_out_of_collection()
            heart = Heartbeat()
            while not stop.is_set():
                heart.beat()
                if keeper.wait(0.5):
                    # What is enough to learn from, and where that is done, may be another now.
                    for model in library.models():
                        agent.tags_changed(model.id)


if __name__ == "__main__":
    sys.exit(main())
