"""When two states are one: what of a state still matters, as a hash.

Two ways that lead to the same situation share a node of the tree, and a state of an exact solution. Left out is what can no longer matter:
damage done, numbers of past events, the end of an aura that is down, what concerns enemies that are not there. A time that only matters while
it lies ahead counts as now once it has passed, and of the numbers of events only the order of those due at one instant counts.

Legend: W = words of a state, K = words that matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from portunus.evaluator.hashed import mix
from portunus.evaluator.kernels import kernel, part
from portunus.runtime.signature import HEADER_DAMAGE, HEADER_NOW

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

_NEVER = 1 << 62  # the time of an event that is not scheduled
_HISTORY = ("damage", "events", "sequence", "order", "pile_base", "tick_wanted")
_WHILE_CASTING = ("cast_target", "cast_end", "cast_cost")
_WHILE_UP = ("end", "ticks", "last_tick", "twin_last", "period", "base", "crit", "factor", "stacks")


class Key(NamedTuple):
    """How a state becomes a hash. The words are those that always matter, then those behind a guard, then times that count as now once passed.

    Attributes:
        words: uint64 [K], words of the state.
        factors: uint64 [K], odd numbers, one per word.
        guards, least: uint64 and int64 [K], the word that must be at least so large for this one to matter; read for the second kind only.
        plain, guarded: Where the first and the second kind end.
        at, order, slots: First word with a time of an event, first with its number, and how many events there are.
    """

    words: np.ndarray
    factors: np.ndarray
    guards: np.ndarray
    least: np.ndarray
    plain: int
    guarded: int
    at: int
    order: int
    slots: int


def key_of(compiled: CompiledSpec) -> Key:
    """The key of a spec's states, from the names of their fields."""
    dtype = compiled.layout.state_dtype
    assert dtype.fields is not None
    first = {name: field[1] // 8 for name, field in dtype.fields.items()}
    auras = [name.removesuffix("_on") for name in first if name.endswith("_on")]
    pile = dtype.fields["pile_site"][0].itemsize // 8 if "pile_site" in first else 1
    kinds: tuple[list, list, list] = ([], [], [])  # word, guard, least
    for name, field in dtype.fields.items():
        start, size = first[name], field[0].itemsize // 8
        by_health = name == "damage" and "scene" in first and bool(compiled.table_values["health"])  # then it decides when phases begin
        if not by_health and (name in _HISTORY or start == HEADER_DAMAGE):
            continue
        owner = max((aura for aura in auras if name.startswith(f"{aura}_")), key=len, default="")
        for place in range(min(size, compiled.enemies) if owner else size):
            if name.startswith("pile_"):
                kinds[1].append((start + place, first["pile"], place // (size // pile) + 1))
            elif owner and name[len(owner) + 1 :] in _WHILE_UP:
                kinds[1].append((start + place, first[f"{owner}_on"] + place, 1))
            elif name in _WHILE_CASTING:
                kinds[1].append((start + place, first["cast_spell"], 0))
            else:
                kinds[2 if name.startswith("cd_") or name == "gcd_end" else 0].append((start + place, 0, 0))
    table = np.array([row for kind in kinds for row in kind], np.int64)
    factors = np.random.default_rng(0xFAC7).integers(0, 1 << 63, len(table), np.uint64) * np.uint64(2) + np.uint64(1)
    slots = dtype.fields["at"][0].itemsize // 8 if "at" in first and "order" in first else 0
    plain, guarded = len(kinds[0]), len(kinds[0]) + len(kinds[1])
    columns = [np.ascontiguousarray(column) for column in table.T]
    return Key(columns[0].astype(np.uint64), factors, columns[1].astype(np.uint64), columns[2], plain, guarded, first.get("at", 0), first.get("order", 0), slots)


@kernel
def blend(value, factor):
    """One word's part in a hash."""
    bits = np.uint64(value)
    part = (bits ^ (bits >> np.uint64(32))) * factor
    return part ^ (part >> np.uint64(32))


@part
def hash_state(key, state):
    """A 64-bit hash of what matters in `state`, int64 [W]."""
    words, factors, guards, least, now = key.words, key.factors, key.guards, key.least, state[HEADER_NOW]
    total = np.uint64(0)
    for k in range(key.plain):
        total += blend(state[words[k]], factors[k])
    for k in range(key.plain, key.guarded):
        total += blend(state[words[k]] if state[guards[k]] >= least[k] else np.int64(0), factors[k])
    for k in range(key.guarded, words.shape[0]):
        total += blend(max(state[words[k]], now), factors[k])
    return mix(total)


@kernel
def hash_ties(key, state):
    """A hash of the order of the events due at one instant.

    A search leaves it out: it seldom differs between states that are alike otherwise, and matters little.
    """
    total = np.uint64(0)
    for k in range(1, key.slots):
        due = state[key.at + k]
        for j in range(k if due < _NEVER else 0):
            if state[key.at + j] == due and state[key.order + j] > state[key.order + k]:
                total += mix(np.uint64(k * 64 + j))
    return total
