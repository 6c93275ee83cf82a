"""Looks at a priority list that must find what the one before found: passed over.

On the reference's grid (switch `idle_grid`) a player who has nothing to do looks again every 50 ms. Until another event comes only the clock has
moved, so the list keeps its answer until the clock passes an instant that one of its conditions compares it with. A list that says "wait" notes the
first of them; waiting then schedules the look that may find something else, and counts those before it.

While a global cooldown runs, a list can choose only what needs none. Where nothing of that is possible the list need not be asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from portunus.dsl.model import Expr, Model, Rotation, RotationLine, Spell
from portunus.ir.attacks import modifiers
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import OF_THE_FIGHT, Scope, StaticValues, conjuncts, is_static, text, walk
from portunus.ir.layout import NEVER, list_rolls, pauses, polls, swing_slot
from portunus.ir.spells import casting

_COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
# What the clock alone does not change.
_STILL = frozenset({"resource", "aura_up", "aura_stacks", "aura_ticks_left", "aura_value", "aura_period", "aura_enemies", "uses_left", "channelling", "clip_delay",
                    "latest_cost", "pet_up", "runes_ready", "runes_wild", "rune_ready", "rune_wild", "switch", "tick", "pet_busy", "gcd_remains"})
PHASES = (20, 25, 35)  # percent of health


class _Unforeseen(Exception):
    """A condition of a list changes with the clock in a way that is not foreseen."""


@dataclass(frozen=True)
class _Line:
    """A value as a function of the clock: text of what it is at instant 0, and its slope."""

    start: Callable[[], str]
    slope: int


@dataclass
class _Foresight:
    """Finds the instants at which conditions of one list may change though nothing happens.

    `at` collects their texts; a condition keeps its value from any instant before one of them up to it (exclusive).
    """

    context: Context
    at: dict[str, None]
    scope: Scope

    def note(self, instant: str) -> None:
        self.at[instant] = None

    def look(self, expr: Expr | None) -> None:
        """Note when an expression that must not drift with the clock may change."""
        if expr is not None and any(line.slope for line in self.lines(expr)):
            raise _Unforeseen

    def lines(self, expr: Expr) -> list[_Line]:
        """The straight lines an expression follows; where it jumps or passes from one to another by a condition is noted."""
        still = [_Line(lambda: text(expr, self.context, self.scope), 0)]
        if is_static(expr) or expr.op in _STILL:
            return still
        op, args = expr.op, expr.args
        model, layout = self.context.model, self.context.layout
        if op in _COMPARISONS:
            for one, other in product(self.lines(args[0]), self.lines(args[1])):
                self._cross(one, other)
        elif op in ("and", "or", "not", "mul", "div", "floor", "sqrt", "pick"):
            for arg in args:
                self.look(arg)
        elif op in ("add", "sub"):
            sign = 1 if op == "add" else -1
            return _met([_sum(a, b, sign) for a, b in product(self.lines(args[0]), self.lines(args[1]))], still)
        elif op in ("min", "max", "neg"):
            found = [line for arg in args for line in self.lines(arg)]
            return _met([_sum(_Line(lambda: "0", 0), line, -1) for line in found] if op == "neg" else found, still)
        elif op == "choose":
            self.look(args[0])
            return _met([line for arg in args[1:] for line in self.lines(arg)], still)
        elif op == "fight_time":
            return [_Line(lambda: "0", 1)]
        elif op == "fight_remains":
            return [_Line(lambda: "s.duration", -1)]
        elif op == "aura_remains":
            return _until(f"s.{args[0]}_end" + (f"[{self.scope.target}]" if model.aura(args[0]).on_target else ""))
        elif op in ("cooldown_remains", "icd_remains"):
            return _until(f"s.{'cd' if op == 'cooldown_remains' else 'icd'}_{args[0]}")
        elif op == "swing_remains":
            return _until(f"s.at[{swing_slot(layout, model.spell(args[0]))}]")
        elif op == "rune_wait":
            return _until(f"s.at[{layout.slot('rune_0') + args[0]}]")
        elif op == "runes_wait":
            assert model.runes is not None
            first = layout.slot("rune_0") + args[0] * model.runes.each
            return [line for place in range(model.runes.each) for line in _until(f"s.at[{first + place}]")]
        elif op in ("cooldown_ready", "icd_ready"):
            self.note(f"s.{'cd' if op == 'cooldown_ready' else 'icd'}_{args[0]}")
        elif op == "target_phase":
            for percent in PHASES:
                self.note(f"t.phase_{percent}_at")
        elif op in ("cast_time", "aura_new_period"):
            for modifier in modifiers(self.context, "cast_speed", None):
                self._steady(modifier.condition)
                self._steady(modifier.amount)
        elif op == "live_stat":
            self._steady(expr)
        else:
            raise _Unforeseen
        return still

    def _cross(self, one: _Line, other: _Line) -> None:
        """Note where two lines meet."""
        slope = one.slope - other.slope
        if slope:
            ahead = (other, one) if slope > 0 else (one, other)
            way = f"({ahead[0].start()} - {ahead[1].start()})"
            self.note(way if abs(slope) == 1 else f"({way} // {abs(slope)})")

    def _steady(self, expr: Expr | None) -> None:
        """What the clock does not change at all; for numbers that are not those of a list."""
        for node in walk(expr) if expr is not None else ():
            if node.op == "range" or (node.op in OF_THE_FIGHT and node.op not in _STILL) or node.op == "live_armor":
                raise _Unforeseen
            if node.op == "live_stat":
                stat = self.context.model.stat(node.args[0])
                assert stat is not None
                for part in (stat.formula, *stat.adds, *stat.factors, *(amount for _, _, amount in stat.changes)):
                    self._steady(part)

    def spell(self, name: str) -> None:
        """Note when a spell may become possible or impossible."""
        spell = self.context.model.spell(name)
        if spell.cooldown is not None:
            self.note(f"s.cd_{name}")
        if "s.cast_end" in casting(self.context.model):
            self.note("s.cast_end")
        for expr in (spell.requires, spell.free_if, spell.cost, *(amount for _, amount in spell.more_costs)):
            if expr is not None and not is_static(expr):
                self.look(expr)
        for modifier in modifiers(self.context, "cost", spell):
            for expr in (modifier.condition, modifier.amount):
                if expr is not None and not is_static(expr):
                    self.look(expr)

    def line(self, line: RotationLine, named: frozenset[str]) -> None:
        """Note when a line's answer may change; `named` are the spells that a line `cooldowns` leaves out."""
        at = _Foresight(self.context, self.at, self.scope.at(str(line.enemy)))
        at.look(line.condition)
        for name in (line.spell, *line.spells):
            if name:
                self.spell(name)
        if line.kind == "wait":
            raise _Unforeseen
        if line.kind == "cooldowns":
            self.note("s.auto_ready")
            for spell in self.context.autocast:
                if spell.name not in named:
                    self.spell(spell.name)
                    assert spell.autocast is not None
                    self.look(spell.autocast[1])
        if line.kind == "multidot":
            for enemy in range(self.context.layout.max_enemies):
                overlap = text(line.overlap, self.context, self.scope) if line.overlap is not None else "0"
                self.note(f"(s.{line.aura}_end[{enemy}] - {overlap})")


def _sum(one: _Line, other: _Line, sign: int) -> _Line:
    return _Line(lambda: f"({one.start()} {'+' if sign > 0 else '-'} {other.start()})", one.slope + sign * other.slope)


def _until(instant: str) -> list[_Line]:
    """A time that is left until an instant, or none."""
    return [_Line(lambda: instant, -1), _Line(lambda: "0", 0)]


def _met(found: list[_Line], still: list[_Line]) -> list[_Line]:
    """Several lines together: as one where none moves."""
    return found if any(line.slope for line in found) else still


def foreseen(context: Context, rotation: Rotation, named: frozenset[str]) -> list[str] | None:
    """Texts of the instants up to which a list that says "wait" goes on saying so if nothing happens; None where that is not foreseen."""
    if not polls(context.model) or context.model.scripted or list_rolls(context.model):
        return None
    foresight = _Foresight(context, {}, Scope(rotation=True))
    try:
        for line in rotation.lines:
            foresight.line(line, named)
    except _Unforeseen:
        return None
    return list(foresight.at)


def write_foresight(w: Writer, instants: list[str]) -> None:
    """Write, before a list says "wait", until when it will say so."""
    with w.block("if t.switch_idle_grid != 0 and s.gcd_end <= s.now and s.now > 0:"):  # a phase may change at the start, too
        w.put(f"until = {NEVER}")
        for instant in instants:
            w.put(f"until = min(until, ahead(s, {instant}))")
        w.put("s.list_stays = until")


def needs_no_gcd(spell: Spell) -> bool:
    """May it be cast while a global cooldown runs?"""
    return spell.gcd is None and spell.autocast is None


def free_spells(model: Model) -> list[Spell]:
    """The spells that may be cast while a global cooldown runs, where reading a list that takes none of them then leaves everything as it is; else none."""
    free = [spell for spell in model.spells if spell.chosen and needs_no_gcd(spell)]
    changing = {name for m in model.modifiers if m.kind == "cost" for name in (m.spells or [s.name for s in free])}
    fixed = all(s.cost is None or (is_static(s.cost) and s.name not in changing) for s in free)
    waiting = any(line.kind == "wait" for rotation in model.rotations for line in rotation.lines)
    return free if polls(model) and fixed and not waiting and not list_rolls(model) else []


def asked_for(model: Model, values: StaticValues) -> dict[str, int]:
    """For each of `free_spells` the table slot that tells whether any list may take it while a global cooldown runs."""
    lines = [line for rotation in model.rotations for line in rotation.lines if not any(is_static(e) and not values.value(e) for e in conjuncts(line.condition))]
    taken = {name for line in lines for name in (line.casts[1:] if line.kind == "strict" else line.casts)}
    return {f"asked_{spell.name}": int(spell.name in taken) for spell in free_spells(model)}


def poll_functions(context: Context) -> list[Function]:
    """`ahead`, and `poll`: the next look at the list on the grid."""
    if not polls(context.model):
        return []
    count, one = len(context.layout.slots), context.layout.slots_before_enemies + context.layout.slots_per_enemy
    more = ["if t.enemies > 1:", f"    limit = min(limit, soonest(s.at, {one}, {count}, 0, 0))"] if count > one else []
    free = "stays > at and s.pile == 0" if pauses(context.model) else "stays > at"
    lines = ["at = s.now + t.poll", f"if {free}:", f"    limit = min(min(stays, s.expire_at), min(s.duration + 1, soonest(s.at, 1, {one}, 0, 0)))",
             *("    " + line for line in more),
             "    if at < limit:", "        passed = (limit - 1 - at) // t.poll + 1", "        s.events += passed", "        s.sequence += passed",
             *(["        s.decisions += passed"] if any(f.name == "decisions" for f in context.layout.state) else []),
             "        at += passed * t.poll", "set_gcd(s, at)"]
    return [
        Function("ahead", ("s", "at"), "An instant that is not past; never, if it is.", "", (f"    return at if at >= s.now else {NEVER}",)),
        Function("poll", ("s", "t", "stays"), "Look at the list again on the grid, at the first time at which it may answer otherwise.", "", tuple("    " + line for line in lines)),
    ]
