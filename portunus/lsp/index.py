"""Who defines and who mentions what: every name of a file with its place, found by walking the table of keywords."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from portunus.dsl.diagnostics import Problems
from portunus.dsl.keywords import BLOCKS, CHOICES, Keyword, Part
from portunus.dsl.model import Span
from portunus.dsl.split import Field, split_block
from portunus.dsl.syntax import Binary, Branches, Call, Entry, Name, Node, Text, Unary

# Sets of names: which words define names of which set; a word that is not listed has a set of its own.
SPACES = {"spell": "action", "aura": "action", "group": "action", "pet": "action", "let": "stat", "talents": "tree"}
# The argument of a keyword says by its name what it names.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "spell": ("action",), "aura": ("action",), "pet": ("action",), "targets": ("action",), "exceptions": ("action",), "members": ("action",),
    "subjects": ("action", "resource"), "stat": ("stat",), "resource": ("resource",), "switch": ("switch",), "table": ("attack_table",), "kind": ("rune",),
}  # fmt: skip
# The first part of a dotted name says what the second names.
PREFIXES = {
    "talent": "talent", "glyph": "glyph", "option": "option", "class": "value", "race": "racial value", "buff": "action", "debuff": "action", "dot": "action",
    "cooldown": "action", "switch": "switch", "owner": "stat", "runes": "rune", "rune": "rune",
}  # fmt: skip


@dataclass(frozen=True)
class Key:
    """A name in its set: `("action", "fireball")`; numbers an aura carries are in the set `value of AURA`."""

    space: str
    name: str


@dataclass(frozen=True)
class Mention:
    """A place that names something.

    Attributes:
        span: The name itself, without what stands before or after it.
        keys: What it may mean, the likeliest first; the first that is defined is meant.
        defines: It is the definition. word: the keyword of a definition.
        whole: The definition with its block, for an outline; None for a mention.
    """

    span: Span
    keys: tuple[Key, ...]
    defines: bool = False
    word: str = ""
    whole: Field | None = None


@dataclass(frozen=True)
class Spot:
    """A field of the table with where it stands: the kind of its block, and the pet and aura around it."""

    field: Field
    kind: str
    pet: str
    aura: str
    event: str
    owner: Field | None


def flat(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts of a pattern, those of optional groups among them."""
    for part in parts:
        if part.parts:
            yield from flat(part.parts)
        else:
            yield part


def choices(kind: str, word: str, argument: str) -> dict[str, str]:
    """The words that fit an argument, with their meanings; {} where names are free."""
    found = CHOICES.get((kind, word, argument))
    if found is None:
        same = [entry for (block, *rest), entry in CHOICES.items() if rest == [word, argument] and BLOCKS[block].keywords.get(word) is BLOCKS[kind].keywords.get(word)]
        found = same[0] if same else {}
    return found


def spots(entries: tuple[Entry, ...], kind: str = "file", *, pet: str = "", aura: str = "", event: str = "", owner: Field | None = None) -> Iterator[Spot | Node]:
    """Every field below some entries, outer ones first, and the conditions of `if` blocks."""
    for item in split_block(entries, kind, Problems()):
        if isinstance(item, Branches):
            for condition, block in item.branches:
                yield condition
                yield from spots(block.entries, "statements", pet=pet, aura=aura, event=event, owner=owner)
            if item.otherwise is not None:
                yield from spots(item.otherwise.entries, "statements", pet=pet, aura=aura, event=event, owner=owner)
            continue
        yield Spot(item, kind, pet, aura, event, owner)
        if item.block is not None and item.keyword.block:
            inside = item.name("name")
            word = item.keyword.word
            yield from spots(
                item.block.entries, item.keyword.block, pet=inside if word == "pet" else pet, aura=inside if word == "aura" else aura,
                event=item.name("event") if word == "on" else event, owner=item,
            )  # fmt: skip


def is_definition(keyword: Keyword, field: Field) -> bool:
    """Whether the argument `name` of a field defines it (`class mage {`) or only mentions it (`class mage`)."""
    if keyword.block:
        return field.block is not None or not keyword.may_end
    return keyword.word not in BLOCKS


@dataclass(frozen=True)
class Found:
    """What an entry of a file holds: every field with where it stands, and every name. `kind`: of the block it stands in."""

    entry: Entry
    kind: str
    spots: tuple[Spot, ...]
    mentions: tuple[Mention, ...]


def index(entries: tuple[Entry, ...], before: Mapping[int, Found]) -> Iterator[Found]:
    """What the entries of a file hold, in order; those of a section one by one.

    Args:
        entries: The entries.
        before: By the id of an entry what it held before an edit; an entry that is still the same object holds the same.
    """
    for entry in entries:
        outer = split_block((entry,), "file", Problems())
        section = outer[-1] if outer else None
        if not isinstance(section, Field) or section.block is None or not section.keyword.block:
            yield _found(entry, "file", spots((entry,)))
            continue
        yield _found(entry, "file", [Spot(item, "file", "", "", "", None) for item in outer if isinstance(item, Field)])
        kind = section.keyword.block
        for inner in section.block.entries:
            known = before.get(id(inner))
            yield known if known is not None and known.entry is inner and known.kind == kind else _found(inner, kind, spots((inner,), kind, owner=section))


def _found(entry: Entry, kind: str, inside: Iterable[Spot | Node]) -> Found:
    places: list[Spot] = []
    names: list[Mention] = []
    for spot in inside:
        if isinstance(spot, Spot):
            places.append(spot)
            names += _of_field(spot)
        else:
            names += names_in(spot, "")
    return Found(entry, kind, tuple(places), tuple(names))


def _of_field(spot: Spot) -> Iterator[Mention]:
    field, keyword = spot.field, spot.field.keyword
    if keyword.word == "*":
        outer = spot.owner.keyword.word if spot.owner is not None else ""
        space = {"talents": "talent", "race": "racial value"}.get(outer, "action")
        defines = space != "action"
        yield Mention(field.span, (Key(space, field.word),), defines, outer if defines else "", field if defines else None)
    for part in flat(keyword.parts):
        value = field.arguments.get(part.name) if part.name else None
        for node in value if isinstance(value, tuple) else (value,):
            if isinstance(node, Name | Text | Unary | Binary | Call):
                yield from _of_argument(spot, part, node)
    if field.condition is not None:
        yield from names_in(field.condition, spot.pet)


def _of_argument(spot: Spot, part: Part, node: Any) -> Iterator[Mention]:
    keyword = spot.field.keyword
    if part.kind in ("expr", "exprs"):
        yield from names_in(node, spot.pet)
    elif part.kind == "path" and isinstance(node, Name):
        aura, _, value = node.text.partition(".")
        yield Mention(_piece(node, 0), (Key("action", aura),))
        if value:
            yield Mention(_piece(node, 1), (Key(f"value of {aura}", value),))
    elif isinstance(node, Name) and part.name == "name":
        space = SPACES.get(keyword.word, keyword.word)
        name = f"{spot.pet}.{node.text}" if spot.pet and space == "stat" else node.text
        defines = is_definition(keyword, spot.field)
        yield Mention(node.span, (Key(space, name),), defines, keyword.word if defines else "", spot.field if defines else None)
    elif isinstance(node, Name) and keyword.word == "values" and spot.aura:
        yield Mention(node.span, (Key(f"value of {spot.aura}", node.text),), True, "values", spot.field)
    elif isinstance(node, Name) and part.name == "kinds":
        yield Mention(node.span, (Key("rune", node.text),), True, keyword.word, spot.field)
    elif isinstance(node, Name) and part.kind == "stat":
        place = 1 if "." in node.text else 0
        yield Mention(_piece(node, place), (Key("stat", node.text),))
        if place:
            yield Mention(_piece(node, 0), (Key("action", node.text.partition(".")[0]),))
    elif isinstance(node, Name) and part.name in ARGUMENTS and not choices(spot.kind, keyword.word, part.name):
        yield Mention(node.span, tuple(Key(space, node.text) for space in ARGUMENTS[part.name]))


def names_in(node: Node, pet: str) -> Iterator[Mention]:
    """The names of an expression; `pet` is the one whose block it stands in."""
    waiting: list[Node] = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Binary):
            waiting += [current.left, current.right]
        elif isinstance(current, Unary):
            waiting.append(current.operand)
        elif isinstance(current, Call):
            waiting += current.arguments
        elif isinstance(current, Name):
            yield from _of_name(current, pet)


def _of_name(node: Name, pet: str) -> Iterator[Mention]:
    parts = node.text.split(".")
    head = parts[0]
    if len(parts) == 1:
        keys = [Key("stat", f"{pet}.{head}")] if pet else []
        yield Mention(node.span, (*keys, Key("stat", head), Key("resource", head)))
        for prefix in ("max_", "base_"):
            if head.startswith(prefix):
                rest = replace(node.span, column=node.span.column + len(prefix), length=max(1, node.span.length - len(prefix)))
                yield Mention(rest, (Key("resource", head.removeprefix(prefix)),))
    elif head in PREFIXES:
        yield Mention(_piece(node, 1), (Key(PREFIXES[head], parts[1]),))
        if len(parts) > 2 and PREFIXES[head] == "action":
            yield Mention(_piece(node, 2), (Key(f"value of {parts[1]}", parts[2]),))
    else:
        yield Mention(_piece(node, 0), (Key("action", head),))
        yield Mention(_piece(node, 1), (Key("stat", f"{head}.{parts[1]}"),))


def _piece(node: Name, number: int) -> Span:
    """The place of one part of a dotted name."""
    parts = node.text.split(".")
    start = node.span.column + sum(len(part) + 1 for part in parts[:number])
    return replace(node.span, column=start, length=max(1, len(parts[number])))
