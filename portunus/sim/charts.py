"""Small drawings for the report page, as SVG text written by hand: a histogram and the timeline of one fight.

Drawings hold no colours and no fonts: the page's style sheet gives both, so that they follow its light and dark form. Whatever came
from a spec is escaped here, since the page takes these texts as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

_SCHOOLS = frozenset({"physical", "arcane", "fire", "frost", "frostfire", "nature", "shadow", "holy"})
LANE_HEIGHT = 22  # px, of one row of the timeline
MANA_HEIGHT = 64  # px
AXIS_HEIGHT = 20  # px
PIXELS_PER_SECOND = 6.0


def school_class(school: str) -> str:
    """The style class of a damage school; a word the page does not know becomes the neutral one."""
    return f"school-{school}" if school in _SCHOOLS else "school-none"


def histogram(samples: np.ndarray, *, bins: int = 48) -> Markup:
    """How often each DPS came out: bars from the smallest to the largest sample, without text.

    Args:
        samples: `[N]` float, N >= 1.
        bins: Number of bars; fewer are drawn for small N.
    """
    count = max(1, min(bins, int(np.sqrt(samples.size)) + 1))
    low, high = float(samples.min()), float(samples.max())
    heights, edges = np.histogram(samples, bins=count, range=(low, high if high > low else low + 1.0))
    tallest = max(1, int(heights.max()))
    parts = []
    for index, height in enumerate(heights):
        size = 100.0 * int(height) / tallest
        title = f"{edges[index]:,.0f} to {edges[index + 1]:,.0f}: {int(height)} fights"
        parts.append(f'<rect x="{index + 0.05:.2f}" y="{100 - size:.2f}" width="0.9" height="{size:.2f}"><title>{title}</title></rect>')
    mean = (float(samples.mean()) - float(edges[0])) / float(edges[-1] - edges[0]) * count
    parts.append(f'<line class="mean" x1="{mean:.3f}" x2="{mean:.3f}" y1="0" y2="100"><title>mean</title></line>')
    return Markup(  # every part above is a number
        f'<svg class="histogram" role="img" aria-label="Distribution of DPS over {samples.size} fights" viewBox="0 0 {count} 100" '
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
class Timeline:
    """One fight, as it went.

    Attributes:
        seed: Seed that replays it.
        dps: Damage per second of this fight.
        duration_s: Length in seconds.
        casts: Every action, in order.
        auras: Every stretch an aura was up.
        mana: `(seconds, mana)` points, in order; empty if the spec has no mana.
        mana_label: What the last curve shows.
    """

    seed: int
    dps: float
    duration_s: float
    casts: tuple[Span, ...]
    auras: tuple[Span, ...] = ()
    mana: tuple[tuple[float, float], ...] = ()
    mana_label: str = "Mana"


def lanes(timeline: Timeline) -> tuple[str, ...]:
    """The rows of a timeline: actions by first use, then auras by first appearance."""
    return tuple(dict.fromkeys([s.lane for s in timeline.casts] + [s.lane for s in timeline.auras]))


def draw_timeline(timeline: Timeline) -> Markup:
    """One fight at a fixed scale of 6 px a second, to be scrolled sideways; row labels stand beside it, in `lanes` order."""
    rows = {lane: index for index, lane in enumerate(lanes(timeline))}
    first = min([0.0] + [s.start_s for s in timeline.casts])
    width = (timeline.duration_s - first) * PIXELS_PER_SECOND + 2
    lanes_height = len(rows) * LANE_HEIGHT
    height = AXIS_HEIGHT + lanes_height + (MANA_HEIGHT if timeline.mana else 0)

    def x(seconds: float) -> float:
        return (seconds - first) * PIXELS_PER_SECOND

    parts = []
    for second in range(0, int(timeline.duration_s) + 1, 10):
        parts.append(f'<line class="grid" x1="{x(second):.1f}" x2="{x(second):.1f}" y1="{AXIS_HEIGHT}" y2="{height}"/>')
        parts.append(f'<text x="{x(second) + 2:.1f}" y="{AXIS_HEIGHT - 6}">{second // 60}:{second % 60:02d}</text>')
    for kind, spans in (("cast", timeline.casts), ("aura", timeline.auras)):
        for span in spans:
            top = AXIS_HEIGHT + rows[span.lane] * LANE_HEIGHT + (3 if kind == "cast" else 7)
            size = LANE_HEIGHT - (6 if kind == "cast" else 14)
            length = max(3.0, (min(span.end_s, timeline.duration_s) - span.start_s) * PIXELS_PER_SECOND - 0.8)
            note = escape(f"{span.lane} {span.start_s:.1f} s{': ' + span.note if span.note else ''}")
            parts.append(
                f'<rect class="{kind} {school_class(span.school)}" x="{x(span.start_s):.1f}" y="{top}" width="{length:.1f}" '
                f'height="{size}" rx="2"><title>{note}</title></rect>'
            )
    if timeline.mana:
        top, largest = AXIS_HEIGHT + lanes_height + 4, max(1.0, max(value for _, value in timeline.mana))
        points = " ".join(f"{x(t):.1f},{top + (1 - value / largest) * (MANA_HEIGHT - 8):.1f}" for t, value in timeline.mana)
        parts.append(f'<polyline class="mana" points="{points}"/>')
    label = escape(f"Timeline of the fight with seed {timeline.seed}")
    return Markup(  # numbers, and notes escaped above
        f'<svg role="img" aria-label="{label}" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}">{"".join(parts)}</svg>'
    )
