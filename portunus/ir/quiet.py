"""Ticks of a resource that give nobody a reason to do anything: played in a row, without the event loop.

Energy that comes every 100 ms is most of the events of a fight. While the player is locked, a tick changes a number. While the player idles
because nothing is possible, it matters only when the resource reaches what a spell costs. What comes out is the same as tick by tick; the
reference's artefacts see every event.
"""

from __future__ import annotations

from portunus.dsl.model import Decide, Expr, If, Model, Resource
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import Scope, text, walk
from portunus.ir.layout import followed, in_a_row, pauses
from portunus.ir.statements import gain_arguments, inner

QUIET = "quiet_ticks"
SILENT = "silent_ticks"
# What a spell may depend on and stay impossible until an event or the end of a cooldown: nothing that changes by the clock alone.
_STEADY = frozenset(
    {
        "number",
        "talent",
        "glyph",
        "option",
        "stat",
        "class",
        "race",
        "bonus",
        "level",
        "weapon",
        "enemies",
        "resource_max",
        "resource_base",
        "base_cost",
        "add",
        "sub",
        "mul",
        "div",
        "neg",
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "and",
        "or",
        "not",
        "min",
        "max",
        "choose",
        "pick",
        "live_stat",
        "aura_up",
        "aura_stacks",
        "aura_value",
        "cooldown_ready",
        "resource",
    }
)


def quiet_resources(model: Model) -> list[Resource]:
    """The resources whose ticks may be played in a row: the player's, with ticks that never offer a decision within."""
    switched = any(name == "inner_reads" for name, _ in model.ruleset.switches)
    found = [r for r in model.resources if not r.owner and r.every is not None and r.rest_after is None]
    listeners = {r.name: [h for h in model.handlers if h.event == "gain" and r.name in h.subjects] for r in found}
    within = {
        name: any(isinstance(s, Decide) and s.within for h in handlers for outer in h.body for s in inner(outer))
        for name, handlers in listeners.items()
    }
    return [r for r in found if switched or not within[r.name]]


def _steady(model: Model, resource: Resource) -> bool:
    """Does what is impossible stay so until the resource reaches a cost, or something else happens?"""

    def plain(expr: Expr | None) -> bool:
        return expr is None or all(n.op in _STEADY and (n.op != "resource" or n.args[0] != resource.name) for n in walk(expr))

    chosen = [s for s in model.spells if s.chosen]
    costs = [expr for s in chosen for expr in (s.cost, *(amount for _, amount in s.more_costs))]
    changes = [expr for m in model.modifiers if m.kind == "cost" for expr in (m.amount, m.condition)]
    return all(plain(expr) for expr in (*costs, *changes, *(e for s in chosen for e in (s.requires, s.free_if))))


def write_tick(w: Writer, context: Context, resource: Resource) -> None:
    """Write what a tick gives at the state's instant."""
    name, scope, sources = resource.name, Scope(), context.layout.sources
    head, maximum = f"gain_{name}({gain_arguments(context, name)}", context.tables.slot(resource.maximum, f"{name}_max")
    if resource.rest_after is None:
        w.put(f"{head}, {text(resource.amount_casting, context, scope, f'{name}_tick')}, {maximum}, {sources.index((name, 'tick'))})")
        return
    with w.block(f"if s.now < s.{name}_paid_at + {text(resource.rest_after, context, scope, f'{name}_rest_after')}:"):
        w.put(f"{head}, {text(resource.amount_casting, context, scope, f'{name}_tick_casting')}, {maximum}, {sources.index((name, 'casting'))})")
    with w.block("else:"):
        w.put(f"{head}, {text(resource.amount_resting, context, scope, f'{name}_tick_resting')}, {maximum}, {sources.index((name, 'resting'))})")


def heard_function(context: Context, resource: Resource) -> Function:
    """`RESOURCE_heard`: the condition under which a handler lets the player act when a followed resource is gained."""
    conditions = [x.condition for h in context.model.handlers if h.event == "gain" and resource.name in h.subjects for x in h.body if isinstance(x, If)]
    asked = " or ".join(text(c, context, Scope(target="target", spell="spell")) for c in conditions) or "False"
    return Function(f"{resource.name}_heard", ("s", "t", "target", "damage", "outcome", "cost", "base_cost", "spell"), f"May the player act when {resource.label} is gained?", "",
                    (f"    return {asked}",))


def write_unheard(w: Writer, context: Context, resource: Resource, before: str, stop: str = "") -> None:
    """Write a tick at `tick` if nobody hears of it, else `going = 0`; `before` is what there is of the resource, `gain` what the tick gives."""
    name, index = resource.name, context.model.resources.index(resource)
    assert resource.every is not None  # only resources that tick are played in a row
    w.put(f"after = min({before} + gain, {context.tables.slot(resource.maximum, f'{name}_max')})")
    w.put("now = s.now")
    w.put("s.now = tick")
    with w.block(f"if {stop}{name}_heard(s, t, 0, after - {before}, 1, {before}, after, {index}):"):
        w.put("s.now = now")
        w.put("going = 0")
    with w.block("else:"):
        w.put(f"m.gains[{context.layout.sources.index((name, 'tick'))}] += after - {before}")
        w.put(f"{before} = after")
        w.put(f"tick += {text(resource.every, context, Scope(), f'{name}_every')}")
        w.put("ticks += 1")


def silent_functions(context: Context) -> list[Function]:
    """`silent_ticks`: what ticks before an instant and changes nothing but a number; the event loop leaves that out."""
    w, functions = Writer(), []
    own = followed(context.model)
    if own is not None:
        functions.append(heard_function(context, own))
    for resource in in_a_row(context.model):
        assert resource.every is not None
        slot = context.layout.slot(f"tick_{resource.name}")
        with w.block(f"if s.at[{slot}] < limit:"):
            if resource == own:
                w.put(f"tick, ticks, going, have = s.at[{slot}], 0, 1, s.{resource.name}")
                w.put(f"gain = {text(resource.amount_casting, context, Scope(), f'{resource.name}_tick')}")
                with w.block("while going != 0 and tick < limit:"):
                    write_unheard(w, context, resource, "have")
                with w.block("if ticks > 0:"):
                    w.put(f"s.{resource.name} = have")
                    w.put("s.events += ticks")
                    w.put(f"schedule(s, {slot}, tick)")
                continue
            w.put(f"at = s.at[{slot}]")
            with w.block("while at < limit:"):
                w.put("s.now = at")
                w.put("s.events += 1")
                write_tick(w, context, resource)
                w.put(f"at = at + {text(resource.every, context, Scope(), f'{resource.name}_every')}")
            w.put(f"schedule(s, {slot}, at)")
    if not w.lines:
        return functions
    return [*functions, Function(SILENT, ("s", "t", "m", "limit"), "Ticks before an instant that change nothing but a number.", "", tuple(w.lines))]


def quiet_functions(context: Context) -> list[Function]:
    """`quiet_ticks`, and `wanted`: the least amount at which something becomes possible."""
    resources = quiet_resources(context.model)
    if not resources:
        return []
    w, wanted = Writer(), Writer()
    count, one = len(context.layout.slots), context.layout.slots_before_enemies + context.layout.slots_per_enemy
    with w.block("if t.auto_wait == 0 or s.idle > 1" + (" or s.pile > 0:" if pauses(context.model) else ":")):
        w.put("return")
    for place, resource in enumerate(resources):
        assert resource.every is not None
        slot, name = context.layout.slot(f"tick_{resource.name}"), resource.name
        amount = text(resource.amount_casting, context, Scope(), f"{name}_tick")
        gain = f"gain_{name}({gain_arguments(context, name)}, {amount}, {context.tables.slot(resource.maximum, f'{name}_max')}, {context.layout.sources.index((name, 'tick'))})"
        w.put(f"at = s.at[{slot}]")
        locked = "" if resource in in_a_row(context.model) else "s.idle == 0 or "  # where the event loop does not play them in a row
        with w.block(f"if {locked}s.idle == 1 and s.{name} < s.tick_wanted[{place}]:"):
            w.put(f"limit = min(min(s.expire_at, s.duration + 1), soonest(s.at, 0, {one}, {slot}, {slot + 1}))")
            if count > one:
                with w.block("if t.enemies > 1:"):
                    w.put(f"limit = min(limit, soonest(s.at, {one}, {count}, 0, 0))")
            with w.block("if at < limit:"):
                with w.block(f"while at < limit and s.deciding == 0 and ({locked}s.{name} < s.tick_wanted[{place}]):"):
                    w.put("s.now = at")
                    w.put("s.events += 1")
                    w.put(gain)
                    w.put(f"at = at + {text(resource.every, context, Scope(), f'{name}_every')}")
                w.put(f"schedule(s, {slot}, at)")
                with w.block(f"if s.idle == 1 and s.{name} >= s.tick_wanted[{place}]:"):
                    w.put("s.idle = 2")
                    w.put("return")

        wanted.put("least = 1e300" if _steady(context.model, resource) else "least = 0.0")
        if _steady(context.model, resource):
            for spell in context.model.spells:
                if not spell.chosen:
                    continue
                costs = [f"cost_{spell.name}(s, t)"] if spell.cost is not None and spell.resource == name else []
                costs += [text(more, context, Scope(), f"{spell.name}_{name}") for other, more in spell.more_costs if other == name]
                for cost in costs:
                    wanted.put(f"amount = {cost}")
                    with wanted.block(f"if amount > s.{name}:"):
                        wanted.put("least = min(least, amount)")
        wanted.put(f"s.tick_wanted[{place}] = least")
    return [
        Function(QUIET, ("s", "t", "m", "r"), "Ticks that come before anything else and give no reason to act.", "", tuple(w.lines)),
        Function("wanted", ("s", "t"), "Nothing is possible: note the amounts at which something would be.", "", tuple(wanted.lines)),
    ]
