"""What a search knows of a spec: addresses of kernels, sizes, and the unit of value. Nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.kernels import borrowed, kernel
from portunus.runtime.signature import HEADER_DURATION, HEADER_FINISHED, HEADER_NOW
from portunus.search.key import Key, key_of

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec


class Game(NamedTuple):
    """Plain numbers, so that the search compiles once for all specs; see `portunus.runtime.signature` for the kernels.

    Attributes:
        step: Address of the expected form of `step`.
        legal: Address of `legal`.
        features: Address of `features`.
        tables: Address of the tables.
        metrics: Address of counters nobody reads.
        words: W, 8-byte words of a state.
        actions: A.
        feature_count: F.
        unit: u, damage.
        reference_dps: Damage per second of the reference rotation.
        key: When two states are one.
    """

    step: int
    legal: int
    features: int
    tables: int
    metrics: int
    words: int
    actions: int
    feature_count: int
    unit: float
    reference_dps: float
    key: Key


def game_of(compiled: CompiledSpec, metrics: np.ndarray) -> Game:
    """The search's view of a compiled spec; the caller keeps `compiled` and `metrics` (int64 [metrics_words]) alive.

    Raises:
        PortunusError: The reference rotation does no damage, so there is no unit of value.
    """
    if not (0 < compiled.reference_dps < float("inf") and compiled.gcd_seconds > 0):
        raise PortunusError(
            f"{compiled.name}: the default rotation does {compiled.reference_dps:g} damage per second; a search needs a pace to compare with",
            hint="Give the spec a default rotation that does damage.",
        )
    return Game(
        step=compiled.kernels.step_expected,
        legal=compiled.kernels.legal,
        features=compiled.kernels.features,
        tables=compiled.tables.ctypes.data,
        metrics=metrics.ctypes.data,
        words=compiled.layout.state_words,
        actions=len(compiled.actions),
        feature_count=len(compiled.feature_names),
        unit=float(compiled.reference_dps) * float(compiled.gcd_seconds),
        reference_dps=float(compiled.reference_dps),
        key=key_of(compiled),
    )


@kernel
def borrow_game(game):
    """The same game, whose arrays no reference is counted to; see `portunus.search.tree.borrow`."""
    k = game.key
    key = Key(borrowed(k.words), borrowed(k.factors), borrowed(k.guards), borrowed(k.least), k.plain, k.guarded, k.at, k.order, k.slots, borrowed(k.plan))
    return Game(
        game.step, game.legal, game.features, game.tables, game.metrics, game.words, game.actions, game.feature_count, game.unit,
        game.reference_dps, key,
    )  # fmt: skip


@kernel
def remaining_seconds(state):
    """Seconds of the fight still to come in `state`, int64 [W]: 0 once it is finished."""
    if state[HEADER_FINISHED] != 0:
        return 0.0
    left = state[HEADER_DURATION] - state[HEADER_NOW]
    return left * 1e-9 if left > 0 else 0.0


@kernel
def gain(game, damage, before, after):
    """Damage of a step beyond the reference pace, u; `before` and `after` are the remaining seconds around it."""
    return (damage - game.reference_dps * (before - after)) / game.unit
