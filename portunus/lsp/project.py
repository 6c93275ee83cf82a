"""The files of an editor: what is open with unsaved changes, what is on disk, what each file says, and what its names mean across `use`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from portunus.dsl.diagnostics import DiagnosticError, Problems
from portunus.dsl.format import format_text
from portunus.dsl.lexing import Token, scan
from portunus.dsl.load import Checked, examine, read_source, use_root
from portunus.dsl.model import Span
from portunus.dsl.parse import Parsed, parsed
from portunus.dsl.syntax import Entry, Text
from portunus.lsp.index import Found, Key, Mention, Spot, index
from portunus.source import Source

MOST_FILES = 200  # of a folder that are looked through for users of a file


@dataclass(eq=False)
class File:
    """A file as it stands in the editor or on disk; everything else follows from its text, once.

    Attributes:
        path: Where it is.
        text: What it says.
        earlier: How the text before the last edit was read, to read this one sooner.
        held: What the entries of that held, by their ids.
    """

    path: Path
    text: str
    earlier: Parsed | None = None
    held: Mapping[int, Found] = field(default_factory=dict)

    def edited(self, text: str) -> File:
        """The file with another text."""
        known: dict[str, Any] = self.__dict__  # what was asked for so far
        held = {id(found.entry): found for found in known["found"]} if "found" in known else self.held
        return File(self.path, text, known.get("parsed", self.earlier), held)

    @cached_property
    def source(self) -> Source:
        """The text by lines."""
        return Source(str(self.path), self.text)

    def tokens(self, line: int) -> list[Token]:
        """The tokens of one line; none reaches beyond its own."""
        return list(scan(self.source.line(line)))

    @cached_property
    def parsed(self) -> Parsed:
        """The text read by itself."""
        return parsed(self.source, self.earlier, remember=True)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The syntax tree; lines with mistakes are left out."""
        return self.parsed.entries

    @cached_property
    def found(self) -> list[Found]:
        """What its entries hold."""
        return list(index(self.entries, self.held))

    @cached_property
    def mentions(self) -> list[Mention]:
        """Every name with its place."""
        return [mention for found in self.found for mention in found.mentions]

    @cached_property
    def spots(self) -> list[Spot]:
        """Every field with where it stands."""
        return [spot for found in self.found for spot in found.spots]

    @cached_property
    def formatted(self) -> str | None:
        """The text in its canonical form; None where it has errors of syntax."""
        try:
            return format_text(self.text, name=self.source.path, reading=lambda source: self.parsed if source.text == self.text else parsed(source))
        except DiagnosticError:
            return None

    @cached_property
    def uses(self) -> list[tuple[Path, Text]]:
        """The files it uses, and where it says so."""
        found = []
        for number, line in enumerate(self.text.split("\n"), 1):
            for word, path in pairwise(scan(line)) if "use" in line else ():  # the words are enough, so that the text need not be read for it
                if word == "use" and word.type == "NAME" and path.type == "STRING":
                    node = Text(path.strip('"'), Span(str(self.path), number, path.column, len(path)))
                    try:
                        target = (self.path.parent / node.text).resolve()
                        if use_root(self.path) in target.parents:
                            found.append((target, node))
                    except (OSError, ValueError, RuntimeError):
                        continue
        return found


class Closure:
    """A file with everything it uses, directly or not: the names it knows."""

    def __init__(self, files: tuple[File, ...]) -> None:
        self.files = files
        self.definitions: dict[Key, tuple[File, Mention]] = {}
        for file in files:
            for mention in file.mentions:
                if mention.defines:
                    self.definitions.setdefault(mention.keys[0], (file, mention))

    def meaning(self, mention: Mention) -> Key | None:
        """What a mention means, None if nothing of that name is defined."""
        return next((key for key in mention.keys if key in self.definitions), None)

    @property
    def has_spec(self) -> bool:
        """A specialisation is defined."""
        return any(key.space == "spec" for key in self.definitions)


class Project:
    """All that an editor has open, and the files around it."""

    def __init__(self) -> None:
        self.open: dict[Path, str] = {}
        self._files: dict[Path, File] = {}
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._closures: dict[Path, Closure] = {}
        self._checked: dict[Path, tuple[tuple[File, ...], Checked]] = {}
        self._parsed: dict[str, Parsed] = {}
        self._homes: dict[Path, Closure] = {}

    def change(self, path: Path, text: str) -> None:
        """A file is open and has this text."""
        self.open[path] = text

    def close(self, path: Path) -> None:
        """A file is closed: what is on disk counts again."""
        self.open.pop(path, None)

    def file(self, path: Path) -> File | None:
        """A file as it stands now, None if it cannot be read."""
        text = self.open.get(path)
        if text is None:
            try:
                stat = path.stat()
            except (OSError, ValueError):
                return None
            stamp = (stat.st_mtime_ns, stat.st_size)
            known = self._files.get(path)
            if known is not None and self._stamps.get(path) == stamp:
                return known
            source = read_source(path, str(path), Problems())
            if source is None:
                return None
            self._stamps[path], text = stamp, source.text
        else:
            self._stamps.pop(path, None)
        if path not in self._files or self._files[path].text != text:
            self._files[path] = self._files[path].edited(text) if path in self._files else File(path, text)
        return self._files[path]

    def files_of(self, path: Path) -> tuple[File, ...]:
        """A file and all it uses, what is used first."""
        found: dict[Path, File] = {}
        begun: set[Path] = set()

        def visit(at: Path) -> None:
            file = self.file(at)
            if at in begun or file is None or len(begun) > MOST_FILES:
                return
            begun.add(at)
            for target, _ in file.uses:
                visit(target)
            found[at] = file

        visit(path)
        return tuple(found.values())

    def closure(self, path: Path) -> Closure:
        """The names a file knows."""
        files = self.files_of(path)
        known = self._closures.get(path)
        if known is None or len(known.files) != len(files) or any(a is not b for a, b in zip(known.files, files, strict=True)):
            known = self._closures[path] = Closure(files)
        return known

    def checked(self, path: Path) -> Checked:
        """What the front end says of a file as it stands now."""
        files = self.files_of(path)
        known = self._checked.get(path)
        if known is None or len(known[0]) != len(files) or any(a is not b for a, b in zip(known[0], files, strict=True)):
            others = {file.path: file.text for file in files if file.path in self.open}
            known = self._checked[path] = (files, examine(path, text=others.get(path), others=others, reading=self._reading))
        return known[1]

    def _reading(self, source: Source) -> Parsed:
        """A text read by itself: what is known of it, if it did not change."""
        file = self._files.get(Path(source.path))
        if file is not None and file.text == source.text:
            return file.parsed
        known = self._parsed.get(source.path)  # a file by another name, such as `specs/a/../b.spec`
        if known is None or known.source.text != source.text:
            known = self._parsed[source.path] = parsed(source)
        return known

    def neighbours(self, path: Path) -> list[Path]:
        """The spec files below the folder that `use` cannot leave, the file itself first."""
        try:
            found = sorted(p.resolve() for p in use_root(path).rglob("*.spec"))[:MOST_FILES]
        except OSError:
            found = []
        return [path, *(p for p in sorted({*found, *self.open}) if p != path and use_root(p) == use_root(path))]

    def users(self, path: Path) -> Iterator[Closure]:
        """The closures in which a file takes part, its own first."""
        for other in self.neighbours(path):
            closure = self.closure(other)
            if any(file.path == path for file in closure.files):
                yield closure

    def home(self, path: Path) -> Closure:
        """Where the names of a file have their meaning: its own closure, or for a part of a specialisation the first that uses it."""
        own = self.closure(path)
        found = own if own.has_spec else self._used_before(path) or next((closure for closure in self.users(path) if closure.has_spec), own)
        self._homes[path] = found
        return found

    def _used_before(self, path: Path) -> Closure | None:
        """The specialisation that was found to use a file before, if it still does: to find it again would look through the folder."""
        known = self._homes.get(path)
        closure = self.closure(known.files[-1].path) if known is not None and known.files else None
        return closure if closure is not None and closure.has_spec and any(file.path == path for file in closure.files) else None

    def latest(self, path: Path) -> Closure:
        """The `home` of a file as it was when somebody asked last: for answers that cannot wait for a text that is being typed."""
        return self._homes.get(path) or self.home(path)
