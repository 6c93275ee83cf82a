"""Realistic mistakes: an edit of a good spec, the place and repair a reader wants to see first, and all that is said.

`PYTHONPATH=. python tests/language/golden.py` writes what is said now into the files; look at the difference before committing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from portunus.dsl import Diagnostic, check_file

HERE = Path(__file__).resolve().parent
SAMPLE = HERE / "sample" / "mage_fire.spec"
PARTS = ("instead of", "written", "points at", "proposes", "says")


@dataclass(frozen=True)
class Mistake:
    """A file of `mistakes/`: its title, then its parts, each below a line `--- name of the part`."""

    path: Path
    title: str
    parts: dict[str, str]

    def text(self) -> str:
        """The sample spec with the mistake in it."""
        good = SAMPLE.read_text(encoding="utf-8")
        old = self.parts["instead of"]
        assert good.count(old) == 1, f"{self.path.name}: {old!r} is in the sample {good.count(old)} times"
        return good.replace(old, self.parts["written"])

    @cached_property
    def findings(self) -> list[Diagnostic]:
        """What is said about it."""
        return check_file(SAMPLE, text=self.text())

    def said(self) -> str:
        """What is said, as text without the folder."""
        return "\n".join(item.render() for item in self.findings).replace(str(SAMPLE.parent) + "/", "")


def mistakes() -> list[Mistake]:
    """All mistakes, by name."""
    return [read(path) for path in sorted((HERE / "mistakes").glob("*.txt"))]


def read(path: Path) -> Mistake:
    """A mistake's file."""
    title, *rest = path.read_text(encoding="utf-8").split("\n--- ")
    parts = {}
    for part in rest:
        name, _, body = part.partition("\n")
        assert name in PARTS, f"{path.name}: unknown part {name!r}"
        parts[name] = body.removesuffix("\n") if part is rest[-1] else body
    return Mistake(path, title.strip(), parts)


def write(mistake: Mistake) -> None:
    """Write a mistake's file with what is said now."""
    parts = mistake.parts | {"says": mistake.said()}
    text = mistake.title + "".join(f"\n--- {name}\n{parts[name]}" for name in PARTS) + "\n"
    mistake.path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for item in mistakes():
        write(item)
