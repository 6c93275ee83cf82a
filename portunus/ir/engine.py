"""The engine part of a kernel: clock, events, missiles, guardians, waiting, steps and fights.

Order at one instant: higher priority first, then first scheduled, first served. Moving the clock ends what is due before the event itself.
"""

from __future__ import annotations

from contextlib import nullcontext
from itertools import groupby

from portunus.dsl.model import Decide, Model, Pet, PetChoice, Resource, Spell
from portunus.ir.attacks import guarded, modifiers
from portunus.ir.auras import origin, tick_event, twin_event
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import Scope, conjuncts, is_static, stat_function, text, walk
from portunus.ir.judging import judging_functions
from portunus.ir.layout import (
    MISSILES,
    NEVER,
    asked_fresh,
    in_a_row,
    inherited_stats,
    interruptible,
    list_rolls,
    missiles,
    pauses,
    polls,
    remembers,
    stat_field,
    swing_slot,
)
from portunus.ir.polls import free_spells, poll_functions
from portunus.ir.quiet import QUIET, SILENT, quiet_resources, write_tick
from portunus.ir.runes import rune_functions
from portunus.ir.scripts import present_function, script_functions, script_tables
from portunus.ir.spells import casting
from portunus.ir.statements import all_statements, body_expressions, gain_arguments
from portunus.ir.stats import keeps_cast_speed, rate_functions, rates, stat_functions, swings
from portunus.runtime.signature import Action

STATE = ("s", "t", "m", "r")
MAX_EVENTS = 200_000
MOST_EVENTS = 1 << 40  # more than will ever be scheduled in a fight
PREPULL_LINES = 24
THRESHOLDS = 12
SWITCHES = ("idle_grid", "lazy_expiry", "latest_cost")  # the engine asks for these whether a ruleset has them or not


def actions_of(context_or_model) -> tuple[Action, ...]:
    """What the player can do, in the order of the file; the last action is waiting."""
    model = getattr(context_or_model, "model", context_or_model)
    found = []
    for spell in model.spells:
        if not spell.chosen:
            continue
        school = spell.attack.school if spell.attack is not None else ""
        for target in range(model.ruleset.max_enemies if spell.per_enemy else 1):
            name = f"{spell.name}@{target + 1}" if spell.per_enemy else spell.name
            found.append(Action(name, spell.name, target, spell.label, spell.id, school))
    if interruptible(model):
        found.append(Action("stop", "", 0, "Stop channelling", 0, ""))
    return (*found, Action("wait", "", 0, "Wait", 0, ""))


def fixed_tables(context: Context) -> None:
    """Slots of the tables that the engine fills itself."""
    for name in ("duration", "enemies", "slots", "gcd_floor", "poll", "clip_delay", "auto_wait", "prepull_count"):
        context.tables.fixed(name, "int")
    for name in dict.fromkeys([*(name for name, _ in context.model.ruleset.switches), *SWITCHES]):
        context.tables.fixed(f"switch_{name}", "int")
    for index in range(PREPULL_LINES):
        context.tables.fixed(f"prepull_at_{index}", "int")
        context.tables.fixed(f"prepull_action_{index}", "int")
    for spell in free_spells(context.model):
        context.tables.fixed(f"asked_{spell.name}", "int")
    for resource in watched(context.model):
        for index in range(THRESHOLDS):
            context.tables.fixed(f"{resource}_threshold_{index}", "float")
    for name in ("execute_20", "execute_25", "execute_35", "area_factor", "resist_full", "resist_tenth", "resist_mean"):
        context.tables.fixed(name, "float")
    if context.model.scripted:
        script_tables(context.tables)


def helper_functions(context: Context) -> list[Function]:
    """Small functions the others call."""
    functions = [
        _function("schedule", ("s", "slot", "at"), "Put an event into its slot.",
                  ["s.at[slot] = at", "s.order[slot] = rank(slot) + s.sequence", "s.sequence += 1"]),
        _function("set_gcd", ("s", "at"), "The player can act again at `at`.", ["s.gcd_end = at", "s.deciding = 0", "s.idle = 0", "schedule(s, 0, at)"]),
        _function("deal", ("s", "m", "row", "amount"), "Count damage; what happens before the pull is not counted.",
                  ["if s.now >= 0:", "    s.damage += amount", "    m.row_damage[row] += amount"]),
        _function("resist", ("t", "r"), "Factor of a partial resist.",
                  ["if t.resist_full >= 1.0:", "    return 1.0", "u = uniform(r)",
                   "return 1.0 if u < t.resist_full else 0.9 if u < t.resist_full + t.resist_tenth else 0.8"]),
        _function("phase", ("s", "t"), "Health phase of the enemies, by time.",
                  [*(["if t.switch_late_phase != 0 and s.now == 0 and t.prepull_count == 0:", "    return 1.0"]
                     if any(n == "late_phase" for n, _ in context.model.ruleset.switches) else []),
                   *(_phase_by_health() if context.model.scripted else []),
                   # Phases are in ascending order of health, so the first question settles most of a fight.
                   "if s.now < s.phase_35_at:", "    return 1.0", "if s.now < s.phase_25_at:", "    return 0.35",
                   "if s.now < s.phase_20_at:", "    return 0.25", "return 0.20"]),
        *_cast_speed(context),
    ]
    functions += judging_functions(context)
    if context.model.scripted:
        functions.append(present_function())
    if missiles(context.model):
        functions.append(_launch(context))
    if watched(context.model):
        functions.append(_crossed(context))
    if pauses(context.model):
        functions.append(_look(context))
    if _wakes(context):
        functions.append(_function("wake", ("s",), "The player may act at this instant, with what needs no global cooldown.",
                                   ["if s.now >= 0 and s.channel == 0 and s.cast_spell < 0:", "    s.deciding = 1"]))
    functions += stat_functions(context) + rate_functions(context) + rune_functions(context)
    for resource in context.model.resources:
        functions.append(_gain(context, resource))
    if context.autocast:
        functions += [_begin_autocast(context), _sort_autocast(context)]
    return functions + poll_functions(context)


def watched(model: Model) -> list[str]:
    """The resources of whose gains a handler asks whether they crossed an amount that the priority list asks for."""
    handlers = [h for h in model.handlers if h.event == "gain" and any(n.op == "event_crossed" for e in body_expressions(h.body) for n in walk(e))]
    return [r.name for r in model.resources if any(r.name in h.subjects for h in handlers)]


def _crossed(context: Context) -> Function:
    w = Writer()
    for index, resource in enumerate(context.model.resources):
        if resource.name in watched(context.model):
            with w.block(f"if resource == {index}:"):
                w.put(f"return {' or '.join(f'before < t.{resource.name}_threshold_{i} <= after' for i in range(THRESHOLDS))}")
    w.put("return False")
    return Function("crossed", ("t", "resource", "before", "after"), "Did a gain reach an amount that the priority list asks for?", "", tuple(w.lines))


def _look(context: Context) -> Function:
    """The one function that interrupts an event; while an action is performed the player looks again anyway."""
    late = ["if t.switch_inner_reads == 0:", "    wake(s)", "    return"] if any(n == "inner_reads" for n, _ in context.model.ruleset.switches) else []
    return _function("look", STATE, "The player may act now, before what is left of the event.",
                     [*late, f"if s.now < 0 or s.acting != 0 or s.channel != 0 or {casting(context.model)}:", "    return",
                      "if may_act(s, t):", "    s.deciding = 1", "    s.paused = 1", "    s.pile_base = s.pile", "else:", "    wait(s, t)"])


def _phase_by_health() -> list[str]:
    """Where the enemies have a health: what the player and the others have left of it."""
    return ["if t.health > 0.0:", "    left = 1.0 - (s.damage + t.others * (max(s.now, 0) / 1e9)) / t.health",
            "    if left <= 0.20:", "        return 0.20", "    if left <= 0.25:", "        return 0.25", "    if left <= 0.35:", "        return 0.35",
            "    return 1.0"]


def _launch(context: Context) -> Function:
    first, last = context.layout.slot("missile_0"), context.layout.slot(f"missile_{MISSILES - 1}") + 1
    return _function("launch", ("s", "at", "spell", "target", "outcome", "damage", "mean", "crit", "factor", "cost"),
        "A missile is under way until `at`.",
        [f"for slot in range({first}, {last}):", f"    if s.at[slot] == {NEVER}:", f"        i = slot - {first}",
         "        s.missile_spell[i] = spell", "        s.missile_target[i] = target", "        s.missile_outcome[i] = outcome",
         "        s.missile_damage[i] = damage", "        s.missile_mean[i] = mean", "        s.missile_crit[i] = crit",
         "        s.missile_factor[i] = factor", "        s.missile_cost[i] = cost", "        schedule(s, slot, at)", "        return",
         "s.fault |= 1"])


def _gain(context: Context, resource: Resource) -> Function:
    name = resource.name
    lines = [f"before = s.{name}", "after = min(before + amount, maximum)", f"s.{name} = after", "m.gains[source] += after - before"]
    index = context.model.resources.index(resource)
    for number, handler in enumerate(context.model.handlers):
        if handler.event == "gain" and name in handler.subjects:
            lines.append(f"handler_{number}(s, t, m, r, 0, after - before, 1, before, after, {index})")
    first = tuple(gain_arguments(context, name).split(", "))
    return _function(f"gain_{name}", (*first, "amount", "maximum", "source"), f"Gain {resource.label}, capped.", lines)


def _function(name: str, parameters: tuple[str, ...], summary: str, lines: list[str], where: str = "") -> Function:
    return Function(name, parameters, summary, where, tuple("    " + line for line in lines))


def _cast_speed(context: Context) -> list[Function]:
    like = context.model.stats[0].formula
    parts = [guarded(context, m, Scope(), "1.0") for m in modifiers(context, "cast_speed", None)]
    found = [f"return 1.0 / ({' * '.join([*parts, text(context.stat_expr('spell_haste', like), context, Scope(), 'spell_haste')])})"]
    meaning = "Factor on cast times and global cooldowns (less is faster)"
    if not keeps_cast_speed(context.model):
        return [_function("cast_speed", ("s", "t"), f"{meaning}.", found)]
    return [_function("cast_speed", ("s", "t"), f"{meaning}.", ["return s.cast_speed_kept"]),
            _function("fresh_cast_speed", ("s", "t"), f"{meaning}, found anew.", found)]


def _sort_autocast(context: Context) -> Function:
    """Stable insertion sort by ready time: of two that are ready at once the one that was tried first before stays first."""
    lines = [f"for i in range(1, {len(context.autocast)}):", "    which, place = s.auto_order[i], i", "    ready = autocast_ready(s, t, which)",
             "    while place > 0 and autocast_ready(s, t, s.auto_order[place - 1]) > ready:", "        s.auto_order[place] = s.auto_order[place - 1]",
             "        place -= 1", "    s.auto_order[place] = which", "s.auto_ready = autocast_ready(s, t, s.auto_order[0])"]
    return _function("sort_autocast", ("s", "t"), "Order in which a `cooldowns` line tries its spells.", lines)


def _begin_autocast(context: Context) -> Function:
    spells = context.autocast
    by_priority = sorted(range(len(spells)), key=lambda i: (-spells[i].autocast[0], i))  # type: ignore[index]
    return _function("begin_autocast", ("s",), "The order at the start of a fight: priority, then the order of the file.",
                     [f"s.auto_order[{place}] = {index}" for place, index in enumerate(by_priority)])


def autocast_ready(context: Context) -> Function:
    """When an autocast spell is ready."""
    w, steady = Writer(), not _disturbed(context.model) & {s.name for s in context.autocast}
    for index, spell in enumerate(context.autocast):
        with w.block(f"if index == {index}:"):
            ready = f"s.cd_{spell.name}" if spell.cooldown is not None else "0"
            needed = [e for e in conjuncts(spell.requires) if is_static(e)] if steady else []
            known = [text(e, context, Scope(), f"{spell.name}_known") for e in needed]
            w.put(f"return {ready} if {' and '.join(f'{k} != 0' for k in known)} else {NEVER}" if known else f"return {ready}")
    w.put("return 0")
    return Function("autocast_ready", ("s", "t", "index"), "When an autocast spell is ready; never where the character does not have it.", "", tuple(w.lines))


def _disturbed(model: Model) -> set[str]:
    """The spells whose cooldown changes without a new order."""
    return {name for s in model.spells for name in s.shares}


def pet_functions(context: Context, pet: Pet) -> list[Function]:
    """Summoning, acting and leaving of a pet or guardian."""
    layout, name = context.layout, pet.name
    gcd, cast, end = (layout.slot(f"{name}_{kind}") for kind in ("gcd", "cast", "end"))
    spells = [x for x in context.model.spells if x.owner == name]
    own_swings = list(swings(context.model, name))
    bars = [x for x in context.model.resources if x.owner == name]
    set_gcd = _function(f"set_gcd_{name}", ("s", "at"), f"{pet.label} can act again at `at`.", [f"schedule(s, {gcd}, at)"], origin(pet))
    summon = Writer()
    with summon.block(f"if s.{name}_on == 0:"):
        summon.put(f"s.{name}_on = 1")
        summon.put(f"s.{name}_cast_spell = -1")
        for stat in inherited_stats(context.model, pet):
            summon.put(f"s.{stat_field(stat.name)} = fresh_{stat_function(stat.name)}(s, t, 0)")
        for bar in bars:
            _fill(summon, context, bar, "max(s.now, 0)")
        summon.put(f"schedule(s, {gcd}, max(s.now, 0))")
        for spell in own_swings:
            _first_swing(summon, context, spell, "max(s.now, 0)")
        for stat_name, rescaled in rates(context).items():
            if any(x.owner == name for x in rescaled):
                summon.put(f"s.{stat_field(stat_name)}_rate = {stat_function(stat_name)}(s, t, 0)")
        summon.put(f"s.{name}_end = s.now + duration")
        summon.put(f"schedule(s, {end}, s.now + duration)")
        for x in spells:
            if x.cooldown is not None:
                summon.put(f"s.cd_{x.name} = min(s.cd_{x.name}, s.now)")
    complete = Writer()
    complete.put(f"spell = s.{name}_cast_spell")
    complete.put(f"s.{name}_cast_spell = -1")
    for x in spells:
        if x.cast is not None:
            with complete.block(f"if spell == {context.spell_index(x.name)}:"):
                complete.put(f"complete_{x.name}(s, t, m, r, 0, 0.0)")
    left = [gcd, cast, end, *(swing_slot(layout, x) for x in own_swings), *(layout.slot(f"tick_{x.name}") for x in bars if x.every is not None)]
    leave = _function(f"leave_{name}", STATE, f"{pet.label} leave; a running cast is lost.",
                      [f"s.{name}_on = 0", f"s.{name}_cast_spell = -1", *[f"s.at[{i}] = {NEVER}" for i in left]], origin(pet))
    return [set_gcd, Function(f"summon_{name}", (*STATE, "duration"), f"Summon {pet.label}; nothing happens while they are here already.", origin(pet),
                              tuple(summon.lines)),
            Function(f"finish_cast_{name}", STATE, f"{pet.label} finish a cast.", origin(pet), tuple(complete.lines)), _act(context, pet), leave]


def _act(context: Context, pet: Pet) -> Function:
    """A pet's decision: the first line of its list that is possible; with nothing possible it looks again."""
    name, act = pet.name, Writer()
    gcd = context.layout.slot(f"{name}_gcd")
    bars = [x for x in context.model.resources if x.owner == name]
    limited = bool(bars) or any(True for _ in swings(context.model, name)) or any(c.condition is not None for c in pet.choices)
    with act.block(f"if s.{name}_cast_spell >= 0 and s.{name}_cast_end <= s.now:"):
        act.put(f"finish_cast_{name}(s, t, m, r)")
    if limited:
        with act.block(f"if s.{name}_on == 0 or s.{name}_cast_spell >= 0:"):
            act.put("return")
        act.put(f"busy = s.at[{gcd}] > s.now and s.at[{gcd}] < {NEVER}")
    if pet.leaves_if is not None:
        with act.block(f"if {text(pet.leaves_if, context, Scope(), f'{name}_leaves')}:"):
            act.put(f"leave_{name}(s, t, m, r)")
            act.put("return")
    for waits, choices in groupby(pet.choices, lambda c: limited and context.model.spell(c.spell).gcd is not None):
        with act.block("if not busy:") if waits else nullcontext():  # what needs no global cooldown is done while it runs
            for choice in choices:
                _choice(act, context, pet, choice, limited=limited)
    if limited and pet.choices:
        with act.block("if busy:"):
            act.put("return")
        cooldowns = [context.model.spell(c.spell) for c in pet.choices]
        if any(n == "idle_grid" for n, _ in context.model.ruleset.switches):
            with act.block("if t.switch_idle_grid != 0:"):
                act.put(f"schedule(s, {gcd}, s.now + t.poll)")
                act.put("return")
        act.put(f"look = {NEVER}")
        for bar in bars:
            if bar.every is not None:
                act.put(f"look = min(look, s.at[{context.layout.slot(f'tick_{bar.name}')}])")
        for x in cooldowns:
            if x.cooldown is not None:
                with act.block(f"if s.cd_{x.name} > s.now:"):
                    act.put(f"look = min(look, s.cd_{x.name})")
        act.put(f"schedule(s, {gcd}, look)")
    return Function(f"act_{name}", STATE, f"{pet.label}: finish a cast, then choose.", origin(pet), tuple(act.lines))


def _choice(act: Writer, context: Context, pet: Pet, choice: PetChoice, *, limited: bool) -> None:
    """A line of a pet's list; what the character has not is asked first."""
    spell = context.model.spell(choice.spell)
    conditions = [f"s.cd_{spell.name} <= s.now"] if spell.cooldown is not None else []
    if spell.cost is not None:
        conditions.append(f"s.{spell.resource} >= {text(spell.cost, context, Scope(), f'{spell.name}_cost')}")
    if choice.condition is not None:
        conditions.insert(0 if is_static(choice.condition) else len(conditions), text(choice.condition, context, Scope(), f"{spell.name}_condition"))
    chance = text(choice.chance, context, Scope(), f"{spell.name}_chance")
    with act.block(f"if {' and '.join([*(conditions or ['True']), f'proc({chance}, r)'])}:"):
        act.put(f"start_{spell.name}(s, t, m, r, 0)")
        if spell.gcd is None and limited:
            gcd = context.layout.slot(f"{pet.name}_gcd")
            grid = any(n == "idle_grid" for n, _ in context.model.ruleset.switches)
            with act.block("if not busy:"):
                act.put(f"schedule(s, {gcd}, s.now + (t.poll if t.switch_idle_grid != 0 else 0))" if grid else f"schedule(s, {gcd}, s.now)")
        act.put("return")


def event_functions(context: Context) -> list[Function]:
    """Completion of casts, landing of missiles, dispatch of events and the clock."""
    flying = [_arrive(context)] if missiles(context.model) else []
    return [*(script_functions(context) if context.model.scripted else []), _finish_cast(context), *flying, expire_guard(), _dispatch(context), _next_event(context)]


def _finish_cast(context: Context) -> Function:
    w = Writer()
    w.put("spell = s.cast_spell")
    w.put("s.cast_spell = -1")
    for spell in context.model.spells:
        if spell.cast is not None and spell.chosen:
            with w.block(f"if spell == {context.spell_index(spell.name)}:"):
                w.put(f"complete_{spell.name}(s, t, m, r, s.cast_target, s.cast_cost)")
    return Function("finish_cast", STATE, "The player's cast is complete.", "", tuple(w.lines))


def _arrive(context: Context) -> Function:
    from portunus.ir.attacks import listened

    w = Writer()
    w.put("spell, target = s.missile_spell[i], s.missile_target[i]")
    if context.model.scripted:
        with w.block("if not present(s, t, target):"):
            w.put("return")
    if not context.expected:
        w.put("damage, outcome = s.missile_damage[i], s.missile_outcome[i]")
    for spell in context.model.spells:
        if spell.missile is None:
            continue
        with w.block(f"if spell == {context.spell_index(spell.name)}:"):
            if context.expected:
                from portunus.ir.attacks import hit_chance

                assert spell.attack is not None
                hit = hit_chance(context, spell, spell.attack.crit_chance, Scope(target="target"))
                if listened(context, spell):
                    w.put("damage, outcome = s.missile_mean[i], 0")
                    with w.block(f"if chance({hit}, m, r):"):
                        w.put("outcome = 1")
                        with w.block("if chance(s.missile_crit[i], m, r):"):
                            w.put("outcome = 2")
                            w.put("damage = damage * s.missile_factor[i]")
                else:
                    w.put("crit = min(max(s.missile_crit[i], 0.0), 1.0)")
                    w.put(f"damage = s.missile_mean[i] * min(max({hit}, 0.0), 1.0) * (1.0 + crit * (s.missile_factor[i] - 1.0))")
                    w.put("outcome = 1")
            w.put(f"land_{spell.name}(s, t, m, r, target, damage, outcome, s.missile_cost[i])")
    return Function("arrive", (*STATE, "i"), "Missile number `i` arrives.", "", tuple(w.lines))


def expire_guard() -> Function:
    """End what is due after the clock moved."""
    return _function("after_clock", STATE, "End what is due after the clock moved.", ["if s.expire_at <= s.now:", "    expire(s, t, m, r)"])


def _dispatch(context: Context) -> Function:
    w, layout = Writer(), context.layout
    before, per_enemy = layout.slots_before_enemies, layout.slots_per_enemy
    head = "if"
    for index, slot in enumerate(layout.slots[:before]):
        if slot.kind == "missile" and slot.subject != "0":
            continue
        last = index + MISSILES if slot.kind == "missile" else index + 1
        condition = f"k == {index}" if last == index + 1 else f"k < {last}"
        with w.block(f"{head} {condition}:"):
            _player_event(w, context, slot.kind, slot.subject, index)
        head = "elif"
    if per_enemy:
        with w.block("else:"):
            w.put(f"target = (k - {before}) // {per_enemy}")
            w.put(f"kind = (k - {before}) % {per_enemy}")
            for offset in range(per_enemy):
                slot = layout.slots[before + offset]
                aura = context.model.aura(slot.subject)
                with w.block(f"{'if' if offset == 0 else 'elif'} kind == {offset}:"):
                    (twin_event if slot.kind == "twin" else tick_event)(w, context, aura)
    return Function("dispatch", (*STATE, "k"), "Handle the event of slot `k`.", "", tuple(w.lines))


def _player_event(w: Writer, context: Context, kind: str, subject: str, index: int) -> None:
    if kind == "gcd":
        w.put("s.idle = 0")
        with w.block("if s.cast_spell >= 0 and s.cast_end <= s.now:"):
            w.put("finish_cast(s, t, m, r)")
        with w.block("if s.now >= 0 and s.channel == 0 and s.gcd_end <= s.now:"):
            w.put("s.deciding = 1")
    elif kind == "cast":
        w.put("finish_cast(s, t, m, r)")
    elif kind == "pull":
        w.put("prepull(s, t, m, r)")
    elif kind == "scene":
        w.put("next_scene(s, t, m, r)")
    elif kind == "tick":
        _resource_tick(w, context, subject, index)
    elif kind == "missile":
        w.put(f"arrive(s, t, m, r, k - {index})")
    elif kind == "rune":
        w.put(f"return_rune(s, {subject})")
    elif kind == "swing":
        w.put(f"swing_{subject}(s, t, m, r)")
    elif kind == "pet_gcd":
        w.put(f"act_{subject}(s, t, m, r)")
    elif kind == "pet_cast":
        w.put(f"finish_cast_{subject}(s, t, m, r)")
    elif kind == "pet_end":
        w.put(f"leave_{subject}(s, t, m, r)")
    elif kind == "aura":
        tick_event(w, context, context.model.aura(subject))


def _resource_tick(w: Writer, context: Context, name: str, index: int) -> None:
    resource = next(x for x in context.model.resources if x.name == name)
    assert resource.every is not None
    write_tick(w, context, resource)
    w.put(f"schedule(s, {index}, s.now + {text(resource.every, context, Scope(), f'{name}_every')})")


def _next_event(context: Context) -> Function:
    count, one = len(context.layout.slots), context.layout.slots_before_enemies + context.layout.slots_per_enemy
    others = ["if t.enemies > 1:", f"    other = earliest(s.at, {one}, {count}, 0, 0)", f"    later = soonest(s.at, {one}, {count}, 0, 0)", "    if later < best:", "        k, best = other, later"]
    silent_slots = [context.layout.slot(f"tick_{r.name}") for r in in_a_row(context.model)]
    least = min((context.layout.slots[slot].priority for slot in silent_slots), default=0)
    # What may go before such a tick at one instant; everything else goes after it.
    ahead = [f"s.at[{i}]" for i, slot in enumerate(context.layout.slots) if slot.priority >= least and i not in silent_slots] if silent_slots else []
    lines = [
        *(["if s.pile > 0:", "    resume(s, t, m, r)", "    return"] if pauses(context.model) else []),
        *[f"{name} = {search}(s.at, 0, {one}, {min(silent_slots, default=0)}, {max(silent_slots, default=-1) + 1})" for name, search in (("k", "earliest"), ("best", "soonest"))],
        *(others if count > one else []),
        *([f"if s.idle == 0 and ({' or '.join(f's.at[{i}] <= best' for i in silent_slots)}):", f"    {SILENT}(s, t, m, min({', '.join([*ahead, 's.expire_at', 's.duration + 1', 'best + 1'])}))"] if silent_slots else []),
        *[line for slot in silent_slots for line in (f"if s.at[{slot}] < best:", f"    k, best = {slot}, s.at[{slot}]")],
        "if s.idle == 2 and best > s.now and s.expire_at > s.now:", "    s.idle, s.deciding = 0, 1", "    return",
        "if s.idle == 1:", "    s.idle = 2",
        f"if t.switch_lazy_expiry == 0 and s.expire_at < best and s.expire_at <= s.duration and s.events <= {MAX_EVENTS}:",
        "    if s.expire_at <= s.now:", "        s.events += 1", "    s.now = max(s.now, s.expire_at)", "    expire(s, t, m, r)", "    return",
        f"if best > s.duration or s.events > {MAX_EVENTS}:",
        f"    if s.events > {MAX_EVENTS}:", "        s.fault |= 8",
        "    s.now = s.duration", "    s.finished = 1", "    return",
        "s.events += 1",
        *(["if t.enemies > 1:", f"    if shared(s.at, best, {count}):", f"        k = first_due(s.at, s.order, best, {count})"] if count > one else []),
        f"{'el' if count > one else ''}if shared(s.at, best, {one}):", f"    k = first_due(s.at, s.order, best, {one})", "order = s.order[k]",
        "if best > s.now:", "    s.now = best", "    after_clock(s, t, m, r)", "    if s.at[k] != best or s.order[k] != order:", "        return",
        f"s.at[k] = {NEVER}", "dispatch(s, t, m, r, k)",
    ]
    return _function("next_event", STATE, "Move the clock to the next event and handle it, or end the fight.", lines)


def rank_function(context: Context) -> Function:
    """What places an event before or after others of its instant, beside the order of scheduling."""
    layout = context.layout
    lines = [f"if slot >= {layout.slots_before_enemies}:", "    return 0"]
    for index, slot in enumerate(layout.slots[: layout.slots_before_enemies]):
        if slot.priority:
            lines += [f"if slot == {index}:", f"    return {-slot.priority * MOST_EVENTS}"]
    return _function("rank", ("slot",), "Added to an event's sequence number: below 0 for what goes first at one instant.", [*lines, "return 0"])


def decision_functions(context: Context) -> list[Function]:
    """Waiting, performing an action, the mask, and the step."""
    actions = actions_of(context)
    cooldowns = [s.name for s in context.model.spells if s.cooldown is not None and not s.owner]
    # While a global cooldown or cast runs its end is the next decision.
    stops, remembered, quiet = interruptible(context.model), remembers(context.model), quiet_resources(context.model)
    wait = ["s.deciding = 0", *(["if s.channel != 0:", "    return"] if stops else []), *(["if s.gcd_end > s.now:", "    return"] if _wakes(context) else []), "if t.switch_idle_grid != 0:", "    set_gcd(s, s.now + t.poll)", "    return",
            # Whatever happens next is a reason to look again; besides that only the end of a cooldown is.
            "s.idle = 1", f"wake = {NEVER}",
            *[line for c in cooldowns for line in (f"if s.cd_{c} > s.now:", f"    wake = min(wake, s.cd_{c})")],
            *(["if s.list_until > s.now:", "    wake = min(wake, s.list_until)"] if remembered else []),
            *[f"s.tick_wanted[{place}] = 0.0" for place in range(len(quiet))], "schedule(s, 0, wake)"]
    perform, legal, any_legal = Writer(), Writer(), Writer()
    if pauses(context.model):
        perform.put("s.acting = 1")
    legal.put("count = 1")
    if stops:
        with any_legal.block("if s.channel != 0:"):
            any_legal.put("return True")
    for index, action in enumerate(actions[:-1]):
        if action.name == "stop":
            with perform.block(f"elif action == {index} and s.channel != 0:"):
                perform.put("stop_channel(s, t, m, r)")
            legal.put(f"mask[{index}] = 1 if s.channel != 0 else 0")
            legal.put(f"count += mask[{index}]")
            continue
        allowed = ("s.channel == 0 and " if stops else "") + f"can_cast_{action.spell}(s, t)" + _there(context, action.target)
        with perform.block(f"{'if' if index == 0 else 'elif'} action == {index} and {allowed}:"):
            perform.put(f"start_{action.spell}(s, t, m, r, {action.target})")
            if context.model.spell(action.spell).gcd is None:  # it may take no time: a list that casts it for ever ends here
                perform.put("s.events += 1")
                with perform.block(f"if s.events > {MAX_EVENTS}:"):
                    perform.put("s.fault |= 8")
                    perform.put("s.now = s.duration")
                    perform.put("s.finished = 1")
            if context.free_actions:
                perform.put("wake(s)")
        with legal.block(f"if {allowed}:"):
            legal.put(f"mask[{index}] = 1")
            legal.put("count += 1")
        with legal.block("else:"):
            legal.put(f"mask[{index}] = 0")
        if action.target == 0:
            with any_legal.block(f"if {allowed}:"):
                any_legal.put("return True")
    with perform.block("else:"):
        with perform.block(f"if action != {len(actions) - 1}:"):
            perform.put("s.fault |= 4")
        perform.put("wait(s, t)")
        if polls(context.model):
            with perform.block("if s.list_stays > 0:"):
                perform.put("pass_polls(s, t, m)")
    if polls(context.model):
        perform.put("s.list_stays = 0")
    if pauses(context.model):
        perform.put("s.acting = 0")
    legal.put(f"mask[{len(actions) - 1}] = 1")
    legal.put("return count")
    any_legal.put("return False")
    prepull = Writer()
    prepull.put("i = s.prepull_index")
    with prepull.block("if i >= t.prepull_count:"):
        for number, handler in enumerate(context.model.handlers):
            if handler.event == "pull":
                prepull.put(f"handler_{number}(s, t, m, r)")
        prepull.put("schedule(s, 0, max(s.gcd_end, s.now))")
        prepull.put("return")
    prepull.put("s.prepull_index += 1")
    prepull.put("action = prepull_action(t, i)")
    for index, action in enumerate(actions):
        if not action.spell:
            continue
        with prepull.block(f"if action == {index} and can_cast_{action.spell}(s, t):"):
            prepull.put(f"start_{action.spell}(s, t, m, r, {action.target})")
    pull = context.layout.slot("pull")
    prepull.put(f"schedule(s, {pull}, prepull_at(t, i + 1) if i + 1 < t.prepull_count else 0)")
    lookups = []
    for name in ("prepull_at", "prepull_action"):
        lines = []
        for i in range(PREPULL_LINES):
            lines += [f"if i == {i}:", f"    return t.{name}_{i}"]
        lookups.append(_function(name, ("t", "i"), "A line of the prepull.", [*lines, "return 0"]))
    return [
        *([_stop_channel(context)] if stops else []),
        _function("wait", ("s", "t"), "Do nothing until something changes (on the reference's grid where that switch is on).", wait),
        *lookups,
        Function("prepull", STATE, "The next line of the prepull; after the last one, the pull.", "", tuple(prepull.lines)),
        Function("perform", (*STATE, "action"), "Perform an action; an illegal one is a fault and waits.", "", tuple(perform.lines)),
        Function("any_legal", ("s", "t"), "Is anything but waiting possible?", "", tuple(any_legal.lines)),
        _may_act(context),
        Function("legal", ("s", "t", "mask"), "Write the mask of legal actions; returns how many.", "", tuple(legal.lines)),
        _function("advance", STATE, "Go on to the next decision point or the end of the fight.",
                  ["while s.finished == 0:", "    if s.deciding != 0:", "        if may_act(s, t):", "            return",
                   "        wait(s, t)", *(["        if s.idle == 1:", "            wanted(s, t)", f"    {QUIET}(s, t, m, r)", "    if s.deciding == 0:", "        next_event(s, t, m, r)"] if quiet else ["    next_event(s, t, m, r)"])]),
        *_step(context),
        _begin(context), _finalize(context),
    ]


def _may_act(context: Context) -> Function:
    """Is the player asked: always on the reference's grid, unless a global cooldown runs and nothing is possible meanwhile."""
    w, model = Writer(), context.model
    with w.block("if t.auto_wait != 0:"):
        w.put("return any_legal(s, t)")
    free = free_spells(model)
    if free:
        with w.block("if s.gcd_end > s.now" + (" and s.channel == 0:" if interruptible(model) else ":")):
            possible = [f"(t.asked_{spell.name} != 0 and can_cast_{spell.name}(s, t))" for spell in free]
            w.put(f"return {' or '.join(possible)}")
    w.put("return True")
    return Function("may_act", ("s", "t"), "Is the player asked what to do?", "", tuple(w.lines))


def _step(context: Context) -> list[Function]:
    """`step`; in two parts where priority lists draw numbers, as the reference reads the list once more in between."""
    begin = ["m.probability = 1.0", "m.signature = 1", "m.draws = 0", "if s.finished == 0:"]
    perform = [*(["    s.decisions += 1", "    s.last_action = action"] if remembers(context.model) else []), "    perform(s, t, m, r, action)"]
    parameters, summary = (*STATE, "action"), "Perform an action and go on to the next decision point."
    if not list_rolls(context.model):
        return [_function("step", parameters, summary, [*begin, *perform, "    advance(s, t, m, r)"])]
    casts = sum(bool(a.spell) for a in actions_of(context))
    return [
        _function("act", parameters, "Perform an action; the clock stays.", [*begin, *perform]),
        _function("step", parameters, summary, ["act(s, t, m, r, action)", "if s.finished == 0:", "    advance(s, t, m, r)"]),
        _function("reads_again", ("s", "t", "action"), "Is the list read again after an action, with nothing to choose?",
                  [f"return t.switch_list_rolls != 0 and action < {casts} and s.deciding == 0 and s.finished == 0"]),
    ]


def _there(context: Context, target: int) -> str:
    """Text of the condition that an enemy is there; the first always is."""
    if not target:
        return ""
    return f" and present(s, t, {target})" if context.model.scripted else f" and {target} < t.enemies"


def _stop_channel(context: Context) -> Function:
    w = Writer()
    for spell in context.model.spells:
        if spell.interruptible:
            if context.model.aura(spell.channel).on_target:
                with w.block("for target in range(t.enemies):"), w.block(f"if s.{spell.channel}_on[target] != 0:"):
                    w.put(f"fade_{spell.channel}(s, t, m, r, target)")
            else:
                with w.block(f"if s.{spell.channel}_on != 0:"):
                    w.put(f"fade_{spell.channel}(s, t, m, r)")
    w.put("s.deciding = 0")
    with w.block("if s.gcd_end <= s.now:"):
        w.put("set_gcd(s, s.now + t.clip_delay)")
    return Function("stop_channel", STATE, "The player stops channelling; the next decision comes a moment later.", "", tuple(w.lines))


def _begin(context: Context) -> Function:
    w = Writer()
    layout, model = context.layout, context.model
    nevers = {"expire_at"}
    minus = {"cast_spell", "rune_borrowed", *[f"{p.name}_cast_spell" for p in model.pets]}
    carried = [r.name for r in model.resources if r.left_over]
    if carried:
        w.put(f"ended, {', '.join(f'left_{r}' for r in carried)} = s.finished, {', '.join(f's.{r}' for r in carried)}")
    for f in layout.state:
        if f.array:
            with w.block(f"for i in range({f.size}):"):
                w.put(f"s.{f.name}[i] = {NEVER if f.name == 'at' else (0 if f.type == 'int' else 0.0)}")
        else:
            w.put(f"s.{f.name} = {NEVER if f.name in nevers else -1 if f.name in minus else (0 if f.type == 'int' else 0.0)}")
    if pauses(model):
        w.put("s.acting = 1")
    w.put("s.duration = t.duration")
    w.put("start = prepull_at(t, 0) if t.prepull_count > 0 else 0")
    w.put("s.now = start")
    w.put("s.gcd_end = start")
    for aura in (a for a in model.auras if asked_fresh(model, a)):
        if aura.on_target:
            with w.block(f"for i in range({layout.max_enemies}):"):
                w.put(f"s.{aura.name}_applied_at[i] = {-NEVER}")
        else:
            w.put(f"s.{aura.name}_applied_at = {-NEVER}")
    for spell in model.spells:
        if spell.cooldown is not None:
            w.put(f"s.cd_{spell.name} = start")
        if spell.charges:
            w.put(f"s.cd_{spell.name}_full = start")
        if spell.uses is not None:
            w.put(f"s.uses_{spell.name} = {text(spell.uses, context, Scope(), f'{spell.name}_uses')}")
    for icd in model.icds:
        w.put(f"s.icd_{icd.name} = start")
    w.put(f"schedule(s, {layout.slot('pull')}, start)")
    if model.scripted:
        with w.block("if t.scenes > 1:"):
            w.put(f"schedule(s, {layout.slot('scene')}, t.scene_at[1])")
    for spell in swings(model, ""):
        _first_swing(w, context, spell, "0")
    w.put("keep_stats(s, t)")
    for stat in rates(context):
        w.put(f"s.{stat_field(stat)}_rate = {stat_function(stat)}(s, t, 0)")
    for resource in model.resources:
        if not resource.owner:
            _fill(w, context, resource, "start")
            if resource.left_over:
                with w.block(f"if ended != 0 and t.switch_{resource.left_over} != 0:"):
                    w.put(f"s.{resource.name} = left_{resource.name}")
    for number, handler in enumerate(model.handlers):
        if handler.event == "begin":
            w.put(f"handler_{number}(s, t, m, r)")
    for pet in model.pets:
        if pet.permanent is not None:
            with w.block(f"if {text(pet.permanent, context, Scope(), f'{pet.name}_permanent')} != 0:"):
                w.put(f"summon_{pet.name}(s, t, m, r, {NEVER} - s.now)")
    if context.autocast:
        w.put("begin_autocast(s)")
        w.put("s.auto_ready = start")
    if pauses(model):
        w.put("s.acting = 0")
    w.put("advance(s, t, m, r)")
    return Function("begin", STATE, "A fresh fight, advanced to its first decision point.", "", tuple(w.lines))


def _wakes(context: Context) -> bool:
    """Can a decision come while a global cooldown runs?"""
    return context.free_actions or any(isinstance(s, Decide) for s in all_statements(context.model))


def _first_swing(w: Writer, context: Context, spell: Spell, at: str) -> None:
    assert spell.swing is not None
    with w.block(f"if {text(spell.swing.every, context, Scope(), f'{spell.name}_every')} > 0:"):
        w.put(f"schedule(s, {swing_slot(context.layout, spell)}, {at})")


def _fill(w: Writer, context: Context, resource: Resource, start: str) -> None:
    """A resource at the start of a fight, or of a pet's stay."""
    full = context.tables.slot(resource.maximum, f"{resource.name}_max")
    first = full if resource.start is None else text(resource.start, context, Scope(), f"{resource.name}_start")
    w.put(f"s.{resource.name} = {first}")
    if resource.rest_after is not None:
        w.put(f"s.{resource.name}_paid_at = {-NEVER}")
    if resource.prorated:
        w.put(f"s.{resource.name}_rate = {text(resource.amount_casting, context, Scope(), f'{resource.name}_tick')}")
    if resource.every is not None:
        every = text(resource.every, context, Scope(), f"{resource.name}_every")
        phase = every if not resource.phased else f"{every} // 2" if context.expected else f"int(uniform(r) * {every})"
        w.put(f"schedule(s, {context.layout.slot(f'tick_{resource.name}')}, {start} + {phase})")


def _finalize(context: Context) -> Function:
    w = Writer()
    for aura in context.model.auras:
        index = context.aura_index(aura.name)
        if aura.on_target:
            with w.block("for i in range(t.enemies):"), w.block(f"if s.{aura.name}_on[i] != 0:"):
                w.put(f"m.aura_uptime[{index}] += max(min(s.now, s.{aura.name}_end[i]), 0)")
        else:
            with w.block(f"if s.{aura.name}_on != 0:"):
                w.put(f"m.aura_uptime[{index}] += max(min(s.now, s.{aura.name}_end), 0)")
    return Function("finalize", ("s", "t", "m"), "Count the uptime of what is still active at the end.", "", tuple(w.lines))
