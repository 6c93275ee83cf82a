"""Counters for what the client does not show, derived from the spec's own rules.

A hidden aura of the player (a half-earned Hot Streak) and a small number an aura carries (Combustion's critical strikes) change by rules the
spec states in its `on hit`, `on result` and `on cast` handlers. The handlers are run here in miniature: for every outcome the combat log
can report (crit, hit, miss), for every old value, what is the new one? The answers form a table the addon follows. Static conditions
(talents, glyphs) count as met: a character without the talent never earns what the counter counts towards.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from portunus.barcode.schema import Tracker, TrackerRule
from portunus.dsl.model import AddStack, Apply, Aura, Chance, Expr, If, Model, Remove, SetValue, Statement

MAX_VALUE = 15
_UNKNOWN: Any = object()
_OUTCOMES = {"hit": ("crit", "hit"), "result": ("crit", "hit", "miss"), "cast": ("cast",)}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "lt": operator.lt, "le": operator.le, "gt": operator.gt,
    "ge": operator.ge, "eq": operator.eq, "ne": operator.ne, "min": min, "max": max,
}  # fmt: skip


class _Untrackable(Exception):
    """The quantity depends on chance or on something the combat log does not say."""


@dataclass(frozen=True)
class Quantity:
    """A hidden number: stacks (0 = down) of a hidden aura, or (`value` not "") a number that an aura carries."""

    aura: str
    value: str = ""

    @property
    def name(self) -> str:
        """Name of its tracker."""
        return f"{self.aura}.{self.value}" if self.value else self.aura


@dataclass
class _Trial:
    """One run of a handler: what is known, and the value of the quantity as it changes."""

    model: Model
    quantity: Quantity
    outcome: str
    amount: float
    up: dict[str, bool] = field(default_factory=dict)

    def number(self, expr: Expr) -> Any:
        """The value of an expression, or `_UNKNOWN`."""
        op, args = expr.op, expr.args
        if op == "number":
            return args[0]
        if op in _ARITHMETIC:
            left, right = self.number(args[0]), self.number(args[1])
            return _UNKNOWN if left is _UNKNOWN or right is _UNKNOWN else _ARITHMETIC[op](left, right)
        if op in ("and", "or"):
            sides = [self.number(argument) for argument in args]
            decisive = op == "or"
            if any(side is not _UNKNOWN and bool(side) == decisive for side in sides):
                return decisive
            return _UNKNOWN if any(side is _UNKNOWN for side in sides) else not decisive
        if op == "not":
            inner = self.number(args[0])
            return _UNKNOWN if inner is _UNKNOWN else not inner
        if op == "event_crit":
            return self.outcome == "crit"
        if op == "event_landed":
            return self.outcome != "miss"
        if op in ("aura_up", "aura_stacks") and args[0] == self.quantity.aura and not self.quantity.value:
            return self.amount
        if op == "aura_up" and args[0] in self.up:
            return self.up[args[0]]
        if op == "aura_value" and tuple(args) == (self.quantity.aura, self.quantity.value):
            return self.amount
        return _UNKNOWN

    def run(self, body: tuple[Statement, ...]) -> None:
        """Perform the statements, following only the quantity."""
        for statement in body:
            if isinstance(statement, If):
                condition = self.number(statement.condition)
                self.run(statement.then if condition is _UNKNOWN or condition else statement.orelse)
            elif isinstance(statement, Chance):
                if _touches(statement.then, self.quantity):
                    chance = self.number(statement.chance)
                    if chance is not _UNKNOWN and 0 < chance < 1:
                        raise _Untrackable
                    if chance is _UNKNOWN or chance:
                        self.run(statement.then)
            elif isinstance(statement, SetValue) and (statement.aura, statement.value) == (self.quantity.aura, self.quantity.value):
                self._set(self.number(statement.amount))
            elif isinstance(statement, Apply | Remove | AddStack) and statement.aura == self.quantity.aura and not self.quantity.value:
                if isinstance(statement, AddStack):
                    count = self.number(statement.count)
                    self._set(count if count is _UNKNOWN else self.amount + count if self.amount else 0)
                else:
                    self._set(max(1, self.amount) if isinstance(statement, Apply) else 0)

    def _set(self, amount: Any) -> None:
        if amount is _UNKNOWN or amount != int(amount) or not 0 <= amount <= MAX_VALUE:
            raise _Untrackable
        self.amount = int(amount)


def _touches(body: tuple[Statement, ...], quantity: Quantity) -> bool:
    """Does any statement change the quantity?"""
    for statement in body:
        if isinstance(statement, If) and (_touches(statement.then, quantity) or _touches(statement.orelse, quantity)):
            return True
        if isinstance(statement, Chance) and _touches(statement.then, quantity):
            return True
        if isinstance(statement, SetValue) and quantity.value and (statement.aura, statement.value) == (quantity.aura, quantity.value):
            return True
        if isinstance(statement, Apply | Remove | AddStack) and statement.aura == quantity.aura and not quantity.value:
            return True
    return False


def _auras_asked(body: tuple[Statement, ...]) -> set[str]:
    """Auras whose being up is asked for in any condition."""
    asked: set[str] = set()

    def walk(expr: Any) -> None:
        if isinstance(expr, Expr):
            if expr.op == "aura_up":
                asked.add(expr.args[0])
            for argument in expr.args:
                walk(argument)

    for statement in body:
        if isinstance(statement, If):
            walk(statement.condition)
            asked |= _auras_asked(statement.then) | _auras_asked(statement.orelse)
        elif isinstance(statement, Chance):
            asked |= _auras_asked(statement.then)
    return asked


def quantities(model: Model) -> tuple[Quantity, ...]:
    """What is hidden on the player, in the order of the file."""
    found = []
    for aura in model.auras:
        if aura.on_target or aura.only_switch:
            continue
        if aura.hidden:
            found.append(Quantity(aura.name))
        found += [Quantity(aura.name, value) for value in aura.values]
    return tuple(found)


def _table(model: Model, quantity: Quantity, body: tuple[Statement, ...], outcome: str, up: dict[str, bool]) -> tuple[int, ...]:
    """New value for every old value that can be reached from 0, and for those in between."""
    following: list[int] = []
    highest = 1 if not quantity.value else 0
    while len(following) <= highest:
        trial = _Trial(model, quantity, outcome, len(following), up)
        trial.run(body)
        following.append(int(trial.amount))
        highest = max(highest, min(MAX_VALUE, int(trial.amount)))
    return tuple(following)


def _rules(model: Model, quantity: Quantity) -> list[TrackerRule]:
    visible = {aura.name: aura for aura in model.auras if not aura.on_target and not aura.hidden and not aura.only_switch}
    rules: list[TrackerRule] = []
    for handler in model.handlers:
        if not _touches(handler.body, quantity):
            continue
        if handler.event not in _OUTCOMES:
            raise _Untrackable
        ids = tuple(sorted({model.spell(name).id for name in handler.subjects}))
        asked = sorted(_auras_asked(handler.body) & set(visible))
        if len(asked) > 1:
            raise _Untrackable
        for outcome in _OUTCOMES[handler.event]:
            cases = [(0, {})] if not asked else [(visible[asked[0]].id * sign, {asked[0]: sign > 0}) for sign in (1, -1)]
            for while_aura, up in cases:
                table = _table(model, quantity, handler.body, outcome, up)
                if table != tuple(range(len(table))):
                    rules.append(TrackerRule(outcome, ids, table, while_aura))
    if quantity.value and rules and quantity.aura in visible:
        top = max(len(rule.next_value) for rule in rules)
        rules.append(TrackerRule("lost", (visible[quantity.aura].id,), (0,) * top))
    return rules


def derive_trackers(model: Model) -> tuple[Tracker, ...]:
    """Trackers for every hidden number of the player that the combat log determines; others are left out and stay unknown."""
    trackers = []
    for quantity in quantities(model):
        try:
            rules = _rules(model, quantity)
        except _Untrackable:
            continue
        if rules:
            trackers.append(Tracker(quantity.name, tuple(rules)))
    return tuple(trackers)


def hidden_aura(model: Model, tracker: str) -> tuple[Aura, str]:
    """The aura a tracker's name speaks of, and the name of its value ("" for the aura itself)."""
    name, _, value = tracker.partition(".")
    return model.aura(name), value
