"""Safe repairs: what `portunus check --fix` may write without asking.

A repair is safe if its code is declared so in the catalogue and doing it changes nothing about how the text is read: the front end reads on past
every mistake, and the model it read before must be the model it reads after. Everything else is only proposed.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from portunus.dsl.catalogue import RULES
from portunus.dsl.diagnostics import Diagnostic, edited
from portunus.dsl.load import Checked, examine

UNREADABLE = frozenset({"PT001", "PT002", "PT003", "PT004", "PT005", "PT011", "PT013", "PT017"})  # much of the text was not read


def repaired(path: Path | str, text: str) -> tuple[str, list[Diagnostic]]:
    """A text with every safe repair done.

    Args:
        path: Where the text stands or will stand; `use` starts from there. Files it uses are not changed.
        text: The text.

    Returns:
        The new text and the findings that were mended, in the order of the text.
    """
    before = examine(path, text=text)
    if before.reading is None or UNREADABLE & {item.code for item in before.diagnostics}:
        return text, []
    waiting = [item for item in before.diagnostics if item.repair and RULES[item.code].safe and item.span.path == str(path)]
    changed = edited(text, [edit for item in waiting for edit in item.repair])
    if waiting and _same(before, examine(path, text=changed), waiting):
        return changed, waiting
    mended: list[Diagnostic] = []
    for item in waiting:
        edits = [edit for other in (*mended, item) for edit in other.repair]
        changed = edited(text, edits)
        if _same(before, examine(path, text=changed), [*mended, item]):
            mended.append(item)
    return edited(text, [edit for item in mended for edit in item.repair]), mended


def _same(before: Checked, after: Checked, mended: list[Diagnostic]) -> bool:
    """Whether a changed text is read as before, and says what it said before without the mended findings."""
    said = Counter((item.code, item.message) for item in before.diagnostics)
    said.subtract((item.code, item.message) for item in mended)
    left = Counter((item.code, item.message) for item in after.diagnostics if item.severity == "error")
    return after.reading == before.reading and all(count <= said[finding] for finding, count in left.items())
