"""Files that are either old or new, never half written, and folders nobody else can write to."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from portunus.errors import PortunusError


def write_atomic(path: Path | str, data: bytes | str) -> Path:
    """Write `data` to a temporary file beside `path`, flush it to disk, then rename it into place.

    Returns:
        The path written.

    Raises:
        PortunusError: The folder cannot be written; the previous file, if any, is untouched.
    """
    path = Path(path)
    raw = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    name = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(fd, "wb") as handle:
            handle.write(raw)
            handle.flush()
            os.fsync(handle.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except OSError as error:
        if name is not None and os.path.exists(name):
            os.unlink(name)
        raise PortunusError(f"cannot write {path}: {error.strerror}", hint="Choose another place, or free the disk, and run it again.") from error
    return path


def private_folder(path: Path | str) -> Path:
    """Create (mode 0700) or accept a folder that belongs to this user and that nobody else can write to.

    Raises:
        PortunusError: It is a symbolic link, belongs to somebody else, or others may write to it.
    """
    path = Path(path)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = os.lstat(path)
    problem = None
    if stat.S_ISLNK(info.st_mode):
        problem = "is a symbolic link"
    elif hasattr(os, "getuid") and info.st_uid != os.getuid():
        problem = "belongs to another user"
    elif info.st_mode & 0o022:
        problem = "can be written by other users"
    if problem:
        raise PortunusError(f"the folder {path} {problem}, so nothing in it can be trusted", hint=f"Remove it, or run: chmod 700 {path}")
    return path


def user_cache_folder(*parts: str) -> Path:
    """A private folder below the user's cache folder (`PORTUNUS_CACHE` overrides the base)."""
    import platformdirs

    base = Path(os.environ.get("PORTUNUS_CACHE") or platformdirs.user_cache_dir("portunus", appauthor=False))
    folder = private_folder(base)
    for part in parts:
        folder = private_folder(folder / part)
    return folder
