"""The numbers of a spec for one character: what its statistics, times, costs and factors come to before a fight."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from portunus.dsl.model import Expr, Model
from portunus.errors import PortunusError
from portunus.ir.expressions import StaticValues, is_static
from portunus.units import show_time

_UNITS = {"distance": " yd", "speed": " yd/s"}


def figures(model: Model, values: StaticValues, whose: str) -> list[tuple[str, list[str]]]:
    """Titles with their lines: every expression of the model that is known before a fight, worked out.

    Args:
        model: The spec.
        values: The evaluator for one character in one encounter.
        whose: The character and encounter, for the title.
    """
    stats = [(stat.name, _shown(_value(values, stat.name), stat.formula.type)) for stat in model.stats if not stat.live]
    width = max((len(name) for name, _ in stats), default=0)
    sections = [(f"Statistics of {whose}", [f"{name.ljust(width)}  {value}" for name, value in stats])]
    for title, things in (("Resources", model.resources), ("Spells", model.spells), ("Auras", model.auras)):
        lines = [f"{thing.name}: {', '.join(parts)}" for thing in things if (parts := _parts(thing, values))]
        if lines:
            sections.append((f"{title} of {whose}", lines))
    return sections


def _value(values: StaticValues, name: str) -> float | None:
    try:
        return values.stat(name)
    except (ArithmeticError, ValueError):
        return None


def _parts(thing: Any, values: StaticValues, prefix: str = "") -> list[str]:
    """The static expressions among a definition's fields, by name."""
    parts: list[str] = []
    for item in fields(thing):
        value, word = getattr(thing, item.name), prefix + item.name.replace("_", " ")
        if isinstance(value, Expr):
            if is_static(value) and value.type in ("number", "time", "distance", "speed"):
                parts.append(f"{word} {_shown(_worked_out(value, values), value.type)}")
        elif is_dataclass(value) and item.name == "attack":
            parts += _parts(value, values)
    return parts


def _worked_out(expr: Expr, values: StaticValues) -> float | None:
    try:
        return values.value(expr)
    except (ArithmeticError, ValueError, PortunusError):
        return None


def _shown(value: float | None, kind: str) -> str:
    if value is None:
        return "cannot be computed"
    return show_time(round(value / 1e6) * 10**6) if kind == "time" else f"{value:.6g}{_UNITS.get(kind, '')}"
