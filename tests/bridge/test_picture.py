"""Frames are found and read under what screens and captures do to them; torn pictures give nothing."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image, ImageFilter

from portunus.barcode.decode import Decoder
from portunus.barcode.image import render, to_bytes, to_symbols
from portunus.barcode.schema import CRC_BYTES, HEADER_BYTES, ROWS
from portunus.barcode.wire import Frame, pack_frame

PAYLOAD = 96
COLUMNS = math.ceil(math.ceil((HEADER_BYTES + PAYLOAD + CRC_BYTES) * 8 / 6) / ROWS)
P3 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])


def a_frame(rng) -> Frame:
    return Frame(0, 0xBEEF, int(rng.integers(256)), int(rng.integers(1 << 24)), rng.bytes(PAYLOAD))


def on_screen(rng, picture: np.ndarray, *, x: int = 83, y: int = 41) -> np.ndarray:
    """The picture in a scene of smooth colours and some hard edges."""
    scene = np.asarray(Image.fromarray(rng.integers(0, 256, (9, 16, 3), dtype=np.uint8)).resize((640, 200), Image.Resampling.BICUBIC)).copy()
    for _ in range(12):
        left, top = int(rng.integers(600)), int(rng.integers(180))
        scene[top : top + int(rng.integers(2, 20)), left : left + int(rng.integers(2, 40))] = rng.integers(0, 256, 3)
    scene[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return scene


def curve(function):
    return lambda rng, image: np.clip(function(image / 255.0) * 255.0 + 0.5, 0, 255).astype(np.uint8)


def scaled(factor, method=Image.Resampling.BICUBIC):
    def change(rng, image):
        size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
        return np.asarray(Image.fromarray(image).resize(size, method))

    return change


def filtered(effect):
    return lambda rng, image: np.asarray(Image.fromarray(image).filter(effect))


def jpeg(rng, image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=95, subsampling=0)
    return np.asarray(Image.open(buffer))


def chain(*steps):
    def change(rng, image):
        for step in steps:
            image = step(rng, image)
        return image

    return change


def noise(rng, image):
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


NIGHT = curve(lambda v: v * np.array([1.0, 0.85, 0.6]))
DISTORTIONS = {
    "none": lambda rng, image: image,
    "gamma 0.7": curve(lambda v: v**0.7),
    "gamma 1.5": curve(lambda v: v**1.5),
    "brighter, more contrast": curve(lambda v: (v - 0.5) * 1.15 + 0.55),
    "low contrast": curve(lambda v: v * 0.6 + 0.15),
    "limited range": curve(lambda v: v * 219 / 255 + 16 / 255),
    "HDR-like curve": curve(lambda v: v * 1.6 / (1 + 0.9 * v)),
    "16-bit colour": lambda rng, image: (image & np.array([0xF8, 0xFC, 0xF8], dtype=np.uint8)),
    "night light": NIGHT,
    "wide gamut": curve(lambda v: v @ P3.T),
    "noise": noise,
    "scale 1.25": scaled(1.25),
    "scale 1.5": scaled(1.5),
    "scale 1.1": scaled(1.1),
    "scale 0.8": scaled(0.8),
    "scale 1.33": scaled(1.33),
    "nearest 0.8": scaled(0.8, Image.Resampling.NEAREST),
    "nearest 1.43": scaled(1.43, Image.Resampling.NEAREST),
    "blur": filtered(ImageFilter.GaussianBlur(0.7)),
    "sharpen": filtered(ImageFilter.SHARPEN),
    "night light, scale, blur": chain(NIGHT, scaled(1.25), filtered(ImageFilter.GaussianBlur(0.7))),
    "gamma, wide gamut, scale": chain(curve(lambda v: v**0.8), curve(lambda v: v @ P3.T), scaled(1.5)),
    "JPEG 95, full colour": jpeg,
}


@pytest.mark.parametrize("name", DISTORTIONS)
def test_read_under_distortion(name):
    rng = np.random.default_rng(4)
    for trial in range(4):
        frame = a_frame(rng)
        screen = on_screen(rng, render(pack_frame(frame), COLUMNS), x=int(rng.integers(5, 300)), y=int(rng.integers(3, 150)))
        seen = np.ascontiguousarray(DISTORTIONS[name](rng, screen))
        decoder = Decoder(COLUMNS if trial % 2 else None)
        assert decoder.decode(seen) == frame
        assert decoder.decode_in_place(seen) == frame, "the locked path reads what the searching path read"


@pytest.mark.parametrize("cell", [3, 5, 8])
def test_other_cell_sizes(cell):
    rng = np.random.default_rng(9)
    frame = a_frame(rng)
    screen = on_screen(rng, render(pack_frame(frame), COLUMNS, cell_pixels=cell)[:, :557])
    wide = np.zeros((200, 1300, 3), dtype=np.uint8)
    picture = render(pack_frame(frame), COLUMNS, cell_pixels=cell)
    wide[:, : screen.shape[1]] = screen
    wide[41 : 41 + picture.shape[0], 83 : 83 + picture.shape[1]] = picture
    assert Decoder().decode(wide) == frame


def test_torn_and_covered_pictures_give_nothing_wrong():
    """Mixes by row and by column of consecutive frames, and covered cells: the frame, or nothing."""
    rng = np.random.default_rng(2)
    trials = wrong = 0
    decoder = Decoder(COLUMNS)
    former = a_frame(rng)
    decoder.decode(on_screen(np.random.default_rng(0), render(pack_frame(former), COLUMNS)))
    for trial in range(300):
        payload = bytearray(former.payload)
        for _ in range(6):
            payload[int(rng.integers(PAYLOAD))] = int(rng.integers(256))
        current = Frame(0, former.schema_hash, (former.sequence + 1) % 256, former.clock_ms + 50 & 0xFFFFFF, bytes(payload))
        old, new = render(pack_frame(former), COLUMNS), render(pack_frame(current), COLUMNS)
        if trial % 3 == 0:
            cut = int(rng.integers(1, old.shape[0]))
            mix = np.concatenate([old[:cut], new[cut:]])
        elif trial % 3 == 1:
            cut = int(rng.integers(1, old.shape[1]))
            mix = np.concatenate([old[:, :cut], new[:, cut:]], axis=1)
        else:
            mix = new.copy()
            x, y = int(rng.integers(mix.shape[1] - 8)), int(rng.integers(mix.shape[0] - 8))
            mix[y : y + 8, x : x + 8] = rng.integers(0, 256, 3)
        read = decoder.decode(on_screen(np.random.default_rng(0), mix))
        trials += 1
        wrong += read not in (None, former, current)
        former = current
    print(f"torn and covered pictures: {trials} tried, {wrong} read wrongly (bound {3 / trials:.1e}), seed 2")
    assert wrong == 0


def test_nothing_is_found_where_nothing_is():
    rng = np.random.default_rng(6)
    assert Decoder().decode(np.zeros((300, 400, 3), dtype=np.uint8)) is None
    assert Decoder().decode(np.full((300, 400, 3), 255, dtype=np.uint8)) is None
    assert Decoder().decode(rng.integers(0, 256, (120, 300, 3), dtype=np.uint8)) is None


def test_symbols_round_trip():
    rng = np.random.default_rng(8)
    for size in range(1, 40):
        data = rng.bytes(size)
        symbols = np.concatenate([to_symbols(data), np.zeros(4, dtype=np.uint8)])
        assert to_bytes(symbols)[:size] == data
