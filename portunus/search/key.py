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
from portunus.search.lanes import BLOCK_WORDS, EIGHT, blend_blocks

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
        plan: int64, the same for vectors: how many blocks and groups; the blocks of `portunus.search.lanes.blend_blocks`, for the first and the third
            kind; then for each guard that word, what it must reach, and where its words begin and end.
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
    plan: np.ndarray


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
    words, guards, least = (np.ascontiguousarray(column) for column in table.T)
    plan = plan_of(words, factors, guards, least, plain, guarded)
    return Key(words.astype(np.uint64), factors, guards.astype(np.uint64), least, plain, guarded, first.get("at", 0), first.get("order", 0), slots, plan)


def plan_of(words: np.ndarray, factors: np.ndarray, guards: np.ndarray, least: np.ndarray, plain: int, guarded: int) -> np.ndarray:
    """`Key.plan` from its other fields."""
    blocks: dict[int, np.ndarray] = {}
    groups: list[list[int]] = []
    for k, (word, guard, reach) in enumerate(zip(words.tolist(), guards.tolist(), least.tolist(), strict=True)):
        if plain <= k < guarded:
            if not groups or groups[-1][:2] != [guard, reach]:
                groups.append([guard, reach, k, k])
            groups[-1][3] = k + 1
            continue
        line = blocks.setdefault(word // EIGHT, np.zeros(BLOCK_WORDS, np.int64))
        line[0] = word // EIGHT * EIGHT
        line[1 + word % EIGHT] = factors[k].astype(np.int64)
        line[1 + EIGHT + word % EIGHT] = -(k >= guarded)
    lines = [blocks[number] for number in sorted(blocks)]
    return np.concatenate([np.array([len(lines), len(groups)]), *lines, np.array(groups, np.int64).ravel()])


@kernel
def blend(value, factor):
    """One word's part in a hash."""
    bits = np.uint64(value)
    part = (bits ^ (bits >> np.uint64(32))) * factor
    return part ^ (part >> np.uint64(32))


@part
def hash_state(key, state):
    """A 64-bit hash of what matters in `state`, int64 [W]."""
    words, factors, plan = key.words, key.factors, key.plan
    blocks, groups = plan[0], plan[1]
    total = blend_blocks(state.ctypes.data, state.shape[0], plan.ctypes.data + 16, blocks, state[HEADER_NOW])
    for g in range(2 + blocks * BLOCK_WORDS, 2 + blocks * BLOCK_WORDS + 4 * groups, 4):
        if state[plan[g]] >= plan[g + 1]:  # behind a guard that is down, a word counts as 0, which adds nothing
            for k in range(plan[g + 2], plan[g + 3]):
                total += blend(state[words[k]], factors[k])
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
