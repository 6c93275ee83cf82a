"""The grammar's tables are those that lark builds, and read specs as lark does."""

from __future__ import annotations

from pathlib import Path

import lark
import pytest

from portunus.dsl.compile_grammar import HERE, KeepTerminals, tables
from portunus.dsl.diagnostics import Problems
from portunus.dsl.lexing import Token, scan
from portunus.dsl.parse import TreeBuilder, parse
from portunus.dsl.tokens import for_parser, lex
from portunus.resources import data_folder
from portunus.source import Source

SPECS = sorted(data_folder("specs").rglob("*.spec"))
GRAMMAR = (data_folder("grammar") / "portunus.lark").read_text(encoding="utf-8")


def test_the_tables_are_up_to_date() -> None:
    assert HERE.read_text(encoding="utf-8") == tables(), "run: python -m portunus.dsl.compile_grammar"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_specs_are_read_as_lark_reads_them(path: Path) -> None:
    source, problems = Source(path.name, path.read_text(encoding="utf-8")), Problems()
    twin = lark.Lark(GRAMMAR, parser="lalr", lexer="basic", postlex=KeepTerminals(), transformer=TreeBuilder(path.name), maybe_placeholders=False)
    scanned = [(str(token.type), str(token), token.line, token.column) for token in twin.lex(source.text)]
    assert [(token.type, str(token), token.line, token.column) for token in scan(source.text)] == scanned
    reader = twin.parse_interactive("")
    for token in for_parser(lex(source, problems), source, problems):
        reader.feed_token(token)
    assert parse(source, problems) == reader.feed_eof() and not problems.found


def test_every_character_is_in_one_token() -> None:
    text = 'a "b\n\r\t\x00 é\u2028{\r\n\n# x\r\n12yd/s "c"'
    position, tokens, source = 0, list(scan(text)), Source("text", text)
    for token in tokens:
        start = source.offset(token.line, token.column)
        assert text[position:start].strip(" \t") == "" and text[start : start + len(token)] == token
        assert (token.line, token.column) == source.place(start)
        position = start + len(token)
    assert isinstance(tokens[0], Token) and tokens[0].become("NUMBER", "7").end_column == 2


def test_a_break_over_blank_lines_is_a_place_of_one_character() -> None:
    problems = Problems()
    parse(Source("text", "}\n\n\n\nspec"), problems)
    assert [(item.code, item.span.line, item.span.length) for item in problems.sorted()] == [("PT103", 1, 1), ("PT101", 1, 1)]
