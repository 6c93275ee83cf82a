"""Reference results: what another simulator gives for a stated scenario, read as they are.

The format of the files is described in `docs/fidelity.md`; a scenario that asks for something this simulator does not have is refused
by name, so that no comparison is silently about something else.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from portunus.errors import PortunusError, nearest
from portunus.sim.encounter import DEFAULT_ARMOR
from portunus.sim.json_input import read_json

# Scenario fields that change the fight and have no counterpart here; the value given means "absent".
UNSUPPORTED_FIELDS: dict[str, Any] = {
    "reaction_ms": 0, "duration_variation": 0,
}  # fmt: skip
KNOWN_FIELDS = frozenset(
    ("name", "player_class", "race", "spec_field", "spec_options", "talents", "glyphs", "bonus_stats", "apl", "distance", "duration", "targets",
     "target_level", "target_armor", "execute", "seed", "iterations", "weapons", "player_buffs", "mob_type", "channel_clip_ms", "raid_buffs", "note", "isolates", "in_front")
)  # fmt: skip
AUTO_ATTACKS = {"OtherActionAttack": 6603, "OtherActionShoot": 75}  # the client's ids of Attack and Auto Shot
PLAIN_MOB = "MobTypeMechanical"  # nothing in the specs depends on another kind of enemy
DEFAULT_EXECUTE = (0.2, 0.25, 0.35)


@dataclass(frozen=True)
class ActionKey:
    """What identifies an action for both simulators: kind ("spell", "item" or "other"), id, variant, and whether a pet does it."""

    kind: str
    number: int
    tag: int
    pet: bool


@dataclass(frozen=True)
class ReferenceAction:
    """One action of the reference, per fight; `hits` includes critical ones. `other` names what is neither spell nor item."""

    key: ActionKey
    other: str
    casts: float
    hits: float
    crits: float
    misses: float
    damage: float


@dataclass(frozen=True)
class ReferenceAura:
    """One aura of the reference, per fight: on the player or (`on_target`) on enemy number `target`."""

    spell_id: int
    tag: int
    on_target: bool
    target: int
    uptime_s: float
    procs: float


@dataclass(frozen=True)
class Scenario:
    """Who fights, and what: units are seconds, yards and shares of the fight.

    Attributes:
        name: Name of the scenario.
        kind: "ClassMage/mage", the key of the reference's tables.
        race, options, bonus_stats: In the reference's own words.
        talents: Talent digits per tree, joined by dashes.
        glyphs: Item ids.
        apl: The priority list as JSON.
        execute: Shares of the fight during which the enemies are below 20, 25 and 35 %.
        seed, iterations: Fight i uses the random stream `seed + i`.
        weapons: As the reference writes them. armor: of the enemies.
        clip_delay: Pause of the player after a channel, seconds. raid_buffs: Names of those given.
    """

    name: str
    kind: str
    race: str
    options: tuple[tuple[str, Any], ...]
    talents: str
    glyphs: tuple[int, ...]
    bonus_stats: tuple[tuple[str, float], ...]
    apl: dict[str, Any]
    distance: float
    in_front: bool
    duration: float
    targets: int
    target_level: int
    execute: tuple[float, float, float]
    seed: int
    iterations: int
    weapons: tuple[dict[str, Any], ...] = ()
    armor: float = DEFAULT_ARMOR
    clip_delay: float = 0.0
    raid_buffs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Golden:
    """A reference result.

    Attributes:
        path: Where it was read.
        scenario: What was simulated.
        dps, standard_error, deviation: Mean damage per second of player and pets, its error, and the spread between fights.
        actions, auras: Per fight.
        iterations: Number of fights of the reference.
    """

    path: Path
    scenario: Scenario
    dps: float
    standard_error: float
    deviation: float
    actions: tuple[ReferenceAction, ...]
    auras: tuple[ReferenceAura, ...]
    iterations: int


def find_references(texts: tuple[str, ...]) -> list[Path]:
    """The reference files that arguments name: files as they are, folders by the `*.json` in and below them, in order of their names.

    Files with single fights (`exact.json`, and those in a folder `exact`) are none.

    Raises:
        PortunusError: A path is missing or a folder holds none.
    """
    found: list[Path] = []
    for text in texts:
        path = Path(text)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*.json") if p.name != "exact.json" and p.parent.name != "exact")
            if not inside:
                raise PortunusError(f"there are no reference files in {path}", hint="Reference files end in .json.")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise PortunusError(f"there is no file or folder {path}", hint="Give reference files, or a folder of them.")
    return list(dict.fromkeys(found))


def read_golden(path: Path | str) -> Golden:
    """Read a reference file.

    Raises:
        PortunusError: It is missing, damaged, no reference file, or asks for something this simulator does not have.
    """
    path = Path(path)
    document = _Fields(read_json(path), str(path))
    scenario = _scenario(document.table("scenario"))
    dps = document.table("dps")
    actions = [_action(_Fields(a, f"{path}: actions[{i}]"), pet=False) for i, a in enumerate(document.sequence("actions"))]
    for p, pet in enumerate(document.sequence("pets")):
        fields = _Fields(pet, f"{path}: pets[{p}]")
        actions += [_action(_Fields(a, f"{path}: pets[{p}].actions[{i}]"), pet=True) for i, a in enumerate(fields.sequence("actions"))]
    auras = [_aura(_Fields(a, f"{path}: auras[{i}]"), -1) for i, a in enumerate(document.sequence("auras"))]
    for t, group in enumerate(document.sequence("target_auras")):
        auras += [_aura(_Fields(a, f"{path}: target_auras[{t}][{i}]"), t) for i, a in enumerate(group if isinstance(group, list) else [])]
    return Golden(
        path=path, scenario=scenario, dps=dps.number("mean", above=0), standard_error=dps.number("sem", least=0), deviation=dps.number("sd", least=0),
        actions=tuple(actions), auras=tuple(auras), iterations=document.whole("iterations", least=1),
    )


def read_exact(path: Path | str) -> dict[str, tuple[float, ...]]:
    """Read the damage per second of single fights: file name of the scenario -> DPS of the fights with seed + 0, seed + 1, ..."""
    document = _Fields(read_json(path), str(path))
    table = document.table("scenarios")
    return {name: tuple(_Fields({"x": v}, f"{path}: {name}").number("x") for v in table.sequence(name)) for name in table.content}


# ---- from the reference's words to ours -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vocabulary:
    """How the reference names races, statistics and scenarios; `folder` is the ruleset's folder of specs.

    Attributes:
        raid_buffs: Option that stands for a raid buff. actions: our id of a spell that the reference counts under another.
        speed: How fast the reference is: by spec, in which `scenario` it plays how many `fights` per second on one core.
    """

    folder: Path
    races: dict[str, str]
    stats: dict[str, str]
    scenarios: dict[str, dict[str, Any]]
    weapons: dict[str, str]
    raid_buffs: dict[str, str]
    actions: dict[int, int]
    speed: dict[str, dict[str, Any]]


@lru_cache(maxsize=1)
def vocabularies() -> tuple[Vocabulary, ...]:
    """The `reference.toml` of each ruleset that has one."""
    from portunus.resources import data_folder

    found = []
    for path in sorted(data_folder("specs").glob("*/reference.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append(Vocabulary(path.parent, table["races"], table["stats"], table["scenarios"], table["weapons"], table["raid_buffs"],
                                {int(theirs): ours for theirs, ours in table["actions"].items()}, table["speed"]))
    return tuple(found)


def spec_of(scenario: Scenario) -> tuple[Path, Vocabulary]:
    """The spec file a scenario is about, and the words of its ruleset.

    Raises:
        PortunusError: No spec is known for the scenario's class.
    """
    for words in vocabularies():
        if scenario.kind in words.scenarios:
            spec = words.scenarios[scenario.kind]["spec"]
            if isinstance(spec, list):  # by the talent tree with the most points
                points = [sum(map(int, digits)) for digits in scenario.talents.split("-")]
                spec = spec[points.index(max(points))]
            return words.folder / spec, words
    known = [kind for words in vocabularies() for kind in words.scenarios]
    raise PortunusError(f"no spec is known for the scenario {scenario.name} of {scenario.kind}", hint=f"Known are: {', '.join(known)}.")


def profile_table(scenario: Scenario, words: Vocabulary, glyph_names: dict[int, str]) -> dict[str, Any]:
    """The scenario's character in the form of a profile file.

    Args:
        scenario: The scenario.
        words: The reference's words for its ruleset.
        glyph_names: Item id -> name of the glyphs the spec knows.

    Raises:
        PortunusError: Naming whatever has no counterpart.
    """
    where = f"scenario {scenario.name}"
    options: dict[str, Any] = {}
    table = words.scenarios[scenario.kind].get("options", {})
    for key, choice in _flat(scenario.options):
        if key not in table:
            raise PortunusError(f"{where}: the option {key!r} is not known", hint=f"Add it to {words.folder / 'reference.toml'}.")
        # A name takes the value as it is; a table says what each choice means.
        options.update({table[key]: float(choice)} if isinstance(table[key], str) else _lookup(table[key], str(choice), f"{where}: {key}"))
    for name in scenario.raid_buffs:
        options[_lookup(words.raid_buffs, name, f"{where}: raid_buffs")] = 1
    return {
        "race": _lookup(words.races, scenario.race, f"{where}: race"),
        "talents": scenario.talents,
        "glyphs": [_lookup(glyph_names, item, f"{where}: glyphs") for item in scenario.glyphs],
        "stats": {_lookup(words.stats, key, f"{where}: bonus_stats"): value for key, value in scenario.bonus_stats},
        "options": options,
        "weapons": dict(_weapon(weapon, words, f"{where}: weapons") for weapon in scenario.weapons),
    }


def in_our_words(golden: Golden, words: Vocabulary) -> Golden:
    """The result with the ids under which our spells count what they do."""
    actions = tuple(replace(a, key=replace(a.key, number=words.actions.get(a.key.number, a.key.number))) if a.key.kind == "spell" else a for a in golden.actions)
    return replace(golden, actions=actions)


def _flat(options: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Options with those inside another as `outer_inner`."""
    for key, choice in options:
        if isinstance(choice, dict):
            yield from _flat((f"{key}_{inner}", value) for inner, value in choice.items())
        else:
            yield key, choice


def _weapon(weapon: dict[str, Any], words: Vocabulary, where: str) -> tuple[str, dict[str, Any]]:
    """Slot and profile table of a weapon."""
    table: dict[str, Any] = {key: weapon[key] for key in ("min", "max", "speed") if key in weapon}
    kind = weapon.get("weapon_type") or weapon.get("ranged_type")
    if kind:
        table["kind"] = _lookup(words.weapons, kind, where)
    if "hand" in weapon:
        table["hand"] = _lookup(words.weapons, weapon["hand"], where)
    for name, value in weapon.get("stats", {}).items():
        table[_lookup(words.stats, name, where)] = value
    return _lookup(words.weapons, weapon.get("slot"), where), table


def _lookup(table: dict[Any, Any], key: Any, where: str) -> Any:
    if key not in table:
        close = nearest(str(key), [str(k) for k in table])
        raise PortunusError(f"{where}: {key!r} has no counterpart in the spec", hint=f"Is {close!r} meant?" if close else "Extend the spec or its reference.toml.")
    return table[key]


# ---- checked reading -------------------------------------------------------------------------------------------------------------


class _Fields:
    """An object of a JSON document whose fields are checked as they are read."""

    def __init__(self, content: Any, where: str) -> None:
        if not isinstance(content, dict):
            raise PortunusError(f"{where} is not a reference result", hint="An object is expected there.")
        self.content = content
        self.where = where

    def fail(self, key: str, expected: str) -> PortunusError:
        found = f"it is {self.content[key]!r:.60}" if key in self.content else "it is missing"
        return PortunusError(f"{self.where}: `{key}` should be {expected}; {found}", hint="It must be a reference result as the simulator wrote it.")

    def table(self, key: str) -> _Fields:
        if not isinstance(self.content.get(key), dict):
            raise self.fail(key, "an object")
        return _Fields(self.content[key], f"{self.where}: {key}")

    def sequence(self, key: str) -> list[Any]:
        value = self.content.get(key) or []
        if not isinstance(value, list):
            raise self.fail(key, "a list")
        return value

    def text(self, key: str) -> str:
        if not isinstance(self.content.get(key), str):
            raise self.fail(key, "a text")
        return self.content[key]

    def flag(self, key: str) -> bool:
        if not isinstance(self.content.get(key, False), bool):
            raise self.fail(key, "true or false")
        return bool(self.content.get(key, False))

    def number(self, key: str, *, default: float | None = None, least: float = -math.inf, above: float = -math.inf) -> float:
        value = self.content.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not (value >= least and value > above):
            raise self.fail(key, f"a number{f' above {above:g}' if above > -math.inf else ''}")
        return float(value)

    def whole(self, key: str, *, default: int | None = None, least: int = 0) -> int:
        value = self.content.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**53:
            raise self.fail(key, f"a whole number, at least {least}")
        return value


def _scenario(fields: _Fields) -> Scenario:
    for key, absent in UNSUPPORTED_FIELDS.items():
        if fields.content.get(key, absent) not in (absent, None):
            raise PortunusError(f"{fields.where}: `{key}` is {fields.content[key]!r:.60}, which this simulator does not have",
                                hint="Only scenarios without it can be compared.")
    strangers = sorted(set(fields.content) - KNOWN_FIELDS - set(UNSUPPORTED_FIELDS))
    if strangers:
        raise PortunusError(f"{fields.where}: the fields {', '.join(strangers)} are not known", hint="They may change the fight, so it is not compared.")
    if fields.content.get("mob_type", PLAIN_MOB) not in (PLAIN_MOB, None):
        raise fields.fail("mob_type", f"{PLAIN_MOB}, the only kind of enemy the specs know")
    execute = fields.content.get("execute", list(DEFAULT_EXECUTE))
    if not isinstance(execute, list) or len(execute) != 3 or not all(isinstance(e, (int, float)) and 0 <= e <= 1 for e in execute):
        raise fields.fail("execute", "three shares of the fight")
    # What allies do for the character is an option of the spec, too.
    options = {key: value for name in ("spec_options", "player_buffs") if name in fields.content for key, value in fields.table(name).content.items()}
    glyphs = fields.table("glyphs") if "glyphs" in fields.content else _Fields({}, fields.where)
    stats = fields.table("bonus_stats") if "bonus_stats" in fields.content else _Fields({}, fields.where)
    return Scenario(
        name=fields.text("name"), kind=f"{fields.text('player_class')}/{fields.text('spec_field')}", race=fields.text("race"),
        options=tuple(options.items()), talents=fields.text("talents"), glyphs=tuple(glyphs.whole(k) for k in sorted(glyphs.content) if glyphs.content[k]),
        bonus_stats=tuple((k, stats.number(k)) for k in stats.content), apl=fields.table("apl").content,
        distance=fields.number("distance", default=5.0, least=0), in_front=fields.flag("in_front"), duration=fields.number("duration", above=0),
        targets=fields.whole("targets", default=1, least=1), target_level=fields.whole("target_level", default=83, least=1),
        execute=(float(execute[0]), float(execute[1]), float(execute[2])), seed=fields.whole("seed"), iterations=fields.whole("iterations", least=1),
        weapons=tuple(dict(_Fields(w, f"{fields.where}: weapons").content) for w in fields.sequence("weapons")), armor=fields.number("target_armor", default=DEFAULT_ARMOR, least=0),
        clip_delay=fields.whole("channel_clip_ms", default=0) / 1000, raid_buffs=_raid_buffs(fields),
    )  # fmt: skip


def _raid_buffs(fields: _Fields) -> tuple[str, ...]:
    buffs = fields.table("raid_buffs").content if fields.content.get("raid_buffs") else {}
    for name, given in buffs.items():
        if not isinstance(given, bool):
            raise PortunusError(f"{fields.where}: the raid buff {name!r} is {given!r:.60}; only given or not given is known", hint="Only scenarios without it can be compared.")
    return tuple(name for name, given in buffs.items() if given)


def _identity(fields: _Fields) -> tuple[str, int, int, str]:
    identity = fields.table("id")
    tag = identity.whole("tag", default=0, least=-(2**31))
    for key, kind in (("spellId", "spell"), ("itemId", "item")):
        if key in identity.content:
            return kind, identity.whole(key), tag, ""
    other = identity.text("otherId")
    return ("spell", AUTO_ATTACKS[other], tag, "") if other in AUTO_ATTACKS else ("other", 0, tag, other)


def _action(fields: _Fields, *, pet: bool) -> ReferenceAction:
    kind, number, tag, other = _identity(fields)
    crits = fields.number("crits", default=0.0)
    return ReferenceAction(
        key=ActionKey(kind, number, tag, pet), other=other, casts=fields.number("casts", default=0.0), hits=fields.number("hits", default=0.0) + crits,
        crits=crits, misses=fields.number("misses", default=0.0), damage=fields.number("damage", default=0.0),
    )


def _aura(fields: _Fields, target: int) -> ReferenceAura:
    _, number, tag, _ = _identity(fields)
    return ReferenceAura(number, tag, target >= 0, target, fields.number("uptime_s", default=0.0), fields.number("procs", default=0.0))
