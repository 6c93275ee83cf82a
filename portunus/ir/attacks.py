"""Attacks: the factors and chances of a damage event, and the rolls in the ruleset's order.

Order of the draws of a direct hit: damage range, partial resist, hit, critical strike; of a tick: partial resist, critical strike.
In the expected form ranges and resists are replaced by their means; how an attack ends is drawn only if something listens to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext

from portunus.dsl.model import OUTCOMES, PHYSICAL, Attack, AttackTable, Aura, Expr, Modifier, Spell
from portunus.ir.context import Context, Writer
from portunus.ir.expressions import Scope, is_static, make, text, walk

Thing = Spell | Aura


def owner_of(thing: Thing) -> str:
    """Name of the pet that attacks, "" for the player."""
    return thing.owner


def modifiers(context: Context, kind: str, thing: Thing | None) -> Iterable[Modifier]:
    """The modifiers of a kind that apply to an attack: a pet's attacks know only those of enemy auras."""
    for modifier in context.model.modifiers:
        on_enemy = bool(modifier.aura) and context.model.aura(modifier.aura).on_target
        if modifier.kind != kind or (thing is not None and owner_of(thing) and not on_enemy and modifier.spells is None):
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
    if modifier.condition is not None and is_static(modifier.amount) and any(n.op == "target_phase" for n in walk(modifier.condition)):
        conditions.insert(0, f"{amount} != {neutral}")  # most characters have no such talent: the phase takes longer to find than this
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
    parts = [guarded(context, m, scope, "1.0") for m in modifiers(context, "damage_taken", thing)]
    return " * ".join([*parts, *(["t.scene_taken[s.scene]"] if context.model.scripted else [])])


def crit_chance(context: Context, thing: Thing, attack: Attack, scope: Scope) -> str:
    """Text of the chance of a critical strike: character, spell, auras, enemy."""
    owner = owner_of(thing)
    like = attack.crit_chance
    if attack.table:
        base = context.model.table(attack.table).crit or make("number", 0.0, like=like)
    else:
        base = next(p.crit_chance for p in context.model.pets if p.name == owner) if owner else context.stat_expr("spell_crit", like)
    static, dynamic = _split(modifiers(context, "crit_chance", thing))
    total = make("add", base, attack.crit_chance, like=like)
    for modifier in static:
        total = make("add", total, modifier.amount, like=like)
    return " + ".join([text(total, context, scope, f"{thing.name}_crit"), *[guarded(context, m, scope, "0.0") for m in dynamic]])


def mitigation(context: Context, thing: Thing, attack: Attack, scope: Scope) -> str:
    """Text of what reduces the damage: armour, a partial resist (drawn in the sampled form), or "" if nothing does."""
    if attack.armored:
        return text(context.stat_expr("armor_factor", attack.crit_chance, owner=owner_of(thing)), context, scope, "armor_factor")
    if attack.school == PHYSICAL:
        return ""
    return "t.resist_mean" if context.expected else "resist(t, r)"


def crit_factor(context: Context, thing: Thing, attack: Attack, scope: Scope) -> str:
    """Text of the factor of a critical strike."""
    parts = [text(attack.crit_multiplier, context, scope, f"{thing.name}_crit_factor")]
    return " * ".join(parts + [guarded(context, m, scope, "1.0") for m in modifiers(context, "crit_multiplier", thing)])


def hit_chance(context: Context, thing: Thing, like: Expr, scope: Scope) -> str:
    """Text of the chance to hit: 1 - (the ruleset's miss chance - chance from rating); at least 1 needs no draw."""
    owner = owner_of(thing)
    hit = next(p.hit_chance for p in context.model.pets if p.name == owner) if owner else context.stat_expr("spell_hit", like)
    miss = make("sub", context.stat_expr("spell_miss", like), hit, like=like)
    static, dynamic = _split(modifiers(context, "hit_chance", thing))
    total = make("sub", make("number", 1.0, like=like), miss, like=like)
    for modifier in static:
        total = make("add", total, modifier.amount, like=like)
    return " + ".join([text(total, context, scope, f"{owner or 'player'}_hit"), *[guarded(context, m, scope, "0.0") for m in dynamic]])


def listened(context: Context, thing: Thing) -> bool:
    """Does anything depend on how this attack ends?"""
    events = ("hit", "result") if isinstance(thing, Spell) else ("tick",)
    if isinstance(thing, Spell) and (thing.on_land or thing.on_roll):
        return True
    return any(h.event in events and thing.name in h.subjects for h in context.model.handlers)


def _asked(context: Context, spell: Spell) -> frozenset[int]:
    """The outcomes that listeners of a spell tell apart beyond landed and critical."""
    from portunus.ir.statements import body_expressions

    found = set()
    for handler in context.model.handlers:
        if handler.event in ("hit", "result") and spell.name in handler.subjects:
            found |= {n.args[0] for e in body_expressions(handler.body) for n in walk(e) if n.op == "event_outcome"}
    return frozenset(found)


def roll_direct(w: Writer, context: Context, spell: Spell, amount: str, scope: Scope) -> None:
    """Write the rolls of a direct hit that arrives at once: sets `damage` and `outcome` (see `OUTCOMES`)."""
    attack = spell.attack
    assert attack is not None
    factors = damage_factor(context, spell, attack, scope)
    taken = taken_factor(context, spell, scope)
    w.put(f"damage = {amount} * ({factors})" + (f" * ({taken})" if taken else ""))
    chance, factor = crit_chance(context, spell, attack, scope), crit_factor(context, spell, attack, scope)
    reduced = mitigation(context, spell, attack, scope)
    if reduced:
        w.put(f"damage = damage * {reduced}")
    if attack.table:
        _roll_table(w, context, spell, context.model.table(attack.table), chance, factor, scope)
        return
    hit = hit_chance(context, spell, attack.crit_chance, scope)
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


def _roll_table(w: Writer, context: Context, spell: Spell, table: AttackTable, crit: str, factor: str, scope: Scope) -> None:
    (_expected_table if context.expected else _sampled_table)(w, context, spell, table, crit, factor, scope)


def _critical(w: Writer, condition: str, factor: str) -> None:
    with w.block(f"if {condition}:"):
        w.put("outcome = 2")
        w.put(f"damage = damage * ({factor})")


def _outcome(w: Writer, context: Context, name: str, damage: Expr | None, table: AttackTable, scope: Scope) -> None:
    w.put(f"outcome = {OUTCOMES[name]}")
    if damage is not None:
        w.put(f"damage = damage * {text(damage, context, scope, f'{table.name}_{name}_factor')}")


def _sampled_table(w: Writer, context: Context, spell: Spell, table: AttackTable, crit: str, factor: str, scope: Scope) -> None:
    w.put("outcome = 1")
    if table.rolls in ("never", "crit"):
        if table.rolls == "crit":
            _critical(w, f"uniform(r) < {crit}", factor)
        return
    edge = roll_avoidance(w, context, table, scope)
    block, free = table.block, "outcome == 1" if table.rolls == "once" else "outcome > 0"
    if block is not None:
        _edge(w, context, table, scope, edge, "block", block.chance, first=not table.outcomes)
        w.put("blocked = 1 if outcome == 1 and roll < edge else 0")
        if not block.crits:
            free += " and blocked == 0"
    if table.crit is not None:
        with w.block(f"if {free}:"):
            _critical(w, f"roll < edge + {crit}" if table.rolls == "once" else f"uniform(r) < {crit}", factor)
    if block is not None:
        with w.block("if blocked != 0:"):
            w.put(f"damage = max(damage - {text(block.amount, context, scope, f'{table.name}_blocked')}, 0.0)")
            with w.block("if outcome == 1:"):
                w.put(f"outcome = {OUTCOMES['block']}")


def roll_avoidance(w: Writer, context: Context, table: AttackTable, scope: Scope) -> Expr | None:
    """Write the roll of everything but a critical strike (sampled form): `outcome` is 1 where nothing of it happens; gives the roll's last edge if static."""
    if table.rolls == "spell":
        missed = " + ".join(f"max({text(c, context, scope, f'{table.name}_{name}')}, 0.0)" for name, c, _ in table.outcomes) or "0.0"
        w.put("outcome = 1")
        with w.block(f"if not proc(1.0 - ({missed}), r):"):
            w.put("outcome = 0")
        return None
    w.put("roll, edge, outcome = uniform(r), 0.0, 1")
    edge: Expr | None = None
    for number, (name, chance, damage) in enumerate(table.outcomes):
        edge = _edge(w, context, table, scope, edge, name, chance, first=not number)
        with w.block("if outcome == 1 and roll < edge:"):
            _outcome(w, context, name, damage, table, scope)
    return edge


def _edge(w: Writer, context: Context, table: AttackTable, scope: Scope, edge: Expr | None, name: str, chance: Expr, *, first: bool) -> Expr | None:
    """Write where a roll's next outcome ends; `edge` is where the one before it ends and the result where this one does, None if that is not static."""
    if not is_static(chance) or (edge is None and not first):
        w.put(f"edge += max({text(chance, context, scope, f'{table.name}_{name}')}, 0.0)")
        return None
    part = make("max", chance, make("number", 0.0, like=chance), like=chance)
    whole = part if edge is None else make("add", edge, part, like=chance)
    w.put(f"edge = {text(whole, context, scope, f'{table.name}_to_{name}')}")
    return whole


def _expected_table(w: Writer, context: Context, spell: Spell, table: AttackTable, crit: str, factor: str, scope: Scope) -> None:
    avoided = [(n, c) for n, c, f in table.outcomes if f is None]
    glances = [(n, c, f) for n, c, f in table.outcomes if f is not None]
    w.put("avoid, glance, outcome = 0.0, 0.0, 1")
    for name, chance in avoided:
        w.put(f"avoid += max({text(chance, context, scope, f'{table.name}_{name}')}, 0.0)")
    w.put("avoid = min(avoid, 1.0)")
    reduced = "1.0"
    for name, chance, damage in glances:
        w.put(f"glance = min(max({text(chance, context, scope, f'{table.name}_{name}')}, 0.0), 1.0 - avoid)")
        assert damage is not None
        reduced = text(damage, context, scope, f"{table.name}_{name}_factor")
    block, less = table.block, "0.0"
    if block is not None:
        w.put(f"block = min(max({text(block.chance, context, scope, f'{table.name}_block')}, 0.0), 1.0 - avoid - glance)")
        less = text(block.amount, context, scope, f"{table.name}_blocked")
    plainly = " - block" if block is not None and not block.crits else ""  # what of the first roll a critical strike takes its part of
    crits = "0.0" if table.rolls == "never" or table.crit is None else f"min(max({crit}, 0.0), 1.0 - avoid - glance{plainly})" if table.rolls == "once" else f"min(max({crit}, 0.0), 1.0)"
    w.put(f"critical = {crits}")
    if not listened(context, spell):
        if block is not None:
            w.put(f"reduced = block * min({less}, damage)")
        if table.rolls == "once":
            w.put(f"damage = damage * (1.0 - avoid - glance - critical + glance * {reduced} + critical * ({factor}))")
        elif plainly:
            w.put(f"damage = damage * (block + (1.0 - avoid - block) * (1.0 + critical * ({factor} - 1.0)))")
        else:
            w.put(f"damage = damage * (1.0 - avoid) * (1.0 + critical * ({factor} - 1.0))")
        if block is not None:
            w.put("damage -= reduced")
        return
    asked = _asked(context, spell)
    with w.block("if chance(1.0 - avoid, m, r):"):
        if table.rolls == "once":
            w.put("critical = critical / max(1.0 - avoid, 1e-9)")
        elif plainly:
            w.put("critical = critical * (1.0 - block / max(1.0 - avoid, 1e-9))")
        with w.block("if chance(critical, m, r):"):
            w.put("outcome = 2")
            w.put(f"damage = damage * ({factor})")
            if block is not None and block.crits:
                w.put(f"damage = max(damage - block / max(1.0 - avoid, 1e-9) * {less}, 0.0)")
        if glances or block is not None:
            with w.block("else:"):
                w.put("plain = max(1.0 - avoid - critical * (1.0 - avoid), 1e-9)")
                if block is not None:
                    w.put(f"share = block / plain{' * (1.0 - critical)' if block.crits else ''}")
                    if OUTCOMES["block"] in asked:
                        with w.block("if chance(share, m, r):"):
                            w.put(f"outcome = {OUTCOMES['block']}")
                            w.put(f"damage = max(damage - {less}, 0.0)")
                        w.put("plain = max(plain - block, 1e-9)")
                    else:
                        w.put(f"damage -= share * min({less}, damage)")
                if glances:
                    with w.block("if outcome == 1:") if block is not None else nullcontext():
                        _expected_glance(w, reduced, asked=OUTCOMES["glance"] in asked)
    with w.block("else:"):
        w.put(f"outcome = {OUTCOMES[avoided[0][0]] if avoided else 0}")
        if len(avoided) > 1 and asked & {OUTCOMES[n] for n, _ in avoided}:
            w.put("left = avoid")
            for index, (name, chance) in enumerate(avoided[:-1]):
                share = f"max({text(chance, context, scope, f'{table.name}_{name}')}, 0.0) / max(left, 1e-9)"
                following = avoided[index + 1][0]
                with w.block(f"if outcome == {OUTCOMES[name]}:"), w.block(f"if not chance({share}, m, r):"):
                    w.put(f"left -= max({text(chance, context, scope, f'{table.name}_{name}')}, 0.0)")
                    w.put(f"outcome = {OUTCOMES[following]}")


def _expected_glance(w: Writer, reduced: str, *, asked: bool) -> None:
    """A glancing blow among what is no critical strike: drawn if anything asks for it, else its part of the damage."""
    if not asked:
        w.put(f"damage = damage * (1.0 + glance / plain * ({reduced} - 1.0))")
        return
    with w.block("if chance(glance / plain, m, r):"):
        w.put(f"outcome = {OUTCOMES['glance']}")
        w.put(f"damage = damage * {reduced}")


def roll_strike(w: Writer, context: Context, spell: Spell, scope: Scope) -> None:
    """Write the roll of a strike: only whether it lands; sets `outcome`."""
    assert spell.attack is not None
    if not spell.attack.table:
        hit = hit_chance(context, spell, spell.attack.crit_chance, scope)
        w.put("outcome = 0")
        with w.block(f"if {f'chance({hit}, m, r)' if context.expected else f'proc({hit}, r)'}:"):
            w.put("outcome = 1")
        return
    table = context.model.table(spell.attack.table)
    if not context.expected:
        w.put("outcome = 1")
        if table.outcomes and table.rolls not in ("never", "crit"):
            roll_avoidance(w, context, table, scope)
        return
    avoided = [f"max({text(c, context, scope, f'{table.name}_{n}')}, 0.0)" for n, c, f in table.outcomes if f is None]
    w.put("outcome = 1")
    if avoided:
        with w.block(f"if not chance(1.0 - ({' + '.join(avoided)}), m, r):"):
            w.put(f"outcome = {OUTCOMES[table.outcomes[0][0]]}")
