"""Conditions and values of an imported priority list, translated into expressions of the language.

The source language has five types (bool, int, float, duration, text), turns values into each other by its own rules, and cuts the
result of a division of whole numbers. Each rule is followed here, or the place is named as not translatable; nothing is guessed.
Rules and order of types: wowsims/wotlk `sim/core/apl_values_operators.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from portunus.dsl.model import Aura, Model
from portunus.errors import nearest
from portunus.sim.apl_constants import AND, ATOM, COMPARISON, NOT, OR, PRODUCT, SECOND, SIGN, SUM, Value, constant, known
from portunus.sim.apl_names import Absent, Findings, NameReader, named, reference_tables

TYPE_ORDER = ("int", "float", "time", "text", "bool")  # of two values, the one to the left is turned into the other's type
COMPARISONS = {"OpEq": "==", "OpNe": "!=", "OpLt": "<", "OpLe": "<=", "OpGt": ">", "OpGe": ">="}
OPERATORS = {"OpAdd": "+", "OpSub": "-", "OpMul": "*", "OpDiv": "/"}
EXECUTE_PHASES = {"E20": "20%", "E25": "25%", "E35": "35%"}

# Elements that are the amount of a resource: its name here, and the type of the value.
RESOURCES = {"currentRage": ("rage", "float"), "currentEnergy": ("energy", "float"), "currentComboPoints": ("combo_points", "int"), "currentRunicPower": ("runic_power", "int")}

# Elements of the source language that have no counterpart here.
_UNSUPPORTED = """
    bossSpellTimeToReady bossSpellIsCasting currentHealth currentHealthPercent currentNonDeathRuneCount runeSlotGrace spellCanCast spellCpm
    spellChanneledTicks spellCurrentCost auraInternalCooldown sequenceIsComplete
    sequenceIsReady sequenceTimeToReady frontOfTarget totemRemainingTime catExcessEnergy catNewSavageRoarDuration
"""
UNSUPPORTED = frozenset(_UNSUPPORTED.split())


@lru_cache(maxsize=1)
def named_values() -> dict[str, str]:
    """Conditions of single specs that the source has an element of their own for, as each ruleset's `reference.toml` writes them."""
    found: dict[str, str] = {}
    for table in reference_tables():
        found |= table.get("values", {})
    return found


class ValueReader(NameReader):
    """Translates the values of one list for one model; what it cannot translate goes to `findings` and gives None.

    A value about something that is absent raises `Absent`; in a list of values it is left out, as in the source, and goes to `left_out`.
    """

    def __init__(self, model: Model, findings: Findings) -> None:
        super().__init__(model, findings)
        self.left_out: list[tuple[str, str]] = []
        self.elements: dict[str, Callable[[dict[str, Any], str], Value | None]] = {
            "const": self._constant,
            "and": lambda body, place: self._junction(body, place, word="and", binding=AND, neutral=True),
            "or": lambda body, place: self._junction(body, place, word="or", binding=OR, neutral=False),
            "not": self._not,
            "cmp": self._compare,
            "math": self._math,
            "max": lambda body, place: self._extreme(body, place, name="max"),
            "min": lambda body, place: self._extreme(body, place, name="min"),
            "currentTime": lambda body, place: self._plain(body, place, Value("fight.time", "time")),
            "remainingTime": lambda body, place: self._plain(body, place, Value("fight.remains", "time")),
            "currentTimePercent": lambda body, place: self._plain(body, place, _share("fight.time")),
            "remainingTimePercent": lambda body, place: self._plain(body, place, _share("fight.remains")),
            "numberTargets": lambda body, place: self._plain(body, place, Value("enemies", "int")),
            "isExecutePhase": self._execute_phase,
            "currentMana": lambda body, place: self._mana(body, place, Value("mana", "float")),
            "currentManaPercent": lambda body, place: self._mana(body, place, Value("mana / max_mana", "float", PRODUCT)),
            "spellIsReady": lambda body, place: self._cooldown(body, place, "ready", "bool"),
            **{element: partial(self._resource, name=name, kind=kind) for element, (name, kind) in RESOURCES.items()},
            "currentRuneCount": partial(self._rune_kind, field="", kind="int"),
            "runeCooldown": partial(self._rune_kind, field=".remains", kind="time"),
            "nextRuneCooldown": partial(self._rune_kind, field=".remains", kind="time"),
            "runeGrace": partial(self._rune_kind, field=".grace", kind="time"),
            "currentRuneActive": partial(self._rune_slot, field="ready", kind="bool"),
            "currentRuneDeath": partial(self._rune_slot, field="wild", kind="bool"),
            "runeSlotCooldown": partial(self._rune_slot, field="remains", kind="time"),
            "spellTimeToReady": lambda body, place: self._cooldown(body, place, "remains", "time"),
            "spellCastTime": self._cast_time,
            "spellTravelTime": self._travel_time,
            "spellIsChanneling": self._channelling,
            "gcdIsReady": lambda body, place: self._plain(body, place, Value("gcd.remains == 0s", "bool", COMPARISON)),
            "gcdTimeToReady": lambda body, place: self._plain(body, place, Value("gcd.remains", "time")),
            "autoTimeToNext": self._next_swing,
            "channelClipDelay": lambda body, place: self._plain(body, place, Value("channel.clip_delay", "time")),
            "auraIsActive": lambda body, place: self._aura(body, place, "up"),
            "auraIsActiveWithReactionTime": lambda body, place: self._aura(body, place, "up"),
            "auraRemainingTime": lambda body, place: self._aura(body, place, "remains"),
            "auraNumStacks": lambda body, place: self._aura(body, place, "stacks"),
            "auraShouldRefresh": self._should_refresh,
            "auraIcdIsReadyWithReactionTime": self._icd,
            "dotIsActive": lambda body, place: self._dot(body, place, "up"),
            "dotRemainingTime": lambda body, place: self._dot(body, place, "remains"),
        }

    # ---- entry points ------------------------------------------------------------------------------------------------------------

    def condition(self, body: Any, place: str) -> Value | None:
        """A value as a bool: `known` is set where it always or never holds. An empty object always holds."""
        if body == {}:
            return Value("", "bool", known=True)
        value = self.value(body, place)
        return None if value is None else self._as_bool(value, place)

    def duration(self, body: Any, place: str) -> Value | None:
        """A value as a time; a bare number is seconds."""
        value = self.value(body, place)
        return None if value is None else self._convert(value, "time", place)

    def value(self, body: Any, place: str) -> Value | None:
        """A value of the source language: an object with exactly one element."""
        if not isinstance(body, dict) or len(body) != 1:
            shown = "no element" if body == {} else "not an object with one element"
            return self._problem(place, f"a value is expected here, this is {shown}")
        (name, inner), = body.items()
        if name in named_values() and inner == {}:
            return Value(named_values()[name], "bool", OR)
        if name not in self.elements:
            close = nearest(name, tuple(self.elements))
            reason = "has no counterpart in the language" if name in UNSUPPORTED else "is not a known condition or value"
            return self._problem(f"{place}.{name}", f"`{name}` {reason}" + (f" (did you mean `{close}`?)" if close and name not in UNSUPPORTED else ""))
        if not isinstance(inner, dict):
            return self._problem(f"{place}.{name}", "an object is expected here")
        return self.elements[name](inner, f"{place}.{name}")

    # ---- elements ----------------------------------------------------------------------------------------------------------------

    def _constant(self, body: dict[str, Any], place: str) -> Value | None:
        if not self.fields(body, place, "val"):
            return None
        literal = body.get("val", "")
        if not isinstance(literal, str):
            return self._problem(f"{place}.val", "a constant is written as text, such as \"4s\"")
        value = constant(literal)
        if value is None:
            return self._problem(f"{place}.val", f"{literal!r} is a number outside the range of the language")
        return value

    def _junction(self, body: dict[str, Any], place: str, *, word: str, binding: int, neutral: bool) -> Value | None:
        parts = self._list(body, place, self.condition)
        if parts is None:
            return None
        if any(p.known is (not neutral) for p in parts):
            return Value("", "bool", known=not neutral)
        open_parts = [p for p in parts if p.known is None]
        if not open_parts:
            return Value("", "bool", known=neutral or not parts)
        if len(open_parts) == 1:
            return open_parts[0]
        return Value(f" {word} ".join(p.within(binding) for p in open_parts), "bool", binding)

    def _not(self, body: dict[str, Any], place: str) -> Value | None:
        if not self.fields(body, place, "val"):
            return None
        inner = self.condition(body.get("val"), f"{place}.val")
        return None if inner is None else _negated(inner)

    def _compare(self, body: dict[str, Any], place: str) -> Value | None:
        operator, pair = self._operands(body, place, COMPARISONS)
        if operator is None or pair is None:
            return None
        left, right = self._same_type(*pair, place)
        if left is None or right is None:
            return None
        if left.kind == "text":
            return self._problem(place, "two texts cannot be compared")
        if left.kind == "bool":
            return self._compare_bools(operator, left, right, place)
        if left.known is not None and right.known is not None:
            return Value("", "bool", known=_holds(operator, left.known, right.known))
        left, right = _plain_remains(left, operator, right), _plain_remains(right, _mirrored(operator), left)
        return Value(f"{left.within(SUM)} {operator} {right.within(SUM)}", "bool", COMPARISON)

    def _compare_bools(self, operator: str, left: Value, right: Value, place: str) -> Value | None:
        if operator not in ("==", "!="):
            return self._problem(place, f"yes and no cannot be compared with `{operator}`")
        equal = operator == "=="
        if left.known is not None and right.known is not None:
            return Value("", "bool", known=(left.known == right.known) == equal)
        if left.known is not None:
            left, right = right, left
        if right.known is not None:
            return left if bool(right.known) == equal else _negated(left)
        both = f"{left.within(AND)} and {(right if equal else _negated(right)).within(AND)}"
        neither = f"{_negated(left).within(AND)} and {(_negated(right) if equal else right).within(AND)}"
        return Value(f"{both} or {neither}", "bool", OR)

    def _math(self, body: dict[str, Any], place: str) -> Value | None:
        operator, pair = self._operands(body, place, OPERATORS)
        if operator is None or pair is None:
            return None
        left: Value | None
        right: Value | None
        left, right = pair
        if operator in "+-":
            left, right = self._same_type(left, right, place)
        if left is None or right is None:
            return None
        if {left.kind, right.kind} & {"bool", "text"}:
            return self._problem(place, f"`{operator}` needs numbers or times")
        return self._sum(operator, left, right) if operator in "+-" else self._product(operator, left, right, place)

    def _sum(self, operator: str, left: Value, right: Value) -> Value:
        if left.known is not None and right.known is not None:
            return known(left.kind, left.known + right.known if operator == "+" else left.known - right.known)  # type: ignore[operator]
        return Value(f"{left.within(SUM)} {operator} {right.within(PRODUCT)}", left.kind, SUM)

    def _product(self, operator: str, left: Value, right: Value, place: str) -> Value | None:
        """Products and quotients keep the left type; a time takes whole factors only, as the source cuts the others."""
        if left.kind == "time" and right.kind == "float" and isinstance(right.known, (int, float)):
            cut = int(right.known)
            if cut != right.known:
                self.findings.notes.append((place, f"the source cuts the factor {right.literal or right.known} of a time to {cut}"))
            right = known("int", cut)
        if left.kind == "float" and right.kind == "int" and right.known is not None:
            right = replace(right, kind="float")
        if (left.kind, right.kind) not in (("int", "int"), ("float", "float"), ("time", "int")):
            return self._problem(place, f"`{operator}` of {_a(left.kind)} and {_a(right.kind)} has no clear meaning in the source")
        if operator == "/" and right.known == 0:
            return self._problem(place, "this divides by zero")
        if left.known is not None and right.known is not None:
            return known(left.kind, _whole(left.known, right.known, operator) if left.kind != "float" else _real(left.known, right.known, operator))
        if operator == "/" and left.kind == "int" and right.known != 1:
            return self._problem(place, "a division of whole numbers drops the remainder, which the language cannot say")
        return Value(f"{left.within(PRODUCT)} {operator} {right.within(SIGN)}", left.kind, PRODUCT)

    def _extreme(self, body: dict[str, Any], place: str, *, name: str) -> Value | None:
        parts = self._list(body, place, self.value)
        if parts is None:
            return None
        if not parts:
            return self._problem(place, f"`{name}` of nothing")
        result: Value | None = parts[0]
        for part in parts[1:]:
            left, right = self._same_type(result, part, place) if result is not None else (None, None)
            if left is None or right is None:
                return None
            if left.kind in ("bool", "text"):
                return self._problem(place, f"`{name}` needs numbers or times")
            if left.known is not None and right.known is not None:
                result = known(left.kind, (max if name == "max" else min)(left.known, right.known))
            else:
                result = Value(f"{name}({left.text}, {right.text})", left.kind)
        return result

    def _plain(self, body: dict[str, Any], place: str, value: Value) -> Value | None:
        return value if self.fields(body, place) else None

    def _execute_phase(self, body: dict[str, Any], place: str) -> Value | None:
        if not self.fields(body, place, "threshold"):
            return None
        phase = EXECUTE_PHASES.get(str(body.get("threshold")))
        if phase is None:
            return self._problem(f"{place}.threshold", f"one of {', '.join(EXECUTE_PHASES)} is expected here")
        return Value(f"target.health <= {phase}", "bool", COMPARISON)

    def _mana(self, body: dict[str, Any], place: str, value: Value) -> Value | None:
        if not self.fields(body, place, "sourceUnit"):
            return None
        enemy = self.on_enemy(body, "sourceUnit", place, default=False)
        if enemy is None:
            return None
        if enemy or not any(r.name == "mana" for r in self.model.resources):
            return self._problem(place, "there is no mana to look at")
        return value

    def _resource(self, body: dict[str, Any], place: str, *, name: str, kind: str) -> Value | None:
        if not self.fields(body, place):
            return None
        if not any(r.name == name for r in self.model.resources):
            return self._problem(place, f"{self.model.label} has no {name.replace('_', ' ')}")
        return Value(name, kind)

    def _rune_kind(self, body: dict[str, Any], place: str, *, field: str, kind: str) -> Value | None:
        if not self.fields(body, place, "runeType"):
            return None
        name = str(body.get("runeType", "")).removeprefix("Rune").lower()
        kinds = self.model.runes.kinds if self.model.runes is not None else ()
        if name == "death" and kinds and not field:
            return Value("runes.wild", kind)
        if name not in kinds:
            return self._problem(f"{place}.runeType", f"there is no rune {body.get('runeType')!r}")
        return Value(f"runes.{name}{field}", kind)

    def _rune_slot(self, body: dict[str, Any], place: str, *, field: str, kind: str) -> Value | None:
        if not self.fields(body, place, "runeSlot"):
            return None
        slot = str(body.get("runeSlot", ""))
        for side, number in (("SlotLeft", 1), ("SlotRight", 2)):
            name = slot.removeprefix(side).lower()
            if slot.startswith(side) and self.model.runes is not None and name in self.model.runes.kinds:
                return Value(f"rune.{name}_{number}.{field}", kind)
        return self._problem(f"{place}.runeSlot", f"there is no rune {slot!r}")

    def _cooldown(self, body: dict[str, Any], place: str, part: str, kind: str) -> Value | None:
        if not self.fields(body, place, "spellId"):
            return None
        spell = self.spell(body.get("spellId"), f"{place}.spellId")
        if spell is None:
            return None
        if spell.cooldown is None:
            return Value("", "bool", known=True) if kind == "bool" else known("time", 0)
        return Value(f"cooldown.{spell.name}.{part}", kind)

    def _cast_time(self, body: dict[str, Any], place: str) -> Value | None:
        if not self.fields(body, place, "spellId"):
            return None
        spell = self.spell(body.get("spellId"), f"{place}.spellId")
        if spell is None:
            return None
        return known("time", 0) if spell.cast is None else Value(f"{spell.name}.cast_time", "time")

    def _travel_time(self, body: dict[str, Any], place: str) -> Value | None:
        spell = self.spell(body.get("spellId"), f"{place}.spellId") if self.fields(body, place, "spellId") else None
        if spell is None:
            return None
        return known("time", 0) if spell.missile is None else Value(f"{spell.name}.travel_time", "time")

    def _next_swing(self, body: dict[str, Any], place: str) -> Value | None:
        if not self.fields(body, place):
            return None
        swings = [f"{s.name}.swing_remains" for s in self.model.spells if s.swing is not None and not s.owner]
        if not swings:
            return self._problem(place, "nothing in this spec swings by itself")
        return Value(swings[0] if len(swings) == 1 else f"min({', '.join(swings)})", "time")

    def _channelling(self, body: dict[str, Any], place: str) -> Value | None:
        spell = self.spell(body.get("spellId"), f"{place}.spellId") if self.fields(body, place, "spellId") else None
        if spell is None:
            return None
        return Value(f"{spell.name}.channelling", "bool") if spell.channel else Value("", "bool", known=False)

    def _aura(self, body: dict[str, Any], place: str, part: str) -> Value | None:
        if not self.fields(body, place, "auraId", "sourceUnit"):
            return None
        enemy = self.on_enemy(body, "sourceUnit", place, default=False)
        if enemy is None:
            return None
        aura = self.find_aura(body.get("auraId"), f"{place}.auraId", on_target=enemy)
        if aura is None:
            return None
        if part == "stacks" and aura.max_stacks == 0:
            return self._problem(place, f"{aura.label} does not stack")
        return self._aura_part(aura, part, place)

    def _dot(self, body: dict[str, Any], place: str, part: str) -> Value | None:
        if not self.fields(body, place, "spellId", "targetUnit"):
            return None
        enemy = self.on_enemy(body, "targetUnit", place, default=True)
        found = self.identifier(body.get("spellId"), f"{place}.spellId")
        if enemy is None or found is None:
            return None
        kind, number, tag = found
        periodic = [a for a in self.model.auras if a.on_target == enemy and a.ticks and a.id == number and kind == "spell" and not a.only_switch]
        exact = [a for a in periodic if a.tag == tag] or (periodic if tag == 0 else [])
        if not exact:
            return self._problem(f"{place}.spellId", f"spell {named(number, tag)} has no effect over time in {self.model.label}")
        return self._aura_part(exact[0], part, place)

    def _aura_part(self, aura: Aura, part: str, place: str) -> Value | None:
        name = f"{_prefix(aura)}.{aura.name}"
        if part == "up":
            return Value(f"{name}.up", "bool")
        if part == "stacks":
            return Value(f"{name}.stacks", "int")
        if aura.duration is None and not aura.ticks:
            return self._problem(place, f"{aura.label} lasts until it is removed, so no time is left or not left")
        # The source counts the time left of an aura that is down as minus the time since the pull.
        return Value(f"choose({name}.up, {name}.remains, -fight.time)", "time")

    def _icd(self, body: dict[str, Any], place: str) -> Value | None:
        if not self.fields(body, place, "auraId", "sourceUnit"):
            return None
        enemy = self.on_enemy(body, "sourceUnit", place, default=False)
        aura = None if enemy is None else self.find_aura(body.get("auraId"), f"{place}.auraId", on_target=enemy)
        if aura is None:
            return None
        if not any(icd.name == aura.name for icd in self.model.icds):
            return self._problem(place, f"there is no internal cooldown called like the aura {aura.name}")
        return Value(f"icd.{aura.name}.ready", "bool")

    def _should_refresh(self, body: dict[str, Any], place: str) -> Value | None:
        if not self.fields(body, place, "auraId", "sourceUnit", "maxOverlap"):
            return None
        enemy = self.on_enemy(body, "sourceUnit", place, default=True)
        aura = None if enemy is None else self.find_aura(body.get("auraId"), f"{place}.auraId", on_target=enemy)
        overlap = self.duration(body["maxOverlap"], f"{place}.maxOverlap") if body.get("maxOverlap") else known("time", 0)
        if aura is None or overlap is None:
            return None
        remains = f"{_prefix(aura)}.{aura.name}.remains <= {overlap.within(SUM)}"
        if isinstance(overlap.known, int) and overlap.known >= 0:
            return Value(remains, "bool", COMPARISON)
        return Value(f"{_prefix(aura)}.{aura.name}.down or {remains}", "bool", OR)

    # ---- turning values into each other ------------------------------------------------------------------------------------------

    def _same_type(self, left: Value, right: Value, place: str) -> tuple[Value | None, Value | None]:
        kind = max(left.kind, right.kind, key=TYPE_ORDER.index)
        return self._convert(left, kind, place), self._convert(right, kind, place)

    def _convert(self, value: Value, kind: str, place: str) -> Value | None:
        if value.kind == kind:
            return value
        if kind == "bool":
            return self._as_bool(value, place)
        if value.kind == "int" and kind == "float":
            return replace(value, kind="float")
        if kind == "time" and value.kind in ("int", "float"):
            if value.known is not None:
                return known("time", int(value.known * SECOND))
            return Value(f"{value.within(PRODUCT)} * 1s", "time", PRODUCT)
        return self._problem(place, f"{_a(value.kind)} cannot be used as {_a(kind)}")

    def _as_bool(self, value: Value, place: str) -> Value | None:
        if value.kind == "bool":
            return value
        if value.literal is not None:  # any constant but an empty text counts as yes
            return Value("", "bool", known=value.literal != "")
        if value.known is not None:
            return Value("", "bool", known=bool(value.known))
        zero = "0s" if value.kind == "time" else "0"
        return Value(f"{value.within(SUM)} != {zero}", "bool", COMPARISON)

    # ---- small things ------------------------------------------------------------------------------------------------------------

    def _operands(self, body: dict[str, Any], place: str, table: dict[str, str]) -> tuple[str | None, tuple[Value, Value] | None]:
        if not self.fields(body, place, "op", "lhs", "rhs"):
            return None, None
        operator = table.get(str(body.get("op")))
        if operator is None:
            self._problem(f"{place}.op", f"one of {', '.join(table)} is expected here")
        left = self.value(body.get("lhs", {}), f"{place}.lhs")
        right = self.value(body.get("rhs", {}), f"{place}.rhs")
        return operator, None if left is None or right is None else (left, right)

    def _list(self, body: dict[str, Any], place: str, read: Callable[[Any, str], Value | None]) -> list[Value] | None:
        if not self.fields(body, place, "vals"):
            return None
        values = body.get("vals", [])
        if not isinstance(values, list):
            return self._problem(f"{place}.vals", "a list is expected here")
        parts: list[Value | None] = []
        absent: Absent | None = None
        for i, value in enumerate(values):
            try:
                parts.append(read(value, f"{place}.vals[{i}]"))
            except Absent as error:  # the source judges by the rest
                absent = error
                self.left_out.append((f"{place}.vals[{i}]", str(error)))
        if absent is not None and not parts:
            raise absent
        return None if any(p is None for p in parts) else [p for p in parts if p is not None]


def _whole(left: Any, right: Any, operator: str) -> int:
    if operator == "*":
        return int(left * right)
    quotient = abs(left) // abs(right)
    return int(quotient if (left < 0) == (right < 0) else -quotient)


def _real(left: Any, right: Any, operator: str) -> float:
    return float(left) * float(right) if operator == "*" else float(left) / float(right)


def _share(part: str) -> Value:
    return Value(f"{part} / (fight.time + fight.remains)", "float", PRODUCT)


def _negated(value: Value) -> Value:
    if value.known is not None:
        return Value("", "bool", known=not value.known)
    if value.text.endswith(".up") and value.binding == ATOM:
        return Value(f"{value.text[:-3]}.down", "bool")
    return Value(f"not {value.within(NOT)}" if value.binding != COMPARISON else f"not ({value.text})", "bool", NOT)


def _holds(operator: str, left: Any, right: Any) -> bool:
    return {"==": left == right, "!=": left != right, "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]


def _mirrored(operator: str) -> str:
    return {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)


_REMAINS = re.compile(r"choose\([a-z]+\.[a-z0-9_]+\.up, ([a-z]+\.[a-z0-9_]+\.remains), -fight\.time\)")


def _plain_remains(value: Value, operator: str, other: Value) -> Value:
    """`remains` alone where an aura that is down gives the same answer as 0 time left: against a known time above 0, or <= 0 and > 0."""
    found = _REMAINS.fullmatch(value.text)
    if found is None or not isinstance(other.known, int):
        return value
    same = other.known > 0 or (other.known == 0 and operator in ("<=", ">"))
    return replace(value, text=found.group(1)) if same else value


def _prefix(aura: Aura) -> str:
    return "buff" if not aura.on_target else "dot" if aura.ticks else "debuff"


def _a(kind: str) -> str:
    return {"bool": "a yes or no", "int": "a whole number", "float": "a number", "time": "a time", "text": "a text"}[kind]
