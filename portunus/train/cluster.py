"""A local Ray that is closed by default: loopback only, a token, a private folder, and nothing left when it ends; or one to join."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portunus.errors import PortunusError
from portunus.files import write_atomic

OBJECT_STORE_BYTES = 256 * 1024 * 1024
_PREFIX = "portunus-ray-"
_TOKEN = secrets.token_hex(32)  # of this process; Ray reads it once and keeps it
_LONGEST_FOLDER = 38  # Ray's socket names below it must fit in 107 characters


@contextmanager
def local_ray(workers: int) -> Iterator[None]:
    """Start a Ray of `workers` processors on this machine; end it, its processes and its folder afterwards.

    Environment and file mask are restored at the end. Ray reads the variables when it is imported, so nothing else may import it first.
    """
    clean_stale()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    if len(str(folder)) > _LONGEST_FOLDER and Path("/tmp").is_dir():
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))
    mask = os.umask(0o077)
    variables = _variables(folder)
    saved = {name: os.environ.get(name) for name in variables}
    started = False
    try:
        write_atomic(folder / "driver", str(os.getpid()))
        write_atomic(folder / "token", _TOKEN)
        os.environ.update(variables)
        import ray

        started = True
        ray.init(
            num_cpus=workers,
            num_gpus=0,
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            namespace=secrets.token_hex(8),
            _temp_dir=str(folder / "r"),  # Ray opens this one to everybody; the folder around it stays private
        )
        yield
    finally:
        if started:
            ray.shutdown()
        end_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)
        os.umask(mask)
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def joined_ray(address: str) -> Iterator[None]:
    """Join the Ray cluster at `address` ("host:port", or "auto" for the one of this machine) and leave it afterwards.

    Raises:
        PortunusError: No token to join with, or nobody answers there.
    """
    known = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH") or (Path.home() / ".ray" / "auth_token").is_file()
    if not known:
        raise PortunusError("a Ray cluster is only joined with its token: whoever reaches one without can run programs on it",
                            hint="Set RAY_AUTH_TOKEN_PATH to a file that holds the token, as on the cluster's machines.")
    wanted = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}
    saved = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    import ray

    try:
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", namespace=secrets.token_hex(8))
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise PortunusError(f"cannot join the Ray cluster at {address}: {reason}", hint="Is it running, and is the token its own?") from error
        yield
    finally:
        ray.shutdown()
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _variables(folder: Path) -> dict[str, str]:
    found = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path),  # workers find what this process finds
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    if sys.platform.startswith("linux"):
        found["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # keeps every socket on 127.0.0.1
    return found


def processes_of(folder: Path) -> list[int]:
    """Ids of this user's processes that were started for a Ray folder: its path is in their command line. Linux only."""
    found = []
    for entry in Path("/proc").glob("[0-9]*") if sys.platform.startswith("linux") else ():
        try:
            mine = entry.stat().st_uid == os.getuid() and int(entry.name) != os.getpid()
            if mine and str(folder).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it has ended meanwhile
            continue
    return found


def end_processes(folder: Path, *, patience: float = 5.0) -> None:
    """End what is left of a Ray that was started in `folder`: first asked, then killed, each by its id."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes_of(folder):
            try:
                os.kill(process, number)
            except ProcessLookupError:
                continue
        end = time.monotonic() + patience
        while processes_of(folder) and time.monotonic() < end:
            time.sleep(0.05)


def clean_stale() -> None:
    """Remove what a driver that was killed left behind: its processes, then its folder."""
    for base in {Path(tempfile.gettempdir()), Path("/tmp")}:
        for folder in base.glob(f"{_PREFIX}*"):
            try:
                if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                    continue
                driver = int((folder / "driver").read_text())
                os.kill(driver, 0)
            except ProcessLookupError:
                end_processes(folder)
                shutil.rmtree(folder, ignore_errors=True)
            except (OSError, ValueError):
                continue
