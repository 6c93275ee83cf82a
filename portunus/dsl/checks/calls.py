"""PT407: spells that trigger each other without end."""

from __future__ import annotations

from collections.abc import Iterable

from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import Model, Span, Statement, Trigger
from portunus.dsl.rotations import statements_in
from portunus.dsl.symbols import Symbols


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Report each cycle of `trigger`, through effects of spells and through handlers of their hits and casts."""
    calls: dict[str, dict[str, Span]] = {spell.name: {} for spell in model.spells}
    for spell in model.spells:
        _add(calls, spell.name, spell.effects)
    for handler in model.handlers:
        if handler.event != "tick":
            for subject in handler.subjects:
                _add(calls, subject, handler.body)
    done: set[str] = set()
    for start in calls:
        path = [start]
        remaining = [list(calls[start])] if start not in done else []
        while remaining:
            if not remaining[-1]:
                remaining.pop()
                done.add(path.pop())
                continue
            following = remaining[-1].pop(0)
            if following in path:
                cycle = path[path.index(following) :]
                chain = " triggers ".join(f"`{name}`" for name in [*cycle, following])
                problems.error("PT407", calls[cycle[-1]][following], f"{chain} without end", "Take one `trigger` out.")
            elif following not in done:
                path.append(following)
                remaining.append(list(calls[following]))


def _add(calls: dict[str, dict[str, Span]], caller: str, block: Iterable[Statement]) -> None:
    for statement in statements_in(block):
        if isinstance(statement, Trigger):
            calls[caller].setdefault(statement.spell, statement.span)
