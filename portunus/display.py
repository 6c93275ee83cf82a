"""A screen to draw on: the one that is there, else a private virtual one.

The virtual screen is Xvfb with software OpenGL, reachable only with a cookie that this process wrote, and openbox as window manager
(without one, no window can stay on top). `python -m portunus.display` prints the system packages that a window needs here and that
are missing, one line, Debian's names; the Makefile installs them.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from portunus.errors import PortunusError

_PROGRAMS = {"xvfb": "Xvfb", "openbox": "openbox"}
_LIBRARIES = {
    "libgl1": "libGL.so.1",
    "libegl1": "libEGL.so.1",
    "libmtdev1": "libmtdev.so.1",
    "libx11-6": "libX11.so.6",
    "libxext6": "libXext.so.6",
    "libxrandr2": "libXrandr.so.2",
    "libxfixes3": "libXfixes.so.3",
    "libxcursor1": "libXcursor.so.1",
    "libxi6": "libXi.so.6",
}
_START_SECONDS = 15.0


def missing_packages() -> list[str]:
    """Debian packages that a window needs on this machine and that are not installed; empty outside Linux."""
    if not sys.platform.startswith("linux"):
        return []
    programs = {} if os.environ.get("DISPLAY") else _PROGRAMS
    missing = [package for package, program in programs.items() if shutil.which(program) is None]
    for package, library in _LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def require_packages() -> None:
    """Make sure that a window can open.

    Raises:
        PortunusError: System packages are missing; the hint is the command that installs them.
    """
    missing = missing_packages()
    if missing:
        raise PortunusError(
            f"no window can open: {', '.join(missing)} not installed", hint=f"Run: sudo apt-get install {' '.join(missing)}"
        )


def _write_cookie(path: Path) -> None:
    """Write an X authority file (Xau: big-endian lengths before each part) with a fresh cookie, valid for any display number."""
    name, cookie = b"MIT-MAGIC-COOKIE-1", secrets.token_bytes(16)
    any_family = 0xFFFF
    path.touch(mode=0o600)
    path.write_bytes(struct.pack(">HHHH", any_family, 0, 0, len(name)) + name + struct.pack(">H", len(cookie)) + cookie)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _start_server(folder: Path, width: int, height: int) -> tuple[subprocess.Popen[bytes], str]:
    """Start Xvfb on a free display number; returns the process and `:number`."""
    cookie = folder / "Xauthority"
    _write_cookie(cookie)
    read_end, write_end = os.pipe()
    log = (folder / "xvfb.log").open("wb")
    with log, os.fdopen(read_end, "rb") as answer:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{width}x{height}x24", "-auth", str(cookie), "-nolisten", "tcp"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[write_end],
        )
        os.close(write_end)
        number = answer.readline().strip().decode()
    if not number:
        server.wait()
        detail = (folder / "xvfb.log").read_text(errors="replace").strip().splitlines()
        raise PortunusError(f"the virtual screen did not start: {detail[-1] if detail else 'Xvfb ended without a word'}")
    return server, f":{number}"


def _wait_for_window_manager(process: subprocess.Popen[bytes], marker: Path) -> None:
    """Wait until openbox has run its start-up command, which makes `marker`."""
    limit = time.monotonic() + _START_SECONDS
    while not marker.exists():
        if process.poll() is not None or time.monotonic() > limit:
            raise PortunusError("the window manager openbox did not start on the virtual screen")
        time.sleep(0.02)


@contextmanager
def virtual_display(*, width: int = 1280, height: int = 800, always: bool = False) -> Iterator[str]:
    """Give this process and its children a screen while the block runs.

    Args:
        width: Pixels, of a screen that has to be made.
        height: Pixels, of a screen that has to be made.
        always: Make a virtual screen even if there is a real one.

    Yields:
        The display's name. `DISPLAY` and `XAUTHORITY` are set inside the block and put back after it.

    Raises:
        PortunusError: Nothing can be drawn here; says what to install.
    """
    present = os.environ.get("DISPLAY")
    if present and not always:
        require_packages()
        yield present
        return
    if not sys.platform.startswith("linux"):
        yield ""
        return
    before = {name: os.environ.get(name) for name in ("DISPLAY", "XAUTHORITY")}
    os.environ.pop("DISPLAY", None)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        require_packages()
        with tempfile.TemporaryDirectory(prefix="portunus-display-") as name:
            folder = Path(name)
            server, display = _start_server(folder, width, height)
            processes.append(server)
            os.environ.update(DISPLAY=display, XAUTHORITY=str(folder / "Xauthority"))
            ready = folder / "ready"
            manager = subprocess.Popen(
                ["openbox", "--sm-disable", "--startup", f"touch {shlex.quote(str(ready))}"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            processes.append(manager)
            _wait_for_window_manager(manager, ready)
            try:
                yield display
            finally:
                while processes:
                    _stop(processes.pop())
    finally:
        while processes:
            _stop(processes.pop())
        for variable, value in before.items():
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        print(" ".join(missing_packages()))
