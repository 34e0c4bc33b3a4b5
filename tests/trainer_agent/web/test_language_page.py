"""German on a phone: chosen in Settings, spoken by the scripts, and in no page wider than the screen."""

from playwright.sync_api import expect

from tests.trainer_agent.conftest import noise
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.tagging_page import drag, open_image

CUT_BUTTONS = """[...document.querySelectorAll(".button")]
  .filter((button) => button.checkVisibility() && button.scrollWidth > button.clientWidth)
  .map((button) => button.textContent.trim())"""


def test_a_phone_turns_german_with_its_scripts_and_no_page_gets_too_wide(phone, build_app, library, shop):
    model = library.create_model("Fehlware", "detection", ["leeres Fach"], automatic=False)
    image = library.add_image(model.id, noise(1, 640, 360), "regal.jpg", "upload", camera=None, taken_ns=1)
    site = Site(build_app(endpoint=shop))
    phone.goto(f"{site.address}/settings")

    phone.get_by_label("Language on this phone or computer").select_option("Deutsch")
    phone.get_by_role("heading", name="Optionen").wait_for()
    expect(phone.get_by_label("Sprache auf diesem Telefon")).to_have_value("de")
    open_image(phone, site, image)
    drag(phone, (0.2, 0.2), (0.6, 0.6))
    phone.get_by_text("Gespeichert", exact=True).wait_for()
    phone.get_by_role("button", name="Bild löschen").tap()
    phone.get_by_text("1 Bild gelöscht.").wait_for()
    phone.get_by_role("button", name="Rückgängig").tap()
    phone.locator("[data-images] li").wait_for()
    library.add_image(model.id, noise(2, 640, 360), "kasse.jpg", "upload", camera=None, taken_ns=2)

    own = f"/models/{model.id}"
    for page in ("/", "/models", "/models/new", "/cameras", "/cameras/new", "/live", "/settings", own):
        phone.goto(f"{site.address}{page}")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360, page
    for part in ("capture", "upload", "library", "training", f"images/{image.id}"):
        phone.goto(f"{site.address}{own}/{part}")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360, part
        assert phone.evaluate(CUT_BUTTONS) == [], part
