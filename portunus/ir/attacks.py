"""Attacks: the factors and chances of a damage event, and the rolls in the ruleset's order.

Order of the draws of a direct hit: damage range, partial resist, hit, critical strike; of a tick: partial resist, critical strike.
In the expected form ranges and resists are replaced by their means; hit and critical strike are drawn only if something listens to them.
"""

from __future__ import annotations

from collections.abc import Iterable

from portunus.dsl.model import Attack, Aura, Expr, Modifier, Spell
from portunus.ir.context import Context, Writer
from portunus.ir.expressions import Scope, is_static, make, text

Thing = Spell | Aura


def owner_of(thing: Thing) -> str:
    """Name of the pet that attacks, "" for the player."""
    return thing.owner if isinstance(thing, Spell) else ""


def modifiers(context: Context, kind: str, thing: Thing | None) -> Iterable[Modifier]:
    """The modifiers of a kind that apply to an attack: a pet's attacks know only those of enemy auras."""
    for modifier in context.model.modifiers:
        on_enemy = bool(modifier.aura) and context.model.aura(modifier.aura).on_target
        if modifier.kind != kind or (thing is not None and owner_of(thing) and not on_enemy):
            continue
        if modifier.spells is None or (thing is not None and thing.name in modifier.spells):
            yield modifier


def guarded(context: Context, modifier: Modifier, scope: Scope, neutral: str) -> str:
    """Text of a modifier's amount where it holds, else the neutral element."""
    conditions = []
    if modifier.aura:
        aura = context.model.aura(modifier.aura)
        conditions.append(f"s.{aura.name}_on[{scope.target}] != 0" if aura.on_target else f"s.{aura.name}_on != 0")
    if modifier.condition is not None:
        conditions.append(text(modifier.condition, context, scope, "condition"))
    amount = text(modifier.amount, context, scope, f"{modifier.aura or 'always'}_{modifier.kind}")
    return f"({amount} if {' and '.join(conditions)} else {neutral})" if conditions else amount


def _split(found: Iterable[Modifier]) -> tuple[list[Modifier], list[Modifier]]:
    static: list[Modifier] = []
    dynamic: list[Modifier] = []
    for modifier in found:
        (static if not modifier.aura and modifier.condition is None and is_static(modifier.amount) else dynamic).append(modifier)
    return static, dynamic


def damage_factor(context: Context, thing: Thing, attack: Attack, scope: Scope) -> str:
    """Text of the attacker's damage multiplier: all modifiers times the spell's own, times 1 + the additive group."""
    if attack.ignore_modifiers:
        return "1.0"
    static, dynamic = _split(modifiers(context, "damage_done", thing))
    own = make("mul", attack.multiplier, make("add", make("number", 1.0, like=attack.multiplier), attack.additive, like=attack.multiplier),
               like=attack.multiplier)
    for modifier in static:
        own = make("mul", modifier.amount, own, like=own)
    parts = [guarded(context, m, scope, "1.0") for m in dynamic]
    return " * ".join([*parts, text(own, context, scope, f"{thing.name}_damage_factor")])


def taken_factor(context: Context, thing: Thing, scope: Scope) -> str:
    """Text of the enemy's damage-taken multiplier, "" if nothing changes it."""
    return " * ".join(guarded(context, m, scope, "1.0") for m in modifiers(context, "damage_taken", thing))


def crit_chance(context: Context, thing: Thing, attack: Attack, scope: Scope) -> str:
    """Text of the chance of a critical strike: character, spell, auras, enemy."""
    owner = owner_of(thing)
    like = attack.crit_chance
    base = next(p.crit_chance for p in context.model.pets if p.name == owner) if owner else Expr("stat", ("spell_crit",), "number", like.span)
    static, dynamic = _split(modifiers(context, "crit_chance", thing))
    total = make("add", base, attack.crit_chance, like=like)
    for modifier in static:
        total = make("add", total, modifier.amount, like=like)
    return " + ".join([text(total, context, scope, f"{thing.name}_crit"), *[guarded(context, m, scope, "0.0") for m in dynamic]])


def crit_factor(context: Context, thing: Thing, attack: Attack, scope: Scope) -> str:
    """Text of the factor of a critical strike."""
    parts = [text(attack.crit_multiplier, context, scope, f"{thing.name}_crit_factor")]
    return " * ".join(parts + [guarded(context, m, scope, "1.0") for m in modifiers(context, "crit_multiplier", thing)])


def hit_chance(context: Context, thing: Thing, like: Expr) -> str:
    """Slot of the chance to hit: 1 - (the ruleset's miss chance - chance from rating); at least 1 needs no draw."""
    owner = owner_of(thing)
    hit = next(p.hit_chance for p in context.model.pets if p.name == owner) if owner else Expr("stat", ("spell_hit",), "number", like.span)
    miss = make("sub", Expr("stat", ("spell_miss",), "number", like.span), hit, like=like)
    return context.tables.slot(make("sub", make("number", 1.0, like=like), miss, like=like), f"{owner or 'player'}_hit")


def listened(context: Context, thing: Thing) -> bool:
    """Does anything depend on whether this attack hits or is critical?"""
    events = ("hit", "result") if isinstance(thing, Spell) else ("tick",)
    if isinstance(thing, Spell) and thing.on_land:
        return True
    return any(h.event in events and thing.name in h.subjects for h in context.model.handlers)


def roll_direct(w: Writer, context: Context, spell: Spell, amount: str, scope: Scope) -> None:
    """Write the rolls of a direct hit that arrives at once: sets `damage` and `outcome` (0 miss, 1 hit, 2 critical)."""
    attack = spell.attack
    assert attack is not None
    like = attack.crit_chance
    factors = damage_factor(context, spell, attack, scope)
    taken = taken_factor(context, spell, scope)
    w.put(f"damage = {amount} * ({factors})" + (f" * ({taken})" if taken else ""))
    hit, chance, factor = hit_chance(context, spell, like), crit_chance(context, spell, attack, scope), crit_factor(context, spell, attack, scope)
    w.put(f"damage = damage * {'t.resist_mean' if context.expected else 'resist(t, r)'}")
    if context.expected and not listened(context, spell):
        w.put(f"damage = damage * min(max({hit}, 0.0), 1.0) * (1.0 + min(max({chance}, 0.0), 1.0) * ({factor} - 1.0))")
        w.put("outcome = 1")
        return
    w.put("outcome = 0")
    with w.block(f"if {'chance' if context.expected else 'proc'}({hit}, {'m, r' if context.expected else 'r'}):"):
        w.put("outcome = 1")
        with w.block(f"if {'chance(' + chance + ', m, r)' if context.expected else 'uniform(r) < ' + chance}:"):
            w.put("outcome = 2")
            w.put(f"damage = damage * ({factor})")
