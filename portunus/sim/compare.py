"""Comparison with reference results: the same scenarios here and there, every figure side by side, and a verdict.

A scenario passes when its damage per second is within `max(0.5 %, 3 standard errors of the difference)` of the reference, the casts of every
action within `max(1 %, 0.3 casts, 3 standard errors)`, its damage within `max(2 %, 3 standard errors)` and the uptime of every aura both know within
`max(1 percentage point, 3 standard errors)`. Hits are reported, not judged, and casts only where the reference counts them. The reference gives
standard errors for damage per second only; the others are taken to be ours scaled by the numbers of fights.

Our fights are the reference's own first ones. A scenario that falls outside a tolerance is therefore played on, up to the reference's number of fights,
before it is called different: by then nothing is left to chance (see `docs/decisions.md`).

The exact comparison replays single fights with the reference's random stream and its artefacts switched on; equal to 1e-9 counts as exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portunus.errors import PortunusError
from portunus.sim.golden import ActionKey, Golden, ReferenceAction
from portunus.sim.results import ActionResult, Progress, SimulationResult, simulate

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec
    from portunus.sim.prepared import PreparedScenario

DPS_TOLERANCE = 0.005
CASTS_TOLERANCE = 0.01
CASTS_LEAST = 0.3
DAMAGE_TOLERANCE = 0.02
UPTIME_TOLERANCE = 0.01
ERRORS_ALLOWED = 3.0
EXACT_TOLERANCE = 1e-9
ROUNDING = 1e-6  # the reference prints six decimals
MORE_FIGHTS = 4  # times as many for a scenario outside a tolerance
TARGET_ERROR = 0.001  # standard error of our mean; three of these, with the reference's own, stay inside the DPS tolerance


@dataclass(frozen=True)
class Difference:
    """One figure here and there.

    Attributes:
        ours, reference: The two values.
        tolerance: The largest difference that passes, in the unit of the values; infinite for figures that are only reported.
    """

    ours: float
    reference: float
    tolerance: float = math.inf

    @property
    def percent(self) -> float:
        """Difference in percent of the reference; infinite where the reference is 0 and we are not."""
        if self.ours == self.reference:
            return 0.0
        return (self.ours - self.reference) / abs(self.reference) * 100 if self.reference else math.copysign(math.inf, self.ours)

    @property
    def tolerance_percent(self) -> float:
        """The tolerance in percent of the reference."""
        return self.tolerance / abs(self.reference) * 100 if self.reference else math.inf

    @property
    def passed(self) -> bool:
        """True if the difference is within the tolerance."""
        return abs(self.ours - self.reference) <= self.tolerance


@dataclass(frozen=True)
class ActionComparison:
    """One action here and there, per fight; `casts` and `damage` are judged."""

    label: str
    key: ActionKey
    casts: Difference
    hits: Difference
    crits: Difference
    damage: Difference


@dataclass(frozen=True)
class AuraComparison:
    """Seconds one aura was up per fight, here and there; summed over enemies."""

    label: str
    spell_id: int
    tag: int
    uptime_s: Difference
    procs: Difference


@dataclass(frozen=True)
class ExactComparison:
    """Single fights with the reference's random stream: `differences[i]` is the relative difference of the DPS of fight i."""

    differences: tuple[float, ...]

    @property
    def largest(self) -> float:
        """The largest relative difference."""
        return max(self.differences, default=math.inf)

    @property
    def passed(self) -> bool:
        """True if every fight agrees to 1e-9."""
        return self.largest <= EXACT_TOLERANCE

    @property
    def first_different(self) -> int | None:
        """Number of the first fight that differs, or None."""
        return next((i for i, d in enumerate(self.differences) if d > EXACT_TOLERANCE), None)


@dataclass(frozen=True)
class ScenarioComparison:
    """A scenario here and there.

    Attributes:
        unmatched: What only one side has, as texts; anything in it fails the scenario.
        left_out: Entries of the reference that are bookkeeping and not compared.
        exact: The replay of single fights, or None if it was not asked for.
        judged: True if there were enough fights to judge means; False if only single fights were replayed.
        fights, reference_fights: Numbers of fights.
        seconds: Wall time of our fights.
    """

    name: str
    spec: str
    dps: Difference
    dps_error: float
    reference_error: float
    actions: tuple[ActionComparison, ...]
    auras: tuple[AuraComparison, ...]
    unmatched: tuple[str, ...]
    left_out: tuple[str, ...]
    exact: ExactComparison | None
    judged: bool
    fights: int
    reference_fights: int
    seconds: float

    @property
    def worst_casts(self) -> ActionComparison | None:
        """The action whose casts use up most of their tolerance."""
        return max(self.actions, key=lambda a: abs(a.casts.ours - a.casts.reference) / a.casts.tolerance, default=None)

    @property
    def means_passed(self) -> bool:
        """True if every mean that is judged is within its tolerance."""
        return not self.judged or (
            self.dps.passed and all(a.casts.passed and a.damage.passed for a in self.actions) and all(a.uptime_s.passed for a in self.auras) and not self.unmatched
        )

    @property
    def passed(self) -> bool:
        """True if everything judged is within its tolerance."""
        return self.means_passed and (self.exact is None or self.exact.passed)

    @property
    def failures(self) -> tuple[str, ...]:
        """Everything outside its tolerance, as texts."""
        found = []
        if self.judged:
            if not self.dps.passed:
                found.append(f"DPS differs by {self.dps.percent:+.2f} % (tolerance {self.dps.tolerance_percent:.2f} %)")
            found += [f"casts of {a.label} differ by {a.casts.percent:+.2f} % (tolerance {a.casts.tolerance_percent:.2f} %)"
                      for a in self.actions if not a.casts.passed]
            found += [f"damage of {a.label} differs by {a.damage.percent:+.2f} % (tolerance {a.damage.tolerance_percent:.2f} %)"
                      for a in self.actions if not a.damage.passed]
            found += [f"{a.label} is up {a.uptime_s.ours:.2f} s a fight, {a.uptime_s.reference:.2f} s in the reference (tolerance {a.uptime_s.tolerance:.2f} s)"
                      for a in self.auras if not a.uptime_s.passed]
            found += self.unmatched
        if self.exact is not None and not self.exact.passed:
            first = self.exact.first_different
            found.append(f"fight {first} is the first of {len(self.exact.differences)} that differs; the largest relative difference is {self.exact.largest:.2e}")
        return tuple(found)


# ---- the mathematics ---------------------------------------------------------------------------------------------------------------


def compare_dps(ours: float, our_error: float, reference: float, reference_error: float) -> Difference:
    """Damage per second, with the wider of 0.5 % and three standard errors of the difference as tolerance."""
    error = math.hypot(our_error, reference_error)
    allowed = ERRORS_ALLOWED * error if math.isfinite(error) else 0.0
    return Difference(ours, reference, max(DPS_TOLERANCE * abs(reference), allowed))


def compare_casts(ours: float, our_error: float, reference: float, *, fights: int, reference_fights: int) -> Difference:
    """Casts per fight, with the widest of 1 %, 0.3 casts and three standard errors as tolerance."""
    return _compare_counts(ours, our_error, reference, max(CASTS_TOLERANCE * abs(reference), CASTS_LEAST), fights / reference_fights)


def compare_damage(ours: float, our_error: float, reference: float, *, fights: int, reference_fights: int) -> Difference:
    """Damage of an action per fight, with the wider of 2 % and three standard errors as tolerance."""
    return _compare_counts(ours, our_error, reference, DAMAGE_TOLERANCE * abs(reference), fights / reference_fights)


def compare_uptime(ours: float, our_error: float, reference: float, *, seconds: float, fights: int, reference_fights: int) -> Difference:
    """Seconds an aura was up per fight, with the wider of one percentage point of `seconds` and three standard errors as tolerance."""
    return _compare_counts(ours, our_error, reference, UPTIME_TOLERANCE * seconds, fights / reference_fights)


def _compare_counts(ours: float, our_error: float, reference: float, least: float, share: float) -> Difference:
    error = our_error * math.sqrt(1 + share) if math.isfinite(our_error) else 0.0
    return Difference(ours, reference, max(least, ERRORS_ALLOWED * error, ROUNDING))


def compare_result(
    golden: Golden, result: SimulationResult, *, spec: str, exact: ExactComparison | None = None, judged: bool = True
) -> ScenarioComparison:
    """Every figure of a reference result beside ours."""
    pairs, unmatched = _paired(golden, result)
    actions = tuple(
        ActionComparison(
            label=mine[0].label, key=key,
            # Of what only happens as a part of something else the reference counts damage, but no casts.
            casts=compare_casts(*_summed(mine, "casts"), sum(a.casts for a in their), fights=result.fights, reference_fights=golden.iterations)
            if any(a.casts for a in their) or not any(a.damage for a in their) else Difference(_summed(mine, "casts")[0], 0.0),
            hits=Difference(_summed(mine, "hits")[0], sum(a.hits for a in their)), crits=Difference(_summed(mine, "crits")[0], sum(a.crits for a in their)),
            damage=compare_damage(*_summed(mine, "damage"), sum(a.damage for a in their), fights=result.fights, reference_fights=golden.iterations),
        )
        for key, mine, their in pairs
    )  # fmt: skip
    return ScenarioComparison(
        name=golden.scenario.name, spec=spec, dps=compare_dps(result.dps.value, result.dps.standard_error, golden.dps, golden.standard_error),
        dps_error=result.dps.standard_error, reference_error=golden.standard_error, actions=actions, auras=_compare_auras(golden, result),
        unmatched=tuple(unmatched), left_out=tuple(sorted({a.other for a in golden.actions if a.key.kind == "other"})), exact=exact,
        judged=judged, fights=result.fights, reference_fights=golden.iterations, seconds=result.seconds,
    )  # fmt: skip


def compare_exact(ours: list[float], reference: tuple[float, ...]) -> ExactComparison:
    """Relative differences of single fights; as many as both have."""
    pairs = zip(ours, reference, strict=False)
    return ExactComparison(tuple(abs(own - their) / abs(their) if their else math.inf if own else 0.0 for own, their in pairs))


def _paired(golden: Golden, result: SimulationResult) -> tuple[list[tuple[ActionKey, list[ActionResult], list[ReferenceAction]]], list[str]]:
    """Rows of both that speak of the same action, and a line on each that has no counterpart.

    Where only one side tells variants of a spell apart (finishers by combo points, a pet's spell under its owner), their sums stand side by side.
    """
    ours: dict[ActionKey, list[ActionResult]] = {}
    theirs: dict[ActionKey, list[ReferenceAction]] = {}
    for own in result.actions:
        ours.setdefault(row_key(own), []).append(own)
    for their in golden.actions:
        if their.key.kind != "other":
            theirs.setdefault(their.key, []).append(their)
    pairs = [(key, ours.pop(key), theirs.pop(key)) for key in tuple(theirs) if key in ours]

    def unvaried(key: ActionKey) -> tuple[str, int]:
        return key.kind, key.number

    for spell in dict.fromkeys(map(unvaried, theirs)):
        mine = [key for key in ours if unvaried(key) == spell]
        if mine:
            pooled = [their for key in tuple(theirs) if unvaried(key) == spell for their in theirs.pop(key)]
            pairs.append((mine[0], [own for key in mine for own in ours.pop(key)], pooled))
    unmatched = [f"{_named(key)} is done {a.casts:.3g} times a fight in the reference and not known here"
                 for key, rows in theirs.items() for a in rows if a.casts or a.damage]
    unmatched += [f"{a.label} ({_named(key)}) is done {a.casts.value:.3g} times a fight here and never in the reference"
                  for key, own_rows in ours.items() for a in own_rows if a.casts.value or a.damage.value]
    return pairs, unmatched


def _summed(rows: list[ActionResult], figure: str) -> tuple[float, float]:
    """A figure summed over rows of one simulation; the standard error is the largest it can be, as the rows are not independent."""
    estimates = [getattr(row, figure) for row in rows]
    return sum(e.value for e in estimates), sum(e.standard_error for e in estimates)


def row_key(action: ActionResult) -> ActionKey:
    """How the reference would call one of our actions."""
    return ActionKey("item" if action.item else "spell", action.spell_id, action.tag, bool(action.owner))


def _compare_auras(golden: Golden, result: SimulationResult) -> tuple[AuraComparison, ...]:
    rows = []
    for aura in result.auras:
        same = [a for a in golden.auras if a.spell_id == aura.spell_id and a.on_target == aura.on_target]
        # The reference keeps some effects over time under the plain spell; the variant only tells them apart where both are on one unit.
        mine = [a for a in same if a.tag == aura.tag] or ([a for a in same if a.tag == 0] if aura.on_target else [])
        # An effect over time that is also a debuff is listed twice for one unit.
        mine = list({a.target: a for a in sorted(mine, key=lambda a: a.uptime_s)}.values())
        if mine or aura.uptime_s.value:
            uptime = Difference(aura.uptime_s.value, 0.0) if not mine else compare_uptime(
                aura.uptime_s.value, aura.uptime_s.standard_error, sum(a.uptime_s for a in mine), seconds=golden.scenario.duration * len({a.target for a in mine}),
                fights=result.fights, reference_fights=golden.iterations)
            rows.append(AuraComparison(aura.label, aura.spell_id, aura.tag, uptime, Difference(aura.procs.value, sum(a.procs for a in mine))))
    return tuple(rows)


def _named(key: ActionKey) -> str:
    return f"{'pet ' if key.pet else ''}{key.kind} {key.number}" + (f" tag {key.tag}" if key.tag else "")


# ---- running it --------------------------------------------------------------------------------------------------------------------


def compare_all(
    prepared: list[PreparedScenario],
    *,
    iterations: int | None = None,
    workers: int = 1,
    done: Callable[[ScenarioComparison], None] | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> list[ScenarioComparison]:
    """Play every scenario and compare it.

    Args:
        prepared: The scenarios.
        iterations: Fights per scenario; None stops when our mean is known to 0.1 %, at most at the reference's number; 0 plays only the
            single fights of the exact comparison. A scenario outside a tolerance is played on, up to the reference's number.
        workers: Number of workers.
        done: Called with each comparison as it is made.
        progress: Called with a scenario's name, gives what is called after each batch.
    """
    results = []
    for scenario in prepared:
        report = progress(scenario.golden.scenario.name) if progress is not None else None
        result = compare_one(scenario, scenario.compile(), iterations=iterations, workers=workers, progress=report)
        results.append(result)
        if done is not None:
            done(result)
    return results


def compare_one(
    scenario: PreparedScenario, compiled: CompiledSpec, *, iterations: int | None = None, workers: int = 1, progress: Progress | None = None
) -> ScenarioComparison:
    """Play one scenario and compare it; arguments as `compare_all`."""
    golden, setting = scenario.golden, scenario.golden.scenario

    def play(count: int, *, target_error: float | None = None, report: Progress | None = None) -> SimulationResult:
        return simulate(compiled, iterations=count, seed=setting.seed,
                        rotation=scenario.rotation.name, workers=workers, target_error=target_error, progress=report)

    single = play(len(scenario.exact)) if scenario.exact else None
    exact = compare_exact([float(d) for d in single.samples], scenario.exact) if single is not None and scenario.exact else None
    if iterations == 0:
        if single is None:
            raise PortunusError(f"{golden.path.name}: no fights were asked for", hint="With 0 iterations, ask for the exact comparison.")
        return compare_result(golden, single, spec=compiled.name, exact=exact, judged=False)
    result = play(min(iterations or golden.iterations, golden.iterations), target_error=1.96 * TARGET_ERROR if iterations is None else None, report=progress)
    found = compare_result(golden, result, spec=compiled.name, exact=exact)
    while not found.means_passed and not found.unmatched and found.fights < golden.iterations and (exact is None or exact.passed):
        result = play(min(MORE_FIGHTS * found.fights, golden.iterations), report=progress)
        found = compare_result(golden, result, spec=compiled.name, exact=exact)
    return found
