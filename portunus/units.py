"""The units of the language: what may follow a number, and what it means inside."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Unit:
    """A unit.

    Attributes:
        name: As written after the number.
        type: The type of the value in the model's terms.
        factor: What one of it is inside: nanoseconds, yards, yards per second, or a plain fraction.
        meaning: For the reference.
    """

    name: str
    type: str
    factor: Decimal
    meaning: str


UNITS: dict[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit("", "number", Decimal(1), "a plain number"),
        Unit("%", "number", Decimal("0.01"), "a hundredth"),
        Unit("ms", "time", Decimal(10**6), "milliseconds"),
        Unit("s", "time", Decimal(10**9), "seconds"),
        Unit("min", "time", Decimal(60 * 10**9), "minutes"),
        Unit("h", "time", Decimal(3600 * 10**9), "hours"),
        Unit("yd", "distance", Decimal(1), "yards"),
        Unit("yd/s", "speed", Decimal(1), "yards per second"),
    )
}


# What people write for a unit -> the unit.
_UNIT_WORDS = {"sec": "s", "secs": "s", "second": "s", "seconds": "s", "m": "min", "minutes": "min", "mins": "min", "hours": "h", "hr": "h", "yards": "yd", "yard": "yd",
               "y": "yd", "msec": "ms", "pct": "%", "percent": "%", "yds": "yd"}  # fmt: skip


def meant_unit(unit: str) -> str | None:
    """The unit that an unknown one stands for, None if that is unclear."""
    lower = unit.lower()
    return lower if lower in UNITS else _UNIT_WORDS.get(lower)


def convert(digits: str, unit: str) -> int | float:
    """A literal's value inside: exact integer nanoseconds for times (rounded to the nearest), the nearest float for the rest.

    Args:
        digits: Decimal digits, perhaps with a sign and a point.
        unit: A key of `UNITS`.
    """
    value = Decimal(digits) * UNITS[unit].factor
    return int(value.to_integral_value()) if UNITS[unit].type == "time" else float(value)


def show_time(nanoseconds: int) -> str:
    """A time in the largest unit that writes it exactly: `1.5s`, `50ms`, `2min`."""
    for name in ("h", "min"):
        if nanoseconds and nanoseconds % int(UNITS[name].factor) == 0:
            return f"{nanoseconds // int(UNITS[name].factor)}{name}"
    if 0 < abs(nanoseconds) < 10**9 and nanoseconds % 10**6 == 0:
        return f"{nanoseconds // 10**6}ms"
    return f"{format((Decimal(nanoseconds) / 10**9).normalize(), 'f')}s"
