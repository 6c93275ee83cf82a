"""What stands at a place, for a reader: the meaning of words, what names stand for, and what formulas are worth for the spec's own character."""

from __future__ import annotations

from dataclasses import dataclass, field

from portunus.dsl.expressions import FUNCTIONS
from portunus.dsl.load import Checked
from portunus.dsl.model import Span
from portunus.dsl.names import EVENT_NAMES, PLAIN_NAMES
from portunus.dsl.split import usage
from portunus.dsl.syntax import Name, Number, Text, Unary
from portunus.lsp.index import Key, Mention, Spot, choices, flat, spots
from portunus.lsp.project import Closure, File, Project
from portunus.lsp.values import Values
from portunus.units import UNITS


@dataclass
class Reader:
    """Answers for one project; keeps the values of what was asked last."""

    project: Project
    _latest: tuple[Checked, Values] | None = field(default=None, repr=False)

    def values(self, closure: Closure) -> Values:
        """The values of the specialisation of a closure."""
        checked = self.project.checked(closure.files[-1].path)
        if self._latest is None or self._latest[0] is not checked:
            self._latest = (checked, Values(checked))
        return self._latest[1]

    def hover(self, file: File, line: int, column: int) -> tuple[str, Span] | None:
        """Markdown about a place, and the place it is about; None where there is nothing to say.

        Args:
            file: The file.
            line: Line, counted from 1. column: Column, counted from 1.
        """
        closure = self.project.home(file.path)
        for mention in file.mentions:
            if _covers(mention.span, line, column):
                key = closure.meaning(mention)
                if key is not None:
                    return self._definition(closure, key), mention.span
        token = next((t for t in file.tokens(line) if t.column <= column < t.column + len(t)), None)
        if token is None or token.type in ("NEWLINE", "COMMENT"):
            return None
        place = Span(str(file.path), line, token.column, len(token))
        spot = next((s for s in file.spots if s.field.span.line == line and s.field.span.column == token.column and s.field.word == token), None)
        if spot is not None:
            return self._keyword(closure, spot), place
        text = self._word(str(token), file, line, column)
        formula = self._formula(closure, file, line, column)
        return ("\n\n".join(part for part in (text, formula) if part), place) if text or formula else None

    # ---- the parts ------------------------------------------------------------------------------------------------------------------

    def _keyword(self, closure: Closure, spot: Spot) -> str:
        keyword = spot.field.keyword
        lines = [usage(keyword, spot.field.word), keyword.meaning]
        worth = self._worth(closure, spot)
        if worth:
            lines.append(worth)
        return "\n\n".join([*lines, f"Example: `{keyword.example}`"])

    def _worth(self, closure: Closure, spot: Spot) -> str:
        """What the arguments of a field are worth: `= 2.85 s`."""
        values = self.values(closure)
        found = []
        for part in flat(spot.field.keyword.parts):
            node = spot.field.get(part.name) if part.name and part.kind == "expr" else None
            if node is None or isinstance(node, bool | tuple) or _is_literal(node):
                continue
            value = values.of_node(node, pet=spot.pet, aura=spot.aura, event=spot.event)
            if value:
                found.append(value)
        return f"= **{', '.join(found)}** for {values.character}" if found else ""

    def _definition(self, closure: Closure, key: Key) -> str:
        file, mention = closure.definitions[key]
        whole = mention.whole
        label = whole.name("label") if whole is not None else ""
        values = self.values(closure)
        head = f"**{key.name}**" + (f' "{label}"' if label else "") + f": {_kind(key, mention)}"
        lines = [head]
        if key.space in ("talent", "glyph", "option", "value", "racial value"):
            lines.append(self._setting(values, key, mention))
        elif key.space == "stat":
            worth = values.stat(key.name)
            lines.append(f"= **{worth}** for {values.character}" if worth else "")
        elif key.space == "resource":
            lines.append(self._resource(values, whole))
        elif whole is not None and whole.block is not None:
            lines.append(self._block(closure, key, mention))
        elif mention.word == "group" and whole is not None:
            lines.append(", ".join(node.text for node in whole.get("members") or ()))
        lines.append(f"`{file.path.name}` line {mention.span.line}")
        return "\n\n".join(line for line in lines if line)

    @staticmethod
    def _setting(values: Values, key: Key, mention: Mention) -> str:
        amount = mention.whole.get("amount") if mention.whole is not None else None
        written = f"{amount.digits}{amount.unit}" if isinstance(amount, Number) else ""
        if key.space == "talent":
            text = f"{written} rank{'' if written == '1' else 's'}"
            return text + (f"; {values.character} has {values.talents.get(key.name, 0)}" if values.character else "")
        if key.space == "glyph":
            return f"{'worn' if key.name in values.glyphs else 'not worn'} by {values.character}" if values.character else ""
        if key.space == "option":
            return f"{values.options.get(key.name, 0):g} for {values.character}" if values.character else ""
        return f"= {written}" if written else ""

    @staticmethod
    def _resource(values: Values, whole: object) -> str:
        block = getattr(whole, "block", None)
        size = next((line.items[1].node for line in (block.entries if block else ()) if hasattr(line, "items") and len(line.items) > 1
                     and getattr(line.items[0].node, "text", "") == "maximum"), None)  # fmt: skip
        worth = values.of_node(size) if size is not None else ""
        return f"size **{worth}** for {values.character}" if worth else ""

    def _block(self, closure: Closure, key: Key, mention: Mention) -> str:
        """What the fields of a spell, aura or other block are worth, a line each."""
        whole = mention.whole
        assert whole is not None and whole.block is not None
        pet = key.name if mention.word == "pet" else ""
        aura = key.name if mention.word == "aura" else ""
        values = self.values(closure)
        rows = []
        for spot in spots(whole.block.entries, whole.keyword.block, pet=pet, aura=aura):
            if not isinstance(spot, Spot) or spot.kind != whole.keyword.block:
                if isinstance(spot, Spot) and spot.field.word == "damage":
                    amount = values.of_node(spot.field.get("amount"), pet=pet, aura=aura, event=spot.event)
                    rows += [f"- damage {amount}"] if amount else []
                continue
            written = [self._written(values, spot, part.name) for part in flat(spot.field.keyword.parts) if part.name and part.kind in ("expr", "name")]
            if any(written) and not spot.field.keyword.block:
                rows.append(f"- {spot.field.word} {' '.join(filter(None, written))}")
        return "\n".join(rows[:16]) + (f"\n\nfor {values.character}" if rows and values.character else "")

    @staticmethod
    def _written(values: Values, spot: Spot, argument: str) -> str:
        node = spot.field.get(argument)
        if isinstance(node, Name):
            return values.of_node(node, pet=spot.pet, aura=spot.aura) or node.text
        if isinstance(node, Number) and node.unit == "":
            return node.digits
        return values.of_node(node, pet=spot.pet, aura=spot.aura) if node is not None and not isinstance(node, bool | tuple | Text) else ""

    def _word(self, word: str, file: File, line: int, column: int) -> str:
        """What a word of the language means where it is no keyword: a function, a choice, a fixed name, a unit."""
        if word in FUNCTIONS:
            return f"`{FUNCTIONS[word]}`"
        if word in PLAIN_NAMES:
            return f"`{word}`: {PLAIN_NAMES[word][1]}, of the fight"
        if word in EVENT_NAMES:
            return f"`{word}`: {EVENT_NAMES[word][1]}, of what is being handled ({', '.join(EVENT_NAMES[word][2])})"
        if word.startswith("bonus."):
            return f"`{word}`: from gear, the profile's [stats]"
        for spot in file.spots:
            for part in flat(spot.field.keyword.parts):
                node = spot.field.get(part.name) if part.name and part.kind == "name" else None
                if isinstance(node, Name) and _covers(node.span, line, column):
                    meaning = choices(spot.kind, spot.field.keyword.word, part.name).get(node.text)
                    return f"`{node.text}`: {meaning}" if meaning else ""
        unit = word.lstrip("-0123456789.")
        return f"{UNITS[unit].meaning}" if unit and unit in UNITS and word[0] in "-0123456789" else ""

    def _formula(self, closure: Closure, file: File, line: int, column: int) -> str:
        """What the field is worth in whose formula a place lies."""
        around = [s for s in file.spots if (s.field.span.line, s.field.span.column) <= (line, column)]
        for spot in reversed(around[-3:]):
            if spot.field.span.line == line:
                return self._worth(closure, spot)
        return ""


def _covers(span: Span, line: int, column: int) -> bool:
    return span.line == line and span.column <= column < span.column + span.length


def _is_literal(node: object) -> bool:
    return isinstance(node, Number) or (isinstance(node, Unary) and isinstance(node.operand, Number))


def _kind(key: Key, mention: Mention) -> str:
    names = {"stat": "a statistic", "let": "a fixed value", "value": "a base value of the class", "values": key.space, "talents": "a talent", "race": "a racial value"}
    if key.space in ("talent", "racial value"):
        return "a talent" if key.space == "talent" else "a racial value"
    if mention.word == "aura":
        return "an aura on an enemy" if mention.whole is not None and mention.whole.get("place") is not None else "an aura on the player"
    return names.get(mention.word, f"{'an' if mention.word[:1] in 'aeio' else 'a'} {mention.word.replace('_', ' ')}")
