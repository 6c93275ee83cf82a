"""From a name to its definition and to every other place that means the same, across `use`; and the outline of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portunus.dsl import limits
from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import Span
from portunus.dsl.split import Field, split_block
from portunus.dsl.symbols import RESERVED
from portunus.dsl.syntax import Entry, Line, Name, Text
from portunus.errors import PortunusError
from portunus.lsp.index import Key, Mention, is_definition
from portunus.lsp.project import Closure, File, Project

NAME = re.compile(r"[a-z_][a-z0-9_]*")


def named_at(project: Project, file: File, line: int, column: int) -> tuple[Closure, Key, Mention] | None:
    """The name at a place (the place just behind it counts), what it means and to whom; None where it means nothing that is defined."""
    found = [m for m in file.mentions if m.span.line == line and m.span.column <= column <= m.span.column + m.span.length]
    if not found:
        return None
    for closure in (project.closure(file.path), project.home(file.path)):
        for mention in found:
            key = closure.meaning(mention)
            if key is not None:
                return closure, key, mention
    return None


def definition(project: Project, file: File, line: int, column: int) -> tuple[Path, Span] | None:
    """Where the name, used file or profile at a place is defined."""
    for target, node in file.uses:
        if node.span.line == line and node.span.column <= column <= node.span.column + node.span.length:
            return (target, Span(str(target), 1, 1)) if project.file(target) is not None else None
    for spot in file.spots:
        profile = spot.field.get("file") if spot.kind == "spec" and spot.field.word == "profile" else None
        if isinstance(profile, Text) and profile.span.line == line and profile.span.column <= column <= profile.span.column + profile.span.length:
            target = (file.path.parent / "profiles" / profile.text).resolve()
            return (target, Span(str(target), 1, 1)) if target.is_file() and file.path.parent.resolve() in target.parents else None
    found = named_at(project, file, line, column)
    if found is None:
        return None
    where, mention = found[0].definitions[found[1]]
    return where.path, mention.span


def places(project: Project, file: File, line: int, column: int) -> tuple[str, list[tuple[File, Span]]]:
    """The name at a place and every place that means the same, its definition among them; ("", []) where there is none.

    A class's talent may be named by many specialisations: all files of the folder that use its file are looked through.
    """
    found = named_at(project, file, line, column)
    if found is None:
        return "", []
    closure, key, _ = found
    where, mention = closure.definitions[key]
    target, name = (where.path, mention.span), key.name.rpartition(".")[2]
    result: dict[tuple[Path, int, int], tuple[File, Span]] = {}
    for user in project.users(target[0]):
        for other, mention in _meaning(user, target):
            result.setdefault((other.path, mention.span.line, mention.span.column), (other, mention.span))
    return name, [result[key] for key in sorted(result)]


def _meaning(closure: Closure, target: tuple[Path, Span]) -> Iterator[tuple[File, Mention]]:
    """The mentions in a closure of what is defined at a place; a value that several definitions share (a racial value) has them all."""
    keys = {key for key, (file, mention) in closure.definitions.items() if (file.path, mention.span) == target}
    for file in closure.files:
        for mention in file.mentions:
            if closure.meaning(mention) in keys:
                yield file, mention


def rename(project: Project, file: File, line: int, column: int, new: str) -> dict[Path, list[tuple[File, Span]]]:
    """Every place that has to change when the name at a place becomes another, by file.

    Raises:
        PortunusError: There is nothing to rename, or the new name cannot be one or is taken.
    """
    old, found = places(project, file, line, column)
    if not found:
        raise PortunusError("there is no name here that a spec defines")
    if not NAME.fullmatch(new) or len(new) > limits.NAME_CHARACTERS:
        raise PortunusError(f"`{new[:80]}` cannot be a name", hint="Names are lower case: letters, digits and underscores.")
    if new in RESERVED:
        raise PortunusError(f"`{new}` has a meaning of its own and cannot be a name")
    named = named_at(project, file, line, column)
    assert named is not None
    prefix = named[1].name.rpartition(".")[0]
    taken = Key(named[1].space, f"{prefix}.{new}" if prefix else new)
    if new != old and any(taken in project.closure(path).definitions for path in {place[0].path for place in found}):
        raise PortunusError(f"there is already a name `{new}`", hint="Choose another one.")
    result: dict[Path, list[tuple[File, Span]]] = {}
    for where, span in found:
        result.setdefault(where.path, []).append((where, span))
    return result


@dataclass(frozen=True)
class Heading:
    """An entry of the outline: name, what it is, the name's place, first and last line, what is inside."""

    name: str
    word: str
    span: Span
    last_line: int
    inside: tuple[Heading, ...]


def outline(entries: tuple[Entry, ...], kind: str = "file") -> tuple[Heading, ...]:
    """The definitions of a file, nested as they stand."""
    found = []
    lines = tuple(entry for entry in entries if isinstance(entry, Line))
    for item in split_block(lines, kind, Problems()):
        if not isinstance(item, Field):
            continue
        node = item.get("name")
        inner = outline(item.block.entries, item.keyword.block) if item.block is not None and item.keyword.block not in ("", "statements", "values", "rotation") else ()
        last = item.block.last_line if item.block is not None else item.span.line
        if isinstance(node, Name) and is_definition(item.keyword, item):
            found.append(Heading(node.text, item.keyword.word, node.span, last, inner))
        elif item.keyword.word == "property" and isinstance(item.get("text"), Text):
            found.append(Heading(item.name("text"), "property", item.span, last, ()))
        elif item.keyword.word == "on" and kind in ("spec", "class", "ruleset"):
            subjects = ", ".join(name.text for name in item.get("subjects") or ())
            found.append(Heading(f"on {item.name('event')}" + (f" of {subjects}" if subjects else ""), "on", item.span, last, ()))
    return tuple(found)
