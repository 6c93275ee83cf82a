"""Trees in Ray actors: the answer of threads, the same for any run, and an answer whatever happens to the actors.

Each actor compiles and starts for itself, a minute or more in all: `pytest -m slow tests/search/test_ray_trees.py`.
"""

import os
import signal
import time

import pytest
from toys import ListValue, Toy

from portunus.errors import PortunusError
from portunus.planner.cluster import RayCrew
from portunus.planner.local import Planner
from portunus.planner.shared import SharedPlanner, Threads
from portunus.search.settings import SearchSettings
from portunus.train.cluster import local_ray


def make() -> Planner:
    toy = Toy()
    return Planner(toy, ListValue(toy), SearchSettings(node_capacity=65_536, certain_errors=0.0))


def refuse() -> Planner:
    raise PortunusError("a worker of the cluster understands the spec differently")


def told(suggestion) -> dict:
    answer = suggestion.to_json()
    for timed in ("search_ms", "network_ms"):
        del answer[timed]
    return answer


@pytest.mark.slow
def test_actors_answer_like_threads_and_may_be_killed():
    with local_ray(2):
        local = make()
        state = local.compiled.opening()
        for budget in ({"simulations": 64}, {"budget_ms": 20}):
            SharedPlanner(Threads([local])).plan(state, **budget)  # the actors find the compiled search in the cache
        with RayCrew(local, make, workers=2) as crew:
            crew.wait()
            planner = SharedPlanner(crew, patience_ms=150)  # the machine may be busy
            answers = [planner.plan(state, simulations=3000, seed=6) for _ in range(2)]
            assert planner.trees == 3
            in_threads = SharedPlanner(Threads([make() for _ in range(3)])).plan(state, simulations=3000, seed=6)
            assert told(answers[0]) == told(answers[1]) == told(in_threads)

            victims, begun = list(crew.processes), time.monotonic()

            def kill_one() -> bool:
                if len(victims) == 2 and time.monotonic() - begun > 0.1:
                    os.kill(victims.pop(), signal.SIGKILL)
                return False

            answer = planner.plan(state, budget_ms=600, watch=kill_one)
            assert len(victims) == 1 and planner.trees < 3
            assert answer.search_ms < 1500 and {r.name for r in answer.actions} == {r.name for r in answers[0].actions}
            os.kill(victims.pop(), signal.SIGSTOP)  # an actor that hangs
            answer = planner.plan(state, budget_ms=200)
            assert answer.search_ms < 1000 and answer.action
            deadline = time.monotonic() + 120
            while planner.trees < 3 and time.monotonic() < deadline:
                planner.plan(state, budget_ms=100)
            assert planner.trees == 3 and crew.lost >= 2
            assert told(planner.plan(state, simulations=3000, seed=6)) == told(in_threads)
        with RayCrew(local, refuse, workers=1) as crew, pytest.raises(PortunusError):
            crew.wait(60)
