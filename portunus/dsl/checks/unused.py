"""PT601: things defined in the spec file itself that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import REQUIRED_STATS, Apply, Model, Renew, SetValue, Span, Statement, Trigger
from portunus.dsl.rotations import statements_in
from portunus.dsl.symbols import Symbols

# A pet's own come before its owner's.
ENGINE_STATS = {*REQUIRED_STATS, "armor_factor"}


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Warn about spells nobody casts, auras nobody applies, and statistics, groups and pets nobody names.

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
    for span, message, hint in found:
        if span.path == model.sources[0]:
            problems.warning("PT601", span, message, hint)


def _statements(model: Model) -> Iterator[Statement]:
    for spell in model.spells:
        yield from statements_in(spell.effects)
    for aura in model.auras:
        yield from statements_in((*aura.on_tick, *aura.on_expire))
    for handler in model.handlers:
        yield from statements_in(handler.body)
