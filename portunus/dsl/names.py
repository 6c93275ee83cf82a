"""Names in expressions: what may be asked by which name, and from a name to the operation of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from portunus.dsl.diagnostics import Problems, suggestion
from portunus.dsl.model import OUTCOMES, WEAPON_KINDS, WEAPON_SLOTS, WEAPON_VALUES, Expr, Span, ValueType
from portunus.dsl.records import dataclass
from portunus.dsl.symbols import AURA_FIELDS, Symbols
from portunus.dsl.syntax import Name

UNKNOWN = "unknown"  # the type after an error: agrees with everything, so that one mistake gives one message
_PREFIX_NAMES = {"talent": "talent", "glyph": "glyph", "option": "option", "class": "class value", "race": "racial value", "bonus": "bonus"}
# Operations that depend on the state of a fight.
STATE_OPERATIONS = frozenset({
    "resource", "aura_up", "aura_remains", "aura_stacks", "aura_enemies", "aura_ticks_left", "aura_value", "aura_fresh", "aura_gain", "aura_tick_damage", "aura_new_tick_damage", "aura_period", "aura_new_period", "cooldown_ready", "cooldown_remains", "icd_ready", "icd_remains",
    "uses_left", "charges", "cast_time", "fight_time", "fight_remains", "target_phase", "event_damage", "event_crit", "event_landed", "event_outcome", "event_cost",
    "event_base_cost", "event_crossed", "channelling", "gcd_remains", "clip_delay", "tick", "event_primary", "runes_ready", "runes_wild", "runes_wait", "runes_grace", "rune_ready", "rune_wild", "rune_wait", "switch", "live_stat", "live_armor", "damage_factor", "index", "crit_chance", "latest_cost", "swing_remains", "pet_up", "pet_busy",
})  # fmt: skip
STATIC_PREFIXES = ("talent", "glyph", "option", "class", "race", "bonus")
# Names that only a handler knows: name -> (operation, type, events).
EVENT_NAMES = {
    "damage": ("event_damage", "number", ("hit", "result", "tick")),
    "crit": ("event_crit", "bool", ("hit", "result", "tick", "roll")),
    "landed": ("event_landed", "bool", ("hit", "result", "tick", "roll")),
    "missed": ("event_outcome", "bool", ("hit", "result", "roll")),
    "dodged": ("event_outcome", "bool", ("hit", "result", "roll")),
    "parried": ("event_outcome", "bool", ("hit", "result", "roll")),
    "glanced": ("event_outcome", "bool", ("hit", "result", "roll")),
    "blocked": ("event_outcome", "bool", ("hit", "result", "roll")),
    "primary": ("event_primary", "bool", ("roll",)),
    "crossed": ("event_crossed", "bool", ("gain",)),
    "spell.cost": ("event_cost", "number", ("hit", "result", "cast")),
    "spell.base_cost": ("event_base_cost", "number", ("hit", "result", "cast")),
}
PLAIN_NAMES = {
    "enemies": ("enemies", "number"), "fight.time": ("fight_time", "time"), "fight.remains": ("fight_remains", "time"), "target.health": ("target_phase", "number"),
    "target.level_difference": ("level", "number"), "target.distance": ("distance", "distance"), "target.armor": ("armor", "number"), "target.in_front": ("in_front", "bool"),
    "gcd.remains": ("gcd_remains", "time"), "channel.clip_delay": ("clip_delay", "time"),
    **{f"{track}.{what}": ("script", kind) for track in ("movement", "adds", "vulnerable") for what, kind in (("up", "bool"), ("remains", "time"), ("in", "time"))},
}  # fmt: skip
OUTCOME_WORDS = {"missed": "miss", "dodged": "dodge", "parried": "parry", "glanced": "glance", "blocked": "block"}
COOLDOWN_FIELDS = {"ready": ("cooldown_ready", "bool"), "remains": ("cooldown_remains", "time")}
SPELL_FIELDS = {"charges": ("charges", "number"), "cast_time": ("cast_time", "time"), "base_cost": ("base_cost", "number"), "uses_left": ("uses_left", "number"), "damage_factor": ("damage_factor", "number"),
                "travel_time": ("travel_time", "time"), "channelling": ("channelling", "bool"),
                "crit_chance": ("crit_chance", "number"), "latest_cost": ("latest_cost", "number"), "swing_remains": ("swing_remains", "time")}
PET_FIELDS = {"up": "pet_up", "busy": "pet_busy"}


@dataclass(frozen=True)
class Context:
    """Where an expression stands.

    Attributes:
        pet: Inside this pet, "" = the player.
        aura: Inside this aura (`stacks` means its own).
        event: Inside a handler of this event, "" = none.
        static: Only what is known before a fight may be named; says what for, "" = anything goes.
        rolls: A range may be part of it.
        each: Inside `each enemy` (`index` counts them).
        ticking: Inside what a tick of this aura does (`tick` is its number).
    """

    pet: str = ""
    aura: str = ""
    event: str = ""
    static: str = ""
    rolls: bool = False
    each: bool = False
    ticking: str = ""


class Names:
    """Finds what a name of an expression means among the names of a spec."""

    def __init__(self, symbols: Symbols, problems: Problems) -> None:
        self.symbols, self.problems = symbols, problems

    def resolve(self, node: Name, context: Context) -> Expr:
        """The typed expression a name stands for; one of unknown type after an error."""
        parts = node.text.split(".")
        found: Expr | None
        if node.text in EVENT_NAMES and not (len(parts) == 1 and context.pet):
            found = self._event(node, context)
        elif node.text in PLAIN_NAMES:
            op, kind = PLAIN_NAMES[node.text]
            if op == "armor" and self.symbols.live_armor:
                op = "live_armor"
            if op == "target_phase":
                self.problems.error("PT405", node.span, "`target.health` is compared with a percentage", "write `target.health <= 35%`")
            found = typed(op, tuple(parts) if op == "script" else (), kind, node.span) if op != "target_phase" else None
        elif len(parts) == 1:
            found = self._bare(node, context)
        else:
            head = parts[0]
            rule: Callable[[Name, list[str], Context], Expr | None] = (
                self._static_name if head in STATIC_PREFIXES
                else self._aura_name if head in ("buff", "debuff", "dot")
                else self._cooldown_name if head == "cooldown"
                else self._icd_name if head == "icd"
                else self._weapon_name if head == "weapon"
                else self._rune_name if head in ("runes", "rune")
                else self._switch_name if head == "switch"
                else self._owner_name if head == "owner"
                else self._spell_name if head in self.symbols.spells
                else self._other_name
            )  # fmt: skip
            found = rule(node, parts, context)
        return self.allowed(found, context) if found is not None else unknown(node.span)

    def allowed(self, expr: Expr, context: Context) -> Expr:
        """The expression, if what it asks for may be asked where it stands."""
        if context.static and expr.op in STATE_OPERATIONS:
            self.problems.error("PT507", expr.span, f"{context.static} is fixed before a fight and cannot depend on its state", "Talents, glyphs, options and statistics may stand here.")
            return typed(expr.op, expr.args, UNKNOWN, expr.span)
        return expr

    def _unknown_name(self, node: Name, message: str, candidates: Iterable[str], otherwise: str = "", code: str = "PT401") -> None:
        known = list(candidates)
        word = node.text if any("." in name for name in known) else node.text.rsplit(".", 1)[-1]
        self.problems.error(code, node.span, message, suggestion(word, known, otherwise))

    def _event(self, node: Name, context: Context) -> Expr | None:
        op, kind, events = EVENT_NAMES[node.text]
        if context.event not in events:
            listed = ", ".join(f"`on {event}`" if event == "roll" else f"`on {event} of`" for event in events)
            self.problems.error("PT405", node.span, f"`{node.text}` is known only in {listed}")
            return None
        return typed(op, (OUTCOMES[OUTCOME_WORDS[node.text]],) if op == "event_outcome" else (), kind, node.span)

    def _bare(self, node: Name, context: Context) -> Expr | None:
        name, symbols = node.text, self.symbols
        if name == "index":
            if not context.each:
                self.problems.error("PT405", node.span, "`index` is known only inside `each enemy`")
                return None
            return Expr("index", (), "number", node.span)
        if name == "tick" and context.ticking:
            return Expr("tick", (context.ticking,), "number", node.span)
        if name == "stacks":
            if not context.aura or not symbols.aura_facts[context.aura].stacks:
                self.problems.error("PT405", node.span, "`stacks` is known only in `modify` of an aura with stacks", "write `buff.NAME.stacks`")
                return None
            return Expr("aura_stacks", (context.aura,), "number", node.span)
        for candidate in (f"{context.pet}.{name}", name) if context.pet else (name,):
            if candidate in symbols.stats:
                return self._stat(candidate, node.span)
        for prefix, op in (("", "resource"), ("max_", "resource_max"), ("base_", "resource_base")):
            resource = name.removeprefix(prefix)
            if name.startswith(prefix) and resource in symbols.resources:
                symbols.use("resource", resource)
                return Expr(op, (resource,), "number", node.span)
        fix = self._bare_fix(name)
        if fix:
            self.problems.error("PT401", node.span, f"`{name}` cannot stand alone in an expression", fix)
            return None
        resources = [prefix + r for r in symbols.resources for prefix in ("", "max_", "base_")]
        own = [stat.split(".", 1)[1] for stat in symbols.stats if context.pet and stat.startswith(context.pet + ".")]
        plain = [stat for stat in symbols.stats if "." not in stat]
        events = [n for n, (_, _, events) in EVENT_NAMES.items() if context.event in events and "." not in n]
        for dotted in PLAIN_NAMES:
            if name in (dotted.replace(".", "_"), dotted.rsplit(".", 1)[-1]):
                self.problems.error("PT401", node.span, f"there is no name `{name}`", f"write `{dotted}`")
                return None
        self._unknown_name(node, f"there is no name `{name}`", [*plain, *own, *resources, *events, "enemies"], "")
        return None

    def _bare_fix(self, name: str) -> str:
        symbols = self.symbols
        if name in symbols.aura_facts:
            return f"write `{symbols.aura_facts[name].prefix}.{name}.up`"
        if name in symbols.talents:
            return f"write `talent.{name}`"
        if name in symbols.spells:
            return f"write `cooldown.{name}.ready` or `{name}.cast_time`"
        for prefix, table in (("glyph", symbols.glyphs), ("option", symbols.options), ("class", symbols.class_values)):
            if name in table:
                return f"write `{prefix}.{name}`"
        return ""

    def _stat(self, name: str, span: Span) -> Expr:
        self.symbols.use("stat", name)
        return typed("live_stat" if name in self.symbols.live_stats else "stat", (name,), self.symbols.stat_types.get(name, UNKNOWN), span)

    def _static_name(self, node: Name, parts: list[str], context: Context) -> Expr | None:
        prefix, name = parts[0], ".".join(parts[1:])
        symbols = self.symbols
        if prefix == "bonus" and len(parts) == 2:
            symbols.use("bonus", name)
            return Expr("bonus", (name,), "number", node.span)
        tables: dict[str, set[str]] = {
            "talent": set(symbols.talents), "glyph": set(symbols.glyphs), "option": set(symbols.options), "class": set(symbols.class_values),
            "race": {value for race in symbols.races.values() for value in race},
        }  # fmt: skip
        known = tables.get(prefix, set())
        if name not in known:
            # A ruleset read alone has no class yet.
            if prefix in ("talent", "glyph", "option", "class") and "class" not in symbols.sections:
                return Expr(prefix, (name,), "number", node.span)
            self._unknown_name(node, f"there is no {_PREFIX_NAMES[prefix]} `{name}`", known)
            return None
        symbols.use(prefix, name)
        return Expr(prefix, (name,), "number", node.span)

    def _aura_name(self, node: Name, parts: list[str], context: Context) -> Expr | None:
        symbols, prefix, name = self.symbols, parts[0], parts[1]
        facts = symbols.aura_facts.get(name)
        field = ".".join(parts[2:])
        if facts is None:
            same = [f"{prefix}.{other}" + (f".{field}" if field else "") for other, f in symbols.aura_facts.items() if f.prefix == prefix]
            others = [f"{f.prefix}.{other}" + (f".{field}" if field else "") for other, f in symbols.aura_facts.items()]
            hint = suggestion(node.text, same) if suggestion(node.text, same).startswith("did") else suggestion(node.text, others)
            self.problems.error("PT401", node.span, f"there is no aura `{name}`", hint)
            return None
        symbols.use("aura", name)
        if facts.prefix != prefix:
            where = {"buff": "on the player", "debuff": "on an enemy and does not tick", "dot": "on an enemy and ticks"}[facts.prefix]
            self.problems.error("PT403", node.span, f"`{name}` is {where}", f"write `{'.'.join([facts.prefix, *parts[1:]])}`")
        fields = ["up", "down", "remains"] + ["stacks"] * facts.stacks + ["ticks_left", "period", "new_period"] * facts.periodic + ["enemies"] * facts.on_target + ["fresh"] * (not facts.on_target)
        if symbols.auras[name].field("tick_damage") is not None:
            fields += ["tick_damage", "new_tick_damage", "gain"]
        if field in facts.values:
            return Expr("aura_value", (name, field), "number", node.span)
        if field not in fields:
            known = [*fields, *facts.values]
            message = f"the aura `{name}` has no `{field}`" if field else f"say what of the aura `{name}`"
            hint = suggestion(field, known) if field else f"write `{node.text}.up`" if len(parts) == 2 else ""
            self.problems.error("PT404", node.span, message, hint)
            return None
        op, kind = AURA_FIELDS[field]
        expr = typed(op, (name,), kind, node.span)
        return Expr("not", (self.allowed(expr, context),), "bool", node.span) if field == "down" else expr

    def _cooldown_name(self, node: Name, parts: list[str], context: Context) -> Expr | None:
        name, field = parts[1], ".".join(parts[2:])
        if name not in self.symbols.spells:
            self._unknown_name(Name(name, node.span), f"there is no spell `{name}`", self.symbols.spells)
            return None
        self.symbols.use("spell", name)
        if field not in COOLDOWN_FIELDS:
            fix = {"up": "write `cooldown.{}.ready`", "down": "write `not cooldown.{}.ready`"}.get(field, "").format(name)
            message = f"a cooldown has no `{field}`" if field else f"say what of the cooldown of `{name}`"
            self.problems.error("PT404", node.span, message, fix or suggestion(field, COOLDOWN_FIELDS))
            return None
        if self.symbols.spells[name].field("cooldown") is None:
            self.problems.error("PT404", node.span, f"`{name}` has no cooldown", "It is always ready.")
            return None
        op, kind = COOLDOWN_FIELDS[field]
        return typed(op, (name,), kind, node.span)

    def _rune_name(self, node: Name, parts: list[str], context: Context) -> Expr | None:
        kinds, count = self.symbols.rune_kinds, self.symbols.rune_count
        pairs: dict[str, tuple[str, tuple[int, ...], str]] = {"runes.wild": ("runes_wild", (), "number")}
        for index, kind in enumerate(kinds):
            pairs[f"runes.{kind}"] = ("runes_ready", (index,), "number")
            pairs[f"runes.{kind}.remains"] = ("runes_wait", (index,), "time")
            pairs[f"runes.{kind}.grace"] = ("runes_grace", (index,), "time")
            for number in range(count):
                for field, (op, type_) in {"ready": ("rune_ready", "bool"), "wild": ("rune_wild", "bool"), "remains": ("rune_wait", "time")}.items():
                    pairs[f"rune.{kind}_{number + 1}.{field}"] = (op, (index * count + number,), type_)
        if node.text not in pairs:
            self._unknown_name(node, f"there is no `{node.text}`", pairs, code="PT404")
            return None
        op, args, kind = pairs[node.text]
        return typed(op, args, kind, node.span)

    def _switch_name(self, node: Name, parts: list[str], context: Context) -> Expr | None:
        name = ".".join(parts[1:])
        if name not in self.symbols.switches:
            self._unknown_name(node, f"there is no switch `{name}`", self.symbols.switches)
            return None
        return Expr("switch", (name,), "bool", node.span)

    def _icd_name(self, node: Name, parts: list[str], context: Context) -> Expr | None:
        known = {f"icd.{name}.{field}": (op.replace("cooldown", "icd"), kind) for name in self.symbols.icds for field, (op, kind) in COOLDOWN_FIELDS.items()}
        if node.text not in known:
            self._unknown_name(node, f"there is no `{node.text}`", known, code="PT404")
            return None
        op, kind = known[node.text]
        return typed(op, (parts[1],), kind, node.span)

    def _weapon_name(self, node: Name, parts: list[str], context: Context) -> Expr | None:
        known = [f"weapon.{slot}.{field}" for slot in WEAPON_SLOTS for field in (*WEAPON_VALUES, *WEAPON_KINDS)]
        if node.text not in known:
            self._unknown_name(node, f"there is no `{node.text}`", known, code="PT404")
            return None
        return typed("weapon", (parts[1], parts[2]), WEAPON_VALUES.get(parts[2], "number"), node.span)

    def _spell_name(self, node: Name, parts: list[str], context: Context) -> Expr | None:
        name, field = parts[0], ".".join(parts[1:])
        self.symbols.use("spell", name)
        if field not in SPELL_FIELDS:
            self.problems.error("PT404", node.span, f"the spell `{name}` has no `{field}`", suggestion(field, SPELL_FIELDS))
            return None
        if field in ("damage_factor", "crit_chance") and self.symbols.spells[name].field("school") is None:
            self.problems.error("PT404", node.span, f"`{name}` does no damage", "Give it a `school`.")
            return None
        needs = {"travel_time": ("missile", "has no missile", "Give it `missile SPEED`."), "channelling": ("channel", "is not channelled", "Give it `channel AURA`."),
                 "swing_remains": ("swing", "is no auto-attack", "Give it `swing TIME`.")}.get(field)
        if needs and self.symbols.spells[name].field(needs[0]) is None:
            self.problems.error("PT404", node.span, f"`{name}` {needs[1]}", needs[2])
            return None
        if field == "charges" and self.symbols.spells[name].field("charges") is None:
            self.problems.error("PT404", node.span, f"`{name}` has no charges", f"write `cooldown.{name}.ready`" if self.symbols.spells[name].field("cooldown") else "Give it `cooldown TIME` and `charges N`.")
            return None
        if field == "uses_left" and self.symbols.spells[name].field("uses") is None:
            self.problems.error("PT404", node.span, f"`{name}` can be used without limit", "Give it `uses N`.")
            return None
        op, kind = SPELL_FIELDS[field]
        return typed(op, (name,), kind, node.span)

    def _owner_name(self, node: Name, parts: list[str], context: Context) -> Expr | None:
        name = ".".join(parts[1:])
        if not context.pet:
            self.problems.error("PT405", node.span, "`owner` is known only inside a pet", f"write `{name}`")
        if name not in self.symbols.stats or "." in name:
            self._unknown_name(Name(name, node.span), f"the owner has no statistic `{name}`", [stat for stat in self.symbols.stats if "." not in stat])
            return None
        return self._stat(name, node.span)

    def _other_name(self, node: Name, parts: list[str], context: Context) -> Expr | None:
        head = parts[0]
        if head in self.symbols.pets and node.text in self.symbols.stats:
            return self._stat(node.text, node.span)
        if head in self.symbols.pets and ".".join(parts[1:]) in PET_FIELDS:
            self.symbols.use("pet", head)
            return Expr(PET_FIELDS[parts[1]], (head,), "bool", node.span)
        facts = self.symbols.aura_facts.get(head)
        if facts is not None:
            self.problems.error("PT403", node.span, f"`{head}` is an aura", f"write `{facts.prefix}.{node.text}`")
            return self._aura_name(node, [facts.prefix, *parts], context)
        if head in ("fight", "target", "spell", "gcd", "channel", "movement", "adds", "vulnerable"):
            known = [name for name in (*PLAIN_NAMES, *EVENT_NAMES) if name.startswith(head + ".")]
            inside = next((name for name in known if node.text.startswith(name + ".")), "")
            if inside:
                self.problems.error("PT404", node.span, f"there is no `{node.text}`", f"write `{inside}`")
                return None
            self._unknown_name(node, f"there is no `{node.text}`", known, code="PT404")
            return None
        heads = [*STATIC_PREFIXES, "weapon", "buff", "debuff", "dot", "cooldown", "fight", "target", *self.symbols.spells]
        self.problems.error("PT401", node.span, f"there is no `{head}` to ask", suggestion(head, heads, "names begin with talent, buff, dot, cooldown, ..."))
        return None


def typed(op: str, args: tuple[Any, ...], kind: str, span: Span) -> Expr:
    """An expression of a type of the model, or of `UNKNOWN` while a spec with errors is read on."""
    return Expr(op, args, cast(ValueType, kind), span)


def unknown(span: Span) -> Expr:
    """What stands for an expression with an error."""
    return typed("number", (0,), UNKNOWN, span)
