"""Ticks played in a row come to the same as ticks one by one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from portunus.cli.client import twin_spec
from portunus.codegen.python import Twin

SPECS = Path(__file__).parents[2] / "specs"


@pytest.mark.parametrize("form", ["sampled", "expected"])
@pytest.mark.parametrize("name", ["examples/energy_combo", "wotlk/rogue_combat", "wotlk/druid_feral"])
def test_ticks_in_a_row_are_ticks_one_by_one(name: str, form: str) -> None:
    spec = twin_spec(SPECS / f"{name}.spec")
    played, calls = {}, {}
    for way in ("in a row", "one by one"):
        counts = Counter()
        twin = Twin(spec.program, form, listener=lambda name, _, counts=counts: counts.update([name]), watch=frozenset({"next_event"}))
        if way == "one by one":
            twin.functions["quiet_ticks"] = lambda s, t, m, r: None
        s, _ = twin.fight(dict(spec.table_values), 11, "default")
        played[way], calls[way] = (s.damage, s.events, s.energy, s.now), counts["next_event"]
    assert played["in a row"] == played["one by one"]
    assert calls["in a row"] < 0.9 * calls["one by one"]
