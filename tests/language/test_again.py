"""A text read again after an edit says what it says when it is read anew: tokens, tree with all places, findings."""

from __future__ import annotations

import random
import re

import pytest

from portunus.dsl.load import examine
from portunus.dsl.parse import Parsed, parsed
from portunus.lsp.project import Project
from portunus.resources import data_folder
from portunus.source import Source

WOTLK = data_folder("specs") / "wotlk"
PIECES = (
    "{", "}", "(", ")", '"', "'", "#", ",", "-", "- ", ";", "\n", "\n\n", "\r\n", " ", "   ", "\t", "x", "12", "3s", " s", "..", " if ", " and ", "else", "or\n", "Spell",
    "= 3", "// a", "\n  # a remark\n", '"an open text', " +\n", "aura x { }\n", "} else {", "\u00a0", "\u200b", "1,5", " %",
)  # fmt: skip


def edited(text: str, dice: random.Random, earlier: list[str]) -> str:
    """A text after one edit: a piece typed, some characters or lines taken out, doubled or moved, or an edit undone."""
    kind, at = dice.randrange(8), dice.randrange(len(text) + 1)
    lines = text.split("\n")
    row = dice.randrange(len(lines))
    if kind == 0:
        return text[:at] + text[at + dice.randrange(1, 4) :]
    if kind == 1:
        return "\n".join(lines[:row] + lines[row + dice.randrange(1, 4) :])
    if kind == 2:
        return "\n".join([*lines[:row], *lines[row : row + 2], *lines[row:]])
    if kind == 3:
        return "\n".join(lines[:row] + lines[row + 1 :] + lines[row : row + 1])
    if kind <= 5 and earlier:
        return earlier[-1 - dice.randrange(min(3, len(earlier)))]
    return text[:at] + dice.choice(PIECES) + text[at:]


def everything(read: Parsed) -> tuple[object, ...]:
    """All that reading gave, places among it, which equality of trees leaves out."""
    return read.entries, repr(read.entries), [(token.type, str(token), token.line, token.column) for token in read.tokens], read.problems.found, read.problems.lost_names


@pytest.mark.parametrize("name", ["mage_fire", "shaman_elemental"])
def test_reading_again_is_reading_anew(name: str) -> None:
    text, dice = (WOTLK / f"{name}.spec").read_text(encoding="utf-8"), random.Random(name)
    again, earlier, kept = parsed(Source("a", text), remember=True), [text], 0
    for _ in range(100):
        text = edited(text, dice, earlier) if dice.random() < 0.8 else earlier[0]
        earlier.append(text)
        before = {id(entry) for entry in again.entries}
        again = parsed(Source("a", text), again, remember=True)
        kept += any(id(entry) in before for entry in again.entries)
        assert everything(again) == everything(parsed(Source("a", text)))
    assert kept > 10  # else nothing was remembered


@pytest.mark.parametrize("name", ["hunter", "mage_fire"])
def test_findings_after_edits_are_those_of_a_fresh_check(name: str) -> None:
    path, dice, project = (WOTLK / f"{name}.spec").resolve(), random.Random(name), Project()
    text = path.read_text(encoding="utf-8")
    earlier, some = [text], 0
    for _ in range(30):
        text = edited(text, dice, earlier) if dice.random() < 0.7 else earlier[0]
        earlier.append(text)
        project.change(path, text)
        found = project.checked(path)
        fresh = examine(path, text=text)
        assert found.diagnostics == fresh.diagnostics and repr(found.model) == repr(fresh.model)
        some += bool(found.diagnostics)
    assert 5 < some < 30


def test_the_tree_of_other_lines_is_kept() -> None:
    """The use of it: after a key in one entry the others are the same objects, with their places."""
    text = (WOTLK / "hunter.spec").read_text(encoding="utf-8")
    first = parsed(Source("a", text), remember=True)
    second = parsed(Source("a", re.sub(r"\bid ", "id 1", text, count=1)), first, remember=True)
    section, other = first.entries[-1], second.entries[-1]
    assert section is not other and section.block is not None and other.block is not None
    same = [a is b for a, b in zip(section.block.entries, other.block.entries, strict=True)]
    assert len(same) > 50 and same.count(False) == 1
