"""Profiles: who plays. A TOML file names race, talents, glyphs, statistics from gear and options."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portunus.dsl import limits
from portunus.dsl.diagnostics import suggestion
from portunus.dsl.model import WEAPON_KINDS, WEAPON_SLOTS, WEAPON_VALUES, Expr, Model
from portunus.errors import PortunusError

KEYS = {
    "race": "a race", "talents": "digits of talent ranks", "glyphs": "a list of glyphs", "stats": "a table of statistics", "options": "a table of options",
    "weapons": "a table of weapons",
}  # fmt: skip
STAT_LIMIT = 100_000.0  # of a statistic; far above what gear can give


@dataclass(frozen=True)
class Profile:
    """A character.

    Attributes:
        race: One of the ruleset's races.
        talents: Rank of every talent of the class (0 where none is taken).
        glyphs: Glyphs in use.
        stats: Values from gear and consumables, `bonus.NAME` in formulas; absent means 0.
        options: Every option of the spec, with its default where the profile is silent.
        source: Where it came from, for messages and reports.
        weapons: By slot (`main`, `off`, `ranged`): damage `min` and `max`, `speed` in nanoseconds, `attack_power`, and 1 for each kind it is.
    """

    race: str
    talents: dict[str, int]
    glyphs: frozenset[str]
    stats: dict[str, float]
    options: dict[str, float]
    source: str
    weapons: dict[str, dict[str, float]] = field(default_factory=dict)


def load_profile(path: Path | str, model: Model) -> Profile:
    """The profile of a TOML file.

    Raises:
        PortunusError: The file cannot be read, is no TOML, is too large or deep, or names what the model does not have; all problems in one message.
    """
    data = _read(Path(path))
    if "stats" not in data:
        known = sorted(bonus_names(model))
        raise PortunusError(f"{path}: the profile has no [stats]: what gear and consumables give, of {', '.join(known)}",
                            hint="Add the table; an empty one means a character without gear.")
    return profile_from_dict(data, model, source=str(path))


def profile_from_dict(data: Mapping[str, Any], model: Model, *, source: str) -> Profile:
    """The profile of plain data with the keys of `KEYS`.

    Args:
        data: The data.
        model: Whose races, talents, glyphs, statistics and options may be named.
        source: Where it came from, for messages.

    Raises:
        PortunusError: Something does not fit; all problems in one message.
    """
    problems: list[str] = []
    for key in data:
        if key not in KEYS:
            problems.append(f"unknown key `{_short(key)}`: {suggestion(str(key), KEYS)}")
    races = dict(model.ruleset.races)
    race = data.get("race")
    if not isinstance(race, str):
        problems.append("`race` is missing or no text: " + suggestion("", races))
    elif race not in races:
        problems.append(f"there is no race `{_short(race)}`: {suggestion(race, races)}")
    profile = Profile(
        race=race if isinstance(race, str) else "",
        talents=_talents(data.get("talents", ""), model, problems),
        glyphs=_glyphs(data.get("glyphs", []), model, problems),
        stats=_numbers(data.get("stats", {}), "stats", "statistic", dict.fromkeys(sorted(bonus_names(model)), STAT_LIMIT), problems),
        options=dict(model.options) | _numbers(data.get("options", {}), "options", "option", dict(model.option_limits), problems),
        source=source,
        weapons=_weapons(data.get("weapons", {}), problems),
    )
    problems += [f"there is no weapon `{slot}`, with which {spell} strikes: write [weapons.{slot}] with `min`, `max`, `speed` and `kind`"
                 for slot, spell in wielded(model).items() if slot not in profile.weapons and data.get("weapons") != {}]  # an empty table: unarmed
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise PortunusError(f"{source}: {count} in the profile\n" + "\n".join(f"  - {problem}" for problem in problems[: limits.ERRORS]))
    return profile


def profile_table(profile: Profile, model: Model) -> dict[str, Any]:
    """The plain data of a profile, as `profile_from_dict` reads it, without the weapons."""
    return {"race": profile.race, "talents": talent_digits(model, profile.talents), "glyphs": sorted(profile.glyphs), "stats": dict(profile.stats),
            "options": dict(profile.options)}


def wielded(model: Model) -> dict[str, str]:
    """The weapon slots that the player's auto-attacks need, each with the label of one; an off hand may stay empty."""
    found: dict[str, str] = {}
    for spell in model.spells:
        if spell.swing is not None and not spell.owner and spell.swing.every.op == "weapon" and spell.swing.every.args[0] != "off":
            found.setdefault(str(spell.swing.every.args[0]), spell.label)
    return found


def bonus_names(model: Model) -> set[str]:
    """The names a profile's [stats] may have: what the formulas of the model call `bonus.NAME`."""
    found: set[str] = set()
    waiting = [expr for stat in model.stats for expr in (stat.formula, *stat.adds, *stat.factors)]
    waiting += [expr for stat in model.stats for _, _, expr in stat.changes]
    waiting += [expr for resource in model.resources for expr in (resource.base, resource.maximum, resource.amount_casting, resource.amount_resting)]
    while waiting:
        expr = waiting.pop()
        if expr.op == "bonus":
            found.add(expr.args[0])
        waiting += [argument for argument in expr.args if isinstance(argument, Expr)]
    return found


def talent_digits(model: Model, talents: Mapping[str, int]) -> str:
    """The digits of talent ranks, trees joined by `-`, trailing zeros left out: what `talents` of a profile holds."""
    trees = ["".join(str(talents.get(name, 0)) for name, _ in tree.talents).rstrip("0") for tree in model.talent_trees]
    return "-".join(trees).rstrip("-")


def _talents(value: Any, model: Model, problems: list[str]) -> dict[str, int]:
    ranks = {name: 0 for tree in model.talent_trees for name, _ in tree.talents}
    if not isinstance(value, str):
        problems.append("`talents` is a text of digits, a tree each, joined by `-`")
        return ranks
    parts = value.split("-") if value else []
    if len(parts) > len(model.talent_trees):
        problems.append(f"`talents` has {len(parts)} trees; the class has {len(model.talent_trees)}: {', '.join(tree.name for tree in model.talent_trees)}")
    for tree, digits in zip(model.talent_trees, parts, strict=False):
        if not re.fullmatch(r"[0-9]*", digits):
            problems.append(f"the talents of the {tree.name} tree are not all digits: `{_short(digits)}`")
            continue
        if len(digits) > len(tree.talents):
            problems.append(f"the {tree.name} tree has {len(tree.talents)} talents, `talents` names {len(digits)}")
        for (name, maximum), digit in zip(tree.talents, digits, strict=False):
            ranks[name] = int(digit)
            if int(digit) > maximum:
                problems.append(f"rank {digit} of talent `{name}` ({tree.name}): 0 to {maximum}")
    return ranks


def _glyphs(value: Any, model: Model, problems: list[str]) -> frozenset[str]:
    known = [name for name, _ in model.glyphs]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        problems.append('`glyphs` is a list of names: glyphs = ["fireball"]')
        return frozenset()
    for item in value:
        if item not in known:
            problems.append(f"there is no glyph `{_short(item)}`: {suggestion(item, known)}")
    if len(set(value)) != len(value):
        problems.append("`glyphs` names a glyph twice")
    return frozenset(value)


def _weapons(value: Any, problems: list[str]) -> dict[str, dict[str, float]]:
    """Weapons as the language asks for them: `kind` and `hand` become flags, the speed nanoseconds."""
    if not isinstance(value, Mapping):
        problems.append("`weapons` is a table: [weapons.main]")
        return {}
    result: dict[str, dict[str, float]] = {}
    for slot, weapon in value.items():
        if slot not in WEAPON_SLOTS or not isinstance(weapon, Mapping):
            problems.append(f"there is no weapon slot `{_short(slot)}`: {suggestion(str(slot), WEAPON_SLOTS)}")
            continue
        flags = {"kind": WEAPON_KINDS[3:], "hand": WEAPON_KINDS[:3]}
        found: dict[str, float] = {}
        for name, given in weapon.items():
            if name in flags:
                if given not in flags[name]:
                    problems.append(f"`weapons.{slot}.{name}` is `{_short(given)}`: {suggestion(str(given), flags[name])}")
                found[str(given)] = 1.0
            elif name not in WEAPON_VALUES:
                problems.append(f"a weapon has no `{_short(name)}`: {suggestion(str(name), [*WEAPON_VALUES, *flags])}")
            elif not isinstance(given, int | float) or isinstance(given, bool) or not 0 <= given <= STAT_LIMIT:
                problems.append(f"`weapons.{slot}.{name}` is not a number between 0 and {STAT_LIMIT:g}")
            else:
                found[name] = float(given) * 1e9 if name == "speed" else float(given)
        for name in ("min", "max", "speed"):
            if name not in found:
                problems.append(f"`weapons.{slot}` lacks `{name}`")
        if found.get("min", 0.0) > found.get("max", 0.0) or not 0.1e9 <= found.get("speed", 1e9) <= 10e9:
            problems.append(f"`weapons.{slot}`: the damage goes from `min` to `max`, the speed lies between 0.1 and 10 seconds")
        result[str(slot)] = found
    return result


def _numbers(value: Any, key: str, what: str, known: Mapping[str, float], problems: list[str]) -> dict[str, float]:
    if not isinstance(value, Mapping):
        problems.append(f"`{key}` is a table: [{key}]")
        return {}
    result: dict[str, float] = {}
    for name, number in value.items():
        if name not in known:
            problems.append(f"there is no {what} `{_short(name)}`: {suggestion(str(name), known, '' if known else f'the spec has no {what}')}")
        elif not isinstance(number, int | float) or (isinstance(number, bool) and key == "stats") or not 0 <= number <= known[name]:
            shown = number if not isinstance(number, int | float) or abs(number) < 1e15 else "too large"
            problems.append(f"`{key}.{name}` is {_short(shown)}, not a number between 0 and {known[name]:,.12g}")
        else:
            result[name] = float(number)
    return result


def _short(text: object) -> str:
    shown = str(text)
    return (shown if len(shown) <= 60 else shown[:57] + "...").encode("ascii", "backslashreplace").decode().replace("\n", "\\n")


def _read(path: Path) -> dict[str, Any]:
    """The data of a TOML file; size, nesting and dots are bounded before it is parsed, because tomllib's time is not."""
    try:
        with open(path, "rb") as handle:
            raw = handle.read(limits.PROFILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise PortunusError(f"cannot read the profile {path}: {reason}") from error
    if len(raw) > limits.PROFILE_BYTES:
        raise PortunusError(f"the profile {path} is larger than {limits.PROFILE_BYTES} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PortunusError(f"the profile {path} is not UTF-8 text (byte {error.start})", hint="Save it as UTF-8.") from error
    for number, line in enumerate(text.splitlines(), 1):
        plain = re.sub(r'"[^"]*"|\'[^\']*\'', "", line)
        if plain.count(".") > limits.PROFILE_DOTS:
            raise PortunusError(f"{path}:{number}: more than {limits.PROFILE_DOTS} dots in one line")
        if max(line.count("["), line.count("{")) > limits.PROFILE_NESTING:
            raise PortunusError(f"{path}:{number}: more than {limits.PROFILE_NESTING} brackets in one line")
    if text.count("[") + text.count("{") > 1000:
        raise PortunusError(f"the profile {path} has more than 1000 brackets")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        message = str(error) if not isinstance(error, RecursionError) else "nested too deeply"
        raise PortunusError(f"the profile {path} is no valid TOML: {_short(message)}") from error
