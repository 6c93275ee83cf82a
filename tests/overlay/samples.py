"""A feed and suggestions for tests of the window: no screen is read and no process started."""

from __future__ import annotations

import time
from types import SimpleNamespace

from portunus_overlay.actions import Faces
from portunus_overlay.situation import Signal, Situation, State

from portunus.planner import service
from portunus.planner.messages import ActionReport, OutcomeReport, Suggestion, TreeNode

LABELS = {
    "fireball": ("Fireball", "fire"),
    "pyroblast": ("Pyroblast", "fire"),
    "scorch": ("Scorch", "fire"),
    "fire_blast": ("Fire Blast", "fire"),
    "living_bomb": ("Living Bomb", "fire"),
    "living_bomb@2": ("Living Bomb", "fire"),
    "combustion": ("Combustion", "fire"),
    "mirror_image": ("Mirror Image", "arcane"),
    "mana_gem": ("Mana Gem", ""),
    "evocation": ("Evocation", "arcane"),
    "wait": ("Wait", ""),
}


def faces() -> Faces:
    return Faces(
        SimpleNamespace(name=name, label=label, school=school, target=1 if "@" in name else 0) for name, (label, school) in LABELS.items()
    )


def action(name: str, visits: int, value: float, *children: TreeNode) -> TreeNode:
    return TreeNode("decision", name, LABELS[name][0], visits, value, 1.0, children)


def outcome(label: str, probability: float, visits: int, *children: TreeNode) -> TreeNode:
    return TreeNode("chance", label, label, visits, 2.0, probability, children)


def tree() -> TreeNode:
    best = action(
        "fireball", 52_000, 2.31,
        outcome("no crit", 0.58, 30_000,
                action("living_bomb", 22_000, 2.2, action("fireball", 15_000, 2.2, outcome("no crit", 0.58, 9_000, action("fireball", 8_000, 2.1))),
                       action("scorch", 3_000, 2.1)),
                action("fireball", 6_000, 2.1)),
        outcome("crit", 0.42, 22_000,
                action("pyroblast", 19_000, 2.6, action("fireball", 12_000, 2.5)),
                action("fireball", 2_000, 2.2)),
    )  # fmt: skip
    rivals = (
        action("living_bomb", 16_000, 2.29, action("fireball", 12_000, 2.2, outcome("crit", 0.42, 4_000, action("pyroblast", 3_500, 2.3)))),
        action("combustion", 9_000, 2.24, action("fireball", 6_000, 2.2)),
        action("scorch", 4_000, 2.1),
        action("living_bomb@2", 2_000, 2.0),
        action("wait", 500, 1.2),
    )
    return TreeNode("decision", "", "", 84_000, 2.3, 1.0, (best, *rivals))


def suggestion(sequence: int = 1) -> Suggestion:
    root = tree()
    return Suggestion(
        sequence=sequence,
        action="fireball",
        label="Fireball",
        queue=("living_bomb", "fireball", "pyroblast", "combustion"),
        actions=tuple(
            ActionReport(child.name, child.label, 1, child.visits, child.value, 100 * (2.31 - child.value) / 2.31, 0.2,
                         5000 * (2.31 - child.value), ("scorch",), (OutcomeReport("crit", 0.42, 2.4),))
            for child in root.children
        ),
        tree=root,
        simulations=84_000,
        search_ms=243.0,
        network_ms=12.0,
        depth=14,
        state_age_ms=261.0,
    )


class SampleFeed:
    """Gives a fresh suggestion four times a second until `silent_after` seconds have passed."""

    title = "Fire Mage"

    def __init__(self, *, silent_after: float = 1e9, state: State = State.OK) -> None:
        self.faces = faces()
        self.stopped = False
        self._state = state
        self._silent_after = silent_after
        self._given = 0
        self._captured: dict[int, float] = {}

    def start(self) -> None:
        self._began = time.monotonic()

    def stop(self) -> None:
        self.stopped = True

    def _latest(self) -> float:
        return min(time.monotonic(), self._began + self._silent_after)

    def signal(self) -> Signal:
        at = self._latest()
        situation = Situation(0.74, 1, 83 + at - self._began, 300.0, self._began + 1.2)
        return Signal(self._state, sequence=self._given, captured_at=at, situation=situation)

    def planner_status(self) -> service.Status:
        return service.Status(service.READY, evaluator="network")

    def suggestion(self) -> Suggestion | None:
        if (self._latest() - self._began) / 0.25 < self._given:
            return None
        self._captured[self._given] = self._latest() - 0.038
        self._given += 1
        return suggestion(self._given - 1)

    def captured_at(self, sequence: int) -> float:
        return self._captured[sequence]

    def changed_at(self, sequence: int) -> float:
        return self._captured[sequence]
