"""A practice session: fights one after the other, seen by the addon through a stand-in client. No window here, only what one would show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portunus.barcode.fields import build_schema
from portunus.barcode.practice import CLOCK_AT_PULL, PracticeFight
from portunus.barcode.schema import Schema
from portunus.barcode.standin import StandIn
from portunus.barcode.twin import TwinSpec
from portunus.codegen.lua_addon import addon_files

if TYPE_CHECKING:
    import numpy as np

    from portunus.barcode.world import World
    from portunus.runtime.compiled import CompiledSpec

PAUSE_SECONDS = 3.0


class PracticeSession:
    """Fights of a spec with the generated addon watching.

    Args:
        spec: The spec, compiled or not.
        fights: How many fights to play.
        seed: Seed of the first fight; the next ones count on.
        speed: Game seconds per second.
        client: Which client to stand in for, "335" or "34x".
        rotation: Priority list that plays.
    """

    def __init__(
        self, spec: CompiledSpec | TwinSpec, *, fights: int = 1, seed: int = 1, speed: float = 1.0, client: str = "34x", rotation: str = "default"
    ) -> None:
        self.spec = spec if isinstance(spec, TwinSpec) else TwinSpec.of(spec)
        self.schema: Schema = build_schema(spec.model, spec.actions)
        self.speed = speed
        self.fight_number = 1
        self._fights = fights
        self._seed = seed
        self._rotation = rotation
        self._pause_left = 0.0
        self.fight = self._new_fight(CLOCK_AT_PULL)
        self.world: World = self.fight.world()
        names = {spell.id: spell.label for spell in spec.model.spells}
        self.client = StandIn(addon_files(self.schema), client, world=self.world, spell_names=names)

    def _new_fight(self, clock_at_pull: float) -> PracticeFight:
        seed = self._seed + self.fight_number - 1
        return PracticeFight(self.spec, seed=seed, rotation=self._rotation, clock_at_pull=clock_at_pull)

    @property
    def finished(self) -> bool:
        """All fights are over."""
        return self.fight.finished and self.fight_number >= self._fights

    @property
    def barcode(self) -> np.ndarray:
        """The corner of the screen the addon paints, [height, width, 3] uint8 RGB."""
        width, height = self.client.extent
        return self.client.image[:height, :width]

    @property
    def barcode_version(self) -> int:
        """Changes whenever the addon painted something."""
        return self.client.canvas.version

    def tick(self, seconds: float) -> None:
        """Let time pass: the fight goes on, the client tells the addon, the addon may paint.

        Args:
            seconds: Real time since the last tick. The addon paints at its real pace whatever the speed.
        """
        if self.fight.finished:
            self._pause_left -= seconds * self.speed
            if self._pause_left <= 0 and self.fight_number < self._fights:
                self.fight_number += 1
                self.fight = self._new_fight(self.world.clock + PAUSE_SECONDS)
        was_over = self.fight.finished
        events = self.fight.advance(self.fight.now + seconds * self.speed)
        if self.fight.finished and not was_over:
            self._pause_left = PAUSE_SECONDS
        self.world = self.fight.world()
        self.client.show(self.world, events)
        self.client.update(seconds)
