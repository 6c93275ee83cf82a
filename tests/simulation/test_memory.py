"""Fights leave nothing behind: memory does not grow with their number."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import resource
from portunus.compiler import compile_spec
from portunus.sim.results import simulate

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

compiled = compile_spec("specs/wotlk/mage_fire.spec")
simulate(compiled, iterations=500)
before = peak()
simulate(compiled, iterations=20_000)
print(before, peak())
"""


def test_memory_is_flat_in_the_number_of_fights() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())  # kB
    assert before > 20_000
    assert after - before < 2_000  # the damage of 20,000 fights alone would be 160 kB, their counters 50 MB
