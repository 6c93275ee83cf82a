"""From the log of one fight to the rows of its timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portunus.sim.charts import Curve, Span, Timeline
from portunus.sim.gauges import gauges
from portunus.sim.trace import TraceEvent, trace_fight

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec


def timeline_of(compiled: CompiledSpec, *, seed: int, rotation: str = "default") -> Timeline:
    """The fight of one seed as a timeline: every cast, every aura, and every resource at every decision."""
    schools = {s.name: s.attack.school for s in compiled.model.spells if s.attack is not None}
    duration_s = compiled.duration_ns / 1e9
    events = trace_fight(compiled, seed, rotation)
    return Timeline(
        seed=seed, dps=events[-1].amount, duration_s=duration_s, casts=tuple(_casts(events, schools)), auras=tuple(_auras(events, duration_s)),
        curves=_curves(compiled, seed=seed, rotation=rotation),
    )  # fmt: skip


def _casts(events: list[TraceEvent], schools: dict[str, str]) -> list[Span]:
    """A span from each start of a cast to its completion, and a mark for each swing."""
    return [
        Span(e.label, e.time_ns / 1e9, (e.time_ns if e.until_ns is None else e.until_ns) / 1e9, schools.get(e.name, ""))
        for e in events if e.kind in ("cast", "swing") and not e.owner
    ]  # fmt: skip


def _auras(events: list[TraceEvent], duration_s: float) -> list[Span]:
    """A span for each stretch in which an aura was up on anyone."""
    spans, holders, begun = [], dict[str, set[int]](), dict[str, int]()
    for event in events:
        present = holders.setdefault(event.label, set())
        if event.kind in ("aura", "renew"):
            if not present:
                begun[event.label] = event.time_ns
            present.add(event.target)
        elif event.kind == "fade" and event.target in present:
            present.remove(event.target)
            if not present:
                spans.append(Span(event.label, begun[event.label] / 1e9, event.time_ns / 1e9))
    spans += [Span(label, begun[label] / 1e9, duration_s) for label, present in holders.items() if present]
    return sorted(spans, key=lambda span: span.start_s)


def _curves(compiled: CompiledSpec, *, seed: int, rotation: str) -> tuple[Curve, ...]:
    """Play the same fight in the kernel and look at what there is to spend at each decision."""
    state, rng = compiled.new_state(), compiled.new_rng(seed)
    compiled.reset(state, rng)
    fields = compiled.view(state)
    shown = [gauge for gauge in gauges(compiled.model) if not gauge.owner]
    points: list[list[tuple[float, float]]] = [[] for _ in shown]
    while not fields["finished"]:
        for gauge, curve in zip(shown, points, strict=True):
            curve.append((float(fields["now"]) / 1e9, gauge.read(fields.__getitem__)))
        compiled.step(state, compiled.rotation(state, rotation), rng)
    return tuple(Curve(gauge.label, tuple(curve)) for gauge, curve in zip(shown, points, strict=True))
