"""A picture of a skill's chain, drawn from its document: steps from top to bottom, what they give as arrows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_common.skills.fitting import flows, inputs_of
from edge_common.skills.steps import Chain
from modules.trainer_agent.web.language import _, told
from modules.trainer_agent.web.skill_fields import ACTIONS, STEPS

WIDTH = 340
_HIGH, _GAP, _BETWEEN = 48, 30, 10
_LETTERS_PX = 7.6
"""Width of a letter, about."""


@dataclass(frozen=True)
class Node:
    title: str
    detail: str
    look: str
    """What it gives, or `action`."""
    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Arrow:
    path: str
    """As SVG writes it."""
    look: str


@dataclass(frozen=True)
class ChainPicture:
    width: int
    height: int
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    text: tuple[str, ...]
    """The same in words, a line for each step and action."""


def chain_picture(chain: Chain, model_names: Mapping[str, str]) -> ChainPicture:
    """Each step stands below all that it takes from, actions stand last; the steps' parts must fit together."""
    rows: list[list[str]] = []
    row_of: dict[str, int] = {}
    for step in chain.steps:
        row = 1 + max((row_of[one] for one in inputs_of(step) if one in row_of), default=-1)
        row_of[step.id] = row
        rows += [[] for _row in range(row + 1 - len(rows))]
        rows[row].append(step.id)
    actions = [f"action {number}" for number in range(len(chain.actions))]
    for start in range(0, len(actions), 2):
        rows.append(actions[start : start + 2])
    given = flows(chain)
    titles = {step.id: told(STEPS[step.do].title) for step in chain.steps}
    details = {step.id: _detail(step, model_names) for step in chain.steps}
    looks: dict[str, str] = dict(given)
    for number, action in enumerate(chain.actions):
        titles[actions[number]], looks[actions[number]] = told(ACTIONS[action.do].title), "action"
    nodes = _nodes(rows, titles, details, looks)
    arrows = [
        _arrow(nodes[one], nodes[step.id], given[one])
        for step in chain.steps
        for one in inputs_of(step)
        if one in nodes
    ]
    arrows += [
        _arrow(nodes[action.when], nodes[name], "condition")
        for name, action in zip(actions, chain.actions, strict=True)
        if action.when in nodes
    ]
    height = len(rows) * (_HIGH + _GAP) - _GAP + 4
    return ChainPicture(WIDTH, height, tuple(nodes.values()), tuple(arrows), _text(chain, titles, details, actions))


def _nodes(
    rows: Sequence[Sequence[str]], titles: Mapping[str, str], details: Mapping[str, str], looks: Mapping[str, str]
) -> dict[str, Node]:
    nodes = {}
    for at, row in enumerate(rows):
        width = min(260.0, (WIDTH - 4 - _BETWEEN * (len(row) - 1)) / len(row))
        left = (WIDTH - width * len(row) - _BETWEEN * (len(row) - 1)) / 2
        for column, name in enumerate(row):
            x, y = left + column * (width + _BETWEEN), 2 + at * (_HIGH + _GAP)
            fits = max(3, int((width - 16) / _LETTERS_PX))
            title, detail = _cut(titles[name], fits), _cut(details.get(name, ""), fits)
            nodes[name] = Node(title, detail, looks[name], x, y, width)
    return nodes


def _arrow(start: Node, end: Node, look: str) -> Arrow:
    top, bottom = start.y + _HIGH, end.y - 3
    bend = min(30.0, (bottom - top) / 2)
    path = f"M{start.middle:g} {top:g}C{start.middle:g} {top + bend:g} {end.middle:g} {bottom - bend:g} "
    return Arrow(f"{path}{end.middle:g} {bottom:g}", look)


def _detail(step: object, model_names: Mapping[str, str]) -> str:
    model, tags = getattr(step, "model", None), getattr(step, "tags", ())
    zone, than = getattr(step, "zone", None), getattr(step, "than", None)
    if model:
        return told(model_names.get(model, model))
    signs = {
        "more": ">",
        "fewer": "<",
        "at_least": "\N{GREATER-THAN OR EQUAL TO}",
        "at_most": "\N{LESS-THAN OR EQUAL TO}",
    }
    if than is not None:
        return f"{signs[getattr(step, 'how', '')]} {than:g}"
    return " · ".join([", ".join(tags)] * bool(tags) + [f"'{zone}'"] * bool(zone))


def _text(
    chain: Chain, titles: Mapping[str, str], details: Mapping[str, str], actions: Sequence[str]
) -> tuple[str, ...]:
    numbers = {step.id: str(at + 1) for at, step in enumerate(chain.steps)}
    lines = []
    for step in chain.steps:
        said = " ".join([titles[step.id], f"({details[step.id]})" * bool(details[step.id])]).strip()
        before = ", ".join(numbers.get(one, "?") for one in inputs_of(step))
        text = _("%(number)s: %(what)s", number=numbers[step.id], what=said)
        lines.append(_("%(what)s, after %(steps)s", what=text, steps=before) if before else text)
    for name, action in zip(actions, chain.actions, strict=True):
        lines.append(_("%(what)s, after %(steps)s", what=titles[name], steps=numbers.get(action.when, "?")))
    return tuple(lines)


def _cut(text: str, fits: int) -> str:
    return text if len(text) <= fits else f"{text[: fits - 1].rstrip()}…"
