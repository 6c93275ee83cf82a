"""Spells: what a `spell` block means."""

from __future__ import annotations

from portunus.dsl.diagnostics import suggestion
from portunus.dsl.effects import Place
from portunus.dsl.keywords import CHOICES
from portunus.dsl.model import Expr, Spell, Swing
from portunus.dsl.names import Context
from portunus.dsl.parts import Parts
from portunus.dsl.split import Field
from portunus.dsl.symbols import Definition, literal
from portunus.dsl.syntax import Name, Number

SPELL_EVENTS = tuple(CHOICES["spell", "on", "event"])


class Spells(Parts):
    """Builds spells of the player and of pets."""

    def spell(self, item: Definition) -> Spell:
        """The spell of a definition."""
        context = Context(pet=item.pet)
        static = Context(pet=item.pet, static="this")
        id_, tag, is_item = self.identity(item)
        attack = self.attack(item, context)
        triggered = item.field("triggered") is not None
        gcd_field, cooldown, autocast, channel = item.field("gcd"), item.field("cooldown"), item.field("autocast"), item.field("channel")
        gcd: Expr | None
        if self._is_none(gcd_field, "time") or (gcd_field is None and (triggered or item.field("swing") is not None)):
            gcd = None
        elif gcd_field is not None:
            gcd = self.expressions.resolve(gcd_field.arguments["time"], context, "time", "`gcd`")
        else:
            gcd = Expr("number", (self._ruleset_gcd(),), "time", item.span)
        hooks = self.hooks(item, "a spell", SPELL_EVENTS, Place(context, attack is not None, item.name, item.pet))
        aura = self.effects.aura(channel.arguments["aura"]) if channel else None
        if aura and not self.symbols.aura_facts[aura].periodic:
            self.problems.error("PT402", channel.arguments["aura"].span, f"`{aura}` cannot be channelled", "A channelled aura ticks.")  # type: ignore[union-attr]
        costs, rune_cost = self._costs(item)
        cost = self.expressions.resolve(costs[0].arguments["amount"], context, "number", "`cost`") if costs else None
        part = costs[0].get("amount") if costs else None
        if isinstance(part, Number) and part.unit == "%":
            whole = f"base_{self._named_resource(costs[0])}"
            self.problems.error("PT502", part.span, "a cost is an amount, and this is a part of nothing", f"write `{part.digits}% * {whole}`")
        uses = self.expr(item, "uses", "number", static)
        self.literal_range(item, "uses", uses, 1)
        cast = self.expr(item, "cast", "time", context)
        for word, amount in (("cast", cast), ("gcd", gcd), ("cost", cost)):
            self.literal_range(item, word, amount, 0)
        self.literal_range(item, "cooldown", self.expr(item, "cooldown", "time", context, "time"), 0)
        missile = self.expr(item, "missile", "speed", context)
        self.literal_range(item, "missile", missile, 0.001)
        if missile is not None and "roll" in hooks:
            self.problems.error("PT405", item.field("missile").span, "a spell with `on roll` has no missile", "Use `on land`.")  # type: ignore[union-attr]
        swing = self._swing(item, context)
        charges = item.field("charges")
        if charges is not None and (cooldown is None or cooldown.get("manual") or item.field("shares") is not None):
            reason = "without a cooldown of its own" if cooldown is None else "with a cooldown that is shared or started by hand"
            self.problems.error("PT305", charges.span, f"`charges` means nothing {reason}", "Add `cooldown TIME`." if cooldown is None else "Take one of them out.")
        return Spell(
            name=item.name, label=item.label, owner=item.pet, id=id_, tag=tag, item=is_item, attack=attack, gcd=gcd, cast=cast,
            hasted=not item.pet and item.field("unhasted") is None, cost=cost, resource=self._named_resource(costs[0]) if costs else "", cooldown=self.expr(item, "cooldown", "time", context, "time"),
            cooldown_starts="manual" if cooldown is not None and cooldown.get("manual") else "cast", missile=missile, uses=uses,
            requires=self.expr(item, "requires", "bool", context), instant_if=self.expr(item, "instant_if", "bool", context),
            per_enemy=item.field("per_enemy") is not None, triggered=triggered, channel=aura or "", autocast=self._autocast(autocast, context),
            on_start=hooks.get("start", ()), on_cast=hooks.get("cast", ()), on_land=hooks.get("land", ()), span=item.span, swing=swing,
            more_costs=tuple((self._named_resource(more), self.expressions.resolve(more.arguments["amount"], context, "number", "`cost`")) for more in costs[1:]),
            rune_cost=rune_cost, free_if=self.expr(item, "free_if", "bool", context), pays_later=item.field("pays_later") is not None,
            uncounted=item.field("uncounted") is not None, shares=self._shares(item), on_roll=hooks.get("roll", ()), interruptible=bool(channel and channel.get("interruptible")),
            charges=self.whole(charges, "count", 2, 100) if charges is not None else 0, cooldown_hasted=bool(cooldown and cooldown.get("hasted")),
        )  # fmt: skip

    def _is_none(self, item: Field | None, argument: str) -> bool:
        node = item.get(argument) if item else None
        return isinstance(node, Name) and node.text == "none"

    def _ruleset_gcd(self) -> int:
        section = self.symbols.sections.get("ruleset")
        gcd = section.field("gcd") if section else None
        return int(literal(gcd.get("time"), self.problems, what="`gcd`", low=10**6, high=10**10, unit="time")) if gcd else 1_500_000_000

    def _shares(self, item: Definition) -> tuple[str, ...]:
        field = item.field("shares")
        found = []
        for node in field.get("spells") if field else ():
            other = self.effects.spell(node)
            if other and self.symbols.spells[other].field("cooldown") is None:
                self.problems.error("PT404", node.span, f"`{other}` has no cooldown", f"Add `cooldown TIME` to the spell `{other}`.")
            elif other:
                found.append(other)
        return tuple(found)

    def _swing(self, item: Definition, context: Context) -> Swing | None:
        swing = item.field("swing")
        if swing is None:
            for lone in item.all("instead"):
                self.problems.error("PT305", lone.span, "`instead` means nothing in a spell that does not swing", "Add `swing TIME`.")
            return None
        for word in ("cast", "cost", "cooldown", "gcd", "autocast", "channel", "triggered", "per_enemy", "uses"):
            lone_word = item.field(word)
            if lone_word is not None:
                self.problems.error("PT305", lone_word.span, f"`{word}` means nothing in an auto-attack", "Take it out.")
        every = self.expressions.resolve(swing.arguments["every"], context, "time", "`swing`")
        rate, node = "", swing.get("rate")
        if node is not None:
            candidates = [f"{item.pet}.{node.text}", node.text] if item.pet else [node.text]
            rate = next((name for name in candidates if name in self.symbols.stats), "")
            if not rate:
                self.problems.error("PT401", node.span, f"there is no statistic `{node.text}`", suggestion(node.text, self.symbols.stats))
            self.symbols.use("stat", rate)
        instead = []
        for part in item.all("instead"):
            other = self.effects.spell(part.arguments["spell"])
            condition = self.expressions.resolve(part.condition, context, "bool", "`instead ... if`") if part.condition is not None else None
            if condition is None:
                self.problems.error("PT305", part.span, "`instead` needs a condition", "write `instead SPELL if CONDITION`")
            elif other:
                instead.append((other, condition))
        return Swing(every, rate, bool(swing.get("rescaled")), tuple(instead))

    def _costs(self, item: Definition) -> tuple[list[Field], tuple[tuple[str, int], ...]]:
        """The costs in resources, and those in runes."""
        plain, runes = [], []
        for cost in item.all("cost"):
            node = cost.get("resource")
            if node is not None and node.text in self.symbols.rune_kinds:
                runes.append((node.text, self.whole(cost, "amount", 1, self.symbols.rune_count)))
            else:
                plain.append(cost)
        return plain, tuple(runes)

    def _named_resource(self, cost: Field) -> str:
        node = cost.get("resource")
        if node is not None and node is not True:
            if node.text not in self.symbols.resources:
                self.problems.error("PT401", node.span, f"there is no resource `{node.text}`", suggestion(node.text, self.symbols.resources))
            return node.text
        sections = [self.symbols.sections.get(kind) for kind in ("spec", "class")]
        first = next((found for section in sections if section is not None and (found := section.field("resource")) is not None), None)
        name = first.name("name") if first else next(iter(self.symbols.resources), "")
        if not name and not self.problems.lost_files:
            self.problems.error("PT305", cost.span, "there is no resource to pay this cost with", "Add `resource NAME` to the class.")
        self.symbols.use("resource", name)
        return name

    def _autocast(self, item: Field | None, context: Context) -> tuple[int, Expr | None] | None:
        if item is None:
            return None
        priority = self.whole(item, "priority", 0, 10**6) if item.get("priority") not in (None, True) else 0
        condition = self.expressions.resolve(item.condition, context, "bool", "`autocast if`") if item.condition is not None else None
        return priority, condition
