"""Compiled numba functions of this package kept between runs, so that a search starts in a second instead of in fifteen.

numba's own cache reads executable pickle without any check and does not notice when a function that is called by another changes.
Here each compiled function is one file: a SHA-256 digest, then the content, which is only read when the digest agrees. Files lie in
a private folder (`portunus.files.private_folder`) named after everything that went into them: numba, processor, and the sources of the
packages they may call. A file that cannot be read is compiled again and replaced; nothing depends on it being there.
"""

from __future__ import annotations

import hashlib
import pickle
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from portunus.errors import PortunusError
from portunus.files import user_cache_folder, write_atomic
from portunus.runtime.cache import environment_key

_LAYERS = ("runtime", "evaluator", "search", "train")  # compiled functions call those of their own layer and the ones before
_DIGEST = 32  # bytes
_KEEP_DAYS = 14  # folders of other versions are kept so long


@cache
def stored_folder(layer: str) -> Path | None:
    """The folder for this version of a layer, or None where there is no place that can be trusted: then nothing is kept."""
    package = Path(__file__).resolve().parents[1]
    packages = _LAYERS[: _LAYERS.index(layer) + 1] if layer in _LAYERS else _LAYERS
    sources = [path for name in packages for path in sorted((package / name).rglob("*.py"))]
    digest = hashlib.sha256(environment_key().encode())
    for path in sources:
        digest.update(f"{path.relative_to(package)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    try:
        base = user_cache_folder("functions")
        folder = user_cache_folder("functions", digest.hexdigest()[:32])
    except (PortunusError, OSError):
        return None
    old = time.time() - _KEEP_DAYS * 86_400
    for other in base.iterdir():
        if other != folder and other.is_dir() and other.stat().st_mtime < old:
            shutil.rmtree(other, ignore_errors=True)
    return folder


class StoredFunction:
    """Where the compiled forms of one function are kept; what numba calls a function's cache.

    Args:
        function: The plain Python function.
    """

    cache_path = None

    def __init__(self, function: Callable[..., Any]) -> None:
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._layer = function.__module__.partition(".")[2].partition(".")[0]
        self._code = function.__code__

    def _file(self, signature: Any, codegen: Any) -> Path | None:
        folder = stored_folder(self._layer)
        if folder is None:
            return None
        own = hashlib.sha256(Path(self._code.co_filename).read_bytes()).hexdigest()
        key = repr((self._name, self._code.co_firstlineno, own, str(signature), codegen.magic_tuple()))
        return folder / f"{self._name.rsplit('.', 1)[-1].strip('_')}-{hashlib.sha256(key.encode()).hexdigest()[:40]}.bin"

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled function for a signature, or None."""
        target_context.refresh()
        path = self._file(signature, target_context.codegen())
        if path is None:
            return None
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        content = raw[_DIGEST:]
        if hashlib.sha256(content).digest() != raw[:_DIGEST]:
            return None
        return CompileResult._rebuild(target_context, *pickle.loads(content))

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled function, if it can be kept."""
        path = self._file(signature, compiled.codegen)
        if path is None or compiled.lifted or compiled.library.has_dynamic_globals:
            return
        content = dumps(compiled._reduce())
        try:
            write_atomic(path, hashlib.sha256(content).digest() + content)
        except PortunusError:
            return  # a full disk only costs time

    def enable(self) -> None:
        """Nothing to do; it is always on."""

    def disable(self) -> None:
        """Nothing to do; it is always on."""

    def flush(self) -> None:
        """Nothing to do; every function is written at once."""
