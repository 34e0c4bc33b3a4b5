"""`make screenshots` knows every page, so that none is forgotten when its pictures are looked at."""

from contextlib import closing

from bench.page_pictures import SIZES, fill, index
from bench.shown_pages import NO_PAGES, PAGES
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library


def test_every_address_of_a_browser_is_shown_or_is_no_page(build_app):
    rules = build_app().url_map.iter_rules()
    asked = {rule.endpoint for rule in rules if "GET" in rule.methods and not rule.rule.startswith("/api/")}

    shown = {page.endpoint for page in PAGES}

    assert asked == shown | set(NO_PAGES), "add the page to bench/shown_pages.py"
    assert not shown & set(NO_PAGES)


def test_each_page_is_led_to_by_its_address(build_app, tmp_path):
    places = fill(tmp_path / "shown")
    routes = build_app().url_map.bind("localhost")

    found = {page.name: routes.match(page.path(places).partition("?")[0])[0] for page in PAGES}

    assert found == {page.name: page.endpoint for page in PAGES}
    with closing(Database(tmp_path / "shown" / "library" / "library.sqlite")) as database:
        library = Library(database, tmp_path / "shown" / "library")
        assert library.image(places.image).model_id == places.model
        assert library.counts(places.model).tagged >= 15


def test_the_index_shows_every_page_at_every_size():
    written = index(PAGES)

    assert all(f'src="{page.name}-{size}.webp"' in written for page in PAGES for size in SIZES)
