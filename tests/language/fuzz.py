"""Many broken inputs, and what came of each: success or a message, soon, and in little memory.

`make fuzz` runs a million specs, a hundred thousand profiles and as many lists; the tests a part of it. An input that does anything else is written to
`out/fuzz/`, to become a test.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from mutations import mutated  # noqa: E402

from portunus.dsl import DiagnosticError, check_file, format_text, load_model  # noqa: E402
from portunus.dsl.catalogue import SAMPLE as SMALL  # noqa: E402
from portunus.errors import PortunusError  # noqa: E402
from portunus.resources import find_spec  # noqa: E402

OUT = HERE.parents[1] / "out" / "fuzz"
SAMPLE = HERE / "sample" / "mage_fire.spec"
SECONDS, MEGABYTES = 2.0, 512
CHUNK = 250


@dataclass
class Outcome:
    """What came of some inputs: how many gave what, the longest time, the memory, and the bad ones with the reason."""

    seen: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    megabytes: float = 0.0
    bad: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Take in another."""
        self.seen += other.seen
        self.seconds, self.megabytes = max(self.seconds, other.seconds), max(self.megabytes, other.megabytes)
        self.bad += other.bad


def read_spec(text: str, path: Path | str) -> str:
    """Check a text, render every finding, format it if it can be read."""
    found = check_file(path, text=text)
    for item in found:
        item.render()
        if min(item.span.line, item.span.column, item.span.length) < 1:
            raise AssertionError(f"a place that is none: {item.span}")
    try:
        formatted = format_text(text) if len(text) < 2000 else ""
    except DiagnosticError:
        return "refused"
    if formatted and format_text(formatted) != formatted:
        raise AssertionError("formatting it twice changes it again")
    return "refused" if any(item.severity == "error" for item in found) else "accepted"


def read_profile(text: str, path: Path | str) -> str:
    """Read a text as a profile of the sample spec."""
    from portunus.sim.profile import load_profile

    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(text.encode("utf-8", "surrogatepass"))
        file.flush()
        try:
            load_profile(file.name, load(SAMPLE))
        except PortunusError as error:
            assert error.exit_code == 2 and str(error)
            return "refused"
    return "accepted"


def read_list(text: str, path: Path | str) -> str:
    """Read a text as another simulator's priority list."""
    from portunus.sim.import_apl import find_list, import_list
    from portunus.sim.json_input import parse_json

    try:
        import_list(find_list(parse_json(text, where="it"), where="it"), load(SAMPLE))
    except PortunusError as error:
        assert error.exit_code == 2 and str(error)
        return "refused"
    return "accepted"


_models: dict[Path, object] = {}


def load(path: Path):
    """The model of a file, read once a process."""
    if path not in _models:
        _models[path] = load_model(path)
    return _models[path]


def seeds(kind: str) -> tuple[list[str], Path | str]:
    """The good inputs that are mutated, and where they stand."""
    if kind == "small":
        sections = re.split(r"(?m)^(?=ruleset|class|spec)", SMALL.replace("%EXAMPLE%", '  property "a" mana >= 0'))[1:]
        return [*sections, *((SAMPLE.parents[3] / "specs" / "encounters" / f"{name}.spec").read_text(encoding="utf-8") for name in ("patchwerk", "busy"))], "main.spec"
    if kind == "whole":
        return [path.read_text(encoding="utf-8") for path in sorted(SAMPLE.parent.glob("*.spec"))], SAMPLE
    if kind == "profile":
        return [(find_spec("wotlk/mage_fire.spec").parent / "profiles" / "mage_fire.toml").read_text(encoding="utf-8")], ""
    golden = sorted((HERE.parent / "golden" / "mage_fire").glob("[0-9]*.json"))
    return [json.dumps(json.loads(path.read_text(encoding="utf-8"))["scenario"]["apl"]) for path in golden[-3:]], ""


READERS = {"small": read_spec, "whole": read_spec, "profile": read_profile, "list": read_list}


def run_chunk(kind: str, seed: int, count: int) -> Outcome:
    """Some mutations of one kind, the same for the same seed."""
    outcome = Outcome()
    texts, path = seeds(kind)
    for text in mutated(texts, count=count, seed=seed):
        start = time.process_time()
        try:
            outcome.seen[READERS[kind](text, path)] += 1
        except Exception:
            outcome.bad.append((text, traceback.format_exc(limit=-3)))
        seconds = time.process_time() - start
        outcome.seconds = max(outcome.seconds, seconds)
        if seconds > SECONDS:
            outcome.bad.append((text, f"it took {seconds:.1f} s"))
    outcome.megabytes = peak_megabytes()
    return outcome


def peak_megabytes() -> float:
    """The most memory this process has used. (`getrusage` would count what its parent used before it started this program.)"""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")) / 1024


def run(counts: dict[str, int], *, seed: int, workers: int = 2, seconds: float = 3600.0, progress: bool = False) -> Outcome:
    """Mutations of several kinds over several processes, the kinds in step with each other.

    Args:
        counts: Kind (a key of `READERS`) -> how many.
        seed: Of all of them.
        workers: Number of processes.
        seconds: Wall time after which the run is given up: something hangs.
        progress: Say on stderr how far it is, fifty times in all; keep and name what failed.

    Raises:
        TimeoutError: The time is over.
    """
    chunks = [(kind, seed * 1_000_003 + start, min(CHUNK, count - start)) for kind, count in counts.items() for start in range(0, count, CHUNK)]
    chunks.sort(key=lambda chunk: (chunk[1] - seed * 1_000_003) / counts[chunk[0]])
    total, step = Outcome(), max(1, len(chunks) // 50)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for number, outcome in enumerate(pool.map(run_chunk, *zip(*chunks, strict=True), timeout=seconds), start=1):
            total.add(outcome)
            for text, reason in outcome.bad if progress else ():
                print(f"{kept(text)}: {reason}", file=sys.stderr, flush=True)
            if progress and number % step == 0:
                print(f"{total.seen.total() + len(total.bad):,} inputs, {len(total.bad)} failures, longest {total.seconds:.2f} s, {total.megabytes:.0f} MB",
                      file=sys.stderr, flush=True)
    return total


def kept(text: str) -> Path:
    """An input that failed, written down."""
    data = text.encode("utf-8", "surrogatepass")
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{hashlib.sha256(data).hexdigest()[:16]}.txt"
    path.write_bytes(data)
    return path


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Broken specs, profiles and lists: each must end in success or a message.")
    parser.add_argument("--count", type=int, default=1_000_000, help="how many specs; a tenth as many profiles and lists")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    counts = {"small": given.count * 9 // 10, "whole": given.count - given.count * 9 // 10, "profile": given.count // 10, "list": given.count // 10}
    start = time.monotonic()
    outcome = run(counts, seed=given.seed, workers=given.workers, seconds=86_400.0, progress=True)
    number = sum(counts.values())
    print(f"{number:,} inputs ({', '.join(f'{count:,} {kind}' for kind, count in counts.items())}), seed {given.seed}: {dict(outcome.seen)}")
    print(f"wall {time.monotonic() - start:.0f} s with {given.workers} processes, load {os.getloadavg()[0]:.1f}; longest {outcome.seconds:.2f} s, largest process {outcome.megabytes:.0f} MB")
    print(f"failures: {len(outcome.bad)}" + (f"; with 95 % confidence fewer than {3 / number:.1e} of such inputs fail" if not outcome.bad else ""))
    sys.exit(1 if outcome.bad or outcome.megabytes > MEGABYTES else 0)


if __name__ == "__main__":
    main()
