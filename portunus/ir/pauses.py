"""Pauses within an event: a kernel function that the player interrupts is split where it may be, and goes on later.

`look` offers a decision in the middle of whatever calls it. After every call that may end so, the caller asks whether it did; if so it puts
the number of the place and the variables that what is left of it needs on a pile in the state, and returns. The innermost function is on top
of the pile: `resume` takes it off and calls the function that holds what was left, which may be interrupted again. So a paused state is a
block like any other: it can be copied, and each copy goes on by itself. A spec that never pauses within an event has none of this.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from portunus.errors import PortunusError
from portunus.ir.context import FLOAT_PARAMETERS, Function
from portunus.ir.layout import PILE, Field, WordType

LOOK = "look"
_DRIVERS = ("advance", "step", "begin", "perform", "quiet_ticks")  # they play a state on, or nothing pauses while they run


@dataclass
class _Site:
    """A place where a function may be interrupted: what is left of it, and the variables that needs."""

    rest: list[ast.stmt]
    needs: list[str]
    function: str


@dataclass(frozen=True)
class Pile:
    """How many whole numbers and how many others an entry of the pile holds."""

    ints: int = 0
    floats: int = 0

    def __or__(self, other: Pile) -> Pile:
        return Pile(max(self.ints, other.ints), max(self.floats, other.floats))

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of a state that hold the pile."""
        return (
            Field("pile_site", "int", PILE, "place that each interrupted function goes on from", array=True),
            Field("pile_ints", "int", PILE * max(self.ints, 1), "its whole numbers", array=True),
            Field("pile_floats", "float", PILE * max(self.floats, 1), "its other numbers", array=True),
        )


def split(functions: list[Function], fields: Iterable[Field]) -> tuple[list[Function], Pile]:
    """Split the functions that may be interrupted.

    Args:
        functions: All functions of a form; unchanged if none of them calls `look`.
        fields: Fields of state, tables and counters, for the types of variables.

    Raises:
        PortunusError: A function would have to remember more than a state can hold.
    """
    bodies = {f.name: _parse(f) for f in functions}
    pausing = _pausing(bodies)
    if not pausing:
        return functions, Pile()
    types = _Types(bodies, {f.name: f.parameters for f in functions}, {f.name: f.type for f in fields})
    splitter = _Splitter(pausing)
    changed: list[Function] = []
    for function in functions:
        if function.name not in pausing or function.name == LOOK:
            changed.append(function)
            continue
        body = splitter.walk(bodies[function.name], [], function.name)
        changed.append(
            _written(function.name, function.parameters, function.summary, function.origin, body, types, function.name, splitter.held(body))
        )
    kinds: list[tuple[list[str], list[str]]] = []
    number = 0
    while number < len(splitter.sites):  # writing what is left may find more places
        site = splitter.sites[number]
        ints = [n for n in site.needs if types.of(site.function, n) == "int"]
        floats = [n for n in site.needs if types.of(site.function, n) == "float"]
        kinds.append((ints, floats))
        body = splitter.walk(site.rest, [], site.function)
        changed.append(
            _written(
                f"resume_{number}",
                ("s", "t", "m", "r", *ints, *floats),
                f"What is left of `{site.function}` after it was interrupted.",
                "",
                body,
                types,
                site.function,
                splitter.held(body),
            )
        )
        number += 1
    pile = Pile(max((len(i) for i, _ in kinds), default=0), max((len(x) for _, x in kinds), default=0))
    filled = [_fill(f, kinds, pile) for f in changed]
    return [*filled, *_pile_functions(kinds, pile)], pile


def _parse(function: Function) -> list[ast.stmt]:
    tree = ast.parse("def f():\n" + ("\n".join(function.body) or "    pass"))
    head = tree.body[0]
    assert isinstance(head, ast.FunctionDef)
    return head.body


def _calls(node: ast.AST) -> Iterable[str]:
    return (n.func.id for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))


def _pausing(bodies: dict[str, list[ast.stmt]]) -> frozenset[str]:
    """The functions that may be interrupted: those that call `look`, through others too."""
    if LOOK not in bodies:
        return frozenset()
    calls = {name: {c for statement in body for c in _calls(statement)} for name, body in bodies.items()}
    found, before = {LOOK}, 0
    while len(found) != before:
        before = len(found)
        found |= {name for name, called in calls.items() if called & found and name not in _DRIVERS}
    return frozenset(found)


class _Splitter:
    """Rewrites bodies so that each call that may be interrupted is followed by the question whether it was."""

    def __init__(self, pausing: frozenset[str]) -> None:
        self.pausing = pausing
        self.sites: list[_Site] = []
        self.known: dict[ast.stmt, int] = {}

    def walk(self, statements: list[ast.stmt], after: list[ast.stmt], function: str) -> list[ast.stmt]:
        """The statements with their questions; `after` is what the function does when they are done."""
        result: list[ast.stmt] = []
        for index, statement in enumerate(statements):
            following = [*statements[index + 1 :], *after]
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and self._interrupts(statement.value):
                result.append(statement)
                rest = _trimmed(following)
                if rest:
                    result.append(self._question(statement, rest, function))
            elif not any(name in self.pausing for name in _calls(statement)):
                result.append(statement)
            elif isinstance(statement, ast.If):
                result.append(
                    ast.If(statement.test, self.walk(statement.body, following, function), self.walk(statement.orelse, following, function))
                )
            elif isinstance(statement, ast.For):
                result.append(
                    ast.For(statement.target, statement.iter, self.walk(statement.body, [_others(statement), *following], function), [])
                )
            elif isinstance(statement, ast.While):
                result.append(ast.While(statement.test, self.walk(statement.body, [statement, *following], function), []))
            else:
                raise AssertionError(f"{function} cannot be interrupted within: {ast.unparse(statement)}")
        return result

    def _interrupts(self, call: ast.Call) -> bool:
        return isinstance(call.func, ast.Name) and call.func.id in self.pausing

    def _question(self, statement: ast.stmt, rest: list[ast.stmt], function: str) -> ast.stmt:
        if statement not in self.known:
            self.known[statement] = len(self.sites)
            self.sites.append(_Site(rest, sorted(_live(rest, set()) - {"s", "t", "m", "r"}), function))
        number = self.known[statement]
        return ast.parse(f"if s.paused != 0:\n    hold({number})\n    return").body[0]

    def held(self, body: list[ast.stmt]) -> set[str]:
        """The variables that the questions of a body put on the pile."""
        found: set[str] = set()
        for statement in body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hold":
                    found |= set(self.sites[node.args[0].value].needs)  # type: ignore[attr-defined]
        return found


def _trimmed(statements: list[ast.stmt]) -> list[ast.stmt]:
    """What is left, without what does nothing at its end."""
    for index, statement in enumerate(statements):
        if isinstance(statement, ast.Return):
            statements = statements[:index]
            break
    return [] if all(isinstance(s, ast.Pass) for s in statements) else statements


def _others(loop: ast.For) -> ast.stmt:
    """The turns of a loop that are still to come."""
    assert isinstance(loop.target, ast.Name) and isinstance(loop.iter, ast.Call)
    end = ast.unparse(loop.iter.args[-1])
    again = ast.parse(f"for {loop.target.id} in range({loop.target.id} + 1, {end}):\n    pass").body[0]
    assert isinstance(again, ast.For)
    again.body = loop.body
    return again


def _live(statements: list[ast.stmt], after: set[str]) -> set[str]:
    """The variables that statements read before they set them."""
    live = set(after)
    for statement in reversed(statements):
        if isinstance(statement, ast.Return):
            live = _read(statement)
        elif isinstance(statement, ast.Assign):
            live = live - {
                n.id for target in statement.targets for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
            live |= _read(statement)
        elif isinstance(statement, ast.If):
            live = _read(statement.test) | _live(statement.body, live) | _live(statement.orelse, live)
        elif isinstance(statement, ast.For):
            assert isinstance(statement.target, ast.Name)
            once = _live(statement.body, live)
            live = live | (_live(statement.body, live | once) - {statement.target.id}) | _read(statement.iter)
        elif isinstance(statement, ast.While):
            once = _live(statement.body, live)
            live = live | _live(statement.body, live | once) | _read(statement.test)
        else:
            live |= _read(statement)
    return live


def _read(node: ast.AST) -> set[str]:
    """The variables that a statement or expression reads; what `x += 1` changes it reads too."""
    called = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and id(n) not in called}
    return found | {n.target.id for n in ast.walk(node) if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}


class _Types:
    """Types of the variables of functions, from what they are set to."""

    def __init__(self, bodies: dict[str, list[ast.stmt]], parameters: dict[str, tuple[str, ...]], fields: dict[str, WordType]) -> None:
        self.bodies, self.parameters, self.fields = bodies, parameters, fields
        self.found: dict[tuple[str, str], WordType] = {}

    def of(self, function: str, name: str) -> WordType:
        """The type of a variable of a function."""
        key = (function, name)
        if key not in self.found:
            self.found[key] = "int"  # for a variable that is set from itself
            if name in self.parameters[function]:
                self.found[key] = "float" if name in FLOAT_PARAMETERS else "int"
            elif any(self._expression(function, value) == "float" for value in self._values(function, name)):
                self.found[key] = "float"
        return self.found[key]

    def _values(self, function: str, name: str) -> Iterable[ast.expr]:
        for statement in self.bodies[function]:
            for node in ast.walk(statement):
                if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                    yield node.value
                if not isinstance(node, ast.Assign):
                    continue
                for target in node.targets:
                    pairs = (
                        zip(target.elts, node.value.elts, strict=True)
                        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                        else ((target, node.value),)
                    )
                    yield from (value for part, value in pairs if isinstance(part, ast.Name) and part.id == name)

    def _expression(self, function: str, node: ast.expr) -> WordType:
        if isinstance(node, ast.Constant):
            return "float" if isinstance(node.value, float) else "int"
        if isinstance(node, ast.Name):
            return self.of(function, node.id)
        if isinstance(node, ast.Attribute):
            return self.fields[node.attr]
        if isinstance(node, ast.Subscript):
            return self._expression(function, node.value)
        if isinstance(node, (ast.Compare, ast.BoolOp)):
            return "int"
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name)
            return self._result(function, node.func.id, node.args)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return "float"
        inner = [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
        parts = inner[1:] if isinstance(node, ast.IfExp) else inner
        return "float" if any(self._expression(function, part) == "float" for part in parts) else "int"

    def _result(self, function: str, name: str, arguments: list[ast.expr]) -> WordType:
        if name in ("min", "max"):
            return "float" if any(self._expression(function, a) == "float" for a in arguments) else "int"
        if name not in self.bodies:
            return "float" if name in ("uniform", "sqrt") else "int"
        returned = [
            n.value for statement in self.bodies[name] for n in ast.walk(statement) if isinstance(n, ast.Return) and n.value is not None
        ]
        return "float" if any(self._expression(name, value) == "float" for value in returned) else "int"


def _written(
    name: str, parameters: tuple[str, ...], summary: str, origin: str, body: list[ast.stmt], types: _Types, source: str, held: set[str]
) -> Function:
    """A function from its statements; what it may put on the pile has a value from the start."""
    unset = [n for n in sorted(held) if n not in parameters]
    lines = [f"{n} = {'0' if types.of(source, n) == 'int' else '0.0'}" for n in unset]
    lines += [line for statement in body for line in ast.unparse(ast.fix_missing_locations(statement)).split("\n")]
    return Function(name, parameters, summary, origin, tuple("    " + line for line in lines))


def _fill(function: Function, kinds: list[tuple[list[str], list[str]]], pile: Pile) -> Function:
    """Write out what each `hold` puts on the pile."""
    lines = []
    for line in function.body:
        head, call, number = line.partition("hold(")
        if call and not head.strip():
            ints, floats = kinds[int(number.rstrip(")"))]
            values = [*ints, *["0"] * (pile.ints - len(ints)), *floats, *["0.0"] * (pile.floats - len(floats))]
            line = f"{head}hold({', '.join(['s', number.rstrip(')'), *values])})"
        lines.append(line)
    return Function(function.name, function.parameters, function.summary, function.origin, tuple(lines))


def _pile_functions(kinds: list[tuple[list[str], list[str]]], pile: Pile) -> list[Function]:
    """`hold` and `resume`."""
    ints, floats = [f"i{n}" for n in range(pile.ints)], [f"x{n}" for n in range(pile.floats)]
    if pile.floats > len([p for p in FLOAT_PARAMETERS if p.startswith("x")]):
        raise PortunusError(
            "an event that the player may interrupt has too much to remember", hint="Let less happen in one spell or handler."
        )
    rows = [("ints", pile.ints, ints), ("floats", pile.floats, floats)]
    hold = [
        "place = s.pile",
        f"if place >= {PILE}:",
        "    s.fault |= 16",
        "    return",
        "while place > s.pile_base:",
        "    s.pile_site[place] = s.pile_site[place - 1]",
    ]
    for kind, width, _ in rows:
        if width:
            hold += [
                f"    for n in range({width}):",
                f"        s.pile_{kind}[place * {width} + n] = s.pile_{kind}[(place - 1) * {width} + n]",
            ]
    hold += ["    place -= 1", "s.pile_site[place] = site"]
    hold += [f"s.pile_{kind}[place * {width} + {n}] = {name}" for kind, width, names in rows for n, name in enumerate(names)]
    hold.append("s.pile += 1")
    resume = ["top = s.pile - 1", "s.pile = top", "s.paused = 0", "site = s.pile_site[top]"]
    for number, (own_ints, own_floats) in enumerate(kinds):
        values = [f"s.pile_ints[top * {pile.ints} + {n}]" for n in range(len(own_ints))] + [
            f"s.pile_floats[top * {pile.floats} + {n}]" for n in range(len(own_floats))
        ]
        resume += [
            f"{'if' if number == 0 else 'elif'} site == {number}:",
            f"    resume_{number}({', '.join(['s', 't', 'm', 'r', *values])})",
        ]
    return [
        Function(
            "hold",
            ("s", "site", *ints, *floats),
            "Put an interrupted function on the pile, below those it called.",
            "",
            tuple("    " + line for line in hold),
        ),
        Function(
            "resume",
            ("s", "t", "m", "r"),
            "Take the innermost interrupted function off the pile and go on with it.",
            "",
            tuple("    " + line for line in resume),
        ),
    ]
