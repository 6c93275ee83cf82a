"""Small drawings for the report page, as SVG text written by hand: a histogram and the timeline of one fight.

Drawings hold no colours and no fonts: the page's style sheet gives both, so that they follow its light and dark form. Whatever came
from a spec is escaped here, since the page takes these texts as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup, escape

from portunus.sim.statistics import Distribution

_SCHOOLS = frozenset({"physical", "arcane", "fire", "frost", "frostfire", "nature", "shadow", "holy"})
LANE_HEIGHT = 22  # px, of one row of the timeline
CURVE_HEIGHT = 56  # px, of one resource
AXIS_HEIGHT = 20  # px
PIXELS_PER_SECOND = 6.0
LONGEST_SECONDS = 600.0  # of a fight that are drawn, so that the page stays small


def school_class(school: str) -> str:
    """The style class of a damage school; a word the page does not know becomes the neutral one."""
    return f"school-{school}" if school in _SCHOOLS else "school-none"


def histogram(distribution: Distribution, mean: float, *, bins: int = 48) -> Markup:
    """How often each DPS came out: bars from the smallest to the largest, without text.

    Args:
        distribution: Of at least one value.
        mean: Where the dashed line stands.
        bins: Most bars; fewer are drawn for few fights.
    """
    heights, edges = distribution.bars(bins)
    count, tallest = heights.size, max(1, int(heights.max()))
    parts = []
    for index, height in enumerate(heights):
        size = 100.0 * int(height) / tallest
        title = f"{edges[index]:,.0f} to {edges[index + 1]:,.0f}: {int(height)} fights"
        parts.append(f'<rect x="{index + 0.05:.2f}" y="{100 - size:.2f}" width="0.9" height="{size:.2f}"><title>{title}</title></rect>')
    place = (mean - float(edges[0])) / float(edges[-1] - edges[0]) * count
    parts.append(f'<line class="mean" x1="{place:.3f}" x2="{place:.3f}" y1="0" y2="100"><title>mean</title></line>')
    return Markup(  # every part above is a number
        f'<svg class="histogram" role="img" aria-label="Distribution of DPS over {distribution.count} fights" viewBox="0 0 {count} 100" '
        f'preserveAspectRatio="none">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True)
class Span:
    """Something that lasted: a cast, or an aura that was up.

    Attributes:
        lane: Name of its row.
        start_s: Seconds since the pull; negative before it.
        end_s: Seconds since the pull; equal to the start for something instant.
        school: Damage school, "" if it has none.
        note: What a reader sees when pointing at it.
    """

    lane: str
    start_s: float
    end_s: float
    school: str = ""
    note: str = ""


@dataclass(frozen=True)
class Curve:
    """A resource over the fight: `(seconds, amount)` points in order of time; between two points the amount is that of the first."""

    label: str
    points: tuple[tuple[float, float], ...]

    @property
    def most(self) -> float:
        """The upper edge of the drawing: the most there ever was, at least 1."""
        return max([1.0, *(value for _, value in self.points)])


@dataclass(frozen=True)
class Timeline:
    """One fight, as it went.

    Attributes:
        seed: Seed that replays it.
        dps: Damage per second of this fight.
        duration_s: Length in seconds.
        casts: Every action, in order.
        auras: Every stretch an aura was up.
        curves: The resources.
    """

    seed: int
    dps: float
    duration_s: float
    casts: tuple[Span, ...]
    auras: tuple[Span, ...] = ()
    curves: tuple[Curve, ...] = ()

    @property
    def shown_s(self) -> float:
        """Seconds that are drawn; of a very long fight only the beginning is."""
        return min(self.duration_s, LONGEST_SECONDS)


def lanes(timeline: Timeline) -> tuple[str, ...]:
    """The rows of a timeline: actions by first use, then auras by first appearance, as far as it is drawn."""
    shown = [span.lane for spans in (timeline.casts, timeline.auras) for span in spans if span.start_s < timeline.shown_s]
    return tuple(dict.fromkeys(shown))


def draw_timeline(timeline: Timeline) -> Markup:
    """One fight at a fixed scale of 6 px a second, to be scrolled sideways; row labels stand beside it, in `lanes` order, then the curves."""
    rows = {lane: index for index, lane in enumerate(lanes(timeline))}
    first, last = min([0.0] + [s.start_s for s in timeline.casts]), timeline.shown_s
    width = (last - first) * PIXELS_PER_SECOND + 2
    lanes_height = len(rows) * LANE_HEIGHT
    height = AXIS_HEIGHT + lanes_height + CURVE_HEIGHT * len(timeline.curves)

    def x(seconds: float) -> float:
        return (seconds - first) * PIXELS_PER_SECOND

    parts = []
    for second in range(0, int(last) + 1, 10):
        parts.append(f'<line class="grid" x1="{x(second):.1f}" x2="{x(second):.1f}" y1="{AXIS_HEIGHT}" y2="{height}"/>')
        parts.append(f'<text x="{x(second) + 2:.1f}" y="{AXIS_HEIGHT - 6}">{second // 60}:{second % 60:02d}</text>')
    for kind, spans in (("cast", timeline.casts), ("aura", timeline.auras)):
        for span in spans:
            if span.start_s >= last:
                continue
            top = AXIS_HEIGHT + rows[span.lane] * LANE_HEIGHT + (3 if kind == "cast" else 7)
            size = LANE_HEIGHT - (6 if kind == "cast" else 14)
            length = max(3.0, (min(span.end_s, last) - span.start_s) * PIXELS_PER_SECOND - 0.8)
            note = escape(f"{span.lane} {span.start_s:.1f} s{': ' + span.note if span.note else ''}")
            parts.append(
                f'<rect class="{kind} {school_class(span.school)}" x="{x(span.start_s):.1f}" y="{top}" width="{length:.1f}" '
                f'height="{size}" rx="2"><title>{note}</title></rect>'
            )
    for index, curve in enumerate(timeline.curves):
        parts.append(_draw_curve(curve, x, last, AXIS_HEIGHT + lanes_height + index * CURVE_HEIGHT))
    label = escape(f"Timeline of the fight with seed {timeline.seed}")
    return Markup(  # numbers, and notes escaped above
        f'<svg role="img" aria-label="{label}" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}">{"".join(parts)}</svg>'
    )


def _draw_curve(curve: Curve, x: Callable[[float], float], last: float, top: int) -> str:
    """Steps of one resource; the lower edge is 0, the upper one the most there was."""
    size = CURVE_HEIGHT - 12
    steps: list[str] = []
    height = None
    for second, value in curve.points:
        if second > last:
            break
        y = f"{top + 8 + (1 - value / curve.most) * size:.1f}"
        if y != height:
            steps.append(f"{x(second):.1f},{y}" if height is None else f"{x(second):.1f},{height} {x(second):.1f},{y}")
            height = y
    if height is not None:
        steps.append(f"{x(last):.1f},{height}")
    note = escape(f"{curve.label}, at most {curve.most:,.0f}")
    return (f'<line class="floor" x1="0" x2="{x(last):.1f}" y1="{top + 8 + size}" y2="{top + 8 + size}"/>'
            f'<polyline class="curve" points="{" ".join(steps)}"><title>{note}</title></polyline>')
