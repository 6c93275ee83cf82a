"""What is certain of a condition: never wrong about one that can be tried out."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portunus.dsl.catalogue import SAMPLE
from portunus.dsl.load import examine
from portunus.dsl.logic import Logic
from portunus.dsl.model import Expr, Model, Span

HERE = Span("", 1, 1)
MANA, SPIRIT = Expr("resource", ("mana",), "number", HERE), Expr("stat", ("spirit",), "number", HERE)
UP, READY = Expr("aura_up", ("rage",), "bool", HERE), Expr("cooldown_ready", ("bolt",), "bool", HERE)
VALUES = {MANA: (0, 1, 2, 3, 4), SPIRIT: (-1, 0, 1, 2, 3), UP: (False, True), READY: (False, True)}
COMPARE = {"lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b, "eq": lambda a, b: a == b, "ne": lambda a, b: a != b}


def read(*conditions: str) -> tuple[Model, list[Expr]]:
    lines = "".join(f"    bolt if {condition}\n" for condition in conditions)
    checked = examine("main.spec", text=SAMPLE.replace("%EXAMPLE%", f"  aura heap {{ id 9   stacks 5 }}\n  on hit of bolt {{ apply heap }}\n  rotation r {{\n{lines}  }}"))
    assert checked.model is not None, [item.render() for item in checked.diagnostics]
    return checked.model, [line.condition for line in checked.model.rotation("r").lines if line.condition is not None]


def comparison(quantity: Expr, op: str, number: int, turned: bool) -> Expr:
    constant = Expr("number", (float(number),), "number", HERE)
    return Expr(op, (constant, quantity) if turned else (quantity, constant), "bool", HERE)


MODEL = read("mana > 100")[0]
ATOMS = st.one_of(st.sampled_from([UP, READY]), st.builds(comparison, st.sampled_from([MANA, SPIRIT]), st.sampled_from(sorted(COMPARE)), st.integers(0, 3), st.booleans()))
CONDITIONS = st.recursive(ATOMS, lambda inner: st.one_of(
    st.builds(lambda a: Expr("not", (a,), "bool", HERE), inner), st.builds(lambda op, a, b: Expr(op, (a, b), "bool", HERE), st.sampled_from(["and", "or"]), inner, inner)), max_leaves=6)


def true(condition: Expr, values: dict[Expr, float]) -> bool:
    if condition in values:
        return bool(values[condition])
    op, args = condition.op, condition.args
    if op == "not":
        return not true(args[0], values)
    if op in ("and", "or"):
        return (all if op == "and" else any)(true(part, values) for part in args)
    return COMPARE[op](*(part.args[0] if part.op == "number" else values[part] for part in args))


@settings(max_examples=300, deadline=None)
@given(CONDITIONS, CONDITIONS)
def test_what_is_certain_is_true(first: Expr, second: Expr) -> None:
    logic = Logic(MODEL)
    worlds = [dict(zip(VALUES, values, strict=True)) for values in product(*VALUES.values())]
    if logic.never(first):
        assert not any(true(first, world) for world in worlds)
    if logic.always(first):
        assert all(true(first, world) for world in worlds)
    if logic.implies(first, [second]):
        assert all(true(second, world) for world in worlds if true(first, world))


@pytest.mark.parametrize("condition", [
    "mana > 5 and mana < 3", "mana < 0", "buff.rage.up and buff.rage.down", "buff.rage.down and buff.rage.remains > 2s", "not (mana > 5) and mana > 6",
    "buff.heap.stacks > 5", "buff.heap.stacks >= 3 and buff.heap.down", "talent.ignite >= 6", "target.health < 20%", "target.health <= 25% and target.health > 35%",
    "enemies > 4", "cooldown.bolt.ready and cooldown.bolt.remains > 1s", "fight.remains > fight.time and fight.time >= fight.remains", "buff.heap.stacks > 2 and buff.heap.stacks < 3",
    "(mana > 5 or mana > 7) and mana < 2 * 2",
])  # fmt: skip
def test_what_never_holds(condition: str) -> None:
    model, (read_,) = read(condition)
    assert Logic(model).never(read_)


@pytest.mark.parametrize("condition", ["mana > 3 and mana < 5", "target.health <= 20%", "talent.ignite >= 5", "buff.heap.stacks >= 5", "buff.rage.up and buff.rage.remains < 1s", "enemies >= 2"])
def test_what_may_hold(condition: str) -> None:
    model, (read_,) = read(condition)
    assert not Logic(model).never(read_) and not Logic(model).always(read_)
