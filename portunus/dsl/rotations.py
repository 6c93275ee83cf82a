"""Rotations: priority lists resolved against the spells of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from portunus.dsl import limits
from portunus.dsl.diagnostics import Edit, Problems, suggestion
from portunus.dsl.expressions import Context, Expressions
from portunus.dsl.model import (
    AnyEnemy,
    Apply,
    Aura,
    Chance,
    Each,
    Expr,
    If,
    Renew,
    Rotation,
    RotationLine,
    Span,
    Spell,
    Statement,
    Strike,
    Trigger,
)
from portunus.dsl.split import Field
from portunus.dsl.symbols import Definition, Symbols, literal
from portunus.dsl.syntax import Number
from portunus.units import UNITS


def statements_in(block: Iterable[Statement]) -> Iterator[Statement]:
    """Every statement of a block and of the blocks inside it, in order."""
    for statement in block:
        yield statement
        if isinstance(statement, If):
            yield from statements_in(statement.then)
            yield from statements_in(statement.orelse)
        elif isinstance(statement, Chance | Strike | Each | AnyEnemy):
            yield from statements_in(statement.then)
            yield from statements_in(getattr(statement, "orelse", ()))


def applied_aura(spell: Spell, spells: dict[str, Spell], auras: dict[str, Aura]) -> str:
    """The periodic aura a spell applies to its target (its own effects first, then those of what it triggers), "" if none."""
    waiting, seen = [spell], {spell.name}
    while waiting:
        current = waiting.pop(0)
        for statement in statements_in(current.effects):
            if isinstance(statement, Apply | Renew) and auras[statement.aura].on_target and auras[statement.aura].ticks:
                return statement.aura
            if isinstance(statement, Trigger) and statement.spell not in seen:
                seen.add(statement.spell)
                waiting.append(spells[statement.spell])
    return ""


class Rotations:
    """Resolves rotation blocks."""

    def __init__(
        self, symbols: Symbols, problems: Problems, expressions: Expressions, spells: Iterable[Spell], auras: Iterable[Aura], max_enemies: int
    ) -> None:
        self.symbols, self.problems, self.expressions = symbols, problems, expressions
        self.spells = {spell.name: spell for spell in spells}
        self.auras = {aura.name: aura for aura in auras}
        self.max_enemies = max_enemies

    def rotation(self, item: Definition) -> Rotation:
        """The rotation of a block."""
        prepull: list[tuple[int, str]] = []
        lines: list[RotationLine] = []
        if len(item.fields) > limits.LINES:
            self.problems.error("PT012", item.fields[limits.LINES].span, f"more than {limits.LINES} lines in the rotation `{item.name}`", "Use fewer.")
        for part in item.fields[: limits.LINES]:
            word = part.keyword.word
            if word == "prepull":
                node = part.arguments["time"]
                if isinstance(node, Number) and UNITS.get(node.unit, UNITS[""]).type == "time" and float(node.digits) > 0:
                    self.problems.error("PT308", node.span, "a time before the pull is negative", f"write `-{node.digits}{node.unit}`")
                    node = replace(node, digits="-" + node.digits)
                time = literal(node, self.problems, what="`prepull`", low=-600e9, high=-1, unit="time")
                spell = self._spell(part, "spell")
                if spell:
                    prepull.append((int(time), spell))
            elif word == "cooldowns":
                lines.append(RotationLine("cooldowns", "", "", self._condition(part), 1, None, part.span))
            elif word == "multidot":
                lines += self._multidot(part)
            elif word == "channel":
                lines += self._channel(part)
            elif word in ("sequence", "strict_sequence"):
                lines += self._sequence(part)
            elif word == "wait":
                pause = self.expressions.resolve(part.arguments["time"], Context(), "time", "`wait`")
                lines.append(RotationLine("wait", "", "", self._condition(part), 1, None, part.span, time=pause))
            else:
                spell = self._spell(part, "")
                condition = self._condition(part)
                if spell:
                    lines.append(RotationLine("cast", spell, "", condition, 1, None, part.span, enemy=self._enemy(part, spell)))
        if not lines and not item.broken:
            self.problems.error("PT305", item.span, f"the rotation `{item.name}` has no lines", "Name a spell to cast.")
        return Rotation(item.name, tuple(sorted(prepull, key=lambda entry: entry[0])), tuple(lines), item.span)

    def _enemy(self, part: Field, spell: str) -> int:
        """The index of the enemy behind `at`; the first one where there is none."""
        node = part.get("enemy")
        if node is None:
            return 0
        enemy = int(literal(node, self.problems, what="`at`", low=1, high=self.max_enemies, whole=True))
        if enemy > 1 and not self.spells[spell].per_enemy:
            self.problems.error("PT402", node.span, f"`{spell}` is always cast at the main enemy", f"Write `per_enemy` in the spell `{spell}`, or take out `at`.")
            return 0
        return enemy - 1

    def _condition(self, part: Field) -> Expr | None:
        return self.expressions.resolve(part.condition, Context(), "bool", "`if`") if part.condition is not None else None

    def _spell(self, part: Field, argument: str) -> str:
        name, span = (part.arguments[argument].text, part.arguments[argument].span) if argument else (part.word, part.span)
        return self.castable(name, span, [] if argument else ["cooldowns", "multidot", "prepull", "channel", "sequence", "strict_sequence", "wait"], line=not argument)

    def castable(self, name: str, span: Span, words: list[str], *, line: bool = False) -> str:
        """The name of a spell the player can choose, "" after an error; `words` are what else could stand there."""
        if name == "cast" and line and name not in self.spells:
            self.problems.error("PT401", span, "a line of a rotation begins with the spell", "Delete it.", repair=(Edit(replace(span, length=len("cast ")), ""),))
            return ""
        if name not in self.spells:
            mine = [spell for spell in self.spells.values() if spell.chosen]
            givers = [spell.name for spell in mine if any(isinstance(s, Apply) and s.aura == name for s in statements_in(spell.effects))]
            if len(givers) == 1:
                self.problems.error("PT402", span, f"`{name}` is an aura, and a rotation names spells", f"write `{givers[0]}`")
                return ""
            self.problems.error("PT401", span, f"there is no spell `{name}`", suggestion(name, [*(spell.name for spell in mine), *words]))
            return ""
        self.symbols.use("spell", name)
        if not self.spells[name].chosen:
            why = "a pet's spell" if self.spells[name].owner else "an auto-attack" if self.spells[name].swing else "a triggered spell"
            self.problems.error("PT402", span, f"`{name}` is {why} and cannot be chosen", "")
            return ""
        return name

    def _channel(self, part: Field) -> list[RotationLine]:
        name = self._spell(part, "spell")
        stop = part.get("stop")
        until = self.expressions.resolve(stop, Context(), "bool", "`interrupt_if`") if stop is not None else None
        condition = self._condition(part)
        if name and not self.spells[name].interruptible:
            self.problems.error("PT402", part.arguments["spell"].span, f"`{name}` has no channel that can be interrupted", f"Add `channel AURA interruptible` to the spell `{name}`.")
            return []
        return [RotationLine("channel", name, "", condition, 1, None, part.span, stop=until, enemy=self._enemy(part, name))] if name else []

    def _sequence(self, part: Field) -> list[RotationLine]:
        names = []
        for node in part.arguments["spells"]:
            found = self.castable(node.text, node.span, [])
            names += [found] if found else []
        condition = self._condition(part)
        kind: Literal["strict", "sequence"] = "strict" if part.keyword.word == "strict_sequence" else "sequence"
        return [RotationLine(kind, "", "", condition, 1, None, part.span, spells=tuple(names))] if names else []

    def _multidot(self, part: Field) -> list[RotationLine]:
        spell = self._spell(part, "spell")
        count, overlap = part.get("count"), part.get("overlap")
        targets = int(literal(count, self.problems, what="`up_to`", low=1, high=100, whole=True)) if count is not None else self.max_enemies
        left = self.expressions.resolve(overlap, Context(), "time", "`overlap`") if overlap is not None else None
        condition = self._condition(part)
        if not spell:
            return []
        aura = applied_aura(self.spells[spell], self.spells, self.auras)
        definition = self.symbols.spells.get(spell)
        if not aura and definition is not None and self.problems.error_between(definition.span, definition.last_line):
            return []
        if not aura:
            span = part.arguments["spell"].span
            self.problems.error("PT402", span, f"`{spell}` applies no periodic aura to its target", f"A plain line casts it: `{spell} if ...`.")
        return [RotationLine("multidot", spell, aura, condition, targets, left, part.span)]
