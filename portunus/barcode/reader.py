"""The reader: watches the screen, finds the barcode, and says what it knows and how old that is.

It searches the whole screen until a frame is found, captures only the barcode's box from then on, and searches again when the box stays silent.
Nothing older than `STALE_SECONDS` is ever reported as current.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from portunus.barcode.capture import Box, Capture
from portunus.barcode.decode import Decoder
from portunus.barcode.schema import Field, Schema
from portunus.barcode.wire import STATUS_NOT_IN_WORLD, STATUS_OK, STATUS_TEXT, Frame, decode_value, unpack_payload

STALE_SECONDS = 0.5
SEARCH_SECONDS = 0.5
REOPEN_SECONDS = 1.0
GOOD_FRAMES_TO_LOCK = 2


class Link(Enum):
    """How the screen link stands; the value is what a person reads."""

    SEARCHING = "no signal: looking for the barcode"
    OK = "ok"
    STALE = "no signal: the barcode stands still"
    SCHEMA_MISMATCH = "the addon was made from another spec: generate and install it again"
    UNSUPPORTED = "unsupported client"
    NOT_IN_WORLD = "waiting for the character to enter the world"
    NO_SCREEN = "no signal: the screen cannot be captured"


@dataclass(frozen=True)
class Observation:
    """A decoded frame.

    Attributes:
        values: Field name -> value (None = none or unknown); instants are seconds relative to the frame's clock.
        clock_ms: The client's clock of the frame, wraps at 2^24.
        sequence: Number of the frame.
        received_at: `time.monotonic` when its picture was taken.
    """

    values: dict[str, float | None]
    clock_ms: int
    sequence: int
    received_at: float


def observe(schema: Schema, frame: Frame, *, received_at: float) -> Observation:
    """Interpret the payload of a frame of this schema."""
    raw = unpack_payload(schema, frame.payload)
    fields: tuple[Field, ...] = schema.fields
    values = {field.name: decode_value(field, value, frame.clock_ms) for field, value in zip(fields, raw, strict=True)}
    return Observation(values, frame.clock_ms, frame.sequence, received_at)


class Reader:
    """Polls a capture; call `poll` as often as wanted (60 times a second is cheap once locked).

    Args:
        schema: The schema of the loaded spec.
        open_capture: Makes a capture; called again after a failure.
        clock: Monotonic seconds.
        region: Box to search in, None = the whole screen.
    """

    def __init__(
        self, schema: Schema, open_capture: Callable[[], Capture], *, clock: Callable[[], float] = time.monotonic, region: Box | None = None
    ) -> None:
        self._schema = schema
        self._open_capture = open_capture
        self._clock = clock
        self._region = region
        self._capture: Capture | None = None
        self._opened_at = float("-inf")
        self._searched_at = float("-inf")
        self._decoder = Decoder(swap=True)  # any width: an addon of another spec must be recognised as such
        self._origin: Box = (0, 0, 0, 0)
        self._box: Box | None = None
        self._good = 0
        self._last_frame: Frame | None = None
        self._changed_at = float("-inf")
        self._seen_at = float("-inf")
        self.link = Link.SEARCHING
        self.detail = ""
        self.observation: Observation | None = None

    @property
    def age(self) -> float:
        """Seconds since the picture of the last accepted frame was taken; infinite before the first."""
        return self._clock() - self._changed_at

    @property
    def box(self) -> Box | None:
        """Where on the screen the barcode was last seen."""
        return self._box

    def poll(self) -> Observation | None:
        """Look once.

        Returns:
            A new observation, or None when there is nothing new; `link` says why.
        """
        now = self._clock()
        picture = self._picture(now)
        frame = None
        if picture is not None:
            frame = self._decoder.decode_in_place(picture) if self._box is not None else self._decoder.decode(picture)
        fresh = self._take(frame, now) if frame is not None else None
        self._judge(now)
        return fresh

    def close(self) -> None:
        """Stop capturing."""
        if self._capture is not None:
            self._capture.close()
            self._capture = None

    def _picture(self, now: float):
        """The next picture to look at; None when it is not yet time or the screen is gone."""
        if self._capture is None:
            if now - self._opened_at < REOPEN_SECONDS:
                return None
            self._opened_at = now
        elif self._box is None and now - self._searched_at < SEARCH_SECONDS:
            return None
        try:
            if self._capture is None:
                self._capture = self._open_capture()
            if self._box is not None:
                return self._capture.grab(self._box)
            self._searched_at = now
            self._origin = self._region or self._capture.screen()
            return self._capture.grab(self._origin)
        except Exception as error:  # mss raises AssertionError, XProtoError and others when a display goes away
            self.detail = f"{type(error).__name__}: {error}"
            self._drop_capture()
            return None

    def _drop_capture(self) -> None:
        capture, self._capture = self._capture, None
        self._unlock()
        self.link = Link.NO_SCREEN
        if capture is not None:
            try:
                capture.close()
            except Exception as error:
                self.detail += f"; closing: {type(error).__name__}"

    def _unlock(self) -> None:
        self._box = None
        self._good = 0
        self._decoder.forget()

    def _take(self, frame: Frame, now: float) -> Observation | None:
        self._seen_at = now
        self._good += 1
        if self._box is None and self._good >= GOOD_FRAMES_TO_LOCK:
            self._lock()
        elif self._box is None:
            self._searched_at = float("-inf")  # look again at once: two good frames lock
        if frame == self._last_frame:
            return None
        self._last_frame, self._changed_at = frame, now
        if frame.status != STATUS_OK or frame.schema_hash != self._schema.short_hash or len(frame.payload) != self._schema.payload_bytes:
            return None
        self.observation = observe(self._schema, frame, received_at=now)
        return self.observation

    def _lock(self) -> None:
        """From now on capture the barcode only."""
        grid = self._decoder.grid
        if grid is None:
            return
        left, top, width, height = grid.box()
        right, bottom = min(left + width, self._origin[2]), min(top + height, self._origin[3])
        left, top = max(0, left), max(0, top)
        self._box = (self._origin[0] + left, self._origin[1] + top, right - left, bottom - top)
        self._decoder.move(left, top)

    def _judge(self, now: float) -> None:
        """Set `link` from what was last seen, and search anew when the box has been silent."""
        frame = self._last_frame
        if self._box is not None and now - self._seen_at > STALE_SECONDS:
            self._unlock()
        if self._capture is None:
            self.link = Link.NO_SCREEN if self.detail else Link.SEARCHING
        elif frame is None or now - self._seen_at > STALE_SECONDS:
            self.link = Link.SEARCHING
        elif frame.schema_hash != self._schema.short_hash:
            self.link = Link.SCHEMA_MISMATCH
        elif frame.status == STATUS_NOT_IN_WORLD:
            self.link = Link.NOT_IN_WORLD
        elif frame.status != STATUS_OK:
            self.link = Link.UNSUPPORTED
            self.detail = STATUS_TEXT.get(frame.status, f"status {frame.status}")
        elif now - self._changed_at > STALE_SECONDS:
            self.link = Link.STALE
        else:
            self.link = Link.OK
            self.detail = ""
