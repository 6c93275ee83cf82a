"""What judging a tick's damage draws (switch `list_rolls`), without the judgement.

The reference reads its list once more after each action, with nothing to choose: all that is left of that is the random numbers its conditions draw.
"""

from __future__ import annotations

from contextlib import nullcontext

from portunus.dsl.model import Expr
from portunus.ir.attacks import mitigation
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import Scope, children, text
from portunus.ir.layout import list_rolls

ROLLS = "t.switch_list_rolls != 0 and t.resist_full < 1.0"


def judging_functions(context: Context) -> list[Function]:
    """`judged`, and `judge`: only what it draws."""
    if not list_rolls(context.model):
        return []
    judged = [f"if {ROLLS}:", "    s.stream = stream_next(s.stream)", "    u = stream_uniform(s.stream)",
              "    factor = 1.0 if u < t.resist_full else 0.9 if u < t.resist_full + t.resist_tenth else 0.8",
              "    return amount * factor / factor * t.resist_mean", "return amount * t.resist_mean"]
    return [
        Function("judged", ("s", "t", "amount"), "What a magic effect is expected to do; judging it rolls a partial resist and divides it out again.", "",
                 tuple("    " + line for line in judged)),
        Function("judge", ("s", "t"), "What that draws.", "", (f"    if {ROLLS}:", "        s.stream = stream_next(s.stream)")),
    ]


def is_judged(context: Context, expr: Expr) -> bool:
    """Does this expression, without those below it, judge a tick that a partial resist reduces?"""
    if not list_rolls(context.model) or expr.op not in ("aura_tick_damage", "aura_new_tick_damage"):
        return False
    aura = context.model.aura(expr.args[0])
    assert aura.attack is not None
    return mitigation(context.as_expected(), aura, aura.attack, Scope()) == "t.resist_mean"


def _below(context: Context, expr: Expr) -> list[Expr]:
    """What has to be found for an expression, in order."""
    if expr.op == "live_stat":
        stat = context.model.stat(expr.args[0])
        assert stat is not None
        return [stat.formula, *stat.adds, *stat.factors, *(amount for _, _, amount in stat.changes)]
    return list(children(expr))


def draws(context: Context, expr: Expr | None) -> bool:
    """Does finding the value of an expression draw a random number, through live statistics too?"""
    if expr is None or not list_rolls(context.model):
        return False
    return is_judged(context, expr) or any(draws(context, part) for part in _below(context, expr))


def write_draws(w: Writer, context: Context, expr: Expr, scope: Scope) -> None:
    """Write what finding the value of an expression draws, and nothing else of it."""
    parts = _below(context, expr)
    first, *others = [draws(context, part) for part in parts] or [False]
    if is_judged(context, expr):
        aura = context.model.aura(expr.args[0])
        up = f"s.{aura.name}_on[{scope.target}] != 0" if aura.on_target else f"s.{aura.name}_on != 0"
        with w.block(f"if {up}:") if expr.op == "aura_tick_damage" else nullcontext():
            w.put("judge(s, t)")
    elif any(others) and (expr.op == "pick" or (first and expr.op in ("and", "or", "choose")) or (expr.op == "live_stat" and _changes(context, expr))):
        with w.block(f"if {text(expr, context, scope)}:"):  # what is drawn depends on what was drawn or on auras
            pass
    elif any(others) and expr.op in ("and", "or", "choose"):
        guards = {"and": ("",), "or": ("not ",), "choose": ("", "not ")}[expr.op]
        for guard, part in zip(guards, parts[1:], strict=True):
            if draws(context, part):
                with w.block(f"if {guard}{text(parts[0], context, scope)}:"):
                    write_draws(w, context, part, scope)
    else:
        for part in parts:
            if draws(context, part):
                write_draws(w, context, part, scope)


def _changes(context: Context, expr: Expr) -> bool:
    stat = context.model.stat(expr.args[0])
    return stat is not None and bool(stat.changes)
