"""`check --fix`: what is mended, and that nothing ever means something else afterwards."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from golden import SAMPLE, mistakes, same
from mutations import mutated

from portunus.dsl import format_text
from portunus.dsl.catalogue import RULES, example_text
from portunus.dsl.catalogue import SAMPLE as SMALL
from portunus.dsl.diagnostics import Edit, edited
from portunus.dsl.load import examine
from portunus.dsl.model import Span
from portunus.dsl.repair import repaired

# Slips with one meaning: (what is found in a spec, what is written instead).
SLIPS: list[tuple[str, Callable[[str], str]]] = [
    (" and ", lambda _: " && "),
    ("<= ", lambda _: "=< "),
    ("fireball", lambda _: "Fireball"),
    ("4s", lambda _: "4 sec"),
    ("10%", lambda _: "10 %"),
    ("30s", lambda _: "30 s"),
    ('"Scorch"', lambda _: "'Scorch'"),
    ("# ", lambda _: "// "),
    (" - 0.1s", lambda _: " \u2212 0.1s"),
    ("cast ", lambda _: "cast: "),
    ("dot.", lambda _: "buff."),
    ("not buff", lambda _: "!buff"),
    ("0.15s", lambda _: ".15s"),
    ("refresh", lambda _: "refersh"),
    ("talent.ignite >= 1 {", lambda _: "talent.ignite {"),
    ("to 0", lambda _: "= 0"),
    (" x 3", lambda _: " x 3"),
]


@pytest.mark.parametrize("mistake", mistakes(), ids=lambda mistake: mistake.path.stem)
def test_what_is_mended_is_what_was_meant(mistake) -> None:
    text, mended = repaired(SAMPLE, mistake.text())
    assert (text != mistake.text()) == bool(mended)
    if mended:
        assert same(text, mistake.meant())


def test_many_slips_at_once() -> None:
    """Slips all over a spec are mended, and the spec means what it meant."""
    good = SAMPLE.read_text(encoding="utf-8")
    rng = random.Random(5)
    mended = 0
    for _ in range(12):
        text = good
        for found, written in rng.sample(SLIPS, 6):
            places = [i for i in range(len(text)) if text.startswith(found, i)]
            if places:
                place = rng.choice(places)
                text = text[:place] + written(found) + text[place + len(found) :]
        fixed, done = repaired(SAMPLE, text)
        mended += len(done)
        model = examine(SAMPLE, text=fixed).model
        assert model is None or model == examine(SAMPLE, text=good).model, fixed
    assert mended > 30


def test_a_repair_never_changes_what_is_read() -> None:
    """Of mutated specs: the model as far as it is read stays, no error is added, and a second run has nothing to do."""
    changed = 0
    for text in mutated([SMALL.replace("%EXAMPLE%", "")], count=300, seed=31):
        fixed, done = repaired("main.spec", text)
        if not done:
            assert fixed == text
            continue
        changed += 1
        before, after = examine("main.spec", text=text), examine("main.spec", text=fixed)
        assert after.reading == before.reading
        errors = [item for item in before.diagnostics if item.severity == "error"]
        assert len([item for item in after.diagnostics if item.severity == "error"]) <= len(errors) - len({id(item) for item in done})
        if after.model is not None:
            assert examine("main.spec", text=format_text(fixed)).model == after.model
    assert changed > 25


def test_a_good_spec_is_left_alone() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    assert repaired(SAMPLE, text) == (text, [])


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.safe], ids=lambda rule: rule.code)
def test_the_example_of_a_safe_code_is_mended(rule) -> None:
    """Its bad example, or one of the mistakes that have the code."""
    path, text = "main.spec", example_text(rule, rule.bad)
    candidates = [(path, text), *((SAMPLE, item.text()) for item in mistakes() if item.findings[0].code == rule.code and item.mended)]
    assert any(rule.code in {item.code for item in repaired(path, text)[1]} for path, text in candidates)


def test_a_third_of_the_codes_is_safe_or_nearly() -> None:
    assert sum(rule.safe for rule in RULES.values()) >= 15


def test_edits_that_overlap_are_made_once() -> None:
    def span(line: int, column: int, length: int) -> Span:
        return Span("", line, column, length)

    assert edited("ab\ncd\n", [Edit(span(2, 1, 1), "x"), Edit(span(1, 3, 0), "!"), Edit(span(2, 1, 2), "lost")]) == "ab!\nxd\n"
    assert edited("a", [Edit(span(9, 1, 0), "b")]) == "ab"
