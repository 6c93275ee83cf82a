"""Conditions that are watched while a fight is played: claims about every reachable state, as one more function of a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from portunus.dsl.model import Expr
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import Scope, text
from portunus.ir.program import Program

WATCH = "first_broken"


def with_watch(program: Program, conditions: Sequence[Expr | str]) -> Program:
    """The program with a function `first_broken(s, t)`: the index of the first condition that does not hold, -1 if all do.

    Args:
        program: A lowered spec; it stays as it is. The new program's tables have further slots behind the old ones, so they fit the Python target only.
        conditions: Expressions of type bool, or text in the terms of the program.
    """
    tables = program.tables.copy()
    context = Context(program.model, program.layout, tables, expected=False)
    w = Writer()
    for index, condition in enumerate(conditions):
        holds = condition if isinstance(condition, str) else text(condition, context, Scope(), f"watch_{index}")
        with w.block(f"if not ({holds}):"):
            w.put(f"return {index}")
    w.put("return -1")
    watch = Function(WATCH, ("s", "t"), "The first watched condition that does not hold, -1 if all do.", "", tuple(w.lines))
    return replace(program, tables=tables, sampled=(*program.sampled, watch), expected=(*program.expected, watch))
