"""`portunus serve`: the planner for other programs, as JSON lines on standard input and output."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

BUDGET_MS = 250.0


@click.command(
    "serve",
    epilog="""Example: echo '{"id": 1, "op": "plan", "state": {"fight": {"at_s": 30}}}' | portunus serve specs/wotlk/mage_fire.spec   (docs/serve.md has every field)""",
)
@click.argument("spec")
@click.option("--budget-ms", type=click.FloatRange(min=1, max=60_000), default=BUDGET_MS, show_default=True, help="For requests without a budget, ms.")
@click.option("--model", type=click.Path(dir_okay=False, path_type=Path), default=None, help="A network, NAME.pt. Default: judge by the default rotation.")
@click.option("--workers", type=click.IntRange(min=1, max=256), default=1, show_default=True, help="Trees searched side by side, in threads.")
@click.option("--address", default=None, metavar="RAY",
              help="Search the trees on a Ray cluster instead: host:port, auto for this machine's, local to start one.")  # fmt: skip
@click.option("--ponder", is_flag=True, help="While nobody asks, search the states the last answer most likely leads to.")
@click.option("--profile", default=None, help="Gear and talents; default: the spec's own.")
@click.option("--encounter", default=None, help="The fight; default: the spec's own.")
def command(
    spec: str, budget_ms: float, model: Path | None, workers: int, address: str | None, ponder: bool, profile: str | None, encounter: str | None,
) -> None:  # fmt: skip
    """Answer requests for SPEC, one JSON object per line, until the input ends or a `quit` comes."""
    import gc
    import os

    from portunus.cli.planning import open_planner
    from portunus.errors import PortunusError
    from portunus.resources import find_spec

    if ponder and (workers > 1 or address is not None):
        raise PortunusError("--ponder searches ahead in one tree", hint="Leave out --workers and --address.")
    path = find_spec(spec)
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the answers

    from portunus.barcode.facts import Facts
    from portunus.compiler import compile_spec
    from portunus.planner.local import Planner
    from portunus.planner.ponder import Ponderer
    from portunus.planner.server import Server

    compiled = compile_spec(path, profile=profile, encounter=encounter)
    with open_planner(compiled, path, profile=profile, encounter=encounter, model=model, workers=workers, address=address) as planner:
        ponderer = Ponderer(planner) if ponder and isinstance(planner, Planner) else None
        server = Server(
            compiled, ponderer or planner, Facts(compiled), source, sink, evaluator=f"network {model.name}" if model else "default rotation",
            budget_ms=budget_ms, idle=ponderer.think if ponderer else None,
        )  # fmt: skip
        gc.collect()
        gc.freeze()
        server.run()
