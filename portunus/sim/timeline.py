"""From the log of one fight to the rows of its timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portunus.sim.charts import Span, Timeline
from portunus.sim.trace import TraceEvent, trace_fight

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec


def timeline_of(compiled: CompiledSpec, *, seed: int, rotation: str = "default") -> Timeline:
    """The fight of one seed as a timeline: every cast, every aura, and the first resource at every decision."""
    model = compiled.model
    schools = {a.spell: a.school for a in compiled.actions}
    resource = model.resources[0] if model.resources else None
    duration_s = compiled.duration_ns / 1e9
    events = trace_fight(compiled, seed, rotation)
    damage, curve = _replay(compiled, seed=seed, rotation=rotation, resource=resource.name if resource else "")
    return Timeline(
        seed=seed, dps=damage / duration_s, duration_s=duration_s,
        casts=tuple(_casts(events, {s.name: s.label for s in model.spells}, schools)),
        auras=tuple(_auras(events, {a.name: a.label for a in model.auras}, duration_s)),
        mana=curve, mana_label=resource.label if resource else "",
    )  # fmt: skip


def _casts(events: list[TraceEvent], labels: dict[str, str], schools: dict[str, str]) -> list[Span]:
    """A span from each start of a cast to its completion; what was still being cast at the end ends where it began."""
    spans, begun = [], dict[str, int]()
    for event in events:
        if event.kind == "cast":
            begun[event.name] = event.time_ns
        elif event.kind == "done":
            start = begun.pop(event.name, event.time_ns)
            spans.append(Span(labels[event.name], start / 1e9, event.time_ns / 1e9, schools.get(event.name, "")))
    return sorted(spans, key=lambda span: span.start_s)


def _auras(events: list[TraceEvent], labels: dict[str, str], duration_s: float) -> list[Span]:
    """A span for each stretch in which an aura was up on anyone; the log says "begins" and "ends" once per holder."""
    spans, holders, begun = [], dict[str, set[str]](), dict[str, int]()
    for event in events:
        where = event.text.partition(" on ")[2]
        if event.kind == "aura":
            if not holders.setdefault(event.name, set()):
                begun[event.name] = event.time_ns
            holders[event.name].add(where)
        elif event.kind == "fade" and where in holders.get(event.name, set()):
            holders[event.name].remove(where)
            if not holders[event.name]:
                spans.append(Span(labels[event.name], begun[event.name] / 1e9, event.time_ns / 1e9))
    spans += [Span(labels[name], begun[name] / 1e9, duration_s) for name, present in holders.items() if present]
    return sorted(spans, key=lambda span: span.start_s)


def _replay(compiled: CompiledSpec, *, seed: int, rotation: str, resource: str) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Play the same fight in the kernel: its damage, and `(seconds, resource)` at each decision (none without a resource)."""
    state, rng = compiled.new_state(), compiled.new_rng(seed)
    compiled.reset(state, rng)
    fields, curve = compiled.view(state), []
    while not fields["finished"]:
        if resource:
            curve.append((float(fields["now"]) / 1e9, float(fields[resource])))
        compiled.step(state, compiled.rotation(state, rotation), rng)
    return float(fields["damage"]), tuple(curve)
