"""Reading JSON from strangers: size, depth, numbers and keys are checked, and every fault is one clear message."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from portunus.errors import PortunusError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 64
MAX_DIGITS = 32


def read_json(path: Path | str) -> Any:
    """Read one JSON file of at most 256 kB and 64 levels, with finite numbers and no repeated keys.

    Raises:
        PortunusError: The file is missing, too large or not such a document.
    """
    path = Path(path)
    try:
        with path.open("rb") as handle:
            raw = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise PortunusError(f"cannot read {path}: {error.strerror}", hint="Check the path.") from error
    return parse_json(raw, where=str(path))


def parse_json(raw: bytes | str, *, where: str) -> Any:
    """The value of a JSON text; `where` names it in messages. Limits and errors as `read_json`."""
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    if len(data) > MAX_BYTES:
        raise PortunusError(f"{where} is larger than {MAX_BYTES // 1024} kB", hint="This cannot be the right file.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PortunusError(f"{where} is not UTF-8 text (byte {error.start})", hint="Save it as UTF-8.") from error
    _check_depth(text, where)
    try:
        return json.loads(text, object_pairs_hook=_no_repeats, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise PortunusError(f"{where}, line {error.lineno}, column {error.colno}: {error.msg}", hint="It must be a JSON file.") from error
    except _Refused as error:
        raise PortunusError(f"{where}: {error}", hint="It must be a JSON file with finite numbers and no repeated keys.") from error


class _Refused(ValueError):
    """A value that JSON readers accept and this one does not."""


def _check_depth(text: str, where: str) -> None:
    depth = 0
    inside = escaped = False
    for character in text:
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise PortunusError(f"{where} is nested deeper than {MAX_DEPTH} levels", hint="This cannot be the right file.")
        elif character in "]}":
            depth -= 1


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _Refused(f"the key {key!r} appears twice in one object")
        result[key] = value
    return result


def _refuse_constant(name: str) -> Any:
    raise _Refused(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused(f"the number {text} is too large")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _Refused(f"a number has more than {MAX_DIGITS} digits")
    return int(text)
