"""Effects: the statements inside `on ... { }` blocks."""

from __future__ import annotations

from dataclasses import replace

from portunus.dsl import limits
from portunus.dsl.diagnostics import Problems, suggestion
from portunus.dsl.expressions import Expressions
from portunus.dsl.model import (
    AddStack,
    AnyEnemy,
    Apply,
    Chance,
    Damage,
    Decide,
    Delay,
    Dismiss,
    Each,
    Expr,
    Extend,
    Gain,
    If,
    Lose,
    Pay,
    Remove,
    Renew,
    ResetCooldown,
    Restart,
    RuneChange,
    SetStacks,
    SetValue,
    Span,
    StartCooldown,
    StartIcd,
    Statement,
    Strike,
    Summon,
    Trigger,
)  # fmt: skip
from portunus.dsl.names import Context
from portunus.dsl.records import dataclass
from portunus.dsl.split import Field, split_block
from portunus.dsl.symbols import Symbols, literal
from portunus.dsl.syntax import Block, Branches, Name, Node, Number


@dataclass(frozen=True)
class Place:
    """Where effects stand: the context of their expressions, whether an attack can be rolled, and whose resource row a gain is."""

    context: Context
    attack: bool = False
    source: str = ""
    pet: str = ""


class Effects:
    """Resolves blocks of effects."""

    def __init__(self, symbols: Symbols, problems: Problems, expressions: Expressions) -> None:
        self.symbols, self.problems, self.expressions = symbols, problems, expressions

    def block(self, block: Block | None, place: Place) -> tuple[Statement, ...]:
        """The statements of a block, in order."""
        if block is None:
            return ()
        result: list[Statement] = []
        for item in split_block(block.entries, "statements", self.problems):
            if isinstance(item, Field) and item.word == "otherwise":
                last = result[-1] if result else None
                if isinstance(last, Chance) and not last.orelse:
                    result[-1] = replace(last, orelse=self.block(item.block, place))
                else:
                    self.problems.error("PT302", item.span, "`otherwise` follows a `chance`", "write `chance 50% { ... }` and then `otherwise { ... }`")
                continue
            statement = self._branches(item, place) if isinstance(item, Branches) else getattr(self, f"_{item.keyword.word}")(item, place)
            if statement is not None:
                result.append(statement)
        return tuple(result)

    def _branches(self, item: Branches, place: Place) -> Statement | None:
        if len(item.branches) > limits.NESTING:
            self.problems.error("PT005", item.span, f"more than {limits.NESTING} branches in one `if`")
            return None
        orelse = self.block(item.otherwise, place)
        for condition, then in reversed(item.branches):
            resolved = self.expressions.resolve(condition, place.context, "bool", "`if`")
            statement = If(resolved, self.block(then, place), orelse, item.span)
            orelse = (statement,)
        return orelse[0]

    def _damage(self, item: Field, place: Place) -> Statement | None:
        if not self._can_attack(item, place):
            return None
        amount = self.expressions.resolve(item.arguments["amount"], replace(place.context, rolls=True), "number", "`damage`")
        scope = item.name("scope") or "target"
        if scope not in ("target", "enemies", "each"):
            self.problems.error("PT402", item.arguments["scope"].span, f"damage cannot go to `{scope}`", "write `enemies` or `each`, or leave `to ...` out for the target")
        count = item.get("count")
        if count is not None and scope != "each":
            self.problems.error("PT402", count.span, "`up_to` goes with `to each`", "write `damage AMOUNT to each up_to 4`")
        most = int(literal(count, self.problems, what="`up_to`", low=1, high=64, whole=True)) if count is not None else 64
        in_turn = bool(item.get("in_turn"))
        if in_turn and scope != "each":
            self.problems.error("PT402", item.span, "`in_turn` goes with `to each`", "write `damage AMOUNT to each in_turn`")
        return Damage(amount, scope, item.span, most, in_turn)  # type: ignore[arg-type]

    def _strike(self, item: Field, place: Place) -> Statement | None:
        return Strike(self.block(item.block, place), item.span) if self._can_attack(item, place) else None

    def _can_attack(self, item: Field, place: Place) -> bool:
        if not place.attack:
            hint = "Give the spell a `school`." if place.source in self.symbols.spells and not place.context.event else "Define a `triggered` spell that does it, and `trigger` that."
            self.problems.error("PT405", item.span, f"`{item.word}` stands only in a spell with a school", hint)
        return place.attack

    def aura(self, node: Name) -> str | None:
        """The name of an aura, or None after an error."""
        if node.text in self.symbols.auras:
            self.symbols.use("aura", node.text)
            return node.text
        kind = "a spell" if node.text in self.symbols.spells else "a group" if node.text in self.symbols.groups else ""
        if kind:
            self.problems.error("PT402", node.span, f"`{node.text}` is {kind}, not an aura", suggestion(node.text, self.symbols.auras))
        else:
            self.problems.error("PT401", node.span, f"there is no aura `{node.text}`", suggestion(node.text, self.symbols.auras))
        return None

    def spell(self, node: Name) -> str | None:
        """The name of a spell, or None after an error."""
        if node.text in self.symbols.spells:
            self.symbols.use("spell", node.text)
            return node.text
        kind = "an aura" if node.text in self.symbols.auras else "a group" if node.text in self.symbols.groups else ""
        if kind:
            self.problems.error("PT402", node.span, f"`{node.text}` is {kind}, not a spell", suggestion(node.text, self.symbols.spells))
        else:
            self.problems.error("PT401", node.span, f"there is no spell `{node.text}`", suggestion(node.text, self.symbols.spells))
        return None

    def _apply(self, item: Field, place: Place) -> Statement | None:
        aura = self.aura(item.arguments["aura"])
        return Apply(aura, item.span) if aura else None

    def _rollover(self, item: Field, place: Place) -> Statement | None:
        return self._renew(item, place)

    def _renew(self, item: Field, place: Place) -> Statement | None:
        aura = self.aura(item.arguments["aura"])
        if aura and not self.symbols.aura_facts[aura].periodic:
            self.problems.error("PT402", item.arguments["aura"].span, f"`{aura}` does not tick", f"write `apply {aura}`")
            return None
        return Renew(aura, item.word, item.span) if aura else None  # type: ignore[arg-type]

    def _extend(self, item: Field, place: Place) -> Statement | None:
        count = self.expressions.resolve(item.arguments["count"], place.context, "number", "`extend`")
        aura = self.aura(item.arguments["aura"])
        if aura and not self.symbols.aura_facts[aura].periodic:
            self.problems.error("PT402", item.arguments["aura"].span, f"`{aura}` does not tick", "Only what ticks can be extended by ticks.")
            return None
        return Extend(aura, count, item.span) if aura else None

    def _remove(self, item: Field, place: Place) -> Statement | None:
        aura = self.aura(item.arguments["aura"])
        return Remove(aura, item.span) if aura else None

    def _add(self, item: Field, place: Place) -> Statement | None:
        count = self.expressions.resolve(item.arguments["count"], place.context, "number", "`add`")
        found = self._path(item)
        if found is None:
            return None
        aura, value, node = found
        if value != "stacks" or not self.symbols.aura_facts[aura].stacks:
            hint = f"write `add 1 to {aura}.stacks`" if self.symbols.aura_facts[aura].stacks else f"Give the aura `{aura}` a line `stacks N`."
            self.problems.error("PT404", node.span, f"the aura `{aura}` has no stacks called `{value}`" if value != "stacks" else f"the aura `{aura}` does not stack", hint)
            return None
        return AddStack(aura, count, item.span)

    def _set(self, item: Field, place: Place) -> Statement | None:
        amount = self.expressions.resolve(item.arguments["amount"], replace(place.context, rolls=True), "number", "`set`")
        found = self._path(item)
        if found is None:
            return None
        aura, value, node = found
        if value == "stacks" and self.symbols.aura_facts[aura].stacks:
            return SetStacks(aura, amount, item.span)
        if value not in self.symbols.aura_facts[aura].values:
            hint = suggestion(value, self.symbols.aura_facts[aura].values, f"Give the aura `{aura}` a line `values {value}`.")
            self.problems.error("PT404", node.span, f"the aura `{aura}` carries no value `{value}`", hint)
            return None
        return SetValue(aura, value, amount, item.span)

    def _path(self, item: Field) -> tuple[str, str, Name] | None:
        node = item.arguments["path"]
        head, value = node.text.split(".")
        aura = self.aura(Name(head, Span(node.span.path, node.span.line, node.span.column, len(head))))
        return (aura, value, node) if aura else None

    def _gain(self, item: Field, place: Place) -> Statement | None:
        amount = self.expressions.resolve(item.arguments["amount"], replace(place.context, rolls=True), "number", "`gain`")
        resource = item.arguments["resource"]
        if resource.text not in self.symbols.resources:
            self.problems.error("PT401", resource.span, f"there is no resource `{resource.text}`", suggestion(resource.text, self.symbols.resources))
            return None
        self.symbols.use("resource", resource.text)
        source = item.name("source") or place.source
        if not source:
            self.problems.error("PT302", item.span, "say whose row of the report this gain is", f"write `gain ... {resource.text} as NAME`")
        return Gain(resource.text, amount, source, item.span)

    def _lose(self, item: Field, place: Place) -> Statement | None:
        amount = self.expressions.resolve(item.arguments["amount"], place.context, "number", "`lose`")
        resource = item.arguments["resource"]
        if resource.text not in self.symbols.resources:
            self.problems.error("PT401", resource.span, f"there is no resource `{resource.text}`", suggestion(resource.text, self.symbols.resources))
            return None
        self.symbols.use("resource", resource.text)
        return Lose(resource.text, amount, item.span)

    def _each(self, item: Field, place: Place) -> Statement | None:
        if place.context.each:
            self.problems.error("PT405", item.span, "`each enemy` inside `each enemy`", "Define a `triggered` spell that does the inner part, and `trigger` that.")
        count = item.get("count")
        most = int(literal(count, self.problems, what="`up_to`", low=1, high=64, whole=True)) if count is not None else 64
        inside = replace(place, context=replace(place.context, each=True))
        return Each(bool(item.get("other")), most, self.block(item.block, inside), item.span)

    def _swinging(self, node: Name) -> str | None:
        """The auto-attack of a name, or None after an error."""
        spell = self.spell(node)
        if spell and self.symbols.spells[spell].field("swing") is None:
            self.problems.error("PT402", node.span, f"`{spell}` is no auto-attack", f"Give the spell `{spell}` a line `swing TIME`.")
            return None
        return spell

    def _delay(self, item: Field, place: Place) -> Statement | None:
        amount = self.expressions.resolve(item.arguments["amount"], place.context, "time", "`delay`")
        spell = self._swinging(item.arguments["spell"])
        return Delay(spell, amount, bool(item.get("random")), item.span) if spell else None

    def _any_enemy(self, item: Field, place: Place) -> Statement | None:
        return AnyEnemy(self.block(item.block, place), item.span)

    def _restart(self, item: Field, place: Place) -> Statement | None:
        after = item.get("after")
        time = self.expressions.resolve(after, place.context, "time", "`restart`") if after is not None else None
        spell = self._swinging(item.arguments["spell"])
        return Restart(spell, time, item.span) if spell else None

    def _pay(self, item: Field, place: Place) -> Statement | None:
        spell = self.symbols.spells.get(place.source)
        if spell is None or spell.field("pays_later") is None:
            self.problems.error("PT402", item.span, "`pay` stands in a spell that `pays_later`", "Add `pays_later` to the spell.")
        return Pay(item.span)

    def _rune_kind(self, item: Field) -> int | None:
        node = item.arguments["kind"]
        kinds = self.symbols.rune_kinds
        if node.text == "all" and item.word == "ready_rune":
            return -1
        if node.text not in kinds:
            self.problems.error("PT401", node.span, f"there is no kind of rune `{node.text}`", suggestion(node.text, kinds))
            return None
        return kinds.index(node.text)

    def _convert_runes(self, item: Field, place: Place) -> Statement | None:
        kind = self._rune_kind(item)
        return RuneChange("convert", kind, item.span) if kind is not None else None

    def _borrow_rune(self, item: Field, place: Place) -> Statement | None:
        kind = self._rune_kind(item)
        return RuneChange("borrow", kind, item.span) if kind is not None else None

    def _ready_rune(self, item: Field, place: Place) -> Statement | None:
        kind = self._rune_kind(item)
        return RuneChange("ready", kind, item.span) if kind is not None else None

    def _return_rune(self, item: Field, place: Place) -> Statement | None:
        return RuneChange("return", -1, item.span)

    def _decide(self, item: Field, place: Place) -> Statement | None:
        return Decide(bool(item.get("within")), item.span)

    def _trigger(self, item: Field, place: Place) -> Statement | None:
        node = item.arguments["spell"]
        spell = self.spell(node)
        if spell and self.symbols.spells[spell].field("triggered") is None:
            self.problems.error("PT402", node.span, f"`{spell}` is not a triggered spell", f"Add `triggered` to the spell `{spell}`.")
        return Trigger(spell, item.span) if spell else None

    def _start_icd(self, item: Field, place: Place) -> Statement | None:
        node = item.arguments["icd"]
        if node.text not in self.symbols.icds:
            self.problems.error("PT401", node.span, f"there is no internal cooldown `{node.text}`", suggestion(node.text, self.symbols.icds))
            return None
        return StartIcd(node.text, item.span)

    def _start_cooldown(self, item: Field, place: Place) -> Statement | None:
        node = item.arguments["spell"]
        spell = self.spell(node)
        if spell and self.symbols.spells[spell].field("cooldown") is None:
            self.problems.error("PT404", node.span, f"`{spell}` has no cooldown", f"Add `cooldown TIME manual` to the spell `{spell}`.")
        return StartCooldown(spell, item.span) if spell else None

    def _reset_cooldown(self, item: Field, place: Place) -> Statement | None:
        node = item.arguments["spell"]
        spell = self.spell(node)
        if spell and self.symbols.spells[spell].field("cooldown") is None:
            self.problems.error("PT404", node.span, f"`{spell}` has no cooldown", "It is always ready.")
        return ResetCooldown(spell, item.span) if spell else None

    def _summon(self, item: Field, place: Place) -> Statement | None:
        duration = self.expressions.resolve(item.arguments["duration"], place.context, "time", "`summon`")
        pet = self._pet(item)
        return Summon(pet, duration, item.span) if pet else None

    def _dismiss(self, item: Field, place: Place) -> Statement | None:
        pet = self._pet(item)
        return Dismiss(pet, item.span) if pet else None

    def _pet(self, item: Field) -> str | None:
        node = item.arguments["pet"]
        if node.text not in self.symbols.pets:
            self.problems.error("PT401", node.span, f"there is no pet `{node.text}`", suggestion(node.text, self.symbols.pets))
            return None
        self.symbols.use("pet", node.text)
        return node.text

    def _chance(self, item: Field, place: Place) -> Statement | None:
        chance = self.expressions.resolve(item.arguments["chance"], place.context, "number", "`chance`")
        check_chance(item.arguments["chance"], chance, self.problems)
        return Chance(chance, self.block(item.block, place), item.span)


def check_chance(node: Node, chance: Expr, problems: Problems) -> None:
    """Report a literal chance outside 0% to 100%."""
    if chance.op == "number" and chance.type == "number" and not 0 <= chance.args[0] <= 1:
        hint = f"write `{node.digits}%`" if isinstance(node, Number) and node.unit == "" else ""
        problems.error("PT308", node.span, "a chance lies between 0% and 100%", hint)
