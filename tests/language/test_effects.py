"""What effects do, seen in small fights of the readable form; and what is said where they cannot stand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from portunus.codegen.python import Twin
from portunus.compiler import resolve_encounter, tables_of
from portunus.dsl.catalogue import SAMPLE
from portunus.dsl.load import examine
from portunus.ir.program import lower
from portunus.sim.profile import profile_from_dict

CALM = SAMPLE.replace("let spell_miss 4%", "let spell_miss 0").replace("let spell_crit 10%", "let spell_crit 0").replace("on hit of bolt { chance 10% { apply rage } }\n", "")


class Fight:
    """A fight of the sample spec with some lines more, action by action."""

    def __init__(self, lines: str, encounter: str = "three_targets", **switches: bool) -> None:
        checked = examine("sample.spec", text=CALM.replace("%EXAMPLE%", lines))
        assert checked.model is not None and not [item for item in checked.diagnostics if item.severity == "error"], checked.diagnostics
        program = lower(checked.model)
        profile = profile_from_dict({"race": "human", "talents": "", "glyphs": [], "stats": {}}, checked.model, source="test")
        tables = tables_of(program, profile, resolve_encounter(encounter))
        tables.update({f"switch_{name}": int(on) for name, on in switches.items()})
        self.twin, self.actions = Twin(program), [action.name for action in program.actions]
        self.s, self.t, self.m = self.twin.blocks(tables)
        self.r = [1, 0, 0, 0]
        self.twin.functions["begin"](self.s, self.t, self.m, self.r)

    def do(self, action: str) -> SimpleNamespace:
        """Performs an action; the state at the next decision."""
        self.twin.functions["step"](self.s, self.t, self.m, self.r, self.actions.index(action))
        return SimpleNamespace(**vars(self.s))


def spell(effects: str, more: str = "") -> str:
    return f'  spell chain "Chain" {{\n    id 9   school fire\n{more}    on cast {{\n      {effects}\n    }}\n  }}\n'


def test_each_enemy_in_turn_with_an_index() -> None:
    assert Fight(spell("each enemy up_to 2 { damage 100 * pick(index, 1, 0.7, 0.49) }")).do("chain").damage == 170
    assert Fight(spell("each enemy { damage 100 * pick(index, 1, 0.7, 0.49) }")).do("chain").damage == pytest.approx(219)
    assert Fight(spell("each other enemy { damage 100 * index }")).do("chain").damage == 300
    assert Fight(spell("each other enemy { damage 100 }"), "patchwerk").do("chain").damage == 0


def test_an_enemy_aura_knows_on_how_many_it_is() -> None:
    fight = Fight(spell("each enemy up_to 2 { apply burn }\ndamage 100 * dot.burn.enemies"))
    assert fight.do("chain").damage == 200


STACKS = '  aura charges "Charges" { id 7   stacks 3 }\n'


@pytest.mark.parametrize(
    ("effects", "left"),
    [
        ("apply charges\nset charges.stacks to 2", 2),
        ("apply charges\nset charges.stacks to 9", 3),
        ("set charges.stacks to 2", None),
        ("apply charges\nset charges.stacks to 0", None),
        ("apply charges\nset charges.stacks to 2\nadd -1 to charges.stacks", 1),
        ("apply charges\nadd -1 to charges.stacks", None),
    ],
)
def test_stacks_are_set_and_none_left_ends_the_aura(effects: str, left: int | None) -> None:
    state = Fight(spell(effects.replace("\n", "\n      ")) + STACKS).do("chain")
    assert (state.charges_on, state.charges_stacks) == ((1, left) if left is not None else (0, 0))


def test_an_internal_cooldown_is_ready_until_started() -> None:
    lines = "  icd inner 4s\n" + spell("if icd.inner.ready {\n        start_icd inner\n        damage 100\n      } else {\n        damage icd.inner.remains / 1s\n      }")
    fight = Fight(lines)
    assert fight.do("chain").damage == 100
    assert fight.do("chain").damage == 102.5  # a global cooldown of 1.5 s later


def test_a_roll_comes_before_its_landing() -> None:
    echo = '  spell echo "Echo" {\n    id 8   school fire   triggered\n    on cast { damage 5 }\n    on land { apply rage }\n  }\n'
    doubled = "  modify damage_done by 2 for chain if buff.rage.up\n"
    state = Fight(spell("damage 100\n      damage 10", "    on roll { if landed { trigger echo } }\n") + echo + doubled).do("chain")
    assert state.damage == 100 + 5 + 2 * 10 + 5  # rage comes after the first roll


def test_an_extended_aura_ticks_longer_and_counts_it() -> None:
    fight = Fight(spell("damage dot.burn.ticks_left\n      extend burn by 2\n      damage 100 * dot.burn.ticks_left"), "patchwerk")
    fight.do("blaze")
    state = fight.do("chain")
    assert state.damage == 4 + 600 + 5  # and a tick
    assert state.burn_end[0] == 18_000_000_000


def test_a_changed_chance_to_hit_holds_for_the_enemy_with_the_aura() -> None:
    mark = '  aura mark on target "Mark" {\n    id 6   duration 60s\n    modify hit_chance by -100%\n  }\n'
    assert Fight(spell("damage 100\n      apply mark") + mark).do("chain").damage == 100
    fight = Fight(spell("apply mark\n      each enemy { damage 100 }") + mark)
    assert fight.do("chain").damage == 200


def test_charges_come_back_one_after_the_other() -> None:
    fight = Fight('  spell flare "Flare" {\n    id 9   school fire   gcd none   cooldown 10s   charges 2\n    on cast { damage 10 }\n  }\n  property "a" flare.charges >= 0\n')
    charges, can = (lambda: 2 + (min(fight.s.now, fight.s.cd_flare_full) - fight.s.cd_flare_full) // 10_000_000_000), fight.twin.functions["can_cast_flare"]
    assert charges() == 2 and can(fight.s, fight.t)
    fight.do("flare")
    assert charges() == 1 and can(fight.s, fight.t)
    fight.do("flare")
    assert fight.s.damage == 20 and charges() == 0 and not can(fight.s, fight.t) and fight.s.cd_flare == 10_000_000_000
    for now, left in ((9_999_999_999, 0), (10_000_000_000, 1), (19_999_999_999, 1), (20_000_000_000, 2), (60_000_000_000, 2)):
        fight.s.now = now
        assert (charges(), can(fight.s, fight.t)) == (left, left > 0)


def test_haste_shortens_a_cooldown_that_says_so() -> None:
    lines = '  spell slow "Slow" { id 8   gcd none   cooldown 10s }\n  spell quick "Quick" { id 9   gcd none   cooldown 10s hasted }\n  modify cast_speed by 1.25\n'
    fight = Fight(lines)
    fight.do("slow")
    fight.do("quick")
    assert (fight.s.cd_slow, fight.s.cd_quick) == (10_000_000_000, 8_000_000_000)


def test_of_exclusive_auras_the_new_one_ends_the_other() -> None:
    curses = '  aura ruin on target "Ruin" { id 11   duration 60s   exclusive curse }\n  aura woe on target "Woe" { id 12   duration 60s   exclusive curse }\n'
    fight = Fight(spell("each enemy up_to 2 { apply ruin }\n      apply woe") + curses)
    state = fight.do("chain")
    assert (state.ruin_on, state.woe_on) == ([0, 1, 0, 0], [1, 0, 0, 0])


ORDER = """  switch list_expiry "order of a list"
  aura first on target "First" { id 11   duration 4s }
  aura second on target "Second" {
    id 12   duration 3s
    on expire { if debuff.third.up { set burn.seen to 1 } }
  }
  aura third on target "Third" { id 13   duration 3s }
"""


@pytest.mark.parametrize(("listed", "seen"), [(False, 1), (True, 0)])
def test_auras_that_end_at_one_instant_end_in_the_order_of_the_file_or_of_the_list(listed: bool, seen: int) -> None:
    # The list is first, second, third; without the first, the third takes its place and ends before the second.
    lines = spell("apply first\n      apply second\n      apply third\n      remove first") + ORDER
    lines += '  aura watch on target "Watch" { id 14   values seen }\n'
    fight = Fight(lines.replace("burn.seen", "watch.seen"), "patchwerk", list_expiry=listed)
    fight.do("chain")
    while fight.s.second_on[0]:
        fight.do("wait")
    assert fight.s.watch_seen[0] == seen


@pytest.mark.parametrize(
    ("lines", "code", "message"),
    [
        (spell("damage 100 * index"), "PT405", "`index` is known only inside `each enemy`"),
        (spell("each enemy { each enemy { damage 1 } }"), "PT405", "`each enemy` inside `each enemy`"),
        (spell("damage 1", "    missile 24yd/s\n    on roll { apply rage }\n"), "PT405", "a spell with `on roll` has no missile"),
        (spell("damage 1", "    on roll { damage 1 }\n"), "PT405", "`damage` stands only in a spell with a school"),
        (spell("start_icd innner") + "  icd inner 4s\n", "PT401", "there is no internal cooldown `innner`"),
        ("  modify crit_chance by 1% if icd.innner.ready\n  icd inner 4s\n", "PT404", "there is no `icd.innner.ready`"),
        (spell("set rage.stacks to 2"), "PT404", "the aura `rage` carries no value `stacks`"),
    ],
)
def test_what_is_said_where_they_cannot_stand(lines: str, code: str, message: str) -> None:
    found = [item for item in examine("sample.spec", text=SAMPLE.replace("%EXAMPLE%", lines)).diagnostics if item.severity == "error"]
    assert [(item.code, item.message) for item in found] == [(code, message)]
