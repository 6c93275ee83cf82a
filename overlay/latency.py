"""From changed pixels to the action on the screen: every suggestion's times, as JSON lines, and their percentiles.

Two spans are measured, both ending when the frame with the suggestion has been handed to the screen:
`age_ms` begins when the pixels of the state that was searched were captured. `change_ms` begins when the first changed pixels were
captured that the suggestion shown before did not know of; it contains the wait for the search before.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from portunus.files import write_atomic
from portunus.planner.messages import Suggestion

_BINS = 10_000  # one per millisecond; the last holds everything longer


class Percentiles:
    """Percentiles of a stream of milliseconds in fixed memory, exact to one millisecond (rounded up)."""

    def __init__(self) -> None:
        self._counts = [0] * (_BINS + 1)
        self.count = 0

    def add(self, milliseconds: float) -> None:
        """Count one span."""
        self._counts[min(_BINS, max(0, int(milliseconds) + 1))] += 1
        self.count += 1

    def at(self, percent: float) -> int | None:
        """The smallest whole number of milliseconds that `percent` of the spans do not exceed; None without spans."""
        if not self.count:
            return None
        wanted, seen = max(1.0, percent / 100.0 * self.count), 0
        for milliseconds, count in enumerate(self._counts):
            seen += count
            if seen >= wanted:
                return milliseconds
        return _BINS


class LatencyLog:
    """Counts spans and, with a file, writes one JSON line per suggestion and a summary line at the end.

    Args:
        path: The file, written anew; None keeps the counts only.

    Raises:
        PortunusError: The file cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.age = Percentiles()
        self.change = Percentiles()
        self.replaced = 0
        self._path = path
        if path is not None:
            write_atomic(path, "")

    def drawn(self, suggestion: Suggestion, *, captured_at: float, changed_at: float, drawn_at: float, replaced: bool) -> None:
        """A frame with a new suggestion is on the screen.

        Args:
            suggestion: What is shown.
            captured_at: When its pixels were captured, seconds of `time.monotonic`, as the other instants.
            changed_at: When the first pixels were captured that the suggestion before did not know of.
            drawn_at: When the frame was handed to the screen.
            replaced: It replaced another action within one decision.
        """
        self.replaced += replaced
        age, change = 1000.0 * (drawn_at - captured_at), 1000.0 * (drawn_at - min(changed_at, captured_at))
        self.age.add(age)
        self.change.add(change)
        self._write(
            {
                "sequence": suggestion.sequence,
                "action": suggestion.action,
                "replaced": replaced,
                "age_ms": round(age, 2),
                "change_ms": round(change, 2),
                "answer_ms": round(suggestion.state_age_ms, 2),
                "search_ms": round(suggestion.search_ms, 2),
                "network_ms": round(suggestion.network_ms, 2),
                "simulations": suggestion.simulations,
            }
        )

    def summary(self) -> dict[str, Any]:
        """Counts and percentiles so far."""
        return {
            "suggestions": self.age.count,
            "age_p50_ms": self.age.at(50),
            "age_p99_ms": self.age.at(99),
            "change_p50_ms": self.change.at(50),
            "change_p99_ms": self.change.at(99),
            "replaced_percent": round(100 * self.replaced / self.age.count, 2) if self.age.count else None,
        }

    def close(self) -> None:
        """Write the summary line."""
        self._write({"summary": self.summary()})

    def _write(self, line: dict[str, Any]) -> None:
        if self._path is not None:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
