"""A simulated fight through the whole link: state, world, Lua addon, pixels, decode, restored state."""

from __future__ import annotations

import numpy as np
import pytest

from portunus.barcode.decode import Decoder
from portunus.barcode.estimate import Restorer
from portunus.barcode.practice import PracticeFight
from portunus.barcode.reader import observe
from portunus.barcode.session import PracticeSession
from portunus.barcode.world import World
from portunus.cli.client import twin_spec
from portunus.compiler import compile_spec
from portunus.errors import PortunusError
from portunus.ir.layout import MISSILES
from portunus.resources import find_spec

UNIT_NS = 8_500_000  # an instant's resolution and the rounding of the clock
FRAME_NS = 55_000_000  # what the addon itself can only know to within a frame


@pytest.fixture(scope="module")
def compiled():
    """The spec without kernels: most of the link needs none."""
    return twin_spec(find_spec("wotlk/mage_fire.spec"))


@pytest.fixture(scope="module")
def kernels():
    return compile_spec("wotlk/mage_fire.spec")


@pytest.fixture(scope="module")
def restorer(compiled):
    return Restorer(compiled)


@pytest.fixture(scope="module", params=["335", "34x"])
def journey(request, compiled, restorer):
    """Pairs (true state, restored state) along 70 s of a fight, one a second."""
    session = PracticeSession(compiled, seed=11, client=request.param)
    decoder = Decoder(session.schema.data_columns)
    pairs = []
    for frame in range(1400):
        session.tick(0.05)
        if frame % 20 == 7 and session.fight.now > 0.2:
            decoded = decoder.decode(np.ascontiguousarray(session.barcode))
            assert decoded is not None
            observation = observe(session.schema, decoded, received_at=0.0)
            remains = session.fight.duration - session.fight.now
            pairs.append((session.fight.now, session.fight.state, restorer.restore(observation, fight_remains_s=remains), observation))
    return pairs


def named(compiled, pair):
    now, true, restored, _ = pair
    return now * 1e9, compiled.view(true), compiled.view(restored)


def test_what_is_active_and_when_it_ends(compiled, journey):
    seen = set()
    for pair in journey:
        now, true, restored = named(compiled, pair)
        shift = now - restored["now"]  # the combat start is known to within a frame
        assert abs(shift) <= FRAME_NS
        for aura in compiled.model.auras:
            if aura.hidden or aura.only_switch:
                continue
            on, end = (np.atleast_1d(true[f"{aura.name}_{part}"])[0] for part in ("on", "end"))
            is_on, ends = (np.atleast_1d(restored[f"{aura.name}_{part}"])[0] for part in ("on", "end"))
            if on and abs(end - now) < FRAME_NS:
                continue  # ending within this very frame
            assert bool(on) == bool(is_on), (aura.name, now)
            if on and end < 1 << 61:
                assert abs(ends + shift - end) <= UNIT_NS, aura.name
                seen.add(aura.name)
    assert {"hot_streak", "living_bomb_burn", "improved_scorch", "ignite", "berserking_haste"} <= seen


def test_casts_locks_and_cooldowns(compiled, journey):
    casting = 0
    for pair in journey:
        now, true, restored = named(compiled, pair)
        shift = now - restored["now"]
        if true["cast_spell"] >= 0 and true["cast_end"] - now > FRAME_NS:
            casting += 1
            assert restored["cast_spell"] == true["cast_spell"]
            assert abs(restored["cast_end"] + shift - true["cast_end"]) <= UNIT_NS
        if true["gcd_end"] - now > FRAME_NS:
            assert abs(restored["gcd_end"] + shift - true["gcd_end"]) <= UNIT_NS
            assert restored["deciding"] == 0
        for spell in compiled.model.spells:
            if spell.cooldown is None or spell.owner:
                continue
            ready = true[f"cd_{spell.name}"]
            if ready - now > FRAME_NS:
                assert abs(restored[f"cd_{spell.name}"] + shift - ready) <= UNIT_NS, spell.name
            elif ready < now - FRAME_NS:
                assert restored[f"cd_{spell.name}"] <= restored["now"], spell.name
    assert casting > 20


def test_numbers_and_hidden_counters(compiled, journey):
    halves = 0
    for pair in journey:
        now, true, restored = named(compiled, pair)
        assert abs(true["mana"] - restored["mana"]) <= 1.0
        assert true["uses_mana_gem"] == restored["uses_mana_gem"]
        assert true["combustion_power_stacks"] == restored["combustion_power_stacks"]
        assert true["hot_streak_counter_on"] == restored["hot_streak_counter_on"], now
        if true["combustion_power_on"]:
            assert true["combustion_power_crits"] == restored["combustion_power_crits"]
        halves += int(true["hot_streak_counter_on"])
    assert halves > 3


def test_missiles_and_guardians(compiled, journey):
    layout = compiled.state_layout
    first = layout.slot("missile_0")
    flying = 0
    for pair in journey:
        now, true, restored = named(compiled, pair)
        shift = now - restored["now"]
        mine = [spell.name for spell in compiled.model.spells if not spell.owner]

        def arrivals(state, mine=mine):
            due = [(int(state["at"][first + i]), int(state["missile_spell"][i])) for i in range(MISSILES)]
            return sorted((at, spell) for at, spell in due if at < 1 << 61 and compiled.model.spells[spell].name in mine)

        a = [x for x in arrivals(true) if x[0] - now > FRAME_NS]
        b = [x for x in arrivals(restored) if x[0] + shift - now > FRAME_NS]
        assert [spell for _, spell in a] == [spell for _, spell in b], now
        for (at, _), (back, _) in zip(a, b, strict=True):
            assert abs(back + shift - at) <= FRAME_NS + UNIT_NS
        flying += len(a)
        if abs(true["mirror_images_end"] - now) > 2 * FRAME_NS:
            assert true["mirror_images_on"] == restored["mirror_images_on"]
    assert flying > 5


def test_restored_states_play_on(kernels, restorer, journey):
    """From every restored state the kernels reach a legal decision and the end of the fight."""
    for now, _, restored, _ in journey[::6]:
        branches = restorer.decisions(restored)
        assert sum(share for _, share in branches) == pytest.approx(1.0)
        state = branches[0][0].copy()
        rng = kernels.new_rng(5)
        view = kernels.view(state)
        assert view["finished"] == 0
        assert kernels.legal(state).sum() > 1
        assert np.isfinite(kernels.features(state)).all()
        damage = 0.0
        for _ in range(600):
            if view["finished"]:
                break
            damage += kernels.step(state, kernels.rotation(state), rng, expected=True)[0]
        assert view["finished"] == 1
        assert 2000 < damage / (kernels.duration_ns / 1e9 - now) < 6000, "damage per second of the rest is plausible"


def test_the_twin_plays_the_kernels_fight(compiled, kernels):
    """The practice fight is the simulator's: same seed, same damage as the compiled kernels."""
    fight = PracticeFight(compiled, seed=21)
    while not fight.finished:
        fight.advance(fight.now + 0.7)
    damage = np.zeros(1)
    kernels.run(damage, first_seed=21)
    assert fight.damage == damage[0]


def test_worlds_are_a_pure_function_of_the_state(compiled):
    fight = PracticeFight(compiled, seed=2)
    fight.advance(12.3)
    state = fight.state
    before = state.copy()
    first = World.from_state(compiled, state, fight.now, clock_at_pull=500.0)
    assert first == World.from_state(compiled, state, fight.now, clock_at_pull=500.0)
    assert (state == before).all()
    assert first.clock == pytest.approx(512.3)


def test_a_second_fight_follows(compiled):
    session = PracticeSession(compiled, fights=2, seed=4, speed=20.0)
    for _ in range(2000):
        session.tick(0.5)
        if session.fight_number == 2 and session.fight.now > 5:
            break
    assert session.fight_number == 2
    assert session.world.in_combat


def test_debuffs_on_several_enemies():
    """Three enemies: the bombs on all of them come back, on the target as enemy 0, on the others in the order in which they end."""
    spec = twin_spec(find_spec("wotlk/mage_fire.spec"), encounter="three_targets")
    session = PracticeSession(spec, seed=3, client="335")
    restorer, decoder = Restorer(spec), Decoder(session.schema.data_columns)
    several = 0
    for frame in range(500):
        session.tick(0.05)
        if frame % 10 or session.fight.now < 5:
            continue
        decoded = decoder.decode(np.ascontiguousarray(session.barcode))
        restored = spec.view(restorer.restore(observe(session.schema, decoded, received_at=0.0), enemies=3))
        true, now = spec.view(session.fight.state), session.fight.now * 1e9
        ends = sorted(int(end) for on, end in zip(true["living_bomb_burn_on"][1:3], true["living_bomb_burn_end"][1:3], strict=True) if on)
        if any(abs(end - now) < FRAME_NS for end in ends):
            continue
        back = [int(end) for on, end in zip(restored["living_bomb_burn_on"][1:], restored["living_bomb_burn_end"][1:], strict=True) if on]
        assert len(back) == len(ends)
        for mine, theirs in zip(back, ends, strict=True):
            assert abs(mine + now - restored["now"] - theirs) <= UNIT_NS + FRAME_NS
        several += len(ends) == 2
    assert several > 10


def test_unknown_rotation(compiled):
    with pytest.raises(PortunusError, match="no rotation"):
        PracticeFight(compiled, seed=1, rotation="nonsense")
