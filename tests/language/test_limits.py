"""Every limit at its last good size and one beyond it, each with its own code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from portunus.dsl import check_file, limits
from portunus.dsl.catalogue import SAMPLE
from portunus.dsl.load import load_model
from portunus.errors import PortunusError
from portunus.sim.profile import load_profile

SPELLS, AURAS = 2, 2  # the sample's own


def spec(lines: str) -> str:
    """The sample spec with some lines more."""
    return SAMPLE.replace("%EXAMPLE%", lines)


def used(folder: Path, count: int) -> str:
    """A text that uses so many files."""
    for number in range(count):
        (folder / f"part{number}.spec").write_text("", encoding="utf-8")
    return "\n".join(f'use "part{number}.spec"' for number in range(count)) + "\n" + spec("")


def nested(depth: int) -> str:
    return spec("  let x " + "(" * (depth - 1) + "1" + ")" * (depth - 1))  # the spec's own brace counts


def scenes(count: int) -> str:
    return f'encounter a "A" {{\n  duration {count * 10}ms   enemies 1\n  movement from 0s to 10ms every 20ms\n}}\n'


# code -> (limit, a text of that size)
TEXTS: dict[str, tuple[int, Callable[[Path, int], str]]] = {
    "PT003": (limits.FILE_BYTES, lambda folder, n: spec("").ljust(n - 1, " ") + "\n"),
    "PT004": (limits.TOKENS, lambda folder, n: "a " * n),
    "PT005": (limits.NESTING, lambda folder, n: nested(n)),
    "PT006": (limits.NAME_CHARACTERS, lambda folder, n: spec(f"  let {'a' * n} 1")),
    "PT007": (limits.NUMBER_DIGITS, lambda folder, n: spec(f"  let x {'1' * n}")),
    "PT011": (limits.OPERATORS, lambda folder, n: spec("  let x 1" + " + 1" * n)),
    "PT012": (limits.SPELLS, lambda folder, n: spec("\n".join(f"  spell s{i} {{ id 1   cost 1 }}" for i in range(n - SPELLS)))),
    "PT013": (limits.INCLUDES, used),
    "PT016": (limits.TEXT_CHARACTERS, lambda folder, n: spec(f'  property "{"a" * n}" mana >= 0')),
    "PT017": (limits.ERRORS - 1, lambda folder, n: "wrong thing\n" * n),
    "PT018": (limits.SCENES, lambda folder, n: scenes(n)),
}


@pytest.mark.parametrize("code", TEXTS)
def test_the_last_good_size_and_one_more(code: str, tmp_path: Path) -> None:
    limit, text = TEXTS[code]
    found = [[item.code for item in check_file(tmp_path / "main.spec", text=text(tmp_path, size))] for size in (limit, limit + 1)]
    assert [code in codes for codes in found] == [False, True]


def test_auras_have_a_limit_of_their_own(tmp_path: Path) -> None:
    for count, over in ((limits.AURAS, False), (limits.AURAS + 1, True)):
        text = spec("\n".join(f"  aura a{i} {{ id 1   duration 5s }}" for i in range(count - AURAS)))
        assert ("PT012" in [item.code for item in check_file(tmp_path / "main.spec", text=text)]) == over


def test_rotations_too(tmp_path: Path) -> None:
    for count, over in ((limits.LINES, False), (limits.LINES + 1, True)):
        text = spec("  rotation r {\n" + "".join(f"    bolt if mana > {i}\n" for i in range(count)) + "  }")
        assert ("PT012" in [item.code for item in check_file(tmp_path / "main.spec", text=text)]) == over


HEAD = 'race = "human"\n[stats]\n'


@pytest.mark.parametrize(("limit", "text", "words"), [
    (limits.PROFILE_BYTES, lambda n: HEAD + "#" * (n - len(HEAD)), "larger than"),
    (limits.PROFILE_DOTS, lambda n: HEAD + "# a\nspell_power = 1\nx" + ".x" * n + " = 1\n", "dots in one line"),
    (limits.PROFILE_NESTING, lambda n: HEAD.replace("[stats]", "glyphs = " + "[" * n + "]" * n + "\n[stats]"), "brackets in one line"),
])  # fmt: skip
def test_profiles_too(limit: int, text: Callable[[int], str], words: str, tmp_path: Path) -> None:
    path = tmp_path / "main.spec"
    path.write_text(spec(""), encoding="utf-8")
    model, profile = load_model(path), tmp_path / "a.toml"
    said = []
    for size in (limit, limit + 1):
        profile.write_text(text(size), encoding="utf-8")
        try:
            load_profile(profile, model)
            said.append("")
        except PortunusError as error:
            said.append(str(error))
    assert words not in said[0] and words in said[1]
