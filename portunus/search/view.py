"""Reading a finished search: the branches worth showing, the line that is most likely, and what tells outcomes apart."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from portunus.search.tree import EDGE, NODE, OUTCOME

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
        reward: Of an outcome: damage beyond the reference pace on the way to its state, u.
        rest: An outcome that stands for all that have no place of their own in the tree.
        children: Most visited first.
    """

    action: int
    edge: int
    node: int
    outcome: bool
    visits: int
    value: float
    probability: float
    reward: float = 0.0
    rest: bool = False
    children: list[Branch] = field(default_factory=list)


class TreeView:
    """Plain Python access to the tree of a finished search, valid until the next one.

    Args:
        search: That search.
    """

    def __init__(self, search: Search) -> None:
        self._nodes = {name: search.arena.nodes[name].item for name in NODE.names or () if name != "spare"}
        self._edges = {name: search.arena.edges[name].item for name in EDGE.names or ()}
        self._outcomes = {name: search.arena.outcomes[name].item for name in OUTCOME.names or ()}
        self._rows = search.arena.states
        self._slots = search.settings.outcome_slots
        self._known: dict[int, Words] = {}

    def outcomes(self, edge: int) -> list[int]:
        """Outcomes of an edge (indices into the arena's `outcomes`), most visited first."""
        found, outcome, following, visits = [], self._edges["outcomes"](edge), self._outcomes["next"], self._outcomes["visits"]
        while outcome >= 0:
            found.append(outcome)
            outcome = following(outcome)
        return sorted(found, key=lambda o: -visits(o))

    def node_after(self, outcome: int) -> int:
        """The state an outcome leads to."""
        return self._outcomes["node"](outcome)

    def probability(self, outcome: int) -> float:
        """Probability of an outcome of its action."""
        return self._outcomes["probability"](outcome)

    def edges(self, node: int) -> list[int]:
        """Visited edges of a node, most visited first, then best value."""
        first, visits, value = self._nodes["first"](node), self._edges["visits"], self._edges["value"]
        visited = [e for e in range(first, first + self._nodes["edges"](node)) if visits(e) > 0]
        return sorted(visited, key=lambda e: (-visits(e), -value(e)))

    def principal_line(self, first: int, length: int) -> list[int]:
        """At most `length` actions that most likely follow action `first`: most likely outcome, most visited action, and so on."""
        line: list[int] = []
        edge = next((e for e in self.edges(0) if self._edges["action"](e) == first), None)
        while edge is not None and len(line) < length:
            outcomes = self.outcomes(edge)
            edges = self.edges(self.node_after(max(outcomes, key=self.probability))) if outcomes else []
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
        roots = self._branches(edges, width, sum(self._edges["visits"](e) for e in edges))
        least = share * sum(b.visits for b in roots)
        waiting = [(-b.visits, i, b, 1) for i, b in enumerate(roots)]
        heapq.heapify(waiting)
        count = len(roots)
        while waiting and count < size:
            _, _, branch, level = heapq.heappop(waiting)
            if branch.node < 0:
                branch.children = self._outcome_branches(branch, width)
            elif level < depth:
                branch.children = [b for b in self._branches(self.edges(branch.node), width, branch.visits) if b.visits >= least]
                level += 1
            for child in branch.children:
                count += 1
                heapq.heappush(waiting, (-child.visits, count, child, level))
        return roots

    def _branches(self, edges: list[int], width: int, through: int) -> list[Branch]:
        """Branches below a state that was reached `through` times this way; if other ways lead there too, visits are this way's share of them."""
        total = sum(self._edges["visits"](e) for e in edges)
        share = min(1.0, through / max(total, 1))
        found = []
        for e in edges[:width]:
            visits, first = self._edges["visits"](e), self._edges["outcomes"](e)
            single = self.node_after(first) if self._outcomes["next"](first) < 0 else -1
            found.append(Branch(self._edges["action"](e), e, single, False, int(visits * share), self._edges["value"](e), visits / total))
        return found

    def _outcome_branches(self, branch: Branch, width: int) -> list[Branch]:
        found = []
        share = min(1.0, branch.visits / self._edges["visits"](branch.edge))
        for o in self.outcomes(branch.edge)[:width]:
            node, visits = self.node_after(o), self._outcomes["visits"](o)
            reward = self._outcomes["reward"](o)
            value = reward + self._nodes["value"](node)
            rest = self._outcomes["next"](o) < 0 and self._edges["stored"](branch.edge) > self._slots
            found.append(Branch(branch.action, branch.edge, node, True, int(visits * share), value, self.probability(o), reward, rest))
        return found

    def outcome_branches(self, action: int, width: int) -> list[Branch]:
        """The most probable outcomes of an action of the root, at most `width`; none where it has only one."""
        edge = next((e for e in self.edges(0) if self._edges["action"](e) == action), None)
        if edge is None or len(self.outcomes(edge)) < 2:
            return []
        found = self._outcome_branches(Branch(action, edge, -1, False, 0, 0.0, 0.0), len(self.outcomes(edge)))
        return sorted(found, key=lambda branch: -branch.probability)[:width]

    def after(self, action: int) -> list[tuple[int, float]]:
        """The states an action of the root leads to, as nodes with their probabilities; none if it was never tried."""
        edge = next((e for e in self.edges(0) if self._edges["action"](e) == action), None)
        return [] if edge is None else [(self.node_after(o), self.probability(o)) for o in self.outcomes(edge)]

    def _read(self, node: int, words: StateWords) -> Words:
        if node not in self._known:
            self._known[node] = words.read(self._rows[node])
        return self._known[node]

    def outcome_words(self, branches: list[Branch], words: StateWords) -> list[str]:
        """What tells the outcomes of one action apart, one text per branch: what changed differently, auras first.

        Only as much is said as it takes to tell them apart: after auras that are up or not, auras that began anew, their values,
        resources, cooldowns, the time of the next decision, and last the damage done on the way.
        """
        if any(branch.rest for branch in branches):
            named = iter(self.outcome_words([branch for branch in branches if not branch.rest], words))
            return ["anything else" if branch.rest else next(named) for branch in branches]
        texts = [""] * len(branches)
        for describe in (words.auras_up, words.auras_renewed, words.values, words.cooldowns, words.time):
            if len(set(texts)) == len(texts) and all(texts):
                return texts
            for group in _alike(texts):
                for i, word in zip(group, describe([self._read(branches[i].node, words) for i in group]), strict=True):
                    texts[i] = ", ".join(filter(None, (texts[i], word)))
        for group in _alike(texts):
            for i, word in zip(group, _compared("damage", [branches[i].reward for i in group]), strict=True):
                texts[i] = ", ".join(filter(None, (texts[i], word)))
        return [text or "nothing of note" for text in texts]


def _alike(texts: list[str]) -> list[list[int]]:
    """Places of equal texts, several of each."""
    groups: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        groups.setdefault(text, []).append(i)
    return [group for group in groups.values() if len(group) > 1]


def _compared(name: str, values: list[float], *, tolerance: float = 1e-6) -> list[str]:
    """`more X` and `less X` of values that differ; the value itself where it lies between; nothing where all are the same."""
    low, high = min(values), max(values)
    if high - low <= tolerance * max(1.0, abs(low), abs(high)):
        return [""] * len(values)
    return [f"more {name}" if v == high else f"less {name}" if v == low else f"{name} {v:,.4g}" for v in values]


class Words(NamedTuple):
    """The words of one state as whole numbers; `row`, int64 [W], for those that are not."""

    whole: list[int]
    row: np.ndarray


class StateWords:
    """Where a state says what a player can read, by the naming rule of layouts.

    The rule: `<aura>_on`, `<aura>_stacks`, `<aura>_end`, `<aura>_<value>`, `cd_<spell>`, and a resource by its own name.

    Args:
        state_dtype: Of the states.
        auras: What a player reads for the name of an aura.
        spells: The same for spells.
        values: Names of values that auras carry, as (aura, value).
        resources: Names of the resources.
    """

    def __init__(
        self, state_dtype: np.dtype, *, auras: dict[str, str], spells: dict[str, str],
        values: list[tuple[str, str]] | None = None, resources: list[str] | None = None,
    ) -> None:  # fmt: skip
        self._places: dict[str, slice] = {}
        self._real: set[str] = set()
        for name, (kind, offset) in ((known, place[:2]) for known, place in (state_dtype.fields or {}).items()):
            self._places[name] = slice(offset // 8, (offset + kind.itemsize) // 8)
            if kind.base.kind == "f":
                self._real.add(name)
        there = self._places
        self._auras = [(there[f"{name}_on"], there.get(f"{name}_stacks"), label) for name, label in auras.items() if f"{name}_on" in there]
        self._ends = [(there[f"{name}_end"], label) for name, label in auras.items() if f"{name}_on" in there and f"{name}_end" in there]
        self._values = [(f"{a}_{v}", f"{auras[a]} {v.replace('_', ' ')}") for a, v in values or () if f"{a}_{v}" in there]
        self._values += [(name, name.replace("_", " ")) for name in resources or () if name in there]
        self._cooldowns = [(there[f"cd_{name}"], label) for name, label in spells.items() if f"cd_{name}" in there]

    def read(self, state: np.ndarray) -> Words:
        """The words of a state, int64 [W], as plain numbers, which Python compares much faster."""
        return Words(state.tolist(), state)

    def auras_up(self, states: list[Words]) -> list[str]:
        """Auras that are up in some of the states and not in others, or with other stacks."""
        texts: list[list[str]] = [[] for _ in states]
        for on, stacked, label in self._auras:
            up = [sum(s.whole[on]) for s in states]
            stacks = [sum(s.whole[stacked]) if u else 0 for s, u in zip(states, up, strict=True)] if stacked else up
            if len(set(up)) == 1 and len(set(stacks)) == 1:
                continue
            several = len({n for n, u in zip(stacks, up, strict=True) if u}) > 1
            for text, u, n in zip(texts, up, stacks, strict=True):
                text.append(f"no {label}" if not u else f"{label} x{n}" if several else label)
        return [", ".join(text) for text in texts]

    def auras_renewed(self, states: list[Words]) -> list[str]:
        """Auras that last longer in some of the states than in others."""
        texts: list[list[str]] = [[] for _ in states]
        for end_of, label in self._ends:
            ends = [max(s.whole[end_of]) for s in states]
            if max(ends) - min(ends) > _SHORT and min(ends) > 0:
                for text, end in zip(texts, ends, strict=True):
                    text.append(f"{label} renewed" if end == max(ends) else f"{label} not renewed")
        return [", ".join(text) for text in texts]

    def values(self, states: list[Words]) -> list[str]:
        """The first value of an aura, or resource, that differs."""
        for place, name in self._values:
            words = self._places[place]
            numbers = [sum(s.row[words].view("f8").tolist()) if place in self._real else float(sum(s.whole[words])) for s in states]
            texts = _compared(name, numbers)
            if any(texts):
                return texts
        return [""] * len(states)

    def cooldowns(self, states: list[Words]) -> list[str]:
        """Spells that are ready sooner in some of the states."""
        texts: list[list[str]] = [[] for _ in states]
        for ready_at, label in self._cooldowns:
            ready = [max(s.whole[ready_at][0], self._now(s)) for s in states]
            if max(ready) - min(ready) > _SHORT:
                for text, at in zip(texts, ready, strict=True):
                    text.append(f"{label} sooner" if at == min(ready) else f"{label} later")
        return [", ".join(text) for text in texts]

    def time(self, states: list[Words]) -> list[str]:
        """How much later the next decision comes."""
        times = [self._now(s) for s in states]
        if max(times) - min(times) <= _SHORT:
            return [""] * len(states)
        return [f"next decision {(t - min(times)) * 1e-9:.2f} s later" if t > min(times) else "next decision at once" for t in times]

    def _now(self, state: Words) -> int:
        return state.whole[self._places["now"]][0]


_SHORT = 50_000_000  # ns; smaller differences of time are not worth a word
