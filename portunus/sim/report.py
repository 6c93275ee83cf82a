"""The report: one HTML file that opens offline, follows the reader's light or dark setting, and says how to make it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from portunus.files import write_atomic
from portunus.sim.charts import AXIS_HEIGHT, CURVE_HEIGHT, LANE_HEIGHT, Timeline, draw_timeline, histogram, lanes, school_class
from portunus.sim.results import SimulationResult
from portunus.sim.statistics import Estimate
from portunus.sim.versus import StatWeights, VariantResult

_TEMPLATE = Path(__file__).with_name("report_template.html")


@dataclass(frozen=True)
class ComparisonRow:
    """One scenario of a reference beside ours; differences in percent of the reference, `passed` by the stated tolerance."""

    scenario: str
    dps: float
    reference_dps: float
    dps_difference_percent: float
    worst_casts: str
    passed: bool


@dataclass(frozen=True)
class ReportData:
    """Everything a report shows.

    Attributes:
        result: What the fights came to.
        command: The command line that makes this report again.
        inputs: `(name, value)` of everything that went in: spec, profile, encounter, rotation, versions.
        timeline: One fight in full, or None.
        versus: Variants that were played in the same fights.
        weights: Stat weights, if they were measured.
        comparison: Rows of a comparison with a reference; empty if there was none.
        measured: `(what, value)` texts of other things measured in the same run (the demo's table).
        pictures: `(caption, PNG bytes)` shown in the page.
        rotation_text: The priority list that was played, as text; "" to leave it out.
    """

    result: SimulationResult
    command: str
    inputs: tuple[tuple[str, str], ...]
    timeline: Timeline | None = None
    versus: tuple[VariantResult, ...] = ()
    weights: StatWeights | None = None
    comparison: tuple[ComparisonRow, ...] = ()
    measured: tuple[tuple[str, str], ...] = ()
    pictures: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    rotation_text: str = ""


def plus_minus(estimate: Estimate, digits: int = 0, *, factor: float = 1.0, unit: str = "", sign: bool = False) -> str:
    """An estimate with half its interval as a reader sees it: `3,619 ± 5`; without the half where it is not known."""
    value = f"{estimate.value * factor:{'+' if sign else ''},.{digits}f}"
    if estimate.standard_error == float("inf"):
        return value + unit
    return f"{value} ± {estimate.half_width * factor:,.{digits}f}{unit}"


def render_report(data: ReportData) -> str:
    """The report as the text of one HTML page that needs nothing else."""
    from base64 import b64encode

    import jinja2

    from portunus import __version__

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(school_class=school_class, pm=plus_minus)
    result = data.result
    actions = [a for a in result.actions if a.casts.value or a.hits.value or a.avoided.value]
    auras = [a for a in result.auras if a.uptime_s.value or a.procs.value]
    up = {a.name: a.uptime_s.scaled(1 / result.time_to_be_up_s(a)) for a in auras}
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        data=data,
        result=result,
        known=result.distribution,
        version=__version__,
        histogram=histogram(result.distribution, result.dps.value),
        actions=sorted(actions, key=lambda a: (-a.damage.value, -a.casts.value, a.label)),
        auras=sorted(auras, key=lambda a: (-up[a.name].value, a.label)),
        up=up,
        resources=[(f"{r.resource} from {r.source.replace('_', ' ')}", r.gain, "+") for r in result.resources if r.gain.value]
        + [(f"spent on {spell.replace('_', ' ')}", amount, "-") for spell, amount in result.spent],
        largest_damage=max((a.damage.value for a in actions), default=0.0),
        timeline=draw_timeline(data.timeline) if data.timeline else None,
        lanes=lanes(data.timeline) if data.timeline else (),
        heights={"axis": AXIS_HEIGHT, "lane": LANE_HEIGHT, "curve": CURVE_HEIGHT},
        pictures=[(caption, b64encode(png).decode("ascii")) for caption, png in data.pictures],
    )


def write_report(path: Path | str, data: ReportData) -> Path:
    """Write the report of `data` to `path`, whole or not at all.

    Raises:
        PortunusError: The file cannot be written; what was there stays.
    """
    return write_atomic(path, render_report(data))
