"""From text to tokens: every limit on size, depth and characters is checked here, before a tree exists."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from portunus.dsl import limits
from portunus.dsl.diagnostics import Edit, Problems
from portunus.dsl.grammar_tables import KEYWORDS, TERMINALS
from portunus.dsl.keywords import BLOCKS
from portunus.dsl.lexing import Token, scan
from portunus.dsl.model import Span
from portunus.source import Source
from portunus.units import UNITS, meant_unit

OPERATORS = frozenset({"PLUS", "MINUS", "UNARY_MINUS", "STAR", "SLASH", "RANGE", "COMPARISON", "AND", "OR", "NOT"})
OPERAND_ENDS = frozenset({"NAME", "NUMBER", "SIGNED_NUMBER", "STRING", "RPAR"})
_BRACKETS = frozenset({"LBRACE", "RBRACE", "LPAR", "RPAR"})
JOINS_NEXT_LINE = OPERATORS - {"NOT", "UNARY_MINUS"} | {"COMMA"}
LABELLED = frozenset(word for block in BLOCKS.values() for word, keyword in block.keywords.items() if any(part.name == "label" for part in keyword.parts))
_NUMBERS = frozenset({"NUMBER", "SIGNED_NUMBER"})
# Kinds that need no look at what they say or what stands before them.
_PLAIN = frozenset({name for name, _ in TERMINALS} | set(KEYWORDS.values())) - _NUMBERS - {"NAME", "FUNCTION", "STRING", "OPEN_STRING", "STRAY", "FOREIGN"}
FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class TooLarge(Exception):
    """Ends the work on one file after a limit was passed; the diagnostic is already recorded."""


def span_of(source: Source, token: Token) -> Span:
    """The place of a token; of a line break, which may go over blank lines, only where it begins."""
    return Span(source.path, token.line, token.column, len(token) if token and token.type != "NEWLINE" else 1)


def lex(source: Source, problems: Problems) -> list[Token]:
    """All tokens of a text, comments and line breaks among them, with what cannot stand in a spec reported and left out.

    Raises:
        TooLarge: The text has too many tokens.
    """
    check_characters(source, problems)
    return sift(scan(source.text), source, problems)


def sift(scanned: Iterable[Token], source: Source, problems: Problems) -> list[Token]:
    """Tokens as they were scanned, in whole lines, with what cannot stand in a spec reported and left out; raises as `lex`."""
    tokens: list[Token] = []
    before = ""  # kind of the token before
    for token in scanned:
        if len(tokens) >= limits.TOKENS:
            problems.error("PT004", span_of(source, token), f"more than {limits.TOKENS} tokens", "Split the file and join the parts with `use`.")
            raise TooLarge
        kind = token.type
        if kind in _PLAIN:
            plain = True
        elif kind == "NAME":
            plain = len(token) <= limits.NAME_CHARACTERS and token.islower() and not (before in _NUMBERS and meant_unit(token) is not None)
        elif kind in _NUMBERS:
            plain = before != "COMMA" and len(token) <= limits.NUMBER_DIGITS
        else:
            plain = kind == "STRING" and len(token) <= limits.TEXT_CHARACTERS
        if plain:
            tokens.append(token)
        elif kind == "FOREIGN":
            tokens += _foreign(token, tokens, source, problems)
        elif kind in ("NUMBER", "NAME") and len(tokens) > 1 and tokens[-1].type in ("COMMA", "NAME") and _slip(tokens, token, source, problems):
            pass
        elif kind == "NAME" and (token in UNITS or len(token) > 2) and meant_unit(token) is not None and tokens and _lone_number(tokens[-1], token):
            _join_unit(tokens, token, source, problems)
        else:
            tokens += _checked(token, source, problems)
        before = tokens[-1].type if tokens else ""
    return tokens


def _slip(tokens: list[Token], token: Token, source: Source, problems: Problems) -> bool:
    """Report and mend a decimal comma, and a label without its quotes; False where there is neither."""
    before, first = tokens[-1], tokens[-2]
    if token.type == "NUMBER":
        joined = before.type == "COMMA" and first.isdigit() and first.end_column == before.column and before.end_column == token.column
        if not joined or "." in token or any(item.type == "LPAR" and item.line == token.line for item in tokens[-limits.OPERATORS :]):
            return False
        place = Span(source.path, token.line, first.column, len(first) + 1 + len(token))
        problems.error("PT009", place, "a decimal point is a point", f"write `{first}.{token}`")
        tokens[-2:] = [first.become("NUMBER", f"{first}.{token}")]
        return True
    if token.islower() or before.type != "NAME" or first not in LABELLED or before.line != token.line:
        return False
    problems.error("PT101", span_of(source, token), "a label stands in quotes", f'write `"{token}"`')
    tokens.append(token.become("STRING", f'"{token}"'))
    return True


def _lone_number(before: Token, token: Token) -> bool:
    """Whether a token follows a number without a unit on its line."""
    return before.type in ("NUMBER", "SIGNED_NUMBER") and before[-1].isdigit() and before.line == token.line


def _join_unit(tokens: list[Token], token: Token, source: Source, problems: Problems) -> None:
    """Report a unit that stands apart from its number, and join the two."""
    number = tokens.pop()
    first = number.column or 1
    span = Span(source.path, number.line or 1, first, (token.column or 1) + len(token) - first)
    problems.error("PT014", span, "a unit stands directly after its number", f"write `{number}{meant_unit(token)}`")
    tokens.append(number.become(number.type, f"{number}{meant_unit(token)}"))


def _foreign(token: Token, before: list[Token], source: Source, problems: Problems) -> list[Token]:
    """Report a sign of another language, and give what it means here."""
    span, text = span_of(source, token), str(token)
    line = [item for item in before[-limits.OPERATORS :] if item.line == token.line]
    if text == "%" and line and _lone_number(line[-1], token):
        _join_unit(before, token, source, problems)
        return []
    if text[0] in "'\u201c\u201d\u201e":
        problems.error("PT009", span, "texts stand in straight double quotes", f'write `"{text[1:-1]}"`', repair=(Edit(span, f'"{text[1:-1]}"'),))
        return _checked(token.become("STRING", f'"{text[1:-1]}"'), source, problems)
    if text.startswith("//"):
        problems.error("PT009", span, "a comment begins with `#`", f"write `#{text[2:]}`", repair=(Edit(Span(span.path, span.line, span.column, 2), "#"),))
        return []
    if text[0] == "." and len(text) > 1:
        problems.error("PT009", span, "a number has a digit before its point", f"write `0{text}`")
        return _checked(token.become("NUMBER", "0" + text), source, problems)
    if text in ("elif", "elseif", "elsif"):
        problems.error("PT009", span, f"there is no `{text}`", "write `else if`")
        return [token.become("ELSE", "else"), token.become("IF", "if")]
    kind, meant = _MEANT.get(text, ("", ""))
    if text == "=":
        inside = any(item.type == "IF" for item in line)
        kind, meant = ("COMPARISON", "==") if inside else ("NAME", "to") if line and line[0] == "set" else ("", "")
    hint = f"write `{meant}`" if meant else _DELETED.get(text, "")
    problems.error("PT009", span, f"the character `{text}` means nothing here", hint, repair=(Edit(span, meant or (" " if text == "\u00a0" else "")),))
    return [token.become(kind, meant)] if kind else []


_MEANT = {
    "&": ("AND", "and"), "&&": ("AND", "and"), "|": ("OR", "or"), "||": ("OR", "or"), "!": ("NOT", "not "), "=<": ("COMPARISON", "<="), "=>": ("COMPARISON", ">="),
    "<>": ("COMPARISON", "!="), "\u2264": ("COMPARISON", "<="), "\u2265": ("COMPARISON", ">="), "\u2260": ("COMPARISON", "!="), "\u00d7": ("STAR", "*"),
    ",if=": ("IF", " if "), "\u00f7": ("SLASH", "/"), "\u2212": ("MINUS", "-"), "\u2013": ("MINUS", "-"), "\u2014": ("MINUS", "-"), "\u2026": ("RANGE", ".."),
}  # fmt: skip
_DELETED = {
    ";": "Delete it. The next entry stands on a line of its own, or after three spaces.",
    ":": "Delete it. A value follows its word without a colon.",
    "=": "Delete it. A value follows its word without a sign; `==` compares.",
    "\u00a0": "It is a space that does not break; write a plain one.",
    "%": "A percent sign stands directly after its number.",
}


def check_characters(source: Source, problems: Problems) -> None:
    """Report the characters that no text may have."""
    bad = [c for c in set(source.text) if c not in "\n\t" and unicodedata.category(c) in FORBIDDEN_CATEGORIES]
    for character in bad:
        start = source.text.find(character)
        while start >= 0:
            if not (character == "\r" and source.text[start + 1 : start + 2] == "\n"):
                line, column = source.place(start)
                name = unicodedata.name(character, f"U+{ord(character):04X}")
                problems.error("PT008", Span(source.path, line, column), f"the invisible character {name} is not allowed", "Delete it.")
            start = source.text.find(character, start + 1)


def _checked(token: Token, source: Source, problems: Problems) -> list[Token]:
    """Report what is wrong with a token; give it, a harmless one in its place, or nothing."""
    kind = token.type
    if kind in ("NAME", "FUNCTION"):
        if len(token) > limits.NAME_CHARACTERS and any(len(part) > limits.NAME_CHARACTERS for part in token.split(".")):
            problems.error("PT006", span_of(source, token), f"a name of more than {limits.NAME_CHARACTERS} characters")
        if not token.islower():
            lower = str(token[:80]).lower()
            if lower != token[:80]:
                problems.error("PT015", span_of(source, token), f"the name `{token[:80]}` has capital letters", f"write `{lower}`")
                return [token.become(kind, str(token).lower())]
    elif kind in ("NUMBER", "SIGNED_NUMBER"):
        if len(token) > limits.NUMBER_DIGITS and sum(character.isdigit() for character in token) > limits.NUMBER_DIGITS:
            problems.error("PT007", span_of(source, token), f"a number of more than {limits.NUMBER_DIGITS} digits")
            return [token.become(kind, "0")]
    elif kind == "STRING":
        if len(token) - 2 > limits.TEXT_CHARACTERS:
            problems.error("PT016", span_of(source, token), f"a text of more than {limits.TEXT_CHARACTERS} characters")
    elif kind == "OPEN_STRING":
        text = token.rstrip()
        opens = text.endswith("{")
        label = text[:-1].rstrip() if opens else text
        end = Span(source.path, token.line or 1, (token.column or 1) + len(label), 0)
        problems.error("PT010", span_of(source, token), "this text has no closing quote", f'write `{label}"`', repair=(Edit(end, '"'),))
        if opens:
            return [token.become("STRING", label), Token("LBRACE", "{", token.line, token.column + len(text) - 1)]
        return [token.become("STRING", label)]
    elif kind == "STRAY":
        if unicodedata.category(token[0]) not in FORBIDDEN_CATEGORIES:
            problems.error("PT009", span_of(source, token), f"the character `{token}` means nothing here", _STRAY_HINTS.get(str(token), ""))
        return []
    return [token]


_STRAY_HINTS = {
    "'": 'Texts stand in double quotes: "like this".',
    ".": "A range has two points: `1..2`; a number has a digit before its point.",
    "[": "Delete it. Lists have no brackets: `a, b, c`.",
    "]": "Delete it. Lists have no brackets: `a, b, c`.",
}


def for_parser(tokens: list[Token], source: Source, problems: Problems) -> list[Token]:
    """The tokens the grammar speaks of: comments dropped, one NEWLINE between two entries, brackets balanced, signs told apart.

    Raises:
        TooLarge: Brackets are nested too deeply, or a line has too many operators.
    """
    kept = [token for token in tokens if token.type != "COMMENT"]
    return _check_operators(_balance(list(_separate(kept)), source, problems), source, problems)


def _separate(tokens: list[Token]) -> Iterator[Token]:
    """One NEWLINE between two entries: none in parentheses, before `and`, `or` and `else`, nor after a comma or operator if the next line
    is indented deeper."""
    parentheses = 0
    indent = physical = line = 0
    last = "LBRACE"  # kind of the token before, or NEWLINE
    pending: Token | None = None
    for token in tokens:
        kind = token.type
        if kind == "NEWLINE":
            if pending is None:
                pending = token
            continue
        if token.line != line:
            physical, line = token.column, token.line
        if kind in ("LBRACE", "RBRACE"):
            parentheses = 0
        breaks = last == "RBRACE" or (pending is not None and not parentheses and not (last in JOINS_NEXT_LINE and token.column > indent))
        if breaks and last != "LBRACE" and kind not in ("RBRACE", "ELSE", "AND", "OR") and not (kind == "LBRACE" and last != "RBRACE"):
            yield pending if pending is not None else token.become("NEWLINE", "\n")
            last = "NEWLINE"
        if last in ("NEWLINE", "LBRACE"):
            indent = physical
        pending = None
        if kind == "LPAR":
            parentheses += 1
        elif kind == "RPAR":
            parentheses = max(0, parentheses - 1)
        elif kind == "MINUS" and last not in OPERAND_ENDS:
            token = token.become("UNARY_MINUS", "-")
        yield token
        last = token.type


def _balance(tokens: list[Token], source: Source, problems: Problems) -> list[Token]:
    """Report brackets without a partner and give them one, so that each costs one message."""
    tokens = _open_blocks(tokens, _opened(tokens), source, problems)
    balance = _opened(tokens)
    missing, extra = _missing_braces(tokens, balance), _extra_braces(tokens, balance)
    result: list[Token] = []
    opened: list[Token] = []
    for position, token in enumerate(tokens):
        kind = token.type
        if kind not in _BRACKETS and position not in missing:
            result.append(token)
            continue
        if position in extra:
            problems.error("PT103", span_of(source, token), "this `}` is one too many", "Delete it.")
            continue
        for _ in range(missing.get(position, 0)):
            while opened and opened[-1].type == "LPAR":
                _unclosed(opened.pop(), result, source, problems, token)
            _unclosed(opened.pop(), result, source, problems, token)
            result.append(token.become("NEWLINE", "\n"))
        if kind in ("LBRACE", "RBRACE"):
            while opened and opened[-1].type == "LPAR":
                _unclosed(opened.pop(), result, source, problems, token)
        if kind in ("LBRACE", "LPAR"):
            opened.append(token)
            if len(opened) > limits.NESTING:
                problems.error("PT005", span_of(source, token), f"nested more than {limits.NESTING} deep")
                raise TooLarge
        elif kind in ("RBRACE", "RPAR"):
            partner = "LBRACE" if kind == "RBRACE" else "LPAR"
            if not opened or opened[-1].type != partner:
                problems.error("PT103", span_of(source, token), f"this `{token}` closes nothing", "Delete it, or open its partner before it.")
                continue
            opened.pop()
        result.append(token)
    while opened:
        _unclosed(opened.pop(), result, source, problems)
    return result


def _opened(tokens: list[Token]) -> int:
    """How many more braces are opened than closed."""
    kinds = [token.type for token in tokens]
    return kinds.count("LBRACE") - kinds.count("RBRACE")


def _unclosed(token: Token, result: list[Token], source: Source, problems: Problems, before: Token | None = None) -> None:
    """Report a bracket without a partner and close it: a brace on a line of its own before the token `before`, a parenthesis after the
    last token."""
    last = next((item for item in reversed(result) if item.type != "NEWLINE"), token)
    after = Span(source.path, last.line or 1, (last.column or 1) + len(last), 0)
    if token.type == "LPAR":
        closing, repair = ")", Edit(after, ")")
    elif token.line == last.line:
        closing, repair = "}", Edit(after, " }")
    else:
        indent = source.line(token.line or 1)
        closing, repair = "}", Edit(after, "\n" + indent[: len(indent) - len(indent.lstrip())] + "}")
    problems.error("PT102", span_of(source, token), f"this `{token}` is never closed", f"Add `{closing}` after line {after.line}." if repair.text[0] == "\n" else f"Add `{closing}`.", repair=(repair,))
    result.append(Token("RBRACE" if closing == "}" else "RPAR", closing, token.line, token.column))


def _open_blocks(tokens: list[Token], balance: int, source: Source, problems: Problems) -> list[Token]:
    """Where there are more closing braces than opening ones, a line with deeper lines below it lacks its `{`: report it and put it there."""
    if balance >= 0:
        return tokens
    result: list[Token] = []
    indent = 0
    for position, token in enumerate(tokens):
        before = tokens[position - 1] if position else None
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        if before is None or before.line != token.line:
            indent = token.column or 0
        if token.type == "NEWLINE" and balance < 0 and before is not None and following is not None and before.type != "RBRACE" and (following.column or 0) > indent:
            place = Span(source.path, before.line or 1, (before.column or 1) + len(before), 1)
            hint = "Add `{` at the end of this line."
            problems.error("PT306", place, "the lines below are indented like a block, but no `{` opens it", hint, repair=(Edit(replace(place, length=0), " {"),))
            result.append(Token("LBRACE", "{", before.line, before.end_column))
            balance += 1
            continue
        result.append(token)
    return result


def _extra_braces(tokens: list[Token], balance: int) -> set[int]:
    """Positions of closing braces that seem one too many, judged by the indentation of the lines after them."""
    extra: set[int] = set()
    indents: list[int] = []
    closed: tuple[int, int] | None = None  # position of the latest closing brace, indentation of the line that opened its block
    line_indent = 0
    for position, token in enumerate(tokens):
        if balance >= 0:
            break
        kind = token.type
        first_of_line = token.line != (tokens[position - 1].line if position else 0)
        if first_of_line and kind != "NEWLINE":
            line_indent = (token.column or 1) - 1
            deeper = line_indent == closed[1] if closed and kind == "RBRACE" else bool(closed) and line_indent > closed[1]  # type: ignore[index]
            if closed is not None and deeper and (not indents or indents[-1] < line_indent):
                extra.add(closed[0])
                indents.append(closed[1])
                balance += 1
                closed = None
        if kind == "LBRACE":
            indents.append(line_indent)
            closed = None
        elif kind == "RBRACE" and indents:
            closed = (position, indents.pop())
    return extra


def _missing_braces(tokens: list[Token], balance: int) -> dict[int, int]:
    """Where closing braces seem to be missing, judged by the indentation: position -> how many."""
    places: dict[int, int] = {}
    indents: list[int] = []
    line_indent, first_of_line = 0, True
    for position, token in enumerate(tokens):
        if balance <= 0:
            break
        kind = token.type
        first_of_line = token.line != (tokens[position - 1].line if position else 0)
        if first_of_line and kind != "NEWLINE":
            line_indent = (token.column or 1) - 1
            closes = kind == "RBRACE"
            while balance > 0 and indents and (line_indent < indents[-1] if closes else line_indent <= indents[-1]):
                indents.pop()
                places[position] = places.get(position, 0) + 1
                balance -= 1
        if kind == "LBRACE":
            indents.append(line_indent)
        elif kind == "RBRACE" and indents:
            indents.pop()
    return places


def _check_operators(tokens: list[Token], source: Source, problems: Problems) -> list[Token]:
    count = 0
    for token in tokens:
        if token.type in ("NEWLINE", "LBRACE", "RBRACE"):
            count = 0
        elif token.type in OPERATORS:
            count += 1
            if count > limits.OPERATORS:
                problems.error("PT011", span_of(source, token), f"more than {limits.OPERATORS} operators in one line", "Name parts of it with `let`.")
                raise TooLarge
    return tokens
