"""What lowering carries along: the model, the layout, the tables being filled and the form being written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from portunus.dsl.model import Aura, Expr, Model, Spell
from portunus.ir.layout import Layout
from portunus.ir.tables import Tables

# Parameters of kernel functions that are float64, by name; what is not listed is an int64.
FLOAT_PARAMETERS = ("damage", "cost", "base_cost", "amount", "maximum", "mean", "crit", "factor", "before", "after", *(f"x{n}" for n in range(12)))


@dataclass
class Writer:
    """Collects the lines of one function with their indentation."""

    lines: list[str] = field(default_factory=list)
    depth: int = 1

    def put(self, line: str) -> None:
        """Add one line."""
        self.lines.append("    " * self.depth + line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines below `head`, indented."""
        self.put(head)
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.put("pass")
        self.depth -= 1


@dataclass(frozen=True)
class Function:
    """One kernel function: name, parameters, what it does, where in the spec it comes from, its body lines."""

    name: str
    parameters: tuple[str, ...]
    summary: str
    origin: str
    body: tuple[str, ...]


@dataclass(frozen=True)
class Context:
    """Names and numbers lowering needs everywhere.

    Attributes:
        expected: Writing the expected form (means for pure damage rolls) instead of the sampled one.
    """

    model: Model
    layout: Layout
    tables: Tables
    expected: bool

    def spell_index(self, name: str) -> int:
        """Index of a spell; kernels know spells by it."""
        return next(i for i, s in enumerate(self.model.spells) if s.name == name)

    def aura_index(self, name: str) -> int:
        """Index of an aura in the metrics."""
        return next(i for i, a in enumerate(self.model.auras) if a.name == name)

    def row(self, thing: Spell | Aura) -> int:
        """Metric row of a spell or aura."""
        owner = thing.owner
        item = thing.item if isinstance(thing, Spell) else False
        return self.layout.row((thing.id, thing.tag, item, owner))

    def has_row(self, aura: Aura) -> bool:
        """Does the aura have a line in the damage table?"""
        return any((r.spell_id, r.tag, r.owner) == (aura.id, aura.tag, aura.owner) and not r.item for r in self.layout.rows)

    def stat_expr(self, name: str, like: Expr, *, owner: str = "") -> Expr:
        """A statistic the engine asks for by name; a pet's own comes before its owner's."""
        found = (self.model.stat(f"{owner}.{name}") if owner else None) or self.model.stat(name)
        live = found is not None and found.live
        return Expr("live_stat" if live else "stat", (found.name if found else name,), "number", like.span)

    def count(self, thing: Spell | Aura, name: str, value: int) -> str:
        """Table slot of a whole number of the model, such as the number of ticks."""
        return self.tables.slot(Expr("number", (value,), "time", thing.span), f"{thing.name}_{name}")

    def ticks(self, aura: Aura, where: str) -> str:
        """Text of the number of ticks of an application of an aura; `where` is the index of its enemy in brackets, "" on the player."""
        return f"s.{aura.name}_count{where}" if aura.tick_count is not None else self.count(aura, "tick_count", aura.ticks)

    def as_expected(self) -> Context:
        """The same context writing expected values."""
        return replace(self, expected=True)

    @property
    def enemies(self) -> str:
        """Text of the number of enemies that are there."""
        return "t.scene_enemies[s.scene]" if self.model.scripted else "t.enemies"

    def in_turn(self, target: str, turn: object) -> str:
        """Text of the index of the enemy `turn` places after `target`."""
        return f"nth_enemy(s, t, {target}, {turn})" if self.model.scripted else f"({target} + {turn}) % t.enemies"

    @property
    def free_actions(self) -> bool:
        """Is there an action that may be taken while a global cooldown runs?"""
        return any(s.chosen and s.gcd is None and s.autocast is None for s in self.model.spells)

    @property
    def autocast(self) -> tuple[Spell, ...]:
        """The spells a `cooldowns` line may use, in the order of the file."""
        return tuple(s for s in self.model.spells if s.autocast is not None)
