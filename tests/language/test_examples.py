"""The example specs of kinds of classes: free of findings, and every spell of theirs does what it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest

from portunus.cli.client import twin_spec
from portunus.codegen.python import Twin
from portunus.dsl.load import check_file

FOLDER = Path(__file__).parents[2] / "specs" / "examples"
SPECS = sorted(path.stem for path in FOLDER.glob("*.spec") if path.stem not in ("trial", "trial_rules", "runic", "crowd_rules"))
ENCOUNTERS = {"crowd": "busy"}


@pytest.mark.parametrize("name", SPECS)
def test_an_example_is_free_of_findings_and_plays(name: str) -> None:
    path = FOLDER / f"{name}.spec"
    assert check_file(path) == []
    spec = twin_spec(path, encounter=ENCOUNTERS.get(name))
    twin = Twin(spec.program)
    state, metrics = twin.fight(dict(spec.table_values), 3, "default")
    assert state.fault == 0
    assert state.damage > 0
    idle = [row for row, casts, hits in zip(spec.state_layout.rows, metrics.casts, metrics.hits, strict=True) if casts + hits == 0 and row.name != "kindle"]  # what only good play uses
    assert idle == []
