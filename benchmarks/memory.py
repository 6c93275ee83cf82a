"""Does memory grow with the number of fights? `python benchmarks/memory.py SPEC FIGHTS...` plays each number in a new process.

Prints the largest resident memory of the process before the fights and after them.
"""

from __future__ import annotations

import subprocess
import sys

_PLAY = """
import resource, sys
from portunus.compiler import compile_spec
from portunus.sim.results import simulate
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
compiled = compile_spec(sys.argv[1])
simulate(compiled, iterations=500)
before = peak()
simulate(compiled, iterations=int(sys.argv[2]))
print(before, peak())
"""


def peak_kilobytes(spec: str, fights: int) -> tuple[int, int]:
    """Largest resident memory of a new process in kB: with the spec loaded and 500 fights played, and after `fights` more."""
    done = subprocess.run([sys.executable, "-c", _PLAY, spec, str(fights)], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    return before, after


if __name__ == "__main__":
    for number in map(int, sys.argv[2:]):
        before, after = peak_kilobytes(sys.argv[1], number)
        print(f"{number:>10,} fights: {before / 1024:.1f} MB before, {after / 1024:.1f} MB after")
