"""Twins as full, and as often patched, as a cloud can make them, met by the whole product: `make soak`."""

import json
import random
import time

import pytest

from tests.edge.conftest import MODULES
from tests.edge.edge_hub import EdgeHub
from tests.edge.twins import MOST_SECTION_BYTES
from tests.program import Program
from tests.waiting import wait_for

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

PATCHES = 1000
MOST_CAMERAS = 16


def threads_taken(hub: EdgeHub) -> dict[str, object]:
    told: dict[str, object] = hub.reported("inference").get("settings", {}).get("threads", {})
    return told


def all_report(hub: EdgeHub) -> bool:
    return all(hub.reported(module).get("settings") for module in MODULES)


@pytest.mark.parametrize("way", ["in order", "in any order, some lost"])
def test_a_storm_of_a_thousand_patches_ends_in_the_settings_of_the_last(
    hub: EdgeHub, program: Program, way: str
) -> None:
    wait_for(lambda: all_report(hub), 60)
    reports = hub.twins["inference"].reported.version
    began_s = time.monotonic()

    if way != "in order":
        hub.hold("$iothub/twin/PATCH/properties/desired")
    for number in range(PATCHES):
        # Every tenth is refused.
        version = hub.desire("inference", {"threads": 99 if number % 10 == 5 else number % 16 + 1})
    if way != "in order":
        hub.lose("$iothub/twin/PATCH/properties/desired", 50)
        hub.release(shuffle=1)

    last = (PATCHES - 1) % 16 + 1
    wait_for(lambda: threads_taken(hub) == {"value": last, "ac": 200, "av": version, "ad": ""}, 30)
    took_s = time.monotonic() - began_s
    assert hub.invoke("inference", "status")[0] == 200
    assert [line for line in hub.log if "refused" in line] == []
    assert "Traceback" not in program.log()
    reports = hub.twins["inference"].reported.version - reports
    print(f"\n{PATCHES} patches {way}: acknowledged after {took_s:.1f} s, version {version}, by {reports} reports")


def test_a_twin_of_32_kb_is_taken_and_what_is_reported_of_it_is_cut(hub: EdgeHub, program: Program) -> None:
    wait_for(lambda: all_report(hub), 60)
    chance = random.Random(1)

    def camera(length: int) -> dict[str, object]:
        path = "".join(chance.choices("abcdefghij", k=length))
        return {"url": f"folder:/{path}", "enabled": False}

    cameras = {f"camera-{number}": camera(1900) for number in range(MOST_CAMERAS)}
    spare = MOST_SECTION_BYTES - len(json.dumps({"cameras": cameras}))
    cameras["camera-0"] = camera(1900 + min(spare, 140))
    size = len(json.dumps({"cameras": cameras}))
    assert size > 0.95 * MOST_SECTION_BYTES

    version = hub.desire("capture", {"cameras": cameras})

    def told() -> bool:
        reported = hub.reported("capture")
        return len(reported.get("cameras", {})) == MOST_CAMERAS and "cut" in reported

    wait_for(told, 30)
    reported = hub.reported("capture")
    size_reported = len(json.dumps(reported))
    assert size_reported <= MOST_SECTION_BYTES
    assert {state["phase"] for state in reported["cameras"].values()} == {"off"}
    assert [line for line in hub.log if "refused" in line] == []
    # The next patch comes to a twin that is as full as before.
    hub.desire("capture", {"cameras": {"camera-0": None}})
    wait_for(lambda: len(hub.reported("capture")["cameras"]) == MOST_CAMERAS - 1, 30)
    assert "Traceback" not in program.log()
    print(
        f"\ntwin of {size} bytes desired, version {version}: taken; {size_reported} bytes reported, "
        f"cut: {reported['cut']}"
    )
