"""Planner answers survive the trip as JSON; hostile JSON is refused by name and never crashes."""

import copy
import io
import json
import random

import pytest
from samples import suggestion

from portunus.errors import PortunusError
from portunus.planner.messages import MAX_DEPTH, MAX_NODES, Suggestion, TreeNode
from portunus.planner.wire import (
    HEADER,
    MAGIC,
    MAX_BODY,
    MAX_LIKELY,
    PROTOCOL,
    Frame,
    Kind,
    WireError,
    encode,
    from_body,
    read_frame,
    state_body,
    state_from,
    to_body,
)


def test_round_trip():
    original = suggestion()
    assert Suggestion.from_json(from_body(to_body(original.to_json()))) == original


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (["action"], 3, "suggestion.action"),
        (["action"], "a\x1b[31m", "suggestion.action"),
        (["label"], "x" * 97, "suggestion.label"),
        (["sequence"], -1, "suggestion.sequence"),
        (["sequence"], True, "suggestion.sequence"),
        (["simulations"], 2**63, "suggestion.simulations"),
        (["search_ms"], float("nan"), "suggestion.search_ms"),
        (["search_ms"], "12", "suggestion.search_ms"),
        (["queue"], ["a"] * 17, "suggestion.queue"),
        (["queue"], [None], "suggestion.queue"),
        (["actions"], {}, "suggestion.actions"),
        (["actions", 0, "prior"], 1.5, "action.prior"),
        (["actions", 0, "value"], float("inf"), "action.value"),
        (["actions", 0, "loss_damage"], -1.0, "action.loss_damage"),
        (["actions", 0, "line"], ["a"] * 17, "action.line"),
        (["actions", 0, "outcomes", 0, "label"], 3, "outcome.label"),
        (["tree"], None, "tree"),
        (["tree", "kind"], "party", "tree.kind"),
        (["tree", "children", 0, "visits"], 1.0, "tree.visits"),
        (["tree", "children", 0, "probability"], -0.1, "tree.probability"),
        (["extra"], 1, "unknown fields"),
    ],
)
def test_bad_fields_are_named(path, value, named):
    data = copy.deepcopy(suggestion().to_json())
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(PortunusError, match=named):
        Suggestion.from_json(data)


@pytest.mark.parametrize("field", list(suggestion().to_json()))
def test_missing_fields_are_named(field):
    data = suggestion().to_json()
    del data[field]
    with pytest.raises(PortunusError, match=f"{field} is missing"):
        Suggestion.from_json(data)


def test_trees_are_bounded():
    leaf = TreeNode("decision", "wait", "Wait", 1, 0.0, 1.0)
    deep = leaf
    for _ in range(MAX_DEPTH):
        deep = TreeNode("decision", "wait", "Wait", 1, 0.0, 1.0, (deep,))
    wide = TreeNode("decision", "", "", 1, 0.0, 1.0, (TreeNode("decision", "", "", 1, 0.0, 1.0, (leaf,) * 60),) * 10)
    assert wide.size() > MAX_NODES
    for tree in (deep, wide):
        with pytest.raises(PortunusError, match="more than"):
            TreeNode.from_json(tree.to_json())
    data = leaf.to_json()
    data["children"] = [leaf.to_json()] * 65
    with pytest.raises(PortunusError, match="children"):
        TreeNode.from_json(data)


@pytest.mark.parametrize("body", [b"", b"[]", b"3", b"\xff", b"{", b"[" * 100_000, b'{"a":' * 50_000, b'{"a": 1' + b"0" * 5000 + b"}"])
def test_unreadable_bodies_are_refused(body):
    with pytest.raises(WireError):
        from_body(body)


def test_frames_round_trip_and_bound_their_length():
    stream = io.BytesIO(encode(Kind.STATE, 2**64 - 1, b"abc") + encode(Kind.STOP))
    assert read_frame(stream) == Frame(Kind.STATE, 2**64 - 1, b"abc")
    assert read_frame(stream) == Frame(Kind.STOP, 0, b"")
    assert read_frame(stream) is None
    with pytest.raises(PortunusError, match="larger than the limit"):
        encode(Kind.STATE, 0, bytes(MAX_BODY + 1))
    with pytest.raises(WireError, match="larger than the limit"):
        read_frame(io.BytesIO(HEADER.pack(MAGIC, PROTOCOL, Kind.STATE, 0, 0, MAX_BODY + 1)))
    with pytest.raises(WireError, match="protocol 9"):
        read_frame(io.BytesIO(HEADER.pack(MAGIC, 9, Kind.STATE, 0, 0, 0)))
    with pytest.raises(WireError, match="kind 77"):
        read_frame(io.BytesIO(HEADER.pack(MAGIC, PROTOCOL, 77, 0, 0, 0)))
    with pytest.raises(WireError, match="inside a message"):
        read_frame(io.BytesIO(encode(Kind.STATE, 0, b"abc")[:-1]))


def test_states_must_have_the_agreed_size():
    words = bytes(range(32))
    assert state_from(state_body(words, 123), 4) == (123, words, [])
    others = [(bytes(range(n, 32 + n)), n / 10) for n in range(6)]
    assert state_from(state_body(words, 123, others), 4) == (123, words, others[:MAX_LIKELY])
    large = bytes(MAX_BODY // 2)
    assert state_from(state_body(large, 5, [(large, 1.0)]), len(large) // 8) == (5, large, [])
    with pytest.raises(WireError, match="4 words came where 5 were agreed"):
        state_from(state_body(words, 123), 5)


def test_mutated_messages_only_ever_give_a_diagnostic():
    rng = random.Random(5)
    good = encode(Kind.SUGGESTION, 1, to_body(suggestion().to_json()))
    accepted = 0
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        try:
            frame = read_frame(io.BytesIO(bytes(data)))
            if frame is not None:
                Suggestion.from_json(from_body(frame.body))
                accepted += 1
        except PortunusError:
            pass
    assert 0 < accepted < 3000  # a changed letter of a label is still a valid message


def test_plain_data_only():
    assert json.loads(json.dumps(suggestion().to_json())) == suggestion().to_json()
