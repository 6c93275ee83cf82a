"""From collected names to the model: every definition resolved, in dependency order where order matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from portunus.dsl.auras import Auras
from portunus.dsl.diagnostics import Problems, suggestion
from portunus.dsl.effects import check_chance
from portunus.dsl.expressions import Expressions
from portunus.dsl.keywords import CHOICES
from portunus.dsl.model import (
    AttackTable,
    Aura,
    Block,
    Expr,
    Extend,
    Handler,
    Icd,
    Model,
    Modifier,
    Pet,
    PetChoice,
    Property,
    Resource,
    Ruleset,
    Runes,
    Spell,
    TalentTree,
)
from portunus.dsl.names import Context
from portunus.dsl.parts import Parts
from portunus.dsl.rotations import Rotations, statements_in
from portunus.dsl.spells import Spells
from portunus.dsl.split import Field
from portunus.dsl.stats import Stats
from portunus.dsl.symbols import Definition, Symbols, literal
from portunus.dsl.syntax import Name
from portunus.dsl.targets import Targets

ROLES = tuple(CHOICES["spec", "role", "role"])


class Builder(Parts):
    """Builds the model of a spec; what is wrong goes to `problems`, and the model is then only good for checks."""

    def __init__(self, symbols: Symbols, problems: Problems) -> None:
        super().__init__(symbols, problems, Expressions(symbols, problems))
        self.targets = Targets(symbols, problems, self.expressions)

    def build(self, sources: tuple[str, ...]) -> Model:
        """The model.

        Args:
            sources: The files read, the spec first.
        """
        symbols = self.symbols
        stats = Stats(symbols, self.problems, self.expressions).build()
        resources = tuple(self._resource(item) for item in self._resources())
        spell_builder, aura_builder = Spells(symbols, self.problems, self.expressions), Auras(symbols, self.problems, self.expressions)
        spells = tuple(spell_builder.spell(item) for item in symbols.spells.values())
        auras = tuple(aura_builder.aura(item) for item in symbols.auras.values())
        modifiers: list[Modifier | None] = []
        handlers, properties = [], []
        for _, item in symbols.in_order:
            if item.keyword.word == "modify":
                modifiers.append(self.targets.modifier(item, ""))
            elif item.keyword.word == "on":
                handlers.append(self.targets.handler(item))
            else:
                condition = self.expressions.resolve(item.arguments["condition"], Context(), "bool", "`property`")
                properties.append(Property(item.name("text"), condition, item.span))
        modifiers += [self.targets.modifier(part, aura.name) for aura in symbols.auras.values() for part in aura.all("modify")]
        pets = tuple(self._pet(item) for item in symbols.pets.values())
        ruleset = self._ruleset()
        rotations = Rotations(symbols, self.problems, self.expressions, spells, auras, ruleset.max_enemies)
        spec, class_ = symbols.sections.get("spec"), symbols.sections.get("class")
        for name in symbols.groups:
            self.targets.members((Name(name, symbols.places[("action", name)]),), quiet=True)
        behaviour = spec.field("behaviour") if spec else None
        profile = spec.field("profile") if spec else None
        self._references(spec, class_)
        return Model(
            name=spec.name if spec else "",
            label=spec.label if spec else "",
            class_name=class_.name if class_ else "",
            behaviour=self.whole(behaviour, "version", 1, 10**6) if behaviour else 1,
            ruleset=ruleset,
            class_values=tuple(symbols.class_values.items()),
            talent_trees=tuple(TalentTree(name, tuple(tree.items())) for name, tree in symbols.trees.items()),
            glyphs=tuple(symbols.glyphs.items()),
            options=tuple(symbols.options.items()), option_limits=tuple(symbols.option_limits.items()),
            stats=stats,
            resources=resources,
            spells=spells,
            auras=_counted(auras, spells, handlers),
            modifiers=tuple(item for item in modifiers if item is not None),
            handlers=tuple(item for item in handlers if item is not None),
            pets=pets,
            rotations=tuple(rotations.rotation(item) for item in symbols.rotations.values()),
            properties=tuple(properties),
            sources=sources,
            default_profile=profile.name("file") if profile else "",
            runes=self._runes(),
            icds=tuple(self._icd(item) for item in symbols.icds.values()),
            tables=tuple(self._attack_table(item) for item in symbols.tables.values()),
        )

    def _resources(self) -> list[Definition]:
        """The resources a spec has: those its class names and its pets'; all where no class is read."""
        class_, spec = self.symbols.sections.get("class"), self.symbols.sections.get("spec")
        if class_ is None:
            return list(self.symbols.resources.values())
        named = {item.name("name") for item in ((spec.all("resource") if spec else []) or class_.all("resource"))}
        return [item for item in self.symbols.resources.values() if item.pet or item.name in named]

    def _references(self, spec: Definition | None, class_: Definition | None) -> None:
        for section, word in ((spec, "class"), (class_, "ruleset")):
            item = section.field(word) if section else None
            target = self.symbols.sections.get(word)
            if section is not None and item is None:
                self.problems.error("PT305", section.span, f"this {'spec' if section is spec else 'class'} does not say its {word}", f"Add `{word} NAME`.")
            elif item is not None and (target is None or item.name("name") != target.name):
                hint = suggestion(item.name("name"), [target.name]) if target else f'Add `use "FILE"` with the file that defines the {word}.'
                self.problems.error("PT401", item.arguments["name"].span, f"there is no {word} `{item.name('name')}`", hint)
        for section in (class_, spec):
            for item in section.all("resource") if section is not None else []:
                node = item.arguments["name"]
                if node.text not in self.symbols.resources:
                    self.problems.error("PT401", node.span, f"there is no resource `{node.text}`", suggestion(node.text, self.symbols.resources))
                self.symbols.use("resource", node.text)
        role = spec.field("role") if spec else None
        if role is not None and role.name("role") not in ROLES:
            node = role.arguments["role"]
            self.problems.error("PT402", node.span, f"there is no role `{node.text}`", suggestion(node.text, ROLES))

    def _ruleset(self) -> Ruleset:
        symbols = self.symbols
        section = symbols.sections.get("ruleset")
        values: dict[str, Any] = {"gcd": 1_500_000_000, "gcd_floor": 1_000_000_000, "poll": 50_000_000, "max_enemies": 4, "area_cap": 10}
        if section is not None:
            gcd, poll = section.field("gcd"), section.field("poll")
            if gcd is None:
                self.problems.error("PT305", section.span, "this ruleset does not say its global cooldown", "Add `gcd 1.5s floor 1s`.")
            else:
                values["gcd"] = int(literal(gcd.get("time"), self.problems, what="`gcd`", low=10**6, high=10**10, unit="time"))
                floor = gcd.get("floor")
                values["gcd_floor"] = int(literal(floor, self.problems, what="`floor`", low=0, high=10**10, unit="time")) if floor and floor is not True else values["gcd"]
            if poll is not None:
                values["poll"] = int(literal(poll.get("time"), self.problems, what="`poll`", low=10**6, high=10**10, unit="time"))
            for word, high in (("max_enemies", 64), ("area_cap", 64)):
                item = section.field(word)
                if item is not None:
                    values[word] = self.whole(item, "count", 1, high)
        races = tuple((race, tuple(offsets.items())) for race, offsets in symbols.races.items())
        return Ruleset(
            name=section.name if section else "", label=section.label if section else "", gcd=values["gcd"], gcd_floor=values["gcd_floor"], poll=values["poll"],
            switches=tuple(symbols.switches.items()), races=races, max_enemies=values["max_enemies"], area_cap=values["area_cap"],
        )  # fmt: skip

    def _resource(self, item: Definition) -> Resource:
        context = Context(pet=item.pet, static="a resource")
        parts: dict[str, Expr] = {}
        maximum = self.expr(item, "maximum", "number", context)
        if maximum is None and not item.broken:
            self.problems.error("PT305", item.span, f"the resource `{item.name}` does not say its `maximum`", "Add `maximum AMOUNT`.")
        maximum = maximum or self.number(0.0, item.span)
        base = self.expr(item, "base", "number", context) or maximum
        start = self.expr(item, "start", "number", context)
        left = item.field("left_over")
        left_over = left.name("switch") if left else ""
        if left and left_over not in self.symbols.switches:
            self.problems.error("PT401", left.arguments["switch"].span, f"there is no switch `{left_over}`", suggestion(left_over, self.symbols.switches))
        tick = item.field("tick")
        if tick is None:
            zero = self.number(0.0, item.span)
            return Resource(item.name, item.label, base, maximum, None, zero, zero, None, item.span, start, owner=item.pet, left_over=left_over)
        given = [word for word in ("gain", "casting", "resting", "rest_after") if tick.get(word) is not None]
        if given not in (["gain"], ["casting", "resting", "rest_after"]):
            self.problems.error("PT305", tick.span, "say how much a tick gives", "write `tick TIME gain AMOUNT`, or `tick TIME casting AMOUNT resting AMOUNT rest_after TIME`")
        # What a tick gives may depend on the state of the fight.
        for argument, kind in (("every", "time"), ("gain", "number"), ("casting", "number"), ("resting", "number"), ("rest_after", "time")):
            node = tick.get(argument)
            if node is not None:
                where = Context(pet=item.pet) if kind == "number" else context
                parts[argument] = self.expressions.resolve(node, where, kind, "`tick`" if argument == "every" else f"`{argument}`")
        amount = parts.get("gain") or parts.get("casting") or self.number(0.0, item.span)
        return Resource(item.name, item.label, base, maximum, parts["every"], amount, parts.get("resting") or amount, parts.get("rest_after"), item.span, start,
                        bool(tick.get("phased")), item.pet, bool(tick.get("prorated")), left_over)

    def _runes(self) -> Runes | None:
        item = self.symbols.runes
        if item is None:
            return None
        context = Context(static="a rune")
        recharge, grace = (self.expressions.resolve(item.arguments[name], context, "time", "`runes`") for name in ("time", "grace"))
        return Runes(self.symbols.rune_kinds, self.symbols.rune_count, recharge, grace, item.span)

    def _icd(self, item: Field) -> Icd:
        time = self.expressions.resolve(item.arguments["time"], Context(), "time", "`icd`")
        return Icd(item.name("name"), time, item.span)

    def _attack_table(self, item: Definition) -> AttackTable:
        context = Context(pet=item.pet)
        rolls = item.field("rolls")
        how = rolls.name("how") if rolls else ""
        known = tuple(CHOICES["attack_table", "rolls", "how"])
        if rolls is None:
            self.problems.error("PT305", item.span, f"the attack table `{item.name}` does not say how it rolls", "Add `rolls once`, `rolls twice` or another.")
        elif how not in known:
            self.problems.error("PT402", rolls.arguments["how"].span, f"there is no way to roll called `{how}`", suggestion(how, known))
        outcomes = []
        for part in item.fields:
            word = part.keyword.word
            if word in ("miss", "dodge", "parry", "glance"):
                chance = self.expressions.resolve(part.arguments["chance"], context, "number", f"`{word}`")
                factor = part.get("factor")
                outcomes.append((word, chance, self.expressions.resolve(factor, context, "number", "`factor`") if factor is not None else None))
        crit = self.expr(item, "crit", "number", context)
        return AttackTable(item.name, how if how in known else "twice", tuple(outcomes), crit, item.span, self._block(item, how, context))  # type: ignore[arg-type]

    def _block(self, item: Definition, how: str, context: Context) -> Block | None:
        block = item.field("block")
        if block is None:
            return None
        if how not in ("once", "twice"):
            self.problems.error("PT402", block.span, f"nothing is blocked in a table that rolls `{how}`", "Blocks go with `rolls once` and `rolls twice`.")
        if block.get("crits") and how == "once":
            self.problems.error("PT402", block.span, "in one roll an attack is blocked or critical", "Take out `crits`, or write `rolls twice`.")
        amount = block.get("amount")
        chance = self.expressions.resolve(block.arguments["chance"], context, "number", "`block`")
        less = self.expressions.resolve(amount, context, "number", "`less`") if amount is not None else self.number(0.0, block.span)
        return Block(chance, less, bool(block.get("crits")))

    def _pet(self, item: Definition) -> Pet:
        context = Context(pet=item.name, static="a pet's chance")
        choices: list[PetChoice] = []
        for part in item.all("choose"):
            node = part.arguments["spell"]
            spell = self.symbols.spells.get(node.text)
            if spell is None or spell.pet != item.name:
                own = [other.name for other in self.symbols.spells.values() if other.pet == item.name]
                self.problems.error("PT401", node.span, f"the pet has no spell `{node.text}`", suggestion(node.text, own))
                continue
            self.symbols.use("spell", node.text)
            chance = part.get("chance")
            amount = self.expressions.resolve(chance, context, "number", "`chance`") if chance is not None else self.number(1.0, part.span)
            if chance is not None:
                check_chance(chance, amount, self.problems)
            condition = self.expressions.resolve(part.condition, Context(pet=item.name), "bool", "`choose ... if`") if part.condition is not None else None
            choices.append(PetChoice(node.text, amount, condition))
        swings = any(spell.pet == item.name and spell.field("swing") is not None for spell in self.symbols.spells.values())
        if not choices and not swings and not item.broken:
            self.problems.error("PT305", item.span, f"the pet `{item.name}` does nothing", "Add `choose SPELL`.")
        crit = self.expr(item, "crit_chance", "number", context) or self.number(0.0, item.span)
        hit = self.expr(item, "hit_chance", "number", context) or self.number(0.0, item.span)
        permanent, there = item.field("permanent"), None
        if permanent is not None:
            there = self.number(1.0, permanent.span) if permanent.condition is None else self.expressions.resolve(permanent.condition, context, "bool", "`permanent if`")
        return Pet(item.name, item.label, tuple(choices), crit, hit, item.span, there, item.field("inherits_once") is not None,
                   self.expr(item, "leaves_if", "bool", Context(pet=item.name)))


def _counted(auras: tuple[Aura, ...], spells: tuple[Spell, ...], handlers: list[Handler | None]) -> tuple[Aura, ...]:
    """The auras; one that something extends counts the ticks of each application."""
    blocks = [spell.effects for spell in spells] + [aura.on_tick + aura.on_expire for aura in auras] + [item.body for item in handlers if item is not None]
    extended = {statement.aura for block in blocks for statement in statements_in(block) if isinstance(statement, Extend)}
    return tuple(
        replace(aura, tick_count=Expr("number", (aura.ticks,), "number", aura.span)) if aura.name in extended and aura.tick_count is None else aura for aura in auras
    )
