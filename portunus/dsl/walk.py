"""Walking through all of a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from portunus.dsl.model import Expr


def every_expression(thing: Any) -> Iterator[Expr]:
    """Each expression in a model or a part of one, with all that is inside it."""
    stack = [thing]
    while stack:
        item = stack.pop()
        if isinstance(item, Expr):
            yield item
            stack.extend(part for part in item.args if isinstance(part, Expr))
        elif isinstance(item, tuple):
            stack.extend(item)
        elif is_dataclass(item):
            stack.extend(getattr(item, part.name) for part in fields(item) if part.name != "span")
