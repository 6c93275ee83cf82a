"""PT603: a damage school that only one definition has, and that is spelled almost like one that others have."""

from __future__ import annotations

from portunus.dsl.diagnostics import Problems, nearest_name
from portunus.dsl.model import Model, Span
from portunus.dsl.symbols import Symbols


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Warn about schools that are probably misspelt; any name is a school, so nothing else notices."""
    places: dict[str, list[Span]] = {}
    for definition in (*symbols.spells.values(), *symbols.auras.values()):
        item = definition.field("school")
        if item is not None:
            places.setdefault(item.name("school"), []).append(item.arguments["school"].span)
    shared = [name for name, spans in places.items() if len(spans) > 1]
    for name, spans in places.items():
        near = nearest_name(name, shared) if len(spans) == 1 else None
        if near:
            problems.warning("PT603", spans[0], f"nothing else is of the school `{name}`", f"did you mean `{near}`?")
