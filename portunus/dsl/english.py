"""Conditions and lines of priority lists read back in English, so that a writer can hear what a line says.

Different lines give different texts: things go by their labels, and by their names where two have the same label.
"""

from __future__ import annotations

from collections import Counter

from portunus.dsl.model import Expr, Model, RotationLine
from portunus.dsl.show import show
from portunus.units import show_time

_INFIX = {
    "add": "plus", "sub": "minus", "mul": "times", "div": "divided by", "lt": "is less than", "le": "is at most", "gt": "is more than", "ge": "is at least",
    "eq": "is", "ne": "is not", "and": "and", "or": "or", "range": "to",
}  # fmt: skip
_BINDING = {"or": 1, "and": 2, "not": 3, "lt": 4, "le": 4, "gt": 4, "ge": 4, "eq": 4, "ne": 4, "add": 5, "sub": 5, "mul": 6, "div": 6, "neg": 7, "range": 8}
# op -> words; {0} is its first argument: the label of a spell, aura or pet, the words of an expression, or a name as it is.
_PHRASES = {
    "neg": "minus {0}", "min": "the smaller of {0} and {1}", "max": "the larger of {0} and {1}", "sqrt": "the square root of {0}", "floor": "{0} rounded down",
    "talent": "the rank of the talent {0}", "glyph": "the number of glyphs of {0}", "option": "the option {0}", "stat": "the statistic {0}", "live_stat": "the statistic {0} now",
    "class": "the class's {0}", "race": "the race's {0}", "bonus": "the gear's {0}", "level": "the enemy's level above the player's", "distance": "the distance to the enemy", "in_front": "you stand before the enemy",
    "weapon": "the {1} of the weapon in {0}", "armor": "the enemy's armour", "live_armor": "the enemy's armour now",
    "resource": "{0}", "resource_max": "all of {0}", "resource_base": "base {0}",
    "aura_up": "{0} is up", "aura_remains": "the time left of {0}", "aura_stacks": "the stacks of {0}", "aura_enemies": "the number of enemies with {0}",
    "aura_ticks_left": "the ticks left of {0}", "aura_value": "the {1} of {0}", "aura_period": "the time between the ticks of {0}", "aura_new_period": "the time between the ticks of a new {0}",
    "aura_tick_damage": "the damage of the next tick of {0}", "aura_new_tick_damage": "the damage of a tick of a new {0}", "aura_gain": "how much stronger a new {0} would be",
    "aura_fresh": "{0} was applied at this instant",
    "cooldown_ready": "{0} is off cooldown", "cooldown_remains": "the cooldown left of {0}", "icd_ready": "the internal cooldown {0} is over",
    "icd_remains": "the time left of the internal cooldown {0}", "uses_left": "the uses left of {0}", "charges": "the charges of {0}", "cast_time": "the cast time of {0}", "base_cost": "the base cost of {0}",
    "damage_factor": "the damage factor of {0}", "travel_time": "the flight time of {0}", "channelling": "{0} is being channelled", "gcd_remains": "the global cooldown left",
    "clip_delay": "the player's pause after a channel", "tick": "the number of the tick", "crit_chance": "the crit chance of {0}", "latest_cost": "the latest cost of {0}", "swing_remains": "the time to the next swing of {0}",
    "pet_up": "{0} is there", "pet_busy": "{0} is busy", "fight_time": "the time since the pull", "fight_remains": "the time to the end of the fight",
    "target_phase": "the enemy's health", "enemies": "the number of enemies", "enemies_now": "the number of enemies now", "switch": "the artefact {0} is on", "event_primary": "it is the enemy the spell was cast at", "event_crossed": "it reached an amount the list asks for",
    "event_damage": "the damage", "event_crit": "it was critical", "event_landed": "it landed", "index": "the number of enemies before this one",
    "event_cost": "what the cast cost", "event_base_cost": "the base cost of the cast",
}  # fmt: skip
_RUNES = {
    "runes_ready": "the number of ready {0} runes", "runes_wild": "the number of wild runes", "runes_wait": "the time to the next {0} rune", "runes_grace": "the grace of the next {0} rune",
    "rune_ready": "{0} is ready", "rune_wild": "{0} is wild", "rune_wait": "the time to {0}",
}  # fmt: skip
_SCRIPT = {"up": "{} is on", "remains": "the time left of {}", "in": "the time until {}"}
_SPELLS = frozenset({"cooldown_ready", "cooldown_remains", "uses_left", "charges", "cast_time", "base_cost", "damage_factor", "travel_time", "channelling", "crit_chance", "latest_cost", "swing_remains"})
_AURAS = frozenset({"aura_period", "aura_new_period", "aura_tick_damage", "aura_new_tick_damage", "aura_gain", "aura_up", "aura_remains", "aura_stacks", "aura_enemies", "aura_ticks_left", "aura_value", "aura_fresh"})
_PETS = frozenset({"pet_up", "pet_busy"})


class English:
    """Reads a model's expressions and lines."""

    def __init__(self, model: Model) -> None:
        self._runes = model.runes
        self._labels: dict[str, str] = {}
        for things in (model.spells, model.auras, model.pets, model.resources):
            count = Counter(thing.label for thing in things)
            for thing in things:
                self._labels.setdefault(thing.name, thing.label if count[thing.label] == 1 else f"{thing.label} ({thing.name})")

    def label(self, name: str) -> str:
        """What a reader calls a spell, aura, pet or resource."""
        return self._labels.get(name, name)

    def phrase(self, expr: Expr, around: int = 0) -> str:
        """An expression in words; parentheses where the binding needs them."""
        op, args = expr.op, expr.args
        if op == "number":
            return self._number(expr)
        if op == "not":
            inner = args[0]
            text = self.phrase(inner, _BINDING["not"] + 1)
            if inner.op == "aura_up":
                return f"{self.label(inner.args[0])} is down"
            return text.replace(" is ", " is not ", 1) if " is " in text and inner.op not in _INFIX else f"not {text}"
        if op in _INFIX:
            strength = _BINDING[op]
            percent = "target_phase" in {part.op for part in args}
            left, right = (f"{part.args[0] * 100:.15g}%" if percent and part.op == "number" else self.phrase(part, strength + place) for place, part in enumerate(args))
            text = f"{left} {_INFIX[op]} {right}"
            return f"({text})" if strength < around else text
        if op in _PHRASES:
            text = _PHRASES[op].format(*(self.phrase(part, 9) if isinstance(part, Expr) else self._name(op, part) for part in args))
            return f"({text})" if _BINDING.get(op, 9) < around else text
        if op == "choose":
            condition, then, otherwise = (self.phrase(part, 9) for part in args)
            return f"({then} when {condition}, else {otherwise})"
        if op in ("pick", "by_level"):
            index = self.phrase(args[0], 9) if op == "pick" else "the enemy's level above the player's"
            values = args[1:] if op == "pick" else args
            return f"(by {index}: {', '.join(self.phrase(part, 9) for part in values)})"
        if op in ("script", "scene"):
            track = {"movement": "a time of moving", "adds": "a wave of adds", "vulnerable": "a burn window"}.get(args[0], args[0])
            return _SCRIPT.get(args[1], "the script of {}").format(track) + (" now" if op == "scene" else "")
        if op in _RUNES:
            kinds, each = (self._runes.kinds, self._runes.each) if self._runes is not None else ((), 1)
            number = args[0] if args else 0
            kind = kinds[number // each if op.startswith("rune_") else number] if kinds else ""
            return _RUNES[op].format(kind if not op.startswith("rune_") else f"{kind} rune {number % each + 1}")
        if op == "event_outcome":
            return f"it ended as `{show(expr)}`"
        raise TypeError(f"no words for the operation {op}")

    def _name(self, op: str, name: object) -> str:
        known = op in _SPELLS or op in _AURAS or op in _PETS or op.startswith("resource")
        return self.label(str(name)) if known else str(name).replace("_", " ") if op != "stat" and op != "live_stat" else f"`{name}`"

    def _number(self, expr: Expr) -> str:
        value = expr.args[0]
        if expr.type == "time":
            return show_time(value)
        if expr.type == "bool":
            return "always" if value else "never"
        return f"{value:.15g}" + {"distance": " yards", "speed": " yards a second"}.get(expr.type, "")

    def sentence(self, line: RotationLine) -> str:
        """A line of a priority list as one sentence."""
        spell = self.label(line.spell)
        at = f" at enemy {line.enemy + 1}" if line.enemy else ""
        turns = ", then ".join(self.label(name) for name in line.spells)
        text = {
            "cast": f"Cast {spell}{at}",
            "cooldowns": "Use every cooldown that no other line names",
            "multidot": f"Cast {spell} on the first of up to {line.max_targets} enemies without {self.label(line.aura)}",
            "channel": f"Channel {spell}{at}",
            "sequence": f"Cast {turns}, each once",
            "strict": f"Cast {turns}, without a pause",
            "wait": f"Wait {self.phrase(line.time) if line.time is not None else ''}",
        }[line.kind]
        if line.overlap is not None:
            text += f", or with less than {self.phrase(line.overlap, 9)} of it left"
        if line.stop is not None:
            text += f", to be stopped after a tick for another line if {self.phrase(line.stop)}"
        return text + (f", if {self.phrase(line.condition)}." if line.condition is not None else ".")
