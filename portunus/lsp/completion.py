"""What can be written at a cursor: words of the block, names by their kind, units; all from the tables of the language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portunus.dsl.expressions import FUNCTIONS
from portunus.dsl.keywords import BLOCKS, Keyword
from portunus.dsl.lexing import scan
from portunus.dsl.load import use_root
from portunus.dsl.names import COOLDOWN_FIELDS, EVENT_NAMES, PLAIN_NAMES, SPELL_FIELDS, STATIC_PREFIXES
from portunus.dsl.split import usage
from portunus.dsl.symbols import AURA_FIELDS
from portunus.lsp.index import ARGUMENTS, PREFIXES, choices
from portunus.lsp.place import Expected, Place, place_at
from portunus.lsp.project import Closure, File, Project
from portunus.units import UNITS


@dataclass(frozen=True)
class Proposal:
    """One thing to write.

    Attributes:
        text: What would stand there, all that was typed of it included.
        kind: "keyword", "word", "function", "unit", "file", or the set of names it is of.
        detail: What it is, in a few words. meaning: More, for who asks.
    """

    text: str
    kind: str
    detail: str = ""
    meaning: str = ""


def proposals(project: Project, file: File, line: int, column: int) -> tuple[list[Proposal], int]:
    """What fits at a cursor, and how many characters before it are already part of it.

    Args:
        project: The files.
        file: Which.
        line: Of the cursor, counted from 1. column: Counted from 1.
    """
    place = place_at(scan(file.text), line, column)
    if place is None:
        return [], 0
    closure = project.latest(file.path)
    typed = place.typed if place.quoted is None else place.quoted
    found = {proposal.text: proposal for expected in place.expected for proposal in _fitting(project, file, closure, place, expected)}
    start = typed.lower()
    return [proposal for text, proposal in found.items() if text.lower().startswith(start) and text != typed], len(typed)


def _fitting(project: Project, file: File, closure: Closure, place: Place, expected: Expected) -> Iterator[Proposal]:
    keyword, part = expected.keyword, expected.part
    if place.quoted is not None:
        if keyword is not None and part is not None and part.kind == "text" and part.name in ("path", "file"):
            yield from _files(file.path, part.name)
    elif expected.what == "keyword":
        yield from _keywords(closure, place)
    elif expected.what == "word" and part is not None:
        yield Proposal(part.word, "word", f"part of `{keyword.word}`" if keyword else "")
    elif expected.what == "if":
        yield Proposal("if", "word", "only when a condition holds")
    elif expected.what == "condition" or (part is not None and part.kind in ("expr", "exprs")):
        yield from _operands(closure, place)
    elif keyword is not None and part is not None:
        yield from _argument(closure, place, keyword, part.name, part.kind)


def _keywords(closure: Closure, place: Place) -> Iterator[Proposal]:
    for word, keyword in BLOCKS[place.kind].keywords.items():
        if word != "*":
            yield Proposal(word, "keyword", usage(keyword, word).strip("`"), f"{keyword.meaning}\n\n    {keyword.example}")
    if place.kind == "statements":
        yield Proposal("if", "keyword", "if CONDITION {", "What follows happens only when a condition holds.")
        yield Proposal("else", "keyword", "else {", "What happens when the condition of the `if` before it does not hold.")
    if "*" in BLOCKS[place.kind].keywords and place.kind == "rotation":
        yield from _names(closure, ("action",), only="spell")


def _argument(closure: Closure, place: Place, keyword: Keyword, argument: str, kind: str) -> Iterator[Proposal]:
    fixed = choices(place.kind, keyword.word, argument)
    for word, meaning in fixed.items():
        yield Proposal(word, "word", meaning)
    if fixed:
        return
    if kind == "path":
        for key, (_, mention) in closure.definitions.items():
            if mention.word == "values":
                yield Proposal(f"{key.space.removeprefix('value of ')}.{key.name}", "value", key.space)
            elif mention.word == "aura" and mention.whole is not None:
                yield Proposal(f"{key.name}.stacks", "value", f"stacks of {key.name}")
    elif argument == "name":
        spaces = {"class": "class", "ruleset": "ruleset", "resource": "resource"}
        if keyword.word in spaces and place.kind != "file":
            yield from _names(closure, (spaces[keyword.word],))
    elif argument in ARGUMENTS:
        only = argument if argument in ("spell", "aura", "pet") else ""
        yield from _names(closure, ARGUMENTS[argument], only=only)


def _names(closure: Closure, spaces: tuple[str, ...], *, only: str = "", before: str = "", after: str = "") -> Iterator[Proposal]:
    """Names of some sets, perhaps those of one word only, with something before and after them."""
    for key, (_, mention) in closure.definitions.items():
        if key.space in spaces and (not only or mention.word == only):
            label = mention.whole.name("label") if mention.whole is not None else ""
            yield Proposal(f"{before}{key.name}{after}", mention.word or key.space, f'{mention.word} "{label}"' if label else mention.word)


def _operands(closure: Closure, place: Place) -> Iterator[Proposal]:
    """What an expression may name; dotted names part by part."""
    typed = place.typed
    digits = len(typed) - len(typed.lstrip("0123456789."))
    if digits:
        for name, unit in UNITS.items():
            if name:
                yield Proposal(typed[:digits].rstrip(".") + name, "unit", unit.meaning)
        return
    head, dot, rest = typed.partition(".")
    if not dot:
        yield from _heads(closure, place)
        return
    name, second, _ = rest.partition(".")
    if head in ("buff", "debuff", "dot", "cooldown") and second:
        yield from _fields(closure, head, name)
    elif head == "bonus":
        seen = sorted({name for file in closure.files for token in file.parsed.tokens if token.startswith("bonus.") for name in [str(token)]})
        yield from (Proposal(text, "bonus", "from gear: the profile's [stats]") for text in seen)
    elif head in PREFIXES:
        yield from _prefixed(closure, head)
    else:
        for text in (*PLAIN_NAMES, *EVENT_NAMES):
            if text.startswith(f"{head}."):
                yield Proposal(text, "word", "")
        if any(key.name == head and found.word == "spell" for key, (_, found) in closure.definitions.items()):
            yield from (Proposal(f"{head}.{field}", "word", f"of the spell {head}") for field in SPELL_FIELDS)
        yield from (Proposal(key.name, "stat", "statistic of a pet") for key in closure.definitions if key.space == "stat" and key.name.startswith(f"{head}."))


def _heads(closure: Closure, place: Place) -> Iterator[Proposal]:
    for key, (_, mention) in closure.definitions.items():
        if key.space == "stat" and "." not in key.name:
            yield Proposal(key.name, "stat", "statistic")
        elif key.space == "stat" and place.pet and key.name.startswith(f"{place.pet}."):
            yield Proposal(key.name.partition(".")[2], "stat", f"statistic of {place.pet}")
        elif key.space == "resource":
            yield Proposal(key.name, "resource", "current amount")
            yield Proposal(f"max_{key.name}", "resource", "its size")
            yield Proposal(f"base_{key.name}", "resource", "what costs in percent refer to")
        elif mention.word == "spell":
            yield Proposal(f"{key.name}.", "spell", "spell: " + ", ".join(SPELL_FIELDS))
    for prefix in dict.fromkeys([*PREFIXES, *STATIC_PREFIXES]):
        if prefix not in ("owner",) or place.pet:
            yield Proposal(f"{prefix}.", "word", PREFIXES.get(prefix, "from the profile"))
    for name in PLAIN_NAMES:
        yield Proposal(name, "word", "of the fight")
    for name, (_, _, events) in EVENT_NAMES.items():
        if place.event in events or (place.event and place.kind == "statements"):
            yield Proposal(name, "word", "of what is being handled")
    if place.aura:
        yield Proposal("stacks", "word", f"stacks of {place.aura}")
    for name, text in FUNCTIONS.items():
        yield Proposal(f"{name}(", "function", text)
    yield Proposal("not", "word", "the opposite of a condition")


def _prefixed(closure: Closure, head: str) -> Iterator[Proposal]:
    space = PREFIXES[head]
    if space != "action":
        yield from _names(closure, (space,), before=f"{head}.")
        return
    if head == "cooldown":
        fits = {key.name for key, (_, mention) in closure.definitions.items() if mention.word == "spell" and _given(mention.whole, "cooldown")}
        yield from (Proposal(f"cooldown.{name}.", "spell", "spell with a cooldown") for name in fits)
        return
    for key, (_, mention) in closure.definitions.items():
        if mention.word == "aura" and mention.whole is not None:
            prefix = "buff" if mention.whole.get("place") is None else "dot" if _given(mention.whole, "ticks") else "debuff"
            if prefix == head:
                yield Proposal(f"{head}.{key.name}.", "aura", f'aura "{mention.whole.name("label")}"')


def _given(definition: object, word: str) -> bool:
    """Whether a block has a line that begins with a word."""
    block = getattr(definition, "block", None)
    lines = block.entries if block is not None else ()
    return any(getattr(item.node, "text", "") == word for line in lines for item in getattr(line, "items", ()))


def _fields(closure: Closure, head: str, name: str) -> Iterator[Proposal]:
    if head == "cooldown":
        yield from (Proposal(f"cooldown.{name}.{field}", "word", kind) for field, (_, kind) in COOLDOWN_FIELDS.items())
        return
    yield from (Proposal(f"{head}.{name}.{field}", "word", kind) for field, (_, kind) in AURA_FIELDS.items())
    yield from (Proposal(f"{head}.{name}.{key.name}", "value", f"number {name} carries") for key in closure.definitions if key.space == f"value of {name}")


def _files(path: Path, argument: str) -> Iterator[Proposal]:
    folder = path.parent / "profiles" if argument == "file" else path.parent
    try:
        found = sorted(folder.glob("*.toml" if argument == "file" else "*.spec"))[:200] if use_root(path) else []
    except OSError:
        return
    yield from (Proposal(item.name, "file", "profile" if argument == "file" else "spec file") for item in found if item != path)
