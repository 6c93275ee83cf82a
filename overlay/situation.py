"""What the feed saw last, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

FRESH_SECONDS = 0.5


class State(Enum):
    """How far the way from the screen to a game state got."""

    PREPARING = "preparing"  # the spec is being compiled
    SEARCHING = "searching"  # no barcode on the screen
    OK = "ok"
    STALE = "stale"  # the barcode does not change any more
    MISMATCH = "mismatch"  # a barcode of another spec or version
    UNSUPPORTED = "unsupported"  # the client withholds combat values
    IDLE = "idle"  # readable, but there is no fight to advise on
    FAILED = "failed"  # the feed cannot go on


@dataclass(frozen=True)
class Situation:
    """What the header and the countdown show; None where the addon does not say.

    Attributes:
        target_health: Share of the main target's health, 0..1.
        enemies: Enemies the planner assumes.
        enemies_seen: Enemies the addon counted.
        fight_time: Seconds since the pull.
        fight_length: Seconds the planner assumes the fight to take.
        likelihood: Probability of the outcome the advice is about, where chance decides before the next action.
        ready_at: Instant (seconds, `time.monotonic`) at which the next action can be pressed: end of the cast and of the global cooldown.
    """

    target_health: float | None = None
    enemies: int | None = None
    enemies_seen: int | None = None
    fight_time: float | None = None
    fight_length: float | None = None
    ready_at: float | None = None
    likelihood: float = 1.0


@dataclass(frozen=True)
class Signal:
    """One look at the feed.

    Attributes:
        state: How far it got.
        detail: One or two sentences for the user, "" for the usual words of the state.
        sequence: Number of the newest frame, growing, -1 before the first.
        captured_at: When that frame was captured, seconds of `time.monotonic`, 0 before the first; when the preparations began.
        situation: What it said, None before the first.
    """

    state: State
    detail: str = ""
    sequence: int = -1
    captured_at: float = 0.0
    situation: Situation | None = None

    def fresh(self, now: float) -> bool:
        """Whether the newest frame is recent enough to speak of now."""
        return self.state in (State.OK, State.IDLE) and now - self.captured_at <= FRESH_SECONDS
