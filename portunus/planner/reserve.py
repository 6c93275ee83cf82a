"""The part of a time budget that is kept back, so that the answer comes in time."""

from __future__ import annotations

SLOWER, FASTER = 0.5, 0.03  # how much of what an answer took more, or less, than expected counts at once
MOST = 0.2  # of a budget is kept back for what earlier answers took, and
LEAST_SEARCHED = 0.5  # of it is searched in any case


class Reserve:
    """How long after the planned end of a search its answer comes: what the search overran, what trees wait for one another, the report.

    Seldom should an answer be late, so one that took long counts at once and is forgotten slowly.

    Args:
        first_ms: Kept back until an answer has been timed, ms.

    Attributes:
        ms: Kept back now.
    """

    def __init__(self, first_ms: float) -> None:
        self.ms = first_ms
        self._loaded = False

    def search_ms(self, budget_ms: float) -> float:
        """When the search should end, ms after the question."""
        return max(budget_ms - self.ms, LEAST_SEARCHED * budget_ms)

    def learn(self, budget_ms: float, *, ended_ms: float, answered_ms: float) -> None:
        """Take in how long an answer took. The first one is left out: it also loads, or compiles.

        Args:
            budget_ms: Of the answer.
            ended_ms: When the search ended, which may be before its time, ms after the question.
            answered_ms: When the answer was there, ms after the question.
        """
        if self._loaded:
            after = answered_ms - min(ended_ms, self.search_ms(budget_ms))
            self.ms += (SLOWER if after > self.ms else FASTER) * (after - self.ms)
            self.ms = min(self.ms, MOST * budget_ms)
        self._loaded = True
