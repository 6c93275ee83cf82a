"""Where the nodes of a search tree are drawn: from left to right, the chosen line straight along the top.

The first child of a node continues on its parent's row; every further child opens a row below. Actions stand in columns of their
own, outcomes in narrow columns between them. What does not fit is left out: alternatives to the chosen action keep at least half of
the rows, the rest goes to the branches with most simulations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from portunus.planner.messages import CHANCE, TreeNode


@dataclass(frozen=True)
class Metrics:
    """Sizes in pixels.

    Attributes:
        row: Height of a row.
        first: Width of the first column of actions, which shows the losses.
        action: Width of every further column of actions.
        outcome: Width of a column of outcomes.
        root: Width of the space left of the first column, for the root's dot.
    """

    row: float
    first: float
    action: float
    outcome: float
    root: float


def levels_in(width: float, metrics: Metrics) -> int:
    """How many columns of actions fit."""
    beyond = width - metrics.root - metrics.first
    return 0 if beyond < 0 else 1 + int(beyond // (metrics.action + metrics.outcome))


def stretch(metrics: Metrics, width: float) -> Metrics:
    """The same number of columns, all of them wider, so that the whole width is used."""
    levels = levels_in(width, metrics)
    if levels == 0:
        return metrics
    spare = width - metrics.root - metrics.first - (levels - 1) * (metrics.action + metrics.outcome)
    extra = min(float(spare // (2 * levels - 1)), 60.0)
    return replace(metrics, first=metrics.first + extra, action=metrics.action + extra, outcome=metrics.outcome + extra)


@dataclass(frozen=True)
class Placed:
    """A node with its place; `x` is its left edge and `y` its centre, in pixels from the top left corner of the tree's area.

    Attributes:
        node: What is drawn.
        x: Left edge.
        y: Centre, downwards.
        width: Width it may use.
        level: 1 for the actions at the root, growing with each action; an outcome has the level of the action before it.
        chosen: On the chosen line.
        share: Its simulations as a share of its siblings', 0..1.
        parent: Index of the parent in the list, -1 for the root's children.
    """

    node: TreeNode
    x: float
    y: float
    width: float
    level: int
    chosen: bool
    share: float
    parent: int


def lay_out(root: TreeNode, width: float, height: float, metrics: Metrics) -> list[Placed]:
    """Place as much of a tree as fits; parents come before their children.

    Args:
        root: The tree; the root itself is not placed.
        width: Pixels there are.
        height: Pixels there are.
        metrics: Sizes.
    """
    rows = int(height // metrics.row)
    levels = levels_in(width, metrics)
    if rows < 1 or levels < 1 or not root.children:
        return []
    kept = _choose(root, rows, levels)
    placed: list[Placed] = []
    next_row = [0]

    def put(node: TreeNode, parent: int, level: int, chosen: bool, share: float) -> None:
        outcome = node.kind == CHANCE
        column = metrics.first if level == 1 else metrics.action
        x = metrics.root + (metrics.first + metrics.outcome + (level - 2) * (metrics.action + metrics.outcome) if level > 1 else 0.0)
        x += column if outcome else 0.0
        children = [child for child in node.children if id(child) in kept]
        index = len(placed)
        placed.append(
            Placed(
                node=node,
                x=x,
                y=(next_row[0] + 0.5) * metrics.row,
                width=metrics.outcome if outcome else column,
                level=level,
                chosen=chosen,
                share=share,
                parent=parent,
            )
        )
        branch(node, children, index, level, chosen)

    def branch(node: TreeNode, children: list[TreeNode], index: int, level: int, chosen: bool) -> None:
        total = sum(child.visits for child in node.children) or 1
        for order, child in enumerate(children):
            if order:
                next_row[0] += 1
            child_level = level if child.kind == CHANCE else level + 1
            on_line = chosen and child is node.children[0]
            put(child, index, child_level, on_line, child.visits / total)

    branch(root, [child for child in root.children if id(child) in kept], -1, 0, True)
    return placed


def _choose(root: TreeNode, rows: int, levels: int) -> set[int]:
    """The ids of the nodes to draw: `rows` lines at most, no action deeper than `levels`."""
    kept: set[int] = set()
    branches: list[tuple[float, int, TreeNode, int]] = []  # (weight, age, node, level) of lines not drawn yet

    def keep_line(node: TreeNode, level: int) -> None:
        """Keep a node and its first descendants; remember their siblings as further lines."""
        while True:
            kept.add(id(node))
            if not node.children or (node.kind != CHANCE and level == levels):
                return
            below = level if node.children[0].kind == CHANCE else level + 1
            for child in node.children[1:]:
                if child.visits > 0:
                    branches.append((child.visits, -len(branches), child, below))
            node, level = node.children[0], below

    keep_line(root.children[0], 1)
    drawn = 1
    rivals = [child for child in root.children[1:] if child.visits > 0]
    for rival in rivals[: max(0, (rows + 1) // 2 - 1)]:
        keep_line(rival, 1)
        drawn += 1
    branches += [(rival.visits, -len(branches), rival, 1) for rival in rivals[max(0, (rows + 1) // 2 - 1) :]]
    while drawn < rows and branches:
        best = max(branches, key=lambda entry: entry[:2])
        branches.remove(best)
        keep_line(best[2], best[3])
        drawn += 1
    return kept
