"""The bytes of a frame: header, packed fields, CRC-32; the Python twin of `addon/Codec.lua`.

| bytes | content |
|---|---|
| 0 | format version (high 4 bits), status (low 4 bits) |
| 1-2 | first 16 bits of the schema hash |
| 3 | sequence number, 1 more in every frame, wraps |
| 4-6 | the client's clock in ms, wraps after 4.66 h |
| 7 | payload bytes |
| 8 .. | payload: fields in schema order, most significant bit first, padded with zero bits |
| last 4 | CRC-32 (zlib) over everything before |
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

from portunus.barcode.schema import CRC_BYTES, FORMAT_VERSION, HEADER_BYTES, TICK_MS, Field, Schema

CLOCK_WRAP_MS = 1 << 24

STATUS_OK = 0
STATUS_UNSUPPORTED = 1
STATUS_RESTRICTED = 2
STATUS_NOT_IN_WORLD = 3
STATUS_TEXT = {
    STATUS_OK: "ok",
    STATUS_UNSUPPORTED: "unsupported client: it withholds combat values from addons",
    STATUS_RESTRICTED: "the client withheld a combat value",
    STATUS_NOT_IN_WORLD: "the character is not in the world",
}

SHARE_UNKNOWN = 1023
PERMANENT = math.inf


@dataclass(frozen=True)
class Frame:
    """A frame whose CRC-32 was right.

    Attributes:
        status: One of the `STATUS_` numbers.
        schema_hash: 16 bits.
        sequence: 0 .. 255.
        clock_ms: The client's clock, 0 .. 2^24 - 1.
        payload: The packed fields, empty unless the status is ok.
    """

    status: int
    schema_hash: int
    sequence: int
    clock_ms: int
    payload: bytes


def _window(field: Field) -> tuple[int, int]:
    """How far, in units, an instant of this field may lie (behind, ahead of) the frame's clock."""
    span = 1 << field.bits
    return (span // 8, span - span // 8 - 3) if field.coding == "ahead" else (span - span // 8 - 3, span // 8)


def encode_value(field: Field, value: float | None, now_s: float) -> int:
    """The raw integer of one value.

    Args:
        field: Where the value belongs.
        value: The value in its own unit (instants: seconds of the client's clock, `PERMANENT` = without end; share: 0..1);
            None = none or unknown.
        now_s: The client's clock, seconds.
    """
    top = (1 << field.bits) - 1
    if value is not None and value != value:
        value = None
    if field.coding == "flag":
        return 1 if value else 0
    if field.coding == "share":
        return SHARE_UNKNOWN if value is None else min(1000, max(0, math.floor(min(max(value, 0.0), 1.0) * 1000 + 0.5)))
    if value is None:
        return 0
    if field.coding == "count":
        return min(top, max(0, math.floor(min(max(value, 0.0), 16777216.0) + 0.5)))
    behind, ahead = _window(field)
    now = math.floor(math.floor(now_s * 1000 + 0.5) / TICK_MS)
    if abs(value) > 1e12:
        return top if value > 0 and field.coding == "ahead" else 0
    at = math.floor(math.floor(value * 1000 + 0.5) / TICK_MS)
    if at < now - behind:
        return 0
    if at > now + ahead:
        return top if field.coding == "ahead" else 0
    return min(top - 1, max(1, at % (top + 1)))


def decode_value(field: Field, raw: int, clock_ms: int) -> float | None:
    """The value behind a raw integer; instants as seconds relative to the frame's clock, so no wrap is left.

    Returns:
        None for "none" and "unknown"; an instant without end is `PERMANENT`.
    """
    top = (1 << field.bits) - 1
    if field.coding == "flag":
        return float(raw)
    if field.coding == "share":
        return None if raw > 1000 else raw / 1000.0
    if field.coding == "count":
        return float(raw)
    if raw == 0:
        return None
    if raw == top:
        return PERMANENT if field.coding == "ahead" else None
    behind, _ = _window(field)
    now = clock_ms // TICK_MS
    # One unit of slack behind the window: the codes 0 and `top` are taken, so their neighbours may stand for them.
    distance = (raw - now + behind + 1) % (top + 1) - behind - 1
    return (distance * TICK_MS + TICK_MS / 2 - clock_ms % TICK_MS) / 1000.0


def pack_payload(schema: Schema, raw: list[int]) -> bytes:
    """Fields [len(schema.fields)] to bytes, most significant bit first."""
    accumulator = 0
    for field, value in zip(schema.fields, raw, strict=True):
        accumulator = accumulator << field.bits | value
    width = sum(field.bits for field in schema.fields)
    return (accumulator << (schema.payload_bytes * 8 - width)).to_bytes(schema.payload_bytes, "big")


def unpack_payload(schema: Schema, payload: bytes) -> list[int]:
    """Bytes to raw fields; the inverse of `pack_payload`."""
    accumulator = int.from_bytes(payload, "big")
    position = len(payload) * 8
    raw = []
    for field in schema.fields:
        position -= field.bits
        raw.append(accumulator >> position & ((1 << field.bits) - 1))
    return raw


def pack_frame(frame: Frame) -> bytes:
    """The bytes of a frame with its CRC-32."""
    head = bytes([FORMAT_VERSION << 4 | frame.status]) + frame.schema_hash.to_bytes(2, "big") + bytes([frame.sequence])
    body = head + frame.clock_ms.to_bytes(3, "big") + bytes([len(frame.payload)]) + frame.payload
    return body + zlib.crc32(body).to_bytes(CRC_BYTES, "big")


def unpack_frame(data: bytes) -> Frame | None:
    """The frame at the start of `data`, or None when version, length or CRC-32 are wrong; bytes behind it are ignored."""
    if len(data) < HEADER_BYTES + CRC_BYTES or data[0] >> 4 != FORMAT_VERSION:
        return None
    end = HEADER_BYTES + data[7]
    if len(data) < end + CRC_BYTES or zlib.crc32(data[:end]) != int.from_bytes(data[end : end + CRC_BYTES], "big"):
        return None
    return Frame(data[0] & 15, data[1] << 8 | data[2], data[3], int.from_bytes(data[4:7], "big"), bytes(data[HEADER_BYTES:end]))
