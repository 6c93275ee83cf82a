"""PT304: two definitions whose facts would have one name in a fight's state (an aura `fire` with a value `blast_end`, an aura `fire_blast`)."""

from __future__ import annotations

from collections.abc import Iterator

from portunus.dsl.diagnostics import Problems
from portunus.dsl.model import Model, Span
from portunus.dsl.symbols import Symbols

# What a state holds besides the definitions' own; a test compares all these names with the compiler's list.
ENGINE = frozenset({
    "now", "duration", "finished", "fault", "damage", "deciding", "idle", "channel", "events", "expire_at", "sequence", "prepull_index", "gcd_end", "cast_spell",
    "cast_target", "cast_end", "cast_cost", "at", "order", "cost_latest", "auto_order", "auto_ready", "aura_list", "aura_count", "decisions", "last_action",
    "list_interrupt", "list_until", "list_pending", "list_pending_action", "list_pending_at", "list_step", "scene", "cast_lock", "tick_wanted", "acting", "paused", "pile",
    "pile_base", "stream", "list_stays", "list_wants", "cast_speed_kept",
    *(f"phase_{percent}_at" for percent in (20, 25, 35)),
    *(f"missile_{part}" for part in ("spell", "target", "outcome", "damage", "mean", "crit", "factor", "cost")),
    *(f"rune_{part}" for part in ("spent", "wild", "last", "paid", "borrowed")),
})  # fmt: skip
_AURA = ("on", "end", "applied_at", "applied_by")
_TICKING = ("ticks", "last_tick", "period", "count", "twin_last")
_DAMAGING = ("base", "crit", "factor")
_PET = ("on", "end", "cast_spell", "cast_end")


def check(model: Model, symbols: Symbols, problems: Problems) -> None:
    """Report the later of two definitions that clash."""
    taken: dict[str, str] = dict.fromkeys(ENGINE, "a word of the engine")
    for name, what, span in names(model):
        if name in taken and taken[name] != what:
            problems.error("PT304", span, f"{what} and {taken[name]} would both be called `{name}` in a fight", "Give one of them another name.")
        taken.setdefault(name, what)


def names(model: Model) -> Iterator[tuple[str, str, Span]]:
    """The names that definitions have in a state, with whose they are."""
    for resource in model.resources:
        yield from ((resource.name + end, f"the resource `{resource.name}`", resource.span) for end in ("", "_paid_at", "_rate"))
    for spell in model.spells:
        parts = [f"cd_{spell.name}"] if spell.cooldown is not None else []
        parts += [f"cd_{spell.name}_full"] if spell.charges else []
        parts += [f"uses_{spell.name}"] if spell.uses is not None else []
        yield from ((part, f"the spell `{spell.name}`", spell.span) for part in parts)
    for icd in model.icds:
        yield f"icd_{icd.name}", f"the internal cooldown `{icd.name}`", icd.span
    for pet in model.pets:
        yield from ((f"{pet.name}_{part}", f"the pet `{pet.name}`", pet.span) for part in _PET)
    for stat in model.stats:
        if stat.live:
            head = stat.name.replace(".", "__") + "_stat"
            yield from ((part, f"the statistic `{stat.name}`", stat.span) for part in (head, f"{head}_rate", f"{head}_kept"))
    for aura in model.auras:
        own = f"the aura `{aura.name}`"
        held = (*_AURA, *(("stacks",) if aura.max_stacks else ()), *(_TICKING if aura.ticks else ()), *(_DAMAGING if aura.tick_amount is not None else ()))
        yield from ((f"{aura.name}_{part}", own, aura.span) for part in held)
        yield from ((f"{aura.name}_{value}", f"the value `{value}` of the aura `{aura.name}`", aura.span) for value in aura.values)
