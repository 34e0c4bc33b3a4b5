"""What the documents say is there is there: tests of the features, and whatever a link leads to."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FEATURES = ROOT / "docs" / "features.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
WINDOWS = {"browser", "desktop", "device", "hand", "page", "phone"}
"""What tests ask for that opens a real browser."""
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def features() -> list[tuple[str, str]]:
    """Each feature with the tests that are named for it."""
    rows = FEATURES.read_text().split("\n## ")[0].splitlines()
    cells = [row.strip("|").split(" | ") for row in rows if row.startswith("| **")]
    return [(row[0].strip(" *"), row[-1]) for row in cells]


def arguments_in(path: Path) -> dict[str, set[str]]:
    """The functions of a file by name, each with what it asks for."""
    functions = [one for one in ast.parse(path.read_text()).body if isinstance(one, ast.FunctionDef)]
    return {one.name: {argument.arg for argument in one.args.args} for one in functions}


@pytest.mark.parametrize(("feature", "named"), features(), ids=[feature for feature, _named in features()])
def test_a_feature_is_proved_by_tests_that_drive_a_browser(feature: str, named: str) -> None:
    tests = NAMED.findall(named)

    assert tests
    for file, name in tests:
        asked = arguments_in(ROOT / file).get(name)
        assert asked is not None, f"{file} has no test {name}"
        assert asked & WINDOWS, f"{name} looks into no browser: {sorted(asked)}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_link_leads_to_a_file(path: Path) -> None:
    links = [link for link in LINK.findall(CODE.sub("", path.read_text())) if "://" not in link]

    assert [link for link in links if not (path.parent / link).exists()] == []
