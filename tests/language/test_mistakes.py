"""Realistic mistakes and what is said about them (`mistakes/*.txt`; golden.py brings them and their table up to date)."""

from __future__ import annotations

import pytest
from golden import TABLE, Mistake, mistakes, updated

MISTAKES = mistakes()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.path.stem)
def test_mistake(mistake: Mistake) -> None:
    assert mistake.said() == mistake.parts["says"].rstrip("\n")


def test_the_first_message_is_good() -> None:
    assert len(MISTAKES) >= 100
    assert sum(mistake.pointed for mistake in MISTAKES) >= 0.9 * len(MISTAKES), "the first message points elsewhere"
    assert sum(mistake.mended for mistake in MISTAKES) >= 0.6 * len(MISTAKES), "the exact repair is not proposed"


def test_the_table_of_the_mistakes_is_up_to_date() -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert updated(text) == text, "run: PYTHONPATH=. python tests/language/golden.py"


def test_one_mistake_gives_one_message() -> None:
    many = [mistake.path.stem for mistake in MISTAKES if len({(item.code, item.span.line) for item in mistake.findings}) > 1]
    assert len(many) <= 0.05 * len(MISTAKES), many
