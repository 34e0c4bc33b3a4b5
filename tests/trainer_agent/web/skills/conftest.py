"""What the tests of the editor run against: a shop with two cameras and a live model, and its page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trainer_agent.conftest import Workshop
from tests.trainer_agent.web.conftest import BuildApp, Site
from tests.trainer_agent.web.skills.skill_shop import CAMERAS, GOODS, SkillShop, publish_goods


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SkillShop]:
    opened = SkillShop(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def goods() -> tuple[str, ...]:
    """What the model tells apart."""
    return GOODS


@pytest.fixture
def site(build_app: BuildApp, workshop: Workshop, shop: SkillShop, goods: tuple[str, ...]) -> str:
    """The address of its page, once that knows the cameras."""
    publish_goods(workshop.packages, goods)
    return Site(build_app(endpoint=shop.endpoint, cameras=len(CAMERAS))).address
