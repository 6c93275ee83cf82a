"""What is defined: every name of a ruleset, class and spec with its kind, before any expression is read."""

from __future__ import annotations

from dataclasses import field, replace

from portunus.dsl import limits
from portunus.dsl.diagnostics import Problems, suggestion
from portunus.dsl.model import Span
from portunus.dsl.records import dataclass
from portunus.dsl.split import Field, split_block
from portunus.dsl.syntax import Branches, Entry, Name, Number, Unary
from portunus.units import UNITS, convert, meant_unit, show_time

# Words with a meaning of their own in expressions; nothing else may be called so.
RESERVED = (
    "talent", "glyph", "option", "class", "race", "bonus", "buff", "debuff", "dot", "cooldown", "fight", "target", "spell", "owner", "enemies",
    "damage", "crit", "landed", "missed", "dodged", "parried", "glanced", "blocked", "primary", "weapon", "runes", "rune", "switch", "icd", "stacks", "index", "none", "if", "else", "and", "or", "not",
)  # fmt: skip


# field -> (operation, type) after buff.AURA, debuff.AURA, dot.AURA
AURA_FIELDS = {
    "up": ("aura_up", "bool"), "down": ("aura_up", "bool"), "remains": ("aura_remains", "time"), "stacks": ("aura_stacks", "number"),
    "enemies": ("aura_enemies", "number"), "ticks_left": ("aura_ticks_left", "number"), "fresh": ("aura_fresh", "bool"),
    "period": ("aura_period", "time"), "new_period": ("aura_new_period", "time"), "tick_damage": ("aura_tick_damage", "number"),
    "new_tick_damage": ("aura_new_tick_damage", "number"), "gain": ("aura_gain", "number"),
}  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """A named block: a spell, aura, pet, rotation or section, with its fields still unread.

    `broken`: something in it could not be read, so that what seems missing may only be misspelt.
    """

    name: str
    label: str
    fields: tuple[Field, ...]
    span: Span
    pet: str = ""
    broken: bool = False
    last_line: int = 0

    def field(self, word: str) -> Field | None:
        """The first field of a keyword, or None."""
        return next((item for item in self.fields if item.keyword.word == word), None)

    def all(self, word: str) -> list[Field]:
        """All fields of a keyword, in order."""
        return [item for item in self.fields if item.keyword.word == word]


@dataclass(frozen=True)
class AuraFacts:
    """What other parts of a spec must know of an aura to speak of it."""

    on_target: bool
    periodic: bool
    stacks: bool
    values: tuple[str, ...]

    @property
    def prefix(self) -> str:
        """How expressions call it: buff (on the player), dot (ticks on an enemy), debuff (other)."""
        return "buff" if not self.on_target else "dot" if self.periodic else "debuff"


@dataclass
class StatParts:
    """A statistic while it is collected: its formula and what is added and multiplied."""

    name: str
    pet: str
    formula: Field
    open: bool
    adds: list[Field] = field(default_factory=list)
    factors: list[Field] = field(default_factory=list)
    changes: list[tuple[str, Field]] = field(default_factory=list)  # (aura, its `add` or `multiply` line)


@dataclass
class Symbols:
    """All names of one specialisation."""

    sections: dict[str, Definition] = field(default_factory=dict)
    stats: dict[str, StatParts] = field(default_factory=dict)
    stat_types: dict[str, str] = field(default_factory=dict)
    class_values: dict[str, float] = field(default_factory=dict)
    races: dict[str, dict[str, float]] = field(default_factory=dict)
    trees: dict[str, dict[str, int]] = field(default_factory=dict)
    talents: dict[str, int] = field(default_factory=dict)
    glyphs: dict[str, int] = field(default_factory=dict)
    options: dict[str, float] = field(default_factory=dict)
    option_limits: dict[str, float] = field(default_factory=dict)
    switches: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Definition] = field(default_factory=dict)
    spells: dict[str, Definition] = field(default_factory=dict)
    auras: dict[str, Definition] = field(default_factory=dict)
    aura_facts: dict[str, AuraFacts] = field(default_factory=dict)
    tables: dict[str, Definition] = field(default_factory=dict)
    live_stats: set[str] = field(default_factory=set)
    runes: Field | None = None
    rune_kinds: tuple[str, ...] = ()
    rune_count: int = 0
    groups: dict[str, Field] = field(default_factory=dict)
    icds: dict[str, Field] = field(default_factory=dict)
    pets: dict[str, Definition] = field(default_factory=dict)
    rotations: dict[str, Definition] = field(default_factory=dict)
    in_order: list[tuple[str, Field]] = field(default_factory=list)  # (section kind, field) of modify, on, property
    places: dict[tuple[str, str], Span] = field(default_factory=dict)  # (kind, name) -> definition
    used: set[tuple[str, str]] = field(default_factory=set)

    @property
    def live_armor(self) -> bool:
        """An aura changes the enemies' armour."""
        return any(part.keyword.word == "modify" and part.name("kind") == "armor" for aura in self.auras.values() for part in aura.fields)

    def use(self, kind: str, name: str) -> None:
        """Note that a definition is used."""
        self.used.add((kind, name))


def literal(node: object, problems: Problems, *, what: str, low: float = -1e18, high: float = 1e18, whole: bool = False, unit: str = "number") -> float:
    """The value of a literal number.

    Args:
        node: The syntax node.
        problems: Takes the findings.
        what: How messages call it.
        low: Smallest value allowed.
        high: Largest value allowed.
        whole: Only whole numbers.
        unit: The type its unit must have.

    Returns:
        The value inside (see `units.convert`); `low` clipped to 0 where the node is no such literal.
    """
    sign = 1
    span = node.span  # type: ignore[attr-defined]
    if isinstance(node, Unary) and node.op == "neg":
        sign, node = -1, node.operand
    if not isinstance(node, Number) or node.unit not in UNITS or UNITS[node.unit].type != unit:
        kind = {"number": "a whole number" if whole else "a number", "time": "a time such as `1.5s`", "distance": "a distance such as `20yd`"}[unit]
        if isinstance(node, Number) and node.unit not in UNITS:
            problems.error("PT014", span, f"there is no unit `{node.unit}`", unit_hint(node))
            meant = meant_unit(node.unit)
            if meant is not None:
                return literal(Number(("-" if sign < 0 else "") + node.digits, meant, node.span), problems, what=what, low=low, high=high, whole=whole, unit=unit)
        else:
            problems.error("PT502", span, f"{what} must be {kind} written out", "")
        return max(low, 0)
    value = sign * convert(node.digits, node.unit)
    if whole and value != int(value):
        problems.error("PT308", span, f"{what} must be a whole number")
    elif not low <= value <= high:
        shown = (show_time(int(low)), show_time(int(high))) if unit == "time" else (f"{low:.15g}", f"{high:.15g}")
        problems.error("PT308", span, f"{what} must lie between {shown[0]} and {shown[1]}")
    return int(value) if whole else value


def unit_hint(node: Number) -> str:
    """What to write instead of an unknown unit."""
    meant = meant_unit(node.unit)
    return f"write `{node.digits}{meant}`" if meant else suggestion(node.unit, [name for name in UNITS if name])


def collect(files: list[tuple[Entry, ...]], problems: Problems) -> Symbols:
    """All definitions of the files, dependencies first.

    Args:
        files: The entries of each file.
        problems: Takes the findings.
    """
    symbols = Symbols()
    collector = _Collector(symbols, problems)
    for entries in files:
        for item in split_block(entries, "file", problems):
            if isinstance(item, Field) and item.keyword.word != "use":
                collector.section(item)
    collector.finish()
    return symbols


class _Collector:
    def __init__(self, symbols: Symbols, problems: Problems) -> None:
        self.symbols, self.problems = symbols, problems
        self.aura_pets: list[Name] = []
        self.additions: list[tuple[str, Field]] = []  # (the aura around it or "", the line)

    def _define(self, kind: str, name: str, span: Span) -> bool:
        """Enter a name; False (and an error) if it is taken."""
        space = "action" if kind in ("spell", "aura", "group", "pet") else kind
        if (kind in ("stat", "resource", "pet", "spell", "aura", "group") and name in RESERVED) or (kind == "stat" and name in self._resource_words()):
            self.problems.error("PT304", span, f"`{name}` has a meaning of its own and cannot be a name")
            return False
        first = self.symbols.places.get((space, name))
        if first is not None:
            where = f"line {first.line}" + (f" of {first.path}" if first.path != span.path else "")
            self.problems.lost_files = True
            self.problems.error("PT304", span, f"`{name}` is defined twice", f"The first is on {where}. Spells, auras, groups and pets share one set of names.")
            return False
        self.symbols.places[(space, name)] = span
        return True

    def _resource_words(self) -> set[str]:
        return {prefix + name for name in self.symbols.resources for prefix in ("", "max_", "base_")}

    def _named(self, item: Field, kind: str, *, pet: str = "") -> Definition:
        entries = item.block.entries if item.block is not None else ()
        fields = tuple(part for part in split_block(entries, kind, self.problems) if isinstance(part, Field))
        node = item.arguments["name"]
        label = item.name("label") or node.text.replace("_", " ").capitalize()
        broken = item.block is None or self.problems.error_between(node.span, item.block.last_line)
        return Definition(node.text, label, fields, node.span, pet, broken, item.block.last_line if item.block is not None else node.span.line)

    def section(self, item: Field) -> None:
        kind = item.keyword.word
        if kind in self.symbols.sections:
            first = self.symbols.sections[kind].span
            self.problems.error("PT311", item.span, f"a second {kind}", f"The first is on line {first.line} of {first.path}.")
            return
        definition = self._named(item, kind)
        self.symbols.sections[kind] = definition
        for part in definition.fields:
            method = getattr(self, f"_{part.keyword.word}", None)
            if method is not None:
                method(part, kind)

    def _stat(self, item: Field, kind: str, *, pet: str = "", open_: bool = True) -> None:
        node = item.arguments["name"]
        name = f"{pet}.{node.text}" if pet else node.text
        if self._define("stat", name, node.span):
            self.symbols.stats[name] = StatParts(name, pet, item, open_)

    def _let(self, item: Field, kind: str, *, pet: str = "") -> None:
        self._stat(item, kind, pet=pet, open_=False)

    def _add(self, item: Field, kind: str) -> None:
        self.additions.append(("", item))

    _multiply = _add

    def _in_order(self, item: Field, kind: str) -> None:
        self.symbols.in_order.append((kind, item))

    _modify = _on = _property = _in_order

    def _value(self, item: Field, kind: str) -> None:
        node = item.arguments["name"]
        if self._define("value", node.text, node.span):
            self.symbols.class_values[node.text] = literal(item.get("amount"), self.problems, what=f"the class value `{node.text}`")

    def _values(self, item: Field, what: str, *, whole: bool = False, low: float = -1e6, high: float = 1e6) -> dict[str, float]:
        entries = item.block.entries if item.block is not None else ()
        result: dict[str, float] = {}
        for part in split_block(entries, "values", self.problems):
            if isinstance(part, Branches):
                continue
            if part.word in result:
                self.problems.error("PT304", part.span, f"`{part.word}` is given twice")
            result[part.word] = literal(part.get("amount"), self.problems, what=f"{what} `{part.word}`", whole=whole, low=low, high=high)
        return result

    def _race(self, item: Field, kind: str) -> None:
        node = item.arguments["name"]
        if self._define("race", node.text, node.span):
            self.symbols.races[node.text] = self._values(item, "the racial value")

    def _talents(self, item: Field, kind: str) -> None:
        node = item.arguments["name"]
        if not self._define("tree", node.text, node.span):
            return
        tree = {name: int(rank) for name, rank in self._values(item, "the ranks of", whole=True, low=1, high=9).items()}
        for name in tree:
            if name in self.symbols.talents:
                self.problems.error("PT304", node.span, f"the talent `{name}` is in two trees")
        self.symbols.trees[node.text] = tree
        self.symbols.talents.update(tree)

    def _glyph(self, item: Field, kind: str) -> None:
        node = item.arguments["name"]
        if self._define("glyph", node.text, node.span):
            self.symbols.glyphs[node.text] = int(literal(item.get("item"), self.problems, what="an item id", low=1, high=1e9, whole=True))

    def _option(self, item: Field, kind: str) -> None:
        node = item.arguments["name"]
        if self._define("option", node.text, node.span):
            most = item.get("most")
            largest = literal(most, self.problems, what="`up_to`", low=0) if most is not None else None
            self.symbols.options[node.text] = literal(item.get("default"), self.problems, what="a default", low=0, high=limits.OPTION_VALUE if largest is None else largest)
            self.symbols.option_limits[node.text] = limits.OPTION_VALUE if largest is None else largest

    def _switch(self, item: Field, kind: str) -> None:
        node = item.arguments["name"]
        if self._define("switch", node.text, node.span):
            self.symbols.switches[node.text] = item.name("meaning")

    def _resource(self, item: Field, kind: str) -> None:
        if kind in ("class", "spec") and item.block is None:
            return
        definition = self._named(item, "resource")
        if self._define("resource", definition.name, definition.span):
            self.symbols.resources[definition.name] = definition

    def _runes(self, item: Field, kind: str) -> None:
        names = []
        for node in item.get("kinds"):
            if self._define("resource", node.text, node.span):
                names.append(node.text)
        self.symbols.runes, self.symbols.rune_kinds = item, tuple(names)
        self.symbols.rune_count = int(literal(item.get("count"), self.problems, what="`each`", low=1, high=8, whole=True))

    def _pet_resource(self, item: Field, pet: str) -> None:
        definition = replace(self._named(item, "resource"), pet=pet)
        if self._define("resource", definition.name, definition.span):
            self.symbols.resources[definition.name] = definition

    def _attack_table(self, item: Field, kind: str, *, pet: str = "") -> None:
        definition = replace(self._named(item, "attack_table"), pet=pet)
        if self._define("table", definition.name, definition.span):
            self.symbols.tables[definition.name] = definition

    def _icd(self, item: Field, kind: str) -> None:
        node = item.arguments["name"]
        if self._define("icd", node.text, node.span):
            self.symbols.icds[node.text] = item

    def _group(self, item: Field, kind: str) -> None:
        node = item.arguments["name"]
        if self._define("group", node.text, node.span):
            self.symbols.groups[node.text] = item

    def _spell(self, item: Field, kind: str, *, pet: str = "") -> None:
        definition = self._named(item, "spell", pet=pet)
        if len(self.symbols.spells) >= limits.SPELLS:
            self.problems.error("PT012", definition.span, f"more than {limits.SPELLS} spells")
        elif self._define("spell", definition.name, definition.span):
            self.symbols.spells[definition.name] = definition

    def _aura(self, item: Field, kind: str) -> None:
        definition = self._named(item, "aura")
        place, pet = item.get("place"), item.get("pet")
        if pet is not None:
            self.aura_pets.append(pet)
            definition = replace(definition, pet=pet.text)
        if place is not None and place.text != "target":
            self.problems.error("PT402", place.span, f"an aura cannot be on `{place.text}`", "write `target`, or leave `on ...` out for the player")
        if len(self.symbols.auras) >= limits.AURAS:
            self.problems.error("PT012", definition.span, f"more than {limits.AURAS} auras")
        elif self._define("aura", definition.name, definition.span):
            values = definition.field("values")
            nodes = values.get("names") if values is not None else ()
            for node in nodes:
                if node.text in AURA_FIELDS:
                    self.problems.error("PT304", node.span, f"`{node.text}` has a meaning of its own and cannot be a value", "Choose another name.")
            names = tuple(dict.fromkeys(node.text for node in nodes))
            self.symbols.auras[definition.name] = definition
            self.symbols.aura_facts[definition.name] = AuraFacts(
                place is not None, definition.field("ticks") is not None, definition.field("stacks") is not None, names
            )
            for part in definition.fields:
                if part.keyword.word in ("add", "multiply"):
                    if place is not None:
                        self.problems.error("PT402", part.span, "an aura on an enemy changes no statistic of the player", "Use `modify`, or an aura on the player.")
                    self.additions.append((definition.name, part))

    def _pet(self, item: Field, kind: str) -> None:
        definition = self._named(item, "pet")
        if not self._define("pet", definition.name, definition.span):
            return
        self.symbols.pets[definition.name] = definition
        for part in definition.fields:
            if part.keyword.word == "stat":
                self._stat(part, kind, pet=definition.name)
            elif part.keyword.word == "let":
                self._let(part, kind, pet=definition.name)
            elif part.keyword.word == "spell":
                self._spell(part, kind, pet=definition.name)
            elif part.keyword.word == "attack_table":
                self._attack_table(part, kind, pet=definition.name)
            elif part.keyword.word == "resource":
                self._pet_resource(part, definition.name)

    def _rotation(self, item: Field, kind: str) -> None:
        definition = self._named(item, "rotation")
        if self._define("rotation", definition.name, definition.span):
            self.symbols.rotations[definition.name] = definition

    def finish(self) -> None:
        """Hand `add` and `multiply` to their statistics, which may be defined in any file."""
        for node in self.aura_pets:
            if node.text not in self.symbols.pets:
                self.problems.error("PT401", node.span, f"there is no pet `{node.text}`", suggestion(node.text, self.symbols.pets))
        for aura, item in self.additions:
            node = item.arguments["stat"]
            parts = self.symbols.stats.get(node.text)
            if parts is None:
                self.problems.error("PT401", node.span, f"there is no statistic `{node.text}`", suggestion(node.text, self.symbols.stats))
            elif not parts.open:
                self.problems.error("PT312", node.span, f"`{node.text}` is fixed by `let`", "Define it with `stat` to let others add to it.")
            elif aura:
                parts.changes.append((aura, item))
            else:
                (parts.adds if item.keyword.word == "add" else parts.factors).append(item)


