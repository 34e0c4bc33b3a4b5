"""A real RTSP server for tests, run by the Python that has GStreamer: `rtsp_server.py PORT`.

The picture at /camera is plain grey and gets brighter by STEPS_PER_S each second since the server started, so a
reader can tell from a frame when it was made. The same is at the paths of azureeyemodule, with its size, encoding and
the one transport that it takes at each (`rtsp.cpp`). It prints `ready` once it listens.
"""

import functools
import operator
import sys
import time
from typing import Protocol

STEPS_PER_S = 10
# Video has 219 levels of brightness where pixels have 255.
PER_STEP = 219 / 255 / 255
SOURCE = (
    "videotestsrc is-live=true pattern=black "
    "! video/x-raw,format=I420,width={width},height={height},framerate={rate}/1 ! videobalance name=light"
)
H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10"
CAMERA = f"( {SOURCE.format(width=320, height=180, rate=20)} ! {H264} ! rtph264pay name=pay0 pt=96 config-interval=1 )"
_EYE = SOURCE.format(width=816, height=616, rate=10)
MOTION_JPEG = f"( {_EYE} ! videoconvert ! video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0 pt=96 )"
EYE_H264 = f"( {_EYE} ! {H264} ! h264parse ! rtph264pay name=pay0 pt=96 )"
PATHS = {
    "/camera": (CAMERA, ("UDP", "UDP_MCAST", "TCP")),
    "/raw": (MOTION_JPEG, ("UDP",)),
    "/rawTCP": (MOTION_JPEG, ("TCP",)),
    "/h264raw": (EYE_H264, ("UDP",)),
}
"""How each picture is made, and the transports by which it goes out."""


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
    from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found]

    Gst.init(None)
    started_s = time.monotonic()

    def brighten(light: Element) -> bool:
        light.set_property("brightness", min(1.0, (time.monotonic() - started_s) * STEPS_PER_S * PER_STEP))
        return True

    def configured(_: object, media: Media) -> None:
        light = media.get_element().get_by_name("light")
        brighten(light)
        GLib.timeout_add(20, brighten, light)

    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    kinds = {"UDP": GstRtsp.RTSPLowerTrans.UDP, "TCP": GstRtsp.RTSPLowerTrans.TCP}
    kinds["UDP_MCAST"] = GstRtsp.RTSPLowerTrans.UDP_MCAST
    for path, (launch, transports) in PATHS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch)
        factory.set_protocols(functools.reduce(operator.or_, (kinds[name] for name in transports)))
        factory.set_shared(True)
        factory.connect("media-configure", configured)
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(sys.argv[1])
