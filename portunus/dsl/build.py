"""From collected names to the model: every definition resolved, in dependency order where order matters."""

from __future__ import annotations

from typing import Any

from portunus.dsl.diagnostics import Problems, suggestion
from portunus.dsl.effects import Effects, Place, check_chance
from portunus.dsl.expressions import Context, Expressions
from portunus.dsl.keywords import CHOICES
from portunus.dsl.model import (
    Attack,
    Aura,
    Expr,
    Handler,
    Model,
    Modifier,
    Pet,
    PetChoice,
    Property,
    Resource,
    Ruleset,
    Span,
    Spell,
    TalentTree,
)  # fmt: skip
from portunus.dsl.rotations import Rotations
from portunus.dsl.split import Field
from portunus.dsl.stats import Stats
from portunus.dsl.symbols import Definition, Symbols, literal
from portunus.dsl.syntax import Name

MODIFIER_KINDS = tuple(CHOICES["spec", "modify", "kind"])
HANDLER_EVENTS = tuple(CHOICES["spec", "on", "event"])
SPELL_EVENTS = tuple(CHOICES["spell", "on", "event"])
AURA_EVENTS = tuple(CHOICES["aura", "on", "event"])
REFRESH_RULES = tuple(CHOICES["aura", "refresh", "rule"])
ROLES = tuple(CHOICES["spec", "role", "role"])


class Builder:
    """Builds the model of a spec; what is wrong goes to `problems`, and the model is then only good for checks."""

    def __init__(self, symbols: Symbols, problems: Problems) -> None:
        self.symbols, self.problems = symbols, problems
        self.expressions = Expressions(symbols, problems)
        self.effects = Effects(symbols, problems, self.expressions)
        self._group_members: dict[str, list[str]] = {}

    def build(self, sources: tuple[str, ...]) -> Model:
        """The model.

        Args:
            sources: The files read, the spec first.
        """
        symbols = self.symbols
        stats = Stats(symbols, self.problems, self.expressions).build()
        resources = tuple(self._resource(item) for item in symbols.resources.values())
        spells = tuple(self._spell(item) for item in symbols.spells.values())
        aura_modifiers: dict[str, list[Modifier]] = {}
        auras = tuple(self._aura(item, aura_modifiers.setdefault(item.name, [])) for item in symbols.auras.values())
        modifiers, handlers, properties = [], [], []
        for _, item in symbols.in_order:
            if item.keyword.word == "modify":
                modifiers.append(self._modifier(item, ""))
            elif item.keyword.word == "on":
                handlers.append(self._handler(item))
            else:
                condition = self.expressions.resolve(item.arguments["condition"], Context(), "bool", "`property`")
                properties.append(Property(item.name("text"), condition, item.span))
        for found in aura_modifiers.values():
            modifiers.extend(found)
        pets = tuple(self._pet(item) for item in symbols.pets.values())
        ruleset = self._ruleset()
        rotations = Rotations(symbols, self.problems, self.expressions, spells, auras, ruleset.max_enemies)
        spec, class_ = symbols.sections.get("spec"), symbols.sections.get("class")
        for name in symbols.groups:
            self._members((Name(name, symbols.places[("action", name)]),), quiet=True)
        behaviour = spec.field("behaviour") if spec else None
        profile = spec.field("profile") if spec else None
        self._references(spec, class_)
        return Model(
            name=spec.name if spec else "",
            label=spec.label if spec else "",
            class_name=class_.name if class_ else "",
            behaviour=self._whole(behaviour, "version", 1, 10**6) if behaviour else 1,
            ruleset=ruleset,
            class_values=tuple(symbols.class_values.items()),
            talent_trees=tuple(TalentTree(name, tuple(tree.items())) for name, tree in symbols.trees.items()),
            glyphs=tuple(symbols.glyphs.items()),
            options=tuple(symbols.options.items()),
            stats=stats,
            resources=resources,
            spells=spells,
            auras=auras,
            modifiers=tuple(item for item in modifiers if item is not None),
            handlers=tuple(item for item in handlers if item is not None),
            pets=pets,
            rotations=tuple(rotations.rotation(item) for item in symbols.rotations.values()),
            properties=tuple(properties),
            sources=sources,
            default_profile=profile.name("file") if profile else "",
        )

    # ---- small pieces ------------------------------------------------------------------------------------------------------------

    def _whole(self, item: Field, argument: str, low: int, high: int) -> int:
        return int(literal(item.get(argument), self.problems, what=f"`{item.word}`", low=low, high=high, whole=True))

    def _expr(self, owner: Definition, word: str, types: str, context: Context, argument: str = "") -> Expr | None:
        item = owner.field(word)
        if item is None:
            return None
        node = item.arguments[argument or next(iter(item.arguments))]
        return self.expressions.resolve(node, context, types, f"`{word}`")

    def _number(self, value: float, span: Span) -> Expr:
        return Expr("number", (value,), "number", span)

    def _references(self, spec: Definition | None, class_: Definition | None) -> None:
        for section, word in ((spec, "class"), (class_, "ruleset")):
            item = section.field(word) if section else None
            target = self.symbols.sections.get(word)
            if section is not None and item is None:
                self.problems.error("PT305", section.span, f"this {'spec' if section is spec else 'class'} does not say its {word}", f"Add `{word} NAME`.")
            elif item is not None and (target is None or item.name("name") != target.name):
                hint = suggestion(item.name("name"), [target.name]) if target else f'Add `use "FILE"` with the file that defines the {word}.'
                self.problems.error("PT401", item.arguments["name"].span, f"there is no {word} `{item.name('name')}`", hint)
        if class_ is not None:
            for item in class_.all("resource"):
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
                    values[word] = self._whole(item, "count", 1, high)
        races = tuple((race, tuple(offsets.items())) for race, offsets in symbols.races.items())
        return Ruleset(
            name=section.name if section else "", label=section.label if section else "", gcd=values["gcd"], gcd_floor=values["gcd_floor"], poll=values["poll"],
            switches=tuple(symbols.switches.items()), races=races, max_enemies=values["max_enemies"], area_cap=values["area_cap"],
        )  # fmt: skip

    def _resource(self, item: Definition) -> Resource:
        context = Context(static="a resource")
        parts: dict[str, Expr] = {}
        for word in ("base", "maximum"):
            found = self._expr(item, word, "number", context)
            if found is None and not item.broken:
                self.problems.error("PT305", item.span, f"the resource `{item.name}` does not say its `{word}`", f"Add `{word} AMOUNT`.")
            parts[word] = found or self._number(0.0, item.span)
        tick = item.field("tick")
        if tick is None and not item.broken:
            self.problems.error("PT305", item.span, f"the resource `{item.name}` does not say how it refills", "Add `tick 2s casting AMOUNT resting AMOUNT rest_after 5s`.")
        for argument, kind in (("every", "time"), ("casting", "number"), ("resting", "number"), ("rest_after", "time")):
            if tick is None:
                parts[argument] = Expr("number", (0,), kind, item.span)  # type: ignore[arg-type]
            else:
                parts[argument] = self.expressions.resolve(tick.arguments[argument], context, kind, "`tick`" if argument == "every" else f"`{argument}`")
        return Resource(
            item.name, item.label, parts["base"], parts["maximum"], parts["every"], parts["casting"], parts["resting"], parts["rest_after"], item.span
        )

    # ---- spells, auras -----------------------------------------------------------------------------------------------------------

    def _identity(self, item: Definition) -> tuple[int, int, bool]:
        id_, tag, thing = item.field("id"), item.field("tag"), item.field("item")
        if id_ is not None and thing is not None:
            self.problems.error("PT303", thing.span, "both an `id` and an `item`", "Keep one.")
        source = id_ or thing
        if source is None and not item.broken:
            self.problems.error("PT305", item.span, f"`{item.name}` does not say its id", "Add `id NUMBER`, the client's id; tooltips and reports need it.")
        return self._whole(source, "id", 1, 2**31 - 1) if source else 0, self._whole(tag, "tag", 0, 1000) if tag else 0, thing is not None

    def _attack(self, item: Definition, context: Context) -> Attack | None:
        school = item.field("school")
        parts = {
            word: self._expr(item, word, "number", context) or self._number(default, item.span)
            for word, default in (("crit_chance", 0.0), ("additive", 0.0), ("multiplier", 1.0), ("crit_multiplier", 1.0))
        }
        if school is None:
            for word in ("crit_chance", "additive", "multiplier", "crit_multiplier", "ignore_modifiers"):
                lone = item.field(word)
                if lone is not None:
                    self.problems.error("PT305", lone.span, f"`{word}` means nothing without a school", "Add `school NAME`.")
            return None
        return Attack(
            school.name("school"), parts["crit_chance"], parts["additive"], parts["multiplier"], parts["crit_multiplier"], item.field("ignore_modifiers") is not None
        )

    def _is_none(self, item: Field | None, argument: str) -> bool:
        node = item.get(argument) if item else None
        return isinstance(node, Name) and node.text == "none"

    def _spell(self, item: Definition) -> Spell:
        context = Context(pet=item.pet)
        static = Context(pet=item.pet, static="this")
        id_, tag, is_item = self._identity(item)
        attack = self._attack(item, context)
        triggered = item.field("triggered") is not None
        gcd_field, cooldown, autocast, channel = item.field("gcd"), item.field("cooldown"), item.field("autocast"), item.field("channel")
        gcd: Expr | None
        if self._is_none(gcd_field, "time") or (gcd_field is None and triggered):
            gcd = None
        elif gcd_field is not None:
            gcd = self.expressions.resolve(gcd_field.arguments["time"], context, "time", "`gcd`")
        else:
            gcd = Expr("number", (self._ruleset_gcd(),), "time", item.span)
        hooks: dict[str, tuple[Any, ...]] = {}
        for hook in item.all("on"):
            node = hook.arguments["event"]
            if node.text not in SPELL_EVENTS:
                self.problems.error("PT402", node.span, f"a spell has no event `{node.text}`", suggestion(node.text, SPELL_EVENTS))
            elif node.text in hooks:
                self.problems.error("PT303", node.span, f"`on {node.text}` is given twice", "Join the two blocks.")
            else:
                hooks[node.text] = self.effects.block(hook.block, Place(context, attack is not None, item.name, item.pet))
        aura = self.effects.aura(channel.arguments["aura"]) if channel else None
        if aura and (self.symbols.aura_facts[aura].on_target or not self.symbols.aura_facts[aura].periodic):
            self.problems.error("PT402", channel.arguments["aura"].span, f"`{aura}` cannot be channelled", "A channelled aura ticks and is on the player.")  # type: ignore[union-attr]
        cost = self._expr(item, "cost", "number", context, "amount")
        uses = self._expr(item, "uses", "number", static)
        self._literal_range(item, "uses", uses, 1)
        self._literal_range(item, "cooldown", self._expr(item, "cooldown", "time", context, "time"), 0)
        missile = self._expr(item, "missile", "speed", context)
        self._literal_range(item, "missile", missile, 0.001)
        return Spell(
            name=item.name, label=item.label, owner=item.pet, id=id_, tag=tag, item=is_item, attack=attack, gcd=gcd, cast=self._expr(item, "cast", "time", context),
            hasted=not item.pet and item.field("unhasted") is None, cost=cost, resource=self._cost_resource(item), cooldown=self._expr(item, "cooldown", "time", context, "time"),
            cooldown_starts="manual" if cooldown is not None and cooldown.get("manual") else "cast", missile=missile, uses=uses,
            requires=self._expr(item, "requires", "bool", context), instant_if=self._expr(item, "instant_if", "bool", context),
            per_enemy=item.field("per_enemy") is not None, triggered=triggered, channel=aura or "", autocast=self._autocast(autocast, context),
            on_start=hooks.get("start", ()), on_cast=hooks.get("cast", ()), on_land=hooks.get("land", ()), span=item.span,
        )  # fmt: skip

    def _ruleset_gcd(self) -> int:
        section = self.symbols.sections.get("ruleset")
        gcd = section.field("gcd") if section else None
        return int(literal(gcd.get("time"), self.problems, what="`gcd`", low=10**6, high=10**10, unit="time")) if gcd else 1_500_000_000

    def _literal_range(self, item: Definition, word: str, expr: Expr | None, low: float) -> None:
        if expr is not None and expr.op in ("number", "neg"):
            value = expr.args[0] if expr.op == "number" else -1
            if value < low:
                self.problems.error("PT308", expr.span, f"`{word}` is too small", f"It is at least {low:g}.")

    def _cost_resource(self, item: Definition) -> str:
        cost = item.field("cost")
        if cost is None:
            return ""
        node = cost.get("resource")
        if node is not None and node is not True:
            if node.text not in self.symbols.resources:
                self.problems.error("PT401", node.span, f"there is no resource `{node.text}`", suggestion(node.text, self.symbols.resources))
            return node.text
        class_ = self.symbols.sections.get("class")
        first = class_.field("resource") if class_ else None
        name = first.name("name") if first else next(iter(self.symbols.resources), "")
        if not name and not self.problems.lost_files:
            self.problems.error("PT305", cost.span, "there is no resource to pay this cost with", "Add `resource NAME` to the class.")
        self.symbols.use("resource", name)
        return name

    def _autocast(self, item: Field | None, context: Context) -> tuple[int, Expr | None] | None:
        if item is None:
            return None
        priority = self._whole(item, "priority", 0, 10**6) if item.get("priority") not in (None, True) else 0
        condition = self.expressions.resolve(item.condition, context, "bool", "`autocast if`") if item.condition is not None else None
        return priority, condition

    def _aura(self, item: Definition, modifiers: list[Modifier]) -> Aura:
        facts = self.symbols.aura_facts[item.name]
        context = Context()
        id_, tag, _ = self._identity(item)
        ticks, stacks, crits, refresh, switch = (item.field(word) for word in ("ticks", "stacks", "tick_crits", "refresh", "only_with"))
        for word in ("every", "hasted", "tick_damage", "tick_crits"):
            lone = item.field(word)
            if lone is not None and ticks is None:
                self.problems.error("PT305", lone.span, f"`{word}` means nothing in an aura that does not tick", "Add `ticks N` and `every TIME`.")
        if ticks is not None and item.field("every") is None:
            self.problems.error("PT305", ticks.span, "the aura ticks, but does not say how often", "Add `every TIME`.")
        hooks: dict[str, tuple[Any, ...]] = {}
        for hook in item.all("on"):
            node = hook.arguments["event"]
            if node.text not in AURA_EVENTS:
                self.problems.error("PT402", node.span, f"an aura has no event `{node.text}`", suggestion(node.text, AURA_EVENTS))
            elif node.text in hooks:
                self.problems.error("PT303", node.span, f"`on {node.text}` is given twice", "Join the two blocks.")
            else:
                if node.text == "tick" and ticks is None:
                    self.problems.error("PT305", node.span, "`on tick` means nothing in an aura that does not tick", "Add `ticks N` and `every TIME`.")
                hooks[node.text] = self.effects.block(hook.block, Place(context, source=item.name))
        rule = refresh.name("rule") if refresh else "clip"
        if rule not in REFRESH_RULES:
            self.problems.error("PT402", refresh.arguments["rule"].span, f"there is no refresh rule `{rule}`", suggestion(rule, REFRESH_RULES))  # type: ignore[union-attr]
        only = switch.name("switch") if switch else ""
        if only and only not in self.symbols.switches:
            self.problems.error("PT401", switch.arguments["switch"].span, f"there is no switch `{only}`", suggestion(only, self.symbols.switches))  # type: ignore[union-attr]
        for part in item.all("modify"):
            found = self._modifier(part, item.name)
            if found is not None:
                modifiers.append(found)
        tick_crits: Expr | None = None
        if crits is not None:
            static = Context(static="whether ticks can be critical")
            tick_crits = self.expressions.resolve(crits.condition, static, "bool", "`tick_crits if`") if crits.condition is not None else Expr("number", (1,), "bool", crits.span)
        every = self._expr(item, "every", "time", context)
        self._literal_range(item, "every", every, 1_000_000)
        duration = self._expr(item, "duration", "time", context)
        self._literal_range(item, "duration", duration, 1)
        tick_amount = self._expr(item, "tick_damage", "number", context)
        attack = self._attack(item, context)
        if tick_amount is not None and attack is None:
            self.problems.error("PT305", item.field("tick_damage").span, "the ticks do damage of no school", "Add `school NAME`.")  # type: ignore[union-attr]
        return Aura(
            name=item.name, label=item.label, id=id_, tag=tag, on_target=facts.on_target, duration=duration,
            max_stacks=self._whole(stacks, "maximum", 1, 1000) if stacks else 0, ticks=self._whole(ticks, "count", 1, 1000) if ticks else 0, every=every,
            hasted=item.field("hasted") is not None, tick_amount=tick_amount, attack=attack, tick_crits=tick_crits, refresh=rule,  # type: ignore[arg-type]
            values=facts.values, hidden=item.field("hidden") is not None, on_tick=hooks.get("tick", ()), on_expire=hooks.get("expire", ()), only_switch=only, span=item.span,
        )  # fmt: skip

    # ---- modifiers, handlers, pets -----------------------------------------------------------------------------------------------

    def _members(self, nodes: tuple[Name, ...], *, quiet: bool = False, _open: tuple[str, ...] = ()) -> list[str]:
        """The spells and auras that names stand for, groups replaced by their members, each once and in order."""
        result: list[str] = []
        for node in nodes:
            name = node.text
            if name in self.symbols.groups:
                if not quiet:
                    self.symbols.use("group", name)
                if name in _open:
                    self.problems.error("PT406", node.span, f"the group `{name}` contains itself", "Take it out of its own members.")
                    continue
                if len(_open) > 16:
                    self.problems.error("PT005", node.span, "groups are nested more than 16 deep")
                    continue
                if name not in self._group_members:
                    self._group_members[name] = self._members(self.symbols.groups[name].get("members"), _open=(*_open, name))
                result += self._group_members[name]
            elif name in self.symbols.spells or name in self.symbols.auras:
                if not quiet:
                    self.symbols.use("spell" if name in self.symbols.spells else "aura", name)
                result.append(name)
            else:
                known = [*self.symbols.spells, *self.symbols.auras, *self.symbols.groups]
                self.problems.error("PT401", node.span, f"there is no spell, aura or group `{name}`", suggestion(name, known))
        return list(dict.fromkeys(result))

    def _modifier(self, item: Field, aura: str) -> Modifier | None:
        kind = item.arguments["kind"]
        if kind.text not in MODIFIER_KINDS:
            self.problems.error("PT402", kind.span, f"`{kind.text}` cannot be modified", suggestion(kind.text, MODIFIER_KINDS))
            return None
        context = Context(aura=aura)
        on_target = bool(aura) and self.symbols.aura_facts[aura].on_target
        if kind.text == "damage_taken" and not on_target:
            self.problems.error("PT402", kind.span, "`damage_taken` is for auras on an enemy", "write `damage_done`, or put it in an aura `on target`")
        if kind.text in ("cast_speed", "cost") and on_target:
            self.problems.error("PT402", kind.span, f"`{kind.text}` is for auras on the player")
        amount = self.expressions.resolve(item.arguments["amount"], context, "number", "`modify`")
        condition = self.expressions.resolve(item.condition, context, "bool", "`modify ... if`") if item.condition is not None else None
        targets, exceptions = item.get("targets"), item.get("exceptions")
        spells: tuple[str, ...] | None = tuple(self._members(targets)) if targets else None
        if exceptions:
            left_out = set(self._members(exceptions))
            spells = tuple(name for name in (spells if spells is not None else self._everything(kind.text, on_target)) if name not in left_out)
        return Modifier(kind.text, amount, spells, aura, condition, item.span)

    def _everything(self, kind: str, on_target: bool) -> list[str]:
        """All spells and periodic auras a modifier of this kind can change; pets' only through an aura on the enemy."""
        mine = [item for item in self.symbols.spells.values() if on_target or not item.pet]
        if kind == "cost":
            return [item.name for item in mine if item.field("cost") is not None]
        if kind == "cast_speed":
            return [item.name for item in mine]
        auras = [item.name for item in self.symbols.auras.values() if item.field("school") is not None]
        return [item.name for item in mine if item.field("school") is not None] + auras

    def _handler(self, item: Field) -> Handler | None:
        event = item.arguments["event"]
        if event.text not in HANDLER_EVENTS:
            self.problems.error("PT402", event.span, f"there is no event `{event.text}`", suggestion(event.text, HANDLER_EVENTS))
            return None
        subjects: list[str] = []
        for node in item.arguments["subjects"]:
            for name in self._members((node,)):
                fits = name in self.symbols.auras if event.text == "tick" else name in self.symbols.spells
                if not fits:
                    kind = "an aura" if name in self.symbols.auras else "a spell"
                    whose = "auras" if event.text == "tick" else "spells"
                    self.problems.error("PT402", node.span, f"`{name}` is {kind}, and `{event.text}` is an event of {whose}", "")
                elif event.text == "tick" and not self.symbols.aura_facts[name].periodic:
                    self.problems.error("PT402", node.span, f"the aura `{name}` does not tick", "Add `ticks N` and `every TIME` to it.")
                else:
                    subjects.append(name)
        body = self.effects.block(item.block, Place(Context(event=event.text)))
        return Handler(event.text, tuple(dict.fromkeys(subjects)), body, item.span)  # type: ignore[arg-type]

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
            amount = self.expressions.resolve(chance, context, "number", "`chance`") if chance is not None else self._number(1.0, part.span)
            if chance is not None:
                check_chance(chance, amount, self.problems)
            choices.append(PetChoice(node.text, amount))
        if not choices and not item.broken:
            self.problems.error("PT305", item.span, f"the pet `{item.name}` does nothing", "Add `choose SPELL`.")
        crit = self._expr(item, "crit_chance", "number", context) or self._number(0.0, item.span)
        hit = self._expr(item, "hit_chance", "number", context) or self._number(0.0, item.span)
        return Pet(item.name, item.label, tuple(choices), crit, hit, item.span)
