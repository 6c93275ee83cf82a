"""What holds in every fight of every spec, and what an author claims of one: the laws a search tries to break."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from portunus.dsl.model import Expr, Model, Span
from portunus.ir.expressions import is_static, make, walk
from portunus.ir.program import Program

TOLERANCE = 1e-6

# Laws of every spec: name -> what it says.
LAWS = {
    "numbers": "every number of the spec can be computed for every character",
    "amounts": "times, costs and periods are not negative",
    "resources": "resources stay between nothing and their size",
    "time": "time never goes back, and no instant lasts for ever",
    "cooldowns": "no cooldown is over before it begins",
    "legal": "a legal action is accepted, an illegal one is refused and changes nothing",
    "rotations": "a priority list takes what is legal",
    "damage": "no damage is negative",
    "finite": "every number of a state is finite",
    "clones": "what happens to a copy of a state does not touch the state",
    "repeatable": "the same seed and actions give the same fight",
    "observable": "what the addon can see of a state survives the way through the barcode",
    "kernel": "the compiled kernel and its readable twin agree in every bit",
}


class Broken(Exception):
    """A law does not hold.

    Attributes:
        law: A key of `LAWS`, or the text of a property.
        message: What was seen.
    """

    def __init__(self, law: str, message: str) -> None:
        super().__init__(f"{law}: {message}")
        self.law, self.message = law, message


@dataclass(frozen=True)
class Claim:
    """A condition that is looked at after every event.

    Attributes:
        law: A key of `LAWS`, or the text of a property.
        condition: An expression, or text in the terms of the program.
        message: What it means when it does not hold.
        span: Where the spec makes the claim; None for a law of every spec.
    """

    law: str
    condition: Expr | str
    message: str
    span: Span | None = None

    @property
    def static(self) -> bool:
        """It is settled before the fight."""
        return isinstance(self.condition, Expr) and is_static(self.condition)


def claims_of(program: Program) -> tuple[Claim, ...]:
    """Everything that is claimed of the states of a program: the laws of amounts and resources, and the author's properties."""
    model = program.model
    found = [*_amounts(model), *_costs(program), *_resources(model)]
    found += [Claim(p.text, p.condition, "the property does not hold", p.span) for p in model.properties]
    return tuple(found)


def law_names(model: Model) -> tuple[str, ...]:
    """Every law of a spec: those of all specs, then its properties."""
    return (*LAWS, *dict.fromkeys(p.text for p in model.properties))


def expressions(thing: Any) -> Iterator[Expr]:
    """Every expression anywhere in a part of a model, with all below it."""
    if isinstance(thing, Expr):
        yield from walk(thing)
    elif isinstance(thing, tuple):
        for item in thing:
            yield from expressions(item)
    elif is_dataclass(thing):
        for part in fields(thing):
            yield from expressions(getattr(thing, part.name))


def _literal(value: float, like: Expr) -> Expr:
    return make("number", value, like=like, type=like.type)


def _amounts(model: Model) -> Iterator[Claim]:
    """Every time of a definition, and what it costs: at least nothing; a period: more."""
    things: tuple[Any, ...] = (*model.spells, *model.auras, *model.resources)
    for thing in things:
        for part in fields(thing):
            expr = getattr(thing, part.name)
            if not isinstance(expr, Expr) or (expr.type != "time" and part.name != "cost"):
                continue
            positive = part.name == "every"
            holds = make("gt" if positive else "ge", expr, _literal(0, expr), like=expr, type="bool")
            yield Claim("amounts", holds, f"`{part.name}` of `{thing.name}` is not above zero" if positive else f"`{part.name}` of `{thing.name}` is negative", expr.span)


def _costs(program: Program) -> Iterator[Claim]:
    """What a spell costs with everything that changes it."""
    known = {function.name for function in program.sampled}
    for spell in program.model.spells:
        if f"cost_{spell.name}" in known:
            yield Claim("amounts", f"cost_{spell.name}(s, t) >= 0.0", f"the cost of `{spell.name}` is negative", spell.span)


def _resources(model: Model) -> Iterator[Claim]:
    for resource in model.resources:
        now = make("resource", resource.name, like=resource.maximum)
        size = make("resource_max", resource.name, like=resource.maximum)
        above = make("add", size, _literal(TOLERANCE, resource.maximum), like=resource.maximum)
        yield Claim("resources", make("ge", now, _literal(-TOLERANCE, now), like=now, type="bool"), f"`{resource.name}` is below zero")
        yield Claim("resources", make("le", now, above, like=now, type="bool"), f"`{resource.name}` is above its size")
