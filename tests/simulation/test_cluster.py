"""Fights on a Ray cluster: the figures of one machine, bit for bit, even when a worker is killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from portunus.cli import main
from portunus.errors import PortunusError
from portunus.sim.arrangement import Arrangement, arrange, vary
from portunus.sim.cluster import RayPlayers, Worker, recipe_of
from portunus.sim.fights import Fighter, Work, play_batch
from portunus.sim.results import simulate
from portunus.sim.versus import play_versus
from portunus.train.cluster import local_ray

SPEC = "specs/wotlk/mage_fire.spec"


@pytest.fixture(scope="module")
def ready() -> Arrangement:
    return arrange(SPEC)


def test_a_worker_plays_what_this_machine_plays(ready: Arrangement) -> None:
    richer = vary(ready, "stats.spell_power=2600")
    fighters = [ready.fighter(), ready.fighter_for(richer.profile)]
    recipe = recipe_of(fighters)
    assert len(recipe.sources) == 1  # one set of kernels, two of numbers
    work = [Work(0, 5, 30), Work(1, 5, 30)]
    batches = Worker(recipe).play(work)
    for item, batch in zip(work, batches, strict=True):
        here = play_batch(fighters[item.fighter], item)
        assert np.array_equal(here.damage, batch.damage) and np.array_equal(here.counters, batch.counters)
    assert batches[1].damage.mean() > batches[0].damage.mean()


def test_a_worker_with_another_version_refuses(ready: Arrangement) -> None:
    recipe = recipe_of([ready.fighter()])
    other = replace(recipe, fighters=tuple((*f[:3], "another layout") for f in recipe.fighters))
    with pytest.raises(PortunusError, match="understands the spec differently"):
        Worker(other)
    with pytest.raises(ValueError, match="without a source"):
        recipe_of([Fighter(ready.compiled, "default")])


@pytest.mark.slow
def test_a_killed_worker_changes_nothing(ready: Arrangement) -> None:
    variant = [("richer", vary(ready, "stats.spell_power=2600"))]
    alone = play_versus(ready, variant, iterations=8000, seed=3)
    made: list[RayPlayers] = []
    killed: list[int] = []

    def kill_one(done: int, most: int) -> None:
        if done >= 1000 and not killed:
            killed.append(made[0].processes[0])
            os.kill(killed[0], signal.SIGKILL)

    def players(fighters: list[Fighter]) -> RayPlayers:
        made.append(RayPlayers(fighters))
        return made[-1]

    with local_ray(2):
        spread = play_versus(ready, variant, iterations=8000, seed=3, progress=kill_one, players=players)
        stopped = simulate(ready.compiled, iterations=8000, seed=3, target_error=0.003, players=RayPlayers([ready.fighter()], workers=16))
    assert len(killed) == 1 and made[0].lost >= 1 and made[0].workers == 2
    assert spread[1] == alone[1]
    first, second = spread[0], alone[0]
    assert (first.dps, first.actions, first.auras, first.resources, first.spent) == (second.dps, second.actions, second.auras, second.resources, second.spent)
    assert vars(first.distribution) == vars(second.distribution)
    assert np.array_equal(first.samples, second.samples)
    assert stopped.dps == simulate(ready.compiled, iterations=8000, seed=3, target_error=0.003).dps


@pytest.mark.slow
def test_the_command_joins_a_cluster(tmp_path: Path) -> None:
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    command = [sys.executable, "-m", "portunus", "sim", SPEC, "--iterations", "3000", "--seed", "9"]
    subprocess.run([*command, "--json", str(here)], check=True, stdout=subprocess.DEVNULL, timeout=300)
    with local_ray(2):
        import ray

        address = ray.get_runtime_context().gcs_address
        done = subprocess.run([*command, "--address", address, "--json", str(there)], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        stranger = subprocess.run([*command, "--address", address], capture_output=True, text=True, timeout=300,
                                  env={k: v for k, v in os.environ.items() if not k.startswith("RAY_AUTH")} | {"HOME": str(tmp_path)})
    assert "on 2 workers" in done.stdout
    documents = [json.loads(file.read_text()) for file in (here, there)]
    for document in documents:
        for changing in ("seconds", "fights_per_second", "workers"):
            document.pop(changing)
    assert documents[0] == documents[1]
    assert stranger.returncode == 2 and "only joined with its token" in stranger.stderr


def test_nobody_at_the_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["sim", SPEC, "--iterations", "10", "--address", "127.0.0.1:1"])
    assert ended.value.code == 2
    assert "only joined with its token" in capsys.readouterr().err
