"""How an action looks to a player: its name, its school, the two letters that tell it from every other action."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Face:
    """What is drawn for one action.

    Attributes:
        name: Action name, `living_bomb@2`.
        label: "Living Bomb".
        initials: Unique among the actions of a spec, "LB".
        school: `fire`, `frost`, ...; "" for none; "wait" for waiting.
        badge: "2" when the action is aimed at the second enemy, "" for the main target.
    """

    name: str
    label: str
    initials: str
    school: str
    badge: str = ""


class Faces:
    """The faces of all actions of a spec, by name.

    Args:
        actions: `portunus.runtime.signature.Action` objects, or anything with `name`, `label`, `school` and `target`.
    """

    def __init__(self, actions: Iterable[Any]) -> None:
        actions = tuple(actions)
        letters = unique_initials(dict.fromkeys(action.label for action in actions))
        self._faces = {
            action.name: Face(
                name=action.name,
                label=action.label,
                initials=letters[action.label],
                school="wait" if action.name == "wait" else action.school,
                badge=str(action.target + 1) if action.target > 0 else "",
            )
            for action in actions
        }

    def of(self, name: str, label: str = "") -> Face:
        """The face of an action; one is made up, with no school, for a name the spec does not have."""
        if name in self._faces:
            return self._faces[name]
        label = label or name
        return Face(name, label, unique_initials([label])[label], "")


def unique_initials(labels: Iterable[str]) -> dict[str, str]:
    """Two or three letters for each label, no two alike.

    "Fire Blast" gives FB, "Pyroblast" gives Py; on a clash the later label takes further letters of its words, then a number.
    """
    chosen: dict[str, str] = {}
    for label in labels:
        taken = {text.casefold() for text in chosen.values()}
        chosen[label] = next(text for text in _candidates(label) if text.casefold() not in taken)
    return chosen


def _candidates(label: str) -> Iterable[str]:
    words = re.findall(r"\w+", label) or ["?"]
    last = words[-1]
    if len(words) > 1:
        yield words[0][0].upper() + last[0].upper()
        yield "".join(word[0].upper() for word in words[:3])
        yield from (words[0][0].upper() + last[0].upper() + letter for letter in last[1:])
    yield words[0][:2].capitalize()
    yield from (words[0][0].upper() + letter for letter in words[0][1:])
    yield words[0][:3].capitalize()
    number = 2
    while True:
        yield f"{words[0][0].upper()}{number}"
        number += 1
