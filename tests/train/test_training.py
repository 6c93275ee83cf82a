"""Training on the toy: targets, samples, gate, learner; it improves, continues where it stopped, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from training_toy import ToySpec, load_toy, random_weights

from portunus.errors import PortunusError
from portunus.evaluator.mlp import forward
from portunus.evaluator.model_file import TENSORS, load_model
from portunus.train import cluster
from portunus.train.checkpoint import checkpoint_path
from portunus.train.cloning import clone_samples
from portunus.train.evaluation import Budget, evaluate_model
from portunus.train.gate import better, compare, log_likelihood_ratio, threshold
from portunus.train.judgement import measure_judgement
from portunus.train.learner import Learner, LearnerSettings
from portunus.train.play import network_fights, play_rotation, record_rotation, rotation_fights
from portunus.train.samples import Replay
from portunus.train.selfplay import SelfPlay, SelfPlaySettings
from portunus.train.session import check_place, train
from portunus.train.targets import lambda_returns
from portunus.train.trainer import Trainer, TrainSettings
from portunus.train.workers import LocalPool, RayPool

SMALL = LearnerSettings(hidden=32, batch=128, learning_rate=1e-3)
QUICK = SelfPlaySettings(simulations=32, fast_simulations=4, full_share=0.3, value_share=1.0, careless_decisions=20)


def settings(**changes: object) -> TrainSettings:
    """Seconds of training instead of minutes."""
    return TrainSettings(
        **{"seconds": 6.0, "learner": SMALL, "self_play": QUICK, "reuse": 8.0, "gate_seconds": 2.0, "measure_fights": 300, "judged_states": 60, **changes}
    )


def slow_returns(gains: np.ndarray, values: np.ndarray, last: np.ndarray, off_policy: np.ndarray, trace: float) -> list[float]:
    """The forward view of TD(lambda): the weighted mean of all n-step returns up to the end or a cut."""
    found = []
    for start in range(len(gains)):
        total, weight, target, index = 0.0, 1.0, 0.0, start
        while True:
            total += gains[index]
            if last[index]:
                target += weight * total
                break
            if off_policy[index + 1]:
                target += weight * (total + values[index + 1])
                break
            target += weight * (1 - trace) * (total + values[index + 1])
            weight *= trace
            index += 1
        found.append(target)
    return found


def test_value_targets_match_the_forward_view() -> None:
    rng = np.random.default_rng(1)
    gains, values, off_policy = rng.normal(size=60), rng.normal(size=60), rng.random(60) < 0.2
    last = np.zeros(60, bool)
    last[[0, 17, 41, 59]] = True
    for trace in (0.0, 0.5, 1.0):
        assert np.allclose(lambda_returns(gains, values, last, off_policy, trace=trace), slow_returns(gains, values, last, off_policy, trace))


def test_recorded_gains_add_up_to_the_damage_beyond_the_reference_pace(toy: ToySpec) -> None:
    seeds = np.arange(5)
    record = record_rotation(toy, seeds, epsilon=0.0, stream_seed=0)
    fights = rotation_fights(toy, seeds, expected=True)
    ends = np.flatnonzero(record.last)
    sums = np.diff(np.concatenate([[0.0], np.cumsum(record.gain)[ends]]))
    assert np.allclose(sums, (fights.damage - toy.reference_dps * fights.seconds) / (toy.reference_dps * toy.gcd_seconds))
    assert np.array_equal(record.label, record.taken) and record.mask[np.arange(len(record.taken)), record.taken].all()


def test_compiled_fights_equal_fights_played_step_by_step(toy: ToySpec) -> None:
    weights = random_weights()
    for seed, damage in zip(range(5), network_fights(toy, weights, np.arange(5)).damage, strict=True):
        state, rng = toy.new_state(), toy.new_rng(seed)
        toy.reset(state, rng)
        while not state[2]:
            logits = forward(weights, toy.features(state)[None])[0][0]
            toy.step(state, int(np.where(toy.legal(state) == 1, logits, -np.inf).argmax()), rng)
        assert state.view(np.float64)[4] == damage


def test_an_unknown_rotation_is_named(toy: ToySpec) -> None:
    with pytest.raises(PortunusError, match="no rotation 'opener'"):
        play_rotation(toy, np.arange(2), rotation="opener")


def test_self_play_is_a_function_of_its_arguments(toy: ToySpec) -> None:
    first, again = (SelfPlay(toy, QUICK).play(random_weights(), fights=4, seed=11) for _ in range(2))
    for name, column in first.arrays().items():
        assert np.array_equal(column, getattr(again, name)), name
    taught = first.policy_weight == 1
    assert 0.1 < taught.mean() < 0.6
    assert np.allclose(first.policy.sum(axis=1), 1, atol=1e-5) and not np.any(first.policy[first.mask == 0])
    assert np.isfinite(first.value).all() and not np.array_equal(first.value, SelfPlay(toy, QUICK).play(random_weights(), fights=4, seed=12).value[: len(first)])


def test_replay_keeps_the_newest(toy: ToySpec) -> None:
    samples = clone_samples(toy, lambda features: np.zeros(len(features)), fights=2, seed=1)
    replay = Replay(50, 5, 5)
    replay.add(samples.take(slice(0, 30)))
    assert len(replay) == 30
    replay.add(samples.take(slice(30, 70)))
    assert len(replay) == 50 and np.array_equal(replay.newest(50).value, samples.value[20:70])


def test_the_gate_errs_as_rarely_as_it_says() -> None:
    rng = np.random.default_rng(3)

    def level(seeds: np.ndarray) -> np.ndarray:
        return np.full(len(seeds), 1000.0)

    def player(gain: float) -> Callable[[np.ndarray], np.ndarray]:
        return lambda seeds: level(seeds) + gain + rng.normal(0, 30, len(seeds))

    passed = sum(better(player(0.0), level, first_seed=0, most=4000, gain=0.005)[0] for _ in range(200))
    found = sum(better(player(5.0), level, first_seed=0, most=4000, gain=0.005)[0] for _ in range(200))
    assert passed <= 20 and found >= 180
    assert log_likelihood_ratio(np.array([0.0, 0.0]), 1.0) == 0 and threshold(0.05) == pytest.approx(2.944, abs=1e-3)


def test_comparison_is_paired() -> None:
    noise = np.random.default_rng(4).normal(0, 100, 1000)
    found = compare(1000 + noise + 10, 1000 + noise)
    assert found.difference == pytest.approx(10) and found.half_width < 1e-9 and found.percent == pytest.approx(1.0, rel=0.02)


def test_exported_weights_are_the_trained_network(toy: ToySpec) -> None:
    samples = clone_samples(toy, lambda features: np.zeros(len(features)), fights=20, seed=1)
    learner = Learner(5, 5, replace(SMALL, average=0.0), seed=1)
    learner.standardise(samples.features)
    rng = np.random.default_rng(0)
    losses = [learner.step(**samples.take(rng.integers(0, len(samples), 128)).arrays(), progress=0.0) for _ in range(200)]
    assert np.mean(losses[-20:], axis=0)[0] < 0.6 * losses[0][0]
    import torch

    with torch.no_grad():
        inside = learner.network(torch.from_numpy((samples.features - learner.mean) / learner.scale))
    outside = forward(learner.weights(), samples.features)
    assert np.allclose(inside[0].numpy(), outside[0], atol=1e-4) and np.allclose(inside[1].numpy(), outside[1], atol=1e-4)


def test_resumed_training_equals_uninterrupted_training(toy: ToySpec, tmp_path: Path) -> None:
    """One round of self-play and fitting after another, with a fixed schedule: bit-equal with and without a break."""

    def rounds(trainer: Trainer, count: int) -> None:
        pool = LocalPool(toy, QUICK, 4)
        for _ in range(count):
            pool.feed(trainer.learner.weights(), trainer.next_seed)
            for samples in pool.collect(0):
                trainer.add(samples)
            trainer._learn(0.5)

    straight = Trainer(toy, settings())
    rounds(straight, 4)
    broken = Trainer(toy, settings(), checkpoint=tmp_path / "toy.checkpoint.npz")
    rounds(broken, 2)
    broken.save()
    resumed = Trainer(toy, settings(), checkpoint=tmp_path / "toy.checkpoint.npz")
    resumed.resume()
    rounds(resumed, 2)
    assert resumed.counters == straight.counters and resumed.counters.steps > 10
    for name in TENSORS:
        assert np.array_equal(getattr(resumed.learner.weights(), name), getattr(straight.learner.weights(), name))


def test_damaged_and_foreign_checkpoints_are_refused(toy: ToySpec, tmp_path: Path) -> None:
    path = tmp_path / "toy.checkpoint.npz"
    with pytest.raises(PortunusError, match="there is no checkpoint"):
        Trainer(toy, settings(), checkpoint=path).resume()
    Trainer(toy, settings(), checkpoint=path).save()
    with pytest.raises(PortunusError, match="another layout hash"):
        Trainer(ToySpec(layout_hash="other"), settings(), checkpoint=path).resume()
    with pytest.raises(PortunusError, match="another width of the network"):
        Trainer(toy, settings(learner=LearnerSettings(hidden=64)), checkpoint=path).resume()
    raw = path.read_bytes()
    for damaged in (b"", raw[: len(raw) // 2], b"x" * 100):
        path.write_bytes(damaged)
        with pytest.raises(PortunusError, match="is damaged"):
            Trainer(toy, settings(), checkpoint=path).resume()


def test_a_network_of_wilder_values_is_found_to_be_more_wrong(toy: ToySpec) -> None:
    weights = random_weights()
    head = weights.w3.copy()
    head[-1] *= 5
    first, again, wilder = (measure_judgement(toy, w, seed=9, states=120, pairs=16) for w in (weights, weights, replace(weights, w3=head)))
    assert first == again
    assert wilder.error - wilder.error_margin > first.error + first.error_margin > 0
    assert first.states == 120 and first.spread > 0


def test_a_model_of_something_else_is_never_overwritten(toy: ToySpec, published: Path, tmp_path: Path) -> None:
    check_place(published, toy)
    with pytest.raises(PortunusError, match="is the model of 'toy'"):
        check_place(published, ToySpec(name="other"))
    stranger = tmp_path / "thesis.pt"
    stranger.write_bytes(b"mine")
    with pytest.raises(PortunusError, match="no model with a manifest"):
        check_place(stranger, toy)
    with pytest.raises(PortunusError, match=r"named NAME\.pt"):
        check_place(tmp_path / "model.onnx", toy)


def test_training_with_ray_beats_the_default_list_and_leaves_nothing_behind(toy: ToySpec, tmp_path: Path) -> None:
    path, mask = tmp_path / "toy.pt", current_mask()
    result = train(
        toy, load_toy, settings(seconds=20.0), out=path, workers=1, resume=False, console=Console(quiet=True)
    )
    measured = result["measured"]
    assert result["published"] and measured["difference_percent"] - measured["half_width_percent"] > 2
    assert result["training"]["promotions"] >= 1 and result["training"]["lost_work"] == 0
    assert "RAY_AUTH_TOKEN_PATH" not in os.environ and current_mask() == mask
    assert own_folders() == []
    model = load_model(path, toy)
    evaluated = evaluate_model(toy, model, fights=100, seed=5, budget=Budget(simulations=64))
    alone, searched = evaluated["players"][1:]
    assert alone["difference_percent"] > 2 and searched["difference_percent"] > alone["difference_percent"] - 1
    assert checkpoint_path(path).is_file()


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_ray_is_closed_by_default(toy: ToySpec) -> None:
    import itertools

    seeds = itertools.count(0, 10)
    with cluster.local_ray(1):
        import ray

        folder = Path(ray._private.worker.global_worker.node.get_temp_dir_path()).parent
        assert folder.stat().st_mode & 0o777 == 0o700 and (folder / "token").stat().st_mode & 0o777 == 0o600
        assert listening_addresses(cluster.processes_of(folder)) <= {"127.0.0.1"}
        pool = RayPool(load_toy, QUICK, 2, workers=1)
        pool.feed(random_weights(), lambda: next(seeds))
        deadline = time.monotonic() + 120
        samples = []
        while not samples and time.monotonic() < deadline:
            samples = pool.collect(1.0)
        pool.feed(random_weights(), lambda: next(seeds))
        worker = [p for p in children(cluster.processes_of(folder)) if b"ray::Player" in Path(f"/proc/{p}/cmdline").read_bytes()]  # not the spare, idle ones
        assert len(worker) == 1
        os.kill(worker[0], signal.SIGKILL)
        while pool.lost == 0 and time.monotonic() < deadline:
            pool.collect(1.0)
        assert pool.lost == 1
        pool.feed(random_weights(), lambda: next(seeds))
        again = []
        while not again and time.monotonic() < deadline:
            again = pool.collect(1.0)
        assert len(samples[0]) and len(again[0])
    assert not folder.exists() and cluster.processes_of(folder) == []


def own_folders() -> list[Path]:
    """Ray folders this process made that are still there; others may be training beside it."""
    mine = []
    for driver in Path("/tmp").glob("portunus-ray-*/driver"):
        try:
            if driver.read_text() == str(os.getpid()):
                mine.append(driver.parent)
        except FileNotFoundError:
            continue
    return mine


def current_mask() -> int:
    """The file mask of this process."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def children(processes: list[int]) -> list[int]:
    """The processes and everything below them."""
    found, new = set(processes), set(processes)
    while new:
        new = {
            int(p.name)
            for p in Path("/proc").glob("[0-9]*")
            if (p / "stat").exists() and int((p / "stat").read_text().rsplit(")", 1)[1].split()[1]) in found
        } - found
        found |= new
    return sorted(found)


def readable(raw: str) -> str:
    """An address of /proc/net/tcp or tcp6; a version 4 address inside a version 6 socket is shown as what it is."""
    if len(raw) == 8 or raw.startswith("0000000000000000FFFF0000"):
        return ".".join(str(int(raw[-8:][i : i + 2], 16)) for i in (6, 4, 2, 0))
    return f"v6 {raw}"


def listening_addresses(processes: list[int]) -> set[str]:
    """Local addresses of the listening TCP sockets of processes."""
    inodes = set()
    for process in children(processes):
        for link in Path(f"/proc/{process}/fd").glob("*"):
            target = os.readlink(link) if link.is_symlink() else ""
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                raw = fields[1].split(":")[0]
                addresses.add(readable(raw))
    return addresses


def test_what_a_killed_driver_left_is_removed_at_the_next_start() -> None:
    program = "import os, sys, time\nfrom pathlib import Path\nfolder = Path(sys.argv[1]); (folder / 'driver').write_text(str(os.getpid()))\n"
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="portunus-ray-"))
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", str(folder)])
    cluster.clean_stale()
    assert orphan.wait(timeout=10) < 0 and not folder.exists()
