"""Reading the tensors of a TorchScript file without torch, and without executing a byte of it.

A TorchScript file is a zip archive: `data.pkl` (a pickle program that names the tensors), `data/0`, `data/1`, ... (raw storages) and
`code/` (program text). Loading one with torch runs `code/` and may therefore do anything, so a file from a stranger never goes that
way. This reader walks the opcodes of `data.pkl` with a tiny machine of its own that knows dictionaries, tuples, numbers, strings and
one function, "view of a float32 storage". There is nothing else it could call.
"""

from __future__ import annotations

import io
import math
import pickletools
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MAX_ENTRIES = 64  # files inside one archive
MAX_PROGRAM_BYTES = 64 * 1024  # of data.pkl
MAX_DIMENSIONS = 4


class ArchiveError(Exception):
    """The bytes are not a TorchScript archive of plain float32 tensors; the text says where it went wrong."""


@dataclass(frozen=True)
class Archive:
    """What can be read from a TorchScript file as data.

    Attributes:
        tensors: Name of each tensor of the root module, to its float32 values.
        extra: Name of each extra file stored with the module, to its bytes.
    """

    tensors: dict[str, np.ndarray]
    extra: dict[str, bytes]


@dataclass(frozen=True)
class _Name:
    """A global name the program mentions; it is never imported."""

    text: str


@dataclass(frozen=True)
class _Storage:
    key: str
    count: int


@dataclass
class _Module:
    fields: dict = field(default_factory=dict)


def read_entries(raw: bytes) -> dict[str, bytes]:
    """The files inside a zip archive, by their name below its one root folder.

    Raises:
        ArchiveError: Not a zip file, too many entries, a compressed, encrypted or duplicate entry, a damaged entry, or several root folders.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_ENTRIES:
                raise ArchiveError(f"it has {len(infos)} entries, more than {MAX_ENTRIES}")
            entries: dict[str, bytes] = {}
            roots = set()
            for info in infos:
                if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
                    raise ArchiveError("it has a compressed entry; a published model stores every entry as it is")
                if info.flag_bits & 1:
                    raise ArchiveError("it has an encrypted entry")
                root, _, name = info.filename.partition("/")
                roots.add(root)
                if not name or name in entries:
                    raise ArchiveError("it has an entry without a name, or two of the same name")
                entries[name] = archive.read(info)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise ArchiveError(f"it is not a readable archive ({type(error).__name__})") from error
    if len(roots) != 1:
        raise ArchiveError("it has no single root folder")
    return entries


def read_archive(raw: bytes) -> Archive:
    """Read the root module's tensors and the extra files of a TorchScript file.

    Raises:
        ArchiveError: Anything but plain contiguous float32 tensors of one module.
    """
    entries = read_entries(raw)
    if "data.pkl" not in entries:
        raise ArchiveError("it has no data.pkl, so it is no TorchScript file")
    if entries.get("byteorder", b"little") != b"little":
        raise ArchiveError("it was written on a big-endian machine")
    module = _run(entries["data.pkl"], entries)
    tensors = {name: value for name, value in module.fields.items() if isinstance(value, np.ndarray)}
    extra = {name[len("extra/"):]: data for name, data in entries.items() if name.startswith("extra/")}
    return Archive(tensors=tensors, extra=extra)


def _run(program: bytes, entries: dict[str, bytes]) -> _Module:
    """Run the opcodes of `data.pkl`; returns the root module with its fields."""
    if len(program) > MAX_PROGRAM_BYTES:
        raise ArchiveError(f"its data.pkl is longer than {MAX_PROGRAM_BYTES} bytes")
    stack: list = []
    memo: dict[int, object] = {}
    try:
        for opcode, argument, _ in pickletools.genops(program):
            if opcode.name == "STOP":
                break
            _perform(opcode.name, argument, stack, memo, entries)
        (result,) = stack
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, UnicodeDecodeError, OverflowError) as error:
        raise ArchiveError("its data.pkl is no list of tensors") from error
    if not isinstance(result, _Module):
        raise ArchiveError("its data.pkl describes no module")
    return result


_MARK = _Name("(mark)")


def _since_mark(stack: list) -> list:
    """Pop and return everything above the last mark."""
    index = len(stack) - 1
    while stack[index] is not _MARK:
        index -= 1
        if index < 0:
            raise ArchiveError("its data.pkl is no list of tensors")
    found = stack[index + 1:]
    del stack[index:]
    return found


def _perform(name: str, argument: Any, stack: list, memo: dict[int, object], entries: dict[str, bytes]) -> None:
    """One opcode of the machine; everything not listed here is refused."""
    if name in ("PROTO", "FRAME"):
        return
    if name in ("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINUNICODE"):
        stack.append(argument)
    elif name in ("NEWTRUE", "NEWFALSE", "NONE"):
        stack.append({"NEWTRUE": True, "NEWFALSE": False, "NONE": None}[name])
    elif name == "GLOBAL":
        stack.append(_Name(str(argument)))
    elif name in ("BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif name in ("BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif name == "MARK":
        stack.append(_MARK)
    elif name == "TUPLE":
        stack.append(tuple(_since_mark(stack)))
    elif name == "EMPTY_TUPLE":
        stack.append(())
    elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
        count = int(name[-1])
        stack[-count:] = [tuple(stack[-count:])]
    elif name == "EMPTY_DICT":
        stack.append({})
    elif name == "SETITEMS":
        values = _since_mark(stack)
        if not all(type(key) is str for key in values[0::2]):
            raise ArchiveError("its data.pkl has a field whose name is no text")
        stack[-1].update(zip(values[0::2], values[1::2], strict=True))
    elif name == "NEWOBJ":
        stack.pop()
        if not (isinstance(stack[-1], _Name) and stack[-1].text.startswith("__torch__")):
            raise ArchiveError("its data.pkl makes an object that is no module")
        stack[-1] = _Module()
    elif name == "BUILD":
        fields = stack.pop()
        stack[-1].fields.update(fields)
    elif name == "BINPERSID":
        stack.append(_storage(stack.pop()))
    elif name == "REDUCE":
        arguments = stack.pop()
        stack.append(_call(stack.pop(), arguments, entries))
    else:
        raise ArchiveError(f"its data.pkl does more than name tensors ({name})")


def _storage(identity: Any) -> _Storage:
    kind, element, key, _, count = identity
    if kind != "storage" or element != _Name("torch FloatStorage"):
        raise ArchiveError("it holds a tensor that is not float32")
    if not (isinstance(key, str) and key.isdigit() and isinstance(count, int) and count >= 0):
        raise ArchiveError("it names a storage that cannot exist")
    return _Storage(key, count)


def _call(function: object, arguments: tuple, entries: dict[str, bytes]) -> object:
    """The two calls a list of tensors needs: an empty OrderedDict, and a view of a storage."""
    if function == _Name("collections OrderedDict") and arguments == ():
        return {}
    if function != _Name("torch._utils _rebuild_tensor_v2"):
        raise ArchiveError("its data.pkl calls a function that does not rebuild a tensor")
    storage, offset, shape, strides = arguments[:4]
    if not isinstance(storage, _Storage) or offset != 0 or len(shape) > MAX_DIMENSIONS:
        raise ArchiveError("it holds a tensor that is a view into another")
    if not all(type(size) is int and 0 < size <= 1 << 24 for size in shape):
        raise ArchiveError("it holds a tensor of an impossible shape")
    expected = tuple(math.prod(shape[axis + 1:]) for axis in range(len(shape)))
    if strides != expected or math.prod(shape) != storage.count:
        raise ArchiveError("it holds a tensor that is not contiguous")
    raw = entries[f"data/{storage.key}"]
    if len(raw) != 4 * storage.count:
        raise ArchiveError("a storage has another size than its tensor")
    return np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(shape)
