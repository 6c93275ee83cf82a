"""The kernel cache: generated modules on disk with their compiled code, private and sealed.

numba's own cache is executable pickle without integrity, so nothing in it is read before every file of its folder has matched the
folder's seal (SHA-256 of each file, written last). A folder belongs to one module text and one environment (compiler, numba, CPU,
helpers), is made under a lock in a temporary place and renamed; a folder that does not match its seal is wiped and made again.
"""

from __future__ import annotations

import fcntl
import gc
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from portunus.errors import PortunusError
from portunus.files import user_cache_folder, write_atomic

SEAL = "seal.json"  # as in portunus.runtime.helpers, which needs numba
_PREFIX = "portunus_sealed_"
_HELPERS = ("calls.py", "queue_numba.py", "random_numba.py", "helpers.py", "whole.py", "cache.py")
_loaded: dict[str, ModuleType] = {}
compile_seconds: dict[str, float] = {}


@lru_cache(maxsize=1)
def environment_key() -> str:
    """What compiled code depends on besides its text: numba, llvmlite, numpy, Python, CPU and the helpers' sources.

    numba is not imported for its version: that takes longer than all else when nothing has to be compiled.
    """
    from importlib.metadata import version

    from llvmlite import binding

    here = Path(__file__).parent
    helpers = [hashlib.sha256((here / name).read_bytes()).hexdigest() for name in _HELPERS]
    cpu = (os.environ.get("NUMBA_CPU_NAME") or binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten())
    parts = [version("numba"), version("llvmlite"), version("numpy"), sys.version, cpu, helpers]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def module_name(text: str) -> str:
    """Import name of a sealed module: a function of its text and the environment."""
    return _PREFIX + hashlib.sha256((environment_key() + text).encode()).hexdigest()[:32]


def load_sealed(text: str) -> ModuleType:
    """Import a generated module, from the sealed cache if it is there, else compile it once and seal it.

    Args:
        text: The module's source. Everything in it must compile on import (explicit signatures).

    Raises:
        PortunusError: The cache folder cannot be trusted or written.
    """
    name = module_name(text)
    if name in _loaded:
        return _loaded[name]
    root = user_cache_folder("kernels", "v1")
    folder = root / name
    if not _is_sealed(folder):
        with _lock(root / f"{name}.lock"):
            if not _is_sealed(folder):
                shutil.rmtree(folder, ignore_errors=True)
                return _remember(name, _make(text, name, root, folder))
    try:
        return _remember(name, _import(folder / f"{name}.py", name))
    except (ImportError, AttributeError, EOFError, ValueError, TypeError, KeyError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        sys.modules.pop(name, None)
        print(f"portunus: the kernel cache {folder.name} did not load ({type(error).__name__}); compiling again", file=sys.stderr)
        return load_sealed(text)


def load_all(texts: list[str]) -> list[ModuleType]:
    """Import several independent modules; those not in the cache are compiled by one process each, at the same time."""
    root = user_cache_folder("kernels", "v1")
    missing = [t for t in texts if module_name(t) not in _loaded and not _is_sealed(root / module_name(t))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    program = "import sys; from portunus.runtime.cache import load_sealed; load_sealed(sys.stdin.read())"
    children = []
    for text in missing[1:]:
        child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
        assert child.stdin is not None
        child.stdin.write(text)
        child.stdin.close()
        children.append(child)
    try:
        if missing:
            load_sealed(missing[0])
        for child in children:
            child.wait()
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
                child.wait()
    return [load_sealed(text) for text in texts]


def clear() -> int:
    """Remove every cached kernel; returns how many there were."""
    root = user_cache_folder("kernels", "v1")
    folders = [p for p in root.iterdir() if p.is_dir()]
    for path in root.iterdir():
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
    return len(folders)


def _remember(name: str, module: ModuleType) -> ModuleType:
    _loaded[name] = module
    return module


@contextmanager
def _lock(path: Path):
    with open(path, "a+b") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)


def _make(text: str, name: str, root: Path, folder: Path) -> ModuleType:
    temporary = Path(tempfile.mkdtemp(prefix=".making-", dir=root))
    try:
        path = temporary / f"{name}.py"
        write_atomic(path, text)
        start = time.perf_counter()
        try:
            module = _import(path, name)
        except RuntimeError:  # numba once found no object code for an entry it had just compiled; a second try made it
            shutil.rmtree(temporary / "__pycache__", ignore_errors=True)
            module = _import(path, name)
        compile_seconds[name] = time.perf_counter() - start
        digests = {str(p.relative_to(temporary)): _digest(p) for p in sorted(temporary.rglob("*")) if p.is_file()}
        write_atomic(temporary / SEAL, json.dumps(digests, sort_keys=True))
        os.replace(temporary, folder)
        return module
    except OSError as error:
        raise PortunusError(f"cannot write the kernel cache {root}: {error.strerror}", hint="Free the disk, or set PORTUNUS_CACHE.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _import(path: Path, name: str) -> ModuleType:
    import numba

    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = ""  # beside the module, inside the sealed folder
    dont_write, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    collecting = gc.isenabled()
    gc.disable()  # compiling makes millions of objects that stay
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    finally:
        numba.config.CACHE_DIR = before
        sys.dont_write_bytecode = dont_write
        if collecting:
            gc.enable()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_sealed(folder: Path) -> bool:
    """Does every file of the folder, and nothing else, match its seal? Checked before numba reads anything."""
    seal = folder / SEAL
    if not seal.is_file() or folder.is_symlink():
        return False
    info = os.lstat(folder)
    if (hasattr(os, "getuid") and info.st_uid != os.getuid()) or info.st_mode & 0o022:
        return False
    try:
        expected = json.loads(seal.read_bytes())
    except ValueError:
        return False
    found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file() and p.name != SEAL}
    return isinstance(expected, dict) and found.keys() == expected.keys() and all(_digest(p) == expected[n] for n, p in found.items())
