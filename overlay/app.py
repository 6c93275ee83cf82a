"""The kivy program: polls the feed and the planner sixty times a second, and draws when something changed."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from kivy.app import App
from kivy.base import ExceptionHandler, ExceptionManager
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glPixelStorei, glReadPixels
from portunus_overlay import platform, widgets
from portunus_overlay.actions import Faces
from portunus_overlay.latency import LatencyLog
from portunus_overlay.screen import Screen, Shown, build_screen
from portunus_overlay.settings import Settings
from portunus_overlay.situation import Signal, State
from portunus_overlay.steady import Steadier

from portunus.files import write_atomic
from portunus.planner import service
from portunus.planner.messages import Suggestion

REFRESH_SECONDS = 0.1  # clock, countdown and state age
GRIP = 18  # pixels of the corner that resizes
_GL_PACK_ALIGNMENT = 0x0D05


class Feed(Protocol):
    """Where states and advice come from; `portunus_overlay.feed.ScreenFeed` is the real one. Everything here returns at once."""

    title: str
    faces: Faces

    def start(self) -> None:
        """Begin to look."""

    def stop(self) -> None:
        """Stop looking and end the planner."""

    def signal(self) -> Signal:
        """What was seen last."""

    def planner_status(self) -> service.Status | None:
        """The planner's status, None before it was started."""

    def suggestion(self) -> Suggestion | None:
        """The newest suggestion, once."""

    def captured_at(self, sequence: int) -> float:
        """When the pixels of a state were captured, seconds of `time.monotonic`."""

    def changed_at(self, sequence: int) -> float:
        """When the first pixels newer than a state were captured."""


class OverlayApp(App):
    """The window.

    Args:
        feed: Where states and advice come from.
        settings: Place and look at the start; `settings_at_end` holds them after the run.
        latency: Counts the time from pixels to the screen.
        screenshot: Save the window to this PNG file and end.
        after: Seconds between the end of the preparations and the screenshot.
    """

    def __init__(self, feed: Feed, settings: Settings, *, latency: LatencyLog, screenshot: Path | None = None, after: float = 5.0) -> None:
        super().__init__()
        self._feed = feed
        self._settings = settings
        self._latency = latency
        self._screenshot = screenshot
        self._after = after
        self._steadier = Steadier(settings.steady_margin)
        self._shown: Shown | None = None
        self._screen: Screen | None = None
        self._undrawn: Suggestion | None = None
        self._next_refresh = 0.0
        self._ready_at: float | None = None
        self._ending = False
        self._grabbed: tuple[str, float, float] | None = None
        self._changed_at = 0.0
        self._replaced = False
        self.settings_at_end = settings

    def build(self) -> widgets.Window:
        """Make the window's contents."""
        self.title = "Portunus"
        widgets.load_layout()
        return widgets.Window()

    def on_start(self) -> None:
        """Begin to look and to draw."""
        Window.opacity = self._settings.opacity
        if self._settings.click_through and not platform.let_clicks_through(Window.get_window_info().window):
            print("portunus overlay: clicks cannot be let through on this system", file=sys.stderr)
        Window.bind(on_flip=self._flip, on_touch_down=self._grab, on_touch_move=self._drag, on_touch_up=self._release)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)
        ExceptionManager.add_handler(_CarryOn())
        self._feed.start()
        Clock.schedule_interval(self._tick, 1 / 60)

    def on_stop(self) -> None:
        """Remember the window's place, end the feed and the planner."""
        width, height = (int(side) for side in Window.system_size)
        self.settings_at_end = replace(self._settings, left=int(Window.left), top=int(Window.top), width=width, height=height)
        self._feed.stop()

    def _end(self, *_) -> None:
        self._ending = True

    def _tick(self, _elapsed: float) -> None:
        now = time.monotonic()
        suggestion = self._feed.suggestion()
        if suggestion is not None:
            earlier = self._shown.suggestion.sequence if self._shown else None
            situation = self._feed.signal().situation
            changed = self._steadier.changed
            settled = self._steadier.settle(suggestion, ready_at=situation.ready_at if situation else None)
            self._replaced = self._steadier.changed > changed
            self._shown = Shown(settled, self._feed.captured_at(suggestion.sequence))
            self._undrawn = settled
            self._changed_at = self._shown.captured_at if earlier is None else self._feed.changed_at(earlier)
        if suggestion is not None or now >= self._next_refresh:
            self._next_refresh = now + REFRESH_SECONDS
            self._refresh(now)
        if self._ending:
            self.stop()

    def _refresh(self, now: float) -> None:
        state, status = self._feed.signal(), self._feed.planner_status()
        screen = build_screen(self._feed.title, self._feed.faces, state, status, self._shown, now)
        if screen != self._screen:
            self._screen = screen
            self.root.show(screen, self._feed.faces)
        settled = state.state == State.FAILED or (status is not None and status.state in (service.READY, service.REFUSED))
        if self._ready_at is None and settled and state.state != State.PREPARING:
            self._ready_at = now
        if self._screenshot is not None and self._ready_at is not None and now - self._ready_at >= self._after:
            Window.canvas.ask_update()

    def _flip(self, _window) -> bool:
        """A frame was drawn: take the picture, hand the frame to the screen, and note when its suggestion arrived there."""
        now = time.monotonic()
        if self._screenshot is not None and self._ready_at is not None and now - self._ready_at >= self._after:
            write_atomic(self._screenshot, _window_png())
            self._screenshot = None
            self._ending = True
        Window.flip()
        if self._screen is None or self._screen.advice is None:
            self._undrawn = None  # words stand in its place
        if self._undrawn is not None:
            self._latency.drawn(
                self._undrawn,
                captured_at=self._shown.captured_at,
                changed_at=self._changed_at,
                drawn_at=time.monotonic(),
                replaced=self._replaced,
            )
            self._undrawn = None
        return True  # the frame was flipped here

    # moving and resizing a window without a frame -----------------------------------------------------------------------------

    def _grab(self, _window, touch) -> None:
        if self._settings.borderless:
            corner = touch.x > Window.width - GRIP and touch.y < GRIP
            self._grabbed = ("resize" if corner else "move", touch.x, touch.y)

    def _drag(self, _window, touch) -> None:
        if self._grabbed is None:
            return
        what, x, y = self._grabbed
        if what == "move":
            Window.left += round(touch.x - x)
            Window.top -= round(touch.y - y)
        else:
            width, height = Window.system_size
            Window.size = (max(360, width + touch.x - x), max(200, height - (touch.y - y)))
            self._grabbed = (what, touch.x, y)

    def _release(self, _window, _touch) -> None:
        self._grabbed = None


class _CarryOn(ExceptionHandler):
    """One broken frame must not take the window away; many must."""

    def __init__(self) -> None:
        self._count = 0

    def handle_exception(self, inst: BaseException) -> int:
        """Tell on standard error and go on; give up after twenty."""
        self._count += 1
        print(f"portunus overlay: {type(inst).__name__}: {inst}", file=sys.stderr)
        return ExceptionManager.PASS if isinstance(inst, Exception) and self._count <= 20 else ExceptionManager.RAISE


def _window_png() -> bytes:
    """The pixels of the frame just drawn, as a PNG file."""
    import mss.tools

    width, height = (int(side) for side in Window.system_size)
    glPixelStorei(_GL_PACK_ALIGNMENT, 1)
    pixels = bytes(glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE))
    rows = [pixels[row * width * 3 : (row + 1) * width * 3] for row in reversed(range(height))]
    return mss.tools.to_png(b"".join(rows), (width, height))
