"""From what the screen says back to a simulator state.

A frame says when things end, not how they came about. A state is rebuilt by letting the spec's own program do what must have been done: auras
are applied, casts completed and guardians summoned at the instants the frame implies, which also fixes snapshots, ticks and events; then
what the frame states exactly overwrites what the program guessed. What no client shows (the phase of the mana tick, a partial resist inside
an Ignite tick) is set to its expectation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.barcode.fields import carries_tick_value, client_runes, summons
from portunus.barcode.trackers import derive_trackers, hidden_aura
from portunus.barcode.twin import SpecTwin, TwinSpec
from portunus.barcode.view import present
from portunus.barcode.wire import PERMANENT
from portunus.ir.expressions import stat_function
from portunus.ir.layout import MISSILES, NEVER, stat_field, swing_slot
from portunus.ir.stats import swings

if TYPE_CHECKING:
    from portunus.barcode.reader import Observation
    from portunus.dsl.model import Aura, Spell
    from portunus.runtime.compiled import CompiledSpec

HEALTH_LOST_TO_PREDICT = 0.05
SHORTEST_FIGHT_NS = 1_000_000_000
MAX_OUTCOMES = 8
SCRIPT_LENGTH = 62


class Restorer:
    """Restores states of one compiled spec; building one costs a tenth of a second, restoring a state about a millisecond.

    Args:
        compiled: The spec; its tables are taken as they are.
        seed: Seed of draws beyond the longest script.
    """

    def __init__(self, compiled: CompiledSpec | TwinSpec, *, seed: int = 1) -> None:
        self._compiled = compiled
        self._model = compiled.model
        self._twin = SpecTwin(compiled if isinstance(compiled, TwinSpec) else TwinSpec.of(compiled), "expected", seed=seed)
        self._seed = seed
        self._trackers = derive_trackers(compiled.model)
        used = {action.spell for action in compiled.actions}
        self._spells = tuple(spell for spell in self._model.spells if spell.name in used and not spell.owner)
        self._castable = tuple(spell for spell in self._spells if not spell.item)

    def restore(self, observation: Observation, *, fight_remains_s: float | None = None, enemies: int | None = None) -> np.ndarray:
        """The simulator state behind a frame, at the frame's own instant.

        Args:
            observation: A decoded frame of this spec's schema.
            fight_remains_s: Expected time to the end of the fight, seconds; None estimates it from the target's health, else takes the
                encounter's.
            enemies: Number of enemies to assume debuffs on; None takes the frame's count. (How many a kernel fights is in its tables.)

        Returns:
            int64 [state_words]. It is a decision point if `deciding` is 1, else a cast or lock is running: see `decisions`.
        """
        values = observation.values
        s = self._twin.s
        elapsed = values["combat.start"]
        now = 0 if elapsed is None else max(0, round(-elapsed * 1e9))
        self._blank(now)
        if self._model.scripted:
            self._scene(now, values["target.health"])
        self._rates()
        s.duration = self._duration(now, values["target.health"], fight_remains_s)
        self._player_auras(values, now)
        self._casts_under_way(values, now)
        self._clear_player_auras()
        self._keep()
        self._player_auras(values, now)
        self._counters(values, now)
        self._keep()
        count = round(values["enemies"] or 0) if enemies is None else enemies
        self._enemy_auras(values, now, count)
        self._attackers(values, now)
        self._resources(values, now)
        self._runes(values, now)
        self._cooldowns(values, now)
        self._lock(values, now)
        s.expire_at = self._next_expiry()
        if self._model_has_autocast:
            self._twin.call["begin_autocast"](s)
            self._twin.call["sort_autocast"](s, self._twin.t)
            s.auto_ready = now
        s.now = now
        return self._twin.store()

    def decisions(self, state: np.ndarray) -> list[tuple[np.ndarray, float]]:
        """The decision points a restored state leads to, with their probabilities (they sum to 1).

        A decision point leads to itself. Chance draws on the way (will the missile in flight crit?) are enumerated through the script of the
        random stream; of more than `MAX_OUTCOMES` outcomes the first found stand for all.
        """
        leaves: list[tuple[np.ndarray, float]] = []
        waiting = [(0, 0)]  # outcomes fixed so far as bits, and how many; all later ones are "does not happen"
        twin = self._twin
        while waiting and len(leaves) < MAX_OUTCOMES:
            bits, fixed = waiting.pop(0)
            twin.load(state)
            twin.m.probability, twin.m.signature, twin.m.draws = 1.0, 1, 0
            twin.r[:] = [self._seed, bits, SCRIPT_LENGTH, 0]
            twin.run("advance")
            leaves.append((twin.store(), twin.m.probability))
            waiting += [(bits | 1 << draw, draw + 1) for draw in range(fixed, min(twin.m.draws, SCRIPT_LENGTH))]
        total = sum(probability for _, probability in leaves)
        return [(leaf, probability / total) for leaf, probability in leaves]

    # ---- the parts of a state -----------------------------------------------------------------------------------------------------

    @property
    def _model_has_autocast(self) -> bool:
        return any(spell.autocast is not None for spell in self._model.spells)

    def _blank(self, now: int) -> None:
        """Nothing active, nothing scheduled, everything ready."""
        s, layout = self._twin.s, self._twin.layout
        for field in layout.state:
            zero = 0 if field.type == "int" else 0.0
            setattr(s, field.name, [zero] * field.size if field.array else zero)
        s.at = [NEVER] * len(s.at)
        s.expire_at = NEVER
        s.cast_spell = -1
        s.now = now
        for pet in self._model.pets:
            setattr(s, f"{pet.name}_cast_spell", -1)
        for aura in self._model.auras:
            if hasattr(s, f"{aura.name}_applied_at"):  # only auras of which the spec asks whether they are fresh
                setattr(s, f"{aura.name}_applied_at", [-NEVER] * layout.max_enemies if aura.on_target else -NEVER)
        for spell in self._model.spells:
            if spell.cooldown is not None:
                setattr(s, f"cd_{spell.name}", now)
        for resource in self._model.resources:
            setattr(s, resource.name, float(getattr(self._twin.t, f"{resource.name}_max")))
            if resource.rest_after is not None:
                setattr(s, f"{resource.name}_paid_at", -NEVER)
            if resource.prorated:
                setattr(s, f"{resource.name}_rate", float(getattr(self._twin.t, f"{resource.name}_tick", 0.0)))
        if self._model.runes is not None:
            s.rune_borrowed = -1

    def _scene(self, now: int, health: float | None) -> None:
        """The encounter's script is known; the clock says where in it the fight is. Phases that follow the damage go by the health that is seen."""
        s, t = self._twin.s, self._twin.t
        if t.health > 0.0 and health is not None:
            s.damage = max(0.0, (1.0 - health) * t.health - t.others * (now / 1e9))
        s.scene = sum(at <= now for at in t.scene_at[1 : t.scenes])
        if s.scene + 1 < t.scenes:
            self._twin.call["schedule"](s, self._twin.layout.slot("scene"), t.scene_at[s.scene + 1])

    def _duration(self, now: int, health: float | None, remains_s: float | None) -> int:
        if remains_s is not None:
            return now + max(SHORTEST_FIGHT_NS, round(remains_s * 1e9))
        if health is not None and health < 1.0 - HEALTH_LOST_TO_PREDICT and now > 0:
            return now + max(SHORTEST_FIGHT_NS, round(now * health / (1.0 - health)))
        return max(self._compiled.duration_ns, now + SHORTEST_FIGHT_NS)

    def _get(self, name: str, at: int | None) -> Any:
        value = getattr(self._twin.s, name)
        return value if at is None else value[at]

    def _set(self, name: str, at: int | None, value: Any) -> None:
        if at is None:
            setattr(self._twin.s, name, value)
        else:
            getattr(self._twin.s, name)[at] = value

    def _place(self, aura: Aura, at: int | None, now: int, end: float, stacks: float | None) -> None:
        """Apply an aura so that it ends at `end` seconds from now (`PERMANENT` = never)."""
        twin, name = self._twin, aura.name
        twin.s.now = now
        twin.run(f"apply_{name}", *(() if at is None else (at,)), -1)
        length = self._get(f"{name}_end", at) - now
        if aura.max_stacks and stacks:
            self._set(f"{name}_stacks", at, round(stacks))
        if end == PERMANENT or length >= NEVER // 2:
            self._set(f"{name}_end", at, NEVER)
            return
        ends_at = now + round(end * 1e9)
        if aura.tick_count is not None:
            period = self._get(f"{name}_period", at)
            self._set(f"{name}_count", at, -(-(ends_at - now) // period))
            length = self._get(f"{name}_count", at) * period
        start = ends_at - length
        if hasattr(twin.s, f"{name}_applied_at"):
            self._set(f"{name}_applied_at", at, start)
        self._set(f"{name}_end", at, ends_at)
        if aura.ticks:
            period = max(1, self._get(f"{name}_period", at))
            done = min(aura.ticks - 1, max(0, (now - start) // period))
            self._set(f"{name}_ticks", at, done)
            self._set(f"{name}_last_tick", at, start + done * period)
            slot = self._twin.layout.slot(f"{name}_tick" if at is None else f"{name}_tick_{at}")
            twin.call["schedule"](twin.s, slot, max(now + 1, start + (done + 1) * period))

    def _player_auras(self, values: dict[str, float | None], now: int) -> None:
        for aura in self._model.auras:
            end = values.get(f"buff.{aura.name}.end")
            if not aura.on_target and end is not None and end > 0:
                self._place(aura, None, now, end, values.get(f"buff.{aura.name}.stacks"))

    def _clear_player_auras(self) -> None:
        for aura in self._model.auras:
            if not aura.on_target:
                self._set(f"{aura.name}_on", None, 0)

    def _enemy_auras(self, values: dict[str, float | None], now: int, count: int) -> None:
        """Debuffs on the target, which becomes enemy 0, and on the others in the order in which they end."""
        numbers = present(self._compiled, self._twin.s.scene if self._model.scripted else 0)
        others = numbers[1:] if self._model.scripted else numbers[1:count]  # a script says who is there better than the client
        for aura in self._model.auras:
            for place, number in enumerate(others, 1):
                end = values.get(f"debuff.{aura.name}.elsewhere.{place}")
                if end is not None and end > 0:
                    self._place(aura, number, now, end, None)
            end = values.get(f"debuff.{aura.name}.end")
            if not aura.on_target or end is None or end <= 0:
                continue
            if carries_tick_value(aura):
                assert aura.tick_amount is not None
                shown = values.get(f"tick.{aura.name}") or 0.0
                self._set(f"{aura.name}_{aura.tick_amount.args[1]}", 0, shown / self._twin.t.resist_mean)
            self._place(aura, 0, now, end, values.get(f"debuff.{aura.name}.stacks"))

    def _counters(self, values: dict[str, float | None], now: int) -> None:
        for tracker in self._trackers:
            amount = round(values.get(f"counter.{tracker.name}") or 0)
            aura, value = hidden_aura(self._model, tracker.name)
            if value:
                if self._get(f"{aura.name}_on", None):
                    self._set(f"{aura.name}_{value}", None, float(amount))
            elif amount:
                self._twin.s.now = now
                self._twin.run(f"apply_{aura.name}", -1)
                if aura.max_stacks:
                    self._set(f"{aura.name}_stacks", None, amount)

    def _casts_under_way(self, values: dict[str, float | None], now: int) -> None:
        """Missiles in flight and guardians at work: complete the casts they came from, then keep what has not ended."""
        twin, s = self._twin, self._twin.s
        for spell in self._spells:
            ago = values.get(f"missile.{spell.name}")
            if ago is not None and ago <= 0:
                first = twin.layout.slot("missile_0")
                self._complete(spell, now + round(ago * 1e9))
                for slot in range(first, first + MISSILES):
                    if s.at[slot] < now:
                        s.at[slot] = NEVER
            ago = values.get(f"cast_at.{spell.name}")
            if summons(spell) and ago is not None and ago <= 0:
                self._complete(spell, now + round(ago * 1e9))
                for pet in self._model.pets:
                    self._settle_pet(pet.name, now)
        s.now = now

    def _complete(self, spell: Spell, at: int) -> None:
        cost = float(getattr(self._twin.t, f"{spell.name}_cost", 0.0)) if spell.cost is not None else 0.0
        self._twin.s.now = at
        self._twin.run(f"complete_{spell.name}", 0, cost)

    def _settle_pet(self, pet: str, now: int) -> None:
        s, layout = self._twin.s, self._twin.layout
        slots = {kind: layout.slot(f"{pet}_{kind}") for kind in ("gcd", "cast", "end")}
        if getattr(s, f"{pet}_on") and getattr(s, f"{pet}_end") <= now:
            setattr(s, f"{pet}_on", 0)
            for slot in slots.values():
                s.at[slot] = NEVER
        elif s.at[slots["gcd"]] < now:
            s.at[slots["gcd"]] = now

    def _resources(self, values: dict[str, float | None], now: int) -> None:
        twin = self._twin
        for resource in self._model.resources:
            shown, maximum = values[resource.name], float(getattr(twin.t, f"{resource.name}_max"))
            setattr(twin.s, resource.name, min(maximum, float(shown or 0.0)))
            if resource.rest_after is not None:
                spent = values[f"{resource.name}.spent_at"]
                setattr(twin.s, f"{resource.name}_paid_at", -NEVER if spent is None else now + round(min(0.0, spent) * 1e9))
            if resource.every is not None:
                every = max(1, int(getattr(twin.t, f"{resource.name}_every")))
                twin.call["schedule"](twin.s, twin.layout.slot(f"tick_{resource.name}"), (now // every + 1) * every)

    def _keep(self) -> None:
        """What the state keeps of statistics, where auras were placed or taken away by hand."""
        self._twin.call["keep_stats"](self._twin.s, self._twin.t)

    def _rates(self) -> None:
        """What swings are timed by; auras placed later change it as they do in a fight."""
        s = self._twin.s
        self._keep()
        for stat in self._model.stats:
            if hasattr(s, f"{stat_field(stat.name)}_rate"):
                setattr(s, f"{stat_field(stat.name)}_rate", self._twin.call[stat_function(stat.name)](s, self._twin.t, 0))

    def _attackers(self, values: dict[str, float | None], now: int) -> None:
        """The pet that is there, and auto-attacks: no client shows when the next swing comes, so it is put in the middle of its period."""
        s = self._twin.s
        s.now = now
        for pet in self._model.pets:
            if values.get(f"pet.{pet.name}"):
                self._twin.run(f"summon_{pet.name}", NEVER - now)
        for spell in swings(self._model, ""):
            assert spell.swing is not None
            every = int(getattr(self._twin.t, f"{spell.name}_every"))
            if every > 0:
                rate = float(getattr(s, f"{stat_field(spell.swing.rate)}_rate", 1.0))
                self._twin.call["schedule"](s, swing_slot(self._twin.layout, spell), now + round(every / max(rate, 0.1) / 2))

    def _runes(self, values: dict[str, float | None], now: int) -> None:
        """Which runes come back when. A death rune counts as made by its talent, not as borrowed."""
        s, layout = self._twin.s, self._twin.layout
        for i in range(len(client_runes(self._model))):
            ready, back = self._finite(values[f"rune.{i}.ready"]), values[f"rune.{i}.back"]
            s.rune_spent[i] = int(ready > 0)
            s.rune_wild[i] = round(values[f"rune.{i}.wild"] or 0)
            s.rune_last[i] = 0 if back is None else now + round(min(0.0, back) * 1e9)
            if ready > 0:
                self._twin.call["schedule"](s, layout.slot(f"rune_{i}"), now + round(ready * 1e9))

    def _cooldowns(self, values: dict[str, float | None], now: int) -> None:
        for spell in self._spells:
            if spell.cooldown is not None:
                left = values[f"cooldown.{spell.name}"]
                ready = NEVER if left == PERMANENT else now + round(max(0.0, left or 0.0) * 1e9)
                setattr(self._twin.s, f"cd_{spell.name}", ready)
                if spell.charges:  # a client of that time shows when the next one comes, not how many there are beyond it
                    more = (spell.charges - 1) * int(getattr(self._twin.t, f"{spell.name}_cooldown", 0))
                    setattr(self._twin.s, f"cd_{spell.name}_full", ready + more if ready > now else now)
            if spell.uses is not None:
                shown = values.get(f"uses.{spell.name}")
                setattr(self._twin.s, f"uses_{spell.name}", round(shown) if shown is not None else 1)

    def _lock(self, values: dict[str, float | None], now: int) -> None:
        """What the player is doing: casting, channelling, waiting for the global cooldown, or free."""
        twin, s = self._twin, self._twin.s
        s.gcd_end = now + round(max(0.0, self._finite(values["gcd.end"])) * 1e9)
        number, ends = round(values["cast.spell"] or 0), self._finite(values["cast.end"])
        channel = next((x for x in self._spells if x.channel and np.any(self._get(f"{x.channel}_on", None))), None)
        s.channel = 1 if channel is not None and values["cast.channel"] else 0
        if number >= 2 and ends > 0 and not s.channel and number - 2 < len(self._castable):
            spell = self._castable[number - 2]
            if spell.cast is not None:
                s.cast_spell = self._model.spells.index(spell)
                s.cast_end = now + round(ends * 1e9)
                if self._model.scripted:
                    s.cast_lock = s.gcd_end
                s.cast_cost = float(twin.call[f"cost_{spell.name}"](s, twin.t)) if spell.cost is not None else 0.0
        if number and not s.channel and s.cast_spell < 0:
            s.gcd_end = max(s.gcd_end, now + round(max(0.0, ends) * 1e9))  # a cast of no interest holds the player all the same
        if s.cast_spell >= 0:
            s.gcd_end = max(s.gcd_end, s.cast_end)
            if s.cast_end < s.gcd_end:
                twin.call["schedule"](s, twin.layout.slot("cast"), s.cast_end)
        s.deciding = int(s.gcd_end <= now and not s.channel and s.cast_spell < 0)
        if s.gcd_end > now or s.cast_spell >= 0:
            twin.call["schedule"](s, twin.layout.slot("gcd"), s.gcd_end)

    @staticmethod
    def _finite(value: float | None) -> float:
        return 0.0 if value is None or value == PERMANENT else value

    def _next_expiry(self) -> int:
        ends = NEVER
        for aura in self._model.auras:
            on, end = getattr(self._twin.s, f"{aura.name}_on"), getattr(self._twin.s, f"{aura.name}_end")
            for active, at in zip(on, end, strict=True) if aura.on_target else [(on, end)]:
                if active:
                    ends = min(ends, at)
        return ends


_latest: list[Restorer] = []


def restore(
    compiled: CompiledSpec | TwinSpec, observation: Observation, *, fight_remains_s: float | None = None, enemies: int | None = None
) -> np.ndarray:
    """The simulator state behind a frame; see `Restorer.restore`. Keeps the restorer of the spec used last."""
    if not _latest or _latest[0]._compiled is not compiled:
        _latest[:] = [Restorer(compiled)]
    return _latest[0].restore(observation, fight_remains_s=fight_remains_s, enemies=enemies)
