"""Every shipped spec through the link: what the simulated client shows, the addon paints and the reader restores is the state of the fight."""

from __future__ import annotations

import numpy as np
import pytest

from portunus.barcode.decode import Decoder
from portunus.barcode.estimate import Restorer
from portunus.barcode.fields import visible_auras
from portunus.barcode.reader import observe
from portunus.barcode.session import PracticeSession
from portunus.cli.client import twin_spec
from portunus.resources import find_spec

SPECS = sorted(path.stem for path in find_spec("wotlk/mage_fire.spec").parent.glob("*_*.spec"))
FRAME_NS = 55_000_000


@pytest.mark.parametrize("name", SPECS)
def test_resources_runes_pets_and_auras_come_back(name):
    spec = twin_spec(find_spec(f"wotlk/{name}.spec"))
    session, restorer, model = PracticeSession(spec, seed=5, client="335"), Restorer(spec), spec.model
    decoder = Decoder(session.schema.data_columns)
    frames = 0
    for frame in range(700):
        session.tick(0.05)
        if frame % 20 != 7 or session.fight.now <= 0.2:
            continue
        decoded = decoder.decode(np.ascontiguousarray(session.barcode))
        assert decoded is not None
        observation = observe(session.schema, decoded, received_at=0.0)
        state = restorer.restore(observation, fight_remains_s=session.fight.duration - session.fight.now)
        assert sum(probability for _, probability in restorer.decisions(state)) == pytest.approx(1.0)
        true, restored, now = spec.view(session.fight.state), spec.view(state), session.fight.now * 1e9
        frames += 1
        for resource in model.resources:
            assert abs(int(true[resource.name]) - restored[resource.name]) <= 1, resource.name
        if model.runes is not None:
            assert list(true["rune_spent"]) == list(restored["rune_spent"])
            assert list(true["rune_wild"]) == list(restored["rune_wild"])
        for pet in model.pets:
            assert true[f"{pet.name}_on"] == restored[f"{pet.name}_on"], pet.name
        for aura in visible_auras(model):
            on, end, is_on = (np.atleast_1d(values)[0] for values in (true[f"{aura.name}_on"], true[f"{aura.name}_end"], restored[f"{aura.name}_on"]))
            if abs(end - now) >= FRAME_NS:
                assert bool(on) == bool(is_on), (aura.name, session.fight.now)
    assert frames >= 15


def test_auto_attacks_go_on_after_restoring():
    spec = twin_spec(find_spec("wotlk/paladin_retribution.spec"))
    session, restorer = PracticeSession(spec, seed=5), Restorer(spec)
    for _ in range(200):
        session.tick(0.05)
    decoded = Decoder(session.schema.data_columns).decode(np.ascontiguousarray(session.barcode))
    assert decoded is not None
    state = restorer.restore(observe(session.schema, decoded, received_at=0.0))
    swing = spec.state_layout.slot("auto_attack_swing")
    assert 0 < spec.view(state)["at"][swing] - spec.view(state)["now"] < 4_000_000_000


@pytest.mark.parametrize("client", ["335", "34x", "modern"])
def test_every_client_tells_stance_and_queued_spell(client):
    """What is no buff: each client has its own way to say it."""
    spec = twin_spec(find_spec("wotlk/warrior_fury.spec"))
    session, restorer = PracticeSession(spec, seed=5, client=client), Restorer(spec)
    decoder, seen = Decoder(session.schema.data_columns), set()
    for _ in range(400):
        if seen == {True, False}:
            break
        session.tick(0.05)
        decoded = decoder.decode(np.ascontiguousarray(session.barcode))
        true = spec.view(session.fight.state)
        if decoded is None or bool(true["heroic_strike_queued_on"]) in seen:
            continue
        restored = spec.view(restorer.restore(observe(session.schema, decoded, received_at=0.0)))
        for name in ("heroic_strike_queued", "in_berserker_stance", "in_battle_stance"):
            assert true[f"{name}_on"] == restored[f"{name}_on"], name
        seen.add(bool(true["heroic_strike_queued_on"]))
    assert seen == {True, False}
