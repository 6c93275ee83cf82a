"""What a formula is worth for the spec's own character in the standard fight, for a reader who hovers over it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from portunus.compiler import resolve_encounter, resolve_profile, static_values
from portunus.dsl.diagnostics import Problems
from portunus.dsl.expressions import Expressions
from portunus.dsl.load import Checked
from portunus.dsl.model import Expr
from portunus.dsl.names import UNKNOWN, Context
from portunus.dsl.syntax import Node
from portunus.errors import PortunusError
from portunus.ir.expressions import StaticValues, is_static

TYPES = "number time bool distance speed"
UNITS = {"distance": " yd", "speed": " yd/s"}


class Values:
    """Values of formulas of one specialisation.

    Args:
        checked: What the front end read.

    Attributes:
        character: Whose values they are, for the reader; "" where the spec has no default profile, or errors keep it from being read.
    """

    def __init__(self, checked: Checked) -> None:
        self._symbols = checked.symbols
        self._values: StaticValues | None = None
        self.character = ""
        model = checked.reading
        if model is not None:
            try:
                profile = resolve_profile(model, None)
                self._values = static_values(model, profile, resolve_encounter(None))
                self.character = model.default_profile
                self.talents, self.glyphs, self.options, self.stats = profile.talents, profile.glyphs, profile.options, profile.stats
            except PortunusError:
                self._values = None

    def of_node(self, node: Node, *, pet: str = "", aura: str = "", event: str = "") -> str:
        """The value of a formula as written, "" where it depends on the fight or cannot be read."""
        if self._symbols is None or self._values is None:
            return ""
        context = Context(pet=pet, aura=aura, event=event, rolls=True)
        return self.of(Expressions(self._symbols, Problems()).resolve(node, context, TYPES, ""))

    def of(self, expr: Expr) -> str:
        """The value of an expression; a rolled amount as its bounds."""
        low, high = _settled(expr, 0), _settled(expr, 1)
        if self._values is None or expr.type == UNKNOWN or not (is_static(low) and is_static(high)):
            return ""
        try:
            first, last = self._values.value(low), self._values.value(high)
        except (PortunusError, ArithmeticError, ValueError, LookupError, TypeError, StopIteration):
            return ""
        return shown(first, low.type) if first == last else f"{shown(first, low.type)} to {shown(last, high.type)}"

    def stat(self, name: str) -> str:
        """The value of a statistic, "" where it cannot be computed."""
        try:
            return shown(self._values.stat(name), "number") if self._values is not None else ""
        except (PortunusError, ArithmeticError, ValueError, LookupError, TypeError, StopIteration):
            return ""


def _settled(expr: Expr, bound: int) -> Expr:
    """An expression with every range replaced by a bound, and live statistics by what they are before the fight."""
    if expr.op == "range":
        return _settled(expr.args[bound], bound)
    args = tuple(_settled(argument, bound) if isinstance(argument, Expr) else argument for argument in expr.args)
    return replace(expr, op="stat" if expr.op == "live_stat" else expr.op, args=args, type="number" if expr.type == "range" else expr.type)


def shown(value: Any, kind: str) -> str:
    """A value with its unit: times in seconds, small numbers also in percent."""
    if isinstance(value, bool) or kind == "bool":
        return "yes" if value else "no"
    if kind == "time":
        return f"{value / 1e9:.3f}".rstrip("0").rstrip(".") + " s"
    text = f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 10 else f"{value:.4g}"
    if kind == "number" and 0 < abs(value) < 2 and value != 1:
        text += f" ({value * 100:.4g} %)"
    return text + UNITS.get(kind, "")
