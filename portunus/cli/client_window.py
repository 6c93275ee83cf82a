"""The practice client's window: the addon's strip, pixel for pixel, and below it a plain view of the fight for people."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from portunus.errors import PortunusError
from portunus.files import user_cache_folder

if TYPE_CHECKING:
    from portunus.barcode.session import PracticeSession

SIZE = (760, 470)
BACKGROUND = (0.075, 0.082, 0.1, 1)
TROUGH = (0.16, 0.175, 0.21, 1)
TEXT, FAINT = (0.92, 0.93, 0.95, 1), (0.56, 0.6, 0.67, 1)
MANA, CAST, CHANNEL, HEALTH = (0.22, 0.46, 0.83, 1), (0.86, 0.6, 0.2, 1), (0.36, 0.66, 0.42, 1), (0.72, 0.26, 0.27, 1)
FRAME_RATE = 60


def _prepare(position: tuple[int, int]) -> None:
    """Set kivy's environment and configuration; must run before anything else imports kivy."""
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
    graphics = {
        "position": "custom",
        "left": position[0],
        "top": position[1],
        "width": SIZE[0],
        "height": SIZE[1],
        "resizable": 0,
        "maxfps": FRAME_RATE,
        "multisamples": 0,
    }
    for name, value in graphics.items():
        Config.set("graphics", name, value)
    Config.set("kivy", "exit_on_escape", 1)
    Config.set("kivy", "log_level", "warning")


def _save_frame(folder: Path, number: int, picture) -> None:
    from mss.tools import to_png

    to_png(picture.tobytes(), (picture.shape[1], picture.shape[0]), output=str(folder / f"frame_{number:06d}.png"))


def run_window(session: PracticeSession, *, position: tuple[int, int], frames: Path | None = None) -> None:
    """Open the window and play the session to its end, or until the window is closed.

    Args:
        session: What is played.
        position: Left upper corner of the window, pixels.
        frames: Folder for a PNG file of every barcode painted, or None.

    Raises:
        PortunusError: No window can be opened here.
    """
    _prepare(position)
    from kivy.core.window import Window

    if Window is None:
        raise PortunusError("no window can be opened here", hint="The graphics driver must offer OpenGL 2; on Linux Mesa does.")
    from kivy.app import App
    from kivy.clock import Clock

    if frames is not None:
        frames.mkdir(parents=True, exist_ok=True)
    view = _view(session)

    class PracticeApp(App):
        """Plays the session in the window."""

        title = f"Portunus practice client: {session.schema.title}"
        shown = -1
        saved = 0

        def build(self):
            """The one widget."""
            Window.clearcolor = BACKGROUND
            Clock.schedule_interval(self.tick, 1 / FRAME_RATE)
            return view.root

        def tick(self, seconds: float) -> None:
            """One frame of the window."""
            session.tick(min(seconds, 0.25))
            if session.barcode_version != self.shown:
                self.shown = session.barcode_version
                view.show_barcode()
                if frames is not None:
                    self.saved += 1
                    _save_frame(frames, self.saved, session.barcode)
            view.show_fight()
            if session.finished:
                self.stop()

    PracticeApp().run()


class _View:
    """The widgets and how they follow the session."""

    def __init__(self, root, show_barcode: Callable[[], None], show_fight: Callable[[], None]) -> None:
        self.root = root
        self.show_barcode = show_barcode
        self.show_fight = show_fight


def _view(session: PracticeSession) -> _View:
    from kivy.graphics import Color, Rectangle
    from kivy.graphics.texture import Texture
    from kivy.uix.label import Label
    from kivy.uix.widget import Widget

    height = SIZE[1]
    root = Widget()
    picture = session.barcode
    texture = Texture.create(size=(picture.shape[1], picture.shape[0]), colorfmt="rgb")
    texture.mag_filter = texture.min_filter = "nearest"
    texture.flip_vertical()
    with root.canvas:
        Color(1, 1, 1, 1)
        Rectangle(texture=texture, pos=(0, height - picture.shape[0]), size=(picture.shape[1], picture.shape[0]))

    def text(x: float, top: float, wide: float, *, size: int = 15, colour=TEXT, tall: float = 22, right: bool = False) -> Label:
        label = Label(
            pos=(x, height - top - tall), size=(wide, tall), text_size=(wide, tall), font_size=size, color=colour,
            halign="right" if right else "left", valign="top" if tall > 40 else "middle",
        )
        root.add_widget(label)
        return label

    def bar(x: float, top: float, wide: float, colour) -> tuple[Color, Rectangle, float]:
        with root.canvas:
            Color(*TROUGH)
            Rectangle(pos=(x, height - top - 20), size=(wide, 20))
            tint = Color(*colour)
            filled = Rectangle(pos=(x, height - top - 20), size=(0, 20))
        return tint, filled, wide

    def fill(entry: tuple[Color, Rectangle, float], share: float) -> None:
        entry[1].size = (entry[2] * min(1.0, max(0.0, share)), 20)

    left, right_column, half = 24, 396, 340
    title = text(left, 38, 500, size=20, tall=28)
    clock = text(right_column, 38, half, size=20, tall=28, right=True)
    note = text(left, 66, 712, size=13, colour=FAINT)
    text(left, 100, half, size=13, colour=FAINT).text = "Mana"
    mana_text = text(left, 100, half, size=13, colour=FAINT, right=True)
    mana = bar(left, 122, half, MANA)
    cast_name = text(left, 150, half, size=13, colour=FAINT)
    cast_text = text(left, 150, half, size=13, colour=FAINT, right=True)
    cast = bar(left, 172, half, CAST)
    enemy_name = text(right_column, 100, half, size=13, colour=FAINT)
    enemy_text = text(right_column, 100, half, size=13, colour=FAINT, right=True)
    health = bar(right_column, 122, half, HEALTH)
    text(left, 210, half, size=13, colour=FAINT).text = "On you"
    own = text(left, 232, half, tall=110)
    text(right_column, 210, half, size=13, colour=FAINT).text = "On the enemy"
    foreign = text(right_column, 232, half, tall=110)
    text(left, 350, 712, size=13, colour=FAINT).text = "Last actions, newest first"
    actions = text(left, 372, 712, tall=66)

    def auras(entries, now: float) -> str:
        lines = []
        for aura in entries:
            stacks = f" x{aura.stacks}" if aura.stacks else ""
            lines.append(f"{aura.name}{stacks}" + (f"   {aura.ends_at - now:.1f} s" if aura.ends_at else ""))
        return "\n".join(lines) or "nothing"

    def show_barcode() -> None:
        texture.blit_buffer(session.barcode.tobytes(), colorfmt="rgb", bufferfmt="ubyte")
        root.canvas.ask_update()

    def show_fight() -> None:
        fight, world = session.fight, session.world
        now = max(0.0, fight.now)
        title.text = f"Practice fight: {session.schema.title}"
        clock.text = f"{fight.now:.1f} / {fight.duration:.0f} s"
        rate = fight.damage / now if now > 1 else 0.0
        note.text = (
            f"simulated, no game is running   |   {fight.damage:,.0f} damage, {rate:,.0f} per second   |   "
            f"fight {session.fight_number}, speed {session.speed:g}"
        )
        power, maximum = next(iter(world.powers.values()), (0, 0))
        mana_text.text = f"{power:,} / {maximum:,}"
        fill(mana, power / max(1, maximum))
        if world.cast is not None:
            remaining, length = world.cast.ends_at - world.clock, world.cast.ends_at - world.cast.started_at
            cast[0].rgba = CHANNEL if world.cast.channelled else CAST
            fill(cast, remaining / length if world.cast.channelled else 1 - remaining / length)
            cast_name.text, cast_text.text = world.cast.name, f"{remaining:.1f} s"
        else:
            fill(cast, 0.0)
            gcd = world.global_cooldown
            left_over = gcd.start + gcd.duration - world.clock if gcd else 0.0
            cast_name.text, cast_text.text = "not casting", f"global cooldown {left_over:.1f} s" if gcd else "ready"
        enemies = world.enemies
        enemy_name.text = "Target dummy" if len(enemies) == 1 else f"Target dummy, 1 of {len(enemies)}"
        share = enemies[0].health / enemies[0].health_max if enemies else 0.0
        enemy_text.text = f"{share:.0%}"
        fill(health, share)
        own.text = auras(world.auras, world.clock)
        foreign.text = auras(enemies[0].auras if enemies else (), world.clock)
        recent = list(reversed(fight.taken[-12:]))
        actions.text = ",   ".join(f"{entry.label} {entry.at:.1f} s" for entry in recent) or "none yet"

    return _View(root, show_barcode, show_fight)
