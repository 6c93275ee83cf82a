"""What two models differ in: spells, auras, numbers with their units, lines of priority lists; never how a file is laid out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any, get_args

from portunus.dsl.model import Expr, Handler, Model, Modifier, Property, Rotation, RotationLine, Statement
from portunus.dsl.sheet import modifier_text
from portunus.dsl.show import show, show_line, show_statements
from portunus.units import show_time

_STATEMENTS = get_args(Statement)
_IGNORED = ("span", "sources")
_TIMES = ("gcd", "gcd_floor", "poll")  # plain integers of nanoseconds


def differences(old: Model, new: Model) -> list[str]:
    """What changed from one model to the other, as lines; [] if they mean the same.

    A changed thing is a heading, below it each changed part as `part: before -> after`; in ordered things, lines that went (`-`) and came (`+`).
    """
    lines: list[str] = []
    for item in fields(Model):
        if item.name not in _IGNORED:
            lines += _part(item.name, getattr(old, item.name), getattr(new, item.name), singular(item.name))
    return lines


def singular(name: str) -> str:
    """`spells` -> `spell`, `class_values` -> `class value`."""
    return name.replace("_", " ").removesuffix("s").replace("propertie", "property")


def _part(name: str, old: Any, new: Any, title: str) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, tuple) and isinstance(new, tuple):
        kinds = {type(item) for item in (*old, *new)}
        if kinds <= {Modifier, Handler, Property}:
            changed = list(_lines(_texts(old), _texts(new)))
            yield from [f"{name.replace('_', ' ')}", *changed] if changed else []
            return
        if all(is_dataclass(item) and hasattr(item, "name") for item in (*old, *new)):
            yield from _named({item.name: item for item in old}, {item.name: item for item in new}, title)
            return
        if kinds == {tuple} and all(len(item) == 2 for item in (*old, *new)):
            yield from _named(dict(old), dict(new), title)
            return
    if is_dataclass(old) and is_dataclass(new) and not isinstance(old, Expr):
        changes = list(_changes(old, new))
        if changes:
            yield title
            yield from changes
        return
    yield f"{title}: {_said(old, name)} -> {_said(new, name)}"


def _named(old: dict[str, Any], new: dict[str, Any], title: str) -> Iterator[str]:
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield f"{title} {name}: removed"
        elif name not in old:
            yield f"{title} {name}: added"
            if is_dataclass(new[name]):
                yield from _described(new[name])
            else:
                yield f"  {_said(new[name])}"
        elif is_dataclass(new[name]):
            changes = list(_changes(old[name], new[name]))
            if changes:
                yield f"{title} {name}"
                yield from changes
        elif old[name] != new[name]:
            yield f"{title} {name}: {_said(old[name])} -> {_said(new[name])}"
    common = [name for name in old if name in new]
    if title in ("spell", "aura") or common == [name for name in new if name in old]:
        return
    yield f"{title}s: their order changed"


def _described(thing: Any) -> Iterator[str]:
    """What a new thing says, without what it leaves out."""
    for item in fields(thing):
        value = getattr(thing, item.name)
        if item.name in (*_IGNORED, "name") or value in (None, "", (), False, 0):
            continue
        if isinstance(thing, Rotation) and item.name == "lines":
            yield from (f"  + {text}" for text in _texts(value))
        else:
            yield f"  {item.name.replace('_', ' ')} {_said(value, item.name)}"


def _changes(old: Any, new: Any, prefix: str = "") -> Iterator[str]:
    """The parts of a thing that changed, indented."""
    for item in fields(old):
        before, after = getattr(old, item.name), getattr(new, item.name)
        if item.name in _IGNORED or before == after:
            continue
        word = prefix + item.name.replace("_", " ")
        if isinstance(before, tuple) and isinstance(after, tuple) and _is_block((*before, *after)):
            yield f"  {word}"
            yield from (f"  {text}" for text in _lines(_texts(before), _texts(after)))
        elif is_dataclass(before) and is_dataclass(after) and not isinstance(before, Expr):
            yield from _changes(before, after, f"{word} ")
        else:
            yield f"  {word}: {_said(before, item.name)} -> {_said(after, item.name)}"


def _is_block(items: Sequence[Any]) -> bool:
    return bool(items) and all(isinstance(item, (RotationLine, *_STATEMENTS)) for item in items)


def _texts(items: Iterable[Any]) -> list[str]:
    """Ordered things as lines."""
    texts: list[str] = []
    for item in items:
        if isinstance(item, RotationLine):
            texts.append(show_line(item))
        elif isinstance(item, Modifier):
            texts.append((f"while {item.aura}: " if item.aura else "") + modifier_text(item))
        elif isinstance(item, Handler):
            texts += [f"on {item.event} of {', '.join(item.subjects)}" if item.subjects else f"on {item.event}", *("  " + line for line in show_statements(item.body))]
        elif isinstance(item, Property):
            texts.append(f"{item.text}: {show(item.condition)}")
        else:
            texts += show_statements([item])
    return texts


def _lines(old: list[str], new: list[str]) -> Iterator[str]:
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from (f"  - {text}" for text in old[a:b])
            yield from (f"  + {text}" for text in new[c:d])


def _said(value: Any, name: str = "") -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Expr):
        return show(value)
    if isinstance(value, int) and name in _TIMES:
        return show_time(value)
    if isinstance(value, int | float):
        return f"{value:.15g}"
    if isinstance(value, _STATEMENTS):
        return "; ".join(line.strip() for line in show_statements([value]))
    if isinstance(value, tuple):
        if name == "prepull":
            return ", ".join(f"{show_time(time)} {spell}" for time, spell in value)
        return "; ".join(_said(item) for item in value) if _is_block(value) else ", ".join(_said(item) for item in value)
    if isinstance(value, RotationLine):
        return show_line(value)
    if is_dataclass(value):
        parts = [(item.name, getattr(value, item.name)) for item in fields(value) if item.name not in _IGNORED]
        return ", ".join(f"{word.replace('_', ' ')} {_said(part, word)}" for word, part in parts if part not in (None, (), ""))
    return str(value)
