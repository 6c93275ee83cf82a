"""Import of priority lists of the peer simulator (its JSON form) as a `rotation` of the language.

A list is taken whole or not at all: every action, condition, spell or aura that has no exact counterpart is named with its place in the
list, and the import fails with all of them. What the source itself leaves out (hidden entries, consumables that nobody carries, effects of equipment
nobody wears) is listed with the reason.

Shapes: wowsims/wotlk `proto/apl.proto`; meaning: `sim/core/apl_*.go` of the same commit as the reference results.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portunus.dsl.model import Model, Rotation
from portunus.errors import PortunusError, nearest
from portunus.sim.apl_constants import ATOM, SECOND, SUM, Value, time_text
from portunus.sim.apl_names import Absent
from portunus.sim.apl_values import Findings, ValueReader
from portunus.sim.json_input import read_json

MAX_PROBLEMS_SHOWN = 100
MAX_LEFT_OUT_SHOWN = 5
MAX_ENTRIES = 500
MAX_DOTS = 100
EARLIEST = -600 * SECOND

# Actions of the source that have no counterpart here.
_UNSUPPORTED_ACTIONS = """
    multishield waitUntil schedule changeTarget activateAura cancelAura triggerIcd itemSwap
    catOptimalRotationAction customRotation
"""
UNSUPPORTED_ACTIONS = frozenset(_UNSUPPORTED_ACTIONS.split())
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True)
class ImportedList:
    """A priority list as text of the language.

    Attributes:
        lines: The lines of the block, one entry each.
        name: Name of the rotation.
        ignored: (place, reason) of each entry that the source itself does not perform.
        notes: (place, remark) where the source means something else than one may think.
    """

    lines: tuple[str, ...]
    name: str
    ignored: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The `rotation NAME { ... }` block in the canonical format."""
        return f"rotation {self.name} {{\n" + "".join(f"  {line}\n" for line in self.lines) + "}\n"

    def rotation(self, model: Model) -> Rotation:
        """The list as a checked rotation of `model`."""
        from portunus.dsl import parse_rotation

        return parse_rotation("\n".join(self.lines), model, name=self.name)


def import_file(path: Path | str, model: Model, *, name: str | None = None) -> ImportedList:
    """Read and import a JSON file: a priority list, a reference scenario that holds one, or exported settings of one character.

    Args:
        path: The file, at most 256 kB.
        model: The spec whose spells and auras the list may name.
        name: Name of the rotation; None makes one from the file's name.

    Raises:
        PortunusError: The file is damaged, or something in it cannot be said in the language; all such places are named.
    """
    return import_list(find_list(read_json(path), where=str(path)), model, name=name or rotation_name(Path(path).stem), where=str(path))


def find_list(document: Any, *, where: str) -> dict[str, Any]:
    """The priority list in a document: the document itself, `scenario.apl`, `player.rotation` or `rotation`."""
    for route in ((), ("scenario", "apl"), ("player", "rotation"), ("rotation",)):
        inner = document
        for key in route:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and ("priorityList" in inner or "prepullActions" in inner):
            return inner
    raise PortunusError(f"there is no priority list in {where}", hint="A list is a JSON object with a `priorityList`, as the simulator exports it.")


def rotation_name(text: str) -> str:
    """A name of the language made from a file's name: `20_full_nocd.v2` becomes `list_20_full_nocd_v2`."""
    plain = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")
    if plain.endswith("_apl"):
        plain = plain[: -len("_apl")]
    return (plain if plain[:1].isalpha() else f"list_{plain}")[:64].rstrip("_")


def import_list(document: dict[str, Any], model: Model, *, name: str = "imported", where: str = "the list") -> ImportedList:
    """Translate a priority list (an object with `priorityList` and perhaps `prepullActions`).

    Args:
        document: The list as read from JSON.
        model: The spec whose spells and auras it may name.
        name: Name of the rotation.
        where: What messages call the list.

    Raises:
        PortunusError: With every place that cannot be translated.
    """
    if not NAME.fullmatch(name):
        raise PortunusError(f"{name!r} cannot be the name of a rotation", hint="Use lower-case letters, digits and underscores, a letter first.")
    reader = _ListReader(model)
    lines = reader.read(document)
    problems = reader.findings.problems
    if problems:
        count = f"{len(problems)} places" if len(problems) > 1 else "one place"
        shown = "".join(f"\n  {place}: {message}" for place, message in problems[:MAX_PROBLEMS_SHOWN])
        more = f"\n  and {len(problems) - MAX_PROBLEMS_SHOWN} more" if len(problems) > MAX_PROBLEMS_SHOWN else ""
        raise PortunusError(f"{where} cannot be imported for {model.label}, because of {count}:{shown}{more}",
                            hint="Nothing was imported. Change or hide these entries, or extend the spec.")
    return ImportedList(lines=tuple(lines), name=name, ignored=tuple(reader.ignored), notes=tuple(reader.findings.notes))


class _ListReader:
    """Walks one list; translated lines come back, everything else is collected."""

    def __init__(self, model: Model) -> None:
        self.findings = Findings()
        self.values = ValueReader(model, self.findings)
        self.ignored: list[tuple[str, str]] = []
        self.sequences: set[str] = set()  # names of those that do something
        self.resets: list[tuple[str, str]] = []  # (place, name of the sequence) of those that start one anew
        self.actions: dict[str, Callable[[Any, str], str | None]] = {
            "castSpell": self._cast, "channelSpell": self._channel, "multidot": self._multidot, "autocastOtherCooldowns": self._cooldowns,
            "wait": self._wait, "sequence": self._sequence, "strictSequence": self._strict, "resetSequence": self._reset,
        }

    def read(self, document: dict[str, Any]) -> list[str]:
        """All lines of the block, before the pull first."""
        kind = document.get("type", "TypeAPL")
        if kind != "TypeAPL":
            self._problem("type", f"{kind!r} is no priority list; export the rotation as a full list")
        self.values.fields(document, "list", "type", "simple", "prepullActions", "priorityList")
        prepull = [self._unless_absent(self._prepull, entry, f"prepullActions[{i}]") for i, entry in enumerate(self._entries(document, "prepullActions"))]
        timed = sorted((found for found in prepull if found is not None), key=lambda pair: pair[0])
        given = self._entries(document, "priorityList")
        entries = [self._unless_absent(self._entry, entry, f"priorityList[{i}]") for i, entry in enumerate(given)]
        lines = [line for line in entries if line is not None]
        for place, name in self.resets:
            if name in self.sequences:
                self._problem(place, "the action `resetSequence` has no counterpart in the language")
            else:
                self.ignored.append((place, f"nothing is left of the sequence {name!r}"))
        if not lines and not self.findings.problems:
            left_out = "".join(f"; {place}: {reason}" for place, reason in self.ignored[:MAX_LEFT_OUT_SHOWN])
            self._problem("priorityList", f"no entry is left that does anything{left_out}")
        return [line for _, line in timed] + lines

    def _unless_absent(self, read: Callable[[Any, str], Any], entry: Any, place: str) -> Any:
        """Read an entry; one that does something with what nobody here has is not performed by the source either."""
        self.values.enemies.clear()
        try:
            found = read(entry, place)
        except Absent as error:
            self._leave_out(place, str(error))
            found = None
        for where, what in self.values.left_out:
            self._leave_out(where, what)
        self.values.left_out.clear()
        return found

    def _leave_out(self, place: str, what: str) -> None:
        self.ignored.append((place, f"{what} is no part of a character here, so the source leaves this out"))

    def _entries(self, document: dict[str, Any], key: str) -> list[Any]:
        entries = document.get(key, [])
        if not isinstance(entries, list):
            self._problem(key, "a list is expected here")
            return []
        if len(entries) > MAX_ENTRIES:
            self._problem(key, f"more than {MAX_ENTRIES} entries")
            return []
        return entries

    def _opened(self, entry: Any, place: str, *allowed: str) -> dict[str, Any] | None:
        """The action object of an entry, or None if the entry is hidden or no entry at all."""
        if not isinstance(entry, dict):
            return self._problem(place, "an object is expected here")
        if entry.get("hide"):
            self.ignored.append((place, "it is hidden in the list"))
            return None
        if not self.values.fields(entry, place, *allowed):
            return None
        action = entry.get("action")
        if not isinstance(action, dict) or not set(action) - {"condition"}:
            return self._problem(f"{place}.action", "there is no action here")
        return action

    # ---- before the pull ---------------------------------------------------------------------------------------------------------

    def _prepull(self, entry: Any, place: str) -> tuple[int, str] | None:
        action = self._opened(entry, place, "action", "doAtValue", "hide")
        if action is None:
            return None
        cast = action.get("castSpell")
        if self._consumable(cast, place):
            return None
        if "doAtValue" not in entry:
            self.ignored.append((place, "it has no time, so the source never performs it"))
            return None
        if set(action) == {"triggerIcd"} and isinstance(action["triggerIcd"], dict):
            self.values.find_aura(action["triggerIcd"].get("auraId"), f"{place}.triggerIcd.auraId", on_target=False)
        if set(action) - {"condition"} != {"castSpell"}:
            return self._problem(f"{place}.action", "only spells can be cast before the pull")
        if "condition" in action:
            self.findings.notes.append((f"{place}.condition", "the source does not look at conditions before the pull"))
        spell = self._castable(cast, f"{place}.castSpell")
        at = self.values.duration(entry["doAtValue"], f"{place}.doAtValue")
        if spell is None or at is None:
            return None
        if not isinstance(at.known, int):
            return self._problem(f"{place}.doAtValue", "the time before the pull must be a constant")
        if not EARLIEST <= at.known < 0:
            return self._problem(f"{place}.doAtValue", f"{time_text(at.known)} is not within {time_text(-EARLIEST)} before the pull")
        return at.known, f"prepull {time_text(at.known)} {spell}"

    # ---- the list ----------------------------------------------------------------------------------------------------------------

    def _entry(self, entry: Any, place: str) -> str | None:
        action = self._opened(entry, place, "action", "notes", "hide")
        if action is None:
            return None
        kinds = [key for key in action if key != "condition"]
        if kinds == ["castSpell"] and self._consumable(action["castSpell"], place):
            return None
        for kind in kinds:
            if kind not in self.actions:
                close = nearest(kind, tuple(self.actions))
                reason = "has no counterpart in the language" if kind in UNSUPPORTED_ACTIONS else "is not a known action"
                hint = f" (did you mean `{close}`?)" if close and kind not in UNSUPPORTED_ACTIONS else ""
                self._problem(f"{place}.{kind}", f"the action `{kind}` {reason}{hint}")
        condition: Value | None = Value("", "bool", known=True)
        if "condition" in action:
            try:
                condition = self.values.condition(action["condition"], f"{place}.condition")
            except Absent as error:
                self._leave_out(f"{place}.condition", str(error))
        if len(kinds) > 1:
            self._problem(place, f"one action is expected here, these are {len(kinds)}")
        line = self.actions[kinds[0]](action[kinds[0]], f"{place}.{kinds[0]}") if len(kinds) == 1 and kinds[0] in self.actions else None
        if line is None or condition is None:
            return None
        if len(self.values.enemies) > 1:
            return self._problem(place, f"this speaks of the enemies {', '.join(str(i + 1) for i in sorted(self.values.enemies))}; a line of the language speaks of one")
        if self.values.enemies - {0} and kinds[0] not in ("castSpell", "channelSpell"):
            return self._problem(place, "only a spell that is cast or channelled can be aimed at another enemy than the first")
        if condition.known is False:
            self.ignored.append((place, "its condition never holds"))
            return None
        return line if condition.known else f"{line} if {condition.text}"

    def _consumable(self, body: Any, place: str) -> bool:
        """Is it a potion or another consumable that nobody carries? Then it is noted, and the source does not perform it either."""
        identifier = body.get("spellId") if isinstance(body, dict) else None
        if not isinstance(identifier, dict) or "otherId" not in identifier:
            return False
        self.ignored.append((place, f"{_plain(identifier['otherId'])}: consumables are not part of a character here, so nothing would happen"))
        return True

    def _cast(self, body: Any, place: str) -> str | None:
        spell = self._castable(body, place)
        return None if spell is None else spell + self._aim()

    def _aim(self) -> str:
        """` at 2` behind a spell that is cast at the second enemy."""
        enemy = max(self.values.enemies, default=0)
        return f" at {enemy + 1}" if enemy else ""

    def _castable(self, body: Any, place: str, *extra: str) -> str | None:
        if not isinstance(body, dict):
            return self._problem(place, "an object is expected here")
        if not self.values.fields(body, place, "spellId", "target", *extra):
            return None
        spell = self.values.spell(body.get("spellId"), f"{place}.spellId")
        enemy = self.values.on_enemy(body, "target", place, default=True)
        if spell is None or enemy is None:
            return None
        if isinstance(body.get("target"), dict) and body["target"].get("index", 0) > 0 and not spell.per_enemy:
            return self._problem(f"{place}.target", f"{spell.name} is always cast at the main enemy")
        return spell.name

    def _channel(self, body: Any, place: str) -> str | None:
        """A channel that nothing interrupts is a plain cast."""
        stop = None
        if isinstance(body, dict) and body.get("interruptIf"):
            stop = self.values.condition(body["interruptIf"], f"{place}.interruptIf")
            if stop is None:
                return None
        if isinstance(body, dict) and body.get("allowRecast"):
            return self._problem(f"{place}.allowRecast", "a channel that is stopped for itself has no counterpart in the language")
        spell = self._castable(body, place, "interruptIf", "allowRecast")
        if spell is None:
            return None
        if stop is None or stop.known is False:
            return spell + self._aim()
        if not next(s for s in self.values.model.spells if s.name == spell).interruptible:
            return self._problem(place, f"{spell} has no channel that can be stopped")
        return f"channel {spell}{self._aim()}" + ("" if stop.known else f" interrupt_if {stop.text}")

    def _wait(self, body: Any, place: str) -> str | None:
        if not isinstance(body, dict) or not self.values.fields(body, place, "duration"):
            return self._problem(place, "a pause with a duration is expected here")
        time = self.values.duration(body.get("duration"), f"{place}.duration")
        return None if time is None else f"wait {time.within(SUM)}"

    def _sequence(self, body: Any, place: str) -> str | None:
        return self._spells(body, place, "sequence", "name", "actions")

    def _strict(self, body: Any, place: str) -> str | None:
        return self._spells(body, place, "strict_sequence", "actions")

    def _spells(self, body: Any, place: str, word: str, *allowed: str) -> str | None:
        """A sequence of plain casts."""
        if not isinstance(body, dict) or not self.values.fields(body, place, *allowed) or not isinstance(body.get("actions"), list):
            return self._problem(place, "a sequence of actions is expected here")
        names: list[str | None] = []
        absent: Absent | None = None
        for i, action in enumerate(body["actions"]):
            where = f"{place}.actions[{i}]"
            if not isinstance(action, dict) or set(action) != {"castSpell"}:
                return self._problem(where, "in a sequence only plain casts have a counterpart in the language")
            try:
                names.append(self._castable(action["castSpell"], f"{where}.castSpell"))
            except Absent as error:
                absent = error
                self._leave_out(where, str(error))
        if absent is not None and not names:
            raise absent
        if not names or None in names:
            return None
        self.sequences.add(str(body.get("name", "")))
        return f"{word} {', '.join(n for n in names if n)}"

    def _reset(self, body: Any, place: str) -> str | None:
        if not isinstance(body, dict) or not self.values.fields(body, place, "sequenceName"):
            return self._problem(place, "the name of a sequence is expected here")
        self.resets.append((place, str(body.get("sequenceName", ""))))
        return None

    def _multidot(self, body: Any, place: str) -> str | None:
        if not isinstance(body, dict):
            return self._problem(place, "an object is expected here")
        if not self.values.fields(body, place, "spellId", "maxDots", "maxOverlap"):
            return None
        spell = self.values.spell(body.get("spellId"), f"{place}.spellId")
        count = body.get("maxDots", 0)
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_DOTS:
            return self._problem(f"{place}.maxDots", f"a number of enemies from 1 to {MAX_DOTS} is expected here")
        overlap = self.values.duration(body["maxOverlap"], f"{place}.maxOverlap") if body.get("maxOverlap") else None
        if spell is None or (body.get("maxOverlap") and overlap is None):
            return None
        if not spell.per_enemy:
            return self._problem(place, f"{spell.label} has no effect that is kept up on each enemy")
        early = "" if overlap is None or overlap.known == 0 else f" overlap {overlap.within(ATOM)}"
        return f"multidot {spell.name} up_to {count}{early}"

    def _cooldowns(self, body: Any, place: str) -> str | None:
        if not isinstance(body, dict):
            return self._problem(place, "an object is expected here")
        return "cooldowns" if self.values.fields(body, place) else None

    def _problem(self, place: str, message: str) -> Any:
        self.findings.problems.append((place, message))
        return None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
