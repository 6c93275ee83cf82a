"""What the shipped fire mage means: the model, read fact by fact."""

from __future__ import annotations

import pytest
from golden import SAMPLE

from portunus.dsl import DiagnosticError, check_file, load_model, parse_rotation
from portunus.dsl.catalogue import SAMPLE as SMALL
from portunus.dsl.model import Apply, Model, Strike
from portunus.dsl.rotations import statements_in
from portunus.dsl.show import show, show_line, show_statements
from portunus.resources import data_folder, find_spec


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(SAMPLE)


def test_shipped_specs_have_no_findings() -> None:
    paths = sorted(data_folder("specs").glob("*/*.spec"))
    assert len(paths) > 10
    for path in paths:
        assert check_file(path) == []


def test_sections(model: Model) -> None:
    assert (model.name, model.label, model.class_name, model.behaviour, model.default_profile) == ("mage_fire", "Fire Mage", "mage", 1, "mage_fire.toml")
    assert [source.rsplit("/", 1)[-1] for source in model.sources] == ["mage_fire.spec", "mage.spec", "ruleset.spec"]
    ruleset = model.ruleset
    assert (ruleset.gcd, ruleset.gcd_floor, ruleset.poll, ruleset.max_enemies, ruleset.area_cap) == (1_500_000_000, 1_000_000_000, 50_000_000, 4, 10)
    assert [name for name, _ in ruleset.switches] == ["idle_grid", "lazy_expiry", "latest_cost", "dot_twin"]
    assert dict(dict(ruleset.races)["troll"]) == {"strength": 1, "agility": 2, "stamina": 0, "intellect": -4, "spirit": 1}
    assert dict(model.class_values)["spell_crit"] == 0.009075
    assert [tree.name for tree in model.talent_trees] == ["arcane", "fire", "frost"]
    assert model.talent_trees[1].talents[3] == ("ignite", 5)
    assert dict(model.glyphs)["living_bomb"] == 45737
    assert model.options == (("molten_armor", 1.0),)


def test_statistics_come_after_what_they_need(model: Model) -> None:
    names = [stat.name for stat in model.stats]
    assert names.index("intellect") < names.index("spell_crit_rating") < names.index("spell_crit")
    assert names[-1] == "mirror_images.spell_power"
    intellect = next(stat for stat in model.stats if stat.name == "intellect")
    assert [show(add) for add in intellect.adds] == ["60"]
    assert [show(factor) for factor in intellect.factors] == ["1 + 0.03 * talent.arcane_mind"]


def test_a_spell(model: Model) -> None:
    fireball = model.spell("fireball")
    assert (fireball.id, fireball.gcd.args[0], fireball.hasted, fireball.resource) == (42833, 1_500_000_000, True, "mana")
    assert show(fireball.cast) == "3.5s - 100ms * talent.improved_fireball - 150ms * glyph.fireball"
    assert fireball.missile.type == "speed" and fireball.missile.args == (24.0,)
    assert fireball.attack.school == "fire" and show(fireball.attack.crit_multiplier) == "crit_factor"
    damage = fireball.on_cast[0].amount
    assert damage.type == "range" and damage.op == "add" and damage.args[0].op == "range"


def test_defaults(model: Model) -> None:
    living_bomb, explosion, frostbolt, gem = (model.spell(name) for name in ("living_bomb", "living_bomb_explosion", "image_frostbolt", "mana_gem"))
    assert [show(part) for part in (living_bomb.attack.crit_chance, living_bomb.attack.additive, living_bomb.attack.multiplier)] == ["0", "0", "1"]
    assert isinstance(living_bomb.on_cast[0], Strike) and living_bomb.per_enemy
    assert explosion.triggered and explosion.gcd is None and explosion.on_cast[0].scope == "enemies"
    assert (frostbolt.owner, frostbolt.hasted, frostbolt.gcd.args[0]) == ("mirror_images", False, 1_500_000_000)
    assert (gem.item, gem.gcd, gem.attack, gem.resource) == (True, None, None, "")
    assert model.spell("combustion").cooldown_starts == "manual" and model.spell("mirror_image").autocast == (3000, None)


def test_auras_and_modifiers(model: Model) -> None:
    burn, ignite, combustion = (model.aura(name) for name in ("living_bomb_burn", "ignite", "combustion_power"))
    assert (burn.ticks, burn.every.args[0], burn.duration, burn.on_target, burn.refresh) == (4, 3_000_000_000, None, True, "clip")
    assert show(burn.tick_crits) == "glyph.living_bomb >= 1" and model.aura("pyroblast_burn").tick_crits is None
    assert ignite.attack.ignore_modifiers and ignite.refresh == "reset" and ignite.values == ("per_tick",)
    assert (combustion.max_stacks, combustion.duration) == (20, None)
    stacked = next(modifier for modifier in model.modifiers if modifier.aura == "combustion_power" and modifier.kind == "crit_chance")
    assert show(stacked.amount) == "0.1 * combustion_power.stacks"
    fury = next(modifier for modifier in model.modifiers if modifier.condition is not None)
    assert "living_bomb_burn" not in fury.spells and {"fireball", "ignite", "pyroblast_burn"} <= set(fury.spells)
    assert not any(spell.startswith("image") for spell in fury.spells)
    assert next(modifier for modifier in model.modifiers if modifier.aura == "improved_scorch").spells is None


def test_handlers_keep_their_order_and_groups_are_members(model: Model) -> None:
    assert [handler.event for handler in model.handlers] == ["hit", "hit", "tick", "tick", "hit", "result", "hit", "cast"]
    assert model.handlers[0].subjects == ("fireball", "pyroblast", "scorch", "fire_blast", "living_bomb_explosion", "living_bomb")
    assert show_statements(model.handlers[2].body)[-1] == "  apply ignite"
    assert any(isinstance(statement, Apply) and statement.aura == "hot_streak" for statement in statements_in(model.handlers[5].body))


def test_rotation(model: Model) -> None:
    rotation = model.rotation("default")
    assert rotation.prepull == ((-2_000_000_000, "mirror_image"),)
    assert [line.kind for line in rotation.lines] == ["cooldowns", "cast", "cast", "multidot", "cast", "cast", "cast"]
    assert (rotation.lines[3].aura, rotation.lines[3].max_targets) == ("living_bomb_burn", 10)


def test_an_imported_list_is_read_against_the_model(model: Model) -> None:
    text = "prepull -1.5s fireball\ncooldowns\nscorch if debuff.improved_scorch.remains <= 4s\nmultidot living_bomb up_to 3 overlap 1s\nfireball\n"
    rotation = parse_rotation(text, model, name="mine")
    assert (rotation.name, [show_line(line) for line in rotation.lines][2]) == ("mine", "multidot living_bomb up_to 3 overlap 1s")
    with pytest.raises(DiagnosticError) as error:
        parse_rotation("scorh\nfireball if buff.hot_streak.upp\n", model)
    assert [item.span.line for item in error.value.diagnostics] == [1, 2]
    assert "scorch" in error.value.diagnostics[0].hint


def test_what_is_not_a_whole_spec_is_refused_by_name() -> None:
    for name, words in (("specs/wotlk/mage.spec", "defines no spec"), ("specs/nowhere.spec", "cannot read")):
        with pytest.raises(DiagnosticError) as error:
            load_model(find_spec(name) if "mage" in name else name)
        assert words in str(error.value) and error.value.exit_code == 2


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1 + 2 * 3", "1 + 2 * 3"),
        ("(1 + 2) * 3", "(1 + 2) * 3"),
        ("1 - 2 - 3", "1 - 2 - 3"),
        ("1 - (2 - 3)", "1 - (2 - 3)"),
        ("-2 * 3", "-2 * 3"),
        ("(-spell_power) + 1", "-spell_power + 1"),
        ("2 -3", None),
        ("10s / 2s", "10s / 2s"),
        ("max(1, 2, 3)", "max(max(1, 2), 3)"),
        ("choose(talent.ignite >= 1 and not glyph.bolt >= 1, 1, 0)", "choose(talent.ignite >= 1 and not glyph.bolt >= 1, 1, 0)"),
        ("0.3s", "300ms"),
        ("0.1 + 19%", "0.1 + 0.19"),
        ("90s", "90s"),
        ("2min", "2min"),
    ],
)
def test_expressions(written: str, meant: str | None) -> None:
    from portunus.dsl.load import examine

    checked = examine("sample.spec", text=SMALL.replace("%EXAMPLE%", f"  let x {written}"))
    if meant is None:
        assert [item.code for item in checked.diagnostics][:1] == ["PT302"]
        assert "sign" in checked.diagnostics[0].hint
    else:
        assert checked.model is not None, checked.diagnostics
        assert show(next(stat for stat in checked.model.stats if stat.name == "x").formula) == meant


@pytest.mark.parametrize(
    ("expression", "kind"),
    [("1 + 2", "number"), ("2s + 3s", "time"), ("2 * 3s", "time"), ("3s / 2s", "number"), ("3s / 2", "time"), ("20yd / 10yd/s", "time"), ("24yd/s * 2s", "distance")],
)
def test_types_of_arithmetic(expression: str, kind: str) -> None:
    from portunus.dsl.load import examine

    model = examine("sample.spec", text=SMALL.replace("%EXAMPLE%", f"  let x {expression}")).model
    assert model is not None and next(stat for stat in model.stats if stat.name == "x").formula.type == kind


def test_times_are_exact_and_percentages_are_the_nearest_fraction() -> None:
    from portunus.units import convert, show_time

    assert convert("0.1", "s") == 100_000_000 and convert("3.0000000015", "s") == 3_000_000_002
    assert convert("19", "%") == 0.19 and convert("0.9075", "%") == 0.009075
    assert [show_time(value) for value in (0, 50_000_000, 1_500_000_000, 60_000_000_000, 7_200_000_000_000, -2_000_000_000)] == ["0s", "50ms", "1.5s", "1min", "2h", "-2s"]
