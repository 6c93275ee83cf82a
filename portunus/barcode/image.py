"""The picture of a frame: a grid of 4 rows of coloured cells inside a black border.

    columns   0 white | 1 black | 2..4 calibration | data ... | black | white        (all inside a border of one black cell)

Every cell holds 6 bits, 2 per channel (red highest), as the levels 0, 85, 170, 255. Data runs down the columns. The twelve calibration
cells show black, red, green, blue / cyan, magenta, yellow, white / two greys, and black, white for "four levels".
"""

from __future__ import annotations

import numpy as np

from portunus.barcode.schema import ROWS

LEAD_COLUMNS = 5
TAIL_COLUMNS = 2
CELL_PIXELS = 4
WHITE, BLACK = 63, 0
CALIBRATION = np.array([BLACK, 48, 12, 3, 15, 51, 60, WHITE, 21, 42, BLACK, WHITE], dtype=np.uint8)

# [64, 3] uint8: red, green, blue of each symbol.
SYMBOL_COLOURS = np.stack([np.arange(64) >> 4, np.arange(64) >> 2 & 3, np.arange(64) & 3], axis=1).astype(np.uint8) * 85


def to_symbols(data: bytes) -> np.ndarray:
    """Bytes to 6-bit symbols, first bit first; [ceil(8 * len / 6)] uint8, the last one padded with zero bits."""
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8))
    padded = np.concatenate([bits, np.zeros(-len(bits) % 6, dtype=np.uint8)])
    return (padded.reshape(-1, 6) @ np.array([32, 16, 8, 4, 2, 1], dtype=np.uint8)).astype(np.uint8)


def to_bytes(symbols: np.ndarray) -> bytes:
    """6-bit symbols [n] uint8 to bytes, n * 6 // 8 of them; whole groups of four symbols only."""
    groups = symbols[: len(symbols) // 4 * 4].reshape(-1, 4)
    out = np.empty((len(groups), 3), dtype=np.uint8)
    out[:, 0] = groups[:, 0] << 2 | groups[:, 1] >> 4
    out[:, 1] = groups[:, 1] << 4 | groups[:, 2] >> 2
    out[:, 2] = groups[:, 2] << 6 | groups[:, 3]
    return out.tobytes()


def picture_size(data_columns: int, cell_pixels: int) -> tuple[int, int]:
    """Width and height of the picture with its border, pixels."""
    return (LEAD_COLUMNS + data_columns + TAIL_COLUMNS + 2) * cell_pixels, (ROWS + 2) * cell_pixels


def grid(data: bytes, data_columns: int) -> np.ndarray:
    """Symbols of all cells inside the border, [LEAD_COLUMNS + data_columns + TAIL_COLUMNS, ROWS] uint8; spare data cells are black."""
    cells = np.zeros((LEAD_COLUMNS + data_columns + TAIL_COLUMNS, ROWS), dtype=np.uint8)
    cells[0] = WHITE
    cells[-1] = WHITE
    cells[2:LEAD_COLUMNS] = CALIBRATION.reshape(-1, ROWS)
    symbols = to_symbols(data)
    flat = cells[LEAD_COLUMNS : LEAD_COLUMNS + data_columns].reshape(-1)
    flat[: len(symbols)] = symbols
    return cells


def render(data: bytes, data_columns: int, *, cell_pixels: int = CELL_PIXELS) -> np.ndarray:
    """The picture of a frame with its border, [(ROWS + 2) * cell, (columns + 2) * cell, 3] uint8 RGB."""
    cells = np.pad(grid(data, data_columns), 1)
    image = SYMBOL_COLOURS[cells.T]
    return np.repeat(np.repeat(image, cell_pixels, axis=0), cell_pixels, axis=1)
