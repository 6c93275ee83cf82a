"""What `portunus bench` measures: fights a second on one core and on several, compile and import time, clone cost, and the calibration beside them."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

import portunus
from portunus.compiler import compile_spec
from portunus.errors import PortunusError
from portunus.resources import find_spec, shipped_specs
from portunus.sim.fights import Fighter, Work, play_batch, run_fights
from portunus.sim.golden import find_references, vocabularies
from portunus.sim.prepared import PreparedScenario, prepare

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

_CALIBRATION_LOOPS = 20_000_000
_CLONES = 2_000_000
_COUNTED_FIGHTS = 20
_STARTS = 3


@numba.njit(nogil=True)
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


@dataclass(frozen=True)
class Figure:
    """One measured figure: the median of several rounds with the slowest and the fastest, or a single value.

    Attributes:
        name: Key in the JSON. what: For a reader. unit: Of the values.
    """

    name: str
    what: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return median(self.values)

    def document(self) -> dict[str, Any]:
        """As plain JSON values; the extremes are null for what was measured only once."""
        several = len(self.values) > 1
        return {"what": self.what, "unit": self.unit, "median": self.median, "lowest": min(self.values) if several else None,
                "highest": max(self.values) if several else None}


@dataclass(frozen=True)
class Subject:
    """What is measured: a spec with its default list, profile and encounter, or a scenario of the reference.

    Attributes:
        name: For the table. spec: The spec file. scenario: The scenario, or None.
    """

    name: str
    spec: Path
    scenario: PreparedScenario | None = None

    def fighter(self, *, fixed: bool = False) -> Fighter:
        """Its fights, with kernels for any numbers or for its very numbers (`fixed`); those of a scenario are the fights of the reference, artefacts included."""
        if self.scenario is None:
            return Fighter(compile_spec(self.spec, fixed=fixed), "default")
        return Fighter(self.scenario.compile(fixed=fixed), self.scenario.rotation.name)

    @property
    def reference(self) -> float | None:
        """Fights per second of the reference in the same scenario, where that is known."""
        known = [words.speed[self.spec.stem] for words in vocabularies() if self.spec.stem in words.speed]
        return next((k["fights"] for k in known if self.scenario is not None and k["scenario"] == self.scenario.golden.scenario.name), None)


def subjects(texts: tuple[str, ...]) -> list[Subject]:
    """What the arguments name: specs, or scenarios of the reference (`.json`, or a folder of them); all shipped specs if there are none.

    Raises:
        PortunusError: A file is missing, damaged or not translatable.
    """
    found = []
    for text in texts:
        if Path(text).is_dir() or text.endswith(".json"):
            found += [Subject(f"{ready.spec.stem}: {path.stem}" if path.stem != ready.spec.stem else path.stem, ready.spec, ready)
                      for path in find_references((text,)) for ready in prepare([path])]
        else:
            path = find_spec(text)
            found.append(Subject(path.stem, path))
    specs = {subject.name for subject in found if subject.scenario is None}
    return [replace(subject, name=f"{subject.name} (scenario)") if subject.scenario is not None and subject.name in specs else subject for subject in found] or [
        Subject(path.stem, path) for path in shipped_specs()]


def benchmark(
    subject: Subject, *, seconds: float, rounds: int, with_compile: bool, workers: int, seed: int, say: Callable[[str], None] = lambda what: None
) -> dict[str, Figure]:
    """Measure one spec or scenario.

    One core is measured in processor time of the thread, so that other programs disturb little; calibration and fights take turns, so that a
    change of the machine's pace meets both. Several cores and new processes are measured by the clock.

    Args:
        subject: What is measured. Fights are played with both kinds of kernels, everything else is about those for any numbers.
        seconds: Time for each round of fights.
        rounds: Number of rounds.
        with_compile: Also time compiling in new processes.
        workers: Also measure this many threads at once, if more than 1.
        seed: Seed of the first fight of every round.
        say: Called with what is being measured.

    Returns:
        The figures by name.

    Raises:
        PortunusError: The spec is wrong.
    """
    found: dict[str, Figure] = {}
    path = subject.spec

    def add(name: str, what: str, unit: str, values: list[float]) -> None:
        found[name] = Figure(name, what, unit, tuple(values))

    if with_compile:
        with tempfile.TemporaryDirectory(prefix="portunus-bench-") as cache:
            say("compiling with an empty cache, in a new process")
            cold = _compile_seconds(path, cache)
            add("compile_cold", "compile, empty cache", "s", [cold[0]])
            add("compile_cold_processor", "compile, empty cache, processor time", "s", [cold[1]])
            say("compiling with a filled cache, in new processes")
            add("compile_warm", "compile, filled cache (whole command)", "s", [_compile_seconds(path, cache)[0] for _ in range(_STARTS)])
    say("importing, in new processes")
    add("import", "import of the compiler and its libraries", "s", [_import_seconds() for _ in range(_STARTS)])
    say("compiling")
    fighter = subject.fighter()
    compiled = fighter.compiled
    say("playing fights")
    fights, calibration, count = _rounds(fighter, seconds=seconds, rounds=rounds, seed=seed)
    say("compiling for these very numbers")
    settled = subject.fighter(fixed=True)
    say("playing fights with these very numbers")
    faster, _, _ = _rounds(settled, seconds=seconds, rounds=rounds, seed=seed)
    decisions, events = _per_fight(fighter, seed=seed)
    add("calibration", "calibration", "million loops/s", [c / 1e6 for c in calibration])
    add("fights", "fights, one core", "fights/s", fights)
    add("fixed_fights", "fights, one core, compiled for these very numbers", "fights/s", faster)
    add("relative", "fights per billion calibration loops", "fights", [1e9 * f / c for f, c in zip(fights, calibration, strict=True)])
    add("decisions", "decisions of a fight", "", [decisions])
    add("events", "events of a fight", "", [events])
    add("ns_per_decision", "one decision", "ns", [1e9 / (f * decisions) for f in fights])
    add("ns_per_event", "one event", "ns", [1e9 / (f * events) for f in fights])
    if subject.reference is not None:
        add("reference", "fights of the reference, one core", "fights/s", [subject.reference])
        add("times", "faster than the reference", "times", [f / subject.reference for f in fights])
        add("fixed_times", "faster than the reference, compiled for these very numbers", "times", [f / subject.reference for f in faster])
    if workers > 1:
        say(f"playing fights on {workers} threads")
        several, fixed = _several(fighter, workers=workers, count=count, rounds=rounds, seed=seed)
        add("threads", f"fights, {workers} threads", "fights/s", [f for f, _ in several])
        add("threads_gain", f"{workers} threads against one, by the clock", "times", [f / one for f, one in several])
        add("threads_calibration", f"the calibration on {workers} threads against one", "times", fixed)
    say("cloning states")
    add("clone", "clone of a state", "ns", _clone_ns(compiled, rounds=rounds))
    add("state_bytes", "size of a state", "bytes", [compiled.layout.state_words * 8.0])
    return found


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


def _compile_seconds(path: Path, cache: str) -> tuple[float, float]:
    """Wall and processor time of `portunus compile` in a new process."""
    before, begin = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "portunus", "compile", str(path)], env={**os.environ, "PORTUNUS_CACHE": cache}, capture_output=True, text=True
    )
    wall, after = time.perf_counter() - begin, os.times()
    if done.returncode:
        raise PortunusError(f"compiling in a new process failed: {done.stderr.strip()}", exit_code=done.returncode)
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def _import_seconds() -> float:
    program = "import time; begin = time.perf_counter(); import portunus.compiler, numba; print(time.perf_counter() - begin)"
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def _play(fighter: Fighter, fights: int, seed: int, workers: int = 1) -> None:
    run_fights(fighter.compiled, fights, seed=seed, rotation=fighter.rotation, workers=workers)


def _rounds(fighter: Fighter, *, seconds: float, rounds: int, seed: int) -> tuple[list[float], list[float], int]:
    """Fights per second and calibration loops per second of each round, on one core, and the number of fights of a round."""
    _play(fighter, 50, seed)  # loads the kernels
    begin, trial = time.thread_time(), 100
    _play(fighter, trial, seed)
    count = max(trial, int(trial * seconds / (time.thread_time() - begin)))
    _calibrate(1)
    fights, calibration = [], []
    for _ in range(rounds):
        begin = time.thread_time()
        _calibrate(_CALIBRATION_LOOPS)
        calibration.append(_CALIBRATION_LOOPS / (time.thread_time() - begin))
        begin = time.thread_time()
        _play(fighter, count, seed)
        fights.append(count / (time.thread_time() - begin))
    return fights, calibration, count


def _several(fighter: Fighter, *, workers: int, count: int, rounds: int, seed: int) -> tuple[list[tuple[float, float]], list[float]]:
    """By the clock, a pair per round: fights per second on `workers` threads and on one; and how much the calibration gains."""

    def seconds(work: Callable[[], object]) -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    pairs, fixed = [], []
    with ThreadPoolExecutor(workers) as pool:
        for _ in range(rounds):
            one = count / seconds(lambda: _play(fighter, count, seed))
            all_of_them = workers * count / seconds(lambda: _play(fighter, workers * count, seed, workers))
            pairs.append((all_of_them, one))
            alone = seconds(lambda: _calibrate(_CALIBRATION_LOOPS))
            together = seconds(lambda: list(pool.map(_calibrate, [_CALIBRATION_LOOPS] * workers)))
            fixed.append(workers * alone / together)
    return pairs, fixed


def _per_fight(fighter: Fighter, *, seed: int) -> tuple[float, float]:
    """Mean numbers of decisions and of events of the default rotation, counted."""
    counters = play_batch(fighter, Work(0, seed, _COUNTED_FIGHTS)).counters.view(fighter.compiled.layout.metrics_dtype)[0]
    return float(counters["decisions"]) / _COUNTED_FIGHTS, float(counters["events"]) / _COUNTED_FIGHTS


def _clone_ns(compiled: CompiledSpec, *, rounds: int) -> list[float]:
    source, target = compiled.new_state(), compiled.new_state()
    _clone(source, target, 2)
    values = []
    for _ in range(rounds):
        begin = time.thread_time()
        _clone(source, target, _CLONES)
        values.append((time.thread_time() - begin) / _CLONES * 1e9)
    return values


# ---- the history ----------------------------------------------------------------------------------------------------------------------

_COLUMNS = ("calibration", "fights", "relative", "ns_per_decision", "ns_per_event", "threads_gain", "clone", "state_bytes", "compile_cold", "compile_warm", "import", "reference",
            "times", "fixed_fights", "fixed_times")
_HISTORY_HEAD = (
    "| date | label | spec | processor | Python, numba | calibration, million loops/s | fights/s | fights per billion loops | ns a decision | ns an event "
    "| gain of threads | clone, ns | state, bytes | cold compile, s | warm compile, s | import, s | reference, fights/s | times the reference "
    "| fights/s, compiled for these numbers | times the reference, so |"
)


def history_rows(results: dict[str, dict[str, Figure]], about: dict[str, str], *, date: str, label: str) -> list[str]:
    """A row of the history table for each spec; what was not measured stays empty."""
    processor = about["processor"].replace("|", "/")
    rows = []
    for spec, figures in results.items():
        cells = [date, label.replace("|", "/"), spec, processor, f"{about['python']}, {about['numba']}"]
        cells += [shown(figures[name].median) if name in figures else "" for name in _COLUMNS]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def append_history(text: str, rows: list[str]) -> str:
    """The text of a history with further rows; an empty one gets its head first.

    Raises:
        PortunusError: The text is no history.
    """
    if not text.strip():
        text = f"# Speed over time\n\nRows are appended by `portunus bench --append`; see [README.md](README.md) for what the columns mean.\n\n{_HISTORY_HEAD}\n" + (
            "|" + " --- |" * _HISTORY_HEAD.count(" |") + "\n")
    if _HISTORY_HEAD not in text:
        raise PortunusError("the file to append to is no history of this version", hint="Name a new file, or the one in benchmarks/.")
    return text.rstrip("\n") + "\n" + "\n".join(rows) + "\n"


def shown(value: float) -> str:
    """Three significant digits or more, with thousands separated."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
