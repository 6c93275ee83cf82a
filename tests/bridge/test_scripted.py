"""A fight in which things happen by themselves, through the link: who is there, what the script does next, and the phase come back."""

from __future__ import annotations

import numpy as np
import pytest

from portunus.barcode.decode import Decoder
from portunus.barcode.estimate import Restorer
from portunus.barcode.reader import observe
from portunus.barcode.session import PracticeSession
from portunus.barcode.twin import SpecTwin
from portunus.barcode.view import world_of
from portunus.cli.client import twin_spec
from portunus.resources import find_spec

# A wave that goes while a later one stays, so that the numbers of those that are there have a gap; moving, a window, phases by the damage done.
SCRIPT = """encounter gap "Gap" {
  duration 60s
  enemies 1   level 80   distance 5yd
  HEALTH
  adds 1 from 5s to 15s
  adds 1 from 10s to 40s
  movement from 20s to 23s
  vulnerable 130% from 21s to 30s
}
"""
HEALTH_STEP = 1 / 1023  # of the field the addon paints


@pytest.mark.parametrize("health", ["health 300000 others 2000", "phase 35% at 20s\n  phase 25% at 30s\n  phase 20% at 50s"], ids=["by damage", "by time"])
def test_script_and_phase_come_back(health, tmp_path):
    path = tmp_path / "gap.spec"
    path.write_text(SCRIPT.replace("HEALTH", health), encoding="utf-8")
    spec = twin_spec(find_spec("wotlk/mage_fire.spec"), encounter=str(path))
    session, restorer, twin = PracticeSession(spec, seed=5, client="335"), Restorer(spec), SpecTwin(spec, "sampled")
    decoder, slot = Decoder(session.schema.data_columns), spec.state_layout.slot("scene")
    bomb, scenes, phases, crowds = "living_bomb_burn", set(), set(), set()
    for frame in range(1180):
        session.tick(0.05)
        if frame % 30 != 7 or session.fight.now <= 0.2 or session.fight.finished:
            continue
        decoded = decoder.decode(np.ascontiguousarray(session.barcode))
        assert decoded is not None
        state = restorer.restore(observe(session.schema, decoded, received_at=0.0), fight_remains_s=session.fight.duration - session.fight.now)
        true, restored = spec.view(session.fight.state), spec.view(state)
        # Where in the script: the scene says who is there, who must move and what enemies take; the next change is on its way.
        assert (restored["scene"], restored["at"][slot]) == (true["scene"], true["at"][slot])
        shown, again = session.fight.world(), world_of(spec, state, float(restored["now"]) / 1e9)
        assert [unit.unit_id for unit in again.enemies] == [unit.unit_id for unit in shown.enemies]
        assert shown.enemies[0].health == pytest.approx(again.enemies[0].health, abs=shown.enemies[0].health_max * 2 * HEALTH_STEP)
        # Nothing is on an enemy that is gone; what is on the others came back, in whatever order.
        here = [number for number in range(spec.enemies) if int(twin.t.scene_present[restored["scene"]]) >> number & 1]
        assert all(number in here for number in np.flatnonzero(restored[f"{bomb}_on"]))
        if all(abs(end - restored["now"]) > 2e8 for end in true[f"{bomb}_end"]):
            assert restored[f"{bomb}_on"].sum() == true[f"{bomb}_on"].sum()
        # The phase, unless the health that is painted lies too near to where one begins.
        share = shown.enemies[0].health / shown.enemies[0].health_max
        twin.load(session.fight.state)
        twin.s.now = int(restored["now"])
        phase = twin.call["phase"](twin.s, twin.t)
        twin.load(state)
        if "health" not in health or all(abs(share - border) > 2 * HEALTH_STEP for border in (0.2, 0.25, 0.35)):
            assert twin.call["phase"](twin.s, twin.t) == phase
        assert sum(probability for _, probability in restorer.decisions(state)) == pytest.approx(1.0)
        scenes.add(int(true["scene"]))
        phases.add(phase)
        crowds.add(tuple(here))
    assert len(scenes) >= 7 and {0.2, 0.35, 1.0} <= phases and crowds == {(0,), (0, 1), (0, 1, 2), (0, 2)}


def test_a_restored_state_goes_on_with_the_script(tmp_path):
    path = tmp_path / "gap.spec"
    path.write_text(SCRIPT.replace("HEALTH", ""), encoding="utf-8")
    spec = twin_spec(find_spec("wotlk/mage_fire.spec"), encounter=str(path))
    session, restorer, twin = PracticeSession(spec, seed=5), Restorer(spec), SpecTwin(spec, "sampled")
    decoder = Decoder(session.schema.data_columns)
    while session.fight.now < 18.0:
        session.tick(0.05)
    decoded = decoder.decode(np.ascontiguousarray(session.barcode))
    assert decoded is not None
    twin.load(restorer.restore(observe(session.schema, decoded, received_at=0.0), fight_remains_s=60.0 - session.fight.now))
    seen = []
    for _ in range(100):
        twin.run("advance")
        if twin.s.finished:
            break
        seen.append((int(twin.s.scene), twin.s.now))
        twin.run("step", twin.rotations["default"](twin.s, twin.t))
    assert twin.s.finished and {scene for scene, _ in seen} >= {3, 4, 6, 7, 8}
    assert all(twin.t.scene_at[scene] <= now for scene, now in seen)
