"""From a picture to a frame, or to nothing: a frame is accepted only when its CRC-32 is right.

A `Decoder` remembers where the barcode lay and how its colours looked. Once locked, a picture costs one gather, one table look-up and one
checksum. When that fails it learns the colours again from the same picture, and last it looks for the barcode anew.
"""

from __future__ import annotations

import numpy as np

from portunus.barcode.colours import nearest_symbols, predict_symbols, symbol_table
from portunus.barcode.image import CALIBRATION, LEAD_COLUMNS, TAIL_COLUMNS, to_bytes
from portunus.barcode.locate import Grid, locate
from portunus.barcode.schema import ROWS
from portunus.barcode.wire import Frame, unpack_frame

_CALIBRATION_CELLS = slice(2 * ROWS, 2 * ROWS + len(CALIBRATION))


def _cells(image: np.ndarray, grid: Grid) -> np.ndarray | None:
    """Colours at the cell centres, [columns * ROWS, 3] uint8; None when the grid leaves the picture."""
    y, x = grid.centres()
    if y[0] < 0 or x[0] < 0 or y[-1] >= image.shape[0] or x[-1] >= image.shape[1]:
        return None
    return image[y, x, :3]


class Decoder:
    """Reads frames from pictures of the same screen.

    Args:
        data_columns: Data columns of the expected schema; None accepts any number.
        swap: True for pictures in blue-green-red order (as captured), False for red-green-blue.
    """

    def __init__(self, data_columns: int | None = None, *, swap: bool = False) -> None:
        self._columns = None if data_columns is None else LEAD_COLUMNS + data_columns + TAIL_COLUMNS
        self._swap = swap
        self._grid: Grid | None = None
        self._shape: tuple[int, ...] = ()
        self._table: np.ndarray | None = None
        self._index = np.empty(0, dtype=np.intp)

    @property
    def grid(self) -> Grid | None:
        """Where the barcode lies in the last picture decoded, None before the first."""
        return self._grid

    def forget(self) -> None:
        """Start anew, as after the window moved."""
        self._grid = None
        self._table = None

    def move(self, x: float, y: float) -> None:
        """From now on pictures begin at (x, y) of the former ones (a smaller part of the screen is captured)."""
        if self._grid is not None:
            self._set_grid(self._grid.moved(x, y), ())

    def _set_grid(self, grid: Grid, shape: tuple[int, ...]) -> None:
        self._grid, self._shape = grid, shape
        if shape:
            y, x = grid.centres()
            data = slice(LEAD_COLUMNS * ROWS, (grid.columns - TAIL_COLUMNS) * ROWS)
            self._index = (y[data] * shape[1] + x[data]).astype(np.intp)

    def decode(self, image: np.ndarray) -> Frame | None:
        """The frame in a picture, or None.

        Args:
            image: [height, width, 3 or 4] uint8, C-contiguous.
        """
        frame = self._decode_locked(image)
        if frame is None and self._grid is not None:
            frame = self._decode_at(image, self._grid)
        return self._search(image) if frame is None else frame

    def decode_in_place(self, image: np.ndarray) -> Frame | None:
        """The frame at the place already known, or None; never searches."""
        frame = self._decode_locked(image)
        if frame is None and self._grid is not None:
            frame = self._decode_at(image, self._grid)
        return frame

    def _decode_locked(self, image: np.ndarray) -> Frame | None:
        if self._table is None or self._grid is None or image.shape != self._shape:
            return None
        pixels = image.reshape(-1, image.shape[2])[self._index]
        wide = pixels.astype(np.uint16) >> 3
        symbols = self._table[wide[:, 0] << 10 | wide[:, 1] << 5 | wide[:, 2]]
        return unpack_frame(to_bytes(symbols))

    def _decode_at(self, image: np.ndarray, grid: Grid) -> Frame | None:
        """Learn the colours at this place and decode; on success the place and colours are kept."""
        cells = _cells(image, grid)
        if cells is None:
            return None
        if self._swap:
            cells = cells[:, ::-1]
        predicted = predict_symbols(cells[_CALIBRATION_CELLS])
        if predicted is None:
            return None
        symbols = nearest_symbols(cells[LEAD_COLUMNS * ROWS : -TAIL_COLUMNS * ROWS], predicted)
        frame = unpack_frame(to_bytes(symbols))
        if frame is not None:
            self._set_grid(grid, image.shape)
            self._table = symbol_table(predicted[:, ::-1] if self._swap else predicted)
        return frame

    def _search(self, image: np.ndarray) -> Frame | None:
        for grid in locate(image, columns=self._columns):
            frame = self._decode_at(image, grid)
            if frame is not None:
                return frame
        return None
