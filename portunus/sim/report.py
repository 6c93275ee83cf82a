"""The report: one HTML file that opens offline, follows the reader's light or dark setting, and says how to make it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.files import write_atomic
from portunus.sim import statistics
from portunus.sim.charts import AXIS_HEIGHT, LANE_HEIGHT, MANA_HEIGHT, Timeline, draw_timeline, histogram, lanes, school_class

if TYPE_CHECKING:
    from portunus.sim.results import SimulationResult

_TEMPLATE = Path(__file__).with_name("report_template.html")


@dataclass(frozen=True)
class ActionRow:
    """What one action did, as means per fight.

    Attributes:
        label: What a player reads, "Living Bomb".
        school: Damage school, "" if it has none.
        casts: Uses per fight.
        hits: Landed impacts and ticks per fight, crits included.
        crits: Critical ones among them.
        misses: Missed ones.
        damage: Damage per fight.
    """

    label: str
    school: str
    casts: float
    hits: float
    crits: float
    misses: float
    damage: float


@dataclass(frozen=True)
class AuraRow:
    """How long an aura was up: `uptime` is the mean share of the fight, 0 to 1; `gains` its applications per fight."""

    label: str
    uptime: float
    gains: float | None = None


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
        title: "Fire Mage".
        dps: `[N]` float, DPS of each fight; fight i was made with seed `seed + i`.
        duration_s: Mean length of a fight in seconds.
        seed: Seed of the first fight.
        actions: One row per action and per effect that did damage.
        command: The command line that makes this report again.
        inputs: `(name, value)` of everything that went in: spec, profile, encounter, rotation, versions.
        auras: One row per aura.
        resources: `(name, value)` texts, for example mana spent per fight.
        timeline: One fight in full, or None.
        comparison: Rows of a comparison with a reference; empty if there was none.
        measured: `(what, value)` texts of other things measured in the same run (the demo's table).
        pictures: `(caption, PNG bytes)` shown in the page.
        rotation_text: The priority list that was played, as text; "" to leave it out.
    """

    title: str
    dps: np.ndarray
    duration_s: float
    seed: int
    actions: tuple[ActionRow, ...]
    command: str
    inputs: tuple[tuple[str, str], ...]
    auras: tuple[AuraRow, ...] = ()
    resources: tuple[tuple[str, str], ...] = ()
    timeline: Timeline | None = None
    comparison: tuple[ComparisonRow, ...] = ()
    measured: tuple[tuple[str, str], ...] = ()
    pictures: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    rotation_text: str = ""


def report_of(
    result: SimulationResult,
    *,
    command: str,
    inputs: tuple[tuple[str, str], ...],
    timeline: Timeline | None = None,
    rotation_text: str = "",
) -> ReportData:
    """The report of one simulation run; rows that neither acted nor did anything are left out."""
    actions = tuple(
        ActionRow(a.label, a.school, a.casts.value, a.hits, a.crits, a.misses, a.damage.value)
        for a in result.actions
        if a.casts.value or a.hits or a.misses
    )
    auras = tuple(
        AuraRow(a.label, a.uptime_s / (result.duration_s * (result.enemies if a.on_target else 1)), a.procs)
        for a in result.auras
        if a.uptime_s or a.procs
    )
    resources = tuple((f"{r.resource} from {r.source.replace('_', ' ')}", f"{r.gain:,.1f} a fight") for r in result.resources if r.gain)
    return ReportData(
        title=result.title, dps=result.samples, duration_s=result.duration_s, seed=result.seed, actions=actions, command=command,
        inputs=inputs, auras=auras, resources=resources, timeline=timeline, rotation_text=rotation_text,
    )  # fmt: skip


def _summary(data: ReportData) -> dict[str, Any]:
    """What the head of the page says of the fights: mean with its 95 % interval, spread, and the seeds of the extremes."""
    moments = statistics.Moments()
    moments.add_array(data.dps)
    shares = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
    return {
        "fights": moments.count, "mean": moments.estimate(), "deviation": moments.deviation,
        "quantiles": list(zip(shares, statistics.quantiles(data.dps, shares), strict=True)),
        "worst_seed": data.seed + int(data.dps.argmin()), "best_seed": data.seed + int(data.dps.argmax()),
    }  # fmt: skip


def render_report(data: ReportData) -> str:
    """The report as the text of one HTML page that needs nothing else."""
    from base64 import b64encode

    import jinja2

    from portunus import __version__

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(school_class=school_class)
    total = sum(row.damage for row in data.actions)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        data=data,
        version=__version__,
        summary=_summary(data),
        histogram=histogram(data.dps),
        actions=sorted(data.actions, key=lambda row: (-row.damage, -row.casts, row.label)),
        auras=sorted(data.auras, key=lambda row: (-row.uptime, row.label)),
        total_damage=total,
        largest_damage=max((row.damage for row in data.actions), default=0.0),
        timeline=draw_timeline(data.timeline) if data.timeline else None,
        lanes=lanes(data.timeline) if data.timeline else (),
        heights={"axis": AXIS_HEIGHT, "lane": LANE_HEIGHT, "mana": MANA_HEIGHT},
        pictures=[(caption, b64encode(png).decode("ascii")) for caption, png in data.pictures],
    )


def write_report(path: Path | str, data: ReportData) -> Path:
    """Write the report of `data` to `path`, whole or not at all.

    Raises:
        PortunusError: The file cannot be written; what was there stays.
    """
    return write_atomic(path, render_report(data))
