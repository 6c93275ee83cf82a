"""The reader finds, locks, goes stale, and survives a screen that goes away."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sample import SCHEMA

from portunus.barcode.capture import PictureCapture
from portunus.barcode.image import render
from portunus.barcode.reader import Link, Reader
from portunus.barcode.wire import STATUS_NOT_IN_WORLD, STATUS_UNSUPPORTED, Frame, encode_value, pack_frame, pack_payload


class Stage:
    """A screen with a barcode on it, a clock that is moved by hand, and a capture that can be broken."""

    def __init__(self, schema=SCHEMA) -> None:
        self.schema = schema
        self.now = 100.0
        self.broken = False
        self.desk = PictureCapture(np.full((300, 500, 3), 90, dtype=np.uint8))
        self.sequence = 0
        self.opened = 0
        self.grabbed: list = []
        self.reader = Reader(SCHEMA, self.open, clock=lambda: self.now)

    def open(self):
        self.opened += 1
        if self.broken:
            raise OSError("no display")
        return self

    def grab(self, box):
        if self.broken:
            raise AssertionError("the display went away")
        self.grabbed.append(box)
        return self.desk.grab(box)

    def close(self):
        pass

    def show(self, *, status=0, x=31, y=17, mana=1234) -> None:
        self.sequence = (self.sequence + 1) % 256
        raw = [encode_value(field, 0.0, self.now) for field in self.schema.fields]
        raw[0] = mana
        payload = pack_payload(self.schema, raw) if status == 0 else b""
        picture = render(pack_frame(Frame(status, self.schema.short_hash, self.sequence, 5, payload)), self.schema.data_columns)
        self.desk.picture[:] = 90
        self.desk.picture[y : y + picture.shape[0], x : x + picture.shape[1]] = picture

    def poll(self, seconds: float = 0.02):
        self.now += seconds
        return self.reader.poll()

    def screen(self):
        return self.desk.screen()


def test_finds_locks_and_reads():
    stage = Stage()
    assert stage.poll() is None
    assert stage.reader.link is Link.SEARCHING
    stage.show()
    stage.poll(0.6)
    stage.show(mana=20)
    stage.poll()
    stage.show(mana=21)
    seen = stage.poll()
    assert seen is not None
    assert seen.values["mana"] == 21
    assert stage.reader.link is Link.OK
    assert stage.reader.age == pytest.approx(0.0)
    assert stage.grabbed[-1][2] * stage.grabbed[-1][3] < 4000, "only the barcode is captured once it is locked"


def test_the_same_frame_is_reported_once_and_goes_stale():
    stage = Stage()
    stage.show()
    assert stage.poll() is not None
    assert stage.poll() is None
    for _ in range(12):
        assert stage.poll(0.05) is None
    assert stage.reader.link is Link.STALE
    stage.show()
    assert stage.poll() is not None
    assert stage.reader.link is Link.OK


def test_nothing_old_is_ever_current():
    """Stalls of 0 to 5 s: whenever the link says ok, the last new frame is at most half a second old."""
    rng = np.random.default_rng(3)
    stage = Stage()
    for _ in range(300):
        stage.show(mana=int(rng.integers(1 << 17)))
        stage.poll(0.03)
        for _ in range(int(rng.integers(0, 8))):
            stage.poll(float(rng.uniform(0.0, 0.7)))
            assert stage.reader.link is not Link.OK or stage.reader.age <= 0.5


def test_a_moved_window_is_found_again():
    stage = Stage()
    for _ in range(3):
        stage.show()
        stage.poll()
    for _ in range(60):
        stage.show(x=222, y=150)
        stage.poll(0.05)
    assert stage.reader.link is Link.OK
    assert stage.reader.box[:2] == (222, 150)


@pytest.mark.parametrize(("status", "link"), [(STATUS_UNSUPPORTED, Link.UNSUPPORTED), (STATUS_NOT_IN_WORLD, Link.NOT_IN_WORLD)])
def test_frames_without_state(status, link):
    stage = Stage()
    stage.show(status=status)
    for _ in range(60):
        assert stage.poll() is None
    assert stage.reader.link is link, "a static frame stays recognised"


def test_another_spec_is_named():
    other = dataclasses.replace(SCHEMA, spec="other", fields=SCHEMA.fields[:-3])
    stage = Stage(other)
    stage.show()
    assert stage.poll() is None
    assert stage.poll() is None
    assert stage.reader.link is Link.SCHEMA_MISMATCH


def test_a_lost_screen_is_opened_again_every_second():
    stage = Stage()
    for _ in range(3):
        stage.show()
        stage.poll()
    stage.broken = True
    for _ in range(50):
        stage.poll(0.1)
        assert stage.reader.link is Link.NO_SCREEN
    assert 4 <= stage.opened - 1 <= 6
    assert "display" in stage.reader.detail
    stage.broken = False
    for _ in range(30):
        stage.show()
        stage.poll(0.05)
    assert stage.reader.link is Link.OK


def test_hostile_valid_frames_raise_nothing():
    """Frames of the right schema with any payload at all are interpreted without an exception."""
    rng = np.random.default_rng(5)
    stage = Stage()
    for _ in range(300):
        frame = Frame(0, SCHEMA.short_hash, int(rng.integers(256)), int(rng.integers(1 << 24)), rng.bytes(SCHEMA.payload_bytes))
        picture = render(pack_frame(frame), SCHEMA.data_columns)
        stage.desk.picture[17 : 17 + picture.shape[0], 31 : 31 + picture.shape[1]] = picture
        assert stage.poll() is not None
