"""What the front end says about a text: coded messages that point at a place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from portunus.dsl import limits
from portunus.dsl.model import Span
from portunus.errors import PortunusError, nearest
from portunus.source import Source, underline


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
    """

    code: str
    severity: str
    message: str
    span: Span
    hint: str = ""
    excerpt: str = ""

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
        """The finding as plain data for `--format json`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "path": self.span.path,
            "line": self.span.line,
            "column": self.span.column,
            "length": self.span.length,
            "hint": self.hint,
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
    """Collects findings while a text is read, and knows the sources for their excerpts."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self.sources: dict[str, Source] = {}
        self._errors = 0
        self._seen: set[tuple[str, Span]] = set()

    @property
    def failed(self) -> bool:
        """Whether an error was found."""
        return self._errors > 0

    def error(self, code: str, span: Span, message: str, hint: str = "") -> None:
        """Record an error; the same code at the same place is recorded once.

        Raises:
            TooManyErrors: `limits.ERRORS` were found.
        """
        if (code, span) in self._seen:
            return
        self._seen.add((code, span))
        self._add(code, "error", span, message, hint)
        self._errors += 1
        if self._errors >= limits.ERRORS:
            self._add("PT017", "error", span, f"{limits.ERRORS} errors found; the rest is not shown", "Mend these first.")
            raise TooManyErrors

    def warning(self, code: str, span: Span, message: str, hint: str = "") -> None:
        """Record a warning."""
        self._add(code, "warning", span, message, hint)

    def _add(self, code: str, severity: str, span: Span, message: str, hint: str) -> None:
        source = self.sources.get(span.path)
        self.found.append(Diagnostic(code, severity, message, span, hint, source.line(span.line) if source else ""))

    def sorted(self) -> list[Diagnostic]:
        """All findings by file (in the order read), line and column."""
        order = {path: number for number, path in enumerate(self.sources)}
        return sorted(self.found, key=lambda d: (order.get(d.span.path, -1), d.span.line, d.span.column, d.code))


def suggestion(word: str, candidates: Iterable[str], otherwise: str = "") -> str:
    """`did you mean ...?` with the nearest candidate; else a short list of what there is, else `otherwise`."""
    known = sorted(set(candidates))
    close = nearest(word, known)
    if close:
        return f"did you mean `{close}`?"
    if otherwise or not known:
        return otherwise
    return "there is " + ", ".join(f"`{name}`" for name in known[:12]) + (", ..." if len(known) > 12 else "")
