"""The wheel carries everything a user needs, and is the same file whenever it is built."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from sources import ROOT


def build(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT)], check=True, capture_output=True
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *folders], cwd=ROOT, check=True, capture_output=True, text=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def test_wheel_carries_the_data_folders_and_the_overlay(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, place in (("grammar", "portunus/_data/grammar"), ("specs", "portunus/_data/specs"), ("addon", "portunus/_data/addon"),
                          ("models", "portunus/_data/models"), ("overlay", "portunus_overlay"), ("portunus", "portunus")):
        expected = {place + name.removeprefix(folder) for name in tracked(folder)}
        assert expected <= names, f"{folder}: {sorted(expected - names)[:5]}"
    assert any(name.endswith("mage_fire.spec") for name in names)
    assert any(name.endswith(".lark") for name in names)


def test_wheel_carries_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"portunus", "portunus_overlay"}
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if "__pycache__" in name or name.endswith((".so", ".pyc"))]


def test_wheel_is_the_same_when_built_again(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()
