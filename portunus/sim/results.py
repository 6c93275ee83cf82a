"""What many fights came to: damage per second, actions, auras and resources, as means per fight with their errors.

Legend: N = fights, B = batches, R = rows of the damage table, A = auras. Fight i of a run with seed s uses the random stream s + i, whatever
the number of batches or workers, so equal inputs give equal results. The spread between batches gives the standard error of
figures that are only summed within a batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.errors import PortunusError
from portunus.sim import statistics
from portunus.sim.statistics import Estimate

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec
    from portunus.sim.fights import FightTotals

BATCH = 250
SMALLEST_BATCH = 25
FEWEST_BATCHES = 8
MAX_ITERATIONS = 10_000_000
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ActionResult:
    """One line of the damage table, per fight.

    Attributes:
        name, label: Name in the spec and what a player reads.
        spell_id, tag, item, owner: The client's id, its variant, True if it is an item's id, name of the pet or "".
        school: Damage school, "" if it has none.
        casts: Uses.
        hits: Landed impacts and ticks, critical ones included.
        crits: Critical ones among them.
        misses: Missed ones.
        damage: Damage.
        share: Part of all damage, 0 to 1.
    """

    name: str
    label: str
    spell_id: int
    tag: int
    item: bool
    owner: str
    school: str
    casts: Estimate
    hits: float
    crits: float
    misses: float
    damage: Estimate
    share: float

    @property
    def average(self) -> float:
        """Damage of a landed impact or tick; 0 if nothing landed."""
        return self.damage.value / self.hits if self.hits else 0.0


@dataclass(frozen=True)
class AuraResult:
    """One aura, per fight; `uptime_s` of an aura on enemies is summed over them."""

    name: str
    label: str
    spell_id: int
    tag: int
    on_target: bool
    uptime_s: float
    procs: float


@dataclass(frozen=True)
class ResourceResult:
    """A resource gained from one source, per fight."""

    resource: str
    source: str
    gain: float


@dataclass(frozen=True)
class SimulationResult:
    """The outcome of one run.

    Attributes:
        dps: Mean damage per second of player and pets.
        deviation: Standard deviation between fights.
        quantiles: (probability, DPS) pairs, see `QUANTILES`.
        spent: (spell, resource spent per fight) pairs.
        samples: `[N]` DPS of each fight, in order of the seeds.
        duration_s: Length of a fight.
        seconds: Wall time of the fights.
    """

    title: str
    rotation: str
    seed: int
    workers: int
    dps: Estimate
    deviation: float
    quantiles: tuple[tuple[float, float], ...]
    actions: tuple[ActionResult, ...]
    auras: tuple[AuraResult, ...]
    resources: tuple[ResourceResult, ...]
    spent: tuple[tuple[str, float], ...]
    duration_s: float
    enemies: int
    seconds: float
    samples: np.ndarray = field(repr=False)

    @property
    def fights(self) -> int:
        """Number of fights."""
        return int(self.samples.size)

    @property
    def fights_per_second(self) -> float:
        """Fights per second of wall time."""
        return self.fights / self.seconds if self.seconds > 0 else math.inf


def simulate(
    compiled: CompiledSpec,
    *,
    iterations: int,
    seed: int = 1,
    rotation: str = "default",
    workers: int = 1,
    target_error: float | None = None,
    progress: Progress | None = None,
) -> SimulationResult:
    """Play fights and sum them up.

    Args:
        compiled: What to play.
        iterations: Number of fights; with `target_error` the largest number.
        seed: Seed of the first fight.
        rotation: Name of the priority list.
        workers: Number of threads; it does not change the results.
        target_error: Stop when the standard error of the mean DPS is at most this share of it (0.001 = 0.1 %).
        progress: Called with (fights done, fights at most) after each batch.

    Raises:
        PortunusError: `iterations` is not between 1 and 10 million, or `target_error` is not a positive number.
    """
    from portunus.sim.fights import run_fights

    if not 1 <= iterations <= MAX_ITERATIONS:
        raise PortunusError(f"{iterations} fights cannot be simulated", hint=f"Choose from 1 to {MAX_ITERATIONS}.")
    if target_error is not None and not 0 < target_error < math.inf:
        raise PortunusError(f"{target_error} is no precision that can be reached", hint="A target error of 0.001 is 0.1 % of the mean.")
    size = max(SMALLEST_BATCH, min(BATCH, math.ceil(iterations / (2 * FEWEST_BATCHES))))
    starts = range(0, iterations, size)
    batches: list[FightTotals] = []
    moments = statistics.Moments()

    def play(start: int) -> FightTotals:
        return run_fights(compiled, min(size, iterations - start), seed=seed + start, rotation=rotation)

    begin = time.perf_counter()
    for batch in _in_order(play, starts, workers):
        batches.append(batch)
        moments.add_array(batch.dps)
        if progress is not None:
            progress(moments.count, iterations)
        if target_error is not None and len(batches) >= FEWEST_BATCHES and moments.estimate().relative_error <= target_error:
            break
    seconds = time.perf_counter() - begin
    return summarise(compiled, batches, rotation=rotation, seed=seed, workers=workers, seconds=seconds)


def _in_order(play: Callable[[int], FightTotals], starts: range, workers: int) -> Iterator[FightTotals]:
    """The batches in order of their seeds; with several workers a few are played ahead, so that a stop does not depend on their number."""
    if workers == 1:
        yield from map(play, starts)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(starts), 2 * workers):
            yield from pool.map(play, starts[first : first + 2 * workers])


def summarise(
    compiled: CompiledSpec, batches: list[FightTotals], *, rotation: str, seed: int, workers: int, seconds: float
) -> SimulationResult:
    """The result of batches that were played one after the other."""
    samples = np.concatenate([batch.dps for batch in batches])
    fights = np.array([batch.iterations for batch in batches], dtype=np.float64)
    duration_s = batches[0].duration_s
    count = int(samples.size)

    def per_fight(name: str) -> np.ndarray:
        return np.sum([getattr(batch, name) for batch in batches], axis=0) / count

    hits, crits, misses = per_fight("hits"), per_fight("crits"), per_fight("misses")
    total = float(per_fight("row_damage").sum())
    schools = {s.name: s.attack.school for s in compiled.model.spells if s.attack is not None}
    schools |= {a.name: a.attack.school for a in compiled.model.auras if a.attack is not None}
    actions = []
    for i, row in enumerate(batches[0].rows):
        damage = _batch_mean(np.array([float(b.row_damage[i]) for b in batches]), fights)
        casts = _batch_mean(np.array([float(b.casts[i]) for b in batches]), fights)
        actions.append(ActionResult(
            name=row.name, label=row.label, spell_id=row.spell_id, tag=row.tag, item=row.item, owner=row.owner, school=schools.get(row.name, ""),
            casts=casts, hits=float(hits[i] + crits[i]), crits=float(crits[i]), misses=float(misses[i]), damage=damage, share=damage.value / total if total else 0.0,
        ))  # fmt: skip
    uptimes, procs, gains = per_fight("aura_uptime_s"), per_fight("aura_procs"), per_fight("gains")
    moments = statistics.Moments()
    moments.add_array(samples)
    return SimulationResult(
        title=compiled.title, rotation=rotation, seed=seed, workers=workers, dps=moments.estimate(), deviation=moments.deviation,
        quantiles=tuple(zip(QUANTILES, statistics.quantiles(samples, QUANTILES), strict=True)), actions=tuple(actions),
        auras=tuple(AuraResult(a.name, a.label, a.id, a.tag, a.on_target, float(uptimes[i]), float(procs[i])) for i, a in enumerate(compiled.model.auras)),
        resources=tuple(ResourceResult(resource, source, float(gains[i])) for i, (resource, source) in enumerate(batches[0].sources)),
        spent=tuple((spell, sum(b.spent.get(spell, 0.0) for b in batches) / count) for spell in sorted({s for b in batches for s in b.spent})),
        duration_s=duration_s, enemies=compiled.enemies, seconds=seconds, samples=samples,
    )  # fmt: skip


def _batch_mean(sums: np.ndarray, fights: np.ndarray) -> Estimate:
    """Mean per fight of `[B]` sums over batches of `fights` `[B]` fights; the error comes from the spread between batches."""
    value = float(sums.sum() / fights.sum())
    if sums.size < 2:
        return statistics.estimate(value, math.inf, 1)
    # Batches but the last are equally long; weighting by length keeps the ratio estimator exact for them.
    residual = sums - value * fights
    error = math.sqrt(float(np.square(residual).sum()) * sums.size / (sums.size - 1)) / float(fights.sum())
    return statistics.estimate(value, error, int(sums.size))


def result_document(result: SimulationResult, **more: Any) -> dict[str, Any]:
    """Every figure of a result as plain JSON values; `more` is put in front."""
    return {
        **more,
        "title": result.title, "rotation": result.rotation, "seed": result.seed, "workers": result.workers, "fights": result.fights,
        "duration_s": result.duration_s, "enemies": result.enemies,
        "dps": {**estimate_document(result.dps), "standard_deviation": result.deviation,
                "quantiles": [{"probability": p, "dps": v} for p, v in result.quantiles]},
        "actions": [
            {"name": a.name, "label": a.label, "id": a.spell_id, "tag": a.tag, "item": a.item, "owner": a.owner, "school": a.school,
             "casts": estimate_document(a.casts), "hits": a.hits, "crits": a.crits, "misses": a.misses,
             "damage": estimate_document(a.damage), "share": a.share, "average": a.average}
            for a in result.actions
        ],
        "auras": [{"name": a.name, "label": a.label, "id": a.spell_id, "tag": a.tag, "on_target": a.on_target, "uptime_s": a.uptime_s,
                   "procs": a.procs} for a in result.auras],
        "resources": [{"resource": r.resource, "source": r.source, "gain": r.gain} for r in result.resources],
        "spent": [{"spell": spell, "amount": amount} for spell, amount in result.spent],
        "seconds": result.seconds, "fights_per_second": result.fights_per_second,
    }  # fmt: skip


def estimate_document(estimate: Estimate) -> dict[str, Any]:
    """An estimate as plain JSON values; what is not known is null."""
    plain = {"mean": estimate.value, "standard_error": estimate.standard_error, "low": estimate.low, "high": estimate.high}
    return {key: value if math.isfinite(value) else None for key, value in plain.items()}
