"""What a fight of the search is: a character, an encounter, a seed and a plan of what is pressed."""

from __future__ import annotations

from dataclasses import dataclass

from portunus.sim.encounter import Encounter
from portunus.sim.profile import Profile


@dataclass(frozen=True)
class Press:
    """Press one action `times` times, each as soon as it is legal."""

    action: int
    times: int


@dataclass(frozen=True)
class Follow:
    """Do what a priority list says for some decisions."""

    rotation: str
    decisions: int


@dataclass(frozen=True)
class Wander:
    """Take legal actions at random for some decisions; `salt` fixes which."""

    salt: int
    decisions: int


@dataclass(frozen=True)
class Exactly:
    """Take these actions one after the other, leaving out what is not legal when its turn comes."""

    actions: tuple[int, ...]


Segment = Press | Follow | Wander | Exactly


@dataclass(frozen=True)
class Case:
    """One fight.

    Attributes:
        profile, encounter: Who fights what.
        seed: Seed of all rolls.
        form: "sampled", or "expected" (pure damage rolls replaced by their mean).
        plan: What is pressed; the fight is left when it is through.
    """

    profile: Profile
    encounter: Encounter
    seed: int
    form: str
    plan: tuple[Segment, ...]
