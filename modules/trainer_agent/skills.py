"""The skills of this device as staff see and change them: the page's own, the twin's, and the models they may use."""

import hashlib
import json
import logging
import re
import threading
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_common.errors import ConfigError, Conflict, NotFound, PackageError
from edge_common.own_skills import OwnSkillList, OwnSkills
from edge_common.packages import PackageStore
from edge_common.ready_made import READY_MADE
from edge_common.sentences import sentence
from edge_common.skills.document import Skill, parse_skill
from edge_common.skills.fitting import KnownModel, missing
from modules.trainer_agent.showroom import Showroom

log = logging.getLogger(__name__)

LONGEST_ID = 40


@dataclass(frozen=True)
class NamedModel:
    """A model that a skill may use."""

    name: str
    known: KnownModel
    live: bool
    """False: one of the zoo that can be installed."""


@dataclass(frozen=True)
class KnownModels:
    """By id, live ones first."""

    models: Mapping[str, NamedModel] = field(default_factory=dict)

    @property
    def live(self) -> dict[str, KnownModel]:
        return {model: one.known for model, one in self.models.items() if one.live}

    def labels(self, model: str) -> tuple[str, ...]:
        """What it looks for; nothing of a model that is not there."""
        found = self.models.get(model)
        return found.known.labels if found else ()


class ChangedMeanwhile(Conflict):
    """A skill that is another by now than the one that was changed."""

    code = "changed"

    def __init__(self, skill: Skill) -> None:
        super().__init__(sentence("This skill was changed on another screen meanwhile."))
        self.skill = skill
        """As it is by now."""


def edition(skill: Skill) -> str:
    """By which it is told whether a skill is still what somebody began to change."""
    return hashlib.sha256(skill.model_dump_json().encode()).hexdigest()[:16]


class Skills:
    """Every method may be called from any thread."""

    def __init__(self, own: OwnSkills, twin: Path, packages: PackageStore, showroom: Showroom) -> None:
        """`twin`: the file where inference keeps its last good settings."""
        self._own = own
        self._twin = twin
        self._packages = packages
        self._showroom = showroom
        self._changing = threading.Lock()
        """Held from looking at a skill to what is kept in its place."""

    def own_list(self) -> OwnSkillList:
        """Those made on the page, and those deleted last; raises ConfigError when the file is damaged."""
        return self._own.read()

    def own(self, skill_id: str) -> Skill:
        """One that was made on the page; raises NotFound."""
        found = None if skill_id in self.of_twin() else self._own.read().skills.get(skill_id)
        if found is None:
            raise NotFound(f"There is no skill '{skill_id[:48]}' that can be changed here.")
        return found

    def of_twin(self) -> dict[str, Skill]:
        """Those that whoever runs the device has set; none when that cannot be read."""
        try:
            values = json.loads(self._twin.read_bytes()).get("skills", {})
            return {skill_id: parse_skill(one) for skill_id, one in values.items()}
        except FileNotFoundError:
            return {}
        except (ConfigError, ValueError, AttributeError) as error:
            log.warning("skills of the twin in %s are not shown: %s", self._twin, error)
            return {}

    def every(self) -> dict[str, tuple[Skill, bool]]:
        """All skills by name, each with whether it is the page's own; the twin wins where both name one."""
        twin = self.of_twin()
        both = {one: (skill, True) for one, skill in self._own.read().skills.items()}
        both |= {one: (skill, False) for one, skill in twin.items()}
        return dict(sorted(both.items(), key=lambda item: item[1][0].name.casefold()))

    def models(self) -> KnownModels:
        """Live models, and those of the zoo that only need a press."""
        found = {}
        for model, version in self._packages.live().items():
            try:
                manifest = self._packages.read_manifest(model, version)
            except (NotFound, PackageError) as error:
                log.warning("model %s is not offered to skills: %s", model, error)
                continue
            found[model] = NamedModel(manifest.model_name, KnownModel(manifest.kind, manifest.labels), live=True)
        for one in READY_MADE:
            if one.model_id in found:
                continue
            try:
                labels = self._showroom.labels(one)
            except PackageError:
                continue  # a device without the zoo has nothing to install
            found[one.model_id] = NamedModel(one.title, KnownModel(one.kind, labels), live=False)
        return KnownModels(found)

    def one(self, skill_id: str) -> Skill:
        """Any skill, be it the page's own or the twin's; raises NotFound."""
        found = self.every().get(skill_id)
        if found is None:
            raise NotFound(f"There is no skill '{skill_id[:48]}'.")
        return found[0]

    def add(self, skill: Skill, draft: str) -> str:
        """Keep a new skill and return its id; raises ConfigError naming what it needs that is not there."""
        self._refuse_missing(skill)
        with self._changing:
            now = self._own.read()
            skill_id = new_id(skill.name, {*now.skills, *now.removed, *now.drafts, *self.of_twin()})
            self._own.put(skill_id, skill)
        self._own.drop_draft(draft)
        return skill_id

    def change(self, skill_id: str, skill: Skill, begun: str, draft: str) -> None:
        """Keep it in place of the one whose `edition` somebody began to change.

        Raises NotFound, ChangedMeanwhile, or ConfigError naming what it needs that is not there.
        """
        with self._changing:
            now = self.own(skill_id)
            if edition(now) != begun and now != skill:
                raise ChangedMeanwhile(now)
            self._refuse_missing(skill)
            self._own.put(skill_id, skill)
        self._own.drop_draft(draft)

    def switch(self, skill_id: str, enabled: bool) -> None:
        """Raises NotFound."""
        with self._changing:
            self._own.put(skill_id, self.own(skill_id).model_copy(update={"enabled": enabled}))

    def remove(self, skill_id: str) -> None:
        """Raises NotFound."""
        with self._changing:
            self.own(skill_id)
            self._own.remove(skill_id)

    def put_back(self, skill_id: str) -> None:
        """Take back a removal; raises NotFound or Conflict."""
        self._own.put_back(skill_id)

    def draft(self, draft: str, skill: Skill) -> None:
        """Have inference try a skill that is being made."""
        self._own.draft(draft, skill)

    def _refuse_missing(self, skill: Skill) -> None:
        if problems := missing(skill, self.models().live):
            raise ConfigError(problems)


def new_id(name: str, taken: Collection[str]) -> str:
    """An id that says the name, and that no other skill has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_ID].strip("-") or "skill"
    return next(one for one in (stem, *(f"{stem}-{number}" for number in range(2, 1000))) if one not in taken)
