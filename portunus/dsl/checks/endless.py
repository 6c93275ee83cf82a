"""PT408: a spell that takes no time and that nothing holds back, so that a fight would stand still while it is cast."""

from __future__ import annotations

from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import Expr, Model
from portunus.dsl.symbols import Symbols


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Report spells the player can choose that have neither a global cooldown nor a cast time, cost, cooldown, limit or condition.

    What a condition or a talent's rank lets through is stopped while a fight runs, by its limit of events.
    """
    for spell in model.spells:
        times = (spell.gcd, spell.cast, spell.cooldown, spell.cost)
        held = spell.uses or spell.requires or spell.channel or spell.more_costs or spell.rune_cost or spell.pays_later
        if spell.chosen and not held and all(_nothing(part) for part in times):
            problems.error("PT408", spell.span, f"`{spell.name}` takes no time and can be cast again at once, without end", "Give it a `cooldown`, a `cost` or `requires`.")


def _nothing(part: Expr | None) -> bool:
    return part is None or (part.op == "number" and part.args[0] == 0)
