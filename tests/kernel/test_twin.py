"""The compiled kernels and the plain Python twin are the same machine, bit for bit."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from portunus.codegen.python import Block, Twin
from portunus.ir.program import lower
from portunus.runtime.compiled import CompiledSpec
from portunus.sim.fights import run_fights


def blocks_equal(compiled: CompiledSpec, block: Block, state: np.ndarray) -> list[str]:
    """Names of the fields in which a twin's state and a kernel's state differ."""
    view = compiled.view(state)
    fields = compiled.layout.layout.state
    return [f.name for f in fields if not np.array_equal(np.asarray(getattr(block, f.name)), view[f.name])]


@pytest.mark.parametrize("which", ["mage", "mage_reference", "mage_three", "crowd_busy"])
def test_whole_fights_are_bit_equal(which: str, request: pytest.FixtureRequest) -> None:
    compiled = request.getfixturevalue(which)
    twin = Twin(lower(compiled.model))
    totals = run_fights(compiled, 3, seed=42)
    casts = np.zeros(len(totals.rows), np.int64)
    for fight in range(3):
        state, metrics = twin.fight(dict(compiled.table_values), 42 + fight, "default")
        assert state.damage == totals.damage[fight]
        assert state.fault == 0
        casts += np.asarray(metrics.casts)
    assert casts.tolist() == totals.casts.tolist()


@pytest.mark.parametrize(("which", "most"), [("mage_three", 150), ("crowd_busy", 30)])
def test_expected_steps_are_bit_equal(which: str, most: int, request: pytest.FixtureRequest) -> None:
    compiled = request.getfixturevalue(which)
    twin = Twin(lower(compiled.model), "expected")
    sampled_twin = Twin(lower(compiled.model), "sampled")
    s, t, m = twin.blocks(dict(compiled.table_values))
    r = [7, 0, 0, 0]
    sampled_twin.functions["begin"](s, t, m, r)
    state, rng = compiled.new_state(), compiled.new_rng(7)
    compiled.reset(state, rng)
    chooser = np.random.default_rng(3)
    steps = 0
    while not state[2] and steps < 250:
        assert blocks_equal(compiled, s, state) == []
        legal = np.flatnonzero(compiled.legal(state))
        action = int(chooser.choice(legal))
        reward, probability, signature = compiled.step(state, action, rng, expected=True)
        before = s.damage
        twin.functions["step"](s, t, m, r, action)
        assert (s.damage - before, m.probability, m.signature) == (reward, probability, signature)
        steps += 1
    assert steps > most


def test_numbers_do_not_change_the_text(mage: CompiledSpec, tmp_path) -> None:
    from portunus.codegen.numba import engine_module
    from portunus.compiler import program_of
    from portunus.resources import data_folder

    folder = data_folder("specs") / "wotlk"
    for path in folder.glob("*.spec"):
        (tmp_path / path.name).write_text(path.read_text())
    spec = tmp_path / "mage_fire.spec"
    changed = spec.read_text().replace("898..1143", "900..1200").replace("duration 15s", "duration 16s").replace("ticks 4 every 3s", "ticks 5 every 2s")
    assert changed != spec.read_text()
    before = program_of(spec)
    spec.write_text(changed)
    after = program_of(spec)
    for form in ("sampled", "expected"):
        assert engine_module(before, form) == engine_module(after, form)


def test_a_changed_number_compiles_nothing(tmp_path) -> None:
    from portunus.compiler import compile_spec, is_compiled, program_of
    from portunus.resources import data_folder

    shutil.copytree(data_folder("specs") / "examples", tmp_path / "specs")
    spec = tmp_path / "specs" / "burst_window.spec"
    compile_spec(spec)
    assert is_compiled(program_of(spec))
    text = spec.read_text(encoding="utf-8")
    spec.write_text(re.sub(r"damage (\d+)", lambda found: f"damage {int(found[1]) + 7}", text), encoding="utf-8")
    assert spec.read_text(encoding="utf-8") != text and is_compiled(program_of(spec))
    spec.write_text(text.replace("rotation default {", "aura more \"More\" { id 9   duration 3s }\n  rotation default {", 1), encoding="utf-8")
    assert not is_compiled(program_of(spec))


def test_diff_measures_the_change_in_the_same_fights(tmp_path) -> None:
    from portunus.resources import data_folder

    shutil.copytree(data_folder("specs") / "examples", tmp_path / "specs")
    spec = tmp_path / "specs" / "burst_window.spec"
    old = data_folder("specs") / "examples" / "burst_window.spec"
    spec.write_text(re.sub(r"damage (\d+)", lambda found: f"damage {2 * int(found[1])}", old.read_text(encoding="utf-8")), encoding="utf-8")
    command = [sys.executable, "-m", "portunus", "diff", str(old), str(spec), "--dps", "--encounter", "trial", "--iterations", "100"]
    last = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    found = re.fullmatch(r"DPS ([\d,.]+) -> ([\d,.]+): \+([\d,.]+) ± [\d.]+ \(\+100.00 % ± 0.00 %; 95 % intervals, 100 fights with the same seeds, Trial\)", last)
    assert found is not None, last
    before, after, change = (float(part.replace(",", "")) for part in found.groups())
    assert after - before == pytest.approx(change, abs=0.2) and before > 0
