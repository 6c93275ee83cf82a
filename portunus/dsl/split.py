"""From lines to fields: a line's words are cut at the keywords of its block and matched with their patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from portunus.dsl.diagnostics import Edit, Problems, nearest_name, suggestion
from portunus.dsl.keywords import BLOCKS, CHOICES, BlockKind, Keyword, Part
from portunus.dsl.model import Span
from portunus.dsl.records import dataclass
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
    given: dict[str, Field] = {}
    for entry in entries:
        if isinstance(entry, Branches):
            if kind == "statements":
                result.append(entry)
            else:
                problems.error("PT306", entry.span, f"an `if` block cannot stand in {table.title}", "Only blocks of effects have it: `on cast { if ... { } }`.")
            continue
        fields = split_line(entry, table, problems)
        if kind == "statements" and entry.condition is not None and len(fields) == 1 and not fields[0].keyword.condition and fields[0].block is None:
            # Read as it was meant, after the message about it.
            result.append(Branches(((entry.condition, Block((replace(entry, condition=None),), fields[0].span, fields[0].span.line)),), None, fields[0].span))
            continue
        for found in fields:
            first = given.setdefault(found.word, found)
            if not found.keyword.many and first is not found:
                same = (first.arguments, first.condition, first.block) == (found.arguments, found.condition, found.block)
                repair = _taken_out(found) if same else ()
                hint = "Delete it." if repair else f"The first is on line {first.span.line}."
                problems.error("PT303", found.span, f"`{found.word}` is given twice", hint, repair=repair)
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
        if keyword is None and result and isinstance(head, Name) and _more_names(result[-1], items, position, table, problems):
            position += 1
            continue
        if keyword is None:
            known = list(table.keywords)
            near = nearest_name(head.text, known) if isinstance(head, Name) else None
            belongs = bool(result) and isinstance(head, Name) and bool(_belongs(head.text, result[-1], table))
            _unknown(head, table, problems, after=result[-1] if result else None)
            if near is None or belongs:
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
        matcher = _Matcher(items, position + 1, problems, word, keyword, table)
        complete = matcher.match(keyword.parts, arguments)
        position = matcher.position
        last = position >= len(items)
        if complete:
            result.append(Field(keyword, word, arguments, line.condition if last else None, line.block if last else None, span))
        elif last:
            return result
    for number, found in enumerate([*result[-1:], *result[:-1]]):
        _check_tail(found, table, problems, line if number == 0 else None)
    if len(result) > 1 and result[-2].block is None and result[-2].keyword.block == table.name and line.condition is None:
        _wrap(result[-2], result[-1], line, problems)
    return result


def _taken_out(found: Field) -> tuple[Edit, ...]:
    """The change that takes a field of one line out of its text."""
    nodes = [node for value in found.arguments.values() for node in (value if isinstance(value, tuple) else (value,)) if node is not True]
    spans = [found.span, *(node.span for node in nodes)]
    if found.condition is not None or found.block is not None or any(value is True for value in found.arguments.values()) or len({s.line for s in spans}) > 1:
        return ()
    return (Edit(replace(found.span, length=max(s.column + s.length for s in spans) - found.span.column), ""),)


def _more_names(found: Field, items: tuple[Item, ...], position: int, table: BlockKind, problems: Problems) -> bool:
    """Report a comma left out of a list of names, and add the name to the list."""
    part = found.keyword.parts[-1] if found.keyword.parts else None
    head, before = items[position].node, items[position - 1].node
    if part is None or part.kind != "names" or before is not found.arguments[part.name][-1] or not isinstance(head, Name) or "." in head.text:
        return False
    if nearest_name(head.text, [word for word in table.keywords if word != "*"]):
        return False
    comma = Edit(replace(_after(before.span), length=0), ",")
    hint = f"write `, {head.text}`"
    earlier = next((item for item in reversed(problems.found) if item.code == "PT302" and item.span.line == head.span.line and item.hint.startswith("write `, ")), None)
    if earlier is None:
        problems.error("PT302", head.span, f"`{head.text}` is one more name, and names are separated by commas", hint, repair=(comma,))
    else:
        problems.found[problems.found.index(earlier)] = replace(earlier, repair=(*earlier.repair, comma))
    found.arguments[part.name] = (*found.arguments[part.name], head)
    return True


def _wrap(outer: Field, inner: Field, line: Line, problems: Problems) -> None:
    """Propose braces around the effect that a word such as `chance` should have in a block, both on one line."""
    finding = next((item for item in reversed(problems.found) if item.code == "PT306" and item.span == outer.span), None)
    last = line.items[-1].node.span
    if finding is not None and line.block is None and last.line == inner.span.line == outer.span.line:
        opening, closing = Edit(replace(inner.span, length=0), "{ "), Edit(Span(last.path, last.line, last.column + last.length, 0), " }")
        problems.found[problems.found.index(finding)] = replace(finding, repair=(opening, closing))


def _keyword(node: Node, table: BlockKind) -> Keyword | None:
    if not isinstance(node, Name) or "." in node.text:
        return None
    return table.keywords.get(node.text) or table.keywords.get("*")


def _unknown(head: Node, table: BlockKind, problems: Problems, *, after: Field | None) -> None:
    if isinstance(head, Name):
        elsewhere = sorted(kind.title for kind in BLOCKS.values() if head.text in kind.keywords)
        if after is not None and (word := _belongs(head.text, after, table)):
            problems.error("PT302", head.span, f"`{after.word} ... {head.text}` cannot stand in {table.title}", word)
            return
        hint = suggestion(head.text, [word for word in table.keywords if word != "*"], "")
        if elsewhere and not hint.startswith("did you mean"):
            hint = f"`{head.text}` belongs in {' or '.join(elsewhere)}"
        problems.error("PT301", head.span, f"there is no word `{head.text}` in {table.title}", hint)
    elif after is not None and isinstance(first := _leftmost(head), Number) and first.digits.startswith("-"):
        hint = f"write `- {first.digits[1:]}{first.unit}`: a minus directly before a digit is a sign"
        problems.error("PT302", first.span, f"`{after.word}` takes no more here: {_usage(after.keyword, after.word)}", hint)
    elif after is not None and not problems.error_between(head.span, head.span.line):
        problems.error("PT302", head.span, f"`{after.word}` takes no more here: {_usage(after.keyword, after.word)}", f"for example: {after.keyword.example}")
    elif after is None:
        problems.error("PT301", head.span, f"a line in {table.title} begins with a word", suggestion("", [word for word in table.keywords if word != "*"]))


def _belongs(text: str, after: Field, table: BlockKind) -> str:
    """Where the word before takes this one, "" if nowhere."""
    for block in BLOCKS.values():
        keyword = block.keywords.get(after.word)
        if block is not table and keyword is not None and any(part.word == text for part in keyword.parts):
            own = CHOICES.get((table.name, after.word, after.keyword.parts[0].name), {}) if after.keyword.parts else {}
            listed = f" Here there is {', '.join(f'`{after.word} {choice}`' for choice in own)}." if own else ""
            return f"It stands in {block.title}.{listed}"
    return ""


def _leftmost(node: Node) -> Node:
    while isinstance(node, Binary):
        node = node.left
    return node


def _check_tail(found: Field, table: BlockKind, problems: Problems, line: Line | None) -> None:
    keyword, word = found.keyword, found.word
    if found.condition is not None and not keyword.condition:
        place = found.condition.span
        repair = _around(found, line, problems) if table.name == "statements" and line is not None else ()
        problems.error("PT307", place, f"`{word}` takes no condition in {table.title}", _condition_hint(table), repair=repair)
    if found.block is not None and not keyword.block:
        problems.error("PT306", found.block.span, f"`{word}` takes no block in {table.title}", f"for example: {keyword.example}")
    if found.block is None and keyword.block and not keyword.may_end and not (line is None and problems.error_between(found.span, found.span.line)):
        problems.error("PT306", found.span, f"`{word}` needs a block in braces", f"for example: {keyword.example}")


def _around(found: Field, line: Line, problems: Problems) -> tuple[Edit, ...]:
    """The changes that turn `EFFECT if CONDITION` into `if CONDITION { EFFECT }`, both on one line."""
    source, last = problems.sources.get(found.span.path), line.items[-1].node.span
    assert found.condition is not None
    start, end = last.column + last.length, found.condition.span.column + found.condition.span.length
    if source is None or not last.line == found.condition.span.line == found.span.line:
        return ()
    condition = source.line(last.line)[found.condition.span.column - 1 : end - 1]
    return Edit(replace(found.span, length=0), f"if {condition} {{ "), Edit(Span(last.path, last.line, start, end - start), " }")


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

    def __init__(self, items: tuple[Item, ...], position: int, problems: Problems, word: str, keyword: Keyword, table: BlockKind) -> None:
        self.items, self.position, self.problems, self.word, self.keyword, self.table = items, position, problems, word, keyword, table
        self.start = position

    def _peek(self) -> Node | None:
        return self.items[self.position].node if self.position < len(self.items) else None

    def match(self, parts: tuple[Part, ...], arguments: dict[str, Any]) -> bool:
        for part in parts:
            node = self._peek()
            if part.parts:
                if isinstance(node, Name) and (node.text == part.word or self._nearly(node, part)):
                    if len(part.parts) == 1:
                        arguments[part.word] = True
                    rest = part.parts
                    if node.text != part.word:
                        self.position, rest = self.position + 1, part.parts[1:]
                    if not self.match(rest, arguments):
                        return False
            elif part.word:
                if not (isinstance(node, Name) and node.text == part.word):
                    return self._fail(node, f"`{part.word}`")
                self.position += 1
            elif not self._argument(part, node, arguments):
                return False
        return True

    def _nearly(self, node: Name, part: Part) -> bool:
        """Whether a name is an optional word misspelt; it is reported and taken for the word."""
        follows = self.items[self.position + 1].node if self.position + 1 < len(self.items) else None
        known = any(node.text in table.keywords for table in BLOCKS.values())
        if follows is None or known or len(node.text) < 3 or nearest_name(node.text, [part.word]) is None:
            return False
        self.problems.error("PT302", node.span, f"`{self.word}` takes no `{node.text}`", f"did you mean `{part.word}`?")
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
        hint, repair = self._meant(node, expected)
        if isinstance(node, Binary) and node.op == "-" and isinstance(_leftmost(node), Name):
            found += "; to give a negative value, put it in parentheses"
        if not self.problems.error_between(span, span.line):  # else it only lacks what the line's first mistake took away
            self.problems.error("PT302", span, f"`{self.word}` needs {expected} here{found}", hint or f"for example: {self.keyword.example}", repair=repair)
        while self.position < len(self.items) and ("*" in self.table.keywords or _keyword(self.items[self.position].node, self.table) is None):
            self.position += 1
        self.problems.lost_names.update(item.node.text for item in self.items[self.start : self.position] if isinstance(item.node, Name))
        return False


    def _meant(self, node: Node | None, expected: str) -> tuple[str, tuple[Edit, ...] | None]:
        """What to write instead of a node that does not fit, as a hint and perhaps a repair."""
        if node is None:
            return "", None
        before = Span(node.span.path, node.span.line, node.span.column, 0)
        if expected.startswith("`"):  # a word to be written as it is
            word = expected.strip("`")
            near = isinstance(node, Name) and nearest_name(node.text, [word])
            follows = self.position + 1 < len(self.items)
            return (f"write `{word}`", None) if near and follows else (f"write `{word}` before it", (Edit(before, f"{word} "),))
        if isinstance(node, Name) and expected.startswith("a text"):
            return f'write `"{node.text}"`', None
        if isinstance(node, Name) and "." in node.text and expected.startswith("a name ("):
            return f"write `{node.text.split('.')[1]}`", None
        if isinstance(node, Text) and expected.startswith("a name (") and self.keyword.parts[0].name == "name" and self.keyword.parts[-1].name == "label":
            name = re.sub(r"[^a-z0-9]+", "_", node.text.lower()).strip("_")
            self.problems.lost_names.add(name)
            return (f"write `{name}` before it", (Edit(before, f"{name} "),)) if name[:1].isalpha() else ("", None)
        if isinstance(node, Text) and re.fullmatch(r"[a-z0-9_]+|[0-9.]+[a-z%]*", node.text):
            return f"write `{node.text}`", (Edit(node.span, node.text),)
        return "", None


def _after(span: Span) -> Span:
    return Span(span.path, span.line, span.column + span.length, 1)


def _describe(node: Node) -> str:
    if isinstance(node, Name):
        return f"`{node.text}`"
    if isinstance(node, Text):
        return "a text"
    return "an expression"
