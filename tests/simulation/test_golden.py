"""Reading reference results: the real files, and damaged ones."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from portunus.errors import PortunusError
from portunus.sim.golden import find_references, profile_table, read_exact, read_golden, spec_of, vocabularies
from portunus.sim.prepared import exact_beside, prepare

FOLDER = Path(__file__).parent.parent / "golden" / "mage_fire"
FULL = FOLDER / "24_full_cd_3t_300s.json"


def changed(tmp_path: Path, **scenario: Any) -> Path:
    """The full scenario with fields of it replaced (None removes one)."""
    document = json.loads(FULL.read_text())
    for key, value in scenario.items():
        document["scenario"][key] = value
        if value is None:
            del document["scenario"][key]
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(document))
    return path


def test_all_reference_files_are_read_as_they_are() -> None:
    paths = find_references((str(FOLDER),))
    exact = read_exact(exact_beside(paths[0]))
    assert len(paths) == 25
    assert set(exact) == {p.name for p in paths}
    for path in paths:
        golden = read_golden(path)
        document = json.loads(path.read_text())
        assert golden.scenario.name == path.stem
        assert golden.dps == document["dps"]["mean"]
        assert len(golden.actions) == len(document["actions"]) + sum(len(p["actions"]) for p in document["pets"])
        assert sum(a.damage for a in golden.actions) / golden.scenario.duration == pytest.approx(golden.dps, rel=1e-6)
        assert len(exact[path.name]) == 20
        assert golden.scenario.execute == tuple(document["scenario"]["execute"])
        assert spec_of(golden.scenario)[0].name == "mage_fire.spec"


def test_scenarios_become_profiles_and_encounters() -> None:
    (scenario,) = prepare([FULL], find_exact=True)
    assert scenario.profile.race == "troll"
    assert scenario.profile.glyphs == {"fireball", "molten_armor", "living_bomb"}
    assert scenario.profile.stats["spell_haste"] == 600
    assert scenario.profile.talents["burnout"] == 5
    assert (scenario.encounter.duration_ns, scenario.encounter.enemies, scenario.encounter.level) == (300 * 10**9, 3, 83)
    assert scenario.encounter.execute == (0.2, 0.25, 0.35)
    assert scenario.exact is not None
    assert len(scenario.exact) == 20
    assert scenario.rotation.lines[0].kind == "cooldowns"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"reaction_ms": 100}, "`reaction_ms` is 100, which this simulator does not have"),
        ({"in_front": "yes"}, "`in_front` should be true or false"),
        ({"raid_buffs": {"moonkinAura": True}}, "raid_buffs: 'moonkinAura' has no counterpart"),
        ({"phase_of_moon": 3}, "the fields phase_of_moon are not known"),
        ({"duration": 0}, "`duration` should be a number above 0; it is 0"),
        ({"duration": "300"}, "`duration` should be a number"),
        ({"seed": None}, "`seed` should be a whole number, at least 0; it is missing"),
        ({"execute": [0.2, 0.25]}, "`execute` should be three shares"),
        ({"talents": 23}, "`talents` should be a text"),
        ({"player_class": "ClassBard"}, "no spec is known for the scenario 24_full_cd_3t_300s of ClassBard/mage"),
        ({"race": "RaceTrol"}, "race: 'RaceTrol' has no counterpart"),
        ({"glyphs": {"major1": 1}}, "glyphs: 1 has no counterpart"),
        ({"bonus_stats": {"Charm": 1}}, "bonus_stats: 'Charm' has no counterpart"),
        ({"spec_options": {"armor": "MageArmor"}}, "armor: 'MageArmor' has no counterpart"),
        ({"spec_options": {"hat": "red"}}, "the option 'hat' is not known"),
        ({"talents": "9"}, "rank 9 of talent"),
        ({"apl": {"type": "TypeAPL", "priorityList": [{"action": {"schedule": {}}}]}}, "priorityList[0].schedule: the action `schedule` has no counterpart"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_named(change: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(PortunusError) as caught:
        prepare([changed(tmp_path, **change)])
    assert complaint in caught.value.message
    assert caught.value.exit_code == 2


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(PortunusError, match="there is no file or folder"):
        find_references((str(tmp_path / "none"),))
    with pytest.raises(PortunusError, match="there are no reference files in"):
        find_references((str(tmp_path),))
    with pytest.raises(PortunusError, match=r"there is no exact\.json beside changed\.json"):
        prepare([changed(tmp_path)], find_exact=True)
    (tmp_path / "exact.json").write_text('{"scenarios": {"other.json": [1.0]}}')
    with pytest.raises(PortunusError, match=r"has no fights of changed\.json"):
        prepare([changed(tmp_path)], find_exact=True)


def test_every_option_of_the_vocabulary_exists_in_its_spec() -> None:
    from portunus.dsl import load_model
    from portunus.sim.profile import bonus_names

    for words in vocabularies():
        for entry in words.scenarios.values():
            for spec in {entry["spec"]} if isinstance(entry["spec"], str) else set(entry["spec"]):
                model = load_model(words.folder / spec)
                known = {name for name, _ in model.options}
                for choices in entry.get("options", {}).values():
                    named = [set(options) for options in choices.values()] if isinstance(choices, dict) else [{choices}]
                    assert all(options <= known for options in named)
                assert set(words.races.values()) == {name for name, _ in model.ruleset.races}
                assert bonus_names(model) <= set(words.stats.values())
    golden = read_golden(FULL)
    assert profile_table(golden.scenario, spec_of(golden.scenario)[1], {42739: "a", 42751: "b", 45737: "c"})["glyphs"] == ["a", "b", "c"]


def test_mutated_files_give_a_result_or_a_message(tmp_path: Path) -> None:
    generator = random.Random(11)
    original = json.loads(FULL.read_text())
    fragments: list[Any] = [None, True, -1, 2.5, "", "x", [], {}, [1], {"id": {}}, 10**20]
    refused = 0
    for _ in range(300):
        document = copy.deepcopy(original)
        node: Any = document
        while True:
            key = generator.choice(list(node) if isinstance(node, dict) else list(range(len(node))))
            child = node[key]
            if not isinstance(child, (dict, list)) or not child or generator.random() < 0.2:
                node[key] = copy.deepcopy(generator.choice(fragments))
                break
            node = child
        path = tmp_path / "mutated.json"
        path.write_text(json.dumps(document))
        try:
            golden = read_golden(path)
            profile_table(golden.scenario, spec_of(golden.scenario)[1], {42739: "a", 42751: "b", 45737: "c"})
        except PortunusError as error:
            refused += 1
            assert error.message
    assert refused > 50
