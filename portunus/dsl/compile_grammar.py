"""From `grammar/portunus.lark` to `grammar_tables.py`: lark builds the LALR tables, once, and reading a spec needs no lark.

`python -m portunus.dsl.compile_grammar` writes the tables after a change of the grammar; a test says when they are not up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lark import Lark, Token
from lark.parsers.lalr_analysis import Shift

from portunus.files import write_atomic
from portunus.resources import data_folder

HERE = Path(__file__).resolve().parent / "grammar_tables.py"
_HEAD = '''"""The tables of `grammar/portunus.lark`, written by `python -m portunus.dsl.compile_grammar`; not to be edited.

TERMINALS: names and patterns, the first that matches wins. KEYWORDS: words that are no names. RULES: what a reduction makes, how many values
it takes, the builder's method ("" = the one value stays as it is), and whether the values are spliced into the rule around it. STATES: for each
state, symbol -> the next state, or ~rule for a reduction.
"""

# ruff: noqa
'''


class KeepTerminals:
    """Tells lark to keep the terminals that no rule of the grammar uses."""

    always_accept = ("COMMENT", "FOREIGN", "OPEN_STRING", "STRAY", "NEWLINE", "MINUS")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The stream as it is."""
        return stream


def tables() -> str:
    """The text of `grammar_tables.py`, a pure function of the grammar."""
    lark = Lark((data_folder("grammar") / "portunus.lark").read_text(encoding="utf-8"), parser="lalr", lexer="basic", postlex=KeepTerminals(), maybe_placeholders=False)
    conf = lark.parse_interactive("").parser_state.parse_conf
    lexer: Any = lark._build_lexer()
    terminals = [(terminal.name, terminal.pattern.to_regexp()) for terminal in lexer.scanner.terminals]
    words = {terminal.pattern.value: terminal.name for name, found in lexer.callback.items() if name == "NAME" for terminal in found.scanner.terminals}
    states = conf.parse_table.states
    number: dict[Any, int] = {conf.start_state: 0}
    waiting = [conf.start_state]
    rules: list[tuple[str, int, str, bool]] = []
    rows: list[dict[str, int]] = []
    for state in waiting:
        row: dict[str, int] = {}
        for symbol, (action, target) in sorted(states[state].items(), key=lambda item: str(item[0])):
            if action is Shift:
                if target not in number:
                    number[target] = len(number)
                    waiting.append(target)
                row[str(symbol)] = number[target]
            else:
                rule = _rule(target)
                if rule not in rules:
                    rules.append(rule)
                row[str(symbol)] = ~rules.index(rule)
        rows.append(row)
    listed: dict[str, list[Any]] = {"TERMINALS": terminals, "RULES": rules, "STATES": rows}
    types = {"TERMINALS": "tuple[tuple[str, str], ...]", "RULES": "tuple[tuple[str, int, str, bool], ...]", "STATES": "tuple[dict[str, int], ...]"}
    body = "".join(f"{name}: {types[name]} = (\n" + "".join(f"    {item!r},\n" for item in items) + ")\n" for name, items in listed.items())
    return f"{_HEAD}KEYWORDS = {dict(sorted(words.items()))!r}\nIGNORED = frozenset({sorted(lexer.ignore_types)!r})\nEND = {number[conf.end_state]}\n{body}"


def _rule(rule: Any) -> tuple[str, int, str, bool]:
    origin = str(rule.origin.name)
    alone = rule.options.expand1 and len(rule.expansion) == 1 and not rule.alias
    return origin, len(rule.expansion), "" if alone else str(rule.alias or origin), origin.startswith("_")


if __name__ == "__main__":
    write_atomic(HERE, tables())
