"""One fight as a readable log, written by the slow twin while it plays the very fight the kernel plays.

What happened is read from the fight itself: which functions run (lowering names them after spells, auras, pets and resources) and how the
state and the counters changed around them. So a payment, a gain, a stack or a dodge is logged whatever construct of the language caused it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from portunus.codegen.python import Twin
from portunus.ir.context import Function
from portunus.ir.program import Program, lower
from portunus.ir.quiet import SILENT
from portunus.runtime.compiled import CompiledSpec
from portunus.sim.gauges import gauges

_VERBS = {
    **dict.fromkeys(("start", "swing", "complete", "land"), "spells"), **dict.fromkeys(("tick", "apply", "renew", "fade"), "auras"),
    **dict.fromkeys(("summon", "leave"), "pets"), "gain": "resources",
}  # fmt: skip
_LANDED = {"hits": "hit", "crits": "crit"}
_STREAM_STEP = 0x9E3779B97F4A7C15  # splitmix64 adds it at each draw
_NEVER_NS = 1 << 61  # later than any fight
_STREAM_STEP_INVERSE = pow(_STREAM_STEP, -1, 1 << 64)


@dataclass(frozen=True)
class TraceEvent:
    """Something that happened.

    Attributes:
        time_ns: Since the pull; negative before it.
        draws: Random numbers drawn in this fight before it.
        kind: "cast" (begins), "swing" (of a weapon), "done" (a cast completes), "trigger" (an effect that is cast by itself), "damage", "avoid" (missed, dodged, ...),
            "gain" and "spend" (of a resource), "aura" (begins), "renew", "fade", "stacks", "summon", "leave", "interrupt" (of a cast), "scene" (the encounter
            changes), "end" (of the fight).
        name: Spell, aura or pet; the source of a gain.
        label: What a reader calls it.
        owner: Label of the pet that acts, "" for the player.
        target: Number of the enemy, 0 = the first; -1 if none is meant.
        amount: Damage, resource, or DPS at the end.
        outcome: "hit", "crit", ... for damage; "miss", "dodge", ... for what was avoided. tick: the damage is periodic.
        resource: Which one was gained or spent. before, after: what there was of it, or the stacks.
        until_ns: When a cast completes or an aura ends; None if it is instant or has no end.
    """

    time_ns: int
    draws: int
    kind: str
    name: str
    label: str
    owner: str = ""
    target: int = -1
    amount: float = 0.0
    outcome: str = ""
    tick: bool = False
    resource: str = ""
    before: float = 0.0
    after: float = 0.0
    until_ns: int | None = None


@dataclass
class _Frame:
    """A watched function that is running."""

    verb: str
    name: str
    target: int


class _Recorder:
    """Wraps the functions of a twin and notes what they do."""

    def __init__(self, twin: Twin, seed: int) -> None:
        self.events: list[TraceEvent] = []
        self.model, self.layout, self.seed = twin.program.model, twin.program.layout, seed
        self.labels = {s.name: s.label for s in self.model.spells} | {a.name: a.label for a in self.model.auras} | {
            p.name: p.label for p in self.model.pets}
        self.spells = {s.name: s for s in self.model.spells}
        self.auras = {a.name: a for a in self.model.auras}
        self.pets = {p.name: p.label for p in self.model.pets}
        self.gauges = gauges(self.model)
        counted = {f.name for f in self.layout.metrics}
        self.counters = [name for name in ("hits", "crits", "glances", "misses", "dodges", "parries") if name in counted]
        state = {f.name for f in self.layout.state}
        self.stacked = [a.name for a in self.model.auras if f"{a.name}_stacks" in state]
        self.frames: list[_Frame] = []
        self.resource_values: dict[str, float] = {}
        self.stacks: dict[str, Any] = {}
        self.counts: dict[str, list[int]] = {}
        named = {"spells": set(self.spells), "auras": set(self.auras), "pets": set(self.pets), "resources": {r.name for r in self.model.resources}}
        for function in twin.program.sampled:
            verb, _, name = function.name.partition("_")
            if function.name in ("deal", "return_rune", "next_scene", "interrupt") or (verb in _VERBS and name in named[_VERBS[verb]]):
                twin.functions[function.name] = self._watched(function, verb, name, twin.functions[function.name])

    def _watched(self, function: Function, verb: str, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        parameters = function.parameters
        before, after = getattr(self, f"_before_{verb}", None), getattr(self, f"_after_{verb}", None)

        def watched(*args: Any) -> Any:
            given = dict(zip(parameters, args, strict=True))
            s, m, r = given["s"], given.get("m"), given.get("r")
            self._note_changes(s, m, r, dealing=verb == "deal")
            mark = before(s, r, name, given) if before is not None else None
            self.frames.append(_Frame(verb, name, int(given.get("target", -1))))
            result = call(*args)
            if after is not None:
                after(s, r, name, given, mark)
            self._note_changes(s, m, r)
            self.frames.pop()
            return result

        return watched

    def end(self, s: Any, r: Any) -> None:
        """The last line: what the fight came to."""
        self._add(s, r, "end", "", label="", amount=s.damage / (s.duration / 1e9))

    # ---- what changed without a function of its own ---------------------------------------------------------------------------------

    def _note_changes(self, s: Any, m: Any, r: Any, *, dealing: bool = False) -> None:
        """Log resources, stacks and avoided attacks that changed since the last look."""
        for gauge in self.gauges:
            value, old = gauge.read(lambda field: getattr(s, field)), self.resource_values.get(gauge.name)
            if old is not None and value != old:
                spender = next((f for f in reversed(self.frames) if f.verb in ("start", "complete", "land", "tick", "apply", "fade")), None)
                source, owner = spender.name if spender is not None else "", self.pets.get(gauge.owner, "")
                step = math.copysign(1.0 if gauge.counted else abs(value - old), value - old)
                while old != value:
                    self._add(s, r, "spend" if step < 0 else "gain", source, owner=owner, amount=abs(step), resource=gauge.name, before=old,
                              after=old + step if gauge.counted else value)
                    old = old + step if gauge.counted else value
            self.resource_values[gauge.name] = value
        for name in self.stacked:
            value = getattr(s, f"{name}_stacks")
            old = self.stacks.get(name)
            each = list(enumerate(zip(old, value, strict=True))) if isinstance(value, list) and old is not None else [(-1, (old, value))]
            for target, (before, after) in each if old is not None else ():
                if before != after and not self._told_by_fade(name, target, after):
                    self._add(s, r, "stacks", name, target=target, before=before, after=after)
            self.stacks[name] = list(value) if isinstance(value, list) else value
        if m is not None:
            self._note_counters(s, m, r, dealing=dealing)

    def _told_by_fade(self, name: str, target: int, stacks: float) -> bool:
        """Stacks that go with their aura need no line of their own."""
        return stacks == 0 and any(e.kind == "fade" and e.name == name and e.target == target for e in self.events[-4:])

    def _note_counters(self, s: Any, m: Any, r: Any, *, dealing: bool) -> None:
        for name in self.counters:
            now = getattr(m, name)
            old = self.counts.get(name, now)
            if now != old and name not in _LANDED and not dealing:
                for row, (before, after) in enumerate(zip(old, now, strict=True)):
                    if after != before:
                        entry = self.layout.rows[row]
                        self._add(s, r, "avoid", entry.name, label=entry.label, owner=self.pets.get(entry.owner, ""), target=self._target(),
                                  outcome=_singular(name))
            if not dealing:
                self.counts[name] = list(now)

    def _outcome(self, m: Any, row: int) -> str:
        """How damage came about: the counter of its row that went up just before, which is thereby told."""
        found = "hit"
        for name in self.counters:
            now = getattr(m, name)
            if now[row] != self.counts.get(name, [0] * len(self.layout.rows))[row]:
                found = _LANDED.get(name, _singular(name))
            self.counts[name] = list(now)
        return found

    def _target(self) -> int:
        return next((f.target for f in reversed(self.frames) if f.target >= 0), -1)

    def _add(self, s: Any, r: Any, kind: str, name: str, *, label: str | None = None, owner: str = "", **more: Any) -> int:
        """Add an event; returns its index."""
        spell = self.spells.get(name)
        if not owner and spell is not None:
            owner = self.pets.get(spell.owner, "")
        draws = 0 if r is None else (r[0] - self.seed) * _STREAM_STEP_INVERSE % (1 << 64)
        if r is None and self.events:
            draws = self.events[-1].draws
        self.events.append(TraceEvent(s.now, draws, kind, name, label if label is not None else self.labels.get(name, name.replace("_", " ")), owner, **more))
        return len(self.events) - 1

    # ---- functions with a meaning of their own --------------------------------------------------------------------------------------

    def _before_start(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> int:
        return self._add(s, r, "cast", name, target=int(given.get("target", -1)))

    def _after_start(self, s: Any, r: Any, name: str, given: dict[str, Any], mark: int) -> None:
        spell = self.spells[name]
        prefix = f"{spell.owner}_" if spell.owner else ""
        index = next(i for i, x in enumerate(self.model.spells) if x.name == name)
        if getattr(s, f"{prefix}cast_spell", -1) == index:
            self.events[mark] = replace(self.events[mark], until_ns=int(getattr(s, f"{prefix}cast_end")))

    def _before_swing(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> None:
        self._add(s, r, "swing", name)

    def _before_complete(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> None:
        starting = any(f.verb in ("start", "swing") and f.name == name for f in self.frames)
        kind = "trigger" if self.spells[name].triggered else "done"
        if not starting:
            self._add(s, r, kind, name, target=int(given.get("target", -1)))

    def _before_deal(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> None:
        row = self.layout.rows[given["row"]]
        self._add(s, r, "damage", row.name, label=row.label, owner=self.pets.get(row.owner, ""), target=self._target(), amount=given["amount"],
                  outcome=self._outcome(given["m"], given["row"]), tick=bool(self.frames) and self.frames[-1].verb == "tick")

    def _before_apply(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> int | None:
        if self.frames and (self.frames[-1].verb, self.frames[-1].name) == ("renew", name):
            return None  # told already
        target = int(given["target"]) if self.auras[name].on_target else -1
        active = getattr(s, f"{name}_on")
        return self._add(s, r, "renew" if (active[target] if target >= 0 else active) else "aura", name, target=target)

    def _after_apply(self, s: Any, r: Any, name: str, given: dict[str, Any], mark: int | None) -> None:
        if mark is None:
            return
        target, end = self.events[mark].target, getattr(s, f"{name}_end")
        until = int(end[target] if target >= 0 else end)
        self.events[mark] = replace(self.events[mark], until_ns=until if until < _NEVER_NS else None)

    _before_renew, _after_renew = _before_apply, _after_apply

    def _before_fade(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> None:
        if self.frames and (self.frames[-1].verb, self.frames[-1].name) == ("apply", name):
            return  # it is renewed
        self._add(s, r, "fade", name, target=int(given["target"]) if self.auras[name].on_target else -1)

    def _before_gain(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> int:
        owner = next((g.owner for g in self.gauges if g.name == name), "")
        return self._add(s, r, "gain", self.layout.sources[given["source"]][1], owner=self.pets.get(owner, ""), amount=given["amount"], resource=name,
                         before=getattr(s, name))

    def _after_gain(self, s: Any, r: Any, name: str, given: dict[str, Any], mark: int) -> None:
        self.resource_values[name] = getattr(s, name)
        self.events[mark] = replace(self.events[mark], after=getattr(s, name))

    def _before_summon(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> None:
        self._add(s, r, "summon", name)

    def _before_interrupt(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> None:
        self._add(s, r, "interrupt", self.model.spells[s.cast_spell].name)

    def _before_next(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> None:
        """A scene begins: what is different from the one before."""
        t, new = given["t"], s.scene + 1
        words = []
        if t.scene_enemies[new] != t.scene_enemies[s.scene]:
            words.append(f"{t.scene_enemies[new]} enem{'y' if t.scene_enemies[new] == 1 else 'ies'} there")
        if t.scene_movement[new] != t.scene_movement[s.scene]:
            words.append("the player must move" if t.scene_movement[new] else "the player may stand still")
        if t.scene_taken[new] != t.scene_taken[s.scene]:
            words.append(f"enemies take {t.scene_taken[new]:.0%} damage")
        self._add(s, r, "scene", "", label=", ".join(words) or "other enemies", owner="encounter")

    def _before_leave(self, s: Any, r: Any, name: str, given: dict[str, Any]) -> None:
        self._add(s, r, "leave", name)


def _singular(counter: str) -> str:
    """"misses" -> "miss", "glances" -> "glance", "parries" -> "parry"."""
    if counter.endswith("ies"):
        return counter[:-3] + "y"
    return counter[:-2] if counter.endswith("sses") else counter.removesuffix("s")


def trace_fight(compiled: CompiledSpec, seed: int = 1, rotation: str = "default") -> list[TraceEvent]:
    """Play the fight of one seed and return its log in order of time; the last event is the end."""
    return trace_program(lower(compiled.model), dict(compiled.table_values), seed, rotation)


def trace_program(program: Program, tables: dict[str, Any], seed: int = 1, rotation: str = "default") -> list[TraceEvent]:
    """As `trace_fight`, of a lowered spec and its filled tables: nothing is compiled."""
    twin = Twin(program)
    twin.functions[SILENT] = lambda s, t, m, limit: None  # played in a row, ticks of two resources would be told out of order
    recorder = _Recorder(twin, seed)
    s, t, m = twin.blocks(tables)
    r = [seed, 0, 0, 0]
    twin.functions["begin"](s, t, m, r)
    while s.finished == 0:  # type: ignore[attr-defined]
        twin.follow(s, t, m, r, rotation)
    recorder.end(s, r)
    return recorder.events


# ---- as text -------------------------------------------------------------------------------------------------------------------------


def trace_line(event: TraceEvent, *, enemies: int = 1, precise: bool = False) -> str:
    """A line of the log.

    Args:
        event: What happened.
        enemies: Number of enemies in the fight; with one of them it goes without saying whom something hits.
        precise: Times to the nanosecond, every digit of an amount, and the number of random draws so far.
    """
    clock = f"{event.time_ns / 1e9:15.9f} {event.draws:6d}" if precise else f"{event.time_ns / 1e9:9.3f}"
    return f"{clock}  {event.owner or 'player':<13} {_words(event, enemies, precise)}"


def _words(event: TraceEvent, enemies: int, precise: bool) -> str:
    def number(value: float) -> str:
        return repr(value) if precise else f"{value:.1f}" if value != int(value) or abs(value) >= 1000 else f"{value:.0f}"

    def after(until_ns: int) -> str:
        return f"{(until_ns - event.time_ns) / 1e9:.{9 if precise else 3}f} s"

    where = f" on enemy {event.target + 1}" if event.target >= 0 and enemies > 1 else ""
    change = f"({number(event.before)} -> {number(event.after)})"
    resource = event.resource.replace("_", " ")
    match event.kind:
        case "cast":
            return f"casts {event.label}{where}" + (f" ({after(event.until_ns)})" if event.until_ns is not None else "")
        case "swing":
            return f"swings: {event.label}"
        case "done":
            return f"completes {event.label}{where}"
        case "trigger":
            return f"{event.label} goes off{where}"
        case "damage":
            how = {"hit": "ticks" if event.tick else "hits", "crit": "tick CRITS" if event.tick else "CRITS"}.get(event.outcome, f"hits ({event.outcome})")
            return f"{event.label} {how}{where} for {number(event.amount)}"
        case "avoid":
            return f"{event.label}: {event.outcome.upper()}{where}"
        case "gain":
            return f"gains {number(event.amount)} {resource}{f' from {event.label}' if event.label else ''} {change}"
        case "spend":
            return f"spends {number(event.amount)} {resource}{f' on {event.label}' if event.label else ''} {change}"
        case "aura" | "renew":
            until = f", ends in {after(event.until_ns)}" if event.until_ns is not None else ""
            return f"{event.label} {'begins' if event.kind == 'aura' else 'is renewed'}{where}{until}"
        case "fade":
            return f"{event.label} ends{where}"
        case "stacks":
            return f"{event.label}{where} stacks {event.before:.0f} -> {event.after:.0f}"
        case "summon":
            return f"{event.label} summoned"
        case "leave":
            return f"{event.label} gone"
        case "interrupt":
            return f"{event.label} is interrupted"
        case "scene":
            return event.label
        case _:
            return f"end of the fight: {number(event.amount)} DPS, {event.draws} random draws"
