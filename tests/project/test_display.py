"""The virtual screen: private, gone afterwards, and a clear word when it cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys

import mss
import pytest

from portunus import display
from portunus.errors import PortunusError


def test_screen_can_be_read_and_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("XAUTHORITY", raising=False)
    with display.virtual_display(width=640, height=480) as name:
        assert os.environ["DISPLAY"] == name
        cookie = os.environ["XAUTHORITY"]
        assert os.stat(cookie).st_mode & 0o077 == 0
        with mss.MSS() as screen:
            shot = screen.grab(screen.monitors[0])
        assert (shot.width, shot.height) == (640, 480)
    assert "DISPLAY" not in os.environ and "XAUTHORITY" not in os.environ
    assert not os.path.exists(cookie)


def test_stranger_without_the_cookie_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with display.virtual_display(always=True) as name:
        code = "import mss; mss.MSS().grab({'left': 0, 'top': 0, 'width': 1, 'height': 1}); print('read')"
        environment = {**os.environ, "DISPLAY": name, "XAUTHORITY": os.devnull}
        stranger = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30)
    assert stranger.returncode != 0 and "read" not in stranger.stdout


def test_environment_is_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4321")
    with pytest.raises(RuntimeError, match="inside"), display.virtual_display(always=True):
        raise RuntimeError("inside")
    assert os.environ["DISPLAY"] == ":4321"


def test_missing_system_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(display, "_PROGRAMS", {"xvfb": "no-such-program"})
    monkeypatch.setattr(display, "_LIBRARIES", {"libgl1": "libnosuchthing.so.9"})
    with pytest.raises(PortunusError) as caught, display.virtual_display():
        raise AssertionError("the block must not run")
    assert "xvfb, libgl1" in caught.value.message
    assert caught.value.hint == "Run: sudo apt-get install xvfb libgl1"


def test_a_server_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PortunusError, match="virtual screen did not start"), display.virtual_display(width=-1, always=True):
        raise AssertionError("the block must not run")
