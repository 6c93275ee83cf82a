"""PT310: the engine reads some statistics by name; a ruleset that lacks one cannot be simulated."""

from __future__ import annotations

from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import REQUIRED_STATS, Model
from portunus.dsl.symbols import Symbols


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Report each statistic of `REQUIRED_STATS` that the ruleset does not define."""
    ruleset = symbols.sections.get("ruleset")
    for name, meaning in REQUIRED_STATS.items():
        symbols.use("stat", name)
        if ruleset is not None and name not in symbols.stats:
            problems.error("PT310", ruleset.span, f"the ruleset does not define `{name}`", f"Add `let {name} ...`: {meaning}.")
