"""PT309: two ways to say how long an aura lasts that do not agree."""

from __future__ import annotations

from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import Expr, Model
from portunus.dsl.symbols import Symbols
from portunus.units import show_time


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Report auras whose `duration` is not `ticks` times `every`, and `hasted` ones with a fixed duration."""
    for aura in model.auras:
        if aura.duration is None or not aura.ticks or aura.every is None or aura.tick_count is not None:
            continue
        if aura.hasted:
            problems.error("PT309", aura.duration.span, f"`{aura.name}` has a fixed duration, but haste changes its ticks", "Leave `duration` out.")
        elif _literal(aura.duration) and _literal(aura.every) and aura.duration.args[0] != aura.ticks * aura.every.args[0]:
            found, meant = show_time(aura.duration.args[0]), show_time(aura.ticks * aura.every.args[0])
            ticks = f"{aura.ticks} ticks every {show_time(aura.every.args[0])}"
            problems.error("PT309", aura.duration.span, f"`{aura.name}` lasts {found}, but {ticks} make {meant}", f"write `{meant}`, or leave `duration` out")


def _literal(expr: Expr) -> bool:
    return expr.op == "number" and expr.type == "time"
