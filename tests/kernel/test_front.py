"""Attacks from the front: parries and blocks have the chances of their table, and take what they say; from behind there are none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from portunus.cli.client import twin_spec
from portunus.codegen.python import Twin

EXAMPLES = Path(__file__).parents[2] / "specs" / "examples"
FIGHTS, SWINGS = 6, 301
SPEC = """
use "trial.spec"

spec shields "Shields" {{
  class trial
  role melee_dps
  behaviour 1
  profile "trial.toml"

  resource parries "Parries" {{ maximum 100000   start 0 }}
  resource blocks  "Blocks"  {{ maximum 100000   start 0 }}

  attack_table blow {{
    {table}
    parry choose(target.in_front, 14%, 0%)
    {glance}
    block choose(target.in_front, 20%, 0%) less 30{crits}
    crit  25%
  }}

  spell auto_attack "Auto attack" {{
    id 902001   school physical   table blow   crit_multiplier 2   swing 1s
    on cast {{ damage 100 }}
  }}
  on result of auto_attack {{
    if parried {{ gain 1 parries as auto_attack }}
    if blocked {{ gain 1 blocks as auto_attack }}
  }}
  spell never "Never" {{ id 902002   requires parries < 0   on cast {{ gain 1 blocks as never }} }}
  rotation default {{ never }}
}}
"""
ENCOUNTER = 'encounter shields "Shields" {{ duration 300s   enemies 1   level 80   distance 5yd   {front} }}\n'
# Table, glance, crits; share that is blocked and no critical strike; mean damage of a swing that is not behind.
TABLES = {
    "once": ("rolls once", "glance 10% factor 50%", "", 0.20, 100 * (0.10 * 0.5 + 0.25 * 2 + 0.31) + 0.20 * 70),
    "weapon": ("rolls twice", "", "", 0.20, 100 * 0.66 * 1.25 + 0.20 * 70),
    "power": ("rolls twice", "", " crits", 0.15, 100 * 0.86 * 1.25 - 0.20 * 30),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLES, tmp_path / "specs")
    return tmp_path / "specs"


def played(folder: Path, name: str, front: str, form: str) -> tuple[float, float, float]:
    """Mean damage of a swing, and the shares that were parried and blocked."""
    table, glance, crits, _, _ = TABLES[name]
    (folder / "shields.spec").write_text(SPEC.format(table=table, glance=glance, crits=crits))
    (folder / "fight.spec").write_text(ENCOUNTER.format(front=front))
    spec = twin_spec(folder / "shields.spec", encounter=str(folder / "fight.spec"))
    twin, sampled = Twin(spec.program, form), Twin(spec.program)
    damage = parries = blocks = 0.0
    for seed in range(FIGHTS):
        s, t, m = twin.blocks(dict(spec.table_values))
        r = [seed, 0, 0, 0]
        sampled.functions["begin"](s, t, m, r)
        while not s.finished:
            twin.functions["step"](s, t, m, r, len(spec.program.actions) - 1)
        damage, parries, blocks = damage + s.damage, parries + s.parries, blocks + s.blocks
    return damage / FIGHTS / SWINGS, parries / FIGHTS / SWINGS, blocks / FIGHTS / SWINGS


@pytest.mark.parametrize("form", ["sampled", "expected"])
@pytest.mark.parametrize("name", TABLES)
def test_shares_and_damage_are_those_of_the_table(folder: Path, name: str, form: str) -> None:
    _, _, _, blocked, mean = TABLES[name]
    damage, parries, blocks = played(folder, name, "in_front", form)
    count = FIGHTS * SWINGS
    assert abs(parries - 0.14) < 4 * (0.14 * 0.86 / count) ** 0.5
    assert abs(blocks - blocked) < 4 * (blocked * (1 - blocked) / count) ** 0.5
    assert abs(damage - mean) < 4 * 65 / count**0.5  # the standard deviation of a swing is below 65


@pytest.mark.parametrize("form", ["sampled", "expected"])
def test_behind_nothing_is_parried_or_blocked(folder: Path, form: str) -> None:
    damage, parries, blocks = played(folder, "weapon", "", form)
    assert (parries, blocks) == (0, 0)
    assert abs(damage - 125) < 4 * 45 / (FIGHTS * SWINGS) ** 0.5
