"""The commands `sim`, `compare` and `import`: what they print, what they write, and how they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portunus.cli import main
from portunus.sim.arrangement import Arrangement

SPEC = "specs/wotlk/mage_fire.spec"
FOLDER = Path(__file__).parent.parent / "golden" / "mage_fire"
BOMB = FOLDER / "08_living_bomb_only_120s.json"
FULL = FOLDER / "23_full_cd_prepull_image_1t_300s.json"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command line."""
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, captured.out, captured.err


def test_import_prints_a_rotation(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "import", FULL, SPEC, "--name", "mine")
    assert (code, err) == (0, "")
    assert out.startswith("rotation mine {\n  prepull -2s mirror_image\n  cooldowns\n")
    assert out.endswith("  fireball\n}\n")


def test_import_prints_nothing_when_something_is_unknown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text('{"priorityList": [{"action": {"castSpell": {"spellId": {"spellId": 116}}}}, {"action": {"dance\\u001b[31m": {}}}]}')
    code, out, err = run(capsys, "import", path, SPEC)
    assert (code, out) == (2, "")
    assert "priorityList[0].castSpell.spellId: spell 116 is not part of Fire Mage" in err
    assert "priorityList[1].dance\\x1b[31m" in err
    assert "\x1b" not in err


def test_import_tells_what_the_list_leaves_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "9 lists.apl.json"
    path.write_text('{"priorityList": [{"hide": true, "action": {}}, {"action": {"castSpell": {"spellId": {"spellId": 42833}}}}]}')
    code, out, err = run(capsys, "import", path, SPEC)
    assert (code, out) == (0, "rotation list_9_lists {\n  fireball\n}\n")
    assert err == "ignored: priorityList[0]: it is hidden in the list\n"


def test_sim_prints_and_writes_the_same_figures(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    report = tmp_path / "report.html"
    code, out, _ = run(capsys, "sim", SPEC, "--iterations", 600, "--seed", 5, "--workers", 1, "--json", first)
    assert code == 0
    document = json.loads(first.read_text())
    mean = document["dps"]["mean"]
    assert f"DPS {mean:,.1f} ± {(document['dps']['high'] - document['dps']['low']) / 2:,.1f}" in out
    assert "seeds 5 to 604" in out
    assert document["inputs"]["seeds"] == "5 to 604"
    assert document["inputs"]["layout"] in out
    assert sum(a["share"] for a in document["actions"]) == pytest.approx(1)
    assert sum(a["damage"]["mean"] for a in document["actions"]) / document["duration_s"] == pytest.approx(mean, rel=1e-9)
    assert document["dps"]["quantiles"][0]["dps"] <= mean <= document["dps"]["quantiles"][-1]["dps"]
    assert "600 fights in" in out
    assert document["dps"]["lowest"]["dps"] == document["dps"]["quantiles"][0]["dps"]
    assert all(figure["low"] <= figure["mean"] <= figure["high"] for a in document["actions"] for figure in (a["casts"], a["hits"], a["damage"]))
    assert all(figure["low"] <= figure["mean"] <= figure["high"] for a in document["auras"] for figure in (a["uptime_s"], a["procs"]))
    code, _, _ = run(capsys, "sim", SPEC, "--iterations", 600, "--seed", 5, "--workers", 3, "--json", second, "--report", report)
    assert code == 0
    again = json.loads(second.read_text())
    for changing in ("seconds", "fights_per_second", "workers"):
        document.pop(changing)
        again.pop(changing)
    assert document == again
    page = report.read_text()
    assert "Fire Mage" in page
    assert f"portunus sim {SPEC} --iterations 600 --seed 5 --workers 3" in page


def test_sim_plays_an_imported_list_with_its_prepull(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The reference's list is the spec's own, so fights of equal seeds are equal fights."""
    own, imported = tmp_path / "own.json", tmp_path / "imported.json"
    run(capsys, "sim", SPEC, "--iterations", 50, "--json", own)
    code, _, _ = run(capsys, "sim", SPEC, "--iterations", 50, "--apl", FULL, "--json", imported)
    assert code == 0
    first, second = json.loads(own.read_text()), json.loads(imported.read_text())
    assert first["dps"] == second["dps"]
    assert second["rotation"] == "list_23_full_cd_prepull_image_1t_300s"


def test_sim_stops_at_the_wanted_precision(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    monkeypatch.setattr(Arrangement, "compiled_for", lambda ready, fights: pytest.fail("compiled for fights that nobody asked for"))
    code, _, _ = run(capsys, "sim", SPEC, "--target-error", 0.3, "--workers", 2, "--json", file)
    document = json.loads(file.read_text())
    assert code == 0
    assert document["dps"]["high"] - document["dps"]["mean"] <= 0.003 * document["dps"]["mean"]
    assert 1000 < document["fights"] < 3000
    again = tmp_path / "again.json"
    run(capsys, "sim", SPEC, "--target-error", 0.3, "--workers", 1, "--json", again)
    assert json.loads(again.read_text())["dps"] == document["dps"]


def test_sim_compares_variants_in_the_same_fights(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    one, two, page = tmp_path / "one.json", tmp_path / "two.json", tmp_path / "page.html"
    richer, same = "stats.spell_power=2600", "rotation=default"
    code, out, _ = run(capsys, "sim", SPEC, "--iterations", 500, "--versus", richer, "--versus", same, "--json", one, "--report", page, "--workers", 2)
    assert code == 0
    document = json.loads(one.read_text())
    assert [v["variant"] for v in document["versus"]] == [richer, same]
    better, equal = document["versus"]
    assert equal["difference"] == {"mean": 0.0, "standard_error": 0.0, "low": 0.0, "high": 0.0} and equal["correlation"] == pytest.approx(1)
    assert equal["dps"]["mean"] == pytest.approx(document["dps"]["mean"], rel=1e-12)
    assert better["difference"]["low"] > 0
    assert better["difference"]["standard_error"] < document["dps"]["standard_error"] / 20  # the same fights, slightly harder hits
    assert better["share"]["mean"] == pytest.approx(better["difference"]["mean"] / document["dps"]["mean"], rel=1e-12)
    assert "no difference shown" in out and "better" in out
    assert f"portunus sim {SPEC} --iterations 500 --versus {richer} --versus {same} --workers 2" in page.read_text()
    # The variant by itself is the variant beside the base.
    profile = tmp_path / "richer.toml"
    profile.write_text((Path("specs/wotlk/profiles/mage_fire.toml")).read_text().replace("spell_power = 2500", "spell_power = 2600"))
    run(capsys, "sim", SPEC, "--iterations", 500, "--profile", profile, "--versus", "stats.spell_power=2500", "--json", two)
    other = json.loads(two.read_text())
    assert other["dps"]["mean"] == pytest.approx(better["dps"]["mean"], rel=1e-12)
    assert other["versus"][0]["difference"]["mean"] == pytest.approx(-better["difference"]["mean"], rel=1e-9)


def test_sim_weighs_statistics(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, page = tmp_path / "weights.json", tmp_path / "page.html"
    code, out, _ = run(capsys, "sim", SPEC, "--iterations", 400, "--stat-weights", "--json", file, "--report", page)
    assert code == 0
    document = json.loads(file.read_text())["stat_weights"]
    weights = {w["stat"]: w for w in document["weights"]}
    assert document["normalised_to"] == "spell_power"
    assert weights["spell_power"]["dps_per_point"]["low"] > 0.9
    assert weights["spell_power"]["normalised"]["mean"] == 1.0
    assert "strength" in document["inert"] and "strength" not in weights
    assert weights["mp5"]["bend"] is None and weights["spirit"]["bend"] is not None
    crit = weights["spell_crit"]
    assert crit["normalised"]["mean"] == pytest.approx(crit["dps_per_point"]["mean"] / weights["spell_power"]["dps_per_point"]["mean"], rel=1e-9)
    order = [w["dps_per_point"]["mean"] for w in document["weights"]]
    assert order == sorted(order, reverse=True)
    assert "spell_power = 1" in out and "without any effect: " in out
    assert "What a point of each statistic is worth" in page.read_text()


def run_json(capsys: pytest.CaptureFixture[str], file: Path, *arguments: object) -> str:
    """What `sim` writes to a JSON file."""
    assert run(capsys, "sim", SPEC, *arguments, "--json", file)[0] == 0
    return file.read_text()


def test_sim_traces_one_fight(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "sim", SPEC, "--trace", "--seed", 3)
    assert code == 0
    lines = out.splitlines()
    times = [float(line.split()[0]) for line in lines]
    assert times == sorted(times)
    assert "Mirror Image" in lines[0]
    assert times[0] == -2.0
    assert times[-1] <= 300.0
    assert sum("casts Fireball" in line for line in lines) > 50
    assert "end of the fight" in lines[-1]
    dps = json.loads(run_json(capsys, tmp_path / "one.json", "--iterations", 1, "--seed", 3))["dps"]["mean"]
    assert f"{dps:.1f} DPS" in lines[-1]
    exact = run(capsys, "sim", SPEC, "--trace", "--precise", "--seed", 3)[1].splitlines()
    assert len(exact) == len(lines) and f"{dps!r}" in exact[-1]
    assert run(capsys, "sim", SPEC, "--trace", "--seed", 3)[1] == out
    assert run(capsys, "sim", SPEC, "--trace", "--seed", 4)[1] != out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["specs/wotlk/mage_fir.spec"], "there is no spec file specs/wotlk/mage_fir.spec"),
        ([SPEC, "--rotation", "defualt"], "Fire Mage has no rotation 'defualt'"),
        ([SPEC, "--profile", "none.toml"], "none.toml"),
        ([SPEC, "--encounter", "none"], "there is no encounter 'none'"),
        ([SPEC, "--apl", "none.json"], "cannot read none.json"),
        ([SPEC, "--apl", "none.json", "--rotation", "default"], "both name a priority list"),
        ([SPEC, "--trace", "--iterations", "5"], "sums nothing up"),
        ([SPEC, "--iterations", "0"], "0 is not in the range"),
        ([SPEC, "--precise"], "--precise is about the log"),
        ([SPEC, "--normalise", "spirit"], "is about stat weights"),
        ([SPEC, "--versus", "talents=9", "--stat-weights"], "two measurements"),
        ([SPEC, "--versus", "talents=9"], "rank 9 of talent `arcane_subtlety` (arcane): 0 to 2"),
        ([SPEC, "--versus", "talent=0"], "Did you mean talents=...?"),
        ([SPEC, "--versus", "rotation"], "is no variant"),
        ([SPEC, "--versus", "rotation=defualt"], "Did you mean 'default'?"),
        ([SPEC, "--versus", "stats.spellpower=1"], "did you mean `spell_power`?"),
        ([SPEC, "--versus", "stats.spell_power=lots"], "stats.spell_power=lots is no number"),
        ([SPEC, "--versus", "glyphs=fire_ball"], "did you mean `fireball`?"),
        ([SPEC, "--versus", "profile=none.toml"], "none.toml"),
        ([SPEC, "--versus", "race=orc,race=troll"], "says race twice"),
        ([SPEC, "--versus", "rotation=default,apl=x"], "names two priority lists"),
        ([SPEC, "--versus", "race=orc", "--versus", "race=orc"], "names a variant twice"),
        ([SPEC, "--stat-weights", "--normalise", "spelpower"], "has no statistic 'spelpower'"),
        ([SPEC, "--stat-weights", "--normalise", "strength"], "strength changes nothing of Fire Mage"),
        ([SPEC, "--stat-weights", "--stat-step", "1e9"], "a step of 1e+09 points cannot be made"),
        ([SPEC, "--target-error", "nan"], "nan is no precision"),
        ([SPEC, "--iterations", "25", "--json", "/proc/none/out.json"], "cannot write /proc/none/out.json"),
    ],
)  # fmt: skip
def test_sim_refuses_with_one_message(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "sim", *arguments)
    assert code == 2
    assert err.startswith("error: ")
    assert complaint in err
    assert "Traceback" not in err


def test_compare_agrees_and_writes_everything(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, page = tmp_path / "compare.json", tmp_path / "page.md"
    code, out, err = run(capsys, "compare", BOMB, "--exact", "--iterations", 1000, "--json", file, "--markdown", page)
    assert (code, err) == (0, "")
    assert "1 of 1 scenarios agree with the reference" in out
    document = json.loads(file.read_text())
    assert document["passed"] is True
    assert document["scenarios"][0]["exact"]["passed"] is True
    assert "08_living_bomb_only_120s | 1,000 |" in page.read_text()


def test_compare_fails_on_a_planted_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    document = json.loads(BOMB.read_text())
    document["dps"]["mean"] *= 1.02
    for action in document["actions"]:
        if action["id"].get("spellId") == 55360:
            action["casts"] *= 1.1
    path = tmp_path / BOMB.name
    path.write_text(json.dumps(document))
    exact = tmp_path / "exact.json"
    exact.write_text(json.dumps({"scenarios": {BOMB.name: [700.0, 800.0]}}))
    code, out, _ = run(capsys, "compare", tmp_path, "--exact", "--iterations", 3000)
    assert code == 1
    assert "DPS differs by -" in out
    assert "casts of Living Bomb differ by -9." in out
    assert "fight 0 is the first of 2 that differs" in out
    assert "0 of 1 scenarios agree" in out


def test_compare_takes_folders_of_folders(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What cannot be compared is told beside the rest; single fights are found in the folder `exact` beside `golden`."""
    for spec, name in (("mage_fire", BOMB.name), ("shaman_elemental", "thunderstorm_on_cd_3_targets.json")):
        source, folder = FOLDER.parent / spec, tmp_path / "golden" / spec
        folder.mkdir(parents=True)
        (folder / name).write_text((source / name).read_text())
        (tmp_path / "exact").mkdir(exist_ok=True)
        (tmp_path / "exact" / f"{spec}.json").write_text((source / "exact.json").read_text())
    broken = json.loads(BOMB.read_text())
    broken["scenario"]["apl"]["priorityList"].append({"action": {"schedule": {}}})
    (tmp_path / "golden" / "mage_fire" / "strange.json").write_text(json.dumps(broken))
    code, out, err = run(capsys, "compare", tmp_path, "--twin", 1)
    assert (code, err) == (1, "")
    assert [line.split()[0] for line in out.splitlines() if not line.startswith(" ")] == ["equal", "equal", "not"]
    assert "not compared: the priority list of strange.json cannot be imported" in out
    code, out, err = run(capsys, "compare", tmp_path / "golden" / "mage_fire", "--iterations", 0)
    assert code == 1
    assert "1 of 2 scenarios agree with the reference; 1 of 1 replayed exactly" in out
    assert "1 could not be compared" in out


def test_compare_refuses_with_one_message(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(BOMB.read_text()[:-50])
    for arguments, complaint in (
        ([tmp_path / "none"], "there is no file or folder"),
        ([broken], "broken.json, line "),
        ([BOMB, "--iterations", 0, "--no-exact"], "nothing to compare"),
        ([BOMB, "--exact-file", tmp_path / "none.json"], "cannot read"),
    ):
        code, out, err = run(capsys, "compare", *arguments)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")
        assert complaint in err
