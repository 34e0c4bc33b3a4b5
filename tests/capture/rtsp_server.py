"""A real RTSP server for tests, run by the Python that has GStreamer: `rtsp_server.py PORT`.

The picture at /camera is plain grey and gets brighter by STEPS_PER_S each second since the server started, so a
reader can tell from a frame when it was made. It prints `ready` once it listens.
"""

import sys
import time
from typing import Protocol

STEPS_PER_S = 10
# Video has 219 levels of brightness where pixels have 255.
PER_STEP = 219 / 255 / 255
LAUNCH = (
    "( videotestsrc is-live=true pattern=black ! video/x-raw,format=I420,width=320,height=180,framerate=20/1 "
    "! videobalance name=light ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 "
    "! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


class Element(Protocol):
    """A GStreamer element, or a bin of them."""

    def get_by_name(self, name: str) -> "Element": ...
    def set_property(self, name: str, value: float) -> None: ...


class Media(Protocol):
    def get_element(self) -> Element: ...


def main(port: str) -> None:
    import gi  # type: ignore[import-not-found]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]

    Gst.init(None)
    started_s = time.monotonic()

    def brighten(light: Element) -> bool:
        light.set_property("brightness", min(1.0, (time.monotonic() - started_s) * STEPS_PER_S * PER_STEP))
        return True

    def configured(_: object, media: Media) -> None:
        light = media.get_element().get_by_name("light")
        brighten(light)
        GLib.timeout_add(20, brighten, light)

    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(LAUNCH)
    factory.set_shared(True)
    factory.connect("media-configure", configured)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/camera", factory)
    server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(sys.argv[1])
