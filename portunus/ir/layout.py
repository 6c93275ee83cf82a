"""The layout: the one list of what a game state, the tables and the counters of a spec hold, and where.

All blocks consist of 8-byte words. A field is an int64, a float64 or a short array of them; times are nanoseconds since the pull,
`NEVER` stands for "not scheduled". Enemy auras have one entry per enemy.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Literal

from portunus.dsl.model import Aura, Decide, If, Model, Pet, Resource, Spell, Stat
from portunus.errors import PortunusError

NEVER = 1 << 62
MISSILES = 4
ROTATION_SLOTS = 192
SEQUENCES = 8
PHASES = (20, 25, 35)  # percent of the enemies' health
PILE = 8  # interrupted functions of one event, each within the next

WordType = Literal["int", "float"]


@dataclass(frozen=True)
class Field:
    """A named piece of a block: `size` words of one type (size 1 = a scalar), what it means; `derived` = follows from the other fields."""

    name: str
    type: WordType
    size: int
    meaning: str
    array: bool = False
    derived: bool = False


@dataclass(frozen=True)
class Slot:
    """An event slot: at most one event of this kind is scheduled at a time.

    Attributes:
        name: Unique name. kind: "gcd", "cast", "tick" (resource), "pull", "scene", "missile", "swing", "pet_gcd", "pet_cast", "pet_end", "aura", "twin".
        subject: Resource, pet, spell or aura; missile number. target: index of the enemy, -1 none. priority: larger goes first at one instant.
    """

    name: str
    kind: str
    subject: str
    target: int
    priority: int


@dataclass(frozen=True)
class MetricRow:
    """A line of the damage table; spells and auras with one client id and tag share a line."""

    name: str
    label: str
    spell_id: int
    tag: int
    item: bool
    owner: str


@dataclass(frozen=True)
class Layout:
    """Fields of the three blocks of a spec, its event slots and metric rows.

    Attributes:
        state, metrics: Fields in order. slots: event slots, those of enemies last and grouped by enemy.
        slots_before_enemies, slots_per_enemy: so that `before + enemies * per_enemy` slots are in use.
        rows: metric rows. sources: (resource, source) pairs of gains.
    """

    name: str
    state: tuple[Field, ...]
    metrics: tuple[Field, ...]
    slots: tuple[Slot, ...]
    slots_before_enemies: int
    slots_per_enemy: int
    rows: tuple[MetricRow, ...]
    sources: tuple[tuple[str, str], ...]
    max_enemies: int

    def slot(self, name: str) -> int:
        """Index of an event slot."""
        return next(i for i, s in enumerate(self.slots) if s.name == name)

    def row(self, key: tuple[int, int, bool, str]) -> int:
        """Index of the metric row of (client id, tag, item, owner)."""
        return next(i for i, r in enumerate(self.rows) if (r.spell_id, r.tag, r.item, r.owner) == key)

    @property
    def state_words(self) -> int:
        return sum(f.size for f in self.state)

    @property
    def metrics_words(self) -> int:
        return sum(f.size for f in self.metrics)

    @property
    def state_dtype(self):
        """numpy structured dtype of a state block."""
        return numpy_dtype(self.state)

    @property
    def metrics_dtype(self):
        """numpy structured dtype of a metrics block."""
        return numpy_dtype(self.metrics)

    def digest(self, *parts: object) -> str:
        """Hash of all that a state says, and of `parts`."""
        fields = [[f.name, f.type, f.size] for f in self.state if not f.derived]
        return hashlib.sha256(json.dumps([self.name, fields, [s.name for s in self.slots], parts], default=str).encode()).hexdigest()[:32]


def numpy_dtype(fields: tuple[Field, ...] | list[Field]):
    """numpy structured dtype over a block's words."""
    import numpy as np

    kinds = {"int": np.int64, "float": np.float64}
    return np.dtype([(f.name, kinds[f.type], (f.size,)) if f.array else (f.name, kinds[f.type]) for f in fields])


@dataclass
class _Builder:
    fields: list[Field] = field(default_factory=list)

    def scalar(self, name: str, kind: WordType, meaning: str) -> None:
        self._add(Field(name, kind, 1, meaning))

    def derived(self, name: str, kind: WordType, meaning: str) -> None:
        self._add(Field(name, kind, 1, meaning, derived=True))

    def array(self, name: str, kind: WordType, size: int, meaning: str) -> None:
        self._add(Field(name, kind, size, meaning, array=True))

    def _add(self, added: Field) -> None:
        clash = next((f for f in self.fields if f.name == added.name), None)
        if clash is not None:
            message = f"two things of this spec would both be called `{added.name}` in a state: {clash.meaning}; {added.meaning}"
            raise PortunusError(message, hint="Give the aura, value or resource of that name another one.")
        self.fields.append(added)


def has_twin(model: Model, aura: Aura) -> bool:
    """The reference runs a second, damageless ticker beside a periodic effect that carries a tag of its spell (switch `dot_twin`)."""
    switched = any(name == "dot_twin" for name, _ in model.ruleset.switches)
    return switched and aura.on_target and aura.ticks > 0 and aura.tag > 0 and any(s.id == aura.id and s.tag == 0 for s in model.spells)


def has_aura_lists(model: Model) -> bool:
    """The state keeps the reference's lists of active auras (switch `list_expiry`)."""
    return any(name == "list_expiry" for name, _ in model.ruleset.switches)


def list_rolls(model: Model) -> bool:
    """Priority lists draw random numbers as the reference's do (switch `list_rolls`)."""
    return any(name == "list_rolls" for name, _ in model.ruleset.switches)


def lasting(model: Model, *, on_target: bool) -> tuple[Aura, ...]:
    """The auras that end by themselves, on enemies or on the player, in the order of the file."""
    return tuple(a for a in model.auras if a.on_target == on_target and (a.duration is not None or a.ticks))


def polls(model: Model) -> bool:
    """Does a player who idles look again on the reference's grid (switch `idle_grid`)?"""
    return any(name == "idle_grid" for name, _ in model.ruleset.switches)


def interruptible(model: Model) -> bool:
    """Can the player stop a channel?"""
    return any(s.interruptible for s in model.spells)


def remembers(model: Model) -> bool:
    """Do priority lists remember something between decisions: a channel's condition, a pause, the place in a sequence?"""
    kinds = {line.kind for rotation in model.rotations for line in rotation.lines}
    return interruptible(model) or bool(kinds & {"channel", "sequence", "strict", "wait"})


def pauses(model: Model) -> bool:
    """May the player act within an event?"""
    from portunus.ir.statements import all_statements

    return any(isinstance(s, Decide) and s.within for s in all_statements(model))


def asked_fresh(model: Model, aura: Aura) -> bool:
    """Does any handler ask whether the aura was applied at this very instant?"""
    from portunus.ir.statements import all_expressions

    return any(e.op == "aura_fresh" and e.args[0] == aura.name for e in all_expressions(model))


def stat_field(name: str) -> str:
    """Name of the state field that keeps a statistic."""
    return f"{name.replace('.', '__')}_stat"


def kept_field(name: str) -> str:
    """Name of the state field that keeps the value of a live statistic until an aura changes it."""
    return f"{stat_field(name)}_kept"


def inherited_stats(model: Model, pet: Pet) -> tuple[Stat, ...]:
    """The live statistics of a pet that inherits once: they are kept from its summoning."""
    return tuple(s for s in model.stats if pet.inherits_once and s.live and s.name.startswith(f"{pet.name}."))


def missiles(model: Model) -> int:
    """How many missiles can be under way at once."""
    return MISSILES if any(s.missile is not None for s in model.spells) else 0


def swing_slot(layout: Layout, spell: Spell) -> int:
    """Index of the event slot of an auto-attack."""
    return layout.slot(f"{spell.name}_swing")


def build_layout(model: Model) -> Layout:
    """Lay out the blocks of a spec; depends on its structure only, never on a number in it."""
    enemies = model.ruleset.max_enemies
    slots, before, per_enemy = _slots(model)
    rows = _rows(model)
    sources = _sources(model)
    return Layout(model.name, tuple(_state(model, slots, enemies)), tuple(_metrics(model, rows, sources)), slots, before, per_enemy, rows,
                  sources, enemies)


def silent(model: Model) -> list[Resource]:
    """The resources whose ticks draw nothing and tell nobody: all they change is a number. Their slots are side by side."""
    from portunus.ir.expressions import walk

    heard = {name for h in model.handlers if h.event == "gain" for name in h.subjects}
    return [r for r in model.resources if r.every is not None and r.name not in heard
            and not any(n.op == "range" for e in (r.every, r.amount_casting, r.amount_resting) for n in walk(e))]


def followed(model: Model) -> Resource | None:
    """The player's resource whose ticks always give the same until an aura changes, and let the player act under a condition or never; None unless there is one."""
    from portunus.ir.expressions import OF_THE_FIGHT, walk

    def plain(resource: Resource) -> bool:
        bodies = [h.body for h in model.handlers if h.event == "gain" and resource.name in h.subjects]
        heard = [x.condition for body in bodies for x in body if isinstance(x, If) and not x.orelse and all(isinstance(y, Decide) for y in x.then)]
        numbers = [n for e in (resource.every, resource.amount_casting) if e is not None for n in walk(e)]
        return (len(heard) == sum(map(len, bodies)) and not any(n.op in ("range", "resource") for e in heard for n in walk(e))
                and not any(n.op == "range" or n.op in OF_THE_FIGHT for n in numbers))

    found = [r for r in model.resources if not r.owner and r.every is not None and r.rest_after is None and plain(r)]
    return found[0] if len(found) == 1 else None


def in_a_row(model: Model) -> list[Resource]:
    """The resources whose ticks are played in a row before the next other event, as long as nobody hears of them. Their slots are side by side."""
    ticking, own = _ticking(model), followed(model)
    alone = silent(model)
    return [*alone, own] if own is not None and own not in alone and ticking.index(own) == len(alone) else alone


def _ticking(model: Model) -> list[Resource]:
    """The resources that tick, in the order of their slots."""
    alone = {r.name for r in silent(model)}
    return sorted((r for r in model.resources if r.every is not None), key=lambda r: r.name not in alone)


def _slots(model: Model) -> tuple[tuple[Slot, ...], int, int]:
    slots = [Slot("gcd", "gcd", "", -1, 0), Slot("cast", "cast", "", -1, 0), Slot("pull", "pull", "", -1, 10)]
    slots += [Slot("scene", "scene", "", -1, 200)] if model.scripted else []  # before anything else of an instant
    # Swings go before everything else of an instant, a pet's first; then resources that tick by themselves like energy.
    slots += [Slot(f"tick_{r.name}", "tick", r.name, -1, 1 if r.rest_after is not None else 90) for r in _ticking(model)]
    slots += [Slot(f"{s.name}_swing", "swing", s.name, -1, 101 if s.owner else 100) for s in model.spells if s.swing is not None]
    if model.runes is not None:
        slots += [Slot(f"rune_{i}", "rune", str(i), -1, 1) for i in range(len(model.runes.kinds) * model.runes.each)]
    slots += [Slot(f"missile_{i}", "missile", str(i), -1, 0) for i in range(missiles(model))]
    for pet in model.pets:
        slots += [Slot(f"{pet.name}_{kind}", f"pet_{kind}", pet.name, -1, 0) for kind in ("gcd", "cast", "end")]
    slots += [Slot(f"{a.name}_tick", "aura", a.name, -1, 0) for a in model.auras if a.ticks and not a.on_target]
    before = len(slots)
    periodic = [a for a in model.auras if a.ticks and a.on_target]
    for target in range(model.ruleset.max_enemies):
        for aura in periodic:
            if has_twin(model, aura):
                slots.append(Slot(f"{aura.name}_twin_{target}", "twin", aura.name, target, 0))
            slots.append(Slot(f"{aura.name}_tick_{target}", "aura", aura.name, target, 0))
    return tuple(slots), before, (len(slots) - before) // model.ruleset.max_enemies


def _rows(model: Model) -> tuple[MetricRow, ...]:
    rows: dict[tuple[int, int, bool, str], MetricRow] = {}
    for spell in model.spells:
        rows.setdefault((spell.id, spell.tag, spell.item, spell.owner),
                        MetricRow(spell.name, spell.label, spell.id, spell.tag, spell.item, spell.owner))
    for aura in model.auras:
        if aura.tick_amount is not None:
            rows.setdefault((aura.id, aura.tag, False, aura.owner), MetricRow(aura.name, aura.label, aura.id, aura.tag, False, aura.owner))
    return tuple(rows.values())


def _sources(model: Model) -> tuple[tuple[str, str], ...]:
    from portunus.ir.statements import all_gains

    sources: dict[tuple[str, str], None] = {}
    for resource in model.resources:
        if resource.rest_after is not None:
            sources[(resource.name, "casting")] = None
            sources[(resource.name, "resting")] = None
        elif resource.every is not None:
            sources[(resource.name, "tick")] = None
    for gain in all_gains(model):
        sources[(gain.resource, gain.source)] = None
    return tuple(sources)


def _state(model: Model, slots: tuple[Slot, ...], enemies: int) -> list[Field]:
    from portunus.ir.quiet import quiet_resources
    from portunus.ir.stats import keeps_cast_speed, kept_stats

    b = _Builder()
    b.scalar("now", "int", "time since the pull, negative before it")
    b.scalar("duration", "int", "end of the fight")
    b.scalar("finished", "int", "1 when no further decision comes")
    b.scalar("fault", "int", "fault bits")
    b.scalar("damage", "float", "damage done since the pull")
    b.scalar("deciding", "int", "1 at a decision point")
    b.scalar("idle", "int", "1 while the player waits, 2 once something has happened since")
    b.scalar("channel", "int", "1 while channelling")
    b.scalar("events", "int", "events handled in this fight")
    b.scalar("expire_at", "int", "no active aura ends before")
    b.scalar("sequence", "int", "number of the next scheduled event")
    b.scalar("prepull_index", "int", "next line of the prepull")
    b.scalar("gcd_end", "int", "end of the global cooldown or cast lock")
    b.scalar("cast_spell", "int", "spell being cast, -1 none")
    b.scalar("cast_target", "int", "its enemy")
    b.scalar("cast_end", "int", "when it completes")
    b.scalar("cast_cost", "float", "what it will cost")
    if model.scripted:
        b.scalar("scene", "int", "scene of the encounter's script")
        b.scalar("cast_lock", "int", "end of the global cooldown the running cast began")
    b.array("at", "int", len(slots), "time of the event in each slot")
    b.array("order", "int", len(slots), "sequence number of the event in each slot")
    if quiet_resources(model):
        b.array("tick_wanted", "float", len(quiet_resources(model)), "while nothing is possible: ticks matter once a resource has so much")
    if pauses(model):
        b.scalar("acting", "int", "1 while the player's action takes effect")
        b.scalar("paused", "int", "1 when the player may act within an event")
        b.scalar("pile", "int", "interrupted functions of the event, see pile_site")
        b.scalar("pile_base", "int", "how many of them were interrupted before")
    if missiles(model):
        b.array("missile_spell", "int", MISSILES, "spell of each missile in flight")
        b.array("missile_target", "int", MISSILES, "its enemy")
        b.array("missile_outcome", "int", MISSILES, "0 miss, 1 hit, 2 critical; drawn at the cast (sampled form only)")
        b.array("missile_damage", "float", MISSILES, "damage with that outcome")
        b.array("missile_mean", "float", MISSILES, "expected damage of a plain hit")
        b.array("missile_crit", "float", MISSILES, "chance of a critical strike")
        b.array("missile_factor", "float", MISSILES, "factor of a critical strike")
        b.array("missile_cost", "float", MISSILES, "what its cast cost")
    b.array("cost_latest", "float", len(model.spells), "latest cost evaluated for each spell")
    for resource in model.resources:
        b.scalar(resource.name, "float", f"current {resource.label}")
        if resource.rest_after is not None:
            b.scalar(f"{resource.name}_paid_at", "int", "time of the last payment")
        if resource.prorated:
            b.scalar(f"{resource.name}_rate", "float", "what the running tick gives")
    if model.runes is not None:
        count = len(model.runes.kinds) * model.runes.each
        b.array("rune_spent", "int", count, "1 while a rune comes back")
        b.array("rune_wild", "int", count, "1 while a rune pays for any kind")
        b.array("rune_last", "int", count, "when it last came back")
        b.array("rune_paid", "int", count, "1 if the last payment used it")
        b.scalar("rune_borrowed", "int", "the borrowed rune, -1 none")
    for spell in model.spells:
        if spell.cooldown is not None:
            b.scalar(f"cd_{spell.name}", "int", f"{spell.label} is ready at")
        if spell.charges:
            b.scalar(f"cd_{spell.name}_full", "int", f"all charges of {spell.label} are ready at")
        if spell.uses is not None:
            b.scalar(f"uses_{spell.name}", "int", f"uses left of {spell.label}")
    for icd in model.icds:
        b.scalar(f"icd_{icd.name}", "int", f"internal cooldown {icd.name} is over at")
    autocast = [s for s in model.spells if s.autocast is not None]
    if autocast:
        b.array("auto_order", "int", len(autocast), "autocast spells in the order in which they are tried")
        b.scalar("auto_ready", "int", "no autocast spell is tried before")
    for pet in model.pets:
        for name, meaning in (("on", "1 while here"), ("end", "leaves at"), ("cast_spell", "spell being cast, -1 none"),
                              ("cast_end", "when it completes")):
            b.scalar(f"{pet.name}_{name}", "int", f"{pet.label}: {meaning}")
        for stat in inherited_stats(model, pet):
            b.scalar(stat_field(stat.name), "float", f"{pet.label}: {stat.name} when summoned")
    rescaled = {s.swing.rate for s in model.spells if s.swing is not None and s.swing.rescaled}
    for stat in model.stats:
        if stat.live and stat.name in rescaled:
            b.scalar(f"{stat_field(stat.name)}_rate", "float", f"{stat.name} that the swings under way were set by")
    for percent in PHASES:
        b.derived(f"phase_{percent}_at", "int", f"the enemies' health falls to {percent} %")
    for stat in kept_stats(model):
        b.derived(kept_field(stat.name), "float", f"{stat.name} now")
    if keeps_cast_speed(model):
        b.derived("cast_speed_kept", "float", "factor on cast times now")
    if polls(model):
        b.derived("list_stays", "int", "the list goes on waiting until then if nothing happens")
        if followed(model) is not None:
            b.derived("list_wants", "float", "and until a resource that ticks reaches this amount")
    if has_aura_lists(model):
        b.array("aura_list", "int", len(model.auras) * (enemies + 1), "active auras of each enemy and of the player, in the reference's order")
        b.array("aura_count", "int", enemies + 1, "how many of them")
    for aura in model.auras:
        _aura_fields(b, model, aura, enemies)
    if remembers(model):
        for name, meaning in (
            ("decisions", "decisions made"), ("last_action", "the latest action"), ("list_interrupt", "channel line whose condition may stop the channel, 0 none"),
            ("list_until", "the list waits until"), ("list_pending", "sequence whose next spell was chosen, 0 none"), ("list_pending_action", "that choice"),
            ("list_pending_at", "made at this decision"),
        ):  # fmt: skip
            b.scalar(name, "int", meaning)
        b.array("list_step", "int", SEQUENCES, "spells done of each sequence")
    if list_rolls(model):
        b.scalar("stream", "int", "random stream while a priority list is read (switch `list_rolls`)")
    return b.fields


def _aura_fields(b: _Builder, model: Model, aura: Aura, enemies: int) -> None:
    names: list[tuple[str, WordType, str]] = [("on", "int", "1 while active"), ("end", "int", "ends at")]
    if asked_fresh(model, aura):
        names += [("applied_at", "int", "last applied at"), ("applied_by", "int", "by this spell")]
    if aura.max_stacks:
        names.append(("stacks", "int", "stacks"))
    if aura.ticks:
        names += [("ticks", "int", "ticks since applied"), ("last_tick", "int", "time of the last tick"), ("period", "int", "time between ticks")]
        if aura.tick_count is not None:
            names.append(("count", "int", "ticks of this application"))
        if has_twin(model, aura):
            names.append(("twin_last", "int", "last tick of the damageless twin"))
    if aura.tick_amount is not None:
        names += [("base", "float", "snapshot: amount of a tick"), ("crit", "float", "snapshot: crit chance"),
                  ("factor", "float", "snapshot: attacker's multiplier")]
    names += [(value, "float", "value of the spec") for value in aura.values]
    for name, kind, meaning in names:
        if aura.on_target:
            b.array(f"{aura.name}_{name}", kind, enemies, f"{aura.label}: {meaning}")
        else:
            b.scalar(f"{aura.name}_{name}", kind, f"{aura.label}: {meaning}")


def _metrics(model: Model, rows: tuple[MetricRow, ...], sources: tuple[tuple[str, str], ...]) -> list[Field]:
    b = _Builder()
    b.scalar("probability", "float", "probability of the chance draws of the step (expected form)")
    b.scalar("signature", "int", "1 followed by the drawn bits")
    b.scalar("draws", "int", "number of chance draws")
    b.scalar("decisions", "int", "decisions of whole fights")
    b.scalar("events", "int", "events of whole fights")
    for name in ("casts", "hits", "crits", "misses", "dodges", "parries", "glances"):
        b.array(name, "int", len(rows), f"{name} per row")
    b.array("row_damage", "float", len(rows), "damage per row")
    b.array("aura_uptime", "int", len(model.auras), "time up per aura; enemy auras summed over enemies")
    b.array("aura_procs", "int", len(model.auras), "applications per aura")
    b.array("gains", "float", len(sources), "resource gained per source")
    b.array("spent", "float", len(model.spells), "resource spent per spell")
    return b.fields
