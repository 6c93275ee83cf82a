"""What the documents tell people to type exists, and each folder's README names every file in it."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest
from sources import ROOT

from portunus.cli import COMMANDS, load
from portunus.cli.bench import PARTS

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md"), *(ROOT / "portunus").rglob("README.md")])
FOLDERS = sorted(
    {
        file.parent
        for top in ("portunus", "overlay", "addon", "grammar", "specs", "models", "benchmarks")
        for file in (ROOT / top).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not any(part.startswith(".") for part in file.relative_to(ROOT).parts)
    }
)


def code(text: str) -> list[str]:
    """Lines of code blocks and everything between backticks."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"(?:^ {4}.*\n)+", text, re.MULTILINE)
    inline = re.findall(r"`([^`\n]+)`", text)
    lines = [line.strip().removeprefix("$ ") for block in [*blocks, *indented] for line in block.splitlines()]
    return [line for line in [*lines, *inline] if line]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_documents_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in code(document.read_text(encoding="utf-8")):
        words = shlex.split(line.split("#")[0], posix=True) if line.startswith(("portunus ", "make ")) else []
        if words[:1] == ["make"]:
            assert [w for w in words[1:] if "=" not in w and w not in targets] == [], line
        if words[:1] == ["portunus"] and words[1] != "COMMAND" and not words[1].startswith("-"):
            assert words[1] in COMMANDS, line
            command = load(words[1])
            if words[1] == "bench" and words[2:3] and words[2] in PARTS:
                command = import_module(f"portunus.cli.{PARTS[words[2]]}").command
            options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
            assert [w for w in words[2:] if w.startswith("--") and w.split("=")[0] not in options] == [], line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_in_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    assert [t for t in targets if not t.startswith("http") and not (document.parent / t).exists()] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: str(p.relative_to(ROOT)))
def test_folder_readme_names_every_file(folder: Path) -> None:
    readme = folder / "README.md"
    assert readme.is_file(), f"{folder.relative_to(ROOT)} has no README.md"
    text = readme.read_text(encoding="utf-8")
    files = {f.name for f in folder.iterdir() if f.is_file() and not f.name.startswith(".")} - {"README.md", "__init__.py"}
    assert sorted(name for name in files if f"`{name}`" not in text) == []
