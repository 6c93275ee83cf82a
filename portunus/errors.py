"""What a user is told when an input is wrong: one exception type, one clear message, one way out."""

from __future__ import annotations


class PortunusError(Exception):
    """Bad input or a missing piece, told to the user as one message and a way forward.

    Args:
        message: What is wrong, naming the file, field or value.
        hint: What to do next; empty when the message already says it.
        exit_code: 2 for bad input (the default), 1 for a failed check.
    """

    def __init__(self, message: str, *, hint: str = "", exit_code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


def nearest(word: str, candidates: list[str] | tuple[str, ...]) -> str | None:
    """The candidate a typist most likely meant, or None if nothing is close."""
    from difflib import get_close_matches

    found = get_close_matches(word, candidates, n=1, cutoff=0.6)
    return found[0] if found else None
