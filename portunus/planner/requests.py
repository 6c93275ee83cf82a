"""What another program may ask of `portunus serve`: one JSON object per line, read as if a stranger had written it.

Nothing here imports numpy, numba or torch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portunus.errors import PortunusError, nearest

PROTOCOL = 1
MAX_LINE = 1 << 20  # bytes of one request
MAX_WAITING = 64  # requests
MAX_BUDGET_MS = 60_000.0
MAX_SIMULATIONS = 10_000_000
MAX_ID = 64  # characters
MAX_FIGHT = 20_000  # actions of a fight that is played again
OPERATIONS = {
    "plan": ("id", "state", "budget_ms", "simulations", "seed", "allow", "deny", "partial_ms", "tree"),
    "cancel": ("id", "target"),
    "describe": ("id",),
    "quit": ("id",),
}
STATES = {"facts": ("facts", "remains_s"), "fight": ("fight",)}
FIGHT = ("seed", "actions", "at_s")

Id = int | str


class RequestError(PortunusError):
    """A request that cannot be answered.

    Args:
        code: `json` (the line is no JSON object), `request` (a field is missing, unknown or wrong), `state` (the situation cannot be
            read), `plan` (there is nothing to choose), `limit` (too long, or too many), `cancelled`, `internal`.
        message: What is wrong.
        hint: What to do.
        number: The request's id if it could be read.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", number: Id | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.number = number


@dataclass(frozen=True)
class Request:
    """A request that is well formed; see `docs/serve.md`.

    Attributes:
        number: Its id, None for an operation that needs none.
        operation: A key of `OPERATIONS`.
        facts: The situation by facts, or
        seed, actions, at_s: the fight to play: seed of its chance, actions since the pull, or the time to which the default rotation plays.
        remains_s: Seconds until the fight ends, with facts.
        budget_ms, simulations: The budget; exactly one.
        search_seed: Of the search.
        allow, deny: Names of actions.
        partial_ms: Time between partial results, None = none.
        tree: Whether the answer carries the tree.
        target: Id of the request to cancel.
    """

    number: Id | None
    operation: str
    facts: dict[str, Any] | None = None
    seed: int = 1
    actions: tuple[str, ...] = ()
    at_s: float | None = None
    remains_s: float | None = None
    budget_ms: float | None = None
    simulations: int | None = None
    search_seed: int = 0
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    partial_ms: float | None = None
    tree: bool = False
    target: Id | None = None


def read_request(line: bytes, *, actions: Sequence[str], default_budget_ms: float) -> Request:
    """Read one line.

    Args:
        line: Without or with its line break.
        actions: Names of the spec's actions.
        default_budget_ms: For a plan without a budget.

    Raises:
        RequestError: With the code `json` or `request`, naming the field.
    """
    try:
        data = json.loads(line.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError("json", f"this line is not JSON: {str(error)[:120]}", hint="One request is one JSON object on one line.") from error
    if not isinstance(data, dict):
        raise RequestError("json", f"a request is a JSON object, this is {_kind(data)}")
    number = data.get("id")
    if number is not None and not _is_id(number):
        raise RequestError("request", f"id is {_shown(number)}, expected a whole number or a text of at most {MAX_ID} characters")
    try:
        return _read(data, number, actions, default_budget_ms)
    except RequestError as error:
        error.number = number
        raise


def _read(data: dict[str, Any], number: Id | None, actions: Sequence[str], default_budget_ms: float) -> Request:
    operation = data.get("op")
    if not isinstance(operation, str) or operation not in OPERATIONS:
        close = nearest(str(operation), tuple(OPERATIONS))
        raise RequestError("request", f"op is {_shown(operation)}", hint=f"Did you mean {close!r}?" if close else f"It is one of: {', '.join(OPERATIONS)}.")
    _known(data, ("op", *OPERATIONS[operation]), f"a {operation!r} request")
    if operation == "cancel":
        target = data.get("target")
        if not _is_id(target):
            raise RequestError("request", f"target is {_shown(target)}, expected the id of a plan request")
        return Request(number, operation, target=target)
    if operation != "plan":
        return Request(number, operation)
    if number is None:
        raise RequestError("request", "a plan request needs an id", hint="Any number or short text; answers carry it.")
    budget, simulations = data.get("budget_ms"), data.get("simulations")
    if budget is not None and simulations is not None:
        raise RequestError("request", "a plan takes one budget", hint="Give budget_ms or simulations, not both.")
    if simulations is None:
        budget = default_budget_ms if budget is None else _number(budget, "budget_ms", 1.0, MAX_BUDGET_MS)
    else:
        simulations = _whole(simulations, "simulations", 1, MAX_SIMULATIONS)
    tree = data.get("tree", False)
    if not isinstance(tree, bool):
        raise RequestError("request", f"tree is {_shown(tree)}, expected true or false")
    partial = data.get("partial_ms")
    allow, deny = (_names(data.get(field, []), field, actions) for field in ("allow", "deny"))
    return Request(
        number, operation, budget_ms=budget, simulations=simulations, search_seed=_whole(data.get("seed", 0), "seed", 0, 2**31 - 1),
        allow=allow, deny=deny, partial_ms=None if partial is None else _number(partial, "partial_ms", 1.0, MAX_BUDGET_MS), tree=tree,
        **_state(data.get("state", {"fight": {}}), actions),
    )  # fmt: skip


def _state(state: Any, actions: Sequence[str]) -> dict[str, Any]:
    if not isinstance(state, dict) or len([kind for kind in STATES if kind in state]) != 1:
        raise RequestError("request", f"state is {_shown(state)}", hint='Give {"facts": {...}} or {"fight": {...}}.')
    if "facts" in state:
        _known(state, STATES["facts"], "a state of facts")
        if not isinstance(state["facts"], dict):
            raise RequestError("request", f"state.facts is {_kind(state['facts'])}, expected an object: name of a fact, value")
        remains = state.get("remains_s")
        return {"facts": state["facts"], "remains_s": None if remains is None else _number(remains, "state.remains_s", 0.0, 7200.0)}
    _known(state, STATES["fight"], "a state by fight")
    fight = state["fight"]
    if not isinstance(fight, dict):
        raise RequestError("request", f"state.fight is {_kind(fight)}, expected an object")
    _known(fight, FIGHT, "state.fight")
    if "actions" in fight and "at_s" in fight:
        raise RequestError("request", "state.fight has actions and at_s", hint="Actions say how far the fight goes; with at_s the default rotation plays.")
    at = fight.get("at_s")
    return {
        "seed": _whole(fight.get("seed", 1), "state.fight.seed", 0, 2**63 - 1),
        "actions": _names(fight.get("actions", []), "state.fight.actions", actions, most=MAX_FIGHT),
        "at_s": None if at is None else _number(at, "state.fight.at_s", -60.0, 7200.0),
    }


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= MAX_ID and value.isprintable()
    return type(value) is int and abs(value) < 2**53


def _known(data: dict[str, Any], fields: Sequence[str], where: str) -> None:
    for field in data:
        if field not in fields:
            close = nearest(field, tuple(fields))
            raise RequestError("request", f"{where} has no field {_shown(field)}", hint=f"Did you mean {close!r}?" if close else f"It has: {', '.join(fields)}.")


def _number(value: Any, field: str, low: float, high: float) -> float:
    if type(value) not in (int, float) or not low <= value <= high or not math.isfinite(value):
        raise RequestError("request", f"{field} is {_shown(value)}, expected a number from {low:g} to {high:g}")
    return float(value)


def _whole(value: Any, field: str, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise RequestError("request", f"{field} is {_shown(value)}, expected a whole number from {low} to {high}")
    return value


def _names(value: Any, field: str, actions: Sequence[str], *, most: int = 1024) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise RequestError("request", f"{field} is {_kind(value)}, expected a list of at most {most} names of actions")
    known = set(actions)
    for name in value:
        if not isinstance(name, str) or name not in known:
            close = nearest(str(name)[:80], tuple(actions))
            raise RequestError("request", f"{field}: there is no action {_shown(name)}", hint=f"Did you mean {close!r}?" if close else "The first line names them all.")
    return tuple(value)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number", type(None): "null"}
    return names[type(value)]


def _shown(value: Any) -> str:
    text = "missing" if value is None else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
