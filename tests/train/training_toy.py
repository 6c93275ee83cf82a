"""A small rotation problem with its own hand-written kernels, to test training without the compiler.

Five actions. `filler` always works and grants `proc` one time in four; `spender` is strong only while `proc` is up; `dot` ticks for
12 s and is wasted when renewed early; `burst` (15 s cooldown) raises all damage by 60 % for 6 s; `wait` passes one global
cooldown. The default list forgets `burst` and renews `dot` whenever it is down, even at the very end: there is room to improve.
"""

from __future__ import annotations

import functools
from ctypes import CFUNCTYPE, c_int64
from types import SimpleNamespace

import numpy as np
from numba import carray, cfunc, njit, types

from portunus.evaluator.model_file import network_shapes
from portunus.evaluator.protocol import NetworkWeights
from portunus.runtime.signature import Action, Kernels

GCD = 1_500_000_000
NAMES = ("filler", "spender", "dot", "burst", "wait")
FEATURES = ("remains", "proc", "dot_remains", "burst_remains", "burst_cooldown")

STATE = np.dtype(
    [
        ("now", np.int64), ("duration", np.int64), ("finished", np.int64), ("fault", np.int64), ("damage", np.float64),
        ("proc", np.int64), ("dot_end", np.int64), ("burst_end", np.int64), ("cd_burst", np.int64),
    ]
)  # fmt: skip
TABLES = np.dtype([("filler", np.int64), ("spender", np.int64), ("dot", np.int64), ("duration", np.int64)])
WORDS = STATE.itemsize // 8


@njit
def _uniform(rng):
    rng[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = rng[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return float(mixed >> np.uint64(11)) / 9007199254740992.0


@njit
def _step(state_pointer, tables_pointer, rng_pointer, action, info_pointer, expected):
    words = carray(state_pointer, WORDS)
    damage_words = carray(info_pointer, 4)
    tables = carray(tables_pointer, 4)
    rng = carray(rng_pointer, 4)
    now, duration = words[0], words[1]
    damage, probability, draws, signature = 0.0, 1.0, 0.0, 1
    if action == 0:
        damage = float(tables[0])
    elif action == 1:
        damage = float(tables[1]) if words[5] else 0.2 * tables[1]
        words[5] = 0
    elif action == 2:
        words[6] = now + 12_000_000_000
    elif action == 3:
        words[7] = now + 6_000_000_000
        words[8] = now + 15_000_000_000
    if action < 2 and not expected:
        damage *= 0.5 + _uniform(rng)
    ticking = min(words[6], min(now + GCD, duration)) - now
    if ticking > 0:
        damage += tables[2] * (ticking / 1e9)
    if words[7] > now:
        damage *= 1.6
    if action == 0:
        draws = 1.0
        if rng[2] > 0:
            happens = (rng[1] & np.uint64(1)) == np.uint64(1)
            rng[1] >>= np.uint64(1)
            rng[2] -= np.uint64(1)
        else:
            happens = _uniform(rng) < 0.25
        probability = 0.25 if happens else 0.75
        signature = 3 if happens else 2
        if happens:
            words[5] = 1
    words[0] = now + GCD
    if words[0] >= duration:
        words[0] = duration
        words[2] = 1
    carray(state_pointer, WORDS).view(np.float64)[4] += damage
    damage_words[0] = damage
    damage_words[1] = probability
    damage_words[2] = draws
    return signature


_I = types.CPointer(types.int64)
_U = types.CPointer(types.uint64)
_F = types.CPointer(types.float64)


@cfunc(types.int64(_I, _I, _I, _U, types.int64, _F))
def _step_sampled(state, tables, metrics, rng, action, info):
    return _step(state, tables, rng, action, info, False)


@cfunc(types.int64(_I, _I, _I, _U, types.int64, _F))
def _step_expected(state, tables, metrics, rng, action, info):
    return _step(state, tables, rng, action, info, True)


@cfunc(types.int64(_I, _I, _U))
def _reset(state_pointer, tables_pointer, rng_pointer):
    words = carray(state_pointer, WORDS)
    words[:] = 0
    words[1] = carray(tables_pointer, 4)[3] + int(_uniform(carray(rng_pointer, 4)) * 6e9)
    return 0


@cfunc(types.int64(_I, _I, types.CPointer(types.uint8)))
def _legal(state_pointer, tables_pointer, mask_pointer):
    words = carray(state_pointer, WORDS)
    mask = carray(mask_pointer, 5)
    mask[:] = 1
    mask[3] = 1 if words[8] <= words[0] else 0
    return 4 + mask[3]


@cfunc(types.int64(_I, _I, types.CPointer(types.float32)))
def _features(state_pointer, tables_pointer, out_pointer):
    words = carray(state_pointer, WORDS)
    out = carray(out_pointer, 5)
    now = words[0]
    out[0] = (words[1] - now) / 60e9
    out[1] = words[5]
    out[2] = max(words[6] - now, 0) / 12e9
    out[3] = max(words[7] - now, 0) / 6e9
    out[4] = max(words[8] - now, 0) / 15e9
    return 5


@cfunc(types.int64(_I, _I))
def _rotation(state_pointer, tables_pointer):
    words = carray(state_pointer, WORDS)
    if words[6] <= words[0]:
        return 2
    return 1 if words[5] else 0


def _call(function):
    """A kernel as a Python function over addresses."""
    counts = {_reset: 3, _step_sampled: 6, _step_expected: 6, _legal: 3, _features: 3}
    return CFUNCTYPE(c_int64, *[c_int64] * counts[function])(function.address)


class ToySpec:
    """What `compile_spec` returns, for the toy: the same attributes and methods, kernels made here."""

    def __init__(self, *, name: str = "toy", behaviour: int = 1, layout_hash: str = "toy-layout-1", spender: int = 260) -> None:
        self.name, self.title, self.behaviour, self.layout_hash = name, "Toy", behaviour, layout_hash
        self.model = None
        self.actions = tuple(Action(name, "" if name == "wait" else name, 0, name.title(), index, "") for index, name in enumerate(NAMES))
        self.feature_names = FEATURES
        self.layout = SimpleNamespace(state_words=WORDS, table_words=4, metrics_words=1, state_dtype=STATE, table_dtype=TABLES)
        self.tables = np.array([100, spender, 30, 57_000_000_000], np.int64)
        self.kernels = Kernels(
            reset=_reset.address, step_sampled=_step_sampled.address, step_expected=_step_expected.address,
            legal=_legal.address, features=_features.address, rotations={"default": _rotation.address},
        )  # fmt: skip
        self.gcd_seconds = 1.5
        self.reference_dps = 95.0

    def reset(self, state, rng):
        _call(_reset)(state.ctypes.data, self.tables.ctypes.data, rng.ctypes.data)

    def step(self, state, action, rng, *, expected=False, metrics=None):
        info = np.zeros(4)
        form = _step_expected if expected else _step_sampled
        signature = _call(form)(state.ctypes.data, self.tables.ctypes.data, 0, rng.ctypes.data, action, info.ctypes.data)
        return info[0], info[1], signature

    def legal(self, state):
        mask = np.zeros(len(NAMES), np.uint8)
        _call(_legal)(state.ctypes.data, self.tables.ctypes.data, mask.ctypes.data)
        return mask

    def features(self, state):
        out = np.zeros(len(FEATURES), np.float32)
        _call(_features)(state.ctypes.data, self.tables.ctypes.data, out.ctypes.data)
        return out

    def new_state(self):
        return np.zeros(WORDS, np.int64)

    def new_rng(self, seed):
        return np.array([seed, 0, 0, 0], np.uint64)

    def new_metrics(self):
        return np.zeros(1, np.int64)


@functools.cache
def load_toy() -> ToySpec:
    """The toy every test plays; a module-level function, so that a training worker can call it too."""
    return ToySpec()


def random_weights(seed: int = 0, hidden: int = 16) -> NetworkWeights:
    rng = np.random.default_rng(seed)
    shapes = network_shapes(len(FEATURES), hidden, len(NAMES))
    return NetworkWeights(**{name: rng.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()})


def random_features(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, len(FEATURES))).astype(np.float32)
