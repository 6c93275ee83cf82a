"""`portunus demo`: the whole chain on one spec, from text to the suggestion on a screen, with real commands and a table of measured figures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

if TYPE_CHECKING:
    from portunus.cli.demo_steps import Steps

SPEC = "specs/wotlk/mage_fire.spec"
SEARCH_MS = 250
CLIENT_AT = "20,20"
OVERLAY_AT = "500,520,760,380"  # beside the client's strip, which it would cover otherwise
PICTURE_EVERY_SECONDS = 1.0


@click.command("demo", epilog="Example: portunus demo --out out/demo")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("portunus-demo"), show_default=True, help="Folder for everything made.")
@click.option("--minutes-train", type=click.FloatRange(min=0.05, max=600), default=3.0, show_default=True, help="Time for training.")
@click.option("--fights", type=click.IntRange(min=2), default=150, show_default=True, help="Fights that default list, network and search play.")
@click.option("--simulations", type=click.IntRange(min=1), default=256, show_default=True, help="Simulations of each decision in those fights.")
@click.option("--live-seconds", type=click.FloatRange(min=2, max=3600), default=30.0, show_default=True, help="Time for client and overlay on the screen.")
def command(out: Path, minutes_train: float, fights: int, simulations: int, live_seconds: float) -> None:
    """Run the whole chain on the fire mage: check, compile, compare, simulate, train, search, addon, client and overlay.

    Each step is an ordinary command, shown as you would type it. The table at the end holds what was measured in this run, nothing else.
    """
    from rich.console import Console

    from portunus.cli.demo_steps import Steps
    from portunus.display import require_packages

    require_packages()
    golden = reference_files()
    begin = time.perf_counter()
    steps = Steps(out, Console(), total=10)
    with steps.progress:
        front_end(steps)
        comparison = compare(steps, golden)
        simulate(steps)
        model = train(steps, minutes_train)
        evaluate(steps, model, fights=fights, simulations=simulations)
        plan(steps, model)
        addon(steps)
        picture = live(steps, model, seconds=live_seconds)
        steps.measured("whole demo", f"{(time.perf_counter() - begin) / 60:.1f} minutes")
        report(steps, comparison, picture)
    summary(steps)


def reference_files() -> Path | None:
    """The recorded results of the reference simulator; they travel with a checkout, not with a wheel."""
    import portunus

    folder = Path(portunus.__file__).resolve().parents[1] / "tests" / "golden" / "mage_fire"
    return folder if folder.is_dir() else None


def front_end(steps: Steps) -> None:
    """Check the spec, then compile it."""
    with steps.step("Check the spec"):
        steps.measured("check", f"no mistakes, {steps.run('check', SPEC):.2f} s")
    with steps.step("Compile it to machine code"):
        steps.measured("compile", f"{steps.run('compile', SPEC):.1f} s (an unchanged spec is taken from the cache)")


def compare(steps: Steps, golden: Path | None) -> list[dict[str, Any]]:
    """Compare with the reference; returns the scenarios, none if its files are not here."""
    from portunus.cli.demo_steps import read_json

    with steps.step("Compare with the reference simulator"):
        if golden is None:
            steps.measured("agreement with the reference", "not run: its recorded results are in a checkout, not in the installed package")
            return []
        file = steps.out / "compare.json"
        steps.run("compare", str(golden), "--exact", "--json", str(file))
        scenarios: list[dict[str, Any]] = read_json(file)["scenarios"]
        worst = max((s["dps"]["percent"] for s in scenarios), key=abs)
        steps.measured("agreement with the reference", f"{sum(s['passed'] for s in scenarios)} of {len(scenarios)} scenarios")
        steps.measured("largest difference in DPS", f"{worst:+.3f} %")
        replayed = [s["exact"] for s in scenarios if s["exact"]]
        if replayed:
            exact = sum(r["passed"] for r in replayed)
            steps.measured("fights replayed to the last digits", f"{exact} of {len(replayed)} scenarios, largest difference {max(r['largest'] for r in replayed):.0e}")
        return scenarios


def simulate(steps: Steps) -> None:
    """Play the default rotation many times."""
    from portunus.cli.demo_steps import read_json

    with steps.step("Simulate the default rotation"):
        file = steps.out / "sim.json"
        steps.run("sim", SPEC, "--iterations", "5000", "--seed", "1", "--workers", "1", "--json", str(file))
        result = read_json(file)
        steps.measured("default rotation", f"{result['dps']['mean']:,.0f} DPS ± {(result['dps']['high'] - result['dps']['low']) / 2:.1f}, {result['fights']:,} fights")
        steps.measured("simulation speed", f"{result['fights_per_second']:,.0f} fights/s on one core")


def train(steps: Steps, minutes: float) -> Path:
    """Train a network for a while."""
    with steps.step(f"Train a network for {minutes:g} minutes"):
        model = steps.out / "mage_fire.pt"
        steps.run("train", SPEC, "--minutes", f"{minutes:g}", "--out", str(model), "--json", str(steps.out / "train.json"))
        steps.made.append(("network", model))
        return model


def evaluate(steps: Steps, model: Path, *, fights: int, simulations: int) -> None:
    """Default list, network, and network with search in the same fights."""
    from portunus.cli.demo_steps import read_json

    with steps.step("Measure the network, alone and with search"):
        file = steps.out / "evaluate.json"
        steps.run("evaluate", SPEC, "--model", str(model), "--fights", str(fights), "--simulations", str(simulations), "--json", str(file))
        result = read_json(file)
        for row in result["players"]:
            paired = f"; {row['difference_percent']:+.2f} % ± {row['difference_half_width']:.2f} % against the default list" if "difference_percent" in row else ""
            steps.measured(f"{row['player']}, {result['fights']} fights", f"{row['dps']:,.0f} DPS ± {row['half_width']:.0f}{paired}")


def plan(steps: Steps, model: Path) -> None:
    """Search one decision of a fight, and say why."""
    from portunus.cli.demo_steps import read_json

    with steps.step("Ask what to press, and why"):
        file = steps.out / "plan.json"
        steps.run("plan", SPEC, "--model", str(model), "--at", "30s", "--budget-ms", str(SEARCH_MS), "--explain", "--json", str(file))
        steps.show("plan")
        answer = read_json(file)
        steps.measured("one answer", f"{answer['label']} after {answer['simulations']:,} simulations, {answer['search_ms']:.0f} ms, {answer['depth']} decisions deep")
        steps.measured("search speed", f"{1e3 * answer['simulations'] / answer['search_ms']:,.0f} simulations/s on one core, network included")


def addon(steps: Steps) -> None:
    """Write the addon."""
    with steps.step("Write the game addon"):
        folder = steps.out / "addon"
        steps.run("addon", SPEC, "--out", str(folder))
        steps.made.append(("addon folder", folder))


def live(steps: Steps, model: Path, *, seconds: float) -> bytes:
    """Client and overlay on one screen: pixels in, suggestions out; returns the last picture of the whole screen (PNG)."""
    import json

    from portunus.cli.demo_steps import failure, stop
    from portunus.display import virtual_display
    from portunus.errors import PortunusError

    log, shot = steps.out / "latency.jsonl", steps.out / "overlay.png"
    with steps.step("Show the client and the overlay on a screen"), virtual_display(width=1280, height=920) as display:
        steps.say(f"screen {display}, for {seconds:g} s")
        client, client_log = steps.start("client", SPEC, "--fights", "1000", "--position", CLIENT_AT)
        picture = b""
        try:
            overlay, overlay_log = steps.start(
                "overlay", SPEC, "--model", str(model), "--budget-ms", str(SEARCH_MS), "--latency-log", str(log),
                "--screenshot", str(shot), "--after", f"{seconds:g}", "--place", OVERLAY_AT,
            )  # fmt: skip
            try:
                while overlay.poll() is None:
                    if client.poll() is not None:
                        raise failure("client", client.returncode, client_log)
                    picture = screen_picture()
                    time.sleep(PICTURE_EVERY_SECONDS)
            finally:
                stop(overlay)
            if overlay.returncode:
                raise failure("overlay", overlay.returncode, overlay_log)
        finally:
            stop(client)
        figures = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])["summary"]
        if not figures["suggestions"]:
            raise PortunusError("no suggestion reached the screen", hint=f"What client and overlay said is in {steps.out / 'logs'}", exit_code=1)
        steps.measured("suggestions shown", f"{figures['suggestions']} at a budget of {SEARCH_MS} ms")
        steps.measured("captured pixels to shown action", f"p50 {figures['age_p50_ms']} ms, p99 {figures['age_p99_ms']} ms")
        steps.measured("first changed pixels to shown action", f"p50 {figures['change_p50_ms']} ms, p99 {figures['change_p99_ms']} ms")
        steps.made += [("overlay screenshot", shot), ("times of every suggestion", log)]
        return picture


def screen_picture() -> bytes:
    """The whole screen as a PNG."""
    import mss
    import mss.tools

    with mss.MSS() as screen:
        shot = screen.grab(screen.monitors[0])
        return mss.tools.to_png(shot.rgb, shot.size, level=9) or b""


def report(steps: Steps, scenarios: list[dict[str, Any]], picture: bytes) -> None:
    """One page with everything: the simulation, the comparison, what was measured, and the screen."""
    from portunus.compiler import compile_spec
    from portunus.files import write_atomic
    from portunus.resources import find_spec
    from portunus.sim.report import ComparisonRow, ReportData, write_report
    from portunus.sim.results import simulate as simulate_fights
    from portunus.sim.timeline import timeline_of

    with steps.step("Write the report"):
        screen = write_atomic(steps.out / "screen.png", picture)
        compiled = compile_spec(find_spec(SPEC))
        result = simulate_fights(compiled, iterations=5000, seed=1)
        command = f"portunus sim {SPEC} --iterations 5000 --seed 1 --report report.html"
        rows = tuple(
            ComparisonRow(s["name"], s["dps"]["ours"], s["dps"]["reference"], s["dps"]["percent"], s["failures"][0] if s["failures"] else "", s["passed"])
            for s in scenarios
        )
        pictures = (("The overlay", (steps.out / "overlay.png").read_bytes()), ("The screen: client and overlay", picture))
        data = ReportData(
            result, command, inputs=(("spec", SPEC), ("rotation", "default")), timeline=timeline_of(compiled, seed=1), comparison=rows,
            measured=tuple(steps.rows), pictures=pictures,
        )  # fmt: skip
        path = write_report(steps.out / "report.html", data)
        steps.made += [("report", path), ("picture of the screen", screen)]


def summary(steps: Steps) -> None:
    """The table of what was measured, the paths of what was made, and what to do next."""
    import json

    from rich.table import Table

    from portunus.files import write_atomic

    table = Table(title="Measured in this run", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for what, value in steps.rows:
        table.add_row(what, value)
    steps.console.print()
    steps.console.print(table)
    for what, path in steps.made:
        steps.console.print(f"{what}: {path}", highlight=False, markup=False, soft_wrap=True)
    figures = write_atomic(steps.out / "demo.json", json.dumps({"measured": dict(steps.rows), "made": {w: str(p) for w, p in steps.made}}, indent=1) + "\n")
    steps.console.print(f"all of this for a program: {figures}", highlight=False, markup=False, soft_wrap=True)
    steps.console.print(
        "\nNext: change a number in a copy of the spec and run `portunus sim` on it; read the report; `portunus overlay --help` for playing; "
        "`portunus train --help` for a longer training.",
        highlight=False,
    )
