"""The real thing on a virtual screen: the client's window, mss, the reader, a restored state."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from portunus.barcode.capture import ScreenCapture
from portunus.barcode.estimate import restore
from portunus.barcode.fields import build_schema
from portunus.barcode.image import render
from portunus.barcode.reader import Link, Reader
from portunus.barcode.wire import Frame, pack_frame
from portunus.cli.client import twin_spec
from portunus.display import missing_packages, virtual_display
from portunus.resources import find_spec

SPEC = "wotlk/mage_fire.spec"
START_SECONDS = 60.0


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    assert missing_packages() == [], "these tests draw real windows; `make test` installs what they need"
    with virtual_display(always=True) as name:
        yield name


def test_window_to_restored_state(screen, tmp_path):
    compiled = twin_spec(find_spec(SPEC))
    schema = build_schema(compiled.model, compiled.actions)
    frames = tmp_path / "frames"
    command = [sys.executable, "-m", "portunus", "client", SPEC, "--seed", "3", "--speed", "4", "--position", "200,120", "--frames", str(frames)]
    window = subprocess.Popen(command)
    reader = Reader(schema, ScreenCapture)
    states = []
    sequences = []
    try:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and len(states) < 60:
            assert window.poll() is None, "the client ended early"
            seen = reader.poll()
            if seen is not None and seen.values["combat.start"] is not None:
                states.append(restore(compiled, seen))
                sequences.append(seen.sequence)
            time.sleep(0.008)
        assert len(states) == 60
        assert reader.link is Link.OK
        left, _, width, height = reader.box
        assert 190 <= left <= 220
        assert (width, height) == render(pack_frame(Frame(0, 0, 0, 0, bytes(schema.payload_bytes))), schema.data_columns).shape[1::-1]
        instants = [int(compiled.view(state)["now"]) for state in states]
        assert instants == sorted(instants)
        assert instants[-1] - instants[0] > 2e9
        assert all(int(compiled.view(state)["mana"]) > 0 for state in states)
        assert len(list(frames.glob("frame_*.png"))) >= 60
    finally:
        window.terminate()
        window.wait(timeout=20)
    until = time.monotonic() + 5
    while reader.link is Link.OK and time.monotonic() < until:
        reader.poll()
        time.sleep(0.02)
    assert reader.link in (Link.SEARCHING, Link.STALE), "the window is gone, so nothing is current"
    reader.close()


def test_the_reader_survives_the_end_of_the_screen(monkeypatch):
    compiled = twin_spec(find_spec(SPEC))
    schema = build_schema(compiled.model, compiled.actions)
    monkeypatch.delenv("DISPLAY", raising=False)
    with virtual_display(always=True):
        reader = Reader(schema, ScreenCapture)
        reader.poll()
        assert reader.link is Link.SEARCHING
    until = time.monotonic() + 5
    while reader.link is not Link.NO_SCREEN and time.monotonic() < until:
        reader.poll()
        time.sleep(0.05)
    assert reader.link is Link.NO_SCREEN
    assert reader.detail


def test_no_screen_is_one_clear_message(monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    done = subprocess.run([sys.executable, "-m", "portunus", "client", SPEC], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "no screen" in done.stderr
    assert "Traceback" not in done.stderr


def test_addon_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "portunus", "addon", SPEC, "--out", str(tmp_path), "--fields"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Fire Mage" in done.stdout
    assert "cooldown.combustion" in done.stdout
    assert (tmp_path / "Portunus" / "Portunus.toc").is_file()
    foreign = tmp_path / "other" / "Portunus"
    foreign.mkdir(parents=True)
    (foreign / "x.lua").write_text("mine")
    done = subprocess.run(
        [sys.executable, "-m", "portunus", "addon", SPEC, "--out", str(tmp_path / "other")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "left alone" in done.stderr
    assert [path.name for path in foreign.iterdir()] == ["x.lua"]
