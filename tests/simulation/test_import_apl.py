"""Importing priority lists: the real ones whole, damaged and foreign ones refused with every place named."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portunus.dsl import load_model
from portunus.dsl.model import Model
from portunus.errors import PortunusError
from portunus.resources import find_spec
from portunus.sim.apl_constants import constant, time_text
from portunus.sim.import_apl import find_list, import_file, import_list, rotation_name

GOLDEN = Path(__file__).parent.parent / "golden" / "mage_fire"
FILES = sorted(GOLDEN.glob("[0-9]*.json"))
FIREBALL = {"castSpell": {"spellId": {"spellId": 42833}}}


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(find_spec("wotlk/mage_fire.spec"))


def one(condition: Any, **action: Any) -> dict[str, Any]:
    """A list with one conditional Fireball (or another action)."""
    return {"priorityList": [{"action": {"condition": condition, **(action or FIREBALL)}}]}


def text_of(condition: Any, model: Model) -> str:
    """The condition of a list with one Fireball, as the language says it."""
    return import_list(one(condition), model).lines[0].removeprefix("fireball").removeprefix(" if ")


def complaint(document: dict[str, Any], model: Model) -> str:
    with pytest.raises(PortunusError) as caught:
        import_list(document, model)
    assert caught.value.exit_code == 2
    return caught.value.message


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_reference_list_is_imported_whole(path: Path, model: Model) -> None:
    source = json.loads(path.read_text())["scenario"]["apl"]
    imported = import_file(path, model)
    assert imported.ignored == ()
    assert imported.notes == ()
    rotation = imported.rotation(model)
    assert len(rotation.lines) == len(source["priorityList"])
    assert len(rotation.prepull) == len(source.get("prepullActions", []))
    spells = {s.name: s.id for s in model.spells}
    for line, entry in zip(rotation.lines, source["priorityList"], strict=True):
        action = entry["action"]
        assert (line.condition is None) == ("condition" not in action)
        if line.kind == "cooldowns":
            assert "autocastOtherCooldowns" in action
        else:
            assert spells[line.spell] == action["castSpell" if line.kind == "cast" else "multidot"]["spellId"]["spellId"]


def test_the_full_reference_list_is_the_default_rotation(model: Model) -> None:
    """The shipped list and the reference's are the same list, line by line."""
    imported = import_file(GOLDEN / "23_full_cd_prepull_image_1t_300s.json", model).rotation(model)
    default = model.rotation("default")
    assert imported.prepull == default.prepull
    assert imported.lines == default.lines


def test_hidden_entries_and_consumables_are_told(model: Model) -> None:
    document = {
        "type": "TypeAPL",
        "prepullActions": [
            {"action": {"castSpell": {"spellId": {"spellId": 55342}}}, "doAtValue": {"const": {"val": "-2s"}}},
            {"action": {"castSpell": {"spellId": {"otherId": "OtherActionPotion"}}}, "doAtValue": {"const": {"val": "-1s"}}},
            {"action": {"castSpell": {"spellId": {"spellId": 55342}}}},
        ],
        "priorityList": [
            {"hide": True, "action": {"nonsense": {}}},
            {"action": {"condition": {"const": {"val": "false"}}, **FIREBALL}},
            {"notes": "the rest", "action": {"condition": {"const": {"val": "true"}}, **FIREBALL}},
        ],
    }
    imported = import_list(document, model, name="mine")
    assert imported.text == "rotation mine {\n  prepull -2s mirror_image\n  fireball\n}\n"
    assert [place for place, _ in imported.ignored] == ["prepullActions[1]", "prepullActions[2]", "priorityList[0]", "priorityList[1]"]
    assert "consumables" in imported.ignored[0][1]
    assert "hidden" in imported.ignored[2][1]


def cmp(op: str, left: Any, right: Any) -> dict[str, Any]:
    return {"cmp": {"op": op, "lhs": left, "rhs": right}}


def const(text: str) -> dict[str, Any]:
    return {"const": {"val": text}}


REMAINING: dict[str, Any] = {"remainingTime": {}}
STREAK = {"auraIsActive": {"auraId": {"spellId": 44448}}}
STREAK_LEFT = {"auraRemainingTime": {"auraId": {"spellId": 44448}}}


CONDITIONS = [
    (cmp("OpGt", REMAINING, const("12s")), "fight.remains > 12s"),
    (cmp("OpLe", REMAINING, const("12")), "fight.remains <= 12s"),
    (cmp("OpLt", REMAINING, const("1m30.5s")), "fight.remains < 90.5s"),
    (cmp("OpGe", {"currentTime": {}}, const("50ms")), "fight.time >= 50ms"),
    (cmp("OpLt", {"currentManaPercent": {}}, const("10%")), "mana / max_mana < 10%"),
    (cmp("OpLt", {"currentManaPercent": {}}, const("0.25")), "mana / max_mana < 0.25"),
    (cmp("OpGe", {"currentMana": {}}, const("720")), "mana >= 720"),
    (cmp("OpEq", {"numberTargets": {}}, const("3")), "enemies == 3"),
    (cmp("OpLe", {"remainingTimePercent": {}}, const("20%")), "fight.remains / (fight.time + fight.remains) <= 20%"),
    ({"isExecutePhase": {"threshold": "E35"}}, "target.health <= 35%"),
    ({"not": {"val": {"isExecutePhase": {"threshold": "E20"}}}}, "not (target.health <= 20%)"),
    (STREAK, "buff.hot_streak.up"),
    ({"not": {"val": STREAK}}, "buff.hot_streak.down"),
    ({"auraIsActiveWithReactionTime": {"auraId": {"spellId": 44448}, "sourceUnit": {"type": "Self"}}}, "buff.hot_streak.up"),
    ({"auraIsActive": {"auraId": {"spellId": 12873}, "sourceUnit": {"type": "CurrentTarget"}}}, "debuff.improved_scorch.up"),
    ({"auraIsActive": {"auraId": {"spellId": 44448, "tag": 1}}}, "buff.hot_streak_counter.up"),
    ({"auraShouldRefresh": {"auraId": {"spellId": 12873}, "maxOverlap": const("4s")}}, "debuff.improved_scorch.remains <= 4s"),
    ({"auraShouldRefresh": {"auraId": {"spellId": 12873}}}, "debuff.improved_scorch.remains <= 0s"),
    ({"auraShouldRefresh": {"auraId": {"spellId": 12873}, "maxOverlap": const("-1s")}},
     "debuff.improved_scorch.down or debuff.improved_scorch.remains <= -1s"),
    (cmp("OpLt", STREAK_LEFT, const("3s")), "buff.hot_streak.remains < 3s"),
    (cmp("OpGt", STREAK_LEFT, const("0")), "buff.hot_streak.remains > 0s"),
    (cmp("OpLt", STREAK_LEFT, const("0s")), "choose(buff.hot_streak.up, buff.hot_streak.remains, -fight.time) < 0s"),
    (cmp("OpLt", STREAK_LEFT, REMAINING), "choose(buff.hot_streak.up, buff.hot_streak.remains, -fight.time) < fight.remains"),
    (cmp("OpGe", {"auraNumStacks": {"auraId": {"spellId": 11129}}}, const("2")), "buff.combustion_power.stacks >= 2"),
    ({"auraNumStacks": {"auraId": {"spellId": 11129}}}, "buff.combustion_power.stacks != 0"),
    ({"dotIsActive": {"spellId": {"spellId": 55360}}}, "dot.living_bomb_burn.up"),
    ({"dotIsActive": {"spellId": {"spellId": 42891}, "targetUnit": {"type": "Target"}}}, "dot.pyroblast_burn.up"),
    (cmp("OpLe", {"dotRemainingTime": {"spellId": {"spellId": 55360}}}, const("1s")), "dot.living_bomb_burn.remains <= 1s"),
    ({"spellIsReady": {"spellId": {"spellId": 11129}}}, "cooldown.combustion.ready"),
    ({"spellIsReady": {"spellId": {"spellId": 42833}}}, ""),
    (cmp("OpLe", {"spellTimeToReady": {"spellId": {"itemId": 33312}}}, const("5s")), "cooldown.mana_gem.remains <= 5s"),
    (cmp("OpLe", REMAINING, {"spellCastTime": {"spellId": {"spellId": 42859}}}), "fight.remains <= scorch.cast_time"),
    (cmp("OpLe", REMAINING, {"spellCastTime": {"spellId": {"spellId": 42873}}}), "fight.remains <= 0s"),
    ({"and": {"vals": [STREAK]}}, "buff.hot_streak.up"),
    ({"and": {"vals": [STREAK, {"or": {"vals": [cmp("OpGt", REMAINING, const("9s")), {"isExecutePhase": {"threshold": "E25"}}]}}]}},
     "buff.hot_streak.up and (fight.remains > 9s or target.health <= 25%)"),
    ({"or": {"vals": [{"and": {"vals": [STREAK, {"not": {"val": STREAK}}]}}, STREAK]}},
     "buff.hot_streak.up and buff.hot_streak.down or buff.hot_streak.up"),
    ({"and": {"vals": [const("true"), STREAK, {}]}}, "buff.hot_streak.up"),
    ({"or": {"vals": [const("0"), STREAK]}}, ""),  # any constant text but an empty one counts as yes
    ({}, ""),
    (cmp("OpEq", STREAK, const("false")), "buff.hot_streak.down"),
    (cmp("OpNe", STREAK, {"isExecutePhase": {"threshold": "E35"}}),
     "buff.hot_streak.up and not (target.health <= 35%) or buff.hot_streak.down and target.health <= 35%"),
    (cmp("OpGt", REMAINING, {"math": {"op": "OpAdd", "lhs": {"spellCastTime": {"spellId": {"spellId": 42833}}}, "rhs": const("2")}}),
     "fight.remains > fireball.cast_time + 2s"),
    (cmp("OpGt", REMAINING, {"math": {"op": "OpMul", "lhs": {"spellCastTime": {"spellId": {"spellId": 42833}}}, "rhs": const("2")}}),
     "fight.remains > fireball.cast_time * 2"),
    (cmp("OpGt", REMAINING, {"math": {"op": "OpDiv", "lhs": const("7"), "rhs": const("2")}}), "fight.remains > 3s"),
    (cmp("OpGt", REMAINING, {"math": {"op": "OpDiv", "lhs": const("-7"), "rhs": const("2")}}), "fight.remains > -3s"),
    (cmp("OpGt", {"numberTargets": {}}, {"math": {"op": "OpDiv", "lhs": const("7"), "rhs": const("2")}}), "enemies > 3"),
    (cmp("OpGt", {"currentMana": {}}, {"math": {"op": "OpMul", "lhs": const("0.5"), "rhs": const("3.0")}}), "mana > 1.5"),
    (cmp("OpGt", {"max": {"vals": [REMAINING, const("3"), {"currentTime": {}}]}}, const("5s")), "max(max(fight.remains, 3s), fight.time) > 5s"),
    (cmp("OpLt", {"numberTargets": {}}, REMAINING), "enemies * 1s < fight.remains"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_conditions(condition: Any, expected: str, model: Model) -> None:
    assert text_of(condition, model) == expected


def test_the_language_understands_every_imported_condition(model: Model) -> None:
    document = {"priorityList": [{"action": {"condition": condition, **FIREBALL}} for condition, _ in CONDITIONS]}
    rotation = import_list(document, model).rotation(model)
    assert len(rotation.lines) == len(CONDITIONS)
    for line, (_, expected) in zip(rotation.lines, CONDITIONS, strict=True):
        assert (line.condition is None) == (expected == "")


def test_a_cut_factor_is_noted(model: Model) -> None:
    document = one(cmp("OpGt", {"math": {"op": "OpMul", "lhs": REMAINING, "rhs": const("50%")}}, const("3s")))
    imported = import_list(document, model)
    assert imported.lines == ("fireball if fight.remains * 0 > 3s",)
    assert imported.notes == (("priorityList[0].condition.cmp.lhs.math", "the source cuts the factor 50% of a time to 0"),)


def test_sequences_pauses_and_channels() -> None:
    shadow = load_model(find_spec("wotlk/priest_shadow.spec"))
    casts = [{"castSpell": {"spellId": {"spellId": number}}} for number in (14751, 48127)]
    flay = {"spellId": {"spellId": 48156}}
    document = {"priorityList": [
        {"action": {"strictSequence": {"actions": casts}}}, {"action": {"sequence": {"name": "opener", "actions": casts}, "condition": {"gcdIsReady": {}}}},
        {"action": {"wait": {"duration": {"gcdTimeToReady": {}}}, "condition": {"spellIsChanneling": flay}}},
        {"action": {"channelSpell": {**flay, "interruptIf": cmp("OpLe", {"gcdTimeToReady": {}}, {"channelClipDelay": {}})}}},
        {"action": {"channelSpell": {**flay, "interruptIf": const("true")}}},
    ]}  # fmt: skip
    imported = import_list(document, shadow)
    assert imported.lines == (
        "strict_sequence inner_focus, mind_blast", "sequence inner_focus, mind_blast if gcd.remains == 0s", "wait gcd.remains if mind_flay.channelling",
        "channel mind_flay interrupt_if gcd.remains <= channel.clip_delay", "channel mind_flay",
    )  # fmt: skip
    assert [line.kind for line in imported.rotation(shadow).lines] == ["strict", "sequence", "wait", "channel", "channel"]



def test_multidot_with_overlap_and_channels(model: Model) -> None:
    multidot = {"spellId": {"spellId": 55360}, "maxDots": 3, "maxOverlap": const("1500ms")}
    document = {"priorityList": [{"action": {"multidot": multidot}},
                                 {"action": {"channelSpell": {"spellId": {"spellId": 12051}, "interruptIf": const("false")}}}]}
    imported = import_list(document, model)
    assert imported.lines == ("multidot living_bomb up_to 3 overlap 1.5s", "evocation")
    rotation = imported.rotation(model)
    assert rotation.lines[0].aura == "living_bomb_burn"
    assert rotation.lines[0].max_targets == 3
    assert rotation.lines[0].overlap is not None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (one({"spellCanCast": {}}), "priorityList[0].condition.spellCanCast: `spellCanCast` has no counterpart"),
        (one({"remainngTime": {}}), "`remainngTime` is not a known condition or value (did you mean `remainingTime`?)"),
        (one({"and": {"vals": [STREAK, {"spellCanCast": {}}]}}), "priorityList[0].condition.and.vals[1].spellCanCast: "),
        (one(STREAK, castSpell={"spellId": {"spellId": 99999}}), "priorityList[0].castSpell.spellId: spell 99999 is not part of Fire Mage"),
        (one(STREAK, castSpell={"spellId": {"spellId": 55362}}), "Living Bomb explosion (55362) happens by itself"),
        (one(STREAK, castSpell={"spellId": {"otherId": "OtherActionPotion"}}), "no entry is left that does anything"),
        (one(STREAK, castSpell={"spellId": {"spellId": 42833}, "target": {"type": "Target", "index": 1}}), "priorityList[0].castSpell.target: "),
        (one(STREAK, castSpel={}), "the action `castSpel` is not a known action (did you mean `castSpell`?)"),
        (one(STREAK, schedule={}), "priorityList[0].schedule: the action `schedule` has no counterpart"),
        (one(STREAK, multidot={"spellId": {"spellId": 42833}, "maxDots": 2}), "Fireball has no effect that is kept up on each enemy"),
        (one(STREAK, multidot={"spellId": {"spellId": 55360}}), "priorityList[0].multidot.maxDots: "),
        (one(STREAK, channelSpell={"spellId": {"spellId": 12051}, "interruptIf": STREAK}), "no channel that can be stopped"),
        (one(STREAK, sequence={"actions": [{"wait": {}}]}), "priorityList[0].sequence.actions[0]: in a sequence only plain casts"),
        (one(STREAK, **FIREBALL, multidot={}), "one action is expected here, these are 2"),
        (one({**STREAK, "const": {"val": "1"}}), "a value is expected here, this is not an object with one element"),
        (one(cmp("OpMore", REMAINING, REMAINING)), "priorityList[0].condition.cmp.op: one of OpEq, "),
        (one({"cmp": {"op": "OpLt", "lhs": REMAINING}}), "priorityList[0].condition.cmp.rhs: a value is expected here, this is no element"),
        (one(cmp("OpLt", STREAK, const("true"))), "yes and no cannot be compared with `<`"),
        (one(cmp("OpLt", REMAINING, const("soon"))), "a time cannot be used as a text"),
        (one(cmp("OpLt", REMAINING, const("99999999999h"))), "outside the range"),
        (one(cmp("OpLt", {"numberTargets": {}}, const("3000000000"))), "outside the range"),
        (one({"math": {"op": "OpDiv", "lhs": {"numberTargets": {}}, "rhs": const("2")}}), "drops the remainder"),
        (one({"math": {"op": "OpDiv", "lhs": REMAINING, "rhs": REMAINING}}), "`/` of a time and a time has no clear meaning"),
        (one({"math": {"op": "OpDiv", "lhs": const("3"), "rhs": {"math": {"op": "OpSub", "lhs": const("1"), "rhs": const("1")}}}}), "divides by zero"),
        (one({"math": {"op": "OpAdd", "lhs": STREAK, "rhs": const("1")}}), "needs numbers or times"),
        (one({"auraRemainingTime": {"auraId": {"spellId": 11129}}}), "lasts until it is removed"),
        (one({"auraNumStacks": {"auraId": {"spellId": 44448}}}), "Hot Streak does not stack"),
        (one({"auraIsActive": {"auraId": {"spellId": 12873}}}), "aura 12873 on the player is not part of Fire Mage"),
        (one({"auraIsActive": {"auraId": {"spellId": 44448}, "sourceUnit": {"type": "Pet"}}}), "the unit 'Pet' 0 cannot be named"),
        (one({"auraIsActive": {"auraId": {"spellId": 44448}, "extra": 1}}), "the field `extra` is not known here"),
        (one({"auraIsActive": {"auraId": {"spellId": "44448"}}}), "a spell or item id is expected here"),
        (one({"dotIsActive": {"spellId": {"spellId": 42833}}}), "spell 42833 has no effect over time"),
        (one({"const": {"val": 4}}), "a constant is written as text"),
        (one([]), "a value is expected here"),
        ({"priorityList": []}, "no entry is left that does anything"),
        ({"prepullActions": [{"action": FIREBALL, "doAtValue": const("-1s")}], "priorityList": [{"hide": True}]}, "no entry is left that does anything"),
        ({"priorityList": {}}, "priorityList: a list is expected here"),
        ({"priorityList": [{}]}, "priorityList[0].action: there is no action here"),
        ({"priorityList": [3]}, "priorityList[0]: an object is expected here"),
        ({"type": "TypeSimple", "priorityList": []}, "type: 'TypeSimple' is no priority list"),
        ({"priorityList": [{"action": FIREBALL}], "x": 1}, "list.x: the field `x` is not known here"),
        ({"prepullActions": [{"action": FIREBALL, "doAtValue": const("1s")}]}, "1s is not within 600s before the pull"),
        ({"prepullActions": [{"action": FIREBALL, "doAtValue": {"currentTime": {}}}]}, "must be a constant"),
        ({"prepullActions": [{"action": {"autocastOtherCooldowns": {}}, "doAtValue": const("-1s")}]}, "only spells can be cast before the pull"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_named_with_its_place(document: dict[str, Any], expected: str, model: Model) -> None:
    assert expected in complaint(document, model)


def test_all_problems_are_told_at_once(model: Model) -> None:
    document = {"priorityList": [{"action": {"schedule": {}}}, {"action": FIREBALL}, {"action": {"castSpell": {"spellId": {"spellId": 1}}, "condition": {"x": {}}}}]}
    message = complaint(document, model)
    assert "3 places" in message
    assert [line.split(":")[0].strip() for line in message.splitlines()[1:]] == ["priorityList[0].schedule", "priorityList[2].condition.x",
                                                                                  "priorityList[2].castSpell.spellId"]


def test_a_bad_name_is_refused(model: Model) -> None:
    with pytest.raises(PortunusError, match="cannot be the name"):
        import_list(one(STREAK), model, name="Fire!")
    assert rotation_name("20_full nocd.v2") == "list_20_full_nocd_v2"
    assert rotation_name("fire.apl") == "fire"


def test_where_a_list_may_lie() -> None:
    body = {"priorityList": []}
    for document in (body, {"scenario": {"apl": body}}, {"player": {"rotation": body}}, {"rotation": body}):
        assert find_list(document, where="it") is body
    for document in ([], 3, {"player": []}, {}):
        with pytest.raises(PortunusError, match="no priority list in it"):
            find_list(document, where="it")


@pytest.mark.parametrize(
    ("literal", "kind", "value"),
    [("4s", "time", 4 * 10**9), ("-1h2m3.5s", "time", -3723_500_000_000), (".5s", "time", 5 * 10**8), ("1ns", "time", 1), ("0", "time", 0),
     ("12", "int", 12), ("-3", "int", -3), ("10%", "float", 0.1), ("0.5", "float", 0.5), ("1e3", "float", 1000.0), ("True", "bool", True),
     ("FALSE", "bool", False), ("", "text", ""), ("4 s", "text", "4 s"), ("nan", "text", "nan"), ("inf", "text", "inf")],
)  # fmt: skip
def test_constants_as_the_source_reads_them(literal: str, kind: str, value: Any) -> None:
    read = constant(literal)
    assert read is not None
    assert (read.kind, read.known) == (kind, value)


@given(st.integers(-(2**62) + 1, 2**62 - 1))
def test_times_survive_the_way_through_text(nanoseconds: int) -> None:
    read = constant(time_text(nanoseconds))
    assert read is not None
    assert (read.kind, read.known) == ("time", nanoseconds)


def test_mutated_lists_give_a_list_or_a_message(model: Model) -> None:
    """Real lists with one spot replaced: nothing but a rotation the language accepts, or a user's error."""
    generator = random.Random(5)
    full = json.loads((GOLDEN / "23_full_cd_prepull_image_1t_300s.json").read_text())["scenario"]["apl"]
    fragments: list[Any] = [None, True, -1, 2.5, "", "4s", "OpLt", [], {}, {"vals": []}, const("x"), REMAINING, STREAK, {"spellId": 42859}]
    accepted = refused = 0
    for _ in range(800):
        document = copy.deepcopy(full)
        node: Any = document
        while True:
            keys = list(node) if isinstance(node, dict) else range(len(node))
            key = generator.choice(list(keys))
            child = node[key]
            if not isinstance(child, (dict, list)) or not child or generator.random() < 0.25:
                if generator.random() < 0.2 and isinstance(node, dict):
                    node[generator.choice(["castSpell", "val", "hide", "Ω"])] = node.pop(key)
                else:
                    node[key] = copy.deepcopy(generator.choice(fragments))
                break
            node = child
        try:
            imported = import_list(document, model)
        except PortunusError as error:
            refused += 1
            assert "\n  " in error.message
        else:
            accepted += 1
            if accepted <= 25:
                imported.rotation(model)
    assert accepted >= 5
    assert refused > 500


def test_what_no_character_has_is_left_out_as_the_source_does(model: Model) -> None:
    """Of a condition the parts about a trinket go, an entry that uses one goes whole, and each is told."""
    trinket = {"auraIsActive": {"auraId": {"spellId": 71636}}}
    imported = import_list({"priorityList": [
        {"action": {"condition": {"and": {"vals": [trinket, STREAK]}}, **FIREBALL}},
        {"action": {"condition": {"or": {"vals": [{"not": {"val": trinket}}]}}, **FIREBALL}},
        {"action": {"castSpell": {"spellId": {"itemId": 50348}}}},
        {"action": {"sequence": {"name": "burst", "actions": [{"castSpell": {"spellId": {"spellId": 33697}}}, FIREBALL]}}},
        {"action": {"sequence": {"name": "gone", "actions": [{"castSpell": {"spellId": {"spellId": 33697}}}]}}},
        {"action": {"resetSequence": {"sequenceName": "gone"}}},
    ], "prepullActions": [{"action": {"triggerIcd": {"auraId": {"spellId": 71636}}}, "doAtValue": const("-50s")}]}, model)  # fmt: skip
    assert imported.lines == ("fireball if buff.hot_streak.up", "fireball", "sequence fireball")
    assert [place for place, _ in imported.ignored] == [
        "prepullActions[0]", "priorityList[0].condition.and.vals[0]", "priorityList[1].condition", "priorityList[1].condition.or.vals[0]", "priorityList[2]",
        "priorityList[3].sequence.actions[0]", "priorityList[4].sequence.actions[0]", "priorityList[4]", "priorityList[5].resetSequence",
    ]  # fmt: skip
    with pytest.raises(PortunusError, match="resetSequence` has no counterpart"):
        import_list({"priorityList": [{"action": {"sequence": {"name": "burst", "actions": [FIREBALL]}}}, {"action": {"resetSequence": {"sequenceName": "burst"}}}]}, model)


def test_a_line_speaks_of_one_enemy(model: Model) -> None:
    third = {"type": "Target", "index": 2}
    bomb = {"castSpell": {"spellId": {"spellId": 55360}, "target": third}}
    burning = {"dotIsActive": {"spellId": {"spellId": 55360}, "targetUnit": third}}
    imported = import_list(one({"not": {"val": burning}}, **bomb), model)
    assert imported.lines == ("living_bomb at 3 if dot.living_bomb_burn.down",)
    (line,) = imported.rotation(model).lines
    assert line.enemy == 2
    assert "speaks of the enemies 1, 3; a line of the language speaks of one" in complaint(one(burning), model)
    assert "the unit 'Target' 9" in complaint(one(STREAK, castSpell={**bomb["castSpell"], "target": {"type": "Target", "index": 9}}), model)
    assert "only a spell that is cast or channelled" in complaint(one(burning, multidot={"spellId": {"spellId": 55360}, "maxDots": 2}), model)
