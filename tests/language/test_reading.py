"""What a spec is read back as: the difference of two specs, its lines in English, its numbers for a character."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from golden import SAMPLE

from portunus.dsl import format_text, load_model
from portunus.dsl.difference import differences
from portunus.dsl.english import English
from portunus.dsl.load import examine
from portunus.dsl.model import OPERATIONS, OUTCOMES, Expr, Model, Span
from portunus.dsl.names import OUTCOME_WORDS
from portunus.dsl.show import show_line
from portunus.resources import data_folder, find_spec

SPECS = sorted(path for path in data_folder("specs").rglob("*.spec") if "rotation default" in path.read_text(encoding="utf-8"))
# A change of the sample, and what must be said of it.
CHANGES = [
    ("behaviour 1", "behaviour 2", "behaviour: 1 -> 2"),
    ('"Fire Mage"', '"Mage of Fire"', "label: Fire Mage -> Mage of Fire"),
    ("cast 3.5s - 0.1s", "cast 3s - 0.1s", "spell fireball|cast: 3.5s - .* -> 3s - "),
    ("cost 19% * base_mana", "cost 20% * base_mana", "spell fireball|cost: 0.19 \\* base_mana -> 0.2 \\* base_mana"),
    ("damage 925..1095", "damage 925..1096", "spell fire_blast|on cast|- damage 925..1095|\\+ damage 925..1096"),
    ("cooldown 8s - 1s", "cooldown 9s - 1s", "spell fire_blast|cooldown: 8s - .* -> 9s - "),
    ("gcd none   cooldown 180s", "gcd none   cooldown 2min", "spell berserking|cooldown: 3min -> 2min"),
    ("cooldown 120s manual", "cooldown 120s", "spell combustion|cooldown starts: manual -> cast"),
    ("uses 6", "uses 5", "spell mana_gem|uses: 6 -> 5"),
    ("autocast priority 3000", "autocast priority 30", "spell mirror_image|autocast: 3000"),
    ("for 30s", "for 25s", "summon mirror_images for 25s"),
    ("id 12536   duration 15s", "id 12536   duration 16s", "aura clearcasting|duration: 15s -> 16s"),
    ("modify cost by 0 for", "modify cost by 0.5 for", "modifiers|- while clearcasting: cost \\* 0 for|\\+ while clearcasting: cost \\* 0.5 for"),
    ("stacks 20", "stacks 10", "aura combustion_power|max stacks: 20 -> 10"),
    ("modify cast_speed by 1.2", "modify cast_speed by 1.3", "while berserking_haste: cast_speed \\* 1.3"),
    ("ticks 2   every 2s", "ticks 3   every 2s", "aura ignite|ticks: 2 -> 3"),
    ("ticks 2   every 2s", "ticks 2   every 2500ms", "aura ignite|every: 2s -> 2.5s"),
    ("refresh reset", "refresh clip", "aura ignite|refresh: reset -> clip"),
    ("    ignore_modifiers\n", "", "aura ignite|attack ignore modifiers: yes -> no"),
    ("tick_damage 345 +", "tick_damage 346 +", "aura living_bomb_burn|tick amount: 345 .* -> 346 "),
    ("tick_crits if glyph.living_bomb >= 1", "tick_crits if glyph.living_bomb >= 2", "aura living_bomb_burn|tick crits: .*>= 1 -> .*>= 2"),
    ("1h   hidden", "1h", "aura hot_streak_counter|hidden: yes -> no"),
    ("chance talent.hot_streak / 3", "chance talent.hot_streak / 4", "handlers|- .*chance talent.hot_streak / 3|\\+ .*chance talent.hot_streak / 4"),
    ("if buff.combustion_power.crits >= 3", "if buff.combustion_power.crits > 3", "handlers|\\+ .*combustion_power.crits > 3"),
    ("crit_chance 8% - ", "crit_chance 9% - ", "pet mirror_images|crit chance: 0.08 - .* -> 0.09 - "),
    ("prepull -2s", "prepull -3s", "rotation default|prepull: -2s mirror_image -> -3s mirror_image"),
    ("remains <= 4s\n    pyroblast", "remains <= 5s\n    pyroblast", "rotation default|- scorch if improved_scorch.remains <= 4s|\\+ scorch if improved_scorch.remains <= 5s"),
    ("    cooldowns\n", "", "rotation default|- cooldowns"),
    ("mana >= 0 and", "mana >= 1 and", "properties|- mana stays in range: mana >= 0|\\+ mana stays in range: mana >= 1"),
    ('  switch dot_twin "a', '  switch other "b"\n  switch dot_twin "a', "switches: "),
    ("33% * owner.spell_power", "34% * owner.spell_power", "stat mirror_images.spell_power|formula: 0.33 .* -> 0.34 "),
    ("missile 24yd/s\n    instant_if", "missile 25yd/s\n    instant_if", "spell pyroblast|missile: 24yd/s -> 25yd/s"),
]


def model(text: str) -> Model:
    found = examine(SAMPLE, text=text)
    assert found.model is not None, [item.render() for item in found.diagnostics]
    return found.model


@pytest.mark.parametrize(("old", "new", "said"), CHANGES, ids=[new.strip()[:24] for _, new, _ in CHANGES])
def test_each_change_is_named(old: str, new: str, said: str) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    lines = differences(model(text), model(text.replace(old, new, 1)))
    found = "\n".join(lines)
    for part in said.split("|"):
        assert re.search(part, found), found
    assert len(lines) <= 8, "more is said than was changed"


def test_there_are_enough_changes() -> None:
    assert len(CHANGES) >= 30


def test_layout_and_comments_are_no_difference() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    other = format_text(text.replace("cooldown 120s", "cooldown 2min").replace("\n  spell", "\n  # more\n\n\n  spell").replace("   ", " "))
    assert other != text and differences(model(text), model(other)) == []


def test_things_that_come_and_go() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    other = text.replace('aura hot_streak "Hot Streak"', 'aura calm "Calm" { id 9   duration 5s }\n  on cast of scorch { apply calm }\n  aura hot_streak "Hot Streak"')
    forth, back = differences(model(text), model(other)), differences(model(other), model(text))
    assert forth[:4] == ["aura calm: added", "  label Calm", "  id 9", "  duration 5s"] and "aura calm: removed" in back


def test_diff_as_a_command(tmp_path: Path) -> None:
    other = tmp_path / "specs"
    other.mkdir()
    for path in SAMPLE.parent.glob("*.spec"):
        (other / path.name).write_text(path.read_text(encoding="utf-8").replace("cooldown 180s   autocast\n", "cooldown 3s   autocast\n"), encoding="utf-8")
    command = [sys.executable, "-m", "portunus", "diff", str(SAMPLE)]
    assert subprocess.run([*command, str(other / SAMPLE.name)], capture_output=True, text=True, check=True).stdout == "spell berserking\n  cooldown: 3min -> 3s\n"
    assert subprocess.run([*command, str(SAMPLE)], capture_output=True, text=True, check=True).stdout == "no difference in meaning\n"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_each_line_has_its_own_sentence(path: Path) -> None:
    spec = load_model(path)
    english = English(spec)
    said: dict[str, str] = {}
    for rotation in spec.rotations:
        for line in rotation.lines:
            sentence = english.sentence(line)
            assert sentence.endswith(".") and sentence[0].isupper() and "_" not in re.sub(r"`[^`]*`|\([a-z0-9_]+\)", "", sentence)
            assert said.setdefault(sentence, show_line(line)) == show_line(line)


def test_every_operation_has_words_of_its_own() -> None:
    english = English(load_model(find_spec("wotlk/deathknight_frost.spec")))
    place = Span("", 1, 1)
    leaf = [Expr("enemies", (), "number", place), Expr("number", (2.0,), "number", place), Expr("number", (3.0,), "number", place)]
    said = {}
    for op, (kinds, _) in OPERATIONS.items():
        expressions = iter(leaf)
        number = next(OUTCOMES[name] for name in OUTCOME_WORDS.values()) if op == "event_outcome" else 1
        arguments = [next(expressions) if kind[0] == "e" else number if kind == "n" else "fire" for kind in kinds]
        said[op] = english.phrase(Expr(op, tuple(arguments), "number", place))
    assert len(set(said.values())) == len(said)


def test_the_words_bind_as_the_signs_do() -> None:
    english = English(model(SAMPLE.read_text(encoding="utf-8")))

    def read(condition: str) -> str:
        text = SAMPLE.read_text(encoding="utf-8").replace("pyroblast   if buff.hot_streak.up", f"pyroblast if {condition}")
        return next(english.sentence(line) for line in model(text).rotations[0].lines if line.spell == "pyroblast" and line.kind == "cast")

    assert read("enemies > 1 and (buff.hot_streak.up or mana < 5)") == "Cast Pyroblast, if the number of enemies is more than 1 and (Hot Streak is up or Mana is less than 5)."
    assert read("not (buff.hot_streak.up and enemies > 1)") == "Cast Pyroblast, if not (Hot Streak is up and the number of enemies is more than 1)."
    assert read("target.health <= 35%") == "Cast Pyroblast, if the enemy's health is at most 35%."
    assert read("not cooldown.combustion.ready") == "Cast Pyroblast, if Combustion is not off cooldown."
    assert read("mana * (enemies + 1) > 2").startswith("Cast Pyroblast, if Mana times (the number of enemies plus 1) is more than 2")


def test_explain_shows_sentences_and_numbers() -> None:
    done = subprocess.run([sys.executable, "-m", "portunus", "explain", "specs/wotlk/mage_fire.spec"], capture_output=True, text=True, check=True)
    assert "Cast Pyroblast, if Hot Streak is up." in done.stdout
    assert re.search(r"fireball: crit chance 0.09, .*cast 2.85s, cost 620.92, missile 24 yd/s", done.stdout)
    assert "mana: base 3268, maximum 21543, every 2s" in done.stdout
