"""Mistakes an author could make, planted into good specs, and how soon the search finds each.

`PYTHONPATH=. python tests/testing/planted.py [--seconds 60] [--markdown docs/planted-bugs.md]` measures all of them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portunus.dsl import load_model
from portunus.dsl.model import Model
from portunus.files import write_atomic
from portunus.testing import Failure, find_failures

HERE = Path(__file__).resolve().parent
DUELIST = HERE / "specs" / "duelist.spec"
MAGE = HERE.parent / "language" / "sample" / "mage_fire.spec"
# What the mage's author claims, beside what the file says itself.
MAGE_CLAIMS = """
  property "Hot Streak lasts 10 s" buff.hot_streak.remains <= 10s
  property "Clearcasting lasts 15 s" buff.clearcasting.remains <= 15s
  property "Ignite lasts 4 s" dot.ignite.remains <= 4s
  property "Living Bomb ticks four times" dot.living_bomb_burn.ticks_left <= 4
  property "Berserking lasts 10 s" buff.berserking_haste.remains <= 10s
  property "Evocation takes 8 s at most" buff.evocation_channel.remains <= 8s
  property "Improved Scorch lasts 30 s" debuff.improved_scorch.remains <= 30s
  property "a Fireball takes 3.5 s at most" fireball.cast_time <= 3.5s
"""


@dataclass(frozen=True)
class Planted:
    """A mistake.

    Attributes:
        name: What the author did, in words. spec: Into which spec.
        old, new: The text it replaces, which occurs once, and what stands there instead.
        laws: The laws and properties that it breaks; finding one is finding it.
    """

    name: str
    spec: Path
    old: str
    new: str
    laws: tuple[str, ...]

    def model(self, folder: Path) -> Model:
        """The spec with the mistake in it, written into a folder of its own."""
        return load_model(write(self.spec, folder, (self.old, self.new)))


def write(spec: Path, folder: Path, change: tuple[str, str] | None = None) -> Path:
    """A copy of a spec and what it uses, with the author's claims and perhaps one change."""
    for path in spec.parent.glob("*.spec"):
        text = path.read_text(encoding="utf-8")
        if path == MAGE:
            text = text.rstrip().removesuffix("}") + MAGE_CLAIMS.lstrip("\n") + "}\n"
        if change is not None and change[0] in text:
            assert text.count(change[0]) == 1, f"{change[0]!r} occurs {text.count(change[0])} times"
            text = text.replace(*change)
            change = None
        write_atomic(folder / path.name, text)
    assert change is None, f"{change[0]!r} is not in {spec.name}"
    profile = spec.parent / "profiles" / "mage_fire.toml"
    if spec == MAGE:
        write_atomic(folder / "profiles" / "mage_fire.toml", (profile if profile.is_file() else Path("specs/wotlk/profiles/mage_fire.toml")).read_text())
    return folder / spec.name


def _mage(name: str, old: str, new: str, *laws: str) -> Planted:
    return Planted(name, MAGE, old, new, laws)


def _duelist(name: str, old: str, new: str, *laws: str) -> Planted:
    return Planted(name, DUELIST, old, new, laws)


PLANTED = (
    _mage("a cast time a talent makes negative", "cast 3.5s - 0.1s * talent.improved_fireball", "cast 3.5s - 1s * talent.improved_fireball", "amounts"),
    _mage("a cooldown a talent makes negative", "cooldown 8s - 1s * talent.improved_fire_blast", "cooldown 8s - 5s * talent.improved_fire_blast", "amounts"),
    _mage("a cost a talent makes negative", "cost 21% * base_mana", "cost 21% * base_mana - 9% * base_mana * talent.master_of_elements", "amounts"),
    _mage("`-100%` written for `free`", "modify cost by 0 for", "modify cost by -1 for", "amounts"),
    _mage("a cooldown a talent takes to nothing, without global cooldown", "cooldown 180s   autocast\n    on cast", "cooldown 180s - 90s * talent.molten_fury   autocast\n    on cast", "time", "finite"),
    _mage("mana drained instead of gained", "gain 15% * max_mana mana as evocation", "gain -15% * max_mana mana as evocation", "resources", "mana stays in range"),
    _mage("regeneration with the wrong sign", "casting 2 * mana_regen_casting", "casting -40 * mana_regen_casting", "resources", "mana stays in range"),
    _mage("an aura for 10 min instead of 10 s", "id 44448   duration 10s", "id 44448   duration 10min", "Hot Streak lasts 10 s"),
    _mage("an aura that never ends", "id 12536   duration 15s", "id 12536", "Clearcasting lasts 15 s"),
    _mage("a debuff that never ends", "id 12873   duration 30s", "id 12873", "Improved Scorch lasts 30 s"),
    _mage("a zero too many in the ticks", "ticks 2   every 2s   refresh reset", "ticks 20   every 2s   refresh reset", "Ignite lasts 4 s"),
    _mage("one tick too many", "ticks 4   every 3s\n    tick_damage 345", "ticks 5   every 3s\n    tick_damage 345", "Living Bomb ticks four times"),
    _mage("off by one in a count", "buff.combustion_power.crits >= 3", "buff.combustion_power.crits >= 4", "Combustion ends at the third critical strike"),
    _mage("minutes where seconds were meant", "id 26297   duration 10s", "id 26297   duration 10min", "Berserking lasts 10 s"),
    _mage("a channel that haste does not shorten and too long", "ticks 4   every 2s   hasted", "ticks 4   every 3s", "Evocation takes 8 s at most"),
    _mage("a bonus of 20 % written as a factor of 0.2", "modify cast_speed by 1.2", "modify cast_speed by 0.2", "a Fireball takes 3.5 s at most"),
    _mage("damage with the wrong sign", "damage 690 + 40% * spell_power", "damage 690 - 40% * spell_power", "damage"),
    _mage("a periodic effect that heals the enemy", "+ 8% * talent.ignite * damage) / 2\n      apply ignite\n    }\n  }\n\n  on tick of living_bomb_burn",
          "- 8% * talent.ignite * damage) / 2\n      apply ignite\n    }\n  }\n\n  on tick of living_bomb_burn", "damage"),
    _mage("a guardian weaker than nothing", "(163 + 30% * spell_power) * 3", "(163 - 90% * spell_power) * 3", "damage"),
    _mage("a period that a talent takes to nothing", "ticks 4   every 3s\n    tick_damage 113", "ticks 4   every 3s - 0.6s * talent.burnout\n    tick_damage 113", "amounts"),
    _mage("a root of what may be negative", "sqrt(intellect)", "sqrt(intellect - 250)", "numbers"),
    _mage("a division by gear that may be absent", "let spell_haste            1 + spell_haste_rating /", "let spell_haste            1 + 0 / spell_haste_rating + spell_haste_rating /", "numbers"),
    _duelist("more of a resource than it holds", "start 0", "start 6", "resources", "there are at most five combo points"),
    _duelist("a finisher that asks for nothing", "cost 25 of energy\n    requires combo_points >= 1", "cost 25 of energy", "Tempo counts the combo points it took"),
    _duelist("the count taken after it was spent", "set tempo_haste.points to combo_points\n      lose combo_points combo_points", "lose combo_points combo_points\n      set tempo_haste.points to combo_points",
             "Tempo counts the combo points it took"),
    _duelist("a cooldown shorter than its effect", "cooldown 120s - 15s * talent.vigour", "cooldown 40s - 15s * talent.vigour", "Rush is not ready while it lasts"),
    _duelist("a glyph worth ten times too much", "6s + 2s * glyph.shadow", "6s + 20s * glyph.shadow", "nobody stays in the shadow"),
    _duelist("an internal cooldown that is never started", "      apply insight_rest\n", "", "Insight comes with its rest"),
    _duelist("an internal cooldown shorter than what it holds back", "id 208   duration 20s", "id 208   duration 10s", "Insight comes with its rest"),
    _duelist("a stack too many, seldom reached", "stacks 5   ticks 4", "stacks 6   ticks 4", "Venom stacks to five"),
)  # fmt: skip


def hunt(planted: Planted, *, seconds: float, random_seed: int = 0) -> Failure | None:
    """The first failure that shows the mistake, None if the time was too short."""
    with tempfile.TemporaryDirectory() as folder:
        report = find_failures(planted.model(Path(folder)), seconds=seconds, random_seed=random_seed, observable=False, stop_at_first=True)
    return next((failure for failure in report.failures if failure.law in planted.laws), None)


def main() -> int:
    """Measure all; exit code 1 if fewer than nine in ten are found."""
    parser = argparse.ArgumentParser(description="Plant mistakes into specs and look for them.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    rows, found = [], []
    for number, planted in enumerate(PLANTED, 1):
        failure = hunt(planted, seconds=arguments.seconds, random_seed=arguments.seed)
        if failure is not None:
            found.append(failure)
        shown = f"{failure.seconds:.2f} s | {failure.fights:,} | {len(failure.actions)} | {failure.law}" if failure else "not found | | | "
        rows.append(f"| {number} | {planted.spec.stem} | {planted.name} | {shown} |")
        print(rows[-1], flush=True)
    summary = f"{len(found)} of {len(PLANTED)} found within {arguments.seconds:g} s each"
    if found:
        summary += (
            f"; median {statistics.median(f.seconds for f in found):.2f} s and {statistics.median(f.fights for f in found):g} fights to find one, "
            f"slowest {max(f.seconds for f in found):.2f} s; median length of the shortest fight {statistics.median(len(f.actions) for f in found):g} actions"
        )
    print(summary)
    if arguments.markdown:
        head = "| | spec | mistake | found after | fights | actions in the shortest fight | law or property |\n|---|---|---|---|---|---|---|\n"
        text = f"# Planted mistakes\n\nWritten by `python tests/testing/planted.py --markdown docs/planted-bugs.md`.\n\n{summary}.\n\n{head}" + "\n".join(rows) + "\n"
        write_atomic(arguments.markdown, text)
    return 0 if len(found) >= 0.9 * len(PLANTED) else 1


if __name__ == "__main__":
    sys.exit(main())
