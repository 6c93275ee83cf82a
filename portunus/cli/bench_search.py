"""`portunus bench search`: how fast the search is, and how close it comes to best play where best play is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

if TYPE_CHECKING:
    from collections.abc import Callable

    from portunus.evaluator.protocol import NetworkWeights
    from portunus.runtime.compiled import CompiledSpec
    from portunus.search.truth import Closed

EXAMPLES = ("burst_window", "dot_execute", "proc_chain")
BUDGETS = (64, 256, 1024)
LONG = {16_384: 5, 65_536: 10}  # simulations -> how many times fewer fights
ASKED = {64: 85, 256: 92, 1024: 95, 16_384: 98, 65_536: 99}  # percent
NAMES = {"search": "this search", "puct": "plain PUCT", "minmax": "tree-wide min-max", "open_loop": "open loop"}
REGENERATE = "portunus bench search --gap --long --fights 100 --markdown docs/search.md"


@click.command("search", epilog="Example: portunus bench search --gap --fights 100")
@click.argument("spec", default="specs/wotlk/mage_fire.spec")
@click.option("--model", type=click.Path(dir_okay=False), default="models/mage_fire.pt", show_default=True, help="Network for the spec.")
@click.option("--rounds", type=click.IntRange(min=3, max=1000), default=25, show_default=True, help="Searches of each kind; the median counts.")
@click.option("--gap", is_flag=True, help="Instead: the share of the gap between list and best play that is closed on the solved examples.")
@click.option("--fights", type=click.IntRange(min=2, max=10_000), default=100, show_default=True, help="Fights for each share.")
@click.option("--long", "long_budgets", is_flag=True, help="Also 16,384 and 65,536 simulations, with fewer fights.")
@click.option("--markdown", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write the shares as a page, such as docs/search.md.")
def command(spec: str, model: str, rounds: int, gap: bool, fights: int, long_budgets: bool, markdown: Path | None) -> None:
    """Measure the search: speed with a network, or (`--gap`) quality where the optimum is known.

    Speed is processor time of one thread, so that other programs disturb it little. If mctx is installed it searches in turn with ours.
    """
    from rich.console import Console

    from portunus.errors import PortunusError
    from portunus.files import write_atomic

    if (markdown is not None or long_budgets) and not gap:
        raise PortunusError("--markdown and --long belong to --gap", hint=f"For example: {REGENERATE}")
    console = Console(width=None if Console().is_terminal else 160)
    if not gap:
        with console.status("measuring ...") as status:
            rows = speed(spec, model, rounds=rounds, say=lambda what: status.update(f"{what} ..."))
        for what, value in rows:
            console.print(f"{what:46s} {value}", highlight=False)
        return
    budgets = (*BUDGETS, *LONG) if long_budgets else BUDGETS
    with console.status("measuring ...") as status:
        found = shares(budgets, fights, say=lambda what: status.update(f"{what} ..."), line=lambda text: console.print(text, highlight=False))
    if markdown is not None:
        write_atomic(markdown, page(found, budgets))


def shares(budgets: tuple[int, ...], fights: int, *, say: Callable[[str], None], line: Callable[[str], None]) -> dict[tuple[str, int], dict[str, Closed]]:
    """Shares of the gap closed, by method and simulations, then by example; each line is printed as soon as it is there."""
    import os

    from portunus.compiler import compile_spec
    from portunus.resources import find_spec
    from portunus.search.exact import solve
    from portunus.search.truth import deciders, gap_closed

    solved = {}
    for name in EXAMPLES:
        say(f"solving {name}")
        solved[name] = solve(compile_spec(find_spec(f"specs/examples/{name}.spec"), encounter="trial"))
        exact = solved[name]
        line(f"{name}: {exact.states:,} states; the list does {100 * exact.gap / exact.best[0]:.1f} % less than best play")
    found: dict[tuple[str, int], dict[str, Closed]] = {}
    for budget in budgets:
        for method in NAMES:
            played = max(4, fights // LONG.get(budget, 1))
            say(f"{NAMES[method]}, {budget:,} simulations")
            found[method, budget] = {
                name: gap_closed(e, deciders(e)[method], simulations=budget, fights=played, threads=os.cpu_count() or 1) for name, e in solved.items()
            }
            line(f"{NAMES[method]:18s} {budget:7,d}  " + "  ".join(cells(found[method, budget])))
    return found


def cells(closed: dict[str, Closed]) -> list[str]:
    """The mean over the examples, then each, percent with standard errors, and the fights."""
    each = list(closed.values())
    mean, error = sum(c.share for c in each) / len(each), sum(c.error**2 for c in each) ** 0.5 / len(each)
    return [f"{100 * mean:.1f} ± {100 * error:.1f}", *[f"{100 * c.share:.1f} ± {100 * c.error:.1f}" for c in each], f"{each[0].fights}"]


def page(found: dict[tuple[str, int], dict[str, Closed]], budgets: tuple[int, ...]) -> str:
    """The shares as a document."""
    lines = [
        "# How close the search comes to best play",
        "",
        f"<!-- generated by: {REGENERATE} -->",
        "",
        "Three small specs in `specs/examples/` are solved exactly. A search then plays fights of them; every decision's loss against best play is",
        "known, without the noise of rewards. A share of 100 % is best play, 0 % the priority list. Leaves are judged by what the list achieves from",
        "there, plus an error of 0.18 u per state (u = damage of the list in one global cooldown), so nothing of best play leaks into the search.",
        "Percent ± standard error over fights; every fight has errors of its own. The controls are searches as published",
        "(`portunus/search/controls.py`), with the same evaluator.",
        "",
        f"`{REGENERATE}` writes this page.",
        "",
        "| search | simulations | mean | " + " | ".join(EXAMPLES) + " | fights | goal |",
        "|---|---:|---:|" + "---:|" * (len(EXAMPLES) + 2),
    ]
    for budget in budgets:
        for method, name in NAMES.items():
            if (method, budget) in found:
                goal = f"{ASKED[budget]}" if method == "search" else ""
                lines.append(f"| {name} | {budget:,} | " + " | ".join(cells(found[method, budget])) + f" | {goal} |")
    return "\n".join(lines) + "\n"


def speed(spec: str, model_file: str, *, rounds: int, say: Callable[[str], None]) -> list[tuple[str, str]]:
    """What was measured, and its value in words."""
    from portunus.cli import mctx_search
    from portunus.cli.measure import machine
    from portunus.compiler import compile_spec
    from portunus.evaluator.mlp import forward
    from portunus.evaluator.model_file import largest_difference, load_model
    from portunus.evaluator.torchscript import open_evaluator
    from portunus.resources import find_spec
    from portunus.search.bench import both_cores, measure

    compiled = compile_spec(find_spec(spec))
    model = load_model(model_file, compiled)
    weights = model.weights
    rows = [("spec, network", f"{compiled.name}, {weights.features} - {weights.hidden} - {weights.hidden} - {weights.actions + 1}")]
    found: dict[str, Any] = {}
    for simulations in BUDGETS:
        say(f"{simulations} simulations")
        found = measure(compiled, weights, simulations=simulations, rounds=rounds)
        spread = f"({found['slowest'] / 1e3:.0f}k - {found['fastest'] / 1e3:.0f}k)"
        rows.append((f"simulations/s, one core, {simulations:,} a search", f"{found['simulations_per_second'] / 1e3:.0f}k {spread}"))
    rows += [
        ("  of them evaluated by the network, per s", f"{found['evaluations_per_second'] / 1e3:.0f}k"),
        ("  depth, greatest and mean; duplicates", f"{found['depth']}, {found['mean_depth']:.1f}; {found['duplicates']}"),
        ("  steps of the simulator a simulation", f"{found['steps_per_simulation']:.2f}, {found['step_ns']:.0f} ns each (copy {found['clone_ns']:.0f} ns)"),
        ("  one network, two at once, features, legal actions",
         f"{found['network_ns']:.0f}, {found['pair_ns']:.0f}, {found['features_ns']:.0f}, {found['legal_ns']:.0f} ns"),
        ("  time in tree / simulator / network", " / ".join(f"{100 * found[f'{part}_share']:.0f} %" for part in ("tree", "simulator", "network"))),
        ("  memory of a node, at most", f"{found['node_bytes']:,} bytes"),
    ]
    say("TorchScript")
    torch_form = open_evaluator(model, lambda features: forward(weights, features))
    features = _some_features(compiled, 1000)
    ours, theirs = forward(weights, features), torch_form.evaluate(features, _ones(len(features), weights.actions))
    rows.append(("largest difference to TorchScript, 1,000 states", f"{largest_difference(ours, theirs):.1e}"))
    rows.append(("simulations/s with TorchScript, batches of 32", f"{_torch_rate(compiled, torch_form, rounds) / 1e3:.0f}k"))
    say("two threads")
    rows.append(("two threads against one, by the clock", f"{both_cores(compiled, weights):.2f}x"))
    if mctx_search.available():
        for simulations in BUDGETS:
            say(f"mctx, {simulations} simulations")
            rate, ratio, clock = _against_mctx(compiled, weights, simulations, rounds)
            rows.append((f"mctx, {simulations:,} simulations, batch 1",
                         f"{rate / 1e3:.1f}k simulations/s; ours does {ratio:.1f}x as many (by the clock {clock:.1f}x)"))
    else:
        rows.append(("mctx", "not installed (pip install mctx)"))
    return [*rows, ("machine", ", ".join(f"{name} {value}" for name, value in machine().items()))]


def _ones(rows: int, actions: int) -> Any:
    import numpy as np

    return np.ones((rows, actions), np.uint8)


def _some_features(compiled: CompiledSpec, count: int) -> Any:
    """Features of states that fights of the default rotation pass through, float32 [count, F]."""
    import numpy as np

    from portunus.runtime.signature import HEADER_FINISHED

    found: list[Any] = []
    seed = 0
    while len(found) < count:
        seed += 1
        state, rng = compiled.new_state(), compiled.new_rng(seed)
        compiled.reset(state, rng)
        while not state[HEADER_FINISHED] and len(found) < count:
            found.append(compiled.features(state))
            compiled.step(state, compiled.rotation(state), rng)
    return np.stack(found)


def _torch_rate(compiled: CompiledSpec, evaluator: Any, rounds: int) -> float:
    from statistics import median
    from time import thread_time

    from portunus.search.engine import Search
    from portunus.search.fights import state_at

    search, state, times = Search(compiled, evaluator), state_at(compiled, 30 * 10**9, seed=1), []
    for number in range(max(4, rounds // 3)):
        begun = thread_time()
        search.run(state, simulations=1024, seed=number)
        times.append(thread_time() - begun)
    return 1024 / median(times[1:])


def _against_mctx(compiled: CompiledSpec, weights: NetworkWeights, simulations: int, rounds: int) -> tuple[float, float, float]:
    """Simulations per second of mctx, how many times as many ours does, and the same by the clock: in turn, medians.

    The first two are by processor time of the process, since mctx may use several threads.
    """
    from statistics import median
    from time import perf_counter, process_time

    from portunus.cli import mctx_search
    from portunus.evaluator.mlp import Mlp
    from portunus.search.engine import Search
    from portunus.search.fights import state_at
    from portunus.search.settings import SearchSettings

    theirs = mctx_search.compile_search(weights, simulations)
    search = Search(compiled, Mlp(weights), SearchSettings(node_capacity=simulations + 2))
    state = state_at(compiled, 30 * 10**9, seed=1)
    search.run(state, simulations=simulations)
    rates, ratios, clocks = [], [], []
    for number in range(rounds):
        times = [(process_time(), perf_counter())]
        theirs()
        times.append((process_time(), perf_counter()))
        search.run(state, simulations=simulations, seed=number)
        times.append((process_time(), perf_counter()))
        first, second, third = times
        rates.append(simulations / (second[0] - first[0]))
        ratios.append((second[0] - first[0]) / (third[0] - second[0]))
        clocks.append((second[1] - first[1]) / (third[1] - second[1]))
    return median(rates), median(ratios), median(clocks)
