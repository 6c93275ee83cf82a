"""Advice that does not flicker: an action is replaced when another was better by more than the search's noise.

Two searches of nearly the same state may order two nearly equal actions differently. A player then sees the icon jump for a gain that
is not there. So evidence is summed up as in a cumulative sum test (Page, "Continuous inspection schemes", Biometrika 1954): each search
adds what it says a rival is worth more than the action shown, never falling below zero, and the rival takes over when its sum passes
`MARGIN`. Noise cancels, a large gain (a proc) passes at once, a small lasting one passes after a few searches. Whoever has acted
meanwhile faces a new decision, and evidence about the old one is dropped.
"""

from __future__ import annotations

from dataclasses import replace

from portunus.planner.messages import DECISION, Suggestion, TreeNode

MARGIN = 0.15  # u, about the spread of the gap between two actions over repeated searches of 200 ms
NEW_DECISION_SECONDS = 0.3  # the player acted when the instant of the next action moved on by more


class Steadier:
    """Remembers the action shown and decides whether the next suggestion replaces it.

    Args:
        margin: How much evidence replaces it, u; 0 always shows the newest best action.
    """

    def __init__(self, margin: float = MARGIN) -> None:
        self._margin = margin
        self._shown = ""
        self._ready_at: float | None = None
        self._evidence: dict[str, float] = {}
        self.shown = 0  # suggestions settled
        self.changed = 0  # of which replaced the action within one decision

    def settle(self, suggestion: Suggestion, *, ready_at: float | None = None) -> Suggestion:
        """The suggestion to show: the given one, or the same with the earlier action moved to the front.

        Args:
            suggestion: The newest answer.
            ready_at: Instant of the next action, seconds; None if unknown.
        """
        self.shown += 1
        if ready_at is not None and self._ready_at is not None and ready_at - self._ready_at > NEW_DECISION_SECONDS:
            self._shown = ""
        self._ready_at = ready_at
        values = {report.name: report.value for report in suggestion.actions if report.visits > 0}
        branch = next((node for node in suggestion.tree.children if node.name == self._shown), None)
        if self._shown in values and branch is not None:
            own, best = values[self._shown], suggestion.action
            self._evidence = {name: max(0.0, self._evidence.get(name, 0.0) + value - own) for name, value in values.items()}
            if best == self._shown:
                return suggestion
            if self._evidence.get(best, 0.0) <= self._margin:
                return _in_front(suggestion, branch)
            self.changed += 1
        self._shown, self._evidence = suggestion.action, {}
        return suggestion


def _in_front(suggestion: Suggestion, branch: TreeNode) -> Suggestion:
    others = tuple(node for node in suggestion.tree.children if node is not branch)
    first = tuple(report for report in suggestion.actions if report.name == branch.name)
    return replace(
        suggestion,
        action=branch.name,
        label=branch.label,
        queue=line_of(branch)[: len(suggestion.queue) or 4],
        actions=first + tuple(report for report in suggestion.actions if report.name != branch.name),
        tree=replace(suggestion.tree, children=(branch, *others)),
    )


def line_of(branch: TreeNode) -> tuple[str, ...]:
    """The actions that follow on the first line below a branch, outcomes left out."""
    names: list[str] = []
    node = branch
    while node.children:
        node = node.children[0]
        if node.kind == DECISION:
            names.append(node.name)
    return tuple(names)
