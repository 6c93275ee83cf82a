"""Priority lists as kernel functions: the first line that is possible gives the action.

A list that channels, waits or casts in sequence remembers things in the state. It writes them when it chooses, and only what stays right if it is
asked again in the same state; whether a step of a sequence was done, it sees from the action that was performed.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

from portunus.dsl.model import Rotation, RotationLine
from portunus.errors import PortunusError
from portunus.ir.auras import origin
from portunus.ir.context import Context, Function, Writer
from portunus.ir.engine import actions_of
from portunus.ir.expressions import Scope, text
from portunus.ir.judging import draws, write_draws
from portunus.ir.layout import SEQUENCES, interruptible, list_rolls, remembers
from portunus.ir.polls import needs_no_gcd, write_foresight

SCOPE = Scope(rotation=True)


@dataclass(frozen=True)
class _Names:
    """What the lines of one list need: number of each action, of waiting and stopping; the sequences and channel lines in order."""

    index: dict[tuple[str, int], int]
    wait: int
    stop: int
    named: frozenset[str]
    sequences: tuple[RotationLine, ...]
    channels: tuple[RotationLine, ...]


def rotation_function(context: Context, rotation: Rotation) -> Function:
    """`rotation(s, t) -> action`; waiting when no line is possible."""
    w = Writer()
    actions = actions_of(context)
    stop = next((i for i, a in enumerate(actions) if a.name == "stop"), -1)
    index = {(a.spell, a.target): i for i, a in enumerate(actions) if a.spell}
    named = {line.spell for line in rotation.lines if line.kind in ("cast", "channel")} | {name for line in rotation.lines for name in line.spells}
    sequences = tuple(line for line in rotation.lines if line.kind in ("sequence", "strict"))
    if len(sequences) > SEQUENCES:
        raise PortunusError(f"the priority list {rotation.name} has more than {SEQUENCES} sequences", hint="Use fewer.")
    names = _Names(index, len(actions) - 1, stop, frozenset(named), sequences, tuple(line for line in rotation.lines if line.kind == "channel"))
    if remembers(context.model):
        _recall(w, context, rotation, names)
    if _plain(context, rotation):
        with w.block("if s.gcd_end > s.now:"):
            for line in rotation.lines:
                if _anytime(context, line):
                    _whole_line(w, context, line, names)
                elif line.condition is not None and draws(context, line.condition):
                    write_draws(w, context, line.condition, SCOPE.at(str(line.enemy)))
            w.put(f"return {names.wait}")
    for line in rotation.lines:
        _whole_line(w, context, line, names)
    write_foresight(w, context, rotation, names.named)
    w.put(f"return {names.wait}")
    return Function("rotation", ("s", "t"), f"Priority list {rotation.name}.", origin(rotation), tuple(w.lines))


def _plain(context: Context, rotation: Rotation) -> bool:
    """Is reading the list nothing but asking (and drawing), so that lines that cannot be taken while a global cooldown runs need not be asked then?"""
    return (context.free_actions or list_rolls(context.model)) and all(line.kind != "wait" for line in rotation.lines)


def _anytime(context: Context, line: RotationLine) -> bool:
    """May a line give something while a global cooldown runs?"""
    return any(needs_no_gcd(context.model.spell(name)) for name in line.casts) and line.kind != "strict"


def _whole_line(w: Writer, context: Context, line: RotationLine, names: _Names) -> None:
    """A line with its condition."""
    w.put(f"# {origin(line)}")
    asked = [f"present(s, t, {line.enemy})" if context.model.scripted else f"t.enemies > {line.enemy}"] if line.enemy else []
    asked += [text(line.condition, context, SCOPE.at(str(line.enemy)))] if line.condition is not None else []
    with w.block(f"if {' and '.join(asked)}:") if asked else nullcontext():
        _line(w, context, line, names)


def _recall(w: Writer, context: Context, rotation: Rotation, names: _Names) -> None:
    """What was decided before: a sequence's step that was done, a channel that goes on, a pause, a sequence under way."""
    if names.sequences:
        with w.block("if s.list_pending != 0 and s.list_pending_at != s.decisions:"):
            with w.block("if s.last_action == s.list_pending_action:"):
                w.put("s.list_step[s.list_pending - 1] += 1")
            w.put("s.list_pending = 0")
    if interruptible(context.model):
        # Read again after an action, with the global cooldown running, the list is not asked whether a channel goes on.
        with w.block("if s.channel != 0 and s.deciding != 0:" if list_rolls(context.model) else "if s.channel != 0:"):
            with w.block("if s.list_interrupt == 0:"):
                w.put(f"return {names.wait}")
            for number, line in enumerate(names.channels):
                if line.stop is None:
                    continue
                with w.block(f"if s.list_interrupt == {number + 1} and not {text(line.stop, context, SCOPE.at(str(line.enemy)))}:"):
                    w.put(f"return {names.wait}")
    if any(line.kind == "wait" for line in rotation.lines):
        with w.block("if s.list_until > s.now:"):
            w.put(f"return {names.wait}")
    for number, line in enumerate(names.sequences):
        if line.kind != "strict":
            continue
        with w.block(f"if s.list_step[{number}] >= {len(line.spells)}:"):
            w.put(f"s.list_step[{number}] = 0")
        with w.block(f"if s.list_step[{number}] > 0:"):
            for step, spell in enumerate(line.spells[1:], start=1):
                with w.block(f"if s.list_step[{number}] == {step} and can_cast_{spell}(s, t):"):
                    _choose(w, context, names, spell, str(names.index[spell, 0]), sequence=number)
            with w.block("if s.gcd_end > s.now:"):
                w.put(f"return {names.wait}")
            w.put(f"s.list_step[{number}] = 0")


def _choose(w: Writer, context: Context, names: _Names, spell: str, action: str, *, sequence: int = -1, channel: int = -1) -> None:
    """Return an action, or stop the channel first, and keep in mind what it is part of."""
    if names.stop >= 0:
        with w.block("if s.channel != 0:"):
            w.put(f"return {names.stop}")
    if sequence >= 0:
        w.put(f"s.list_pending = {sequence + 1}")
        w.put(f"s.list_pending_action = {action}")
        w.put("s.list_pending_at = s.decisions")
    if channel >= 0:
        w.put(f"s.list_interrupt = {channel + 1}")
    elif context.model.spell(spell).interruptible:
        with w.block("if t.switch_stale_interrupt == 0:"):
            w.put("s.list_interrupt = 0")
    w.put(f"return {action}")


def _line(w: Writer, context: Context, line: RotationLine, names: _Names) -> None:
    if line.kind == "cooldowns":
        _cooldowns(w, context, names)
    elif line.kind == "cast":
        with w.block(f"if can_cast_{line.spell}(s, t):"):
            _choose(w, context, names, line.spell, str(names.index[line.spell, line.enemy]))
    elif line.kind == "channel":
        with w.block(f"if can_cast_{line.spell}(s, t):"):
            with w.block(f"if s.channel == {context.spell_index(line.spell) + 1}:"):
                w.put(f"return {names.wait}")
            _choose(w, context, names, line.spell, str(names.index[line.spell, line.enemy]), channel=names.channels.index(line))
    elif line.kind == "sequence":
        number = names.sequences.index(line)
        for step, spell in enumerate(line.spells):
            with w.block(f"if s.list_step[{number}] == {step} and can_cast_{spell}(s, t):"):
                _choose(w, context, names, spell, str(names.index[spell, 0]), sequence=number)
    elif line.kind == "strict":
        ready = [f"s.cd_{name} <= s.now" for name in line.spells if context.model.spell(name).cooldown is not None]
        with w.block(f"if {' and '.join(['s.gcd_end <= s.now', *ready, f'can_cast_{line.spells[0]}(s, t)'])}:"):
            _choose(w, context, names, line.spells[0], str(names.index[line.spells[0], 0]), sequence=names.sequences.index(line))
    elif line.kind == "wait":
        assert line.time is not None
        w.put(f"pause = {text(line.time, context, SCOPE)}")
        with w.block("if pause > 0:"):
            if names.stop >= 0:
                with w.block("if s.channel != 0:"):
                    w.put(f"return {names.stop}")
            w.put("s.list_until = s.now + pause")
            w.put(f"return {names.wait}")
    else:
        overlap = text(line.overlap, context, SCOPE) if line.overlap is not None else "0"
        most = context.model.ruleset.max_enemies if context.model.spell(line.spell).per_enemy else 1
        with w.block(f"for enemy in range(min(t.enemies, {min(line.max_targets, most)})):"):
            down = f"s.{line.aura}_on[enemy] == 0 or s.{line.aura}_end[enemy] - s.now < {overlap}"
            here = "present(s, t, enemy) and " if context.model.scripted else ""
            with w.block(f"if {here}({down}) and can_cast_{line.spell}(s, t):"):
                _choose(w, context, names, line.spell, f"{names.index[line.spell, 0]} + enemy")


def _cooldowns(w: Writer, context: Context, names: _Names) -> None:
    spells = context.autocast
    with w.block("if s.now >= s.auto_ready:"), w.block(f"for place in range({len(spells)}):"):
        w.put("which = s.auto_order[place]")
        head = "if"
        for number, spell in enumerate(spells):
            if spell.name in names.named:
                continue
            ready = f"s.cd_{spell.name} <= s.now and " if spell.cooldown is not None else ""
            condition = f" and {text(spell.autocast[1], context, SCOPE)}" if spell.autocast is not None and spell.autocast[1] is not None else ""
            with w.block(f"{head} which == {number}:"), w.block(f"if {ready}can_cast_{spell.name}(s, t){condition}:"):
                _choose(w, context, names, spell.name, str(names.index[spell.name, 0]))
            head = "elif"
