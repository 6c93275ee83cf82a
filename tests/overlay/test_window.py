"""The real window on a virtual screen: it shows advice, falls silent with its feed, remembers its place, and needs a display."""

import ctypes
import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import mss
import numpy as np
import pytest
from portunus_overlay.platform import let_clicks_through
from portunus_overlay.settings import load_settings

SAMPLE = Path(__file__).with_name("sample_window.py")


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"PORTUNUS_CACHE": str(folder / "cache"), "PORTUNUS_CONFIG": str(folder / "config"), "HOME": str(folder / "home")}


def picture(folder: Path, *, size=(760, 380), after=0.6, silent_after=1e9, state="ok") -> np.ndarray:
    """Run the overlay on a sample feed and return its screenshot, uint8[height, width, 3]."""
    out = folder / "overlay.png"
    (folder / "home").mkdir(exist_ok=True)
    command = [sys.executable, str(SAMPLE), str(out), str(size[0]), str(size[1]), str(after), str(silent_after), state]
    done = subprocess.run(command, env=environment(folder), timeout=60, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list((folder / "home").iterdir()) == []  # nothing written into the home folder
    return read_png(out.read_bytes())


def read_png(data: bytes) -> np.ndarray:
    """The pixels of a PNG of 8-bit RGB without filters, as the overlay writes them."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    start = data.index(b"IDAT")
    length = int.from_bytes(data[start - 4 : start])
    rows = np.frombuffer(zlib.decompress(data[start + 4 : start + 4 + length]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def share(pixels: np.ndarray, colour: tuple[int, int, int], tolerance: int = 12) -> float:
    """Share of pixels near a colour."""
    return float((np.abs(pixels.astype(int) - colour).max(axis=2) <= tolerance).mean())


BACKGROUND = (0x0F, 0x12, 0x18)
ACCENT = (0x6C, 0xB8, 0xFF)
WARNING = (0xF2, 0xB8, 0x4B)
REFUSAL = (0xFF, 0x7A, 0x70)


@pytest.mark.parametrize("size", [(420, 220), (900, 480)])
def test_advice_is_drawn(size, tmp_path, display):
    pixels = picture(tmp_path, size=size)
    assert pixels.shape == (size[1], size[0], 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 200
    assert share(pixels, ACCENT) > 0.002  # the chosen branch
    left, right = pixels[60:-30, : size[0] // 4], pixels[60:-30, size[0] // 3 :]
    assert left.astype(int).max() > 200  # the big icon
    assert right.astype(int).max() > 150  # the tree


def test_no_signal_after_the_feed_stops(tmp_path, display):
    pixels = picture(tmp_path, silent_after=0.3, after=1.1)
    assert share(pixels, WARNING) > 0.0003  # the triangle
    assert share(pixels, ACCENT) == 0.0  # no advice is left


def test_unsupported_client_is_refused_in_words(tmp_path, display):
    pixels = picture(tmp_path, after=0.2, state="unsupported")
    assert share(pixels, REFUSAL) > 0.0003
    assert share(pixels, ACCENT) == 0.0


def overlay_command(*options: str) -> list[str]:
    return [sys.executable, "-m", "portunus", "overlay", "wotlk/mage_fire", *options]


@pytest.mark.parametrize("name", [None, ":4711"])
def test_without_a_display_one_message(name, tmp_path):
    variables = environment(tmp_path)
    variables.pop("DISPLAY", None)
    if name:
        variables["DISPLAY"] = name
    done = subprocess.run(overlay_command(), env=variables, timeout=60, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the ")
    assert "display" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("region", ["1,2,3", "0,0,0,10", "a,b,c,d", "0,0,99999,5"])
def test_bad_region_is_refused(region, tmp_path):
    done = subprocess.run(
        overlay_command("--region", region), env=environment(tmp_path), timeout=60, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert region in done.stderr


def test_clicks_go_through(display):
    x11, shapes = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXext.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(x11.XOpenDisplay(None))
    x11.XDefaultRootWindow.restype = ctypes.c_ulong
    x11.XCreateSimpleWindow.restype = ctypes.c_ulong
    x11.XCreateSimpleWindow.argtypes = [ctypes.c_void_p, ctypes.c_ulong, *[ctypes.c_int] * 2, *[ctypes.c_uint] * 3, *[ctypes.c_ulong] * 2]
    window = x11.XCreateSimpleWindow(connection, x11.XDefaultRootWindow(connection), 0, 0, 50, 50, 0, 0, 0)
    x11.XSync(connection, 0)

    def rectangles() -> int:
        count, order = ctypes.c_int(), ctypes.c_int()
        shapes.XShapeGetRectangles.restype = ctypes.c_void_p
        shapes.XShapeGetRectangles(connection, ctypes.c_ulong(window), 2, ctypes.byref(count), ctypes.byref(order))
        return count.value

    assert rectangles() == 1
    assert let_clicks_through(window)
    assert rectangles() == 0
    x11.XCloseDisplay(connection)


def test_place_is_remembered_after_a_polite_end(tmp_path, display):
    settings = tmp_path / "config" / "overlay.toml"
    settings.parent.mkdir()
    settings.write_text("left = 30\ntop = 50\nwidth = 500\nheight = 260\n")
    spec = tmp_path / "broken.spec"
    spec.write_text("this is no spec")
    command = [sys.executable, "-m", "portunus", "overlay", str(spec)]
    process = subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_for_window(process)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, err
    assert "no suggestion was shown" in out
    remembered = load_settings(settings)
    assert (remembered.width, remembered.height) == (500, 260)


def wait_for_window(process: subprocess.Popen) -> None:
    """Wait until the overlay's dark background is where its settings put it."""
    box = {"left": 30, "top": 50, "width": 500, "height": 260}
    deadline = time.monotonic() + 30
    with mss.MSS() as screen:
        while time.monotonic() < deadline:
            shot = screen.grab(box)
            pixels = np.frombuffer(shot.rgb, np.uint8).reshape(shot.height, shot.width, 3)
            if share(pixels, BACKGROUND, 1) > 0.6:
                return
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
    raise AssertionError("no window")
