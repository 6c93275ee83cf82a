"""Realistic mistakes: an edit of a good spec, the place a reader wants to see first, and all that is said.

`PYTHONPATH=. python tests/language/golden.py` writes what is said now into the files, and the table of them all into `docs/diagnostics.md`;
look at the difference before committing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from portunus.dsl.diagnostics import Diagnostic, edited
from portunus.dsl.load import check_file, examine
from portunus.dsl.model import Model

HERE = Path(__file__).resolve().parent
SAMPLE = HERE / "sample" / "mage_fire.spec"
TABLE = HERE.parents[1] / "docs" / "diagnostics.md"
PARTS = ("instead of", "written", "meant", "points at", "says")
MARKER = "<!-- From here on generated: python tests/language/golden.py -->"


@dataclass(frozen=True)
class Mistake:
    """A file of `mistakes/`: its title, then its parts, each below a line `--- name of the part`."""

    path: Path
    title: str
    parts: dict[str, str]

    def text(self) -> str:
        """The sample spec with the mistake in it."""
        return self._with("written")

    def meant(self) -> str:
        """The spec as its writer meant it: the sample, unless the part `meant` says something else."""
        return self._with("meant" if "meant" in self.parts else "instead of")

    def _with(self, part: str) -> str:
        good = SAMPLE.read_text(encoding="utf-8")
        old = self.parts["instead of"]
        assert good.count(old) == 1, f"{self.path.name}: {old!r} is in the sample {good.count(old)} times"
        return good.replace(old, self.parts[part])

    @cached_property
    def findings(self) -> list[Diagnostic]:
        """What is said about it."""
        return check_file(SAMPLE, text=self.text())

    def said(self) -> str:
        """What is said, as text without the folder."""
        return "\n".join(item.render() for item in self.findings).replace(str(SAMPLE.parent) + "/", "")

    @cached_property
    def pointed(self) -> bool:
        """Whether the carets of the first message mark what the writer got wrong."""
        first = self.findings[0]
        line = self.text().split("\n")[first.span.line - 1]
        return line[first.span.column - 1 : first.span.column - 1 + first.span.length] == self.parts["points at"].rstrip("\n")

    @cached_property
    def mended(self) -> bool:
        """Whether the repair that the first message proposes gives the spec that was meant."""
        first = self.findings[0]
        return bool(first.repair) and same(edited(self.text(), first.repair), self.meant())


def same(text: str, meant: str) -> bool:
    """Whether a text means what another does."""
    return text == meant or ((model := _model(text)) is not None and model == _model(meant))


@cache
def _model(text: str) -> Model | None:
    return examine(SAMPLE, text=text).model


@cache
def mistakes() -> tuple[Mistake, ...]:
    """All mistakes, by name; kept, so that a run of the tests checks each once."""
    return tuple(read(path) for path in sorted((HERE / "mistakes").glob("*.txt")))


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
    text = mistake.title + "".join(f"\n--- {name}\n{parts[name]}" for name in PARTS if name in parts) + "\n"
    mistake.path.write_text(text, encoding="utf-8")


def table(found: tuple[Mistake, ...]) -> str:
    """The generated part of `docs/diagnostics.md`."""
    pointed, mended = sum(item.pointed for item in found), sum(item.mended for item in found)
    rows = [f"| {item.title} | {item.findings[0].code} | {_cell(item.findings[0].message.replace(str(HERE) + '/', ''))} | {'yes' if item.pointed else 'no'} | {_repair(item)} |" for item in found]
    return "\n".join([
        MARKER, "", f"Of {len(found)} mistakes the first message points at the right token in {pointed} and proposes the exact repair in {mended}.", "",
        "| mistake | code | first message | right token | exact repair |", "|---|---|---|---|---|", *rows,
    ]) + "\n"  # fmt: skip


def _repair(item: Mistake) -> str:
    return _cell(item.findings[0].hint) if item.mended else "no"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def updated(text: str) -> str:
    """The document with its generated part as it is now."""
    return text.split(MARKER)[0] + table(mistakes())


if __name__ == "__main__":
    for one in mistakes():
        write(one)
    TABLE.write_text(updated(TABLE.read_text(encoding="utf-8")), encoding="utf-8")
