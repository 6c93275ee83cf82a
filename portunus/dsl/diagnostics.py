"""What the front end says about a text: coded messages that point at a place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from portunus.dsl import limits
from portunus.dsl.model import Span
from portunus.dsl.records import dataclass
from portunus.errors import PortunusError
from portunus.source import Source, underline


@dataclass(frozen=True)
class Edit:
    """A change of a text: `span.length` characters of one line (0 = nothing, an insertion) give way to `text`."""

    span: Span
    text: str


@dataclass(frozen=True)
class Diagnostic:
    """One finding.

    Attributes:
        code: `PT` and three digits; `portunus.dsl.catalogue` has a page for each.
        severity: "error" or "warning".
        message: What is wrong, in one line.
        span: Where.
        hint: What to write instead; may be empty.
        excerpt: The source line, for the caret.
        repair: The exact changes the hint speaks of; () where it leaves them to the reader.
    """

    code: str
    severity: str
    message: str
    span: Span
    hint: str = ""
    excerpt: str = ""
    repair: tuple[Edit, ...] = ()

    def render(self) -> str:
        """Several lines of text: place, message, source line with carets, hint."""
        lines = [f"{self.span.path}:{self.span.line}:{self.span.column}: {self.severity}[{self.code}]: {self.message}"]
        if self.excerpt.strip():
            shown, carets = underline(self.excerpt, self.span.column, self.span.length)
            margin = f"{self.span.line:>5} | "
            lines += [margin + shown, " " * 6 + "| " + carets]
        if self.hint:
            lines.append(f"      = {self.hint}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data: what it is, where, and each change of its repair."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "path": self.span.path,
            "line": self.span.line,
            "column": self.span.column,
            "length": self.span.length,
            "hint": self.hint,
            "repair": [{"line": e.span.line, "column": e.span.column, "length": e.span.length, "text": e.text} for e in self.repair],
        }


class DiagnosticError(PortunusError):
    """A text with errors; `diagnostics` has all of them, in the order of the files."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        errors = [item for item in self.diagnostics if item.severity == "error"]
        count = f"{len(errors)} errors" if len(errors) != 1 else "1 error"
        where = errors[0].span.path if errors else ""
        super().__init__(f"{where}: {count}\n" + "\n".join(item.render() for item in errors))


class TooManyErrors(Exception):
    """Ends the work on a text after `limits.ERRORS` errors; never leaves the front end."""


class Problems:
    """Collects findings while a text is read, and knows the sources for their excerpts.

    Attributes:
        found: The findings so far.
        sources: The texts by path.
        lost_names: Names in lines that could not be read: what they define is missing, so nobody is told that it does not exist.
        lost_files: A used file could not be read, or a definition was refused: any name may be missing.
    """

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self.sources: dict[str, Source] = {}
        self.lost_names: set[str] = set()
        self.lost_files = False
        self._errors = 0
        self._seen: set[tuple[str, Span]] = set()

    @property
    def failed(self) -> bool:
        """Whether an error was found."""
        return self._errors > 0

    def error(self, code: str, span: Span, message: str, hint: str = "", *, repair: tuple[Edit, ...] | None = None) -> None:
        """Record an error; the same code at the same place is recorded once.

        Args:
            code: A key of `catalogue.RULES`.
            span: The place the carets mark.
            message: What is wrong.
            hint: What to do. One that begins with "did you mean `X`?", "write `X`" or "Delete it." is also the repair: it is done to what the
                carets mark.
            repair: The repair, where the hint's words do not give it; () = there is none.

        Raises:
            TooManyErrors: `limits.ERRORS` were found.
        """
        if (code, span) in self._seen or (code == "PT401" and self._lost(span)):
            return
        self._seen.add((code, span))
        self._add(code, "error", span, message, hint, repair)
        self._errors += 1
        if self._errors >= limits.ERRORS:
            self._add("PT017", "error", span, f"{limits.ERRORS} errors found; the rest is not shown", "Mend these first.")
            raise TooManyErrors

    def add(self, other: Problems) -> None:
        """Take in the findings of a text that was read by itself, as if they were made here.

        Raises:
            TooManyErrors: There are `limits.ERRORS` with these.
        """
        for path, source in other.sources.items():
            self.sources.setdefault(path, source)
        self.lost_names |= other.lost_names
        for item in other.found:
            if item.severity == "error" and item.code != "PT017":
                self.error(item.code, item.span, item.message, item.hint, repair=item.repair)
            elif item.severity == "warning":
                self.found.append(item)

    def _lost(self, span: Span) -> bool:
        source = self.sources.get(span.path)
        if source is None or self.lost_files:
            return self.lost_files
        text = source.line(span.line)[span.column - 1 : span.column - 1 + span.length]
        return bool(self.lost_names) and not self.lost_names.isdisjoint(text.replace(".", " ").split())

    def error_between(self, start: Span, last_line: int) -> bool:
        """Whether an error lies between a place and a line of the same file."""
        return any(d.severity == "error" and d.span.path == start.path and start.line <= d.span.line <= last_line for d in self.found)

    def warning(self, code: str, span: Span, message: str, hint: str = "", *, repair: tuple[Edit, ...] | None = None) -> None:
        """Record a warning; arguments as for `error`."""
        self._add(code, "warning", span, message, hint, repair)

    def _add(self, code: str, severity: str, span: Span, message: str, hint: str, repair: tuple[Edit, ...] | None = None) -> None:
        source = self.sources.get(span.path)
        line = source.line(span.line) if source else ""
        self.found.append(Diagnostic(code, severity, message, span, hint, line, _repair(span, line, hint) if repair is None else repair))

    def sorted(self) -> list[Diagnostic]:
        """All findings by file (in the order read), line and column."""
        order = {path: number for number, path in enumerate(self.sources)}
        return sorted(self.found, key=lambda d: (order.get(d.span.path, -1), d.span.line, d.span.column, d.code))


def edited(text: str, edits: Iterable[Edit]) -> str:
    """A text with changes made to it; of two that touch the same characters only the first is made."""
    source = Source("", text)
    starts = sorted(((source.offset(edit.span.line, edit.span.column), edit.span.length, edit.text) for edit in edits), key=lambda part: part[:2])
    parts, end = [], 0
    for start, length, replacement in starts:
        if start >= end:
            parts += [text[end:start], replacement]
            end = start + length
    return "".join([*parts, text[end:]])


_PROPOSAL = re.compile(r"(?:did you mean|write) `([^`]+)`")
_PLACEHOLDER = re.compile(r"[A-Z]{2}|\.\.\.")


def _repair(span: Span, line: str, hint: str) -> tuple[Edit, ...]:
    """The change a hint speaks of, see `Problems.error`."""
    if hint.startswith("Delete it."):
        return (Edit(span, ""),)
    found = _PROPOSAL.match(hint)
    marked = line[span.column - 1 : span.column - 1 + span.length]
    if found is None or not marked or _PLACEHOLDER.search(found[1]):
        return ()
    proposed = found[1]
    if marked[0] == '"':
        folder, slash, _ = marked[1:-1].rpartition("/")
        return (Edit(span, f'"{folder}{slash}{proposed}"'),)
    if hint.startswith("did") and "." in marked and "." not in proposed:
        # The name of one thing is proposed, and the carets mark all of a dotted name: the part most like it is meant.
        names = marked.split(".")
        place = min(range(len(names)), key=lambda number: (distance(names[number], proposed, 64), number == 0))
        start = span.column + sum(len(name) + 1 for name in names[:place])
        return (Edit(Span(span.path, span.line, start, len(names[place])), proposed),)
    return (Edit(span, proposed),)


def distance(a: str, b: str, most: int) -> int:
    """How many letters must be changed, added, removed or swapped with a neighbour to get from one word to the other; at most `most` + 1.

    The optimal string alignment distance (Damerau 1964, restricted).
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def nearest_name(word: str, candidates: Iterable[str]) -> str | None:
    """The name a writer most likely meant: a slip of a letter or two, a left out or added part; None if nothing is close."""
    known = sorted(set(candidates))
    word = word[:128]
    most = max(1, min(4, len(word) // 3)) if len(word) > 1 else 0
    ranked = sorted((distance(word, name, most), abs(len(name) - len(word)), name) for name in known)
    if ranked and ranked[0][0] <= most:
        return ranked[0][2]
    own = set(word.split("_"))
    parts = [name for name in known if len(word) >= 4 and (own <= set(name.split("_")) or (own >= set(name.split("_")) and "_" in name))]
    return parts[0] if len(parts) == 1 else None


def suggestion(word: str, candidates: Iterable[str], otherwise: str = "") -> str:
    """`did you mean ...?` with the nearest candidate; else a short list of what there is, else `otherwise`."""
    known = sorted(set(candidates))
    close = nearest_name(word, known)
    if close:
        return f"did you mean `{close}`?"
    if otherwise or not known:
        return otherwise
    return "there is " + ", ".join(f"`{name}`" for name in known[:12]) + (", ..." if len(known) > 12 else "")
