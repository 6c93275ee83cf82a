"""`portunus evaluate`: the default list, a network alone, and the network with search, in the same fights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

EVALUATION_SEED = 1 << 42  # far from the seeds of training, its gate and its own measurement
JUDGEMENT_SEED = 1 << 44  # and these far from both


@click.command(
    "evaluate",
    epilog="Example: portunus evaluate specs/wotlk/mage_fire.spec --model models/mage_fire.pt --fights 200 --simulations 128",
)
@click.argument("spec")
@click.option("--model", "model_file", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The network, NAME.pt.")
@click.option("--fights", type=click.IntRange(min=2, max=1_000_000), default=200, show_default=True, help="Fights each player plays, the same for all.")
@click.option("--search-ms", type=click.FloatRange(min=0), default=None, help="Time of each searched decision; 0 = no search.")
@click.option("--simulations", type=click.IntRange(min=0), default=None, help="Simulations of each searched decision; 0 = no search. Default: 128.")
@click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), default=0, show_default=True, help="Which fights.")
@click.option("--judgement", is_flag=True,
              help="Instead: measure how wrong the network's values are and write it beside the network, as training does; searches with it heed that.")
@click.option("--profile", default=None, help="Gear and talents; default: the spec's own.")
@click.option("--encounter", default=None, help="The fight; default: the spec's own.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write every printed figure to this file.")
def command(
    spec: str, model_file: Path, fights: int, search_ms: float | None, simulations: int | None, seed: int, judgement: bool,
    profile: str | None, encounter: str | None, json_file: Path | None,
) -> None:  # fmt: skip
    """Measure a network for SPEC against the default list, alone and with search, in paired fights."""
    import json

    from rich.console import Console
    from rich.progress import Progress

    from portunus.errors import PortunusError
    from portunus.evaluator.model_file import load_model
    from portunus.evaluator.torchscript import open_evaluator
    from portunus.files import write_atomic
    from portunus.resources import find_spec

    if search_ms is not None and simulations is not None:
        raise PortunusError("a search takes one budget", hint="Give --search-ms or --simulations, not both.")
    path = find_spec(spec)
    from portunus.compiler import compile_spec
    from portunus.evaluator.mlp import forward
    from portunus.train.evaluation import Budget, evaluate_model

    chosen = {key: value for key, value in (("profile", profile), ("encounter", encounter)) if value is not None}
    compiled = compile_spec(str(path), **chosen)
    model = load_model(model_file, compiled)
    open_evaluator(model, lambda features: forward(model.weights, features))
    console = Console()
    if judgement:
        from portunus.train.judgement import measure_judgement
        from portunus.train.publish import state_judgement

        with console.status("Playing on from both sides of decisions"):
            found = measure_judgement(compiled, model.weights, seed=JUDGEMENT_SEED + seed * 1_000_000)
        doubt = state_judgement(model_file, compiled, found.to_json()).doubt
        console.print(
            f"what two actions differ by: the search is wrong by {found.error:.2f} u ± {found.error_margin:.2f}, the true differences are {found.spread:.2f} u "
            f"({found.states:,} decisions, {found.pairs} pairs each); doubt {doubt:.2f} u, written to {model_file.with_suffix('.json')}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
        if json_file is not None:
            write_atomic(json_file, json.dumps({**found.to_json(), "doubt": doubt}, indent=1) + "\n")
        return
    budget = None
    if search_ms:
        budget = Budget(milliseconds=search_ms)
    elif search_ms is None and simulations != 0:
        budget = Budget(simulations=simulations or 128)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("searching", total=fights)
        result = evaluate_model(
            compiled, model, fights=fights, seed=EVALUATION_SEED + seed * 1_000_000, budget=budget, tick=lambda: progress.advance(task)
        )
    _print(console, result)
    if json_file is not None:
        write_atomic(json_file, json.dumps(result, indent=1) + "\n")


def _print(console: Any, result: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(title=f"{result['spec']}: {result['fights']} paired fights, 95 % intervals")
    for column in ("player", "DPS", "against the default list"):
        table.add_column(column, justify="left" if column == "player" else "right")
    for row in result["players"]:
        paired = f"{row['difference_percent']:+.2f} % ± {row['difference_half_width']:.2f} %" if "difference_percent" in row else ""
        table.add_row(row["player"], f"{row['dps']:.1f} ± {row['half_width']:.1f}", paired)
    console.print(table)
    search = result["search"]
    if search:
        console.print(
            f"search: {result['budget']} per decision, {search['decisions']} decisions, {search['simulations_per_second']:,.0f} simulations/s, "
            f"{search['mean_ms']:.2f} ms mean, {search['p99_ms']:.2f} ms p99",
            highlight=False,
            soft_wrap=True,
        )
