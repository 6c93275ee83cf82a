"""Priority lists as kernel functions: the first line that is possible gives the action."""

from __future__ import annotations

from portunus.dsl.model import Rotation, RotationLine
from portunus.ir.auras import origin
from portunus.ir.context import Context, Function, Writer
from portunus.ir.engine import actions_of
from portunus.ir.expressions import Scope, text

SCOPE = Scope(rotation=True)


def rotation_function(context: Context, rotation: Rotation) -> Function:
    """`rotation(s, t) -> action`; waiting when no line is possible."""
    w = Writer()
    actions = actions_of(context)
    index = {(a.spell, a.target): i for i, a in enumerate(actions)}
    named = {line.spell for line in rotation.lines if line.kind == "cast"}
    for line in rotation.lines:
        w.put(f"# {origin(line)}")
        if line.condition is None:
            _line(w, context, line, index, named)
        else:
            with w.block(f"if {text(line.condition, context, SCOPE)}:"):
                _line(w, context, line, index, named)
    w.put(f"return {len(actions) - 1}")
    return Function("rotation", ("s", "t"), f"Priority list {rotation.name}.", origin(rotation), tuple(w.lines))


def _line(w: Writer, context: Context, line: RotationLine, index: dict[tuple[str, int], int], named: set[str]) -> None:
    if line.kind == "cooldowns":
        _cooldowns(w, context, index, named)
    elif line.kind == "cast":
        with w.block(f"if can_cast_{line.spell}(s, t):"):
            w.put(f"return {index[line.spell, 0]}")
    else:
        overlap = text(line.overlap, context, SCOPE) if line.overlap is not None else "0"
        most = context.model.ruleset.max_enemies if context.model.spell(line.spell).per_enemy else 1
        with w.block(f"for enemy in range(min(t.enemies, {min(line.max_targets, most)})):"):
            down = f"s.{line.aura}_on[enemy] == 0 or s.{line.aura}_end[enemy] - s.now < {overlap}"
            with w.block(f"if ({down}) and can_cast_{line.spell}(s, t):"):
                w.put(f"return {index[line.spell, 0]} + enemy")


def _cooldowns(w: Writer, context: Context, index: dict[tuple[str, int], int], named: set[str]) -> None:
    spells = context.autocast
    with w.block("if s.now >= s.auto_ready:"), w.block(f"for place in range({len(spells)}):"):
        w.put("which = s.auto_order[place]")
        for number, spell in enumerate(spells):
            if spell.name in named:
                continue
            ready = f"s.cd_{spell.name} <= s.now and " if spell.cooldown is not None else ""
            condition = spell.autocast[1] if spell.autocast is not None else None
            with w.block(f"if which == {number} and {ready}can_cast_{spell.name}(s, t):"):
                if condition is None:
                    w.put(f"return {index[spell.name, 0]}")
                else:
                    with w.block(f"if {text(condition, context, SCOPE)}:"):
                        w.put(f"return {index[spell.name, 0]}")
