"""Many whole fights: damage of each, and the counters summed over all of them.

Fight i uses the random stream seeded with `seed + i`, so a result does not depend on the number of workers.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from portunus.ir.layout import MetricRow
from portunus.runtime.compiled import CompiledSpec

CHUNK = 500


@dataclass(frozen=True)
class FightTotals:
    """Results of n fights; sums are over all fights, not means.

    Attributes:
        damage: float64 [n], damage of each fight (player and pets).
        duration_s: Length of a fight.
        rows: What the per-row arrays refer to. R = len(rows).
        casts, hits, crits, misses: int64 [R]. row_damage: float64 [R].
        auras: Names. aura_uptime_s: float64, enemy auras summed over enemies. aura_procs: int64.
        sources: (resource, source) pairs. gains: float64.
        spent: Resource spent by spell name.
    """

    damage: np.ndarray
    duration_s: float
    rows: tuple[MetricRow, ...]
    casts: np.ndarray
    hits: np.ndarray
    crits: np.ndarray
    misses: np.ndarray
    row_damage: np.ndarray
    auras: tuple[str, ...]
    aura_uptime_s: np.ndarray
    aura_procs: np.ndarray
    sources: tuple[tuple[str, str], ...]
    gains: np.ndarray
    spent: dict[str, float]

    @property
    def iterations(self) -> int:
        return len(self.damage)

    @property
    def dps(self) -> np.ndarray:
        """DPS of each fight, float64 [n]."""
        return self.damage / self.duration_s


def run_fights(compiled: CompiledSpec, iterations: int, *, seed: int = 1, rotation: str = "default", workers: int = 1) -> FightTotals:
    """Play `iterations` fights with a priority list.

    Args:
        seed: Fight i uses `seed + i`.
        workers: Threads; the kernels hold no lock of Python's.

    Raises:
        PortunusError: Unknown rotation, or a kernel fault.
    """
    damage = np.zeros(iterations)
    starts = range(0, iterations, CHUNK)

    def chunk(start: int) -> np.ndarray:
        counters = compiled.new_metrics()
        compiled.run(damage[start:start + CHUNK], first_seed=seed + start, rotation=rotation, metrics=counters)
        return counters

    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(chunk, starts))
    else:
        parts = [chunk(start) for start in starts]
    blocks = [p.view(compiled.layout.metrics_dtype)[0] for p in parts]

    def total(name: str) -> np.ndarray:
        return np.sum([b[name] for b in blocks], axis=0)

    layout, model = compiled.layout.layout, compiled.model
    spent = total("spent")
    return FightTotals(damage, compiled.duration_ns / 1e9, layout.rows, total("casts"), total("hits"), total("crits"), total("misses"),
                       total("row_damage"), tuple(a.name for a in model.auras), total("aura_uptime") / 1e9, total("aura_procs"), layout.sources,
                       total("gains"), {s.name: float(spent[i]) for i, s in enumerate(model.spells) if spent[i]})
