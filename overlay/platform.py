"""What kivy cannot do to a window: let clicks through. X11 only, through the system's own libraries; elsewhere it says no.

Nothing here can read or send input: the one call changes which part of *this* window receives clicks.
"""

from __future__ import annotations

import ctypes
import os
import sys

from portunus.errors import PortunusError

_SHAPE_INPUT = 2  # X11/extensions/shapeconst.h: ShapeInput
_SHAPE_SET = 0  # ShapeSet


def require_display() -> None:
    """Make sure that there is a screen to open a window on.

    Raises:
        PortunusError: There is none, or it does not answer.
    """
    if not sys.platform.startswith("linux"):
        return
    name = os.environ.get("DISPLAY")
    if not name:
        hint = "Start it from a desktop session"
        if os.environ.get("WAYLAND_DISPLAY"):
            hint += " with XWayland: the screen is read through X11, which this Wayland session does not offer"
        raise PortunusError("the overlay needs a display, and there is none (DISPLAY is not set)", hint=hint + ".")
    x11 = _library("libX11.so.6")
    display = x11.XOpenDisplay(None)
    if not display:
        raise PortunusError(f"the display {name!r} does not answer", hint="Start the overlay from the desktop session the game runs in.")
    x11.XCloseDisplay(display)


def let_clicks_through(window: int) -> bool:
    """Make a window transparent to the mouse.

    Args:
        window: The X11 window id.

    Returns:
        False where this system cannot do it.
    """
    if not sys.platform.startswith("linux") or not os.environ.get("DISPLAY"):
        return False
    try:
        x11, extension = _library("libX11.so.6"), ctypes.CDLL("libXext.so.6")
    except (OSError, PortunusError):
        return False
    display = x11.XOpenDisplay(None)
    if not display:
        return False
    combine = extension.XShapeCombineRectangles
    combine.argtypes = [ctypes.c_void_p, ctypes.c_ulong, *[ctypes.c_int] * 3, ctypes.c_void_p, *[ctypes.c_int] * 3]
    combine.restype = None
    combine(display, window, _SHAPE_INPUT, 0, 0, None, 0, _SHAPE_SET, 0)
    x11.XCloseDisplay(display)  # flushes
    return True


def _library(name: str) -> ctypes.CDLL:
    try:
        x11 = ctypes.CDLL(name)
    except OSError as error:
        raise PortunusError(f"the system library {name} is missing", hint="Run: sudo apt-get install libx11-6 libxext6") from error
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    return x11
