"""Every page of the product as a picture shows it: its name, its address, and what is done first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from playwright.sync_api import Page


@dataclass(frozen=True)
class Places:
    """What addresses are made of."""

    model: str
    """A trained detector with images of every kind."""
    glance: str
    """A classification with images and no training."""
    image: int
    """A tagged image of the detector."""
    untagged: int
    plain: int
    """An untagged image of the classification."""


@dataclass(frozen=True)
class Shown:
    """One picture, made at each size."""

    name: str
    """Of the file."""
    title: str
    endpoint: str
    """The view that answers, so that no page is forgotten."""
    path: Callable[[Places], str]
    ready: str
    """A selector of what is there once the page is worth a picture."""
    act: Callable[[Page], None] | None = None
    """What is done before."""


def _name_the_model(page: Page) -> None:
    page.get_by_label("Model Name").fill("Low stock, dairy")
    page.get_by_label("Objects", exact=True).fill('milk, "cream, sour", gap')


def _to_review(page: Page) -> None:
    _name_the_model(page)
    page.get_by_role("button", name="Next: Tags").click()
    page.get_by_role("button", name="Next: Review").click()


def _take_three(page: Page) -> None:
    page.get_by_label("Select Camera").select_option("aisle-4")
    page.locator("#preview").wait_for(state="visible")
    for said in ("1 image captured.", "2 images captured.", "3 images captured."):
        page.get_by_role("button", name="Capture Image").click()
        page.get_by_text(said).wait_for()


def _try_camera(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Dairy shelf")


def _yesterday() -> date:
    """A whole day, whenever the pictures are made."""
    return date.today() - timedelta(days=1)


def _open_a_topic(page: Page) -> None:
    page.get_by_text("The model overlooks things").click()


SIGN_IN = Shown("sign-in", "Signing in", "people.sign_in_page", lambda at: "/sign-in", "form")
"""Only for who is not let in: it comes last, when a PIN is set."""

PAGES = (
    Shown("home", "Home", "home.home_page", lambda at: "/", "main img"),
    Shown("models", "Models", "models.every_model", lambda at: "/models", ".cards"),
    Shown(
        "new-model", "A new model: basics", "models.new_model", lambda at: "/models/new", "form", act=_name_the_model
    ),
    Shown(
        "new-model-review",
        "A new model: review",
        "models.new_model",
        lambda at: "/models/new",
        "dl:visible",
        act=_to_review,
    ),
    Shown("model", "A model", "models.one_model", lambda at: f"/models/{at.model}", "#tags"),
    Shown(
        "capture",
        "Capture",
        "capture.capture_page",
        lambda at: f"/models/{at.glance}/capture",
        "#film img",
        act=_take_three,
    ),
    Shown("upload", "Upload", "uploads.upload_page", lambda at: f"/models/{at.model}/upload", "main"),
    Shown(
        "tagging", "Tagging", "tagging.one_image", lambda at: f"/models/{at.model}/images/{at.image}", "#drawn button"
    ),
    Shown(
        "tagging-proposals",
        "Tagging with proposals",
        "tagging.one_image",
        lambda at: f"/models/{at.model}/images/{at.untagged}",
        "[data-accept]:visible",
    ),
    Shown(
        "tagging-keys",
        "Keys of tagging",
        "tagging.one_image",
        lambda at: f"/models/{at.model}/images/{at.image}",
        "dialog[open]",
        act=lambda page: page.keyboard.press("?"),
    ),
    Shown(
        "classifying",
        "Tagging of whole pictures",
        "tagging.one_image",
        lambda at: f"/models/{at.glance}/images/{at.plain}",
        "main",
    ),
    Shown("library", "Library", "library.library_page", lambda at: f"/models/{at.model}/library", "main img"),
    Shown(
        "to-check",
        "Library: to check",
        "library.library_page",
        lambda at: f"/models/{at.model}/library?show=check",
        "main img",
    ),
    Shown("training", "Training", "training.training_page", lambda at: f"/models/{at.model}/training", "main h2"),
    Shown(
        "training-missing",
        "Training: what is missing",
        "training.training_page",
        lambda at: f"/models/{at.glance}/training",
        "#train",
    ),
    Shown("live", "Live", "live.live_page", lambda at: f"/live?camera=aisle-4&model={at.model}", "canvas"),
    Shown(
        "insights", "Insights: a day", "insights.insights_page", lambda at: f"/insights?day={_yesterday()}", ".charts"
    ),
    Shown(
        "insights-alerts",
        "Insights: alerts",
        "insights.insights_page",
        lambda at: f"/insights?day={_yesterday()}",
        ".alert img",
        act=lambda page: page.locator("#alerts").scroll_into_view_if_needed(),
    ),
    Shown(
        "insights-week",
        "Insights: a week",
        "insights.insights_page",
        lambda at: f"/insights?span=week&day={_yesterday()}",
        ".charts",
    ),
    Shown(
        "insights-year",
        "Insights: a year",
        "insights.insights_page",
        lambda at: f"/insights?span=year&day={_yesterday()}",
        ".charts",
    ),
    Shown("cameras", "Cameras", "cameras.cameras_page", lambda at: "/cameras", "[data-last]:visible"),
    Shown("new-camera", "A new camera", "cameras.new_camera", lambda at: "/cameras/new", "form", act=_try_camera),
    Shown("camera", "Changing a camera", "cameras.edit_camera", lambda at: "/cameras/aisle-4/edit", "form"),
    Shown("skills", "Skills", "skills.skills_page", lambda at: "/skills", ".skill"),
    Shown("new-skill", "A new skill: templates", "skills.new_skill", lambda at: "/skills/new", "#tags label"),
    Shown(
        "skill-editor",
        "A new skill: its steps",
        "skills.begin",
        lambda at: f"/skills/new/low-stock?camera=aisle-4&model={at.model}&tag=gap&gaps=yes&number=3&seconds=10",
        "#screen.shown",
    ),
    Shown("skill", "Changing a skill", "skills.edit", lambda at: "/skills/low-stock/edit", "#screen.shown"),
    Shown("zoo", "Model zoo", "zoo.browse", lambda at: "/zoo", "main"),
    Shown("zoo-model", "A ready-made model", "zoo.one", lambda at: "/zoo/objects", "main"),
    Shown("import", "Import", "exchange.import_page", lambda at: "/models/import", "main"),
    Shown("settings", "Settings", "settings.settings_page", lambda at: "/settings", ".disk-bar"),
    Shown("help", "Help", "help.help_page", lambda at: "/help", "details[open]", act=_open_a_topic),
    SIGN_IN,
)

NO_PAGES = {
    "exchange.export": "a file to download",
    "handoff.model_zip": "a file for azureeyemodule",
    "insights.alerts_file": "a file to download",
    "insights.numbers_file": "a file to download",
    "insights.picture": "an image",
    "language.words": "what scripts say",
    "library.more_images": "a part of the library",
    "library.picture": "an image",
    "library.thumbnail": "an image",
    "live.stream": "the pictures of Live",
    "settings.diagnostics": "a file to download",
    "settings.disk": "a part of the settings",
    "skills.duplicate": "the editor of a new skill",
    "static": "files of the page",
    "tagging.next_image": "leads to an image",
}
"""What answers a browser and is no page of its own, and what it is instead."""
