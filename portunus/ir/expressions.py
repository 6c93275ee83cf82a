"""Expressions: which are static, their values, and their text in a kernel.

A static expression depends on talents, glyphs, statistics and the encounter only; it becomes one slot of the tables, evaluated once
before the fight, so changing a number never changes a kernel's text. Everything else becomes kernel text over the state `s`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from portunus.dsl.model import Expr, Model, Spell
from portunus.errors import PortunusError
from portunus.ir.layout import swing_slot

if TYPE_CHECKING:
    from portunus.ir.context import Context

STATIC_LEAVES = frozenset({"number", "talent", "glyph", "option", "stat", "class", "race", "bonus", "level", "distance", "in_front", "enemies", "script", "weapon", "armor",
                           "resource_max", "resource_base", "base_cost"})
NO_EVENT_NS = 3600 * 10**9  # how far away an event of the encounter is that never comes: the longest fight
_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
              "and": "and", "or": "or"}


def children(expr: Expr) -> Iterator[Expr]:
    """The direct sub-expressions of `expr`."""
    return (a for a in expr.args if isinstance(a, Expr))


def walk(expr: Expr) -> Iterator[Expr]:
    """`expr` and all expressions below it."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def conjuncts(expr: Expr | None) -> list[Expr]:
    """What must hold for a condition to hold."""
    if expr is None:
        return []
    return [part for arg in expr.args for part in conjuncts(arg)] if expr.op == "and" else [expr]


def is_static(expr: Expr) -> bool:
    """True if the value cannot change during a fight."""
    return all(n.op in STATIC_LEAVES or (n.op not in _STATE_OPERATIONS and n.op != "range") for n in walk(expr))


_STATE_OPERATIONS = frozenset({"resource", "aura_up", "aura_remains", "aura_stacks", "aura_enemies", "aura_ticks_left", "aura_value", "aura_fresh",
                               "cooldown_ready", "cooldown_remains", "icd_ready", "icd_remains", "uses_left", "charges", "cast_time", "fight_time", "fight_remains", "target_phase",
                               "event_damage", "event_crit", "event_landed", "event_outcome", "event_cost", "event_base_cost", "event_crossed",
                               "enemies_now", "scene", "live_stat", "live_armor", "damage_factor", "crit_chance", "latest_cost", "swing_remains", "pet_up", "pet_busy", "event_primary", "runes_ready", "runes_wild", "runes_wait", "runes_grace",
                               "rune_ready", "rune_wild", "rune_wait", "switch", "index", "aura_gain", "aura_tick_damage", "aura_new_tick_damage", "aura_period", "aura_new_period", "channelling", "gcd_remains", "clip_delay", "tick"})
# Without those that have a value before a fight, too.
OF_THE_FIGHT = _STATE_OPERATIONS - {"live_stat", "live_armor"}


# ---- values of static expressions --------------------------------------------------------------------------------------------------


@dataclass
class StaticValues:
    """Evaluates static expressions for one character in one encounter.

    Args:
        model: The spec.
        talents: Rank by talent name; missing names have rank 0.
        glyphs: Names of the glyphs in use.
        bonus: Bonus statistics of the profile.
        options: Options of the profile over the spec's defaults.
        race: Name of the race.
        level_difference: Enemy level minus player level, 0 to 3.
        distance_yards: Distance to the enemies.
        enemies: Number of enemies.
        weapons: By slot, then by field or kind; times in nanoseconds.
        armor: Armour of the enemies.
        in_front: The player stands before the enemies.
    """

    model: Model
    talents: Mapping[str, int]
    glyphs: frozenset[str]
    bonus: Mapping[str, float]
    options: Mapping[str, float]
    race: str
    level_difference: int
    distance_yards: float
    enemies: int
    weapons: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    armor: float = 0.0
    in_front: bool = False
    _stats: dict[str, float] = field(default_factory=dict)

    def stat(self, name: str) -> float:
        """The value of a statistic: (formula + additions) * factors."""
        if name not in self._stats:
            stat = next((s for s in self.model.stats if s.name == name), None)
            if stat is None:
                raise PortunusError(f"the ruleset of {self.model.name} defines no {name!r}", hint="Add it as a `stat` or `let` line.")
            value = self.value(stat.formula)
            for expr in stat.adds:
                value += self.value(expr)
            for expr in stat.factors:
                value *= self.value(expr)
            self._stats[name] = value
        return self._stats[name]

    def value(self, expr: Expr):
        """The value of a static expression: int nanoseconds for times, bool, or float."""
        op, args = expr.op, expr.args
        if op == "number":
            return args[0]
        if op in _EVALUATE:
            return _EVALUATE[op](self, expr)
        values = [self.value(a) for a in args]
        if op in ("mul", "div") and expr.type == "time":
            return int(values[0] * values[1] if op == "mul" else values[0] / values[1])
        return _ARITHMETIC[op](*values)


_ARITHMETIC: dict[str, Callable] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b, "neg": lambda a: -a,
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "not": lambda a: not a,
    "and": lambda a, b: a and b, "or": lambda a, b: a or b,
    "min": min, "max": max, "sqrt": math.sqrt, "floor": math.floor, "choose": lambda c, a, b: a if c else b,
    "pick": lambda i, *values: values[min(max(int(i), 0), len(values) - 1)],
}

_EVALUATE: dict[str, Callable[[StaticValues, Expr], float]] = {
    "talent": lambda v, e: v.talents.get(e.args[0], 0),
    "glyph": lambda v, e: 1 if e.args[0] in v.glyphs else 0,
    "option": lambda v, e: v.options.get(e.args[0], dict(v.model.options).get(e.args[0], 0.0)),
    "stat": lambda v, e: v.stat(e.args[0]),
    "live_stat": lambda v, e: v.stat(e.args[0]),
    "weapon": lambda v, e: v.weapons.get(e.args[0], {}).get(e.args[1], 0),
    "armor": lambda v, e: v.armor,
    "live_armor": lambda v, e: v.armor,
    "class": lambda v, e: dict(v.model.class_values).get(e.args[0], 0.0),
    "race": lambda v, e: dict(dict(v.model.ruleset.races).get(v.race, ())).get(e.args[0], 0.0),
    "bonus": lambda v, e: v.bonus.get(e.args[0], 0.0),
    "level": lambda v, e: v.level_difference,
    "distance": lambda v, e: v.distance_yards,
    "in_front": lambda v, e: v.in_front,
    "enemies": lambda v, e: v.enemies,
    "script": lambda v, e: NO_EVENT_NS if e.args[1] == "in" else 0,
    "by_level": lambda v, e: v.value(e.args[min(max(v.level_difference, 0), len(e.args) - 1)]),
    "resource_max": lambda v, e: v.value(next(r for r in v.model.resources if r.name == e.args[0]).maximum),
    "resource_base": lambda v, e: v.value(next(r for r in v.model.resources if r.name == e.args[0]).base),
    "base_cost": lambda v, e: _cost(v, e.args[0]),
    "share_edge": lambda v, e: _share_edge(v, e),
    "travel_time": lambda v, e: v.value(travel(v.model.spell(e.args[0]))),
}


def _cost(values: StaticValues, spell_name: str) -> float:
    spell = values.model.spell(spell_name)
    return 0.0 if spell.cost is None else values.value(spell.cost)


def make(op: str, *args, like: Expr, type: str = "number") -> Expr:
    """A new expression at the place of another one."""
    return Expr(op, args, type, like.span)  # type: ignore[arg-type]


def travel(spell: Spell) -> Expr:
    """How long a spell's missile flies: a static time."""
    like = spell.missile
    assert like is not None
    way = make("div", make("distance", like=like), like, like=like)
    return make("mul", way, make("number", 1e9, like=like), like=like, type="time")


# ---- text of expressions in a kernel -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scope:
    """What the names of an expression stand for where it is evaluated.

    Attributes:
        target: Text of the enemy's index.
        spell: Text of the index of the spell being handled, -1 if none.
        rotation: True inside a priority list (its numbers live in the tables' rotation part).
        primary: Text that is 1 where the enemy is the one the spell was cast at, else 0.
    """

    target: str = "0"
    spell: str = "-1"
    rotation: bool = False
    primary: str = "1"

    def at(self, target: str) -> Scope:
        return replace(self, target=target)


def text(expr: Expr, context: Context, scope: Scope, hint: str = "k") -> str:
    """Kernel text of an expression; static parts become table slots named after `hint`."""
    if is_static(expr):
        return context.tables.slot(expr, hint, rotation=scope.rotation)
    op, args = expr.op, expr.args
    if op in _TEXT:
        return _TEXT[op](expr, context, scope)
    if op in _SIDES and _is_share(args[0]) and is_static(args[1]):
        edge = make("share_edge", op, args[0].args[1], args[1], like=expr)
        return f"({text(args[0].args[0], context, scope, hint)} {_SIDES[op]} {context.tables.slot(edge, hint, rotation=scope.rotation)})"
    parts = [text(a, context, scope, hint) for a in args]
    if op == "range":
        low, high = parts
        if context.expected:
            return f"(0.5 * ({low} + {high}))"
        width = text(make("sub", args[1], args[0], like=expr), context, scope, f"{hint}_width") if is_static(args[0]) and is_static(args[1]) else f"({high} - {low})"
        return f"({low} + {width} * uniform(r))"
    if op in _OPERATORS:
        joined = f"({parts[0]} {_OPERATORS[op]} {parts[1]})"
        return f"int({joined})" if expr.type == "time" and op in ("mul", "div") else joined
    if op == "neg":
        return f"(-{parts[0]})"
    if op == "floor":
        return f"({parts[0]} // 1.0)"
    if op == "not":
        return f"(not {parts[0]})"
    if op == "choose":
        return f"({parts[1]} if {parts[0]} else {parts[2]})"
    if op in ("min", "max", "sqrt"):
        return f"{op}({', '.join(parts)})"
    if op == "pick":
        chain = parts[-1]
        for index in range(len(parts) - 2, 0, -1):
            chain = f"({parts[index]} if {parts[0]} < {index} else {chain})"
        return chain
    raise PortunusError(f"the compiler cannot translate {op!r} here", hint="Please report the spec line.")


# A share of a resource is compared without dividing: which side of the edge is it on?
_SIDES = {"lt": "<", "le": "<", "gt": ">=", "ge": ">="}


def _is_share(expr: Expr) -> bool:
    return expr.op == "div" and expr.type == "number" and expr.args[0].op == "resource" and expr.args[1].op == "resource_max"


def _share_edge(values: StaticValues, expr: Expr) -> float:
    """The least x for which x / whole, as a float64, is at least `bound` (for "lt" and "ge") or more (for "le" and "gt")."""
    op, whole, bound = expr.args[0], float(values.value(expr.args[1])), float(values.value(expr.args[2]))
    if not whole > 0.0:  # there is no share of nothing: no comparison with it holds
        return 0.0 if op in ("lt", "le") else 1.0
    beyond = (lambda x: x / whole >= bound) if op in ("lt", "ge") else (lambda x: x / whole > bound)
    edge = bound * whole
    while beyond(edge):
        edge = math.nextafter(edge, -math.inf)
    while not beyond(edge):
        edge = math.nextafter(edge, math.inf)
    return edge


def stat_function(name: str) -> str:
    """Name of the kernel function of a live statistic."""
    return f"stat_{name.replace('.', '__')}"


def _aura_field(expr: Expr, context: Context, scope: Scope, name: str) -> str:
    aura = context.model.aura(expr.args[0])
    return f"s.{aura.name}_{name}[{scope.target}]" if aura.on_target else f"s.{aura.name}_{name}"


def _while_up(expr: Expr, context: Context, scope: Scope, value: str) -> str:
    return f"({value} if {_aura_field(expr, context, scope, 'on')} != 0 else 0)"


def _stacks(expr: Expr, context: Context, scope: Scope) -> str:
    aura = context.model.aura(expr.args[0])
    return _while_up(expr, context, scope, _aura_field(expr, context, scope, "stacks") if aura.max_stacks else "1")


def _ticks_left(expr: Expr, context: Context, scope: Scope) -> str:
    where = f"[{scope.target}]" if context.model.aura(expr.args[0]).on_target else ""
    return f"({context.ticks(context.model.aura(expr.args[0]), where)} - {_aura_field(expr, context, scope, 'ticks')})"


def _cast_time(expr: Expr, context: Context, scope: Scope) -> str:
    spell = context.model.spell(expr.args[0])
    base = spell.cast or spell.gcd
    if base is None:
        return "0"
    slot = context.tables.slot(base, f"{spell.name}_{'cast' if spell.cast else 'gcd'}")
    return f"int({slot} * cast_speed(s, t))" if spell.hasted else slot


def _new_period(expr: Expr, context: Context, scope: Scope) -> str:
    from portunus.ir.auras import period_text

    return period_text(context, context.model.aura(expr.args[0]), scope)


def _strength(expr: Expr, context: Context, scope: Scope, *, new: bool) -> str:
    """Text of an aura's multiplier and what critical strikes add to it on the mean, of its snapshot or of this moment."""
    from portunus.ir.attacks import crit_chance, crit_factor, damage_factor

    aura = context.model.aura(expr.args[0])
    assert aura.attack is not None
    factor = f"({damage_factor(context, aura, aura.attack, scope)})" if new else _aura_field(expr, context, scope, "factor")
    if aura.tick_crits is None:
        return factor
    chance = crit_chance(context, aura, aura.attack, scope) if new else _aura_field(expr, context, scope, "crit")
    allowed = text(aura.tick_crits, context, scope, f"{aura.name}_can_crit")
    return f"{factor} * (1.0 + min(max({chance}, 0.0), 1.0) * (({crit_factor(context, aura, aura.attack, scope)}) - 1.0) * {allowed})"


def _tick_damage(expr: Expr, context: Context, scope: Scope, *, new: bool) -> str:
    from portunus.ir.attacks import mitigation, taken_factor
    from portunus.ir.layout import list_rolls

    aura = context.model.aura(expr.args[0])
    assert aura.attack is not None and aura.tick_amount is not None
    base = text(aura.tick_amount, context, scope, f"{aura.name}_amount") if new else _aura_field(expr, context, scope, "base")
    taken, reduced = taken_factor(context, aura, scope), mitigation(context.as_expected(), aura, aura.attack, scope)
    judged = list_rolls(context.model) and reduced == "t.resist_mean"
    found = f"{base} * {_strength(expr, context, scope, new=new)}" + "".join(f" * ({part})" for part in (taken, "" if judged else reduced) if part)
    if judged:
        found = f"judged(s, t, {found})"
    return f"({found})" if new else _while_up(expr, context, scope, f"({found})")


def _gain(expr: Expr, context: Context, scope: Scope) -> str:
    now, then = _strength(expr, context, scope, new=True), _strength(expr, context, scope, new=False)
    return f"(({now}) / ({then}) if {_aura_field(expr, context, scope, 'on')} != 0 else 1.0)"


def _damage_factor(expr: Expr, context: Context, scope: Scope) -> str:
    from portunus.ir.attacks import damage_factor

    spell = context.model.spell(expr.args[0])
    assert spell.attack is not None
    return f"({damage_factor(context, spell, spell.attack, scope)})"


def _crit_chance(expr: Expr, context: Context, scope: Scope) -> str:
    from portunus.ir.attacks import crit_chance

    spell = context.model.spell(expr.args[0])
    assert spell.attack is not None
    return f"({crit_chance(context, spell, spell.attack, scope)})"


def _latest_cost(expr: Expr, context: Context, scope: Scope) -> str:
    name = expr.args[0]
    return f"(s.cost_latest[{context.spell_index(name)}] if t.switch_latest_cost != 0 else cost_{name}(s, t))"


def cooldown_text(context: Context, spell: Spell, scope: Scope) -> str:
    """Text of a spell's cooldown, at the haste of this moment where haste shortens it."""
    assert spell.cooldown is not None
    length = text(spell.cooldown, context, scope, f"{spell.name}_cooldown")
    return f"int({length} * cast_speed(s, t))" if spell.cooldown_hasted else length


def _charges(expr: Expr, context: Context, scope: Scope) -> str:
    spell = context.model.spell(expr.args[0])
    full = f"s.cd_{spell.name}_full"
    return f"({context.count(spell, 'charges', spell.charges)} + (min(s.now, {full}) - {full}) // max({cooldown_text(context, spell, scope)}, 1))"


def _scene(expr: Expr) -> str:
    from portunus.ir.scripts import scene_text

    return scene_text(*expr.args)


_TEXT: dict[str, Callable[[Expr, Context, Scope], str]] = {
    "resource": lambda e, c, p: f"s.{e.args[0]}",
    "aura_up": lambda e, c, p: f"({_aura_field(e, c, p, 'on')} != 0)",
    "aura_remains": lambda e, c, p: _while_up(e, c, p, f"({_aura_field(e, c, p, 'end')} - s.now)"),
    "aura_stacks": _stacks,
    "aura_period": lambda e, c, p: _aura_field(e, c, p, "period"),
    "aura_new_period": _new_period,
    "aura_tick_damage": lambda e, c, p: _tick_damage(e, c, p, new=False),
    "aura_new_tick_damage": lambda e, c, p: _tick_damage(e, c, p, new=True),
    "aura_gain": _gain,
    "aura_ticks_left": lambda e, c, p: _while_up(e, c, p, _ticks_left(e, c, p)),
    "aura_value": lambda e, c, p: _aura_field(e, c, p, e.args[1]),
    "aura_fresh": lambda e, c, p: f"({_aura_field(e, c, p, 'applied_at')} == s.now and {_aura_field(e, c, p, 'applied_by')} == {p.spell})",
    "cooldown_ready": lambda e, c, p: f"(s.cd_{e.args[0]} <= s.now)",
    "cooldown_remains": lambda e, c, p: f"max(s.cd_{e.args[0]} - s.now, 0)",
    "icd_ready": lambda e, c, p: f"(s.icd_{e.args[0]} <= s.now)",
    "icd_remains": lambda e, c, p: f"max(s.icd_{e.args[0]} - s.now, 0)",
    "uses_left": lambda e, c, p: f"s.uses_{e.args[0]}",
    "charges": _charges,
    "cast_time": _cast_time,
    "fight_time": lambda e, c, p: "s.now",
    "fight_remains": lambda e, c, p: "(s.duration - s.now)",
    "target_phase": lambda e, c, p: "phase(s, t)",
    "event_damage": lambda e, c, p: "damage",
    "event_crit": lambda e, c, p: "(outcome == 2)",
    "event_landed": lambda e, c, p: "(outcome > 0)",
    "event_outcome": lambda e, c, p: f"(outcome == {e.args[0]})",
    "channelling": lambda e, c, p: f"(s.channel == {c.spell_index(e.args[0]) + 1})",
    "gcd_remains": lambda e, c, p: "max(s.gcd_end - s.now, 0)",
    "clip_delay": lambda e, c, p: "t.clip_delay",
    "tick": lambda e, c, p: f"s.{e.args[0]}_ticks[{p.target}]" if c.model.aura(e.args[0]).on_target else f"s.{e.args[0]}_ticks",
    "live_stat": lambda e, c, p: f"{stat_function(e.args[0])}(s, t, {p.target})",
    "damage_factor": _damage_factor,
    "crit_chance": _crit_chance,
    "latest_cost": _latest_cost,
    "swing_remains": lambda e, c, p: f"max(s.at[{swing_slot(c.layout, c.model.spell(e.args[0]))}] - s.now, 0)",
    "pet_up": lambda e, c, p: f"(s.{e.args[0]}_on != 0)",
    "pet_busy": lambda e, c, p: f"(s.{e.args[0]}_cast_spell >= 0 or (s.at[{c.layout.slot(e.args[0] + '_gcd')}] > s.now and s.at[{c.layout.slot(e.args[0] + '_gcd')}] < {1 << 62}))",
    "event_primary": lambda e, c, p: "(primary != 0)",
    "runes_ready": lambda e, c, p: f"runes_ready(s, {e.args[0]})",
    "runes_wild": lambda e, c, p: "runes_wild(s)",
    "runes_wait": lambda e, c, p: f"runes_wait(s, {e.args[0]})",
    "runes_grace": lambda e, c, p: f"runes_grace(s, t, {e.args[0]})",
    "rune_ready": lambda e, c, p: f"(s.rune_spent[{e.args[0]}] == 0)",
    "rune_wild": lambda e, c, p: f"(s.rune_wild[{e.args[0]}] != 0)",
    "rune_wait": lambda e, c, p: f"rune_wait(s, {e.args[0]})",
    "switch": lambda e, c, p: f"(t.switch_{e.args[0]} != 0)",
    "live_armor": lambda e, c, p: f"enemy_armor(s, t, {p.target})",
    "aura_enemies": lambda e, c, p: f"({' + '.join(f's.{e.args[0]}_on[{i}]' for i in range(c.layout.max_enemies))})",
    "index": lambda e, c, p: "turn",
    "enemies_now": lambda e, c, p: c.enemies,
    "scene": lambda e, c, p: _scene(e),
    "event_cost": lambda e, c, p: "cost",
    "event_base_cost": lambda e, c, p: "base_cost",
    "event_crossed": lambda e, c, p: "crossed(t, spell, cost, base_cost)",
}
