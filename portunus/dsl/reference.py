"""The generated part of `docs/language.md`: every word, name, function, unit, limit and code, from the tables the front end works with.

`python -m portunus.dsl.reference docs/language.md` brings the file up to date; a test says when it is not.
"""

from __future__ import annotations

import sys
from pathlib import Path

from portunus.dsl import limits
from portunus.dsl.catalogue import RULES
from portunus.dsl.expressions import FUNCTIONS
from portunus.dsl.keywords import BLOCKS, CHOICES, Keyword
from portunus.dsl.model import OPERATIONS, REQUIRED_STATS
from portunus.dsl.names import COOLDOWN_FIELDS, EVENT_NAMES, PLAIN_NAMES, SPELL_FIELDS
from portunus.dsl.split import usage
from portunus.dsl.symbols import AURA_FIELDS
from portunus.files import write_atomic
from portunus.units import UNITS

MARKER = "<!-- From here on generated: python -m portunus.dsl.reference docs/language.md -->"
_STATIC = {
    "talent.NAME": "rank of a talent", "glyph.NAME": "1 with the glyph, else 0", "option.NAME": "an option of the profile", "class.NAME": "a `value` of the class",
    "race.NAME": "a racial value", "bonus.NAME": "a value of the profile's [stats], 0 when absent", "NAME": "a statistic of `stat` or `let`",
    "owner.NAME": "inside a pet: a statistic of the player", "RESOURCE": "current amount of a resource", "max_RESOURCE": "its size", "base_RESOURCE": "its base amount",
}  # fmt: skip


def reference() -> str:
    """The generated part, Markdown, ending in a line break."""
    parts = [MARKER, "", "## Words", ""]
    shared = [word for word in BLOCKS["spec"].keywords if BLOCKS["spec"].keywords[word] == BLOCKS["class"].keywords.get(word) == BLOCKS["ruleset"].keywords.get(word)]
    parts += ["### In a ruleset, class or spec", "", "Definitions that all three may have.", "", *_words([BLOCKS["spec"].keywords[word] for word in shared])]
    for block in BLOCKS.values():
        own = [keyword for word, keyword in block.keywords.items() if block.name not in ("ruleset", "class", "spec") or word not in shared]
        parts += [f"### In {block.title}", "", block.meaning, "", *_words(own)]
    parts += ["### Choices", "", "| in | word | choice | meaning |", "|---|---|---|---|"]
    for (block_name, word, argument), choices in CHOICES.items():
        parts += [f"| {BLOCKS[block_name].title} | `{word}` ({argument}) | `{choice}` | {meaning} |" for choice, meaning in choices.items()]
    parts.append("")
    parts += ["## Names in expressions", "", "| name | type | meaning |", "|---|---|---|"]
    parts += [f"| `{name}` | number | {meaning} |" for name, meaning in _STATIC.items()]
    parts += [f"| `{name}` | {kind} | {_meaning(name, op)} |" for name, (op, kind) in PLAIN_NAMES.items()]
    for field, (op, kind) in AURA_FIELDS.items():
        parts.append(f"| `buff.AURA.{field}` | {kind} | {'the opposite of `up`' if field == 'down' else OPERATIONS[op][1]} |")
    parts.append(f"| `buff.AURA.VALUE` | number | {OPERATIONS['aura_value'][1]} |")
    parts += [f"| `cooldown.SPELL.{field}` | {kind} | {OPERATIONS[op][1]} |" for field, (op, kind) in COOLDOWN_FIELDS.items()]
    parts += [f"| `SPELL.{field}` | {kind} | {OPERATIONS[op][1]} |" for field, (op, kind) in SPELL_FIELDS.items()]
    for name, (op, kind, events) in EVENT_NAMES.items():
        parts.append(f"| `{name}` | {kind} | {OPERATIONS[op][1]}; in {', '.join(f'`on {event} of`' for event in events)} |")
    parts += ["", "`buff` is for auras on the player, `dot` for those that tick on an enemy, `debuff` for others on an enemy.", ""]
    parts += ["## Functions", "", *[f"- `{text.split(':')[0]}`{':' + text.split(':', 1)[1] if ':' in text else ''}" for text in FUNCTIONS.values()], ""]
    parts += ["## Units", "", "| unit | type | meaning |", "|---|---|---|"]
    parts += [f"| `{unit.name or '1'}` | {unit.type} | {unit.meaning} |" for unit in UNITS.values()]
    parts += ["", "## Statistics every ruleset defines", "", *[f"- `{name}`: {meaning}" for name, meaning in REQUIRED_STATS.items()], ""]
    parts += ["## Limits", "", "| limit | value |", "|---|---|"]
    parts += [f"| {name} | {value:,} |" for name, value in _limits().items()]
    parts += ["", "## Codes", "", "`portunus rule PT401` shows the page of a code with a bad example and a good one.", "", "| code | meaning |", "|---|---|"]
    parts += [f"| {code} | {_cell(rule.short)} |" for code, rule in RULES.items()]
    return "\n".join(parts) + "\n"


def _meaning(name: str, op: str) -> str:
    """What a name of the fight means."""
    if op != "script":
        return OPERATIONS[op][1]
    track, what = name.split(".")
    thing = {"movement": "a time of moving", "adds": "a wave of further enemies", "vulnerable": "a time in which enemies take other damage"}[track]
    return {"up": f"{thing} is on", "remains": f"time left of it, 0 when none is on: {thing}", "in": f"time until the next, 0 when one is on, an hour when none comes: {thing}"}[what]


def _words(keywords: list[Keyword]) -> list[str]:
    rows = [f"| {_cell(_usage(keyword))} | {_cell(keyword.meaning + _ending(keyword))} | {_cell(f'`{keyword.example}`')} |" for keyword in keywords]
    return ["| word | meaning | example |", "|---|---|---|", *rows, ""]


def _usage(keyword: Keyword) -> str:
    text = usage(keyword, "NAME" if keyword.word == "*" else keyword.word)
    return text[:-1] + " {...}`" if keyword.block else text


def _ending(keyword: Keyword) -> str:
    return (" May end in `if`." if keyword.condition else "") + (" Any number of times." if keyword.many else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _limits() -> dict[str, int]:
    return {
        "size of a file in bytes": limits.FILE_BYTES, "tokens in a file": limits.TOKENS, "nesting": limits.NESTING, "operators in a line": limits.OPERATORS,
        "characters in a name": limits.NAME_CHARACTERS, "digits in a number": limits.NUMBER_DIGITS, "characters in a text": limits.TEXT_CHARACTERS,
        "errors shown": limits.ERRORS, "spells": limits.SPELLS, "auras": limits.AURAS, "lines of a rotation": limits.LINES, "files used": limits.INCLUDES, "changes in an encounter": limits.SCENES,
    }  # fmt: skip


def updated(text: str) -> str:
    """The document with its generated part as it is now."""
    return text.split(MARKER)[0] + reference()


if __name__ == "__main__":
    document = Path(sys.argv[1])
    write_atomic(document, updated(document.read_text(encoding="utf-8")))
