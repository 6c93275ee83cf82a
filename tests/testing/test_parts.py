"""The parts of the search: strategies, laws that need the kernel or the addon, the command and the pytest plugin."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from planted import DUELIST, PLANTED, write

from portunus.cli import main
from portunus.compiler import in_encounter, resolve_encounter
from portunus.dsl import load_model
from portunus.sim.profile import profile_from_dict, talent_digits
from portunus.testing import Case, Exactly, Follow, Subject, Wander, cases

DUEL = Subject(load_model(DUELIST))


def case(subject: Subject, *plan: Exactly | Follow | Wander, form: str = "sampled", seed: int = 3) -> Case:
    return Case(subject.profile, resolve_encounter(None), seed, form, plan)


@settings(max_examples=60, deadline=None)
@given(cases(DUEL))
def test_generated_fights_are_fights_a_user_could_set_up(generated: Case) -> None:
    profile, model = generated.profile, DUEL.model
    data = {"race": profile.race, "talents": talent_digits(model, profile.talents), "glyphs": sorted(profile.glyphs), "stats": profile.stats, "options": profile.options}
    again = profile_from_dict(data, model, source="again")
    assert (again.talents, again.glyphs, again.stats) == (profile.talents, profile.glyphs, profile.stats)
    assert 1 <= generated.encounter.enemies <= generated.encounter.most_enemies <= model.ruleset.max_enemies
    in_encounter(model, generated.encounter)
    played = DUEL.play(generated)
    assert played.broken is None
    assert all(0 <= action < len(DUEL.actions) for action in played.actions)


@pytest.mark.parametrize("form", ["sampled", "expected"])
def test_what_was_played_can_be_played_again(form: str) -> None:
    first = DUEL.fight(case(DUEL, form=form))
    first.do(Wander(11, 200))
    second = DUEL.fight(case(DUEL, form=form))
    second.do(Exactly(first.taken))
    assert second.taken == first.taken and len(first.taken) > 100
    assert vars(second.s) == vars(first.s)


def test_an_illegal_action_of_a_plan_is_left_out() -> None:
    ambush = next(i for i, action in enumerate(DUEL.actions) if action.name == "ambush")
    assert DUEL.play(case(DUEL, Exactly((ambush, len(DUEL.actions) - 1, ambush)))).actions == (len(DUEL.actions) - 1,)


@pytest.fixture(scope="module")
def mage() -> Iterator[Subject]:
    yield Subject(load_model("specs/wotlk/mage_fire.spec"))


def test_the_kernel_is_compared_in_every_bit(mage: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    from portunus.testing import kernel

    check = kernel.KernelCheck(mage)
    for form in ("sampled", "expected"):
        played = check.play(case(mage, Wander(5, 120), form=form))
        assert played.broken is None and len(played.actions) == 120
    honest = kernel.pack_tables
    monkeypatch.setattr(kernel, "pack_tables", lambda program, values: honest(program, values | {"scorch_cast": 1_500_000_001}))
    played = check.play(case(mage, Follow("default", 40)))
    assert played.broken is not None and played.broken.law == "kernel"


def test_states_survive_the_addon_and_the_barcode(mage: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    from portunus.testing import link

    check = link.LinkCheck(mage)
    assert check.play(case(mage)).broken is None
    honest = link.Restorer.restore

    def forgetful(self, observation, **options):
        return honest(self, observation.__class__(**{**vars(observation), "values": {**observation.values, "debuff.improved_scorch.end": None}}), **options)

    monkeypatch.setattr(link.Restorer, "restore", forgetful)
    broken = check.play(case(mage)).broken
    assert broken is not None and "Improved Scorch is up on the target but comes back down" in broken.message


def test_command_holds_and_breaks(tmp_path: Path) -> None:
    good = CliRunner().invoke(main, ["test", str(DUELIST), "--twin", "--seconds", "1"])
    assert good.exit_code == 0, good.output
    assert 'held      property "Rush lasts 15 s"' in good.stdout
    planted = PLANTED[23]
    path = write(planted.spec, tmp_path, (planted.old, planted.new))
    bad = CliRunner().invoke(main, ["test", str(path), "--twin", "--seconds", "5", "--json", str(tmp_path / "out.json")])
    assert bad.exit_code == 1
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "Tempo counts" in text)
    assert f'BROKEN    property "Tempo counts the combo points it took" ({path}:{line})' in bad.stdout
    (report,) = json.loads((tmp_path / "out.json").read_text())
    (broken,) = report["broken"]
    assert (broken["law"], broken["line"], broken["actions"]) == ("Tempo counts the combo points it took", line, ["tempo"])
    assert report["fights"] > 0 and "kernel" in report["left_out"]


def test_command_refuses_a_spec_with_errors(tmp_path: Path) -> None:
    path = tmp_path / "x.spec"
    path.write_text("spec x { nonsense }\n")
    result = CliRunner().invoke(main, ["test", str(path), "--twin"])
    assert result.exit_code == 2
    assert "PT301" in result.stderr


def test_pytest_collects_specs(tmp_path: Path) -> None:
    planted = PLANTED[23]
    write(planted.spec, tmp_path, (planted.old, planted.new))
    (tmp_path / "broken.spec").write_text("spec x { nonsense }\n")
    (tmp_path / "fight.spec").write_text(Path("specs/encounters/patchwerk.spec").read_text())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:portunus", "-p", "portunus.testing.plugin", "-p", "no:cacheprovider", "-rA", "--spec-seconds", "6", "-c", "/dev/null",
         "--rootdir", str(tmp_path), str(tmp_path)], capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Combo points 0/5" in done.stdout and "PT301" in done.stdout
    assert re.search(r"FAILED \S*duelist.spec::Tempo counts", done.stdout) and re.search(r"PASSED \S*duelist.spec::resources", done.stdout)
    assert re.search(r"FAILED \S*broken.spec::reads", done.stdout) and "fight.spec" not in done.stdout
    assert "Traceback" not in done.stdout and "kernel" not in done.stdout
