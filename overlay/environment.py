"""What has to be set before kivy is imported: no files in the home folder, no argument parsing, no input devices of its own."""

from __future__ import annotations

import os

from portunus_overlay.settings import Settings

from portunus.files import user_cache_folder


def prepare_kivy(settings: Settings) -> None:
    """Set kivy's environment and its configuration for one window; must run before anything else imports kivy.

    The window listens to the mouse only while it can be moved with it; no touch, pen or raw input provider is ever opened.
    """
    os.environ.update(
        KIVY_HOME=str(user_cache_folder("kivy")),
        KIVY_NO_ARGS="1",
        KIVY_NO_CONFIG="1",
        KIVY_NO_CONSOLELOG="1",
        KIVY_NO_FILELOG="1",
        KIVY_LOG_MODE="PYTHON",
        KIVY_IMAGE="sdl2",
        KIVY_TEXT="sdl2",
        KIVY_CLIPBOARD="dummy",
        KIVY_SPELLING="",
    )
    from kivy.config import Config

    for name, _ in list(Config.items("input")):
        Config.remove_option("input", name)
    if not settings.click_through:
        Config.set("input", "mouse", "mouse,disable_multitouch")
    graphics = {
        "left": settings.left,
        "top": settings.top,
        "width": settings.width,
        "height": settings.height,
        "position": "custom",
        "borderless": int(settings.borderless),
        "always_on_top": int(settings.always_on_top),
        "resizable": 1,
        "minimum_width": 360,
        "minimum_height": 200,
        "maxfps": 60,
        "multisamples": 0,  # antialiasing is done in the shapes themselves
        "show_cursor": 1,
    }
    for name, value in graphics.items():
        Config.set("graphics", name, value)
    Config.set("kivy", "exit_on_escape", 0)
    Config.set("kivy", "log_level", "warning")
