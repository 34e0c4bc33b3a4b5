"""Settings of the three modules as desired properties: typed, bounded, each with what it means."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from edge_common.blob_place import parse_sas_url
from edge_common.setting_groups import CameraId, HostName, ModelId, Settings
from edge_common.skills.document import MOST_SKILLS, SkillDocument, SkillId

AllowedHost = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?$", max_length=260)
]


class CameraSettings(Settings):
    """One camera, by its URL."""

    url: str = Field(
        min_length=1,
        max_length=2048,
        description="sim:shelf, file:PATH (video), folder:PATH (images), v4l2:N (USB) or rtsp://HOST[:PORT]/PATH",
    )
    name: str = Field(default="", max_length=64, description="shown to staff; the id when empty")
    location: str = Field(default="", max_length=80, description="where it hangs, for staff and operators")
    frames_per_s: float = Field(default=10.0, gt=0, le=60, description="at most this many frames a second go out")
    longest_side_px: int = Field(default=1280, ge=160, le=3840, description="larger frames are scaled down to this")
    enabled: bool = Field(default=True, description="false: the camera is not opened")


class CaptureSettings(Settings):
    """Desired properties of the capture module."""

    cameras: dict[CameraId, CameraSettings] = Field(default={}, description="every camera by its id", max_length=16)


class VpuSettings(Settings):
    """How a VPU is reached (`backend: vpu`), and how often it is tried again while it is lost."""

    sdk: Literal["openvino", "percept"] = Field(
        default="openvino", description="openvino: its MYRIAD device; percept: the Eye by the package azure-percept"
    )
    first_pause_s: float = Field(default=5.0, ge=0.1, le=600, description="from losing it until the first try")
    longest_pause_s: float = Field(default=300.0, ge=0.1, le=86400, description="pauses double up to this one")


class AzureEyeSettings(Settings):
    """Whether azureeyemodule looks with one model on one camera, and how often it is expected to tell what it sees."""

    enabled: bool = Field(default=False, description="true: its messages at the input `azureeye` become results")
    camera: CameraId | None = Field(default=None, description="the camera that shows its RTSP stream")
    model: ModelId | None = Field(default=None, description="the model that was handed to it")
    interval_s: float = Field(
        default=1.0, ge=0.05, le=3600, description="its `TelemetryIntervalNeuralNetworkMs`, in seconds"
    )
    silent_after: int = Field(
        default=10, ge=2, le=1000, description="so many intervals without a message are told as silence"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.enabled and (self.camera is None or self.model is None):
            raise ValueError("camera and model expected where it is enabled")
        return self


class MqttSettings(Settings):
    """The broker that skills publish to, by MQTT 3.1.1."""

    host: HostName | None = Field(default=None, description="null: skills cannot publish")
    port: int | None = Field(default=None, ge=1, le=65_535, description="null: 8883 with TLS, 1883 without")
    tls: bool = Field(default=False, description="true: encrypted, and the broker's certificate has to be good")
    user: str = Field(default="", max_length=200, description="empty: none is named")
    password: str = Field(default="", max_length=200, description="is not repeated in reports")


class ActionSettings(Settings):
    """Where skills may send what they have to tell, beside IoT Hub."""

    hosts: tuple[AllowedHost, ...] = Field(
        default=(),
        max_length=32,
        description="that skills may POST to, in small letters, with the port where it is not the usual one; none "
        "named: none",
    )
    secret: str = Field(
        default="",
        max_length=200,
        description="key of the signature that a POST carries; empty: none does; is not repeated in reports",
    )
    mqtt: MqttSettings = MqttSettings()


class TelemetrySettings(Settings):
    """Samples of what models see, at the output `detections`: one of each camera and model in an interval."""

    interval_s: float = Field(
        default=60.0, ge=0, le=86_400, description="between two samples of a camera and model; 0: none are sent"
    )
    minimum_confidence: float = Field(
        default=0.0, ge=0, le=1, description="of what is counted; it is never less than what the model reports at all"
    )


class InferenceSettings(Settings):
    """Desired properties of the inference module."""

    backend: str = Field(
        default="auto",
        pattern="^(auto|openvino|onnx|tflite|vpu)$",
        description="inference runtime; auto: the fastest here of those that agree, openvino until that is known; "
        "tflite: models that come with a TFLite file; vpu: in a process of its own, with the processor standing in "
        "while it is lost",
    )
    device: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{2,8}([.:][A-Za-z0-9.,_-]{1,64})?$",
        description="of openvino and vpu, as OpenVINO calls it (CPU, GPU, MYRIAD), and of the VPU that auto tries; "
        "null: CPU, and MYRIAD of vpu",
    )
    precision: Literal["int8", "float"] = Field(
        default="int8",
        description="of models on the processor by openvino or onnx; int8: in 8-bit whole numbers those that training "
        "has made so (`training.int8`), the others as they are; float: none",
    )
    vpu: VpuSettings = VpuSettings()
    azureeye: AzureEyeSettings = AzureEyeSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    threads: int = Field(default=2, ge=1, le=16, description="threads that the runtime may use")
    overlap: float = Field(default=0.5, ge=0.1, le=0.95, description="IoU above which the weaker of two boxes goes")
    minimum_confidence: float | None = Field(
        default=None, ge=0.01, le=1, description="for every label; null: what each package recommends"
    )
    skills: dict[SkillId, SkillDocument] = Field(
        default={},
        max_length=MOST_SKILLS,
        description="by id, each whole; they win over those of the page; acknowledged by their names alone",
    )
    actions: ActionSettings = ActionSettings()

    def acknowledged(self) -> dict[str, Any]:
        # All of them would not fit what a hub takes of reports.
        return super().acknowledged() | {"skills": {one: skill.name for one, skill in self.skills.items()}}


class TrainingSettings(Settings):
    """When and how models are trained."""

    minimum_images: int = Field(default=15, ge=1, le=10_000, description="tagged images a model needs to be trained")
    minimum_images_per_tag: int = Field(default=5, ge=1, le=10_000, description="tagged images each tag must be in")
    promotion: Literal["if_better", "always", "never"] = Field(
        default="if_better",
        description="when a new version goes live by itself; if_better: unless it is worse on the same images",
    )
    threads: int = Field(default=2, ge=1, le=16, description="processor threads that training may use")
    int8: bool = Field(
        default=False,
        description="as its last step, training of detection also tries the model in 8-bit whole numbers, and keeps "
        "that where it is as good and faster on this device; a training takes half as long again, or as long again for "
        "small things",
    )
    keep_versions: int = Field(default=5, ge=2, le=50, description="versions kept of each model, the live one included")
    checked_images: int = Field(
        default=5, ge=1, le=10_000, description="images checked until a model that trains by itself is trained again"
    )


class ImproveSettings(Settings):
    """Which frames are kept by themselves for staff to check; changing any of this deletes nothing."""

    frames_per_day: int = Field(
        default=10, ge=0, le=200, description="kept of each model in 24 hours, at most; 0: none are kept"
    )
    minutes_apart: float = Field(default=20.0, ge=0, le=1440, description="at least so long between two of a model")
    most_waiting: int = Field(default=30, ge=1, le=500, description="none are kept of a model while so many wait")
    free_disk_mb: int = Field(default=500, ge=0, le=1_000_000, description="none are kept while less is free")


class WebSettings(Settings):
    """The page that staff open."""

    names: tuple[HostName, ...] = Field(
        default=(),
        max_length=16,
        description="more names that the page answers to, in small letters; its addresses and the machine's name count",
    )
    https_only: bool = Field(
        default=False,
        description="true: other machines that ask by plain HTTP are sent to HTTPS, while there is a certificate; "
        "false: both answer, as phones that do not know the certificate's authority warn of it",
    )


class HandoffSettings(Settings):
    """Where live models go beside this device's own inference, and where tagged images are learned from."""

    to: Literal["device", "azureeyemodule"] = Field(
        default="device", description="azureeyemodule: detection models are served as its model zip, too"
    )
    models: tuple[ModelId, ...] = Field(
        default=(), max_length=16, description="which ones, by id; none named: every live detection model"
    )
    base_url: str = Field(
        default="",
        max_length=300,
        # It reaches a shell within azureeyemodule, so it holds nothing that means something there.
        pattern=r"^(https?://[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?(:[1-9][0-9]{0,4})?)?$",
        description="this module's page as azureeyemodule reaches it, such as http://trainer_agent:8080",
    )
    blob: bool = Field(
        default=True,
        description="the zip carries the model compiled for the VPU, too, where FIFTEEN_VPU_PYTHON has azure-percept",
    )
    learning: Literal["device", "cloud", "both"] = Field(
        default="device",
        description="what happens by itself when there are enough tagged images; cloud: in place of a training here "
        "they go to `container_url`, and an event tells; both: that, too",
    )
    container_url: str = Field(
        default="",
        max_length=2048,
        description="SAS URL of a container of Azure Blob Storage with the rights to read, create and write; a secret: "
        "what follows its `?` is never reported",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.to == "azureeyemodule" and not self.base_url:
            raise ValueError("base_url expected where models are handed to azureeyemodule")
        if self.learning != "device" and not self.container_url:
            raise ValueError("container_url expected where tagged images go to the cloud")
        if self.container_url and parse_sas_url(self.container_url).blob:
            raise ValueError("container_url: a SAS of a container (sr=c) expected, got one of a blob")
        return self


class TrainerSettings(Settings):
    """Desired properties of the trainer_agent module."""

    training: TrainingSettings = TrainingSettings()
    improve: ImproveSettings = ImproveSettings()
    web: WebSettings = WebSettings()
    handoff: HandoffSettings = HandoffSettings()
