"""`portunus bench`: every figure of a spec beside the calibration, and the history."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from portunus.cli import bench, main, measure
from portunus.files import user_cache_folder
from portunus.resources import find_spec, shipped_specs

SPEC = "specs/wotlk/mage_fire.spec"
QUICK = ("--no-compile", "--seconds", "0.1", "--rounds", "2")


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *map(str, arguments)])
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, captured.out, captured.err


def test_figures_fit_together_and_go_into_the_history(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, history = tmp_path / "bench.json", tmp_path / "history.md"
    code, out, err = run(capsys, SPEC, *QUICK, "--workers", 2, "--json", file, "--append", history, "--label", "as it | was")
    assert (code, err) == (0, "")
    document = json.loads(file.read_text())
    figures = {name: figure["median"] for name, figure in document["specs"]["mage_fire"].items()}
    assert set(figures) == {"import", "calibration", "fights", "relative", "decisions", "events", "ns_per_decision", "ns_per_event", "threads", "threads_gain",
                            "threads_calibration", "clone", "state_bytes"}
    assert all(value > 0 for value in figures.values())
    fights = document["specs"]["mage_fire"]["fights"]
    assert fights["lowest"] <= fights["median"] <= fights["highest"]
    assert figures["ns_per_decision"] == pytest.approx(1e9 / (figures["fights"] * figures["decisions"]), rel=0.2)
    assert figures["events"] > figures["decisions"] > 100
    assert figures["state_bytes"] % 8 == 0
    for text in ("calibration", "fights per billion calibration loops", "one event", "clone of a state", "2 threads against one"):
        assert text in out
    run(capsys, SPEC, *QUICK, "--append", history, "--label", "later")
    lines = history.read_text().splitlines()
    assert len({line.count(" | ") for line in lines[4:]}) == 1 and len(lines) == 8
    assert "| as it / was | mage_fire |" in lines[6] and "| later | mage_fire |" in lines[7]


def test_a_table_has_a_line_for_each_spec(capsys: pytest.CaptureFixture[str]) -> None:
    assert {path.stem for path in shipped_specs()} >= {"mage_fire", "paladin_retribution"}
    assert not {"ruleset", "mage", "paladin"} & {path.stem for path in shipped_specs()}
    figures = {"fights": measure.Figure("fights", "fights", "fights/s", (5.0, 7.0, 6.0)), "clone": measure.Figure("clone", "clone", "ns", (12.5,))}
    (table,) = bench.tables({"one": figures, "two": figures})
    assert [column.header for column in table.columns] == ["spec", "fights/s", "clone ns"]
    assert table.row_count == 2
    assert figures["clone"].document() == {"what": "clone", "unit": "ns", "median": 12.5, "lowest": None, "highest": None}


def test_a_scenario_stands_beside_the_speed_of_the_reference_in_it(tmp_path: Path) -> None:
    same, other = measure.subjects(("benchmarks/reference/mage_fire.json", "tests/golden/mage_fire/01_fireball_only_100s.json"))
    assert (same.name, same.spec.name, same.reference) == ("mage_fire", "mage_fire.spec", 5700)
    assert (other.name, other.reference) == ("mage_fire: 01_fireball_only_100s", None)
    assert [subject.reference for subject in measure.subjects((SPEC,))] == [None]
    shipped = measure.subjects(("benchmarks/reference",))
    assert {subject.spec for subject in shipped} == set(shipped_specs()) and all(subject.reference for subject in shipped)
    assert len(measure.subjects(())) == len(shipped)
    assert [subject.name for subject in measure.subjects(("benchmarks/reference/mage_fire.json", SPEC))] == ["mage_fire (scenario)", "mage_fire"]


def test_compiling_is_timed_in_a_new_process() -> None:
    wall, processor = measure._compile_seconds(find_spec(SPEC), str(user_cache_folder()))
    assert 0.3 < wall < 120 and processor > 0.3
    assert os.environ.get("PORTUNUS_CACHE", str(user_cache_folder())) == str(user_cache_folder())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["specs/wotlk/mage_fir.spec"], "there is no spec file"),
        ([SPEC, "--label", "x"], "belong together"),
        ([SPEC, "--append", "x.md"], "belong together"),
        ([SPEC, "--append", "README.md", "--label", "x"], "is no history of this version"),
        ([SPEC, "--rounds", "0"], "0 is not in the range"),
    ],
)
def test_bench_refuses_with_one_message(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and complaint in err


def test_a_first_word_can_be_another_measurement(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench.PARTS, "mistakes", "check")
    code, out, _ = run(capsys, "mistakes", SPEC)
    assert (code, out) == (0, "1 file checked: no errors, no warnings\n")
    assert "bench mistakes" in run(capsys, "mistakes", "--help")[1]
