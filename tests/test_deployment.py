"""The deployment manifests, expanded as the IoT Edge tools do, held against what agent, hub and twins take."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from edge_common.deployment import CHUNK_CHARACTERS, expand
from edge_common.errors import ConfigError
from edge_common.outbox import KINDS, OTHERS
from edge_common.telemetry import Output
from modules.inference.azureeye import INPUT

ROOT = Path(__file__).parent.parent
BASE = ROOT / "deployment.template.json"
LAYERS = sorted((ROOT / "deployments").glob("*.template.json"))
IMAGES = {name: f"shop/{name.lower()}:1.0" for name in ("FIFTEEN_IMAGE", "EDGE_AGENT_IMAGE", "EDGE_HUB_IMAGE")}
VALUES = IMAGES | {"AZUREEYE_IMAGE": "shop/azureeyemodule:2112-1"}
OURS = {"capture", "inference", "trainer_agent"}
DEVICE_BYTES = 4_000_000_000
TWIN_BYTES, TWIN_DEPTH, KEY_BYTES, VALUE_BYTES = 32 * 1024, 10, 1024, 4096
MOST_MODULES = 50
SOURCE = r"/messages/modules/(?P<module>\w+)/outputs/(?P<output>\w+)"
SINK = r'(?P<sink>\$upstream|BrokeredEndpoint\("/modules/(?P<to>\w+)/inputs/(?P<input>\w+)"\))'
ROUTE = re.compile(f"FROM {SOURCE} INTO {SINK}")


def manifest(path: Path) -> dict[str, Any]:
    return expand(json.loads(path.read_bytes()), VALUES)


def twins(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each module's desired section as the hub keeps it; a layer's dotted keys are paths in it."""
    for module, parts in manifest(path)["modulesContent"].items():
        desired: dict[str, Any] = {}
        for key, value in parts.items():
            place = desired
            *way, last = key.removeprefix("properties.desired").removeprefix(".").split(".")
            for name in way:
                place = place.setdefault(name, {})
            if last:
                place[last] = value
            else:
                desired.update(value)
        yield module, desired


def modules(path: Path) -> dict[str, dict[str, Any]]:
    agent = dict(twins(path))["$edgeAgent"]
    return agent.get("systemModules", {}) | agent["modules"]


def create_options(module: Mapping[str, Any]) -> dict[str, Any]:
    """Joined as edgeAgent does: in the order of the chunks' numbers, until one is missing."""
    settings = module["settings"]
    text, number = settings["createOptions"], 1
    while (chunk := settings.get(f"createOptions{number:02}")) is not None:
        text, number = text + chunk, number + 1
    options: dict[str, Any] = json.loads(text)
    return options


def merged(layer: Path) -> dict[str, dict[str, Any]]:
    """What runs with a layer over the base."""
    return modules(BASE) | modules(layer)


def values_in(value: dict[str, Any], depth: int = 0) -> Iterator[tuple[int, str, Any]]:
    for key, item in value.items():
        yield depth + 1, key, item
        if isinstance(item, dict):
            yield from values_in(item, depth + 1)


@pytest.mark.parametrize("path", [BASE, *LAYERS], ids=lambda path: path.name)
def test_every_twin_is_within_the_hubs_limits(path: Path) -> None:
    for module, desired in twins(path):
        assert len(json.dumps(desired)) < TWIN_BYTES, module
        for depth, key, value in values_in(desired):
            assert depth <= TWIN_DEPTH
            assert len(key.encode()) <= KEY_BYTES
            assert not re.search(r"[.$\s\x00-\x1f]", key), key
            assert not isinstance(value, str) or len(value.encode()) <= VALUE_BYTES


@pytest.mark.parametrize("path", [BASE, *LAYERS], ids=lambda path: path.name)
def test_modules_are_as_edge_agent_takes_them(path: Path) -> None:
    named = modules(path)

    assert len(named) <= MOST_MODULES
    for name, module in named.items():
        assert module["type"] == "docker"
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name)
        for key, chunk in module["settings"].items():
            assert key == "image" or len(chunk) <= CHUNK_CHARACTERS
        if name != "edgeAgent":
            assert module["status"] in ("running", "stopped")
            assert module["restartPolicy"] in ("always", "never")
            assert 0 <= module["startupOrder"] <= 4294967295


@pytest.mark.parametrize("path", [BASE, *LAYERS], ids=lambda path: path.name)
def test_nothing_has_more_rights_than_it_needs_and_every_log_is_bounded(path: Path) -> None:
    for name, module in modules(path).items():
        host = create_options(module)["HostConfig"]
        assert "Privileged" not in host
        assert host["LogConfig"]["Config"].keys() == {"max-size", "max-file"}
        if name in OURS:
            assert host["ReadonlyRootfs"] is True
            assert host["CapDrop"] == ["ALL"]
            # Docker 19.03's own profile stops threads (docs/adr/0035).
            assert host["SecurityOpt"] == ["no-new-privileges", "seccomp=unconfined"]


@pytest.mark.parametrize("path", [BASE, *LAYERS], ids=lambda path: path.name)
def test_whoever_reaches_usb_may_use_devices_that_come_later(path: Path) -> None:
    for module in modules(path).values():
        host = create_options(module)["HostConfig"]
        if "/dev/bus/usb:/dev/bus/usb" in host.get("Binds", ()):
            assert host["DeviceCgroupRules"] == ["c 189:* rmw"]


def test_all_fits_into_the_devices_memory_together() -> None:
    for path in [None, *LAYERS]:
        running = merged(path) if path else modules(BASE)
        limits = [create_options(module)["HostConfig"].get("Memory", 0) for module in running.values()]
        assert sum(limits) < 0.75 * DEVICE_BYTES


def test_modules_start_after_what_they_need() -> None:
    order = {name: module.get("startupOrder", -1) for name, module in modules(BASE).items()}

    assert sorted(order, key=lambda name: order[name]) == [
        "edgeAgent",
        "edgeHub",
        "azureeyemodule",
        "capture",
        "inference",
        "trainer_agent",
    ]


def test_our_modules_share_what_they_exchange_and_nothing_else() -> None:
    named = modules(BASE)
    mounts = {name: create_options(named[name])["HostConfig"]["Mounts"] for name in OURS}

    assert mounts["capture"] == mounts["inference"] == mounts["trainer_agent"]
    assert [(mount["Source"], mount["Target"]) for mount in mounts["capture"]] == [
        ("fifteen-data", "/data"),
        ("fifteen-run", "/run/fifteen"),
    ]
    sockets = mounts["capture"][1]["VolumeOptions"]["DriverConfig"]["Options"]
    assert sockets["type"] == "tmpfs"


def test_what_modules_are_started_with_is_what_they_take() -> None:
    """Each is asked for its usage: an argument that it does not know would be told."""
    for name in OURS:
        command = create_options(modules(BASE)[name])["Cmd"]
        source = (ROOT / "modules" / name / "__main__.py").read_text()

        assert command[0] == f"modules.{name}"
        known = set(re.findall(r'add_argument\(\s*"(--\w+)"', source))
        required = set(re.findall(r'add_argument\(\s*"(--\w+)"[^)]*required=True', source))
        given = set(command[1::2])
        assert required <= given <= known


def test_the_file_of_the_health_check_is_the_one_that_the_module_touches() -> None:
    for name in OURS:
        module = modules(BASE)[name]
        check = create_options(module)["Healthcheck"]["Test"]

        assert check[:4] == ["CMD", "python3", "-m", "edge_common.health"]
        assert check[4] == module["env"]["FIFTEEN_ALIVE"]["value"]


def test_routes_are_of_the_hubs_grammar_and_lead_from_and_to_modules_that_there_are() -> None:
    hub = dict(twins(BASE))["$edgeHub"]

    assert hub["schemaVersion"] == "1.1"
    for name, route in hub["routes"].items():
        found = ROUTE.fullmatch(route["route"])
        assert found is not None, name
        assert found["module"] in modules(BASE)
        assert found["to"] is None or found["to"] in modules(BASE)
        assert 0 <= route["priority"] <= 9
        assert route["timeToLiveSecs"] > 0


def test_alerts_go_first_and_last_longest_and_detections_give_way() -> None:
    routes = dict(twins(BASE))["$edgeHub"]["routes"]
    events = [route for name, route in routes.items() if name.startswith("events-")]

    assert len(events) == len(OURS)
    assert (routes["alerts"]["priority"], routes["alerts"]["timeToLiveSecs"]) == (0, 7 * 24 * 3600)
    assert {event["priority"] for event in events} == {1}
    assert (routes["detections"]["priority"], routes["detections"]["timeToLiveSecs"]) == (5, 30 * 60)


def test_every_output_that_there_is_leads_to_the_cloud_and_waits_as_long_there_as_in_the_outbox() -> None:
    routes = dict(twins(BASE))["$edgeHub"]["routes"].values()
    found = [(ROUTE.fullmatch(route["route"]), route) for route in routes]

    upstream = [(one["output"], route) for one, route in found if one is not None and one["sink"] == "$upstream"]
    assert {output for output, _ in upstream} == set(get_args(Output))
    for output, route in upstream:
        assert route["timeToLiveSecs"] == KINDS.get(output, OTHERS).most_age_s
        assert route["priority"] == KINDS.get(output, OTHERS).importance


def test_azureeyemodules_messages_come_in_where_inference_listens() -> None:
    found = ROUTE.fullmatch(dict(twins(BASE))["$edgeHub"]["routes"]["azureeye"]["route"])

    assert found is not None
    assert (found["module"], found["output"]) == ("azureeyemodule", "AzureEyeModuleOutput")
    assert (found["to"], found["input"]) == ("inference", INPUT)


def test_routes_with_different_times_are_cleaned_up_as_a_whole() -> None:
    environment = modules(BASE)["edgeHub"]["env"]

    assert environment["CheckEntireQueueOnCleanup"]["value"] == "true"


def test_settings_of_modules_are_left_to_their_twins() -> None:
    """A manifest with a desired section would overwrite the whole of it at every change."""
    for path in [BASE, *LAYERS]:
        assert not OURS & manifest(path)["modulesContent"].keys()


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: path.name)
def test_a_layer_changes_modules_of_the_base_and_adds_none(path: Path) -> None:
    assert modules(path).keys() < modules(BASE).keys()
    assert modules(path)["azureeyemodule"]["status"] == "stopped"


def test_a_name_without_a_value_is_refused_with_all_of_them_named() -> None:
    with pytest.raises(ConfigError) as refused:
        expand(json.loads(BASE.read_bytes()), {"EDGE_HUB_IMAGE": "hub:1"})

    assert [problem.split(":")[0] for problem in refused.value.problems] == [
        "AZUREEYE_IMAGE",
        "EDGE_AGENT_IMAGE",
        "FIFTEEN_IMAGE",
    ]


def test_create_options_that_no_tool_takes_are_refused() -> None:
    with pytest.raises(ConfigError, match="4096 characters at most, got"):
        expand({"createOptions": {"Env": ["x" * 5000]}}, {})


def test_create_options_are_cut_into_chunks_that_join_to_the_same() -> None:
    options = {"Env": ["x" * 1200]}

    expanded = expand({"settings": {"createOptions": options}}, {})

    assert list(expanded["settings"]) == ["createOptions", "createOptions01", "createOptions02"]
    assert create_options(expanded) == options
