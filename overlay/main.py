"""Starting the overlay: settings, display, window, and the summary at the end."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from portunus_overlay.feed import Plan, ScreenFeed
from portunus_overlay.latency import LatencyLog
from portunus_overlay.settings import Settings, load_settings, save_settings, settings_path


@dataclass(frozen=True)
class Options:
    """How to run the window.

    Attributes:
        screenshot: Save the window to this PNG file and end.
        after: Seconds between the planner's readiness and the screenshot.
        latency_log: JSON lines of every suggestion's times.
        reset: Forget the window's place and look.
        place: Left, top, width and height of the window for this run, None for the remembered ones.
    """

    screenshot: Path | None = None
    after: float = 5.0
    latency_log: Path | None = None
    reset: bool = False
    place: tuple[int, int, int, int] | None = None


def run_overlay(plan: Plan, options: Options) -> LatencyLog:
    """Open the window and stay until it is closed.

    Returns:
        The latencies measured.

    Raises:
        PortunusError: No display, unreadable settings, or a latency log that cannot be written.
    """
    from portunus_overlay.environment import prepare_kivy
    from portunus_overlay.platform import require_display

    require_display()
    path = settings_path()
    remembered = Settings() if options.reset else load_settings(path)
    settings = remembered
    if options.place is not None:
        left, top, width, height = options.place
        settings = Settings(**{**vars(remembered), "left": left, "top": top, "width": width, "height": height})
    latency = LatencyLog(options.latency_log)
    with contextlib.closing(latency):
        prepare_kivy(settings)
        from portunus_overlay.app import OverlayApp

        app = OverlayApp(ScreenFeed(plan), settings, latency=latency, screenshot=options.screenshot, after=options.after)
        app.run()
    if options.screenshot is None and options.place is None and app.settings_at_end != remembered:
        save_settings(path, app.settings_at_end)
    return latency
