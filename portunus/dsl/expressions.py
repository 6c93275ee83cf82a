"""Expressions: names found, types and units checked, units reduced; then only `Expr` nodes of the model are left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, cast

from portunus.dsl.diagnostics import Edit, Problems, suggestion
from portunus.dsl.model import OUTCOMES, WEAPON_KINDS, WEAPON_SLOTS, WEAPON_VALUES, Expr, Span, ValueType
from portunus.dsl.records import dataclass
from portunus.dsl.symbols import AURA_FIELDS, Symbols, unit_hint
from portunus.dsl.syntax import Binary, Call, Name, Node, Number, Text, Unary
from portunus.units import UNITS, convert, meant_unit

UNKNOWN = "unknown"  # the type after an error: agrees with everything, so that one mistake gives one message
TYPE_NAMES = {
    "number": "a number", "time": "a time", "bool": "a condition", "distance": "a distance", "speed": "a speed", "range": "a rolled amount", UNKNOWN: "something",
}  # fmt: skip
OPERATORS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne", "and": "and", "or": "or"}
FUNCTIONS = {
    "min": "min(a, b): the smaller", "max": "max(a, b): the larger", "sqrt": "sqrt(x): the square root",
    "floor": "floor(x): the largest whole number that is not above",
    "choose": "choose(condition, then, otherwise)", "pick": "pick(index, value for 0, value for 1, ...)",
    "by_level": "by_level(equal, +1, +2, +3): by the enemy's level above the player's",
}  # fmt: skip
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


class Expressions:
    """Resolves syntax nodes to typed expressions against the names of a spec."""

    def __init__(self, symbols: Symbols, problems: Problems) -> None:
        self.symbols, self.problems = symbols, problems

    def resolve(self, node: Node, context: Context, types: str, what: str) -> Expr:
        """The typed expression of a node.

        Args:
            node: The syntax node.
            context: Where it stands.
            types: The types that fit, separated by spaces; "" = any but a range.
            what: How messages call the place, such as "`cast`".
        """
        expr = self._node(node, context)
        allowed = types.split()
        if context.rolls:
            allowed.append("range")
        if expr.type == UNKNOWN or expr.type in allowed or (not types and expr.type != "range"):
            return expr
        if expr.type == "range":
            self.problems.error("PT505", node.span, f"{what} cannot be a rolled amount", "A range `a..b` stands in `damage` and `gain` only.")
        else:
            self.problems.error("PT502", node.span, f"{what} needs {' or '.join(TYPE_NAMES[t] for t in allowed)}, found {TYPE_NAMES[expr.type]}", _mend(node, expr, allowed))
        if types == "bool" and expr.op in ("talent", "glyph", "option"):
            return Expr("ge", (expr, Expr("number", (1.0,), "number", expr.span)), "bool", expr.span)
        return typed(expr.op, expr.args, UNKNOWN, expr.span)

    def _node(self, node: Node, context: Context) -> Expr:
        if isinstance(node, Number):
            return self._number(node)
        if isinstance(node, Name):
            return self._name(node, context)
        if isinstance(node, Unary):
            return self._unary(node, context)
        if isinstance(node, Call):
            return self._call(node, context)
        if isinstance(node, Text):
            self.problems.error("PT502", node.span, "a text cannot be part of an expression")
            return _unknown(node.span)
        return self._range(node, context) if node.op == ".." else self._binary(node, context)

    def _number(self, node: Number) -> Expr:
        if node.unit not in UNITS:
            self.problems.error("PT014", node.span, f"there is no unit `{node.unit}`", unit_hint(node))
            meant = meant_unit(node.unit)
            if meant is None:
                return _unknown(node.span)
            node = Number(node.digits, meant, node.span)
        return typed("number", (convert(node.digits, node.unit),), UNITS[node.unit].type, node.span)

    def _unary(self, node: Unary, context: Context) -> Expr:
        operand = self._node(node.operand, context)
        if operand.type == UNKNOWN:
            return operand
        if node.op == "not":
            if operand.type != "bool":
                return self._wrong("`not` needs a condition", node.operand, operand, ["bool"])
            return Expr("not", (operand,), "bool", node.span)
        if operand.type == "bool":
            return self._wrong("`-` needs a number", node.operand, operand, ["number"])
        return Expr("neg", (operand,), operand.type, node.span)

    def _wrong(self, message: str, node: Node, expr: Expr, wanted: list[str]) -> Expr:
        self.problems.error("PT501", node.span, f"{message}, found {TYPE_NAMES[expr.type]}", _mend(node, expr, wanted))
        return _unknown(node.span)

    def _range(self, node: Binary, context: Context) -> Expr:
        low, high = self._node(node.left, context), self._node(node.right, context)
        for bound, part in ((low, node.left), (high, node.right)):
            if bound.type not in ("number", UNKNOWN):
                return self._wrong("the bounds of a range are numbers", part, bound, ["number"])
        if low.op == high.op == "number" and low.type == high.type == "number" and low.args[0] > high.args[0]:
            swapped = f"{node.right.digits}{node.right.unit}..{node.left.digits}{node.left.unit}" if isinstance(node.left, Number) and isinstance(node.right, Number) else ""
            self.problems.error("PT308", node.span, "the first bound of a range is above the second", f"write `{swapped}`" if swapped else "Swap them.")
        return Expr("range", (low, high), "range", node.span)

    def _binary(self, node: Binary, context: Context) -> Expr:
        # A long chain leans to the left: walk down it in a loop.
        chain: list[Binary] = []
        left_node: Node = node
        while isinstance(left_node, Binary) and left_node.op != "..":
            chain.append(left_node)
            left_node = left_node.left
        phase = len(chain) > 0 and chain[-1].op in ("<", "<=", ">", ">=")
        left = self._operand(left_node, context, phase)
        for part in reversed(chain):
            comparison = part.op in ("<", "<=", ">", ">=")
            right = self._operand(part.right, context, comparison)
            left = self._combine(part, left, left_node, right)
            left_node = part
        return left

    def _operand(self, node: Node, context: Context, compared: bool) -> Expr:
        if isinstance(node, Name) and node.text == "target.health" and compared:
            return self._static(Expr("target_phase", (), "number", node.span), context)
        return self._node(node, context)

    def _combine(self, node: Binary, left: Expr, left_node: Node, right: Expr) -> Expr:
        op = OPERATORS.get(node.op, "")
        a, b = left.type, right.type
        if UNKNOWN in (a, b):
            return typed("number", (0,), "bool" if op in ("and", "or", "lt", "le", "gt", "ge", "eq", "ne") and UNKNOWN not in (a, b) else UNKNOWN, node.span)
        if op in ("and", "or"):
            for operand, part in ((left, left_node), (right, node.right)):
                if operand.type != "bool":
                    return self._wrong(f"`{node.op}` needs a condition on both sides", part, operand, ["bool"])
            return Expr(op, (left, right), "bool", node.span)
        if op in ("lt", "le", "gt", "ge", "eq", "ne"):
            return self._compare(node, op, left, left_node, right)
        result = _arithmetic(op, a, b)
        if op == "div" and right.op == "number" and right.args[0] == 0:
            self.problems.error("PT308", node.right.span, "a division by zero")
            return _unknown(node.span)
        if not result:
            if "bool" in (a, b):
                operand, part = (left, left_node) if a == "bool" else (right, node.right)
                return self._wrong(f"`{node.op}` needs numbers", part, operand, ["number"])
            verb = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide"}[op]
            pair = {"add": f"{TYPE_NAMES[a]} and {TYPE_NAMES[b]}", "sub": f"{TYPE_NAMES[b]} from {TYPE_NAMES[a]}"}.get(op, f"{TYPE_NAMES[a]} by {TYPE_NAMES[b]}")
            self._disagree(node, left, left_node, right, f"cannot {verb} {pair}")
            return _unknown(node.span)
        return typed(op, (left, right), result, node.span)

    def _compare(self, node: Binary, op: str, left: Expr, left_node: Node, right: Expr) -> Expr:
        a, b = left.type, right.type
        if a == "bool" and isinstance(left_node, Binary) and left_node.op in OPERATORS and op not in ("eq", "ne"):
            middle = left_node.right.span
            source = self.problems.sources.get(middle.path)
            text = source.line(middle.line)[middle.column - 1 :][: middle.length] if source else "b"
            after = Span(middle.path, middle.line, middle.column + middle.length, 0)
            self.problems.error("PT506", node.span, "comparisons do not chain", f"write `... {text} and {text} ...`", repair=(Edit(after, f" and {text}"),))
            if left.args[1].type != b:
                return _unknown(node.span)
            return Expr("and", (left, Expr(op, (left.args[1], right), "bool", node.span)), "bool", node.span)
        if a != b or a == "range" or (a == "bool" and op not in ("eq", "ne")):
            self._disagree(node, left, left_node, right, f"cannot compare {TYPE_NAMES[a]} with {TYPE_NAMES[b]}")
            return _unknown(node.span)
        for one, other, part in ((left, right, node.right), (right, left, left_node)):
            percent = isinstance(part, Number) and part.unit == "%"
            if one.op == "target_phase" and (other.op != "number" or not 0 <= other.args[0] <= 1):
                hint = f"write `{part.digits}%`" if isinstance(part, Number) and part.unit == "" else "It is compared with a number such as `35%`."
                self.problems.error("PT405", part.span, "`target.health` is compared with a percentage", hint)
            elif one.op == "resource" and percent:
                whole = f"max_{one.args[0]}"
                self.problems.error("PT501", part.span, f"`{one.args[0]}` is an amount, and this is a part of nothing", f"write `{part.digits}% * {whole}`")  # type: ignore[union-attr]
        return Expr(op, (left, right), "bool", node.span)

    def _disagree(self, node: Binary, left: Expr, left_node: Node, right: Expr, message: str) -> None:
        """Report two operands that do not go together, at the one that can be mended if there is one."""
        ways = [(_mend(node.right, right, [left.type]), node.right), (_mend(left_node, left, [right.type]), left_node)]
        exact = next(((hint, part.span) for hint, part in ways if hint.startswith("write")), None)
        hint, place = exact or (ways[0][0] or ways[1][0], node.span)
        self.problems.error("PT501", place, message, hint)

    def _call(self, node: Call, context: Context) -> Expr:
        if node.function not in FUNCTIONS:
            self.problems.error("PT504", replace(node.span, length=len(node.function)), f"there is no function `{node.function[:80]}`", suggestion(node.function, FUNCTIONS))
            for argument in node.arguments:
                self._node(argument, context)
            return _unknown(node.span)
        arguments = [self._node(argument, context) for argument in node.arguments]
        low, high = {"min": (2, 16), "max": (2, 16), "sqrt": (1, 1), "floor": (1, 1), "choose": (3, 3), "pick": (2, 17), "by_level": (4, 4)}[node.function]
        if not low <= len(arguments) <= high:
            count = f"{low}" if low == high else f"{low} to {high}"
            self.problems.error("PT503", node.span, f"`{node.function}` takes {count} arguments, found {len(arguments)}", FUNCTIONS[node.function])
            return _unknown(node.span)
        if any(argument.type == UNKNOWN for argument in arguments):
            return _unknown(node.span)
        values, nodes = arguments, list(node.arguments)
        if node.function in ("choose", "pick"):
            wanted = "bool" if node.function == "choose" else "number"
            if arguments[0].type != wanted:
                return self._wrong(f"the first argument of `{node.function}` is {TYPE_NAMES[wanted]}", nodes[0], arguments[0], [wanted])
            values, nodes = arguments[1:], nodes[1:]
        for value, part in zip(values, nodes, strict=True):
            if value.type != values[0].type or (value.type in ("range", "bool") and node.function not in ("choose", "pick")) or value.type == "range":
                return self._wrong(f"the values of `{node.function}` are of one kind, {TYPE_NAMES[values[0].type]}", part, value, [values[0].type])
        if node.function in ("sqrt", "floor") and values[0].type != "number":
            return self._wrong(f"`{node.function}` needs a number", nodes[0], values[0], ["number"])
        kind = values[0].type
        if node.function in ("min", "max"):
            folded = arguments[0]
            for other in arguments[1:]:
                folded = Expr(node.function, (folded, other), kind, node.span)
            return folded
        return Expr(node.function, tuple(arguments), kind, node.span)

    # ---- names -------------------------------------------------------------------------------------------------------------------

    def _static(self, expr: Expr, context: Context) -> Expr:
        if context.static and expr.op in STATE_OPERATIONS:
            self.problems.error("PT507", expr.span, f"{context.static} is fixed before a fight and cannot depend on its state", "Talents, glyphs, options and statistics may stand here.")
            return typed(expr.op, expr.args, UNKNOWN, expr.span)
        return expr

    def _name(self, node: Name, context: Context) -> Expr:
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
        return self._static(found, context) if found is not None else _unknown(node.span)

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
        return Expr("not", (self._static(expr, context),), "bool", node.span) if field == "down" else expr

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


_PREFIX_NAMES = {"talent": "talent", "glyph": "glyph", "option": "option", "class": "class value", "race": "racial value", "bonus": "bonus"}


def typed(op: str, args: tuple[Any, ...], kind: str, span: Span) -> Expr:
    """An expression of a type of the model, or of `UNKNOWN` while a spec with errors is read on."""
    return Expr(op, args, cast(ValueType, kind), span)


def _unknown(span: Span) -> Expr:
    return typed("number", (0,), UNKNOWN, span)


def _arithmetic(op: str, a: str, b: str) -> str:
    """The type of `a op b`, "" where it means nothing."""
    if "bool" in (a, b):
        return ""
    if op in ("add", "sub"):
        if {a, b} <= {"number", "range"}:
            return "range" if "range" in (a, b) else "number"
        return a if a == b else ""
    if op == "mul":
        if "number" in (a, b):
            return b if a == "number" else a
        return "distance" if {a, b} == {"speed", "time"} else ""
    if b == "number":
        return a
    if a == b and a != "range":
        return "number"
    return "time" if (a, b) == ("distance", "speed") else ""


def _mend(node: Node, expr: Expr, wanted: list[str]) -> str:
    """A way to make an expression of one of the wanted types, "" if none is obvious."""
    if "bool" in wanted and expr.op in ("talent", "glyph", "option"):
        return f"write `{expr.op}.{expr.args[0]} >= 1`"
    if isinstance(node, Number) and node.unit in ("", "%"):
        for kind, unit in (("time", "s"), ("distance", "yd"), ("speed", "yd/s")):
            if kind in wanted:
                return f"write `{node.digits}{unit}`"
    if isinstance(node, Number) and "number" in wanted and expr.type == "time":
        return f"write `{node.digits}`, a plain number"
    if isinstance(node, Number) and "speed" in wanted and expr.type == "distance":
        return f"write `{node.digits}yd/s`"
    if "number" in wanted and expr.type == "time":
        return "Divide it by a time, such as `1s`, to get a number."
    return ""
