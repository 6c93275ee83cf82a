"""Advice that does not flicker: an action is replaced only by one that is better by more than the search's noise.

Two searches of nearly the same state may order two nearly equal actions differently. A player then sees the icon jump for a gain that
is not there. So the action shown before stays while it is still possible and worth at most `MARGIN` less than the new best one.
The margin is a share of u, the damage of one global cooldown: 0.01 is a hundredth of one cast, far below the spread between two
searches of one state, and 220 decisions each lost by that much would cost 1 % of a fight's damage, an upper bound never met in play.
"""

from __future__ import annotations

from dataclasses import replace

from portunus.planner.messages import Suggestion, TreeNode

MARGIN = 0.01  # u


class Steadier:
    """Remembers the action shown and decides whether the next suggestion replaces it.

    Args:
        margin: How much better a new action has to be, u.
    """

    def __init__(self, margin: float = MARGIN) -> None:
        self._margin = margin
        self._shown = ""
        self.kept = 0  # suggestions whose best action was not shown because of the margin

    def settle(self, suggestion: Suggestion) -> Suggestion:
        """The suggestion to show: the given one, or the same with the earlier action moved to the front."""
        values = {report.name: report.value for report in suggestion.actions if report.visits > 0}
        earlier, best = self._shown, suggestion.action
        if earlier != best and earlier in values and best in values and values[best] - values[earlier] <= self._margin:
            branch = next((node for node in suggestion.tree.children if node.name == earlier), None)
            if branch is not None:
                self.kept += 1
                return _in_front(suggestion, branch)
        self._shown = best
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
        if node.kind == "decision":
            names.append(node.name)
    return tuple(names)
