"""Time and order of an event as one number, so that the least of them is the next event and ties need no question.

From the top: the time in nanoseconds, how early it comes among those of its instant, the number of its scheduling, its slot. Such numbers only serve
programs that play whole fights (`portunus.ir.fixed`), in which every slot that is scheduled is known; a state that anybody looks at holds
times and orders apart.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from portunus.ir.context import Function
from portunus.ir.engine import MAX_EVENTS
from portunus.ir.folding import Body, calls, name_of, number
from portunus.ir.layout import NEVER, Layout, in_a_row, pauses
from portunus.ir.program import Program

_SLOT_BITS, _RANK_BITS, _SEQUENCE_BITS, _LEAST_SEQUENCE_BITS, _TIME_BITS = 6, 3, 16, 10, 62
_MARGIN = 512  # more than one event schedules


class _Key:
    """How many bits each part has, for fights of some length."""

    def __init__(self, layout: Layout, duration: int) -> None:
        self.sequence = min(_TIME_BITS - (2 * duration).bit_length() - _SLOT_BITS - _RANK_BITS, _SEQUENCE_BITS)
        self.below = self.sequence + _RANK_BITS + _SLOT_BITS
        self.latest = 1 << (_TIME_BITS - self.below)
        ranks = sorted({slot.priority for slot in layout.slots}, reverse=True)
        self.ranks = [ranks.index(slot.priority) for slot in layout.slots]
        self.fits = self.sequence >= _LEAST_SEQUENCE_BITS and len(ranks) <= 1 << _RANK_BITS and len(layout.slots) <= 1 << _SLOT_BITS

    def low(self, slot: int) -> int:
        """What a key holds of its slot."""
        return (self.ranks[slot] << (self.below - _RANK_BITS)) + slot


def sorts_by_key(bodies: Mapping[str, Body], layout: Layout, values: Mapping[str, Any]) -> bool:
    """May the events of a program be sorted so: is it known which slot each of them is put into?"""
    scheduled = [c for name, body in bodies.items() if name != "schedule" for c in _scheduling(body)]
    return _Key(layout, values["duration"]).fits and all(isinstance(c.args[1], ast.Constant) for c in scheduled)


def sort_by_key(bodies: dict[str, Body], program: Program, live: Iterable[int], values: Mapping[str, Any]) -> None:
    """Rewrite the functions of a program; `live` are the slots in which there is ever an event."""
    key = _Key(program.layout, values["duration"])
    slots = list(live)
    lazy = bool(values["switch_lazy_expiry"]) or "expire" not in bodies
    bodies["next_event"] = _parsed(_next_event(program, slots, key, lazy=lazy, clock="after_clock" in bodies))
    if "silent_ticks" in bodies:
        bodies["silent_ticks"] = _silent_ticks(bodies["silent_ticks"], key)
    bodies.pop("schedule", None)
    bodies.pop("rank", None)
    for name, body in bodies.items():
        if name not in ("next_event", "silent_ticks"):
            done = [_Keyed(key, slots).visit(statement) for statement in body]
            bodies[name] = [one for each in done for one in _flat(each)]


def _scheduling(body: Body) -> Iterable[ast.Call]:
    return (call for call in calls(body) if name_of(call) == "schedule")


def _parsed(lines: list[str]) -> Body:
    return ast.parse("\n".join(lines)).body


def _knock_out(slots: list[int]) -> str:
    """Text of the least key of some slots."""
    if len(slots) == 1:
        return f"s.at[{slots[0]}]"
    half = len(slots) // 2
    return f"min({_knock_out(slots[:half])}, {_knock_out(slots[half:])})"


def _next_event(program: Program, live: list[int], key: _Key, *, lazy: bool, clock: bool) -> list[str]:
    """The event loop's step, as `portunus.ir.engine` writes it for times and orders apart."""
    alone = [program.layout.slot(f"tick_{r.name}") for r in in_a_row(program.model)]
    alone = [slot for slot in alone if slot in live]
    others = [slot for slot in live if slot not in alone]
    most = 1 << key.sequence
    return [
        *(["if s.pile > 0:", "    resume(s, t, m, r)", "    return"] if pauses(program.model) else []),
        f"if s.sequence >= {most - _MARGIN}:", "    renumber(s)",
        f"best = {_knock_out(others)}",
        *([f"if s.idle == 0 and ({' or '.join(f's.at[{slot}] < best' for slot in alone)}):", f"    silent_ticks(s, t, m, min(best, min(s.expire_at, s.duration + 1) << {key.below}))"] if alone else []),
        *[f"best = min(best, s.at[{slot}])" for slot in alone],
        f"due = best >> {key.below}",
        "if s.idle == 2 and due > s.now and s.expire_at > s.now:", "    s.idle, s.deciding = 0, 1", "    return",
        "if s.idle == 1:", "    s.idle = 2",
        *([] if lazy else
          [f"if s.expire_at < due and s.expire_at <= s.duration and s.events <= {MAX_EVENTS}:", "    if s.expire_at <= s.now:", "        s.events += 1",
           "    s.now = max(s.now, s.expire_at)", "    expire(s, t, m, r)", "    return"]),
        f"if due > s.duration or s.events > {MAX_EVENTS}:", f"    if s.events > {MAX_EVENTS}:", "        s.fault |= 8",
        "    s.now = s.duration", "    s.finished = 1", "    return",
        "s.events += 1", f"k = best & {(1 << _SLOT_BITS) - 1}",
        "if due > s.now:", "    s.now = due",
        *(["    after_clock(s, t, m, r)", "    if s.at[k] != best:", "        return"] if clock else []),
        f"s.at[k] = {NEVER}", "dispatch(s, t, m, r, k)",
    ]  # fmt: skip


def renumber_function(layout: Layout, duration: int) -> Function:
    """`renumber`: when the numbers of scheduling run out, the events that wait are numbered anew in their order."""
    key, count = _Key(layout, duration), len(layout.slots)
    mask = (1 << key.sequence) - 1
    number = [f"(s.at[{i}] >> {_SLOT_BITS} & {mask})" for i in "ij"]
    lines = [f"for i in range({count}):", "    s.order[i] = 0", f"    for j in range({count}):", f"        if {number[1]} < {number[0]}:", "            s.order[i] += 1",
             f"for i in range({count}):", f"    if s.at[i] < {NEVER}:", f"        s.at[i] = (s.at[i] & {~(mask << _SLOT_BITS)}) + (s.order[i] << {_SLOT_BITS})",
             f"s.sequence = {count}"]
    return Function("renumber", ("s",), "Number the events that wait anew, in their order.", "", tuple("    " + line for line in lines))


def _is_queue(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "at" and ast.unparse(node.value.value) == "s"


def _is_never(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == NEVER


class _Keyed(ast.NodeTransformer):
    """Reads times out of keys, and writes keys."""

    def __init__(self, key: _Key, live: list[int]) -> None:
        self.key, self.live = key, live

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """When the first of some events comes."""
        if name_of(node) != "soonest":
            return self.generic_visit(node)
        first, last, gap, after = map(number, node.args[1:])
        asked = [slot for slot in self.live if first <= slot < last and not gap <= slot < after]
        return ast.parse(f"({_knock_out(asked) if asked else NEVER}) >> {self.key.below}", mode="eval").body

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Whether there is an event shows in a key as in a time."""
        if _is_queue(node.left) and _is_never(node.comparators[0]):
            return node
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        return ast.BinOp(node, ast.RShift(), ast.Constant(self.key.below)) if _is_queue(node) and isinstance(node.ctx, ast.Load) else node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """An event that is moved keeps its order."""
        if not _is_queue(node.targets[0]) or _is_never(node.value):
            return self.generic_visit(node)
        slot, value = ast.unparse(node.targets[0]), ast.unparse(self.visit(node.value))
        return ast.parse(f"{slot} = ({slot} & {(1 << self.key.below) - 1}) + ({value} << {self.key.below})").body[0]

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | None:
        """What is counted without being scheduled needs no numbers."""
        if ast.unparse(node.target) == "s.sequence":
            return None
        node.value = self.visit(node.value)
        return ast.AugAssign(node.target, node.op, ast.BinOp(node.value, ast.LShift(), ast.Constant(self.key.below))) if _is_queue(node.target) else node

    def visit_Expr(self, node: ast.Expr) -> Any:
        if not (isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name) and node.value.func.id == "schedule"):
            return self.generic_visit(node)
        _, slot, at = node.value.args
        place = number(slot)
        at = self.visit(at)
        lines, when = ([], ast.unparse(at)) if isinstance(at, ast.Name) else ([f"when = {ast.unparse(at)}"], "when")
        soon = isinstance(at, ast.BinOp) and isinstance(at.op, ast.Add) and ast.unparse(at.left) == "s.now" and isinstance(at.right, ast.Constant) and number(at.right) < self.key.latest // 2
        made = f"({when} << {self.key.below}) + (s.sequence << {_SLOT_BITS}) + {self.key.low(place)}"
        return ast.parse("\n".join([*lines, f"s.at[{place}] = {made}" + ("" if soon else f" if {when} < {self.key.latest} else {NEVER}"), "s.sequence += 1"])).body


def _flat(found: Any) -> list[ast.stmt]:
    """What a visitor puts in the place of a statement."""
    return found if isinstance(found, list) else [found] if found is not None else []


def _silent_ticks(body: Body, key: _Key) -> Body:
    """Ticks in a row up to a key: each has the key it would have as the next event."""
    result: Body = []
    for statement in body:
        if not isinstance(statement, ast.If):
            result.append(statement)
            continue
        slot = next(number(n.slice) for n in ast.walk(statement.test) if isinstance(n, ast.Subscript))
        loop = next(x for x in statement.body if isinstance(x, ast.While))
        time = next(n.left.id for n in ast.walk(loop.test) if isinstance(n, ast.Compare) and ast.unparse(n.comparators[0]) == "limit" and isinstance(n.left, ast.Name))
        loop.test = ast.parse(ast.unparse(loop.test).replace(f"{time} < limit", "key < limit"), mode="eval").body
        loop.body += _parsed([f"key = ({time} << {key.below}) + (s.sequence << {_SLOT_BITS}) + {key.low(slot)}"])
        (row,) = _parsed([f"if s.at[{slot}] < limit:", f"    key = s.at[{slot}]"])
        assert isinstance(row, ast.If)
        row.body += [each for inner in statement.body for each in _flat(_Keyed(key, []).visit(inner))]
        result.append(row)
    return result
