"""Statistics: ordered by what they depend on, then resolved, so that the type of each is known before it is used."""

from __future__ import annotations

from collections.abc import Iterator

from portunus.dsl.diagnostics import Problems
from portunus.dsl.expressions import Expressions
from portunus.dsl.model import Stat
from portunus.dsl.names import UNKNOWN, Context
from portunus.dsl.symbols import StatParts, Symbols
from portunus.dsl.syntax import Binary, Call, Name, Node, Unary


def names_in(node: Node) -> Iterator[Name]:
    """Every name of an expression (a loop, not recursion: chains may be long)."""
    waiting: list[Node] = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Name):
            yield node
        elif isinstance(node, Unary):
            waiting.append(node.operand)
        elif isinstance(node, Binary):
            waiting += [node.right, node.left]
        elif isinstance(node, Call):
            waiting += reversed(node.arguments)


class Stats:
    """Puts the statistics in dependency order and resolves them."""

    def __init__(self, symbols: Symbols, problems: Problems, expressions: Expressions) -> None:
        self.symbols, self.problems, self.expressions = symbols, problems, expressions

    def build(self) -> tuple[Stat, ...]:
        """The statistics, each after those it depends on."""
        order = self._order()
        live = self.symbols.live_stats
        for name in order:
            parts = self.symbols.stats[name]
            if parts.changes or self._names_state(parts) or any(need in live for need in self._needs(parts)) or (self.symbols.live_armor and self._names_armor(parts)):
                live.add(name)
        return tuple(self._stat(self.symbols.stats[name]) for name in order)

    def _names_state(self, parts: StatParts) -> bool:
        nodes = (parts.formula.arguments["value"], *(item.arguments["amount"] for item in (*parts.adds, *parts.factors)))
        return any(name.text.split(".")[0] in ("buff", "debuff", "dot", "switch") for node in nodes for name in names_in(node))

    def _names_armor(self, parts: StatParts) -> bool:
        return any(name.text == "target.armor" for name in names_in(parts.formula.arguments["value"]))

    def _stat(self, parts: StatParts) -> Stat:
        name = parts.name.rsplit(".", 1)[-1]
        context = Context(pet=parts.pet, static="" if parts.name in self.symbols.live_stats else f"`{name}`")
        types = "number time distance speed"
        formula = self.expressions.resolve(parts.formula.arguments["value"], context, types, f"`{name}`")
        self.symbols.stat_types[parts.name] = formula.type
        kind = formula.type if formula.type != UNKNOWN else ""
        adds = tuple(self.expressions.resolve(item.arguments["amount"], context, kind, f"`add ... to {name}`") for item in parts.adds)
        factors = tuple(self.expressions.resolve(item.arguments["amount"], context, "number", f"`multiply {name}`") for item in parts.factors)
        changes = tuple(
            (aura, item.keyword.word, self.expressions.resolve(
                item.arguments["amount"], Context(aura=aura), kind if item.keyword.word == "add" else "number", f"`{item.keyword.word}`"))
            for aura, item in parts.changes
        )  # fmt: skip
        return Stat(parts.name, formula, adds, factors, parts.formula.arguments["name"].span, changes, parts.name in self.symbols.live_stats)

    def _needs(self, parts: StatParts) -> list[str]:
        lines = (*parts.adds, *parts.factors, *(item for _, item in parts.changes))
        nodes = [parts.formula.arguments["value"], *(item.arguments["amount"] for item in lines)]
        needed: list[str] = []
        for node in nodes:
            for name in names_in(node):
                text = name.text.removeprefix("owner.") if parts.pet else name.text
                candidates = (f"{parts.pet}.{text}", text) if parts.pet and text == name.text else (text,)
                needed += [next((c for c in candidates if c in self.symbols.stats), "")]
        return [name for name in dict.fromkeys(needed) if name]

    def _order(self) -> list[str]:
        """Dependency order, otherwise the order of the files; a cycle is reported once and broken."""
        needs = {name: self._needs(parts) for name, parts in self.symbols.stats.items()}
        ordered: list[str] = []
        state: dict[str, int] = {}
        for start in self.symbols.stats:
            path: list[tuple[str, Iterator[str]]] = []
            if start not in state:
                state[start] = 1
                path.append((start, iter(needs[start])))
            while path:
                name, remaining = path[-1]
                following = next(remaining, None)
                if following is None:
                    state[name] = 2
                    ordered.append(name)
                    path.pop()
                elif state.get(following) == 1:
                    names = [entry for entry, _ in path]
                    cycle = names[names.index(following) :]
                    span = self.symbols.stats[following].formula.arguments["name"].span
                    chain = " needs ".join(f"`{entry}`" for entry in [*cycle, following])
                    self.problems.error("PT406", span, f"these statistics need each other: {chain}", "Take one of them out of the other's formula.")
                elif following not in state:
                    state[following] = 1
                    path.append((following, iter(needs[following])))
        return ordered
