"""Expressions, statements and models written back as text, for `portunus explain`."""

from __future__ import annotations

from collections.abc import Iterable

from portunus.dsl.model import (
    OUTCOMES,
    AddStack,
    AnyEnemy,
    Apply,
    Chance,
    Damage,
    Decide,
    Delay,
    Dismiss,
    Each,
    Expr,
    Extend,
    Gain,
    If,
    Lose,
    Pay,
    Remove,
    Renew,
    ResetCooldown,
    Restart,
    RotationLine,
    RuneChange,
    SetStacks,
    SetValue,
    StartCooldown,
    StartIcd,
    Statement,
    Strike,
    Summon,
    Trigger,
)  # fmt: skip
from portunus.dsl.names import OUTCOME_WORDS
from portunus.units import show_time

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "and": "and", "or": "or", "range": ".."}
_BINDING = {"or": 1, "and": 2, "not": 3, "lt": 4, "le": 4, "gt": 4, "ge": 4, "eq": 4, "ne": 4, "add": 5, "sub": 5, "mul": 6, "div": 6, "neg": 7, "range": 8}
_NAMES = {
    "resource": "{}", "resource_max": "max_{}", "resource_base": "base_{}", "stat": "{}", "talent": "talent.{}", "glyph": "glyph.{}", "option": "option.{}",
    "class": "class.{}", "race": "race.{}", "bonus": "bonus.{}", "level": "target.level_difference", "distance": "target.distance", "in_front": "target.in_front",
    "aura_up": "{}.up", "aura_remains": "{}.remains", "aura_stacks": "{}.stacks", "aura_enemies": "{}.enemies", "aura_ticks_left": "{}.ticks_left", "aura_period": "{}.period", "aura_new_period": "{}.new_period",
    "aura_tick_damage": "{}.tick_damage", "aura_new_tick_damage": "{}.new_tick_damage", "aura_gain": "{}.gain", "aura_value": "{}.{}", "aura_fresh": "{}.fresh",
    "cooldown_ready": "cooldown.{}.ready", "cooldown_remains": "cooldown.{}.remains", "icd_ready": "icd.{}.ready", "icd_remains": "icd.{}.remains", "uses_left": "{}.uses_left", "charges": "{}.charges", "cast_time": "{}.cast_time", "base_cost": "{}.base_cost", "damage_factor": "{}.damage_factor",
    "travel_time": "{}.travel_time", "channelling": "{}.channelling", "gcd_remains": "gcd.remains", "clip_delay": "channel.clip_delay", "tick": "tick",
    "crit_chance": "{}.crit_chance", "latest_cost": "{}.latest_cost", "swing_remains": "{}.swing_remains", "pet_up": "{}.up", "pet_busy": "{}.busy",
    "fight_time": "fight.time", "fight_remains": "fight.remains", "target_phase": "target.health", "enemies": "enemies", "enemies_now": "enemies", "script": "{}.{}", "scene": "{}.{}", "event_damage": "damage", "event_crit": "crit",
    "event_landed": "landed", "index": "index", "live_stat": "{}", "event_primary": "primary", "event_crossed": "crossed", "switch": "switch.{}", "runes_wild": "runes.wild", "weapon": "weapon.{}.{}", "armor": "target.armor", "live_armor": "target.armor", "event_cost": "spell.cost", "event_base_cost": "spell.base_cost",
}  # fmt: skip


def show(expr: Expr | None, around: int = 0) -> str:
    """An expression in the language's own terms (auras without their prefix); "" for None."""
    if expr is None:
        return ""
    op = expr.op
    if op == "number":
        value = expr.args[0]
        return show_time(value) if expr.type == "time" else f"{value:.15g}" + {"distance": "yd", "speed": "yd/s"}.get(expr.type, "")
    if op == "event_outcome":
        return next(word for word, name in OUTCOME_WORDS.items() if OUTCOMES[name] == expr.args[0])
    if op in _NAMES:
        return _NAMES[op].format(*expr.args)
    if op in _BINDING:
        strength = _BINDING[op]
        if op in ("not", "neg"):
            text = ("not " if op == "not" else "-") + show(expr.args[0], strength)
        else:
            gap = "" if op == "range" else " "
            text = show(expr.args[0], strength) + gap + _SIGNS[op] + gap + show(expr.args[1], strength + 1)
        return f"({text})" if strength < around else text
    return f"{op}({', '.join(show(argument) if isinstance(argument, Expr) else str(argument) for argument in expr.args)})"


def show_statements(block: Iterable[Statement], depth: int = 0) -> list[str]:
    """A block of effects, one line each, indented by two spaces a level."""
    lines: list[str] = []
    pad = "  " * depth
    for item in block:
        if isinstance(item, If):
            lines.append(f"{pad}if {show(item.condition)}")
            lines += show_statements(item.then, depth + 1)
            if item.orelse:
                lines.append(f"{pad}else")
                lines += show_statements(item.orelse, depth + 1)
        elif isinstance(item, Chance):
            lines.append(f"{pad}chance {show(item.chance)}")
            lines += show_statements(item.then, depth + 1)
            if item.orelse:
                lines.append(f"{pad}otherwise")
                lines += show_statements(item.orelse, depth + 1)
        elif isinstance(item, Strike | Each | AnyEnemy):
            lines.append(pad + _show_head(item))
            lines += show_statements(item.then, depth + 1)
        else:
            lines.append(pad + _show_simple(item))
    return lines


def _show_head(item: Strike | Each | AnyEnemy) -> str:
    if isinstance(item, Each):
        return "each" + (" other" if item.other else "") + " enemy" + (f" up_to {item.up_to}" if item.up_to < 64 else "")
    return "strike" if isinstance(item, Strike) else "any_enemy"


def _show_simple(item: Statement) -> str:
    if isinstance(item, Damage):
        return f"damage {show(item.amount)}" + (f" to {item.scope}" if item.scope != "target" else "") + (f" up_to {item.up_to}" if 0 < item.up_to < 64 else "") + (" in_turn" if item.in_turn else "")
    if isinstance(item, Apply):
        return f"apply {item.aura}"
    if isinstance(item, Extend):
        return f"extend {item.aura} by {show(item.count, 9)}"
    if isinstance(item, Renew):
        return f"{item.kind} {item.aura}"
    if isinstance(item, Remove):
        return f"remove {item.aura}"
    if isinstance(item, AddStack):
        return f"add {show(item.count)} to {item.aura}.stacks"
    if isinstance(item, SetStacks):
        return f"set {item.aura}.stacks to {show(item.amount)}"
    if isinstance(item, SetValue):
        return f"set {item.aura}.{item.value} to {show(item.amount)}"
    if isinstance(item, Gain):
        return f"gain {show(item.amount, 9)} {item.resource} as {item.source}"
    if isinstance(item, Lose):
        return f"lose {show(item.amount, 9)} {item.resource}"
    if isinstance(item, Delay):
        return f"delay {item.spell} by {show(item.amount, 9)}" + (" random" if item.random else "")
    if isinstance(item, Restart):
        return f"restart {item.spell}" + (f" after {show(item.after, 9)}" if item.after is not None else "")
    if isinstance(item, Pay):
        return "pay"
    if isinstance(item, RuneChange):
        return f"{item.what} rune{'' if item.kind < 0 else f' of kind {item.kind + 1}'}"
    if isinstance(item, Decide):
        return "decide within" if item.within else "decide"
    if isinstance(item, Trigger):
        return f"trigger {item.spell}"
    if isinstance(item, ResetCooldown):
        return f"reset_cooldown {item.spell}"
    if isinstance(item, StartIcd):
        return f"start_icd {item.icd}"
    if isinstance(item, StartCooldown):
        return f"start_cooldown {item.spell}"
    if isinstance(item, Dismiss):
        return f"dismiss {item.pet}"
    if isinstance(item, Summon):
        return f"summon {item.pet} for {show(item.duration, 9)}"
    raise TypeError(f"not a statement: {type(item).__name__}")


def show_line(line: RotationLine) -> str:
    """A line of a rotation."""
    at = f" at {line.enemy + 1}" if line.enemy else ""
    text = {"cast": line.spell + at, "cooldowns": "cooldowns", "multidot": f"multidot {line.spell} up_to {line.max_targets}",
            "channel": f"channel {line.spell}{at}" + (f" interrupt_if {show(line.stop)}" if line.stop is not None else ""), "wait": f"wait {show(line.time, 9)}", "sequence": f"sequence {', '.join(line.spells)}",
            "strict": f"strict_sequence {', '.join(line.spells)}"}[line.kind]
    if line.overlap is not None:
        text += f" overlap {show(line.overlap, 9)}"
    return text + (f" if {show(line.condition)}" if line.condition is not None else "")
