"""A source text by lines, and a caret under the place a message speaks of."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """A text file that was read.

    Attributes:
        path: The name shown to the user.
        text: Its whole content.
    """

    path: str
    text: str
    _starts: list[int] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        position = 0
        while position >= 0:
            self._starts.append(position)
            found = self.text.find("\n", position)
            position = found + 1 if found >= 0 else -1

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both counted from 1, of a character offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The character offset of a line and column counted from 1; the end of the text for a line beyond it."""
        return self._starts[line - 1] + column - 1 if line <= len(self._starts) else len(self.text)

    def line(self, number: int) -> str:
        """The text of a line counted from 1, without its line break; empty beyond the end."""
        if not 1 <= number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")


def underline(line: str, column: int, length: int, *, width: int = 120) -> tuple[str, str]:
    """A source line cut to `width` characters around a place, and the line of carets below it.

    Args:
        line: The source line.
        column: Where the place begins, counted from 1.
        length: How many characters it covers (at least one caret is drawn; carets stop at the end of the line).
    """
    start = max(0, min(column - 1, len(line)) - width // 2) if len(line) > width else 0
    shown = line[start : start + width].replace("\t", " ")
    first = min(column - 1 - start, len(shown))
    count = max(1, min(length, len(shown) - first))
    return shown, " " * first + "^" * count
