"""Whole fights of one character in one encounter with one priority list: what the numbers decide is decided before they are played.

A program is written for every character. Once its tables are filled, much of it can never happen: spells nobody has, auras nobody applies, enemies that
are not there, switches that are off. Here every number of the tables takes its place in the text, conditions that are settled by it are taken out,
functions that nobody calls any more too, fields of the state that never change become numbers, and so on until nothing is left to find. The
fights are the same to the last bit; only whole fights are left, and the time to compile them is a third.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from portunus.ir.context import Function
from portunus.ir.folding import Body, Fold, Substitute, block_of, calls, is_remark, lines_of, name_of, parsed, place_of, stores
from portunus.ir.keys import renumber_function, sort_by_key, sorts_by_key
from portunus.ir.layout import NEVER, list_rolls, remembers
from portunus.ir.program import Program, callees_first, check_text

ENTRIES = ("begin", "play", "finalize")
_DRAWS = frozenset({"uniform", "proc", "chance", "restore", "stream"})
_ROUNDS = 12


def fixed_fights(program: Program, values: Mapping[str, Any], rotation: str) -> tuple[Function, ...]:
    """The functions of whole fights with these tables and that list: `begin`, `play` to the end, `finalize`, and what they call.

    Args:
        program: The lowered spec.
        values: Every value of its tables, by slot name.
        rotation: The priority list.
    """
    functions = {f.name: f for f in (*program.sampled, *_playing(program, rotation))}
    bodies = {name: _parse(f) for name, f in functions.items()}
    parameters = {name: f.parameters for name, f in functions.items()}
    _without_advance(bodies["begin"])
    _set_once(bodies["begin"], {f.name for f in program.layout.state if f.name.startswith("phase_")})
    if values["enemies"] == 1:
        only = Substitute({"target": ast.Constant(0)})
        bodies = {name: [only.visit(statement) for statement in body] for name, body in bodies.items()}
    layout = program.layout
    fixed = _Fixed(bodies, parameters, (layout.slots_before_enemies, len(layout.slots), layout.slots_per_enemy), {k: v if isinstance(v, (int, float)) else list(v) for k, v in values.items()})
    fixed.settle()
    if sorts_by_key(fixed.bodies, layout, fixed.values):
        live = [slot for slot in range(len(layout.slots)) if not fixed.never(slot)]
        sort_by_key(fixed.bodies, program, live, fixed.values)
        functions["renumber"] = renumber_function(layout, fixed.values["duration"])
        fixed.bodies["renumber"], fixed.parameters["renumber"] = _parse(functions["renumber"]), ("s",)
        fixed.settle()
    kept = [
        Function(name, fixed.parameters[name], functions[name].summary, functions[name].origin, tuple("    " + line for line in lines_of(body)))
        for name, body in fixed.bodies.items()
    ]
    ordered = callees_first(kept)
    check_text(ordered)
    return ordered


def _playing(program: Program, rotation: str) -> list[Function]:
    """`play`, and `follow`: the priority list, doing what it chooses where it can be written so."""
    play = ["while s.finished == 0:", "    advance(s, t, m, r)", "    if s.finished == 0:", "        m.decisions += 1", "        follow(s, t, m, r)"]
    listed = program.rotations[rotation]
    if list_rolls(program.model):
        follow = ["s.stream = stream(r)", "action = rotation(s, t)", "restore(r, s.stream)", "act(s, t, m, r, action)", "if reads_again(s, t, action):",
                  "    s.stream = stream(r)", "    rotation(s, t)", "    restore(r, s.stream)"]
        return [listed, _function("follow", follow), _function("play", play)]
    noted = ["s.decisions += 1", "s.last_action = {0}"] if remembers(program.model) else []
    tree = ast.parse("def f():\n" + "\n".join(listed.body)).body[0]
    performs = next(f for f in program.sampled if f.name == "perform")
    chosen: dict[str, Function] = {}

    class Acting(ast.NodeTransformer):
        def visit_Return(self, node: ast.Return) -> Any:
            assert node.value is not None
            action, name = ast.unparse(node.value), "perform"
            if isinstance(node.value, ast.Constant):
                name = f"perform_{action}"
                asked = Substitute({"action": node.value}).visit(_Asked(action).visit(ast.parse("def f():\n" + "\n".join(performs.body))))
                chosen[name] = Function(name, performs.parameters[:-1], performs.summary, "", tuple(ast.unparse(asked).split("\n")[1:]))
            last = ")" if name != "perform" else f", {action})"
            return [*ast.parse("\n".join([*(n.format(action) for n in noted), f"{name}(s, t, m, r{last}"])).body, ast.Return()]

    body = ast.unparse(Acting().visit(tree)).split("\n")[1:]
    return [*chosen.values(), Function("follow", ("s", "t", "m", "r"), listed.summary, listed.origin, tuple(body)), _function("play", play)]


def _function(name: str, lines: list[str]) -> Function:
    return Function(name, ("s", "t", "m", "r"), "Whole fights.", "", tuple("    " + line for line in lines))


def _parse(function: Function) -> Body:
    return parsed([line[4:] for line in function.body] or ["pass"])


def _without_advance(body: Body) -> None:
    """`play` goes on to the first decision itself."""
    last = body.pop()
    assert isinstance(last, ast.Expr) and ast.unparse(last).startswith("advance(")


def _set_once(body: Body, found: set[str]) -> None:
    """A field that is set again before anything else happens is not set before; nor is what is `found` from the others."""
    pending: dict[str, ast.stmt] = {}
    for statement in list(body):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute) and statement.targets[0].attr in found:
            body.remove(statement)
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            for node in ast.walk(statement.value):
                if isinstance(node, ast.Attribute) and block_of(node) == "s":
                    pending.pop(node.attr, None)
            target = statement.targets[0]
            if isinstance(target, ast.Attribute):
                if target.attr in pending:
                    body.remove(pending[target.attr])
                pending[target.attr] = statement
        elif any(True for _ in calls([statement])) and not isinstance(statement, ast.For):
            pending.clear()


class _Asked(ast.NodeTransformer):
    """A list chooses only what is possible: whether an action is, is not asked again when it is performed."""

    def __init__(self, action: str) -> None:
        self.action = f"action == {action}"

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        return node.values[0] if ast.unparse(node.values[0]) == self.action else node


class _Fixed:
    """The functions that are left, and what is known about them."""

    def __init__(self, bodies: dict[str, Body], parameters: dict[str, tuple[str, ...]], slots: tuple[int, int, int], values: Mapping[str, Any]) -> None:
        self.first, self.last, self.step = slots  # of the enemies' events
        self.bodies, self.parameters, self.values = bodies, parameters, values
        self.stored: dict[str, dict[int | None, set[Any]]] = {}  # what fields of the state and elements of its arrays are set to; None: not a number
        self.settled: dict[str, Any] = {}  # fields that are not set any more, as they have one value all along
        self.text: dict[str, list[str]] = {}
        self.pure: frozenset[str] = frozenset()
        self.empty: frozenset[str] = frozenset()
        self.plain: dict[str, tuple[tuple[str, ...], ast.expr]] = {}  # functions that are one expression

    def settle(self) -> None:
        """Settle all that can be settled."""
        for _ in range(_ROUNDS):
            if not self.round():
                return

    def round(self) -> bool:
        """Settle what can be settled; False when that was nothing."""
        self._drop_unused()
        self._settle_parameters()
        self._learn()
        for name in self.bodies:
            self.bodies[name] = Fold(self, name).walk(_without_names_of_numbers(self.bodies[name], self.parameters[name]))
        before, self.text = self.text, {name: lines_of(body) for name, body in self.bodies.items()}
        return self.text != before

    def _drop_unused(self) -> None:
        waiting, reached = list(ENTRIES), set(ENTRIES)
        while waiting:
            for call in calls(self.bodies[waiting.pop()]):
                if name_of(call) in self.bodies and name_of(call) not in reached:
                    reached.add(name_of(call))
                    waiting.append(name_of(call))
        self.bodies = {name: body for name, body in self.bodies.items() if name in reached}

    def _settle_parameters(self) -> None:
        """A parameter that is the same number in every call is that number."""
        given: dict[str, list[ast.Call]] = {}
        for body in self.bodies.values():
            for call in calls(body):
                given.setdefault(name_of(call), []).append(call)
        for name, places in given.items():
            if name not in self.bodies or name == "schedule":
                continue
            stored = {n.id for statement in self.bodies[name] for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            for place in reversed(range(len(self.parameters[name]))):
                parameter = self.parameters[name][place]
                found = {(type(a.value), a.value) if isinstance(a, ast.Constant) else None for a in (c.args[place] for c in places)}
                if parameter in stored or None in found or len(found) != 1:
                    continue
                known = {parameter: places[0].args[place]}
                self.bodies[name] = [Substitute(known).visit(statement) for statement in self.bodies[name]]
                self.parameters[name] = self.parameters[name][:place] + self.parameters[name][place + 1 :]
                for call in places:
                    del call.args[place]

    def _learn(self) -> None:
        self.stored = {}
        impure: set[str] = set()
        for name, body in self.bodies.items():
            if name == "schedule":  # its calls say which event is put where
                impure.add(name)
                continue
            for target, value in (pair for statement in body for node in ast.walk(statement) for pair in stores(node)):
                place = place_of(target)
                if place is not None:
                    known = (type(value.value), value.value) if isinstance(value, ast.Constant) else None
                    self.stored.setdefault(place[0], {}).setdefault(place[1], set()).add(known)
                if not isinstance(target, ast.Name):
                    impure.add(name)
        called = {name: {name_of(c) for c in calls(body)} for name, body in self.bodies.items()}
        impure |= {name for name, names in called.items() if names & _DRAWS}
        while True:
            more = {name for name, names in called.items() if name not in impure and (names & impure)}
            if not more:
                break
            impure |= more
        self.pure = frozenset(set(self.bodies) - impure)
        self.empty = frozenset(name for name, body in self.bodies.items() if all(isinstance(s, ast.Pass) or is_remark(s) or _bare_return(s) for s in body))
        self.plain = {}
        for name, body in self.bodies.items():
            returned = [n.value for statement in body for n in ast.walk(statement) if isinstance(n, ast.Return)]
            same = {ast.unparse(v) if isinstance(v, ast.Constant) else None for v in returned}
            if name in self.pure and len(same) == 1 and None not in same and isinstance(body[-1], ast.Return) and returned[0] is not None:
                self.plain[name] = (self.parameters[name], returned[0])
                continue
            left = [s for s in body if not is_remark(s)]
            if len(left) == 1 and isinstance(left[0], ast.Return) and left[0].value is not None and not list(calls(left)):
                self.plain[name] = (self.parameters[name], left[0].value)

    def never(self, slot: int) -> bool:
        """Is there never an event in a slot?"""
        known = self.value("at", slot)
        return known is not None and known.value == NEVER

    def unused(self, what: str, which: int) -> bool:
        """Is there never an event in the slots that the dispatch means, by their index `k` or by their `kind` for every enemy?"""
        slots = range(which, which + 1) if what == "k" else range(self.first + which, self.last, self.step) if what == "kind" else range(0)
        return len(slots) > 0 and all(map(self.never, slots))

    def value(self, field: str, index: int | None) -> ast.Constant | None:
        """The one value of a field of the state, or of an element of an array of it, all along; None if it has several."""
        if field in self.settled:
            return ast.Constant(self.settled[field])
        places = self.stored.get(field, {})
        found = set().union(*places.values()) if index is None else places.get(index, set()) | places.get(None, set())
        if len(found) != 1 or None in found:
            return None
        return ast.Constant(next(iter(found))[1])


def _without_names_of_numbers(body: Body, parameters: tuple[str, ...]) -> Body:
    """A variable that is set once, to a number, is that number."""
    stored: dict[str, list[ast.AST]] = {}
    for statement in body:
        for node in ast.walk(statement):
            for target, value in stores(node):
                for part in ast.walk(target):
                    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                        stored.setdefault(part.id, []).append(value or target)
            if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
                stored.setdefault(node.target.id, []).append(node.target)
    known = {name: value[0] for name, value in stored.items() if len(value) == 1 and isinstance(value[0], ast.Constant) and name not in parameters}
    if not known:
        return body

    class Unset(ast.NodeTransformer):
        def visit_Assign(self, node: ast.Assign) -> Any:
            name = node.targets[0].id if isinstance(node.targets[0], ast.Name) else None
            return None if name in known else self.generic_visit(node)

    cleared = [x for x in (Unset().visit(statement) for statement in body) if x is not None]
    for statement in cleared:
        for node in ast.walk(statement):
            if isinstance(node, (ast.If, ast.For, ast.While)) and not node.body:
                node.body = [ast.Pass()]
    return [Substitute(known).visit(statement) for statement in cleared]


def _bare_return(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and statement.value is None


