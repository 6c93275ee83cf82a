"""Situations told by name: defaults, every kind of value, and nonsense."""

from __future__ import annotations

import random

import numpy as np
import pytest

from portunus.barcode.facts import FOREVER, Facts
from portunus.compiler import compile_spec
from portunus.errors import PortunusError
from portunus.runtime.signature import HEADER_FINISHED, HEADER_NOW


@pytest.fixture(scope="module")
def compiled():
    return compile_spec("specs/wotlk/mage_fire.spec")


@pytest.fixture(scope="module")
def facts(compiled) -> Facts:
    return Facts(compiled)


def test_without_facts_it_is_the_moment_of_the_pull(compiled, facts):
    state, likelihood = facts.read({})
    opening = compiled.new_state()
    compiled.reset(opening, compiled.new_rng(0))
    restored, fresh = (words.view(compiled.layout.state_dtype)[0] for words in (state, opening))
    assert likelihood == 1.0 and restored["now"] == 0 and restored["mana"] == fresh["mana"]
    assert not np.any(compiled.legal(opening) > compiled.legal(state)), "everything is ready"


def test_facts_are_in_the_state(compiled, facts):
    state, _ = facts.read({"combat.start": -20, "mana": 9000, "buff.hot_streak.end": 6, "cooldown.combustion": 30, "gcd.end": 0.5}, remains_s=100)
    view = state.view(compiled.layout.state_dtype)[0]
    assert view["now"] == 20_500_000_000 and view["duration"] == 120_000_000_000
    assert view["hot_streak_on"] == 1 and view["cd_combustion"] == 50_000_000_000
    assert 9000 <= view["mana"] < 9300
    casting, _ = facts.read({"combat.start": -20, "cast.spell": "fireball", "cast.end": 1.5})
    assert casting[HEADER_NOW] >= 21_500_000_000
    everlasting, _ = facts.read({"buff.hot_streak.end": FOREVER})
    assert everlasting.view(compiled.layout.state_dtype)[0]["hot_streak_on"] == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"manna": 1}, "there is no fact 'manna'"),
        ({"mana": -1}, "mana is '-1', expected a number of at least 0"),
        ({"mana": True}, "expected a number"),
        ({"mana": "full"}, "expected a number"),
        ({"mana": 10**400}, "expected a number"),
        ({"combat.start": 3}, "at most 0"),
        ({"buff.hot_streak.end": -3}, "at least 0"),
        ({"target.health": 80}, "from 0 to 1"),
        ({"cast.channel": 1}, "true or false"),
        ({"cast.spell": "firebal"}, "there is no spell 'firebal'"),
        ({"cast.spell": 3}, "the name of a spell"),
        ({"mana": [1]}, "expected a number"),
        ({"combat.start": -200, "cast.spell": "fireball", "cast.end": 3}, "over before the next decision"),
    ],
)
def test_nonsense_is_named(facts, given, said):
    with pytest.raises(PortunusError) as caught:
        facts.read(given, remains_s=0.0 if "combat.start" in given and given["combat.start"] < -100 else None)
    assert said in str(caught.value)


def test_any_facts_give_a_decision_or_a_sentence(compiled, facts):
    chance = random.Random(8)
    names = [fact["name"] for fact in facts.described()]
    values = [True, False, 0, 1, 3.5, -2, -900, 4000, 0.4, 1e6, -1e6, None, FOREVER, "fireball", "scorch"]
    read = 0
    for _ in range(300):
        given = {name: chance.choice(values) for name in chance.sample(names, chance.randrange(1, 9))}
        try:
            found = facts.read_all(given)
        except PortunusError:
            continue
        read += 1
        for state, probability in found:
            assert not state[HEADER_FINISHED] and 0 < probability <= 1 and compiled.legal(state).any()
    assert read > 10
