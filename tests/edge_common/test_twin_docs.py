"""docs/twin.md says what the settings are."""

from pathlib import Path

from edge_common.twin_docs import twin_page

PAGE = Path(__file__).parents[2] / "docs" / "twin.md"


def test_the_page_on_twins_is_what_the_settings_say():
    assert PAGE.read_text(encoding="utf-8") == twin_page(), "run `make docs`"


def test_every_setting_is_on_the_page_with_its_default():
    page = twin_page()

    assert "| `training.minimum_images` | integer | 15 |" in page
    assert "| `cameras.&lt;id&gt;.frames_per_s` | number | 10.0 | > 0, ≤ 60 |" in page
