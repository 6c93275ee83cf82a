"""The tables: every number of a spec, kept apart from the kernels' text.

While lowering, each static expression is given a slot; `fill` evaluates them for one character and encounter. A changed number, talent
or profile therefore changes a table and no kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from portunus.dsl.model import Expr, Span
from portunus.errors import PortunusError
from portunus.ir.expressions import OF_THE_FIGHT, StaticValues, walk
from portunus.ir.layout import ROTATION_SLOTS, Field

LARGEST = 4e18  # of a table's values: nanoseconds that fit a 64-bit integer, and numbers that stay finite when a few are multiplied


@dataclass
class Tables:
    """Slots of static values, in the order in which lowering met them.

    Attributes:
        names: Slot name by expression; fixed slots of the engine come first.
        arrays: (name, kind, size) of whole arrays the engine fills itself.
        rotation_numbers, rotation_times: Expressions in the shared part that priority lists use.
    """

    slots: list[tuple[str, str, Expr | None]] = field(default_factory=list)
    _by_place: dict[tuple[str, str, Expr, Span], str] = field(default_factory=dict)
    arrays: list[tuple[str, str, int]] = field(default_factory=list)
    rotation: dict[str, list[Expr]] = field(default_factory=lambda: {"int": [], "float": []})

    def copy(self) -> Tables:
        """The same slots, to be added to apart."""
        return Tables(list(self.slots), dict(self._by_place), list(self.arrays), {kind: list(entries) for kind, entries in self.rotation.items()})

    def fixed(self, name: str, kind: str) -> None:
        """A slot the engine fills itself."""
        self.slots.append((name, kind, None))

    def array(self, name: str, kind: str, size: int) -> None:
        """An array the engine fills itself."""
        self.arrays.append((name, kind, size))

    def slot(self, expr: Expr, hint: str, *, rotation: bool = False) -> str:
        """Kernel text of the slot that holds a static expression.

        Two equal numbers at two places of a spec have two slots, so that changing one of them changes no text.
        """
        kind = "float" if expr.type == "number" else "int"
        if rotation:
            return self._rotation_slot(expr, kind)
        key = (hint, kind, expr, expr.span)
        if key not in self._by_place:
            taken = {n for n, _, _ in self.slots}
            name = hint
            count = 2
            while name in taken:
                name = f"{hint}_{count}"
                count += 1
            self.slots.append((name, kind, expr))
            self._by_place[key] = name
        return f"t.{self._by_place[key]}"

    def _rotation_slot(self, expr: Expr, kind: str) -> str:
        entries = self.rotation[kind]
        places = [(e, e.span) for e in entries]
        if (expr, expr.span) not in places:
            entries.append(expr)
            places.append((expr, expr.span))
            if len(entries) > ROTATION_SLOTS:
                raise PortunusError(f"the priority lists use more than {ROTATION_SLOTS} different numbers", hint="Use fewer lists at once.")
        return f"t.rotation_{'numbers' if kind == 'float' else 'times'}[{places.index((expr, expr.span))}]"

    def fields(self) -> tuple[Field, ...]:
        """Fields of the tables block."""
        own = [Field(name, "float" if kind == "float" else "int", 1, "") for name, kind, _ in self.slots]
        own += [Field(name, "float" if kind == "float" else "int", size, "", array=True) for name, kind, size in self.arrays]
        return (*own, Field("rotation_numbers", "float", ROTATION_SLOTS, "numbers of priority lists", array=True),
                Field("rotation_times", "int", ROTATION_SLOTS, "times of priority lists", array=True))

    def fill(self, values: StaticValues, fixed: dict[str, Any]) -> dict[str, float | list[float]]:
        """The value of every slot for one character and encounter; `fixed` holds the engine's own."""
        changing: set[str] = set()  # statistics that have no value before a fight
        for stat in values.model.stats:  # each after those it depends on
            parts = [node for expr in (stat.formula, *stat.adds, *stat.factors) for node in walk(expr)]
            if any(n.op in OF_THE_FIGHT or (n.op == "live_stat" and n.args[0] in changing) for n in parts):
                changing.add(stat.name)
                continue
            _checked(lambda name: values.stat(name), stat.name, stat.span)
        result: dict[str, float | list[float]] = {}
        for name, kind, expr in self.slots:
            raw = fixed[name] if expr is None else _checked(values.value, expr, expr.span)
            result[name] = float(raw) if kind == "float" else int(raw)
        for name, _, size in self.arrays:
            result[name] = [*fixed[name], *[0] * (size - len(fixed[name]))]
        for kind, name in (("float", "rotation_numbers"), ("int", "rotation_times")):
            own = [_checked(values.value, e, e.span) for e in self.rotation[kind]]
            result[name] = [float(v) if kind == "float" else int(v) for v in own] + [0] * (ROTATION_SLOTS - len(own))
        return result


def _checked(evaluate: Callable[[Any], float], what: Any, span: Span) -> float:
    """A static value, if there is one that a table can hold.

    Raises:
        PortunusError: It divides by zero, is no number, or is beyond what a fight can hold; names the place.
    """
    try:
        value = evaluate(what)
    except (ZeroDivisionError, ValueError, OverflowError, RecursionError) as error:
        raise _unusable(span, str(error)) from error
    if not abs(value) <= LARGEST:
        raise _unusable(span, f"it is {value:g}")
    return value


def _unusable(span: Span, reason: str) -> PortunusError:
    return PortunusError(f"{span.path}:{span.line}:{span.column}: this value cannot be used with this profile and encounter: {reason}", hint="See the numbers behind it: portunus explain SPEC")
