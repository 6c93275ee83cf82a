"""The server for other programs: every kind of request, every kind of nonsense, and the session in the documents."""

import json
import os
import random
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from toys import NAMES, ListValue

from portunus.errors import PortunusError
from portunus.planner.local import Planner
from portunus.planner.requests import MAX_LINE, MAX_WAITING, OPERATIONS
from portunus.planner.server import Server
from portunus.search.settings import SearchSettings

DOCUMENT = Path("docs/serve.md")


class Places:
    """Facts of the toy: whether the proc is there."""

    def __init__(self, toy) -> None:
        self.toy = toy

    def described(self):
        return [{"name": "proc", "value": "true or false", "source": "the toy"}]

    def read(self, facts, *, remains_s=None):
        if set(facts) - {"proc"}:
            raise PortunusError("there is no such fact", hint="There is one: proc.")
        if facts.get("proc") == "crash":
            raise RuntimeError("a bug")
        state = self.toy.opening()
        state[5] = bool(facts.get("proc"))
        return state, 0.75


class Talk:
    """A server in a thread, and the two ends of its pipes."""

    def __init__(self, toy, idle=None) -> None:
        (self._theirs, mine), (ours, theirs) = os.pipe(), os.pipe()
        self.ask, self.answers = os.fdopen(mine, "wb", buffering=0), os.fdopen(ours, "rb")
        planner = Planner(toy, ListValue(toy), SearchSettings(node_capacity=8192, certain_errors=0.0))
        planner.plan(toy.opening(), simulations=64, watch=lambda: False)
        server = Server(
            toy, planner, Places(toy), os.fdopen(self._theirs, "rb"), os.fdopen(theirs, "wb"), evaluator="the toy's list", budget_ms=30, idle=idle
        )
        self.thread = threading.Thread(target=self._run, args=(server,), daemon=True)
        self.thread.start()

    @staticmethod
    def _run(server) -> None:
        server.run()
        server._sink.close()
        server._source.close()

    def say(self, *requests) -> None:
        for request in requests:
            self.ask.write((request if isinstance(request, bytes) else json.dumps(request).encode()) + b"\n")

    def hear(self) -> dict:
        return json.loads(self.answers.readline())

    def end(self) -> list[dict]:
        self.ask.close()
        rest = [json.loads(line) for line in self.answers]
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.answers.close()
        return rest


@pytest.fixture
def talk(toy):
    talk = Talk(toy)
    ready = talk.hear()
    assert ready["event"] == "ready" and [action["name"] for action in ready["actions"]] == list(NAMES)
    yield talk
    if not talk.ask.closed:
        talk.end()


def test_equal_requests_get_equal_answers(talk):
    for number in (1, "two"):
        talk.say({"id": number, "op": "plan", "simulations": 300, "seed": 5})
    first, second = talk.hear(), talk.hear()
    assert (first["event"], first["id"], second["id"]) == ("answer", 1, "two")
    assert first["simulations"] == 300 and "tree" not in first
    for answer in (first, second):
        del answer["id"], answer["search_ms"], answer["network_ms"]
    assert first == second


def test_states_by_facts_by_actions_and_by_time(talk):
    talk.say(
        {"id": 1, "op": "plan", "simulations": 50, "state": {"facts": {"proc": True}}, "tree": True},
        {"id": 2, "op": "plan", "simulations": 50, "state": {"fight": {"seed": 3, "actions": ["strike", "power"]}}},
        {"id": 3, "op": "plan", "simulations": 50, "state": {"fight": {"at_s": 7}}},
        {"id": 4, "op": "plan", "simulations": 50, "state": {"fight": {"actions": ["blast"]}}},
        {"id": 5, "op": "plan", "simulations": 50, "state": {"fight": {"at_s": 7000}}},
        {"id": 6, "op": "plan", "simulations": 50, "state": {"facts": {"prok": True}}},
    )
    answers = [talk.hear() for _ in range(6)]
    assert "blast" in {report["name"] for report in answers[0]["actions"]} and answers[0]["likelihood"] == 0.75
    assert answers[0]["tree"]["children"][0]["name"] == answers[0]["action"]
    assert answers[1]["time_s"] == 2.0 and answers[2]["time_s"] >= 7.0
    assert [answer["error"]["code"] for answer in answers[3:]] == ["state"] * 3
    assert "blast) is not possible" in answers[3]["error"]["message"] and "strike" in answers[3]["error"]["hint"]


def test_actions_are_allowed_and_denied(talk):
    talk.say({"id": 1, "op": "plan", "simulations": 60, "allow": ["wait", "heavy"]}, {"id": 2, "op": "plan", "simulations": 60, "deny": ["strike"]},
             {"id": 3, "op": "plan", "simulations": 60, "allow": ["blast"]})  # fmt: skip
    allowed, denied, impossible = talk.hear(), talk.hear(), talk.hear()
    assert {report["name"] for report in allowed["actions"]} == {"wait", "heavy"}
    assert "strike" not in {report["name"] for report in denied["actions"]}
    assert impossible["error"]["code"] == "plan" and "strike" in impossible["error"]["hint"]


def test_partial_results_come_while_it_searches(talk):
    talk.say({"id": 1, "op": "plan", "budget_ms": 300, "partial_ms": 20})
    heard = []
    while not heard or heard[-1]["event"] != "answer":
        heard.append(talk.hear())
    partial = heard[:-1]
    assert len(partial) >= 4 and {message["event"] for message in partial} == {"partial"}
    assert all(message["action"] in NAMES and message["id"] == 1 for message in partial)
    assert [m["simulations"] for m in partial] == sorted(m["simulations"] for m in partial)


def test_running_and_waiting_requests_are_cancelled(talk):
    talk.say({"id": 1, "op": "plan", "budget_ms": 20_000, "partial_ms": 10}, {"id": 2, "op": "plan", "simulations": 50}, {"id": 3, "op": "plan", "simulations": 50})
    assert talk.hear()["event"] == "partial"
    talk.say({"op": "cancel", "target": 2}, {"op": "cancel", "target": 1}, {"id": "c", "op": "cancel", "target": 99})
    heard = {}
    while 3 not in heard:
        message = talk.hear()
        if message["event"] != "partial":
            heard[message["id"]] = message
    assert heard[1]["event"] == heard[2]["event"] == "cancelled"
    assert heard[3]["event"] == "answer"
    assert heard["c"]["error"]["code"] == "request"


def test_too_many_and_repeated_requests_are_refused(talk):
    talk.say({"id": 0, "op": "plan", "budget_ms": 20_000})
    talk.say(*({"id": number, "op": "plan", "simulations": 1} for number in range(MAX_WAITING + 1)))
    refused = [talk.hear(), talk.hear()]
    assert (refused[0]["id"], refused[0]["error"]["code"]) == (0, "request")
    assert (refused[1]["id"], refused[1]["error"]["code"]) == (MAX_WAITING, "limit")
    talk.say({"op": "cancel", "target": 0})
    assert talk.hear()["event"] == "cancelled"


def test_while_nobody_asks_it_thinks_and_stops_when_somebody_does(toy):
    thoughts, asked = [], threading.Event()

    def think(interrupted) -> bool:
        thoughts.append(1)
        while len(thoughts) == 2 and not interrupted():
            asked.set()
        return len(thoughts) < 3

    talk = Talk(toy, idle=think)
    talk.hear()
    assert asked.wait(10)
    talk.say({"id": 1, "op": "plan", "simulations": 50})
    assert talk.hear()["event"] == "answer"
    talk.end()
    assert 2 <= len(thoughts) <= 3


def test_quit_drops_what_waits_and_the_end_of_input_does_not(toy):
    for last, expected in (({"op": "quit"}, "cancelled"), (None, "answer")):
        talk = Talk(toy)
        talk.hear()
        talk.say({"id": 1, "op": "plan", "budget_ms": 200}, {"id": 2, "op": "plan", "simulations": 50}, *([last] if last else []))
        assert [message["event"] for message in talk.end()] == [expected] * 2


BAD = [
    b"", b"nonsense", b"[]", b"1", b'"plan"', b"null", b"\xff\xfe{}", b'{"id": NaN}', b'{"op": 1e999}', b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5000, b"\0" * 100,
    {}, {"op": "plan"}, {"id": 1}, {"id": 1, "op": "plam"}, {"id": [], "op": "plan"}, {"id": True, "op": "plan"}, {"id": "x" * 65, "op": "plan"}, {"id": "\ud800", "op": "plan"},
    {"id": 1, "op": "plan", "budget": 3}, {"id": 1, "op": "plan", "budget_ms": 0}, {"id": 1, "op": "plan", "budget_ms": "250"}, {"id": 1, "op": "plan", "budget_ms": 1e12},
    {"id": 1, "op": "plan", "budget_ms": 5, "simulations": 5}, {"id": 1, "op": "plan", "simulations": 2.5}, {"id": 1, "op": "plan", "simulations": -1},
    {"id": 1, "op": "plan", "simulations": True}, {"id": 1, "op": "plan", "seed": -1}, {"id": 1, "op": "plan", "allow": "strike"}, {"id": 1, "op": "plan", "allow": ["strik"]},
    {"id": 1, "op": "plan", "deny": [3]}, {"id": 1, "op": "plan", "tree": 1}, {"id": 1, "op": "plan", "state": 3}, {"id": 1, "op": "plan", "state": {}},
    {"id": 1, "op": "plan", "state": {"facts": {}, "fight": {}}}, {"id": 1, "op": "plan", "state": {"facts": []}}, {"id": 1, "op": "plan", "state": {"fight": {"at": 3}}},
    {"id": 1, "op": "plan", "state": {"fight": {"actions": [], "at_s": 3}}}, {"id": 1, "op": "plan", "state": {"fight": {"seed": 1.5}}},
    {"id": 1, "op": "plan", "partial_ms": 0}, {"op": "cancel"}, {"op": "cancel", "target": 4}, {"op": "describe", "what": 1}, {"id": 10**400, "op": "plan"},
]  # fmt: skip


def test_bad_input_is_one_clear_error_each(talk):
    for bad in BAD:
        talk.say(bad)
        if bad == b"":
            continue  # an empty line says nothing
        message = talk.hear()
        assert message["event"] == "error" and message["error"]["code"] in ("json", "request"), bad
        assert 5 < len(message["error"]["message"]) < 400
    talk.say(b'{"op": "' + b"x" * MAX_LINE + b'"}')
    assert talk.hear()["error"]["code"] == "limit"
    talk.say({"id": 1, "op": "plan", "simulations": 50, "state": {"facts": {"proc": "crash"}}})
    assert talk.hear()["error"]["code"] == "internal"
    talk.say({"id": 1, "op": "plan", "simulations": 50})
    assert talk.hear()["event"] == "answer"


def test_mutated_requests_never_end_it(talk):
    """Every request gets exactly one last word, whatever was done to it."""
    chance = random.Random(4)
    good = [json.dumps({"id": n, "op": op, "simulations": 20, "deny": ["wait"], "state": {"fight": {"actions": ["strike"]}}, "target": 3}).encode() for n, op in enumerate(OPERATIONS)]
    for _ in range(3000):
        line = bytearray(chance.choice(good[:3]))
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(line))
            match chance.randrange(3):
                case 0:
                    line[place] = chance.randrange(256)
                case 1:
                    del line[place]
                case _:
                    line[place:place] = bytes([chance.choice(b'{}[],:"0-e.\\ ')])
        text = bytes(line).replace(b"\n", b" ").replace(b"\r", b" ").strip()
        if not text or b"quit" in text:
            continue
        talk.say(text)
        assert talk.hear()["event"] in ("error", "answer", "ready", "cancelled")


def session() -> list[tuple[str, str]]:
    """(who, line) of the example in the documents: `>` is said, `<` is heard."""
    block = re.search(r"^```text\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert block is not None
    return [(line[0], line[2:]) for line in block[1].splitlines()]


def matches(shown, heard) -> bool:
    """Whether an answer has what the document shows of it; `"..."` stands for anything."""
    if shown == "...":
        return True
    if isinstance(shown, dict):
        return isinstance(heard, dict) and all(key == "..." or (key in heard and matches(value, heard[key])) for key, value in shown.items())
    if isinstance(shown, list):
        return isinstance(heard, list) and (shown[-1:] == ["..."] or len(shown) == len(heard)) and all(matches(*pair) for pair in zip(shown, heard, strict=False))
    return shown == pytest.approx(heard, rel=1e-3) if isinstance(shown, float) else shown == heard


def test_the_session_in_the_documents_is_what_happens():
    lines = session()
    said = [line for who, line in lines if who == ">"]
    shown = [json.loads(line) for who, line in lines if who == "<"]
    command = [sys.executable, "-m", "portunus", "serve", "specs/wotlk/mage_fire.spec"]
    done = subprocess.run(command, input="\n".join(said) + "\n", capture_output=True, text=True, check=True, timeout=300)
    heard = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(heard) == len(shown)
    for one in shown:
        alike = [message for message in heard if (message["event"], message.get("id")) == (one["event"], one.get("id"))]
        assert len(alike) == 1 and matches(one, alike[0]), (one, alike)


def test_every_field_is_documented():
    text = DOCUMENT.read_text(encoding="utf-8")
    for operation, fields in OPERATIONS.items():
        assert f"`{operation}`" in text
        for field in fields:
            assert f"`{field}`" in text, field
    assert np.all([f"`{code}`" in text for code in ("json", "request", "state", "plan", "limit", "internal")])
