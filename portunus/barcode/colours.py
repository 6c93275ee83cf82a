"""Undoing what screens do to colours: gamma, contrast, limited range, night light, colour profiles, and mixtures of them.

The calibration cells of every frame show known colours. From them a forward model is fitted, `observed = curve(mix @ levels)` per channel:
the greys give each channel's curve, the primaries the 3 x 3 mixture. The model predicts how each of the 64 symbols looks on this
screen, and a colour is read as the symbol whose prediction is nearest. For speed the nearest symbols are tabulated on a 32^3 grid.
"""

from __future__ import annotations

import numpy as np

from portunus.barcode.image import CALIBRATION, SYMBOL_COLOURS

MIN_CONTRAST = 40.0
MIN_STEP = 8.0
_LEVELS = SYMBOL_COLOURS.astype(np.float64) / 255.0
_GREY_SYMBOLS = (0, 21, 42, 63)


def predict_symbols(observed: np.ndarray) -> np.ndarray | None:
    """How each symbol looks on this screen.

    Args:
        observed: Colours of the twelve calibration cells, [12, 3], 0..255, channels in the order of the picture.

    Returns:
        [64, 3] float64, or None when these cannot be the calibration cells of a frame.
    """
    observed = observed.astype(np.float64)
    of_symbol = {int(symbol): observed[i] for i, symbol in enumerate(CALIBRATION[:10])}
    greys = np.stack([of_symbol[symbol] for symbol in _GREY_SYMBOLS])
    steps = np.diff(greys, axis=0)
    if (greys[3] - greys[0]).min() < MIN_CONTRAST or steps.min() < MIN_STEP:
        return None
    # The two announcement cells must be black and white: the four-level code.
    if np.abs(observed[10] - greys[0]).max() > 40 or np.abs(observed[11] - greys[3]).max() > 40:
        return None
    stops = np.array([0.0, 1 / 3, 2 / 3, 1.0])
    symbols = CALIBRATION[:8]
    light = np.stack([np.interp(observed[:8, c], greys[:, c], stops) for c in range(3)], axis=1)
    mix = np.empty((3, 3))
    for c in range(3):
        # Clipped answers say only "at least" or "at most", so they do not take part unless too few are left.
        inner = (light[:, c] > 0.004) & (light[:, c] < 0.996)
        inner |= (symbols == 0) | (symbols == 63)
        use = inner if np.linalg.matrix_rank(_LEVELS[symbols[inner]]) == 3 else np.ones(8, dtype=bool)
        mix[c] = np.linalg.lstsq(_LEVELS[symbols[use]], light[use, c], rcond=None)[0]
    predicted_light = np.clip(_LEVELS @ mix.T, 0.0, 1.0)
    return np.stack([np.interp(predicted_light[:, c], stops, greys[:, c]) for c in range(3)], axis=1)


def nearest_symbols(colours: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The symbol each colour shows; colours [n, 3] uint8, predicted [64, 3] -> [n] uint8."""
    distance = ((colours.astype(np.float64)[:, None, :] - predicted[None]) ** 2).sum(axis=2)
    return distance.argmin(axis=1).astype(np.uint8)


def symbol_table(predicted: np.ndarray) -> np.ndarray:
    """Nearest symbol for each colour cut to 5 bits a channel, [32768] uint8, index c0 << 10 | c1 << 5 | c2."""
    centre = np.arange(32) * 8.0 + 4.0
    squares = [(centre[:, None] - predicted[None, :, c]) ** 2 for c in range(3)]
    out = np.empty((32, 32, 32), dtype=np.uint8)
    for i in range(32):
        out[i] = (squares[0][i][None, None, :] + squares[1][:, None, :] + squares[2][None, :, :]).argmin(axis=2)
    return out.reshape(-1)
