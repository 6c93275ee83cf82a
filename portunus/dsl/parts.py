"""What all builders of definitions share: the names, the findings, and how one field of a definition is read."""

from __future__ import annotations

from dataclasses import replace

from portunus.dsl.diagnostics import Problems, suggestion
from portunus.dsl.effects import Effects, Place
from portunus.dsl.expressions import Expressions
from portunus.dsl.model import Attack, Expr, Span, Statement
from portunus.dsl.names import Context
from portunus.dsl.split import Field
from portunus.dsl.symbols import Definition, Symbols, literal


class Parts:
    """The base of the builders."""

    def __init__(self, symbols: Symbols, problems: Problems, expressions: Expressions) -> None:
        self.symbols, self.problems, self.expressions = symbols, problems, expressions
        self.effects = Effects(symbols, problems, expressions)

    def whole(self, item: Field, argument: str, low: int, high: int) -> int:
        """A literal whole number of a field."""
        return int(literal(item.get(argument), self.problems, what=f"`{item.word}`", low=low, high=high, whole=True))

    def expr(self, owner: Definition, word: str, types: str, context: Context, argument: str = "") -> Expr | None:
        """The resolved argument (the first, if none is named) of a field, None where the field is left out."""
        item = owner.field(word)
        if item is None:
            return None
        node = item.arguments[argument or next(iter(item.arguments))]
        return self.expressions.resolve(node, context, types, f"`{word}`")

    def number(self, value: float, span: Span) -> Expr:
        """A literal that stands for something left out."""
        return Expr("number", (value,), "number", span)

    def literal_range(self, item: Definition, word: str, expr: Expr | None, low: float) -> None:
        """Report a literal below what makes sense."""
        if expr is not None and expr.op in ("number", "neg"):
            value = expr.args[0] if expr.op == "number" else -1
            if value < low:
                self.problems.error("PT308", expr.span, f"`{word}` is too small", f"It is at least {low:g}.")

    def identity(self, item: Definition) -> tuple[int, int, bool]:
        """Id, tag, and whether the id is an item's."""
        id_, tag, thing = item.field("id"), item.field("tag"), item.field("item")
        if id_ is not None and thing is not None:
            self.problems.error("PT303", thing.span, "both an `id` and an `item`", "Keep one.")
        source = id_ or thing
        if source is None and not item.broken and item.field("hidden") is None:
            self.problems.error("PT305", item.span, f"`{item.name}` does not say its id", "Add `id NUMBER`, the client's id; tooltips and reports need it.")
        return self.whole(source, "id", 1, 2**31 - 1) if source else 0, self.whole(tag, "tag", 0, 1000) if tag else 0, thing is not None

    def attack(self, item: Definition, context: Context) -> Attack | None:
        """How its damage is rolled, None without a school."""
        school = item.field("school")
        parts = {
            word: self.expr(item, word, "number", context) or self.number(default, item.span)
            for word, default in (("crit_chance", 0.0), ("additive", 0.0), ("multiplier", 1.0), ("crit_multiplier", 1.0))
        }
        if school is None:
            for word in ("crit_chance", "additive", "multiplier", "crit_multiplier", "ignore_modifiers", "table", "unarmored"):
                lone = item.field(word)
                if lone is not None:
                    self.problems.error("PT305", lone.span, f"`{word}` means nothing without a school", "Add `school NAME`.")
                    break
            return None
        return Attack(
            school.name("school"), parts["crit_chance"], parts["additive"], parts["multiplier"], parts["crit_multiplier"], item.field("ignore_modifiers") is not None,
            self._table(item), item.field("unarmored") is not None,
        )  # fmt: skip

    def _table(self, item: Definition) -> str:
        """Name of its attack table, "" for that of spells."""
        named = item.field("table")
        if named is None:
            return ""
        node = named.arguments["table"]
        if node.text not in self.symbols.tables:
            self.problems.error("PT401", node.span, f"there is no attack table `{node.text}`", suggestion(node.text, self.symbols.tables))
            return ""
        self.symbols.use("table", node.text)
        return node.text

    def hooks(self, item: Definition, whose: str, events: tuple[str, ...], place: Place) -> dict[str, tuple[Statement, ...]]:
        """The effects of the `on EVENT` blocks of a definition, by event."""
        found: dict[str, tuple[Statement, ...]] = {}
        for hook in item.all("on"):
            node = hook.arguments["event"]
            if node.text not in events:
                self.problems.error("PT402", node.span, f"{whose} has no event `{node.text}`", suggestion(node.text, events))
            elif node.text in found:
                self.problems.error("PT303", node.span, f"`on {node.text}` is given twice", "Join the two blocks.")
            else:
                inside = replace(place, attack=False, context=replace(place.context, event="roll")) if node.text == "roll" else place
                found[node.text] = self.effects.block(hook.block, inside)
        return found
