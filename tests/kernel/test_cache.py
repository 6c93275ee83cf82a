"""The sealed cache: nothing damaged is read, everything is made again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portunus.errors import PortunusError
from portunus.files import private_folder

MODULE = '''"""A small sealed module."""
from numba import cfunc, types


@cfunc(types.int64(types.int64), cache=True)
def entry(x):
    return x * {factor}
'''

PROGRAM = """
import sys
from portunus.runtime.cache import compile_seconds, load_sealed
module = load_sealed(sys.stdin.read())
print(module.entry.ctypes(14), len(compile_seconds))
"""


def run(cache: Path, factor: int = 3) -> tuple[int, int]:
    """Result and number of compilations of a fresh process."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], input=MODULE.format(factor=factor), capture_output=True, text=True, check=True,
                          env={**os.environ, "PORTUNUS_CACHE": str(cache)})
    result, made = done.stdout.split()
    return int(result), int(made)


def test_a_second_process_compiles_nothing_and_damage_is_noticed(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert run(cache) == (42, 1)
    assert run(cache) == (42, 0)
    files = [p for p in cache.rglob("*") if p.is_file() and p.suffix in (".nbi", ".nbc")]
    assert files, "numba kept nothing beside the module"
    for path in files:
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
        assert run(cache) == (42, 1)
        path = next(p for p in cache.rglob("*") if p.suffix == path.suffix)
        path.write_bytes(path.read_bytes()[:20])
        assert run(cache) == (42, 1)
    stranger = next(p for p in cache.rglob("*.nbi")).with_name("stranger.nbi")
    stranger.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    assert run(cache) == (42, 1)


def test_another_text_is_another_folder(tmp_path: Path) -> None:
    assert run(tmp_path / "cache", 3) == (42, 1)
    assert run(tmp_path / "cache", 5) == (70, 1)


def test_a_folder_others_can_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(PortunusError, match="can be written by other users"):
        private_folder(folder)


def test_several_modules_compile_side_by_side(tmp_path: Path) -> None:
    program = ("from portunus.runtime.cache import compile_seconds, load_all\n"
               f"modules = load_all([{MODULE.format(factor=2)!r}, {MODULE.format(factor=4)!r}])\n"
               "print(*(m.entry.ctypes(10) for m in modules), len(compile_seconds))")
    environment = {**os.environ, "PORTUNUS_CACHE": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["20", "40", "1"]
