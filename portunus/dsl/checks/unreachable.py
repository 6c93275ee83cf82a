"""PT602: lines of a priority list that can never be taken, because lines above always win."""

from __future__ import annotations

from portunus.dsl.diagnostics import Problems
from portunus.dsl.logic import Logic
from portunus.dsl.model import Model, RotationLine, Spell
from portunus.dsl.symbols import Symbols

NEAREST = 8  # lines above with the same spell that are looked at together


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Warn about every line that a line above makes pointless."""
    spells, logic = {spell.name: spell for spell in model.spells}, Logic(model)
    for rotation in model.rotations:
        for number, line in enumerate(rotation.lines):
            for above in rotation.lines[:number]:
                reason = _blocked(above, line, spells)
                if reason:
                    problems.warning("PT602", line.span, f"this line is never reached: line {above.span.line} {reason}", "Move it up, or delete it.")
                    break
            else:
                same = [a for a in rotation.lines[:number] if a.kind == line.kind == "cast" and (a.spell, a.enemy) == (line.spell, line.enemy) and a.condition is not None][-NEAREST:]
                if same and line.condition is not None and not logic.never(line.condition) and logic.implies(line.condition, [above.condition for above in same if above.condition is not None]):
                    where = " and ".join(str(above.span.line) for above in same) if len(same) > 1 else str(same[0].span.line)
                    problems.warning("PT602", line.span, f"this line is never reached: wherever its condition holds, line{'s' if len(same) > 1 else ''} {where} cast{'s' if len(same) == 1 else ''} `{line.spell}`",
                                     "Move it up, or delete it.")


def _blocked(above: RotationLine, line: RotationLine, spells: dict[str, Spell]) -> str:
    if above.kind != "cast":
        same = above.kind == line.kind and above.casts == line.casts and above.condition in (None, line.condition)
        if above.kind in ("channel", "sequence", "strict", "wait"):
            return "does the same" if same and above.kind == "channel" and line.stop == above.stop else ""
        return "does the same" if same and above.max_targets >= line.max_targets and above.overlap == line.overlap else ""
    if line.kind in ("cast", "multidot", "channel") and above.spell == line.spell and above.condition is None:
        return f"always casts `{above.spell}` first"
    if line.kind == "cast" and above.spell == line.spell and above.condition == line.condition:
        return "does the same"
    spell = spells[above.spell]
    pays = spell.cost is not None or spell.more_costs or spell.rune_cost
    always = above.condition is None and spell.cooldown is None and not pays and spell.requires is None and spell.uses is None
    return f"can always cast `{above.spell}`" if always else ""
