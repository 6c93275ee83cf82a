"""What a spec hides is followed by rules derived from the spec itself."""

from __future__ import annotations

import pytest

from portunus.barcode.fields import build_schema
from portunus.barcode.trackers import derive_trackers
from portunus.dsl import load_model
from portunus.ir.engine import actions_of
from portunus.resources import find_spec


@pytest.fixture(scope="module")
def model():
    return load_model(find_spec("wotlk/mage_fire.spec"))


def test_half_a_hot_streak(model):
    tracker = next(t for t in derive_trackers(model) if t.name == "hot_streak_counter")
    streakers = {42833, 42859, 42873, 55362}
    by_trigger = {rule.trigger: rule for rule in tracker.rules}
    assert set(by_trigger) == {"crit", "hit", "miss"}
    assert all(set(rule.ids) == streakers for rule in tracker.rules), "Pyroblast neither counts nor resets"
    assert by_trigger["crit"].next_value == (1, 0)
    assert by_trigger["hit"].next_value == (0, 0)
    assert by_trigger["miss"].next_value == (0, 0)


def test_combustion_counts_crits_while_it_is_up(model):
    tracker = next(t for t in derive_trackers(model) if t.name == "combustion_power.crits")
    crit = next(rule for rule in tracker.rules if rule.trigger == "crit")
    assert crit.next_value == (1, 2, 0)
    assert crit.while_aura == 11129
    assert 42891 in crit.ids
    assert any(rule.trigger == "lost" and set(rule.next_value) == {0} for rule in tracker.rules)


def test_schema_of_the_fire_mage(model):
    schema = build_schema(model, actions_of(model))
    names = {field.name for field in schema.fields}
    assert {"mana", "cast.spell", "cooldown.combustion", "buff.hot_streak.end", "debuff.living_bomb_burn.end", "tick.ignite"} <= names
    assert {"missile.fireball", "cast_at.mirror_image", "counter.hot_streak_counter", "uses.mana_gem"} <= names
    assert "buff.hot_streak_counter.end" not in names, "the client does not show it"
    assert schema.payload_bytes <= 80
    assert schema == build_schema(model, actions_of(model))
    assert schema.full_hash == build_schema(model, actions_of(model)).full_hash
