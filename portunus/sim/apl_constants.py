"""Values of an imported priority list: their type in the source, their text in the language, and how the source reads constants.

Rules: wowsims/wotlk `sim/core/apl_values_operators.go`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

SECOND = 1_000_000_000

# How tightly a text binds: an operand that binds less than its operator asks for is put in parentheses.
OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, ATOM = range(8)


@dataclass(frozen=True)
class Value:
    """A translated value.

    Attributes:
        text: Expression of the language; "" for a bool or text that is known while importing.
        kind: Type in the source language: "bool", "int", "float", "time" or "text".
        binding: How tightly `text` binds, see `ATOM`.
        known: The value where it is a constant (bool, int, float, nanoseconds or str), else None.
        literal: What the source said, for constants: a constant takes its meaning from the type it is turned into.
    """

    text: str
    kind: str
    binding: int = ATOM
    known: bool | int | float | str | None = None
    literal: str | None = None

    def within(self, binding: int) -> str:
        """The text, in parentheses if it binds less tightly than `binding`."""
        return self.text if self.binding >= binding else f"({self.text})"


_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_NUMBER = r"(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})"
_DURATION_PART = re.compile(rf"({_NUMBER})(ns|us|µs|μs|ms|s|m|h)")
_DURATION = re.compile(rf"[-+]?(?:{_NUMBER}(?:ns|us|µs|μs|ms|s|m|h))+")
_INTEGER = re.compile(r"[-+]?\d{1,18}")
_FLOAT = re.compile(rf"[-+]?{_NUMBER}(?:[eE][-+]?\d{{1,3}})?%?")


def constant(literal: str) -> Value | None:
    """A constant as the source reads it: "true", "4s", "3", "10%", "0.5", else a text; None for numbers out of range."""
    if literal.lower() in ("true", "false"):
        return Value("", "bool", known=literal.lower() == "true", literal=literal)
    if literal in ("0", "+0", "-0"):
        return replace(known("time", 0), literal=literal)
    if _DURATION.fullmatch(literal):
        total = sum(Decimal(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(literal))
        return _limited(known("time", int(-total if literal.startswith("-") else total)), literal)
    if _INTEGER.fullmatch(literal):
        return _limited(known("int", int(literal)), literal) if abs(int(literal)) < 2**31 else None
    if _FLOAT.fullmatch(literal):
        percent = literal.endswith("%")
        number = float(literal.rstrip("%"))
        value = _limited(known("float", number / 100 if percent else number), literal)
        return replace(value, text=f"{_decimal(number)}%") if percent and value is not None else value
    return Value("", "text", known=literal, literal=literal)


def _limited(value: Value, literal: str) -> Value | None:
    limit = 10**18 if value.kind != "time" else 2**62
    inside = isinstance(value.known, (int, float)) and math.isfinite(value.known) and abs(value.known) < limit
    return replace(value, literal=literal) if inside else None


def known(kind: str, value: Any) -> Value:
    """A number or time that is known while importing, as the language writes it."""
    text = time_text(value) if kind == "time" else _decimal(value)
    return Value(text, kind, SIGN if text.startswith("-") else ATOM, known=value)


def time_text(nanoseconds: int) -> str:
    """A time as the language writes it: `12s`, `50ms`, `1.25s`."""
    if nanoseconds % SECOND and abs(nanoseconds) < SECOND:
        return f"{_decimal(Decimal(nanoseconds) / 10**6)}ms"
    return f"{_decimal(Decimal(nanoseconds) / SECOND)}s"


def _decimal(value: int | float | Decimal) -> str:
    text = format(value if isinstance(value, Decimal) else Decimal(repr(value)), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
