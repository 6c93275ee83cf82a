"""The log of one fight beside the reference's log of the same fight: every cast, hit, tick and mana gain, in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portunus.sim.compare import prepare
from portunus.sim.trace import trace_fight

FOLDER = Path(__file__).parent.parent / "golden" / "mage_fire"
LOGS = sorted(FOLDER.glob("*.log.txt"))
ID = r"\{(?:SpellID|ItemID): (\d+)(?:, Tag: (\d+))?\}"
CAST = re.compile(rf"\[(-?[\d.]+)\] \[[^\]]*\] Casting {ID}")
DAMAGE = re.compile(rf"\[(-?[\d.]+)\] \[[^\]]*\] \[Target (\d)\] {ID} (?:tick )?(?:Hit|Crit) for ([\d.]+) damage")
# Of the player only: the images have a mana bar of their own, which never binds.
MANA = re.compile(r"\[(-?[\d.]+)\] \[player \(#1\)\] Gained ([\d.]+) mana from .* \(([\d.]+) --> ([\d.]+)\)")


def reference_events(path: Path, silent: set[str]) -> tuple[list[tuple[float, str, str]], float]:
    """(time, kind, what) of the reference's log, without casts of the `silent` ids, and the time up to which it is complete."""
    events: list[tuple[float, str, str]] = []
    last = 0.0
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\[(-?[\d.]+)\]", line):
            last = float(found[1])
        if (found := CAST.match(line)) and found[2] not in silent:
            events.append((float(found[1]), "cast", found[2]))
        elif (found := DAMAGE.match(line)) and float(found[5]) > 0:
            events.append((float(found[1]), "damage", f"{found[3]} {float(found[5]):.1f}"))
        elif (found := MANA.match(line)) and found[3] != found[4]:
            events.append((float(found[1]), "gain", f"{float(found[2]):.1f}"))
    return events, last


@pytest.mark.parametrize("log", LOGS, ids=lambda p: p.name.split(".")[0])
def test_events_are_the_reference_s_events(log: Path) -> None:
    (scenario,) = prepare([log.with_name(log.name.replace(".log.txt", ".json"))])
    compiled = scenario.compile()
    ids = {s.name: s.id for s in compiled.model.spells} | {a.name: a.id for a in compiled.model.auras}
    triggered = {s.name for s in compiled.model.spells if s.triggered}
    # The reference also writes what happens by itself as a cast: the explosion, and each Ignite.
    expected, last = reference_events(log, {str(ids[name]) for name in triggered} | {str(ids["ignite"])})
    ours = []
    for event in trace_fight(compiled, scenario.golden.scenario.seed, scenario.rotation.name):
        seconds = event.time_ns / 1e9
        if event.kind == "cast" and event.name not in triggered:
            ours.append((seconds, "cast", str(ids[event.name])))
        elif event.kind == "damage":
            ours.append((seconds, "damage", f"{ids[event.name]} {re.search(r'deals ([0-9.]+)', event.text)[1]}"))  # type: ignore[index]
        elif event.kind == "gain":
            ours.append((seconds, "gain", re.search(r"gains ([0-9.]+)", event.text)[1]))  # type: ignore[index]
    assert len(LOGS) == 2
    # The log ends in the middle of an instant; what happens then is not compared.
    theirs = [e for e in expected if e[0] < last]
    mine = [e for e in ours if round(e[0], 2) < last]
    assert len(theirs) > 40
    # An effect whose amount changes nothing (mana already full) is no event of the reference's; the amounts are checked for casts and damage.
    for kind in ("cast", "damage"):
        left, right = [e for e in theirs if e[1] == kind], [e for e in mine if e[1] == kind]
        assert [e[2] for e in right] == [e[2] for e in left]
        assert all(abs(a[0] - b[0]) <= 0.00501 for a, b in zip(left, right, strict=True))
    gains = [e[2] for e in mine if e[1] == "gain"]
    missing = [e for e in theirs if e[1] == "gain" and e[2] not in gains]
    assert missing == []
