"""Colours and text of the window, in one place; red, green, blue, opacity, 0..1."""

from __future__ import annotations


def _rgb(text: str, opacity: float = 1.0) -> tuple[float, float, float, float]:
    return (int(text[0:2], 16) / 255, int(text[2:4], 16) / 255, int(text[4:6], 16) / 255, opacity)


BACKGROUND = _rgb("0f1218")
PANEL = _rgb("161b24")
CHIP = _rgb("1c222d")
CHIP_CHOSEN = _rgb("20344a")
LINE = _rgb("2a3240")
BRANCH = _rgb("3d485a")
TEXT = _rgb("e8ecf3")
MUTED = _rgb("97a2b4")
FAINT = _rgb("6d7889")
ACCENT = _rgb("6cb8ff")
LEVELS = {"good": _rgb("5fd38d"), "waiting": _rgb("f2b84b"), "bad": _rgb("ff7a70")}
LOSS = _rgb("e9b384")
PLATE = _rgb("0a0d12", 0.78)
FADED = 0.35  # opacity of advice that is not current
