"""The JSON reader accepts what it should, and names what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portunus.errors import PortunusError
from portunus.sim.json_input import MAX_BYTES, MAX_DEPTH, parse_json, read_json

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_reads_what_json_wrote(value: object) -> None:
    assert parse_json(json.dumps(value), where="it") == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"a": 1, "a": 2}', "'a' appears twice"),
        ("[NaN]", "NaN is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        ("[1e999]", "too large"),
        ("[" + "9" * 40 + "]", "more than 32 digits"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested deeper"),
        ("[" * 100_000, "nested deeper"),
        ('["' + "[" * 1000, "line 1"),
        ("{]", "line 1"),
        ("", "line 1"),
        ('{"a": 1} x', "line 1"),
        ("[" + " " * MAX_BYTES + "]", "larger than 256 kB"),
    ],
)
def test_refuses_with_one_message(text: str, complaint: str) -> None:
    with pytest.raises(PortunusError, match=complaint) as caught:
        parse_json(text, where="it")
    assert caught.value.exit_code == 2
    assert str(caught.value).startswith("it")


def test_depth_counts_brackets_only_outside_texts() -> None:
    text = '["' + "[" * 200 + r"\"[[\\" + '"]'
    assert parse_json(text, where="it") == ["[" * 200 + '"[[\\']
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse_json(deepest, where="it") is not None


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_message(data: bytes) -> None:
    try:
        parse_json(data, where="it")
    except PortunusError as error:
        assert error.message.startswith("it")


def test_missing_file_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(PortunusError, match="cannot read"):
        read_json(tmp_path / "none.json")
    with pytest.raises(PortunusError, match="cannot read"):
        read_json(tmp_path)
