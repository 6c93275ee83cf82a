"""The one kernel signature all specs share: what a search, a trainer or an environment may call.

A *state* is one contiguous block of `Layout.state_words` 8-byte words; copying the block clones the state. *Tables* is a block
of the same kind that holds every number of a spec and profile. A compiled spec offers C functions over pointers to such blocks,
so that code which calls them (the tree search above all) compiles once for all specs:

    reset(state, tables, rng)                                  -> 0     a fresh fight, advanced to its first decision point
    step(state, tables, metrics, rng, action, info)            -> outcome signature (int64)
    legal(state, tables, mask)                                 -> number of legal actions
    features(state, tables, out)                               -> number of features written
    rotation(state, tables)                                    -> the action a priority list takes

`step` performs `action` (which must be legal), then advances to the next decision point: an instant at which at least one action
besides waiting is possible, or the end of the fight. It exists in two forms. *sampled*: every roll is drawn, in the ruleset's order.
*expected*: pure damage rolls are replaced by their mean, and only what changes the future is drawn.

Legend: A = number of actions, F = number of features, W = words of a state.

| pointer | content |
|---|---|
| state | W words; the first five are the header below |
| tables | `Layout.table_words` words |
| metrics | `Layout.metrics_words` words, counters per action and aura; only ever added to |
| rng | 4 x uint64: splitmix64 state, script bits, script length, bits of the next number (each entry finds them itself) |
| info | 4 x float64: reward (damage done in the step), probability of the outcome drawn, number of chance draws, unused |
| mask | A x uint8, 1 = legal |
| out | F x float32 |

Script (expected form only): the first `script length` chance draws take their outcome from `script bits` (bit i, least significant
first; 1 = happens) instead of the random stream, which lets all outcomes of a step be enumerated with their probabilities.
The signature is 1 followed by the drawn bits, mixed when longer than 62; equal signatures mean the same discrete outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

HEADER_NOW = 0  # int64, ns since the pull; negative before it
HEADER_DURATION = 1  # int64, ns, end of the fight
HEADER_FINISHED = 2  # int64, 1 when no further decision comes
HEADER_FAULT = 3  # int64, fault bits, see FAULTS
HEADER_DAMAGE = 4  # float64, damage done since the pull
HEADER_WORDS = 5

RNG_WORDS = 4
INFO_WORDS = 4

FAULTS = {
    1: "more missiles in flight than the layout has room for",
    2: "too many events at one instant: two effects trigger each other without end",
    4: "an illegal action was performed",
    8: "more events in one fight than a real fight can have",
    16: "more interrupted functions of one event than the layout has room for",
}


@dataclass(frozen=True)
class Action:
    """One thing the player can do at a decision point.

    Attributes:
        name: `fireball`, `living_bomb@2` (second enemy) or `wait`.
        spell: Name of the spell, "" for waiting.
        target: Index of the enemy it is aimed at, 0 = the main target.
        label: What a player reads, "Living Bomb".
        spell_id: The client's id of the spell or item, 0 for waiting.
        school: Damage school, "" if it has none.
    """

    name: str
    spell: str
    target: int
    label: str
    spell_id: int
    school: str


@dataclass(frozen=True)
class Kernels:
    """Addresses of the compiled C functions of one spec; see the module text for their arguments."""

    reset: int
    step_sampled: int
    step_expected: int
    legal: int
    features: int
    rotations: dict[str, int]
