"""States sent through the real addon, the barcode and back: what the client shows of a state must be what it shows of the restored one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from portunus.barcode.decode import Decoder
from portunus.barcode.estimate import Restorer
from portunus.barcode.reader import observe
from portunus.barcode.session import PracticeSession
from portunus.barcode.twin import TwinSpec
from portunus.barcode.view import world_of
from portunus.barcode.world import Cooldown, VisibleAura, World
from portunus.compiler import resolve_encounter, tables_of
from portunus.testing.fight import Played, Subject
from portunus.testing.laws import Broken
from portunus.testing.plan import Case

TICK = 0.05  # seconds between two looks of the addon
SECONDS = 40.0  # of a fight
LOOK_EVERY = 20  # ticks between two comparisons
SLACK = 0.15  # seconds: what begins or ends within it may be on either side


class LinkCheck:
    """Plays fights of the default rotation with the addon watching.

    Args:
        subject: The spec.

    Raises:
        PortunusError: The addon cannot show this spec.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        PracticeSession(self._spec(Case(subject.profile, resolve_encounter(None), 1, "sampled", ())), rotation=self._rotation)

    def play(self, case: Case) -> Played:
        """Watch the first seconds of a fight of this character, encounter and seed; the plan is the default rotation."""
        spec = self._spec(case)
        session = PracticeSession(spec, seed=case.seed, rotation=self._rotation)
        decoder, restorer = Decoder(session.schema.data_columns), Restorer(spec)
        for tick in range(1, int(SECONDS / TICK)):
            session.tick(TICK)
            now = session.fight.now
            if session.fight.finished:
                break
            if tick % LOOK_EVERY or now < 2 * SLACK:
                continue
            try:
                decoded = decoder.decode(np.ascontiguousarray(session.barcode))
                if decoded is None:
                    raise Broken("observable", "the barcode cannot be read")
                observation = observe(session.schema, decoded, received_at=0.0)
                state = restorer.restore(observation, fight_remains_s=session.fight.duration - now, enemies=case.encounter.enemies)
                restored = world_of(spec, state, float(spec.view(state)["now"]) / 1e9)
                shown = session.fight.world()
                for message in _differences(shown, restored, self._shown):
                    raise Broken("observable", message)
            except Broken as broken:
                index = {action.name: i for i, action in enumerate(self.subject.actions)}
                return Played(tuple(index[taken.action] for taken in session.fight.taken), broken, round(now * 1e9))
        return Played((), None, 0)

    def _spec(self, case: Case) -> TwinSpec:
        tables = tables_of(self.subject.program, case.profile, case.encounter)
        return TwinSpec(self.subject.program, tables, case.encounter.duration_ns, case.encounter.enemies)

    @property
    def _rotation(self) -> str:
        names = sorted(self.subject.program.rotations)
        return "default" if "default" in names or not names else names[0]

    @property
    def _shown(self) -> frozenset[int]:
        """Client ids of the auras a client shows."""
        return frozenset(aura.id for aura in self.subject.model.auras if not aura.hidden and not aura.only_switch)


def _differences(shown: World, restored: World, ids: frozenset[int]) -> Iterator[str]:
    """What a client would show differently, in words."""
    shift = shown.clock - restored.clock
    for kind, (amount, _) in shown.powers.items():
        back, _ = restored.powers[kind]
        if abs(amount - back) > 1:
            yield f"a resource of {amount} comes back as {back}"
    if shown.combo_points != restored.combo_points:
        yield f"{shown.combo_points} combo points come back as {restored.combo_points}"
    yield from _auras("the player", shown.auras, restored.auras, shown.clock, shift, ids)
    if shown.enemies and restored.enemies:
        yield from _auras("the target", shown.enemies[0].auras, restored.enemies[0].auras, shown.clock, shift, ids)
    lock = _end(shown.global_cooldown) - shown.clock
    for before, after in ((shown.cooldowns, restored.cooldowns), (shown.item_cooldowns, restored.item_cooldowns)):
        for spell in {*before, *after}:
            # Behind a longer global cooldown a client does not show a spell's own, unless it has none.
            least = 0.0 if spell in shown.free_spells or before is shown.item_cooldowns else max(lock, 0.0)
            ends = [_end(found) - offset for found, offset in ((before.get(spell), shown.clock), (after.get(spell), shown.clock - shift))]
            if abs(max(ends[0], least) - max(ends[1], least)) > SLACK:
                yield f"the cooldown of spell {spell} has {max(ends[0], 0):.2f} s left and comes back with {max(ends[1], 0):.2f} s"


def _end(cooldown: Cooldown | None) -> float:
    return cooldown.start + cooldown.duration if cooldown is not None else 0.0


def _auras(where: str, shown: tuple[VisibleAura, ...], restored: tuple[VisibleAura, ...], clock: float, shift: float, ids: frozenset[int]) -> Iterator[str]:
    before, after = ({aura.spell_id: aura for aura in auras if aura.spell_id in ids} for auras in (shown, restored))
    for spell in sorted({*before, *after}):
        seen, back = before.get(spell), after.get(spell)
        if seen is None or back is None:
            one = seen or back
            assert one is not None
            left = one.ends_at - (clock if seen is not None else clock - shift)
            if one.ends_at == 0 or (left > SLACK and one.duration - left > SLACK):
                yield f"{one.name} is {'up' if seen else 'not up'} on {where} but comes back {'down' if seen else 'up'}"
        elif bool(seen.ends_at) != bool(back.ends_at) or (seen.ends_at and abs(seen.ends_at - back.ends_at - shift) > SLACK):
            yield f"{seen.name} on {where} ends at {seen.ends_at - clock:.2f} s from now and comes back with {back.ends_at - clock + shift:.2f} s"
        elif seen.stacks != back.stacks:
            yield f"{seen.name} on {where} has {seen.stacks} stacks and comes back with {back.stacks}"

