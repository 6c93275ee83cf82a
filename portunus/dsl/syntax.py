"""The syntax tree: what was written, before any word has a meaning."""

from __future__ import annotations

from dataclasses import field

from portunus.dsl.model import Span
from portunus.dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """A literal: its digits (perhaps with a sign) and its unit as written."""

    digits: str
    unit: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A word, perhaps joined by dots."""

    text: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text without its quotes."""

    text: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`not x` or `-x`."""

    op: str
    operand: Node
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands of an operator, `..` among them."""

    op: str
    left: Node
    right: Node
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`."""

    function: str
    arguments: tuple[Node, ...]
    span: Span = field(compare=False)


Node = Number | Name | Text | Unary | Binary | Call


@dataclass(frozen=True, slots=True)
class Item:
    """A word, expression or text of a line; `listed` = a comma stands before it."""

    node: Node
    listed: bool


@dataclass(frozen=True, slots=True)
class Block:
    """The entries between two braces; `last_line` is the line of the closing one."""

    entries: tuple[Entry, ...]
    span: Span = field(compare=False)
    last_line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file or block: items, perhaps a condition, perhaps a block."""

    items: tuple[Item, ...]
    condition: Node | None
    block: Block | None


@dataclass(frozen=True, slots=True)
class Branches:
    """`if` ... `else if` ... `else`: conditions with their blocks, then the block without one."""

    branches: tuple[tuple[Node, Block], ...]
    otherwise: Block | None
    span: Span = field(compare=False)


Entry = Line | Branches


def join(first: Span, last: Span) -> Span:
    """The span from the start of one to the end of the other; only the first where they lie on different lines."""
    if first.line != last.line:
        return first
    return Span(first.path, first.line, first.column, last.column + last.length - first.column)


def outline(entries: tuple[Entry, ...], depth: int = 0) -> list[str]:
    """The tree as indented lines: a line of the file each, sub-expressions in brackets."""
    lines: list[str] = []
    pad = "  " * depth
    for entry in entries:
        if isinstance(entry, Branches):
            for number, (condition, block) in enumerate(entry.branches):
                lines += [f"{pad}{'else ' if number else ''}if {_shown(condition)}", *outline(block.entries, depth + 1)]
            if entry.otherwise is not None:
                lines += [f"{pad}else", *outline(entry.otherwise.entries, depth + 1)]
        else:
            text = " ".join(("," if item.listed else "") + _shown(item.node) for item in entry.items)
            lines.append(pad + text + (f" if {_shown(entry.condition)}" if entry.condition is not None else ""))
            lines += outline(entry.block.entries, depth + 1) if entry.block is not None else []
    return lines


def _shown(node: Node) -> str:
    if isinstance(node, Number):
        return node.digits + node.unit
    if isinstance(node, Name):
        return node.text
    if isinstance(node, Text):
        return f'"{node.text}"'
    if isinstance(node, Unary):
        return f"[{node.op} {_shown(node.operand)}]"
    if isinstance(node, Binary):
        return f"[{_shown(node.left)} {node.op} {_shown(node.right)}]"
    return f"[{node.function} {', '.join(map(_shown, node.arguments))}]"
