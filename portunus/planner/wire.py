"""Frames between the planner service and its worker process: a small fixed header, then at most 256 kB of body.

    magic "PTPL" | protocol version u8 | kind u8 | zero u16 | sequence u64 | body length u32      (little endian, 20 bytes)

States travel as raw words behind the instant they were captured; rare messages travel as JSON. Nothing is ever unpickled, and a
length is checked before a byte of the body is read, so neither side can be made to run code or to hold more than one body.
"""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, BinaryIO

from portunus.errors import PortunusError

MAGIC = b"PTPL"
PROTOCOL = 2
MAX_BODY = 256 * 1024
HEADER = struct.Struct("<4sBBHQI")
CAPTURED = struct.Struct("<q")
CHANCE = struct.Struct("<d")
MAX_LIKELY = 4  # states that may come next, in one message
BEAT = struct.Struct("<I")


class Kind(IntEnum):
    """What a frame carries; the arrow says who sends it."""

    HELLO = 1  # service -> worker, JSON: what to plan for
    GREETING = 2  # worker -> service, JSON: protocol and package version, sent before anything heavy is loaded
    READY = 3  # worker -> service, JSON: spec name, layout hash, words of a state, evaluator
    STATE = 4  # service -> worker: captured_at (int64 ns, monotonic clock), the words of the state, then states that may come next
    SUGGESTION = 5  # worker -> service, JSON
    BEAT = 6  # worker -> service, every 100 ms: how long the search in progress has been running (u32 ms, 0 = idle)
    PROBLEM = 7  # worker -> service, JSON: message, hint, final
    STOP = 8  # service -> worker: end now


class WireError(PortunusError):
    """The other side does not speak this protocol.

    Args:
        message: What was received.
        version: The other side's protocol version where that is what differs.
    """

    def __init__(self, message: str, *, version: int | None = None) -> None:
        super().__init__(message)
        self.version = version


@dataclass(frozen=True)
class Frame:
    """One message.

    Attributes:
        kind: What the body is.
        sequence: Number of the state it is about, 0 where there is none.
        body: At most `MAX_BODY` bytes.
    """

    kind: Kind
    sequence: int
    body: bytes


def encode(kind: Kind, sequence: int = 0, body: bytes = b"") -> bytes:
    """The bytes of one frame.

    Raises:
        PortunusError: The body is larger than `MAX_BODY`, or the sequence number is no u64.
    """
    if len(body) > MAX_BODY:
        raise PortunusError(f"a planner message of {len(body)} bytes is larger than the limit of {MAX_BODY}")
    if not 0 <= sequence < 2**64:
        raise PortunusError(f"{sequence} is no sequence number")
    return HEADER.pack(MAGIC, PROTOCOL, kind, 0, sequence, len(body)) + body


def read_frame(stream: BinaryIO) -> Frame | None:
    """The next frame of a stream; None at its end.

    Raises:
        WireError: Not a frame, another protocol version, an unknown kind, a body over the limit, or an end in mid-frame.
    """
    head = _read_exactly(stream, HEADER.size)
    if head is None:
        return None
    magic, version, kind, zero, sequence, length = HEADER.unpack(head)
    if magic != MAGIC:
        raise WireError("the planner's pipe carries something else than planner messages")
    if version != PROTOCOL:
        raise WireError(f"the other side speaks planner protocol {version}, this program speaks {PROTOCOL}", version=version)
    if zero or kind not in Kind._value2member_map_:
        raise WireError(f"a planner message of the unknown kind {kind}")
    if length > MAX_BODY:
        raise WireError(f"a planner message of {length} bytes is larger than the limit of {MAX_BODY}")
    body = _read_exactly(stream, length) if length else b""
    if body is None:
        raise WireError("the planner's pipe ended inside a message")
    return Frame(Kind(kind), sequence, body)


def _read_exactly(stream: BinaryIO, count: int) -> bytes | None:
    """`count` bytes; None at a clean end; raises where the stream ends inside them."""
    parts: list[bytes] = []
    missing = count
    while missing:
        part = stream.read(missing)
        if not part:
            if missing == count:
                return None
            raise WireError("the planner's pipe ended inside a message")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def write_bytes(stream: BinaryIO, data: bytes) -> None:
    """Write all of `data` to an unbuffered stream; OSError if the other side is gone."""
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


class FrameWriter:
    """Writes whole frames to an unbuffered stream, from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, kind: Kind, sequence: int = 0, body: bytes = b"") -> None:
        """Write one frame.

        Raises:
            PortunusError: See `encode`.
            OSError: The other side is gone.
        """
        frame = encode(kind, sequence, body)
        with self._lock:
            write_bytes(self._stream, frame)


def to_body(data: dict[str, Any]) -> bytes:
    """JSON bytes of plain data; NaN and infinity are refused by `ValueError`."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).encode()


def from_body(body: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        WireError: Not UTF-8, not JSON, nested too deep, or no object.
    """
    try:
        data = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"a planner message is not readable JSON ({type(error).__name__})") from error
    if not isinstance(data, dict):
        raise WireError("a planner message is JSON, but not an object")
    return data


def state_body(words: Any, captured_ns: int, likely: Sequence[tuple[Any, float]] = ()) -> bytes:
    """The body of a `STATE` frame.

    Args:
        words: int64[W], anything with the buffer protocol (a numpy array), or its bytes.
        captured_ns: Instant of the capture, ns of `time.monotonic_ns`.
        likely: States that may come next, each as such words, with their probabilities; the first `MAX_LIKELY` are sent.
    """
    body = CAPTURED.pack(captured_ns) + bytes(memoryview(words).cast("B"))
    for other, chance in likely[:MAX_LIKELY]:
        more = CHANCE.pack(chance) + bytes(memoryview(other).cast("B"))
        if len(body) + len(more) <= MAX_BODY:
            body += more
    return body


def state_from(body: bytes, state_words: int) -> tuple[int, bytes, list[tuple[bytes, float]]]:
    """`captured_ns`, the raw words of a `STATE` body, and those of the states that may come next, with their probabilities.

    Raises:
        WireError: The body does not hold whole states of `state_words` words, or a probability is none.
    """
    size = 8 * state_words
    more, rest = divmod(len(body) - CAPTURED.size - size, CHANCE.size + size)
    if rest or not 0 <= more <= MAX_LIKELY:
        raise WireError(f"a state of {(len(body) - CAPTURED.size) / 8:g} words came where {state_words} were agreed")
    likely, at = [], CAPTURED.size + size
    for _ in range(more):
        (chance,) = CHANCE.unpack_from(body, at)
        if not 0.0 <= chance <= 1.0:
            raise WireError("a state came with a probability that is none")
        likely.append((body[at + CHANCE.size : at + CHANCE.size + size], chance))
        at += CHANCE.size + size
    return CAPTURED.unpack_from(body)[0], body[CAPTURED.size : CAPTURED.size + size], likely
