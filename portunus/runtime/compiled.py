"""A compiled spec: its kernels, its tables, and the few calls Python needs (`portunus.compiler.compile_spec` makes one).
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from portunus.dsl.model import Model
from portunus.errors import PortunusError
from portunus.ir.layout import Layout
from portunus.runtime.signature import FAULTS, HEADER_FAULT, INFO_WORDS, RNG_WORDS, Action, Kernels

_P = ctypes.c_void_p
_I = ctypes.c_int64
_TYPES = {
    "reset": ctypes.CFUNCTYPE(_I, _P, _P, _P),
    "step": ctypes.CFUNCTYPE(_I, _P, _P, _P, _P, _I, _P),
    "legal": ctypes.CFUNCTYPE(_I, _P, _P, _P),
    "features": ctypes.CFUNCTYPE(_I, _P, _P, _P),
    "rotation": ctypes.CFUNCTYPE(_I, _P, _P),
    "fights": ctypes.CFUNCTYPE(_I, _P, _P, _P, _P, _I, _I, _I, _I, _I, _P),
}


@dataclass(frozen=True)
class BlockSizes:
    """Words of the blocks a kernel works on, and the dtypes that name them."""

    layout: Layout
    table_words: int
    table_dtype: np.dtype

    @property
    def state_words(self) -> int:
        return self.layout.state_words

    @property
    def metrics_words(self) -> int:
        return self.layout.metrics_words

    @property
    def state_dtype(self) -> np.dtype:
        return self.layout.state_dtype

    @property
    def metrics_dtype(self) -> np.dtype:
        return self.layout.metrics_dtype


@dataclass(frozen=True)
class CompiledSpec:
    """A spec with kernels and the tables of one character in one encounter.

    Attributes:
        name, title: Name and label of the spec.
        model: What the spec says.
        actions: What the player can do; the last one is waiting. A = len(actions).
        feature_names: Names of the network's inputs. F = len(feature_names).
        layout: Sizes and dtypes of the blocks. layout_hash: what stored states and networks depend on.
        behaviour: Version of the spec's behaviour.
        tables: int64 [table_words], the numbers. table_values: the same by slot name.
        kernels: Addresses of the C functions. fights_address: the loop over whole fights.
        duration_ns, enemies: of the encounter (the most there are at once). gcd_seconds: the ruleset's global cooldown.
        reference: True if the reference's artefacts are switched on.
        keep: Modules that own the compiled code.
    """

    name: str
    title: str
    model: Model
    actions: tuple[Action, ...]
    feature_names: tuple[str, ...]
    layout: BlockSizes
    layout_hash: str
    behaviour: int
    tables: np.ndarray
    table_values: Mapping[str, object]
    kernels: Kernels
    fights_address: int
    duration_ns: int
    enemies: int
    gcd_seconds: float
    reference: bool
    keep: tuple[object, ...] = field(repr=False)

    @property
    def mean_enemies(self) -> float:
        """How many enemies are there on the mean, where they come and go."""
        if "scenes" not in self.table_values:
            return float(self.enemies)
        count = int(self.table_values["scenes"])  # type: ignore[call-overload]
        times, present = (list(self.table_values[name])[:count] for name in ("scene_at", "scene_enemies"))  # type: ignore[call-overload]
        ends = [*times[1:], self.duration_ns]
        return sum(n * (end - begin) for n, begin, end in zip(present, times, ends, strict=True)) / self.duration_ns

    def new_state(self) -> np.ndarray:
        """A zeroed state, int64 [state_words]; `copy()` clones one."""
        return np.zeros(self.layout.state_words, np.int64)

    def new_metrics(self) -> np.ndarray:
        """Zeroed counters, int64 [metrics_words]."""
        return np.zeros(self.layout.metrics_words, np.int64)

    def new_rng(self, seed: int) -> np.ndarray:
        """A random stream, uint64 [4]."""
        rng = np.zeros(RNG_WORDS, np.uint64)
        rng[0] = np.uint64(seed % (1 << 64))
        return rng

    def view(self, state: np.ndarray) -> np.ndarray:
        """The named fields of a state (`view(state)["mana"]`); writing to them changes the state."""
        return state.view(self.layout.state_dtype)[0]

    def reset(self, state: np.ndarray, rng: np.ndarray) -> None:
        """Start a fight: `state` becomes its first decision point."""
        self._calls["reset"](state.ctypes.data, self.tables.ctypes.data, rng.ctypes.data)

    def step(self, state: np.ndarray, action: int, rng: np.ndarray, *, expected: bool = False,
             metrics: np.ndarray | None = None) -> tuple[float, float, int]:
        """Perform an action in place and go on to the next decision point.

        Returns:
            (damage done in between, probability of the outcome, outcome signature); probability 1 in the sampled form.

        Raises:
            PortunusError: A kernel fault, such as an illegal action.
        """
        counters = self.new_metrics() if metrics is None else metrics
        info = np.zeros(INFO_WORDS)
        call = self._calls["step_expected" if expected else "step_sampled"]
        signature = call(state.ctypes.data, self.tables.ctypes.data, counters.ctypes.data, rng.ctypes.data, action, info.ctypes.data)
        self.check(int(state[HEADER_FAULT]))
        return float(info[0]), float(info[1]), int(signature)

    def legal(self, state: np.ndarray) -> np.ndarray:
        """Mask of legal actions, uint8 [A]."""
        mask = np.zeros(len(self.actions), np.uint8)
        self._calls["legal"](state.ctypes.data, self.tables.ctypes.data, mask.ctypes.data)
        return mask

    def features(self, state: np.ndarray) -> np.ndarray:
        """Network inputs, float32 [F]."""
        out = np.zeros(len(self.feature_names), np.float32)
        self._calls["features"](state.ctypes.data, self.tables.ctypes.data, out.ctypes.data)
        return out

    def rotation(self, state: np.ndarray, name: str = "default") -> int:
        """The action a priority list takes.

        Raises:
            PortunusError: No list of that name.
        """
        return int(_TYPES["rotation"](self.rotation_address(name))(state.ctypes.data, self.tables.ctypes.data))

    def rotation_address(self, name: str) -> int:
        """Address of a priority list's kernel."""
        if name not in self.kernels.rotations:
            raise PortunusError(f"{self.name} has no rotation {name!r}", hint=f"It has: {', '.join(sorted(self.kernels.rotations))}.")
        return self.kernels.rotations[name]

    @property
    def leftovers(self) -> bool:
        """Does a fight begin with something the one before it left (an artefact of the reference)?"""
        return any(r.left_over and self.table_values[f"switch_{r.left_over}"] for r in self.model.resources)

    def run(self, damage: np.ndarray, *, first_seed: int, rotation: str = "default", metrics: np.ndarray | None = None,
            state: np.ndarray | None = None) -> None:
        """Play `len(damage)` whole fights, fight i with seed `first_seed + i`; writes the damage of each, float64.

        Args:
            damage: float64, as many as fights.
            first_seed: Seed of the first fight.
            rotation: The priority list.
            metrics: Counters to add to.
            state: The end of the fight before these, which becomes the end of the last one; matters only with `leftovers`.

        Raises:
            PortunusError: A kernel fault.
        """
        counters = self.new_metrics() if metrics is None else metrics
        state, rng = self.new_state() if state is None else state, self.new_rng(0)
        call = _TYPES["fights"](self.fights_address)
        fault = call(state.ctypes.data, self.tables.ctypes.data, counters.ctypes.data, rng.ctypes.data, self.rotation_address(rotation),
                     state.ctypes.data, self.tables.ctypes.data, first_seed, len(damage), damage.ctypes.data)
        self.check(fault)

    @cached_property
    def reference_dps(self) -> float:
        """DPS of the default rotation over 200 fights with seeds 1 to 200; the unit of values is this times the global cooldown."""
        damage = np.zeros(200)
        self.run(damage, first_seed=1)
        return float(damage.mean() / (self.duration_ns / 1e9))

    @staticmethod
    def check(fault: int) -> None:
        """Raise what a kernel's fault bits mean."""
        if fault:
            raise PortunusError("the simulation stopped: " + "; ".join(text for bit, text in FAULTS.items() if fault & bit),
                                hint="Check the spec's procs and triggers; `portunus sim --trace` shows the fight.", exit_code=1)

    @cached_property
    def _calls(self):
        k = self.kernels
        if k.reset == 0:
            raise PortunusError(f"these kernels of {self.name} play whole fights only", hint="Compile the spec without `fixed`.")
        return {"reset": _TYPES["reset"](k.reset), "step_sampled": _TYPES["step"](k.step_sampled), "step_expected": _TYPES["step"](k.step_expected),
                "legal": _TYPES["legal"](k.legal), "features": _TYPES["features"](k.features)}
