"""PT308: amounts that a slip of the pen makes absurd: a chance of critical strikes above 100%, a range written with a dash."""

from __future__ import annotations

from collections.abc import Iterator

from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import Expr, Model, Statement
from portunus.dsl.rotations import statements_in
from portunus.dsl.symbols import Symbols


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Report literal crit chances above 1, and amounts that begin with a smaller number less a larger one."""
    for attack in (*(spell.attack for spell in model.spells), *(aura.attack for aura in model.auras)):
        chance = attack.crit_chance if attack is not None else None
        if chance is not None and chance.op == "number" and chance.args[0] > 1:
            problems.error("PT308", chance.span, "a chance lies between 0% and 100%", f"write `{chance.args[0]:g}%`")
    for block in blocks(model):
        for statement in statements_in(block):
            _dash(getattr(statement, "amount", None), problems)


def blocks(model: Model) -> Iterator[tuple[Statement, ...]]:
    """The blocks of effects of a model."""
    for spell in model.spells:
        yield from (spell.on_start, spell.on_cast, spell.on_roll, spell.on_land)
    for aura in model.auras:
        yield from (aura.on_tick, aura.on_expire)
    for handler in model.handlers:
        yield handler.body


def _dash(amount: Expr | None, problems: Problems) -> None:
    while amount is not None and amount.op in ("add", "mul"):
        amount = amount.args[0]
    if amount is None or amount.op != "sub":
        return
    low, high = amount.args
    if low.op == high.op == "number" and low.args[0] < high.args[0]:
        problems.error("PT308", amount.span, "this is a negative amount; a range has two points", f"write `{low.args[0]:.15g}..{high.args[0]:.15g}`")
