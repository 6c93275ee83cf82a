"""The log of one fight: complete, in order, and beside the reference's log of the same fight without a difference."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import pytest

from portunus.codegen.python import Twin
from portunus.errors import PortunusError
from portunus.resources import shipped_specs
from portunus.sim.arrangement import Arrangement, arrange
from portunus.sim.gauges import gauges
from portunus.sim.prepared import prepare
from portunus.sim.reference_log import beside, read_log
from portunus.sim.trace import TraceEvent, trace_line, trace_program

LOGS = sorted((Path(__file__).parent.parent / "golden").glob("*/*.log.txt"))


@pytest.fixture(scope="module")
def ready() -> Arrangement:
    return arrange("specs/wotlk/mage_fire.spec", encounter="three_targets")


@pytest.fixture(scope="module")
def events(ready: Arrangement) -> list[TraceEvent]:
    return trace_program(*ready.lowered, 5, "default")


@pytest.mark.parametrize("log", LOGS, ids=lambda p: f"{p.parent.name}-{p.name.split('.')[0]}")
def test_nothing_differs_from_the_reference_s_log(log: Path) -> None:
    (scenario,) = prepare([log.with_name(log.name.replace(".log.txt", ".json"))])
    rows = beside(scenario.log(0), read_log(log), scenario.model)
    assert [row for row in rows if row.differs] == []
    both = [row.ours.kind for row in rows if row.ours is not None and row.reference is not None]
    assert both.count("damage") >= 12
    assert both.count("cast") + both.count("swing") + both.count("trigger") >= 8
    assert both.count("gain") + both.count("spend") >= 12
    assert len(LOGS) >= 3


def test_melee_is_told() -> None:
    (log,) = [log for log in LOGS if log.name.startswith("autos_seal_of_vengeance")]
    (scenario,) = prepare([log.with_name(log.name.replace(".log.txt", ".json"))])
    events = scenario.log(0)
    swings, blows = [e for e in events if e.kind == "swing"], [e for e in events if e.name == "auto_attack" and e.kind in ("damage", "avoid")]
    assert [e.time_ns for e in swings] == [e.time_ns for e in blows] and len(swings) > 90
    assert {e.outcome for e in blows} >= {"hit", "crit", "glance"}
    assert trace_line(blows[0]) == "    0.000  player        Auto attack hits (glance) for 1313.4"


def test_a_planted_difference_is_found() -> None:
    (scenario,) = prepare([LOGS[0].with_name(LOGS[0].name.replace(".log.txt", ".json"))])
    ours = scenario.log(0)
    index = next(i for i, e in enumerate(ours) if e.kind == "damage")
    ours[index] = dataclasses.replace(ours[index], amount=ours[index].amount + 1.0)
    different = [row for row in beside(ours, read_log(LOGS[0]), scenario.model) if row.differs]
    assert [(row.ours is None, row.reference is None) for row in different] in ([(True, False), (False, True)], [(False, True), (True, False)])
    late = [dataclasses.replace(e, time_ns=e.time_ns + 50_000_000) for e in scenario.log(0)]
    assert sum(row.differs for row in beside(late, read_log(LOGS[0]), scenario.model)) > 50


@pytest.mark.parametrize("path", shipped_specs(), ids=lambda p: p.stem)
def test_the_log_adds_up(path: Path) -> None:
    """Damage, outcomes and resources of the log are those of the fight's own counters, whatever the spec is made of."""
    program, tables = arrange(str(path)).lowered
    events = trace_program(program, tables, 5, "default")
    s, m = Twin(program).fight(tables, 5, "default")
    seconds = tables["duration"] / 1e9
    blows = [e for e in events if e.kind == "damage"]
    assert sum(e.amount for e in blows if e.time_ns >= 0) == pytest.approx(s.damage, rel=1e-12)  # type: ignore[attr-defined]
    assert sum(e.outcome == "crit" for e in blows) == sum(m.crits)  # type: ignore[attr-defined]
    assert sum(e.outcome == "glance" for e in blows) == sum(m.glances)  # type: ignore[attr-defined]
    avoided = [sum(e.kind == "avoid" and e.outcome == outcome for e in events) for outcome in ("miss", "dodge", "parry")]
    assert avoided == [sum(m.misses), sum(m.dodges), sum(m.parries)]  # type: ignore[attr-defined]
    for gauge in gauges(program.model):
        changes = [e for e in events if e.resource == gauge.name]
        assert all(a.after == b.before for a, b in pairwise(changes))
        assert not changes or changes[-1].after == gauge.read(lambda field: getattr(s, field))
    times, draws = [e.time_ns for e in events], [e.draws for e in events]
    assert times == sorted(times) and draws == sorted(draws) and draws[-1] > 300
    assert events[-1].kind == "end" and events[-1].amount == pytest.approx(s.damage / seconds, rel=1e-12)  # type: ignore[attr-defined]


def test_auras_begin_before_they_end(events: list[TraceEvent]) -> None:
    up: set[tuple[str, int]] = set()
    for event in events:
        holder = (event.name, event.target)
        if event.kind == "aura":
            assert holder not in up
            up.add(holder)
        elif event.kind in ("renew", "fade"):
            assert holder in up
            if event.kind == "fade":
                up.remove(holder)
    assert {e.target for e in events if e.kind == "aura"} == {-1, 0, 1, 2}


def test_lines_are_readable_and_can_be_exact(events: list[TraceEvent]) -> None:
    cast = next(e for e in events if e.kind == "cast" and e.until_ns is not None)
    assert trace_line(cast, enemies=3) == "    0.000  player        casts Scorch on enemy 1 (1.057 s)"
    exact = trace_line(cast, precise=True)
    assert exact.split()[:2] == ["0.000000000", str(cast.draws)]
    assert "(1.056651142 s)" in exact or "(1.056651143 s)" in exact
    pay = next(e for e in events if e.kind == "spend")
    assert trace_line(pay) == "   -2.000  player        spends 326.8 mana on Mirror Image (21543.0 -> 21216.2)"
    dodge = TraceEvent(1_500_000_000, 7, "avoid", "strike", "Strike", "Wolf", 0, outcome="dodge")
    assert trace_line(dodge) == "    1.500  Wolf          Strike: DODGE"
    assert {e.kind for e in events} >= {"cast", "done", "trigger", "damage", "gain", "spend", "aura", "renew", "fade", "stacks", "summon", "leave", "end"}


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.log.txt"
    with pytest.raises(PortunusError, match="cannot read the log"):
        read_log(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(PortunusError, match="no UTF-8"):
        read_log(path)
    path.write_text("nothing here")
    with pytest.raises(PortunusError, match="no line of a fight"):
        read_log(path)
