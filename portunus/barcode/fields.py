"""Which fields a spec's barcode has: everything the addon API can say that its simulator state wants to know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portunus.barcode.schema import LONG_TIME_BITS, TICK_MS, TIME_BITS, Field, Schema, SpellEntry
from portunus.barcode.trackers import derive_trackers
from portunus.dsl.model import AnyEnemy, Apply, Aura, Chance, Each, If, Model, Spell, Statement, Strike, Summon
from portunus.errors import PortunusError

# The client's numbers of the resources.
POWER_TYPES = {"mana": 0, "rage": 1, "focus": 2, "energy": 3, "runic_power": 6}
# The client's number of the first rune of each kind; the others of the kind follow it.
RUNES = {"blood": 1, "unholy": 3, "frost": 5}
AMOUNT_BITS = 17
STACK_BITS = 5
LONGEST_SHORT_NS = (7 << (TIME_BITS - 3)) * TICK_MS * 1_000_000


def statements(body: tuple[Statement, ...]) -> Iterator[Statement]:
    """All statements below a body, in order."""
    for statement in body:
        yield statement
        if isinstance(statement, If):
            yield from statements(statement.then)
            yield from statements(statement.orelse)
        elif isinstance(statement, Chance | Strike | Each | AnyEnemy):
            yield from statements(statement.then)


def summons(spell: Spell) -> bool:
    """Does casting the spell call a guardian?"""
    return any(isinstance(s, Summon) for s in statements(spell.effects))


def visible_auras(model: Model) -> tuple[Aura, ...]:
    """Auras the client shows, in the order of the file."""
    return tuple(aura for aura in model.auras if not aura.hidden and not aura.only_switch and aura.id > 0)


def carries_tick_value(aura: Aura) -> bool:
    """Is a tick of this enemy aura a number it carries (Ignite), not a function of the character?"""
    return aura.on_target and bool(aura.values) and aura.tick_amount is not None and aura.tick_amount.op == "aura_value"


def _longest_ns(expr) -> int:  # an expression tree of the model
    """The largest literal time of an expression: an upper estimate that is good enough to choose a width."""
    if expr is None:
        return 0
    if expr.op == "number":
        return int(expr.args[0]) if expr.type == "time" else 0
    return max((_longest_ns(argument) for argument in expr.args if hasattr(argument, "op")), default=0)


def _length_ms(aura: Aura) -> int | None:
    """Length of an aura whose length is written as plain numbers, ms; None if it depends on anything."""
    whole = aura.every if aura.ticks else aura.duration
    if whole is None or whole.op != "number" or aura.hasted or aura.tick_count is not None:
        return None
    return int(whole.args[0]) * (aura.ticks or 1) // 1_000_000


def _aimed(model: Model) -> set[str]:
    """Auras that a spell with one action per enemy puts on that enemy."""
    bodies = [statements(spell.effects) for spell in model.spells if spell.per_enemy]
    return {statement.aura for body in bodies for statement in body if isinstance(statement, Apply)}


def _future_bits(expr) -> int:
    return TIME_BITS if _longest_ns(expr) < LONGEST_SHORT_NS else LONG_TIME_BITS


def _resources(model: Model) -> Iterator[Field]:
    for resource in model.resources:
        if resource.name == "combo_points":
            yield Field(resource.name, "combo_points", "count", STACK_BITS, (), resource.name)
            continue
        kind = POWER_TYPES.get(resource.name)
        if kind is None:
            raise PortunusError(f"the addon cannot read the resource {resource.name!r}", hint=f"Known ones: {', '.join((*POWER_TYPES, 'combo_points'))}.")
        unit = "pet_" if resource.owner else ""
        yield Field(resource.name, f"{unit}resource", "count", AMOUNT_BITS, (kind,), resource.name)
        yield Field(f"{resource.name}.max", f"{unit}resource_max", "count", AMOUNT_BITS, (kind,), resource.name)
        if resource.rest_after is not None:
            yield Field(f"{resource.name}.spent_at", "resource_spent_at", "past", TIME_BITS, (kind,), resource.name)


def _pets(model: Model) -> Iterator[Field]:
    for pet in model.pets:
        if pet.permanent is not None:
            yield Field(f"pet.{pet.name}", "pet_exists", "flag", 1, (), pet.name)


def client_runes(model: Model) -> tuple[int, ...]:
    """The client's numbers of a spec's runes, in the order of the spec.

    Raises:
        PortunusError: Runes the client does not have.
    """
    if model.runes is None:
        return ()
    for kind in model.runes.kinds:
        if kind not in RUNES or model.runes.each != 2:
            raise PortunusError(f"the addon cannot read {model.runes.each} runes of the kind {kind!r}", hint=f"A client has two each of {', '.join(RUNES)}.")
    return tuple(RUNES[kind] + i for kind in model.runes.kinds for i in range(model.runes.each))


def _runes(model: Model) -> Iterator[Field]:
    for i, number in enumerate(client_runes(model)):
        yield Field(f"rune.{i}.ready", "rune_ready", "ahead", TIME_BITS, (number,))
        yield Field(f"rune.{i}.back", "rune_back", "past", TIME_BITS, (number,))
        yield Field(f"rune.{i}.wild", "rune_wild", "flag", 1, (number,))


def _spells(spells: Iterable[Spell]) -> Iterator[Field]:
    for spell in spells:
        if spell.cooldown is not None:
            kind = "item_cooldown" if spell.item else "cooldown"
            yield Field(f"cooldown.{spell.name}", kind, "ahead", _future_bits(spell.cooldown), (spell.id,), spell.name)
        if spell.item:
            yield Field(f"uses.{spell.name}", "item_count", "count", STACK_BITS, (spell.id,), spell.name)
        if spell.missile is not None:
            yield Field(f"missile.{spell.name}", "missile_at", "past", TIME_BITS, (spell.id,), spell.name)
        if summons(spell):
            yield Field(f"cast_at.{spell.name}", "cast_at", "past", TIME_BITS, (spell.id,), spell.name)


def _auras(model: Model) -> Iterator[Field]:
    aimed = _aimed(model)
    for aura in visible_auras(model):
        place, kind = ("debuff", "debuff") if aura.on_target else ("buff", "aura")
        yield Field(f"{place}.{aura.name}.end", aura.shown_as or f"{kind}_end", "ahead", _future_bits(aura.duration), (aura.id,), aura.name)
        if aura.max_stacks > 1:
            yield Field(f"{place}.{aura.name}.stacks", f"{kind}_stacks", "count", STACK_BITS, (aura.id,), aura.name)
        length = _length_ms(aura)
        if aura.on_target and aura.name in aimed and length is not None:
            for nth in range(1, model.ruleset.max_enemies):
                yield Field(f"debuff.{aura.name}.elsewhere.{nth}", "debuff_elsewhere", "ahead", TIME_BITS, (aura.id, nth, length), aura.name)
        if carries_tick_value(aura):
            yield Field(f"tick.{aura.name}", "tick_amount", "count", AMOUNT_BITS, (aura.id,), aura.name)


def build_schema(model: Model, actions: Iterable) -> Schema:
    """The barcode of a spec.

    Args:
        model: The checked spec.
        actions: Its actions (`portunus.runtime.signature.Action`); only spells that occur in them are read.

    Raises:
        PortunusError: A resource the addon cannot read, or more fields than a frame holds.
    """
    used = {action.spell for action in actions}
    spells = tuple(spell for spell in model.spells if spell.name in used and not spell.owner)
    trackers = derive_trackers(model)
    fields = [
        Field("combat", "in_combat", "flag", 1),
        Field("combat.start", "combat_start", "past", LONG_TIME_BITS),
        Field("target.health", "target_health", "share", 10),
        Field("enemies", "enemy_count", "count", STACK_BITS),
        Field("enemies.exact", "enemy_count_exact", "flag", 1),
        *_resources(model),
        *_runes(model),
        *_pets(model),
        Field("gcd.end", "gcd_end", "ahead", TIME_BITS),
        Field("cast.spell", "cast_spell", "count", 7),
        Field("cast.end", "cast_end", "ahead", TIME_BITS),
        Field("cast.channel", "cast_channel", "flag", 1),
        *_spells(spells),
        *_auras(model),
    ]
    for number, tracker in enumerate(trackers, start=1):
        fields.append(Field(f"counter.{tracker.name}", "counter", "count", 4, (number,), tracker.name.partition(".")[0]))
    entries = tuple(SpellEntry(spell.name, spell.id) for spell in spells if not spell.item)
    return Schema(model.name, model.label, tuple(fields), entries, trackers)
