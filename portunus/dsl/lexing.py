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
        start_pos: Character offset where it begins.
        line: Line, counted from 1.
        column: Column, counted from 1.
    """

    __slots__ = ("column", "line", "start_pos", "type")
    type: str
    start_pos: int
    line: int
    column: int

    def __new__(cls, type_: str, text: str, start_pos: int, line: int, column: int) -> Token:
        """A token of that kind, text and place."""
        token = str.__new__(cls, text)
        token.type, token.start_pos, token.line, token.column = type_, start_pos, line, column
        return token

    def become(self, type_: str, text: str) -> Token:
        """Another token at the same place."""
        return Token(type_, text, self.start_pos, self.line, self.column)

    @property
    def end_pos(self) -> int:
        """Character offset after it."""
        return self.start_pos + len(self)

    @property
    def end_column(self) -> int:
        """Column after it, if it lies on one line."""
        return self.column + len(self)


def scan(text: str) -> Iterator[Token]:
    """All tokens of a text but spaces. Every character belongs to one: what means nothing is a STRAY."""
    start = position = 0
    line = 1
    for found in _PATTERN.finditer(text):
        kind = found.lastgroup or ""
        if kind in IGNORED:
            continue
        piece, position = found[0], found.start()
        if kind == "NAME":
            kind = KEYWORDS.get(piece, kind)
        yield Token(kind, piece, position, line, position - start + 1)
        if kind == "NEWLINE":
            line += piece.count("\n")
            start = position + 1 + piece.rfind("\n")
