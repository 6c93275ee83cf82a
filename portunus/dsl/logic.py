"""Can a condition hold at all? A small decision procedure over the conditions of the language.

A condition is a disjunction of conjunctions of comparisons; each quantity has an interval in a conjunction, and what is known of quantities (a stack is not
negative, an aura that is down has no time left) narrows it. Sound but not complete: "cannot hold" is certain, "can hold" is not.
"""

from __future__ import annotations

from dataclasses import field
from math import inf

from portunus.dsl.model import Expr, Model
from portunus.dsl.records import dataclass

TERMS = 64  # of a disjunction; beyond that a condition is taken to be possible
PHASES = (0.2, 0.25, 0.35, 1.0)  # what `target.health` can be
_COMPARISONS = {"lt", "le", "gt", "ge", "eq", "ne"}
_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
_SWAPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_WHOLE = {"talent", "glyph", "aura_stacks", "aura_enemies", "aura_ticks_left", "enemies", "uses_left", "charges", "runes_ready", "runes_wild"}
_OF_A_DOWN_AURA = ("aura_remains", "aura_stacks", "aura_ticks_left")
_NOT_NEGATIVE = {
    "resource", "cooldown_remains", "icd_remains", "gcd_remains", "fight_remains", "cast_time", "aura_remains", "aura_stacks", "aura_ticks_left", "aura_enemies",
    "uses_left", "charges", "runes_ready", "runes_wild", "runes_wait", "talent", "glyph", "travel_time",
}  # fmt: skip

Literal = tuple[Expr, str, float]  # a quantity, how it compares, with which number


@dataclass
class _Range:
    """What a conjunction leaves of one quantity."""

    low: float = -inf
    high: float = inf
    low_open: bool = False
    high_open: bool = False
    without: set[float] = field(default_factory=set)

    def narrow(self, how: str, number: float) -> None:
        """Take in a comparison."""
        if how in ("gt", "ge", "eq") and (number, how == "gt") > (self.low, self.low_open):
            self.low, self.low_open = number, how == "gt"
        if how in ("lt", "le", "eq") and (number, how != "lt") < (self.high, not self.high_open):
            self.high, self.high_open = number, how == "lt"
        if how == "ne":
            self.without.add(number)

    def holds(self, number: float) -> bool:
        """Is a number left?"""
        above = number > self.low or (number == self.low and not self.low_open)
        below = number < self.high or (number == self.high and not self.high_open)
        return above and below and number not in self.without

    def empty(self, *, whole: bool) -> bool:
        """Is nothing left?"""
        if whole and self.low > -inf and self.high < inf and self.high - self.low < 100:
            return not any(self.holds(float(n)) for n in range(int(self.low) - 1, int(self.high) + 2))
        return self.low > self.high or (self.low == self.high and not self.holds(self.low))


class Logic:
    """Decides conditions of a model."""

    def __init__(self, model: Model) -> None:
        self._talents = {name: rank for tree in model.talent_trees for name, rank in tree.talents}
        self._stacks = {aura.name: aura.max_stacks or 1 for aura in model.auras}
        self._uses = {spell.name: spell.charges for spell in model.spells if spell.charges}
        self._enemies = model.ruleset.max_enemies

    def never(self, condition: Expr) -> bool:
        """Is it certain that a condition cannot hold?"""
        return self._none(_terms(condition, True))

    def always(self, condition: Expr) -> bool:
        """Is it certain that a condition holds?"""
        return self._none(_terms(condition, False))

    def implies(self, condition: Expr | None, others: list[Expr]) -> bool:
        """Is it certain that one of `others` holds wherever `condition` does? (None holds always.)"""
        terms: list[tuple[Literal, ...]] | None = _terms(condition, True) if condition is not None else [()]
        for other in others:
            terms = _both(terms, _terms(other, False))
        return self._none(terms)

    def _none(self, terms: list[tuple[Literal, ...]] | None) -> bool:
        return terms is not None and all(self._contradicts(term) for term in terms)

    def _contradicts(self, term: tuple[Literal, ...]) -> bool:
        ranges: dict[Expr, _Range] = {}

        def range_of(quantity: Expr) -> _Range:
            if quantity not in ranges:
                ranges[quantity] = self._known(quantity)
            return ranges[quantity]

        for quantity, how, number in term:
            range_of(quantity).narrow(how, number)
        for quantity in list(ranges):
            op, args, known = quantity.op, quantity.args, ranges[quantity]
            if op == "aura_up" and known.high < 1:
                for part in _OF_A_DOWN_AURA:
                    for other in list(ranges):
                        if other.op == part and other.args == args:
                            ranges[other].narrow("le", 0.0)
            elif op == "aura_stacks" and known.low >= 1:
                range_of(Expr("aura_up", args, "bool", quantity.span)).narrow("ge", 1.0)
            elif op == "cooldown_ready":
                for other in list(ranges):
                    if other.op == "cooldown_remains" and other.args == args:
                        ranges[other].narrow("le" if known.low >= 1 else "gt" if known.high < 1 else "ge", 0.0)
        return any(known.empty(whole=quantity.op in _WHOLE or quantity.type == "bool") or (quantity.op == "target_phase" and not any(known.holds(p) for p in PHASES))
                   for quantity, known in ranges.items())

    def _known(self, quantity: Expr) -> _Range:
        """What holds of a quantity in any fight."""
        op, args = quantity.op, quantity.args
        if quantity.type == "bool":
            return _Range(0.0, 1.0)
        low = 0.0 if op in _NOT_NEGATIVE else -inf
        if op == "talent":
            return _Range(low, float(self._talents.get(args[0], inf)))
        if op == "glyph":
            return _Range(low, 1.0)
        if op == "aura_stacks":
            return _Range(low, float(self._stacks.get(args[0], inf)))
        if op == "charges":
            return _Range(low, float(self._uses.get(args[0], inf)))
        if op == "enemies":
            return _Range(1.0, float(self._enemies))
        if op == "aura_enemies":
            return _Range(low, float(self._enemies))
        return _Range(low)


def _terms(condition: Expr, wanted: bool) -> list[tuple[Literal, ...]] | None:
    """The conjunctions one of which must hold for the condition to be (`wanted`) or not to be; None if there are too many."""
    op, args = condition.op, condition.args
    if op == "not":
        return _terms(args[0], not wanted)
    if op in ("and", "or"):
        left, right = _terms(args[0], wanted), _terms(args[1], wanted)
        if (op == "and") == wanted:
            return _both(left, right)
        return left + right if left is not None and right is not None and len(left) + len(right) <= TERMS else None
    if op in _COMPARISONS and args[0].type != "bool":
        return [(_comparison(op if wanted else _OPPOSITE[op], *args),)]
    if op == "number":
        return [()] if bool(args[0]) == wanted else []
    return [((condition, "ge" if wanted else "le", 1.0 if wanted else 0.0),)]


def _both(left: list[tuple[Literal, ...]] | None, right: list[tuple[Literal, ...]] | None) -> list[tuple[Literal, ...]] | None:
    if left is None or right is None or len(left) * len(right) > TERMS:
        return None
    return [(*a, *b) for a in left for b in right]


def _comparison(op: str, left: Expr, right: Expr) -> Literal:
    a, b = _constant(left), _constant(right)
    if b is not None:
        return left, op, b
    if a is not None:
        return right, _SWAPPED[op], a
    first, second = sorted((left, right), key=repr)
    difference = Expr("sub", (first, second), left.type, left.span)
    return difference, op if first is left or first == left else _SWAPPED[op], 0.0


def _constant(expr: Expr) -> float | None:
    """The value of an expression of numbers alone."""
    if expr.op == "number":
        return float(expr.args[0])
    if expr.op == "neg":
        inner = _constant(expr.args[0])
        return -inner if inner is not None else None
    if expr.op in ("add", "sub", "mul", "div"):
        a, b = (_constant(part) for part in expr.args)
        if a is None or b is None or (expr.op == "div" and b == 0):
            return None
        return {"add": a + b, "sub": a - b, "mul": a * b}.get(expr.op, a / b if b else 0.0)
    return None
