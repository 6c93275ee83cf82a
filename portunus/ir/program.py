"""From model to program: the passes of the compiler, in order.

    model -> layout -> functions (sampled form, expected form), tables -> checks -> Program

A program's text depends on the structure of a spec only; its numbers are in the tables.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, replace

from portunus.dsl.model import Model
from portunus.errors import PortunusError
from portunus.ir.auras import aura_functions
from portunus.ir.context import Context, Function
from portunus.ir.engine import (
    actions_of,
    autocast_ready,
    decision_functions,
    event_functions,
    fixed_tables,
    helper_functions,
    pet_functions,
    rank_function,
)
from portunus.ir.expiry import expire_functions, list_functions
from portunus.ir.features import feature_functions, feature_list
from portunus.ir.layout import Layout, build_layout, pauses
from portunus.ir.pauses import split
from portunus.ir.quiet import quiet_functions, silent_functions
from portunus.ir.rotations import rotation_function
from portunus.ir.spells import handler_functions, spell_functions
from portunus.ir.tables import Tables
from portunus.runtime.signature import Action

MAX_LINES = 6_000  # a form of a shipped spec has 1,100 to 3,500; numba needs about 25 ms a line


@dataclass(frozen=True)
class Program:
    """A lowered spec.

    Attributes:
        model, layout, tables, actions, feature_names: as their names say.
        sampled, expected: the functions of the two forms; they share layout and tables.
    """

    model: Model
    layout: Layout
    tables: Tables
    actions: tuple[Action, ...]
    feature_names: tuple[str, ...]
    sampled: tuple[Function, ...]
    expected: tuple[Function, ...]
    rotations: dict[str, Function]


def lower(model: Model) -> Program:
    """Lower a model with its priority lists.

    Raises:
        PortunusError: The spec is too large to compile in reasonable time.
    """
    layout = build_layout(model)
    tables = Tables()
    context = Context(model, layout, tables, expected=False)
    fixed_tables(context)
    fields = (*layout.state, *layout.metrics)
    sampled, first = split(_functions(context), (*fields, *tables.fields()))
    expected, second = split(_functions(context.as_expected()), (*fields, *tables.fields()))
    if pauses(model):
        layout = replace(layout, state=(*layout.state, *(first | second).fields))
    forms = callees_first(sampled), callees_first(expected)
    engine_slots = len(tables.slots)
    lists = {r.name: rotation_function(context, r) for r in model.rotations}
    if len(tables.slots) != engine_slots:
        raise AssertionError("a priority list needs an engine slot; its numbers belong to the rotation part")
    program = Program(model, layout, tables, actions_of(model), tuple(n for n, _ in feature_list(context)), *forms, lists)
    _check(program)
    return program


def _functions(context: Context) -> list[Function]:
    functions = helper_functions(context)
    if context.autocast:
        functions.append(autocast_ready(context))
    functions += handler_functions(context)
    for aura in context.model.auras:
        functions += aura_functions(context, aura)
    for spell in context.model.spells:
        functions += spell_functions(context, spell)
    for pet in context.model.pets:
        functions += pet_functions(context, pet)
    functions += [*list_functions(context), *expire_functions(context), rank_function(context), *event_functions(context), *decision_functions(context), *silent_functions(context), *quiet_functions(context)]
    return functions + feature_functions(context)


def callees_first(functions: list[Function]) -> tuple[Function, ...]:
    """Order functions so that each stands after what it calls.

    Raises:
        PortunusError: Two effects of the spec trigger each other.
    """
    by_name = {f.name: f for f in functions}
    calls = {f.name: [c for c in dict.fromkeys(re.findall(r"\b(\w+)\(", "\n".join(f.body))) if c in by_name] for f in functions}
    done: dict[str, Function] = {}
    for start in by_name:
        path = [(start, iter(calls[start]))]
        while path:
            name, rest = path[-1]
            following = next((c for c in rest if c not in done), None)
            if name in done or following is None:
                done.setdefault(name, by_name[name])
                path.pop()
            elif any(following == n for n, _ in path):
                loop = [n for n, _ in path][[n for n, _ in path].index(following):]
                raise PortunusError(f"effects of {loop[0]} trigger themselves: {' -> '.join([*loop, following])}",
                                    hint="Break the circle, for instance with a condition or an aura's duration.")
            else:
                path.append((following, iter(calls[following])))
    return tuple(done.values())


_ALLOWED = (ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Expr, ast.Assign, ast.AugAssign, ast.If, ast.For, ast.While, ast.Return, ast.Pass,
            ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.IfExp, ast.Attribute, ast.Subscript, ast.Name, ast.Constant,
            ast.Tuple, ast.Load, ast.Store, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
_BUILTINS = {"min", "max", "int", "range", "sqrt", "uniform", "proc", "chance", "earliest", "soonest", "shared", "first_due", "stream", "restore", "stream_next", "stream_uniform"}


def _check(program: Program) -> None:
    """Generated text contains nothing but what lowering can write, and is not too long."""
    for functions in (program.sampled, program.expected):
        if sum(source(f).count("\n") for f in functions) > MAX_LINES:
            raise PortunusError(f"the spec {program.model.name} would become more than {MAX_LINES} lines of kernel", hint="Split it into smaller specs.")
    check_text(program.sampled, program.expected, tuple(program.rotations.values()))


def check_text(first: tuple[Function, ...], *others: tuple[Function, ...]) -> None:
    """An allow-list over the syntax tree of generated text; the functions of the first part may be called from all."""
    seen: set[str] = set()  # most functions are the same in both forms
    for functions in (first, *others):
        names = {f.name for f in first} | {f.name for f in functions} | _BUILTINS
        fresh = [one for one in map(source, functions) if one not in seen]
        seen.update(fresh)
        for node in ast.walk(ast.parse("\n".join(fresh))):
            if not isinstance(node, _ALLOWED):
                raise AssertionError(f"generated text holds a {type(node).__name__}")
            if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in names):
                raise AssertionError(f"generated text calls {ast.unparse(node.func)}")
            if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id in ("s", "t", "m")):
                raise AssertionError(f"generated text reads {ast.unparse(node)}")


def source(function: Function) -> str:
    """Plain text of a function."""
    where = f"  # {function.origin}" if function.origin else ""
    body = "\n".join(function.body) or "    pass"
    return f"def {function.name}({', '.join(function.parameters)}):{where}\n    {json.dumps(function.summary)}\n{body}\n"
