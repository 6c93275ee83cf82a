"""When a priority list that says "wait" may say something else, though nothing happens: what the clock alone can change.

Each condition of the list is followed as a function of the clock: straight lines that jump or meet at instants that can be written down. A resource
that ticks by itself is followed too: the list keeps its answer until it reaches an amount that is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

from portunus.dsl.model import Expr, Resource, Rotation, RotationLine
from portunus.ir.attacks import guarded, modifiers
from portunus.ir.context import Context
from portunus.ir.expressions import OF_THE_FIGHT, Scope, is_static, text, walk
from portunus.ir.layout import PHASES, list_rolls, polls, swing_slot
from portunus.ir.spells import casting

_COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
# What the clock alone does not change.
_STILL = frozenset({"resource", "aura_up", "aura_stacks", "aura_ticks_left", "aura_value", "aura_period", "aura_enemies", "uses_left", "channelling", "clip_delay",
                    "latest_cost", "pet_up", "runes_ready", "runes_wild", "rune_ready", "rune_wild", "switch", "tick", "pet_busy", "gcd_remains"})


class Unforeseen(Exception):
    """A condition of a list changes with the clock in a way that is not foreseen."""


@dataclass(frozen=True)
class _Line:
    """A value as a function of the clock: text of what it is at instant 0, and its slope."""

    start: Callable[[], str]
    slope: int


@dataclass
class Foresight:
    """Finds when conditions of one list may change though nothing happens.

    Attributes:
        resource: One that ticks by itself, None where none is followed.
        at: Texts of instants: a condition keeps its value from any instant before one of them up to it (exclusive).
        amounts: Texts of amounts of the resource, likewise. every_amount: Any amount may matter.
    """

    context: Context
    resource: Resource | None
    scope: Scope = field(default_factory=lambda: Scope(rotation=True))
    at: dict[str, None] = field(default_factory=dict)
    amounts: dict[str, None] = field(default_factory=dict)
    every_amount: bool = False

    def note(self, instant: str) -> None:
        self.at[instant] = None

    def _is_followed(self, expr: Expr) -> bool:
        return self.resource is not None and expr.op == "resource" and expr.args[0] == self.resource.name

    def look(self, expr: Expr | None) -> None:
        """Note when an expression that must not drift with the clock may change."""
        if expr is not None and any(line.slope for line in self.lines(expr)):
            raise Unforeseen

    def lines(self, expr: Expr) -> list[_Line]:
        """The straight lines an expression follows; where it jumps or passes from one to another by a condition is noted."""
        still = [_Line(lambda: text(expr, self.context, self.scope), 0)]
        if self._is_followed(expr):
            self.every_amount = True
        if is_static(expr) or expr.op in _STILL:
            return still
        op, args = expr.op, expr.args
        model, layout = self.context.model, self.context.layout
        if op in _COMPARISONS and self._is_followed(args[0]) and not any(self._is_followed(node) for node in walk(args[1])):
            self.look(args[1])
            self.amounts[text(args[1], self.context, self.scope)] = None
        elif op in _COMPARISONS:
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
                self.note(f"s.phase_{percent}_at")
        elif op in ("cast_time", "aura_new_period"):
            for modifier in modifiers(self.context, "cast_speed", None):
                self._steady(modifier.condition)
                self._steady(modifier.amount)
        elif op == "live_stat":
            self._steady(expr)
        else:
            raise Unforeseen
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
            if self._is_followed(node):
                self.every_amount = True
            if node.op == "range" or (node.op in OF_THE_FIGHT and node.op not in _STILL) or node.op == "live_armor":
                raise Unforeseen
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
        changes = list(modifiers(self.context, "cost", spell))
        for modifier in changes:
            for expr in (modifier.condition, modifier.amount):
                if expr is not None and not is_static(expr):
                    self.look(expr)
        if self.resource is not None:
            if spell.cost is not None and spell.resource == self.resource.name:
                self.amounts[" * ".join([text(spell.cost, self.context, self.scope), *(guarded(self.context, m, self.scope, "1.0") for m in changes)])] = None
            self.amounts |= {text(more, self.context, self.scope): None for name, more in spell.more_costs if name == self.resource.name}

    def line(self, line: RotationLine, named: frozenset[str]) -> None:
        """Note when a line's answer may change; `named` are the spells that a line `cooldowns` leaves out."""
        scope = self.scope
        self.scope = scope.at(str(line.enemy))
        self.look(line.condition)
        self.scope = scope
        for name in (line.spell, *line.spells):
            if name:
                self.spell(name)
        if line.kind == "wait":
            raise Unforeseen
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


def foresee(context: Context, rotation: Rotation, resource: Resource | None, named: frozenset[str]) -> Foresight | None:
    """When a list that says "wait" may say something else if nothing happens; None where that is not foreseen.

    Args:
        resource: One that ticks meanwhile.
        named: The spells that a line `cooldowns` leaves out.
    """
    if not polls(context.model) or context.model.scripted or list_rolls(context.model):
        return None
    found = Foresight(context, resource)
    try:
        for line in rotation.lines:
            found.line(line, named)
    except Unforeseen:
        return None
    return found
