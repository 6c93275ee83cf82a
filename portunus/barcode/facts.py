"""A situation described by name: the facts the addon would send, given by somebody else.

The names are those of the barcode's fields (`portunus.barcode.fields`), so every program that can read a game can say the same things.
What is left out is as it is before a pull: nothing active, everything ready, resources as a fight begins with them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.barcode.estimate import Restorer
from portunus.barcode.fields import build_schema
from portunus.barcode.reader import Observation
from portunus.barcode.wire import PERMANENT
from portunus.errors import PortunusError, nearest
from portunus.runtime.signature import HEADER_FINISHED

if TYPE_CHECKING:
    from portunus.barcode.schema import Field
    from portunus.runtime.compiled import CompiledSpec

FOREVER = "forever"
LARGEST = 1e6
MEANINGS = {
    "flag": "true or false",
    "count": "a number of at least 0",
    "share": "a share from 0 to 1",
    "ahead": f'seconds from now, at least 0, or "{FOREVER}"',
    "past": "seconds from now, at most 0",
}


class Facts:
    """Reads situations of one spec.

    Args:
        compiled: The spec.
    """

    def __init__(self, compiled: CompiledSpec) -> None:
        self._fields = {field.name: field for field in build_schema(compiled.model, compiled.actions).fields}
        self._restorer = Restorer(compiled)
        self._spell_numbers = {entry.name: number + 2 for number, entry in enumerate(build_schema(compiled.model, compiled.actions).spells)}
        opening = compiled.new_state()
        compiled.reset(opening, compiled.new_rng(0))
        named = opening.view(compiled.layout.state_dtype)[0]
        self._defaults: dict[str, float | None] = {}
        for name, field in self._fields.items():
            if field.kind in ("resource", "pet_resource", "combo_points"):
                self._defaults[name] = float(named[name])
            elif field.kind in ("item_count", "pet_exists"):
                self._defaults[name] = 1.0
            elif field.kind == "enemy_count":
                self._defaults[name] = float(compiled.enemies)
            else:
                self._defaults[name] = 0.0 if field.coding in ("flag", "count") else None

    def described(self) -> list[dict[str, str]]:
        """Every fact by name: what it is about, and what its value means."""
        return [
            {"name": name, "value": "name of the spell, or null" if field.kind == "cast_spell" else MEANINGS[field.coding], "source": field.source}
            for name, field in self._fields.items()
        ]

    def read(self, facts: Mapping[str, Any], *, remains_s: float | None = None) -> tuple[np.ndarray, float]:
        """The most likely decision point that a situation leads to, int64 [W], and how likely it is.

        Where a cast or a lock runs, that is the moment it ends.

        Args:
            facts: Name -> value; see `described`.
            remains_s: Seconds until the fight ends; None estimates it as the overlay does.

        Raises:
            PortunusError: An unknown name, a value of the wrong kind, or a fight that is over.
        """
        return max(self.read_all(facts, remains_s=remains_s), key=lambda found: found[1])

    def read_all(self, facts: Mapping[str, Any], *, remains_s: float | None = None) -> list[tuple[np.ndarray, float]]:
        """All decision points that a situation may lead to, with their probabilities; see `read`."""
        values = dict(self._defaults)
        for name, value in facts.items():
            field = self._fields.get(name)
            if field is None:
                close = nearest(str(name), tuple(self._fields))
                raise PortunusError(f"there is no fact {str(name)[:80]!r}", hint=f"Did you mean {close!r}?" if close else "The first line names them all.")
            values[name] = self._value(field, value)
        if not values["combat.start"]:
            values["combat.start"] = 0.0
        values["combat"] = 1.0
        for name, field in self._fields.items():
            if field.kind == "resource_max" and not values[name]:
                values[name] = values[name.removesuffix(".max")]
        state = self._restorer.restore(Observation(values, 0, 0, 0.0), fight_remains_s=remains_s)
        found = self._restorer.decisions(state)
        if all(decision[HEADER_FINISHED] for decision, _ in found):
            raise PortunusError("the fight of these facts is over before the next decision", hint="Give a larger remains_s, or an earlier combat.start.")
        return [(decision, chance) for decision, chance in found if not decision[HEADER_FINISHED]]

    def _value(self, field: Field, value: Any) -> float | None:
        if field.kind == "cast_spell" and (value is None or isinstance(value, str)):
            if value is not None and value not in self._spell_numbers:
                close = nearest(value, tuple(self._spell_numbers))
                raise PortunusError(f"fact {field.name}: there is no spell {value[:80]!r}", hint=f"Did you mean {close!r}?" if close else "")
            return 0.0 if value is None else float(self._spell_numbers[value])
        if value is None and field.coding in ("ahead", "past", "share"):
            return None
        if value == FOREVER and field.coding == "ahead":
            return PERMANENT
        flag = field.coding == "flag"
        number = isinstance(value, bool) if flag else isinstance(value, int | float) and not isinstance(value, bool)
        low = {"past": -LARGEST}.get(field.coding, 0.0)
        high = {"past": 0.0, "share": 1.0}.get(field.coding, LARGEST)
        if not number or not low <= value <= high or not math.isfinite(value) or field.kind == "cast_spell":
            wanted = "the name of a spell, or null" if field.kind == "cast_spell" else MEANINGS[field.coding]
            raise PortunusError(f"fact {field.name} is {str(value)[:40]!r}, expected {wanted}")
        return float(value)
