"""The skills that were made on the device's own page, in a file that the page writes and inference reads.

They are not the twin's: that belongs to whoever runs many devices, and where both name a skill the twin wins.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from edge_common.errors import Conflict, NotFound
from edge_common.own_file import OwnFile
from edge_common.setting_groups import Settings, parse_settings
from edge_common.skills.document import MOST_SKILLS, Skill, SkillDocument, SkillId

log = logging.getLogger(__name__)

MOST_DRAFTS = 8
MOST_REMOVED = 4
DRAFT_LASTS_S = 180.0
"""From when it was written last: an editor that is open writes it again before that."""
PLACE = Path("skills") / "skills.json"
"""Below the data folder."""


class OwnSkillList(Settings):
    """What the file holds."""

    skills: dict[SkillId, SkillDocument] = Field(default={}, max_length=MOST_SKILLS)
    drafts: dict[SkillId, SkillDocument] = Field(default={}, max_length=MOST_DRAFTS)
    """What is being made in editors, by the id that it will have: it is watched, and nothing is done about it."""
    drafted_s: dict[SkillId, float] = Field(default={})
    """When each draft was written last: Unix time, UTC."""
    removed: dict[SkillId, SkillDocument] = Field(default={}, max_length=MOST_REMOVED)
    """Those deleted last, which can be put back; the newest last."""

    def open_drafts(self, now_s: float) -> dict[str, Skill]:
        """The drafts that somebody is still at; now_s: Unix time, UTC."""
        # A clock that was set back is no reason to watch a draft for years.
        return {
            one: skill for one, skill in self.drafts.items() if abs(now_s - self.drafted_s.get(one, 0)) < DRAFT_LASTS_S
        }


@dataclass(frozen=True)
class WantedSkills:
    """Every skill that shall be looked after, and which of them are the page's own."""

    skills: Mapping[str, Skill]
    own: frozenset[str] = frozenset()


def wanted_skills(twin: Mapping[str, Skill], own: OwnSkillList) -> WantedSkills:
    """The twin's skills, and those of the page whose ids are not among them; `MOST_SKILLS` in all."""
    more = {one: skill for one, skill in own.skills.items() if one not in twin}
    room = MOST_SKILLS - len(twin)
    for one in list(more)[room:]:
        log.error("skill %s is left out: the twin's skills and those of the page are more than %d", one, MOST_SKILLS)
        del more[one]
    return WantedSkills({**twin, **more}, frozenset(more))


class OwnSkills:
    """The file. One program writes it, any may read; every method may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._file = OwnFile(path, OwnSkillList, "skills")

    def read(self) -> OwnSkillList:
        """The list as it is; raises ConfigError when the file holds something else, which is then left alone."""
        return self._file.read()

    def news(self) -> OwnSkillList | None:
        """The list if its file is another than at the last call; raises ConfigError, once for each bad file."""
        return self._file.news()

    def put(self, skill_id: str, skill: Skill) -> None:
        """Add a skill, or replace the one of this id; its draft ends. Raises Conflict when there are too many, and
        ConfigError for what cannot be an id.
        """
        with self._file.lock:
            now = self.read()
            self._write(_without_draft(now, skill_id), skills=_with(now.skills, skill_id, skill))

    def remove(self, skill_id: str) -> None:
        """Remove a skill, kept for a while to be put back; raises NotFound."""
        with self._file.lock:
            now = self.read()
            gone = _known(skill_id, now.skills)
            removed = [*((old, kept) for old, kept in now.removed.items() if old != skill_id), (skill_id, gone)]
            left = {one: skill for one, skill in now.skills.items() if one != skill_id}
            self._write(now, skills=left, removed=dict(removed[-MOST_REMOVED:]))

    def put_back(self, skill_id: str) -> None:
        """Take back a removal; raises NotFound, or Conflict when there is another skill of this id by now."""
        with self._file.lock:
            now = self.read()
            back = _known(skill_id, now.removed)
            if skill_id in now.skills:
                raise Conflict(f"There is another skill '{skill_id}' by now.")
            removed = {one: skill for one, skill in now.removed.items() if one != skill_id}
            self._write(now, skills=_with(now.skills, skill_id, back), removed=removed)

    def draft(self, skill_id: str, skill: Skill) -> None:
        """Have a skill watched while it is made, for `DRAFT_LASTS_S`; beyond `MOST_DRAFTS` the oldest ends."""
        now_s = time.time()
        with self._file.lock:
            now = _without_draft(self.read(), skill_id)
            drafts = [*now.open_drafts(now_s).items(), (skill_id, skill)][-MOST_DRAFTS:]
            written = {one: now.drafted_s.get(one, now_s) for one, _ in drafts}
            self._write(now, drafts=dict(drafts), drafted_s=written)

    def drop_draft(self, skill_id: str) -> None:
        """End a draft, if there is one."""
        with self._file.lock:
            now = self.read()
            if skill_id in now.drafts:
                self._write(_without_draft(now, skill_id))

    def _write(self, now: OwnSkillList, **changes: object) -> None:
        self._file.write(parse_settings(OwnSkillList, {**dict(now), **changes}))


def _without_draft(now: OwnSkillList, skill_id: str) -> OwnSkillList:
    kept = {one: skill for one, skill in now.drafts.items() if one != skill_id}
    written = {one: at_s for one, at_s in now.drafted_s.items() if one != skill_id}
    return now.model_copy(update={"drafts": kept, "drafted_s": written})


def _known(skill_id: str, among: Mapping[str, Skill]) -> Skill:
    if skill_id not in among:
        raise NotFound(f"There is no skill '{skill_id[:48]}' that was made on this page.")
    return among[skill_id]


def _with(skills: Mapping[str, Skill], skill_id: str, skill: Skill) -> dict[str, Skill]:
    if skill_id not in skills and len(skills) >= MOST_SKILLS:
        raise Conflict(f"There are {MOST_SKILLS} skills already, as many as there may be. Delete one first.")
    return {**skills, skill_id: skill}
