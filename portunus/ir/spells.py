"""Spells as kernel functions: cost, readiness, start, completion, landing, and the listeners of hits and casts."""

from __future__ import annotations

from portunus.dsl.model import OUTCOMES, Apply, Damage, Model, Spell
from portunus.ir.attacks import guarded, modifiers
from portunus.ir.auras import origin
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import Scope, cooldown_text, text
from portunus.ir.layout import pauses, swing_slot
from portunus.ir.runes import counts
from portunus.ir.statements import call_aura, inner, write_body, write_payment
from portunus.ir.stats import period

STATE = ("s", "t", "m", "r")


def spell_functions(context: Context, spell: Spell) -> list[Function]:
    """The functions of one spell."""
    functions = []
    if spell.attack is not None:
        functions.append(_land(context, spell))
    functions.append(_complete(context, spell))
    if spell.swing is not None:
        functions.append(_swing(context, spell))
    elif not spell.triggered:
        functions.append(_start(context, spell))
    if spell.chosen:
        if spell.cost is not None:
            functions.insert(0, _cost(context, spell))
        functions.append(_can_cast(context, spell))
    return functions


def _base_cost(context: Context, spell: Spell) -> str:
    return "0.0" if spell.cost is None else text(spell.cost, context, Scope(), f"{spell.name}_cost")


def _cost(context: Context, spell: Spell) -> Function:
    w = Writer()
    parts = [_base_cost(context, spell)] + [guarded(context, m, Scope(), "1.0") for m in modifiers(context, "cost", spell)]
    w.put(f"cost = {' * '.join(parts)}")
    with w.block("if t.switch_latest_cost != 0:"):
        w.put(f"s.cost_latest[{context.spell_index(spell.name)}] = cost")
    w.put("return cost")
    return Function(f"cost_{spell.name}", ("s", "t"), f"What {spell.label} costs now.", origin(spell), tuple(w.lines))


def casting(model: Model) -> str:
    """Text of whether a cast is running; the reference, which reads its list within events, takes one that ends now for over, and loses it."""
    read_within = pauses(model) and any(name == "inner_reads" for name, _ in model.ruleset.switches)
    return "s.cast_spell >= 0" + (" and (t.switch_inner_reads == 0 or s.cast_end > s.now)" if read_within else "")


def _can_cast(context: Context, spell: Spell) -> Function:
    """Nothing here changes anything, so what is quick to ask and often in the way comes first: the clock, then conditions, then costs."""
    w = Writer()
    clock, conditions = [], []
    if spell.requires is not None:
        conditions.append(f"not ({text(spell.requires, context, Scope(), f'{spell.name}_requires')})")
    if spell.uses is not None:
        conditions.append(f"s.uses_{spell.name} <= 0")
    if context.model.scripted and (spell.cast is not None or spell.channel):
        moving = "t.scene_movement[s.scene] != 0"
        at_once = spell.instant_if is not None and not spell.channel
        conditions.append(f"{moving} and not ({text(spell.instant_if, context, Scope(), f'{spell.name}_instant')})" if at_once else moving)  # type: ignore[arg-type]
    # What needs no global cooldown may be used while it runs, except what the line `cooldowns` takes.
    if spell.gcd is not None or spell.autocast is not None:
        clock.append("s.gcd_end > s.now")
    if spell.cooldown is not None:
        clock.append(f"s.cd_{spell.name} > s.now")
    clock.append(casting(context.model))
    for condition in (*clock, *conditions):
        with w.block(f"if {condition}:"):
            w.put("return False")
    if spell.free_if is not None:
        with w.block(f"if {text(spell.free_if, context, Scope())}:"):
            w.put("return True")
    if spell.rune_cost:
        with w.block(f"if not runes_suffice(s, {counts(context, spell)}):"):
            w.put("return False")
    for resource, amount in spell.more_costs:
        with w.block(f"if s.{resource} < {text(amount, context, Scope(), f'{spell.name}_{resource}')}:"):
            w.put("return False")
    w.put(f"return s.{spell.resource} >= cost_{spell.name}(s, t)" if spell.cost is not None else "return True")
    return Function(f"can_cast_{spell.name}", ("s", "t"), f"Can {spell.label} be cast now?", origin(spell), tuple(w.lines))


def _start(context: Context, spell: Spell) -> Function:
    w = Writer()
    prefix = f"s.{spell.owner}_" if spell.owner else "s."
    scope = Scope(target="target", spell=str(context.spell_index(spell.name)))
    if spell.hasted and not spell.owner and (spell.cast is not None or spell.gcd is not None):
        w.put("speed = cast_speed(s, t)")
    hasted = spell.hasted and not spell.owner

    def duration(expr, kind: str) -> str:
        slot = text(expr, context, scope, f"{spell.name}_{kind}")
        return f"int({slot} * speed)" if hasted else slot

    cost = f"cost_{spell.name}(s, t)" if not spell.owner else _base_cost(context, spell)
    w.put(f"cost = {cost if spell.cost is not None else '0.0'}")
    w.put("cast = " + (duration(spell.cast, "cast") if spell.cast is not None else "0"))
    if spell.instant_if is not None:
        with w.block(f"if {text(spell.instant_if, context, scope)}:"):
            w.put("cast = 0")
    write_body(w, context, spell.on_start, scope, spell)
    if spell.cooldown is not None:
        length = cooldown_text(context, spell, scope)
        if spell.charges:
            w.put(f"length = {length}")
            w.put(f"s.cd_{spell.name}_full = max(s.cd_{spell.name}_full, s.now + cast) + length")
            w.put(f"s.cd_{spell.name} = s.cd_{spell.name}_full - ({context.count(spell, 'charges', spell.charges)} - 1) * length")
        else:
            w.put(f"s.cd_{spell.name} = s.now + cast + {length}")
        for other in spell.shares:
            w.put(f"s.cd_{other} = s.cd_{spell.name}")
    if spell.gcd is not None:
        w.put(f"lock = max(max({duration(spell.gcd, 'gcd')}, t.gcd_floor), cast)")
    else:
        w.put("lock = cast")
    set_gcd = f"set_gcd_{spell.owner}" if spell.owner else "set_gcd"
    with w.block("if lock > 0:"):
        w.put(f"{set_gcd}(s, s.now + lock)")
    if spell.cast is None:
        w.put(f"complete_{spell.name}(s, t, m, r, target, cost)")
    else:
        with w.block("if cast > 0:"):
            w.put(f"{prefix}cast_spell = {context.spell_index(spell.name)}")
            if not spell.owner:
                w.put("s.cast_target = target")
                w.put("s.cast_cost = cost")
                if context.model.scripted:
                    held = f"max({duration(spell.gcd, 'gcd')}, t.gcd_floor)" if spell.gcd is not None else "0"
                    w.put(f"s.cast_lock = s.now + {held}")
            w.put(f"{prefix}cast_end = s.now + cast")
            slot = context.layout.slot(f"{spell.owner}_cast" if spell.owner else "cast")
            with w.block("if cast != lock:"):
                w.put(f"schedule(s, {slot}, s.now + cast)")
        with w.block("else:"):
            w.put(f"complete_{spell.name}(s, t, m, r, target, cost)")
    if spell.autocast is not None:
        w.put("sort_autocast(s, t)")
    return Function(f"start_{spell.name}", (*STATE, "target"), f"Begin to cast {spell.label}.", origin(spell), tuple(w.lines))


def _swing(context: Context, spell: Spell) -> Function:
    """The event of an auto-attack: the next swing is set before this one lands."""
    assert spell.swing is not None
    w = Writer()
    slot = swing_slot(context.layout, spell)
    if spell.on_start:
        w.put(f"s.at[{slot}] = s.now")
        write_body(w, context, spell.on_start, Scope(spell=str(context.spell_index(spell.name))), spell)
    w.put(f"schedule(s, {slot}, s.now + {period(context, spell)})")
    head = "if"
    for other, condition in spell.swing.instead:
        with w.block(f"{head} {text(condition, context, Scope(), f'{spell.name}_instead')}:"):
            cost = _base_cost(context, context.model.spell(other))
            w.put(f"complete_{other}(s, t, m, r, 0, {cost})")
        head = "elif"
    if head == "elif":
        with w.block("else:"):
            w.put(f"complete_{spell.name}(s, t, m, r, 0, 0.0)")
    else:
        w.put(f"complete_{spell.name}(s, t, m, r, 0, 0.0)")
    if spell.owner:
        w.put(f"act_{spell.owner}(s, t, m, r)")
    elif context.free_actions:
        w.put("wake(s)")
    return Function(f"swing_{spell.name}", STATE, f"{spell.label} swings.", origin(spell), tuple(w.lines))


def _complete(context: Context, spell: Spell) -> Function:
    w = Writer()
    index = context.spell_index(spell.name)
    scope = Scope(target="target", spell=str(index))
    if spell.free_if is not None:
        with w.block(f"if {text(spell.free_if, context, scope)}:"):
            w.put("free, cost = 1, 0.0")
        with w.block("else:"):
            w.put("free = 0")
    if not spell.pays_later:
        if spell.free_if is not None:
            with w.block("if free == 0:"):
                write_payment(w, context, spell)
        else:
            write_payment(w, context, spell)
    if not spell.uncounted:
        w.put(f"m.casts[{context.row(spell)}] += 1")
    write_body(w, context, spell.on_cast, scope, spell)
    if spell.uses is not None:
        w.put(f"s.uses_{spell.name} -= 1")
    if spell.channel and not any(isinstance(x, Apply) and x.aura == spell.channel for outer in spell.on_cast for x in inner(outer)):
        w.put(call_aura(context, spell.channel, "apply", scope, str(index)))
    for number, handler in enumerate(context.model.handlers):
        if handler.event == "cast" and spell.name in handler.subjects:
            w.put(f"handler_{number}(s, t, m, r, target, 0.0, 1, cost, {_base_cost(context, spell)}, {index})")
    return Function(f"complete_{spell.name}", (*STATE, "target", "cost"), f"{spell.label} is cast: pay, count, take effect, tell the listeners.",
                    origin(spell), tuple(w.lines))


def _land(context: Context, spell: Spell) -> Function:
    w = Writer()
    row, index = context.row(spell), context.spell_index(spell.name)
    scope = Scope(target="target", spell=str(index))
    damages = any(isinstance(x, Damage) for outer in spell.on_cast for x in inner(outer))
    rolled = {name for name, _, _ in context.model.table(spell.attack.table).outcomes} if spell.attack is not None and spell.attack.table else set()
    with w.block("if outcome <= 0:" if rolled else "if outcome == 0:"):
        for name, counter in (("dodge", "dodges"), ("parry", "parries")):
            if name in rolled:
                with w.block(f"if outcome == {OUTCOMES[name]}:"):
                    w.put(f"m.{counter}[{row}] += 1")
        if rolled:
            with w.block("if outcome == 0:"):
                w.put(f"m.misses[{row}] += 1")
        else:
            w.put(f"m.misses[{row}] += 1")
    with w.block("else:"):
        if damages:
            with w.block("if outcome == 2:"):
                w.put(f"m.crits[{row}] += 1")
            if "glance" in rolled:
                with w.block(f"elif outcome == {OUTCOMES['glance']}:"):
                    w.put(f"m.glances[{row}] += 1")
            with w.block("else:"):
                w.put(f"m.hits[{row}] += 1")
            w.put(f"deal(s, m, {row}, damage)")
        write_body(w, context, spell.on_land, scope, spell)
    listeners = [(i, h) for i, h in enumerate(context.model.handlers) if h.event in ("hit", "result") and spell.name in h.subjects]
    if listeners:
        w.put(f"paid = s.cost_latest[{index}] if t.switch_latest_cost != 0 else cost")
    for number, handler in listeners:
        call = f"handler_{number}(s, t, m, r, target, damage, outcome, paid, {_base_cost(context, spell)}, {index})"
        if handler.event == "hit":
            with w.block("if outcome > 0:"):
                w.put(call)
        else:
            w.put(call)
    return Function(f"land_{spell.name}", (*STATE, "target", "damage", "outcome", "cost"), f"{spell.label} arrives: damage, effects, listeners.",
                    origin(spell), tuple(w.lines))


def handler_functions(context: Context) -> list[Function]:
    """One function per listener, in the order of the file."""
    functions = []
    for number, handler in enumerate(context.model.handlers):
        w = Writer()
        if not handler.subjects:
            write_body(w, context, handler.body, Scope(), None)
            functions.append(Function(f"handler_{number}", STATE, f"on {handler.event}", origin(handler), tuple(w.lines)))
            continue
        write_body(w, context, handler.body, Scope(target="target", spell="spell"), None)
        functions.append(Function(f"handler_{number}", (*STATE, "target", "damage", "outcome", "cost", "base_cost", "spell"),
                                  f"on {handler.event} of {', '.join(handler.subjects)}", origin(handler), tuple(w.lines)))
    return functions
