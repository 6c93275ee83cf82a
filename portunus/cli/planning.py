"""The planner of a command: one tree, or several in threads or on a Ray cluster; compiled and warm when it is handed over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portunus.planner.local import Planner, SearchSettings
    from portunus.planner.shared import SharedPlanner
    from portunus.runtime.compiled import CompiledSpec


@contextmanager
def open_planner(
    compiled: CompiledSpec, spec: Path, *, profile: str | None, encounter: str | None, model: Path | None, backend: str = "compiled",
    settings: SearchSettings | None = None, workers: int = 1, address: str | None = None,
) -> Iterator[Planner | SharedPlanner]:  # fmt: skip
    """A planner while the block runs.

    Args:
        compiled: The spec.
        spec, profile, encounter: What it was compiled from, for the processes of a cluster.
        model, backend: See `open_evaluator`.
        settings: How to search.
        workers: Number of trees.
        address: Of a Ray cluster, `local` to start one, None for threads.

    Raises:
        PortunusError: The model is unusable, or the cluster cannot be reached.
    """
    from functools import partial

    from portunus.planner.local import Planner, open_evaluator
    from portunus.planner.shared import SharedPlanner, Threads

    def another() -> Planner:
        return Planner(compiled, open_evaluator(compiled, model, backend=backend), settings)

    with ExitStack() as stack:
        first = another()
        planner: Planner | SharedPlanner = first
        warm_up(compiled, first)  # before any actor starts: they find the compiled search in the cache
        if address is not None:
            from portunus.planner.cluster import RayCrew, make_tree
            from portunus.train.cluster import joined_ray, local_ray

            stack.enter_context(local_ray(max(1, workers - 1)) if address == "local" else joined_ray(address))
            make = partial(make_tree, str(spec), compiled.layout_hash, profile=profile, encounter=encounter, model=model, backend=backend, settings=settings)
            crew = stack.enter_context(RayCrew(first, make, workers=workers - 1))
            crew.wait()
            planner = SharedPlanner(crew)
        elif workers > 1:
            threads = Threads([first, *(another() for _ in range(workers - 1))])
            stack.callback(threads.close)
            planner = SharedPlanner(threads)
        warm_up(compiled, planner)
        yield planner


def warm_up(compiled: CompiledSpec, planner: Planner | SharedPlanner) -> None:
    """Compile what the search needs, so that no later decision pays for it."""
    state = compiled.new_state()
    compiled.reset(state, compiled.new_rng(0))
    for _ in range(2):
        planner.plan(state, simulations=64, watch=lambda: False)
        planner.plan(state, simulations=64)
        planner.plan(state, budget_ms=20)
