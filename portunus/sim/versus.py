"""Variants in the same fights: paired differences against a base, and what a point of each statistic is worth.

Every variant plays the fights with the seeds of the base (common random numbers), so that what the fights have in common drops out of the
difference. The interval is that of the paired difference; how much the pairing helped is the correlation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.errors import PortunusError, nearest
from portunus.sim.fights import Fighter, Players, Threads
from portunus.sim.results import FEWEST_BATCHES, Progress, SimulationResult, Tally, check_request, estimate_document, spread
from portunus.sim.statistics import Estimate, JointMoments

if TYPE_CHECKING:
    from portunus.sim.arrangement import Arrangement

STAT_STEP = 50.0


@dataclass(frozen=True)
class VariantResult:
    """One variant beside the base.

    Attributes:
        name: What was changed, as the user wrote it.
        dps: Its mean DPS.
        difference: Its DPS less that of the base, paired fight by fight.
        share: The difference as a share of the base's DPS.
        correlation: Of the two DPS over the fights; 0 means that the common seeds did not help.
    """

    name: str
    dps: Estimate
    difference: Estimate
    share: Estimate
    correlation: float


@dataclass(frozen=True)
class StatWeight:
    """What a point of a statistic is worth around the character that plays.

    Attributes:
        stat: Name in the profile.
        has: What the character has of it from the profile.
        step: Points it was raised by, and lowered by where there are that many.
        weight: DPS per point.
        normalised: In points of the statistic that counts as 1.
        bend: DPS per point when gaining less DPS per point when losing; None if it could only be raised. An interval without 0 says that
            one figure does not describe this statistic here (a cap, a breakpoint).
    """

    stat: str
    has: float
    step: float
    weight: Estimate
    normalised: Estimate
    bend: Estimate | None


@dataclass(frozen=True)
class StatWeights:
    """All weights of a character.

    Attributes:
        weights: The heaviest first.
        unit: The statistic that counts as 1.
        inert: Statistics that change no number of the spec; they were not played.
    """

    weights: tuple[StatWeight, ...]
    unit: str
    inert: tuple[str, ...]


def variant_fighter(ready: Arrangement, *, base: Arrangement) -> Fighter:
    """A variant as something that can play; it shares the kernels of the base where only numbers differ."""
    return base.fighter_for(ready.profile) if ready.model is base.model and ready.played is base.played else ready.fighter()


def play_versus(
    base: Arrangement, variants: list[tuple[str, Arrangement]], *, iterations: int, seed: int = 1, workers: int = 1, target_error: float | None = None,
    progress: Progress | None = None, players: Callable[[list[Fighter]], Players] | None = None,
) -> tuple[SimulationResult, tuple[VariantResult, ...]]:  # fmt: skip
    """Play the base and its variants in the same fights.

    Args:
        base, variants: What is compared; the variants have names.
        iterations: Fights of each; with `target_error` the largest number.
        seed, workers, progress: As for `portunus.sim.results.simulate`.
        target_error: Stop when half the interval of every difference is at most this share of the base's DPS.
        players: Makes those who play, from the fighters; threads if left out.

    Raises:
        PortunusError: Bad numbers, or a fault of a kernel.
    """
    fighters = [base.fighter(), *(variant_fighter(v, base=base) for _, v in variants)]
    moments = JointMoments(len(fighters))

    def columns(dps: np.ndarray) -> np.ndarray:
        return np.concatenate([dps[:, :1], dps[:, 1:] - dps[:, :1]], axis=1)

    def sure_enough(target: float) -> bool:
        return all(moments.estimate(i).half_width <= target * abs(float(moments.mean[0])) for i in range(1, len(fighters)))

    result = _play(fighters, moments, columns, sure_enough, iterations=iterations, seed=seed, workers=workers, target_error=target_error, progress=progress,
                   players=players)
    unit = np.eye(len(fighters))
    found = [
        VariantResult(name, moments.combination(unit[0] + unit[i]), moments.estimate(i), moments.ratio(i, 0), moments.correlation(unit[0], unit[0] + unit[i]))
        for i, (name, _) in enumerate(variants, start=1)
    ]
    return result, tuple(found)


def stat_weights(
    base: Arrangement, *, iterations: int, seed: int = 1, workers: int = 1, step: float = STAT_STEP, normalise: str | None = None,
    target_error: float | None = None, progress: Progress | None = None, players: Callable[[list[Fighter]], Players] | None = None,
) -> tuple[SimulationResult, StatWeights]:  # fmt: skip
    """What a point of each statistic of the profile is worth, by raising and lowering it in the same fights.

    Args:
        step: Points to raise and lower by.
        normalise: The statistic that counts as 1; None = the heaviest kind of power the spec knows (a name that ends in `power`), else the heaviest.
        target_error: Stop when half the interval of every weight is at most this share of the heaviest.

    Raises:
        PortunusError: A statistic is unknown, or `step` is not positive.
    """
    from portunus.sim.profile import STAT_LIMIT, bonus_names

    known = sorted(bonus_names(base.model))
    if normalise is not None and normalise not in known:
        close = nearest(normalise, known)
        raise PortunusError(f"{base.model.label} has no statistic {normalise!r}", hint=f"Did you mean {close!r}?" if close else f"It has: {', '.join(known)}.")
    if not 0 < step <= STAT_LIMIT:
        raise PortunusError(f"a step of {step:g} points cannot be made", hint="50 is a good step for most statistics.")
    fighters = [base.fighter()]

    def changed(name: str, value: float) -> Fighter | None:
        """The character with another value; None if that changes no number of the spec."""
        fighter = base.fighter_for(replace(base.profile, stats={**base.profile.stats, name: value}))
        return None if np.array_equal(fighter.compiled.tables, base.compiled.tables) else fighter

    has = {name: base.profile.stats.get(name, 0.0) for name in known}
    plan: dict[str, tuple[int, int | None]] = {}  # numbers of the raised and of the lowered fighter, None where it cannot be lowered
    for name in known:
        up, down = changed(name, has[name] + step), changed(name, has[name] - step) if has[name] >= step else None
        if up is None:
            continue
        fighters.append(up)
        plan[name] = len(fighters) - 1, None if down is None else len(fighters)
        fighters += [down] if down is not None else []
    if not plan or (normalise is not None and normalise not in plan):
        raise PortunusError(f"{normalise or 'no statistic'} changes {'nothing' if normalise else 'anything'} of {base.model.label}", hint="Choose another one.")
    played = list(plan)
    moments = JointMoments(1 + 2 * len(played))

    def columns(dps: np.ndarray) -> np.ndarray:
        base_dps, parts = dps[:, 0], [dps[:, 0]]
        for up, down in plan.values():
            parts.append((dps[:, up] - dps[:, down]) / (2 * step) if down is not None else (dps[:, up] - base_dps) / step)
            parts.append(((dps[:, up] - base_dps) - (base_dps - dps[:, down])) / step if down is not None else np.zeros(len(dps)))
        return np.stack(parts, axis=1)

    def sure_enough(target: float) -> bool:
        weights = [moments.estimate(1 + 2 * i) for i in range(len(played))]
        return max(w.half_width for w in weights) <= target * max(abs(w.value) for w in weights)

    result = _play(fighters, moments, columns, sure_enough, iterations=iterations, seed=seed, workers=workers, target_error=target_error, progress=progress,
                   players=players)
    weights = {name: moments.estimate(1 + 2 * i) for i, name in enumerate(played)}
    candidates = [n for n in played if n.endswith("power") and weights[n].low > 0] or played
    unit = normalise or max(candidates, key=lambda n: weights[n].value)
    one = 1 + 2 * played.index(unit)
    found = [
        StatWeight(name, has[name], step, weights[name], moments.ratio(1 + 2 * i, one), moments.estimate(2 + 2 * i) if plan[name][1] is not None else None)
        for i, name in enumerate(played)
    ]
    return result, StatWeights(tuple(sorted(found, key=lambda w: (-w.weight.value, w.stat))), unit, tuple(n for n in known if n not in plan))


def _play(
    fighters: list[Fighter], moments: JointMoments, columns: Callable[[np.ndarray], np.ndarray], sure_enough: Callable[[float], bool], *, iterations: int,
    seed: int, workers: int, target_error: float | None, progress: Progress | None, players: Callable[[list[Fighter]], Players] | None,
) -> SimulationResult:  # fmt: skip
    """Play all fighters stretch by stretch into `moments`; returns what the first one came to."""
    check_request(iterations, target_error)
    base = fighters[0]
    tally = Tally(base.compiled, rotation=base.rotation, seed=seed)
    source = players(fighters) if players is not None else Threads(fighters, workers)
    begin = time.perf_counter()
    batches: Iterator[Any] = source.play(spread(iterations, seed=seed, fighters=len(fighters)))
    duration_s = base.compiled.duration_ns / 1e9
    for first in batches:
        dps = [tally.add(first), *(next(batches).damage / duration_s for _ in fighters[1:])]
        moments.add_array(columns(np.stack(dps, axis=1)))
        if progress is not None:
            progress(tally.moments.count, iterations)
        if target_error is not None and tally.batches >= FEWEST_BATCHES and sure_enough(target_error):
            break
    return tally.result(workers=source.workers, seconds=time.perf_counter() - begin)


def versus_document(found: tuple[VariantResult, ...]) -> list[dict[str, Any]]:
    """Variants as plain JSON values."""
    return [{"variant": v.name, "dps": estimate_document(v.dps), "difference": estimate_document(v.difference), "share": estimate_document(v.share),
             "correlation": v.correlation} for v in found]


def weights_document(found: StatWeights) -> dict[str, Any]:
    """Stat weights as plain JSON values."""
    return {"normalised_to": found.unit, "inert": list(found.inert), "weights": [
        {"stat": w.stat, "has": w.has, "step": w.step, "dps_per_point": estimate_document(w.weight), "normalised": estimate_document(w.normalised),
         "bend": None if w.bend is None else estimate_document(w.bend)} for w in found.weights]}  # fmt: skip
