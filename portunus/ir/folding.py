"""Rewriting one function with what is known about a program: numbers are computed, conditions that are settled taken out.

Numbers are computed as a kernel computes them, so that what is left gives the same bits.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from portunus.ir.layout import NEVER

Body = list[ast.stmt]
BLOCKS = frozenset("stmr")
_TURNS = 8  # of a loop that schedules events: written out, so that their slots are known
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b, ast.Mod: lambda a, b: a % b,
    ast.Lt: lambda a, b: a < b, ast.LtE: lambda a, b: a <= b, ast.Gt: lambda a, b: a > b, ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b, ast.NotEq: lambda a, b: a != b,
}  # fmt: skip


class Known(Protocol):
    """What is known about a program.

    Attributes:
        bodies, parameters: of its functions. values: of its tables, by slot name.
        pure: functions that draw nothing and change no block. empty: functions that do nothing. plain: functions that are one expression.
        stored, settled: see `portunus.ir.fixed`.
    """

    bodies: dict[str, Body]
    parameters: dict[str, tuple[str, ...]]
    values: Mapping[str, Any]
    pure: frozenset[str]
    empty: frozenset[str]
    plain: dict[str, tuple[tuple[str, ...], ast.expr]]
    stored: dict[str, dict[int | None, set[Any]]]
    settled: dict[str, Any]

    def value(self, field: str, index: int | None) -> ast.Constant | None:
        """The one value of a field of the state."""
        ...

    def unused(self, what: str, which: int) -> bool:
        """Is there never an event in the slots that the dispatch means?"""
        ...


def number(node: ast.AST) -> Any:
    """The value of a node that is a number."""
    assert isinstance(node, ast.Constant)
    return node.value


def lines_of(body: Body) -> list[str]:
    return [line for statement in body for line in ast.unparse(ast.fix_missing_locations(statement)).split("\n")] or ["pass"]


def parsed(lines: list[str]) -> Body:
    head = ast.parse("\n".join(["def f():", *("    " + line for line in lines)])).body[0]
    assert isinstance(head, ast.FunctionDef)
    return head.body


def calls(body: Iterable[ast.AST]) -> Iterable[ast.Call]:
    return (n for statement in body for n in ast.walk(statement) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))


def name_of(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Name)
    return call.func.id


def block_of(node: ast.AST) -> str:
    """Which block an attribute belongs to: "s", "t", "m", or "" for anything else."""
    return node.value.id if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in BLOCKS else ""


class Substitute(ast.NodeTransformer):
    """Puts expressions in the place of variables."""

    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self.known.get(node.id, node) if isinstance(node.ctx, ast.Load) else node


def is_remark(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _copied(body: Body) -> Body:
    return parsed(lines_of(body))


def _ends(body: Body) -> bool:
    return bool(body) and isinstance(body[-1], ast.Return)


def stores(node: ast.AST) -> Iterable[tuple[ast.expr, ast.expr | None]]:
    """What a statement sets, and to what; None where that depends on what it was."""
    if isinstance(node, ast.AugAssign):
        yield node.target, None
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple):
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [None] * len(target.elts)
                yield from zip(target.elts, values, strict=True)
            else:
                yield target, node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "schedule":
        slot = node.args[1]
        yield ast.Subscript(ast.Attribute(ast.Name("s", ast.Load()), "at", ast.Load()), slot, ast.Store()), node.args[2]
        yield ast.Subscript(ast.Attribute(ast.Name("s", ast.Load()), "order", ast.Load()), slot, ast.Store()), None
        yield ast.Attribute(ast.Name("s", ast.Load()), "sequence", ast.Store()), None


def place_of(target: ast.expr) -> tuple[str, int | None] | None:
    """A field of the state, or an element of an array of it; None for what is elsewhere. An index that is not known stands for all."""
    if isinstance(target, ast.Subscript) and block_of(target.value) == "s":
        assert isinstance(target.value, ast.Attribute)
        return target.value.attr, number(target.slice) if isinstance(target.slice, ast.Constant) else None
    return (target.attr, None) if isinstance(target, ast.Attribute) and block_of(target) == "s" else None


class Fold:
    """Rewrites one function with what is known."""

    def __init__(self, fixed: Known, name: str) -> None:
        self.fixed, self.name = fixed, name
        self.known: dict[str, ast.expr] = {}  # variables that are a number here, or were just drawn

    # ---- statements ------------------------------------------------------------------------------------------------------------

    def walk(self, statements: Body) -> Body:
        """The statements that are left."""
        result: Body = []
        for statement in statements:
            done = self._statement(statement)
            result += done
            if done and isinstance(done[-1], ast.Return):
                break
        return result

    def _statement(self, node: ast.stmt) -> Body:
        if isinstance(node, ast.If):
            return self._if(node)
        if isinstance(node, (ast.While, ast.For)):
            self._forget(node)
            left = self._for(node) if isinstance(node, ast.For) else self._while(node)
            self._forget(node)
            return left
        if isinstance(node, ast.Assign):
            return self._assign(node)
        if isinstance(node, ast.AugAssign):
            value = self.expression(node.value)
            self._note(node.target, None)
            return [ast.AugAssign(self._target(node.target), node.op, value)]
        if isinstance(node, ast.Return):
            return [ast.Return(self.expression(node.value) if node.value is not None else None)]
        if isinstance(node, ast.Expr):
            value = self.expression(node.value)
            return [] if self._idle(value) else [ast.Expr(value)]
        return [] if isinstance(node, ast.Pass) else [node]

    def _if(self, node: ast.If) -> Body:
        test = self.expression(node.test)
        if isinstance(test, ast.Constant):
            return self.walk(node.body if test.value else node.orelse)
        before = dict(self.known)
        then, one = self.walk(node.body), self.known
        self.known = before
        orelse = self.walk(node.orelse)
        if one is not None and not _ends(then):
            self.known = one if _ends(orelse) else {n: v for n, v in self.known.items() if n in one and ast.dump(one[n]) == ast.dump(v)}
        if not then and not orelse and self.quiet(test):
            return []
        return [ast.If(test, then or [ast.Pass()], orelse)]

    def _while(self, node: ast.While) -> Body:
        test = self.expression(node.test)
        return [] if isinstance(test, ast.Constant) and not test.value else [ast.While(test, self.walk(node.body) or [ast.Pass()], [])]

    def _for(self, node: ast.For) -> Body:
        bounds = node.iter
        assert isinstance(bounds, ast.Call) and isinstance(node.target, ast.Name)
        ends = [self.expression(a) for a in bounds.args]
        if all(isinstance(e, ast.Constant) for e in ends):
            turns = range(*map(number, ends))
            if len(turns) <= 1 or (len(turns) <= _TURNS and any(name_of(c) == "schedule" for c in calls(node.body))):
                return [x for turn in turns for x in self.walk([Substitute({node.target.id: ast.Constant(turn)}).visit(s) for s in _copied(node.body)])]
        body = self.walk(node.body)
        return [ast.For(node.target, ast.Call(bounds.func, ends, []), body, [])] if body else []

    def _assign(self, node: ast.Assign) -> Body:
        (target,) = node.targets
        if isinstance(target, ast.Tuple):
            if self.name == "begin":  # what the fight before left
                return [node]
            together = self.expression(node.value)
            values = together.elts if isinstance(together, ast.Tuple) else [None] * len(target.elts)
            for part, each in zip(target.elts, values, strict=True):
                self._note(part, each)
            return [ast.Assign([ast.Tuple([self._target(x) for x in target.elts], ast.Store())], together, lineno=0)]
        value = self.expression(node.value)
        self._note(target, value)
        if isinstance(target, ast.Attribute) and block_of(target) == "s":
            known = self.fixed.value(target.attr, None)
            if known is not None:
                self.fixed.settled[target.attr] = number(known)
                return []
        place = place_of(target)  # the queue is also read as a whole
        if isinstance(target, ast.Subscript) and place is not None and place[0] not in ("at", "order") and self.fixed.value(place[0], None) is not None:
            return []
        return [ast.Assign([self._target(target)], value, lineno=0)]

    def _forget(self, node: ast.AST) -> None:
        """What a loop sets is not known within it, nor after it."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                self.known.pop(part.id, None)

    def _note(self, target: ast.expr, value: ast.expr | None) -> None:
        """A variable is set."""
        if isinstance(target, ast.Name):
            self.known.pop(target.id, None)
            if isinstance(value, ast.Constant) or (isinstance(value, ast.Call) and name_of(value) == "uniform"):
                self.known[target.id] = value

    def _target(self, target: Any) -> Any:
        if isinstance(target, ast.Subscript):
            return ast.Subscript(target.value, self.expression(target.slice), ast.Store())
        return target

    def _idle(self, value: ast.expr) -> bool:
        """Does evaluating it change nothing?"""
        return isinstance(value, ast.Constant) or (isinstance(value, ast.Call) and (name_of(value) in self.fixed.empty or self.quiet(value)))

    def quiet(self, node: ast.expr) -> bool:
        """Does evaluating it neither draw a number nor change a block?"""
        return all(name_of(c) in self.fixed.pure or name_of(c) in ("min", "max", "int", "sqrt") for c in calls([node]))

    # ---- expressions -----------------------------------------------------------------------------------------------------------

    def expression(self, node: ast.expr) -> ast.expr:
        """The expression with what is known in it."""
        if isinstance(node, ast.Name):
            known = self.known.get(node.id)
            return known if isinstance(known, ast.Constant) else node
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._element(node)
        if isinstance(node, ast.BinOp):
            left, right = self.expression(node.left), self.expression(node.right)
            if isinstance(node.op, ast.Mod) and isinstance(right, ast.Constant) and right.value == 1 and self.quiet(left):
                return ast.Constant(0)  # the next of one enemy
            return _computed(node.op, left, right) or ast.BinOp(left, node.op, right)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.BoolOp):
            return self._both(node)
        if isinstance(node, ast.IfExp):
            test = self.expression(node.test)
            if isinstance(test, ast.Constant):
                return self.expression(node.body if test.value else node.orelse)
            return ast.IfExp(test, self.expression(node.body), self.expression(node.orelse))
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Tuple):
            return ast.Tuple([self.expression(x) for x in node.elts], node.ctx)
        return node

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        block = block_of(node)
        if block == "t" and isinstance(self.fixed.values.get(node.attr), (int, float)):
            return ast.Constant(self.fixed.values[node.attr])
        return (self.fixed.value(node.attr, None) if block == "s" else None) or node

    def _element(self, node: ast.Subscript) -> ast.expr:
        index = self.expression(node.slice)
        if isinstance(node.value, ast.Attribute):
            block, field = block_of(node.value), node.value.attr
            if block == "t" and isinstance(index, ast.Constant):
                return ast.Constant(self.fixed.values[field][index.value])
            known = self.fixed.value(field, number(index) if isinstance(index, ast.Constant) else None) if block == "s" else None
            if known is not None:
                return known
        return ast.Subscript(node.value, index, node.ctx)

    def _unary(self, node: ast.UnaryOp) -> ast.expr:
        value = self.expression(node.operand)
        if isinstance(value, ast.Constant):
            return ast.Constant(not number(value) if isinstance(node.op, ast.Not) else -number(value))
        return ast.UnaryOp(node.op, value)

    def _compare(self, node: ast.Compare) -> ast.expr:
        values = [self.expression(x) for x in (node.left, *node.comparators)]
        if len(node.ops) == 1:
            if isinstance(node.ops[0], (ast.Eq, ast.NotEq)) and self._impossible(*values):
                return ast.Constant(isinstance(node.ops[0], ast.NotEq))
            if isinstance(node.ops[0], ast.LtE) and isinstance(values[0], ast.Constant) and values[0].value == NEVER:
                return ast.Constant(False)
            if self.name == "dispatch" and isinstance(node.ops[0], ast.Eq) and self._never(values):
                return ast.Constant(False)
            drawn = self.known.get(values[0].id) if isinstance(values[0], ast.Name) else None
            if drawn is not None and isinstance(node.ops[0], ast.Lt) and isinstance(values[1], ast.Constant) and not 0.0 < number(values[1]) < 1.0:
                return ast.Constant(number(values[1]) >= 1.0)
            return _computed(node.ops[0], *values) or ast.Compare(values[0], node.ops, values[1:])
        return ast.Compare(values[0], node.ops, values[1:])

    def _impossible(self, what: ast.expr, value: ast.expr) -> bool:
        """Is a field of the state never set to a number?"""
        if not isinstance(what, ast.Attribute) or block_of(what) != "s" or not isinstance(value, ast.Constant):
            return False
        found = set().union(*self.fixed.stored.get(what.attr, {None: {None}}).values())
        return None not in found and all(x[1] != value.value for x in found)

    def _never(self, values: list[ast.expr]) -> bool:
        """Is it about a slot in which there is never an event?"""
        what, which = values
        return isinstance(what, ast.Name) and isinstance(which, ast.Constant) and self.fixed.unused(what.id, number(which))

    def _both(self, node: ast.BoolOp) -> ast.expr:
        """`and` and `or`, the first of which settles it."""
        settles = isinstance(node.op, ast.Or)
        parts: list[ast.expr] = []
        for value in map(self.expression, node.values):
            if isinstance(value, ast.Constant):
                if bool(value.value) is settles:
                    if all(self.quiet(p) for p in parts):
                        return ast.Constant(settles)
                    parts.append(ast.Constant(settles))
                    break
                continue
            parts.append(value)
        if not parts:
            return ast.Constant(not settles)
        return parts[0] if len(parts) == 1 else ast.BoolOp(node.op, parts)

    def _call(self, node: ast.Call) -> ast.expr:
        name, values = name_of(node), [self.expression(a) for a in node.args]
        if name in ("min", "max"):
            return self._extreme(name, values)
        if name == "int" and isinstance(values[0], ast.Constant):
            return ast.Constant(int(number(values[0])))
        if name == "sqrt" and isinstance(values[0], ast.Constant):
            return ast.Constant(math.sqrt(number(values[0])))
        if name == "proc" and isinstance(values[0], ast.Constant) and not 0.0 < number(values[0]) < 1.0:
            return ast.Constant(number(values[0]) >= 1.0)
        if name in self.fixed.pure and values and all(isinstance(v, ast.Constant) or (isinstance(v, ast.Name) and v.id in BLOCKS) for v in values):
            found = self._evaluated(name, values)
            if found is not None:
                return found
        if name in self.fixed.plain:
            parameters, result = self.fixed.plain[name]
            if all(isinstance(v, (ast.Constant, ast.Name, ast.Attribute)) or block_of(getattr(v, "value", v)) for v in values):
                copied = ast.parse(ast.unparse(result), mode="eval").body
                return self.expression(Substitute(dict(zip(parameters, values, strict=True))).visit(copied))
        return ast.Call(node.func, values, [])

    def _evaluated(self, name: str, values: list[ast.expr]) -> ast.Constant | None:
        """What a function gives for numbers, if that is a number."""
        body = parsed(lines_of(self.fixed.bodies[name]))
        known = dict(zip(self.fixed.parameters[name], values, strict=True))
        left = [x for x in Fold(self.fixed, name).walk([Substitute(known).visit(x) for x in body]) if not is_remark(x)]
        only = left[0] if len(left) == 1 else None
        return only.value if isinstance(only, ast.Return) and isinstance(only.value, ast.Constant) else None

    def _extreme(self, name: str, values: list[ast.expr]) -> ast.expr:
        known = [number(v) for v in values if isinstance(v, ast.Constant)]
        if len(known) == len(values):
            found = (min if name == "min" else max)(known)
            return ast.Constant(float(found) if any(isinstance(x, float) for x in known) else found)
        if name == "min" and NEVER in known:  # no time is later
            values = [v for v in values if not (isinstance(v, ast.Constant) and v.value == NEVER)]
        return values[0] if len(values) == 1 else ast.Call(ast.Name(name, ast.Load()), values, [])


def _computed(op: ast.AST, left: ast.expr, right: ast.expr) -> ast.expr | None:
    """The value of an operation on two numbers as a kernel finds it; None where it is not known."""
    if not isinstance(left, ast.Constant) or not isinstance(right, ast.Constant) or type(op) not in _OPERATORS:
        return None
    a, b = number(left), number(right)
    if isinstance(a, float) or isinstance(b, float):
        a, b = float(a), float(b)
    try:
        return ast.Constant(_OPERATORS[type(op)](a, b))
    except ZeroDivisionError:
        return None
