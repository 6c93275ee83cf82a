"""Walking through all of a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from portunus.dsl.model import Expr

_PARTS: dict[type, tuple[str, ...]] = {}
_PLAIN = frozenset({str, int, float, bool, type(None)})


def parts(thing: Any) -> tuple[Any, ...]:
    """What a definition, statement or tuple holds that may hold more; () for plain values."""
    kind = type(thing)
    if kind is tuple:
        return thing
    if kind not in _PARTS:
        _PARTS[kind] = tuple(f.name for f in fields(kind) if f.name not in ("span", "name", "label")) if is_dataclass(kind) else ()
    return tuple(getattr(thing, name) for name in _PARTS[kind])


def every_expression(thing: Any) -> Iterator[Expr]:
    """Each expression in a model or a part of one, with all that is inside it."""
    stack = [thing]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is Expr:
            yield item
            stack.extend([part for part in item.args if type(part) is Expr])
        elif kind is tuple:
            stack.extend(item)
        elif kind not in _PLAIN:
            stack.extend(parts(item))
