"""Fights played by the slow twin under watch: after every event and every action the laws are looked at."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from portunus.codegen.python import Block, Twin
from portunus.compiler import resolve_profile, static_values, tables_of
from portunus.dsl.model import Model
from portunus.errors import PortunusError
from portunus.ir.program import lower
from portunus.ir.scripts import follow_script
from portunus.ir.watch import WATCH, with_watch
from portunus.runtime.signature import FAULTS
from portunus.sim.encounter import Encounter
from portunus.sim.profile import Profile, profile_from_dict
from portunus.testing.laws import Broken, Claim, claims_of
from portunus.testing.plan import Case, Exactly, Follow, Press, Segment

PROBE_EVERY = 64  # decisions between two looks at what costs more: refused actions, copies, features
EVENTS_AT_ONE_INSTANT = 2_000
DECISIONS_AT_ONE_INSTANT = 60
WAITS_FOR_A_PRESS = 30
ILLEGAL = next(bit for bit, text in FAULTS.items() if "illegal" in text)


@dataclass(frozen=True)
class Played:
    """What became of a fight.

    Attributes:
        actions: Index of every action that was taken, in order.
        broken: The law that did not hold, None if all did.
        at_ns: When that was seen.
    """

    actions: tuple[int, ...]
    broken: Broken | None
    at_ns: int


class Subject:
    """A spec made ready to be searched: its program with the watch, in both forms.

    Args:
        model: The spec.
        ignored: Laws that are known to be broken and are not looked at.

    Attributes:
        program: The lowered spec as kernels have it. actions: What can be done.
        profile: The spec's default profile; where it names none, its first race without talents or gear.
        latest: The fight begun last.

    A fight in which things happen by themselves has a program of its own, as it has a kernel of its own; it is lowered when the first is played.
    """

    def __init__(self, model: Model, *, ignored: Collection[str] = ()) -> None:
        self.model, self.ignored = model, frozenset(ignored)
        self.program = lower(model)
        self.actions = self.program.actions
        self.profile = _default_profile(model)
        claims = [c for c in claims_of(self.program) if c.law not in self.ignored]
        self._static = [c for c in claims if c.static]
        self.claims: list[Claim] = [c for c in claims if not c.static]
        self._watched = with_watch(self.program, [c.condition for c in self.claims])
        self.latest: Fight | None = None
        self._following: Subject | None = None
        self._twins = {form: self._twin(form) for form in ("sampled", "expected")}

    def without(self, laws: Collection[str]) -> Subject:
        """The same subject with further laws ignored."""
        return Subject(self.model, ignored=self.ignored | set(laws))

    def following(self, encounter: Encounter) -> Subject:
        """The subject that plays an encounter: one that follows its script where it has one."""
        if not encounter.scripted or self.model.scripted:
            return self
        if self._following is None:
            self._following = Subject(follow_script(self.model), ignored=self.ignored)
        return self._following

    def tables(self, case: Case) -> dict[str, Any]:
        """The numbers of a case.

        Raises:
            Broken: A number cannot be computed, or an amount or a static property does not hold.
        """
        values = static_values(self.model, case.profile, case.encounter)
        try:
            failed = next((c for c in self._static if not values.value(c.condition)), None)  # type: ignore[arg-type]
            if failed is not None:
                raise Broken(failed.law, failed.message)
            tables: dict[str, Any] = tables_of(self._watched, case.profile, case.encounter)
        except (ArithmeticError, ValueError, PortunusError) as error:
            raise Broken("numbers", f"a number of the spec cannot be computed: {getattr(error, 'message', error)}") from error
        if not all(math.isfinite(x) for value in tables.values() for x in (value if isinstance(value, list) else [value])):
            raise Broken("numbers", "a number of the spec is infinite")
        return tables

    def play(self, case: Case) -> Played:
        """Play a case to the end of its plan, or until a law breaks."""
        if (other := self.following(case.encounter)) is not self:
            return other.play(case)
        fight = None
        try:
            fight = self.fight(case)
            for segment in case.plan:
                fight.do(segment)
        except Broken as broken:
            if broken.law not in self.ignored:
                return Played(fight.taken, broken, fight.s.now) if fight else Played((), broken, 0)
        return Played(fight.taken if fight else (), None, 0)

    def fight(self, case: Case) -> Fight:
        """A fight at its first decision.

        Raises:
            Broken: A law breaks before it.
        """
        if (other := self.following(case.encounter)) is not self:
            return other.fight(case)
        self.latest = fight = Fight(self, self._twins[case.form], self.tables(case), case)
        fight.begin()
        return fight

    @property
    def sampled(self) -> Twin:
        """The twin that draws every roll."""
        return self._twins["sampled"]

    def _twin(self, form: str) -> Twin:
        twin = Twin(self._watched, form)
        call = twin.functions
        call["next_event"] = self._after_event(call["next_event"])
        call["deal"] = self._before_damage(call["deal"])
        for spell in self.model.spells:
            if spell.cooldown is not None and not spell.owner and f"start_{spell.name}" in call:
                call[f"start_{spell.name}"] = self._after_start(call[f"start_{spell.name}"], spell.name)
        return twin

    def _after_event(self, function: Callable[..., None]) -> Callable[..., None]:
        def next_event(s: Any, t: Any, m: Any, r: Any) -> None:
            before = s.now
            function(s, t, m, r)
            if self.latest is not None and self.latest.s is s:
                self.latest.after_event(before)

        return next_event

    @staticmethod
    def _before_damage(function: Callable[..., None]) -> Callable[..., None]:
        def deal(s: Any, m: Any, row: int, amount: float) -> None:
            if not amount >= 0:
                raise Broken("damage", f"damage of {amount:.6g}")
            function(s, m, row, amount)

        return deal

    @staticmethod
    def _after_start(function: Callable[..., None], name: str) -> Callable[..., None]:
        def start(s: Any, *rest: Any) -> None:
            function(s, *rest)
            if getattr(s, f"cd_{name}") < s.now:
                raise Broken("cooldowns", f"the cooldown of `{name}` was over before it began")

        return start


class Fight:
    """One fight of a subject, stopped at a decision."""

    def __init__(self, subject: Subject, twin: Twin, tables: dict[str, Any], case: Case) -> None:
        self.subject, self.case = subject, case
        self._twin, self._call = twin, twin.functions
        self.s: Any
        self.t: Any
        self.m: Any
        self.s, self.t, self.m = twin.blocks(tables)
        self.r = [case.seed % (1 << 64), 0, 0, 0]
        self._taken: list[int] = []
        self._instant = (None, 0, 0)  # time, events, decisions
        self._wait = len(subject.actions) - 1

    @property
    def taken(self) -> tuple[int, ...]:
        """The actions so far."""
        return tuple(self._taken)

    @property
    def finished(self) -> bool:
        """The fight is over."""
        return bool(self.s.finished)

    def begin(self) -> None:
        """Go to the first decision; as in a kernel, what happens before it is always sampled."""
        self._guarded(self.subject.sampled.functions["begin"])

    def do(self, segment: Segment) -> None:
        """Play one part of a plan.

        Raises:
            Broken: A law does not hold.
        """
        if isinstance(segment, Exactly):
            for action in segment.actions:
                if self.finished:
                    return
                if action in self.legal():
                    self.press(action)
        elif isinstance(segment, Press):
            for _ in range(segment.times):
                for _ in range(WAITS_FOR_A_PRESS):
                    if self.finished or segment.action in self.legal():
                        break
                    self.press(self._wait)
                if not self.finished and segment.action in self.legal():
                    self.press(segment.action)
        elif isinstance(segment, Follow):
            for _ in range(segment.decisions):
                if self.finished:
                    return
                self.press(self.advised(segment.rotation))
        else:
            dice = random.Random(segment.salt)
            for _ in range(segment.decisions):
                if self.finished:
                    return
                self.press(dice.choice(self.legal()))

    def legal(self) -> list[int]:
        """The legal actions; waiting is the last."""
        mask = [0] * len(self.subject.actions)
        self._call["legal"](self.s, self.t, mask)
        return [index for index, allowed in enumerate(mask) if allowed]

    def advised(self, rotation: str) -> int:
        """What a priority list does here.

        Raises:
            Broken: It is not legal.
        """
        action = self._twin.rotations[rotation](self.s, self.t)
        if action not in self.legal():
            raise Broken("rotations", f"the rotation `{rotation}` takes {self.subject.actions[action].label}, which is not legal")
        return action

    def press(self, action: int) -> None:
        """Perform an action and go on to the next decision.

        Raises:
            Broken: A law does not hold.
        """
        if len(self._taken) % PROBE_EVERY == 0:
            self._probe()
        instant, events, decisions = self._instant
        self._instant = (self.s.now, events, decisions + 1) if instant == self.s.now else (self.s.now, 0, 1)
        if self._instant[2] > DECISIONS_AT_ONE_INSTANT:
            label = self.subject.actions[action].label
            raise Broken("time", f"{label} and others can be pressed for ever at one instant: a spell without global cooldown needs a cooldown or a cost")
        self._taken.append(action)
        self._guarded(self._call["step"], action)

    def after_event(self, before: int) -> None:
        """Look at the laws once an event was handled; `before` is the time before it."""
        s = self.s
        if s.now < before or s.now > s.duration:
            raise Broken("time", f"time went from {before / 1e9:.3f} s to {s.now / 1e9:.3f} s")
        instant, events, decisions = self._instant
        self._instant = (instant, events + 1, decisions) if instant == s.now else (s.now, 1, 0)
        if events > EVENTS_AT_ONE_INSTANT:
            raise Broken("time", f"more than {EVENTS_AT_ONE_INSTANT} events at one instant: two effects set each other off for ever")
        self._look()

    def _look(self) -> None:
        index = self._call[WATCH](self.s, self.t)
        if index >= 0:
            claim = self.subject.claims[index]
            raise Broken(claim.law, claim.message)

    def _guarded(self, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            function(self.s, self.t, self.m, self.r, *arguments)
            if self.s.fault:
                law = "legal" if self.s.fault == ILLEGAL else "time"
                raise Broken(law, "the simulation stopped: " + "; ".join(text for bit, text in FAULTS.items() if self.s.fault & bit))
            self._look()
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            raise Broken("finite", f"arithmetic failed during the fight: {error}") from error

    # ---- what costs more and is looked at now and then ----------------------------------------------------------------------------

    def _probe(self) -> None:
        kept = values(self.s)
        self._probe_refusal()
        self._probe_copies()
        try:
            self._probe_numbers()
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            raise Broken("finite", f"a feature of the network cannot be computed: {error}") from error
        if values(self.s) != kept:
            raise Broken("clones", "a state changed although only copies of it were played")

    def _probe_refusal(self) -> None:
        legal = set(self.legal())
        if self._wait not in legal:
            raise Broken("legal", "waiting is not legal")
        waited = self._copy("perform", self._wait)
        for action in range(len(self.subject.actions)):
            if action not in legal:
                refused = self._copy("perform", action)
                if not refused.fault & ILLEGAL:
                    raise Broken("legal", f"{self.subject.actions[action].label} is not legal but was accepted")
                refused.fault &= ~ILLEGAL
                if values(refused) != values(waited):
                    raise Broken("legal", f"{self.subject.actions[action].label} is not legal but changed the state")

    def _probe_copies(self) -> None:
        action = self.legal()[0]
        if values(self._copy("step", action)) != values(self._copy("step", action)):
            raise Broken("repeatable", f"{self.subject.actions[action].label} gave two results for one seed")

    def _probe_numbers(self) -> None:
        out = [0.0] * len(self.subject.program.feature_names)
        self._call["features"](self.s, self.t, out)
        wrong = [name for name, value in zip(self.subject.program.feature_names, out, strict=True) if not math.isfinite(value)]
        wrong += [name for name, value in values(self.s).items() for x in (value if isinstance(value, list) else [value]) if not math.isfinite(x)]
        if wrong:
            raise Broken("finite", f"`{wrong[0]}` is not finite")

    def _copy(self, function: str, action: int) -> Any:
        """A copy of the state after a function of the program was called on it."""
        s = copy_of(self.s)
        self._call[function](s, self.t, copy_of(self.m), list(self.r), action)
        return s


def values(block: Any) -> dict[str, Any]:
    """The content of a block by field name."""
    return {name: list(value) if isinstance(value, list) else value for name, value in vars(block).items()}


def copy_of(block: Any) -> Any:
    """An independent copy of a block."""
    copied = Block(())
    vars(copied).update(values(block))
    return copied


def _default_profile(model: Model) -> Profile:
    if model.default_profile:
        return resolve_profile(model, None)
    races = [name for name, _ in model.ruleset.races]
    if not races:
        raise PortunusError(f"the ruleset of {model.name} has no race", hint="Add `race NAME { }`, or give the spec a default profile.")
    return profile_from_dict({"race": races[0]}, model, source="a character without talents and gear")
