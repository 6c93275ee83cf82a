"""From tokens to the syntax tree, past every mistake: after one the parser goes on at the next line of the same depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from portunus.dsl.again import tokens_again
from portunus.dsl.diagnostics import Edit, Problems, TooManyErrors
from portunus.dsl.grammar_tables import END, RULES, STATES
from portunus.dsl.lexing import Token
from portunus.dsl.model import Span
from portunus.dsl.records import dataclass
from portunus.dsl.syntax import Binary, Block, Branches, Call, Entry, Item, Line, Name, Number, Text, Unary, join
from portunus.dsl.tokens import TooLarge, for_parser, lex, span_of
from portunus.source import Source

# How a token is called in a message.
TOKEN_NAMES = {
    "NAME": "a name", "FUNCTION": "a function", "NUMBER": "a number", "SIGNED_NUMBER": "a number", "STRING": "a text", "NEWLINE": "the end of the line",
    "$END": "the end of the file", "LBRACE": "`{`", "RBRACE": "`}`", "LPAR": "`(`", "RPAR": "`)`", "COMMA": "`,`", "IF": "`if`", "ELSE": "`else`",
    "AND": "`and`", "OR": "`or`", "NOT": "`not`", "RANGE": "`..`", "COMPARISON": "a comparison", "PLUS": "`+`", "MINUS": "`-`", "UNARY_MINUS": "`-`",
    "STAR": "`*`", "SLASH": "`/`",
}  # fmt: skip
OPERAND_STARTS = {"NAME", "NUMBER", "SIGNED_NUMBER", "LPAR", "FUNCTION", "NOT", "UNARY_MINUS"}


class TreeBuilder:
    """Makes syntax nodes while the text is parsed: a method for each rule of the grammar, called with the values of the rule."""

    def __init__(self, path: str) -> None:
        self.path = path

    def _span(self, token: Token) -> Span:
        return Span(self.path, token.line, token.column, len(token) or 1)

    def start(self, children: list[Any]) -> tuple[Any, ...]:
        return children[0] if children else ()

    def entries(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple([child for child in children if type(child) is not Token])

    def statement(self, children: list[Any]) -> Line:
        if len(children) == 1:
            return Line(children[0], None, None)
        condition = children[1][0] if type(children[1]) is tuple else None
        block = children[-1] if type(children[-1]) is Block else None
        return Line(children[0], condition, block)

    def condition(self, children: list[Any]) -> tuple[Any]:
        return (children[1],)

    def if_statement(self, children: list[Any]) -> Branches:
        parts = [child for child in children if not isinstance(child, Token)]
        pairs = len(parts) // 2
        branches = tuple((parts[2 * i], parts[2 * i + 1]) for i in range(pairs))
        return Branches(branches, parts[-1] if len(parts) % 2 else None, self._span(children[0]))

    def block(self, children: list[Any]) -> Block:
        entries = children[1] if isinstance(children[1], tuple) else ()
        return Block(entries, self._span(children[0]), children[-1].line)

    def items(self, children: list[Any]) -> tuple[Item, ...]:
        return tuple([child if type(child) is Item else Item(child, False) for child in children])

    def listed(self, children: list[Any]) -> Item:
        return Item(children[1], True)

    def text(self, children: list[Token]) -> Text:
        return Text(children[0].strip('"'), self._span(children[0]))

    def number(self, children: list[Token]) -> Number:
        token = children[0]
        unit = token.lstrip("-0123456789.")
        return Number(token[: len(token) - len(unit)], unit, self._span(token))

    def name(self, children: list[Token]) -> Name:
        token = children[0]
        return Name(str(token), Span(self.path, token.line, token.column, len(token)))

    def unary(self, children: list[Any]) -> Unary | Number:
        operand = children[1]
        if children[0] == "-" and isinstance(operand, Number) and not operand.digits.startswith("-"):
            return Number("-" + operand.digits, operand.unit, join(self._span(children[0]), operand.span))
        return Unary("neg" if children[0] == "-" else "not", children[1], join(self._span(children[0]), children[1].span))

    def binary(self, children: list[Any]) -> Binary:
        return Binary(str(children[1]), children[0], children[2], join(children[0].span, children[2].span))

    def call(self, children: list[Any]) -> Call:
        arguments = children[2] if isinstance(children[2], tuple) else ()
        return Call(str(children[0]), arguments, join(self._span(children[0]), self._span(children[-1])))

    def arguments(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(child for child in children if not isinstance(child, Token))

    def parenthesis(self, children: list[Any]) -> Any:
        return children[1]


# (state, id of the first token) -> the tokens of an entry, which keeps the id taken, their ids, the rule and the entry.
Memory = dict[tuple[int, int], tuple[list[Token], list[int], str, Entry]]
_MOST_REMEMBERED = 20_000


@dataclass(frozen=True)
class Parsed:
    """A text that was read.

    Attributes:
        source: The text.
        entries: The syntax tree; lines with mistakes are left out, () where a limit was passed.
        tokens: All tokens, comments and line breaks among them; () where there are too many.
        problems: The findings.
        clean: Nothing was found in single tokens.
        memory: Entries by what they were read from, for the next time; None if nobody will ask.
    """

    source: Source
    entries: tuple[Entry, ...]
    tokens: tuple[Token, ...]
    problems: Problems
    clean: bool
    memory: Memory | None


def parsed(source: Source, before: Parsed | None = None, *, remember: bool = False) -> Parsed:
    """Read a text by itself.

    Args:
        source: The text.
        before: What it was before an edit, read with `remember`.
        remember: It will be edited and read again.
    """
    problems = Problems()
    problems.sources[source.path] = source
    raw: list[Token] | None = None
    entries: tuple[Entry, ...] = ()
    clean = False
    memory = before.memory if before is not None and before.memory is not None else {}
    if len(memory) > _MOST_REMEMBERED:
        memory = {}
    try:
        if before is not None and before.clean and before.source.path == source.path:
            raw = tokens_again(source, problems, before.source, before.tokens)
        if raw is None:
            raw = lex(source, problems)
        clean = not problems.found
        entries = _Driver(source, problems, for_parser(raw, source, problems), memory if remember else None).run()
    except (TooLarge, TooManyErrors):
        pass
    return Parsed(source, entries, tuple(raw or ()), problems, clean, memory if remember else None)


def parse(source: Source, problems: Problems) -> tuple[Entry, ...]:
    """The entries of a text; its findings are added to others.

    Args:
        source: The text.
        problems: Takes the findings.

    Raises:
        TooManyErrors: With those before there are `limits.ERRORS` errors.
    """
    found = parsed(source)
    problems.add(found.problems)
    return found.entries


class _Spliced:
    """Values of a repetition, spliced into the rule around it: those `before`, then its `own`. Never changed, for saved stacks share it."""

    __slots__ = ("before", "own")

    def __init__(self, before: _Spliced | None, own: list[Any]) -> None:
        self.before, self.own = before, own

    def all(self) -> list[Any]:
        """The values in order."""
        parts, node = [], cast("_Spliced | None", self)
        while node is not None:
            parts.append(node.own)
            node = node.before
        return [value for own in reversed(parts) for value in own]


_CHAINS: dict[tuple[int, int, str], tuple[int, tuple[str, ...]]] = {}  # what `_chain` has found


def _chain(below: int, state: int, kind: str) -> tuple[int, tuple[str, ...]]:
    """After rules of one value (`?sum: product`, `primary: NAME`), one upon the other: the state, and what they make of the value, in turn."""
    makers: list[str] = []
    at = state
    while True:
        action = STATES[at].get(kind)
        origin, size, maker, spliced = RULES[~action] if action is not None and action < 0 else ("", 0, "", False)
        if size != 1 or spliced or origin == "start":
            _CHAINS[below, state, kind] = at, tuple(makers)
            return at, tuple(makers)
        if maker:
            makers.append(maker)
        at = STATES[below][origin]
        if maker == "statement":  # an entry is whole, and may be remembered
            _CHAINS[below, state, kind] = at, tuple(makers)
            return at, tuple(makers)


class _Unexpected(Exception):
    """A token that cannot stand where it is; carries what could, and the token's position."""

    def __init__(self, expected: set[str], position: int) -> None:
        super().__init__()
        self.expected, self.position = expected, position


class _Driver:
    """The LALR loop over the tables of the grammar. For each open block it keeps the stacks as they were before the current line."""

    def __init__(self, source: Source, problems: Problems, tokens: list[Token], memory: Memory | None) -> None:
        self.source, self.problems, self.tokens, self.memory = source, problems, tokens, memory
        builder = TreeBuilder(source.path)
        self.makers: dict[str, Callable[[list[Any]], Any]] = {maker: getattr(builder, maker) for _, _, maker, spliced in RULES if maker and not spliced}
        self.states: list[int] = [0]
        self.values: list[Any] = []
        self.saved: list[tuple[list[int], list[Any]]] = []
        self.starts: list[int] = []  # beside `saved`: where the line begins
        self.mistake = -1  # the token of the last one: what lies around it is not remembered

    def run(self) -> tuple[Any, ...]:
        self._save(0)
        position = 0
        while True:
            try:
                self._advance(position)
                return self.values[-1]
            except _Unexpected as error:
                self.mistake = error.position
                self._report(error.expected, error.position)
                if error.position == len(self.tokens):
                    self._restore()
                    position = error.position
                else:
                    position = self._resume(error.position)

    def _advance(self, position: int) -> None:
        """Take the tokens from a position on: reduce as far as each demands, then shift it; at the end reduce to the whole file."""
        states, values, makers, tokens = self.states, self.values, self.makers, self.tokens
        count = len(tokens)
        if self.memory and position == 0:
            position = self._recall(0)
        while True:
            token = tokens[position] if position < count else None
            kind = token.type if token is not None else "$END"
            while True:
                state = states[-1]
                if token is None and state == END:
                    return
                action = STATES[state].get(kind)
                if action is None:
                    raise _Unexpected({name for name in STATES[state] if name in TOKEN_NAMES}, position)
                if action >= 0:
                    break
                origin, size, maker, spliced = RULES[~action]
                if size == 1:
                    key = (states[-2], state, kind)
                    found = _CHAINS.get(key) or _chain(*key)
                    if found[0] != state:
                        states[-1] = found[0]
                        if found[1]:
                            value = values[-1]
                            for name in found[1]:
                                value = makers[name](value.all() if type(value) is _Spliced else [value])
                            values[-1] = value
                            if self.memory is not None and found[1][-1] == "statement":
                                self._remember("statement", position)
                        continue
                children = values[len(values) - size :]
                del values[len(values) - size :], states[len(states) - size :]
                values.append(self._make(maker, children, spliced))
                states.append(STATES[states[-1]][origin])
                if self.memory is not None and maker in ("statement", "if_statement"):
                    self._remember(maker, position)
            states.append(action)
            values.append(token)
            position += 1
            if kind in ("NEWLINE", "RBRACE"):
                self.saved.pop()
                self.starts.pop()
            if kind in ("NEWLINE", "LBRACE"):
                self._save(position)
                if self.memory:
                    position = self._recall(position)

    def _make(self, maker: str, children: list[Any], spliced: bool) -> Any:
        """What a rule makes of its values; those of repetitions are spliced in."""
        before = None
        if spliced and type(children[0]) is _Spliced:  # one more value: what came before is not copied
            before, children = children[0], children[1:]
        for child in children:
            if type(child) is _Spliced:
                children = [part for child in children for part in (child.all() if type(child) is _Spliced else (child,))]
                break
        return _Spliced(before, children) if spliced else self.makers[maker](children)

    def _remember(self, maker: str, position: int) -> None:
        """Keep the entry that ends before a position."""
        start = self.starts[-1]
        if self.memory is not None and self.mistake < start < position:
            tokens = self.tokens[start:position]
            self.memory[self.saved[-1][0][-1], id(tokens[0])] = (tokens, list(map(id, tokens)), maker, self.values[-1])

    def _recall(self, position: int) -> int:
        """Take the entry at a position as it was read before, if it is known; the position after it."""
        if self.memory is None or position >= len(self.tokens):
            return position
        state = self.states[-1]
        known = self.memory.get((state, id(self.tokens[position])))
        if known is None:
            return position
        end = position + len(known[0])
        if list(map(id, self.tokens[position:end])) != known[1] or (end < len(self.tokens) and self.tokens[end].type not in ("NEWLINE", "RBRACE")):
            return position
        self.states.append(STATES[state][known[2]])
        self.values.append(known[3])
        return end

    def _save(self, position: int) -> None:
        self.saved.append((self.states[:], self.values[:]))
        self.starts.append(position)

    def _restore(self) -> None:
        self.states[:], self.values[:] = self.saved[-1]

    def _resume(self, position: int) -> int:
        """Forget the line at hand and find where to go on: after its end, or at the brace that closes its block."""
        self._restore()
        depth = 0
        start = position
        while start and self.tokens[start - 1].type not in ("NEWLINE", "LBRACE", "RBRACE"):
            start -= 1
        self._lose(start, position)
        while position < len(self.tokens):
            kind = self.tokens[position].type
            self._lose(position, position + 1)
            if kind == "LBRACE":
                depth += 1
            elif kind == "RBRACE":
                if depth == 0:
                    return position
                depth -= 1
            elif kind == "NEWLINE" and depth == 0:
                return position + 1
            position += 1
        return position

    def _lose(self, start: int, end: int) -> None:
        for token in self.tokens[start:end]:
            if token.type == "NAME":
                self.problems.lost_names.update(token.split("."))

    def _report(self, expected: set[str], position: int) -> None:
        at_end = position >= len(self.tokens)
        token = self.tokens[-1] if at_end else self.tokens[position]
        previous = self.tokens[position - 1] if position else None
        kind = "$END" if at_end else token.type
        place = previous if kind in ("NEWLINE", "$END") and previous is not None else token
        span = span_of(self.source, place)
        if place is not token or at_end:
            span = Span(span.path, span.line, span.column + span.length, 1)
        found = TOKEN_NAMES.get(kind, str(token))
        found = f"the name `{token}`" if kind in ("NAME", "FUNCTION") else f"`{token}`" if kind in ("NUMBER", "SIGNED_NUMBER", "COMPARISON") else found
        hint, repair = self._mend(expected, position) if not at_end else ("", ())
        self.problems.error("PT101", span, f"unexpected {found}, expected {_expectation(expected)}", hint or _hint(kind, previous), repair=repair)

    def _mend(self, expected: set[str], position: int) -> tuple[str, tuple[Edit, ...]]:
        """What to write where a token cannot stand."""
        token = self.tokens[position]
        start = Span(self.source.path, token.line or 1, token.column or 1, 0)
        if token.type == "NAME" and "LBRACE" in expected and "RPAR" not in expected:
            last = token
            for following in self.tokens[position + 1 :]:
                if following.line != token.line or following.type in ("NEWLINE", "LBRACE", "RBRACE", "ELSE"):
                    break
                last = following
            end = Span(start.path, start.line, (last.column or 1) + len(last), 0)
            return "Effects of a condition stand in braces: `{ ... }`.", (Edit(start, "{ "), Edit(end, " }"))
        return "", ()


def _expectation(expected: set[str]) -> str:
    if expected >= OPERAND_STARTS - {"NOT"}:
        words = ["a name or value"] + (["`{`"] if "LBRACE" in expected else []) + (["`}`"] if "RBRACE" in expected else [])
    else:
        words = sorted({TOKEN_NAMES[name] for name in expected if name not in ("MINUS", "PLUS", "STAR", "SLASH", "RANGE", "AND", "OR")}) or ["an operator"]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _hint(kind: str, previous: Token | None) -> str:
    if kind == "SIGNED_NUMBER":
        return "A minus directly before a digit is a sign; to subtract, put a space after it."
    if kind == "LBRACE" and previous is not None and previous.type in ("IF", "AND", "OR", "NOT"):
        return "A condition must follow."
    if kind == "SLASH" and (previous is None or previous.type in ("NEWLINE", "LBRACE")):
        return "A comment begins with `#`."
    if kind == "ELSE":
        return "`else` follows the `}` of an `if` block."
    return ""
