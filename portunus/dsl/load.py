"""The front end's doors: read a spec and everything it uses, and hand over its model or all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from portunus.dsl import limits
from portunus.dsl.build import Builder
from portunus.dsl.checks import run_checks
from portunus.dsl.diagnostics import Diagnostic, DiagnosticError, Problems, TooManyErrors, suggestion
from portunus.dsl.encounter import read_encounter
from portunus.dsl.expressions import Expressions
from portunus.dsl.model import Model, Rotation, Span
from portunus.dsl.parse import Parsed, parse, parsed
from portunus.dsl.records import dataclass
from portunus.dsl.rotations import Rotations
from portunus.dsl.split import Field, split_block
from portunus.dsl.symbols import Definition, Symbols, collect
from portunus.dsl.syntax import Entry, Line, Name, Text
from portunus.source import Source


@dataclass(frozen=True)
class Checked:
    """What reading a file gave.

    Attributes:
        diagnostics: The findings.
        symbols: The names, None if there were too many errors.
        model: The model of a text without errors, else None.
        reading: The model as far as it was understood, errors or not; None if there were too many.
    """

    diagnostics: tuple[Diagnostic, ...]
    symbols: Symbols | None
    model: Model | None
    reading: Model | None


def read_source(path: Path, shown: str, problems: Problems, at: Span | None = None) -> Source | None:
    """Read a text file within the limits; None and an error if that fails."""
    place = at or Span(shown, 1, 1)
    try:
        with open(path, "rb") as handle:
            data = handle.read(limits.FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        problems.error("PT201" if at else "PT001", place, f"cannot read {shown}: {reason}", _nearby(path) if at else "")
        return None
    if len(data) > limits.FILE_BYTES:
        problems.error("PT003", place, f"{shown} is larger than {limits.FILE_BYTES} bytes", "Split it and join the parts with `use`.")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.error("PT002", Span(shown, line, 1), f"{shown} is not UTF-8 text: byte {error.start} on line {line}", "Save it as UTF-8.")
        return None
    return Source(shown, text)


def _nearby(path: Path) -> str:
    try:
        return suggestion(path.name, [item.name for item in path.parent.iterdir() if item.suffix == ".spec"][:200])
    except OSError:
        return ""


class _Reader:
    """Reads a file and, first, the files it uses."""

    def __init__(self, path: Path, problems: Problems, text: str | None, others: Mapping[Path, str], reading: Callable[[Source], Parsed]) -> None:
        self.problems = problems
        self.reading = reading
        self.text = text
        self.others = others
        self.root = use_root(path)
        self.files: list[tuple[Entry, ...]] = []
        self.sources: list[str] = []
        self.seen: dict[Path, str] = {}
        self.open: list[Path] = []

    def read(self, path: Path, shown: str, at: Span | None = None) -> None:
        real = path.resolve()
        if real in self.open:
            chain = " uses ".join(self.seen[item] for item in [*self.open[self.open.index(real) :], real])
            self.problems.lost_files = True
            self.problems.error("PT203", at or Span(shown, 1, 1), f"these files use each other: {chain}", "Take one `use` out.")
            return
        if real in self.seen:
            return
        if len(self.seen) > limits.INCLUDES:
            self.problems.error("PT013", at or Span(shown, 1, 1), f"more than {limits.INCLUDES} files")
            return
        self.seen[real] = shown
        known = self.text if self.text is not None and at is None else self.others.get(real)
        if known is not None and len(known) > limits.FILE_BYTES:
            self.problems.error("PT003", at or Span(shown, 1, 1), f"{shown} is larger than {limits.FILE_BYTES} bytes", "Split it and join the parts with `use`.")
            self.problems.lost_files = True
            return
        source = Source(shown, known) if known is not None else read_source(path, shown, self.problems, at)
        if source is None:
            self.problems.lost_files = True
            return
        self.sources.append(shown)
        self.open.append(real)
        read = self.reading(source)
        self.problems.add(read.problems)
        entries = read.entries
        for node in _uses(entries):
            self._use(node, path, shown)
        self.open.pop()
        self.files.append(entries)

    def _use(self, node: Text, path: Path, shown: str) -> None:
        relative = node.text
        target = path.parent / relative
        try:
            inside = not Path(relative).is_absolute() and "\\" not in relative and ":" not in relative and self.root in target.resolve().parents
        except (OSError, ValueError, RuntimeError):
            inside = False
        if not inside:
            self.problems.lost_files = True
            self.problems.error("PT202", node.span, "`use` cannot leave the folder of the specs", f"The folder is {self.root.name}; give a relative path below it.")
            return
        self.read(target, str(Path(shown).parent / relative), node.span)


def use_root(path: Path) -> Path:
    """The folder `use` cannot leave: the nearest folder called `specs` above the file, else the file's own."""
    folder = path.resolve().parent
    return next((parent for parent in (folder, *folder.parents) if parent.name == "specs"), folder)


def _uses(entries: tuple[Entry, ...]) -> list[Text]:
    found = []
    for entry in entries:
        if isinstance(entry, Line) and len(entry.items) >= 2:
            head, path = entry.items[0].node, entry.items[1].node
            if isinstance(head, Name) and head.text == "use" and isinstance(path, Text | Name):
                found.append(Text(path.text, path.span))  # a name lacks its quotes, which is said later
    return found


def examine(path: Path | str, *, need_spec: bool = False, text: str | None = None, others: Mapping[Path, str] = MappingProxyType({}),
            reading: Callable[[Source], Parsed] = parsed) -> Checked:  # fmt: skip
    """Read a file, resolve all it says and run every check.

    Args:
        path: The file.
        need_spec: A missing spec is an error (a class or ruleset file alone is not enough).
        text: Stands for the file's content, as in an editor with unsaved changes.
        others: Contents of files it may use, by resolved path; what is not among them is read from disk.
        reading: From a text to its tree and findings, as `parsed` does; an editor keeps what did not change.
    """
    problems = Problems()
    symbols, model = None, None
    try:
        reader = _Reader(Path(path), problems, text, others, reading)
        reader.read(Path(path), str(path))
        symbols = collect(reader.files, problems)
        if need_spec and "spec" not in symbols.sections and not problems.failed:
            problems.error("PT311", Span(str(path), 1, 1), f"{path} defines no spec", "Give the file of a specialisation.")
        model = Builder(symbols, problems).build(tuple(reader.sources))
        run_checks(model, symbols, problems)
        if "encounter" in symbols.sections and reader.files:
            for item in split_block(reader.files[-1], "file", problems):
                if isinstance(item, Field) and item.keyword.word == "encounter":
                    read_encounter(item, problems)
    except TooManyErrors:
        model = None
    return Checked(tuple(problems.sorted()), symbols, None if problems.failed else model, model)


def load_model(path: Path | str) -> Model:
    """The model of a spec file.

    Args:
        path: The file of a specialisation.

    Raises:
        DiagnosticError: The file, or one it uses, has errors; it carries all of them.
    """
    checked = examine(path, need_spec=True)
    if checked.model is None:
        raise DiagnosticError(checked.diagnostics)
    return checked.model


def check_file(path: Path | str, *, text: str | None = None) -> list[Diagnostic]:
    """Everything that is wrong with a file and the files it uses: errors and warnings, by file and line.

    Args:
        path: The file.
        text: Stands for the file's content where given.
    """
    return list(examine(path, text=text).diagnostics)




def parse_rotation(text: str, model: Model, *, name: str = "imported") -> Rotation:
    """A priority list written in the language, against the names of a model.

    Args:
        text: The lines of a `rotation` block, without the braces.
        model: The model; its files are read again for their names.
        name: Name of the rotation, and of the text in messages.

    Raises:
        DiagnosticError: The text has errors, or the model's files have changed into something with errors.
    """
    checked = examine(model.sources[0], need_spec=True)
    if checked.model is None or checked.symbols is None:
        raise DiagnosticError(checked.diagnostics)
    problems = Problems()
    try:
        entries = parse(Source(f"<{name}>", text), problems)
        fields = tuple(item for item in split_block(entries, "rotation", problems) if isinstance(item, Field))
        definition = Definition(name, name, fields, Span(f"<{name}>", 1, 1))
        expressions = Expressions(checked.symbols, problems)
        rotation = Rotations(checked.symbols, problems, expressions, model.spells, model.auras, model.ruleset.max_enemies).rotation(definition)
    except TooManyErrors:
        rotation = None
    if problems.failed or rotation is None:
        raise DiagnosticError(problems.sorted())
    return rotation
