"""What the documents show works: the tutorial step by step, every example of the reference, and the site they make."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from portunus.codegen.python import Twin
from portunus.compiler import resolve_encounter, resolve_profile, tables_of
from portunus.dsl import check_file, format_text, load_model
from portunus.dsl.diagnostics import Problems
from portunus.dsl.keywords import BLOCKS, BlockKind, Keyword
from portunus.dsl.parse import parse
from portunus.dsl.split import Field, split_block
from portunus.ir.program import lower
from portunus.source import Source

BLOCK = re.compile(r"^```\{code-block\} \w+\n:caption: ([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPEC = "ember_fire.spec"


def follow(folder: Path) -> None:
    """Do what the tutorial says, and check after each step."""
    specs = folder / "specs"
    (specs / "profiles").mkdir(parents=True)
    steps = BLOCK.findall(Path("docs/tutorial.md").read_text(encoding="utf-8"))
    assert len(steps) == 8
    for caption, text in steps:
        name, _, where = caption.partition(", ")
        path = specs / name
        if caption == "error":
            broken = (specs / SPEC).read_text(encoding="utf-8").replace("cast 2.5s", "cast 2.5")
            (finding,) = check_file(specs / SPEC, text=broken)
            assert finding.render().replace(str(specs) + "/", "") == text.rstrip("\n")
            continue
        if where:
            old = path.read_text(encoding="utf-8")
            before, rotation, after = re.split(r"(?m)(^  rotation.*?^  \}\n)", old, maxsplit=1, flags=re.DOTALL)
            text = before + text + ("\n" + rotation + after if where == "before rotation" else after)
        path.write_text(text, encoding="utf-8")
        if name.endswith(".spec"):
            assert [item.render() for item in check_file(path) if item.severity == "error"] == []


def test_the_tutorial_ends_in_a_class_that_plays(tmp_path: Path) -> None:
    follow(tmp_path)
    spec = tmp_path / "specs" / SPEC
    for path in spec.parent.glob("*.spec"):
        text = path.read_text(encoding="utf-8")
        assert check_file(path) == [] and format_text(text) == text, path.name
    model = load_model(spec)
    program = lower(model)
    tables = tables_of(program, resolve_profile(model, None), resolve_encounter(None))
    state, counters = Twin(program).fight(tables, 1, "default")
    casts = dict(zip([row.name for row in program.layout.rows], counters.casts, strict=True))
    assert state.fault == 0 and state.damage > 50_000
    assert casts["firebolt"] > 20 and casts["kindle"] > 3 and casts["flarebolt"] > 0


@pytest.mark.parametrize(("block", "keyword"), [(block, keyword) for block in BLOCKS.values() for keyword in block.keywords.values()], ids=lambda part: getattr(part, "name", None) or part.word)
def test_each_example_of_the_reference_is_good(block: BlockKind, keyword: Keyword) -> None:
    """It is read as that word with all it needs, by the table it documents."""
    text = keyword.example + ("\n}" if keyword.example.endswith("{") else "")
    problems = Problems()
    fields = split_block(parse(Source("example", text), problems), block.name, problems)
    assert [item.render() for item in problems.found] == []
    assert keyword in [item.keyword for item in fields if isinstance(item, Field)]


def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    out = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", "-d", str(tmp_path / "trees"), "docs", str(out)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    pages = sorted(out.glob("*.html"))
    assert {"index.html", "tutorial.html", "language.html", "diagnostics.html"} <= {page.name for page in pages}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//', text), page.name
    assert "Kindled" in (out / "tutorial.html").read_text(encoding="utf-8")
