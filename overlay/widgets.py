"""The widgets: each draws one view model and decides nothing. The layout around them is `overlay.kv`."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from kivy.clock import Clock
from kivy.core.text import Label as CoreLabel
from kivy.graphics import Color, InstructionGroup, Mesh, Rectangle, SmoothEllipse, SmoothLine, SmoothRoundedRectangle
from kivy.graphics.texture import Texture
from kivy.lang import Builder
from kivy.properties import BooleanProperty, ListProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget
from portunus_overlay import palette
from portunus_overlay.actions import Face
from portunus_overlay.icons import school_of, tile
from portunus_overlay.screen import Advice, Screen
from portunus_overlay.tree_layout import Metrics, Placed, lay_out, stretch

ROOMY = Metrics(row=34.0, first=150.0, action=116.0, outcome=90.0, root=20.0)
NARROW = Metrics(row=26.0, first=120.0, action=82.0, outcome=46.0, root=16.0)

_texts: OrderedDict[tuple, Texture] = OrderedDict()
_tiles: OrderedDict[tuple[str, int], Texture] = OrderedDict()
_CACHED = 400  # textures of each kind


def _cached(cache: OrderedDict, key: tuple, make) -> Texture:
    if key in cache:
        cache.move_to_end(key)
    else:
        cache[key] = make()
        if len(cache) > _CACHED:
            cache.popitem(last=False)
    return cache[key]


def text_texture(text: str, size: float, *, bold: bool = False, width: float | None = None) -> Texture:
    """White text as a texture, shortened with an ellipsis to `width` pixels."""
    size = max(8, round(size))

    def make() -> Texture:
        def render(shown: str) -> Texture:
            label = CoreLabel(text=shown, font_size=size, bold=bold)
            label.refresh()
            return label.texture

        texture = render(text)
        if width is None or texture.width <= width:
            return texture
        low, high = 0, len(text)  # the longest beginning that fits, by halving
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if render(text[:middle].rstrip() + "…").width <= width else (low, middle - 1)
        return render(text[:low].rstrip() + "…" if low else "…")

    return _cached(_texts, (text, size, bold, None if width is None else round(width)), make)


def tile_texture(school: str, size: int) -> Texture:
    """The icon of a school as a texture of `size` pixels."""

    def make() -> Texture:
        texture = Texture.create(size=(size, size), colorfmt="rgba")
        texture.blit_buffer(tile(school, size).tobytes(), colorfmt="rgba", bufferfmt="ubyte")
        texture.flip_vertical()
        return texture

    return _cached(_tiles, (school_of(school), size), make)


class Painter:
    """Adds shapes and text to a canvas group; y grows upwards, positions are rounded to pixels so that text stays sharp."""

    def __init__(self, group: InstructionGroup, opacity: float) -> None:
        self._group = group
        self._opacity = opacity

    def colour(self, colour: tuple[float, float, float, float]) -> None:
        """Set the colour of what follows."""
        self._group.add(Color(*colour[:3], colour[3] * self._opacity))

    def text(self, text: str, x: float, middle: float, size: float, colour, *, bold=False, width=None, align="left") -> float:
        """Write a line whose middle is at height `middle`; returns its width in pixels."""
        if not text:
            return 0.0
        texture = text_texture(text, size, bold=bold, width=width)
        left = {"left": x, "right": x - texture.width, "centre": x - texture.width / 2}[align]
        self.colour(colour)
        self._group.add(Rectangle(texture=texture, pos=(round(left), round(middle - texture.height / 2)), size=texture.size))
        return texture.width

    def box(self, x: float, y: float, width: float, height: float, radius: float, colour) -> None:
        """A filled box with round corners."""
        self.colour(colour)
        self._group.add(SmoothRoundedRectangle(pos=(x, y), size=(width, height), radius=[radius]))

    def outline(self, x: float, y: float, width: float, height: float, radius: float, colour, line: float) -> None:
        """The edge of a box with round corners."""
        self.colour(colour)
        self._group.add(SmoothLine(rounded_rectangle=(x, y, width, height, radius), width=line))

    def line(self, points: list[float], colour, width: float) -> None:
        """A line through points."""
        self.colour(colour)
        self._group.add(SmoothLine(points=points, width=width))

    def shape(self, points: list[float], colour, *, filled: bool) -> None:
        """A closed polygon, convex if filled."""
        self.colour(colour)
        if filled:
            vertices = [value for i in range(0, len(points), 2) for value in (points[i], points[i + 1], 0, 0)]
            self._group.add(Mesh(vertices=vertices, indices=list(range(len(points) // 2)), mode="triangle_fan"))
        self._group.add(SmoothLine(points=points, width=1.0, close=True))

    def dot(self, x: float, y: float, radius: float, colour) -> None:
        """A filled circle around (x, y)."""
        self.colour(colour)
        self._group.add(SmoothEllipse(pos=(x - radius, y - radius), size=(2 * radius, 2 * radius)))

    def icon(self, face: Face, x: float, y: float, size: float, *, initials: bool) -> None:
        """An action's icon with its lower left corner at (x, y); initials and target only where there is room for them."""
        size, x, y = round(size), round(x), round(y)
        self.colour((1, 1, 1, 1))
        self._group.add(Rectangle(texture=tile_texture(face.school, size), pos=(x, y), size=(size, size)))
        if not initials:
            return
        letters = min(26.0, max(10.0, 0.27 * size))
        wide = text_texture(face.initials, letters, bold=True).width + 0.5 * letters
        high = 1.22 * letters
        inset = max(2.0, 0.06 * size)
        self.box(x + size - wide - inset, y + inset, wide, high, 0.35 * letters, palette.PLATE)
        self.text(face.initials, x + size - inset - wide / 2, y + inset + high / 2, letters, palette.TEXT, bold=True, align="centre")
        if face.badge:
            radius = min(16.0, max(6.0, 0.15 * size))
            cx, cy = x + size - radius * 0.8, y + size - radius * 0.8
            self.dot(cx, cy, radius, palette.TEXT)
            self.text(face.badge, cx, cy, radius * 1.5, palette.BACKGROUND, bold=True, align="centre")


class Drawn(Widget):
    """A widget that draws itself anew when its place, its model or its fading changes."""

    faded = BooleanProperty(False)

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self._group = InstructionGroup()
        self.canvas.add(self._group)
        self._redraw = Clock.create_trigger(self._draw_now, -1)  # once, before the next frame, when place and model are settled
        self.bind(pos=self._redraw, size=self._redraw, faded=self._redraw)

    def _draw_now(self, *_) -> None:
        self._group.clear()
        self.draw(Painter(self._group, palette.FADED if self.faded else 1.0))

    def draw(self, painter: Painter) -> None:
        """Draw the model inside `pos` and `size`."""
        raise NotImplementedError


class Mark(Drawn):
    """The state of the chain as a shape: a dot for good, a triangle for waiting, a square for bad."""

    level = StringProperty("waiting")

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.bind(level=self._redraw)

    def draw(self, painter: Painter) -> None:
        """Draw the shape in the middle."""
        colour, x, y, r = palette.LEVELS[self.level], self.center_x, self.center_y, 0.5 * min(self.size)
        if self.level == "good":
            painter.dot(x, y, r, colour)
        elif self.level == "waiting":
            painter.shape([x - r, y - 0.8 * r, x + r, y - 0.8 * r, x, y + r], colour, filled=True)
        else:
            painter.box(x - r, y - r, 2 * r, 2 * r, 1.5, colour)


class Bar(Drawn):
    """A share as a bar with its words inside."""

    share = NumericProperty(0.0)
    words = StringProperty("")

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.bind(share=self._redraw, words=self._redraw)

    def draw(self, painter: Painter) -> None:
        """Draw the bar; nothing without words."""
        if not self.words:
            return
        height = 0.72 * self.height
        y = self.center_y - height / 2
        painter.box(self.x, y, self.width, height, 0.25 * height, palette.LINE)
        filled = self.share * self.width
        if filled >= 1:
            painter.box(self.x, y, max(filled, 0.5 * height), height, 0.25 * height, (0.50, 0.24, 0.22, 1))
        painter.text(self.words, self.center_x, self.center_y, max(11.0, 0.52 * height), palette.TEXT, align="centre", width=self.width - 8)


class NextAction(Drawn):
    """The big icon, its name, when to press it, and the icons of what follows."""

    advice = ObjectProperty(None, allownone=True)

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.bind(advice=self._redraw)

    def draw(self, painter: Painter) -> None:
        """Draw from the top: icon, name, hint, queue."""
        advice: Advice | None = self.advice
        if advice is None:
            return
        name_size = max(14.0, min(22.0, 0.085 * self.height))
        hint_size = max(11.0, 0.72 * name_size)
        count = 4 if self.width > 150 else 3
        small = min(48.0, (self.width - 6.0 * (count - 1)) / count, 0.17 * self.height)
        words = 1.45 * name_size + 1.45 * hint_size
        big = math.floor(min(0.88 * self.width, self.height - words - small - 16))
        used = big + words + small + 16
        top = self.top - max(0.0, (self.height - used) / 2)
        x = self.center_x
        painter.icon(advice.face, x - big / 2, top - big, big, initials=True)
        if advice.now:
            painter.outline(round(x - big / 2) - 1.5, round(top - big) - 1.5, big + 3, big + 3, 0.16 * big, palette.ACCENT, 1.6)
        middle = top - big - 6 - 0.72 * name_size
        painter.text(advice.face.label, x, middle, name_size, palette.TEXT, bold=True, width=self.width, align="centre")
        middle -= 0.72 * name_size + 0.72 * hint_size
        painter.text(advice.hint, x, middle, hint_size, palette.ACCENT if advice.now else palette.MUTED, width=self.width, align="centre")
        faces = advice.queue[:count]
        left = x - (len(faces) * (small + 6) - 6) / 2
        bottom = middle - 0.72 * hint_size - 8 - small
        for index, face in enumerate(faces):
            painter.icon(face, left + index * (small + 6), bottom, small, initials=True)


class Tree(Drawn):
    """The search tree from left to right, the chosen action on the top branch."""

    advice = ObjectProperty(None, allownone=True)
    faces = ObjectProperty(None, allownone=True)

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.bind(advice=self._redraw)

    def draw(self, painter: Painter) -> None:
        """Draw the branches first, the nodes on top of them."""
        if self.advice is None or self.faces is None or self.width < 100:
            return
        roomy = self.width >= 440
        row = 34.0 if self.height >= 230 else 26.0
        smallest = ROOMY if roomy else NARROW
        metrics = stretch(replace(smallest, row=row), self.width)
        placed = lay_out(self.advice.tree, self.width, self.height, metrics)
        if not placed:
            return
        self._chip = row - 7.0
        self._outcome_words = roomy
        painter.dot(self.x + 6, self.top - placed[0].y, 4.0, palette.ACCENT)
        for node in reversed(placed):  # the chosen line last, above the others
            self._branch(painter, node, placed)
        for node in placed:
            if node.node.kind == "chance":
                self._outcome(painter, node)
            else:
                self._action(painter, node)

    def _right_edge(self, node: Placed) -> float:
        """Where the branches to the children of a node begin, pixels."""
        return self.x + node.x + node.width - (8.0 if node.node.kind == "decision" else 16.0)

    def _branch(self, painter: Painter, node: Placed, placed: list[Placed]) -> None:
        parent = placed[node.parent] if node.parent >= 0 else None
        x0 = self.x + 6 if parent is None else self._right_edge(parent)
        y0 = self.top - (placed[0].y if parent is None else parent.y)
        x1, y1 = self.x + node.x + (4.0 if node.node.kind == "chance" else 0.0), self.top - node.y
        colour = palette.ACCENT if node.chosen else palette.BRANCH
        if y0 == y1:
            points = [x0, y0, x1, y1]
        else:
            xb = x0 + 2.0 if parent is not None else x0
            bend = min(12.0, x1 - xb, y0 - y1)
            points = [x0, y0, xb, y0, xb, y1 + bend]
            for step in range(1, 9):
                angle = step / 8 * math.pi / 2
                points += [xb + bend * (1 - math.cos(angle)), y1 + bend * (1 - math.sin(angle))]
            points += [x1, y1]
        painter.line(points, colour, 0.8 + 1.6 * math.sqrt(node.share) if not node.chosen else 1.8)

    def _action(self, painter: Painter, node: Placed) -> None:
        face = self.faces.of(node.node.name, node.node.label)
        x, width, height = self.x + node.x, node.width - 8.0, self._chip
        middle = self.top - node.y
        y = middle - height / 2
        painter.box(x, y, width, height, 5, palette.CHIP_CHOSEN if node.chosen else palette.CHIP)
        if node.chosen:
            painter.outline(x, y, width, height, 5, palette.ACCENT, 1.1)
        icon = height - 6.0
        painter.icon(face, x + 3, y + 3, icon, initials=False)
        size = 13.0 if height > 22 else 12.0
        right = x + width - 6
        loss = self._loss(node)
        if loss:
            right -= painter.text(loss, right, middle, size - 1.5, palette.ACCENT if node.chosen else palette.LOSS, align="right") + 5
        colour = palette.TEXT if node.chosen or node.level == 1 else palette.MUTED
        label = f"{face.label} ({face.badge})" if face.badge else face.label
        painter.text(label, x + icon + 9, middle, size, colour, bold=node.chosen, width=right - x - icon - 9)

    def _loss(self, node: Placed) -> str:
        if node.level != 1:
            return ""
        if node.parent < 0 and node.chosen:
            return "best"
        percent = self.advice.losses.get(node.node.name)
        if percent is not None and percent < 0.005:
            return "0 %"
        return "" if percent is None else f"−{percent:.{2 if percent < 0.995 else 1 if percent < 9.95 else 0}f} %"

    def _outcome(self, painter: Painter, node: Placed) -> None:
        r = 4.5 if self._outcome_words else 3.5
        x, y, end = self.x + node.x + 2.0 + r, self.top - node.y, self._right_edge(node)
        colour = palette.ACCENT if node.chosen else palette.MUTED
        words = palette.TEXT if node.chosen else palette.MUTED
        high = self._chip * 0.86
        painter.box(x - r - 1, y - high / 2, end - x + r + 1, high, 3, palette.BACKGROUND)
        painter.shape([x - r, y, x, y - r, x + r, y, x, y + r], colour, filled=True)
        share = f"{100 * node.node.probability:.0f} %"
        left, width = x + r + 4, end - x - r - 5
        if not self._outcome_words or not node.node.label:
            painter.text(share.replace(" ", ""), left - 1, y, 10, words)
            return
        size = 11.0 if self._chip > 22 else 10.0
        painter.text(share, left, y + 0.5 * size + 0.5, size, words, bold=node.chosen, width=width)
        painter.text(node.node.label, left, y - 0.5 * size - 0.5, size - 1, palette.FAINT, width=width)


class Window(BoxLayout):
    """The whole window; `show` puts a `Screen` into it. The rest is in the layout file."""

    compact = BooleanProperty(False)
    level = StringProperty("waiting")
    word = StringProperty("")
    title = StringProperty("")
    target = StringProperty("")
    target_share = NumericProperty(0.0)
    enemies = StringProperty("")
    clock = StringProperty("")
    timing = StringProperty("")
    timing_short = StringProperty("")
    notice_title = StringProperty("")
    notice_detail = StringProperty("")
    level_colour = ListProperty(palette.LEVELS["waiting"])
    colours = palette

    def show(self, screen: Screen, faces) -> None:
        """Put a screen's contents into the widgets; what did not change is not drawn again."""
        header = screen.header
        self.level, self.word, self.title = header.level, header.word, header.title
        self.level_colour = palette.LEVELS[header.level]
        self.target, self.target_share = header.target, header.target_share or 0.0
        self.enemies, self.clock = header.enemies, header.clock
        self.timing, self.timing_short = screen.timing, screen.timing_short
        self.notice_title = screen.notice.title if screen.notice else ""
        self.notice_detail = screen.notice.detail if screen.notice else ""
        tree, action = self.ids.tree, self.ids.action
        tree.faces = faces
        shown = tree.advice
        if screen.advice is None or shown is None or screen.advice.tree is not shown.tree or screen.advice.losses != shown.losses:
            tree.advice = screen.advice
        action.advice = screen.advice
        tree.faded = action.faded = not screen.current


def load_layout() -> None:
    """Read the layout file once."""
    path = str(Path(__file__).with_name("overlay.kv"))
    if path not in Builder.files:
        Builder.load_file(path)
