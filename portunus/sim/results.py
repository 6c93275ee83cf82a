"""What many fights came to: damage per second, actions, auras and resources, as means per fight with their intervals.

Legend: N = fights, B = batches, R = rows of the damage table, A = auras. Fight i of a run with seed s uses the random stream s + i, whatever
the number of batches or workers, and batches are taken in in the order of their seeds, so equal inputs give equal bits. The spread
between batches gives the errors of figures that are only summed within a batch. Nothing kept here grows with the number of fights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.errors import PortunusError
from portunus.sim import statistics
from portunus.sim.fights import Batch, Fighter, Players, Threads, Work
from portunus.sim.statistics import Distribution, Estimate

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

BATCH = 250
SMALLEST_BATCH = 25
FEWEST_BATCHES = 8
MAX_ITERATIONS = 10_000_000
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
SAMPLES = 1000  # fights whose own DPS is kept

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ActionResult:
    """One line of the damage table, per fight.

    Attributes:
        name, label: Name in the spec and what a player reads.
        spell_id, tag, item, owner: The client's id, its variant, True if it is an item's id, name of the pet or "".
        school: Damage school, "" if it has none.
        casts: Uses.
        hits: Landed impacts and ticks, critical ones and glancing blows included.
        crits, glances: Critical ones and glancing blows among them.
        misses, dodges, parries: What did not land. avoided: All of these.
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
    hits: Estimate
    crits: Estimate
    glances: Estimate
    misses: Estimate
    dodges: Estimate
    parries: Estimate
    avoided: Estimate
    damage: Estimate
    share: float

    @property
    def average(self) -> float:
        """Damage of a landed impact or tick; 0 if nothing landed."""
        return self.damage.value / self.hits.value if self.hits.value else 0.0


@dataclass(frozen=True)
class AuraResult:
    """One aura, per fight; `uptime_s` of an aura on enemies is summed over them."""

    name: str
    label: str
    spell_id: int
    tag: int
    on_target: bool
    uptime_s: Estimate
    procs: Estimate


@dataclass(frozen=True)
class ResourceResult:
    """A resource gained from one source, per fight."""

    resource: str
    source: str
    gain: Estimate


@dataclass(frozen=True)
class SimulationResult:
    """The outcome of one run.

    Attributes:
        dps: Mean damage per second of player and pets; `dps.count` fights.
        deviation: Standard deviation between fights.
        quantiles: (probability, DPS) pairs, see `QUANTILES`.
        spent: (spell, resource spent per fight) pairs.
        samples: `[min(N, SAMPLES)]` DPS of the first fights, in order of the seeds.
        distribution: How the DPS of the fights is distributed.
        duration_s: Length of a fight.
        enemies, mean_enemies: The most there are at once, and on the mean where they come and go (0 = all the time).
        seconds: Wall time of the fights.
        health_gone_s: When the health that the encounter gives its enemies is gone at this damage, before the end; 0 = it is not.
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
    spent: tuple[tuple[str, Estimate], ...]
    duration_s: float
    enemies: int
    seconds: float
    samples: np.ndarray = field(repr=False)
    distribution: Distribution = field(repr=False)
    mean_enemies: float = 0.0
    health_gone_s: float = 0.0

    def time_to_be_up_s(self, aura: AuraResult) -> float:
        """The longest an aura can be up, summed over enemies where it is on them."""
        return self.duration_s * ((self.mean_enemies or self.enemies) if aura.on_target else 1)

    @property
    def fights(self) -> int:
        """Number of fights."""
        return self.dps.count

    @property
    def fights_per_second(self) -> float:
        """Fights per second of wall time."""
        return self.fights / self.seconds if self.seconds > 0 else math.inf


class Tally:
    """Takes in batches one after the other and says what they came to.

    Args:
        compiled: What was played.
        rotation: Name of the priority list.
        seed: Seed of the first fight.
    """

    _FIGURES = ("row_damage", "casts", "landed", "crits", "glances", "misses", "dodges", "parries", "avoided", "aura_uptime", "aura_procs", "gains", "spent")
    _SUMS = {"landed": ("hits", "crits", "glances"), "avoided": ("misses", "dodges", "parries")}  # noqa: RUF012

    def __init__(self, compiled: CompiledSpec, *, rotation: str, seed: int) -> None:
        self._compiled, self._rotation, self._seed = compiled, rotation, seed
        self._duration_s = compiled.duration_ns / 1e9
        self._means = statistics.BatchMoments()
        self._samples: list[np.ndarray] = []
        self.moments = statistics.Moments()
        self.distribution = Distribution()

    @property
    def batches(self) -> int:
        """Batches taken in."""
        return self._means.batches

    def add(self, batch: Batch) -> np.ndarray:
        """Take in a batch; returns the DPS of its fights `[n]`."""
        dps = batch.damage / self._duration_s
        if self.moments.count < SAMPLES:
            self._samples.append(dps[: SAMPLES - self.moments.count])
        self.moments.add_array(dps)
        self.distribution.add(dps, first_seed=batch.first_seed)
        block = batch.counters.view(self._compiled.layout.metrics_dtype)[0]
        sums = [sum(block[part] for part in self._SUMS.get(name, (name,))) for name in self._FIGURES]
        self._means.add(np.concatenate(sums, dtype=np.float64), dps.size)
        return dps

    def result(self, *, workers: int, seconds: float) -> SimulationResult:
        """What all batches came to."""
        compiled = self._compiled
        model, layout, dtype = compiled.model, compiled.layout.layout, compiled.layout.metrics_dtype
        means = iter(self._means.estimates())
        each = {name: [next(means) for _ in range(dtype[self._SUMS.get(name, (name,))[0]].shape[0])] for name in self._FIGURES}
        total = self.moments.mean * self._duration_s
        schools = {s.name: s.attack.school for s in model.spells if s.attack is not None} | {a.name: a.attack.school for a in model.auras if a.attack is not None}
        actions = tuple(
            ActionResult(
                name=row.name, label=row.label, spell_id=row.spell_id, tag=row.tag, item=row.item, owner=row.owner, school=schools.get(row.name, ""),
                casts=each["casts"][i], hits=each["landed"][i], crits=each["crits"][i], glances=each["glances"][i],
                misses=each["misses"][i], dodges=each["dodges"][i], parries=each["parries"][i], avoided=each["avoided"][i],
                damage=each["row_damage"][i], share=each["row_damage"][i].value / total if total else 0.0,
            )
            for i, row in enumerate(layout.rows)
        )  # fmt: skip
        return SimulationResult(
            title=compiled.title, rotation=self._rotation, seed=self._seed, workers=workers, dps=self.moments.estimate(), deviation=self.moments.deviation,
            quantiles=tuple((p, self.distribution.quantile(p)) for p in QUANTILES), actions=actions,
            auras=tuple(AuraResult(a.name, a.label, a.id, a.tag, a.on_target, each["aura_uptime"][i].scaled(1e-9), each["aura_procs"][i])
                        for i, a in enumerate(model.auras)),
            resources=tuple(ResourceResult(resource, source, each["gains"][i]) for i, (resource, source) in enumerate(layout.sources)),
            spent=tuple((s.name, each["spent"][i]) for i, s in enumerate(model.spells) if each["spent"][i].value),
            duration_s=self._duration_s, enemies=compiled.enemies, seconds=seconds, samples=np.concatenate(self._samples), distribution=self.distribution,
            mean_enemies=compiled.mean_enemies, health_gone_s=health_gone_s(compiled.table_values, self.moments.estimate().value, self._duration_s),
        )  # fmt: skip


def simulate(
    compiled: CompiledSpec,
    *,
    iterations: int,
    seed: int = 1,
    rotation: str = "default",
    workers: int = 1,
    target_error: float | None = None,
    progress: Progress | None = None,
    players: Players | None = None,
) -> SimulationResult:
    """Play fights and sum them up.

    Args:
        compiled: What to play.
        iterations: Number of fights; with `target_error` the largest number.
        seed: Seed of the first fight.
        rotation: Name of the priority list.
        workers: Number of threads; it does not change the results.
        target_error: Stop when half the 95 % interval of the mean DPS is at most this share of it (0.001 = 0.1 %).
        progress: Called with (fights done, fights at most) after each batch.
        players: Who plays instead of threads; must know the fighter as number 0.

    Raises:
        PortunusError: `iterations` is not between 1 and 10 million, or `target_error` is not a positive number.
    """
    check_request(iterations, target_error)
    tally = Tally(compiled, rotation=rotation, seed=seed)
    players = players or Threads([Fighter(compiled, rotation)], workers)
    begin = time.perf_counter()
    for batch in players.play(spread(iterations, seed=seed, fighters=1)):
        tally.add(batch)
        if progress is not None:
            progress(tally.moments.count, iterations)
        if target_error is not None and tally.batches >= FEWEST_BATCHES and tally.moments.estimate().relative_half_width <= target_error:
            break
    return tally.result(workers=players.workers, seconds=time.perf_counter() - begin)


def check_request(iterations: int, target_error: float | None) -> None:
    """Refuse numbers that cannot be meant.

    Raises:
        PortunusError: As `simulate`.
    """
    if not 1 <= iterations <= MAX_ITERATIONS:
        raise PortunusError(f"{iterations} fights cannot be simulated", hint=f"Choose from 1 to {MAX_ITERATIONS}.")
    if target_error is not None and not 0 < target_error < math.inf:
        raise PortunusError(f"{target_error} is no precision that can be reached", hint="A target error of 0.1 is 0.1 % of the mean.")


def health_gone_s(tables: Mapping[str, object], dps: float, duration_s: float) -> float:
    """When damage has taken all the health an encounter gives its enemies, in seconds; 0 where there is none, or enough for the fight.

    Args:
        tables: The numbers of the spec in its encounter.
        dps: Of the player; the encounter says what the others of the group do.
        duration_s: Length of the fight.
    """
    health, others = (float(str(tables.get(name, 0.0))) for name in ("health", "others"))
    return health / (dps + others) if 0 < health < (dps + others) * duration_s else 0.0


def spread(iterations: int, *, seed: int, fighters: int) -> Iterator[Work]:
    """The batches of a run, in order: each stretch of seeds is played by every fighter before the next one begins."""
    size = max(SMALLEST_BATCH, min(BATCH, math.ceil(iterations / (2 * FEWEST_BATCHES))))
    for start in range(0, iterations, size):
        for fighter in range(fighters):
            yield Work(fighter, seed + start, min(size, iterations - start), start)


def result_document(result: SimulationResult, **more: Any) -> dict[str, Any]:
    """Every figure of a result as plain JSON values; `more` is put in front."""
    known = result.distribution
    return {
        **more,
        "title": result.title, "rotation": result.rotation, "seed": result.seed, "workers": result.workers, "fights": result.fights,
        "duration_s": result.duration_s, "enemies": result.enemies, "mean_enemies": result.mean_enemies or result.enemies,
        "health_gone_s": result.health_gone_s or None,
        "dps": {**estimate_document(result.dps), "standard_deviation": result.deviation,
                "quantiles": [{"probability": p, "dps": v} for p, v in result.quantiles],
                "lowest": {"dps": known.lowest, "seed": known.lowest_seed}, "highest": {"dps": known.highest, "seed": known.highest_seed}},
        "actions": [
            {"name": a.name, "label": a.label, "id": a.spell_id, "tag": a.tag, "item": a.item, "owner": a.owner, "school": a.school,
             "casts": estimate_document(a.casts), "hits": estimate_document(a.hits), "crits": estimate_document(a.crits),
             "glances": estimate_document(a.glances), "misses": estimate_document(a.misses), "dodges": estimate_document(a.dodges),
             "parries": estimate_document(a.parries), "damage": estimate_document(a.damage), "share": a.share, "average": a.average}
            for a in result.actions
        ],
        "auras": [{"name": a.name, "label": a.label, "id": a.spell_id, "tag": a.tag, "on_target": a.on_target,
                   "uptime_s": estimate_document(a.uptime_s), "procs": estimate_document(a.procs)} for a in result.auras],
        "resources": [{"resource": r.resource, "source": r.source, "gain": estimate_document(r.gain)} for r in result.resources],
        "spent": [{"spell": spell, "amount": estimate_document(amount)} for spell, amount in result.spent],
        "seconds": result.seconds, "fights_per_second": result.fights_per_second,
    }  # fmt: skip


def estimate_document(estimate: Estimate) -> dict[str, Any]:
    """An estimate as plain JSON values; what is not known is null."""
    plain = {"mean": estimate.value, "standard_error": estimate.standard_error, "low": estimate.low, "high": estimate.high}
    return {key: value if math.isfinite(value) else None for key, value in plain.items()}
