"""Names in an imported priority list: spells, auras and units by their ids, and what an import has to tell."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from portunus.dsl.model import Aura, Model, Spell
from portunus.resources import data_folder


@dataclass
class Findings:
    """What an import has to tell: `problems` stop it, `notes` do not. Both are (place in the list, message)."""

    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


class Absent(Exception):
    """A part of the list is about something a character here does not have; the source leaves such parts out, too. Holds what that is."""


@lru_cache(maxsize=1)
def absent_names() -> dict[int, str]:
    """What no character here has, by the client's id of spell or aura, as each ruleset's `reference.toml` lists it."""
    found: dict[int, str] = {}
    for table in reference_tables():
        found |= {int(number): name for number, name in table.get("absent", {}).items()}
    return found


def reference_tables() -> list[dict[str, Any]]:
    """The `reference.toml` of each ruleset that has one."""
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(data_folder("specs").glob("*/reference.toml"))]


class NameReader:
    """Finds what the ids in a list mean for one model; what it cannot find goes to `findings` and gives None.

    Attributes:
        enemies: Index of each enemy that the entry being read speaks of.
    """

    def __init__(self, model: Model, findings: Findings) -> None:
        self.model = model
        self.findings = findings
        self.enemies: set[int] = set()

    def fields(self, body: dict[str, Any], place: str, *allowed: str) -> bool:
        """True if `body` holds no other keys; the others are named."""
        strangers = [key for key in body if key not in allowed]
        for key in strangers:
            self._problem(f"{place}.{key}", f"the field `{key}` is not known here")
        return not strangers

    def identifier(self, body: Any, place: str) -> tuple[str, int, int] | None:
        """An action id as ("spell" or "item", number, tag)."""
        if not isinstance(body, dict):
            self._problem(place, "a spell or item id is expected here")
            return None
        if "otherId" in body:
            raise Absent(f"{body['otherId']}" if isinstance(body["otherId"], str) else "a consumable")
        numbers = {key: body[key] for key in ("spellId", "itemId") if key in body}
        tag = body.get("tag", 0)
        if not self.fields(body, place, "spellId", "itemId", "tag"):
            return None
        if len(numbers) != 1 or not all(isinstance(n, int) and not isinstance(n, bool) for n in (*numbers.values(), tag)):
            self._problem(place, "a spell or item id is expected here")
            return None
        (key, number), = numbers.items()
        return ("item" if key == "itemId" else "spell"), number, tag

    def spell(self, body: Any, place: str) -> Spell | None:
        """The player's spell with an id; a spell that is only ever triggered is not one a list can name."""
        found = self.identifier(body, place)
        if found is None:
            return None
        kind, number, tag = found
        tag = max(tag, 0)  # -1: somebody else casts it for the player
        own = [s for s in self.model.spells if not s.owner and s.id == number and s.item == (kind == "item") and s.tag == tag]
        if not own:
            self._raise_absent(kind, number)
            return self._problem(place, f"{kind} {named(number, tag)} is not part of {self.model.label}")
        if own[0].triggered:
            return self._problem(place, f"{own[0].label} ({named(number, tag)}) happens by itself and cannot be cast")
        return own[0]

    def find_aura(self, body: Any, place: str, *, on_target: bool) -> Aura | None:
        """The aura with an id, on the player or on an enemy."""
        found = self.identifier(body, place)
        if found is None:
            return None
        kind, number, tag = found
        auras = [a for a in self.model.auras if kind == "spell" and a.id == number and a.tag == tag and a.on_target == on_target and not a.only_switch]
        if not auras:
            self._raise_absent(kind, number)
            return self._problem(place, f"aura {named(number, tag)} {'on the enemy' if on_target else 'on the player'} is not part of {self.model.label}")
        return auras[0]

    def on_enemy(self, body: dict[str, Any], key: str, place: str, *, default: bool) -> bool | None:
        """Which unit a reference means: False = the player, True = an enemy, whose index goes to `enemies`; others are named as not translatable."""
        reference = body.get(key, {})
        if not isinstance(reference, dict):
            return self._problem(f"{place}.{key}", "a unit is expected here")
        if not self.fields(reference, f"{place}.{key}", "type", "index"):
            return None
        kind, index = reference.get("type", "Unknown"), reference.get("index", 0)
        meaning = {"Unknown": default, "Self": False, "CurrentTarget": True, "Target": True}.get(kind if isinstance(kind, str) else "")
        if kind == "Player" and index == 0:
            meaning = False
        most = self.model.ruleset.max_enemies
        if isinstance(index, bool) or not isinstance(index, int) or meaning is None or (kind == "Target" and not 0 <= index < most):
            return self._problem(f"{place}.{key}", f"the unit {kind!r} {index!r} cannot be named in the language; only the player and {most} enemies can")
        if meaning:
            self.enemies.add(index if kind == "Target" else 0)
        return meaning

    def _raise_absent(self, kind: str, number: int) -> None:
        if kind == "item":
            raise Absent(f"item {number}")
        if number in absent_names():
            raise Absent(absent_names()[number])

    def _problem(self, place: str, message: str) -> Any:
        self.findings.problems.append((place, message))
        return None


def named(number: int, tag: int) -> str:
    """An id as a reader knows it: `44448`, or `44448 tag 1`."""
    return f"{number} tag {tag}" if tag else str(number)
