"""PT601: things defined in the spec file itself that nothing uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import REQUIRED_STATS, Apply, Model, Renew, SetValue, Span, StartIcd, Statement, Trigger
from portunus.dsl.rotations import statements_in
from portunus.dsl.symbols import Symbols
from portunus.dsl.walk import every_expression

# A pet's own come before its owner's.
ENGINE_STATS = {*REQUIRED_STATS, "armor_factor"}


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Warn about spells nobody casts, auras nobody applies, values nobody sets or asks for, and other definitions nobody names.

    Class and ruleset files define for many specs, so only definitions of the first file count.
    """
    if not model.rotations or not model.sources:
        return
    statements = list(_statements(model))
    cast = {name for rotation in model.rotations for line in rotation.lines for name in line.casts} | {spell for rotation in model.rotations for _, spell in rotation.prepull}
    cast |= {statement.spell for statement in statements if isinstance(statement, Trigger)} | {choice.spell for pet in model.pets for choice in pet.choices}
    cast |= {spell for attack in model.spells if attack.swing is not None for spell, _ in attack.swing.instead}
    permanent = {pet.name for pet in model.pets if pet.permanent is not None}
    applied = {statement.aura for statement in statements if isinstance(statement, Apply | Renew | SetValue)} | {spell.channel for spell in model.spells}
    found: list[tuple[Span, str, str]] = []
    for spell in model.spells:
        if spell.name not in cast and spell.autocast is None and spell.swing is None:
            hint = "Add `trigger` somewhere." if spell.triggered else "Add it to a rotation, or make it `autocast`."
            found.append((spell.span, f"nothing ever casts the spell `{spell.name}`", hint))
    found += [(aura.span, f"nothing ever applies the aura `{aura.name}`", f"Add `apply {aura.name}`.") for aura in model.auras if aura.name not in applied]
    for kind, names in (("stat", list(symbols.stats)), ("group", list(symbols.groups)), ("pet", list(symbols.pets))):
        for name in names:
            if (kind, name) not in symbols.used and name not in permanent and name.rsplit(".", 1)[-1] not in ENGINE_STATS:
                place = symbols.places[(kind if kind == "stat" else "action", name)]
                found.append((place, f"nothing uses the {'statistic' if kind == 'stat' else kind} `{name}`", "Delete it, or use it."))
    for kind, space, word in (("option", "option", "option"), ("glyph", "glyph", "glyph"), ("class", "value", "class value"), ("table", "table", "attack table")):
        known: Iterable[str] = {"option": list(symbols.options), "glyph": list(symbols.glyphs), "class": list(symbols.class_values), "table": list(symbols.tables)}[kind]
        found += [(symbols.places[space, name], f"nothing uses the {word} `{name}`", "Delete it, or use it.") for name in known if (kind, name) not in symbols.used]
    facts = {node.args for node in every_expression(model) if node.op in ("aura_value", "icd_ready", "icd_remains")}
    found += _values(model, symbols, statements, facts)
    started = {statement.icd for statement in statements if isinstance(statement, StartIcd)}
    for icd in model.icds:
        lacks = "starts" if icd.name not in started else "asks for" if (icd.name,) not in facts else ""
        if lacks:
            found.append((symbols.places["icd", icd.name], f"nothing {lacks} the internal cooldown `{icd.name}`", "A proc asks `icd.NAME.ready`, and starts it by `start_icd NAME`."))
    for aura in model.auras:
        if aura.exclusive and not any(other.exclusive == aura.exclusive and other.name != aura.name for other in model.auras):
            found.append((aura.span, f"no other aura is in the group `{aura.exclusive}` of `{aura.name}`", "Name the group in the auras that it ends, or leave `exclusive` out."))
    for span, message, hint in found:
        if span.path == model.sources[0]:
            problems.warning("PT601", span, message, hint)


def _values(model: Model, symbols: Symbols, statements: list[Statement], asked: set[tuple[str, ...]]) -> Iterator[tuple[Span, str, str]]:
    """Values of auras that are set and never asked for, or the other way round."""
    written = {(s.aura, s.value) for s in statements if isinstance(s, SetValue)}
    for aura in model.auras:
        for value in aura.values:
            lacks = "sets" if (aura.name, value) not in written else "asks for" if (aura.name, value) not in asked else ""
            if lacks:
                field = symbols.auras[aura.name].field("values")
                node = next((n for n in field.arguments["names"] if n.text == value), None) if field is not None else None
                yield node.span if node is not None else aura.span, f"nothing {lacks} the value `{value}` of the aura `{aura.name}`", "Delete it, or use it."


def _statements(model: Model) -> Iterator[Statement]:
    for spell in model.spells:
        yield from statements_in(spell.effects)
    for aura in model.auras:
        yield from statements_in((*aura.on_tick, *aura.on_expire))
    for handler in model.handlers:
        yield from statements_in(handler.body)
