"""Reading a finished search: the branches worth showing, the line that is most likely, and what tells outcomes apart."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portunus.search.tree import EDGE, NODE

if TYPE_CHECKING:
    import numpy as np

    from portunus.search.engine import Search


@dataclass
class Branch:
    """An action, or an outcome of one, in the part of the tree that is kept.

    Attributes:
        action: Index of the action that leads here; of an outcome, the action it belongs to.
        edge: Index of its edge.
        node: Node of the state after it; -1 for an action with several outcomes, whose states are its children's.
        outcome: False = an action, True = one of several outcomes of the branch above.
        visits: Simulations through it.
        value: Mean value of going this way, u.
        probability: Share of the visits among the actions of the same node; for an outcome, its probability.
        children: Most visited first.
    """

    action: int
    edge: int
    node: int
    outcome: bool
    visits: int
    value: float
    probability: float
    children: list[Branch] = field(default_factory=list)


class TreeView:
    """Plain Python access to the tree of a finished search, valid until the next one.

    Args:
        search: That search.
    """

    def __init__(self, search: Search) -> None:
        self._actions = search.game.actions
        self._nodes = {name: search.arena.nodes[name].item for name in NODE.names or ()}
        self._edges = {name: search.arena.edges[name].item for name in EDGE.names or ()}
        self._states = search.arena.states.item

    def outcomes(self, edge: int) -> list[int]:
        """Nodes of the outcomes of an edge, most visited first."""
        found, node, following, visits = [], self._edges["outcomes"](edge), self._nodes["next"], self._nodes["visits"]
        while node >= 0:
            found.append(node)
            node = following(node)
        return sorted(found, key=lambda n: -visits(n))

    def edges(self, node: int) -> list[int]:
        """Visited edges of a node, most visited first, then best value."""
        first, visits, total = node * self._actions, self._edges["visits"], self._edges["value_sum"]
        visited = [e for e in range(first, first + self._nodes["edges"](node)) if visits(e) > 0]
        return sorted(visited, key=lambda e: (-visits(e), -total(e) / visits(e)))

    def principal_line(self, first: int, length: int) -> list[int]:
        """At most `length` actions that most likely follow action `first`: most likely outcome, most visited action, and so on."""
        line: list[int] = []
        edge = next((e for e in self.edges(0) if self._edges["action"](e) == first), None)
        while edge is not None and len(line) < length:
            outcomes = self.outcomes(edge)
            edges = self.edges(max(outcomes, key=self._nodes["probability"])) if outcomes else []
            edge = edges[0] if edges else None
            if edge is not None:
                line.append(self._edges["action"](edge))
        return line

    def pruned(self, chosen: int, *, size: int = 80, width: int = 4, depth: int = 6, share: float = 0.002) -> list[Branch]:
        """The branches below the root that were visited most, the chosen action first.

        Args:
            chosen: The action taken.
            size: About how many branches in all.
            width: Most branches below one.
            depth: Most actions in a row.
            share: Actions with a smaller share of all simulations are left out below the first.
        """
        edges = self.edges(0)
        edges.sort(key=lambda e: self._edges["action"](e) != chosen)
        roots = self._branches(edges, width)
        least = share * sum(b.visits for b in roots)
        waiting = [(-b.visits, i, b, 1) for i, b in enumerate(roots)]
        heapq.heapify(waiting)
        count = len(roots)
        while waiting and count < size:
            _, _, branch, level = heapq.heappop(waiting)
            if branch.node < 0:
                branch.children = self._outcome_branches(branch, width)
            elif level < depth:
                branch.children = [b for b in self._branches(self.edges(branch.node), width) if b.visits >= least]
                level += 1
            for child in branch.children:
                count += 1
                heapq.heappush(waiting, (-child.visits, count, child, level))
        return roots

    def _branches(self, edges: list[int], width: int) -> list[Branch]:
        total = sum(self._edges["visits"](e) for e in edges)
        found = []
        for e in edges[:width]:
            visits, first = self._edges["visits"](e), self._edges["outcomes"](e)
            single = first if self._nodes["next"](first) < 0 else -1
            found.append(Branch(self._edges["action"](e), e, single, False, visits, self._edges["value_sum"](e) / visits, visits / total))
        return found

    def _outcome_branches(self, branch: Branch, width: int) -> list[Branch]:
        found = []
        for n in self.outcomes(branch.edge)[:width]:
            visits = self._nodes["visits"](n)
            value = self._nodes["reward"](n) + self._nodes["value_sum"](n) / visits
            found.append(Branch(branch.action, branch.edge, n, True, visits, value, self._nodes["probability"](n)))
        return found

    def outcome_words(self, nodes: list[int], auras: list[AuraWords]) -> list[str]:
        """What tells the outcomes of one action apart, one text per node: the auras whose state differs between them."""
        texts: list[list[str]] = [[] for _ in nodes]
        for aura in auras:
            up = [sum(self._states(n, w) for w in aura.up) for n in nodes]
            stacks = [sum(self._states(n, w) for w in aura.stacks) if u else 0 for n, u in zip(nodes, up, strict=True)]
            if len(set(up)) == 1 and len(set(stacks)) == 1:
                continue
            several = len({s for s, u in zip(stacks, up, strict=True) if u}) > 1
            for text, u, s in zip(texts, up, stacks, strict=True):
                text.append(f"no {aura.label}" if not u else f"{aura.label} x{s}" if several else aura.label)
        return [", ".join(text) if text else f"outcome {i + 1}" for i, text in enumerate(texts)]


@dataclass(frozen=True)
class AuraWords:
    """Where a state says whether an aura is up.

    Attributes:
        label: What a player reads.
        up: Words that hold 1 while it is up, one per enemy for an enemy aura.
        stacks: Words that hold its stacks, none for an aura without.
    """

    label: str
    up: tuple[int, ...]
    stacks: tuple[int, ...]


def aura_words(state_dtype: np.dtype, labels: dict[str, str]) -> list[AuraWords]:
    """The auras of a layout, by its naming rule (`<aura>_on`, `<aura>_stacks`); `labels`: what a player reads for an aura's name."""
    assert state_dtype.fields is not None
    places = {}
    for name, (kind, offset, *_) in state_dtype.fields.items():
        places[name] = tuple(offset // 8 + i for i in range(kind.itemsize // 8))
    return [
        AuraWords(labels[name], places[f"{name}_on"], places.get(f"{name}_stacks", ())) for name in labels if f"{name}_on" in places
    ]
