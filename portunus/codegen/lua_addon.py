"""Writing a complete addon folder: either the whole new one or the untouched old one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from portunus.codegen.lua import CORE_FILES, GENERATED_MARK, INTERFACES, schema_lua, toc
from portunus.errors import PortunusError
from portunus.resources import data_folder

if TYPE_CHECKING:
    from portunus.barcode.schema import Schema

ADDON_NAME = "Portunus"


def addon_files(schema: Schema) -> dict[str, str]:
    """File name -> text of the complete addon for a schema: tables of contents, then the Lua files in load order."""
    files = {f"{ADDON_NAME}{suffix}.toc": toc(schema, number) for suffix, number in INTERFACES.items()}
    files["Schema.lua"] = schema_lua(schema)
    core = data_folder("addon")
    for name in CORE_FILES:
        try:
            files[name] = (core / name).read_text(encoding="ascii")
        except OSError as error:
            raise PortunusError(f"the addon core file {name} of this installation is missing", hint="Install Portunus again.") from error
    return files


def _is_ours(folder: Path) -> bool:
    contents = folder / f"{ADDON_NAME}.toc"
    return contents.is_file() and GENERATED_MARK in contents.read_text(encoding="utf-8", errors="replace")


def write_addon(schema: Schema, out: Path | str) -> Path:
    """Write the addon into `out/Portunus`.

    The files are written to a temporary folder beside it, which is then renamed into place, so that a client never sees a mix.

    Args:
        schema: What the frames of this spec say.
        out: The client's `Interface/AddOns` folder, or any other; created if missing.

    Returns:
        The addon folder.

    Raises:
        PortunusError: `out/Portunus` exists and was not made by Portunus (nothing is touched), or the folder cannot be written.
    """
    out = Path(out)
    target = out / ADDON_NAME
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or not _is_ours(target)):
        raise PortunusError(
            f"{target} exists and is not an addon made by Portunus, so it was left alone", hint="Choose another folder with --out."
        )
    files = addon_files(schema)
    temporary = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{ADDON_NAME}.", dir=out))
        fresh, old = temporary / "new", temporary / "old"
        fresh.mkdir()
        for name, text in files.items():
            with open(fresh / name, "w", encoding="ascii", newline="\n") as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
        if target.is_dir():
            os.replace(target, old)
        try:
            os.replace(fresh, target)
        except OSError:
            if old.is_dir():
                os.replace(old, target)
            raise
    except OSError as error:
        raise PortunusError(f"cannot write {target}: {error.strerror}", hint="Choose another folder with --out, or close the client.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return target
