"""PT401: resources that the ruleset defines, but the class and the spec do not name, so that there are none of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import Expr, Gain, Handler, Lose, Model, Span, Spell
from portunus.dsl.symbols import Symbols

_OPERATIONS = ("resource", "resource_max", "resource_base")


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Report each place that pays, gives, takes or asks for a resource the model lacks."""
    lacking = set(symbols.resources) - {resource.name for resource in model.resources}
    if not lacking:
        return
    parts = (model.spells, model.auras, model.modifiers, model.handlers, model.pets, model.rotations, model.properties, model.resources, model.stats)
    for name, span in _named(parts):
        if name in lacking:
            whose = symbols.sections.get("spec") or symbols.sections.get("class")
            holder = f"`{whose.name}`" if whose is not None else "this spec"
            problems.error("PT401", span, f"{holder} has no `{name}`: only the ruleset defines it", f"Add `resource {name}` to the class or the spec.")


def _named(thing: Any) -> Iterator[tuple[str, Span]]:
    if isinstance(thing, Expr):
        if thing.op in _OPERATIONS:
            yield thing.args[0], thing.span
        for part in thing.args:
            yield from _named(part)
    elif isinstance(thing, tuple):
        for part in thing:
            yield from _named(part)
    elif is_dataclass(thing):
        if isinstance(thing, Spell):
            if thing.cost is not None:
                yield thing.resource, thing.cost.span
            yield from ((name, amount.span) for name, amount in thing.more_costs)
        elif isinstance(thing, Gain | Lose):
            yield thing.resource, thing.span
        elif isinstance(thing, Handler) and thing.event == "gain":
            yield from ((name, thing.span) for name in thing.subjects)
        for item in fields(thing):
            if item.name not in ("span", "name", "label"):
                yield from _named(getattr(thing, item.name))
