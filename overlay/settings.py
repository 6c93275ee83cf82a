"""Where the window was and how it looked last time: one small TOML file under the user's configuration folder."""

from __future__ import annotations

import os
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from portunus.errors import PortunusError, nearest
from portunus.files import write_atomic

MAX_BYTES = 16_384
MAX_LINE = 200  # characters; longer lines can make the TOML reader take minutes

_RANGES = {
    "left": (-20_000, 20_000),
    "top": (-20_000, 20_000),
    "width": (360, 4_000),
    "height": (200, 3_000),
    "opacity": (0.2, 1.0),
    "steady_margin": (0.0, 1.0),
}


@dataclass(frozen=True)
class Settings:
    """The window's settings.

    Attributes:
        left: Pixels from the left of the screen.
        top: Pixels from the top of the screen.
        width: Pixels.
        height: Pixels.
        borderless: No title bar; the window is moved by dragging it anywhere and resized at its lower right corner.
        always_on_top: Stays above the game.
        click_through: Mouse clicks go to the window below (X11 only); the window can then not be moved.
        opacity: 0.2 to 1, of the whole window; needs a compositor.
        steady_margin: How far ahead another action has to be to replace the one shown, in casts' worth of damage; see `steady`.
    """

    left: int = 40
    top: int = 40
    width: int = 760
    height: int = 380
    borderless: bool = True
    always_on_top: bool = True
    click_through: bool = False
    opacity: float = 1.0
    steady_margin: float = 0.2

    def to_toml(self) -> str:
        """The file's text."""
        lines = ["# Portunus overlay. Written when the window closes; edit it while the overlay is not running."]
        for name, value in asdict(self).items():
            lines.append(f"{name} = {str(value).lower() if isinstance(value, bool) else value}")
        return "\n".join(lines) + "\n"


def settings_path() -> Path:
    """The settings file (`PORTUNUS_CONFIG` overrides its folder)."""
    import platformdirs

    base = os.environ.get("PORTUNUS_CONFIG") or platformdirs.user_config_dir("portunus", appauthor=False)
    return Path(base) / "overlay.toml"


def load_settings(path: Path) -> Settings:
    """Read the settings; a missing file gives the defaults.

    Raises:
        PortunusError: The file is unreadable, or a setting is unknown, of the wrong type or out of range; names it.
    """
    way_out = "Correct the file, or start once with --reset."
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise PortunusError(f"cannot read {path}: {error.strerror}", hint=way_out) from error
    if len(raw) > MAX_BYTES or any(len(line) > MAX_LINE for line in raw.splitlines()):
        raise PortunusError(f"{path} is no settings file of the overlay: too long", hint=way_out)
    try:
        data = tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise PortunusError(f"{path} is not readable as TOML: {str(error)[:200]}", hint=way_out) from error
    types = {item.name: type(item.default) for item in fields(Settings)}
    values = {}
    for name, value in data.items():
        if name not in types:
            close = nearest(name, tuple(types))
            raise PortunusError(f"{path}: unknown setting {name!r}", hint=f"Did you mean {close}?" if close else way_out)
        if types[name] is float and type(value) is int:
            value = float(value)
        if type(value) is not types[name]:
            raise PortunusError(f"{path}: {name} is not of type {types[name].__name__}", hint=way_out)
        low, high = _RANGES.get(name, (value, value))
        if not low <= value <= high:
            raise PortunusError(f"{path}: {name} is {value}, expected {low} to {high}", hint=way_out)
        values[name] = value
    return Settings(**values)


def save_settings(path: Path, settings: Settings) -> None:
    """Replace the file in one step.

    Raises:
        PortunusError: The folder cannot be written.
    """
    write_atomic(path, settings.to_toml())
