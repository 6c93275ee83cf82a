"""A simulated fight in real time: what a practice client shows, and the combat log that goes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portunus.barcode.fields import statements
from portunus.barcode.twin import SpecTwin, TwinSpec
from portunus.barcode.view import enemy_id, world_of
from portunus.barcode.world import PLAYER_ID, CombatEvent, World
from portunus.dsl.model import Damage
from portunus.errors import PortunusError

if TYPE_CHECKING:
    import numpy as np

    from portunus.runtime.compiled import CompiledSpec

CLOCK_AT_PULL = 1000.0


@dataclass(frozen=True)
class Taken:
    """An action the player took: seconds since the pull, and its name."""

    at: float
    action: str
    label: str


class PracticeFight:
    """One fight of a spec that can be advanced to any instant. It begins before the pull if the rotation does.

    Args:
        spec: The spec, compiled or not.
        seed: Seed of all its rolls.
        choose: State (int64 [state_words]) -> action; None plays the rotation.
        rotation: Name of the priority list that plays.
        clock_at_pull: The client's clock at the pull, seconds.

    Raises:
        PortunusError: No rotation of that name.
    """

    def __init__(
        self,
        spec: CompiledSpec | TwinSpec,
        *,
        seed: int,
        choose: Callable[[np.ndarray], int] | None = None,
        rotation: str = "default",
        clock_at_pull: float = CLOCK_AT_PULL,
    ) -> None:
        self.spec = spec if isinstance(spec, TwinSpec) else TwinSpec.of(spec)
        self.clock_at_pull = clock_at_pull
        self.taken: list[Taken] = []
        self._events: list[CombatEvent] = []
        self._ticking: int = 0
        model = self.spec.model
        self._landing = {f"land_{spell.name}": spell for spell in model.spells if spell.attack is not None and not spell.owner}
        self._completing = {f"complete_{spell.name}": spell for spell in model.spells if not spell.owner and not spell.triggered}
        shown = [aura for aura in model.auras if not aura.hidden and not aura.only_switch and aura.shown_as != "queued"]
        self._applying = {f"apply_{aura.name}": aura for aura in shown}
        self._fading = {f"fade_{aura.name}": aura for aura in shown}
        self._tick_functions = {f"tick_{aura.name}": aura for aura in shown if aura.tick_amount is not None}
        watch = {"deal", *self._landing, *self._completing, *self._applying, *self._fading, *self._tick_functions}
        self._twin = SpecTwin(self.spec, "sampled", seed=seed, listener=self._hear, watch=frozenset(watch))
        if choose is None and rotation not in self._twin.rotations:
            raise PortunusError(f"{self.spec.name} has no rotation {rotation!r}", hint=f"It has: {', '.join(sorted(self._twin.rotations))}.")
        self._choose = choose
        self._rotation = rotation
        self._twin.begin()
        self.now = self._twin.s.now / 1e9

    @property
    def state(self) -> np.ndarray:
        """The simulator state after the last event, int64 [state_words]."""
        return self._twin.store()

    @property
    def finished(self) -> bool:
        """The fight is over."""
        return bool(self._twin.s.finished)

    @property
    def duration(self) -> float:
        """Length of the fight, seconds."""
        return self._twin.s.duration / 1e9

    @property
    def damage(self) -> float:
        """Damage done so far."""
        return float(self._twin.s.damage)

    def advance(self, to: float) -> tuple[CombatEvent, ...]:
        """Play everything up to and including an instant.

        Args:
            to: Seconds since the pull; instants before the present one change nothing.

        Returns:
            The player's combat log of the time between, in order.
        """
        twin, limit = self._twin, int(to * 1e9)
        while not twin.s.finished:
            if twin.must_decide:
                action = self._decide()
                chosen = self.spec.actions[action]
                if chosen.spell:
                    self.taken.append(Taken(twin.s.now / 1e9, chosen.name, chosen.label))
                twin.run("perform", action)
                continue
            if min(twin.next_at, twin.s.duration) > limit:
                break
            twin.run("next_event")
        self.now = max(self.now, to)
        events, self._events = tuple(self._events), []
        return events

    def world(self) -> World:
        """What a client shows at the present instant."""
        return world_of(self.spec, self.state, self.now, clock_at_pull=self.clock_at_pull)

    def _decide(self) -> int:
        if self._choose is not None:
            return self._choose(self._twin.store())
        return int(self._twin.rotations[self._rotation](self._twin.s, self._twin.t))

    def _hear(self, name: str, arguments: tuple[Any, ...]) -> None:
        """A watched function is about to run: write it into the combat log."""
        if name == "deal":
            if self._ticking:
                self._log("SPELL_PERIODIC_DAMAGE", self._ticking, enemy_id(0), round(arguments[3]))
                self._ticking = 0
        elif name in self._landing:
            target, damage, outcome = enemy_id(arguments[4]), round(arguments[5]), arguments[6]
            spell = self._landing[name]
            if outcome == 0:
                self._log("SPELL_MISSED", spell.id, target)
            elif any(isinstance(statement, Damage) for statement in statements(spell.on_cast)):
                self._log("SPELL_DAMAGE", spell.id, target, damage, outcome == 2)
        elif name in self._completing:
            self._log("SPELL_CAST_SUCCESS", self._completing[name].id, enemy_id(arguments[4]))
        elif name in self._tick_functions:
            self._ticking = self._tick_functions[name].id
        else:
            kind, aura = "SPELL_AURA_APPLIED", self._applying.get(name)
            if aura is None:
                kind, aura = "SPELL_AURA_REMOVED", self._fading[name]
            self._log(kind, aura.id, enemy_id(arguments[4]) if aura.on_target else PLAYER_ID)

    def _log(self, kind: str, spell_id: int, target: str, amount: int = 0, critical: bool = False) -> None:
        self._events.append(CombatEvent(kind, spell_id, target, amount, critical))
