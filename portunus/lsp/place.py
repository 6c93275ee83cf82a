"""Where a cursor stands in a text that may be half written: in which block, and what the table of keywords expects there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from portunus.dsl.keywords import BLOCKS, Keyword, Part
from portunus.dsl.lexing import Token
from portunus.dsl.tokens import JOINS_NEXT_LINE, OPERAND_ENDS

OPERANDS = frozenset({"NAME", "NUMBER", "SIGNED_NUMBER", "STRING", "LPAR", "FUNCTION", "OPEN_STRING"})
WORDS = frozenset({"NAME", "FUNCTION", "IF", "ELSE", "AND", "OR", "NOT"})


@dataclass(frozen=True)
class Expected:
    """One thing that may stand at the cursor: a keyword of the block, a fixed word, an argument, a condition, or `if`.

    Attributes:
        what: "keyword", "word", "argument", "condition" or "if".
        keyword: The keyword it belongs to, None for "keyword".
        part: The part of its pattern, None for "keyword", "condition" and "if".
    """

    what: str
    keyword: Keyword | None = None
    part: Part | None = None


@dataclass
class Place:
    """A cursor.

    Attributes:
        kind: Kind of the block it stands in.
        pet, aura, event: Name of the pet or aura and the event around it, "" = none.
        expected: What may stand there.
        typed: The part of a word before the cursor, dots included; a number with its unit so far.
        quoted: The text since an open quote, None outside of one.
    """

    kind: str = "file"
    pet: str = ""
    aura: str = ""
    event: str = ""
    expected: list[Expected] = field(default_factory=list)
    typed: str = ""
    quoted: str | None = None


@dataclass
class _Open:
    kind: str
    pet: str = ""
    aura: str = ""
    event: str = ""
    statement: list[Token] = field(default_factory=list)


def place_at(tokens: Iterable[Token], line: int, column: int) -> Place | None:
    """The place of a cursor; None inside a comment.

    Args:
        tokens: All tokens of the text.
        line: Of the cursor, counted from 1. column: Of the character behind it, counted from 1.
    """
    blocks = [_Open("file")]
    typed, quoted = "", None
    parentheses = 0
    for token in tokens:
        if (token.line, token.column) >= (line, column):
            break
        here = blocks[-1]
        reaches = token.line == line and token.end_column >= column
        if reaches and token.type not in ("LBRACE", "RBRACE", "LPAR", "RPAR", "COMMA", "NEWLINE", "COMPARISON", "PLUS", "MINUS", "STAR", "SLASH", "RANGE"):
            if token.type == "COMMENT":
                return None
            if token.type in ("STRING", "OPEN_STRING"):
                if token.end_column == column and token.type == "STRING" and len(token) > 1:
                    here.statement.append(token)
                else:
                    quoted = token[1 : column - token.column]
                break
            typed = token[: column - token.column]
            before = here.statement[-1] if here.statement else None
            if typed == "." and before is not None and before.type == "NAME" and before.line == line and before.end_column == token.column:
                typed = str(here.statement.pop()) + typed  # the name before a dot that nothing follows yet
            break
        if token.type == "COMMENT":
            continue
        if token.type == "LBRACE":
            blocks.append(_opened(here))
            parentheses = 0
        elif token.type == "RBRACE":
            if len(blocks) > 1:
                blocks.pop()
            blocks[-1].statement.clear()
            parentheses = 0
        elif token.type == "NEWLINE":
            goes_on = parentheses > 0 or (here.statement and here.statement[-1].type in JOINS_NEXT_LINE)
            if not goes_on:
                here.statement.clear()
        else:
            parentheses = max(0, parentheses + (token.type in ("LPAR",)) - (token.type == "RPAR"))
            here.statement.append(token)
    here = blocks[-1]
    return Place(here.kind, here.pet, here.aura, here.event, _expected(here.statement, here.kind), typed, quoted)


def _opened(outer: _Open) -> _Open:
    """The block a brace opens after a statement."""
    inner = _Open(outer.kind, outer.pet, outer.aura, outer.event)
    statement, outer.statement = outer.statement, []
    if statement and statement[0].type in ("IF", "ELSE", "RBRACE"):
        inner.kind = "statements"
        return inner
    walk = _Walk(_items(statement), outer.kind)
    walk.run()
    keyword, words = walk.last, walk.names
    if keyword is None or not keyword.block:
        inner.kind = "statements" if keyword is None else outer.kind
        return inner
    inner.kind = keyword.block
    if keyword.word == "pet":
        inner.pet = words.get("name", "")
    elif keyword.word == "aura":
        inner.aura = words.get("name", "")
    elif keyword.word == "on":
        inner.event = words.get("event", "")
    return inner


@dataclass
class _Item:
    """A word, text or expression of a statement; `open` = it cannot end here."""

    tokens: list[Token]
    listed: bool = False
    open: bool = False

    @property
    def name(self) -> str:
        return str(self.tokens[0]) if len(self.tokens) == 1 and self.tokens[0].type == "NAME" else ""


def _items(statement: Sequence[Token]) -> list[_Item]:
    """The items of a statement, side by side; a condition is left out but for its `if`, which becomes an item of its own."""
    items: list[_Item] = []
    depth, listed = 0, False
    last = ""
    for token in statement:
        kind = token.type
        if kind == "IF" and depth == 0:
            items.append(_Item([token], open=True))
            return items
        if kind == "COMMA" and depth == 0:
            listed, last = True, "COMMA"
            continue
        begins = kind in OPERANDS and depth == 0 and (last in OPERAND_ENDS or last in ("", "COMMA"))
        if not items or begins:
            items.append(_Item([], listed))
            listed = False
        items[-1].tokens.append(token)
        depth = max(0, depth + (kind in ("LPAR",)) - (kind == "RPAR"))
        last = kind
    if items and (depth or last not in (*OPERAND_ENDS, "COMMA", "OPEN_STRING")):
        items[-1].open = True
    if items and last == "COMMA":
        items.append(_Item([], listed=True, open=True))
    return items


class _Walk:
    """Matches the items of a statement with the patterns of a block's keywords, from the left, as far as they go."""

    def __init__(self, items: list[_Item], kind: str) -> None:
        self.items, self.kind = items, kind
        self.position = 0
        self.last: Keyword | None = None
        self.names: dict[str, str] = {}
        self.expected: list[Expected] = []

    def run(self) -> None:
        table = BLOCKS[self.kind].keywords
        while self.position < len(self.items):
            item = self.items[self.position]
            if item.tokens and item.tokens[0].type == "IF":
                self.expected = [Expected("condition", self.last)]
                return
            keyword = table.get(item.name) or (table.get("*") if item.name else None)
            self.position += 1
            if keyword is None:
                continue
            self.last, self.names = keyword, {}
            if not self._match(keyword, keyword.parts):
                return
        self.expected.append(Expected("keyword"))
        if self.last is not None and self.last.condition:
            self.expected.append(Expected("if", self.last))

    def _match(self, keyword: Keyword, parts: tuple[Part, ...]) -> bool:
        """Match the parts of a pattern; False if the cursor stands among them (or what is written does not fit)."""
        for part in parts:
            item = self.items[self.position] if self.position < len(self.items) else None
            if part.parts:
                if item is None:
                    self.expected.append(Expected("word", keyword, part.parts[0]))
                elif item.name == part.word and not self._match(keyword, part.parts):
                    return False
                continue
            if item is None:
                self.expected.append(Expected("word" if part.word else "argument", keyword, part))
                if part.optional:
                    continue
                return False
            if part.word:
                if item.name == part.word:
                    self.position += 1
                    continue
                return True
            if not self._argument(keyword, part, item):
                return False
        return True

    def _argument(self, keyword: Keyword, part: Part, item: _Item) -> bool:
        is_text = bool(item.tokens) and item.tokens[0].type in ("STRING", "OPEN_STRING")
        if part.optional and (part.kind == "text") != is_text:
            return True
        self.position += 1
        while part.kind == "names" and not item.open and self.position < len(self.items) and self.items[self.position].listed:
            item = self.items[self.position]
            self.position += 1
        if item.open and self.position >= len(self.items):
            self.expected = [Expected("argument", keyword, part)]
            return False
        self.names[part.name] = item.name
        while part.kind == "exprs" and self.position < len(self.items) and not self.items[self.position].name:
            self.position += 1
        return True


def _expected(statement: list[Token], kind: str) -> list[Expected]:
    if statement and statement[0].type in ("IF", "ELSE"):
        return [Expected("condition")] if any(token.type == "IF" for token in statement) else [Expected("if")]
    walk = _Walk(_items(statement), kind)
    walk.run()
    return walk.expected
