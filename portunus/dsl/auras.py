"""Auras: what an `aura` block means."""

from __future__ import annotations

from dataclasses import replace

from portunus.dsl.diagnostics import suggestion
from portunus.dsl.effects import Place
from portunus.dsl.keywords import CHOICES
from portunus.dsl.model import Aura, Expr
from portunus.dsl.names import Context
from portunus.dsl.parts import Parts
from portunus.dsl.split import Field
from portunus.dsl.symbols import Definition

AURA_EVENTS = tuple(CHOICES["aura", "on", "event"])
REFRESH_RULES = tuple(CHOICES["aura", "refresh", "rule"])
SHOWN = tuple(CHOICES["aura", "shown_as", "how"])


class Auras(Parts):
    """Builds auras."""

    def aura(self, item: Definition) -> Aura:
        """The aura of a definition, without its modifiers."""
        facts = self.symbols.aura_facts[item.name]
        context = Context()
        id_, tag, _ = self.identity(item)
        ticks, stacks, crits, refresh, switch = (item.field(word) for word in ("ticks", "stacks", "tick_crits", "refresh", "only_with"))
        for word in ("every", "hasted", "tick_damage", "tick_growth", "tick_crits"):
            lone = item.field(word)
            if lone is not None and ticks is None:
                self.problems.error("PT305", lone.span, f"`{word}` means nothing in an aura that does not tick", "Add `ticks N` and `every TIME`.")
        if ticks is not None and item.field("every") is None:
            self.problems.error("PT305", ticks.span, "the aura ticks, but does not say how often", "Add `every TIME`.")
        hooks = self.hooks(item, "an aura", AURA_EVENTS, Place(replace(context, ticking=item.name) if ticks is not None else context, source=item.name))
        if "tick" in hooks and ticks is None:
            span = next(hook.span for hook in item.all("on") if hook.name("event") == "tick")
            self.problems.error("PT305", span, "`on tick` means nothing in an aura that does not tick", "Add `ticks N` and `every TIME`.")
        count, most = self._ticks(ticks, context)
        rule = refresh.name("rule") if refresh else "clip"
        if rule not in REFRESH_RULES:
            self.problems.error("PT402", refresh.arguments["rule"].span, f"there is no refresh rule `{rule}`", suggestion(rule, REFRESH_RULES))  # type: ignore[union-attr]
        shown = item.field("shown_as")
        how = shown.name("how") if shown else ""
        if shown is not None and (how not in SHOWN or facts.on_target):
            close = suggestion(how, SHOWN) if how not in SHOWN else "Only an aura of the player can be."
            self.problems.error("PT402", shown.arguments["how"].span, f"an aura cannot be shown as `{how}`" + (" on an enemy" if how in SHOWN else ""), close)
        only = switch.name("switch") if switch else ""
        if only and only not in self.symbols.switches:
            self.problems.error("PT401", switch.arguments["switch"].span, f"there is no switch `{only}`", suggestion(only, self.symbols.switches))  # type: ignore[union-attr]
        tick_crits: Expr | None = None
        if crits is not None:
            static = Context(static="whether ticks can be critical")
            tick_crits = self.expressions.resolve(crits.condition, static, "bool", "`tick_crits if`") if crits.condition is not None else Expr("number", (1,), "bool", crits.span)
        hasted = item.field("hasted")
        haste_only = Context(static="whether haste shortens its ticks")
        hasted_if = self.expressions.resolve(hasted.condition, haste_only, "bool", "`hasted if`") if hasted is not None and hasted.condition is not None else None
        every = self.expr(item, "every", "time", context)
        self.literal_range(item, "every", every, 1 if 0 < most <= 10 else 1_000_000)
        duration = self.expr(item, "duration", "time", context)
        self.literal_range(item, "duration", duration, 1)
        tick_amount = self.expr(item, "tick_damage", "number", context)
        growth_field = item.field("tick_growth")
        growth = self.expressions.resolve(growth_field.arguments["amount"], replace(context, ticking=item.name), "number", "`tick_growth`") if growth_field is not None else None
        if growth_field is not None and tick_amount is None:
            self.problems.error("PT305", growth_field.span, "`tick_growth` means nothing without `tick_damage`", "Add `tick_damage AMOUNT`.")
        attack = self.attack(item, context)
        if tick_amount is not None and attack is None:
            self.problems.error("PT305", item.field("tick_damage").span, "the ticks do damage of no school", "Add `school NAME`.")  # type: ignore[union-attr]
        pet = item.pet
        return Aura(
            name=item.name, label=item.label, id=id_, tag=tag, on_target=facts.on_target, duration=duration,
            max_stacks=self.whole(stacks, "maximum", 1, 1000) if stacks else 0, ticks=most, every=every,
            hasted=hasted is not None, hasted_if=hasted_if, tick_growth=growth, tick_amount=tick_amount, attack=attack, tick_crits=tick_crits, refresh=rule,  # type: ignore[arg-type]
            values=facts.values, hidden=item.field("hidden") is not None, on_tick=hooks.get("tick", ()), on_expire=hooks.get("expire", ()), only_switch=only, span=item.span,
            tick_count=count, exclusive=self._exclusive(item, facts.on_target), blocks=item.field("blocks") is not None, owner=pet,
            shown_as=how,  # type: ignore[arg-type]
        )  # fmt: skip

    def _exclusive(self, item: Definition, on_target: bool) -> str:
        """The group of auras that end each other; all are on the player, or all on an enemy."""
        field = item.field("exclusive")
        if field is None:
            return ""
        group = field.name("group")
        for name, other in self.symbols.auras.items():
            same = other.field("exclusive")
            if same is not None and same.name("group") == group and self.symbols.aura_facts[name].on_target != on_target:
                self.problems.error("PT402", field.arguments["group"].span, f"`{name}` of the same group is {'on the player' if on_target else 'on an enemy'}", "Auras that end each other are on the same unit.")
                break
        return group

    def _ticks(self, item: Field | None, context: Context) -> tuple[Expr | None, int]:
        """How many ticks an application has (None = a fixed number), and how many at most."""
        if item is None:
            return None, 0
        most = item.get("most")
        if most is None:
            return None, self.whole(item, "count", 1, 1000)
        return self.expressions.resolve(item.arguments["count"], context, "number", "`ticks`"), self.whole(item, "most", 1, 1000)
