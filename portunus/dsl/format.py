"""The one canonical form of a spec: indentation, spaces and columns are settled here; words, order and comments are the author's.

- Two spaces of indentation a level, four more for a line that goes on; at most one blank line in a row.
- A block on several lines has its braces at the ends of lines; one on a single line has a space inside each brace.
- Entries on one line stand three spaces apart, everything else one.
- Where the author began something in the same column on neighbouring lines, it stays in one column, as far left as it can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from itertools import accumulate

from portunus.dsl.diagnostics import DiagnosticError, Problems
from portunus.dsl.keywords import BLOCKS
from portunus.dsl.lexing import Token
from portunus.dsl.parse import Parsed, parsed
from portunus.dsl.records import dataclass
from portunus.dsl.split import split_line
from portunus.dsl.syntax import Branches, Entry, Line
from portunus.dsl.tokens import JOINS_NEXT_LINE, OPERAND_ENDS
from portunus.source import Source

ENTRY_GAP = 3
PASSES = 10
TIGHT_AFTER = frozenset({"LPAR", "FUNCTION", "RANGE", "UNARY_MINUS"})
TIGHT_BEFORE = frozenset({"RPAR", "COMMA", "RANGE"})


@dataclass
class OutLine:
    """A line to be written: its tokens, the comment at its end, its depth, and whether it goes on from the line before."""

    depth: int
    tokens: list[Token] = field(default_factory=list)
    comment: str = ""
    continues: bool = False
    blank_before: bool = False
    columns: list[int] = field(default_factory=list)  # where each token starts, counted from the indentation


def format_text(text: str, *, name: str = "<text>", reading: Callable[[Source], Parsed] = parsed) -> str:
    """The canonical form of a spec's text.

    Args:
        text: The text; it must have no errors of syntax.
        name: How messages call it.
        reading: From a text to its tree, as `parsed` does; an editor has read it already.

    Raises:
        DiagnosticError: The text has errors of syntax.
    """
    for _ in range(PASSES):
        read = reading(Source(name, text))
        if read.problems.failed:
            raise DiagnosticError(read.problems.sorted())
        formatted = _format_once(read.entries, list(read.tokens))
        if formatted == text:
            break
        text = formatted
    return text


def _format_once(entries: tuple[Entry, ...], tokens: list[Token]) -> str:
    starts = set(_entry_starts(entries, "file")) | {(entry.span.line, entry.span.column) for entry in entries if isinstance(entry, Branches)}
    lines = _lines(tokens)
    for run in _runs(lines):
        _lay_out(run, starts)
    return _write(lines)


def _entry_starts(entries: Iterable[Entry], kind: str) -> Iterator[tuple[int, int]]:
    """Line and column of every keyword, as the table of keywords cuts the lines."""
    for entry in entries:
        if isinstance(entry, Branches):
            yield entry.span.line, entry.span.column
            for _, block in entry.branches:
                yield from _entry_starts(block.entries, "statements")
            if entry.otherwise is not None:
                yield from _entry_starts(entry.otherwise.entries, "statements")
        elif isinstance(entry, Line):
            fields = split_line(entry, BLOCKS[kind], Problems())
            for item in fields:
                yield item.span.line, item.span.column
            if entry.block is not None:
                inner = fields[-1].keyword.block if fields and fields[-1].block is not None else ""
                yield from _entry_starts(entry.block.entries, inner or "statements")


# ---- lines -----------------------------------------------------------------------------------------------------------------------


def _lines(tokens: list[Token]) -> list[OutLine]:
    """The tokens in the lines they will stand on."""
    spread = _spread_braces(tokens)
    following_kinds = _following(tokens)
    lines: list[OutLine] = []
    current = OutLine(0)
    depth = parentheses = breaks = 0
    last: Token | None = None

    def flush(*, continues: bool = False) -> None:
        nonlocal current
        if current.tokens or current.comment:
            lines.append(current)
            current = OutLine(depth, continues=continues)

    for position, token in enumerate(tokens):
        kind = token.type
        following = following_kinds[position]
        if kind == "NEWLINE":
            breaks += token.count("\n")
            joined = (following == "LBRACE" and last is not None and last.type not in ("LBRACE", "RBRACE")) or (following == "ELSE" and last is not None)
            if not joined:
                goes_on = bool(parentheses) or (last is not None and last.type in JOINS_NEXT_LINE) or following in ("AND", "OR")
                flush(continues=goes_on and following not in ("LBRACE", "RBRACE", ""))
            continue
        if kind == "COMMENT":
            text = token.rstrip()
            if not current.tokens:
                current.depth, current.blank_before = depth, breaks > 1
            current.comment = f"{current.comment}  {text}" if current.comment else text
            breaks = 0
            continue
        if kind == "RBRACE":
            depth = max(0, depth - 1)
            parentheses = 0
            if position in spread:
                flush()
        elif kind == "LBRACE":
            parentheses = 0
        if last is not None and last.type == "RBRACE" and kind not in ("RBRACE", "ELSE") and current.tokens:
            flush()
        if not current.tokens and not current.comment:
            current.depth, current.blank_before = depth, breaks > 1
        elif not current.tokens:
            current.depth = depth
        breaks = 0
        parentheses += (kind == "LPAR") - (kind == "RPAR")
        if kind == "MINUS" and (last is None or last.type not in OPERAND_ENDS or (current.tokens == [] and not current.continues)):
            token = token.become("UNARY_MINUS", "-")
        current.tokens.append(token)
        if kind == "LBRACE":
            depth += 1
            rest = tokens[position + 1] if position + 1 < len(tokens) else None
            if position in spread and (rest is None or rest.type != "COMMENT"):
                flush()
        last = token
    flush()
    return lines


def _following(tokens: list[Token]) -> list[str]:
    """For each token the type of the next one that is no comment and no line break."""
    result = [""] * len(tokens)
    following = ""
    for position in range(len(tokens) - 1, -1, -1):
        result[position] = following
        if tokens[position].type not in ("NEWLINE", "COMMENT"):
            following = tokens[position].type
    return result


def _spread_braces(tokens: list[Token]) -> set[int]:
    """Positions of the braces whose block stands on several lines."""
    result: set[int] = set()
    opened: list[list[int | bool]] = []
    for position, token in enumerate(tokens):
        if token.type == "LBRACE":
            opened.append([position, False])
        elif token.type in ("NEWLINE", "COMMENT"):
            for entry in opened:
                entry[1] = True
        elif token.type == "RBRACE" and opened:
            start, several = opened.pop()
            if several and not all(t.type in ("NEWLINE",) for t in tokens[int(start) + 1 : position]):
                result |= {int(start), position}
    return result


def _runs(lines: list[OutLine]) -> Iterator[list[OutLine]]:
    """Lines next to each other that may share columns: same depth, nothing between them."""
    run: list[OutLine] = []
    for line in lines:
        if run and (line.depth != run[-1].depth or line.blank_before or not line.tokens or line.continues):
            yield run
            run = []
        if line.tokens:
            run.append(line)
        if not line.tokens or line.continues:
            if run:
                yield run
            run = []
    if run:
        yield run


# ---- columns ---------------------------------------------------------------------------------------------------------------------


def _lay_out(run: list[OutLine], starts: set[tuple[int, int]]) -> None:
    """Set the column of every token of neighbouring lines."""
    gaps = [_gaps(line) for line in run]
    entries = [[i for i, t in enumerate(line.tokens) if i and (t.line, t.column) in starts and line.tokens[i - 1].type != "LBRACE"] for line in run]
    shared = _author_columns(run, gaps, entries)
    widths = [[len(t) for t in line.tokens] for line in run]
    for group in shared:
        target = max(_column(gaps[number], widths[number], index) for number, index in group.items())
        for number, index in group.items():
            gaps[number][index] += target - _column(gaps[number], widths[number], index)
    for number in range(len(run)):
        for index in entries[number]:
            gaps[number][index] = ENTRY_GAP
    for cell in range(max((len(found) for found in entries), default=0)):
        columns: dict[int, list[int]] = {}
        for number in range(len(run)):
            if len(entries[number]) > cell:
                columns.setdefault(run[number].tokens[entries[number][cell]].column or 0, []).append(number)
        for together in columns.values():
            target = max(_column(gaps[n], widths[n], entries[n][cell]) for n in together)
            for n in together:
                gaps[n][entries[n][cell]] += target - _column(gaps[n], widths[n], entries[n][cell])
    for number, line in enumerate(run):
        line.columns = [end - width for end, width in zip(accumulate(g + w for g, w in zip(gaps[number], widths[number], strict=True)), widths[number], strict=True)]


def _column(gaps: list[int], widths: list[int], index: int) -> int:
    return sum(gaps[: index + 1]) + sum(widths[:index])


def _gaps(line: OutLine) -> list[int]:
    """The plain number of spaces before each token."""
    result = []
    for index, token in enumerate(line.tokens):
        before = line.tokens[index - 1] if index else None
        after = line.tokens[index + 1].type if index + 1 < len(line.tokens) else ""
        following_range = after == "RANGE"
        if before is None:
            result.append(0)
        elif token.type == "SIGNED_NUMBER" and (following_range or before.type == "RANGE"):
            result.append(1)  # `( -3..5)` is a range from -3, `(-3..5)` the negative of one
        elif before.type == "UNARY_MINUS" and token.type == "NUMBER" and following_range:
            result.append(1)  # and `- 3..5` is not `-3..5`
        elif before.type in TIGHT_AFTER or token.type in TIGHT_BEFORE or (before.type == "LBRACE" and token.type == "RBRACE"):
            result.append(0)
        else:
            result.append(1)
    return result


def _author_columns(run: list[OutLine], gaps: list[list[int]], entries: list[list[int]]) -> list[dict[int, int]]:
    """Groups of lines of a run with a token in one source column that the author moved there with spaces."""

    def wide(number: int) -> int | None:
        """The first token of a line with more than one space before it."""
        tokens, first_entry = run[number].tokens, entries[number][0] if entries[number] else len(run[number].tokens)
        for index in range(1, first_entry):
            before = tokens[index - 1]
            if before.line == tokens[index].line and (tokens[index].column or 0) - (before.column or 0) - len(before) > 1 and gaps[number][index] == 1:
                return index
        return None

    def at(number: int, column: int) -> int | None:
        first_entry = entries[number][0] if entries[number] else len(run[number].tokens)
        return next((i for i in range(1, first_entry) if run[number].tokens[i].column == column and gaps[number][i] == 1), None)

    moved = [wide(number) for number in range(len(run))]
    taken = [False] * len(run)
    groups: list[dict[int, int]] = []
    for number, index in enumerate(moved):
        if index is None or taken[number]:
            continue
        column = run[number].tokens[index].column or 0
        group = {number: index}
        for other in range(len(run)):
            place = None if taken[other] else moved[other] if moved[other] is not None else at(other, column)
            if place is not None and run[other].tokens[place].column == column:
                group[other] = place
        if len(group) > 1:
            groups.append(group)
            for other in group:
                taken[other] = True
    return groups


# ---- text ------------------------------------------------------------------------------------------------------------------------


def _write(lines: list[OutLine]) -> str:
    texts = []
    for line in lines:
        text = ""
        columns = line.columns or [0] * len(line.tokens)
        for token, column in zip(line.tokens, columns, strict=True):
            text = text.ljust(column) + str(token)
        texts.append("  " * line.depth + ("    " if line.continues else "") + text if text else "")
    result: list[str] = []
    for number, line in enumerate(lines):
        text = texts[number]
        if line.comment and not line.tokens:
            text = "  " * line.depth + line.comment
        elif line.comment:
            first = last = number
            while first and lines[first - 1].comment and lines[first - 1].tokens and not lines[first].blank_before:
                first -= 1
            while last + 1 < len(lines) and lines[last + 1].comment and lines[last + 1].tokens and not lines[last + 1].blank_before:
                last += 1
            text = text.ljust(max(len(texts[other]) for other in range(first, last + 1))) + "  " + line.comment
        opens = number > 0 and bool(lines[number - 1].tokens) and lines[number - 1].tokens[-1].type == "LBRACE"
        closes = bool(line.tokens) and line.tokens[0].type == "RBRACE"
        if line.blank_before and number and not opens and not closes:
            result.append("")
        result.append(text.rstrip())
    return "\n".join(result) + "\n" if result else ""
