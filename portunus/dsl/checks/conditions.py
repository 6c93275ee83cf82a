"""PT604: conditions, or parts of them, that can never hold or always do."""

from __future__ import annotations

from collections.abc import Iterator

from portunus.dsl.checks.amounts import blocks
from portunus.dsl.diagnostics import Problems
from portunus.dsl.logic import Logic
from portunus.dsl.model import Expr, If, Model
from portunus.dsl.rotations import statements_in
from portunus.dsl.symbols import Symbols


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Warn about the outermost part of each condition that is decided whatever happens."""
    logic = Logic(model)
    for condition in _conditions(model):
        _look(condition, logic, problems)


def _look(condition: Expr, logic: Logic, problems: Problems) -> None:
    if condition.op not in ("and", "or", "not", "lt", "le", "gt", "ge", "eq", "ne"):
        return
    if logic.never(condition):
        why = "its parts contradict each other" if condition.op in ("and", "not") else "it is beyond what there can be"
        problems.warning("PT604", condition.span, f"this condition can never hold: {why}", "Change one of its parts, or delete what depends on it.")
    elif logic.always(condition):
        problems.warning("PT604", condition.span, "this condition always holds", "Change one of its parts, or leave it out.")
    elif condition.op in ("and", "or", "not"):
        for part in condition.args:
            _look(part, logic, problems)


def _conditions(model: Model) -> Iterator[Expr]:
    for rotation in model.rotations:
        for line in rotation.lines:
            yield from (c for c in (line.condition, line.stop) if c is not None)
    for spell in model.spells:
        autocast = spell.autocast[1] if spell.autocast is not None else None
        instead = [condition for _, condition in spell.swing.instead] if spell.swing is not None else []
        yield from (c for c in (spell.requires, spell.instant_if, spell.free_if, autocast, *instead) if c is not None)
    for modifier in model.modifiers:
        if modifier.condition is not None:
            yield modifier.condition
    for pet in model.pets:
        yield from (c for c in (pet.leaves_if, *(choice.condition for choice in pet.choices)) if c is not None)
    for block in blocks(model):
        yield from (statement.condition for statement in statements_in(block) if isinstance(statement, If))
