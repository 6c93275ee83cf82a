"""Training from start to end: warm start, self-play, gate, keep the best.

1. *Warm start* (unless from scratch): imitate the default list and learn what states are worth under it.
2. *Self-play*: workers search with the best network and send samples; the learner fits the network to what the searches found. (With the
   newest network instead, the noise of small searches feeds on itself and the policy drifts; Silver et al. 2017 did the same.)
3. *Gate*: now and then the network plays paired fights against the best one so far and takes its place only if it is proved better.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.mlp import forward
from portunus.evaluator.model_file import TENSORS, identity
from portunus.evaluator.protocol import NetworkWeights
from portunus.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from portunus.train.cloning import clone_samples
from portunus.train.gate import Comparison, better, compare
from portunus.train.judgement import Judgement, measure_judgement
from portunus.train.learner import Learner, LearnerSettings
from portunus.train.play import network_fights, play_network, rotation_fights
from portunus.train.samples import Replay, Samples
from portunus.train.selfplay import SelfPlaySettings

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec
    from portunus.train.workers import Pool

# Seeds of training, of the gate and of both final measurements never meet.
TRAIN_SEEDS, GATE_SEEDS, MEASURE_SEEDS, JUDGE_SEEDS = 1 << 32, 1 << 40, 1 << 41, 1 << 43
SEEDS_PER_RUN = 1 << 24  # between two values of --seed


@dataclass(frozen=True)
class TrainSettings:
    """How to train.

    Attributes:
        seconds: Time for warm start and self-play.
        seed: Of everything random.
        from_scratch: No warm start.
        learner: How the network is fitted.
        self_play: How workers play.
        fights: Of one piece of a worker's work.
        replay: Most samples kept.
        reuse: How often a sample is learned from, on average.
        clone_share: Share of the time that goes to the warm start.
        clone_seconds: Most seconds of it.
        clone_fights: Fights of the list between two rounds of fitting.
        gate_seconds: Time between two gates.
        gate_fights: Most paired fights of a gate.
        gate_gain: The improvement the gate tests for, as a share of the best network's damage.
        checkpoint_seconds: Time between two checkpoints.
        checkpoint_samples: Newest samples kept in a checkpoint.
        measure_fights: Paired fights of the final measurement.
        judged_states: Decisions at which it is measured how wrong the values are (`portunus.train.judgement`).
    """

    seconds: float = 180.0
    seed: int = 1
    from_scratch: bool = False
    learner: LearnerSettings = field(default_factory=LearnerSettings)
    self_play: SelfPlaySettings = field(default_factory=SelfPlaySettings)
    fights: int = 8
    replay: int = 200_000
    reuse: float = 6.0
    clone_share: float = 0.15
    clone_seconds: float = 60.0
    clone_fights: int = 16
    gate_seconds: float = 10.0
    gate_fights: int = 4000
    gate_gain: float = 0.002
    checkpoint_seconds: float = 30.0
    checkpoint_samples: int = 20_000
    measure_fights: int = 1000
    judged_states: int = 1000


@dataclass
class Counters:
    """What has been done so far, resumed runs included."""

    seconds: float = 0.0
    decisions: int = 0
    steps: int = 0
    gates: int = 0
    promotions: int = 0
    lost_work: int = 0
    next_seed: int = 0
    policy_loss: float = 0.0
    value_loss: float = 0.0


@dataclass(frozen=True)
class Progress:
    """One report on a run.

    Attributes:
        phase: "warm start", "self-play" or "gate".
        share: Share of the time that is over.
        counters: What has been done.
        comparison: Of a gate just held: the candidate against the best network.
        promoted: The candidate took its place.
    """

    phase: str
    share: float
    counters: Counters
    comparison: Comparison | None = None
    promoted: bool = False


class Trainer:
    """One training run.

    Args:
        compiled: The spec.
        settings: How to train.
        checkpoint: Where checkpoints go; None = nowhere.
        report: Called with every `Progress`.
    """

    def __init__(
        self,
        compiled: CompiledSpec,
        settings: TrainSettings,
        *,
        checkpoint: Path | None = None,
        report: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self.compiled, self.settings = compiled, settings
        self.counters = Counters()
        self.best: NetworkWeights | None = None
        self._checkpoint, self._report = checkpoint, report
        features, actions = len(compiled.feature_names), len(compiled.actions)
        self.learner = Learner(features, actions, settings.learner, seed=settings.seed)
        self.replay = Replay(settings.replay, features, actions)
        self._rng = np.random.default_rng(settings.seed)
        self._credit = 0.0
        self._warm = False

    # -- whole runs ----------------------------------------------------------------------------------------------------------------

    def run(self, pool: Pool) -> NetworkWeights:
        """Train for the time set and return the best network; time to compile comes on top.

        Raises:
            PortunusError: The spec or the workers fail.
        """
        pool.feed(self.learner.weights(), self.next_seed)  # the workers compile their search meanwhile
        try:
            skipped = 0.0
            if not self._warm and not self.settings.from_scratch:
                skipped = self._warm_start(pool)
            else:
                for samples in self._wait(pool, 0.0):
                    self.add(samples)
            self._self_play(pool, skipped)
        finally:
            self.save()
        if self.best is None:
            self.best = self.learner.weights()
        return self.best

    def _warm_start(self, pool: Pool) -> float:
        """Imitate the list for its share of the time, which is returned; then wait until the workers have compiled."""
        how = self.settings
        self.clone_round()  # compiles what the rounds below use
        started = time.monotonic()
        length = min(how.clone_share * how.seconds, how.clone_seconds)
        while time.monotonic() < started + length:
            self._learn(self._spent(started, length) / how.seconds)
            self._report(Progress("warm start", self._spent(started, length) / how.seconds, self.counters))
            self.clone_round()
        self._wait(pool, length / how.seconds)
        self._warm = True
        self.counters.seconds += length
        self.best = self.learner.weights()
        self.replay.clear()
        self._credit = 0.0
        return length

    def _wait(self, pool: Pool, share: float) -> list[Samples]:
        """Until the workers have compiled; returns their first samples."""
        while not (ready := pool.collect(1.0)):
            pool.feed(self.learner.weights(), self.next_seed)
            self._report(Progress("compiling", share, self.counters))
        return ready

    @staticmethod
    def _spent(started: float, length: float) -> float:
        return min(time.monotonic() - started, length)

    def _self_play(self, pool: Pool, skipped: float) -> None:
        """Self-play for what is left of the time after `skipped` seconds."""
        how = self.settings
        started, before = time.monotonic(), self.counters.seconds
        length = how.seconds - skipped
        next_gate, next_save = started + how.gate_seconds, started + how.checkpoint_seconds
        while (now := time.monotonic()) < started + length:
            share = (skipped + now - started) / how.seconds
            self.counters.seconds = before + now - started
            pool.feed(self.best or self.learner.weights(), self.next_seed)
            for samples in pool.collect(0.0 if self._credit >= 1 else min(1.0, started + length - now)):
                self.add(samples)
            self.counters.lost_work = pool.lost
            self._learn(share)
            if now >= next_gate and self.counters.steps:
                self.gate(share)
                next_gate = time.monotonic() + how.gate_seconds
            if now >= next_save:
                self.save()
                next_save = time.monotonic() + how.checkpoint_seconds
            self._report(Progress("self-play", share, self.counters))
        self.counters.seconds = before + length
        if self.counters.steps:
            self.gate(1.0)

    # -- steps ---------------------------------------------------------------------------------------------------------------------

    def next_seed(self) -> int:
        """The first of a fresh stretch of training seeds, long enough for one piece of work."""
        width = max(self.settings.fights, self.settings.clone_fights)
        seed = TRAIN_SEEDS + self.settings.seed * SEEDS_PER_RUN + self.counters.next_seed
        self.counters.next_seed += width
        return seed

    def clone_round(self) -> None:
        """Play some fights by the default list and keep them as samples."""
        weights = self.learner.weights()
        samples = clone_samples(
            self.compiled, lambda features: forward(weights, features)[1], fights=self.settings.clone_fights, seed=self.next_seed()
        )
        self.add(samples)

    def add(self, samples: Samples) -> None:
        """Keep samples to learn from; the very first fix how inputs are standardised."""
        if len(samples) == 0:
            return
        if self.learner.steps == 0 and len(self.replay) == 0:
            self.learner.standardise(samples.features)
        self.replay.add(samples)
        self.counters.decisions += len(samples)
        self._credit += self.settings.reuse * len(samples) / self.settings.learner.batch

    def _learn(self, progress: float, *, most: int = 40) -> None:
        """Gradient steps, as many as the samples allow, at most `most`."""
        how = self.settings
        for _ in range(min(int(self._credit), most)):
            batch = self.replay.draw(how.learner.batch, self._rng)
            policy, value = self.learner.step(**batch.arrays(), progress=progress)
            kept = 0.95 if self.counters.steps else 0.0
            self.counters.policy_loss = kept * self.counters.policy_loss + (1 - kept) * policy
            self.counters.value_loss = kept * self.counters.value_loss + (1 - kept) * value
            self.counters.steps += 1
            self._credit -= 1
        self._credit = min(self._credit, 10.0 * most)

    def gate(self, share: float) -> Comparison | None:
        """Let the newest network play against the best one; it takes its place if proved better."""
        how, candidate, best = self.settings, self.learner.weights(), self.best
        if best is None:
            self.best = candidate
            return None
        first = GATE_SEEDS + self.settings.seed * SEEDS_PER_RUN + self.counters.gates * how.gate_fights
        promoted, comparison = better(
            lambda seeds: play_network(self.compiled, candidate, seeds, expected=True),
            lambda seeds: play_network(self.compiled, best, seeds, expected=True),
            first_seed=first, most=how.gate_fights, gain=how.gate_gain,
        )  # fmt: skip
        self.counters.gates += 1
        if promoted:
            self.best = candidate
            self.counters.promotions += 1
        self._report(Progress("gate", share, self.counters, comparison, promoted))
        return comparison

    def measure(self, weights: NetworkWeights, other: NetworkWeights | None = None) -> Comparison:
        """Damage per second of the network alone against the default list (or another network), every roll drawn, on fresh seeds."""
        seeds = MEASURE_SEEDS + self.settings.seed * SEEDS_PER_RUN + np.arange(self.settings.measure_fights)
        rival = rotation_fights(self.compiled, seeds) if other is None else network_fights(self.compiled, other, seeds)
        return compare(network_fights(self.compiled, weights, seeds).dps, rival.dps)

    def judge(self, weights: NetworkWeights) -> Judgement:
        """How wrong a network's values are, in other fights still."""
        return measure_judgement(self.compiled, weights, seed=JUDGE_SEEDS + self.settings.seed * SEEDS_PER_RUN, states=self.settings.judged_states)

    # -- checkpoints ---------------------------------------------------------------------------------------------------------------

    def _facts(self) -> dict[str, Any]:
        return {**identity(self.compiled), "width_of_the_network": self.settings.learner.hidden}

    def save(self) -> None:
        """Write a checkpoint, if there is a place for it."""
        if self._checkpoint is None:
            return
        arrays = {f"learner.{name}": value for name, value in self.learner.arrays().items()}
        arrays |= {f"samples.{name}": value for name, value in self.replay.newest(self.settings.checkpoint_samples).arrays().items()}
        if self.best is not None:
            arrays |= {f"best.{name}": getattr(self.best, name) for name in TENSORS}
        facts = {**self._facts(), "counters": vars(self.counters), "rng": self._rng.bit_generator.state, "credit": self._credit, "warm": self._warm}
        save_checkpoint(self._checkpoint, Checkpoint(facts, arrays))

    def resume(self) -> None:
        """Go on where the checkpoint was taken.

        Raises:
            PortunusError: There is none, or it is damaged or of something else.
        """
        if self._checkpoint is None:
            raise PortunusError("a run without a checkpoint file has nothing to resume from")
        stored = load_checkpoint(self._checkpoint, self._facts())
        parts: dict[str, dict[str, np.ndarray]] = {"learner": {}, "samples": {}, "best": {}}
        for name, array in stored.arrays.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = array
        self.learner.restore(parts["learner"])
        self.replay.add(Samples(**parts["samples"]))
        self.best = NetworkWeights(**parts["best"]) if parts["best"] else None
        self.counters = Counters(**stored.facts["counters"])
        self._rng.bit_generator.state = stored.facts["rng"]
        self._credit, self._warm = stored.facts["credit"], stored.facts["warm"]
