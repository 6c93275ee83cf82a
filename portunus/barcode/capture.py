"""Pictures of the screen. One small interface; the implementation that ships uses mss."""

from __future__ import annotations

from typing import Protocol

import numpy as np

Box = tuple[int, int, int, int]


class Capture(Protocol):
    """A source of pictures."""

    def screen(self) -> Box:
        """Left, top, width and height of everything that can be captured, pixels."""

    def grab(self, box: Box) -> np.ndarray:
        """The pixels of a box (left, top, width, height), [height, width, 4] uint8, blue-green-red-unused.

        Raises:
            Exception: Whatever the system answers when the screen is gone; the reader survives it.
        """

    def close(self) -> None:
        """Give back what the system lent; the object is of no more use."""


class ScreenCapture:
    """The real screen, all monitors together, through mss."""

    def __init__(self) -> None:
        import mss

        self._mss = mss.MSS()

    def screen(self) -> Box:
        """Left, top, width and height of all monitors together."""
        monitor = self._mss.monitors[0]
        return monitor["left"], monitor["top"], monitor["width"], monitor["height"]

    def grab(self, box: Box) -> np.ndarray:
        """The pixels of a box; see `Capture.grab`."""
        left, top, width, height = box
        shot = self._mss.grab({"left": left, "top": top, "width": width, "height": height})
        return np.frombuffer(shot.raw, dtype=np.uint8).reshape(shot.height, shot.width, 4)

    def close(self) -> None:
        """Close the connection to the screen."""
        self._mss.close()


class PictureCapture:
    """Pictures handed in by the program itself, for tests and recordings: [height, width, 3] RGB, seen as a screen."""

    def __init__(self, picture: np.ndarray) -> None:
        self.picture = picture

    def screen(self) -> Box:
        """The whole picture."""
        return 0, 0, self.picture.shape[1], self.picture.shape[0]

    def grab(self, box: Box) -> np.ndarray:
        """A box of the picture in the channel order of a capture."""
        left, top, width, height = box
        part = self.picture[top : top + height, left : left + width, ::-1]
        return np.concatenate([part, np.zeros((*part.shape[:2], 1), dtype=np.uint8)], axis=2)

    def close(self) -> None:
        """Nothing to give back."""
