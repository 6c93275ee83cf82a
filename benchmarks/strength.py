"""Write docs/strength.md from what `portunus plan SPEC --fights N --json FILE` measured.

    python benchmarks/strength.py FILE... [--earlier FILE...] [--markdown docs/strength.md]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

HEAD = """# Strength without a network

What the search gains over the default rotation when nothing but that rotation judges its states. Written by
`python benchmarks/strength.py FILE...` from the files of `portunus plan SPEC --budget-ms 250 --fights N --json FILE`, losses included.

Both players meet the same seeds, with no reaction delay. DPS is the mean over the fights with their luck taken out (`portunus/evaluator/control.py`:
the mean stays, the variance falls); the last column is the difference of the damage as it fell. Intervals are 95 %, by Student's distribution over fights.
A budget in milliseconds means what the machine gave at the time: see the simulations; a decision that is clear ends before its time is up.

"""
COLUMNS = """| spec | budget | simulations a decision | fights | first seed | seconds | default rotation, DPS | search, DPS | gain, DPS | gain | as it fell |
|---|---|---|---|---|---|---|---|---|---|---|
"""
EARLIER = """
## Before a challenger had to win a trial with fresh draws

Measured with earlier versions of the search, which compared actions by what the tree itself had drawn (`docs/decisions.md`).

"""


def row(figures: dict) -> str:
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


def table(files: list[Path]) -> str:
    """The rows of these files under their heads."""
    return COLUMNS + "".join(row(json.loads(file.read_text())) for file in files)


def main() -> None:
    """Read the files, print the table or write it."""
    from portunus.files import write_atomic

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--earlier", nargs="*", default=[], type=Path, help="Files measured before the search was changed; they get a table of their own.")
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    text = HEAD + table(given.files) + (EARLIER + table(given.earlier) if given.earlier else "")
    if given.markdown:
        write_atomic(given.markdown, text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
