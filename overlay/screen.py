"""What the window says, as plain data: built from the signal, the planner's status and the last suggestion; drawn by the widgets.

Nothing older than `CURRENT_SECONDS` is shown as current advice, neither a state nor a suggestion.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from portunus_overlay.actions import Face, Faces
from portunus_overlay.situation import Signal, Situation, State

from portunus.planner import service
from portunus.planner.messages import Suggestion, TreeNode

CURRENT_SECONDS = 0.5

GOOD = "good"
WAITING = "waiting"
BAD = "bad"


@dataclass(frozen=True)
class Notice:
    """Words in place of advice.

    Attributes:
        level: `waiting` or `bad`.
        title: Two or three words.
        detail: What it means and what to do, one or two sentences.
    """

    level: str
    title: str
    detail: str


@dataclass(frozen=True)
class Header:
    """The bar at the top.

    Attributes:
        level: `good`, `waiting` or `bad`: the state of the chain from pixels to advice.
        word: The same in a word.
        title: The spec's title.
        target: "Target 74 %", "" if unknown.
        target_share: 0..1, None if unknown.
        enemies: "assumes 1 enemy", "" if unknown.
        clock: "1:23 / 5:00", "" outside a fight.
    """

    level: str
    word: str
    title: str
    target: str = ""
    target_share: float | None = None
    enemies: str = ""
    clock: str = ""


@dataclass(frozen=True)
class Advice:
    """The action to press and what goes with it.

    Attributes:
        face: The next action.
        hint: When to press it, in words.
        now: It can be pressed at this moment.
        queue: What most likely follows.
        tree: Root of the tree to draw.
        losses: Percent by which each action of the root is worse than the chosen one, by name.
        unit: Value of one percent, u, for branches deeper in the tree.
    """

    face: Face
    hint: str
    now: bool
    queue: tuple[Face, ...]
    tree: TreeNode
    losses: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Screen:
    """The whole window.

    Attributes:
        header: The bar at the top.
        notice: Words in place of advice, or None.
        advice: The advice, or None.
        current: The advice is about now; else it is drawn faded and with words.
        timing: The line at the bottom.
        timing_short: The same for a narrow window.
    """

    header: Header
    notice: Notice | None
    advice: Advice | None
    current: bool
    timing: str
    timing_short: str


@dataclass(frozen=True)
class Shown:
    """A suggestion with the instant (seconds, `time.monotonic`) at which its state was captured."""

    suggestion: Suggestion
    captured_at: float


def build_screen(title: str, faces: Faces, signal: Signal, status: service.Status | None, shown: Shown | None, now: float) -> Screen:
    """Decide what the window says.

    Args:
        title: The spec's title.
        faces: Faces of the spec's actions.
        signal: What the feed last saw.
        status: The planner's status, None before it was started.
        shown: The last settled suggestion, None if there is none.
        now: Seconds of `time.monotonic`.
    """
    notice = _notice(signal, status, shown, now)
    age = None if shown is None else max(0.0, now - shown.captured_at)
    current = notice is None and age is not None and age <= CURRENT_SECONDS
    advice = _advice(faces, shown.suggestion, signal, now) if shown is not None else None
    header = _header(title, signal if notice is None or signal.fresh(now) else None, notice, current)
    if notice is None:
        return Screen(header, None, advice, current, *_timing(shown, age, current, status))
    line = _planner_line(status)
    return Screen(header, notice, None, False, line, line)


def _notice(signal: Signal, status: service.Status | None, shown: Shown | None, now: float) -> Notice | None:
    """The most important thing that stands in the way of advice."""
    if signal.state == State.FAILED:
        return Notice(BAD, "Cannot go on", signal.detail)
    if status is not None and status.state == service.REFUSED:
        return Notice(BAD, "Planner refused", f"{status.message} {status.hint}".strip())
    if signal.state == State.PREPARING:
        words = f"Compiling the spec, {_seconds(now - signal.captured_at)} so far. The first time takes minutes, later starts seconds."
        return Notice(WAITING, "Getting ready", words)
    if signal.state == State.UNSUPPORTED:
        return Notice(
            BAD, "Client not supported", signal.detail or "This client keeps combat values from addons, so there is nothing to plan with."
        )
    if signal.state == State.MISMATCH:
        return Notice(
            BAD,
            "Other addon version",
            signal.detail or "The addon was made from another spec or version. Write it again with portunus addon.",
        )
    if signal.state == State.SEARCHING or (signal.state == State.STALE and signal.captured_at <= 0):
        return Notice(
            WAITING, "No signal", signal.detail or "Looking for the addon's coloured strip. Keep it visible and uncovered on this screen."
        )
    if signal.state == State.STALE or not signal.fresh(now):
        return Notice(WAITING, "Signal lost", signal.detail or f"Nothing new from the addon for {now - signal.captured_at:.1f} s.")
    if status is not None and status.state == service.RESTARTING:
        return Notice(WAITING, "Planner restarting", f"{status.message} {status.hint}".strip())
    if signal.state == State.IDLE:
        return Notice(WAITING, "No fight", signal.detail or "Advice begins when the fight does.")
    if shown is None:
        starting = status is None or status.state == service.STARTING
        words = status.message if starting and status is not None else "The first answer is on its way."
        return Notice(WAITING, "Planner starting" if starting else "Thinking", words)
    return None


def _header(title: str, signal: Signal | None, notice: Notice | None, current: bool) -> Header:
    if notice is not None:
        level, word = notice.level, notice.title.lower()
    else:
        level, word = (GOOD, "live") if current else (WAITING, "late")
    situation = signal.situation if signal is not None else None
    if situation is None:
        return Header(level, word, title)
    share = situation.target_health
    return Header(
        level,
        word,
        title,
        target="" if share is None else f"Target {100 * share:.0f} %",
        target_share=share,
        enemies=_enemies(situation),
        clock=_clock(situation),
    )


def _advice(faces: Faces, suggestion: Suggestion, signal: Signal, now: float) -> Advice:
    hint, ready = _when(suggestion.action, signal, now)
    return Advice(
        face=faces.of(suggestion.action, suggestion.label),
        hint=hint,
        now=ready,
        queue=tuple(faces.of(name) for name in suggestion.queue),
        tree=suggestion.tree,
        losses={report.name: report.loss_percent for report in suggestion.actions},
    )


def _when(action: str, signal: Signal, now: float) -> tuple[str, bool]:
    if action == "wait":
        return "on purpose", False
    situation = signal.situation
    wait = 0.0 if situation is None or situation.ready_at is None else situation.ready_at - now
    if wait <= 0.05:
        return "now", True
    likely = f", {100 * situation.likelihood:.0f} % likely" if situation.likelihood < 0.995 else ""
    return f"in {wait:.1f} s{likely}", False


def _enemies(situation: Situation) -> str:
    assumed, seen = situation.enemies, situation.enemies_seen
    if assumed is None:
        return ""
    words = f"assumes {assumed} {'enemy' if assumed == 1 else 'enemies'}"
    return f"{words}, sees {seen}" if seen and seen != assumed else words


def _clock(situation: Situation) -> str:
    if situation.fight_time is None:
        return ""
    total = "" if situation.fight_length is None else f" / {_minutes(situation.fight_length)}"
    return _minutes(situation.fight_time) + total


def _minutes(seconds: float) -> str:
    whole = int(abs(seconds))
    return f"{'-' if seconds <= -1 else ''}{whole // 60}:{whole % 60:02d}"


def _seconds(seconds: float) -> str:
    return f"{max(0.0, seconds):.0f} s"


def _timing(shown: Shown, age: float, current: bool, status: service.Status | None) -> tuple[str, str]:
    """The line of times, long and short."""
    answer = shown.suggestion
    if status is not None and status.without_network:
        network = "network off after failures"
    elif status is not None and status.evaluator != "network":
        network = "no network"
    else:
        network = f"network {answer.network_ms:.0f} ms"
    late = "" if current else ", too old"
    long = f"search {answer.search_ms:.0f} ms, {network}, {answer.simulations:,} simulations, depth {answer.depth}, state age {1000 * age:.0f} ms"
    thousands = f"{answer.simulations / 1000:.0f}k" if answer.simulations >= 10_000 else f"{answer.simulations:,}"
    short = f"search {answer.search_ms:.0f} ms, {network}, {thousands} sims, age {1000 * age:.0f} ms"
    return long + late, short + late


def _planner_line(status: service.Status | None) -> str:
    if status is None:
        return ""
    return {
        service.STARTING: "planner starting",
        service.READY: f"planner ready ({status.evaluator})",
        service.RESTARTING: "planner restarting",
        service.REFUSED: "planner refused",
        service.STOPPED: "planner stopped",
    }[status.state]
