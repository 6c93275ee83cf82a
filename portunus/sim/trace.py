"""One fight as a readable log, written by the slow twin while it plays the very fight the kernel plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portunus.codegen.python import Twin
from portunus.ir.program import lower
from portunus.runtime.compiled import CompiledSpec

_OUTCOMES = ("miss", "hit", "critical hit")


@dataclass(frozen=True)
class TraceEvent:
    """A line of the log.

    Attributes:
        time_ns: Since the pull. kind: "cast", "done", "damage", "gain", "aura", "fade", "summon". name: spell, aura or source.
        text: What happened, in words.
    """

    time_ns: int
    kind: str
    name: str
    text: str


class _Recorder:
    def __init__(self, compiled: CompiledSpec) -> None:
        self.events: list[TraceEvent] = []
        self.model, self.layout = compiled.model, compiled.layout.layout
        self.labels = {s.name: s.label for s in self.model.spells} | {a.name: a.label for a in self.model.auras} | {
            p.name: p.label for p in self.model.pets}

    def watched(self) -> frozenset[str]:
        names = [f"{verb}_{s.name}" for s in self.model.spells for verb in ("start", "complete", "land")]
        names += [f"{verb}_{a.name}" for a in self.model.auras for verb in ("apply", "fade")]
        names += [f"gain_{r.name}" for r in self.model.resources] + [f"summon_{p.name}" for p in self.model.pets] + ["deal"]
        return frozenset(names)

    def __call__(self, function: str, args: tuple[Any, ...]) -> None:
        verb, _, name = function.partition("_")
        method = getattr(self, f"_{verb}")
        method(args[0], name, args)

    def _add(self, s: Any, kind: str, name: str, text: str) -> None:
        self.events.append(TraceEvent(s.now, kind, name, text))

    def _resources(self, s: Any) -> str:
        return ", ".join(f"{getattr(s, r.name):.1f} {r.label.lower()}" for r in self.model.resources)

    def _start(self, s: Any, name: str, args: tuple[Any, ...]) -> None:
        self._add(s, "cast", name, f"casts {self.labels[name]} ({self._resources(s)})")

    def _complete(self, s: Any, name: str, args: tuple[Any, ...]) -> None:
        cost = f", pays {args[-1]:.1f}" if args[-1] else ""
        self._add(s, "done", name, f"completes {self.labels[name]}{cost}")

    def _land(self, s: Any, name: str, args: tuple[Any, ...]) -> None:
        _, _, _, _, target, damage, outcome, _ = args
        amount = f" for {damage:.1f}" if damage and outcome else ""
        self._add(s, "land", name, f"{self.labels[name]} {_OUTCOMES[outcome]} on enemy {target + 1}{amount}")

    def _deal(self, s: Any, name: str, args: tuple[Any, ...]) -> None:
        _, _, row, amount = args
        label = self.layout.rows[row].label
        self._add(s, "damage", self.layout.rows[row].name, f"{label} deals {amount:.1f} (total {s.damage + (amount if s.now >= 0 else 0.0):.0f})")

    def _apply(self, s: Any, name: str, args: tuple[Any, ...]) -> None:
        where = f" on enemy {args[4] + 1}" if self.model.aura(name).on_target else ""
        active = getattr(s, f"{name}_on")
        renewed = active[args[4]] if where else active
        self._add(s, "aura", name, f"{self.labels[name]} {'renewed' if renewed else 'begins'}{where}")

    def _fade(self, s: Any, name: str, args: tuple[Any, ...]) -> None:
        where = f" on enemy {args[4] + 1}" if self.model.aura(name).on_target else ""
        self._add(s, "fade", name, f"{self.labels[name]} ends{where}")

    def _gain(self, s: Any, name: str, args: tuple[Any, ...]) -> None:
        _, _, amount, _, source = args
        self._add(s, "gain", self.layout.sources[source][1], f"gains {amount:.1f} {name} from {self.layout.sources[source][1]}")

    def _summon(self, s: Any, name: str, args: tuple[Any, ...]) -> None:
        self._add(s, "summon", name, f"{self.labels[name]} appear")


def trace_fight(compiled: CompiledSpec, seed: int = 1, rotation: str = "default") -> list[TraceEvent]:
    """Play the fight of one seed and return its log in order of time."""
    recorder = _Recorder(compiled)
    program = lower(compiled.model)
    twin = Twin(program, "sampled", listener=recorder, watch=recorder.watched() & {f.name for f in program.sampled})
    twin.fight(dict(compiled.table_values), seed, rotation)
    return recorder.events
