"""What `portunus plan` prints: one decision with its reasons, or what was measured in fights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from portunus.planner.messages import ActionReport, Suggestion, TreeNode
    from portunus.runtime.compiled import CompiledSpec

LEAST_CHANCE = 0.005  # of an outcome, below which it is not drawn
DRAWN = 3  # actions in a row; a file of --json has them all
LEAST_SHARE = 0.01  # of the simulations, below which an action is not explained
LEAST_EFFECT = 0.05  # u, below which an outcome does not matter
ALIKE = 0.005  # percent of DPS, below which two actions are as good


def show_decision(console: Console, compiled: CompiledSpec, suggestion: Suggestion, *, seconds: float, judged: str) -> None:
    from rich.table import Table
    from rich.text import Text

    labels = {action.name: action.label for action in compiled.actions}
    table = Table(title=f"{compiled.title} at {seconds:.2f} s", title_justify="left")
    for heading in ("action", "loss, damage", "loss, DPS", "value", "simulations", "expected before"):
        table.add_column(heading, justify="left" if heading == "action" else "right")
    for report in suggestion.actions:
        chosen = report.name == suggestion.action
        loss = ("best", "") if chosen else (f"{report.loss_damage:,.0f}", f"{report.loss_percent:.3f} %")
        table.add_row(
            Text(_named(report.name, report.label)), *loss, f"{report.value:+.3f}", f"{report.visits:,}", f"{100 * report.prior:.1f} %",
            style="bold" if chosen else "",
        )  # fmt: skip
    console.print(table)
    console.print("loss: damage given up against the best action, and its share of the DPS over the rest of the fight", style="dim")
    console.print("value: global cooldowns of damage ahead of the default rotation's pace, to the end of the fight", style="dim")
    line = " > ".join(_named(name, labels[name]) for name in (suggestion.action, *suggestion.queue))
    console.print(f"most likely line: [bold]{line}[/bold]", highlight=False)
    network = f" ({suggestion.network_ms:.1f} ms of it in the network)" if suggestion.network_ms else ""
    console.print(
        f"{suggestion.simulations:,} simulations in {suggestion.search_ms:.1f} ms{network}, "
        f"up to {suggestion.depth} decisions deep; states judged by: {judged}",
        highlight=False,
    )


def _named(name: str, label: str) -> str:
    """`Living Bomb`, or `Living Bomb (enemy 2)`."""
    return f"{label} (enemy {name.partition('@')[2]})" if "@" in name else label


def explain_decision(console: Console, suggestion: Suggestion, *, labels: dict[str, str], unit: float) -> None:
    """Of each action that was looked at: what would follow, what it costs, what chance decides.

    Args:
        console: Where to.
        suggestion: The answer.
        labels: Of the actions by name.
        unit: u, damage.
    """
    for report in suggestion.actions:
        if report.visits < LEAST_SHARE * suggestion.simulations:
            continue
        console.print(f"\n[bold]{_named(report.name, report.label)}[/bold]: {_verdict(report, suggestion)}", highlight=False)
        if report.line:
            console.print(f"  then most likely {' > '.join(_named(name, labels[name]) for name in report.line)}", highlight=False, soft_wrap=True)
        for outcome in report.outcomes:
            difference = outcome.value - report.value
            if abs(difference) >= LEAST_EFFECT:
                what = f"{abs(difference) * unit:,.0f} damage {'more' if difference > 0 else 'less'} than on average"
                console.print(f"  {100 * outcome.probability:3.0f} %  {outcome.label}: {what}", highlight=False, markup=False, soft_wrap=True)
    left_out = [_named(r.name, r.label) for r in suggestion.actions if r.visits < LEAST_SHARE * suggestion.simulations]
    if left_out:
        console.print(f"\nhardly looked at: {', '.join(left_out)}", highlight=False, style="dim")
    console.print("\nThe tree: value, simulations, what is done or happens", style="dim")
    console.print(_tree(suggestion.tree))


def _verdict(report: ActionReport, suggestion: Suggestion) -> str:
    """What choosing it means, in words."""
    if report.name != suggestion.action:
        if report.loss_percent < ALIKE:
            return f"as good as {suggestion.label}"
        return f"{report.loss_damage:,.0f} damage less, {report.loss_percent:.2f} % of the DPS that is left"
    rivals = [r for r in suggestion.actions if r.name != report.name and r.visits]
    if not rivals:
        return "best; there is no choice"
    rival = min(rivals, key=lambda r: r.loss_percent)
    name = _named(rival.name, rival.label)
    if rival.loss_percent < ALIKE:
        return f"best, though {name} is as good"
    return f"best, {rival.loss_damage:,.0f} damage ahead of {name}"


def _tree(root: TreeNode) -> Any:
    """The tree, drawn; numbers first, so that they stand where the eye looks for them."""
    from rich.text import Text
    from rich.tree import Tree

    drawn = Tree(Text("now"))

    def grow(parent: Any, node: TreeNode, left: int) -> None:
        for child in node.children if left else ():
            if child.kind == "chance" and child.probability < LEAST_CHANCE:
                continue
            share = f"{100 * child.probability:.0f} %"
            text = f"if {child.label} ({share})" if child.kind == "chance" else _named(child.name, child.label)
            line = Text(f"{child.value:+.2f} {child.visits:>6,}  {text}", no_wrap=True, overflow="ellipsis")
            line.stylize("italic cyan" if child.kind == "chance" else "bold" if child is node.children[0] else "")
            grow(parent.add(line), child, left - (child.kind != "chance"))

    grow(drawn, root, DRAWN)
    return drawn


def show_latencies(console: Console, compiled: CompiledSpec, figures: dict[str, Any]) -> None:
    budget = figures["budget"]
    asked = f"{budget['budget_ms']:g} ms" if "budget_ms" in budget else f"{budget['simulations']:,} simulations"
    console.print(
        f"{compiled.title}: {figures['decisions']:,} decisions with {asked} each, {figures['hogs']} busy processes beside; "
        f"states judged by: {figures['judged_by']}",
        highlight=False,
    )
    console.print(
        f"a decision took {figures['latency_ms_p50']:.1f} ms (median), {figures['latency_ms_p99']:.1f} ms (99 %), "
        f"{figures['latency_ms_max']:.1f} ms (longest); {figures['simulations_per_second']:,.0f} simulations/s",
        highlight=False,
    )
    if figures["early_share"] is not None:
        console.print(
            f"ended early because the answer was settled: {100 * figures['early_share']:.1f} %; more than 5 ms late: {100 * figures['late_share']:.2f} %",
            highlight=False,
        )
    if figures["pondered"]:
        console.print(
            f"searched ahead in between: {100 * figures['hit_share']:.1f} % of the decisions were thought about before; their answer took "
            f"{figures['hit_ms_p50']:.1f} ms (median), {figures['hit_ms_p99']:.1f} ms (99 %) instead of {figures['miss_ms_p50']:.1f} ms, and rests on "
            f"{figures['hit_simulations']:,.0f} simulations (median) instead of {figures['miss_simulations']:,.0f}",
            highlight=False,
        )


def show_fights(console: Console, compiled: CompiledSpec, figures: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{compiled.title}: {figures['fights']} fights of {figures['seconds']:g} s with the same seeds", title_justify="left")
    for heading in ("who decides", "mean DPS", "95 % interval"):
        table.add_column(heading, justify="left" if heading == "who decides" else "right")
    for who in ("search", "rotation"):
        table.add_row("search" if who == "search" else "default rotation", f"{figures[f'{who}_dps']:,.1f}", f"± {figures[f'{who}_dps_half_width']:,.1f}")
    table.add_row(
        "difference", f"{figures['difference_dps']:+,.1f}", f"± {figures['difference_dps_half_width']:,.1f}", style="bold", end_section=True
    )
    table.add_row("", f"{figures['difference_percent']:+.2f} %", f"± {figures['difference_percent_half_width']:.2f} %", style="bold")
    console.print(table)
    console.print(
        "DPS with the luck of the fights taken out as far as the rotation's fitted value knows it (same mean, less variance); as it fell: "
        f"{figures['sampled_search_dps']:,.1f} against {figures['sampled_rotation_dps']:,.1f}, "
        f"{figures['sampled_difference_dps']:+,.1f} ± {figures['sampled_difference_dps_half_width']:,.1f}",
        style="dim", highlight=False,
    )  # fmt: skip
    casts = Table(title="actions per fight", title_justify="left")
    for heading in ("action", "search", "default rotation"):
        casts.add_column(heading, justify="left" if heading == "action" else "right")
    labels = {action.name: action.label for action in compiled.actions}
    for name, counts in figures["actions"].items():
        if counts["search"] or counts["rotation"]:
            casts.add_row(Text(_named(name, labels[name])), f"{counts['search']:.1f}", f"{counts['rotation']:.1f}")
    console.print(casts)
    console.print(
        f"{figures['simulations_per_second']:,.0f} simulations/s; a decision took {figures['latency_ms_p50']:.1f} ms (median), "
        f"{figures['latency_ms_p99']:.1f} ms (99 %), {figures['latency_ms_max']:.1f} ms (longest of {figures['decisions']:,}); "
        f"states judged by: {figures['judged_by']}",
        highlight=False,
    )
