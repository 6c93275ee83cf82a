"""Texts made to harm: every one ends in diagnostics, soon."""

from __future__ import annotations

import itertools
import re
import time
import unicodedata
from pathlib import Path

import pytest
from fuzz import MEGABYTES, SECONDS, run
from golden import SAMPLE
from mutations import mutated

from portunus.dsl import DiagnosticError, check_file, format_text, limits, load_model, parse_rotation
from portunus.dsl.catalogue import SAMPLE as SMALL
from portunus.dsl.grammar_tables import TERMINALS
from portunus.dsl.tokens import FORBIDDEN_CATEGORIES


def codes(text: str, path: Path | str = "main.spec") -> list[str]:
    found = check_file(path, text=text)
    for item in found:
        item.render()
        assert item.span.line >= 1 and item.span.column >= 1 and item.span.length >= 1
    return [item.code for item in found]


@pytest.mark.parametrize(
    ("opening", "depth"),
    [*itertools.product(["(", "{", "if a {", "max(", "- ", "not ", "1 + ", "let x (", "a, ", "(1..", "else if "], [65, 3000]), ("(", 100_000), ("{", 100_000)],
)
def test_depth(opening: str, depth: int) -> None:
    start = time.process_time()
    assert codes("let x " + opening * depth)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("depth", [60, 64, 65])
def test_nesting_is_exact(depth: int) -> None:
    inner = depth - 1  # the spec's own brace counts
    found = codes(SMALL.replace("%EXAMPLE%", "  let x " + "(" * inner + "1" + ")" * inner))
    assert ("PT005" in found) == (depth > limits.NESTING)


@pytest.mark.parametrize(
    "text",
    [
        "\x00" * 1000,
        "\x00spec a {}",
        "\ufeffspec a {}",
        '"' * 5000,
        "#" * 100_000,
        "{}" * 20_000,
        "}" * 50_000,
        ")" * 50_000,
        "1" * 100_000,
        "1e400 9999999999999999999.9999999999999999999s",
        "a" * 100_000,
        "a." * 30_000,
        " " * 1_000_000,
        "\n" * 200_000,
        "use " * 4_000,
        'use ""\nuse "."\nuse ".."\nuse "\\\\server\\x"\nuse "C:\\x"\nuse "/"\nuse "~"\n',
        "spec a { if " * 30,
        "\u202espec a {}\u2066",
        "ſpec a {}",
        "spec а {}",  # a Cyrillic letter
        "spec a {}\r\nspec b {}\r",
        "let x 1 " + ", 2" * 8_000,
        "encounter a { duration 0s enemies 1 phase 20% at 0s }",
        "encounter a { duration 0s enemies 1 movement from 0s to 1s every 2s }",
        "encounter a {\n  duration 0s\n  enemies 1\n  phase 20% at 0s\n  phase 35% at -1s\n}\n",
        "encounter a {\n  duration 0s\n  enemies 0\n  adds 0 from 0s to 0s every 0s\n  health 0\n}\n",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_odd_texts(text: str) -> None:
    start = time.process_time()
    codes(text)
    assert time.process_time() - start < 15
    try:
        format_text(text)
    except DiagnosticError:
        return


def test_lone_surrogates_and_bytes(tmp_path: Path) -> None:
    assert "PT008" in codes("let x \ud800 1")
    for content, code in ((b"\xff\xfe\x00", "PT002"), (b"\x80", "PT002"), (b"#" * (1 << 21), "PT003")):
        (tmp_path / "a.spec").write_bytes(content)
        assert [item.code for item in check_file(tmp_path / "a.spec")] == [code]


def test_every_forbidden_character_is_refused_everywhere() -> None:
    points = [chr(n) for n in range(0x10000) if unicodedata.category(chr(n)) in FORBIDDEN_CATEGORIES - {"Co", "Cn", "Cs"}]
    points += ["\ud800", "\udfff", "\ue000", "\U000e0001", "\uffff", "\ufdd0", "\U0010ffff"]
    assert len(points) > 100
    for point in points:
        if point in "\n\t":
            continue
        for text in (f"let a{point}b 1", f'let x "{point}"', f"# {point}", point):
            assert "PT008" in codes(text), hex(ord(point))


def test_use_stays_inside(tmp_path: Path) -> None:
    specs = tmp_path / "specs" / "deep"
    specs.mkdir(parents=True)
    (tmp_path / "secret.spec").write_text("let x 1", encoding="utf-8")
    (tmp_path / "specs" / "near.spec").write_text("", encoding="utf-8")
    (specs / "link.spec").symlink_to(tmp_path / "secret.spec")
    main = specs / "main.spec"
    assert codes('use "../near.spec"', main) == []
    for escape in ("../../secret.spec", "link.spec", str(tmp_path / "secret.spec"), "../../../etc/passwd", "a\\..\\b", "\x00"):
        assert codes(f'use "{escape}"', main)[0] in ("PT202", "PT008")


def test_a_loop_and_a_crowd_of_files(tmp_path: Path) -> None:
    for n in range(100):
        (tmp_path / f"a{n}.spec").write_text(f'use "a{n + 1}.spec"\nuse "a0.spec"\n', encoding="utf-8")
    found = {item.code for item in check_file(tmp_path / "a0.spec")}
    assert found == {"PT013", "PT203"}


def test_errors_stop_at_a_hundred() -> None:
    found = check_file("main.spec", text="wrong thing\n" * 5000)
    assert len(found) == limits.ERRORS + 1 and "PT017" in {item.code for item in found}


def test_many_definitions() -> None:
    auras = "\n".join(f"  aura x{n} {{ id 1   duration 5s }}" for n in range(limits.AURAS - 2))
    assert "PT012" not in codes(SMALL.replace("%EXAMPLE%", auras))
    assert "PT012" in codes(SMALL.replace("%EXAMPLE%", auras + "\n  aura y { id 1 }"))


def test_a_long_chain_of_statistics() -> None:
    chain = "\n".join(f"  let s{n} s{n + 1} + 1" for n in range(800)) + "\n  let s800 1"
    assert set(codes(SMALL.replace("%EXAMPLE%", chain))) == {"PT601"}
    assert "PT406" in codes(SMALL.replace("%EXAMPLE%", chain[:-1] + "s0"))


def test_a_long_chain_of_triggers_and_groups() -> None:
    spells = "\n".join(f"  spell t{n} {{ id 1   triggered   on cast {{ trigger t{n + 1} }} }}" for n in range(200)) + "\n  spell t200 { id 1   triggered }"
    assert set(codes(SMALL.replace("%EXAMPLE%", spells))) <= {"PT601"}
    groups = "\n".join(f"  group g{n} g{n + 1}, g{n + 1}" for n in range(40)) + "\n  group g40 bolt"
    start = time.process_time()
    assert "PT005" in codes(SMALL.replace("%EXAMPLE%", groups))
    assert time.process_time() - start < 5


def test_no_terminal_backtracks() -> None:
    """The time of each terminal grows no worse than a little more than linearly with text made to be retried."""
    pumps = ["'", "\u201c", "&", "/", "//", ",if=", "elif", ".1", "a", "a.", "1", "1.", "-1", '"a', "# ", " ", "yd/s", "1yd/", "_", "a(", "\n", "<", "..", "if("]
    for name, regexp in TERMINALS:
        pattern = re.compile(regexp)
        for pump in pumps:
            times = []
            for size in (10_000, 100_000):
                text = pump * (size // len(pump)) + "\x00!"
                start = time.process_time()
                pattern.match(text)
                times.append(time.process_time() - start)
            assert times[1] < 0.05 or times[1] < 40 * times[0], f"{name} on {pump!r}: {times}"


def test_twenty_thousand_mutations() -> None:
    """Specs, profiles and lists: success or a message, each within two seconds and 512 MB; half a minute on two free cores."""
    outcome = run({"small": 18_500, "whole": 1_500, "profile": 1_000, "list": 1_000}, seed=1, seconds=550)
    assert outcome.bad == []
    assert sum(outcome.seen.values()) == 22_000 and min(outcome.seen.values()) > 100
    assert outcome.seconds < SECONDS and outcome.megabytes < MEGABYTES


def test_a_folder_is_no_spec(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError, match="cannot read"):
        load_model(tmp_path)


def test_mutated_rotations_give_success_or_diagnostics() -> None:
    model = load_model(SAMPLE)
    text = "prepull -2s mirror_image\ncooldowns\nscorch if debuff.improved_scorch.remains <= 4s\nmultidot living_bomb up_to 10 overlap 1s if fight.remains > 12s\nfireball\n"
    for broken in mutated([text], count=60, seed=8):
        try:
            rotation = parse_rotation(broken, model)
        except DiagnosticError as error:
            assert all(item.span.path == "<imported>" for item in error.diagnostics)
        else:
            assert rotation.lines
