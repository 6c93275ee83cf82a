"""A planner process with a toy engine, for tests of the service: `python fake_worker.py MODE [FOLDER]`.

The toy state is four words; the toy answer's action says what the first word was. Each mode misbehaves in one way.
"""

import os
import sys
import time
from pathlib import Path

from portunus.errors import PortunusError
from portunus.planner import wire, worker
from portunus.planner.messages import ActionReport, Suggestion, TreeNode


def suggestion(sequence: int, name: str) -> Suggestion:
    child = TreeNode("decision", name, name.title(), 9, 1.5, 1.0)
    return Suggestion(
        sequence=sequence,
        action=name,
        label=name.title(),
        queue=(),
        actions=(ActionReport(name, name.title(), 7, 9, 1.5, 0.0, 1.0),),
        tree=TreeNode("decision", "", "", 9, 1.5, 1.0, (child,)),
        simulations=9,
        search_ms=1.0,
        network_ms=0.0,
        depth=1,
        state_age_ms=0.0,
    )


class ToyEngine:
    spec_name = "toy"
    layout_hash = "abc"
    state_words = 4
    evaluator = "network"

    def __init__(self, hello: dict) -> None:
        self.mode, self.thoughts, self.expected = MODE, 0, []
        if self.mode == "other_layout":
            self.layout_hash = "def"
        if self.mode == "refuse":
            raise PortunusError("the model is damaged", hint="Fetch it again.")
        if self.mode == "network_crashes" and hello["network"]:
            os._exit(3)
        if not hello["network"]:
            self.evaluator = "rotation"

    def plan(self, words: bytes, *, sequence: int, budget_ms: float, likely: list) -> Suggestion:
        word = int.from_bytes(words[:8], sys.byteorder)
        if self.mode == "slow":
            time.sleep(0.2)
        if self.mode == "no_answer" and word == 13:
            raise PortunusError("no legal action")
        if self.mode == "hang_once" and first_time("hang"):
            time.sleep(3600)
        if self.mode == "crash_once" and first_time("crash"):
            os._exit(5)
        if self.mode == "crash_on_13" and word == 13:
            raise RuntimeError("thirteen")
        if self.mode == "expects":
            self.expected = [int.from_bytes(raw[:8], sys.byteorder) for raw, _ in likely]
            return suggestion(sequence, f"thought_{self.thoughts}")
        return suggestion(sequence, f"word_{word}")

    def think(self, interrupted) -> bool:
        while self.expected and not interrupted():
            self.thoughts += self.expected.pop()
            time.sleep(0.01)
        return bool(self.expected)


def first_time(name: str) -> bool:
    """True in the first process that asks, so that the process after it behaves."""
    mark = Path(sys.argv[2]) / name
    if mark.exists():
        return False
    mark.touch()
    return True


def send(data: bytes) -> None:
    os.write(1, data)


MODE = sys.argv[1]
if MODE == "garbage" and first_time("garbage"):
    send(b"this is no frame at all, but long enough to be read as one")
    time.sleep(3600)
elif MODE == "oversize" and first_time("oversize"):
    send(wire.HEADER.pack(wire.MAGIC, wire.PROTOCOL, wire.Kind.GREETING, 0, 0, wire.MAX_BODY + 1))
    time.sleep(3600)
elif MODE == "other_protocol":
    send(wire.HEADER.pack(wire.MAGIC, 99, wire.Kind.GREETING, 0, 0, 0))
    time.sleep(3600)
elif MODE == "other_package":
    send(wire.encode(wire.Kind.GREETING, 0, wire.to_body({"protocol": wire.PROTOCOL, "package": "0.0.0"})))
    time.sleep(3600)
elif MODE == "silent":
    time.sleep(3600)
else:
    sys.exit(worker.run(ToyEngine))
