"""What a planner answers: plain frozen data, and its JSON form, which is checked as if a stranger had sent it.

A planner (`portunus.planner.local`) makes a `Suggestion`; a service passes it on as JSON; an overlay or a command prints it.
Nothing here imports numpy, numba or torch. Units: values are in u, the damage of one global cooldown of the reference rotation
(`CompiledSpec.reference_dps * gcd_seconds`); losses are percent of what the reference rotation does in the rest of the fight; times are
milliseconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from portunus.errors import PortunusError

MAX_NAME = 96  # characters of a name or label
MAX_ACTIONS = 256  # reports in one suggestion
MAX_QUEUE = 16  # names in a queue
MAX_CHILDREN = 64  # children of one node, outcomes of one action
MAX_DEPTH = 24  # levels of the drawn tree
MAX_NODES = 400  # nodes of the drawn tree

DECISION = "decision"
CHANCE = "chance"


@dataclass(frozen=True)
class OutcomeReport:
    """One way an action may go.

    Attributes:
        label: What tells it from the others, in words: "Hot Streak", "no Hot Streak".
        probability: 0..1.
        value: Of the action if it goes this way, u.
    """

    label: str
    probability: float
    value: float

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain data."""
        return {"label": self.label, "probability": self.probability, "value": self.value}

    @classmethod
    def from_json(cls, data: Any) -> OutcomeReport:
        """Read an outcome.

        Raises:
            PortunusError: A field is missing, of the wrong type, or out of range; names the field.
        """
        read = _Reader(data, "outcome")
        return read.done(cls(label=read.text("label"), probability=read.number("probability", low=0.0, high=1.0), value=read.number("value")))


@dataclass(frozen=True)
class ActionReport:
    """What the search found out about one legal action of the root.

    Attributes:
        name: Action name, `living_bomb@2`.
        label: What a player reads, "Living Bomb".
        spell_id: The client's spell or item id, 0 for waiting.
        visits: Simulations that began with this action.
        value: Mean value, u.
        loss_percent: Damage given up against the best action, percent of the rest of the fight, >= 0.
        prior: Probability the network or the rotation gave it before the search, 0..1.
        loss_damage: Damage given up against the best action, >= 0.
        line: Names of the actions that most likely follow it, nearest first.
        outcomes: Ways it may go that the search told apart, most likely first; none where there is only one.
    """

    name: str
    label: str
    spell_id: int
    visits: int
    value: float
    loss_percent: float
    prior: float
    loss_damage: float = 0.0
    line: tuple[str, ...] = ()
    outcomes: tuple[OutcomeReport, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "name": self.name,
            "label": self.label,
            "spell_id": self.spell_id,
            "visits": self.visits,
            "value": self.value,
            "loss_percent": self.loss_percent,
            "prior": self.prior,
            "loss_damage": self.loss_damage,
            "line": list(self.line),
            "outcomes": [outcome.to_json() for outcome in self.outcomes],
        }

    @classmethod
    def from_json(cls, data: Any) -> ActionReport:
        """Read a report.

        Raises:
            PortunusError: A field is missing, of the wrong type, or out of range; names the field.
        """
        read = _Reader(data, "action")
        report = cls(
            name=read.text("name"),
            label=read.text("label"),
            spell_id=read.integer("spell_id"),
            visits=read.integer("visits"),
            value=read.number("value"),
            loss_percent=read.number("loss_percent"),
            prior=read.number("prior", low=0.0, high=1.0),
            loss_damage=read.number("loss_damage", low=0.0),
            line=tuple(_text(item, "action.line") for item in read.items("line", MAX_QUEUE)),
            outcomes=tuple(OutcomeReport.from_json(item) for item in read.items("outcomes", MAX_CHILDREN)),
        )
        return read.done(report)


@dataclass(frozen=True)
class TreeNode:
    """One node of the part of the search tree that is worth showing.

    A node stands for the branch that leads to it. Below a decision come actions (kind `decision`: the situation after the action,
    named after the action) or, where the action has several outcomes, a `chance` node named after the outcome.

    Attributes:
        kind: `decision` (reached by an action) or `chance` (reached by an outcome).
        name: Action name, or a word for the outcome ("crit", "proc: hot_streak"); "" at the root.
        label: What a player reads.
        visits: Simulations that went through it.
        value: Mean value, u.
        probability: Of the outcome for a chance node; of the action under the search's policy for a decision node, 0..1.
        children: Best first.
    """

    kind: str
    name: str
    label: str
    visits: int
    value: float
    probability: float
    children: tuple[TreeNode, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The node and everything below it as plain data."""
        return {
            "kind": self.kind,
            "name": self.name,
            "label": self.label,
            "visits": self.visits,
            "value": self.value,
            "probability": self.probability,
            "children": [child.to_json() for child in self.children],
        }

    @classmethod
    def from_json(cls, data: Any) -> TreeNode:
        """Read a tree of at most `MAX_NODES` nodes and `MAX_DEPTH` levels.

        Raises:
            PortunusError: A field is missing, of the wrong type, or out of range, or the tree is too large.
        """
        return cls._read(data, depth=1, budget=[MAX_NODES])

    @classmethod
    def _read(cls, data: Any, *, depth: int, budget: list[int]) -> TreeNode:
        budget[0] -= 1
        if depth > MAX_DEPTH or budget[0] < 0:
            raise PortunusError(f"the planner's answer holds a tree of more than {MAX_DEPTH} levels or {MAX_NODES} nodes")
        read = _Reader(data, "tree")
        kind = read.text("kind")
        if kind not in (DECISION, CHANCE):
            raise PortunusError(f"the planner's answer: tree.kind is {kind!r}, expected 'decision' or 'chance'")
        node = cls(
            kind=kind,
            name=read.text("name"),
            label=read.text("label"),
            visits=read.integer("visits"),
            value=read.number("value"),
            probability=read.number("probability", low=0.0, high=1.0),
            children=tuple(cls._read(child, depth=depth + 1, budget=budget) for child in read.items("children", MAX_CHILDREN)),
        )
        return read.done(node)

    def size(self) -> int:
        """Number of nodes, this one included."""
        return 1 + sum(child.size() for child in self.children)


@dataclass(frozen=True)
class Suggestion:
    """The answer to "what now?" for one captured state.

    Attributes:
        sequence: Number of the state it answers, as given with the request.
        action: Name of the action to press next.
        label: What a player reads.
        queue: Names of the actions that most likely follow, nearest first (the chosen action is not among them).
        actions: One report per legal action, best first.
        tree: Root of the drawn tree; its first child is the chosen action.
        simulations: Number of simulations of the search.
        search_ms: Time the search took, network included.
        network_ms: Part of it spent in the network.
        depth: Deepest decision reached, in decisions.
        state_age_ms: Age of the state when the answer was ready: now minus the instant its pixels were captured.
    """

    sequence: int
    action: str
    label: str
    queue: tuple[str, ...]
    actions: tuple[ActionReport, ...]
    tree: TreeNode
    simulations: int
    search_ms: float
    network_ms: float
    depth: int
    state_age_ms: float

    def to_json(self) -> dict[str, Any]:
        """The suggestion as plain data."""
        return {
            "sequence": self.sequence,
            "action": self.action,
            "label": self.label,
            "queue": list(self.queue),
            "actions": [report.to_json() for report in self.actions],
            "tree": self.tree.to_json(),
            "simulations": self.simulations,
            "search_ms": self.search_ms,
            "network_ms": self.network_ms,
            "depth": self.depth,
            "state_age_ms": self.state_age_ms,
        }

    @classmethod
    def from_json(cls, data: Any) -> Suggestion:
        """Read a suggestion.

        Raises:
            PortunusError: A field is missing, unknown, of the wrong type, or out of range; names the field.
        """
        read = _Reader(data, "suggestion")
        suggestion = cls(
            sequence=read.integer("sequence"),
            action=read.text("action"),
            label=read.text("label"),
            queue=tuple(_text(item, "suggestion.queue") for item in read.items("queue", MAX_QUEUE)),
            actions=tuple(ActionReport.from_json(item) for item in read.items("actions", MAX_ACTIONS)),
            tree=TreeNode.from_json(read.take("tree")),
            simulations=read.integer("simulations"),
            search_ms=read.number("search_ms", low=0.0),
            network_ms=read.number("network_ms", low=0.0),
            depth=read.integer("depth"),
            state_age_ms=read.number("state_age_ms", low=0.0),
        )
        return read.done(suggestion)


class _Reader:
    """Takes named fields out of a JSON object and complains by name."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            raise PortunusError(f"the planner's answer: {where} is {type(data).__name__}, expected an object")
        self._data = data
        self._where = where
        self._taken = 0

    def take(self, field: str) -> Any:
        if field not in self._data:
            raise PortunusError(f"the planner's answer: {self._where}.{field} is missing")
        self._taken += 1
        return self._data[field]

    def text(self, field: str) -> str:
        return _text(self.take(field), f"{self._where}.{field}")

    def integer(self, field: str) -> int:
        value = self.take(field)
        if type(value) is not int or not 0 <= value < 2**63:
            raise PortunusError(f"the planner's answer: {self._where}.{field} is not a whole number from 0 to 2^63")
        return value

    def number(self, field: str, *, low: float = -1e12, high: float = 1e12) -> float:
        value = self.take(field)
        if type(value) not in (int, float) or not low <= value <= high or not math.isfinite(value):
            raise PortunusError(f"the planner's answer: {self._where}.{field} is not a number from {low:g} to {high:g}")
        return float(value)

    def items(self, field: str, limit: int) -> list[Any]:
        value = self.take(field)
        if not isinstance(value, list) or len(value) > limit:
            raise PortunusError(f"the planner's answer: {self._where}.{field} is not a list of at most {limit} items")
        return value

    def done(self, built: Any) -> Any:
        if self._taken != len(self._data):
            raise PortunusError(f"the planner's answer: {self._where} has {len(self._data) - self._taken} unknown fields")
        return built


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_NAME or not value.isprintable():
        raise PortunusError(f"the planner's answer: {where} is not a printable text of at most {MAX_NAME} characters")
    return value
