"""What speaks of several spells and auras at once: groups, modifiers, handlers."""

from __future__ import annotations

from typing import Any, cast

from portunus.dsl.diagnostics import Problems, suggestion
from portunus.dsl.effects import Place
from portunus.dsl.expressions import Expressions
from portunus.dsl.keywords import CHOICES
from portunus.dsl.model import Handler, Modifier
from portunus.dsl.names import Context
from portunus.dsl.parts import Parts
from portunus.dsl.split import Field
from portunus.dsl.symbols import Symbols
from portunus.dsl.syntax import Name

MODIFIER_KINDS = tuple(CHOICES["spec", "modify", "kind"])
HANDLER_EVENTS = tuple(CHOICES["spec", "on", "event"])
GROUP_NESTING = 16


class Targets(Parts):
    """Builds modifiers and handlers; a group's name stands for its members."""

    def __init__(self, symbols: Symbols, problems: Problems, expressions: Expressions) -> None:
        super().__init__(symbols, problems, expressions)
        self._group_members: dict[str, list[str]] = {}

    def members(self, nodes: tuple[Name, ...], *, quiet: bool = False, _open: tuple[str, ...] = ()) -> list[str]:
        """The spells and auras that names stand for, groups replaced by their members, each once and in order."""
        result: list[str] = []
        for node in nodes:
            name = node.text
            if name in self.symbols.groups:
                if not quiet:
                    self.symbols.use("group", name)
                if name in _open:
                    self.problems.error("PT406", node.span, f"the group `{name}` contains itself", "Take it out of its own members.")
                    continue
                if len(_open) > GROUP_NESTING:
                    self.problems.error("PT005", node.span, f"groups are nested more than {GROUP_NESTING} deep")
                    continue
                if name not in self._group_members:
                    self._group_members[name] = self.members(self.symbols.groups[name].get("members"), _open=(*_open, name))
                result += self._group_members[name]
            elif name in self.symbols.spells or name in self.symbols.auras:
                if not quiet:
                    self.symbols.use("spell" if name in self.symbols.spells else "aura", name)
                result.append(name)
            else:
                known = [*self.symbols.spells, *self.symbols.auras, *self.symbols.groups]
                self.problems.error("PT401", node.span, f"there is no spell, aura or group `{name}`", suggestion(name, known))
        return list(dict.fromkeys(result))

    def _meant(self, name: str, event: str) -> str:
        """What was meant by an aura's name in a spell's event, or the other way round."""
        ticking = [aura for aura, facts in self.symbols.aura_facts.items() if facts.periodic]
        hint = suggestion(name, ticking if event == "tick" else [spell for spell, item in self.symbols.spells.items() if not item.pet])
        return hint if hint.startswith("did") else ""

    def modifier(self, item: Field, aura: str) -> Modifier | None:
        """The modifier of a `modify` line; `aura` is the aura around it or ""."""
        kind = item.arguments["kind"]
        if kind.text not in MODIFIER_KINDS:
            self.problems.error("PT402", kind.span, f"`{kind.text}` cannot be modified", suggestion(kind.text, MODIFIER_KINDS))
            return None
        context = Context(aura=aura)
        on_target = bool(aura) and self.symbols.aura_facts[aura].on_target
        if kind.text == "damage_taken" and not on_target:
            self.problems.error("PT402", kind.span, "`damage_taken` is for auras on an enemy", "write `damage_done`, or put it in an aura `on target`")
        if kind.text == "armor" and not on_target:
            self.problems.error("PT402", kind.span, "`armor` is for auras on an enemy")
        if kind.text in ("cast_speed", "cost") and on_target:
            self.problems.error("PT402", kind.span, f"`{kind.text}` is for auras on the player")
        amount = self.expressions.resolve(item.arguments["amount"], context, "number", "`modify`")
        condition = self.expressions.resolve(item.condition, context, "bool", "`modify ... if`") if item.condition is not None else None
        targets, exceptions = item.get("targets"), item.get("exceptions")
        spells: tuple[str, ...] | None = tuple(self.members(targets)) if targets else None
        if exceptions:
            left_out = set(self.members(exceptions))
            spells = tuple(name for name in (spells if spells is not None else self._everything(kind.text, on_target)) if name not in left_out)
        return Modifier(kind.text, amount, spells, aura, condition, item.span)

    def _everything(self, kind: str, on_target: bool) -> list[str]:
        """All spells and periodic auras a modifier of this kind can change; pets' only through an aura on the enemy."""
        mine = [item for item in self.symbols.spells.values() if on_target or not item.pet]
        if kind == "cost":
            return [item.name for item in mine if item.field("cost") is not None]
        if kind == "cast_speed":
            return [item.name for item in mine]
        auras = [item.name for item in self.symbols.auras.values() if item.field("school") is not None]
        return [item.name for item in mine if item.field("school") is not None] + auras

    def handler(self, item: Field) -> Handler | None:
        """The handler of an `on EVENT of SUBJECTS` block."""
        event = item.arguments["event"]
        if event.text not in HANDLER_EVENTS:
            self.problems.error("PT402", event.span, f"there is no event `{event.text}`", suggestion(event.text, HANDLER_EVENTS))
            return None
        subjects: list[str] = []
        named = item.get("subjects")
        alone = event.text in ("begin", "pull")
        if alone != (named is None):
            self.problems.error("PT302", event.span, f"`on {event.text}` {'names nothing' if alone else 'says of what'}", f"write `on {event.text} {{`" if alone else f"write `on {event.text} of NAME {{`")
            return None
        for node in named or ():
            if event.text == "gain":
                if node.text not in self.symbols.resources:
                    self.problems.error("PT401", node.span, f"there is no resource `{node.text}`", suggestion(node.text, self.symbols.resources))
                subjects.append(node.text)
                continue
            for name in self.members((node,)):
                fits = name in self.symbols.auras if event.text == "tick" else name in self.symbols.spells
                if not fits:
                    kind = "an aura" if name in self.symbols.auras else "a spell"
                    whose = "auras" if event.text == "tick" else "spells"
                    self.problems.error("PT402", node.span, f"`{name}` is {kind}, and `{event.text}` is an event of {whose}", self._meant(name, event.text))
                elif event.text == "tick" and not self.symbols.aura_facts[name].periodic:
                    self.problems.error("PT402", node.span, f"the aura `{name}` does not tick", "Add `ticks N` and `every TIME` to it.")
                else:
                    subjects.append(name)
        body = self.effects.block(item.block, Place(Context(event=event.text)))
        return Handler(cast(Any, event.text), tuple(dict.fromkeys(subjects)), body, item.span)
