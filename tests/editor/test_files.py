"""Damaged texts never make the server's answers fail; the generated files of the VS Code package are what the keyword table says."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from editor import ROOT, copy_specs
from mutations import mutated

from portunus.dsl.keywords import BLOCKS
from portunus.errors import PortunusError
from portunus.lsp.completion import proposals
from portunus.lsp.hover import Reader
from portunus.lsp.navigate import definition, outline, places, rename
from portunus.lsp.project import File, Project
from portunus.lsp.textmate import files, grammar


def test_damaged_texts_at_random_places(tmp_path: Path) -> None:
    spec = copy_specs(tmp_path)
    project, dice = Project(), random.Random(4)
    reader = Reader(project)
    answers = 0
    for text in mutated([spec.read_text(encoding="utf-8")], count=120, seed=7):
        project.change(spec, text)
        file = project.file(spec)
        assert isinstance(file, File)
        project.checked(spec)
        outline(file.entries)
        for _ in range(4):
            offset = dice.randrange(len(text) + 1)
            line, column = file.source.place(offset)
            found, length = proposals(project, file, line, column)
            assert 0 <= length <= offset
            answers += len(found) + (reader.hover(file, line, column) is not None)
            definition(project, file, line, column)
            if places(project, file, line, column)[1]:
                try:
                    assert rename(project, file, line, column, "a_new_name")
                except PortunusError as error:
                    assert "already a name" in error.message
    assert answers > 1000


def test_the_package_is_what_the_table_of_keywords_says() -> None:
    folder = ROOT / "editors" / "vscode"
    written = {name: (folder / name).read_text(encoding="utf-8") for name in files()}
    assert written == files(), "run: python -m portunus.lsp.textmate editors/vscode"
    contributed = json.loads(written["package.json"])["contributes"]
    assert (folder / contributed["grammars"][0]["path"]).is_file() and (folder / contributed["languages"][0]["configuration"]).is_file()


def test_every_keyword_is_coloured() -> None:
    patterns = [re.compile(entry["match"]) for entry in grammar()["patterns"] if entry.get("name", "").startswith("keyword")]
    words = {word for block in BLOCKS.values() for word in block.keywords} - {"*"}
    assert sorted(word for word in words if not any(pattern.fullmatch(word) for pattern in patterns)) == []
