"""Checks on a resolved spec, one rule a file. Each takes the model, the names and the findings."""

from __future__ import annotations

from portunus.dsl.checks import amounts, calls, clashes, conditions, durations, endless, lacking, required, schools, unreachable, unused
from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import Model
from portunus.dsl.symbols import Symbols


def run_checks(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Run every check; warnings only where there is no error, because a half understood spec seems full of unused things."""
    required.check(model, symbols, problems)
    durations.check(model, symbols, problems)
    calls.check(model, symbols, problems)
    amounts.check(model, symbols, problems)
    endless.check(model, symbols, problems)
    lacking.check(model, symbols, problems)
    clashes.check(model, symbols, problems)
    if not problems.failed:
        conditions.check(model, symbols, problems)
        unreachable.check(model, symbols, problems)
        unused.check(model, symbols, problems)
        schools.check(model, symbols, problems)
