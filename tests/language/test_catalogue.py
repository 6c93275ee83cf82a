"""Each code has its short text, its page and two examples that do what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from portunus.dsl import check_file, limits
from portunus.dsl.catalogue import RULES, SAMPLE, Rule, example_text, page
from portunus.dsl.diagnostics import edited

SOURCES = [*Path("portunus/dsl").rglob("*.py"), Path("portunus/sim/encounter.py")]


def _in_spec(text: str) -> str:
    return SAMPLE.replace("%EXAMPLE%", text)


# The bad examples that are too large to print, or need files beside them: file name -> content; the first is checked.
ABRIDGED: dict[str, Callable[[], dict[str, bytes]]] = {
    "PT001": dict,
    "PT002": lambda: {"main.spec": b"# caf\xe9"},
    "PT003": lambda: {"main.spec": b"#" * (limits.FILE_BYTES + 1)},
    "PT004": lambda: {"main.spec": b"a " * (limits.TOKENS + 1)},
    "PT005": lambda: {"main.spec": _in_spec("  let x " + "(" * 65 + "1" + ")" * 65).encode()},
    "PT011": lambda: {"main.spec": _in_spec("  let x 1" + " + 1" * 101).encode()},
    "PT012": lambda: {"main.spec": _in_spec("\n".join(f"  spell a{n} {{ id 1 }}" for n in range(limits.SPELLS))).encode()},
    "PT013": lambda: {"main.spec": "\n".join(f'use "{n}.spec"' for n in range(65)).encode()} | {f"{n}.spec": b"" for n in range(65)},
    "PT017": lambda: {"main.spec": b"wrong\n" * 200},
    "PT203": lambda: {"main.spec": b'use "other.spec"', "other.spec": b'use "main.spec"'},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "part.spec").write_text("", encoding="utf-8")
    return tmp_path


def test_codes_and_catalogue_agree() -> None:
    used = {code for path in SOURCES if path.name != "catalogue.py" for code in re.findall(r'"(PT\d{3})"', path.read_text(encoding="utf-8"))}
    assert used == set(RULES)
    assert set(ABRIDGED) == {rule.code for rule in RULES.values() if rule.abridged}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_rule(rule: Rule, folder: Path) -> None:
    assert rule.short.endswith(".") and len(rule.page) > 20 and rule.bad and rule.good
    assert rule.code in page(rule.code) and rule.short in page(rule.code)
    if rule.abridged:
        for name, content in ABRIDGED[rule.code]().items():
            (folder / name).write_bytes(content)
        found = check_file(folder / "main.spec")
    else:
        found = check_file(folder / "main.spec", text=example_text(rule, rule.bad))
        good = check_file(folder / "main.spec", text=example_text(rule, rule.good))
        assert [item.code for item in good if item.severity == "error" or item.code == rule.code] == []
    assert rule.code in [item.code for item in found]
    if rule.code != "PT017":
        assert {item.code for item in found if item.severity == "error"} <= {rule.code}


def test_warnings_do_not_stop_a_spec(folder: Path) -> None:
    found = check_file(folder / "main.spec", text=example_text(RULES["PT601"], RULES["PT601"].bad))
    assert [(item.code, item.severity) for item in found] == [("PT601", "warning")]


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if not rule.abridged], ids=lambda rule: rule.code)
def test_a_proposed_repair_mends(rule: Rule, folder: Path) -> None:
    """Doing what a message proposes takes the message away and brings no other error."""
    text = example_text(rule, rule.bad)
    found = check_file(folder / "main.spec", text=text)
    for item in found:
        if item.repair:
            after = check_file(folder / "main.spec", text=edited(text, item.repair))
            assert len([other for other in after if other.severity == "error"]) < max(1, len([other for other in found if other.severity == "error"])), item.render()
            assert (item.code, item.message) not in {(other.code, other.message) for other in after}
