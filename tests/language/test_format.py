"""The formatter: one form, no change of meaning, no lost comment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portunus.dsl import DiagnosticError, format_text
from portunus.dsl.catalogue import SAMPLE
from portunus.dsl.diagnostics import Problems
from portunus.dsl.parse import parse
from portunus.dsl.tokens import lex
from portunus.resources import data_folder
from portunus.source import Source

SPECS = sorted(data_folder("specs").rglob("*.spec"))


def tree(text: str) -> tuple:
    problems = Problems()
    entries = parse(Source("text", text), problems)
    assert not problems.failed, problems.found
    return entries


def comments(text: str) -> list[str]:
    return [token.rstrip() for token in lex(Source("text", text), Problems()) if token.type == "COMMENT"]


def holds(text: str) -> None:
    formatted = format_text(text)
    assert format_text(formatted) == formatted, "a second time changes it again"
    assert tree(formatted) == tree(text), "it means something else"
    assert comments(formatted) == comments(text), "comments were lost or changed"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_shipped_specs_are_in_the_canonical_form(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert format_text(text) == text, f"run: portunus fmt {path}"
    holds(text)


name = st.from_regex(r"[a-z][a-z0-9_]{0,8}(\.[a-z][a-z0-9_]{0,5}){0,2}", fullmatch=True).filter(
    lambda word: not {"if", "else", "and", "or", "not"} & set(re.split(r"\.", word))
)
number = st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,3})?(%|s|ms|min|h|yd|yd/s)?", fullmatch=True)
space = st.sampled_from([" ", "  ", "   ", "\t", " " * 7])
gap = st.sampled_from(["", " ", "  "])


@st.composite
def joined(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    left, right = draw(inner), draw(inner)
    sign = draw(st.sampled_from(["+", "-", "*", "/", "<=", "==", "and", "or", ".."]))
    if sign == "..":
        return f"({left}){draw(gap)}..{draw(gap)}({right})"
    return left + draw(space) + sign + draw(space) + right


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        joined(inner),
        st.tuples(gap, inner, gap).map(lambda part: f"({part[0]}{part[1]}{part[2]})"),
        inner.map(lambda part: f"not ({part})"),
        inner.map(lambda part: f"(- ({part}))"),
        inner.map(lambda part: f"( -3..{'(' + part + ')'})"),
        number.map(lambda part: f"(-{part})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"max({' , '.join(parts)})"),
    )


expression = st.recursive(st.one_of(name, number), wrapped, max_leaves=6)
comment = st.from_regex(r"#[ a-z{}()\"#.-]{0,20}", fullmatch=True)


@st.composite
def line(draw: st.DrawFn, depth: int) -> str:
    words = [draw(st.sampled_from(["id", "cast", "cost", "spell", "aura", "on", "modify", "let", "damage", "scorch", draw(name).replace(".", "_")]))]
    for _ in range(draw(st.integers(0, 3))):
        words.append(draw(st.sampled_from([" ", "   ", "  ", " , "])))
        words.append(draw(st.one_of(name, expression.map(lambda part: f"({part})"), number, st.just('"a text"'))))
    text = "".join(words)
    if draw(st.booleans()):
        text += draw(space) + "if" + draw(space) + draw(expression)
    if depth and draw(st.integers(0, 2)) == 0:
        text += draw(block(depth - 1))
    return text


@st.composite
def block(draw: st.DrawFn, depth: int) -> str:
    if draw(st.booleans()):
        inside = draw(line(0)) if draw(st.booleans()) else ""
        return draw(st.sampled_from([" {", "{", "\n{"])) + f" {inside} }}"
    return draw(st.sampled_from([" {", "   {", "\n  {"])) + "\n" + draw(lines(depth)) + draw(gap) + "}"


@st.composite
def lines(draw: st.DrawFn, depth: int) -> str:
    result = []
    for _ in range(draw(st.integers(0, 4))):
        text = draw(st.sampled_from(["", "  ", "\t", "      "])) + draw(st.one_of(line(depth), comment, st.just("")))
        if draw(st.integers(0, 3)) == 0 and not text.strip().startswith("#"):
            text += draw(gap) + " " + draw(comment)
        result.append(text + "\n" * draw(st.sampled_from([1, 1, 1, 2, 4])))
    return "".join(result)


@settings(max_examples=100, deadline=None)
@given(lines(3))
def test_any_layout(text: str) -> None:
    problems = Problems()
    parse(Source("text", text), problems)
    if not problems.failed:
        holds(text)


TOKENS = re.compile(r"[ \t]+|[^ \t]+")


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_spacing_of_a_real_spec(rng) -> None:
    def spaced(text: str) -> str:
        return "".join(" " * rng.choice((1, 1, 2, 5)) if part.isspace() else part for part in TOKENS.findall(text))

    text = SAMPLE.replace("%EXAMPLE%", "")
    other = "\n".join("\n" * rng.choice((0, 0, 0, 1, 3)) + " " * rng.randrange(4) + spaced(part.strip()) for part in text.split("\n"))
    other = re.sub(r"\{\n\s*(id [^\n]*)\n\s*\}", r"{ \1 }", other)
    holds(other)


def test_the_form_itself() -> None:
    messy = 'spell  a "A"\n{\n   id 5 school fire# note\n\n\n  cast 3s-1s*talent.x\n   on cast{ damage 1 .. 2+( 3*4 )}\n on land {\n\n if crit { apply b }\n else\n { remove b } } }'
    assert format_text(messy) == (
        'spell a "A" {\n  id 5 school fire  # note\n\n  cast 3s - 1s * talent.x\n  on cast { damage 1..2 + (3 * 4) }\n  on land {\n'
        "    if crit { apply b } else { remove b }\n  }\n}\n"
    )
    # Inside a section the words are known, so entries on one line stand apart.
    assert "    id 5   school fire\n" in format_text('spec s "S" {\n spell a {\n id 5 school fire\n}\n}\n')


def test_columns_the_author_made_stay_columns() -> None:
    text = "rotation r {\n  scorch      if a\n  fire_blast  if b\n  multidot x up_to 3 if c\n  pyro        if d\n}\n"
    assert format_text(text) == "rotation r {\n  scorch     if a\n  fire_blast if b\n  multidot x up_to 3 if c\n  pyro       if d\n}\n"


def test_a_broken_text_is_refused() -> None:
    with pytest.raises(DiagnosticError):
        format_text("spell a { let x 1 + }")
    assert format_text("") == "" and format_text("\n\n# only\n\n\n") == "# only\n"
