"""A small stochastic decision problem with the kernels of a compiled spec, and its exact solution by dynamic programming.

One second is one tick. `strike` (1 s, 10 damage, 25 % to double, 30 % to grant a proc), `blast` (1 s, 45 damage, spends the proc),
`power` (1 s, no damage, x2.2 damage for the next 6 s, every 15 s), `heavy` (3 s, 55 damage, 50 % to grant a proc), `wait` (1 s).
`scatter` is legal only when `tables[0]` > 0: 1 s, so many independent rolls that are each remembered.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, c_int64
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
from numba import carray, cfunc, from_dtype, njit, types

from portunus.evaluator.kernels import KernelEvaluator, compiled
from portunus.runtime.signature import Action, Kernels

STATE = np.dtype(
    [
        ("now", "i8"), ("duration", "i8"), ("finished", "i8"), ("fault", "i8"), ("damage", "f8"),
        ("proc_on", "i8"), ("power_end", "i8"), ("cd_power", "i8"), ("scattered", "i8"),
    ]
)  # fmt: skip
STRIKE, BLAST, POWER, HEAVY, SCATTER, WAIT = range(6)
NAMES = ("strike", "blast", "power", "heavy", "scatter", "wait")
SECOND = 1_000_000_000
PROC, HEAVY_PROC, CRIT = 0.3, 0.5, 0.25
DAMAGE = {STRIKE: 10.0, BLAST: 45.0, HEAVY: 55.0}
POWER_FACTOR, POWER_SECONDS, POWER_COOLDOWN = 2.2, 6, 15

_state = types.CPointer(from_dtype(STATE))
_words, _rng, _info = types.CPointer(types.int64), types.CPointer(types.uint64), types.CPointer(types.float64)
_mask, _out = types.CPointer(types.uint8), types.CPointer(types.float32)
_STEP = types.int64(_state, _words, _words, _rng, types.int64, _info)


@njit
def _random(rng):
    rng[0] += np.uint64(0x9E3779B97F4A7C15)
    x = rng[0]
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.float64((x ^ (x >> np.uint64(31))) >> np.uint64(11)) / 9007199254740992.0


@njit
def _draw(rng, info, chance):
    """One roll that changes the future: scripted, else from the stream; keeps the probability and count in `info`."""
    index = np.uint64(info[2])
    if index < rng[2]:
        happens = (rng[1] >> index) & np.uint64(1) == np.uint64(1)
    else:
        happens = _random(rng) < chance
    info[1] *= chance if happens else 1.0 - chance
    info[2] += 1.0
    return happens


@njit
def _step(state, tables, rng, action, info, expected):
    info[0], info[1], info[2] = 0.0, 1.0, 0.0
    signature, damage, seconds = 1, 0.0, 1
    if action == STRIKE:
        damage = 10.0
        if expected:
            damage *= 1.0 + CRIT
        elif _random(rng) < CRIT:
            damage *= 2.0
        if state.proc_on == 0:
            happens = _draw(rng, info, PROC)
            signature = signature * 2 + happens
            state.proc_on = 1 if happens else 0
    elif action == BLAST:
        if state.proc_on == 0:
            state.fault |= 4
        damage, state.proc_on = 45.0, 0
    elif action == POWER:
        if state.cd_power > state.now:
            state.fault |= 4
        state.power_end = state.now + (1 + POWER_SECONDS) * SECOND
        state.cd_power = state.now + POWER_COOLDOWN * SECOND
    elif action == HEAVY:
        damage, seconds = 55.0, 3
        if state.proc_on == 0:
            happens = _draw(rng, info, HEAVY_PROC)
            signature = signature * 2 + happens
            state.proc_on = 1 if happens else 0
    elif action == SCATTER:
        for _ in range(tables[0]):
            happens = _draw(rng, info, 0.5)
            signature = signature * 2 + happens
            state.scattered = state.scattered * 2 + happens
    state.now += seconds * SECOND
    if state.now > state.duration:
        damage, state.now = 0.0, state.duration
    if state.now <= state.power_end and action != POWER:
        damage *= POWER_FACTOR
    state.damage += damage
    if state.now >= state.duration:
        state.finished = 1
    info[0] = damage
    return signature


@cfunc(_STEP)
def _step_sampled(state, tables, metrics, rng, action, info):
    return _step(carray(state, 1)[0], carray(tables, 1), carray(rng, 4), action, carray(info, 4), False)


@cfunc(_STEP)
def _step_expected(state, tables, metrics, rng, action, info):
    return _step(carray(state, 1)[0], carray(tables, 1), carray(rng, 4), action, carray(info, 4), True)


@cfunc(types.int64(_state, _words, _rng))
def _reset(state, tables, rng):
    s = carray(state, 1)[0]
    s.now, s.finished, s.fault, s.damage, s.proc_on, s.power_end, s.cd_power, s.scattered = 0, 0, 0, 0.0, 0, 0, 0, 0
    s.duration = carray(tables, 2)[1]
    return 0


@cfunc(types.int64(_state, _words, _mask))
def _legal(state, tables, mask):
    s, m = carray(state, 1)[0], carray(mask, 6)
    m[STRIKE], m[HEAVY], m[WAIT] = 1, 1, 1
    m[BLAST] = 1 if s.proc_on else 0
    m[POWER] = 1 if s.cd_power <= s.now else 0
    m[SCATTER] = 1 if carray(tables, 1)[0] > 0 else 0
    return m.sum()


@cfunc(types.int64(_state, _words, _out))
def _features(state, tables, out):
    s, f = carray(state, 1)[0], carray(out, 4)
    f[0] = (s.duration - s.now) / SECOND / 30.0
    f[1] = s.proc_on
    f[2] = max(s.power_end - s.now, 0) / SECOND / 6.0
    f[3] = max(s.cd_power - s.now, 0) / SECOND / 15.0
    return 4


@cfunc(types.int64(_state, _words))
def _rotation(state, tables):
    """A plain list: power when ready, blast when possible, strike. It never holds a proc and never casts heavy."""
    s = carray(state, 1)[0]
    if s.cd_power <= s.now:
        return POWER
    return BLAST if s.proc_on else STRIKE


class Toy:
    """The toy as a compiled spec. `seconds`: length of a fight; `dice`: rolls of `scatter`, 0 = not legal."""

    def __init__(self, *, seconds: int = 30, dice: int = 0) -> None:
        self.name, self.title, self.gcd_seconds = "toy", "Toy", 1.0
        self.actions = tuple(Action(n, "" if n == "wait" else n, 0, n.title(), i if n != "wait" else 0, "") for i, n in enumerate(NAMES))
        self.feature_names = ("remains", "proc", "power", "cooldown")
        self.layout = SimpleNamespace(state_words=STATE.itemsize // 8, table_words=2, metrics_words=1, state_dtype=STATE)
        self.layout_hash, self.behaviour, self.enemies = "toy", 1, 1
        self.model = SimpleNamespace(auras=(SimpleNamespace(name="proc", label="Proc", values=()),), spells=(), resources=())
        self.tables = np.array([dice, seconds * SECOND], np.int64)
        self.kernels = Kernels(
            reset=_reset.address, step_sampled=_step_sampled.address, step_expected=_step_expected.address,
            legal=_legal.address, features=_features.address, rotations={"default": _rotation.address},
        )  # fmt: skip
        self.seconds = seconds
        self.reference_dps = Exact(seconds).list_value(Place(0, 0, 0, 0)) / seconds

    def new_state(self) -> np.ndarray:
        return np.zeros(self.layout.state_words, np.int64)

    def new_metrics(self) -> np.ndarray:
        return np.zeros(1, np.int64)

    def new_rng(self, seed: int) -> np.ndarray:
        return np.array([seed, 0, 0, 0], np.uint64)

    def reset(self, state, rng) -> None:
        _call(_reset, *_pointers(state, self.tables, rng))

    def step(self, state, action, rng, *, expected=False, metrics=None):
        info = np.zeros(4)
        scratch = np.zeros(1, np.int64) if metrics is None else metrics
        run = _step_expected if expected else _step_sampled
        signature = _call(run, *_pointers(state, self.tables, scratch, rng), action, *_pointers(info))
        return float(info[0]), float(info[1]), signature

    def legal(self, state) -> np.ndarray:
        mask = np.zeros(6, np.uint8)
        _call(_legal, *_pointers(state, self.tables, mask))
        return mask

    def features(self, state) -> np.ndarray:
        out = np.zeros(4, np.float32)
        _call(_features, *_pointers(state, self.tables, out))
        return out

    def rotation(self, state, name="default") -> int:
        return _call(_rotation, *_pointers(state, self.tables))

    def opening(self) -> np.ndarray:
        """A fresh fight."""
        state = self.new_state()
        self.reset(state, self.new_rng(0))
        return state


def _pointers(*arrays):
    return [a.ctypes.data for a in arrays]


def _call(function, *words):
    return CFUNCTYPE(c_int64, *[c_int64] * len(words))(function.address)(*words)


@dataclass(frozen=True)
class Place:
    """What matters of a state: seconds gone, proc, seconds of power left, seconds of its cooldown left."""

    now: int
    proc: int
    power: int
    cooldown: int


def place_of(state: np.ndarray) -> Place:
    """The place a state block stands for."""
    s = state.view(STATE)[0]
    now = int(s["now"]) // SECOND
    return Place(now, int(s["proc_on"]), max(0, int(s["power_end"]) // SECOND - now), max(0, int(s["cd_power"]) // SECOND - now))


class Exact:
    """The exact solution of a fight of `seconds`, written from the description above and not from the kernels."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self.best_value = lru_cache(maxsize=None)(self._best_value)
        self.list_value = lru_cache(maxsize=None)(self._list_value)

    def actions(self, p: Place) -> list[int]:
        return [STRIKE, HEAVY, WAIT] + [BLAST] * p.proc + [POWER] * (p.cooldown == 0)

    def outcomes(self, p: Place, action: int) -> tuple[float, list[tuple[float, Place]]]:
        """Expected damage, and each next place with its probability."""
        seconds = 3 if action == HEAVY else 1
        now = p.now + seconds
        damage = DAMAGE.get(action, 0.0) * (1 + CRIT if action == STRIKE else 1) * (POWER_FACTOR if p.power >= seconds else 1)
        power, cooldown = max(0, p.power - seconds), max(0, p.cooldown - seconds)
        if action == POWER:
            power, cooldown = POWER_SECONDS, POWER_COOLDOWN - 1
        chance = 0.0 if p.proc else {STRIKE: PROC, HEAVY: HEAVY_PROC}.get(action, 0.0)
        after = 0 if action == BLAST else p.proc
        if now > self.seconds:
            damage = 0.0
        if not chance:
            return damage, [(1.0, Place(now, after, power, cooldown))]
        return damage, [(chance, Place(now, 1, power, cooldown)), (1 - chance, Place(now, 0, power, cooldown))]

    def action_value(self, p: Place, action: int) -> float:
        damage, ways = self.outcomes(p, action)
        return damage + sum(chance * self.best_value(q) for chance, q in ways)

    def _best_value(self, p: Place) -> float:
        return 0.0 if p.now >= self.seconds else max(self.action_value(p, a) for a in self.actions(p))

    def _list_value(self, p: Place) -> float:
        if p.now >= self.seconds:
            return 0.0
        action = POWER if p.cooldown == 0 else BLAST if p.proc else STRIKE
        damage, ways = self.outcomes(p, action)
        return damage + sum(chance * self.list_value(q) for chance, q in ways)

    def regret(self, p: Place, action: int) -> float:
        """Damage lost by taking `action` instead of the best one."""
        return self.best_value(p) - self.action_value(p, action)


_TABLE = (31, 2, 7, 16)  # places: seconds gone, proc, power left, cooldown left


class ListValue:
    """Judges a place by what the plain list achieves from it, exactly, plus a fixed error per place; its action is five times as likely.

    `noise`: standard deviation of the error, u. It knows the list's values only, so nothing of the optimum leaks into the search.
    """

    def __init__(self, toy: Toy, *, noise: float = 0.18) -> None:
        exact, self.table = Exact(toy.seconds), np.zeros(_TABLE, np.float32)
        error = np.random.default_rng(7).normal(0.0, noise, _TABLE)
        for index in np.ndindex(*_TABLE):
            p = Place(*index)
            if p.now < toy.seconds:
                ahead = exact.list_value(p) - toy.reference_dps * (toy.seconds - p.now)
                self.table[index] = ahead / (toy.reference_dps * toy.gcd_seconds) + error[index]

    def in_kernel(self) -> KernelEvaluator:
        return KernelEvaluator(compiled(_judge_by_table).address, np.zeros(1, np.int64), weights=self.table, actions=6)


def _judge_by_table(integers, reals, weights, tables, state, rng, features, mask, heads):
    s, out = carray(state, 9), carray(heads, 7)
    now = s[0] // SECOND
    for a in range(6):
        out[a] = 0.0
    cooldown = max(s[7] // SECOND - now, 0)
    out[POWER if cooldown == 0 else BLAST if s[5] else STRIKE] = np.float32(np.log(5.0))
    out[6] = carray(weights, _TABLE)[now, s[5], max(s[6] // SECOND - now, 0), cooldown]
    return 0
