"""Checkpoints: one file of plain arrays and JSON, written whole or not at all, from which training continues."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from portunus.errors import PortunusError
from portunus.files import write_atomic

FORMAT = 1
MAX_BYTES = 512 * 1024 * 1024
_FACTS = "facts"  # the array that holds the JSON text


@dataclass(frozen=True)
class Checkpoint:
    """Everything needed to go on.

    Attributes:
        facts: JSON values: identity of the spec, counters, random state.
        arrays: Weights, optimiser, best network, newest samples.
    """

    facts: dict[str, Any]
    arrays: dict[str, np.ndarray]


def checkpoint_path(model: Path) -> Path:
    """Where the checkpoint of a model under training lies."""
    return model.with_suffix(".checkpoint.npz")


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in place of the previous one.

    Raises:
        PortunusError: It cannot be written; the previous one is untouched.
    """
    text = json.dumps({**checkpoint.facts, "format": FORMAT}, sort_keys=True)
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {_FACTS: np.frombuffer(text.encode(), np.uint8), **checkpoint.arrays}
    np.savez(buffer, **arrays)
    write_atomic(path, buffer.getvalue())


def load_checkpoint(path: Path, expected: dict[str, Any]) -> Checkpoint:
    """Read a checkpoint that belongs to `expected`.

    Args:
        path: The file.
        expected: Facts that must be equal, such as the spec's identity and the width of the network.

    Raises:
        PortunusError: Missing, damaged, or of something else; names the field that differs.
    """
    advice = "Start anew without --resume."
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
        with np.load(io.BytesIO(raw), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        facts = json.loads(arrays.pop(_FACTS).tobytes())
    except FileNotFoundError as error:
        raise PortunusError(f"there is no checkpoint {path} to resume from", hint=advice) from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, RecursionError) as error:
        raise PortunusError(f"the checkpoint {path} is damaged", hint=advice) from error
    for key, value in {**expected, "format": FORMAT}.items():
        if facts.get(key) != value:
            raise PortunusError(f"the checkpoint {path} was made with another {key.replace('_', ' ')}", hint=advice)
    return Checkpoint(facts, arrays)
