"""The Lua encoder and its Python twin agree bit for bit, and a damaged frame is never accepted."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from sample import SCHEMA

from portunus.barcode.schema import CODINGS, Field
from portunus.barcode.wire import (
    CLOCK_WRAP_MS,
    PERMANENT,
    Frame,
    decode_value,
    encode_value,
    pack_frame,
    pack_payload,
    unpack_frame,
    unpack_payload,
)

KIND_OF = {"flag": "in_combat", "count": "enemy_count", "share": "target_health", "ahead": "gcd_end", "past": "combat_start"}


def a_field(coding: str, bits: int) -> Field:
    return Field("x", KIND_OF[coding], coding, bits)


def random_value(rng: random.Random, now: float) -> float | None:
    return rng.choice(
        [
            None,
            rng.uniform(-2, 2),
            rng.uniform(-50, 70000),
            float(rng.randrange(1 << 20)),
            now + rng.uniform(-100, 600),
            now + rng.uniform(-9000, 100),
            math.inf,
            -math.inf,
            math.nan,
            1e300,
            -1e300,
            0.0,
        ]
    )


@pytest.mark.parametrize("kind", ["335", "34x"])
def test_lua_encodes_values_like_python(client, kind):
    encode = client(kind).environment["Portunus"]["encode"]
    rng = random.Random(7)
    for _ in range(8000):
        now = rng.choice([rng.uniform(0, 10), rng.uniform(0, 2e6)])
        coding = rng.choice(CODINGS)
        bits = {"flag": 1, "share": 10}.get(coding) or rng.choice([14, 16, 20])
        value = random_value(rng, now)
        if coding == "flag":
            value = value if value is not None and value == value else None
        now_ms = math.floor(now * 1000 + 0.5)
        assert encode(coding, bits, value, now_ms) == encode_value(a_field(coding, bits), value, now), (coding, bits, value, now)


@pytest.mark.parametrize("bit_library", [True, False])
def test_lua_builds_the_same_bytes(client, bit_library):
    lua = client("335", bit_library=bit_library)
    portunus = lua.environment["Portunus"]
    rng = random.Random(11)
    for _ in range(200):
        raw = [rng.randrange(1 << field.bits) for field in SCHEMA.fields]
        status, sequence, clock = rng.randrange(4), rng.randrange(256), rng.randrange(CLOCK_WRAP_MS)
        table = lua.lua_list(raw) if status == 0 else None
        values, count = portunus["buildFrame"](status, sequence, clock + rng.randrange(9) * CLOCK_WRAP_MS, table)
        payload = pack_payload(SCHEMA, raw) if status == 0 else b""
        assert bytes(values[i + 1] for i in range(count)) == pack_frame(Frame(status, SCHEMA.short_hash, sequence, clock, payload))


def test_payload_round_trip():
    rng = random.Random(3)
    for _ in range(200):
        raw = [rng.randrange(1 << field.bits) for field in SCHEMA.fields]
        assert unpack_payload(SCHEMA, pack_payload(SCHEMA, raw)) == raw


def test_instants_survive_every_wrap():
    """An instant inside its window comes back within one unit of 8 ms and a half, whatever the clock says."""
    rng = random.Random(5)
    for _ in range(5000):
        now = rng.uniform(0, 3e6)
        coding, bits, away = rng.choice([("ahead", 16, (-60, 450)), ("past", 16, (-450, 60)), ("past", 20, (-7000, 900))])
        at = now + rng.uniform(*away)
        clock = math.floor(now * 1000 + 0.5)
        back = decode_value(a_field(coding, bits), encode_value(a_field(coding, bits), at, now), clock % CLOCK_WRAP_MS)
        assert back is not None
        assert abs(clock / 1000 + back - at) <= 0.0125


def test_instants_outside_their_window_are_none_or_endless():
    ahead, past = a_field("ahead", 16), a_field("past", 16)
    assert encode_value(ahead, 1000.0, 2000.0) == 0
    assert decode_value(ahead, encode_value(ahead, 9000.0, 2000.0), 2000_000) == PERMANENT
    assert encode_value(past, 1000.0, 2000.0) == 0
    assert encode_value(past, 9000.0, 2000.0) == 0


def test_damaged_bytes_are_never_accepted():
    """Wrong cells, torn mixes of two consecutive frames and garbage; zero accepted means below 3 / trials with 95 % confidence."""
    rng = np.random.default_rng(1)
    trials = accepted = 0
    raw = [int(rng.integers(1 << field.bits)) for field in SCHEMA.fields]
    after = np.frombuffer(pack_frame(Frame(0, SCHEMA.short_hash, 1, 100_000, pack_payload(SCHEMA, raw))), dtype=np.uint8)
    for trial in range(60_000):
        if trial % 20 == 0:
            before = after
            raw[int(rng.integers(len(raw)))] = 0
            raw[0] = int(rng.integers(1 << SCHEMA.fields[0].bits))
            after = np.frombuffer(
                pack_frame(Frame(0, SCHEMA.short_hash, trial // 20 % 256, 100_000 + trial, pack_payload(SCHEMA, raw))), dtype=np.uint8
            )
        kind = trial % 3
        if kind == 0:
            bits = np.unpackbits(after)
            cells = rng.choice(len(bits) // 6, int(rng.integers(1, 30)), replace=False)
            for cell in cells:
                bits[cell * 6 : cell * 6 + 6] = rng.integers(0, 2, 6)
            damaged = np.packbits(bits)
        elif kind == 1:
            cut = int(rng.integers(1, len(after)))
            damaged = np.concatenate([before[:cut], after[cut:]])
        else:
            damaged = rng.integers(0, 256, len(after), dtype=np.uint8)
            damaged[0], damaged[7] = after[0], after[7]
        if damaged.tobytes() in (after.tobytes(), before.tobytes()):
            continue
        trials += 1
        accepted += unpack_frame(damaged.tobytes()) is not None
    print(f"damaged frames: {trials} tried, {accepted} accepted (bound {3 / trials:.1e}), seed 1")
    assert trials > 50_000
    assert accepted == 0


@pytest.mark.parametrize("data", [b"", b"\x10" * 11, b"\x20" + bytes(40), b"\x10\x00\x00\x00\x00\x00\x00\xff" + bytes(20)])
def test_short_or_foreign_bytes_are_no_frame(data):
    assert unpack_frame(data) is None
