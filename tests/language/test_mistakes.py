"""Realistic mistakes and what is said about them (`mistakes/*.txt`; golden.py brings them up to date)."""

from __future__ import annotations

import pytest
from golden import Mistake, mistakes

MISTAKES = mistakes()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.path.stem)
def test_mistake(mistake: Mistake) -> None:
    findings = mistake.findings
    first = findings[0]
    line = mistake.text().split("\n")[first.span.line - 1]
    assert line[first.span.column - 1 : first.span.column - 1 + first.span.length] == mistake.parts["points at"].rstrip("\n"), "the first message points elsewhere"
    assert mistake.parts["proposes"].rstrip("\n") in first.message + first.hint
    assert mistake.said() == mistake.parts["says"].rstrip("\n")


def test_one_mistake_gives_one_message() -> None:
    many = [mistake.path.stem for mistake in MISTAKES if len(mistake.findings) > 1]
    assert len(MISTAKES) >= 30 and many == []
