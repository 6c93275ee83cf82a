"""PT309: two ways to say how long an aura lasts that do not agree."""

from __future__ import annotations

from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import Expr, Model
from portunus.dsl.symbols import Symbols
from portunus.units import show_time


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Report auras whose `duration` is not `ticks` times `every`, `hasted` ones with a fixed duration, and a global cooldown below its floor."""
    _floor(model, symbols, problems)
    for aura in model.auras:
        if aura.duration is None or not aura.ticks or aura.every is None:
            continue
        if aura.tick_count is not None or not _literal(aura.duration):
            problems.error("PT309", aura.duration.span, f"the ticks of `{aura.name}` say how long it lasts, and this says so again", "Leave `duration` out.")
            continue
        if aura.hasted:
            problems.error("PT309", aura.duration.span, f"`{aura.name}` has a fixed duration, but haste changes its ticks", "Leave `duration` out.")
        elif _literal(aura.duration) and _literal(aura.every) and aura.duration.args[0] != aura.ticks * aura.every.args[0]:
            found, meant = show_time(aura.duration.args[0]), show_time(aura.ticks * aura.every.args[0])
            ticks = f"{aura.ticks} ticks every {show_time(aura.every.args[0])}"
            problems.error("PT309", aura.duration.span, f"`{aura.name}` lasts {found}, but {ticks} make {meant}", f"write `{meant}`, or leave `duration` out")


def _floor(model: Model, symbols: Symbols, problems: Problems) -> None:
    section = symbols.sections.get("ruleset")
    gcd = section.field("gcd") if section is not None else None
    if gcd is not None and gcd.get("floor") not in (None, True) and model.ruleset.gcd_floor > model.ruleset.gcd:
        problems.error("PT309", gcd.arguments["floor"].span, f"the global cooldown is {show_time(model.ruleset.gcd)}, and cannot be less than {show_time(model.ruleset.gcd_floor)}",
                       "The floor is what haste cannot take it below.")


def _literal(expr: Expr) -> bool:
    return expr.op == "number" and expr.type == "time"
