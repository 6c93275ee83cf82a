"""What `portunus bench` measures: fights a second on one core, compile time, clone cost, and the calibration beside them."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

import portunus
from portunus.compiler import compile_spec
from portunus.errors import PortunusError
from portunus.resources import find_spec
from portunus.sim.fights import run_fights

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

_CALIBRATION_LOOPS = 20_000_000
_CLONES = 2_000_000
_COUNTED_FIGHTS = 20


@numba.njit
def _calibrate(loops: int) -> float:
    """The fixed work: one xorshift64 step (Marsaglia 2003) and one floating-point sum per loop, each waiting for the one before."""
    bits, total = np.uint64(88172645463325252), 0.0
    for _ in range(loops):
        bits ^= bits << np.uint64(13)
        bits ^= bits >> np.uint64(7)
        bits ^= bits << np.uint64(17)
        total += float(bits >> np.uint64(11)) * 2.0**-53
    return total


@numba.njit
def _clone(source: np.ndarray, target: np.ndarray, count: int) -> int:
    """Copy `source` `[W]` to `target` and back, `count` copies in all; one word changes each time, so that no copy can be left out."""
    for index in range(count // 2):
        source[0] = index
        for word in range(source.size):
            target[word] = source[word]
        target[0] += 1
        for word in range(source.size):
            source[word] = target[word]
    return source[0]


def benchmark(
    spec: str, *, seconds: float, rounds: int, with_compile: bool, seed: int, say: Callable[[str], None] = lambda what: None
) -> dict[str, Any]:
    """Measure everything once.

    Args:
        spec: Path or name of a spec.
        seconds: Time for each round of fights.
        rounds: Number of rounds; calibration and fights take turns, so that a change of the machine's pace meets both.
        with_compile: Also time compiling in new processes.
        seed: Seed of the first fight of every round.
        say: Called with what is being measured.

    Returns:
        `rows` (what, median, lowest, highest, unit), `machine`, `title`, `seed`, `rounds`.

    Raises:
        PortunusError: The spec is wrong.
    """
    path = find_spec(spec)
    rows: list[dict[str, Any]] = []

    def add(what: str, values: list[float], unit: str) -> None:
        several = len(values) > 1
        rows.append({
            "what": what, "median": median(values), "lowest": min(values) if several else None, "highest": max(values) if several else None, "unit": unit,
        })  # fmt: skip

    if with_compile:
        with tempfile.TemporaryDirectory(prefix="portunus-bench-") as cache:
            say("compiling with an empty cache, in a new process")
            add("compile, empty cache", [_compile_seconds(path, cache)], "s")
            say("compiling with a filled cache, in new processes")
            add("compile, filled cache", [_compile_seconds(path, cache) for _ in range(3)], "s")
    say("compiling")
    compiled = compile_spec(path)
    say("playing fights")
    fights, calibration = _rounds(compiled, seconds=seconds, rounds=rounds, seed=seed)
    decisions = _decisions_per_fight(compiled, seed=seed)
    add("calibration", [c / 1e6 for c in calibration], "million loops/s")
    add("fights", fights, "fights/s")
    add("fights per billion calibration loops", [1e9 * f / c for f, c in zip(fights, calibration, strict=True)], "fights")
    add("decisions", [f * decisions for f in fights], "decisions/s")
    say("cloning states")
    add("clone of a state", _clone_ns(compiled, rounds=rounds), "ns")
    add("size of a state", [compiled.layout.state_words * 8.0], "bytes")
    return {"title": compiled.title, "spec": spec, "seed": seed, "rounds": rounds, "rows": rows, "machine": machine()}


def machine() -> dict[str, str]:
    """What the figures depend on: processor, cores, and versions."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        name = next((line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")), name)
    return {
        "processor": name, "cores": str(os.cpu_count()), "system": platform.system(), "python": platform.python_version(),
        "numba": numba.__version__, "portunus": portunus.__version__,
    }  # fmt: skip


def _compile_seconds(path: Path, cache: str) -> float:
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "portunus", "compile", str(path)], env={**os.environ, "PORTUNUS_CACHE": cache}, capture_output=True, text=True
    )
    if done.returncode:
        raise PortunusError(f"compiling in a new process failed: {done.stderr.strip()}", exit_code=done.returncode)
    return time.perf_counter() - begin


def _rounds(compiled: CompiledSpec, *, seconds: float, rounds: int, seed: int) -> tuple[list[float], list[float]]:
    """Fights per second and calibration loops per second of each round."""
    run_fights(compiled, 50, seed=seed)  # loads the kernels
    begin, trial = time.perf_counter(), 200
    run_fights(compiled, trial, seed=seed)
    count = max(trial, int(trial * seconds / (time.perf_counter() - begin)))
    _calibrate(1)
    fights, calibration = [], []
    for _ in range(rounds):
        begin = time.perf_counter()
        _calibrate(_CALIBRATION_LOOPS)
        calibration.append(_CALIBRATION_LOOPS / (time.perf_counter() - begin))
        begin = time.perf_counter()
        run_fights(compiled, count, seed=seed)
        fights.append(count / (time.perf_counter() - begin))
    return fights, calibration


def _decisions_per_fight(compiled: CompiledSpec, *, seed: int) -> float:
    """Mean number of decisions of the default rotation, counted."""
    decisions = 0
    for fight in range(_COUNTED_FIGHTS):
        state, rng = compiled.new_state(), compiled.new_rng(seed + fight)
        compiled.reset(state, rng)
        header = state.view(compiled.layout.state_dtype)
        while not header["finished"][0]:
            compiled.step(state, compiled.rotation(state), rng)
            decisions += 1
    return decisions / _COUNTED_FIGHTS


def _clone_ns(compiled: CompiledSpec, *, rounds: int) -> list[float]:
    source, target = compiled.new_state(), compiled.new_state()
    _clone(source, target, 2)
    values = []
    for _ in range(rounds):
        begin = time.perf_counter()
        _clone(source, target, _CLONES)
        values.append((time.perf_counter() - begin) / _CLONES * 1e9)
    return values
