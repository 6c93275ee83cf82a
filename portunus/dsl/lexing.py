"""Tokens: pieces of a text with their kind and place, cut by the terminals of the grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portunus.dsl.grammar_tables import IGNORED, KEYWORDS, TERMINALS

_PATTERN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in TERMINALS))


class Token(str):
    """A piece of text.

    Attributes:
        type: The terminal of the grammar, or a kind the token filter made.
        line: Line, counted from 1.
        column: Column, counted from 1.
    """

    __slots__ = ("column", "line", "type")
    type: str
    line: int
    column: int

    def __new__(cls, type_: str, text: str, line: int, column: int) -> Token:
        """A token of that kind, text and place."""
        token = str.__new__(cls, text)
        token.type, token.line, token.column = type_, line, column
        return token

    def become(self, type_: str, text: str) -> Token:
        """Another token at the same place."""
        return Token(type_, text, self.line, self.column)

    @property
    def end_column(self) -> int:
        """Column after it, if it lies on one line."""
        return self.column + len(self)


def scan(text: str, start: int = 0, end: int | None = None, *, line: int = 1, column: int = 1) -> Iterator[Token]:
    """All tokens of a text but spaces. Every character belongs to one: what means nothing is a STRAY.

    Args:
        text: The text.
        start: Where to begin, between two tokens.
        end: Where to stop, between two tokens; None = at the end.
        line: The line of `start`. column: Its column.
    """
    origin = start - column + 1
    for found in _PATTERN.finditer(text, start, len(text) if end is None else end):
        kind = found.lastgroup or ""
        if kind in IGNORED:
            continue
        piece, position = found[0], found.start()
        if kind == "NAME":
            kind = KEYWORDS.get(piece, kind)
        yield Token(kind, piece, line, position - origin + 1)
        if kind == "NEWLINE":
            line += piece.count("\n")
            origin = position + 1 + piece.rfind("\n")
