"""Measure what the search gains over the default rotation when nothing but that rotation judges, and write docs/strength.md.

    python benchmarks/strength.py --markdown docs/strength.md     about half an hour on a quiet machine; a budget in milliseconds means what the machine gives
    python benchmarks/strength.py --fights-times 0.25             a quarter of the fights, printed only
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CASES = (  # spec, fights, and the other options of `portunus plan`
    ("mage_fire", 12, ("--budget-ms", "250")),
    ("mage_fire", 120, ("--simulations", "512")),
    ("paladin_retribution", 12, ("--budget-ms", "250")),
    ("rogue_combat", 20, ("--budget-ms", "250", "--encounter", "one_minute")),
    ("rogue_combat", 15, ("--budget-ms", "250", "--encounter", "one_minute", "--seed", "1001")),
    ("rogue_combat", 15, ("--budget-ms", "250", "--encounter", "one_minute", "--seed", "2001")),
)
HEAD = """# Strength without a network

What the search gains over the default rotation when nothing but that rotation judges its states, losses included. Written by
`python benchmarks/strength.py --markdown docs/strength.md`, which plays the fights with `portunus plan SPEC --fights N`.

Both players meet the same seeds, with no reaction delay. DPS is the mean over the fights with their luck taken out (`portunus/evaluator/control.py`:
the mean stays, the variance falls); the last column is the difference of the damage as it fell. Intervals are 95 %, by Student's distribution over fights.
A budget in milliseconds means what the machine gave at the time: see the simulations; a decision that is clear ends before its time is up.

"""
COLUMNS = """| spec | budget | simulations a decision | fights | first seed | seconds | default rotation, DPS | search, DPS | gain, DPS | gain | as it fell |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def measure(spec: str, fights: int, options: tuple[str, ...]) -> dict[str, Any]:
    """The figures of `portunus plan`.

    Raises:
        SystemExit: It failed; what it says stands on the screen.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "portunus", "plan", f"specs/wotlk/{spec}.spec", "--fights", str(fights), *options, "--json", str(file)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed")
        return json.loads(file.read_text())


def row(figures: dict[str, Any]) -> str:
    """One line of the table."""
    budget = figures["budget"]
    asked = f"{budget['budget_ms']:g} ms" if "budget_ms" in budget else f"{budget['simulations']:,} simulations"
    cells = [
        figures["spec"], asked, f"{figures['simulations'] / figures['decisions']:,.0f}", str(figures["fights"]), str(figures["seed"]), f"{figures['seconds']:g}",
        f"{figures['rotation_dps']:,.1f}", f"{figures['search_dps']:,.1f}",
        f"{figures['difference_dps']:+,.1f} ± {figures['difference_dps_half_width']:,.1f}",
        f"{figures['difference_percent']:+.2f} ± {figures['difference_percent_half_width']:.2f} %",
        f"{figures['sampled_difference_dps']:+,.1f} ± {figures['sampled_difference_dps_half_width']:,.1f}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def together(measured: list[dict[str, Any]]) -> str:
    """A sentence for each measurement that was made with several lots of seeds: all its fights as one."""
    lots: dict[tuple[str, str, float], list[dict[str, Any]]] = {}
    for figures in measured:
        lots.setdefault((figures["spec"], json.dumps(figures["budget"]), figures["seconds"]), []).append(figures)
    text = ""
    for (spec, _, _), found in lots.items():
        if len(found) > 1:
            fights = sum(f["fights"] for f in found)
            gain = sum(f["fights"] * f["difference_percent"] for f in found) / fights
            half_width = sum((f["fights"] * f["difference_percent_half_width"]) ** 2 for f in found) ** 0.5 / fights
            text += f"\nAll {fights} fights of {spec} together: {gain:+.2f} ± {half_width:.2f} %.\n"
    return text


def main() -> None:
    """Measure, print each row as soon as it is there, and write the page."""
    from portunus.files import write_atomic

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fights-times", type=float, default=1.0, help="So many times the fights; at least 2 are played.")
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    if given.markdown and given.fights_times != 1.0:
        parser.error("--markdown writes the whole measurement: leave out --fights-times")
    print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    print(COLUMNS, end="", flush=True)
    measured = []
    for spec, fights, options in CASES:
        measured.append(measure(spec, max(2, round(fights * given.fights_times)), options))
        print(row(measured[-1]), end="", flush=True)
    print(together(measured), end="")
    print(f"load average after: {os.getloadavg()[0]:.2f}")
    if given.markdown:
        write_atomic(given.markdown, HEAD + COLUMNS + "".join(map(row, measured)) + together(measured))


if __name__ == "__main__":
    main()
