"""Finding the barcode in a screenshot of any size, wherever it is and at whatever scale it was drawn.

A barcode begins and ends with a white bar, one cell wide and four cells high, with black on both sides. Bars are found by their
runs on a few rows, measured at their edges with sub-pixel accuracy, and paired; the two bars fix origin and pitch in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portunus.barcode.image import LEAD_COLUMNS, TAIL_COLUMNS
from portunus.barcode.schema import ROWS

BRIGHT = 105  # a bar's red and green are above, the black around it below, under every distortion the link is tested with
MIN_PITCH, MAX_PITCH = 2.5, 16.0


@dataclass(frozen=True)
class Grid:
    """Where the cells lie in a picture.

    Attributes:
        left, top: Centre of the first cell of the first row, pixels (0.5 = middle of the first pixel).
        pitch_x, pitch_y: Distance of neighbouring cells, pixels.
        columns: Columns between and including the white bars.
    """

    left: float
    top: float
    pitch_x: float
    pitch_y: float
    columns: int

    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixel rows and columns of all cell centres, each [columns * ROWS] intp, column by column."""
        x = np.floor(self.left + self.pitch_x * np.arange(self.columns)).astype(np.intp)
        y = np.floor(self.top + self.pitch_y * np.arange(ROWS)).astype(np.intp)
        return np.tile(y, self.columns), np.repeat(x, ROWS)

    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the barcode with its border, whole pixels."""
        left, top = self.left - 1.5 * self.pitch_x, self.top - 1.5 * self.pitch_y
        right, bottom = self.left + (self.columns + 0.5) * self.pitch_x, self.top + (ROWS + 0.5) * self.pitch_y
        x, y = int(np.floor(left)), int(np.floor(top))
        return x, y, int(np.ceil(right)) - x, int(np.ceil(bottom)) - y

    def moved(self, x: float, y: float) -> Grid:
        """The same grid in a picture whose origin lies at (x, y) of this one."""
        return Grid(self.left - x, self.top - y, self.pitch_x, self.pitch_y, self.columns)


@dataclass(frozen=True)
class _Bar:
    x: float  # centre
    top: float
    bottom: float


def _edge(values: np.ndarray, inside: int, step: int) -> float | None:
    """Where the bar ends when walking from pixel `inside` by `step`, or None without an end; pixel i covers [i, i + 1).

    The two pixels next to the edge share its light: what the first dark one has above black belongs to the bar, what the last bright one
    lacks does not.
    """
    level = float(values[inside])
    position = inside
    while 0 <= position + step < len(values):
        outside = float(values[position + step])
        if outside < level * 0.55:
            beyond = position + 2 * step
            dark = min(outside, float(values[beyond])) if 0 <= beyond < len(values) else outside
            contrast = max(1.0, level - dark)
            reach = min(1.0, (outside - dark) / contrast) - min(1.0, max(0.0, (level - float(values[position])) / contrast))
            return position + 1 + reach if step > 0 else position - reach
        position += step
    return None


def _measure(brightness: np.ndarray, x: int, y: int) -> _Bar | None:
    """The bar around a bright pixel, or None when what is there is no bar."""
    low, high = max(0, y - int(ROWS * MAX_PITCH) - 2), y + int(ROWS * MAX_PITCH) + 3
    column = brightness[low:high, x]
    top, bottom = _edge(column, y - low, -1), _edge(column, y - low, 1)
    if top is None or bottom is None:
        return None
    height = bottom - top
    if not ROWS * MIN_PITCH <= height <= ROWS * MAX_PITCH:
        return None
    middle = low + int((top + bottom) / 2)
    start = max(0, x - int(MAX_PITCH) - 2)
    row = brightness[middle, start : x + int(MAX_PITCH) + 3]
    left, right = _edge(row, x - start, -1), _edge(row, x - start, 1)
    if left is None or right is None:
        return None
    pitch = height / ROWS
    if not 0.5 * pitch - 0.6 <= right - left <= 1.6 * pitch + 0.6:
        return None
    return _Bar(start + (left + right) / 2, low + top, low + bottom)


def _bars(brightness: np.ndarray) -> list[_Bar]:
    """All bars of a picture, [height, width] uint8 brightness, from left to right."""
    step = int(ROWS * MIN_PITCH) // 2
    rows = brightness[step // 2 :: step] > BRIGHT
    change = np.diff(rows.astype(np.int8), axis=1)
    starts_y, starts_x = np.nonzero(change == 1)
    ends_y, ends_x = np.nonzero(change == -1)
    found: list[_Bar] = []
    if not len(starts_y) or not len(ends_y):
        return found
    # The end of a run is the first falling edge behind its rising edge on the same row; both lists are sorted by row, then column.
    width = brightness.shape[1]
    start_keys, end_keys = starts_y * width + starts_x, ends_y * width + ends_x
    follower = np.minimum(np.searchsorted(end_keys, start_keys), len(end_keys) - 1)
    length = end_keys[follower] - start_keys
    narrow = np.nonzero((length > 1) & (length < 1.6 * MAX_PITCH))[0]
    # A bar is seen on at least two neighbouring sampled rows at nearly the same place.
    seen = set(zip(starts_y[narrow].tolist(), ((starts_x[narrow] + ends_x[follower[narrow]]) // 2).tolist(), strict=True))
    for row, x in sorted(seen, key=lambda spot: (spot[1], spot[0])):
        if not any((row + 1, x + d) in seen for d in (-1, 0, 1)):
            continue
        if any(abs(bar.x - x) < 2 and bar.top <= row * step + step // 2 <= bar.bottom for bar in found):
            continue
        bar = _measure(brightness, x + 1, row * step + step // 2)
        if bar is not None and not any(abs(bar.x - b.x) < 1 and abs(bar.top - b.top) < 1 for b in found):
            found.append(bar)
    return found


def locate(image: np.ndarray, *, columns: int | None = None) -> list[Grid]:
    """Places where a barcode may be, the most plausible first.

    Args:
        image: [height, width, 3 or more] uint8; the first three channels are colours in either order.
        columns: Number of columns between and including the white bars if known, else every plausible number is offered.
    """
    bars = _bars(_second_brightest(image))
    grids: list[tuple[float, Grid]] = []
    for i, first in enumerate(bars):
        height = first.bottom - first.top
        pitch_y = height / ROWS
        for last in bars[i + 1 :]:
            distance = last.x - first.x
            if abs(last.top - first.top) > 1.5 or abs(last.bottom - first.bottom) > 1.5 or distance < (LEAD_COLUMNS + TAIL_COLUMNS) * MIN_PITCH:
                continue
            estimate = distance / pitch_y + 1
            candidates = [columns] if columns else range(max(9, int(estimate * 0.93)), int(estimate * 1.07) + 2)
            top = (first.top + last.top) / 2
            pitch = (last.bottom + first.bottom - first.top - last.top) / 2 / ROWS
            for count in candidates:
                pitch_x = distance / (count - 1)
                if 0.85 <= pitch_x / pitch <= 1.18:
                    grids.append((abs(count - estimate), Grid(first.x, top + pitch / 2, pitch_x, pitch, count)))
    return [grid for _, grid in sorted(grids, key=lambda entry: entry[0])[:200]]


def _second_brightest(image: np.ndarray) -> np.ndarray:
    """The middle one of three colours, [height, width] uint8: a night filter may take nearly all blue away, and white stays bright."""
    a, b, c = image[:, :, 0], image[:, :, 1], image[:, :, 2]
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
