"""The search: good specs hold, planted mistakes are found and made short."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted import DUELIST, MAGE, PLANTED, Planted, hunt, write

from portunus.dsl import load_model
from portunus.testing import LAWS, find_failures

# One of each kind, quick to find.
QUICK = [PLANTED[i] for i in (0, 4, 5, 7, 12, 16, 20, 24, 27)]


@pytest.mark.parametrize("spec", [DUELIST, MAGE], ids=lambda path: path.stem)
def test_good_specs_hold(spec: Path, tmp_path: Path) -> None:
    report = find_failures(load_model(write(spec, tmp_path)), seconds=4, observable=False)
    assert [(failure.law, failure.timeline) for failure in report.failures] == []
    assert report.fights > 40 and report.decisions > 1_000
    assert set(LAWS) < set(report.laws)


@pytest.mark.parametrize("planted", QUICK, ids=lambda planted: planted.name)
def test_planted_mistakes_are_found(planted: Planted) -> None:
    failure = hunt(planted, seconds=20)
    assert failure is not None
    assert failure.law in planted.laws
    assert planted.name == PLANTED[4].name or len(failure.actions) <= 12


def test_the_shortest_fight_is_a_readable_timeline() -> None:
    count_after_spending = next(p for p in PLANTED if "after it was spent" in p.name)
    failure = hunt(count_after_spending, seconds=20)
    assert failure is not None
    assert failure.actions[-1] == "tempo"
    assert len(set(failure.actions) - {"wait"}) <= 3
    lines = failure.timeline.splitlines()
    assert lines[0].startswith("fight      ") and "seed" in lines[0]
    assert lines[1].startswith("character  ")
    assert lines[2].split() == ["time", "action", "resources", "auras"]
    assert "Energy 100/" in lines[3] and "Combo points 0/5" in lines[3]
    assert "(broken)" in lines[-2] and "Tempo points 0" in lines[-2]
    assert lines[-1].startswith("broken     the property does not hold")
    assert failure.span is not None and failure.span.path.endswith("duelist.spec")


def test_all_broken_laws_are_reported(tmp_path: Path) -> None:
    """Two mistakes in one spec: a search goes on after the first."""
    path = write(DUELIST, tmp_path, ("id 204   duration 15s", "id 204   duration 17s"))
    path.write_text(path.read_text().replace("6s + 2s * glyph.shadow", "6s + 20s * glyph.shadow"))
    report = find_failures(load_model(path), seconds=8, observable=False)
    assert {failure.law for failure in report.failures} == {"Rush lasts 15 s", "nobody stays in the shadow"}


@pytest.mark.slow
def test_nine_in_ten_of_all_planted_mistakes_are_found() -> None:
    missed = [planted.name for planted in PLANTED if hunt(planted, seconds=60) is None]
    assert len(PLANTED) == 30
    assert len(missed) <= 3, missed
