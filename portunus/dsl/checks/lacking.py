"""PT401: resources that the ruleset defines, but the class and the spec do not name, so that there are none of them."""

from __future__ import annotations

from collections.abc import Iterator

from portunus.dsl.checks.amounts import blocks
from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import Gain, Lose, Model, Span
from portunus.dsl.rotations import statements_in
from portunus.dsl.symbols import Symbols
from portunus.dsl.walk import every_expression

_OPERATIONS = ("resource", "resource_max", "resource_base")


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Report each place that pays, gives, takes or asks for a resource the model lacks."""
    lacking = set(symbols.resources) - {resource.name for resource in model.resources}
    if not lacking:
        return
    whose = symbols.sections.get("spec") or symbols.sections.get("class")
    holder = f"`{whose.name}`" if whose is not None else "this spec"
    for name, span in _named(model):
        if name in lacking:
            problems.error("PT401", span, f"{holder} has no `{name}`: only the ruleset defines it", f"Add `resource {name}` to the class or the spec.")


def _named(model: Model) -> Iterator[tuple[str, Span]]:
    yield from ((expr.args[0], expr.span) for expr in every_expression(model) if expr.op in _OPERATIONS)
    for spell in model.spells:
        if spell.cost is not None:
            yield spell.resource, spell.cost.span
        yield from ((name, amount.span) for name, amount in spell.more_costs)
    for block in blocks(model):
        yield from ((statement.resource, statement.span) for statement in statements_in(block) if isinstance(statement, Gain | Lose))
    for handler in model.handlers:
        if handler.event == "gain":
            yield from ((name, handler.span) for name in handler.subjects)
