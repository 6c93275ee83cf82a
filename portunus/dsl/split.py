"""From lines to fields: a line's words are cut at the keywords of its block and matched with their patterns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from portunus.dsl.diagnostics import Problems, nearest_name, suggestion
from portunus.dsl.keywords import BLOCKS, BlockKind, Keyword, Part
from portunus.dsl.model import Span
from portunus.dsl.syntax import Binary, Block, Branches, Entry, Item, Line, Name, Node, Number, Text


@dataclass(frozen=True)
class Field:
    """A keyword with its arguments, condition and block.

    Attributes:
        keyword: The keyword of the table.
        word: The word as written (the name itself for the keyword "*").
        arguments: Argument name -> node, tuple of nodes, or True for an optional word that was written.
        condition: What follows `if`, or None.
        block: The block in braces, or None.
        span: The place of the word.
        entry: Number of the line in its block, to keep the order of fields and `if` statements.
    """

    keyword: Keyword
    word: str
    arguments: dict[str, Any]
    condition: Node | None
    block: Block | None
    span: Span

    def get(self, name: str) -> Any:
        """An argument, or None if it was left out."""
        return self.arguments.get(name)

    def name(self, argument: str) -> str:
        """The text of an argument that is a name or text, "" if it was left out."""
        node = self.arguments.get(argument)
        return node.text if isinstance(node, Name | Text) else ""


def split_block(entries: Iterable[Entry], kind: str, problems: Problems) -> list[Field | Branches]:
    """The fields of a block, in order; `if` statements only where effects stand.

    Args:
        entries: The entries of the block.
        kind: A key of `keywords.BLOCKS`.
        problems: Takes the findings.
    """
    table = BLOCKS[kind]
    result: list[Field | Branches] = []
    given: dict[str, Span] = {}
    for entry in entries:
        if isinstance(entry, Branches):
            if kind == "statements":
                result.append(entry)
            else:
                problems.error("PT306", entry.span, f"an `if` block cannot stand in {table.title}", "Only blocks of effects have it: `on cast { if ... { } }`.")
            continue
        for found in split_line(entry, table, problems):
            if not found.keyword.many and found.word in given:
                problems.error("PT303", found.span, f"`{found.word}` is given twice", f"The first is on line {given[found.word].line}.")
            given.setdefault(found.word, found.span)
            result.append(found)
    return result


def split_line(line: Line, table: BlockKind, problems: Problems) -> list[Field]:
    """The fields of one line; condition and block belong to the last."""
    items = line.items
    position = 0
    result: list[Field] = []
    while position < len(items):
        head = items[position].node
        keyword = _keyword(head, table)
        if keyword is None:
            known = list(table.keywords)
            near = nearest_name(head.text, known) if isinstance(head, Name) else None
            _unknown(head, table, problems, after=result[-1] if result else None)
            if near is None:
                problems.lost_names.update(item.node.text for item in items[position:] if isinstance(item.node, Name))
                position += 1
                while position < len(items) and _keyword(items[position].node, table) is None:
                    position += 1
                if position >= len(items):
                    return result
                continue
            keyword = table.keywords[near]
        span = head.span
        word = head.text if isinstance(head, Name) else ""
        arguments: dict[str, Any] = {}
        matcher = _Matcher(items, position + 1, problems, word, keyword)
        complete = matcher.match(keyword.parts, arguments)
        position = matcher.position
        last = position >= len(items)
        if complete:
            result.append(Field(keyword, word, arguments, line.condition if last else None, line.block if last else None, span))
        elif last:
            return result
    if result:
        _check_tail(result[-1], table, problems)
        for found in result[:-1]:
            _check_tail(found, table, problems)
    return result


def _keyword(node: Node, table: BlockKind) -> Keyword | None:
    if not isinstance(node, Name) or "." in node.text:
        return None
    return table.keywords.get(node.text) or table.keywords.get("*")


def _unknown(head: Node, table: BlockKind, problems: Problems, *, after: Field | None) -> None:
    if isinstance(head, Name):
        elsewhere = sorted(kind.title for kind in BLOCKS.values() if head.text in kind.keywords)
        hint = suggestion(head.text, [word for word in table.keywords if word != "*"], "")
        if elsewhere and not hint.startswith("did you mean"):
            hint = f"`{head.text}` belongs in {' or '.join(elsewhere)}"
        problems.error("PT301", head.span, f"there is no word `{head.text}` in {table.title}", hint)
    elif after is not None and isinstance(first := _leftmost(head), Number) and first.digits.startswith("-"):
        hint = "A minus directly before a digit is a sign; to subtract, put a space after it."
        problems.error("PT302", first.span, f"`{after.word}` takes no more here: {_usage(after.keyword, after.word)}", hint)
    elif after is not None and not problems.error_between(head.span, head.span.line):
        problems.error("PT302", head.span, f"`{after.word}` takes no more here: {_usage(after.keyword, after.word)}", f"for example: {after.keyword.example}")
    elif after is None:
        problems.error("PT301", head.span, f"a line in {table.title} begins with a word", suggestion("", [word for word in table.keywords if word != "*"]))


def _leftmost(node: Node) -> Node:
    while isinstance(node, Binary):
        node = node.left
    return node


def _check_tail(found: Field, table: BlockKind, problems: Problems) -> None:
    keyword, word = found.keyword, found.word
    if found.condition is not None and not keyword.condition:
        problems.error("PT307", found.condition.span, f"`{word}` takes no condition in {table.title}", _condition_hint(table))
    if found.block is not None and not keyword.block:
        problems.error("PT306", found.block.span, f"`{word}` takes no block in {table.title}", f"for example: {keyword.example}")
    if found.block is None and keyword.block:
        problems.error("PT306", found.span, f"`{word}` needs a block in braces", f"for example: {keyword.example}")


def _condition_hint(table: BlockKind) -> str:
    if table.name == "statements":
        return "Write `if CONDITION { ... }` around it."
    words = [word for word, keyword in table.keywords.items() if keyword.condition and word != "*"]
    return "Only " + ", ".join(f"`{word}`" for word in words) + " may end in `if` here." if words else ""


def _usage(keyword: Keyword, word: str) -> str:
    """The pattern as a reader sees it: `cooldown TIME [manual]`."""

    def show(part: Part) -> str:
        if part.parts:
            return "[" + " ".join(map(show, part.parts)) + "]"
        text = part.name.upper() + (", ..." if part.kind == "names" else "") if part.name else part.word
        return f"[{text}]" if part.optional else text

    return "`" + " ".join([word, *map(show, keyword.parts)]) + "`"


usage = _usage


class _Matcher:
    """Matches the items after a keyword with its pattern."""

    def __init__(self, items: tuple[Item, ...], position: int, problems: Problems, word: str, keyword: Keyword) -> None:
        self.items, self.position, self.problems, self.word, self.keyword = items, position, problems, word, keyword

    def _peek(self) -> Node | None:
        return self.items[self.position].node if self.position < len(self.items) else None

    def match(self, parts: tuple[Part, ...], arguments: dict[str, Any]) -> bool:
        for part in parts:
            node = self._peek()
            if part.parts:
                if isinstance(node, Name) and node.text == part.word:
                    if len(part.parts) == 1:
                        arguments[part.word] = True
                    if not self.match(part.parts, arguments):
                        return False
            elif part.word:
                if not (isinstance(node, Name) and node.text == part.word):
                    return self._fail(node, f"`{part.word}`")
                self.position += 1
            elif not self._argument(part, node, arguments):
                return False
        return True

    def _argument(self, part: Part, node: Node | None, arguments: dict[str, Any]) -> bool:
        fits = {
            "name": isinstance(node, Name) and "." not in node.text,
            "names": isinstance(node, Name) and "." not in node.text,
            "path": isinstance(node, Name) and node.text.count(".") == 1,
            "stat": isinstance(node, Name) and node.text.count(".") <= 1,
            "text": isinstance(node, Text),
            "expr": node is not None and not isinstance(node, Text),
            "exprs": node is not None and not isinstance(node, Text),
        }[part.kind]
        if not fits:
            what = {"name": "a name", "names": "a name", "path": "a name and its value, joined by a dot", "stat": "a statistic", "text": "a text in quotes"}
            return part.optional or self._fail(node, f"{what.get(part.kind, 'a value')} ({part.name})")
        self.position += 1
        if part.kind == "names":
            names = [node]
            while self.position < len(self.items) and self.items[self.position].listed:
                item = self.items[self.position].node
                if not isinstance(item, Name) or "." in item.text:
                    return self._fail(item, "a name")
                names.append(item)
                self.position += 1
            arguments[part.name] = tuple(names)
        elif part.kind == "exprs":
            values = [node]
            while self.position < len(self.items) and not isinstance(self.items[self.position].node, Name | Text):
                values.append(self.items[self.position].node)
                self.position += 1
            arguments[part.name] = tuple(values)
        else:
            arguments[part.name] = node
        return True

    def _fail(self, node: Node | None, expected: str) -> bool:
        span = node.span if node is not None else _after(self.items[-1].node.span)
        found = f", found {_describe(node)}" if node is not None else ""
        if isinstance(node, Binary) and node.op == "-" and isinstance(_leftmost(node), Name):
            found += "; to give a negative value, put it in parentheses"
        if not self.problems.error_between(span, span.line):  # else it only lacks what the line's first mistake took away
            self.problems.error("PT302", span, f"`{self.word}` needs {expected} here{found}", f"for example: {self.keyword.example}")
        self.problems.lost_names.update(item.node.text for item in self.items if isinstance(item.node, Name))
        self.position = len(self.items)
        return False


def _after(span: Span) -> Span:
    return Span(span.path, span.line, span.column + span.length, 1)


def _describe(node: Node) -> str:
    if isinstance(node, Name):
        return f"`{node.text}`"
    if isinstance(node, Text):
        return "a text"
    return "an expression"
