"""Icons drawn by hand: a tile in the school's colour with the school's shape, as pixels with soft edges.

No game art. The shape repeats what the colour says, and the widget writes the action's initials on top, so nothing depends on colour
alone. Shapes are signed distances (negative inside) on a square from -1 to 1, x to the right, y up.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# school -> (colour of the tile, colour of the shape), RGB 0..255
COLOURS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "fire": ((122, 38, 16), (246, 140, 60)),
    "frost": ((22, 66, 110), (140, 208, 246)),
    "arcane": ((84, 34, 110), (226, 150, 246)),
    "nature": ((24, 84, 44), (140, 220, 120)),
    "shadow": ((52, 34, 96), (172, 142, 246)),
    "holy": ((112, 86, 20), (250, 222, 120)),
    "physical": ((78, 66, 56), (214, 194, 168)),
    "wait": ((40, 47, 60), (150, 164, 186)),
    "": ((44, 62, 66), (146, 196, 198)),
}

Distance = np.ndarray
_GRID = 81


def tile(school: str, size: int) -> np.ndarray:
    """The icon of a school.

    Args:
        school: A key of `COLOURS`; a mixed school counts as its first part, an unknown one as none.
        size: Edge length, pixels.

    Returns:
        uint8[size, size, 4], red, green, blue, opacity; first row on top.
    """
    return _tile(school_of(school), size)


def school_of(school: str) -> str:
    """The school whose colours and shape stand for `school`."""
    for known in COLOURS:
        if known and school.startswith(known):
            return known
    return ""


@lru_cache(maxsize=128)
def _tile(school: str, size: int) -> np.ndarray:
    axis = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(axis, -axis)
    pixel = 2.0 / size
    base, bright = (np.array(colour, float) for colour in COLOURS[school])

    body = _round_box(x, y, 1.0 - 0.5 * pixel, 1.0 - 0.5 * pixel, 0.3)
    light = np.clip(0.62 + 0.3 * y - 0.18 * (x * x + y * y), 0, 1)[..., None]
    picture = base * (0.55 + 0.75 * light)

    shape = _enlarge(_shape(school), size)
    glow = np.exp(-np.clip(shape, 0, None) * 5.0)[..., None] * 0.28
    picture = picture * (1 - glow) + bright * glow
    ink = _cover(shape, pixel)[..., None] * (0.80 + 0.20 * y[..., None])
    picture = picture * (1 - ink) + bright * ink

    width = max(2.0 * pixel, 0.035)
    rim = _cover(np.abs(body + width / 2) - width / 2, pixel)[..., None] * 0.75
    picture = picture * (1 - rim) + (0.45 * base + 0.55 * bright) * rim

    alpha = _cover(body, pixel)[..., None] * 255
    return np.concatenate([np.clip(picture, 0, 255), alpha], axis=2).round().astype(np.uint8)


@lru_cache(maxsize=32)
def _shape(school: str) -> Distance:
    """The distance to a school's shape on a grid of `_GRID` points a side, corners included; a smooth function, so few points do."""
    axis = np.linspace(-1, 1, _GRID)
    x, y = np.meshgrid(axis, -axis)
    return _SHAPES[school](x, y)


def _enlarge(distance: Distance, size: int) -> Distance:
    """A distance between its grid points, linearly, at the middles of `size` pixels a side."""
    place = (np.arange(size) + 0.5) / size * (_GRID - 1)
    low = np.minimum(place.astype(int), _GRID - 2)
    part = place - low
    rows = distance[low] * (1 - part[:, None]) + distance[low + 1] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, low + 1] * part


def _cover(distance: Distance, pixel: float) -> np.ndarray:
    """How much of each pixel lies inside, 0..1."""
    return np.clip(0.5 - distance / pixel, 0.0, 1.0)


def _round_box(x: np.ndarray, y: np.ndarray, half_width: float, half_height: float, radius: float) -> Distance:
    dx, dy = np.abs(x) - half_width + radius, np.abs(y) - half_height + radius
    return np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - radius


def _circle(x: np.ndarray, y: np.ndarray, cx: float, cy: float, radius: float) -> Distance:
    return np.hypot(x - cx, y - cy) - radius


def _bar(x: np.ndarray, y: np.ndarray, ax: float, ay: float, bx: float, by: float, radius: float) -> Distance:
    """A line from a to b with round ends."""
    px, py, dx, dy = x - ax, y - ay, bx - ax, by - ay
    along = np.clip((px * dx + py * dy) / (dx * dx + dy * dy), 0, 1)
    return np.hypot(px - dx * along, py - dy * along) - radius


def _polygon(x: np.ndarray, y: np.ndarray, points: list[tuple[float, float]]) -> Distance:
    """Distance to a closed polygon, negative inside (even-odd rule)."""
    distance = np.full(x.shape, np.inf)
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        distance = np.minimum(distance, _bar(x, y, ax, ay, bx, by, 0.0))
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return np.where(inside, -distance, distance)


def _curve(*corners: tuple[float, float]) -> list[tuple[float, float]]:
    """A smooth closed line through the middles of the edges between corners."""
    points = []
    for index, (bx, by) in enumerate(corners):
        ax, ay = corners[index - 1]
        cx, cy = corners[(index + 1) % len(corners)]
        sx, sy, ex, ey = (ax + bx) / 2, (ay + by) / 2, (bx + cx) / 2, (by + cy) / 2
        for t in np.linspace(0, 1, 8, endpoint=False):
            points.append(((1 - t) ** 2 * sx + 2 * t * (1 - t) * bx + t * t * ex, (1 - t) ** 2 * sy + 2 * t * (1 - t) * by + t * t * ey))
    return points


def _flame(x: np.ndarray, y: np.ndarray) -> Distance:
    x, y = x / 0.86, (y - 0.02) / 0.86
    outer = _curve(
        (0.05, 1.0),
        (0.20, 0.45),
        (0.52, 0.35),
        (0.80, -0.35),
        (0.42, -0.95),
        (-0.42, -0.95),
        (-0.85, -0.30),
        (-0.50, 0.20),
        (-0.35, 0.05),
        (-0.10, 0.65),
    )
    inner = _curve((0.06, 0.12), (0.38, -0.35), (0.20, -0.85), (-0.24, -0.85), (-0.36, -0.42), (-0.06, -0.16))
    return 0.86 * np.maximum(_polygon(x, y, outer), -_polygon(x, y, inner))


def _snowflake(x: np.ndarray, y: np.ndarray) -> Distance:
    shape = np.full(x.shape, np.inf)
    for angle in np.arange(6) * np.pi / 3 + np.pi / 6:
        dx, dy = np.cos(angle), np.sin(angle)
        shape = np.minimum(shape, _bar(x, y, 0, 0, 0.74 * dx, 0.74 * dy, 0.07))
        for side in (-1, 1):
            turn = angle + side * np.pi / 3.4
            bx, by = 0.44 * dx, 0.44 * dy
            shape = np.minimum(shape, _bar(x, y, bx, by, bx + 0.26 * np.cos(turn), by + 0.26 * np.sin(turn), 0.055))
    return shape


def _star(x: np.ndarray, y: np.ndarray) -> Distance:
    corners = [
        (radius * np.sin(k * np.pi / 4), radius * np.cos(k * np.pi / 4)) for k in range(8) for radius in [0.84 if k % 2 == 0 else 0.27]
    ]
    return np.minimum(_polygon(x, y, corners), _circle(x, y, 0.58, 0.58, 0.10))


def _leaf(x: np.ndarray, y: np.ndarray) -> Distance:
    u, v = (x + y) / np.sqrt(2), (y - x) / np.sqrt(2)
    blade = np.maximum(_circle(u, v, 0, 0.46, 0.86), _circle(u, v, 0, -0.46, 0.86))
    return np.minimum(np.maximum(blade, -_bar(u, v, -0.7, 0, 0.42, 0, 0.045)), _bar(u, v, -0.9, 0, -0.62, 0, 0.06))


def _crescent(x: np.ndarray, y: np.ndarray) -> Distance:
    return np.maximum(_circle(x, y, -0.06, 0, 0.74), -_circle(x, y, 0.30, 0.16, 0.58))


def _sun(x: np.ndarray, y: np.ndarray) -> Distance:
    shape = _circle(x, y, 0, 0, 0.40)
    for angle in np.arange(8) * np.pi / 4:
        dx, dy = np.cos(angle), np.sin(angle)
        shape = np.minimum(shape, _bar(x, y, 0.58 * dx, 0.58 * dy, 0.76 * dx, 0.76 * dy, 0.075))
    return shape


def _swords(x: np.ndarray, y: np.ndarray) -> Distance:
    shape = np.full(x.shape, np.inf)
    for side in (-1, 1):
        u = x * side
        shape = np.minimum(shape, _bar(u, y, -0.62, -0.62, 0.66, 0.66, 0.085))
        shape = np.minimum(shape, _bar(u, y, -0.58, -0.18, -0.18, -0.58, 0.07))
    return shape


def _hourglass(x: np.ndarray, y: np.ndarray) -> Distance:
    glass = _polygon(x, y, [(-0.46, 0.62), (0.46, 0.62), (0.06, 0.0), (0.46, -0.62), (-0.46, -0.62), (-0.06, 0.0)])
    return np.minimum(glass, np.minimum(_bar(x, y, -0.56, 0.7, 0.56, 0.7, 0.06), _bar(x, y, -0.56, -0.7, 0.56, -0.7, 0.06)))


def _gem(x: np.ndarray, y: np.ndarray) -> Distance:
    outline = _polygon(x, y, [(-0.42, 0.6), (0.42, 0.6), (0.78, 0.14), (0.0, -0.78), (-0.78, 0.14)])
    return np.maximum(outline, -_bar(x, y, -0.66, 0.14, 0.66, 0.14, 0.035))


_SHAPES = {
    "fire": _flame,
    "frost": _snowflake,
    "arcane": _star,
    "nature": _leaf,
    "shadow": _crescent,
    "holy": _sun,
    "physical": _swords,
    "wait": _hourglass,
    "": _gem,
}
